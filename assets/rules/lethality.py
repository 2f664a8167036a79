"""Lethality of moist heat: F0 and A0 of a temperature record."""

from __future__ import annotations

import math

import numpy as np

from assets.model.cycle import FloatArray

F0_REFERENCE_C = 121.1  # °C; 121.0 and 121.11 are in use as well and differ by up to 2.6 %
F0_Z_K = 10.0  # K, ISO 17665 (definition of F0)
A0_REFERENCE_C = 80.0  # °C, ISO 15883-1 (definition of A0)
A0_FLOOR_C = 65.0  # °C: colder samples do not count, ISO 15883-1


def f0_minutes(times_s: FloatArray, temperature_c: FloatArray, *, reference_c: float = F0_REFERENCE_C) -> float:
    """Give the lethality of a sampled record by the trapezoidal rule.

    Parameters
    ----------
    times_s : FloatArray
        Instants, seconds, ascending, shape (n,).
    temperature_c : FloatArray
        Coldest reading at each instant, °C, shape (n,).
    reference_c : float
        Reference temperature, °C.

    Returns
    -------
    float
        Minutes at the reference temperature.

    Notes
    -----
    F0 = ∫ 10^((T - T_ref)/z) dt with z = 10 K.

    Examples
    --------
    Fifteen minutes at exactly 121.0 °C are less than fifteen minutes of F0:

    >>> round(f0_minutes(np.array([0.0, 900.0]), np.array([121.0, 121.0])), 4)
    14.6586
    """
    rates = np.power(10.0, (temperature_c - reference_c) / F0_Z_K)
    return float(np.trapezoid(rates, times_s)) / 60.0


def f0_minutes_of_ramp(
    start_c: float, end_c: float, duration_s: float, *, reference_c: float = F0_REFERENCE_C
) -> float:
    """Give the exact lethality of a straight change of temperature.

    Parameters
    ----------
    start_c, end_c : float
        Temperatures at both ends, °C.
    duration_s : float
        Seconds, not below 0.
    reference_c : float
        Reference temperature, °C.

    Notes
    -----
    F0 = t z / (ln 10 (T2 - T1)) (L2 - L1), where L = 10^((T - T_ref)/z).

    Examples
    --------
    >>> round(f0_minutes_of_ramp(100.0, 121.1, 21.1 * 60), 6)
    4.309233
    """
    low = math.pow(10.0, (start_c - reference_c) / F0_Z_K)
    high = math.pow(10.0, (end_c - reference_c) / F0_Z_K)
    span = end_c - start_c
    if abs(span) < 1e-9:  # the formula's 0/0; the limit is the constant rate
        return low * duration_s / 60.0
    return duration_s / 60.0 * F0_Z_K / (math.log(10.0) * span) * (high - low)


def a0_seconds(times_s: FloatArray, temperature_c: FloatArray) -> float:
    """Give the A0 of a sampled record.

    Parameters
    ----------
    times_s : FloatArray
        Instants, seconds, ascending, shape (n,).
    temperature_c : FloatArray
        Coldest reading at each instant, °C, shape (n,).

    Returns
    -------
    float
        Seconds at 80 °C.

    Notes
    -----
    A0 = Σ 10^((T - 80)/10) Δt over steps of which both ends are at or above 65 °C.

    References
    ----------
    ISO 15883-1, annex on A0.

    Examples
    --------
    >>> round(a0_seconds(np.array([0.0, 150.0]), np.array([93.0, 93.0])), 4)
    2992.8935
    """
    rates = np.power(10.0, (temperature_c - A0_REFERENCE_C) / 10.0)
    counts = (temperature_c[1:] >= A0_FLOOR_C) & (temperature_c[:-1] >= A0_FLOOR_C)
    steps = np.diff(times_s) * (rates[1:] + rates[:-1]) / 2.0
    return float(np.sum(np.where(counts, steps, 0.0)))
