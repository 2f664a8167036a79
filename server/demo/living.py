"""The living day: the hidden truth goes on along the clock and reaches the twin only through its doors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import httpx2
import numpy as np
from sqlmodel import Session

from inventory.model.movements import Command
from inventory.service.using import Use, consume
from rfid_gateway.drivers.driver import end_tasks
from rfid_gateway.simulators.plants import SteamSterilizer
from rfid_gateway.uplink.control import GatewayControl
from rfid_gateway.uplink.desk import HttpDesk
from rfid_gateway.uplink.http import HttpSink
from rfid_gateway.uplink.runtime import GatewayRuntime
from server.demo.past import Truth
from server.demo.people import Workers
from server.demo.reprocessing import SETS_PER_LOAD, fill_load, run_before
from server.demo.stage import Connection, Machines, Readers, gateway_settings
from server.wiring import Hospital
from twin.clock import DAY_US
from twin.errors import HospitalTwinError
from twin.events import registry
from twin.events.envelope import Event
from twin.events.patients import BedReadiness, BedReadinessChanged
from twin.state.views import bed_view

TICK_S = 1.0
HIS_SOURCE = "his:demo"
EGRESS_AFTER_TICKS = 6
GATEWAY_ENDS_S = 15.0  # its drivers' hanging up, and the five seconds that it gives the core for the last rows
_LATER = frozenset({429, 503, 507})  # the same events may be sent again
log = logging.getLogger("hospital_twin.demo")


@dataclass(slots=True, kw_only=True)
class LivingHospital:
    """The demo hospital while people look at it.

    Parameters
    ----------
    hospital : Hospital
        Served at ``connection.url``.
    truth : Truth
        As it stands now.
    connection : Connection
        Where the gateway sends to.
    his_key : str
        Key under which encounters come in.
    seed : int
        Same seed, same chance.
    """

    hospital: Hospital
    truth: Truth
    connection: Connection
    his_key: str
    seed: int
    readers: Readers = field(init=False)
    machines: Machines = field(init=False)
    workers: Workers = field(init=False)
    completed_tasks: int = 0
    _random: np.random.Generator = field(init=False)
    _used_until: int = 0
    _untold: list[Event] = field(default_factory=list)
    _ticks: int = 0

    def __post_init__(self) -> None:
        """Set up the equipment; nothing listens yet."""
        clock, found = self.hospital.clock, self.truth.found
        self._random = np.random.default_rng([self.seed, 5])
        self.readers = Readers(found, clock, np.random.default_rng([self.seed, 6]))
        self.machines = Machines(found, clock, np.random.default_rng([self.seed, 7]))
        self.workers = Workers(self.hospital, np.random.default_rng([self.seed, 8]), self.truth.patients.cleaned)
        self._used_until = self.truth.now

    async def run(self, stop: asyncio.Event) -> None:
        """Live until told to stop.

        Parameters
        ----------
        stop : asyncio.Event
            Set to end.
        """
        self.truth.patients.speak_as(HIS_SOURCE, self._is_clean)
        steam = {asset: plant for asset, plant in self.machines.plants.items() if isinstance(plant, SteamSterilizer)}
        now = self.hospital.clock.now()
        self.machines.free_at |= await asyncio.to_thread(run_before, self.hospital, steam, self.truth.found, now)
        await self.readers.start()
        await self.machines.start()
        settings = gateway_settings(self.readers, self.machines, self.truth.places, self.connection)
        clock, connection = self.hospital.clock, self.connection
        control = GatewayControl(
            settings,
            lambda told: GatewayRuntime(told, HttpSink(connection.url, connection.api_key), clock),
            HttpDesk(connection.url, connection.api_key),
            clock,
        )
        gateway = asyncio.create_task(control.run(), name="gateway")
        headers = {"Authorization": f"Bearer {self.his_key}", "Content-Type": "application/json"}
        try:
            async with httpx2.AsyncClient(base_url=self.connection.url, headers=headers, timeout=30) as client:
                while not stop.is_set():
                    await self._tick(client)
                    await _wait(stop, TICK_S)
        finally:
            # Once only, and waited for: told again every half second, its own end would be cut short each time, and
            # what readers saw last would stay in its spool.
            gateway.cancel()
            await asyncio.wait([gateway], timeout=GATEWAY_ENDS_S)
            await end_tasks([gateway])
            await self.machines.stop()
            await self.readers.stop()

    def _is_clean(self, bed: str) -> bool:
        view = bed_view(self.hospital.live, bed)
        return view.readiness is BedReadiness.CLEAN

    async def _tick(self, client: httpx2.AsyncClient) -> None:
        now = self.hospital.clock.now()
        self._ticks += 1
        happened = self.truth.patients.advance(now)
        await self._tell(client, [event for event in happened if not isinstance(event, BedReadinessChanged)])
        if self._ticks == EGRESS_AFTER_TICKS:
            self._carry_out(now)
        self.truth.motion.advance(now)
        zones = self.truth.motion.zone_by_asset
        self.readers.look([(bytes.fromhex(device.tag), zones[device.asset]) for device in self.truth.found.devices])
        for machine in self.machines.work(now):
            if machine.startswith("sterilizer"):
                await asyncio.to_thread(self._load, machine, now)
        self.completed_tasks += await asyncio.to_thread(self.workers.work, now)
        await asyncio.to_thread(self._use_supplies, now)

    def _load(self, machine: str, now: int) -> None:
        sets = [item for item in self.truth.found.items if item.is_reusable]
        chosen = [sets[int(index)] for index in self._random.choice(len(sets), SETS_PER_LOAD, replace=False)]
        ledger, key = self.hospital.ledger, self.hospital.new_id()
        self.hospital.write_now(partial(fill_load, ledger=ledger, machine=machine, sets=chosen, key=key, now=now))

    def _carry_out(self, now: int) -> None:
        # One pump leaves through the main entrance early on, so that whoever looks sees an alarm and its journey.
        for asset, home in sorted(self.truth.motion.home_by_asset.items()):
            if asset.startswith("IP-") and home == "0A-EB":
                self.truth.motion.send(asset, ["MAIN-EXIT"], now)
                return

    async def _tell(self, client: httpx2.AsyncClient, events: Sequence[Event]) -> None:
        self._untold += events
        while self._untold:
            part = self._untold[:1000]
            body = b"[" + b",".join(registry.encode(event) for event in part) + b"]"
            try:
                answer = await client.post("/v1/events:batch", content=body)
            except httpx2.TransportError as error:
                log.warning("The core does not answer: %r; told again with the next tick", error)
                return
            if answer.status_code in _LATER:
                log.warning("The core cannot take events now: %s", answer.text[:500])
                return
            if answer.status_code >= 300:
                log.warning("The core refused %d events: %s", len(part), answer.text[:500])
            del self._untold[: len(part)]

    def _use_supplies(self, now: int) -> None:
        share = (now - self._used_until) / DAY_US
        self._used_until = now
        used = self._random.poisson([holding.use_per_day * share for holding in self.truth.supplies.holdings])
        for index in np.flatnonzero(used):
            holding = self.truth.supplies.holdings[int(index)]
            command = Command(id=self.hospital.new_id(), actor="system", occurred_at=now, recorded_at=now)
            use = Use(item=holding.item, quantity=int(used[index]), place=holding.place)
            try:
                self.hospital.write_now(partial(self._consume, command=command, use=use))
            except HospitalTwinError as error:
                log.warning("Not consumed: %s", error)

    def _consume(self, session: Session, *, command: Command, use: Use) -> None:
        consume(session, ledger=self.hospital.ledger, command=command, use=use)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
