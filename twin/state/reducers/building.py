"""Places, paths, closures, staff, read points, plans: definitions of which the latest is in force."""

from __future__ import annotations

from typing import TypeVar

from twin.events.envelope import Event
from twin.events.places import (
    PathClosed,
    PathDefined,
    PathRemoved,
    PathReopened,
    PlaceDefined,
    PlaceKind,
    PlaceRemoved,
)
from twin.events.watch import GatewayHealthChanged, ReadPointDefined, ReadPointRemoved
from twin.events.work import PlanPublished, StaffDefined, StaffRemoved
from twin.state.claims import hold, is_newer
from twin.state.model import Bed
from twin.state.tables import Tables, plan_key

D = TypeVar("D", bound=Event)


def _define(tables: Tables, table: dict[str, D], event: D) -> bool:
    # a definition that arrives after the removal but is older must not bring it back
    removed = tables.removed.get((event.subject, event.thing))
    if not is_newer(event, removed) or not is_newer(event, table.get(event.thing)):
        return False
    tables.removed.pop((event.subject, event.thing), None)
    table[event.thing] = event
    return True


def _remove(tables: Tables, table: dict[str, D], event: Event) -> bool:
    if not is_newer(event, table.get(event.thing)):
        return False
    if not hold(tables.removed, (event.subject, event.thing), event):
        return False
    table.pop(event.thing, None)
    return True


def place_defined(tables: Tables, event: PlaceDefined) -> None:
    """Keep a place and its parent's list of children."""
    before = tables.places.get(event.thing)
    if not _define(tables, tables.places, event):
        return
    children = tables.index.children
    if before is not None and before.parent != event.parent:
        children[before.parent].discard(event.thing)
    children[event.parent].add(event.thing)
    if event.kind is PlaceKind.BED:
        # facts of a bed may come before the bed itself
        tables.beds.setdefault(event.thing, Bed(id=event.thing))
    else:
        _forget_silent_bed(tables, event.thing)


def place_removed(tables: Tables, event: PlaceRemoved) -> None:
    """Take a place out; a bed of which facts are known stays as a record."""
    before = tables.places.get(event.thing)
    if _remove(tables, tables.places, event):
        if before is not None:
            tables.index.children[before.parent].discard(event.thing)
        _forget_silent_bed(tables, event.thing)


def _forget_silent_bed(tables: Tables, place: str) -> None:
    bed = tables.beds.get(place)
    if bed is not None and bed.readiness is None and bed.service is None:
        del tables.beds[place]


def path_defined(tables: Tables, event: PathDefined) -> None:
    """Keep a path."""
    _define(tables, tables.paths, event)


def path_removed(tables: Tables, event: PathRemoved) -> None:
    """Take a path out."""
    _remove(tables, tables.paths, event)


def path_closure(tables: Tables, event: PathClosed | PathReopened) -> None:
    """Keep the latest word on whether a path is closed."""
    hold(tables.closures, event.thing, event)


def staff_defined(tables: Tables, event: StaffDefined) -> None:
    """Keep a member of staff."""
    _define(tables, tables.staff, event)


def staff_removed(tables: Tables, event: StaffRemoved) -> None:
    """Take a member of staff out."""
    _remove(tables, tables.staff, event)


def read_point_defined(tables: Tables, event: ReadPointDefined) -> None:
    """Keep what an antenna stands for."""
    _define(tables, tables.read_points, event)


def read_point_removed(tables: Tables, event: ReadPointRemoved) -> None:
    """Take an antenna's place out."""
    _remove(tables, tables.read_points, event)


def gateway_health(tables: Tables, event: GatewayHealthChanged) -> None:
    """Keep the latest word on a gateway."""
    hold(tables.gateways, event.thing, event)


def plan_published(tables: Tables, event: PlanPublished) -> None:
    """Keep the latest plan of a kind and place; it replaces the one before."""
    hold(tables.plans, plan_key(event), event)
