"""People kept for the day after a roster: what is asked, and that weeks within the envelope are always staffed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.loaders.inrc2 import Weeks
from scheduling.model.rosters import Contract, Employee, History, Limit, Need, RosterProblem, Shift
from scheduling.service.rostering import roster_weeks
from scheduling.solvers.rosters.reserve import ENVELOPE_PRICE, MORE_PRICE, SEEN_PRICE, demands_after
from scheduling.solvers.rosters.settings import RosterSettings

SHIFTS = (
    Shift(id="E"),
    Shift(id="L", forbidden_next=frozenset({"E"})),
    Shift(id="N", forbidden_next=frozenset({"E", "L"})),
)


def week_of(needs: tuple[Need, ...], likely: tuple[Need, ...] = ()) -> RosterProblem:
    return RosterProblem(
        days=7,
        shifts=SHIFTS,
        contracts=(Contract(id="c"),),
        employees=tuple(Employee(id=name, contract="c", skills=frozenset({"RN"})) for name in "abcdef"),
        skills=("RN",),
        needs=needs,
        likely=likely,
        weeks=4,
        is_last=False,
    )


def need(day: int, shift: str, minimum: int) -> Need:
    return Need(day=day, shift=shift, skill="RN", minimum=minimum, preferred=minimum)


def test_days_seen_come_first_then_all_at_once_then_one_more() -> None:
    now = (need(0, "E", 2), need(1, "N", 1), need(2, "E", 1))  # day 2 asks for less than day 0
    before = (need(0, "L", 3), need(6, "N", 0))  # nobody is needed on the last one

    found = demands_after(week_of(now, before))

    assert [price for _, price in found] == [SEEN_PRICE] * 3 + [ENVELOPE_PRICE, MORE_PRICE]
    assert [dict(demand) for demand, price in found if price == SEEN_PRICE] == [
        {("L", "RN"): 3},
        {("E", "RN"): 2},
        {("N", "RN"): 1},
    ]
    assert dict(found[-2][0]) == {("E", "RN"): 2, ("N", "RN"): 1, ("L", "RN"): 3}
    assert dict(found[-1][0]) == {("E", "RN"): 3, ("N", "RN"): 2, ("L", "RN"): 4}


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("ELN"), st.integers(0, 3)), max_size=12))
def test_every_day_seen_is_covered_by_one_that_is_asked_for(cells: list[tuple[int, str, int]]) -> None:
    by_cell = {(day, shift): minimum for day, shift, minimum in cells}
    needs = tuple(need(day, shift, minimum) for (day, shift), minimum in by_cell.items())

    asked = [demand for demand, price in demands_after(week_of(needs)) if price == SEEN_PRICE]

    for day in range(7):
        wanted = {shift: minimum for (at, shift), minimum in by_cell.items() if at == day and minimum}
        assert not wanted or any(
            all(demand.get((shift, "RN"), 0) >= n for shift, n in wanted.items()) for demand in asked
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_weeks_within_the_envelope_are_staffed_without_going_back(seed: int) -> None:
    chance = np.random.default_rng(seed)
    most = {"E": 2, "L": 2, "N": 2}  # together as many as there are people: not one may be blocked

    def drawn(*, is_first: bool) -> tuple[Need, ...]:
        return tuple(
            # the envelope is seen in the first week; without prices everybody would work nights
            Need(
                day=day,
                shift=shift,
                skill="RN",
                minimum=n if is_first and day == 3 else int(chance.integers(0, n + 1)),
                preferred=6 if shift == "N" else 0,
                under=5,
            )
            for day in range(7)
            for shift, n in most.items()
        )

    base = week_of(())
    weeks = Weeks(
        scenario="s",
        base=replace(base, is_last=True),
        needs=tuple(drawn(is_first=week == 0) for week in range(4)),
        requests=((),) * 4,
    )

    # by a count of neighbourhoods: on a busy machine two seconds may end before prices are looked at
    done = roster_weeks(weeks, RosterSettings(seconds=2.0, iterations=5, seed=seed))

    assert [week.report.is_valid for week in done] == [True] * 4
    assert not any(week.is_again for week in done)
    assert any(one.shift == "N" for one in done[0].roster.assignments if one.day == 6)


def test_too_few_people_for_the_envelope_still_meet_each_day_seen() -> None:
    # two people: one is needed early on Tuesday, two late on Wednesday; both at once would take three
    base = week_of(())
    staff = tuple(replace(one, history=History(off_run=2)) for one in base.employees[:2])
    base = replace(base, employees=staff, is_last=True, weeks=2, contracts=(Contract(id="c", weekends=Limit()),))
    first = (need(1, "E", 1), need(2, "L", 2), Need(day=6, shift="N", skill="RN", preferred=2, under=50))
    weeks = Weeks(scenario="s", base=base, needs=(first, (need(0, "L", 2),)), requests=((), ()))

    done = roster_weeks(weeks, RosterSettings(seconds=2.0))

    assert all(week.report.is_valid for week in done)
    assert not done[0].is_again
    assert not [one for one in done[0].roster.assignments if one.day == 6 and one.shift == "N"]
