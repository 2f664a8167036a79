"""Simulated queues against published and exact values, 10,000,000 patients each, with seeds from the commit's hash.

Protocol: every case of ``tests/simulation/queue_cases.py`` with three seeds that nobody chose: the first 24 hexadecimal
digits of the commit, eight each. 100 replications. A case with any |z| >= 3.3 is run again with 40,000,000 patients and
the next eight digits; only what fails twice counts. Run: ``python -m benchmarks.simulation_analytic [PATIENTS]``, with
HOSPITAL_TWIN_DATA set (twenty minutes of processor time, in pieces if need be: ``benchmarks/pieces.py``).
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.own_tests import from_tests
from benchmarks.pieces import Pieces
from simulation.experiments.queues.estimates import QueueLine, answer
from simulation.experiments.running import ENGINE_VERSION

if TYPE_CHECKING:
    from tests.simulation.queue_cases import QueueCase

FAR = 3.3
REPLICATIONS = 100


def queue_cases() -> list[QueueCase]:
    """Give the cases of the tests."""
    return list(from_tests("simulation.queue_cases").queue_cases())


def seeds_of(commit: str) -> list[int]:
    """Give five seeds from a commit's hash."""
    return [int(commit[8 * k : 8 * k + 8], 16) for k in range(5)]


def far(lines: list[QueueLine]) -> dict[str, float]:
    """Give the measures that are too far from their exact value."""
    return {line.measure: line.z for line in lines if not math.isnan(line.z) and abs(line.z) >= FAR}


def run_case(case: QueueCase, seeds: list[int], patients: int) -> tuple[int, float, list[str]]:
    """Give how many values were compared, the greatest |z|, and what failed twice."""
    compared, greatest, failed = 0, 0.0, []
    for seed in seeds[:3]:
        lines = answer(case.question(patients=patients, seed=seed, replications=REPLICATIONS))
        known = [abs(line.z) for line in lines if not math.isnan(line.z)]
        compared += len(known)
        greatest = max([greatest, *known])
        if far(lines):
            again = far(answer(case.question(patients=4 * patients, seed=seeds[3], replications=REPLICATIONS)))
            failed += [name for name in far(lines) if name in again]
    return compared, greatest, failed


def timed_case(case: QueueCase, seeds: list[int], patients: int) -> tuple[int, float, list[str], float]:
    """Give :func:`run_case` and the seconds of processor time it took."""
    begin = time.process_time()
    return *run_case(case, seeds, patients), time.process_time() - begin


def head() -> str:
    """Give the commit whose hash gives the seeds."""
    return subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Run every case."""
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    # Pieces that another engine counted say nothing of this one.
    pieces = Pieces(f"simulation_analytic-engine-{ENGINE_VERSION}")
    commit = pieces.get("commit", head)
    compared, greatest, failed, took = 0, 0.0, [], 0.0
    cases = queue_cases()
    for case in cases:
        count, most, bad, seconds = pieces.get(
            f"{case.name}, {patients}", partial(timed_case, case, seeds_of(commit), patients)
        )
        compared, greatest, took = compared + count, max(greatest, most), took + seconds
        failed += [f"{case.name}: {name}" for name in bad]
        sys.stderr.write(f"{case.name}: {count} values, greatest |z| {most:.2f} {bad or ''}\n")
    asked = f"{len(cases)} queues x 3 seeds of {commit[:8]}, {patients:,} patients each"
    name = f"{asked}: {compared} values, failed twice"
    print(json.dumps({"row": name, "figure": len(failed), "unit": "values", "must": "0 with |z| >= 3.3"}))
    print(
        json.dumps({"row": "greatest |z| of the first runs", "figure": round(greatest, 3), "unit": "standard errors"})
    )
    print(json.dumps({"row": "processor time", "figure": round(took, 1), "unit": "s"}))
    if failed:
        sys.stderr.write("\n".join(failed) + "\n")


if __name__ == "__main__":
    main()
