"""A whole gateway: starts its drivers, cleans what they hear, spools it and sends it, and stops cleanly."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np

from rfid_gateway.cleaning.bins import Bin
from rfid_gateway.cleaning.layout import Layout, ReadPoint, ReadRates
from rfid_gateway.cleaning.machines import MachineStatuses
from rfid_gateway.cleaning.pipeline import Cleaning, CleaningSettings
from rfid_gateway.cleaning.walking import WalkTest
from rfid_gateway.cleaning.zones import FilterSettings
from rfid_gateway.drivers.driver import (
    Backoff,
    BackoffSettings,
    ClockKeeper,
    Driver,
    DriverHealth,
    Status,
    Surroundings,
    end_tasks,
)
from rfid_gateway.drivers.kinds import factory_of
from rfid_gateway.drivers.modbus_bus import BusSettings, ModbusBus
from rfid_gateway.drivers.modbus_client import StrictClient
from rfid_gateway.drivers.modbus_machine import MachineSettings, ModbusMachine
from rfid_gateway.drivers.modbus_writes import Target
from rfid_gateway.modbus.profile import Profile, load_profile
from rfid_gateway.modbus.samples import Sample
from rfid_gateway.rfid.clocks import ClockSteps
from rfid_gateway.rfid.readings import TagReading
from rfid_gateway.spool.rescue import Rescue, rescue_if_damaged
from rfid_gateway.spool.store import Entry, Priority, Quota, RowKind, Spool
from rfid_gateway.transports.ear import LineEar
from rfid_gateway.uplink.configuration import GatewaySettings, MachineEntry, ReaderSettings
from rfid_gateway.uplink.sender import Sender, UplinkFigures
from rfid_gateway.uplink.sinks import Sink, series_of
from twin.clock import DAY_US, SECOND_US, Clock
from twin.errors import StorageError
from twin.events import registry
from twin.events.envelope import Event
from twin.events.things import ZoneConfirmed
from twin.events.watch import GatewayHealthChanged, GatewayStatus

_LOG = logging.getLogger(__name__)
# samples wait two seconds otherwise
_HASTE_US = 2_500_000  # after a machine changed its state its samples go at once: a cycle's verdict waits for them
# A core that is away for long is what the spool is for; this list only waits for the next flush.
_MOST_WAITING_SAMPLES = 500_000
_BINS_FORGOTTEN_US = 7 * DAY_US  # longer than any rest; tags that never come again must not fill the file
_LEAST_REST_S = 0.005  # an end that is a little ahead of what the slowest reader told must not be asked for without end
_MOST_WAITING_EVENTS = 200_000  # while the spool takes nothing; the oldest go first


class GatewayRuntime:
    """One gateway at work; :meth:`start` and :meth:`stop` belong to one event loop.

    Parameters
    ----------
    settings : GatewaySettings
        Readers, antennas, machines.
    sink : Sink
        Where its facts go.
    clock : Clock
        The gateway's clock; a scaled one in the demo.
    steady : Callable[[], float], optional
        A clock that nobody sets, seconds: by it is noticed that the other one was.
    """

    def __init__(
        self, settings: GatewaySettings, sink: Sink, clock: Clock, *, steady: Callable[[], float] = time.monotonic
    ) -> None:
        self.settings = settings
        self.source = f"gateway:{settings.id}"
        self._sink = sink
        self._clock = clock
        self._chance = np.random.default_rng(settings.seed)
        self._profiles = {name: load_profile(name) for name in {one.profile for one in settings.machines}}
        self.cleaning = self._new_cleaning()
        self._steps = ClockSteps(steady, settings.speed)
        self._in_haste_until = 0
        self._statuses = MachineStatuses({(one.id, one.status_signal): self._labels(one) for one in settings.machines})
        self.walk: WalkTest | None = None
        self.ear = LineEar(clock)
        self.targets: dict[str, Target] = {}
        self._machines_by_line: dict[tuple[str, int, str], list[str]] = {}
        self._buses: dict[tuple[str, int, str], ModbusBus] = {}
        self.drivers: list[Driver] = [self._reader(one) for one in settings.readers]
        self.drivers += [self._machine(one) for one in settings.machines]
        self._events: list[Event] = []
        self._samples: list[Sample] = []
        self.dropped_samples = 0
        self.dropped_events = 0
        self._is_spool_failing = False
        self._news = asyncio.Event()
        self._flushed_at = -math.inf
        self._tasks: list[asyncio.Task[None]] = []
        self._spool: Spool | None = None
        self._sender: Sender | None = None
        # One thread writes the spool, so that the order of appending is the order of sequence numbers.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="spool")

    def _new_cleaning(self) -> Cleaning:
        settings = self.settings
        return Cleaning(layout_of(settings), _cleaning_of(settings), _bins_of(settings))

    def _time(self) -> int:
        """Give the present, having seen to it that nothing is weighed by a clock that was set meanwhile."""
        now = self._clock.now()
        if step_us := self._steps.take(now):
            self._clock_was_set(step_us, now)
        return now

    def _clock_was_set(self, step_us: int, now: int) -> None:
        """Begin to weigh readings anew by another clock, knowing where each tag was.

        Set ahead, it would make all tags lost that nobody saw in the time that never was; set back, nothing would count
        until it has caught up.
        """
        _LOG.warning("Gateway %s: its clock was set by %+.1f s.", self.settings.id, step_us / SECOND_US)
        before, self.cleaning = self.cleaning, self._new_cleaning()
        self.cleaning.remember(before, now)
        self.cleaning.racks = before.racks
        self.cleaning.racks.shift(step_us)
        self._in_haste_until = 0
        for driver in self.drivers:
            if isinstance(driver, ClockKeeper):
                driver.forget_clock()
        self._tell_own(GatewayStatus.ONLINE, "clock_set")

    def _labels(self, entry: MachineEntry) -> dict[int, str]:
        signal = self._profiles[entry.profile].by_key.get(entry.status_signal)
        return dict(signal.labels) if signal else {}

    def _reader(self, entry: ReaderSettings) -> Driver:
        around = Surroundings(listener=self, clock=self._clock, chance=self._chance, tap=self.ear.tap)
        return factory_of(entry.kind)(entry.line(), around)

    def _machine(self, entry: MachineEntry) -> Driver:
        profile: Profile = self._profiles[entry.profile]
        key = _line_of(entry)
        bus = self._buses.get(key)
        if bus is None:
            # The line must be careful enough for the slowest machine on it, whichever is named first.
            sharing = [one for one in self.settings.machines if _line_of(one) == key]
            timings = [self._profiles[one.profile].timing for one in sharing]
            line = entry.line(answer_s=max(one.answer_s for one in timings))
            is_serial = any(one.device or one.is_behind_converter for one in sharing)
            client = StrictClient(line, partial(self._heard, key))
            bus_settings = BusSettings(
                line=line,
                is_serial=is_serial,
                between_requests_s=max(one.between_requests_s for one in timings),
                after_connect_s=max(one.after_connect_s for one in timings),
            )
            bus = self._buses[key] = ModbusBus(bus_settings, client)
        self._machines_by_line.setdefault(key, []).append(entry.id)
        self.targets[entry.id] = Target(bus, entry.unit, profile)
        settings = MachineSettings(
            device=entry.id, profile=profile, unit=entry.unit, speed=self.settings.speed, identity=entry.identity
        )
        return ModbusMachine(settings, bus, self, self._clock, self._chance)

    def _heard(self, key: tuple[str, int, str], is_sent: bool, octets: bytes) -> None:
        # Units of one line share it: each one's view shows all that went over it.
        for machine in self._machines_by_line[key]:
            self.ear.hear(machine, not is_sent, octets)

    def begin_walk(self, tag: str) -> WalkTest:
        """Begin a walk test with a tag; one that was there is forgotten."""
        epoch_us = round(self.settings.cleaning.epoch_s * SECOND_US)
        self.walk = WalkTest(self.cleaning.layout, tag, epoch_us=epoch_us)
        return self.walk

    async def start(self) -> None:
        """Open the spool and start all drivers and the uplink."""
        uplink = self.settings.uplink
        rescue = await self._rescue()
        self._spool = Spool(
            self.settings.spool,
            now=self._clock.now(),
            quota=Quota(rows=self.settings.spool_rows, octets=self.settings.spool_octets),
        )
        self.cleaning.racks.remember(self._spool.bins_seen(since=self._clock.now() - _BINS_FORGOTTEN_US))
        backoff = Backoff(BackoffSettings(first_s=0.2, most_s=15.0), self._chance)
        self._sender = Sender(self._spool, self._sink, backoff, uplink.batch_rows)
        self._tell_own(GatewayStatus.ONLINE, "started")
        if rescue is not None:
            self._tell_own(GatewayStatus.DEGRADED, "spool_damaged")
        self._tasks = [asyncio.create_task(self._serve(driver), name=driver.device) for driver in self.drivers]
        self._tasks += [
            asyncio.create_task(self._sender.run(), name="uplink"),
            asyncio.create_task(self._flush_regularly(), name="flush"),
        ]
        for task in self._tasks:
            task.add_done_callback(_report_end)

    async def _rescue(self) -> Rescue | None:
        """Save what a damaged spool file holds: a gateway at the end of a corridor must start without help."""
        path = self.settings.spool
        # A large file is read as a whole: readers and machines are not served before, but whoever else uses the loop.
        rescue = await asyncio.to_thread(rescue_if_damaged, path, self._clock.now()) if path else None
        if rescue is not None:
            text = "Gateway %s: its spool file was damaged: %d rows are saved, the file is %s. Look at the disk."
            _LOG.error(text, self.settings.id, rescue.rows, rescue.aside)
        return rescue

    async def _serve(self, driver: Driver) -> None:
        """Run a driver, and run it again after a failure that it did not foresee."""
        backoff, loop = Backoff(BackoffSettings(first_s=0.5, most_s=60.0), self._chance), asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await driver.run()
            except Exception:  # otherwise the device would be silent for ever while its status says online
                _LOG.exception("Gateway %s: the driver of %s failed", self.settings.id, driver.device)
            if loop.time() - began > 60.0:
                backoff.reset()
            driver.health.errors += 1
            driver.health.status, driver.health.detail = GatewayStatus.OFFLINE, "driver_failed"
            at = self._clock.now()
            self.on_status(Status(device=driver.device, status=GatewayStatus.OFFLINE, detail="driver_failed", at=at))
            await backoff.pause()

    async def stop(self, *, drain_s: float = 5.0) -> None:
        """Stop the drivers, spool what is known, and give the uplink some time to send it.

        Parameters
        ----------
        drain_s : float
            How long to wait for the core at most, seconds; what is left stays in the spool file.
        """
        try:
            # The uplink goes last: what the drivers told in ending is still to be sent.
            await end_tasks(task for task in self._tasks if task.get_name() != "uplink")
            # Closed before the spool: a machine's line must be free for the next settings at once.
            for bus in self._buses.values():
                bus.close()
            if self._spool is not None:
                self._tell_own(GatewayStatus.OFFLINE, "stopped")
                await self._flush(with_samples=True)
                await self._drain(drain_s)
            await end_tasks(self._tasks)
        finally:
            # Also when the end is cut short, such as by a second signal while a core that is away is waited for: the
            # line to it would stay open, and the spool's file locked. What was not sent stays in the spool.
            await self._give_up_lines()

    async def _give_up_lines(self) -> None:
        for task in self._tasks:
            task.cancel()
        try:
            await self._sink.close()
        finally:
            self._disk.shutdown()
            if self._spool is not None:
                self._spool.close()
                self._spool = None

    async def _drain(self, drain_s: float) -> None:
        try:
            async with asyncio.timeout(drain_s):
                while self._spool is not None and len(self._spool):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            _LOG.warning("Gateway %s: %d rows stay in the spool.", self.settings.id, len(self._spool or ()))

    async def _flush_regularly(self) -> None:
        uplink, loop = self.settings.uplink, asyncio.get_running_loop()
        samples_at = loop.time()
        while True:
            await self._rest(loop)
            now = self._time()
            self._events += self.cleaning.advance(now)
            if self.walk is not None:
                self.walk.watch(self.cleaning.zone_of(self.walk.tag), now)
            is_due = loop.time() - samples_at >= uplink.samples_every_s or now < self._in_haste_until
            if is_due:
                samples_at = loop.time()
            await self._flush(with_samples=is_due)

    async def _rest(self, loop: asyncio.AbstractEventLoop) -> None:
        """Pause until something is to be told, an epoch ends, or ``flush_s`` is over.

        The spool is written once in ``flush_s`` at most, however much comes; what comes after a rest is told at once.
        """
        most_s = self.settings.uplink.flush_s
        await asyncio.sleep(self._flushed_at + most_s - loop.time())
        due_at = self.cleaning.due_at(self._clock.now())
        if due_at is not None:
            ends_s = (due_at - self._clock.now()) / SECOND_US / self.settings.speed
            most_s = min(most_s, max(ends_s, _LEAST_REST_S))
        try:
            async with asyncio.timeout(most_s):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    async def _flush(self, *, with_samples: bool) -> None:
        spool, sender = self._spool, self._sender
        if spool is None or sender is None:
            return
        events, self._events = self._events, []
        samples: list[Sample] = []
        if with_samples:
            samples, self._samples = self._samples, []
        bins = self.cleaning.racks.changes()
        if not (events or samples or bins):
            return
        self._flushed_at = asyncio.get_running_loop().time()
        keep = partial(_append, spool, self.source, _Kept(events, samples, bins))
        # Shielded: what a cancelled flush has begun gets its numbers before what the last flush brings.
        kept = asyncio.shield(asyncio.get_running_loop().run_in_executor(self._disk, keep))
        try:
            await kept
        except StorageError as error:
            self.cleaning.racks.take_back(bins)
            self._put_back(events, samples, error)
            return
        if self._is_spool_failing:
            self._is_spool_failing = False
            self._tell_own(GatewayStatus.ONLINE, "")
        sender.wake()

    def _put_back(self, events: list[Event], samples: list[Sample], error: StorageError) -> None:
        """Keep what the spool did not take until the next flush, before what came meanwhile."""
        if not self._is_spool_failing:
            self._is_spool_failing = True
            _LOG.error("Gateway %s: %s", self.settings.id, error.message)
            self._tell_own(GatewayStatus.DEGRADED, "spool_failed")
        self._samples = samples + self._samples
        self._events = events + self._events
        over = max(0, len(self._events) - _MOST_WAITING_EVENTS)
        del self._events[:over]
        self.dropped_events += over

    def _tell_own(self, status: GatewayStatus, detail: str) -> None:
        self.on_status(Status(device=self.settings.id, status=status, detail=detail, at=self._clock.now()))

    def on_readings(self, readings: Sequence[TagReading]) -> None:
        """Take in readings of one reader."""
        if self.walk is not None:
            self.walk.take(readings)
        now = self._time()
        self._events += self.cleaning.accept(readings, now)
        if self._events or self.cleaning.is_due(now):
            self._news.set()

    def on_samples(self, samples: Sequence[Sample]) -> None:
        """Take in samples of one machine."""
        changes = [change for sample in samples if (change := self._statuses.take(sample))]
        if changes:
            self._events += changes
            self._in_haste_until = self._clock.now() + _HASTE_US
            self._news.set()
        if len(self._samples) + len(samples) > _MOST_WAITING_SAMPLES:
            self.dropped_samples += len(samples)
            return
        self._samples += samples

    def on_status(self, status: Status) -> None:
        """Take in a change of a device's status."""
        self.cleaning.set_reader_status(status.device, status.status)
        # The gateway itself has no parent; its devices hang on it.
        parent = "" if status.device == self.settings.id else self.settings.id
        self._events.append(
            GatewayHealthChanged(
                thing=status.device,
                occurred_at=status.at,
                source="",
                source_key="",
                status=status.status,
                parent=parent,
                detail=status.detail,
            )
        )
        self._news.set()

    @property
    def health(self) -> dict[str, DriverHealth]:
        """Figures of every driver by device."""
        return {driver.device: driver.health for driver in self.drivers}

    @property
    def uplink_figures(self) -> UplinkFigures:
        """Figures of the uplink."""
        return self._sender.figures if self._sender else UplinkFigures()

    @property
    def dropped_rows(self) -> int:
        """Rows that went because the spool was full, over its whole life, and what found no room before it."""
        return (self._spool.dropped if self._spool else 0) + self.dropped_samples + self.dropped_events

    @property
    def refused_rows(self) -> int:
        """Rows that the core could never use."""
        return int(getattr(self._sink, "refused", 0))

    @property
    def waiting_rows(self) -> int:
        """Rows that the core has not committed yet."""
        return len(self._spool) if self._spool else 0


