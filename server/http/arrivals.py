"""Wristbands, identity checks, and ambulances on their way."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.history import parse_instant
from server.http.views import instant
from server.journey import journey_of
from twin.access import Permission
from twin.errors import NotFound
from twin.state.model import Encounter

router = Router("/v1", tag="journey")

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Acuity = Annotated[int, msgspec.Meta(ge=1, le=5)]


class BindTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose wrist."""

    encounter: Key


class BindingShown(msgspec.Struct, frozen=True, kw_only=True):
    """A binding of a wristband; ``until`` is empty while it holds."""

    encounter: str
    since: str
    until: str


class CheckTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The wristband that was read, and for whom the thing is; ``stage`` is noted on a match."""

    tag: Key
    encounter: Key
    stage: Short = "dispensed"
    service_point: Short = ""


class CheckShown(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the wristband is that of the encounter; ``reason`` says why not."""

    is_match: bool
    reason: str


class AmbulanceTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody on the way: when, how urgent; a bay is chosen unless one is named."""

    expected: Short
    acuity: Acuity
    bay: Short = ""
    service: Short = ""


class AmbulanceShown(msgspec.Struct, frozen=True, kw_only=True):
    """An ambulance on its way, or late."""

    encounter: str
    expected: str
    acuity: int
    bay: str
    eta_s: float
    is_late: bool


@router.post("/wristbands/{tag}/bind", permission=Permission.ENCOUNTERS_WRITE, takes=BindTold, gives=BindingShown)
def bind_wristband(call: CallDep, tag: PathText) -> BindingShown:
    """Bind a wristband to an encounter; one bound to another is re-bound, and the history keeps both."""
    told = call.read(BindTold)
    at = journey_of(call.hospital).bind(tag, told.encounter, actor=call.actor)
    return BindingShown(encounter=told.encounter, since=instant(at), until="")


@router.post("/wristbands/{tag}/unbind", permission=Permission.ENCOUNTERS_WRITE, status=204)
def unbind_wristband(call: CallDep, tag: PathText) -> None:
    """Take a wristband off."""
    journey_of(call.hospital).unbind(tag, actor=call.actor)


@router.get("/wristbands/{tag}", permission=Permission.ENCOUNTERS_READ, gives=list[BindingShown])
def wristband_history(call: CallDep, tag: PathText) -> list[BindingShown]:
    """Give whose wrist a wristband was on, the oldest first."""
    bindings = journey_of(call.hospital).bindings(tag)
    if not bindings:
        raise NotFound("wristband", tag)
    return [
        BindingShown(
            encounter=one.encounter,
            since=instant(one.since_at),
            until=instant(one.until_at) if one.until_at else "",
        )
        for one in bindings
    ]


@router.post("/identity-checks", permission=Permission.ENCOUNTERS_WRITE, takes=CheckTold, gives=CheckShown)
def check_identity(call: CallDep) -> CheckShown:
    """Check at the bedside or the counter that a wristband is that of the encounter; match and refusal are audited."""
    told = call.read(CheckTold)
    reason = journey_of(call.hospital).check(
        told.tag, told.encounter, stage=told.stage, service_point=told.service_point, actor=call.actor
    )
    return CheckShown(is_match=not reason, reason=reason)


def _shown(found: Encounter, now: int) -> AmbulanceShown:
    return AmbulanceShown(
        encounter=found.id,
        expected=instant(found.expected_at),
        acuity=found.acuity,
        bay=found.reserved,
        eta_s=round((found.expected_at - now) / 1_000_000, 1),
        is_late=found.expected_at < now,
    )


@router.get("/ambulances", permission=Permission.OVERVIEW_READ, gives=list[AmbulanceShown])
def list_ambulances(call: CallDep) -> list[AmbulanceShown]:
    """Give everybody who is on the way by ambulance, the soonest first; also who is late, for four hours."""
    return [_shown(one, call.now) for one in journey_of(call.hospital).ambulances()]


@router.post(
    "/ambulances", permission=Permission.ENCOUNTERS_WRITE, takes=AmbulanceTold, gives=AmbulanceShown, status=201
)
def announce_ambulance(call: CallDep) -> AmbulanceShown:
    """Announce an ambulance: it is on the board, and the urgent get a free resuscitation bay reserved."""
    told = call.read(AmbulanceTold)
    found = journey_of(call.hospital).announce(
        parse_instant(told.expected, "expected"), told.acuity, actor=call.actor, bay=told.bay, service=told.service
    )
    return _shown(found, call.now)


@router.post("/ambulances/{encounter}/arrived", permission=Permission.ENCOUNTERS_WRITE, status=204)
def ambulance_arrived(call: CallDep, encounter: PathText) -> None:
    """Say that an ambulance has arrived: the patient is in the bay that was kept."""
    journey_of(call.hospital).arrived(encounter, actor=call.actor)


@router.post("/ambulances/{encounter}/cancel", permission=Permission.ENCOUNTERS_WRITE, status=204)
def cancel_ambulance(call: CallDep, encounter: PathText) -> None:
    """Say that an ambulance does not come: its bay is free again."""
    journey_of(call.hospital).cancel(encounter, actor=call.actor)
