"""The quick look at an event finds as plain exactly those in which the slow one finds nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.events import AHEAD_US, PERSONS_ONLY, _are_plain, _problem, check
from tests.fakes import START_US
from twin.access import Actor, Role
from twin.errors import FieldError, Forbidden
from twin.events.things import ZoneChanged
from twin.events.watch import AlarmAcknowledged

TEXTS = st.sampled_from(["", "a", "x" * 300, "x" * 301, "a\0b", "gateway:g1", "gateway:g2", "K7"])
INSTANTS = st.sampled_from([-1, 0, 1, START_US, START_US + 1, 2**63 - 1])
SHARES = st.sampled_from([-0.01, 0.0, 0.5, 1.0, 1.01, float("nan"), float("inf")])
PROGRAM = Actor(id="K7", name="Reader", roles=frozenset({Role.SERVICE_GATEWAY}), source="gateway:g1")
PERSON = Actor(id="K7", name="Nurse", roles=frozenset({Role.NURSE}))


HEADS = st.fixed_dictionaries(
    {
        "thing": TEXTS,
        "source": TEXTS,
        "source_key": TEXTS,
        "actor": TEXTS,
        "id": st.sampled_from(["", "", "", "mine"]),
        "occurred_at": INSTANTS,
        "recorded_at": st.sampled_from([0, 0, START_US]),
        "confidence": SHARES,
    }
)
PLAIN = {
    "thing": "T1",
    "source": "gateway:g1",
    "source_key": "1",
    "actor": "",
    "id": "",
    "occurred_at": 1,
    "recorded_at": 0,
    "confidence": 1.0,
}


@given(st.sampled_from([PROGRAM, PERSON]), st.lists(HEADS, min_size=1, max_size=3))
def test_the_look_at_columns_agrees_with_the_look_at_each_event(actor, heads):
    events = [ZoneChanged(zone="Z1", **head) for head in heads]

    slow = all(_problem(event, actor, latest=START_US) is None for event in events)

    assert _are_plain(events, actor, START_US) == slow


@given(st.sampled_from([PROGRAM, PERSON]), st.sampled_from(sorted(PLAIN)), HEADS, st.integers(0, 4))
def test_one_wrong_field_among_plain_events_is_found_and_named(actor, field, heads, place):
    events = [ZoneChanged(zone="Z1", **PLAIN) for _ in range(5)]
    events[place] = ZoneChanged(zone="Z1", **PLAIN | {field: heads[field]})
    problem = _problem(events[place], actor, latest=START_US)

    assert _are_plain(events, actor, START_US) == (problem is None)
    if problem is not None:
        with pytest.raises((FieldError, Forbidden)) as caught:
            check(events, actor, now=START_US - AHEAD_US, prefix="/events")
        told = caught.value.message if isinstance(caught.value, Forbidden) else caught.value.problem.place
        assert f"/events/{place}/{field}" in told


def test_a_program_may_not_say_what_only_a_person_decides():
    acknowledged = AlarmAcknowledged(thing="A1", occurred_at=1, source="gateway:g1", source_key="1")
    assert type(acknowledged).__name__ in PERSONS_ONLY

    assert not _are_plain([ZoneChanged(zone="Z1", **PLAIN), acknowledged], PROGRAM, START_US)
    with pytest.raises(Forbidden) as caught:
        check([ZoneChanged(zone="Z1", **PLAIN), acknowledged], PROGRAM, now=START_US, prefix="/events")
    assert caught.value.message.startswith("/events/1: AlarmAcknowledged is not for programs")


def test_a_message_of_samples_only_holds_no_event_to_look_at():
    check([], PROGRAM, now=START_US, prefix="/rows")
