"""Whether the statistics keep their word: intervals, selection, and both engines' logs on many random pathways.

Protocol: 2,000 macro-runs of 20 replications of M/M/4 at a load of 0.8, each of 3,000 patients after a warm-up: how
often the interval of the mean wait covers the exact value. 1,000 selections among five normal systems, the best one
better by exactly the zone. 10,000 random pathways by ``tests/simulation/test_same_log.py``. Run:
``python -m benchmarks.simulation_statistics`` (half an hour, nearly all of it the reference engine; in pieces if need
be: ``benchmarks/pieces.py``).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial

import numpy as np

from benchmarks.pieces import Pieces
from simulation.compiled.engine import CompiledEngine
from simulation.experiments.measures import interval_of
from simulation.experiments.queues.estimates import queue_plan
from simulation.experiments.queues.question import UNIT_US, question_of
from simulation.experiments.running import ENGINE_VERSION
from simulation.statistics.formulae import mmc
from simulation.statistics.selection import Indifference, kim_nelson

MACRO_RUNS, REPLICATIONS, PATIENTS = 2000, 20, 3000
SELECTIONS = 1000


def row(name: str, figure: float, unit: str, **facts: object) -> None:
    """Print one row."""
    print(json.dumps({"row": name, "figure": figure, "unit": unit, **facts}), flush=True)


def covering(first: int, last: int) -> int:
    """Count how many of some macro-runs have an interval of the mean wait that covers the exact one."""
    question = question_of(
        {
            "servers": 4,
            "arrivals": "exp:3.2",
            "service": "exp:1",
            "patients": REPLICATIONS * PATIENTS,
            "replications": REPLICATIONS,
        }
    )
    engine = CompiledEngine(queue_plan(question))
    exact = mmc(3.2, 1.0, 4).wait
    hits = 0
    for macro in range(first, last):
        outcomes = [engine.run(macro * REPLICATIONS + r) for r in range(REPLICATIONS)]
        waits = np.array([o.waits[0, 0, 1] / o.waits[0, 0, 0] / UNIT_US for o in outcomes])
        found = interval_of(waits, 0.95)
        hits += int(abs(found.mean - exact) <= found.half_width)
    return hits


def coverage(pieces: Pieces) -> None:
    """Tell how often intervals cover."""
    parts = [(k, k + MACRO_RUNS // 10) for k in range(0, MACRO_RUNS, MACRO_RUNS // 10)]
    hits = sum(pieces.get(f"coverage {a}", partial(covering, a, b)) for a, b in parts)
    row(
        f"coverage of 95 % intervals, {MACRO_RUNS:,} macro-runs of M/M/4",
        hits / MACRO_RUNS,
        "share",
        must="0.935 to 0.965",
    )


def selecting(first: int, last: int) -> int:
    """Count how often the best of five is selected where all others are worse by the zone."""
    right = 0
    for macro in range(first, last):
        values = np.random.default_rng(macro).normal(0, 2.0, (5, 3000))
        values[1:] += 1.0
        rule = Indifference(zone=1.0, most=3000)
        found = kim_nelson(lambda k, which, v=values: v[k, which.start : which.stop], 5, rule)  # type: ignore[misc]
        right += int(found.best == 0)
    return right


def selection(pieces: Pieces) -> None:
    """Tell how often the best one is selected."""
    parts = [(k, k + SELECTIONS // 5) for k in range(0, SELECTIONS, SELECTIONS // 5)]
    right = sum(pieces.get(f"selection {a}", partial(selecting, a, b)) for a, b in parts)
    row(f"KN on the slippage configuration, {SELECTIONS:,} selections", right / SELECTIONS, "share", must=">= 0.95")


def differing(count: int, wanted: str) -> int:
    """Give how many of some tests found a difference on so many random pathways; -1 if they did not run."""
    said = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:randomly",
            "--timeout",
            "7000",
            "-k",
            wanted,
            "tests/simulation/test_same_log.py",
        ],
        env={**os.environ, "HOSPITAL_TWIN_PATHWAYS": str(count)},
        capture_output=True,
        text=True,
        check=False,
    )
    failed = re.search(r"(\d+) failed", said.stdout)
    return int(failed[1]) if failed else (0 if said.returncode == 0 else -1)


def pathways(pieces: Pieces) -> None:
    """Tell whether the logs of both engines were ever different."""
    count = int(os.environ.get("HOSPITAL_TWIN_PATHWAYS", "10000"))
    tests = [f"test_random_pathways_give_the_same_event_log_in_both_engines and {k}" for k in range(10)]
    tests.append("test_random_pathways_give_the_same_statistics")
    found = [pieces.get(f"{count}: {name}", partial(differing, count, name)) for name in tests]
    if -1 in found:
        raise SystemExit("the tests of random pathways did not run to their end")
    row(f"{count:,} random pathways, tests that found a difference", sum(found), "tests", must="0")


if __name__ == "__main__":
    # Pieces that another engine counted say nothing of this one.
    known = Pieces(f"simulation_statistics-engine-{ENGINE_VERSION}")
    coverage(known)
    selection(known)
    pathways(known)
