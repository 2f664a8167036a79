"""A roster under discussion: what a change does is what two whole checks say, and offers keep the musts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.checker.rosters import check_roster
from scheduling.model.rosters import Assignment, Employee, Need, Pair, Roster, RosterProblem, RosterRule
from scheduling.rules.rosters import with_cells
from scheduling.service.roster_board import RosterBoard, consequences_between, fill
from tests.scheduling.staff import month, random_problem, roster_from
from twin.errors import FieldError, NotFound

WEEKS = {
    "a": "EE..EEE..EE...",
    "b": "..EE....EE..EE",
    "c": "EE..EE.....EEE",
    "d": "NN...NN.......",
}


def some_roster(problem: RosterProblem, chance: np.random.Generator) -> Roster:
    """Give anything that a person could write down."""
    found = []
    for employee in problem.employees:
        for day in range(problem.days):
            if chance.random() < 0.6:
                shift = problem.shifts[int(chance.integers(len(problem.shifts)))].id
                skills = sorted(employee.skills)
                skill = skills[int(chance.integers(len(skills)))] if problem.skills else ""
                found.append(Assignment(employee=employee.id, day=day, shift=shift, skill=skill))
    return Roster(assignments=tuple(found))


@settings(max_examples=60)
@given(st.integers(0, 10_000))
def test_a_change_does_what_the_checks_of_both_whole_rosters_say(seed: int) -> None:
    problem, chance = random_problem(seed), np.random.default_rng(seed)
    roster, wanted = some_roster(problem, chance), some_roster(problem, chance)
    held = {(one.employee, one.day): one for one in wanted.assignments}
    places = [(one.id, day) for one in problem.employees for day in range(problem.days)]
    chosen = [places[i] for i in chance.permutation(len(places))[: int(chance.integers(1, 4))]]
    cells = [held.get(place, Assignment(employee=place[0], day=place[1], shift="")) for place in chosen]

    found = RosterBoard(problem, roster).consider(cells)

    before, after = check_roster(problem, roster), check_roster(problem, with_cells(roster, cells))
    assert set(found.consequences) == set(consequences_between(before.findings, after.findings))
    assert found.cost == after.cost - before.cost
    assert found.is_allowed == (not any(one.is_hard and one.after > one.before for one in found.consequences))


def test_what_a_day_could_be_holds_what_it_is_and_ranks_broken_musts_last() -> None:
    board = RosterBoard(month(), roster_from(WEEKS))

    found = board.alternatives("a", 2)

    assert {one.cells[0].shift for one in found} == {"", "E", "L", "N"}
    assert [one.cells[0].shift for one in found if one.is_present] == [""]
    allowed = [one.is_allowed for one in found]
    assert allowed == sorted(allowed, reverse=True)


def test_who_steps_in_is_somebody_else_who_does_not_work_that_shift() -> None:
    board = RosterBoard(month(), roster_from(WEEKS))

    found = board.candidates(0, "E", instead_of="a")

    assert {one.cells[0].employee for one in found} == {"b", "d"}
    assert all(one.cells[1] == Assignment(employee="a", day=0, shift="") for one in found)


def test_a_swap_breaks_no_must_and_changes_both_people() -> None:
    problem = month(contracts=(month().contracts[0].__class__(id="full"),))
    board = RosterBoard(problem, roster_from(WEEKS))

    found = board.swaps("a", [0])

    assert found
    for one in found:
        assert one.is_allowed
        after = with_cells(board.roster, one.cells)
        assert len({(a.employee, a.day) for a in after.assignments}) == len(board.roster.assignments)
        assert ("a", 0, "E") not in {(a.employee, a.day, a.shift) for a in after.assignments}


def test_a_gap_is_filled_by_who_breaks_no_must_and_left_open_if_nobody_can() -> None:
    loose = month().contracts[0].__class__(id="full")
    problem = month(contracts=(loose,), needs=(Need(day=0, shift="E", minimum=2),))
    roster = roster_from({**WEEKS, "a": "." * 14})
    gap = Assignment(employee="a", day=0, shift="E")

    filled = fill(RosterBoard(problem, roster), [gap])

    assert [one.employee for one in filled] == ["b"]  # d works the night of that day, c works already
    nobody = tuple(Employee(id=name, contract="full", days_off=frozenset({0})) for name in "abcd")
    assert fill(RosterBoard(month(contracts=(loose,), employees=nobody), roster_from({"a": ""})), [gap]) == ()


def test_a_mentor_who_leaves_a_shift_is_told_at_the_trainee() -> None:
    problem = month(pairs=(Pair(trainee="c", mentor="a", weight=7),))
    board = RosterBoard(problem, roster_from(WEEKS))

    found = board.consider([Assignment(employee="a", day=0, shift="")])

    assert ("c", 7) in {(one.employee, one.after) for one in found.consequences if one.rule is RosterRule.TRAINING}


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        (Assignment(employee="x", day=0, shift="E"), NotFound),  # nobody of that name
        (Assignment(employee="a", day=14, shift="E"), FieldError),  # after the last day
        (Assignment(employee="a", day=-1, shift="E"), FieldError),  # before the first
        (Assignment(employee="a", day=0, shift="X"), NotFound),  # no such shift
        (Assignment(employee="a", day=0, shift="E", skill="s"), NotFound),  # skills are not told apart here
    ],
)
def test_a_change_that_names_what_there_is_not_is_refused(cell: Assignment, error: type[Exception]) -> None:
    with pytest.raises(error):
        RosterBoard(month(), roster_from(WEEKS)).consider([cell])


def test_one_day_of_somebody_cannot_be_two_things() -> None:
    cell = Assignment(employee="a", day=0, shift="E")

    with pytest.raises(FieldError, match="twice"):
        RosterBoard(month(), roster_from(WEEKS)).consider([cell, cell])
