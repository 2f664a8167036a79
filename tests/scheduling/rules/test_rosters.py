"""What weeks hand on, and the rest that the law asks for."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from scheduling.model.rosters import Employee, History, Shift
from scheduling.rules.rosters import histories_after, with_legal_rest
from tests.scheduling.staff import month, roster_from


def test_less_than_eleven_hours_of_rest_are_forbidden() -> None:
    early, late = Shift(id="E", start_minute=420, minutes=480), Shift(id="L", start_minute=840, minutes=480)
    night = Shift(id="N", start_minute=1260, minutes=600)

    found = {shift.id: shift.forbidden_next for shift in with_legal_rest([early, late, night])}

    assert found == {"E": frozenset(), "L": frozenset({"E"}), "N": frozenset({"E", "L"})}


def test_shifts_without_a_known_start_forbid_nothing_more() -> None:
    only = Shift(id="X", minutes=1400, forbidden_next=frozenset({"Y"}))

    assert with_legal_rest([only, replace(only, id="Y")])[0].forbidden_next == {"Y"}


def test_runs_go_on_over_the_border_of_weeks() -> None:
    before = History(last_shift="N", shift_run=2, work_run=3, assignments=5, weekends=1)
    week = month(days=7, employees=(Employee(id="a", contract="full", history=before),), weeks=2)

    assert histories_after(week, roster_from({"a": "NNNNNNN"}))[0] == History(
        last_shift="N", shift_run=9, work_run=10, off_run=0, assignments=12, weekends=2
    )
    assert histories_after(week, roster_from({"a": "NE....."}))[0] == History(
        last_shift="", shift_run=0, work_run=0, off_run=5, assignments=7, weekends=1
    )


@given(row=st.text(alphabet="ELN.", min_size=14, max_size=14))
def test_two_weeks_in_one_leave_what_two_single_weeks_leave(row: str) -> None:
    whole = month(employees=(Employee(id="a", contract="full"),), weeks=1)
    first = replace(whole, days=7)
    middle = histories_after(first, roster_from({"a": row[:7]}))[0]
    second = replace(first, employees=(Employee(id="a", contract="full", history=middle),))

    assert histories_after(second, roster_from({"a": row[7:]})) == histories_after(whole, roster_from({"a": row}))
