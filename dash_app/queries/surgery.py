"""A day of operating as the hospital knows it: the plan in force, the theatres, their hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from scheduling.model.plans import PlanKind
from scheduling.model.surgery_day import Hours
from scheduling.service.surgery_day import SurgeryDay
from twin.clock import DAY_US
from twin.opening_hours import opening_hours
from twin.settings import Settings
from twin.state.frozen import HospitalState


def day_of(state: HospitalState, day: date, settings: Settings) -> SurgeryDay:
    """Give a day of operating.

    Parameters
    ----------
    state : HospitalState
        The hospital.
    day : date
        In the hospital's zone.
    settings : Settings
        The hospital's zone, and when its theatres open, close, and how long they are made ready between two cases.

    Notes
    -----
    Theatres open with the first case of the plan if that is before the usual hour, those with hours of their own with
    their own first case.
    """
    zone = ZoneInfo(settings.time_zone)
    midnight = round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000
    plan = state.plans.get(PlanKind.ADMISSIONS.value)
    stays = plan.stays if plan is not None else ()
    today = [stay for stay in stays if midnight <= stay.theatre_start_at < midnight + DAY_US]
    opens = min([*(stay.theatre_start_at for stay in today), _at(day, settings.theatre_opens, zone)])
    theatres = {name for name, place in state.places.items() if place.purpose == "theatre"}
    theatres |= {stay.theatre for stay in stays if stay.theatre}
    first_by_theatre = {
        name: min((stay.theatre_start_at for stay in today if stay.theatre == name), default=0) for name in theatres
    }
    return SurgeryDay(
        date=day,
        at=midnight,
        stays=stays,
        theatres=frozenset(theatres),
        hours=Hours(
            opens_at=opens,
            closes_at=_at(day, settings.theatre_closes, zone),
            turnover_minutes=settings.theatre_turnover_minutes,
            by_theatre=_own_hours(day, settings, zone, first_by_theatre) if settings.theatre_hours else {},
        ),
    )


def _own_hours(
    day: date, settings: Settings, zone: ZoneInfo, first_by_theatre: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Give the hours of each theatre on a day; closing equals opening where it is closed."""
    hours = opening_hours(settings.operating_hours)
    midnight = datetime.combine(day, time())
    found = {}
    for theatre, first in first_by_theatre.items():
        told = hours.of(theatre, day.weekday())
        opens, closes = (_instant(midnight + timedelta(minutes=minute), zone) for minute in told or (0, 0))
        if told is None or told[0] == told[1]:
            # Closed: what is done there all the same begins at the usual hour, and is overtime from its first minute.
            usual = _at(day, settings.theatre_opens, zone)
            opens = closes = min(usual, first or usual)
        found[theatre] = (min(opens, first or opens), closes)
    return found


def _at(day: date, told: str, zone: ZoneInfo) -> int:
    """Give a time of the wall clock, UTC microseconds: eight o'clock is eight o'clock on the day of a clock change."""
    return _instant(datetime.combine(day, time.fromisoformat(told)), zone)


def _instant(told: datetime, zone: ZoneInfo) -> int:
    return round(told.replace(tzinfo=zone).timestamp()) * 1_000_000
