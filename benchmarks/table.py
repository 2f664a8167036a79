"""Writes ``benchmarks/table.md`` from the rows that benchmarks have left: ``python -m benchmarks.table``."""

from __future__ import annotations

import json
from pathlib import Path

ROWS = Path(__file__).parent / "rows"
TABLE = Path(__file__).parent / "table.md"
COLUMNS = ("benchmark", "row", "figure", "unit", "peer", "peer_figure", "ratio", "must", "date", "version", "machine")

HEAD = """# Benchmarks
Each row is made by `make bench ROWS=NAME`: the figure and its peer are measured in the same run on the same machine, in
separate processes where they would disturb each other; medians of several runs. Ratios travel between machines,
absolute figures do not. The protocol of each benchmark is the text at the top of `benchmarks/NAME.py`.

| benchmark | row | figure | unit | peer | peer's figure | ratio | must hold | date | version | machine |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def write_table() -> None:
    """Write all rows, by benchmark, as one Markdown table; without any row there is no table."""
    rows = [
        json.loads(line)
        for path in sorted(ROWS.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    if not rows:
        return
    lines = ["| " + " | ".join(_cell(row.get(column)) for column in COLUMNS) + " |" for row in rows]
    TABLE.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    write_table()
