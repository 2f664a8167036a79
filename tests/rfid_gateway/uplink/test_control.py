"""A gateway in touch with its core: orders carried out once, and settings that are taken back if they cut the line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rfid_gateway.modbus.profile import load_profile
from rfid_gateway.simulators.llrp import Sighting, SimulatedReader
from rfid_gateway.simulators.modbus import SimulatedPlant
from rfid_gateway.spool.store import Row, Watermark
from rfid_gateway.uplink.configuration import GatewaySettings
from rfid_gateway.uplink.control import ControlSettings, GatewayControl
from rfid_gateway.uplink.orders import Order, OrderKind, OrderResult, Orders, Report
from rfid_gateway.uplink.runtime import GatewayRuntime
from tests.rfid_gateway.listeners import until
from twin.clock import SystemClock
from twin.errors import Unavailable

TAG = bytes.fromhex("3074257BF7194E4000001A85")


class Core:
    """Takes every row."""

    async def send(self, rows: Sequence[Row]) -> Watermark:
        return Watermark(rows[-1].boot, rows[-1].seq)

    async def close(self) -> None:
        return None


@dataclass
class ScriptedDesk:
    """A desk that gives what it is told to give, and keeps what it hears."""

    orders: list[Order] = field(default_factory=list)
    version: int = 0
    text: str = ""
    is_away: bool = False
    reports: list[Report] = field(default_factory=list)
    results: dict[str, OrderResult] = field(default_factory=dict)

    async def exchange(self, report: Report) -> Orders:
        if self.is_away:
            raise Unavailable("away")
        self.reports.append(report)
        self.results |= {one.id: one for one in report.results}
        # The same orders come again and again, as after an answer that was lost.
        text = self.text if report.settings_version != self.version else ""
        return Orders(orders=list(self.orders), settings_version=self.version, settings=text)

    async def close(self) -> None:
        return None


@asynccontextmanager
async def controlled(
    desk: ScriptedDesk, kept: Path | None = None, *, trial_s: float = 30.0, **lists: object
) -> AsyncIterator[GatewayControl]:
    own = GatewaySettings.model_validate({"id": "east", **lists})
    settings = ControlSettings(report_s=0.02, trial_s=trial_s, kept=kept)
    control = GatewayControl(
        own, lambda told: GatewayRuntime(told, Core(), SystemClock()), desk, SystemClock(), settings
    )
    running = asyncio.create_task(control.run())
    try:
        yield control
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def order(number: int, kind: OrderKind, *, roles: list[str] | None = None, **arguments: str) -> Order:
    return Order(id=str(number), kind=kind, arguments=arguments, actor="u1", roles=roles or [])


async def test_report_tells_how_each_device_does() -> None:
    desk, simulated = ScriptedDesk(), SimulatedReader("r1", SystemClock())
    port = await simulated.start()
    async with controlled(desk, readers=[{"id": "r1", "port": port}]):
        await until(lambda: simulated.is_reporting)
        simulated.see([Sighting(TAG)])
        await until(lambda: bool(desk.reports) and desk.reports[-1].devices[0].readings == 1)
    await simulated.stop()

    device = desk.reports[-1].devices[0]
    assert (device.device, device.kind, device.status) == ("r1", "llrp", "online")
    assert device.identity
    assert desk.reports[-1].settings_version == 0


async def test_line_to_the_core_is_closed_also_if_the_end_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    desk, is_stopping, closed = ScriptedDesk(), asyncio.Event(), asyncio.Event()

    async def stop_for_ever(_gateway: GatewayRuntime, **_options: float) -> None:
        is_stopping.set()
        await asyncio.Event().wait()

    async def close() -> None:
        closed.set()

    async with controlled(desk) as control:
        gateway = control.gateway
        await until(lambda: bool(desk.reports))
        with monkeypatch.context() as patched:
            patched.setattr(GatewayRuntime, "stop", stop_for_ever)
            patched.setattr(desk, "close", close)
            (running,) = (task for task in asyncio.all_tasks() if "GatewayControl.run" in repr(task.get_coro()))
            running.cancel()
            await asyncio.wait_for(is_stopping.wait(), 10)
            running.cancel()  # whoever waits for its end has waited long enough
            await asyncio.wait([running], timeout=10)
        await gateway.stop()

    assert closed.is_set()


async def walked(desk: ScriptedDesk, number: int, action: str, **more: str) -> OrderResult:
    """Leave a step of a walk test and wait for what becomes of it."""
    desk.orders.append(Order(id=f"w{number}", kind=OrderKind.WALK, arguments={"action": action, **more}))
    await until(lambda: f"w{number}" in desk.results)
    return desk.results[f"w{number}"]


async def test_walk_test_tells_coverage_and_confusion_of_the_zones() -> None:
    desk, reader = ScriptedDesk(), SimulatedReader("r1", SystemClock())
    port = await reader.start()
    points = [{"id": "w1", "reader": "r1", "antenna": 1, "place": "WARD"}]
    async with controlled(desk, readers=[{"id": "r1", "port": port}], read_points=points):
        none = await walked(desk, 1, "show")
        nowhere = await walked(desk, 2, "begin", tag=TAG.hex(), place="MOON")
        wrong = await walked(desk, 3, "begin", tag="zz", place="WARD")
        begun = await walked(desk, 4, "begin", tag="urn:epc:tag:sgtin-96:3.0614141.812345.6789", place="WARD")
        mistyped = await walked(desk, 5, "begin", tag=TAG.hex(), place="MOON")
        still = await walked(desk, 6, "show")
        ended = await walked(desk, 7, "end")
    await reader.stop()

    assert [(one.is_done, one.code) for one in (none, nowhere, wrong)] == [
        (False, "walk.none"),
        (False, "walk.place"),
        (False, "epc.hex"),
    ]
    assert begun.facts == {"tag": TAG.hex().upper(), "place": "WARD"}
    assert (mistyped.code, still.facts) == ("walk.place", begun.facts)
    assert ended.facts["place"] == ""
    assert [json.loads(line)["place"] for line in ended.lines] == ["WARD"]


async def test_raw_frames_of_a_device_are_told() -> None:
    desk, simulated = ScriptedDesk([order(1, OrderKind.FRAMES, device="r1")]), SimulatedReader("r1", SystemClock())
    port = await simulated.start()
    async with controlled(desk, readers=[{"id": "r1", "port": port}]):
        await until(lambda: simulated.is_reporting)
        desk.orders.append(order(2, OrderKind.FRAMES, device="r1"))
        await until(lambda: "2" in desk.results)
    await simulated.stop()

    directions = {line.split()[1] for line in desk.results["2"].lines}
    assert directions == {"<", ">"}


async def test_test_read_tells_what_a_reader_outside_of_the_settings_says() -> None:
    simulated = SimulatedReader("new", SystemClock())
    port = await simulated.start()
    desk = ScriptedDesk([order(1, OrderKind.TEST_READ, id="new", host="127.0.0.1", port=str(port), antennas="1,2")])
    async with controlled(desk):
        await until(lambda: simulated.is_reporting)
        simulated.see([Sighting(TAG, 2)])
        await until(lambda: "1" in desk.results)
    await simulated.stop()

    assert desk.results["1"].is_done
    assert desk.results["1"].lines == [f"{TAG.hex().upper()} antenna 2"]


async def test_test_read_of_a_machine_tells_its_values() -> None:
    plant = SimulatedPlant(SystemClock())
    plant.add(3, load_profile("generic-medicine-fridge"), lambda _: {"air_c": 4.2})
    port = await plant.start()
    fields = {"id": "fridge", "profile": "generic-medicine-fridge", "port": str(port), "unit": "3"}
    desk = ScriptedDesk([order(1, OrderKind.TEST_READ, **fields)])
    async with controlled(desk):
        await until(lambda: "1" in desk.results)
    await plant.stop()

    assert "air_c = 4.2 (good)" in desk.results["1"].lines


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"id": "x", "port": "1"}, "unreachable"),
        ({"id": "x", "device": "/dev/none", "kind_": "pn532"}, "gateway.settings"),
        ({"id": "x", "antennas": "one"}, "gateway.order"),
        ({"id": "x", "profile": "no-such"}, "not_found"),
        ({"id": "x", "profile": "generic-medicine-fridge", "port": "1"}, "modbus.unreachable"),
        ({"id": "x", "profile": "a" * 300 + ".yaml"}, "gateway.system"),  # no file system takes such a name
    ],
)
async def test_test_read_that_fails_says_why(arguments: dict[str, str], code: str) -> None:
    desk = ScriptedDesk([order(1, OrderKind.TEST_READ, **arguments)])
    async with controlled(desk):
        await until(lambda: "1" in desk.results)

    assert (desk.results["1"].is_done, desk.results["1"].code) == (False, code)


WRITABLE = """
name: writable
signals:
  - {key: set_c, address: 4, type: int16, scale: 0.1, writable: {low: 2, high: 8}}
