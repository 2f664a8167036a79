"""Leave by the year: half days, years, days of expiry, debts and clocks that change."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.model.leave import LeaveBalance, LeaveGrant, LeaveSpan, LeaveTerms
from scheduling.rules.leave import LeaveBook, balance, half_days_by_day, missing_for, terms_in

ZONE = "Europe/Berlin"
TERMS = LeaveTerms(contract="full", year=2026, half_days=20, carry_half_days=6)
EVERY_DAY = frozenset(range(7))


def at(day: str, hour: int = 0, zone: str = ZONE) -> int:
    """Give the instant of a wall clock, UTC microseconds."""
    local = datetime.fromisoformat(day).replace(hour=hour, tzinfo=ZoneInfo(zone))
    return int(local.timestamp()) * 1_000_000


def span(first: str, last: str, *, name: str = "r", approved: bool = True, noons: str = "") -> LeaveSpan:
    """Give leave of calendar days; ``noons`` has ``f`` if it begins and ``t`` if it ends at noon."""
    begins = at(first, 12 if "f" in noons else 0)
    after = (date.fromisoformat(last) + timedelta(days=1)).isoformat()
    ends = at(last, 12) if "t" in noons else at(after)
    return LeaveSpan(request=name, from_at=begins, to_at=ends, is_approved=approved)


def book(*spans: LeaveSpan, terms: tuple[LeaveTerms, ...] = (TERMS,), grants: tuple[LeaveGrant, ...] = ()) -> LeaveBook:
    return LeaveBook(staff="ann", contract="full", zone=ZONE, terms=terms, grants=grants, spans=spans)


def of(found: LeaveBook, year: int, today: str = "2026-01-01") -> LeaveBalance:
    return balance(found, year, date.fromisoformat(today))


def test_a_day_in_which_the_clock_changes_is_one_day() -> None:
    # 29 March 2026 has 23 hours in Berlin, 25 October has 25
    for day in ("2026-03-29", "2026-10-25"):
        one = span(day, day)
        assert half_days_by_day(one.from_at, one.to_at, ZONE) == {date.fromisoformat(day): 2}


@pytest.mark.parametrize(
    ("noons", "amounts"),
    [
        ("", [2, 2]),  # two whole days
        ("f", [1, 2]),  # from noon
        ("t", [2, 1]),  # until noon
        ("ft", [1, 1]),  # an afternoon and the morning after
    ],
)
def test_noon_makes_half_days(noons: str, amounts: list[int]) -> None:
    one = span("2026-06-01", "2026-06-02", noons=noons)

    assert list(half_days_by_day(one.from_at, one.to_at, ZONE).values()) == amounts


def test_leave_over_new_year_is_charged_to_the_year_in_which_each_day_lies() -> None:
    # Tuesday 29 December 2026 to Monday 4 January 2027: three days and Friday the first and Monday
    found = book(span("2026-12-29", "2027-01-04"))

    assert (of(found, 2026).planned, of(found, 2027).planned) == (6, 6 - 2)


def test_weekends_are_not_counted_unless_the_contract_says_so() -> None:
    week = span("2026-06-01", "2026-06-07")
    all_days = LeaveTerms(contract="full", year=2026, half_days=20, weekdays=EVERY_DAY)

    assert of(book(week), 2026).planned == 10
    assert of(book(week, terms=(all_days,)), 2026).planned == 14


def test_what_was_carried_over_is_taken_first_and_expires() -> None:
    # 2026: 8 of 20 half days taken; 12 left, 6 go over until 31 March 2027, of which 2 are taken in January
    found = book(span("2026-06-01", "2026-06-04"), span("2027-01-11", "2027-01-11", name="s"))

    before, after = of(found, 2027, "2027-03-31"), of(found, 2027, "2027-04-01")

    assert (before.carried, before.expired, before.remaining) == (6, 0, 20 + 4)
    assert (after.carried, after.expired, after.remaining) == (6, 4, 20)
    assert (after.taken, after.planned) == (2, 0)


def test_leave_after_the_day_of_expiry_cannot_use_what_was_carried_over() -> None:
    late = span("2027-05-03", "2027-05-18", name="late")  # 12 days, 24 half days

    assert missing_for(book(late), late) == {2027: 4}


def test_more_than_there_was_is_a_debt_of_the_next_year() -> None:
    found = book(span("2026-06-01", "2026-06-15"))  # 11 days, 22 half days of 20

    assert (of(found, 2026).over, of(found, 2026).remaining) == (2, 0)
    assert (of(found, 2027).carried, of(found, 2027).remaining) == (-2, 18)


def test_granting_leave_at_the_end_of_a_year_may_be_missing_in_the_next() -> None:
    # all of 2027 and the six carried half days are granted; one more day in December takes two of the carried
    granted = span("2027-01-04", "2027-01-20", name="early")  # 13 days, 26 half days
    more = span("2026-12-01", "2026-12-08", name="more")  # 6 days, 12 half days: 8 are left, still more than 6
    one_too_many = span("2026-12-01", "2026-12-10", name="many")  # 8 days, 16 half days: 4 are left

    assert missing_for(book(granted, more), more) == {}
    assert missing_for(book(granted, one_too_many), one_too_many) == {2027: 2}


def test_corrections_count_in_their_year_alone() -> None:
    grant = LeaveGrant(id="g", staff="ann", year=2026, half_days=-5, reason="joined in May")

    found = book(grants=(grant,))

    assert (of(found, 2026).corrected, of(found, 2026).remaining) == (-5, 15)
    assert of(found, 2027).corrected == 0


def test_terms_hold_until_there_are_later_ones() -> None:
    later = LeaveTerms(contract="full", year=2028, half_days=30)

    assert terms_in((later, TERMS), 2025) is None
    assert terms_in((later, TERMS), 2027) == TERMS
    assert terms_in((later, TERMS), 2040) == later


def test_without_terms_nothing_is_missing() -> None:
    year = span("2026-01-01", "2026-02-20")

    assert not of(book(year, terms=()), 2026).has_terms
    assert missing_for(book(year, terms=()), year) == {}


def test_two_leaves_on_one_day_are_one_day() -> None:
    found = book(span("2026-06-01", "2026-06-02"), span("2026-06-02", "2026-06-03", name="s"))

    assert of(found, 2026).planned == 6


def test_what_is_asked_for_is_told_apart_and_not_taken_off() -> None:
    found = book(span("2026-06-01", "2026-06-01", approved=False))

    assert (of(found, 2026).asked, of(found, 2026).remaining) == (2, 20)


def test_29_february_is_the_28th_in_other_years() -> None:
    terms = LeaveTerms(contract="full", year=2026, half_days=20, carry_half_days=6, carry_month=2, carry_day=29)

    assert (terms.expiry(2027), terms.expiry(2028)) == (date(2027, 2, 28), date(2028, 2, 29))


HALVES = st.integers(0, 2 * 365 - 1)
LEAVES = st.lists(st.tuples(HALVES, st.integers(1, 30)), max_size=6)


@given(leaves=LEAVES, entitled=st.integers(0, 80), carry=st.integers(0, 20))
def test_nothing_is_lost_or_counted_twice(leaves: list[tuple[int, int]], entitled: int, carry: int) -> None:
    """Half days are counted one by one here, from a list of all half days of two years."""
    start = date(2026, 1, 1)

    def instant(half: int) -> int:
        return at((start + timedelta(days=half // 2)).isoformat(), 12 * (half % 2))

    spans = tuple(
        LeaveSpan(request=str(index), from_at=instant(half), to_at=instant(half + length), is_approved=True)
        for index, (half, length) in enumerate(leaves)
    )
    terms = LeaveTerms(contract="full", year=2026, half_days=entitled, carry_half_days=carry, weekdays=EVERY_DAY)
    off: dict[date, int] = {}
    for half, length in leaves:
        for one in range(half, half + length):
            day = start + timedelta(days=one // 2)
            off[day] = min(2, off.get(day, 0) + 1)

    found = [of(book(*spans, terms=(terms,)), year, "2029-01-01") for year in (2026, 2027)]

    for one, year in zip(found, (2026, 2027), strict=True):
        assert one.taken == sum(amount for day, amount in off.items() if day.year == year)
        # everything granted is either taken, left, expired or, if more was taken, owed
        assert one.entitled + one.carried == one.taken + one.remaining + one.expired - one.over
    assert found[1].carried == min(carry, found[0].remaining - found[0].over)


@given(
    day=st.dates(date(2020, 1, 1), date(2030, 12, 31)),
    length=st.integers(1, 40),
    zone=st.sampled_from(["UTC", ZONE, "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
)
def test_whole_days_are_two_halves_each_in_every_zone(day: date, length: int, zone: str) -> None:
    ends = at((day + timedelta(days=length)).isoformat(), zone=zone)

    found = half_days_by_day(at(day.isoformat(), zone=zone), ends, zone)

    assert found == {day + timedelta(days=index): 2 for index in range(length)}
