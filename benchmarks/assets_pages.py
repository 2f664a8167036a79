"""The fleet's reliability page over a register, evidence as PDF, and any device's holder at any past instant.

Protocol: a SQLite file with warm pages; the page is the service that the page calls plus the building of the page's
content, median of three after one to warm up; the PDF is the print of a device's evidence by the machine's browser,
median of three; the holder is asked at random instants of random devices, the slowest of 2,000 answers is the figure.
All data are generated from a fixed seed. Run: ``python -m benchmarks.assets_pages`` (about two minutes).
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from sqlalchemy import create_engine, insert, text
from sqlmodel import Session, SQLModel

from assets.model.register import Asset
from assets.service import fleet
from assets.service.custody import custody_as_of
from assets.tables import records, rows  # noqa: F401  # declare the tables
from assets.tables.rows import AssetRow, DowntimeRow
from dash_app.evidence.sheet import Part, sheet
from dash_app.evidence.sheet import rows as sheet_rows
from dash_app.queries import device_planning
from server.printing import find_browser, print_pdf

DEVICES, FAILURES, PERIODS = 10_000, 200_000, 10_000_000
DAY_US = 86_400_000_000
NOW = 20_000 * DAY_US


def row(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def median_s(work: Callable[[], object], runs: int = 3) -> float:
    work()
    found = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return statistics.median(found)


def fill(session: Session) -> None:
    rng = np.random.default_rng(1)
    devices = []
    for i in range(DEVICES):
        begun = NOW - int(rng.uniform(100, 4000)) * DAY_US
        asset = Asset(
            id=f"a{i}",
            control_no=f"c{i}",
            category=f"k{i % 20}",
            name=f"Device {i}",
            manufacturer="Maker",
            model=f"m{i % 100}",
            serial=f"s{i}",
            commissioned_at=begun,
        )
        devices.append(
            {
                "id": asset.id,
                "control_no": asset.control_no,
                "category": asset.category,
                "name": asset.name,
                "model": asset.model,
                "manufacturer": "Maker",
                "serial": asset.serial,
                "gtin": "",
                "home": "",
                "pool": "",
                "parent": "",
                "may_leave": False,
                "operational": "in_service",
                "reprocessing": "clean",
                "custody": "free",
                "compliance": "",
                "status": "",
                "is_usable": True,
                "reasons": "",
                "version": 1,
                "registered_at": asset.commissioned_at,
                "entry_at": asset.commissioned_at,
                "retired_at": 0,
                "readiness_at": 0,
                "status_at": 0,
                "body": msgspec.json.encode(asset).decode(),
            }
        )
    session.execute(insert(AssetRow), devices)
    born = np.array([d["registered_at"] for d in devices], dtype=np.int64)
    index = np.sort(rng.integers(0, DEVICES, FAILURES))
    start = born[index] + (rng.uniform(0, 1, FAILURES) * (NOW - born[index])).astype(np.int64)
    down = {(f"a{i}", int(s)): int(s) + 3_600_000_000 for i, s in zip(index, start, strict=True)}
    values = [
        {"asset": a, "start_at": s, "end_at": e, "work_order": "", "failure_code": ""} for (a, s), e in down.items()
    ]
    for part in range(0, len(values), 50_000):
        session.execute(insert(DowntimeRow), values[part : part + 50_000])
    # Ten million rows are made by the database itself; through Python they would take most of the benchmark.
    session.execute(
        text(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :each) "
            "INSERT INTO assets_custody (asset, start_at, end_at, custodian, kind, is_reservation) "
            "SELECT a.id, n.i * :day, (n.i + 1) * :day, 'p' || (n.i % 50), 'person', 0 FROM assets_asset a, n"
        ),
        {"each": PERIODS // DEVICES, "day": DAY_US},
    )
    session.commit()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'bench.db'}")
        tables = [t for n, t in SQLModel.metadata.tables.items() if n.startswith("assets_")]
        SQLModel.metadata.create_all(engine, tables=tables)
        with Session(engine) as session:
            fill(session)
            spent = median_s(lambda: fleet.groups(session, now=NOW))
            row(
                row=f"fleet figures of {DEVICES:,} assets and {FAILURES:,} failures from the register",
                figure=spent,
                unit="s",
                must="<= 1 s",
            )
            spent = median_s(lambda: device_planning.explore(session, now=NOW, category="", model="m1", confidence=0.9))
            row(row="the same with the curve of one model, as the page asks", figure=spent, unit="s", must="<= 1 s")
            rng = np.random.default_rng(2)
            times = []
            for _ in range(2000):
                asset, at = f"a{int(rng.integers(DEVICES))}", int(rng.integers(0, 1000 * DAY_US))
                begin = time.perf_counter()
                custody_as_of(session, asset_id=asset, at=at)
                times.append(time.perf_counter() - begin)
            row(
                row=f"who held a device at a past instant, {PERIODS:,} periods, slowest of 2,000",
                figure=max(times) * 1000,
                unit="ms",
                must="<= 50 ms",
            )
    if find_browser():
        lines = [[f"line {n}", "2026-01-01", "passed", "x" * 40] for n in range(200)]
        html = sheet("Evidence", "device", [Part("Work orders", sheet_rows(["a", "b", "c", "d"], lines))], "made")
        row(
            row="evidence of a device with 200 lines as PDF",
            figure=median_s(lambda: print_pdf(html)),
            unit="s",
            must="<= 3 s",
        )


if __name__ == "__main__":
    main()
