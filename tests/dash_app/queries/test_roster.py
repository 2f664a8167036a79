"""The roster in force as people see it."""

from __future__ import annotations

from datetime import UTC, datetime

from dash_app.queries.roster import all_in_force
from twin.clock import DAY_US
from twin.events.work import PlannedShift, PlanPublished
from twin.state.live import LiveState


def utc(at: int) -> datetime:
    """Give an instant in the clock of a hospital in Greenwich."""
    return datetime.fromtimestamp(at / 1e6, UTC)


HOUR = 3_600_000_000
MONDAY = 1_767_571_200_000_000  # 2026-01-05, midnight UTC


def shift(staff: str, day: int, start: int, hours: int) -> PlannedShift:
    """Give a shift."""
    at = MONDAY + day * DAY_US + start * HOUR
    return PlannedShift(staff=staff, place="w1", start_at=at, end_at=at + hours * HOUR)


def published(*shifts: PlannedShift) -> LiveState:
    """Give a hospital with a roster of a week in force."""
    state = LiveState()
    state.apply(
        PlanPublished(
            thing="plan-1",
            occurred_at=MONDAY,
            source="user:p",
            source_key="k",
            kind="roster",
            start_at=MONDAY,
            end_at=MONDAY + 7 * DAY_US,
            shifts=shifts,
        )
    )
    return state


def test_nights_weekends_and_hours_are_counted_for_each_person() -> None:
    state = published(shift("b", 0, 7, 8), shift("a", 1, 21, 10), shift("a", 5, 7, 8))

    (found,) = all_in_force(state, utc)

    assert (found.days, found.places) == (7, ("w1",))
    first, second = found.rows
    assert (first.hours, first.nights, first.weekend_days) == (18.0, 1, 1)
    assert (second.hours, second.nights, second.weekend_days) == (8.0, 0, 0)
    assert sorted(first.shift_by_day) == [1, 5]


def test_without_a_roster_there_is_none() -> None:
    assert all_in_force(LiveState(), utc) == []


def test_rosters_of_two_wards_stand_beside_one_another() -> None:
    state = published(shift("a", 0, 7, 8))
    state.apply(
        PlanPublished(
            thing="plan-2",
            occurred_at=MONDAY + HOUR,
            source="user:p",
            source_key="k2",
            kind="roster",
            start_at=MONDAY,
            end_at=MONDAY + 14 * DAY_US,
            shifts=(shift("b", 0, 7, 8),),
            place="w2",
        )
    )

    found = all_in_force(state, utc)

    assert {one.id: one.days for one in found} == {"plan-1": 7, "plan-2": 14}
