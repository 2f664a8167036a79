"""Geofences and climate limits: set, listed, ended; and how many geofence alarms were false."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.alarms.watches import SERVICE, Geofence, Limit, Watches, false_alarms
from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from twin.access import Permission
from twin.errors import Unavailable
from twin.events.things import BearerKind

router = Router("/v1", tag="alarms")

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
Number = Annotated[float, msgspec.Meta(ge=-1e9, le=1e9)]


class FenceTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who may be where."""

    bearer_kind: BearerKind
    bearer: Key
    places: Annotated[list[Key], msgspec.Meta(min_length=1, max_length=100)]
    exit_s: Seconds = 1.0


class LimitTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Between which values a room's quantity must stay."""

    device: Key
    quantity: Key
    place: Key
    low: Number
    high: Number
    deadband: Number = 0.0
    delay_s: Seconds = 300.0


class FalseAlarms(msgspec.Struct, frozen=True, kw_only=True):
    """Geofence alarms, and those that ended by themselves within a minute with nobody acting."""

    alarms: int
    false_alarms: int
    false_share: float


def _watches(call: Call) -> Watches:
    held = call.hospital.services.get(SERVICE)
    if not isinstance(held, Watches):
        raise Unavailable("Nothing is watched over in this process: use `hospital-twin serve`.")
    return held


@router.get("/geofences", permission=Permission.ALARMS_READ, gives=list[Geofence])
def list_fences(call: CallDep) -> list[Geofence]:
    """Give the geofences in force."""
    return _watches(call).fences()


@router.post("/geofences", permission=Permission.ALARMS_ACT, takes=FenceTold, gives=Geofence, status=201)
def add_fence(call: CallDep) -> Geofence:
    """Set a geofence around an encounter's wristband, an asset or a member of staff."""
    told = call.read(FenceTold)
    fence = Geofence(
        id=call.hospital.new_id(),
        bearer_kind=told.bearer_kind,
        bearer=told.bearer,
        places=tuple(told.places),
        exit_s=told.exit_s,
    )
    _watches(call).add(fence, actor=call.actor.id)
    return fence


@router.get("/geofences/report", permission=Permission.ALARMS_READ, gives=FalseAlarms)
def report_false_alarms(call: CallDep) -> FalseAlarms:
    """Give how many geofence alarms were false."""
    with call.hospital.ledger.steady:
        total, short = false_alarms(list(call.hospital.live.alarms.values()))
    return FalseAlarms(alarms=total, false_alarms=short, false_share=short / total if total else 0.0)


@router.delete("/geofences/{watch_id}", permission=Permission.ALARMS_ACT, status=204)
def end_fence(call: CallDep, watch_id: PathText) -> None:
    """Lift a geofence; its alarm ends."""
    _watches(call).end(watch_id, actor=call.actor.id)


@router.get("/environment-limits", permission=Permission.ALARMS_READ, gives=list[Limit])
def list_limits(call: CallDep) -> list[Limit]:
    """Give the climate limits in force."""
    return _watches(call).limits()


@router.post("/environment-limits", permission=Permission.ALARMS_CONFIGURE, takes=LimitTold, gives=Limit, status=201)
def add_limit(call: CallDep) -> Limit:
    """Set limits of a room's temperature, humidity, CO2, pressure, or of a fridge, with delay and deadband."""
    told = call.read(LimitTold)
    limit = Limit(
        id=call.hospital.new_id(),
        device=told.device,
        quantity=told.quantity,
        place=told.place,
        low=told.low,
        high=told.high,
        deadband=told.deadband,
        delay_s=told.delay_s,
    )
    _watches(call).add(limit, actor=call.actor.id)
    return limit


@router.delete("/environment-limits/{watch_id}", permission=Permission.ALARMS_CONFIGURE, status=204)
def end_limit(call: CallDep, watch_id: PathText) -> None:
    """Take a climate limit out of force; its alarm ends."""
    _watches(call).end(watch_id, actor=call.actor.id)
