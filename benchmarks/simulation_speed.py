"""Speed of the compiled engine beside SimPy, Ciw and C, all on the same emergency department in the same run.

Protocol: processor time of one core, medians of five runs, each of a peer set against runs of ours beside it, after one
run that compiles. The C program reads the same tables, draws the same numbers and must count the same exits and waits,
else the benchmark fails. SimPy and Ciw draw their own numbers; their time is per patient who left. Threads are measured
in wall time and only mean something while both cores are free. Sources: ``benchmarks/peers``. Run:
``python -m benchmarks.simulation_speed`` (about two minutes).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.peers import emergency, emergency_ciw, emergency_simpy
from simulation.compiled.engine import CompiledEngine
from simulation.experiments.hospital import Capacities, ParameterSheet, hospital_document
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.operations import Need
from simulation.model.plan import RunPlan
from simulation.model.state import InitialState, InPlace

SOURCE = Path(__file__).parent / "peers" / "emergency.c"


def row(name: str, figure: float, unit: str, **facts: object) -> None:
    """Print one row."""
    print(json.dumps({"row": name, "figure": round(figure, 4), "unit": unit, **facts}), flush=True)


def seconds(work: Callable[[], object], runs: int = 5) -> float:
    """Give the median processor time of some runs."""
    found = []
    for _ in range(runs):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return statistics.median(found)


def against_c(engine: CompiledEngine) -> None:
    """Compare with the C program on the same tables."""
    with tempfile.TemporaryDirectory() as folder:
        program, tables = Path(folder) / "emergency", Path(folder) / "tables"
        flags = ["-O3", "-march=native", "-ffp-contract=off"]
        subprocess.run(["gcc", *flags, str(SOURCE), "-lm", "-o", str(program)], check=True)
        emergency.write_tables(engine.plan, tables)
        pairs = []
        for _ in range(5):
            ours = seconds(lambda: [engine.run(r) for r in range(5)], 1)
            said = subprocess.run([str(program), str(tables), "1", "5"], check=True, capture_output=True, text=True)
            pairs.append((ours, json.loads(said.stdout)))
    outcomes = [engine.run(r) for r in range(5)]
    counted = {
        "patients": sum(o.patients for o in outcomes),
        "exits": sum(int(o.exits.sum()) for o in outcomes),
        "waited_us": round(sum(float(o.waits[:, :, 1].sum()) for o in outcomes)),
    }
    theirs = pairs[0][1]
    for name, value in counted.items():
        if abs(theirs[name] - value) > 1e-9 * value:
            raise SystemExit(f"the C program counts {name} = {theirs[name]}, the engine {value}")
    ours = statistics.median(a for a, _ in pairs) / counted["patients"] * 1e6
    peer = statistics.median(b["seconds"] for _, b in pairs) / counted["patients"] * 1e6
    ratio = statistics.median(a / b["seconds"] for a, b in pairs)
    row(
        "emergency department, 5 x 1 year, same events",
        ours,
        "us a patient",
        peer="plain C",
        peer_figure=round(peer, 4),
        ratio=round(ratio, 3),
        must="<= 1.25 of the C program's time",
    )


def beside(engine: CompiledEngine, peer: Callable[[float, int], int], hours: float) -> tuple[float, float, float]:
    """Give our and a peer's microseconds for a patient, and how many times faster we are: medians of five pairs.

    The machine's pace changes within seconds, so that each run of the peer is set against ten of ours beside it.
    """
    patients = engine.run(0).patients
    peer(hours / 10, 0)
    pairs = []
    for seed in range(5):
        begin = time.process_time()
        left = peer(hours, seed)
        theirs = (time.process_time() - begin) / left
        pairs.append((seconds(lambda: engine.run(0), 10) / patients, theirs))
    ours, theirs = (statistics.median(times) * 1e6 for times in zip(*pairs, strict=True))
    return ours, theirs, statistics.median(b / a for a, b in pairs)


def against_python(engine: CompiledEngine) -> None:
    """Compare with SimPy on the whole model and with Ciw on what it can say."""
    ours, peer, ratio = beside(engine, emergency_simpy.run, 1000)
    row(
        "emergency department, all operations",
        ours,
        "us a patient",
        peer="SimPy, idiomatic",
        peer_figure=round(peer, 2),
        ratio=round(ratio, 1),
        must=">= 100 x",
    )
    simple = CompiledEngine(emergency.plan_of(emergency.simple_document()))
    ours, peer, ratio = beside(simple, emergency_ciw.run, 700)
    row(
        "department as far as Ciw can say it",
        ours,
        "us a patient",
        peer="Ciw",
        peer_figure=round(peer, 2),
        ratio=round(ratio, 1),
        must=">= 150 x",
    )


def log_cost(engine: CompiledEngine) -> None:
    """Compare runs with and without the full event log."""
    rows = len(engine.run(0, log=True).log.columns.times)  # type: ignore[union-attr]  # it was asked for
    pairs = []
    for _ in range(7):
        plain = seconds(lambda: engine.run(0), 1)
        pairs.append((seconds(lambda: engine.run(0, log=True), 1), plain))
    ratio = statistics.median(a / b for a, b in pairs)
    row(
        f"full event log of a year ({rows:,} rows)",
        statistics.median(a for a, _ in pairs),
        "s",
        peer="no log",
        peer_figure=round(statistics.median(b for _, b in pairs), 4),
        ratio=round(ratio, 3),
        must="<= 1.2",
    )


def in_threads(runner: Callable[[int], object], count: int, threads: int) -> float:
    """Give the wall time of so many replications."""
    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(runner, range(count)))
    return time.perf_counter() - begin


def scaling(engine: CompiledEngine) -> None:
    """Time 30 years on one and on two threads."""
    patients = sum(engine.run(r).patients for r in range(30))
    pairs = [(in_threads(engine.run, 30, 1), in_threads(engine.run, 30, 2)) for _ in range(3)]
    two = statistics.median(b for _, b in pairs)
    ratio = statistics.median(a / b for a, b in pairs)
    row(
        f"30 replications x 1 year ({patients:,} patients), 2 threads",
        two,
        "s",
        peer="1 thread",
        peer_figure=round(statistics.median(a for a, _ in pairs), 3),
        ratio=round(ratio, 2),
        must=">= 1.8 x where two cores are free",
    )


def live_plan() -> RunPlan:
    """Give 48 hours of a 600-bed hospital with everybody in place."""
    wards = {f"w{number:02}": 30 for number in range(18)}
    size = Capacities(
        ed=40, icu=20, theatres=12, recovery=16, cleaners=18, wards=wards, ed_present=30, ward_present=490
    )
    document = hospital_document(size, ParameterSheet(), {})
    random = np.random.default_rng(1)
    span = Span(start_at=1_795_996_800_000_000, horizon_us=48 * 3_600_000_000)
    day = 86_400_000_000
    patients = [
        InPlace(
            name=f"{ward}-{bed}",
            node=f"stay-{ward}",
            held=(Need(f"ward-{ward}"),),
            elapsed_us=int(random.exponential(3 * day)),
            arrived_us=-3 * day,
        )
        for ward in wards
        for bed in range(27)
    ]
    patients += [
        InPlace(
            name=f"ed-{n}",
            node="ed-care",
            held=(Need("ed"),),
            elapsed_us=int(random.exponential(day / 12)),
            arrived_us=-day,
        )
        for n in range(30)
    ]
    return RunPlan(
        pathway=build_pathway(document, span=span), span=span, initial=InitialState(patients=tuple(patients)), seed=1
    )


def live() -> None:
    """Time 1,000 replications of 48 hours from a live state."""
    engine = CompiledEngine(live_plan())
    engine.run(0)
    row(
        "1,000 x 48 h from a live 600-bed state, one core",
        seconds(lambda: [engine.run(r) for r in range(1000)], 3),
        "s",
    )


def main() -> None:
    """Measure everything."""
    engine = CompiledEngine(emergency.plan_of(emergency.document()))
    engine.run(0)
    against_c(engine)
    against_python(engine)
    log_cost(engine)
    scaling(engine)
    live()


if __name__ == "__main__":
    main()
