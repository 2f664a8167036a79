"""The gap to the best known plans after ten minutes, on instances that nobody has chosen.

Protocol: HOSPITAL_TWIN_IHTC_DRAWN of the thirty instances (3 unless told), drawn with the SHA-256 of the last commit
that changed what plans admissions: each version has a draw of its own, and nobody can pick one that suits it. Seed 1,
two threads, wall seconds of HOSPITAL_TWIN_IHTC_SECONDS (600 unless told). Runs are kept by commit in ``.bench`` and not
repeated, so a measurement that was ended goes on where it was; a larger number only adds instances to those drawn
before. Every plan passes the checker. The row tells how many instances it stands for and which: of three, the mean is
known to about a percent only. It is refused while the folders that plan admissions hold changes without a commit.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.scheduling_ihtc import PEER_MEAN, instances, measured
from scheduling.bench import summary

CODE = ("scheduling/solvers/admissions", "scheduling/solvers/bounds.py", "scheduling/model", "scheduling/checker")
"""What a plan of admissions depends on."""


def version() -> str:
    """Give the last commit that changed the code measured."""
    changed = _git("status", "--porcelain", "--", *CODE)
    if changed:
        sys.exit(f"These changes have no commit, so no draw belongs to them:\n{changed}")
    commit = _git("log", "-1", "--format=%H", "--", *CODE)
    if not commit:
        sys.exit("No commit holds this code: measure in a clone of the repository.")
    return commit


def drawn(paths: list[Path], commit: str, n: int) -> list[Path]:
    """Give the first instances of the order that belongs to a commit."""
    seed = int.from_bytes(hashlib.sha256(commit.encode()).digest()[:8], "big")
    order = np.random.default_rng(seed).permutation(len(paths))
    return [paths[at] for at in order[:n].tolist()]


def main() -> None:
    """Measure what has not been measured, and print rows."""
    n = int(os.environ.get("HOSPITAL_TWIN_IHTC_DRAWN", "3"))
    seconds = float(os.environ.get("HOSPITAL_TWIN_IHTC_SECONDS", "600"))
    commit = version()
    paths = drawn(instances(), commit, max(1, n))
    lines = measured(paths, seconds, Path(".bench") / f"ihtc-{seconds:g}-{commit[:12]}.jsonl")
    told = summary(lines)
    gaps = ", ".join(f"{line['instance']} {line['gap_percent']}" for line in lines)
    note = (
        f"{told['runs']} of 30 instances drawn by commit {commit[:12]}: {gaps}; {seconds:g} s, 2 threads, seed 1, "
        f"processor share {told['processor_share']}"
    )
    mean, largest, valid = told["mean_gap_percent"], told["largest_gap_percent"], told["valid"]
    peer = {"peer": "SDU, mean of all 30, 600 s, 4 threads", "peer_figure": PEER_MEAN}
    rows: list[dict[str, object]] = [
        {"row": f"mean gap to best known ({note})", "figure": mean, "unit": "%", "must": "<= 3.3 %", **peer},
        {"row": "largest gap to best known (the same)", "figure": largest, "unit": "%", "must": "<= 10 %"},
        {"row": f"valid plans, of {told['runs']}", "figure": valid, "unit": "plans", "must": "all"},
    ]
    for row in rows:
        print(json.dumps(row), flush=True)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
