"""How good plans are on public instances: ``python -m scheduling.bench ihtc|roster|routes FOLDER``.

Protocol: each instance and seed runs alone in this process for the given wall seconds on the given threads; compiling
is done before and not counted. Every plan is checked anew, and an invalid one has no gap. A line of JSON is written for
each run as soon as it ends, and runs that stand in the file already are not run again, so that a bench of many hours
can be stopped and goes on where it was. Each line holds wall and processor seconds and the machine's load: processor
seconds far below wall times threads mean that others used the machine and the figure is an upper bound of the gap.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scheduling.checker.admissions import check_admissions
from scheduling.checker.rosters import check_roster
from scheduling.checker.routes import check_routes
from scheduling.loaders.curtois import load_curtois
from scheduling.loaders.ihtc import load_problem
from scheduling.loaders.vrplib import load_vrp
from scheduling.solvers.admissions.search import Settings, solve
from scheduling.solvers.rosters.search import solve_roster
from scheduling.solvers.rosters.settings import RosterSettings
from scheduling.solvers.routes.dispatching import plan_routes
from scheduling.solvers.routes.searching import RouteSettings
from twin.errors import HospitalTwinError, InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long each run is.

    Parameters
    ----------
    seconds : float
        Wall time.
    threads : int
        Threads.
    seed : int
        Of chance.
    """

    seconds: float
    threads: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one run gave.

    Parameters
    ----------
    cost : float
        As the checker says.
    is_valid : bool
        Whether every must is kept.
    steps : int
        Steps or rounds of the search.
    """

    cost: float
    is_valid: bool
    steps: int


def run_ihtc(path: Path, effort: Effort) -> Measured:
    """Plan one instance of the timetabling competition."""
    problem = load_problem(path)
    found = solve(problem, Settings(seconds=effort.seconds, threads=effort.threads, seed=effort.seed))
    report = check_admissions(problem, found.plan)
    return Measured(cost=report.cost, is_valid=report.is_valid, steps=found.steps)


def run_roster(path: Path, effort: Effort) -> Measured:
    """Make the roster of one benchmark instance."""
    problem = load_curtois(path)
    found = solve_roster(problem, RosterSettings(seconds=effort.seconds, threads=effort.threads, seed=effort.seed))
    report = check_roster(problem, found.roster)
    return Measured(cost=report.cost, is_valid=report.is_valid, steps=found.rounds)


def run_routes(path: Path, effort: Effort) -> Measured:
    """Plan the routes of one instance."""
    made = load_vrp(path)
    settings = RouteSettings(seconds=effort.seconds, threads=effort.threads, seed=effort.seed)
    plan = plan_routes(made.rounds, settings)
    report = check_routes(made.rounds, plan)
    return Measured(cost=report.cost / made.scale, is_valid=report.is_valid, steps=0)


RUNS: dict[str, tuple[Callable[[Path, Effort], Measured], str, bytes]] = {
    "ihtc": (run_ihtc, "*.json", b'"operating_theaters"'),
    "roster": (run_roster, "*.txt", b"SECTION_HORIZON"),
    "routes": (run_routes, "*.vrp", b""),
}
"""What can be measured: how, and which files of a folder by their names and what stands in them.

