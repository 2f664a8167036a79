"""What a plan job needs to know of the hospital."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from server.wiring import Hospital
from twin.clock import DAY_US


def prepare(hospital: Hospital, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Put the hospital as it is now into a plan request that names no problem of its own.

    Parameters
    ----------
    hospital : Hospital
        Whose rooms, beds, theatres and booked encounters are planned.
    arguments : Mapping[str, Any]
        Fields of ``scheduling.service.planning.PlanRequest``; the plan starts at the next midnight unless told.
    """
    values = dict(arguments)
    now = hospital.clock.now()
    values.setdefault("start_at", (now // DAY_US + 1) * DAY_US)
    if not values.keys() & {"problem", "ihtc", "state"}:
        values["state"] = base64.b64encode(hospital.live.freeze(now).to_bytes()).decode()
    return values
