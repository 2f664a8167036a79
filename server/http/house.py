"""The house itself: ways that are closed, beds that are out of service or not clean."""

from __future__ import annotations

from typing import Annotated

import msgspec

from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.http.views import instant
from twin.access import Permission
from twin.events.envelope import Event
from twin.events.patients import BedReadiness, BedService
from twin.events.places import PathClosed, PathDefined, PlaceKind
from twin.state import house_acts, place_acts
from twin.state.house_acts import MOST_REASON, Said
from twin.state.live import LiveState
from twin.state.place_acts import PlaceTold

router = Router("/v1", tag="house")

Reason = Annotated[str, msgspec.Meta(max_length=MOST_REASON, pattern=r"^[^\x00]*$")]


class PathShown(msgspec.Struct, frozen=True, kw_only=True):
    """A way between two places; metres; ``closed_since`` is empty while it is open."""

    id: str
    kind: str
    start: str
    end: str
    length_m: float
    width_m: float
    floors: int
    one_way: bool
    is_closed: bool
    closed_since: str
    reason: str


class PathPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of ways."""

    paths: list[PathShown]
    next: str = ""


class Closing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a way is closed, and for how long as far as one knows."""

    reason: Reason


class BedServiceTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether a bed is ``open``, ``closed`` or ``isolated``; the last two need a reason."""

    service: BedService
    reason: Reason = ""


class BedReadinessTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a bed is ``clean``, ``dirty``, ``cleaning`` or ``contaminated``."""

    readiness: BedReadiness


Metres = Annotated[float, msgspec.Meta(ge=-place_acts.FARTHEST_M, le=place_acts.FARTHEST_M)]
Extent = Annotated[float, msgspec.Meta(ge=0, le=place_acts.FARTHEST_M)]
PlaceText = Annotated[str, msgspec.Meta(max_length=place_acts.LONGEST_NAME, pattern=r"^[^\x00]*$")]


class PlaceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A place: all that is known of it, since what is told replaces what was told before; metres, storeys."""

    kind: PlaceKind
    name: PlaceText
    name_zh: PlaceText = ""
    parent: PlaceText = ""
    department: PlaceText = ""
    purpose: PlaceText = ""
    floor: Annotated[int, msgspec.Meta(ge=place_acts.LOWEST, le=place_acts.HIGHEST)] = 0
    x_m: Metres = 0.0
    y_m: Metres = 0.0
    width_m: Extent = 0.0
    depth_m: Extent = 0.0
    capacity: Annotated[int, msgspec.Meta(ge=0, le=place_acts.MOST_CAPACITY)] = 1


class Noted(msgspec.Struct, frozen=True):
    """The event that was stored."""

    event: str
    sequence: int


def _shown(state: LiveState, path: PathDefined) -> PathShown:
    closure = state.closures.get(path.thing)
    closed = closure if isinstance(closure, PathClosed) else None
    return PathShown(
        id=path.thing,
        kind=path.kind.value,
        start=path.start,
        end=path.end,
        length_m=path.length_m,
        width_m=path.width_m,
        floors=path.floors,
        one_way=path.one_way,
        is_closed=closed is not None,
        closed_since=instant(closed.occurred_at) if closed is not None else "",
        reason=closed.reason if closed is not None else "",
    )


@router.get("/paths", permission=Permission.PLACES_READ, gives=PathPage)
async def list_paths(
    call: CallDep, kind: Text = "", closed: bool | None = None, limit: Limit = 50, cursor: CursorText = ""
) -> PathPage:
    """List ways by id: corridors, doors, stairs, lifts, ramps; only closed or open ones if asked."""
    scope = f"paths|{kind}|{closed}"
    after = call.cursors.read(scope, cursor)
    last = str(after[0]) if after else ""
    state = call.hospital.live
    with call.hospital.ledger.steady:
        found = [
            _shown(state, state.paths[key])
            for key in sorted(state.paths)
            if key > last
            and (not kind or state.paths[key].kind == kind)
            and (closed is None or house_acts.is_closed(state, key) is closed)
        ]
    following = call.cursors.write(scope, [found[limit - 1].id]) if len(found) > limit else ""
    return PathPage(paths=found[:limit], next=following)


def _said(call: Call, verb: str) -> Said:
    return Said(actor=call.actor.id, at=call.now, key=f"{verb}:{call.now}")


async def _note(call: Call, event: Event) -> Noted:
    (stored,) = await call.hospital.write(lambda session: call.hospital.ledger.append(session, [event]))
    return Noted(stored.event.id, stored.sequence)


@router.post("/paths/{path_id}/closing", permission=Permission.PLACES_WRITE, takes=Closing, gives=Noted, status=201)
async def close_path(call: CallDep, path_id: PathText) -> Noted:
    """Close a door, lift, stairs or corridor: ways go around it from now on."""
    told = call.read(Closing)
    event = house_acts.close_path(call.hospital.live, path_id, reason=told.reason, said=_said(call, "close"))
    return await _note(call, event)


@router.post("/paths/{path_id}/reopening", permission=Permission.PLACES_WRITE, gives=Noted, status=201)
async def reopen_path(call: CallDep, path_id: PathText) -> Noted:
    """Open a closed way again."""
    return await _note(call, house_acts.reopen_path(call.hospital.live, path_id, said=_said(call, "reopen")))


@router.post("/beds/{bed}/service", permission=Permission.BEDS_WRITE, takes=BedServiceTold, gives=Noted, status=201)
async def set_bed_service(call: CallDep, bed: PathText) -> Noted:
    """Put a bed into service, out of it, or into isolation; whoever lies in it stays."""
    told = call.read(BedServiceTold)
    said = _said(call, "service")
    event = house_acts.set_bed_service(call.hospital.live, bed, told.service, reason=told.reason, said=said)
    return await _note(call, event)


@router.post("/beds/{bed}/readiness", permission=Permission.BEDS_WRITE, takes=BedReadinessTold, gives=Noted, status=201)
async def set_bed_readiness(call: CallDep, bed: PathText) -> Noted:
    """Say whether a bed is clean."""
    told = call.read(BedReadinessTold)
    event = house_acts.set_bed_readiness(call.hospital.live, bed, told.readiness, said=_said(call, "readiness"))
    return await _note(call, event)


@router.put("/places/{place}", permission=Permission.PLACES_WRITE, takes=PlaceBody, gives=Noted)
async def define_place(call: CallDep, place: PathText) -> Noted:
    """Make a place, or change one: what is told replaces all that was told of it."""
    told = PlaceTold(id=place, **msgspec.structs.asdict(call.read(PlaceBody)))
    return await _note(call, place_acts.define_place(call.hospital.live, told, said=_said(call, "place")))


@router.delete("/places/{place}", permission=Permission.PLACES_WRITE, gives=Noted)
async def remove_place(call: CallDep, place: PathText) -> Noted:
    """Take a place out of the house; refused while something still needs it. Its history stays."""
    return await _note(call, place_acts.remove_place(call.hospital.live, place, said=_said(call, "place-removed")))
