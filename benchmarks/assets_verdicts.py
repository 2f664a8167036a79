"""Mutated cycles of which none may pass, clean noisy ones of which few may fail, and how well air is detected.

Protocol: the generators of the tests with 0.1 K and 0.5 kPa of noise; 10,000 mutated cycles spread evenly over the
kinds, 2,000 clean ones; for air, 20 cycles per share and band. Counts are exact, not timed. The way to the verdict: a
whole server on loopback, a cycle's samples posted over HTTP as a gateway does, once a second's worth at its end; the
clock runs from the post with the sample that confirms the end until the verdict is stored, slowest of ten
cycles. A gateway sends a machine's samples within 0.1 s after its state has changed. Run:
``python -m benchmarks.assets_verdicts`` (about two minutes of one core).
"""

from __future__ import annotations

import json
import socket
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx2
import numpy as np
import uvicorn

from assets.model.machine import Machine
from assets.model.programme import Programme
from assets.rules.verdict import judge
from assets.tables.reprocessing import save_machine, save_programme
from assets.tables.rows import CycleRow
from benchmarks.cycles import BANDS, MUTATIONS, clean_cycle, columns_of, mutate, programme
from server.access.keys import NewKey, create_key
from server.app.running import at_work
from server.wiring import Hospital, open_hospital
from twin.access import Role
from twin.clock import DAY_US
from twin.events.supply import Verdict
from twin.settings import Settings

MUTATED, CLEAN, PER_SHARE, CYCLES = 10_000, 2_000, 20, 10
SOURCE = "gateway:bench"
P134 = Programme(id="P134", band_low_c=134.0, band_high_c=137.0, required_hold_s=180.0)
STEAM = Machine(id="ster-1", programmes={0: "P134"})


def row(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def main() -> None:
    rng = np.random.default_rng(20261126)
    passed = Counter(
        kind
        for kind in MUTATIONS
        for _ in range(MUTATED // len(MUTATIONS))
        if judge(*mutate(kind, rng)).verdict is Verdict.PASS
    )
    row(
        row=f"{MUTATED:,} mutated cycles of {len(MUTATIONS)} kinds: passed",
        figure=sum(passed.values()),
        unit="cycles",
        must="0",
    )
    failed = sum(
        judge(clean_cycle(*BANDS[seed % len(BANDS)], seed=seed), programme(*BANDS[seed % len(BANDS)])).verdict
        is not Verdict.PASS
        for seed in range(CLEAN)
    )
    row(row=f"{CLEAN:,} clean noisy cycles: not passed", figure=100.0 * failed / CLEAN, unit="%", must="<= 0.5 %")
    for share in (0.01, 0.02, 0.03, 0.04, 0.05, 0.055, 0.06):
        counts: Counter[str] = Counter()
        for limit in (1.0, 2.0):
            for number in range(PER_SHARE * len(BANDS)):
                low, hold = BANDS[number % len(BANDS)]
                trace = clean_cycle(low, hold, air=share, seed=number)
                found = judge(trace, programme(low, hold, max_theoretical_difference_k=limit))
                counts[f"{limit:g}"] += found.verdict is not Verdict.PASS
                counts["seen"] += found.verdict is not Verdict.PASS or "air_suspected" in {
                    w.code for w in found.warnings
                }
        cycles = PER_SHARE * len(BANDS)
        row(
            row=f"air {share:.1%}: held back where the limit is 1 K",
            figure=100.0 * counts["1"] / cycles,
            unit="%",
            must="100 %" if share >= 0.03 else "",
        )
        row(
            row=f"air {share:.1%}: held back where the limit is 2 K",
            figure=100.0 * counts["2"] / cycles,
            unit="%",
            must="100 %" if share >= 0.06 else "",
        )
        row(row=f"air {share:.1%}: held back or flagged", figure=100.0 * counts["seen"] / (2 * cycles), unit="%")
    waits = waits_for_verdict()
    row(
        row=f"a cycle's end to its verdict, over HTTP, slowest of {CYCLES} (median {sorted(waits)[CYCLES // 2]:.2f} s)",
        figure=max(waits),
        unit="s",
        must="<= 2 s",
    )


def waits_for_verdict() -> list[float]:
    """Run a whole server and give how long the verdict of each of some cycles took."""
    with tempfile.TemporaryDirectory() as folder:
        hospital = open_hospital(Settings(data_dir=Path(folder), free_disk_floor_mb=0))
        try:
            hospital.write_now(lambda session: (save_programme(session, P134), save_machine(session, STEAM)))
            new = NewKey(name="bench", role=Role.SERVICE_GATEWAY, source=SOURCE)
            key, *_ = hospital.write_now(
                lambda session: create_key(session, new, created_by="bench", now=hospital.clock.now())
            )
            with at_work(hospital, with_pages=False) as app, socket.create_server(("127.0.0.1", 0)) as listening:
                app.access.setup_link = None  # nobody signs in by password here
                server = uvicorn.Server(uvicorn.Config(app.asgi, log_config=None, access_log=False))
                thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
                thread.start()
                client = httpx2.Client(
                    base_url=f"http://127.0.0.1:{listening.getsockname()[1]}",
                    headers={"authorization": f"Bearer {key}"},
                    timeout=30,
                )
                try:
                    return [wait_for_verdict(hospital, client, number) for number in range(CYCLES)]
                finally:
                    server.should_exit = True
                    thread.join()
        finally:
            hospital.close()


def wait_for_verdict(hospital: Hospital, gateway: httpx2.Client, number: int) -> float:
    """Post a cycle, its end last, and give how long its verdict took from then."""
    times, columns = columns_of(number=number + 1)
    # A day apart, in the past: the machine's samples must be in order, and none may lie ahead of the server's clock.
    begin = hospital.clock.now() - (CYCLES - number) * DAY_US
    last = len(times) - 4  # the second sample at rest confirms the end
    started = 0.0
    for first, end in ((0, last), (last, last + 1)):
        chunks = [
            {
                "device": STEAM.id,
                "quantity": name,
                "source": SOURCE,
                "source_key": f"{number}:{name}:{first}",
                "times_us": (times[first:end] + begin).tolist(),
                "values": values[first:end].tolist(),
            }
            for name, values in columns.items()
        ]
        started = time.perf_counter()
        gateway.post("/v1/telemetry", json={"chunks": chunks}).raise_for_status()
    while time.perf_counter() - started < 30.0:
        with hospital.read() as session:
            ended = session.get(CycleRow, f"{STEAM.id}:{begin}")
            if ended is not None and ended.verdict:
                return time.perf_counter() - started
        time.sleep(0.01)
    raise RuntimeError("no verdict within 30 s")


if __name__ == "__main__":
    main()
