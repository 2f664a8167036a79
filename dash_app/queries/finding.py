"""Find me one: kinds with how many are free, the nearest device from a place, and what the reader keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from assets.service import custody, finding
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from twin.events.places import PlaceKind
from twin.places.routes import Routes

ROUTES = "person_routes"
"""Name of the service that gives the ways of a person; without it nobody can be told what is near."""

_STARTS = {PlaceKind.WARD, PlaceKind.ROOM, PlaceKind.AREA}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """What the page shows.

    Parameters
    ----------
    free : dict[str, int]
        Free devices by kind.
    found : tuple[finding.FoundDevice, ...]
        The nearest first; empty unless kind and place are chosen.
    kept : tuple[custody.Kept, ...]
        What the reader holds or has reserved.
    knows_ways : bool
        Whether walking times are known at all from the chosen place.
    """

    free: dict[str, int]
    found: tuple[finding.FoundDevice, ...]
    kept: tuple[custody.Kept, ...]
    knows_ways: bool


def finder(port: HospitalPort, *, category: str, start: str, limit: int = 10) -> Finder:
    """Give the nearest free devices of a kind, and what the reader keeps.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    category, start : str
        Kind of device, and id of the place from where one walks; empty if not chosen yet.
    limit : int, optional
        How many devices at most.
    """
    routes = _routes(port)
    knows = routes is not None and routes.knows(start)
    with port.read() as session:
        near: list[finding.FoundDevice] = []
        if category and start and routes is not None and knows:
            search = finding.Search(category=category, start=start, now=port.clock.now(), limit=limit)
            near = finding.find_nearest(session, state=port.state(), routes=routes, search=search)
        return Finder(
            free=finding.free_by_category(session),
            found=tuple(near),
            kept=tuple(custody.kept_by(session, custodian=port.actor().id)),
            knows_ways=knows,
        )


def starts(port: HospitalPort, *, chinese: bool) -> list[dict[str, str]]:
    """Give the places from which somebody may walk, by name; beds are reached through their rooms."""
    state = port.state()
    found = [
        {"value": key, "label": place_name(state, key, chinese=chinese)}
        for key, place in tuple(state.places.items())
        if place.kind in _STARTS and place.purpose not in {"corridor", "lift"}
    ]
    return sorted(found, key=lambda one: (one["label"], one["value"]))


def _routes(port: HospitalPort) -> Routes | None:
    provider = port.services.get(ROUTES)
    return cast(Callable[[], Routes], provider)() if callable(provider) else None
