"""A day of operating as the hospital knows it: the plan in force, the theatres, their hours."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from scheduling.model.plans import PlanKind
from scheduling.model.surgery_day import Hours
from scheduling.service.surgery_day import SurgeryDay
from twin.clock import DAY_US
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
    Theatres open with the first case of the plan if that is before the usual hour.
    """
    zone = ZoneInfo(settings.time_zone)
    midnight = round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000
    plan = state.plans.get(PlanKind.ADMISSIONS.value)
    stays = plan.stays if plan is not None else ()
    today = [stay.theatre_start_at for stay in stays if midnight <= stay.theatre_start_at < midnight + DAY_US]
    opens = min([*today, _at(day, settings.theatre_opens, zone)])
    theatres = {name for name, place in state.places.items() if place.purpose == "theatre"}
    return SurgeryDay(
        date=day,
        at=midnight,
        stays=stays,
        theatres=frozenset(theatres | {stay.theatre for stay in stays if stay.theatre}),
        hours=Hours(
            opens_at=opens,
            closes_at=_at(day, settings.theatre_closes, zone),
            turnover_minutes=settings.theatre_turnover_minutes,
        ),
    )


def _at(day: date, told: str, zone: ZoneInfo) -> int:
    """Give a time of the wall clock, UTC microseconds: eight o'clock is eight o'clock on the day of a clock change."""
    return round(datetime.combine(day, time.fromisoformat(told), zone).timestamp()) * 1_000_000
