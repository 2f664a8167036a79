"""How far plans of beds, theatres and nurses are from the best known costs of the 2024 timetabling competition.

Protocol: instances i01 to i30 (HOSPITAL_TWIN_DATA, default ../shared/data), seed 1, two threads, and for each the wall
seconds of HOSPITAL_TWIN_IHTC_SECONDS (60 unless told; the target counts 600). Runs are kept in
``.bench/ihtc-SECONDS.jsonl`` and not repeated, so that the ten minutes of thirty instances can be measured piece by
piece; the rows are made from what is there. Every plan passes the checker; an invalid one has no gap and is counted.
The peer is the best published open-source entry, SDU, which had four threads for ten minutes: mean 2.14 %. The row
tells which share of the two threads' seconds the machine really gave: below 1 the gap is an upper bound.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from scheduling.bench import Effort, best_known, done_before, measure, summary

PEER_MEAN = 2.14


def instances() -> list[Path]:
    """Give the thirty instances, or end where there are none."""
    folder = Path(os.environ.get("HOSPITAL_TWIN_DATA", "../shared/data")) / "ihtc2024"
    found = sorted(folder.glob("i[0-9][0-9].json"))
    if not found:
        sys.exit(f"{folder}: there are no instances.")
    return found


def measured(paths: Sequence[Path], seconds: float, out: Path) -> list[dict[str, object]]:
    """Give a line for each instance, running those that are not in the file yet."""
    out.parent.mkdir(exist_ok=True)
    best, known = best_known(paths[0].parent), done_before(out)
    lines = []
    for path in paths:
        key = ("ihtc", path.stem, 1, seconds, 2)
        line = known.get(key)
        if line is None:
            line = measure("ihtc", path, Effort(seconds=seconds, threads=2, seed=1), best.get(path.stem, 0.0))
            with out.open("a", encoding="utf-8") as opened:
                opened.write(json.dumps(line) + "\n")
        lines.append(line)
    return lines


def main() -> None:
    """Measure what has not been measured, and print rows."""
    seconds = float(os.environ.get("HOSPITAL_TWIN_IHTC_SECONDS", "60"))
    told = summary(measured(instances(), seconds, Path(".bench") / f"ihtc-{seconds:g}.jsonl"))
    note = f"{told['runs']} instances, {seconds:g} s, 2 threads, seed 1, processor share {told['processor_share']}"
    rows = [
        ("mean gap to best known", told["mean_gap_percent"], "<= 3.3 % at 600 s"),
        ("largest gap to best known", told["largest_gap_percent"], "<= 10 % at 600 s"),
        ("valid plans", told["valid"], "all"),
    ]
    for name, figure, must in rows:
        peer = {"peer": "SDU, 600 s, 4 threads", "peer_figure": PEER_MEAN} if name.startswith("mean") else {}
        unit = "plans" if name == "valid plans" else "%"
        print(json.dumps({"row": f"{name} ({note})", "figure": figure, "unit": unit, "must": must, **peer}), flush=True)


if __name__ == "__main__":
    main()
