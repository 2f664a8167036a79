"""What a person says of a place: it exists, it is called so, it lies there, it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from twin.errors import FieldError, FieldProblem, NotFound, Refused
from twin.events.places import PlaceDefined, PlaceKind, PlaceRemoved
from twin.state import views
from twin.state.house_acts import Said
from twin.state.model import VIRTUAL_STOCK_PLACES
from twin.state.tables import Tables

LONGEST_NAME = 200
LOWEST, HIGHEST = -20, 200
"""Storeys; the same bounds as the spreadsheet of places has."""
MOST_CAPACITY = 100_000
FARTHEST_M = 100_000.0
"""A site of 100 km is a slip of the unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceTold:
    """A place as somebody describes it; fields as :class:`twin.events.places.PlaceDefined`.

    Parameters
    ----------
    id : str
        Of a place that is changed, or a new one.
    """

    id: str
    kind: PlaceKind
    name: str
    name_zh: str = ""
    parent: str = ""
    department: str = ""
    purpose: str = ""
    floor: int = 0
    x_m: float = 0.0
    y_m: float = 0.0
    width_m: float = 0.0
    depth_m: float = 0.0
    capacity: int = 1


def define_place(state: Tables, told: PlaceTold, *, said: Said) -> PlaceDefined:
    """Make a place, or change one: what is told replaces all that was told of it.

    Parameters
    ----------
    state : Tables
        The present hospital.
    told : PlaceTold
        The place.
    said : Said
        Who says so.

    Raises
    ------
    FieldError
        With the field that cannot be, such as a parent that lies within the place itself.
    """
    for problem in _problems(state, told):
        raise FieldError(problem)
    return PlaceDefined(
        thing=told.id,
        occurred_at=said.at,
        source=said.source,
        source_key=f"{told.id}:{said.key}",
        actor=said.actor,
        kind=told.kind,
        name=told.name.strip(),
        name_zh=told.name_zh.strip(),
        parent=told.parent,
        department=told.department.strip(),
        purpose=told.purpose.strip(),
        floor=told.floor,
        x_m=told.x_m,
        y_m=told.y_m,
        width_m=told.width_m,
        depth_m=told.depth_m,
        capacity=told.capacity,
    )


def remove_place(state: Tables, place: str, *, said: Said) -> PlaceRemoved:
    """Take a place out of the house; its history stays.

    Parameters
    ----------
    state, place, said
        As for :func:`define_place`; the id of the place.

    Raises
    ------
    NotFound
        If there is no such place.
    Refused
        If something still needs it: places within it, ways, goods, devices at home there, somebody in its bed.
    """
    if place not in state.places:
        raise NotFound("place", place)
    needed_by = next(_uses(state, place), "")
    if needed_by:
        raise Refused(f"{place} is still needed: {needed_by}.", code="refused.place_in_use")
    return PlaceRemoved(
        thing=place, occurred_at=said.at, source=said.source, source_key=f"{place}:{said.key}", actor=said.actor
    )


def _uses(state: Tables, place: str) -> Iterator[str]:
    """Name, one after the other, what would be left without its place."""
    yield from (f"{key} lies in it" for key in sorted(state.index.children.get(place, ())))
    yield from (f"the way {path.thing} leads there" for path in state.paths.values() if place in (path.start, path.end))
    yield from (f"{line.item} lies there" for line in state.stock.values() if line.place == place and line.quantity)
    for asset in state.assets.values():
        if asset.entry is not None and asset.retired is None and asset.entry.home == place:
            yield f"{asset.id} is at home there"
    if views.is_bed(state, place):
        yield from (f"{encounter} is in it or has it reserved" for encounter in views.bed_view(state, place).encounters)
    yield from (f"the reader {key} stands for it" for key, point in state.read_points.items() if point.place == place)


def _problems(state: Tables, told: PlaceTold) -> Iterator[FieldProblem]:
    yield from _name_problems(state, told)
    if not LOWEST <= told.floor <= HIGHEST:
        yield _wrong("floor", f"Expected a storey from {LOWEST} to {HIGHEST}, got {told.floor}.")
    if not 0 <= told.capacity <= MOST_CAPACITY:
        yield _wrong("capacity", f"Expected 0 to {MOST_CAPACITY}, got {told.capacity}.")
    for field in ("x_m", "y_m", "width_m", "depth_m"):
        value = getattr(told, field)
        # A centre may lie west or south of the corner, an extent is never below 0.
        least = 0.0 if field in {"width_m", "depth_m"} else -FARTHEST_M
        if not isfinite(value) or not least <= value <= FARTHEST_M:
            yield _wrong(field, f"Expected metres from {least:g} to {FARTHEST_M:g}, got {value:g}.")


def _name_problems(state: Tables, told: PlaceTold) -> Iterator[FieldProblem]:
    if not told.id or told.id != told.id.strip() or len(told.id) > LONGEST_NAME or not told.id.isprintable():
        yield _wrong("id", "Expected an id without blanks around it.")
    if told.id in VIRTUAL_STOCK_PLACES:
        yield _wrong("id", f"{told.id} names where goods come from or go to outside of the house.")
    if not 1 <= len(told.name.strip()) <= LONGEST_NAME:
        yield _wrong("name", f"Expected a name of 1 to {LONGEST_NAME} characters.")
    if len(told.name_zh.strip()) > LONGEST_NAME:
        yield _wrong("name_zh", f"Expected a name of at most {LONGEST_NAME} characters.")
    if told.parent:
        if told.parent not in state.places:
            yield _wrong("parent", f"There is no place {told.parent}.")
        elif told.id in _chain(state, told.parent):
            yield _wrong("parent", f"{told.parent} lies in {told.id} itself.")


def _chain(state: Tables, place: str) -> set[str]:
    """Give a place and all that contain it; ends also where older data run in a circle."""
    found: set[str] = set()
    while place and place not in found:
        found.add(place)
        held = state.places.get(place)
        place = held.parent if held is not None else ""
    return found


def _wrong(field: str, message: str) -> FieldProblem:
    return FieldProblem(field=field, place=f"/{field}", message=message, cure="Correct it and say it again.")
