"""Ways between places as a pathway document tells them: the corridor graph itself, or seconds found in one before."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from simulation.model.problems import PathwayError
from simulation.model.reading import Document, Entry, TravelTime
from twin.events.places import PathDefined, PathKind, PlaceDefined, PlaceKind
from twin.places.building import Building
from twin.places.movers import Mover
from twin.places.routes import Routes

CORRIDORS, TRAVEL = "corridors", "travel"
_SECOND_US = 1e6


def travel_of(top: Entry) -> TravelTime | None:
    """Give the way finder of a document; None if it tells nothing of any building.

    Parameters
    ----------
    top : Entry
        The document. ``corridors`` is a list of ``{from, to, length_m, kind, width_m, floors, one_way}``, from which
        shortest ways are found for each mover; ``travel.MOVER.FROM.TO`` is a duration and goes before it.

    Raises
    ------
    PathwayError
        If an entry cannot be read.
    """
    told = _told(top)
    corridors = [_path(number, entry) for number, entry in enumerate(top.tables(CORRIDORS))]
    if not told and not corridors:
        return None
    names = sorted({place for path in corridors for place in (path.start, path.end)})
    building = Building.from_definitions(map(_place, names), corridors)
    routes: dict[str, Routes] = {}

    def seconds(start: str, end: str, mover: str) -> float:
        known = told.get((mover, start, end))
        if known is not None:
            return known
        if mover not in routes:
            routes[mover] = building.routes(Mover(mover))
        found = routes[mover]
        return found.seconds(start, end) if found.knows(start) and found.knows(end) else math.inf

    return seconds


def _told(top: Entry) -> dict[tuple[str, str, str], float]:
    found: dict[tuple[str, str, str], float] = {}
    for mover, by_start in top.items(TRAVEL):
        if mover not in {one.value for one in Mover}:
            known = ", ".join(one.value for one in Mover)
            raise PathwayError(by_start.place, f"Unknown mover {mover!r}.", f"Use one of {known}.")
        for start in by_start.values:
            ends = by_start.table(start)
            for end in ends.values:
                found[mover, start, end] = ends.duration_us(end) / _SECOND_US
    return found


def _place(name: str) -> PlaceDefined:
    return PlaceDefined(thing=name, occurred_at=0, source="pathway", source_key=name, kind=PlaceKind.ROOM, name=name)


def _path(number: int, entry: Entry) -> PathDefined:
    kind = entry.text("kind", PathKind.CORRIDOR.value)
    if kind not in {one.value for one in PathKind}:
        known = ", ".join(one.value for one in PathKind)
        raise PathwayError(entry.at("kind"), f"Unknown kind {kind!r}.", f"Use one of {known}.")
    length_m, width_m = entry.number("length_m", 0.0), entry.number("width_m", 2.0)
    for key, value in (("length_m", length_m), ("width_m", width_m)):
        if not 0 <= value < 1e6:
            raise PathwayError(entry.at(key), f"Expected metres of at least 0, got {value}.", "Mend it.")
    path = PathDefined(
        thing=f"{CORRIDORS}.{number}",
        occurred_at=0,
        source="pathway",
        source_key=str(number),
        start=entry.text("from"),
        end=entry.text("to"),
        kind=PathKind(kind),
        length_m=length_m,
        width_m=width_m,
        floors=entry.whole("floors", 0),
        one_way=entry.flag("one_way"),
    )
    entry.check_all_read()
    return path


def places_named(document: Document) -> set[tuple[str, str, str]]:
    """Give mover, start and end of every transport of a document that needs a way found.

    Parameters
    ----------
    document : Document
        Pathway document, checked or not.
    """
    nodes = document.get("nodes", {})
    found = set()
    for node in nodes.values() if isinstance(nodes, Mapping) else ():
        if isinstance(node, Mapping) and node.get("do") == "transport" and "duration" not in node:
            start, end = str(node.get("from", "")), str(node.get("to", ""))
            found.add((str(node.get("mover", "bed")), start, end))
            if node.get("back") is True:
                found.add((Mover.PERSON.value, end, start))
    return found


def with_travel(
    document: Document, building: Building, wanted: Iterable[tuple[str, str, str]] | None = None
) -> dict[str, object]:
    """Give a document that holds the seconds of every way which its transports need, so that it needs no building.

    Parameters
    ----------
    document : Document
        Pathway document; what it tells of ways itself stays.
    building : Building
        With its present closures. A place that it does not know is left to the document, or to an error.
    wanted : Iterable[tuple[str, str, str]], optional
        Mover, start and end of further ways, such as those of scenarios that change it.
    """
    made: dict[str, dict[str, dict[str, object]]] = {}
    told = document.get(TRAVEL, {})
    if isinstance(told, Mapping):
        for mover, starts in told.items():
            if not isinstance(starts, Mapping) or not all(isinstance(ends, Mapping) for ends in starts.values()):
                return dict(document)  # reading it names the fault
            made[str(mover)] = {str(start): dict(ends) for start, ends in starts.items()}
    for mover, start, end in sorted({*places_named(document), *(wanted or ())}):
        if mover not in {one.value for one in Mover} or end in made.get(mover, {}).get(start, {}):
            continue
        routes = building.routes(Mover(mover))
        if routes.knows(start) and routes.knows(end):
            seconds = routes.seconds(start, end)
            if math.isfinite(seconds):
                made.setdefault(mover, {}).setdefault(start, {})[end] = f"{seconds:.3f} s"
    return {**document, TRAVEL: made} if made else dict(document)
