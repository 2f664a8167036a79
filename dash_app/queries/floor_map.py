"""What stands where on a floor, with the age and the confidence of each position."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass

from dash_app.queries import alarms
from dash_app.queries.names import place_name
from twin.clock import SECOND_US
from twin.events.places import PlaceKind
from twin.events.watch import AlarmPriority
from twin.state import views
from twin.state.live import LiveState

DRAWN_KINDS = frozenset(
    {PlaceKind.WARD, PlaceKind.ROOM, PlaceKind.CORRIDOR, PlaceKind.AREA, PlaceKind.BED, PlaceKind.PORTAL}
)
GATHER_FROM = 12
"""So many marks without an alarm in one room are drawn as one with their number: more are a blot that nobody reads."""

_SPREAD = 0.8
"""Share of a room's extent over which the marks in it are spread, so that none stands on a wall."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceShape:
    """A place on the plan; metres."""

    id: str
    name: str
    kind: PlaceKind
    floor: int
    x_m: float
    y_m: float
    width_m: float
    depth_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where an asset probably is.

    Parameters
    ----------
    asset, name, category : str
        What it is.
    place, place_name : str
        Where; empty if nothing is known.
    floor : int
        Storey of the place.
    seen_at : int
        When somebody last said so, UTC microseconds; 0 for never.
    confidence : float
        Probability that it is there, 0 to 1.
    basis : str
        ``observed``, ``assigned``, ``home`` or ``unknown``.
    is_lost : bool
        Whether its tag is not seen any more though the readers work.
    priority : AlarmPriority or None
        Most urgent alarm about it.
    u, v : float
        Where in the room its mark stands, as shares of the extent from the centre; the same for every room.
    tags : tuple[str, ...]
        Tags fixed to it.
    """

    asset: str
    name: str
    category: str
    place: str
    place_name: str
    floor: int
    seen_at: int
    confidence: float
    basis: str
    is_lost: bool
    priority: AlarmPriority | None
    u: float
    v: float
    tags: tuple[str, ...]


def spot(asset_id: str) -> tuple[float, float]:
    """Give where in any room an asset's mark stands: scattered, but always the same.

    Returns
    -------
    tuple[float, float]
        Each from -0.4 to 0.4.
    """
    # Not hash(): that one differs from process to process, and marks would jump with every start.
    scattered = zlib.crc32(asset_id.encode())
    return ((scattered & 0xFFFF) / 0xFFFF - 0.5) * _SPREAD, ((scattered >> 16) / 0xFFFF - 0.5) * _SPREAD


def floors(state: LiveState) -> list[int]:
    """Give the storeys that have something to draw, lowest first."""
    return sorted({place.floor for place in tuple(state.places.values()) if place.kind in DRAWN_KINDS})


def shapes(state: LiveState, *, chinese: bool = False) -> list[PlaceShape]:
    """Give every place that can be drawn, the large ones first so that rooms lie on their wards."""
    found = [
        PlaceShape(
            id=place.thing,
            name=place_name(state, place.thing, chinese=chinese),
            kind=place.kind,
            floor=place.floor,
            x_m=place.x_m,
            y_m=place.y_m,
            width_m=place.width_m,
            depth_m=place.depth_m,
        )
        for place in tuple(state.places.values())
        if place.kind in DRAWN_KINDS
    ]
    return sorted(found, key=lambda shape: (-shape.width_m * shape.depth_m, shape.id))


def position(state: LiveState, asset_id: str, now: int, *, chinese: bool = False) -> Position:
    """Give where one asset probably is.

    Parameters
    ----------
    state : LiveState
        The hospital.
    asset_id : str
        Id of an asset; an unknown one has no place.
    now : int
        UTC microseconds.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    """
    return _position(state, asset_id, now, alarms.subjects(state, now), chinese=chinese)


def _position(
    state: LiveState, asset_id: str, now: int, urgent: dict[str, AlarmPriority], *, chinese: bool
) -> Position:
    asset = state.assets.get(asset_id)
    entry = asset.entry if asset is not None else None
    believed = views.believed_location(state, asset_id, now)
    place = state.places.get(believed.place)
    u, v = spot(asset_id)
    is_told = believed.basis is not views.Basis.UNKNOWN and believed.basis is not views.Basis.HOME
    return Position(
        asset=asset_id,
        name=entry.name if entry is not None else asset_id,
        category=entry.category if entry is not None else "",
        place=believed.place,
        place_name=place_name(state, believed.place, chinese=chinese),
        floor=place.floor if place is not None else 0,
        seen_at=now - int(believed.age_s * SECOND_US) if is_told else 0,
        confidence=believed.confidence,
        basis=believed.basis.value,
        is_lost=believed.is_lost,
        priority=urgent.get(asset_id),
        u=u,
        v=v,
        tags=views.tags_of(state, asset_id, now),
    )


def positions(state: LiveState, now: int, *, chinese: bool = False) -> list[Position]:
    """Give where every registered asset probably is, by name."""
    urgent = alarms.subjects(state, now)
    found = [
        _position(state, key, now, urgent, chinese=chinese)
        for key, asset in tuple(state.assets.items())
        if asset.entry is not None and asset.retired is None
    ]
    return sorted(found, key=lambda entry: (entry.name, entry.asset))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A room with more things than can be drawn one by one, and how many of them have no alarm."""

    place: str
    place_name: str
    count: int


