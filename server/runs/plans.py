"""What a plan job needs to know of the hospital."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from server.wiring import Hospital


def prepare(hospital: Hospital, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Put the hospital as it is now into a plan request that names no problem of its own.

    Parameters
    ----------
    hospital : Hospital
        Whose rooms, beds, theatres and booked encounters are planned.
    arguments : Mapping[str, Any]
        Fields of ``scheduling.service.planning.PlanRequest``; unless told, the plan starts at the next midnight of the
        hospital's zone.
    """
    values = dict(arguments)
    now = hospital.clock.now()
    if "start_at" not in values:
        # Days of a plan are the hospital's days: 08:00 of the plan must be 08:00 on the wall.
        values |= {"start_at": next_midnight(now, hospital.settings.time_zone), "zone": hospital.settings.time_zone}
    if not values.keys() & {"problem", "ihtc", "state"}:
        values.setdefault("theatre_hours", hospital.settings.operating_hours)
        values.setdefault("turnover_minutes", hospital.settings.theatre_turnover_minutes)
        values["state"] = base64.b64encode(hospital.live.freeze(now).to_bytes()).decode()
    return values


def next_midnight(now: int, zone: str) -> int:
    """Give the next midnight of a zone, UTC microseconds.

    Parameters
    ----------
    now : int
        UTC microseconds.
    zone : str
        IANA name.
    """
    there = ZoneInfo(zone)
    tomorrow = datetime.fromtimestamp(now / 1e6, there).date() + timedelta(days=1)
    return round(datetime.combine(tomorrow, time(), there).timestamp()) * 1_000_000
