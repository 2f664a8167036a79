"""The compiled pass over a cycle's samples: runs in the band, gaps, lethality, and steam against pressure.

It is one long function per pass because every split would read the samples from memory once more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numba
import numpy as np

from assets.model.cycle import FloatArray, IntArray
from assets.rules import steam

_tsat: Callable[[float], float] = numba.njit(cache=True)(steam.saturation_temperature_c)
_RATE = math.log(10.0) / 10.0


class Scan(NamedTuple):
    """What one pass over all samples finds; indices are -1 where there is nothing.

    ``first`` and ``last`` bound the longest continuous run in the band. ``potential_us`` is the longest time that could
    have been in the band if every gap hid only good samples. ``plateau_gaps`` counts gaps beside a sample at or above
    the band's lower end.
    """

    first: int
    last: int
    potential_us: int
    plateau_gaps: int
    longest_gap_us: int
    over_band: int
    max_c: float
    f0_rate_us: float
    a0_rate_us: float


def _scan(
    times_us: IntArray,
    low_c: FloatArray,
    high_c: FloatArray,
    limits: FloatArray,
) -> Scan:
    """Run once over the samples; ``limits`` are band low, band high, gap in µs, F0 reference in °C."""
    lo, hi, gap_us, reference = limits[0], limits[1], limits[2], limits[3]
    n = len(times_us)
    best_first, best_last, best_us = -1, -1, -1
    run_first = -1
    span_start, potential_us = -1, 0
    plateau_gaps, longest_gap, over = 0, 0, -1
    highest = -math.inf
    f0_rate, a0_rate = 0.0, 0.0
    before_f0, before_a0 = 0.0, 0.0
    before_hot = False
    for i in range(n):
        t = times_us[i]
        cold = low_c[i]
        hot = high_c[i]
        inside = cold >= lo and hot <= hi
        step = t - times_us[i - 1] if i > 0 else 0
        gap = step > gap_us
        if hot > highest:
            highest = hot
        if over < 0 and hot > hi:
            over = i
        # 10^(x/10) as exp: one call serves both F0 and A0, which differ by a constant factor.
        rate = math.exp(_RATE * (cold - reference))
        a0_now = rate if cold >= 65.0 else 0.0
        if gap:
            longest_gap = max(longest_gap, step)
            if cold >= lo or before_hot:
                plateau_gaps += 1
        elif i > 0:
            f0_rate += (rate + before_f0) * 0.5 * step
            if a0_now > 0.0 and before_a0 > 0.0:
                a0_rate += (a0_now + before_a0) * 0.5 * step
        before_f0, before_a0, before_hot = rate, a0_now, cold >= lo
        if inside:
            # A gap ends the run: nobody has seen the band in between.
            if run_first < 0 or gap:
                run_first = i
            if span_start < 0:
                # For the possible time the gap before counts as good, from the last sample on.
                span_start = times_us[i - 1] if gap else t
            if t - times_us[run_first] > best_us:
                best_us, best_first, best_last = t - times_us[run_first], run_first, i
            potential_us = max(potential_us, t - span_start)
        else:
            if gap:
                # All that is unseen might have been in the band, also between two samples outside it.
                start = span_start if span_start >= 0 else times_us[i - 1]
                potential_us = max(potential_us, t - start)
            run_first = -1
            span_start = -1
    return Scan(best_first, best_last, potential_us, plateau_gaps, longest_gap, over, highest, f0_rate, a0_rate)


scan: Callable[[IntArray, FloatArray, FloatArray, FloatArray], Scan] = numba.njit(cache=True)(_scan)


def _steam_differences(temperature_c: FloatArray, pressure_kpa: FloatArray) -> FloatArray:
    """Give measured minus theoretical temperature per sample, K; NaN where the pressure is no steam's."""
    out = np.empty(len(temperature_c))
    for i in range(len(temperature_c)):
        out[i] = temperature_c[i] - _tsat(pressure_kpa[i])
    return out


steam_differences: Callable[[FloatArray, FloatArray], FloatArray] = numba.njit(cache=True)(_steam_differences)
