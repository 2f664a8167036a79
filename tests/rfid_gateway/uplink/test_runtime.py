from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rfid_gateway.drivers.driver import DriverHealth
from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.rfid.clocks import ClockSteps
from rfid_gateway.rfid.readings import TagReading
from rfid_gateway.simulators.llrp import ReaderFarm, Sighting
from rfid_gateway.simulators.modbus import SimulatedPlant
from rfid_gateway.simulators.plants import SteamSterilizer
from rfid_gateway.spool.store import Entry, RowKind, Spool
from rfid_gateway.uplink.configuration import GatewaySettings
from rfid_gateway.uplink.runtime import GatewayRuntime
from rfid_gateway.uplink.sinks import InProcessSink, SampleSeries
from tests.fakes import START_US
from tests.rfid_gateway.listeners import until
from twin.clock import SECOND_US, SystemClock
from twin.errors import StorageError, Unavailable
from twin.events import registry
from twin.events.envelope import Event
from twin.events.things import BinEmptied, DeviceStatusChanged, TagLost, ZoneChanged
from twin.events.watch import GatewayHealthChanged, GatewayStatus

TAG = bytes.fromhex("3074257BF7194E4000001A85")


class Core:
    """A core that keeps each fact once, and can be down."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.series: list[SampleSeries] = []
        self.is_down = False

    async def store(self, events: Sequence[Event], series: Sequence[SampleSeries]) -> None:
        if self.is_down:
            raise Unavailable("down")
        self.events |= {event.source_key: event for event in events}
        self.series += series

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events.values() if isinstance(event, kind)]


def settings_of(ports: dict[str, int], **more: Any) -> GatewaySettings:
    plain = {
        "id": "east",
        "readers": [{"id": device, "port": port} for device, port in ports.items()],
        "read_points": [
            {"id": "a", "reader": "r1", "antenna": 1, "place": "WARD-A"},
            {"id": "b", "reader": "r2", "antenna": 1, "place": "WARD-B"},
            {"id": "x", "reader": "r2", "antenna": 2, "place": "EXIT", "kind": "choke"},
        ],
        "neighbours": [("WARD-A", "WARD-B")],
        "cleaning": {"epoch_s": 0.1, "lateness_s": 0.05},
        "uplink": {"flush_s": 0.02, "samples_every_s": 0.1},
        **more,
    }
    return GatewaySettings.model_validate(plain)


async def test_a_tag_that_is_read_ends_as_a_zone_in_the_core() -> None:
    clock, core = SystemClock(), Core()
    farm = ReaderFarm(["r1", "r2"], clock)
    gateway = GatewayRuntime(settings_of(await farm.start()), InProcessSink(core.store), clock)
    await gateway.start()
    await until(lambda: all(reader.is_reporting for reader in farm.readers.values()))

    def seen_at(device: str, place: str, antenna: int) -> bool:
        farm.see(device, [Sighting(TAG, antenna)])
        return any(event.zone == place for event in core.of(ZoneChanged))

    await until(lambda: seen_at("r1", "WARD-A", 1))
    await until(lambda: seen_at("r2", "WARD-B", 1))
    await until(lambda: seen_at("r2", "EXIT", 2))
    await gateway.stop()
    await farm.stop()

    changes = core.of(ZoneChanged)
    assert [(one.previous_zone, one.zone) for one in changes] == [
        ("", "WARD-A"),
        ("WARD-A", "WARD-B"),
        ("WARD-B", "EXIT"),
    ]
    assert {one.thing for one in changes} == {TAG.hex().upper()}
    assert {one.source for one in changes} == {"gateway:east"}


async def test_a_sterilizer_ends_as_samples_and_status_in_the_core() -> None:
    clock, core = SystemClock(), Core()
    plant, sterilizer = SimulatedPlant(clock), SteamSterilizer(first_cycle=41)
    sterilizer.start_cycle(clock.now())
    plant.add(1, load_profile("generic-steam-sterilizer"), sterilizer.values_at)
    machine = {"id": "sterilizer-1", "profile": "generic-steam-sterilizer", "port": await plant.start()}
    gateway = GatewayRuntime(
        settings_of({}, readers=[], read_points=[], machines=[machine], speed=20), InProcessSink(core.store), clock
    )

    await gateway.start()
    await until(lambda: len([one for one in core.series if one.quantity == "control_c"]) >= 3)
    await gateway.stop()
    await plant.stop()

    by_quantity = {one.quantity: one for one in core.series}
    assert {"control_c", "record_c", "pressure_kpa", "phase", "cycle_number", "door", "alarm"} <= set(by_quantity)
    assert by_quantity["cycle_number"].values == [41.0] * len(by_quantity["cycle_number"].values)
    assert [one.status for one in core.of(DeviceStatusChanged)] == ["running"]


async def test_nothing_is_lost_and_nothing_comes_twice_while_the_core_is_away() -> None:
    clock, core = SystemClock(), Core()
    farm = ReaderFarm(["r1", "r2"], clock)
    core.is_down = True
    gateway = GatewayRuntime(settings_of(await farm.start()), InProcessSink(core.store), clock)
    await gateway.start()
    await until(lambda: all(reader.is_reporting for reader in farm.readers.values()))
    await until(lambda: gateway.uplink_figures.failures >= 2)
    assert gateway.waiting_rows >= 3

    core.is_down = False
    await until(lambda: gateway.waiting_rows == 0)
    await gateway.stop()
    await farm.stop()

    sequences = sorted(int(key.split("-")[1]) for key in core.events)
    assert sequences == list(range(1, len(sequences) + 1))
    assert [one.status for one in core.of(GatewayHealthChanged) if one.thing == "east"] == [
        GatewayStatus.ONLINE,
        GatewayStatus.OFFLINE,
    ]


async def test_a_disk_that_is_full_for_a_while_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    core, plain, refusals = Core(), Spool.append, iter(range(5))

    def append(spool: Spool, entries: Sequence[Entry], **more: Any) -> int:
        if next(refusals, None) is not None:
            raise StorageError("Spool: database or disk is full.")
        return plain(spool, entries, **more)

    monkeypatch.setattr(Spool, "append", append)
    gateway = GatewayRuntime(settings_of({}, readers=[], read_points=[]), InProcessSink(core.store), SystemClock())

    await gateway.start()
    await until(lambda: len(core.of(GatewayHealthChanged)) >= 3)
    await gateway.stop()

    told = [(one.status, one.detail) for _, one in sorted(core.events.items()) if isinstance(one, GatewayHealthChanged)]
    assert told == [
        (GatewayStatus.ONLINE, "started"),
        (GatewayStatus.DEGRADED, "spool_failed"),
        (GatewayStatus.ONLINE, ""),
        (GatewayStatus.OFFLINE, "stopped"),
    ]


class _Stumbling:
    """A driver that meets what nobody foresaw."""

    device = "r9"

    def __init__(self) -> None:
        self.health = DriverHealth()
        self.runs = 0

    async def run(self) -> None:
        self.runs += 1
        raise RuntimeError("what nobody foresaw")


async def test_a_bin_on_the_rack_is_told_once_over_a_restart(tmp_path: Path) -> None:
    clock, core = SystemClock(), Core()
    rack = [{"id": "rack", "reader": "r1", "antenna": 1, "place": "RACK", "kind": "bin"}]
    bins = [{"tag": TAG.hex(), "bin": "bin-7", "place": "SHELF"}]
    settings = settings_of({"r1": 1}, read_points=rack, neighbours=[], bins=bins, spool=tmp_path / "spool")

    for _ in range(3):
        gateway = GatewayRuntime(settings, InProcessSink(core.store), clock)
        await gateway.start()
        gateway.on_readings([TagReading(TAG.hex().upper(), "r1", 1, clock.now(), -50.0)])
        await gateway.stop()

    assert len([one for one in core.of(GatewayHealthChanged) if one.detail == "started"]) == 3
    (emptied,) = core.of(BinEmptied)
    assert (emptied.thing, emptied.place) == ("bin-7", "SHELF")


async def test_a_driver_that_fails_is_told_and_started_again() -> None:
    core, driver = Core(), _Stumbling()
    gateway = GatewayRuntime(settings_of({}, readers=[], read_points=[]), InProcessSink(core.store), SystemClock())
    gateway.drivers.append(driver)

    await gateway.start()
    await until(lambda: driver.runs >= 2)
    await gateway.stop()

    told = [(one.status, one.detail) for one in core.of(GatewayHealthChanged) if one.thing == "r9"]
    assert told[0] == (GatewayStatus.OFFLINE, "driver_failed")


def test_line_is_as_careful_as_its_slowest_machine_whichever_is_first() -> None:
    first = {"id": "m1", "profile": "generic-medicine-fridge", "unit": 1}
    second = {**first, "id": "m2", "unit": 2, "is_behind_converter": True}

    gateway = GatewayRuntime(
        settings_of({}, readers=[], read_points=[], machines=[first, second]),
        InProcessSink(Core().store),
        SystemClock(),
    )

    assert gateway.targets["m1"].bus is gateway.targets["m2"].bus
    assert gateway.targets["m1"].bus._is_serial


class WatchedSink(InProcessSink):
    """A sink that tells whether it was closed."""

    is_closed = False

    async def close(self) -> None:
        self.is_closed = True
        await super().close()


async def test_an_end_that_is_cut_short_still_gives_up_the_line_and_the_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, core = SystemClock(), Core()
    core.is_down = True  # so that the end waits for it
    sink, spool = WatchedSink(core.store), tmp_path / "spool.db"
    gateway = GatewayRuntime(settings_of({}, readers=[], read_points=[], neighbours=[], spool=spool), sink, clock)
    await gateway.start()
    draining, drain = asyncio.Event(), gateway._drain

    async def noted(seconds: float) -> None:
        draining.set()
        await drain(seconds)

    monkeypatch.setattr(gateway, "_drain", noted)
    ending = asyncio.create_task(gateway.stop(drain_s=60))
    await asyncio.wait_for(draining.wait(), 20)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending

    assert sink.is_closed
    left = Spool(spool, now=clock.now())  # nobody holds it any more, and what was not sent is in it
    assert len(left) >= 1
    left.close()


async def test_what_must_be_told_does_not_wait_for_the_next_regular_flush() -> None:
    clock, core = SystemClock(), Core()
    slow = {"flush_s": 60, "samples_every_s": 60}  # by the clock alone nothing would come within the test
    gateway = GatewayRuntime(settings_of({"r1": 1, "r2": 1}, uplink=slow), InProcessSink(core.store), clock)

    gateway.on_readings([TagReading(TAG.hex().upper(), "r2", 2, clock.now(), -50.0)])
    await gateway.start()
    await until(lambda: bool(core.of(ZoneChanged)))
    await gateway.stop()

    assert [one.zone for one in core.of(ZoneChanged)] == ["EXIT"]


async def test_an_epoch_is_weighed_when_it_ends_and_not_at_the_next_regular_flush() -> None:
    clock, core = SystemClock(), Core()
    gateway = GatewayRuntime(settings_of({"r1": 1, "r2": 1}), InProcessSink(core.store), clock)
    gateway.on_readings([TagReading(TAG.hex().upper(), "r1", 1, clock.now(), -50.0)])
    due_at = gateway.cleaning.due_at(clock.now())

    assert due_at is not None
    # an epoch of 0.1 s, and what is waited for its readers
    assert clock.now() < due_at <= clock.now() + 200_000
    assert not gateway.cleaning.is_due(clock.now())
    assert gateway.cleaning.is_due(due_at + 1_000_000)


class Clocks:
    """A wall clock that is set, beside one that is not."""

    def __init__(self) -> None:
        self.set_by_us = 0
        self.steady_s = 0.0

    def now(self) -> int:
        return START_US + round(self.steady_s * SECOND_US) + self.set_by_us

    def steady(self) -> float:
        return self.steady_s


@pytest.mark.parametrize("set_by_s", [3600.0, -3600.0, 86_400.0 * 400, -90.0])
async def test_a_clock_that_is_set_loses_no_tag_and_stops_nothing(set_by_s: float) -> None:
    clocks, core = Clocks(), Core()
    settings = settings_of({"r1": 1, "r2": 1}, cleaning={"epoch_s": 1, "lateness_s": 0.3, "absence_s": 60})
    gateway = GatewayRuntime(settings, InProcessSink(core.store), clocks, steady=clocks.steady)

    def watch(reader: str, seconds: int) -> None:
        for _ in range(seconds):
            clocks.steady_s += 1.0
            gateway.on_readings([TagReading(TAG.hex().upper(), reader, 1, clocks.now(), -50.0)])

    watch("r1", 6)
    clocks.set_by_us = round(set_by_s * SECOND_US)
    watch("r1", 6)
    watch("r2", 8)
    moved_at = clocks.now()
    for _ in range(70):
        clocks.steady_s += 1.0
        gateway.on_readings([TagReading("OTHER", "r1", 1, clocks.now(), -50.0)])

    told = [one for one in gateway._events if getattr(one, "thing", "") == TAG.hex().upper()]
    zones = [(one.previous_zone, one.zone) for one in told if isinstance(one, ZoneChanged)]
    # Nowhere else in between, moved as always after it, by the new clock, and lost a minute after it was seen last.
    assert zones == [("", "WARD-A"), ("WARD-A", "WARD-B")]
    assert abs(told[1].occurred_at - moved_at) <= 8 * SECOND_US
    (lost,) = [one for one in told if isinstance(one, TagLost)]
    assert 60 * SECOND_US <= lost.occurred_at - moved_at <= 63 * SECOND_US
    notes = [one.detail for one in gateway._events if isinstance(one, GatewayHealthChanged)]
    assert notes == ["clock_set"]
    await gateway.stop()


def test_a_clock_that_ntp_slews_was_not_set() -> None:
    clocks, steps = Clocks(), []
    watch = ClockSteps(clocks.steady)
    for _ in range(1000):
        clocks.steady_s += 0.5
        clocks.set_by_us += 250  # 500 ppm, the most that NTP does without setting it
        steps.append(watch.take(clocks.now()))

    assert not any(steps)


async def test_a_gateway_whose_spool_was_damaged_starts_and_sends_what_was_saved(tmp_path: Path) -> None:
    core, path = Core(), tmp_path / "spool.db"
    settings = settings_of({}, readers=[], read_points=[], neighbours=[], spool=path)
    before = Spool(path, now=START_US)
    one = GatewayHealthChanged(
        thing="r1", occurred_at=START_US, source="gateway:east", source_key="?", status=GatewayStatus.ONLINE
    )
    told = [msgspec.structs.replace(one, source_key=f"k-{number}", detail="x" * 200) for number in range(3000)]
    before.append([Entry(RowKind.EVENT, registry.encode(event)) for event in told])
    before.close()
    content = bytearray(path.read_bytes())
    half = len(content) // 2 // 4096 * 4096
    content[half : half + 8192] = b"\xff" * 8192
    path.write_bytes(content)

    gateway = GatewayRuntime(settings, InProcessSink(core.store), SystemClock())
    await gateway.start()
    await until(lambda: gateway.waiting_rows == 0 and len(core.events) > 100, within_s=30)
    await gateway.stop()

    assert len([key for key in core.events if key.startswith("k-")]) > 2500
    details = [one.detail for one in core.of(GatewayHealthChanged) if one.thing == "east"]
    assert details == ["started", "spool_damaged", "stopped"]
    assert len(list(tmp_path.glob("spool.db.damaged-*"))) == 1
