"""Shelves on a handheld: a blind count by scans, sent as a whole, also hours later."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from inventory.model.counting import CountSession, LineState, SessionState
from inventory.model.items import Tracking
from inventory.model.movements import Command
from inventory.rules.counting import state_of
from inventory.service import counting
from inventory.service.resolving import resolve
from inventory.tables.count_sessions import list_sessions
from server.doors.context import CallDep
from server.doors.router import Router
from server.http.commanding import command_id, instant_told
from server.http.inventory import check_place
from server.http.inventory_bodies import Amount, Key, Short
from server.http.labels import label_told
from twin.access import Permission
from twin.errors import FieldError, FieldProblem

router = Router("/v1/handheld", tag="tasks")


class ShelfLineTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A label and how much of it was seen, in base units."""

    scan: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
    quantity: Amount
    owner: Short = ""
    is_as_printed: bool = False


class ShelfCountTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A counted shelf; ``is_all`` says that nothing else lies there. ``items`` limits what is counted."""

    place: Key
    lines: Annotated[list[ShelfLineTold], msgspec.Meta(max_length=1000)]
    is_all: bool = False
    items: Annotated[list[Key], msgspec.Meta(max_length=500)] = []
    occurred_at: Short = ""


class ShelfCountView(msgspec.Struct, frozen=True, kw_only=True):
    """What was noted, without a word of what the books say."""

    session: str
    noted: int
    waiting: int
    to_recount: int


@router.post("/counts", permission=Permission.STOCK_MOVE, takes=ShelfCountTold, gives=ShelfCountView, status=201)
async def count_shelf(call: CallDep) -> ShelfCountView:
    """Note a blind count: into the open count of the place, or into a new one; somebody else decides and posts."""
    told = call.read(ShelfCountTold)
    check_place(call, told.place)
    if not told.lines and not told.is_all:
        problem = FieldProblem(
            field="lines",
            place="body",
            message="Nothing was counted.",
            cure="Scan what lies there, or say that it is all.",
        )
        raise FieldError(problem)
    command = Command(
        id=command_id(call),
        actor=call.actor.id,
        occurred_at=instant_told(told.occurred_at, call.now, "body"),
        recorded_at=call.now,
    )
    zone = ZoneInfo(call.hospital.settings.time_zone)
    return await call.hospital.write(lambda session: _noted(session, command, told, zone))


def _noted(session: Session, command: Command, told: ShelfCountTold, zone: ZoneInfo) -> ShelfCountView:
    found = _open_count(session, command, told)
    seen = [_seen(session, line, zone, index) for index, line in enumerate(told.lines)]
    summed: dict[tuple[str, str, str], int] = {}
    for one in seen:  # the same lot lies in two boxes and is scanned twice
        key = (one.item, one.lot, one.owner)
        summed[key] = summed.get(key, 0) + one.quantity
    if told.is_all:
        for line in found.lines:
            summed.setdefault((line.item, line.lot, line.owner), 0)
    lines = [
        counting.Told(item=item, lot=lot, owner=owner, quantity=quantity)
        for (item, lot, owner), quantity in summed.items()
    ]
    after = counting.count_lines(session, command=command, counting=found.id, told=lines)
    states = [state_of(line, after.tolerance_share) for line in after.lines]
    return ShelfCountView(
        session=after.id,
        noted=len(lines),
        waiting=states.count(LineState.WAITING),
        to_recount=states.count(LineState.RECOUNT),
    )


def _open_count(session: Session, command: Command, told: ShelfCountTold) -> CountSession:
    known = [one for one in list_sessions(session, state=SessionState.OPEN, limit=1000) if one.place == told.place]
    if known:
        return known[0]
    wanted = counting.Wanted(place=told.place, items=tuple(told.items), is_blind=True)
    return counting.open_session(session, command=command, wanted=wanted, may_be_empty=True)


def _seen(session: Session, line: ShelfLineTold, zone: ZoneInfo, index: int) -> counting.Told:
    scan = label_told(line.scan, is_as_printed=line.is_as_printed)
    found = resolve(session, scan=scan, zone=zone, text=line.scan)
    lot = found.the_lot()
    if lot is None and found.item.tracking is not Tracking.NONE:
        problem = FieldProblem(
            field="scan", place=f"lines/{index}", message="The label names no lot.", cure="Scan the label with the lot."
        )
        raise FieldError(problem)
    return counting.Told(item=found.item.id, quantity=line.quantity, lot=lot.id if lot else "", owner=line.owner)
