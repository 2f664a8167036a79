"""Recall closure over a million links on SQLite, and a replacement plan of 5,000 devices over five years.

Protocol: the recall is the median of five runs on a file database with warm pages, by the service's own function; the
plan is one run of at most 60 s with two workers, beside the practice of buying by score until the money is gone. All
data are generated from a fixed seed. Run: ``python -m benchmarks.assets_plans`` (two to three minutes).
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, create_engine, insert
from sqlmodel import Session, SQLModel

from assets.rules.replacement import Candidate, ReplacementRules, plan_replacements
from assets.service.tracing import recall_closure
from assets.tables.rows import CycleRow, IndicatorRow, LoadItemRow, LoadRow, SetUseRow

CYCLES, ITEMS, USES, MACHINES = 100_000, 10, 200_000, 10
UNPROVEN = 9  # a machine without a single biological indicator: all its past is in doubt


def row(**facts: object) -> None:
    print(json.dumps(facts))


def recall() -> None:
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'bench.db'}")
        SQLModel.metadata.create_all(engine)
        cycles = [
            {
                "id": f"c{i}",
                "machine": f"m{i % MACHINES}",
                "number": i,
                "start_at": i * 100,
                "end_at": i * 100 + 50,
                "programme": "",
                "verdict": "pass",
                "input_hash": "",
                "is_manual": False,
                "judgement": "",
            }
            for i in range(CYCLES)
        ]
        loads = [
            {
                "id": f"l{i}",
                "machine": f"m{i % MACHINES}",
                "cycle": f"c{i}",
                "place": "",
                "state": "released",
                "opened_at": 0,
                "decided_at": 0,
                "reason": "",
            }
            for i in range(CYCLES)
        ]
        items = [
            {
                "load": f"l{i // ITEMS}",
                "position": i % ITEMS,
                "set_instance": f"s{int(s)}",
                "asset": "",
                "gtin": "1",
                "lot": "",
                "quantity": 1,
                "shelf_life_s": 0,
                "expires_at": 0,
                "is_implant": False,
            }
            for i, s in enumerate(rng.integers(0, 20_000, CYCLES * ITEMS))
        ]
        uses = [
            {
                "set_instance": f"s{int(rng.integers(20_000))}",
                "at": int(cycle) * 100 + 60,
                "case_id": f"k{i}",
                "cycle": f"c{int(cycle)}",
                "flags": "",
            }
            for i, cycle in enumerate(rng.integers(0, CYCLES, USES))
        ]
        # A biological indicator every thirty cycles of a machine, and one that grew near the end.
        read = [
            {"cycle": f"c{i}", "kind": "biological", "name": "BI", "at": 0, "is_passed": True, "actor": ""}
            for i in range(CYCLES - 500)
            if (i // MACHINES) % 30 == 0 and i % MACHINES != UNPROVEN
        ]
        with Session(engine) as session:
            for table, rows in (
                (CycleRow, cycles),
                (LoadRow, loads),
                (LoadItemRow, items),
                (SetUseRow, uses),
                (IndicatorRow, read),
            ):
                for start in range(0, len(rows), 50_000):
                    session.execute(insert(table), rows[start : start + 50_000])
            session.commit()
        close(engine, f"c{CYCLES - 7}", must="<= 200 ms")
        close(engine, f"c{CYCLES - MACHINES + UNPROVEN}", must="")


def close(engine: Engine, failed: str, *, must: str) -> None:
    found = []
    with Session(engine) as session:
        for _ in range(6):
            session.expunge_all()  # a request has a session of its own
            begin = time.process_time()
            closure = recall_closure(session, cycle_id=failed)
            found.append(time.process_time() - begin)
    text = f"recall closure, {CYCLES * ITEMS:,} links, {USES:,} uses ({len(closure.cycles):,} cycles in doubt)"
    row(row=text, figure=statistics.median(found[1:]) * 1000, unit="ms", must=must)


def replacement() -> None:
    rng = np.random.default_rng(2)
    price = np.maximum(rng.lognormal(8.0, 1.4, 5000), 200.0).astype(int)
    risk = rng.gamma(2.0, 1.0, 5000)
    options = [
        Candidate(
            asset=f"a{i}",
            costs=(int(price[i]),) * 5,
            benefits=tuple(int(100 * risk[i] * price[i] ** 0.7 * 0.95**year) for year in range(5)),
            bundle=f"b{i // 4}" if i < 400 else "",
            kind=f"k{i % 50}",
            model=f"m{i % 50}-{i % 4}",
            site=f"s{i % 6}",
            forced_by=2 if i % 500 == 0 else None,
        )
        for i in range(5000)
    ]
    rules = ReplacementRules(budgets=(int(price.sum() * 0.06),) * 5, most_models={f"k{k}": 3 for k in range(10)})
    begin = time.perf_counter()
    plan = plan_replacements(options, rules, seconds=60.0, workers=2)
    spent = time.perf_counter() - begin
    left, naive = 0, 0
    queue = sorted(range(5000), key=lambda i: -risk[i])
    for year, budget in enumerate(rules.budgets):
        left += budget
        while queue and price[queue[0]] <= left:
            taken = queue.pop(0)
            left -= int(price[taken])
            naive += options[taken].benefits[year]
    row(row="replacement plan of 5,000 devices over 5 years: gap", figure=plan.gap * 100, unit="%", must="<= 0.5 %")
    row(
        row="replacement plan: benefit beside buying by score",
        figure=plan.benefit,
        unit="points",
        peer="by score",
        peer_figure=naive,
        ratio=plan.benefit / naive,
    )
    row(row="replacement plan: time", figure=spent, unit="s", must="<= 60 s and model")


if __name__ == "__main__":
    recall()
    replacement()
