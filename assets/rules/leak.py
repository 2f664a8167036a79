"""The air leakage test of a steam sterilizer."""

from __future__ import annotations

from dataclasses import dataclass

LIMIT_KPA_PER_MIN = 0.13  # 1.3 mbar/min, EN 285 (air leakage) and common manufacturers' manuals
STABILISATION_MIN = 5.0
START_KPA = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakResult:
    """Result of a leak test.

    Parameters
    ----------
    rate_kpa_per_min : float
        Rise after stabilisation.
    is_passed : bool
        At most the limit, both rounded to the display's tenth of a pascal so that the limit itself passes.
    warnings : tuple[str, ...]
        ``fast_stabilisation``: condensate evaporates; ``start_pressure``: the vacuum was not deep enough.
    """

    rate_kpa_per_min: float
    is_passed: bool
    warnings: tuple[str, ...] = ()


def is_tight(rate_kpa_per_min: float | None, *, limit: float = LIMIT_KPA_PER_MIN) -> bool:
    """Tell whether a rise is at most the limit; one that nobody measured says nothing against it.

    Parameters
    ----------
    rate_kpa_per_min : float or None
        Rise after stabilisation, kPa/min.
    limit : float
        Greatest rise, kPa/min, included.
    """
    # Rounded to what displays show: (1.3 mbar/min) · 10 is no exact float, and the limit itself passes.
    return rate_kpa_per_min is None or round(rate_kpa_per_min, 7) <= limit


def judge_leak_test(
    *, start_kpa: float, stable_kpa: float, end_kpa: float, minutes: float, limit: float = LIMIT_KPA_PER_MIN
) -> LeakResult:
    """Judge a leak test.

    Parameters
    ----------
    start_kpa, stable_kpa, end_kpa : float
        Absolute pressure at the end of evacuation, after stabilisation and at the end, kPa.
    minutes : float
        Length of the measurement after stabilisation, above 0.
    limit : float
        Greatest rise, kPa/min, included.
    """
    if not minutes > 0.0:
        raise ValueError(f"Expected minutes above 0, got {minutes}.")
    rate = (end_kpa - stable_kpa) / minutes
    warnings = []
    # A rise several times the limit before the measurement begins is water that boils, not a leak.
    if (stable_kpa - start_kpa) / STABILISATION_MIN > 2.0 * limit:
        warnings.append("fast_stabilisation")
    if start_kpa > START_KPA:
        warnings.append("start_pressure")
    return LeakResult(rate_kpa_per_min=rate, is_passed=is_tight(rate, limit=limit), warnings=tuple(warnings))
