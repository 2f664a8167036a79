"""What a handheld takes along: the open tasks' items with their packages, lots to take and lots that are stopped."""

from __future__ import annotations

import msgspec

from inventory.model.places import is_carrier
from inventory.service.knowledge import CAREFUL_KINDS, LIST_LASTS_S, knowledge_for
from inventory.tables.driver import Driver
from inventory.tables.reviewing import usable_at
from inventory.tables.shelves import filled_places, planned_shelves
from scheduling.tables.tasks import list_tasks
from server.doors.context import Call, CallDep
from server.doors.pages import Text
from server.doors.router import Router
from server.http.task_bodies import PortionView
from server.http.tasks import portions_of, tasks_of
from server.walking import walking_seconds
from twin.access import Permission
from twin.clock import to_text
from twin.events.places import PlaceKind
from twin.events.work import TaskKind

router = Router("/v1/handheld", tag="tasks")

_MOST_TASKS = 200
_MOST_PLACES = 20


class PackageTold(msgspec.Struct, frozen=True, kw_only=True):
    """A packaging level of an item."""

    gtin: str
    level: str
    quantity: int


class ItemTold(msgspec.Struct, frozen=True, kw_only=True):
    """An item that an open task is about; ``is_careful`` for drugs and implants."""

    id: str
    code: str
    name: str
    base_unit: str
    is_careful: bool
    packages: list[PackageTold]


class StoppedTold(msgspec.Struct, frozen=True, kw_only=True):
    """A lot that must not be handed out; ``lot`` is folded, ``expires_at`` empty if none is printed."""

    item: str
    lot: str
    expires_at: str
    reason: str


class SubstituteTold(msgspec.Struct, frozen=True, kw_only=True):
    """An approved stand-in: ``numerator`` of its base units replace ``denominator`` of the item's."""

    item: str
    stand_in: str
    numerator: int
    denominator: int
    approved_by: str


class PortionsTold(msgspec.Struct, frozen=True, kw_only=True):
    """The lots to take for a task, first to expire first, and how much is missing."""

    portions: list[PortionView]
    short: int


class KnowledgeView(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, as of an instant; ``lasts_s`` is how long it is good for drugs and implants.

    ``may_move`` tells whether this person takes goods in and counts shelves; ``shelves`` are the places to choose from.
    """

    at: str
    may_move: bool
    lasts_s: int
    items: list[ItemTold]
    stopped: list[StoppedTold]
    substitutes: list[SubstituteTold]
    portions: dict[str, PortionsTold]
    shelves: list[str] = []


class NearestPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place that has something of an item; ``seconds`` walking, null if nobody knows the way."""

    place: str
    free: int
    seconds: int | None


class NearestView(msgspec.Struct, frozen=True, kw_only=True):
    """Places with free stock of an item, the nearest first."""

    places: list[NearestPlace]


@router.get("/knowledge", permission=Permission.TASKS_READ, gives=KnowledgeView)
def read_knowledge(call: CallDep) -> KnowledgeView:
    """Give what a handheld needs to work without a network."""
    with call.hospital.read() as session:
        tasks = [
            *tasks_of(session, call.actor, limit=_MOST_TASKS),
            *list_tasks(session, assignee="", limit=_MOST_TASKS),
        ]
        restocks = [task for task in tasks if task.kind is TaskKind.RESTOCK]
        known = knowledge_for(session, items=(task.subject_id for task in restocks), now=call.now)
        portions = {}
        for task in restocks:
            found, short = portions_of(session, task, call.now)
            portions[task.id] = PortionsTold(portions=found, short=short)
        planned, filled = planned_shelves(Driver(session)), filled_places(Driver(session))
    return KnowledgeView(
        at=to_text(call.now),
        may_move=call.actor.may(Permission.STOCK_MOVE),
        lasts_s=LIST_LASTS_S,
        items=[
            ItemTold(
                id=item.id,
                code=item.code,
                name=item.name,
                base_unit=item.base_unit,
                is_careful=item.kind in CAREFUL_KINDS,
                packages=[
                    PackageTold(gtin=each.gtin, level=each.level, quantity=each.quantity)
                    for each in known.packages
                    if each.item == item.id
                ],
            )
            for item in known.items
        ],
        stopped=[
            StoppedTold(
                item=lot.item,
                lot=lot.number,
                expires_at=to_text(lot.expires_at) if lot.expires_at else "",
                reason=lot.reason,
            )
            for lot in known.stopped
        ],
        substitutes=[
            SubstituteTold(**{name: getattr(pair, name) for name in SubstituteTold.__struct_fields__})
            for pair in known.substitutes
        ],
        portions=portions,
        shelves=_shelves(call, planned, filled),
    )


_NO_SHELVES = frozenset({PlaceKind.BED, PlaceKind.CORRIDOR, PlaceKind.PORTAL, PlaceKind.ROAD, PlaceKind.VEHICLE})
"""Places where goods may be found, but which nobody chooses as a shelf unless it was made one."""


def _shelves(call: Call, planned: set[str], filled: set[str]) -> list[str]:
    known = call.hospital.live.places
    stray = {place for place in filled if place in known and known[place].kind in _NO_SHELVES}
    return sorted(place for place in planned | (filled - stray) if not known or place in known)


@router.get("/nearest", permission=Permission.STOCK_READ, gives=NearestView)
def find_nearest(call: CallDep, item: Text, place: Text = "") -> NearestView:
    """Find where else an item lies that may be handed out, the nearest place first."""
    with call.hospital.read() as session:
        usable = usable_at(Driver(session), item=item, now=call.now)
    # what is on somebody's cart is promised to their task, whatever the books say of it
    free = {name: count for name, count in usable.items() if count > 0 and name != place and not is_carrier(name)}
    seconds = walking_seconds(call.hospital)
    ordered = sorted((seconds(place, name) if place else float("inf"), name) for name in free)
    return NearestView(
        places=[
            NearestPlace(place=name, free=free[name], seconds=None if way == float("inf") else round(way))
            for way, name in ordered[:_MOST_PLACES]
        ]
    )
