"""Run every benchmark, each in its own process, and write its rows into ``benchmarks/rows`` and the table.

    python -m benchmarks.run [NAME ...]

A benchmark is a module of this folder that prints one JSON object a line: ``row`` (what is measured), ``figure``,
``unit``, and, where there is a peer in the same run, ``peer``, ``peer_figure`` and ``ratio``; ``must`` says what must
hold. Rows of benchmarks that are not run again are kept: each benchmark has a file of rows of its own.
"""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.pieces import COME_AGAIN
from benchmarks.table import ROWS, write_table

FOLDER = Path(__file__).parent
NOT_BENCHMARKS = {"run", "table", "naive_app", "closed_loop", "pieces", "own_tests", "cycles", "__init__"}
LIMIT_S = 7200


def names() -> list[str]:
    """Give the benchmarks of this folder by name."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_BENCHMARKS)


def measure(name: str) -> list[dict[str, object]]:
    """Run one benchmark and give its rows."""
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    run = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}"],
        cwd=FOLDER.parent,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if run.returncode not in (0, COME_AGAIN):  # a long count in pieces has told what it knows already
        sys.stderr.write(f"{name}: ended with code {run.returncode}; its rows are kept as they were\n")
        return []
    rows = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    try:
        release = version("hospital-twin")
    except PackageNotFoundError:
        release = "source"
    stamp = {
        "benchmark": name,
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "version": release,
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
    }
    return [{**row, **stamp} for row in rows]


def main() -> None:
    """Run the named benchmarks, or all, and write the table."""
    for name in sys.argv[1:] or names():
        found = measure(name)
        if found:
            ROWS.mkdir(exist_ok=True)
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
            (ROWS / f"{name}.jsonl").write_text(text, encoding="utf-8")
            write_table()


if __name__ == "__main__":
    main()
