"""Figures of a group of devices with their intervals: cost of service by price, and how their time is spent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import stdtrit

FEWEST_DEVICES = 3  # below, the spread between devices is not known, and no interval can be given

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure with what it rests on.

    Parameters
    ----------
    point, low, high : float or None
        Value and two-sided bounds; None below three devices.
    n : int
        Devices.
    confidence : float
        Of the interval.
    """

    point: float | None
    low: float | None
    high: float | None
    n: int
    confidence: float


def ratio_of(numerators: Sequence[float], denominators: Sequence[float], *, confidence: float = 0.9) -> Estimate:
    """Give the ratio of two sums over devices, such as yearly cost of service by price.

    Parameters
    ----------
    numerators, denominators : Sequence[float]
        One each per device; denominators above 0.
    confidence : float
        Two-sided.

    Notes
    -----
    R = Σc / Σp. Its variance by linearisation, with residuals d_i = c_i - R p_i: n / (n - 1) · Σd_i² / (Σp)²; the
    interval is that of Student's t with n - 1 degrees of freedom, cut off at 0.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd edition, section 6.3.

    Examples
    --------
    >>> ratio_of([5.0, 5.0, 5.0], [100.0, 100.0, 100.0]).point
    0.05
    """
    c, p = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    n = len(c)
    if n < FEWEST_DEVICES or not float(p.sum()) > 0.0:
        return Estimate(point=None, low=None, high=None, n=n, confidence=confidence)
    ratio = float(c.sum() / p.sum())
    spread = math.sqrt(n / (n - 1) * float(np.sum((c - ratio * p) ** 2))) / float(p.sum())
    width = float(stdtrit(n - 1, 0.5 + confidence / 2.0)) * spread
    return Estimate(point=ratio, low=max(ratio - width, 0.0), high=ratio + width, n=n, confidence=confidence)


class TimeUse(StrEnum):
    """What a device's time in a zone is taken to be."""

    IN_USE = "in_use"
    BESIDE_PATIENT = "beside_patient"
    WITH_PATIENT_AWAY = "with_patient_away"
    KEPT_READY = "kept_ready"
    WAITS_DIRTY = "waits_dirty"
    IN_REPAIR = "in_repair"
    ON_THE_WAY = "on_the_way"
    ELSEWHERE = "elsewhere"
    OUT_OF_SIGHT = "out_of_sight"


USE_BY_PURPOSE: Mapping[str, TimeUse] = {
    **dict.fromkeys(("bed", "ward_room", "icu", "theatre", "resus", "recovery"), TimeUse.IN_USE),
    **dict.fromkeys(
        ("equipment_bay", "clean_utility", "store", "stores", "central_store", "sterile_store"), TimeUse.KEPT_READY
    ),
    **dict.fromkeys(("dirty_utility", "reprocessing", "sterile_supply"), TimeUse.WAITS_DIRTY),
    "workshop": TimeUse.IN_REPAIR,
    **dict.fromkeys(("corridor", "lift", "public"), TimeUse.ON_THE_WAY),
}
"""Use by purpose of the zone. Zones tell where a device is, not whether it runs: "in use" is at most that."""

TRIED_OUT = frozenset({TimeUse.IN_REPAIR, TimeUse.WAITS_DIRTY})
"""Where a device that runs is tested or cleaned, and serves nobody."""


def time_uses(
    stays: Sequence[tuple[str, Span]],
    *,
    window: Span,
    purpose_by_place: Mapping[str, str],
    occupied_by_place: Mapping[str, Sequence[Span]],
    running: Sequence[Span] | None = None,
) -> dict[TimeUse, float]:
    """Give how a device's time within a window was spent, as shares that sum to one.

    Parameters
    ----------
    stays : Sequence[tuple[str, Span]]
        Zones with begin and end in microseconds; an empty zone is out of sight.
    window : Span
        Begin and a later end.
    purpose_by_place : Mapping[str, str]
        Purpose of each zone.
    occupied_by_place : Mapping[str, Sequence[Span]]
        For zones with beds: times in which a patient had one of them, merged and in order. In such a zone a device is
        in use only then.
    running : Sequence[Span] or None
        When the device said of itself that it ran, merged and in order; None if it says nothing of itself.

    Notes
    -----
    What no stay covers is out of sight. A device that reports is in use while it runs, wherever that is but for the
    workshop and reprocessing, where it is tried out; beside a patient without running it only stands there. Of one that
    reports nothing the zones alone decide, so that its use is at most what they say.
    """
    reached, end = window
    total = end - reached
    held = dict.fromkeys(TimeUse, 0)
    ran_in_sight = 0
    for place, (begins, ends) in sorted(stays, key=lambda stay: stay[1]):
        # A device with two tags is seen twice; each instant counts once.
        low, high = max(begins, reached), min(ends, end)
        reached = max(reached, high)
        if high <= low or not place:
            continue
        use = USE_BY_PURPOSE.get(purpose_by_place.get(place, ""), TimeUse.ELSEWHERE)
        ran = clipped(running, (low, high)) if running is not None and use not in TRIED_OUT else []
        ran_in_sight += overlap(running or (), (low, high))
        ran_for = sum(stop - start for start, stop in ran)
        present = high - low
        if use is TimeUse.IN_USE and place in occupied_by_place:
            present = overlap(occupied_by_place[place], (low, high))
            ran_away = ran_for - sum(overlap(occupied_by_place[place], span) for span in ran)
            held[TimeUse.WITH_PATIENT_AWAY] += high - low - present - ran_away
            held[TimeUse.IN_USE] += ran_away  # it serves somebody whom the admission has not placed there yet
            ran_for -= ran_away
        if running is not None:
            held[TimeUse.IN_USE] += ran_for
            use = TimeUse.BESIDE_PATIENT if use is TimeUse.IN_USE else use
            present -= ran_for
        held[use] += present
    if running is not None:
        # Its own word counts where no reader hears its tag, too.
        held[TimeUse.IN_USE] += overlap(running, window) - ran_in_sight
    held[TimeUse.OUT_OF_SIGHT] = total - sum(held.values())
    return {use: value / total for use, value in held.items()}


def overlap(spans: Sequence[Span], window: Span) -> int:
    """Give how much of a window merged spans cover."""
    return sum(high - low for low, high in clipped(spans, window))


def clipped(spans: Sequence[Span], window: Span) -> list[Span]:
    """Give the parts of spans within a window."""
    cut = [(max(low, window[0]), min(high, window[1])) for low, high in spans]
    return [(low, high) for low, high in cut if low < high]


def mean_of(shares: Sequence[float], *, confidence: float = 0.9) -> Estimate:
    """Give the mean share over devices with Student's interval, cut off at 0 and 1."""
    n = len(shares)
    if n < FEWEST_DEVICES:
        return Estimate(point=None, low=None, high=None, n=n, confidence=confidence)
    values = np.asarray(shares, dtype=np.float64)
    mean = float(values.mean())
    width = float(stdtrit(n - 1, 0.5 + confidence / 2.0)) * float(values.std(ddof=1)) / math.sqrt(n)
    return Estimate(point=mean, low=max(mean - width, 0.0), high=min(mean + width, 1.0), n=n, confidence=confidence)
