"""What was written once can be read for ever, and what cannot be read says why."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import strategies as hospital
from twin.errors import DecodeError
from twin.events import registry
from twin.events.envelope import SOURCE_RANKS, Event, precedence
from twin.events.patients import EncounterMoved
from twin.events.registry import EVENT_TYPES, decode, encode
from twin.state.live import NOT_STATE, REDUCERS, LiveState

GOLDEN = Path(__file__).parents[2] / "golden" / "events-v1.jsonl"


def golden() -> list[bytes]:
    return GOLDEN.read_bytes().splitlines()


def test_golden_log_holds_events_of_every_type() -> None:
    assert {json.loads(line)["type"] for line in golden()} == set(EVENT_TYPES)


@pytest.mark.parametrize("line", golden(), ids=lambda line: json.loads(line)["type"])
def test_every_golden_event_is_read_and_written_again_unchanged(line: bytes) -> None:
    event = decode(line)

    assert encode(event) == line
    assert type(event).__name__ == json.loads(line)["type"]


def test_golden_log_folds_to_the_same_state_in_both_directions() -> None:
    events = [decode(line) for line in golden()]
    forwards, backwards = LiveState(), LiveState()

    forwards.apply_all(events)
    backwards.apply_all(reversed(events))

    assert forwards.digest() == backwards.digest()


def test_every_event_type_is_state_or_named_as_not_state() -> None:
    assert set(REDUCERS) | NOT_STATE == set(EVENT_TYPES.values())
    assert not set(REDUCERS) & NOT_STATE


@pytest.mark.parametrize("kind", sorted(NOT_STATE, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_events_that_are_not_state_change_only_the_clock(kind: type[Event]) -> None:
    event = next(decode(line) for line in golden() if json.loads(line)["type"] == kind.__name__)
    state, empty = LiveState(), LiveState()

    state.apply(event, 7)
    empty.latest_at = event.occurred_at

    assert state.sequence == 7
    assert state.digest() == empty.digest()


@given(hospital.event_sets(max_size=5))
def test_any_event_is_read_as_it_was_written(events: list[Event]) -> None:
    for event in events:
        assert decode(encode(event)) == event
        assert decode(encode(event).decode()) == event


@pytest.fixture
def second_version() -> Iterator[None]:
    """Version 2 of EncounterMoved, in which ``place`` was once called ``bed``."""

    def lift(raw: dict[str, Any]) -> dict[str, Any]:
        raw["place"] = raw.pop("bed")
        return raw

    registry.CURRENT_VERSIONS["EncounterMoved"] = 2
    registry.UPCASTERS["EncounterMoved", 1] = lift
    yield
    registry.CURRENT_VERSIONS["EncounterMoved"] = 1
    del registry.UPCASTERS["EncounterMoved", 1]


OLD = {
    "type": "EncounterMoved",
    "thing": "e1",
    "occurred_at": 5,
    "source": "his:main",
    "source_key": "1",
    "bed": "b1",
    "version": 1,
}


@pytest.mark.usefixtures("second_version")
def test_an_event_of_an_earlier_release_is_lifted() -> None:
    event = decode(json.dumps(OLD))

    assert isinstance(event, EncounterMoved)
    assert (event.place, event.version) == ("b1", 2)


@pytest.mark.usefixtures("second_version")
def test_other_events_are_read_while_upcasters_are_registered() -> None:
    assert [encode(decode(line)) for line in golden() if b"EncounterMoved" not in line] == [
        line for line in golden() if b"EncounterMoved" not in line
    ]


@pytest.mark.usefixtures("second_version")
def test_an_event_of_a_later_release_is_refused() -> None:
    with pytest.raises(DecodeError, match="upgrade first"):
        decode(json.dumps({**OLD, "version": 3}))


@pytest.mark.usefixtures("second_version")
def test_a_gap_between_upcasters_is_told() -> None:
    registry.CURRENT_VERSIONS["EncounterMoved"] = 3

    with pytest.raises(DecodeError, match="no upcaster to 3") as caught:
        decode(json.dumps(OLD))

    assert caught.value.code == "event.version"


MOVED = {
    "type": "EncounterMoved",
    "thing": "e1",
    "occurred_at": 5,
    "source": "his:main",
    "source_key": "1",
    "place": "b1",
}


@pytest.mark.parametrize(
    ("body", "code", "names"),
    [
        pytest.param(b"", "event.json", "JSON", id="nothing at all"),
        pytest.param(b"{", "event.json", "JSON", id="cut off"),
        pytest.param(b"\xff\xfe", "event.json", "", id="no text"),
        pytest.param(b'{"type":"\xff"}', "event.json", "UTF-8", id="no text within"),
        pytest.param(json.dumps({**MOVED, "version": 9}).encode(), "event.version", "upgrade", id="later release"),
        pytest.param(b"[]", "event.field", "array", id="a list"),
        pytest.param(b"{}", "event.field", "type", id="no type"),
        pytest.param(json.dumps({**MOVED, "type": "Nonsense"}).encode(), "event.field", "Nonsense", id="unknown type"),
        pytest.param(json.dumps({**MOVED, "place": 5}).encode(), "event.field", "place", id="number for text"),
        pytest.param(
            json.dumps({**MOVED, "occurred_at": "x"}).encode(), "event.field", "occurred_at", id="text for int"
        ),
        pytest.param(json.dumps({"type": "EncounterMoved"}).encode(), "event.field", "missing", id="field missing"),
    ],
)
def test_what_is_no_event_names_the_fault(body: bytes, code: str, names: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(body)

    assert caught.value.code == code
    assert names in str(caught.value)


@pytest.mark.usefixtures("second_version")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"[]", "event.json", id="a list"),
        pytest.param(json.dumps({**OLD, "version": "x"}).encode(), "event.field", id="version is no number"),
        pytest.param(b'{"type":"\xff"}', "event.json", id="no text within"),
        pytest.param(json.dumps({**MOVED, "type": "Nonsense"}).encode(), "event.field", id="unknown type"),
    ],
)
def test_what_is_no_event_is_told_also_while_upcasters_are_registered(body: bytes, code: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(body)

    assert caught.value.code == code


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_a_decode_error(body: bytes) -> None:
    with contextlib.suppress(DecodeError):
        decode(body)


@given(hospital.event_sets(EncounterMoved, min_size=2, max_size=2, last=2))
def test_no_two_facts_have_the_same_precedence(events: list[Event]) -> None:
    one, other = (precedence(event) for event in events)

    assert one != other
    assert (one < other) == (not other < one)


@given(hospital.of_kind(EncounterMoved), hospital.of_kind(EncounterMoved))
def test_the_later_instant_always_takes_precedence(one: Event, other: Event) -> None:
    if one.occurred_at < other.occurred_at:
        assert precedence(one) < precedence(other)


def test_people_outrank_systems_and_those_outrank_derived_facts() -> None:
    ranked = sorted(SOURCE_RANKS, key=SOURCE_RANKS.__getitem__)

    assert ranked[0] == "twin"
    assert ranked[-1] == "user"
