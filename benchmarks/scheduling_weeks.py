"""Whether weekly rosters with history keep every must, week after week, each made without knowing the next.

Protocol: the scenarios of the second rostering competition in HOSPITAL_TWIN_DATA (default ../shared/data), each from
all three of its histories through as many of its ten weeks as it has, drawn with a seed; 2 seconds a week, one thread.
Every roster passes the checker with the history that the weeks before left. Told are the weeks that keep every must and
how many were made again because the next one could not be staffed after them.

The peer is CP-SAT with one worker, given the same model of each week whole for the same time, from the first history:
how many of its weeks keep every must, and what all weeks of a period cost. A week for which it finds nothing counts as
one in which nobody works. Each period is a piece, see :mod:`benchmarks.pieces`; all of them take about three minutes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from ortools.sat.python import cp_model

from benchmarks.pieces import Pieces
from scheduling.checker.rosters import check_roster
from scheduling.loaders.inrc2 import Weeks, load_weeks
from scheduling.model.rosters import Roster, RosterProblem
from scheduling.rules.rosters import histories_after, with_legal_rest
from scheduling.service.rostering import roster_weeks
from scheduling.solvers.rosters.modelling import RosterModel
from scheduling.solvers.rosters.neighbourhoods import roster_of
from scheduling.solvers.rosters.settings import RosterSettings

SECONDS_A_WEEK = 2.0
SEED = 1


def ours(weeks: Weeks) -> dict[str, float]:
    """Give valid weeks, weeks made again, cost and wall seconds of a period."""
    began = time.monotonic()
    done = roster_weeks(weeks, RosterSettings(seconds=SECONDS_A_WEEK * len(weeks.needs), seed=SEED))
    return {
        "valid": sum(week.report.is_valid for week in done),
        "again": sum(week.is_again for week in done),
        "cost": sum(week.report.cost for week in done),
        "seconds": time.monotonic() - began,
    }


def alone(problem: RosterProblem) -> Roster:
    """Give the roster that CP-SAT finds by itself."""
    made = RosterModel(replace(problem, shifts=with_legal_rest(problem.shifts, problem.rest_minutes)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_time_in_seconds = SECONDS_A_WEEK
    if solver.solve(made.model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Roster()
    return roster_of(made, list(solver.response_proto.solution))


def peer(weeks: Weeks) -> dict[str, float]:
    """Give valid weeks and cost of a period whose weeks CP-SAT rosters by itself."""
    before, valid, cost = tuple(nurse.history for nurse in weeks.base.employees), 0, 0
    for index in range(len(weeks.needs)):
        problem = weeks.week(index, before)
        roster = alone(problem)
        report = check_roster(problem, roster)
        valid, cost = valid + report.is_valid, cost + report.cost
        before = histories_after(problem, roster)
    return {"valid": valid, "cost": cost}


def rows_of(scenario: Path, pieces: Pieces) -> list[dict[str, object]]:
    """Measure the periods of a scenario and give its rows."""
    chance = np.random.default_rng(SEED)
    name = scenario.name.removeprefix("inrc2_")
    n_weeks = int(name.partition("w")[2])
    histories = sorted(scenario.glob("H0-*.json"))
    done, other = [], {}
    for history in histories:
        files = [scenario / f"WD-{name}-{week}.json" for week in chance.integers(0, 10, n_weeks)]
        weeks = load_weeks(scenario, history, files)
        done.append(pieces.get(history.stem, partial(ours, weeks)))
        if history == histories[0]:
            other = pieces.get(f"{history.stem} peer", partial(peer, weeks))
    again, seconds = sum(one["again"] for one in done), max(one["seconds"] for one in done)
    note = f"{SECONDS_A_WEEK:g} s a week, {again:g} made again, longest period {seconds:.1f} s"
    return [
        {
            "row": f"{name}: weeks that keep every must, of {n_weeks * len(histories)} ({note})",
            "figure": sum(one["valid"] for one in done),
            "unit": "weeks",
            "peer": f"CP-SAT alone, of {n_weeks}",
            "peer_figure": other["valid"],
            "must": "all",
        },
        {
            "row": f"{name}: cost of all weeks from the first history",
            "figure": done[0]["cost"],
            "unit": "cost",
            "peer": "CP-SAT alone",
            "peer_figure": other["cost"],
            "ratio": round(done[0]["cost"] / max(1, other["cost"]), 3),
        },
    ]


def main() -> None:
    """Measure and print two rows for each scenario."""
    folder = Path(os.environ.get("HOSPITAL_TWIN_DATA", "../shared/data")) / "rostering"
    scenarios = sorted(folder.glob("inrc2_*"))
    if not scenarios:
        sys.exit(f"{folder}: there are no scenarios.")
    pieces = Pieces("scheduling_weeks")
    for scenario in scenarios:
        for line in rows_of(scenario, pieces):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
