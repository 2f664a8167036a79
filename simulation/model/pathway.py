"""A pathway: classes of patients, pools, calendars, streams, and a directed graph of operations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import networkx as nx

from simulation.model.arrivals import Stream
from simulation.model.calendars import Calendar
from simulation.model.operations import Assign, Operation, Seize, Subject, targets
from simulation.model.operations import Route as RouteOperation
from simulation.model.resources import Pool

MAX_LEVELS = 16
ATTRIBUTE_LEVELS = 10  # priorities taken from an attribute are cut to 0..9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pathway:
    """Everything that a run needs but the patients who are there already.

    Parameters
    ----------
    name : str
        What it is called.
    classes : tuple[str, ...]
        Classes of patients; operations refer to them by number.
    pools : Mapping[str, Pool]
        By id; their order is the order in which pools are served.
    calendars : Mapping[str, Calendar]
        By id.
    streams : tuple[Stream, ...]
        Sources of patients.
    operations : Mapping[str, Operation]
        By node id, a stable text: draws are keyed by it, so that a node put in elsewhere changes no draw here.
    zone : str
        IANA name of the zone in which shifts and hours are meant.
    """

    name: str
    classes: tuple[str, ...]
    pools: Mapping[str, Pool]
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    streams: tuple[Stream, ...]
    operations: Mapping[str, Operation]
    zone: str = "UTC"

    @property
    def graph(self) -> nx.DiGraph[str]:
        """Give the directed graph: each node carries its ``operation``, each edge its ``roles``."""
        graph: nx.DiGraph[str] = nx.DiGraph(name=self.name)
        for node, operation in self.operations.items():
            graph.add_node(node, operation=operation)
        for node, operation in self.operations.items():
            for role, target in targets(operation):
                if graph.has_edge(node, target):
                    graph.edges[node, target]["roles"] += (role,)
                else:
                    graph.add_edge(node, target, roles=(role,))
        return graph

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of all attributes that are set or looked at, sorted."""
        names: set[str] = set()
        for operation in self.operations.values():
            match operation:
                case Assign():
                    names.add(operation.attribute)
                case Seize() if operation.level_attribute:
                    names.add(operation.level_attribute)
                case RouteOperation():
                    terms = (term for branch in operation.branches for term in branch.terms)
                    names.update(term.name for term in terms if term.subject is Subject.ATTRIBUTE)
        return tuple(sorted(names - {"class"}))

    @property
    def levels(self) -> int:
        """Number of priority levels that occur, at least 1."""
        seizes = [operation for operation in self.operations.values() if isinstance(operation, Seize)]
        by_class = max((level for seize in seizes for level in seize.levels), default=0) + 1
        by_attribute = ATTRIBUTE_LEVELS if any(seize.level_attribute for seize in seizes) else 1
        return max(by_class, by_attribute)


def site_numbers(names: list[str], bits: int) -> dict[str, int]:
    """Give each name a number of so many bits that depends, but for rare ties, on the name alone.

    Parameters
    ----------
    names : list[str]
        Distinct.
    bits : int
        Width of the numbers.

    Notes
    -----
    FNV-1a folded to the width; a tie moves to the next free number, in order of the names.
    """
    taken: dict[int, str] = {}
    mask = (1 << bits) - 1
    # Sorted, so that who yields at a tie does not depend on the order in the file.
    for name in sorted(names):
        value = 0xCBF29CE484222325  # offset basis of FNV-1a, 64 bits
        for byte in name.encode():
            value = ((value ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
        value = (value >> 32 ^ value) & mask if bits == 32 else (value >> 48 ^ value >> 32 ^ value >> 16 ^ value) & mask
        while value in taken:
            value = (value + 1) & mask
        taken[value] = name
    return {name: value for value, name in taken.items()}
