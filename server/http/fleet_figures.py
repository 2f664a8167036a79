"""Cost of service and use of devices, and turnaround of rooms over HTTP, each figure with its n and interval."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Query

from assets.service import fleet_figures, turnaround
from server.doors.context import CallDep
from server.doors.pages import Text
from server.doors.router import Router
from twin.access import Permission

router = Router("/v1", tag="device figures")

Days = Annotated[int, Query(ge=1, le=92, description="How many days back.")]
Confidence = Annotated[float, Query(ge=0.5, le=0.999)]


class CostList(msgspec.Struct, frozen=True, kw_only=True):
    """Models by what they cost; money in minor units, of the last twelve months."""

    models: list[fleet_figures.CostRatio]


class UseList(msgspec.Struct, frozen=True, kw_only=True):
    """Kinds of device by how their time was spent."""

    kinds: list[fleet_figures.Utilisation]


@router.get("/fleet/cost-ratios", permission=Permission.DEVICES_READ, gives=CostList)
def read_costs(call: CallDep, category: Text = "", confidence: Confidence = 0.9) -> CostList:
    """Give cost of service by price paid and by price of a new one, by model, each with n and interval."""
    zone = ZoneInfo(call.hospital.settings.time_zone)
    with call.hospital.read() as session:
        return CostList(
            models=fleet_figures.cost_ratios(session, now=call.now, zone=zone, category=category, confidence=confidence)
        )


@router.get("/fleet/utilisation", permission=Permission.DEVICES_READ, gives=UseList)
def read_use(call: CallDep, category: Text = "", days: Days = 7, confidence: Confidence = 0.9) -> UseList:
    """Give how devices spent their time by the zones in which they were seen, by kind, with n and interval."""
    with call.hospital.read() as session:
        return UseList(
            kinds=fleet_figures.utilisation(
                session, state=call.hospital.live, now=call.now, days=days, category=category, confidence=confidence
            )
        )


class TurnaroundList(msgspec.Struct, frozen=True, kw_only=True):
    """Wards by how long their beds take to be ready again; seconds."""

    wards: list[turnaround.WardTurnaround]


@router.get("/rooms/turnaround", permission=Permission.DEVICES_READ, gives=TurnaroundList)
def read_turnaround(call: CallDep, days: Days = 7, confidence: Confidence = 0.9) -> TurnaroundList:
    """Give how long beds take from not clean to clean by ward, and their ultraviolet doses, with n and interval."""
    with call.hospital.read() as session:
        return TurnaroundList(
            wards=turnaround.turnaround(
                session, state=call.hospital.live, now=call.now, days=days, confidence=confidence
            )
        )
