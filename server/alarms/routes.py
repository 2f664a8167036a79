"""Routes of alarms: see, acknowledge, shelve, and what each class means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any

import msgspec

from dash_app.actions.alarms import suspicion_over
from server.alarms.classes import AlarmClass
from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from twin.access import Permission
from twin.clock import MINUTE_US, to_text
from twin.errors import Conflict, NotFound
from twin.events.envelope import Event
from twin.events.watch import AlarmAcknowledged, AlarmShelved, AlarmUnshelved
from twin.state.floods import groups_of, is_flood, root_of
from twin.state.model import Alarm

router = Router("/v1", tag="alarms")

LONGEST_SHELF_MINUTES = 8 * 60


class Shelve(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Put an alarm aside for a while, with the reason."""

    minutes: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_SHELF_MINUTES)]
    reason: Annotated[str, msgspec.Meta(min_length=3, max_length=300, pattern=r"^[^\x00]*$")]


class AlarmState(msgspec.Struct, frozen=True, kw_only=True):
    """Where an alarm stands after what was done to it."""

    id: str
    is_active: bool
    is_acknowledged: bool
    acknowledged_by: str
    shelved_until: str


class GroupShown(msgspec.Struct, frozen=True, kw_only=True):
    """Alarms with one root."""

    root: str
    priority: str
    count: int
    alarms: tuple[str, ...]


class AlarmBoard(msgspec.Struct, frozen=True, kw_only=True):
    """Active alarms that are not shelved, one row each; by their roots while there is a flood."""

    is_flood: bool
    groups: list[GroupShown]


def classes_of(call: Call) -> Mapping[str, AlarmClass]:
    """Give the class data of the hospital that is served; empty where no engine runs."""
    held: Any = call.hospital.services.get("alarm_classes", {})
    classes: Mapping[str, AlarmClass] = held
    return classes


def _state(alarm: Alarm) -> AlarmState:
    return AlarmState(
        id=alarm.id,
        is_active=alarm.is_active,
        is_acknowledged=alarm.is_acknowledged,
        acknowledged_by=alarm.acknowledged_by,
        shelved_until=to_text(alarm.shelved_until) if alarm.shelved_until else "",
    )


async def _act(call: Call, alarm_id: str, event_of: Callable[[], Event]) -> AlarmState:
    with call.hospital.ledger.steady:
        found = call.hospital.live.alarms.get(alarm_id)
        if found is None or not found.alarm_class:
            raise NotFound("alarm", alarm_id)
        if not found.is_active:
            raise Conflict("This alarm is over already.", code="conflict.alarm_over")
    await call.hospital.record([event_of()])
    with call.hospital.ledger.steady:
        return _state(call.hospital.live.alarms[alarm_id])


def _head(call: Call, alarm_id: str) -> dict[str, Any]:
    actor = call.actor.id
    return {
        "thing": alarm_id,
        "occurred_at": call.now,
        "source": f"user:{actor}",
        "source_key": call.hospital.new_id(),
        "actor": actor,
    }


@router.get("/alarm-classes", permission=Permission.ALARMS_READ, gives=dict[str, AlarmClass])
async def list_alarm_classes(call: CallDep) -> dict[str, AlarmClass]:
    """Give what each class of alarms means, what follows, what to do, how soon, and who."""
    return dict(classes_of(call))


@router.get("/alarms", permission=Permission.ALARMS_READ, gives=AlarmBoard)
async def get_alarm_board(call: CallDep) -> AlarmBoard:
    """Give the alarm board; more than ten alarms in ten minutes are shown by what they have in common."""
    state, now = call.hospital.live, call.now

    with call.hospital.ledger.steady:
        active = [state.alarms[key] for key in state.index.active_alarms if not state.alarms[key].shelved_until]
        found = groups_of(active, root_of=partial(root_of, state), now=now)
        flood = is_flood((alarm.raised_at for alarm in active), now)
    rows = [
        GroupShown(root=group.root, priority=group.priority, count=len(group.alarms), alarms=group.alarms)
        for group in found
    ]
    return AlarmBoard(is_flood=flood, groups=rows)


@router.post("/alarms/{alarm_id}/acknowledge", permission=Permission.ALARMS_ACT, gives=AlarmState)
async def acknowledge_alarm(call: CallDep, alarm_id: PathText) -> AlarmState:
    """Say that one has seen an alarm and acts."""
    return await _act(call, alarm_id, lambda: AlarmAcknowledged(**_head(call, alarm_id)))


@router.post("/alarms/{alarm_id}/shelve", permission=Permission.ALARMS_ACT, takes=Shelve, gives=AlarmState)
async def shelve_alarm(call: CallDep, alarm_id: PathText) -> AlarmState:
    """Put an alarm aside for up to eight hours, with a reason; it comes back by itself."""
    told = call.read(Shelve)
    until = call.now + told.minutes * MINUTE_US
    return await _act(call, alarm_id, lambda: AlarmShelved(**_head(call, alarm_id), until=until, reason=told.reason))


@router.post("/alarms/{alarm_id}/unshelve", permission=Permission.ALARMS_ACT, gives=AlarmState)
async def unshelve_alarm(call: CallDep, alarm_id: PathText) -> AlarmState:
    """Take an alarm back from the shelf."""
    return await _act(call, alarm_id, lambda: AlarmUnshelved(**_head(call, alarm_id)))


@router.post("/alarms/{alarm_id}/settle", permission=Permission.ALARMS_ACT, gives=AlarmState)
async def settle_alarm(call: CallDep, alarm_id: PathText) -> AlarmState:
    """Say that a copied tag was looked after and is gone; a new proof raises the alarm again."""
    alarms = call.hospital.live.alarms
    key = call.hospital.new_id()
    return await _act(call, alarm_id, lambda: suspicion_over(alarms[alarm_id], by=call.actor.id, at=call.now, key=key))
