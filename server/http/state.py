"""The present hospital, read: places, assets, beds, encounters, queues, tasks, alarms, stock, gateways."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from heapq import nsmallest
from typing import Annotated, Any, TypeVar

import msgspec
from fastapi import Query
from starlette.requests import Request

from server.doors.context import Call, CallDep, hospital_of
from server.doors.pages import Cursors, CursorText, Limit, PageQuery, PathText, ShortText, Text
from server.doors.queries import read_query
from server.doors.router import Router
from server.http import views as shown
from server.http.views import (
    AlarmShown,
    AssetView,
    BedShown,
    EncounterShown,
    StockShown,
    TaskShown,
)
from twin.access import Permission
from twin.errors import NotFound
from twin.state import views
from twin.state.live import LiveState
from twin.state.model import Asset
from twin.state.reducers.things import is_in_register

router = Router("/v1/state", tag="state")

T = TypeVar("T")
Floor = Annotated[int, Query(ge=-20, le=200)]


class PlaceShown(msgspec.Struct, frozen=True, kw_only=True):
    """A place as defined; metres from the site's south-west corner."""

    id: str
    kind: str
    name: str
    name_zh: str
    parent: str
    department: str
    purpose: str
    floor: int
    x_m: float
    y_m: float
    width_m: float
    depth_m: float
    capacity: int


class PlacePage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of places."""

    places: list[PlaceShown]
    next: str = ""


class AssetPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of assets."""

    assets: list[AssetView]
    next: str = ""


class BedPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of beds."""

    beds: list[BedShown]
    next: str = ""


class EncounterPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of open encounters."""

    encounters: list[EncounterShown]
    next: str = ""


class TaskPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of tasks."""

    tasks: list[TaskShown]
    next: str = ""


class AlarmPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of alarms."""

    alarms: list[AlarmShown]
    next: str = ""


class StockPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of stock lines."""

    lines: list[StockShown]
    next: str = ""


class GatewayShown(msgspec.Struct, frozen=True, kw_only=True):
    """How a gateway or a reader behind it is doing."""

    id: str
    parent: str
    status: str
    detail: str
    since: str


class GatewayList(msgspec.Struct, frozen=True, kw_only=True):
    """All gateways, readers and machine lines."""

    gateways: list[GatewayShown]


class StateSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything there is, as of a position of the ledger."""

    sequence: int
    at: str
    assets: int
    places: int
    beds: int
    open_encounters: int
    open_tasks: int
    active_alarms: int
    low_stock: int


