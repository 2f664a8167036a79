"""A smallest set of demands that cannot all be kept."""

from __future__ import annotations

import pytest

from scheduling.model.admissions import AdmissionProblem, Pin, Room
from scheduling.solvers.conflicts import Conflict, Demand, DemandKind, find_conflict
from tests.scheduling.wards import occupant, patient, problem


def told(found: Conflict) -> set[tuple[str, str]]:
    """Give kind and who of each demand."""
    return {(demand.kind.value, demand.who) for demand in found.demands}


def test_a_problem_that_can_be_planned_has_no_conflict() -> None:
    found = find_conflict(problem())

    assert found == Conflict(demands=(), is_decided=True, is_minimal=True)


def test_a_surgeon_with_too_little_time_is_named_with_the_patients() -> None:
    late = [patient(f"p{i}", due_day=0, release_day=0, surgery_minutes=60) for i in range(3)]
    made = problem(patients=tuple(late), rooms=(Room(id="r1", capacity=9),), occupants=())

    found = find_conflict(made)

    assert found.is_minimal
    kinds = {demand.kind for demand in found.demands}
    assert kinds == {DemandKind.ADMISSION, DemandKind.WINDOW, DemandKind.SURGEON} or kinds == {
        DemandKind.ADMISSION,
        DemandKind.WINDOW,
        DemandKind.THEATRE,
    }
    assert {demand.who for demand in found.demands if demand.kind is DemandKind.ADMISSION} == {"p0", "p1", "p2"}


def test_beds_and_gender_are_told_apart() -> None:
    one = patient("p1", due_day=0, gender="B", surgery_minutes=0, surgeon="")
    made = problem(patients=(one,), rooms=(Room(id="r1", capacity=2),), occupants=(occupant(),))

    found = told(find_conflict(made))

    assert found == {("admission", "p1"), ("gender", "r1"), ("window", "p1")}


def test_intensive_care_that_is_full_is_named_with_who_must_come() -> None:
    people = tuple(patient(f"p{i}", due_day=1, intensive_days=2) for i in range(2))
    made = problem(patients=people, rooms=(Room(id="r1", capacity=5),), occupants=(), intensive_beds=(1, 1, 1, 1))

    assert told(find_conflict(made)) == {
        ("admission", "p0"),
        ("admission", "p1"),
        ("window", "p0"),
        ("window", "p1"),
        ("intensive", ""),
    }


def test_a_pin_that_cannot_be_kept_is_named() -> None:
    one = patient("p1", incompatible_rooms=frozenset({"r1"}))
    made = problem(patients=(one,), pins=(Pin(patient="p1", room="r1"),), occupants=())

    assert told(find_conflict(made)) == {("admission", "p1"), ("pin", "p1"), ("rooms", "p1")}


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_without_any_one_of_the_demands_the_others_can_be_kept(gone: int) -> None:
    one = patient("p1", due_day=0, gender="B", surgery_minutes=0, surgeon="")
    made = problem(patients=(one,), rooms=(Room(id="r1", capacity=2),), occupants=(occupant(),))
    demand = sorted(find_conflict(made).demands)[gone]

    assert find_conflict(_relaxed(made, demand)).demands == ()


def _relaxed(made: AdmissionProblem, demand: Demand) -> AdmissionProblem:
    if demand.kind is DemandKind.ADMISSION:
        return problem(patients=(), rooms=made.rooms, occupants=made.occupants)
    if demand.kind is DemandKind.WINDOW:
        freed = patient("p1", gender="B", surgery_minutes=0, surgeon="")
        return problem(patients=(freed,), rooms=made.rooms, occupants=made.occupants)
    return problem(patients=made.patients, rooms=made.rooms, occupants=(occupant(gender="B"),))


def test_too_little_time_is_told_as_undecided() -> None:
    late = tuple(patient(f"p{i}", due_day=1) for i in range(40))

    found = find_conflict(problem(patients=late), seconds=0.001)

    assert not found.is_minimal or found.demands
