"""A thousand Modbus machines with twenty registers each, read once a second by one process.

Protocol: machines are served by another process (one port, a thousand connections, each answer made afresh); the reader
is :class:`ModbusMachine` as the gateway runs it, one connection each, one request of twenty registers a second. After a
start-up of five seconds, ten seconds are measured: how far each interval between two samples is off one second, and how
much of a core the reader takes. Then the same with 10 hung, 10 garbage and 10 flapping machines among them, the figures
being those of the others. Run: ``python -m benchmarks.gateway_modbus``.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections import defaultdict
from collections.abc import Sequence
from multiprocessing.connection import Connection

import numpy as np

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
    await asyncio.sleep(START_S)
    listener.at.clear()
    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(MEASURE_S)
    share = (time.process_time() - cpu) / (time.perf_counter() - started)
    await end_tasks(tasks)
    return listener, share


def measure(*, is_bad: bool) -> tuple[float, float, float]:
    """Give p99 of lateness in ms, share of a core, and reads per second of the good machines."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, is_bad), daemon=True)
    server.start()
    try:
        listener, share = asyncio.run(poll(ours.recv()))
    finally:
        server.terminate()
        server.join()
    bad = {f"m{i}" for i in (*HUNG, *GARBAGE, *FLAPPING)}
    good = [at for device, at in listener.at.items() if device not in bad]
    off = np.abs(np.concatenate([np.diff(at) for at in good if len(at) > 1]) - 1.0)
    return float(np.percentile(off, 99)) * 1000, share, sum(map(len, good)) / MEASURE_S


def main() -> None:
    for is_bad, name in ((False, "1,000 machines x 20 registers a second"), (True, "the same, 30 of them bad")):
        late_ms, share, rate = measure(is_bad=is_bad)
        must = ("<= 10", "<= 0.25", "") if not is_bad else ("", "", "")
        rows = (("interval off by, p99", late_ms, "ms"), ("share of a core", share, "share"), ("reads", rate, "1/s"))
        for (what, figure, unit), wanted in zip(rows, must, strict=True):
            print(json.dumps({"row": f"{name}: {what}", "figure": round(figure, 3), "unit": unit, "must": wanted}))


if __name__ == "__main__":
    main()
