"""The demo's equipment: virtual readers, machines that speak Modbus, and the gateway that listens to them.

Nothing here knows what the twin believes. Readers are told what is in front of their antennas and machines what they
measure; from there on everything goes over loopback in the real protocols.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.simulators.llrp import ReaderFarm, Sighting
from rfid_gateway.simulators.modbus import SimulatedPlant
from rfid_gateway.simulators.plants import IsolationRoom, MedicineFridge, Plant, SteamSterilizer, WasherDisinfector
from rfid_gateway.uplink.configuration import (
    CleaningEntry,
    GatewaySettings,
    MachineEntry,
    ReaderSettings,
    ReadPointSettings,
    UplinkEntry,
)
from server.demo.inhabitants import Inhabitants, ReadPoint
from twin.clock import SECOND_US, Clock
from twin.events.places import PlaceDefined

GATEWAY = "demo"
PROFILE_BY_KIND = {
    "steam_sterilizer": "generic-steam-sterilizer",
    "washer_disinfector": "generic-washer-disinfector",
    "medicine_fridge": "generic-medicine-fridge",
    "isolation_room": "generic-isolation-room",
}
READ_SHARE = 0.6
NEIGHBOUR_SHARE = 0.05


@dataclass(slots=True)
class Readers:
    """All virtual readers and what stands in front of them.

    Parameters
    ----------
    found : Inhabitants
        Read points and devices.
    clock : Clock
        The demo's clock.
    random : np.random.Generator
        Decides which tags answer in a round.
    """

    found: Inhabitants
    clock: Clock
    random: np.random.Generator
    farm: ReaderFarm = field(init=False)
    ports: dict[str, int] = field(default_factory=dict)
    _point_by_zone: dict[str, ReadPoint] = field(init=False)
    _neighbours: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Name the readers and which zones lie beside each other."""
        self.farm = ReaderFarm(sorted({point.reader for point in self.found.read_points}), self.clock)
        self._point_by_zone = {point.place: point for point in self.found.read_points}
        beside: dict[str, list[str]] = {}
        for left, right in pairwise(self.found.read_points):
            beside.setdefault(left.place, []).append(right.place)
            beside.setdefault(right.place, []).append(left.place)
        self._neighbours = {zone: tuple(zones) for zone, zones in beside.items()}

    async def start(self) -> None:
        """Listen, each reader on a port of its own."""
        self.ports = await self.farm.start()

    async def stop(self) -> None:
        """Hang up."""
        await self.farm.stop()

    @property
    def neighbours(self) -> tuple[tuple[str, str], ...]:
        """Pairs of zones that lie beside each other."""
        return tuple((left.place, right.place) for left, right in pairwise(self.found.read_points))

    def look(self, zone_by_tag: Sequence[tuple[bytes, str]]) -> None:
        """Do one inventory round: most tags answer their own antenna, a few are heard next door.

        Parameters
        ----------
        zone_by_tag : Sequence[tuple[bytes, str]]
            EPC and true zone of every tag in the house.
        """
        answers = self.random.random((len(zone_by_tag), 2))
        seen: dict[str, list[Sighting]] = {}
        for (epc, zone), (own, other) in zip(zone_by_tag, answers, strict=True):
            if own < READ_SHARE:
                self._see(seen, epc, zone, -52)
            if other < NEIGHBOUR_SHARE and (beside := self._neighbours.get(zone)):
                self._see(seen, epc, beside[int(other * 1000) % len(beside)], -68)
        for reader, sightings in seen.items():
            self.farm.see(reader, sightings)

    def _see(self, seen: dict[str, list[Sighting]], epc: bytes, zone: str, rssi_dbm: int) -> None:
        point = self._point_by_zone.get(zone)
        if point is not None:
            seen.setdefault(point.reader, []).append(Sighting(epc=epc, antenna=point.antenna, rssi_dbm=rssi_dbm))


