"""Whether goods were kept cold enough, never frozen, and watched without a gap.

References
----------
USP <1079.2> Mean kinetic temperature in the evaluation of temperature excursions; USP <659> for the bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import exp, log

from inventory.model.items import StorageClass
from twin.clock import SECOND_US

ACTIVATION_K = 10_000.0  # activation energy over gas constant, K: 83.144 kJ/mol over 8.3144 J/(mol K), USP <1079.2>
_ZERO_C = 273.15


class HoldReason(StrEnum):
    """Why lots are held for a person to decide."""

    FROZEN = "temperature.frozen"
    TOO_COLD = "temperature.too_cold"
    TOO_WARM = "temperature.too_warm"
    MEAN_KINETIC = "temperature.mean_kinetic"
    GAP = "temperature.gap"
    NO_SAMPLES = "temperature.no_samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What a storage class allows.

    Parameters
    ----------
    low_c, high_c : float
        Band without question, °C.
    freeze_c : float or None
        At or below, the goods count as frozen whatever the mean; None for goods that are kept frozen.
    excursion_low_c, excursion_high_c : float
        Widest short excursion that a mean kinetic temperature may excuse, °C; equal to the band if none may.
    mean_kinetic_limit_c : float or None
        Largest mean kinetic temperature with excursions, °C; None where it excuses nothing.
    largest_gap_s : float
        Longest time without a sample, seconds.
    """

    low_c: float
    high_c: float
    freeze_c: float | None
    excursion_low_c: float
    excursion_high_c: float
    mean_kinetic_limit_c: float | None = None
    largest_gap_s: float = 1800.0


BANDS: dict[StorageClass, Band] = {
    StorageClass.AMBIENT: Band(
        low_c=20, high_c=25, freeze_c=0, excursion_low_c=15, excursion_high_c=30, mean_kinetic_limit_c=25
    ),
    StorageClass.COOL: Band(low_c=2, high_c=8, freeze_c=0, excursion_low_c=2, excursion_high_c=8),
    StorageClass.FROZEN: Band(low_c=-25, high_c=-10, freeze_c=None, excursion_low_c=-25, excursion_high_c=-10),
    StorageClass.DEEP_FROZEN: Band(low_c=-90, high_c=-60, freeze_c=None, excursion_low_c=-90, excursion_high_c=-60),
    StorageClass.LIQUID_NITROGEN: Band(
        low_c=-196, high_c=-150, freeze_c=None, excursion_low_c=-196, excursion_high_c=-150
    ),
}
"""Bands by storage class; a mean kinetic temperature excuses excursions of room temperature only."""


def mean_kinetic_temperature(temperatures_c: Sequence[float]) -> float:
    """Give the constant temperature that would have done as much harm.

    Parameters
    ----------
    temperatures_c : Sequence[float]
        Evenly spaced, °C, at least one.

    Notes
    -----
    T_K = (dH/R) / -ln(mean of exp(-dH / (R T_i))), T in kelvin (USP <1079.2>); computed from the largest exponent on,
    so that deep cold does not underflow.

    Examples
    --------
    >>> round(mean_kinetic_temperature([5.0] * 23 + [25.0]), 4)
    7.7564
    """
    if not temperatures_c:
        raise ValueError("Expected at least one temperature.")
    exponents = [-ACTIVATION_K / (temperature + _ZERO_C) for temperature in temperatures_c]
    largest = max(exponents)
    mean = sum(exp(exponent - largest) for exponent in exponents) / len(exponents)
    return ACTIVATION_K / -(log(mean) + largest) - _ZERO_C


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """What a record of temperatures says.

    Parameters
    ----------
    reasons : tuple[HoldReason, ...]
        Every reason to hold the lots; empty if they may be used.
    mean_kinetic_c : float or None
        Mean kinetic temperature, °C; None without samples.
    lowest_c, highest_c : float or None
        Extremes, °C.
    outside_s : float
        Time outside the band, seconds.
    """

    reasons: tuple[HoldReason, ...]
    mean_kinetic_c: float | None
    lowest_c: float | None
    highest_c: float | None
    outside_s: float


def judge_storage(times_us: Sequence[int], temperatures_c: Sequence[float], band: Band) -> Storage:
    """Judge a record of temperatures.

    Parameters
    ----------
    times_us : Sequence[int]
        Instants of the samples, rising, UTC microseconds.
    temperatures_c : Sequence[float]
        Of the same length, °C.
    band : Band
        What is allowed.

    Returns
    -------
    Storage
        Lack of evidence holds the lots as an excursion does.
    """
    if not temperatures_c:
        return Storage(
            reasons=(HoldReason.NO_SAMPLES,), mean_kinetic_c=None, lowest_c=None, highest_c=None, outside_s=0.0
        )
    gaps = [(later - earlier) / SECOND_US for earlier, later in pairwise(times_us)]
    mean = mean_kinetic_temperature(temperatures_c)
    lowest, highest = min(temperatures_c), max(temperatures_c)
    found: set[HoldReason] = set()
    if band.freeze_c is not None and lowest <= band.freeze_c:
        found.add(HoldReason.FROZEN)
    if lowest < band.excursion_low_c:
        found.add(HoldReason.TOO_COLD)
    if highest > band.excursion_high_c:
        found.add(HoldReason.TOO_WARM)
    if band.mean_kinetic_limit_c is not None and mean > band.mean_kinetic_limit_c:
        found.add(HoldReason.MEAN_KINETIC)
    if any(gap > band.largest_gap_s for gap in gaps):
        found.add(HoldReason.GAP)
    # The time until the next sample counts as the sample before it was.
    outside = sum(
        gap
        for gap, temperature in zip(gaps, temperatures_c, strict=False)
        if not band.low_c <= temperature <= band.high_c
    )
    return Storage(
        reasons=tuple(reason for reason in HoldReason if reason in found),
        mean_kinetic_c=mean,
        lowest_c=lowest,
        highest_c=highest,
        outside_s=outside,
    )
