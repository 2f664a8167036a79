"""Worked cases with published numbers, computed by the same functions that the hospital uses."""

from __future__ import annotations

import numpy as np

from assets.model.cycle import FloatArray
from assets.rules.lethality import a0_seconds, f0_minutes
from assets.rules.reliability.rates import mean_time_between_failures, spares_for
from assets.rules.steam import saturation_pressure_kpa, saturation_temperature_c
from inventory.rules.policies.economic import economic_order
from inventory.rules.policies.newsvendor import NormalCase, newsvendor_normal
from server.validation.checks import WorkedCase

IF97 = "IAPWS R7-97(2012), tables 35 and 36"
ISO_17665 = "ISO 17665: F0 is minutes at 121.1 °C with z = 10 K, so 10 K less is a tenth"
ISO_15883 = "ISO 15883-1: A0 is seconds at 80 °C with z = 10 K, so 60 s at 90 °C are 600"
SNYDER_SHEN = "Snyder and Shen, Fundamentals of Supply Chain Theory, 2nd edition"
ZERO_CELSIUS_K = 273.15


def _held(temperature_c: float, seconds: float) -> tuple[FloatArray, FloatArray]:
    times = np.linspace(0.0, seconds, 61)
    return times, np.full(61, temperature_c)


CASES = (
    WorkedCase(
        name="steam.pressure_at_300_K", expected=3.53658941, tolerance=2e-9, source=IF97,
        compute=lambda: saturation_pressure_kpa(300.0 - ZERO_CELSIUS_K),
    ),
    WorkedCase(
        name="steam.pressure_at_500_K", expected=2638.89776, tolerance=2e-9, source=IF97,
        compute=lambda: saturation_pressure_kpa(500.0 - ZERO_CELSIUS_K),
    ),
    WorkedCase(
        name="steam.temperature_at_1_MPa", expected=453.035632, tolerance=2e-9, source=IF97,
        compute=lambda: saturation_temperature_c(1000.0) + ZERO_CELSIUS_K,
    ),
    WorkedCase(
        name="lethality.f0_of_15_min_at_121.1", expected=15.0, tolerance=1e-9, source=ISO_17665,
        compute=lambda: f0_minutes(*_held(121.1, 900.0)),
    ),
    WorkedCase(
        name="lethality.f0_of_15_min_at_111.1", expected=1.5, tolerance=1e-9, source=ISO_17665,
        compute=lambda: f0_minutes(*_held(111.1, 900.0)),
    ),
    WorkedCase(
        name="lethality.a0_of_60_s_at_90", expected=600.0, tolerance=1e-9, source=ISO_15883,
        compute=lambda: a0_seconds(*_held(90.0, 60.0)),
    ),
    WorkedCase(
        name="lethality.a0_of_300_s_at_90", expected=3000.0, tolerance=1e-9, source=ISO_15883,
        compute=lambda: a0_seconds(*_held(90.0, 300.0)),
    ),
    WorkedCase(
        name="reliability.mtbf_lower_bound",
        expected=12.592,
        tolerance=4e-5,
        source="tables of chi-squared: 95 % quantile, 6 degrees of freedom; 2 T over the bound for 2 failures",
        compute=lambda: 2.0 * 1600.0 / mean_time_between_failures(1600.0, 2, confidence=0.9).low,
    ),
    WorkedCase(
        name="reliability.spares_for_one_failure", expected=3, tolerance=0.0,
        source="Poisson distribution with mean 1: P(X <= 2) = 0.9197, P(X <= 3) = 0.9810",
        compute=lambda: float(spares_for(1.0, 0.95)[0]),
    ),
    WorkedCase(
        name="stock.economic_order", expected=304.1, tolerance=2e-4, source=f"{SNYDER_SHEN}, example 3.1",
        compute=lambda: economic_order(8.0, 0.225, 1300.0).order_quantity,
    ),
    WorkedCase(
        name="stock.newsvendor", expected=56.6, tolerance=1e-3, source=f"{SNYDER_SHEN}, example 4.3",
        compute=lambda: newsvendor_normal(
            NormalCase(holding_cost=0.18, stockout_cost=0.7, demand_mean=50.0, demand_sd=8.0)
        ).base_stock_level,
    ),
)  # fmt: skip
"""All cases."""