Solutions and tables often lie beside the instances, under names of any kind.
"""


def best_known(folder: Path) -> dict[str, float]:
    """Give the best known costs of a folder: ``best_known.csv`` (instance first, best last) and ``*.sol`` files."""
    found: dict[str, float] = {}
    table = folder / "best_known.csv"
    if table.exists():
        with table.open(encoding="utf-8") as opened:
            for row in csv.DictReader(opened):
                value = row.get("best_known_ihtp_2025_12") or row.get("best_known") or ""
                if value:
                    found[row["instance"]] = float(value)
    for path in folder.glob("*.sol"):
        last = path.read_text(encoding="utf-8").split()[-1:]
        if last:
            found[path.stem] = float(last[0])
    return found


def measure(kind: str, path: Path, effort: Effort, best: float) -> dict[str, object]:
    """Run one instance with one seed and give its line."""
    load_before, wall, processor = os.getloadavg()[0], time.monotonic(), time.process_time()
    told = RUNS[kind][0](path, effort)
    # An invalid plan has no gap: a broken rule would buy any cost.
    gap = 100 * (told.cost / best - 1) if best and told.is_valid else None
    return {
        "kind": kind,
        "instance": path.stem,
        "seed": effort.seed,
        "seconds": effort.seconds,
        "threads": effort.threads,
        "cost": told.cost,
        "is_valid": told.is_valid,
        "best_known": best or None,
        "gap_percent": None if gap is None else round(gap, 3),
        "steps": told.steps,
        "wall_s": round(time.monotonic() - wall, 2),
        "processor_s": round(time.process_time() - processor, 2),
        "load_before": round(load_before, 2),
        "load_after": round(os.getloadavg()[0], 2),
    }


def done_before(out: Path) -> dict[tuple[object, ...], dict[str, object]]:
    """Give the lines that a bench has left, by what was run."""
    if not out.exists():
        return {}
    found: dict[tuple[object, ...], dict[str, object]] = {}
    for text in out.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
            found[_key(line)] = line
        except (ValueError, KeyError, TypeError):
            # A bench that was killed leaves half a line: that run is made again.
            continue
    return found


def _key(line: dict[str, object]) -> tuple[object, ...]:
    return tuple(line[name] for name in ("kind", "instance", "seed", "seconds", "threads"))


def summary(lines: list[dict[str, object]]) -> dict[str, object]:
    """Give mean and largest gap, and how many runs were valid."""
    gaps = [float(str(line["gap_percent"])) for line in lines if line["gap_percent"] is not None]
    used = sum(float(str(line["processor_s"])) for line in lines)
    given = sum(float(str(line["wall_s"])) * int(str(line["threads"])) for line in lines)
    return {
        "runs": len(lines),
        "valid": sum(bool(line["is_valid"]) for line in lines),
        "mean_gap_percent": round(sum(gaps) / len(gaps), 3) if gaps else None,
        "largest_gap_percent": round(max(gaps), 3) if gaps else None,
        "processor_share": round(used / given, 3) if given else None,
    }


def _arguments(given: list[str] | None) -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="python -m scheduling.bench", description=__doc__)
    reader.add_argument("kind", choices=sorted(RUNS))
    reader.add_argument("folder", type=Path)
    reader.add_argument("--only", default="", help="names of instances, separated by commas")
    reader.add_argument("--seconds", type=float, default=60.0)
    reader.add_argument("--threads", type=int, default=2)
    reader.add_argument("--seeds", default="1", help="separated by commas")
    reader.add_argument("--out", type=Path, default=Path("bench.jsonl"))
    return reader.parse_args(given)


def main(given: list[str] | None = None) -> int:
    """Run what has not been run, and tell the summary.

    Returns
    -------
    int
        0; 1 if a plan was invalid; 2 if a folder or a file cannot be used.
    """
    told = _arguments(given)
    try:
        return _run(told)
    except (HospitalTwinError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _run(told: argparse.Namespace) -> int:
    seeds = _seeds(told.seeds)
    best = best_known(told.folder)
    paths = _instances(told)
    known = done_before(told.out)
    lines = []
    for path in paths:
        for seed in seeds:
            effort = Effort(seconds=told.seconds, threads=told.threads, seed=seed)
            # The key holds seconds and threads too: a longer run is another measurement, not a repetition.
            key = (told.kind, path.stem, seed, told.seconds, told.threads)
            line = known.get(key) or measure(told.kind, path, effort, best.get(path.stem, 0.0))
            if key not in known:
                _keep(told.out, line)
            lines.append(line)
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
    sys.stdout.write(json.dumps(summary(lines)) + "\n")
    return 0 if all(line["is_valid"] for line in lines) else 1


def _keep(out: Path, line: dict[str, object]) -> None:
    is_cut = out.exists() and out.stat().st_size > 0 and not out.read_bytes().endswith(b"\n")
    with out.open("a", encoding="utf-8") as opened:
        # Half a line that a kill has left must not swallow this one.
        opened.write(("\n" if is_cut else "") + json.dumps(line) + "\n")


def _seeds(text: str) -> list[int]:
    try:
        return [int(seed) for seed in text.split(",")]
    except ValueError as error:
        raise InputError(f"--seeds: expected whole numbers with commas between, got {text[:40]!r}.") from error


def _instances(told: argparse.Namespace) -> list[Path]:
    """Give the files to be measured; a name that is not there is a mistake, not a shorter bench."""
    _run_one, pattern, mark = RUNS[told.kind]
    wanted = set(filter(None, told.only.split(",")))
    found = (path for path in sorted(told.folder.glob(pattern)) if not wanted or path.stem in wanted)
    paths = [path for path in found if mark in path.read_bytes()]
    missing = sorted(wanted - {path.stem for path in paths})
    if not paths or missing:
        what = f"no instance {missing[0]!r}" if missing else f"no file {pattern}"
        raise InputError(f"{told.folder}: {what}: name a folder of instances.")
    return paths


if __name__ == "__main__":
    sys.exit(main())
