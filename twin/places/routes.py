"""Ways through the house for one class of mover: seconds, paths, what is nearest, what is in reach."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import NotFound
from twin.places.searching import settle

_FIRST_BATCH = 8
_KEPT_WANTED = 128


@dataclass(frozen=True, slots=True)
class Reached:
    """A place and the seconds to it."""

    place: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Route:
    """A shortest way.

    Parameters
    ----------
    places : tuple[str, ...]
        Places passed, the first and the last included.
    paths : tuple[str, ...]
        Paths walked, one fewer than places.
    seconds : float
        How long it takes.
    """

    places: tuple[str, ...]
    paths: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledGraph:
    """The graph of one mover in compressed sparse rows.

    Parameters
    ----------
    names : Sequence[str]
        Ids of the places that are nodes, sorted; a node is an index into it.
    node_by_place : Mapping[str, int]
        Node of every place, also of places inside a node such as a bin on a shelf.
    indptr, indices, seconds : numpy.ndarray
        Shapes (n + 1,), (m,), (m,).
    path_ids : Sequence[str]
        Ids of all paths.
    path_by_edge : numpy.ndarray
        Index into ``path_ids`` of each edge, shape (m,).
    """

    names: Sequence[str]
    node_by_place: Mapping[str, int]
    indptr: NDArray[np.int32]
    indices: NDArray[np.int32]
    seconds: NDArray[np.float64]
    path_ids: Sequence[str]
    path_by_edge: NDArray[np.int32]


class Routes:
    """Shortest ways of one mover in one version of the building; makes no changes and may be used by many threads.

    A place that no path touches is reached through the nearest place around it that has one, at no extra time.

    Parameters
    ----------
    graph : CompiledGraph
        What :meth:`twin.places.building.Building.routes` compiled.
    version : int
        Version of the building.
    """

    def __init__(self, graph: CompiledGraph, version: int = 0) -> None:
        self.graph = graph
        self.version = version
        self._all = np.ones(len(graph.names), np.bool_)
        self._wanted_by_key: OrderedDict[frozenset[str], _Wanted] = OrderedDict()

    def knows(self, place: str) -> bool:
        """Tell whether a place can be reached by any path at all."""
        return place in self.graph.node_by_place

    def seconds(self, start: str, end: str) -> float:
        """Give the seconds of the shortest way; ``inf`` if there is none.

        Raises
        ------
        NotFound
            If a place is not in the building.
        """
        wanted = np.zeros(len(self.graph.names), np.bool_)
        wanted[self._node(end)] = True
        _, reached_s, _, _ = self._settle(self._node(start), wanted, 1)
        return float(reached_s[0]) if len(reached_s) else float("inf")

    def path(self, start: str, end: str) -> Route | None:
        """Give the shortest way, or None if there is none.

        Raises
        ------
        NotFound
            If a place is not in the building.
        """
        first, last = self._node(start), self._node(end)
        wanted = np.zeros(len(self.graph.names), np.bool_)
        wanted[last] = True
        found, reached_s, before, by_edge = self._settle(first, wanted, 1)
        if not len(found):
            return None
        nodes, paths = [last], []
        while nodes[-1] != first:
            node = nodes[-1]
            paths.append(self.graph.path_ids[self.graph.path_by_edge[by_edge[node]]])
            nodes.append(int(before[node]))
        names = tuple(self.graph.names[node] for node in reversed(nodes))
        return Route(names, tuple(reversed(paths)), float(reached_s[0]))

    def nearest(self, start: str, candidates: Iterable[str], k: int = 1) -> list[Reached]:
        """Give the nearest of some places, nearest first; ties by id.

        Parameters
        ----------
        start : str
            Id of the place from where one walks.
        candidates : Iterable[str]
            Ids of places; those that nobody can reach are left out.
        k : int, optional
            How many.

        Raises
        ------
        NotFound
            If ``start`` is not in the building.
        """
        found: list[Reached] = []
        for seconds, places in self.in_order(start, frozenset(candidates)):
            found += [Reached(place, seconds) for place in places]
            if len(found) >= k:
                break
        return found[:k]

    def in_order(self, start: str, candidates: Iterable[str]) -> Iterator[tuple[float, list[str]]]:
        """Give some places in order of walking seconds, those equally far together and sorted by id.

        It walks only as far as it is asked to, so a caller that stops early pays for a small circle only.
        """
        first = self._node(start)
        wanted = self._wanted(candidates)
        given, enough = 0, _FIRST_BATCH
        # search again eight times as wide: most callers stop within the first few
        while given < wanted.count:
            nodes, reached_s, _, _ = self._settle(first, wanted.flags, enough)
            position = given
            while position < len(nodes):
                seconds = reached_s[position]
                places = list(wanted.places_by_node[int(nodes[position])])
                position += 1
                while position < len(nodes) and reached_s[position] == seconds:
                    places += wanted.places_by_node[int(nodes[position])]
                    position += 1
                places.sort()
                yield float(seconds), places
            if len(nodes) < enough:
                return
            given, enough = position, enough * 8

    def reach(self, start: str, limit_s: float = float("inf")) -> dict[str, float]:
        """Give all nodes within a number of seconds, nearest first.

        Raises
        ------
        NotFound
            If ``start`` is not in the building.
        """
        nodes, reached_s, _, _ = self._settle(self._node(start), self._all, len(self._all) + 1, limit_s)
        names = self.graph.names
        return {names[node]: float(at_s) for node, at_s in zip(nodes, reached_s, strict=True)}

    def _settle(
        self, start: int, wanted: NDArray[np.bool_], enough: int, limit_s: float = float("inf")
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]:
        graph = self.graph
        found: tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]] = settle(
            graph.indptr, graph.indices, graph.seconds, start, wanted, enough, limit_s
        )
        return found

    def _node(self, place: str) -> int:
        node = self.graph.node_by_place.get(place)
        if node is None:
            raise NotFound("place", place)
        return node

    def _wanted(self, candidates: Iterable[str]) -> _Wanted:
        if isinstance(candidates, frozenset):
            kept = self._wanted_by_key.get(candidates)
            if kept is not None:
                return kept
        wanted = _Wanted(self.graph, candidates)
        if isinstance(candidates, frozenset):
            # only immutable sets can be kept; the same pools are asked for again and again
            self._wanted_by_key[candidates] = wanted
            if len(self._wanted_by_key) > _KEPT_WANTED:
                self._wanted_by_key.popitem(last=False)
        return wanted


class _Wanted:
    """Which nodes are looked for, and the places that stand for each."""

    __slots__ = ("count", "flags", "places_by_node")

    def __init__(self, graph: CompiledGraph, candidates: Iterable[str]) -> None:
        self.flags = np.zeros(len(graph.names), np.bool_)
        self.places_by_node: dict[int, list[str]] = {}
        node_by_place = graph.node_by_place
        for place in candidates:
            node = node_by_place.get(place)
            if node is not None:
                self.places_by_node.setdefault(node, []).append(place)
        self.count = len(self.places_by_node)
        if self.count:
            self.flags[np.fromiter(self.places_by_node, np.int64, self.count)] = True