@dataclass(slots=True)
class Machines:
    """All networked machines behind one Modbus TCP port, and the technicians who start them.

    Parameters
    ----------
    found : Inhabitants
        Which machines there are.
    clock : Clock
        The demo's clock.
    random : np.random.Generator
        Decides when the next load is ready.
    """

    found: Inhabitants
    clock: Clock
    random: np.random.Generator
    line: SimulatedPlant = field(init=False)
    plants: dict[str, Plant] = field(default_factory=dict)
    port: int = 0
    free_at: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put every machine on the line under a unit id of its own."""
        self.line = SimulatedPlant(self.clock)
        makers: dict[str, type[Plant]] = {
            "steam_sterilizer": SteamSterilizer,
            "washer_disinfector": WasherDisinfector,
            "medicine_fridge": MedicineFridge,
            "isolation_room": IsolationRoom,
        }
        for unit, machine in enumerate(self.found.machines, start=1):
            plant = makers[machine.kind](seed=unit)  # type: ignore[call-arg]  # every maker takes a seed
            self.plants[machine.asset] = plant
            self.line.add(unit, load_profile(PROFILE_BY_KIND[machine.kind]), plant.values_at)

    async def start(self) -> None:
        """Listen, and start the first cycles."""
        self.port = await self.line.start()

    async def stop(self) -> None:
        """Hang up."""
        await self.line.stop()

    def work(self, now: int) -> list[str]:
        """Start a cycle in every machine that is free and loaded; give which.

        Parameters
        ----------
        now : int
            UTC microseconds.
        """
        started: list[str] = []
        for asset, plant in self.plants.items():
            if isinstance(plant, SteamSterilizer | WasherDisinfector) and now >= self.free_at.get(asset, 0):
                ends_at = plant.start_cycle(now)
                pause_s = 240 + 600 * float(self.random.random())
                self.free_at[asset] = ends_at + int(pause_s * SECOND_US)
                started.append(asset)
        return started


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where the gateway finds the core, and its key."""

    url: str
    api_key: str
    spool: Path
    speed: float


def gateway_settings(
    readers: Readers, machines: Machines, places: Sequence[PlaceDefined], connection: Connection
) -> GatewaySettings:
    """Give the gateway's configuration for all virtual equipment.

    Parameters
    ----------
    readers, machines
        Started, so that their ports are known.
    places : Sequence[PlaceDefined]
        The building; exits get a narrow antenna.
    connection : Connection
        The way to the core.

    Returns
    -------
    GatewaySettings
        As a hospital would write it into a file.
    """
    exits = {place.thing for place in places if place.purpose == "exit"}
    points = tuple(
        ReadPointSettings(
            id=f"{point.reader}/{point.antenna}",
            reader=point.reader,
            antenna=point.antenna,
            place=point.place,
            kind="choke" if point.place in exits else "zone",
        )
        for point in readers.found.read_points
    )
    antennas: dict[str, list[int]] = {}
    for point in readers.found.read_points:
        antennas.setdefault(point.reader, []).append(point.antenna)
    entries = tuple(
        MachineEntry(id=machine.asset, profile=PROFILE_BY_KIND[machine.kind], port=machines.port, unit=unit)
        for unit, machine in enumerate(machines.found.machines, start=1)
    )
    return GatewaySettings(
        id=GATEWAY,
        readers=tuple(
            ReaderSettings(id=reader, port=port, antennas=tuple(antennas[reader]))
            for reader, port in readers.ports.items()
        ),
        read_points=points,
        neighbours=readers.neighbours,
        machines=entries,
        cleaning=CleaningEntry(epoch_s=min(max(connection.speed, 1.0), 60.0), neighbour_rate=NEIGHBOUR_SHARE / 2),
        uplink=UplinkEntry(url=connection.url, api_key=connection.api_key),
        spool=connection.spool,
        speed=connection.speed,
    )
