"""The quick look at an event finds as plain exactly those in which the slow one finds nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from server.http.events import _is_plain, _problem
from tests.fakes import START_US
from twin.access import Actor, Role
from twin.events.things import ZoneChanged

TEXTS = st.sampled_from(["", "a", "x" * 300, "x" * 301, "a\0b", "gateway:g1", "gateway:g2", "K7"])
INSTANTS = st.sampled_from([-1, 0, 1, START_US, START_US + 1, 2**63 - 1])
SHARES = st.sampled_from([-0.01, 0.0, 0.5, 1.0, 1.01, float("nan"), float("inf")])
PROGRAM = Actor(id="K7", name="Reader", roles=frozenset({Role.SERVICE_GATEWAY}), source="gateway:g1")
PERSON = Actor(id="K7", name="Nurse", roles=frozenset({Role.NURSE}))


@given(
    actor=st.sampled_from([PROGRAM, PERSON]),
    texts=st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, st.sampled_from(["", "", "mine"])),
    at=INSTANTS,
    recorded_at=st.sampled_from([0, 0, START_US]),
    share=SHARES,
)
def test_the_quick_look_agrees_with_the_slow_one(actor, texts, at, recorded_at, share):
    thing, source, source_key, said_by, identifier = texts
    event = ZoneChanged(
        thing=thing,
        occurred_at=at,
        source=source,
        source_key=source_key,
        actor=said_by,
        id=identifier,
        recorded_at=recorded_at,
        confidence=share,
        zone="Z1",
    )

    assert _is_plain(event, actor, START_US) == (_problem(event, actor, latest=START_US) is None)