def _line_of(entry: MachineEntry) -> tuple[str, int, str]:
    """Give what machines on one line have in common."""
    return entry.host, entry.port, entry.device


class _Kept(NamedTuple):
    """What one transaction of the spool keeps."""

    events: Sequence[Event]
    samples: Sequence[Sample]
    bins: Mapping[str, int]


def _append(spool: Spool, source: str, kept: _Kept) -> None:
    """Give everything its number and keep it; in the spool's own thread, which alone gives numbers."""
    first = spool.next_seq
    entries = [_event_entry(source, spool.boot, first + i, event) for i, event in enumerate(kept.events)]
    if kept.samples:
        series = series_of(kept.samples, source=source, key=f"{spool.boot}-{first + len(entries):010d}")
        entries.append(Entry(RowKind.SAMPLES, msgspec.json.encode(series), Priority.SAMPLES))
    # In one transaction: a bin whose request was lost in a power cut must not count as told.
    spool.append(entries, bins=kept.bins)


def _event_entry(source: str, boot: int, seq: int, event: Event) -> Entry:
    # The key is the row's own place in the spool, so that a batch sent twice is stored once.
    stamped = msgspec.structs.replace(event, source=source, source_key=f"{boot}-{seq:010d}")
    body = registry.encode(stamped)
    if isinstance(event, ZoneConfirmed):
        # Only about the same tag in the same zone: a confirmation between two moves is part of the way that it went.
        return Entry(RowKind.EVENT, body, Priority.CONFIRMATION, f"{event.thing} {event.zone}")
    return Entry(RowKind.EVENT, body, Priority.ALARM if isinstance(event, GatewayHealthChanged) else Priority.EVENT)