"""


async def test_allowed_write_is_carried_out_once_and_read_back(tmp_path: Path) -> None:
    profile = tmp_path / "writable.yaml"
    profile.write_text(WRITABLE)
    plant = SimulatedPlant(SystemClock())
    plant.add(1, load_profile(str(profile)), lambda _: {"set_c": 5.0})
    port = await plant.start()
    machines = [{"id": "fridge", "profile": str(profile), "port": port}]
    writes = [{"device": "fridge", "signal": "set_c", "low": 3, "high": 6, "role": "biomed"}]
    desk = ScriptedDesk([order(1, OrderKind.WRITE, roles=["biomed"], device="fridge", signal="set_c", value="4.5")])
    async with controlled(desk, machines=machines, writes=writes):
        await until(lambda: "1" in desk.results)
        desk.orders += [
            order(2, OrderKind.WRITE, roles=["nurse"], device="fridge", signal="set_c", value="4.5"),
            order(3, OrderKind.WRITE, roles=["biomed"], device="fridge", signal="set_c", value="7"),
            order(4, OrderKind.WRITE, roles=["biomed"], device="fridge", signal="set_c", value="warm"),
        ]
        await until(lambda: len(desk.results) == 4)
    await plant.stop()

    assert (desk.results["1"].is_done, desk.results["1"].facts["read_back"]) == (True, "4.5")
    assert "role_missing" in desk.results["2"].facts["reasons"]
    assert "out_of_range" in desk.results["3"].facts["reasons"]
    assert desk.results["4"].code == "gateway.order"


async def test_new_settings_prove_themselves_and_are_kept_for_the_next_start(tmp_path: Path) -> None:
    kept, desk = tmp_path / "kept.yaml", ScriptedDesk(version=3, text="readers: [{id: r9, port: 1}]\n")
    own = [{"id": "r1", "port": 1}]
    async with controlled(desk, kept, readers=own) as control:
        await until(lambda: control.version == 3 and kept.exists())
    again = ScriptedDesk(is_away=True)
    async with controlled(again, kept, readers=own) as control:
        await until(lambda: control.version == 3)

    assert desk.reports[-1].settings_version == 3
    assert [one.id for one in control.gateway.settings.readers] == ["r1", "r9"]
    assert control.gateway.settings.id == "east"


@pytest.mark.parametrize(
    "text",
    [
        "readers: [{id: r9, kind: no_such_kind}]",
        "machines: [{id: m, profile: no-such-profile}]",
        "id: west\nreaders: []",  # only the gateway's own file says who it is
        "uplink: {url: http://elsewhere}",
        "[1, 2]",
        "{{",
    ],
)
async def test_settings_that_cannot_be_started_are_told_and_change_nothing(text: str) -> None:
    desk = ScriptedDesk(version=4, text=text)
    async with controlled(desk, readers=[{"id": "r1", "port": 1}]) as control:
        await until(lambda: bool(desk.reports) and desk.reports[-1].failed_version == 4)

        assert control.version == 0
        assert "r1" in control.gateway.health
    assert desk.reports[-1].settings_problem


async def test_settings_by_which_the_core_is_lost_are_taken_back() -> None:
    desk = ScriptedDesk(version=5, text="readers: [{id: r9, port: 1}]")
    async with controlled(desk, trial_s=0.1, readers=[{"id": "r1", "port": 1}]) as control:
        original = control._try

        async def cut(number: int, text: str) -> None:
            await original(number, text)
            desk.is_away = True

        control._try = cut  # type: ignore[method-assign]  # the new settings cut the line
        await until(lambda: control.version == 5)
        await until(lambda: control.version == 0)
        desk.is_away = False
        await until(lambda: desk.reports[-1].failed_version == 5)

        assert "r1" in control.gateway.health


async def test_settings_that_cannot_be_kept_end_no_gateway(tmp_path: Path) -> None:
    desk = ScriptedDesk(version=3, text="neighbours: []")

    async with controlled(desk, tmp_path / "no-such-folder" / "kept.yaml"):
        await until(lambda: len([one for one in desk.reports if one.settings_version == 3]) >= 3)

    assert desk.reports[-1].settings_problem == ""
