"""How soon a slow change of a machine's own figure is found, and how often a healthy machine alarms.

Protocol: normal observations; the baseline is learnt from 50 of them, as the page does it, and the change begins with
the next one: one standard deviation in twenty cycles. The delay is the number of cycles until the first alarm, in the
median of 1,000 machines. False alarms are counted over 1,000 healthy machines of 300 cycles, each chart stopped at its
first one. The peer in the same run is the usual pair of limits (L = 3, h = 5), which errs more often. The last row is a
bound by formula: no test that errs once in 1,000 cycles can, in the median, be sooner, even one that knows when the
change began and how steep it is. Run: ``python -m benchmarks.assets_drift`` (under a minute of one core).
"""

from __future__ import annotations

import json
import math
import statistics

import numpy as np
from scipy.special import ndtri

from assets.model.drift import Direction, DriftWatch, Feature, Observation
from assets.rules.drift import chart_drift

MACHINES, HEALTHY, CYCLES = 1_000, 300, 120
SLOPE = 1.0 / 20.0  # standard deviations a cycle
WISHED = 12  # cycles, as the domain notes wish it (A10)
OURS = DriftWatch(id="w", asset="a", feature=Feature.LEAK_KPA_PER_MIN, direction=Direction.UP)
USUAL = DriftWatch(id="w", asset="a", feature=Feature.LEAK_KPA_PER_MIN, direction=Direction.UP, width=3.0, limit=5.0)


def row(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def seen(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[Observation]:
    return [Observation(at=number, value=float(value)) for number, value in enumerate(values, start=1)]


def median_delay(watch: DriftWatch, seed: int) -> float:
    """Give the median number of cycles from the beginning of a change to its alarm."""
    rng = np.random.default_rng(seed)
    delays = []
    ramp = SLOPE * np.arange(1, CYCLES + 1)
    for _machine in range(MACHINES):
        values = rng.normal(0.0, 1.0, watch.baseline_n + CYCLES)
        values[watch.baseline_n :] += ramp
        chart = chart_drift(seen(values), watch)
        # Never found within the time looked at counts as the whole time, so that the median is not made better by it.
        delays.append(chart.alarm_index - watch.baseline_n + 1 if chart.alarm_index >= 0 else CYCLES)
    return statistics.median(delays)


def false_alarms(watch: DriftWatch, seed: int) -> float:
    """Give the alarms of healthy machines in 1,000 cycles."""
    rng = np.random.default_rng(seed)
    cycles = alarms = 0
    for _machine in range(MACHINES):
        chart = chart_drift(seen(rng.normal(0.0, 1.0, watch.baseline_n + HEALTHY)), watch)
        is_alarm = chart.alarm_index >= 0
        cycles += chart.alarm_index - watch.baseline_n + 1 if is_alarm else HEALTHY
        alarms += is_alarm
    return 1_000.0 * alarms / cycles


def soonest_possible(share_per_cycle: float) -> int:
    """Give the fewest cycles after which a test can have found half of all such changes.

    Notes
    -----
    Of a known ramp the likelihood ratio after n cycles is normal with separation d = slope · √(Σ i²); half are found
    once d reaches the quantile of the false alarms allowed by then, n times the share per cycle (Neyman and Pearson
    1933).
    """
    n = 1
    while SLOPE * math.sqrt(n * (n + 1) * (2 * n + 1) / 6.0) < -float(ndtri(min(n * share_per_cycle, 0.5))):
        n += 1
    return n


def main() -> None:
    for name, watch in (("ours (L = 3.5, h = 6)", OURS), ("usual limits (L = 3, h = 5)", USUAL)):
        row(
            row=f"drift of one deviation in 20 cycles found after, median, {name}",
            figure=median_delay(watch, 20261127),
            unit="cycles",
        )
        row(row=f"false alarms in 1,000 healthy cycles, {name}", figure=false_alarms(watch, 7), unit="alarms")
    row(
        row=f"soonest that any test with one false alarm in 1,000 cycles finds half of them (wished {WISHED})",
        figure=float(soonest_possible(0.001)),
        unit="cycles",
    )


if __name__ == "__main__":
    main()
