"""Durations counted by size: 32 bins to a doubling, so that a quantile is known to 2 % from the counts alone."""

from __future__ import annotations

import math

from simulation.model.plan import Integers

BINS_PER_OCTAVE = 32
BINS = 60 * BINS_PER_OCTAVE


def bin_of(duration_us: int) -> int:
    """Give the bin of a duration.

    Examples
    --------
    >>> bin_of(1), bin_of(2), bin_of(1024)
    (0, 32, 320)
    """
    if duration_us <= 0:
        return 0
    # frexp gives a mantissa from 0.5 to 1.
    mantissa, exponent = math.frexp(float(duration_us))
    return min((exponent - 1) * BINS_PER_OCTAVE + int((mantissa - 0.5) * 2 * BINS_PER_OCTAVE), BINS - 1)


def quantile_of_bins(bins: Integers, share: float) -> float:
    """Give a quantile of binned durations in microseconds, interpolated within its bin; NaN if there are none.

    Parameters
    ----------
    bins : Integers
        Counts by bin, 32 to a doubling from 1 µs on, shape (n,).
    share : float
        0..1.
    """
    total = int(bins.sum())
    if total == 0:
        return float("nan")
    target = share * total
    running = 0
    for number in bins.nonzero()[0].tolist():
        count = int(bins[number])
        if running + count >= target:
            if number == 0:
                return 0.0
            octave, step = divmod(number, BINS_PER_OCTAVE)
            width = 2.0**octave / BINS_PER_OCTAVE
            return 2.0**octave + width * (step + (target - running) / count)
        running += count
    return float("nan")
