"""Which antenna stands for which place, and which zones lie beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class ReadPointKind(StrEnum):
    """What an antenna's view is."""

    ZONE = "zone"
    """A room or bay, with some view of its neighbours."""
    CHOKE = "choke"
    """So narrow a view that one solid reading is proof: an exit, a hatch, a cupboard."""
    PORTAL = "portal"
    """One side of a doorway; two of them tell the direction."""
    BIN = "bin"
    """A rack on which empty bins are put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPoint:
    """One antenna of one reader.

    Parameters
    ----------
    id : str
        Id of the read point.
    reader : str
        Id of its reader.
    antenna : int
        Antenna number, 1 and up; 0 for all antennas that have no read point of their own.
    place : str
        Id of the zone; for a portal the portal's own place.
    kind : ReadPointKind
        What its view is.
    inside, outside : str
        For a portal: ids of the places before and behind it.
    is_outer : bool
        For a portal: whether this antenna is on the outside.
    """

    id: str
    reader: str
    antenna: int
    place: str
    kind: ReadPointKind = ReadPointKind.ZONE
    inside: str = ""
    outside: str = ""
    is_outer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRates:
    """First guesses of how often a tag is read in one epoch; the filter learns the true ones.

    Parameters
    ----------
    own : float
        Of its own zone's antennas.
    neighbour : float
        Of antennas of zones beside it.
    elsewhere : float
        Of all other antennas.
    """

    # Field read rates of passive tags are 60 to 70 % (Jeffery et al., SMURF, VLDB 2006).
    own: float = 0.7
    neighbour: float = 0.05
    elsewhere: float = 0.002


Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Layout:
    """All read points of a gateway, numbered.

    Parameters
    ----------
    read_points : tuple[ReadPoint, ...]
        Of all kinds.
    neighbours : frozenset[tuple[str, str]]
        Pairs of zones beside each other, in either order.
    """

    read_points: tuple[ReadPoint, ...]
    neighbours: frozenset[tuple[str, str]] = frozenset()
    _index: Mapping[tuple[str, int], int] = field(init=False, repr=False)
    zones: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Give read points and zones their numbers."""
        index = {(point.reader, point.antenna): i for i, point in enumerate(self.read_points)}
        if len(index) != len(self.read_points):
            raise ValueError("Two read points name the same antenna of the same reader.")
        object.__setattr__(self, "_index", index)
        # Portals and bins are no zones: a tag passes the one and lies in the other, and the filter must not settle it
        # there.
        zones = {point.place for point in self.read_points if point.kind in (ReadPointKind.ZONE, ReadPointKind.CHOKE)}
        object.__setattr__(self, "zones", tuple(sorted(zones)))

    def find(self, reader: str, antenna: int) -> int:
        """Give the number of an antenna's read point, of its whole reader's, or -1."""
        found = self._index.get((reader, antenna))
        return self._index.get((reader, 0), -1) if found is None else found

    def points_of(self, readers: Iterable[str]) -> list[int]:
        """Give the numbers of all read points of some readers."""
        wanted = set(readers)
        return [i for i, point in enumerate(self.read_points) if point.reader in wanted]

    def readers_by_portal(self) -> Mapping[str, frozenset[str]]:
        """Give the ids of the readers whose antennas hang at each doorway, by the doorway's place."""
        portals = [point for point in self.read_points if point.kind is ReadPointKind.PORTAL]
        return {
            place: frozenset(point.reader for point in portals if point.place == place)
            for place in {point.place for point in portals}
        }

    def are_neighbours(self, one: str, other: str) -> bool:
        """Tell whether two zones lie beside each other."""
        return (one, other) in self.neighbours or (other, one) in self.neighbours

    def rates(self, guess: ReadRates) -> Matrix:
        """Give the first guess of read rates, shape (zones, read points); portals and bins stand for no zone."""
        rates = np.full((len(self.zones), len(self.read_points)), guess.elsewhere)
        for column, point in enumerate(self.read_points):
            for row, zone in enumerate(self.zones):
                if point.place == zone:
                    rates[row, column] = guess.own
                # a doorway's antennas hear a little of both rooms
                elif self.are_neighbours(point.place, zone) or zone in (point.inside, point.outside):
                    rates[row, column] = guess.neighbour
        return rates

    def moves(self) -> Matrix:
        """Give where a tag goes when it leaves a zone, shape (zones, zones): mostly to neighbours, rows sum to 1."""
        count = len(self.zones)
        if count < 2:
            return np.ones((count, count))
        beside = np.array(
            [[self.are_neighbours(one, other) for other in self.zones] for one in self.zones], dtype=float
        )
        anywhere = (1.0 - np.eye(count)) / (count - 1)
        total = beside.sum(axis=1, keepdims=True)
        # A tenth of all moves skip a zone: lifts, gaps in the coverage, a neighbour that nobody wrote down.
        return np.where(total > 0, 0.9 * beside / np.maximum(total, 1.0) + 0.1 * anywhere, anywhere)
