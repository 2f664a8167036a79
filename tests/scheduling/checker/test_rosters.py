"""The check of a roster refuses each kind of broken roster and prices each kind of wish."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduling.checker.rosters import check_roster
from scheduling.model.rosters import (
    Assignment,
    Employee,
    Fairness,
    History,
    Limit,
    Need,
    Pair,
    Request,
    Roster,
    RosterProblem,
    RosterRule,
)
from tests.scheduling.staff import contract, month, roster_from

GOOD = {
    "a": "EEEEE..EEEE...",
    "b": "EEE..EE..EEE..",
    "c": "..EEEE..EEEE..",
    "d": "...EE..EEE..EE",
}
QUIET = month(needs=())


def broken(problem: RosterProblem, rows: dict[str, str]) -> dict[RosterRule, int]:
    """Give units of each broken must."""
    found: dict[RosterRule, int] = {}
    for finding in check_roster(problem, roster_from(rows)).violations:
        found[finding.rule] = found.get(finding.rule, 0) + finding.amount
    return found


def price(problem: RosterProblem, rows: dict[str, str]) -> dict[RosterRule, int]:
    """Give the price of each rule."""
    return check_roster(problem, roster_from(rows)).cost_by_rule()


def test_a_good_roster_breaks_nothing() -> None:
    assert broken(QUIET, GOOD) == {}


@pytest.mark.parametrize(
    ("row", "rules"),
    [
        ("EEEEEE.EEEE...", {RosterRule.WORK_RUN: 1, RosterRule.OFF_RUN: 1, RosterRule.MINUTES: 0}),  # six in a row
        ("EE.EE..EEE....", {RosterRule.OFF_RUN: 1}),  # one day off alone
        ("EE..E..EEE....", {RosterRule.WORK_RUN: 1}),  # one day at work alone
        ("E..........EE.", {}),  # a run at the border is not too short
        ("E.............", {RosterRule.MINUTES: 480}),  # too little work
        ("LE...EE.......", {RosterRule.LEGAL_REST: 1}),  # nine hours of rest
        ("NNN..NN.......", {RosterRule.SHIFT_COUNT: 1}),  # five nights
        ("EE..EEE....EEE", {RosterRule.WEEKENDS: 1}),  # two weekends
    ],
)
def test_each_must_of_a_contract_is_checked(row: str, rules: dict[RosterRule, int]) -> None:
    found = broken(QUIET, GOOD | {"a": row})

    assert found == {rule: amount for rule, amount in rules.items() if amount}


def test_leave_pins_and_unknown_things_are_checked() -> None:
    staff = (Employee(id="a", contract="full", days_off=frozenset({1})), *QUIET.employees[1:])
    pin = Assignment(employee="b", day=0, shift="")
    problem = replace(QUIET, employees=staff, pins=(pin,))

    assert broken(problem, GOOD) == {RosterRule.DAY_OFF: 1, RosterRule.PIN: 1}
    strange = [
        Assignment(employee="x", day=0, shift="E"),  # nobody
        Assignment(employee="a", day=0, shift="X"),  # no such shift
        Assignment(employee="a", day=14, shift="E"),  # after the last day
        Assignment(employee="a", day=0, shift="E", skill="surgeon"),  # no such skill
    ]
    report = check_roster(QUIET, Roster(assignments=(*roster_from(GOOD).assignments, *strange)))
    assert [found.rule for found in report.violations] == [RosterRule.UNKNOWN] * 4
    twice = Roster(assignments=(*roster_from(GOOD).assignments, Assignment(employee="a", day=0, shift="L")))
    assert [found.rule for found in check_roster(QUIET, twice).violations] == [RosterRule.ONE_SHIFT]


def test_cover_is_a_must_up_to_the_minimum_and_a_price_up_to_the_wish() -> None:
    needs = (
        Need(day=0, shift="E", minimum=3, preferred=4, under=100, over=1),  # two are there
        Need(day=3, shift="E", preferred=1, under=100, over=5),  # three are there
    )

    report = check_roster(month(needs=needs), roster_from(GOOD))

    assert report.violations[0].amount == 1
    assert report.cost == 2 * 100 + 2 * 5


def test_skills_count_only_where_they_are_held() -> None:
    staff = tuple(replace(one, skills=frozenset({"nurse"})) for one in QUIET.employees)
    need = (Need(day=0, shift="E", skill="head", minimum=1),)
    problem = replace(QUIET, employees=staff, skills=("nurse", "head"), needs=need)
    as_head = [replace(found, skill="head" if found.day == 0 else "nurse") for found in roster_from(GOOD).assignments]

    report = check_roster(problem, Roster(assignments=tuple(as_head)))

    assert {found.rule for found in report.violations} == {RosterRule.SKILL}


def test_shifts_of_rosters_before_count_in_a_fair_share() -> None:
    rows = GOOD | {"a": "NN............", "b": "NN............"}
    loose = (contract(minutes=Limit(), shift_counts={}, weekends=Limit(), off_run=Limit()),)
    nights = Fairness(shifts=frozenset({"N"}), weight=1, carried={"a": 3, "gone": 9})

    # a has 5, b has 2, of 7 in all 2 each would be even; who is not in this roster does not count
    assert price(month(needs=(), contracts=loose, fairness=(nights,)), rows)[RosterRule.FAIRNESS] == (5 - 2) ** 2
    even = Fairness(shifts=frozenset({"N"}), weight=1, carried={"c": 2, "d": 2})
    assert RosterRule.FAIRNESS not in price(month(needs=(), contracts=loose, fairness=(even,)), rows)


def test_wishes_pairs_fairness_and_changes_have_prices() -> None:
    rows = GOOD | {"a": "NNNN...NNN...."}
    wishes = (
        Request(employee="a", day=0, shift="E", is_on=True, weight=3),  # a night instead
        Request(employee="a", day=0, weight=4),  # wished to be off
        Request(employee="b", day=3, shift="E", weight=5),  # granted: off
    )
    loose = (contract(shift_counts={}, weekends=Limit()),)
    problem = month(
        needs=(),
        contracts=loose,
        requests=wishes,
        pairs=(Pair(trainee="a", mentor="b", weight=2),),
        fairness=(Fairness(shifts=frozenset({"N"}), weight=2),),
        change=1,
        published=roster_from(GOOD).assignments,
    )

    told = price(problem, rows)

    assert told[RosterRule.REQUEST] == 7
    assert told[RosterRule.TRAINING] == 2 * 7  # seven nights without the mentor
    assert told[RosterRule.FAIRNESS] == 2 * (7 - 2) ** 2  # seven nights, two would be even
    assert told[RosterRule.CHANGE] == 8 + 1  # eight of nine days of the published row are different, one is off now


def test_weekly_rosters_go_on_from_their_history() -> None:
    before = History(last_shift="N", shift_run=2, work_run=5, off_run=0, assignments=10, weekends=1)
    rules = contract(
        minutes=Limit(),
        work_run=Limit(low=2, high=5, weight=30),
        assignments=Limit(low=12, high=13, weight=20),
        weekends=Limit(high=1, weight=30),
        off_run=Limit(),
        complete_weekend=30,
    )
    week = month(
        days=7,
        needs=(),
        contracts=(rules,),
        weeks=2,
        weeks_done=1,
        employees=(Employee(id="a", contract="full", history=before),),
    )

    report = check_roster(week, roster_from({"a": "NN..NE."}))

    assert [found.rule for found in report.violations] == [RosterRule.LEGAL_REST]  # the early after the night
    assert report.cost_by_rule() == {
        RosterRule.WORK_RUN: 2 * 30,  # the sixth and the seventh day in a row
        RosterRule.SHIFT_RUN: 7,  # the fourth night in a row
        RosterRule.ASSIGNMENTS: 20,  # fourteen
        RosterRule.WEEKENDS: 30,  # the second weekend
        RosterRule.COMPLETE_WEEKEND: 30,  # Saturday only
    }
    open_end = replace(week, is_last=False)
    assert RosterRule.ASSIGNMENTS not in check_roster(open_end, roster_from({"a": "NN....."})).cost_by_rule()
