"""A day of operating as the hospital knows it: the plan in force, the theatres, their hours."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from scheduling.model.plans import PlanKind
from scheduling.model.surgery_day import Hours
from scheduling.service.publishing import ADMISSION_HOUR
from scheduling.service.surgery_day import SurgeryDay
from twin.clock import DAY_US
from twin.state.frozen import HospitalState

CLOSING_HOUR = 16  # when elective operating usually ends
HOUR_US = 3_600_000_000


def day_of(state: HospitalState, day: date, zone: ZoneInfo) -> SurgeryDay:
    """Give a day of operating.

    Parameters
    ----------
    state : HospitalState
        The hospital.
    day : date
        In the hospital's zone.
    zone : ZoneInfo
        The hospital's zone.

    Notes
    -----
    Theatres open with the first case of the plan, or at the usual hour, and close at the usual hour of the zone.
    """
    midnight = round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000
    plan = state.plans.get(PlanKind.ADMISSIONS.value)
    stays = plan.stays if plan is not None else ()
    today = [stay.theatre_start_at for stay in stays if midnight <= stay.theatre_start_at < midnight + DAY_US]
    opens = min([*today, midnight + ADMISSION_HOUR * HOUR_US])
    theatres = {name for name, place in state.places.items() if place.purpose == "theatre"}
    return SurgeryDay(
        date=day,
        at=midnight,
        stays=stays,
        theatres=frozenset(theatres | {stay.theatre for stay in stays if stay.theatre}),
        hours=Hours(opens_at=opens, closes_at=midnight + CLOSING_HOUR * HOUR_US),
    )
