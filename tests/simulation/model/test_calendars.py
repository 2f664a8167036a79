from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulation.model.calendars import Calendar, Span, capacity_events, local_offsets, occurrences, open_intervals
from simulation.model.resources import Pool, Shift, ShiftEnd
from twin.clock import from_text

HOUR = 3_600_000_000
WEEK = tuple(range(7))


def test_night_shift_ends_on_the_next_day() -> None:
    span = Span(start_at=from_text("2026-11-30T00:00:00Z"), horizon_us=24 * HOUR)
    night = Shift(days=(0,), start_min=22 * 60, end_min=7 * 60, units=2)

    [(start, end, units)] = [one for one in occurrences((night,), span) if one[0] < 30 * HOUR]

    assert (start, end, units) == (22 * HOUR, 31 * HOUR, 2)


def test_shift_keeps_its_local_hours_when_clocks_change() -> None:
    # In Berlin clocks go back on 2026-10-25 at 03:00 summer time; the day has 25 hours.
    span = Span(start_at=from_text("2026-10-24T22:00:00Z"), horizon_us=48 * HOUR, zone="Europe/Berlin")
    day = Shift(days=(6,), start_min=0, end_min=24 * 60, units=1)

    found = [one for one in occurrences((day,), span) if one[0] == 0]

    assert found == [(0, 25 * HOUR, 1)]
    assert [offset // HOUR for _, offset in local_offsets(span)] == [2, 1]


def test_shift_that_began_before_the_start_counts_from_the_start() -> None:
    span = Span(start_at=from_text("2026-11-30T10:00:00Z"), horizon_us=24 * HOUR)
    pool = Pool(id="nurse", capacity=1, shifts=(Shift(days=WEEK, start_min=7 * 60, end_min=15 * 60, units=3),))

    events = capacity_events(pool, span)

    assert events.first == 4
    assert events.downs[0] == (5 * HOUR, 3)
    assert events.ups[0] == (21 * HOUR, 3)


def test_handing_over_counts_only_the_difference_between_shifts() -> None:
    span = Span(start_at=from_text("2026-11-30T00:00:00Z"), horizon_us=10 * HOUR)
    shifts = (
        Shift(days=WEEK, start_min=0, end_min=300, units=3),
        Shift(days=WEEK, start_min=300, end_min=600, units=2),
    )

    finish = capacity_events(Pool(id="n", shifts=shifts), span)
    over = capacity_events(Pool(id="n", shifts=shifts, at_shift_end=ShiftEnd.HAND_OVER), span)

    assert (finish.ups, finish.downs) == (((5 * HOUR, 2),), ((5 * HOUR, 3), (10 * HOUR, 2)))
    assert (over.ups, over.downs) == ((), ((5 * HOUR, 1), (10 * HOUR, 2)))


@given(
    st.lists(
        st.builds(
            Shift,
            days=st.lists(st.integers(0, 6), min_size=1, unique=True).map(tuple),
            start_min=st.integers(0, 1439),
            end_min=st.integers(0, 1440),
            units=st.just(1),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_open_intervals_are_apart_and_in_order(shifts: list[Shift]) -> None:
    span = Span(start_at=from_text("2026-11-30T00:00:00Z"), horizon_us=8 * 24 * HOUR)

    found = open_intervals(Calendar(id="c", openings=tuple(shifts)), span)

    assert found
    assert all(start < end for start, end in found)
    assert all(before[1] < after[0] for before, after in zip(found, found[1:], strict=False))
