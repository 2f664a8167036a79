"""Up time, down time and what follows from them, clipped to the window and never counted twice."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

from assets.rules.reliability.observation import FEWEST_EVENTS
from assets.rules.reliability.rates import MeanTime, mean_time_between_failures


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """Availability of one device, or of a pool, within a window; all times in the unit given.

    Parameters
    ----------
    up, down : float
        Their sum is the window.
    failures : int
        Down times that began within the window.
    availability : float
        Up by window.
    mean_down_time : float or None
        Down time of the window by failures; None without any.
    mtbf : MeanTime or None
        Operating time by failures with its interval; None if it was never up.
    """

    up: float
    down: float
    failures: int
    availability: float
    mean_down_time: float | None
    mtbf: MeanTime | None


def merged(periods: Iterable[tuple[float, float]], *, start: float, end: float) -> list[tuple[float, float]]:
    """Give the union of periods, clipped to a window, in order and without overlaps."""
    found: list[tuple[float, float]] = []
    for low, high in sorted((max(low, start), min(high, end)) for low, high in periods):
        if high <= low:
            continue
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found


def uptime_of(down: Iterable[tuple[float, float]], *, start: float, end: float, confidence: float = 0.9) -> Uptime:
    """Give availability and mean times of a window.

    Parameters
    ----------
    down : Iterable[tuple[float, float]]
        Down times, possibly overlapping or reaching beyond the window.
    start, end : float
        The window.
    confidence : float
        Two-sided, of the interval of the mean time between failures.

    Notes
    -----
    MTBF is up time by failures, not the gap between repairs; a down time that began before the window is no failure of
    it, though its rest is down time. Overlapping down times of one device are one.
    """
    if not end > start:
        raise ValueError(f"Expected a window that lasts, got {start} to {end}.")
    periods = list(down)
    clipped = merged(periods, start=start, end=end)
    # Merged before it is clipped: what began earlier must not look like a failure at the edge of the window.
    whole = merged(periods, start=min([start, *(low for low, _ in periods)]), end=end)
    failures = sum(low >= start for low, high in whole)
    total = sum(high - low for low, high in clipped)
    up = (end - start) - total
    return Uptime(
        up=up,
        down=total,
        failures=failures,
        availability=up / (end - start),
        mean_down_time=total / failures if failures else None,
        mtbf=mean_time_between_failures(up, failures, confidence=confidence) if up > 0.0 else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairTime:
    """Active repair, and first response, of repairs only; preventive work does not enter.

    Parameters
    ----------
    repairs : int
        How many.
    mean_repair, mean_response : float or None
        None without a repair.
    repair_low, repair_high, response_low, response_high : float or None
        Student's interval of each mean, cut off at 0; None below three repairs.
    confidence : float
        Two-sided, of both intervals.
    """

    repairs: int
    mean_repair: float | None = None
    repair_low: float | None = None
    repair_high: float | None = None
    mean_response: float | None = None
    response_low: float | None = None
    response_high: float | None = None
    confidence: float = 0.9


def repair_time_of(repairs: Iterable[tuple[float, float]], *, confidence: float = 0.9) -> RepairTime:
    """Give mean times of repairs.

    Parameters
    ----------
    repairs : Iterable[tuple[float, float]]
        Active labour and response time of each repair.
    confidence : float
        Two-sided, above 0 and below 1.
    """
    found = list(repairs)
    if not found:
        return RepairTime(repairs=0, confidence=confidence)
    labour, response = (_mean([pair[side] for pair in found], confidence) for side in (0, 1))
    return RepairTime(
        repairs=len(found),
        mean_repair=labour[0],
        repair_low=labour[1],
        repair_high=labour[2],
        mean_response=response[0],
        response_low=response[1],
        response_high=response[2],
        confidence=confidence,
    )


def _mean(values: Sequence[float], confidence: float) -> tuple[float, float | None, float | None]:
    mean = statistics.fmean(values)
    # The spread of two says next to nothing of the spread of all.
    if len(values) < FEWEST_EVENTS:
        return mean, None, None
    spread = statistics.stdev(values) / math.sqrt(len(values))
    width = float(stdtrit(len(values) - 1, 0.5 + confidence / 2.0)) * spread
    return mean, max(mean - width, 0.0), mean + width