def _report_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOG.error("Gateway task %s ended: %r", task.get_name(), error, exc_info=error)


def layout_of(settings: GatewaySettings) -> Layout:
    """Give the numbered read points of a gateway."""
    points = tuple(
        ReadPoint(
            id=one.id,
            reader=one.reader,
            antenna=one.antenna,
            place=one.place,
            kind=one.kind,
            inside=one.inside,
            outside=one.outside,
            is_outer=one.is_outer,
        )
        for one in settings.read_points
    )
    return Layout(points, frozenset(settings.neighbours))


def _cleaning_of(settings: GatewaySettings) -> CleaningSettings:
    entry = settings.cleaning
    rates = ReadRates(own=entry.own_rate, neighbour=entry.neighbour_rate)
    return CleaningSettings(
        filter=FilterSettings(epoch_s=entry.epoch_s, dwell_s=entry.dwell_s, rates=rates),
        proof=entry.proof,
        lateness_s=entry.lateness_s * settings.speed,
        patience_s=entry.patience_s * settings.speed,
        absence_s=entry.absence_s,
        absence_s_by_zone=entry.absence_s_by_place,
        confirm_s=entry.confirm_s,
        stay_lag_s=entry.stay_lag_s,
    )


def _bins_of(settings: GatewaySettings) -> dict[str, Bin]:
    return {one.tag: Bin(one.bin, one.place) for one in settings.bins}
