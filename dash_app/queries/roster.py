"""The roster in force: who works when, and how evenly nights and weekends are shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dash_app.queries.names import place_name, staff_label
from twin.events.work import PlannedShift, PlanPublished
from twin.state.live import LiveState
from twin.state.rosters import rosters

Local = Callable[[int], datetime]
"""Gives an instant in the hospital's clock."""

HOUR_US = 3_600_000_000
SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterRow:
    """One person's days.

    Parameters
    ----------
    name : str
        Who.
    shift_by_day : Mapping[int, str]
        Times of the shift by number of the day, in the hospital's clock; days off are left out.
    hours : float
        Rostered hours.
    nights, weekend_days : int
        Shifts that end on another day than they begin, and shifts that begin on a Saturday or Sunday.
    """

    name: str
    shift_by_day: Mapping[int, str]
    hours: float
    nights: int
    weekend_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterView:
    """The roster in force.

    Parameters
    ----------
    id : str
        Id of the plan.
    start_at, published_at : int
        UTC microseconds.
    days : int
        Horizon.
    places : tuple[str, ...]
        Names of what is staffed.
    rows : tuple[RosterRow, ...]
        By name.
    """

    id: str
    start_at: int
    published_at: int
    days: int
    places: tuple[str, ...]
    rows: tuple[RosterRow, ...]


def _day(at: int, start_at: int, local: Local) -> int:
    """Give the number of the calendar day in which an instant lies; days are 23 or 25 hours long twice a year."""
    return (local(at).date() - local(start_at).date()).days


def _row(name: str, shifts: list[PlannedShift], start_at: int, local: Local) -> RosterRow:
    times = {
        _day(shift.start_at, start_at, local): f"{local(shift.start_at):%H:%M}–{local(shift.end_at):%H:%M}"
        for shift in shifts
    }
    return RosterRow(
        name=name,
        shift_by_day=times,
        hours=sum(shift.end_at - shift.start_at for shift in shifts) / HOUR_US,
        nights=sum(local(shift.start_at).date() != local(shift.end_at - 1).date() for shift in shifts),
        weekend_days=sum(local(shift.start_at).weekday() >= SATURDAY for shift in shifts),
    )


def all_in_force(state: LiveState, local: Local, *, chinese: bool = False) -> list[RosterView]:
    """Give every roster in force, one for each place, by the name of what it staffs.

    Parameters
    ----------
    state : LiveState
        The hospital.
    local : Callable[[int], datetime]
        Gives an instant in the hospital's clock.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    """
    found = [_view(state, plan, local, chinese=chinese) for plan in rosters(state.plans)]
    return sorted(found, key=lambda one: (one.places, one.id))


def _view(state: LiveState, plan: PlanPublished, local: Local, *, chinese: bool) -> RosterView:
    by_person: dict[str, list[PlannedShift]] = {}
    for shift in plan.shifts:
        by_person.setdefault(shift.staff, []).append(shift)
    rows = [_row(staff_label(state, staff), shifts, plan.start_at, local) for staff, shifts in by_person.items()]
    places = {place_name(state, shift.place, chinese=chinese) for shift in plan.shifts if shift.place}
    return RosterView(
        id=plan.thing,
        start_at=plan.start_at,
        published_at=plan.occurred_at,
        days=max(1, _day(plan.end_at - 1, plan.start_at, local) + 1),
        places=tuple(sorted(places)),
        rows=tuple(sorted(rows, key=lambda row: row.name)),
    )
