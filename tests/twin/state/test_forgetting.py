"""What is closed leaves the live state after a while, and what comes late finds it as if it had never left."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import strategies as hospital
from twin.events import patients, watch, work
from twin.events.envelope import Event
from twin.state.forgetting import is_of_a_matter, perhaps_forgotten
from twin.state.indexing import build_index
from twin.state.live import LiveState

RUNS = int(os.environ.get("HOSPITAL_TWIN_EXAMPLES", "150"))
MATTERS = tuple(
    kind
    for module in (patients, work, watch)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Event) and kind.subject in {"encounter", "ticket", "task", "alarm"}
)
LATEST = 12


@dataclass
class Remembering:
    """A state that forgets, over a list that does not; brings things back as the ledger does."""

    state: LiveState = field(default_factory=LiveState)
    told: list[Event] = field(default_factory=list)

    def tell(self, event: Event) -> None:
        asked = perhaps_forgotten(self.state, [event])
        self.state.apply_all([one for one in self.told if one.thing in asked and is_of_a_matter(one)])
        self.told.append(event)
        self.state.apply(event)


def same(one: LiveState, other: LiveState) -> None:
    assert one.digest() == other.digest()
    assert one.index.content() == other.index.content()


@settings(max_examples=RUNS * 2, deadline=None)
@given(
    hospital.event_sets(*MATTERS, max_size=18, last=9),
    st.lists(st.tuples(st.integers(0, 17), st.integers(1, LATEST)), max_size=6),
    st.integers(0, 2**32),
)
def test_any_order_of_facts_and_rounds_of_forgetting_gives_the_same_hospital(
    events: list[Event], rounds: list[tuple[int, int]], seed: int
) -> None:
    arriving = events[:]
    random.Random(seed).shuffle(arriving)
    remembering = Remembering()

    for position, event in enumerate(arriving):
        remembering.tell(event)
        for after, before in rounds:
            if after == position:
                remembering.state.forget_closed(before)
    last = max((before for _, before in rounds), default=LATEST)
    remembering.state.forget_closed(last)

    expected = LiveState()
    expected.apply_all(events)
    expected.forget_closed(last)
    same(remembering.state, expected)


@settings(max_examples=RUNS, deadline=None)
@given(hospital.event_sets(*MATTERS, max_size=18, last=9), st.integers(1, LATEST))
def test_indices_after_forgetting_equal_indices_made_anew(events: list[Event], before: int) -> None:
    state = LiveState()
    state.apply_all(events)
    state.forget_closed(before)
    kept = state.index.content()

    build_index(state)

    assert state.index.content() == kept


@settings(max_examples=RUNS, deadline=None)
@given(hospital.event_sets(*MATTERS, max_size=18, last=9), st.integers(1, LATEST))
def test_nothing_open_is_forgotten_and_a_second_round_finds_nothing(events: list[Event], before: int) -> None:
    state = LiveState()
    state.apply_all(events)
    open_before = (
        {key for key, one in state.encounters.items() if one.is_open},
        set(state.index.open_tasks),
        set(state.index.active_alarms),
        {key for queue in state.index.queues.values() for _, _, key in queue},
    )

    state.forget_closed(before)

    assert open_before[0] <= set(state.encounters)
    assert open_before[1] <= set(state.tasks)
    assert open_before[2] <= set(state.alarms)
    assert open_before[3] <= set(state.tickets)
    assert state.forget_closed(before) == 0


def head(thing: str, at: int) -> dict[str, object]:
    return {"thing": thing, "occurred_at": at, "source": "his:main", "source_key": f"{thing}-{at}"}


def visit(key: str, start: int, end: int) -> list[Event]:
    return [
        patients.EncounterStarted(encounter_class=patients.EncounterClass.INPATIENT, place="bed-1", **head(key, start)),
        patients.EncounterDeparted(place="bed-1", **head(key, end - 1)),
        patients.EncounterFinished(**head(key, end)),
    ]  # type: ignore[arg-type]  # the head's types are known


def test_a_visit_stays_until_its_last_fact_is_old_enough() -> None:
    state = LiveState()
    state.apply_all(visit("e1", 10, 20))

    assert state.forget_closed(20) == 0
    assert "e1" in state.encounters
    assert state.forget_closed(21) == 1
    assert "e1" not in state.encounters


def test_who_still_lies_in_the_bed_after_discharge_is_not_forgotten() -> None:
    state = LiveState()
    state.apply_all([fact for fact in visit("e1", 10, 20) if not isinstance(fact, patients.EncounterDeparted)])

    assert state.forget_closed(10**9) == 0


def test_swapped_and_merged_visits_stay() -> None:
    state = LiveState()
    state.apply_all([*visit("e1", 10, 20), *visit("e2", 10, 20), *visit("e3", 10, 20), *visit("e4", 10, 20)])
    state.apply(patients.EncountersSwapped(other="e2", **head("e1", 15)))  # type: ignore[arg-type]
    state.apply(patients.EncountersMerged(into="e4", **head("e3", 30)))  # type: ignore[arg-type]

    state.forget_closed(10**9)

    assert set(state.encounters) == {"e1", "e2", "e3", "e4"}


def test_late_move_of_a_forgotten_visit_is_judged_by_all_its_facts() -> None:
    remembering = Remembering()
    for fact in visit("e1", 10, 20):
        remembering.tell(fact)
    remembering.state.forget_closed(100)

    remembering.tell(patients.EncounterMoved(place="bed-2", **head("e1", 25)))  # type: ignore[arg-type]

    found = remembering.state.encounters["e1"]
    assert found.status.value == "finished"
    assert found.conflicts == ("moved_after_finish",)


@pytest.mark.parametrize("is_known", [True, False])
def test_a_snapshot_tells_before_when_things_were_forgotten(is_known: bool) -> None:
    state = LiveState()
    state.apply_all(visit("e1", 10, 20))
    if is_known:
        state.forget_closed(50)

    again = LiveState.from_snapshot(state.to_snapshot())

    assert again.forgotten_before == (50 if is_known else 0)
    assert bool(perhaps_forgotten(again, visit("e9", 1, 2))) is is_known
