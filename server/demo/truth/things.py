"""Devices that are fetched, used, brought back, and now and then carried where they should not be."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from twin.clock import HOUR_US, MINUTE_US

MEAN_REST_H = 14.0
MEAN_USE_H = 5.0
TRIP_S = 90
EXIT_SHARE = 0.0004


@dataclass(frozen=True, slots=True)
class Step:
    """A device is in another zone.

    Parameters
    ----------
    asset : str
        Id of the device.
    at : int
        UTC microseconds.
    zone : str
        Id of the place where it now is.
    previous : str
        Where it was.
    """

    asset: str
    at: int
    zone: str
    previous: str


@dataclass(slots=True)
class AssetMotion:
    """Where every mobile device really is, advanced along the clock.

    Parameters
    ----------
    home_by_asset : Mapping[str, str]
        Place where each device belongs.
    rooms_by_home : Mapping[str, Sequence[str]]
        Rooms that a device of that home is used in.
    corridor_by_room : Mapping[str, str]
        Corridor segment in front of each room.
    exits : Sequence[str]
        Places where a device may be carried out.
    random : np.random.Generator
        Source of chance.
    start_at : int
        First instant, UTC microseconds.
    trips_share : float
        Share of the usual number of trips, above 0; the past is written with fewer.
    """

    home_by_asset: Mapping[str, str]
    rooms_by_home: Mapping[str, Sequence[str]]
    corridor_by_room: Mapping[str, str]
    exits: Sequence[str]
    random: np.random.Generator
    start_at: int
    trips_share: float = 1.0
    zone_by_asset: dict[str, str] = field(default_factory=dict)
    _heap: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Put every device at home with a first trip at a random time."""
        for asset, home in self.home_by_asset.items():
            self.zone_by_asset[asset] = home
            self._rest(asset, self.start_at, first=True)

    def advance(self, until: int) -> list[Step]:
        """Move on to an instant and tell who went where.

        Parameters
        ----------
        until : int
            UTC microseconds; not before the last one.

        Returns
        -------
        list[Step]
            In order of their instants.
        """
        steps: list[Step] = []
        while self._heap and self._heap[0][0] <= until:
            at, asset, way = heapq.heappop(self._heap)
            zone, rest = way[0], way[1:]
            steps.append(Step(asset, at, zone, self.zone_by_asset[asset]))
            self.zone_by_asset[asset] = zone
            if rest:
                heapq.heappush(self._heap, (at + self._trip_us(), asset, rest))
            elif zone == self.home_by_asset[asset]:
                self._rest(asset, at)
            else:
                self._use(asset, at)
        return steps

    def send(self, asset: str, way: Sequence[str], at: int) -> None:
        """Let a device go a given way, whatever it was about to do.

        Parameters
        ----------
        asset : str
            Id of the device.
        way : Sequence[str]
            Zones in order, at least one.
        at : int
            When it enters the first, UTC microseconds.
        """
        self._heap = [entry for entry in self._heap if entry[1] != asset]
        heapq.heapify(self._heap)
        heapq.heappush(self._heap, (at, asset, tuple(way)))

    def _trip_us(self) -> int:
        return int(self.random.gamma(3.0, TRIP_S / 3.0) * 1_000_000)

    def _rest(self, asset: str, at: int, *, first: bool = False) -> None:
        rest_h = float(self.random.exponential(MEAN_REST_H / self.trips_share)) * (
            self.random.random() if first else 1.0
        )
        rooms = self.rooms_by_home.get(self.home_by_asset[asset], ())
        if not rooms:
            return
        leave_at = at + int(rest_h * HOUR_US) + MINUTE_US
        if self.random.random() < EXIT_SHARE:
            target = self.exits[int(self.random.integers(len(self.exits)))]
        else:
            target = rooms[int(self.random.integers(len(rooms)))]
        heapq.heappush(self._heap, (leave_at, asset, self._way(self.home_by_asset[asset], target)))

    def _use(self, asset: str, at: int) -> None:
        leave_at = at + int(float(self.random.exponential(MEAN_USE_H)) * HOUR_US) + MINUTE_US
        way = self._way(self.zone_by_asset[asset], self.home_by_asset[asset])
        heapq.heappush(self._heap, (leave_at, asset, way))

    def _way(self, start: str, end: str) -> tuple[str, ...]:
        zones = [self.corridor_by_room.get(start, ""), self.corridor_by_room.get(end, ""), end]
        way = [zone for index, zone in enumerate(zones) if zone and zone not in zones[:index]]
        return tuple(way)