class SortedKeys:
    """Keys of a growing table in order, sorted again only after it grew."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[int, int, list[Any]]] = {}

    def after(self, name: str, table: Mapping[Any, object], last: Any) -> Iterator[Any]:
        """Give the keys after one, in order.

        Parameters
        ----------
        name : str
            Name of the table.
        table : Mapping
            Nothing is ever taken out of it.
        last : object
            Key of the last row of the page before, None for the first page.
        """
        known = self._keys.get(name)
        if known is None or known[0] != id(table) or known[1] != len(table):
            known = self._keys[name] = (id(table), len(table), sorted(table))
        keys = known[2]
        start = bisect_right(keys, last) if last is not None else 0
        return map(keys.__getitem__, range(start, len(keys)))


def _sorted(call: Call) -> SortedKeys:
    held = call.hospital.services.get("sorted_keys")
    if not isinstance(held, SortedKeys):
        held = call.hospital.services["sorted_keys"] = SortedKeys()
    return held


def _page(found: Iterable[T], limit: int, show: Callable[[Any], Any]) -> tuple[list[Any], T | None]:
    """Show up to ``limit`` things; give them and the last one if more follow."""
    rows: list[Any] = []
    last: T | None = None
    for one in found:
        # one more exists, so there is a next page; it is shown there
        if len(rows) == limit:
            return rows, last
        rows.append(show(one))
        last = one
    return rows, None


def _last_id(cursors: Cursors, scope: str, cursor: str) -> Any:
    key = cursors.read(scope, cursor)
    if key is None:
        return None
    return key[0] if len(key) == 1 else tuple(key)


@router.get("", permission=Permission.OVERVIEW_READ, gives=StateSummary)
async def get_state_summary(call: CallDep) -> StateSummary:
    """Count what there is now."""
    state = call.hospital.live
    with call.hospital.ledger.steady:
        return StateSummary(
            sequence=state.sequence,
            at=shown.instant(call.now),
            assets=len(state.assets),
            places=len(state.places),
            beds=sum(views.is_bed(state, place) for place in state.places),
            open_encounters=sum(one.is_open for one in state.encounters.values()),
            open_tasks=len(state.index.open_tasks),
            active_alarms=len(state.index.active_alarms),
            low_stock=len(state.index.low_stock),
        )


@router.get("/places", permission=Permission.PLACES_READ, gives=PlacePage)
async def list_places(
    call: CallDep, kind: Text = "", floor: Floor | None = None, limit: Limit = 50, cursor: CursorText = ""
) -> PlacePage:
    """List places by id."""
    scope = f"places|{kind}|{floor}"
    state = call.hospital.live
    with call.hospital.ledger.steady:
        last = _last_id(call.cursors, scope, cursor)
        keys = [key for key in sorted(state.places) if last is None or key > last]
        found = (
            state.places[key]
            for key in keys
            if (not kind or state.places[key].kind == kind) and (floor is None or state.places[key].floor == floor)
        )
        rows, end = _page(found, limit, _place_shown)
    return PlacePage(places=rows, next=call.cursors.write(scope, [end.thing]) if end else "")


def _place_shown(one: Any) -> PlaceShown:
    return PlaceShown(
        id=one.thing,
        kind=one.kind.value,
        name=one.name,
        name_zh=one.name_zh,
        parent=one.parent,
        department=one.department,
        purpose=one.purpose,
        floor=one.floor,
        x_m=one.x_m,
        y_m=one.y_m,
        width_m=one.width_m,
        depth_m=one.depth_m,
        capacity=one.capacity,
    )


def _fits(state: LiveState, asset: Asset, *, category: str, inside: frozenset[str], q: str) -> bool:
    if not is_in_register(asset) or asset.entry is None:
        return False
    entry = asset.entry
    if category and entry.category != category:
        return False
    if inside:
        slot = state.index.asset_slot.get(asset.id)
        if slot is None or slot[1] not in inside:
            return False
    if q:
        told = f"{asset.id}\n{entry.name}\n{entry.serial}\n{entry.gtin}\n{entry.model}".casefold()
        return q in told
    return True


class AssetQuery(PageQuery, frozen=True, kw_only=True):
    """Which assets; ``place`` counts all inside it, ``q`` looks in name, model, serial number and GTIN."""

    category: ShortText = ""
    place: ShortText = ""
    q: ShortText = ""


@router.get("/assets", permission=Permission.DEVICES_READ, raw=True, query=AssetQuery, gives=AssetPage)
async def list_assets(request: Request) -> AssetPage:
    """List assets by id, each with its believed position, its age and confidence; ``place`` counts all inside it."""
    call = Call(request, hospital_of(request))
    query = read_query(request.scope, AssetQuery)
    scope = f"assets|{query.category}|{query.place}|{query.q}"
    state, now = call.hospital.live, call.now
    cursors = call.cursors
    last = _last_id(cursors, scope, query.cursor)
    with call.hospital.ledger.steady:
        table = state.assets
        keys = _sorted(call).after("assets", table, last)
        if query.category or query.place or query.q:
            fits = _filter(state, query)
            found = (table[key] for key in keys if fits(table[key]))
        else:
            found = (asset for asset in map(table.__getitem__, keys) if is_in_register(asset))
        rows, end = _page(found, query.limit, partial(shown.asset_view, state, now=now))
    return AssetPage(assets=rows, next=cursors.write(scope, [end.id]) if end else "")


def _filter(state: LiveState, query: AssetQuery) -> Callable[[Asset], bool]:
    inside = frozenset(state.inside(query.place)) if query.place else frozenset()
    text = query.q.casefold()
    return lambda asset: _fits(state, asset, category=query.category, inside=inside, q=text)


@router.get("/assets/{asset_id}", permission=Permission.DEVICES_READ, gives=AssetView)
async def get_asset(call: CallDep, asset_id: PathText) -> AssetView:
    """Give one asset with its believed position, its age and confidence."""
    with call.hospital.ledger.steady:
        asset = call.hospital.live.assets.get(asset_id)
        if asset is None or not is_in_register(asset):
            raise NotFound("asset", asset_id)
        return shown.asset_view(call.hospital.live, asset, call.now)


@router.get("/beds", permission=Permission.OVERVIEW_READ, gives=BedPage)
async def list_beds(call: CallDep, ward: Text = "", limit: Limit = 200, cursor: CursorText = "") -> BedPage:
    """List beds by id: occupancy, readiness, service."""
    scope = f"beds|{ward}"
    state = call.hospital.live
    last = _last_id(call.cursors, scope, cursor)
    with call.hospital.ledger.steady:
        inside = set(state.inside(ward)) if ward else None
        keys = (
            key
            for key in sorted(state.places)
            if (last is None or key > last) and (inside is None or key in inside) and views.is_bed(state, key)
        )
        rows, end = _page(keys, limit, lambda key: shown.bed_shown(state, key))
    return BedPage(beds=rows, next=call.cursors.write(scope, [end]) if end else "")


@router.get("/encounters", permission=Permission.ENCOUNTERS_READ, gives=EncounterPage)
async def list_encounters(call: CallDep, limit: Limit = 50, cursor: CursorText = "") -> EncounterPage:
    """List open encounters by pseudonym."""
    state = call.hospital.live
    last = _last_id(call.cursors, "encounters", cursor)
    with call.hospital.ledger.steady:
        # not by SortedKeys: who was discharged weeks ago leaves this table
        found = (one for one in state.encounters.values() if one.is_open and (last is None or one.id > last))
        nearest = nsmallest(limit + 1, found, key=lambda one: one.id)
        rows, end = _page(nearest, limit, shown.encounter_shown)
    return EncounterPage(encounters=rows, next=call.cursors.write("encounters", [end.id]) if end else "")


@router.get("/encounters/{encounter_id}", permission=Permission.ENCOUNTERS_READ, gives=EncounterShown)
async def get_encounter(call: CallDep, encounter_id: PathText) -> EncounterShown:
    """Give one encounter, by pseudonym."""
    with call.hospital.ledger.steady:
        found = call.hospital.live.encounters.get(encounter_id)
        if found is None:
            raise NotFound("encounter", encounter_id)
        return shown.encounter_shown(found)


@router.get("/tasks", permission=Permission.TASKS_READ, gives=TaskPage)
async def list_tasks(call: CallDep, assignee: Text = "", limit: Limit = 50, cursor: CursorText = "") -> TaskPage:
    """List open tasks: due first, then by priority."""
    scope = f"tasks|{assignee}"
    state = call.hospital.live
    last = _last_id(call.cursors, scope, cursor)
    with call.hospital.ledger.steady:
        keyed = sorted(
            (one.due_at or 2**62, one.priority, one.id)
            for one in (state.tasks[key] for key in state.index.open_tasks)
            if not assignee or one.assignee == assignee
        )
        found = (key for key in keyed if last is None or key > last)
        rows, end = _page(found, limit, lambda key: shown.task_shown(state.tasks[key[2]]))
    return TaskPage(tasks=rows, next=call.cursors.write(scope, list(end)) if end else "")


@router.get("/tasks/{task_id}", permission=Permission.TASKS_READ, gives=TaskShown)
async def get_task(call: CallDep, task_id: PathText) -> TaskShown:
    """Give one task."""
    with call.hospital.ledger.steady:
        found = call.hospital.live.tasks.get(task_id)
        if found is None:
            raise NotFound("task", task_id)
        return shown.task_shown(found)


@router.get("/alarms", permission=Permission.ALARMS_READ, gives=AlarmPage)
async def list_alarms(call: CallDep, limit: Limit = 50, cursor: CursorText = "") -> AlarmPage:
    """List active alarms: by priority, newest first."""
    state = call.hospital.live
    last = _last_id(call.cursors, "alarms", cursor)
    with call.hospital.ledger.steady:
        active = (state.alarms[key] for key in state.index.active_alarms)
        keyed = sorted((one.priority.value, -one.raised_at, one.id) for one in active)
        found = (key for key in keyed if last is None or key > last)
        rows, end = _page(found, limit, lambda key: shown.alarm_shown(state.alarms[key[2]]))
    return AlarmPage(alarms=rows, next=call.cursors.write("alarms", list(end)) if end else "")


@router.get("/stock", permission=Permission.STOCK_READ, gives=StockPage)
async def list_stock(
    call: CallDep, place: Text = "", item: Text = "", low_only: bool = False, limit: Limit = 50, cursor: CursorText = ""
) -> StockPage:
    """List what places hold, by place and item; ``low_only`` shows lines at or below their reorder point."""
    scope = f"stock|{place}|{item}|{low_only}"
    state = call.hospital.live
    last = _last_id(call.cursors, scope, cursor)
    with call.hospital.ledger.steady:
        if low_only:
            keys: Iterable[Any] = [key for key in sorted(state.index.low_stock) if last is None or key > last]
        else:
            keys = _sorted(call).after("stock", state.stock, last)
        found = (state.stock[key] for key in keys if (not place or key[0] == place) and (not item or key[1] == item))
        rows, end = _page(found, limit, shown.stock_shown)
    return StockPage(lines=rows, next=call.cursors.write(scope, [end.place, end.item]) if end else "")


@router.get("/gateways", permission=Permission.GATEWAYS_READ, gives=GatewayList)
async def list_gateways(call: CallDep) -> GatewayList:
    """List gateways and what hangs on them, with their health."""
    with call.hospital.ledger.steady:
        rows = [
            GatewayShown(
                id=one.thing,
                parent=one.parent,
                status=one.status.value,
                detail=one.detail,
                since=shown.instant(one.occurred_at),
            )
            for one in sorted(call.hospital.live.gateways.values(), key=lambda one: one.thing)
        ]
    return GatewayList(gateways=rows)
