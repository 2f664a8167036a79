"""Worked cases with published numbers, computed by the same functions that the hospital uses."""

from __future__ import annotations

import numpy as np

from assets.model.cycle import FloatArray
from assets.rules.lethality import a0_seconds, f0_minutes
from assets.rules.reliability.rates import mean_time_between_failures, spares_for
from assets.rules.steam import saturation_pressure_kpa, saturation_temperature_c
from inventory.rules.policies.economic import economic_order
from inventory.rules.policies.newsvendor import NormalCase, newsvendor_normal
from inventory.rules.policies.order_up_to import PeriodicCosts, cost_of_order_up_to, poisson_pmf
from inventory.rules.policies.reorder import ReorderCase, cost_normal
from server.validation.checks import WorkedCase
from simulation.statistics.formulae import erlang_c

IF97 = "IAPWS R7-97(2012), tables 35 and 36: values for checking a program"
F0 = "definition of F0: minutes at 121.1 °C with z = 10 K, so 10 K less is a tenth, and 3 min at 134 °C are 58.4953"
A0 = "definition of A0 (ISO 15883-1): seconds at 80 °C with z = 10 K; 600 and 3000 are the levels asked for"
CHI_SQUARED = "NIST/SEMATECH e-Handbook 1.3.6.7.4: 95 % quantile of chi-squared, 6 degrees of freedom, is 12.592"
SNYDER_SHEN = "Snyder and Shen, Fundamentals of Supply Chain Theory, 2nd edition, as asserted in stockpyl 1.0.2:"
ERLANG_C = "Erlang's C formula, offered load 3.6 on 4 servers: probability of waiting"
ZERO_CELSIUS_K = 273.15


def _held(temperature_c: float, seconds: float) -> tuple[FloatArray, FloatArray]:
    times = np.linspace(0.0, seconds, 61)
    return times, np.full(61, temperature_c)


CASES = (
    WorkedCase(
        name="steam.pressure_at_300_K",
        expected=3.53658941,
        tolerance=2e-9,
        source=IF97,
        compute=lambda: saturation_pressure_kpa(300.0 - ZERO_CELSIUS_K),
    ),
    WorkedCase(
        name="steam.pressure_at_500_K",
        expected=2638.89776,
        tolerance=2e-9,
        source=IF97,
        compute=lambda: saturation_pressure_kpa(500.0 - ZERO_CELSIUS_K),
    ),
    WorkedCase(
        name="steam.temperature_at_1_MPa",
        expected=453.035632,
        tolerance=2e-9,
        source=IF97,
        compute=lambda: saturation_temperature_c(1000.0) + ZERO_CELSIUS_K,
    ),
    WorkedCase(
        name="lethality.f0_of_15_min_at_121.1",
        expected=15.0,
        tolerance=1e-9,
        source=F0,
        compute=lambda: f0_minutes(*_held(121.1, 900.0)),
    ),
    WorkedCase(
        name="lethality.f0_of_15_min_at_111.1",
        expected=1.5,
        tolerance=1e-9,
        source=F0,
        compute=lambda: f0_minutes(*_held(111.1, 900.0)),
    ),
    WorkedCase(
        name="lethality.f0_of_3_min_at_134",
        expected=58.495337992741426,
        tolerance=1e-9,
        source=F0,
        compute=lambda: f0_minutes(*_held(134.0, 180.0)),
    ),
    WorkedCase(
        name="lethality.a0_of_60_s_at_90",
        expected=600.0,
        tolerance=1e-9,
        source=A0,
        compute=lambda: a0_seconds(*_held(90.0, 60.0)),
    ),
    WorkedCase(
        name="lethality.a0_of_300_s_at_90",
        expected=3000.0,
        tolerance=1e-9,
        source=A0,
        compute=lambda: a0_seconds(*_held(90.0, 300.0)),
    ),
    WorkedCase(
        name="reliability.mtbf_lower_bound",
        expected=12.592,
        tolerance=4e-5,
        source=f"{CHI_SQUARED}; it is 2 T over the bound for 2 failures",
        compute=lambda: 2.0 * 1600.0 / mean_time_between_failures(1600.0, 2, confidence=0.9).low,
    ),
    WorkedCase(
        name="reliability.spares_for_one_failure",
        expected=3,
        tolerance=0.0,
        source="Poisson distribution with mean 1: P(X <= 2) = 0.9197, P(X <= 3) = 0.9810",
        compute=lambda: float(spares_for(1.0, 0.95)[0]),
    ),
    WorkedCase(
        name="stock.economic_order",
        expected=304.0467800264368,
        tolerance=1e-9,
        source=f"{SNYDER_SHEN} example 3.1, quantity",
        compute=lambda: economic_order(8.0, 0.225, 1300.0).order_quantity,
    ),
    WorkedCase(
        name="stock.newsvendor",
        expected=56.60395592743389,
        tolerance=1e-9,
        source=f"{SNYDER_SHEN} example 4.3, base stock level",
        compute=lambda: (
            newsvendor_normal(
                NormalCase(holding_cost=0.18, stockout_cost=0.7, demand_mean=50.0, demand_sd=8.0)
            ).base_stock_level
        ),
    ),
    WorkedCase(
        name="stock.reorder_point_and_quantity",
        expected=78.07116250928294,
        tolerance=1e-7,
        source=f"{SNYDER_SHEN} example 5.1, cost of (126.8, 328.5)",
        compute=lambda: cost_normal(
            ReorderCase(
                holding_cost=0.225,
                stockout_cost=7.5,
                fixed_cost=8.0,
                demand_mean=1300.0,
                demand_sd=150.0,
                lead_time=1 / 12,
            ),
            126.8,
            328.5,
        ),
    ),
    WorkedCase(
        name="stock.order_up_to",
        expected=8.034111561471644,
        tolerance=1e-7,
        source=f"{SNYDER_SHEN} example 4.7, cost of (4, 10)",
        compute=lambda: cost_of_order_up_to(
            PeriodicCosts(holding_cost=1.0, stockout_cost=4.0, fixed_cost=5.0), poisson_pmf(6.0), 4, 10
        ),
    ),
    WorkedCase(
        name="queue.probability_of_waiting",
        expected=0.7877532642953626,
        tolerance=1e-9,
        source=ERLANG_C,
        compute=lambda: erlang_c(3.6, 4),
    ),
)
"""All cases."""
