"""How soon a planner is answered: alternatives for one patient, and a plan repaired after a sick call.

Protocol: a generated problem of 250 patients, 21 days (seed 1) and a plan of it found by 2 million steps; compiling is
done before. Alternatives: every day and room of each of 100 patients is evaluated and ranked, on a board that stands.
Repair: each of 20 nurses is away for one day; from problem and plan to a checked plan, the board's making included.
Medians and the longest; repaired plans are checked, and the share of cells that changed is the largest of all.
"""

from __future__ import annotations

import json
import statistics
import time

from scheduling.checker.admissions import check_admissions
from scheduling.loaders.generator import Wanted, generate
from scheduling.service.board import Board
from scheduling.service.repairing import Outage, repair
from scheduling.solvers.admissions.search import Settings, solve


def main() -> None:
    """Measure and print rows."""
    problem = generate(Wanted(patients=250, days=21, seed=1))
    plan = solve(problem, Settings(steps=2_000_000, seed=1)).plan
    before = len(check_admissions(problem, plan).violations)
    board = Board(problem, plan)
    board.alternatives(problem.patients[0].id)
    asked = []
    for patient in problem.patients[:100]:
        began = time.perf_counter()
        board.alternatives(patient.id)
        asked.append(1000 * (time.perf_counter() - began))
    repaired, changed, broken = [], [], 0
    for nurse in problem.nurses[:20]:
        day = nurse.shifts[0].day
        began = time.perf_counter()
        found = repair(problem, plan, Outage(nurse=nurse.id, from_day=day, to_day=day))
        repaired.append(time.perf_counter() - began)
        changed.append(100 * found.changed_share)
        broken += len(check_admissions(found.problem, found.edited.plan).violations) > before
    rows = [
        ("alternatives for one patient, median of 100", statistics.median(asked), "ms", "< 100"),
        ("alternatives for one patient, longest of 100", max(asked), "ms", "< 100"),
        ("repair after a sick call, median of 20", statistics.median(repaired), "s", "< 2"),
        ("repair after a sick call, longest of 20", max(repaired), "s", "< 2"),
        ("cells changed by a repair, largest of 20", max(changed), "%", "<= 3"),
        ("repairs of 20 that break a rule more", broken, "repairs", "0"),
    ]
    for name, figure, unit, must in rows:
        print(json.dumps({"row": name, "figure": round(figure, 4), "unit": unit, "must": must}), flush=True)


if __name__ == "__main__":
    main()
