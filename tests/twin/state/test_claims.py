"""How claims compete: one of any two is the later one, whatever came first, and journals stand in that order."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import strategies as hospital
from twin.events.envelope import SOURCE_RANKS, Event, precedence
from twin.events.patients import EncounterFactCancelled, EncounterMoved, EncounterStarted
from twin.events.things import ZoneChanged
from twin.state.claims import Inserted, hold, insert_fact, is_newer
from twin.state.folding import without_cancelled

CLAIMS = hospital.event_sets(ZoneChanged, max_size=12, last=4)
STORY = hospital.event_sets(EncounterStarted, EncounterMoved, EncounterFactCancelled, max_size=12, last=6)


def seen(at: int, source: str, key: str) -> ZoneChanged:
    return ZoneChanged(thing="t", occurred_at=at, source=source, source_key=key, zone="icu")


@given(CLAIMS)
def test_of_two_claims_exactly_one_is_newer(events: list[Event]) -> None:
    for one in events:
        assert not is_newer(one, one)
        for other in events:
            if other is not one:
                assert is_newer(one, other) != is_newer(other, one)
                assert is_newer(one, other) == (precedence(one) > precedence(other))


@given(CLAIMS, st.integers(0, 2**32))
def test_a_register_ends_with_the_claim_of_greatest_precedence(events: list[Event], seed: int) -> None:
    shuffled = events[:]
    random.Random(seed).shuffle(shuffled)
    table: dict[str, Event] = {}

    changed = [hold(table, "t", event) for event in shuffled]

    assert table["t"] == max(events, key=precedence)
    assert changed[0]  # nothing held gives way to anything


@given(CLAIMS, st.integers(0, 2**32))
def test_a_journal_stands_in_order_and_takes_each_fact_once(events: list[Event], seed: int) -> None:
    shuffled = events * 2
    random.Random(seed).shuffle(shuffled)
    journal: list[Event] = []
    for event in shuffled:
        before = journal[:]
        where = insert_fact(journal, event)

        if where is Inserted.KNOWN:
            assert journal == before
            assert event in before
        else:
            assert event not in before
            assert (journal[-1] == event) == (where is Inserted.LAST)

    assert journal == sorted(events, key=precedence)


@pytest.mark.parametrize(
    ("weaker", "stronger"), [("twin", "import"), ("import", "demo"), ("gateway", "his"), ("his", "user")]
)
def test_at_one_instant_the_kind_of_source_decides(weaker: str, stronger: str) -> None:
    # the weaker one has the greater key, which would win were the kinds equal
    low, high = seen(5, f"{weaker}:z", "z"), seen(5, f"{stronger}:a", "a")

    assert SOURCE_RANKS[weaker] < SOURCE_RANKS[stronger]
    assert is_newer(high, low)
    assert not is_newer(low, high)


def test_a_kind_of_source_that_nobody_ranked_stands_lowest() -> None:
    assert is_newer(seen(5, "import:a", "a"), seen(5, "stranger:z", "z"))


@given(STORY, st.integers(0, 2**32))
def test_what_cancels_undo_does_not_depend_on_the_order_of_arrival(events: list[Event], seed: int) -> None:
    told = [msgspec.structs.replace(event, thing="e1") for event in events]
    shuffled = told[:]
    random.Random(seed).shuffle(shuffled)

    kept = without_cancelled(told)  # type: ignore[arg-type]  # facts of one encounter

    assert without_cancelled(shuffled) == kept  # type: ignore[arg-type]
    assert not any(isinstance(fact, EncounterFactCancelled) for fact in kept)
    assert kept == sorted(kept, key=precedence)
    assert set(map(precedence, kept)) <= set(map(precedence, told))


@given(STORY)
def test_facts_that_nothing_cancels_are_all_kept(events: list[Event]) -> None:
    told = [event for event in events if not isinstance(event, EncounterFactCancelled)]

    assert without_cancelled(told) == sorted(told, key=precedence)  # type: ignore[arg-type]


def test_a_second_cancel_of_a_class_undoes_the_one_before() -> None:
    head = {"thing": "e1", "source": "his:main"}
    moves = [EncounterMoved(occurred_at=at, source_key=f"m{at}", place=f"bed-{at}", **head) for at in (1, 2, 3)]
    cancels = [
        EncounterFactCancelled(occurred_at=at, source_key=f"c{at}", cancels="EncounterMoved", **head) for at in (4, 5)
    ]

    assert without_cancelled([*moves, *cancels]) == moves[:1]
    assert without_cancelled([*moves, cancels[0]]) == moves[:2]


def test_a_cancel_does_not_reach_into_its_future() -> None:
    head = {"thing": "e1", "source": "his:main"}
    cancel = EncounterFactCancelled(occurred_at=1, source_key="c", cancels="EncounterMoved", **head)
    moved = EncounterMoved(occurred_at=2, source_key="m", place="bed-1", **head)

    assert without_cancelled([cancel, moved]) == [moved]
