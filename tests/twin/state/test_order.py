"""The same facts give the same hospital, in whatever order, however often and however late they come."""

from __future__ import annotations

import os
import random

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests import strategies as hospital
from twin.events import patients, places, supply, things, work
from twin.events.envelope import Event
from twin.state import folding
from twin.state.indexing import build_index
from twin.state.live import LiveState
from twin.state.model import Encounter

RUNS = int(os.environ.get("HOSPITAL_TWIN_EXAMPLES", "150"))
THOROUGH = settings(max_examples=RUNS, deadline=None)

PATIENTS = tuple(kind for kind in vars(patients).values() if isinstance(kind, type) and issubclass(kind, Event))[1:]
ENCOUNTERS = tuple(kind for kind in PATIENTS if kind.subject == "encounter")
TAGS = (
    things.TagBound,
    things.TagUnbound,
    things.ZoneChanged,
    things.ZoneConfirmed,
    things.PortalCrossed,
    things.TagLost,
    things.AssetRegistered,
    things.AssetRetired,
)


class TinyLedger:
    """Stores each (source, source_key) once, and numbers what it stores."""

    def __init__(self) -> None:
        self.stored: list[Event] = []
        self._known: set[tuple[str, str]] = set()

    def append(self, event: Event) -> bool:
        key = (event.source, event.source_key)
        if key in self._known:
            return False
        self._known.add(key)
        sequence = len(self.stored) + 1
        self.stored.append(msgspec.structs.replace(event, id=f"seq-{sequence}", recorded_at=1_000 + sequence))
        return True


def fold(events: list[Event]) -> LiveState:
    state = LiveState()
    state.apply_all(events)
    return state


def assert_same(one: LiveState, other: LiveState) -> None:
    assert one.digest() == other.digest()
    assert one.index.content() == other.index.content()


def check_permutation(events: list[Event], seed: int) -> None:
    shuffled = events[:]
    random.Random(seed).shuffle(shuffled)
    assert_same(fold(events), fold(shuffled))


@THOROUGH
@given(hospital.event_sets(), st.integers(0, 2**32))
def test_any_order_of_any_events_gives_the_same_hospital(events: list[Event], seed: int) -> None:
    check_permutation(events, seed)


@THOROUGH
@given(hospital.event_sets(*ENCOUNTERS, max_size=14, last=9), st.integers(0, 2**32))
def test_any_order_of_moves_cancels_swaps_and_merges_gives_the_same_beds(events: list[Event], seed: int) -> None:
    check_permutation(events, seed)


LONE = tuple(kind for kind in ENCOUNTERS if kind not in (patients.EncountersSwapped, patients.EncountersMerged))


@THOROUGH
@given(hospital.event_sets(*LONE, max_size=14, last=5))
def test_a_visit_alone_comes_to_what_visits_folded_together_come_to(events: list[Event]) -> None:
    state = fold(events)

    for kept in state.encounters.values():
        anew = Encounter(id=kept.id, facts=kept.facts)
        folding.fold_together({kept.id: anew}, {kept.id: kept.facts}, {kept.id: kept.id})
        assert kept == anew


@THOROUGH
@given(hospital.event_sets(*TAGS, max_size=14, last=9), st.integers(0, 2**32))
def test_any_order_of_bindings_and_sightings_gives_the_same_positions(events: list[Event], seed: int) -> None:
    check_permutation(events, seed)


@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param((work.TaskCreated, work.TaskAssigned, work.TaskStarted, work.TaskCompleted, work.TaskCancelled)),
        pytest.param((supply.StockMoved, supply.ParLevelSet, supply.StockoutPredicted)),
        pytest.param((places.PlaceDefined, places.PlaceRemoved, places.PathDefined, places.PathRemoved)),
        pytest.param((patients.QueueJoined, patients.QueueCalled, patients.QueueServiceStarted, patients.QueueLeft)),
    ],
    ids=["tasks", "stock", "building", "queues"],
)
@settings(max_examples=max(RUNS // 3, 30), deadline=None)
@given(st.data())
def test_any_order_of_one_theme_gives_the_same_content(kinds: tuple[type[Event], ...], data: st.DataObject) -> None:
    events = data.draw(hospital.event_sets(*kinds, max_size=16, last=7))

    check_permutation(events, data.draw(st.integers(0, 2**32)))


@THOROUGH
@given(hospital.event_sets(max_size=20), st.lists(st.integers(0, 19), max_size=20), st.integers(0, 2**32))
def test_facts_sent_again_change_nothing(events: list[Event], again: list[int], seed: int) -> None:
    sent = events + [events[index % len(events)] for index in again]
    random.Random(seed).shuffle(sent)
    ledger, state = TinyLedger(), LiveState()

    for event in sent:
        if ledger.append(event):
            state.apply(ledger.stored[-1], len(ledger.stored))

    assert state.sequence == len(events)
    assert_same(state, fold(events))


@THOROUGH
@given(hospital.event_sets(max_size=25), st.integers(0, 25))
def test_snapshot_and_tail_equal_full_replay(events: list[Event], cut: int) -> None:
    early = fold(events[:cut])

    restarted = LiveState.from_snapshot(early.to_snapshot())
    assert_same(restarted, early)
    restarted.apply_all(events[cut:])

    assert_same(restarted, fold(events))


@THOROUGH
@given(hospital.event_sets(max_size=25))
def test_indices_kept_up_to_date_equal_indices_made_anew(events: list[Event]) -> None:
    state = fold(events)
    kept = state.index.content()

    build_index(state)

    assert state.index.content() == kept


@THOROUGH
@given(hospital.event_sets(*ENCOUNTERS, max_size=16, last=9))
def test_indices_of_encounters_made_anew_are_the_same(events: list[Event]) -> None:
    state = fold(events)
    kept = state.index.content()

    build_index(state)

    assert state.index.content() == kept


@given(hospital.event_sets(max_size=15), st.integers(1, 10**9))
def test_digest_does_not_depend_on_what_the_ledger_gives(events: list[Event], recorded_at: int) -> None:
    restored = [msgspec.structs.replace(e, id=f"other-{e.id}", recorded_at=recorded_at, causation="c") for e in events]

    assert fold(events).digest() == fold(restored).digest()


@given(hospital.event_sets(max_size=15), hospital.of_kind(supply.StockMoved))
@example(
    [],
    supply.StockMoved(
        thing="i1",
        occurred_at=1,
        source="user:u1",
        source_key="",
        quantity=1,
        from_place="store",
        to_place="ward-1",
    ),
)
def test_digest_changes_with_the_content(events: list[Event], movement: supply.StockMoved) -> None:
    movement = msgspec.structs.replace(
        movement, source_key="one more", from_place="supplier", to_place="store", occurred_at=99
    )

    assert fold(events).digest() != fold([*events, movement]).digest()


def test_fork_is_independent_of_its_origin() -> None:
    event = patients.EncounterStarted(
        thing="e1", occurred_at=1, source="his:main", source_key="1", encounter_class=patients.EncounterClass.INPATIENT
    )
    origin = fold([event])
    before = origin.digest()

    fork = origin.fork()
    fork.apply(patients.EncounterMoved(thing="e1", occurred_at=2, source="his:main", source_key="2", place="bed-1"))

    assert origin.digest() == before
    assert fork.digest() != before
