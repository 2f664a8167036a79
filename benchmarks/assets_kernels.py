"""The verdict kernel, mutated cycles, due days, notice matching and fleet statistics.

Protocol: medians of five runs after one to warm up, processor time of one core (the machine may be shared). The
kernel's peer is the same pass in numpy. Notices and fleets are generated from a fixed seed; labels come from the
generator, not from the matcher.
Run: ``python -m benchmarks.assets_kernels`` (about a minute).
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import date

import numpy as np

from assets.model.maintenance import CalendarRule, Rule
from assets.model.notices import Certainty, Clause, Notice, Span
from assets.model.register import Asset
from assets.rules.due_dates import occurrences
from assets.rules.due_table import due_table
from assets.rules.notices import notice_applies
from assets.rules.reliability.rates import mean_time_between_failures, pool_rates
from assets.rules.reliability.repairable import History, fit_power_law
from assets.rules.scan import scan

SAMPLES = 5_000_000


def seconds(work: Callable[[], object], *, runs: int = 5) -> float:
    """Give the median time of a few runs, after one that warms up."""
    work()
    found = []
    for _ in range(runs):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return statistics.median(found)


def row(**facts: object) -> None:
    print(json.dumps(facts))


def kernel() -> None:
    rng = np.random.default_rng(1)
    times = np.arange(SAMPLES, dtype=np.int64) * 1_000_000
    temperature = 134.5 + rng.normal(0.0, 0.3, SAMPLES)
    limits = np.array([134.0, 137.0, 2e6, 121.1])

    def in_numpy() -> tuple[int, float]:
        inside = (temperature >= 134.0) & (temperature <= 137.0)
        gaps = np.diff(times) > 2_000_000
        edges = np.flatnonzero(np.diff(np.concatenate(([0], inside.astype(np.int8), [0]))))
        longest = int(np.max(edges[1::2] - edges[::2], initial=0))
        rates = 10.0 ** ((temperature - 121.1) / 10.0)
        f0 = float(np.sum((rates[1:] + rates[:-1]) * 0.5 * np.diff(times) * ~gaps))
        return longest, f0

    ours = SAMPLES / seconds(lambda: scan(times, temperature, temperature, limits)) / 1e6
    peer = SAMPLES / seconds(in_numpy) / 1e6
    row(
        row="verdict kernel",
        figure=ours,
        unit="M samples/s",
        peer="numpy",
        peer_figure=peer,
        ratio=ours / peer,
        must=">= 50 M samples/s",
    )


def due_days() -> None:
    rules = [
        Rule(
            id=f"r{i}",
            asset=f"a{i // 3}",
            calendar=CalendarRule(months=(3, 6, 12)[i % 3], anchor_on=date(2026, 1 + i % 12, 1 + i % 28)),
        )
        for i in range(150_000)
    ]

    start, end = date(2026, 1, 1), date(2035, 12, 31)
    count = len(due_table(rules, start_on=start, end_on=end))

    def one_by_one() -> int:
        return sum(1 for rule in rules[:3000] for _ in occurrences(rule, start_on=start, end_on=end))

    ours, peer = seconds(lambda: due_table(rules, start_on=start, end_on=end)), seconds(one_by_one) * 50
    row(
        row=f"due days of 50,000 assets x 3 rules x 10 years ({count:,} due)",
        figure=ours,
        unit="s",
        peer="one by one",
        peer_figure=peer,
        ratio=peer / ours,
        must="<= 10 s",
    )


def notices() -> None:
    rng = np.random.default_rng(2)
    assets = [
        Asset(
            id=f"a{i}",
            control_no=f"c{i}",
            category="x",
            name="x",
            manufacturer=f"Maker {i % 20}",
            model=f"M-{i % 100}",
            serial=f"SN{int(rng.integers(10_000)):05}",
            lot=f"L{int(rng.integers(500)):03}",
            gtin=f"{10_000 + i % 100:014}",
        )
        for i in range(2000)
    ]
    labelled = []
    for n in range(300):
        model, low = int(rng.integers(100)), int(rng.integers(9000))
        high = low + int(rng.integers(1, 1000))
        plate = {"manufacturer": f"MAKER {model % 20}", "models": (f"M {model}",)}
        lots = (low % 400, low % 400 + 80)
        clause, field, span = [
            (Clause(**plate, serials=(Span(low=f"SN{low}", high=f"SN{high}"),)), "serial", (low, high)),
            (Clause(**plate, lots=(Span(low=f"L{lots[0]}", high=f"L{lots[1]}"),)), "lot", lots),
            (Clause(device_identifiers=(f"{10_000 + model}",)), "", (0, 0)),
            (Clause(**plate, free_text=f"Affected lots: L{lots[0]} to L{lots[1]}"), "lot", lots),
        ][n % 4]
        truth = {
            a.id
            for i, a in enumerate(assets)
            if i % 100 == model and (not field or span[0] <= int(getattr(a, field).strip("SNL")) <= span[1])
        }
        labelled.append((Notice(id=f"n{n}", title="t", clauses=(clause,)), truth))
    begin = time.process_time()
    found = [{a.id for a in assets if notice_applies(a, notice) is not Certainty.NONE} for notice, _ in labelled]
    spent = time.process_time() - begin
    hits = sum(len(f & truth) for f, (_, truth) in zip(found, labelled, strict=True))
    row(
        row="notice matching, 2,000 assets x 300 notices: sensitivity",
        figure=hits / sum(len(truth) for _, truth in labelled),
        unit="share",
        must="1.000",
    )
    row(row="notice matching: precision", figure=hits / sum(map(len, found)), unit="share", must=">= 0.95")
    row(row="notice matching: time", figure=spent, unit="s")


def fleet() -> None:
    rng = np.random.default_rng(3)
    ends = rng.uniform(5_000.0, 60_000.0, 10_000)
    times = [np.sort(rng.uniform(0.0, end, 20)) for end in ends]

    def page() -> None:
        pool_rates([20] * len(ends), ends.tolist())
        mean_time_between_failures(float(ends.sum()), 200_000)
        fit_power_law([History(times=tuple(t.tolist()), end=float(e)) for t, e in zip(times, ends, strict=True)])

    row(
        row="fleet statistics of 10,000 assets and 200,000 failures",
        figure=seconds(page, runs=3),
        unit="s",
        must="<= 1 s",
    )


if __name__ == "__main__":
    kernel()
    due_days()
    notices()
    fleet()
