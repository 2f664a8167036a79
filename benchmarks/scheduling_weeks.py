"""Whether weekly rosters with history keep every must, week after week, each made without knowing the next.

Protocol: the scenarios of the second rostering competition in HOSPITAL_TWIN_DATA (default ../shared/data), each from
all three of its histories through as many of its ten weeks as it has, drawn with a seed; 2 seconds a week, one thread.
Every roster passes the checker with the history that the weeks before left. Told are the weeks that keep every must and
how many were made again because the next one could not be staffed after them; the peer is the same run without that.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np

from scheduling.loaders.inrc2 import load_weeks
from scheduling.service.rostering import roster_weeks
from scheduling.solvers.rosters.settings import RosterSettings

SECONDS_A_WEEK = 2.0
SEED = 1


def main() -> None:
    """Measure and print a row for each scenario."""
    folder = Path(os.environ.get("HOSPITAL_TWIN_DATA", "../shared/data")) / "rostering"
    scenarios = sorted(folder.glob("inrc2_*"))
    if not scenarios:
        sys.exit(f"{folder}: there are no scenarios.")
    for scenario in scenarios:
        chance = np.random.default_rng(SEED)
        name = scenario.name.removeprefix("inrc2_")
        n_weeks = int(name.partition("w")[2])
        valid = again = 0
        histories = sorted(scenario.glob("H0-*.json"))
        for history in histories:
            files = [scenario / f"WD-{name}-{week}.json" for week in chance.integers(0, 10, n_weeks)]
            weeks = load_weeks(scenario, history, files)
            done = roster_weeks(weeks, RosterSettings(seconds=SECONDS_A_WEEK * n_weeks, seed=SEED))
            valid += sum(week.report.is_valid for week in done)
            again += sum(week.is_again for week in done)
        of = n_weeks * len(histories)
        line = {
            "row": f"{name}: weeks that keep every must, of {of} ({SECONDS_A_WEEK:g} s a week, {again} made again)",
            "figure": valid,
            "unit": "weeks",
            "peer": "without going back, at most",
            "peer_figure": valid - again,
            "must": "all",
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
