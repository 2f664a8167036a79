"""The building as a graph that events change, compiled for queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from twin.events.envelope import Event, precedence
from twin.events.places import PathClosed, PathDefined, PathRemoved, PathReopened, PlaceDefined, PlaceRemoved
from twin.places.movers import DEFAULT_PROFILES, Mover, MoverProfile
from twin.places.routes import CompiledGraph, Routes

P = TypeVar("P", bound=Event)


class Building:
    """Places and paths between them, in whatever order their events arrive.

    The latest definition, removal or closure of each place and path counts, so a closure may come before its path.

    Parameters
    ----------
    profiles : Mapping[Mover, MoverProfile], optional
        How fast each class of mover is, and what it cannot pass.
    """

    def __init__(self, profiles: Mapping[Mover, MoverProfile] = DEFAULT_PROFILES) -> None:
        self.graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
        self.version = 0
        self._profiles = dict(profiles)
        self._place_facts: dict[str, PlaceDefined | PlaceRemoved] = {}
        self._path_facts: dict[str, PathDefined | PathRemoved] = {}
        self._closures: dict[str, PathClosed | PathReopened] = {}
        self._plan: _Plan | None = None
        self._seconds: dict[Mover, NDArray[np.float64]] = {}
        self._routes: dict[Mover, Routes] = {}

    @classmethod
    def from_definitions(
        cls,
        places: Iterable[PlaceDefined],
        paths: Iterable[PathDefined],
        closures: Iterable[PathClosed | PathReopened] = (),
        profiles: Mapping[Mover, MoverProfile] = DEFAULT_PROFILES,
    ) -> Building:
        """Give the building that a live or frozen state describes."""
        building = cls(profiles)
        for events in (places, paths, closures):
            for event in events:
                building.apply(event)
        return building

    def apply(self, event: Event) -> bool:
        """Take in an event about a place or path; tell whether routes may have changed. Others change nothing."""
        if isinstance(event, PlaceDefined | PlaceRemoved):
            is_change = _hold(self._place_facts, event)
            if is_change:
                self._draw_place(event)
        elif isinstance(event, PathDefined | PathRemoved):
            is_change = _hold(self._path_facts, event)
            if is_change:
                self._draw_path(event)
        elif isinstance(event, PathClosed | PathReopened):
            is_change = _hold(self._closures, event)
            if is_change:
                self._change(is_redrawn=False)
        else:
            return False
        return is_change

    def is_closed(self, path: str) -> bool:
        """Tell whether a path is closed now."""
        return isinstance(self._closures.get(path), PathClosed)

    def routes(self, mover: Mover | str = Mover.PERSON) -> Routes:
        """Give the ways of a mover as the building is now; compiled once per change."""
        mover = Mover(mover)
        routes = self._routes.get(mover)
        if routes is None:
            routes = self._routes[mover] = Routes(self._compile(mover), self.version)
        return routes

    def _draw_place(self, event: PlaceDefined | PlaceRemoved) -> None:
        # A removed place takes its node's data with it; paths to it stay known but lead nowhere.
        if isinstance(event, PlaceDefined):
            self.graph.add_node(event.thing, definition=event)
        elif event.thing in self.graph:
            self.graph.nodes[event.thing].clear()
        self._change(is_redrawn=True)

    def _draw_path(self, event: PathDefined | PathRemoved) -> None:
        stale = [edge for edge in self.graph.graph.get(event.thing, ()) if self.graph.has_edge(*edge)]
        self.graph.remove_edges_from(stale)
        self.graph.graph.pop(event.thing, None)
        if isinstance(event, PathDefined):
            edges = [(event.start, event.end, event.thing)]
            if not event.one_way:
                edges.append((event.end, event.start, event.thing))
            for start, end, key in edges:
                self.graph.add_edge(start, end, key, definition=event)
            # kept by path: the edges to take out are then found without a look through the whole graph
            self.graph.graph[event.thing] = edges
        self._change(is_redrawn=True)

    def _change(self, *, is_redrawn: bool) -> None:
        self.version += 1
        self._routes.clear()
        if is_redrawn:
            self._plan = None
            self._seconds.clear()

    def _compile(self, mover: Mover) -> CompiledGraph:
        if self._plan is None:
            self._plan = _Plan(self)
        plan = self._plan
        if mover not in self._seconds:
            profile = self._profiles[mover]
            times = [profile.seconds(path) for path in plan.definitions]
            self._seconds[mover] = np.array([np.inf if time_s is None else time_s for time_s in times], np.float64)
        # closures change often, seconds per path rarely: only the copy is touched
        path_s = self._seconds[mover].copy()
        for path_id, closure in self._closures.items():
            position = plan.position_by_path.get(path_id)
            if position is not None and isinstance(closure, PathClosed):
                path_s[position] = np.inf
        edge_s = path_s[plan.path_by_edge]
        # Edges stand sorted by start, so leaving some out keeps the rows in order.
        is_open = np.isfinite(edge_s)
        starts = plan.starts[is_open]
        indptr = np.zeros(len(plan.names) + 1, np.int32)
        np.cumsum(np.bincount(starts, minlength=len(plan.names)), out=indptr[1:])
        return CompiledGraph(
            names=plan.names,
            node_by_place=plan.node_by_place,
            indptr=indptr,
            indices=plan.ends[is_open],
            seconds=edge_s[is_open],
            path_ids=plan.path_ids,
            path_by_edge=plan.path_by_edge[is_open],
        )


def _hold(table: dict[str, P], event: P) -> bool:
    held = table.get(event.thing)
    if held is None or precedence(event) > precedence(held):
        table[event.thing] = event
        return True
    return False


class _Plan:
    """Nodes and edges as arrays, for all movers; made anew only when places or paths are drawn anew."""

    def __init__(self, building: Building) -> None:
        graph = building.graph
        known = {place for place, data in graph.nodes(data=True) if "definition" in data}
        edges = [(start, end, key) for start, end, key in graph.edges(keys=True) if start in known and end in known]
        self.names = sorted({place for start, end, _ in edges for place in (start, end)})
        node_by_name = {name: node for node, name in enumerate(self.names)}
        self.definitions: list[PathDefined] = []
        self.position_by_path: dict[str, int] = {}
        rows = np.empty((len(edges), 3), np.int32)
        for row, (start, end, key) in enumerate(edges):
            position = self.position_by_path.get(key)
            if position is None:
                position = self.position_by_path[key] = len(self.definitions)
                self.definitions.append(graph.edges[start, end, key]["definition"])
            rows[row] = node_by_name[start], node_by_name[end], position
        # by start, then end, then path: the same building gives the same arrays, whatever the order of events
        rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
        self.starts, self.ends, self.path_by_edge = (np.ascontiguousarray(rows[:, column]) for column in range(3))
        self.path_ids = list(self.position_by_path)
        self.node_by_place = dict(node_by_name)
        for place in known:
            node = self._node_around(place, graph, node_by_name)
            if node is not None:
                self.node_by_place[place] = node

    @staticmethod
    def _node_around(place: str, graph: nx.MultiDiGraph[str], node_by_name: Mapping[str, int]) -> int | None:
        seen: set[str] = set()
        while place and place not in seen:
            if place in node_by_name:
                return node_by_name[place]
            seen.add(place)
            definition = graph.nodes[place].get("definition") if place in graph else None
            place = definition.parent if definition is not None else ""
        return None