def gather(found: list[Position], *, opened: str = "") -> tuple[list[Position], list[Gathered]]:
    """Part positions into those drawn one by one and rooms that are drawn as a number.

    Parameters
    ----------
    found : list[Position]
        On one floor, as from :func:`positions`.
    opened : str, optional
        Id of a room whose marks are wanted one by one all the same.

    Returns
    -------
    tuple[list[Position], list[Gathered]]
        Whatever has an alarm stays a mark of its own, so that no number hides it.
    """
    calm = Counter(entry.place for entry in found if entry.priority is None)
    crowded = {place for place, count in calm.items() if count >= GATHER_FROM and place != opened}
    alone = [entry for entry in found if entry.priority is not None or entry.place not in crowded]
    names = {entry.place: entry.place_name for entry in found if entry.place in crowded}
    rooms = [Gathered(place=place, place_name=names[place], count=calm[place]) for place in sorted(crowded)]
    return alone, rooms


def browser_model(
    places: list[PlaceShape],
    found: list[Position],
    *,
    floor: int,
    category: str,
    alarm_subjects: dict[str, str],
    opened: str = "",
) -> dict[str, object]:
    """Give what ``static/live.js`` needs to move the marks itself.

    Parameters
    ----------
    places : list[PlaceShape]
        As from :func:`shapes`.
    found : list[Position]
        As from :func:`positions`.
    floor : int
        Storey shown.
    category : str
        Category shown; empty for all.
    alarm_subjects : dict[str, str]
        Subject by alarm id, for the active alarms.
    opened : str, optional
        Id of the room whose marks are shown one by one.
    """
    return {
        "floor": floor,
        "gatherFrom": GATHER_FROM,
        "opened": opened,
        "category": category,
        "places": {
            shape.id: {
                "name": shape.name,
                "floor": shape.floor,
                "x": shape.x_m,
                "y": shape.y_m,
                "width": shape.width_m,
                "depth": shape.depth_m,
            }
            for shape in places
        },
        "assets": {
            entry.asset: {
                "name": entry.name,
                "category": entry.category,
                "place": entry.place,
                "seen": entry.seen_at,
                "u": round(entry.u, 4),
                "v": round(entry.v, 4),
            }
            for entry in found
        },
        "tags": {tag: entry.asset for entry in found for tag in entry.tags},
        "alarms": {entry.asset: entry.priority.value for entry in found if entry.priority is not None},
        "alarmSubjects": alarm_subjects,
    }
