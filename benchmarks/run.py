"""Run every benchmark, each in its own process, and write its rows into ``benchmarks/table.md``.

    python -m benchmarks.run [NAME ...]

A benchmark is a module of this folder that prints one JSON object a line: ``row`` (what is measured), ``figure``,
``unit``, and, where there is a peer in the same run, ``peer``, ``peer_figure`` and ``ratio``; ``must`` says what must
hold. Rows of benchmarks that are not run again are kept.
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

FOLDER = Path(__file__).parent
TABLE = FOLDER / "table.md"
STORE = FOLDER / "rows.jsonl"
NOT_BENCHMARKS = {"run", "naive_app", "__init__"}
LIMIT_S = 7200
COLUMNS = ("benchmark", "row", "figure", "unit", "peer", "peer_figure", "ratio", "must", "date", "version", "machine")

HEAD = """# Benchmarks
Each row is made by `make bench ROWS=NAME`: the figure and its peer are measured in the same run on the same machine, in
separate processes where they would disturb each other; medians of several runs. Ratios travel between machines,
absolute figures do not.

| benchmark | row | figure | unit | peer | peer's figure | ratio | must hold | date | version | machine |
|---|---|---|---|---|---|---|---|---|---|---|
"""


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
    if run.returncode:
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


def write_table(rows: list[dict[str, object]]) -> None:
    """Write the rows as one Markdown table."""
    lines = ["| " + " | ".join(_cell(row.get(column)) for column in COLUMNS) + " |" for row in rows]
    TABLE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    """Run the named benchmarks, or all, and write the table."""
    chosen = sys.argv[1:] or names()
    kept = [json.loads(line) for line in STORE.read_text(encoding="utf-8").splitlines()] if STORE.exists() else []
    for name in chosen:
        found = measure(name)
        if found:
            kept = [row for row in kept if row["benchmark"] != name] + found
            kept.sort(key=lambda row: str(row["benchmark"]))
            STORE.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
            write_table(kept)


if __name__ == "__main__":
    main()
