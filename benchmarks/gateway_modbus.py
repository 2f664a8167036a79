"""A thousand Modbus machines with twenty registers each, read once a second by one process.

Protocol: machines are served by another process (one port, a thousand connections, each answer made afresh); the reader
is :class:`ModbusMachine` as the gateway runs it, one connection each, one request of twenty registers a second. After a
start-up of five seconds, ten seconds are measured: how far each interval between two samples is off one second, and how
much of a core the reader takes. Then the same with 10 hung, 10 garbage and 10 flapping machines among them, the figures
being those of the others. The bare library beside it asks the same machines and does nothing with the answers.
Run: ``python -m benchmarks.gateway_modbus``.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

import numpy as np
from pymodbus.client import AsyncModbusTcpClient

from rfid_gateway.drivers.driver import Status, end_tasks
from rfid_gateway.drivers.modbus_bus import BusSettings, ModbusBus
from rfid_gateway.drivers.modbus_client import LineSettings
from rfid_gateway.drivers.modbus_machine import MachineSettings, ModbusMachine
from rfid_gateway.modbus.profile import PollClass, Profile, Signal
from rfid_gateway.modbus.samples import Sample
from rfid_gateway.rfid.readings import TagReading
from twin.clock import SystemClock

MACHINES, REGISTERS, START_S, MEASURE_S = 1000, 20, 5.0, 10.0
HUNG, GARBAGE, FLAPPING = range(10), range(10, 20), range(20, 30)
PROFILE = Profile(
    name="twenty", signals=tuple(Signal(key=f"r{i}", address=i, poll=PollClass.FAST) for i in range(REGISTERS))
)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_bad: bool) -> None:
    body = bytes([3, 2 * REGISTERS]) + bytes(2 * REGISTERS)
    count = 0
    try:
        while True:
            request = await reader.readexactly(12)
            unit, count = request[6], count + 1
            if is_bad and unit - 1 in HUNG:
                continue
            if is_bad and unit - 1 in GARBAGE:
                writer.write(bytes(range(40)))
                continue
            if is_bad and unit - 1 in FLAPPING and count % 3 == 0:
                return
            writer.write(request[:4] + (len(body) + 1).to_bytes(2, "big") + bytes([unit]) + body)
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        writer.close()


def serve(pipe: Connection, is_bad: bool) -> None:
    async def main() -> None:
        server = await asyncio.start_server(lambda r, w: _answer(r, w, is_bad=is_bad), "127.0.0.1", 0, backlog=2048)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.Event().wait()

    asyncio.run(main())


class Intervals:
    def __init__(self) -> None:
        self.at: dict[str, list[float]] = defaultdict(list)

    def on_readings(self, readings: Sequence[TagReading]) -> None: ...

    def on_status(self, status: Status) -> None: ...

    def on_samples(self, samples: Sequence[Sample]) -> None:
        self.at[samples[0].device].append(time.perf_counter())


async def poll(port: int) -> tuple[Intervals, float]:
    """Run all machines and give when samples came, and the share of a core taken."""
    listener, clock, chance = Intervals(), SystemClock(), np.random.default_rng(1)
    tasks = []
    for i in range(MACHINES):
        # Units 1 to 30 are the bad ones; all others share a unit id above them.
        bus = ModbusBus(BusSettings(line=LineSettings(port=port, answer_s=0.5)))
        settings = MachineSettings(device=f"m{i}", profile=PROFILE, unit=min(i + 1, 200))
        tasks.append(asyncio.create_task(ModbusMachine(settings, bus, listener, clock, chance).run()))
    return await _watched(tasks, listener)


async def poll_barely(port: int) -> tuple[Intervals, float]:
    """Do the same with the bare library, as its examples do: a client each, ask, take the registers, sleep."""
    listener, chance = Intervals(), np.random.default_rng(1)

    async def serve_one(number: int) -> None:
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=0.5, retries=0)
        await client.connect()
        due = time.perf_counter() + float(chance.random())
        while True:
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            answer = await client.read_holding_registers(0, count=REGISTERS, device_id=min(number + 1, 200))
            listener.at[f"m{number}"].append(time.perf_counter())
            if len(answer.registers) != REGISTERS:
                raise RuntimeError(f"Machine {number} gave {answer!r}.")
            due += 1.0

    return await _watched([asyncio.create_task(serve_one(i)) for i in range(MACHINES)], listener)


async def _watched(tasks: list[asyncio.Task[None]], listener: Intervals) -> tuple[Intervals, float]:
    await asyncio.sleep(START_S)
    listener.at.clear()
    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(MEASURE_S)
    share = (time.process_time() - cpu) / (time.perf_counter() - started)
    await end_tasks(tasks)
    return listener, share


@dataclass(frozen=True, slots=True)
class Found:
    """What one run showed of the good machines."""

    late_ms: float
    period_s: float
    share: float
    reads_per_s: float


def measure(work: Callable[[int], Coroutine[None, None, tuple[Intervals, float]]], *, is_bad: bool) -> Found:
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, is_bad), daemon=True)
    server.start()
    try:
        listener, share = asyncio.run(work(ours.recv()))
    finally:
        server.terminate()
        server.join()
    bad = {f"m{i}" for i in (*HUNG, *GARBAGE, *FLAPPING)} if is_bad else set()
    good = [at for device, at in listener.at.items() if device not in bad]
    periods = np.concatenate([np.diff(at) for at in good if len(at) > 1])
    late_ms = float(np.percentile(np.abs(periods - 1.0), 99)) * 1000
    return Found(late_ms, float(np.percentile(periods, 99)), share, sum(map(len, good)) / MEASURE_S)


def main() -> None:
    peer = measure(poll_barely, is_bad=False)
    well, ill = measure(poll, is_bad=False), measure(poll, is_bad=True)
    name = "1,000 machines x 20 registers a second"
    _row(f"{name}: interval off by, p99", well.late_ms, "ms", "<= 10", peer.late_ms)
    _row(f"{name}: share of a core", well.share, "share", "<= 0.25", peer.share)
    _row(f"{name}: reads", well.reads_per_s, "1/s", "", peer.reads_per_s)
    _row(
        "10 hung, 10 garbage, 10 flapping among them: growth of the others' p99 period",
        growth(well, ill),
        "x",
        "< 1.10",
    )
    _row("10 hung, 10 garbage, 10 flapping among them: share of a core", ill.share, "share", "")


def growth(well: Found, ill: Found) -> float:
    """Give how many times longer the p99 period is among ill machines."""
    return ill.period_s / well.period_s


def _row(row: str, figure: float, unit: str, must: str, peer: float | None = None) -> None:
    beside = {} if peer is None else {"peer": "bare pymodbus, nothing decoded", "peer_figure": round(peer, 3)}
    print(json.dumps({"row": row, "figure": round(figure, 3), "unit": unit, "must": must, **beside}))


if __name__ == "__main__":
    main()
