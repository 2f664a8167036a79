"""Mutated cycles of which none may pass, clean noisy ones of which few may fail, and how well air is detected.

Protocol: the generators of the tests with 0.1 K and 0.5 kPa of noise; 10,000 mutated cycles spread evenly over the
kinds, 2,000 clean ones; for air, 100 cycles per share and band. Counts are exact, not timed. Run:
``python -m benchmarks.assets_verdicts`` (about two minutes of one core).
"""

from __future__ import annotations

import json
from collections import Counter

import numpy as np

from assets.rules.verdict import judge
from tests.assets.rules.test_verdict import BANDS, MUTATIONS, clean_cycle, mutate, programme
from twin.events.supply import Verdict

MUTATED, CLEAN, PER_SHARE = 10_000, 2_000, 20


def row(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def main() -> None:
    rng = np.random.default_rng(20261126)
    passed = Counter(
        kind
        for kind in MUTATIONS
        for _ in range(MUTATED // len(MUTATIONS))
        if judge(*mutate(kind, rng)).verdict is Verdict.PASS
    )
    row(
        row=f"{MUTATED:,} mutated cycles of {len(MUTATIONS)} kinds: passed",
        figure=sum(passed.values()),
        unit="cycles",
        must="0",
    )
    failed = sum(
        judge(clean_cycle(*BANDS[seed % len(BANDS)], seed=seed), programme(*BANDS[seed % len(BANDS)])).verdict
        is not Verdict.PASS
        for seed in range(CLEAN)
    )
    row(row=f"{CLEAN:,} clean noisy cycles: not passed", figure=100.0 * failed / CLEAN, unit="%", must="<= 0.5 %")
    for share in (0.01, 0.02, 0.03, 0.04, 0.05, 0.055, 0.06):
        counts: Counter[str] = Counter()
        for limit in (1.0, 2.0):
            for number in range(PER_SHARE * len(BANDS)):
                low, hold = BANDS[number % len(BANDS)]
                trace = clean_cycle(low, hold, air=share, seed=number)
                found = judge(trace, programme(low, hold, max_theoretical_difference_k=limit))
                counts[f"{limit:g}"] += found.verdict is not Verdict.PASS
                counts["seen"] += found.verdict is not Verdict.PASS or "air_suspected" in {
                    w.code for w in found.warnings
                }
        cycles = PER_SHARE * len(BANDS)
        row(
            row=f"air {share:.1%}: held back where the limit is 1 K",
            figure=100.0 * counts["1"] / cycles,
            unit="%",
            must="100 %" if share >= 0.03 else "",
        )
        row(
            row=f"air {share:.1%}: held back where the limit is 2 K",
            figure=100.0 * counts["2"] / cycles,
            unit="%",
            must="100 %" if share >= 0.06 else "",
        )
        row(row=f"air {share:.1%}: held back or flagged", figure=100.0 * counts["seen"] / (2 * cycles), unit="%")


if __name__ == "__main__":
    main()
