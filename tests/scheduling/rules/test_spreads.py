"""Spreads learnt from the hospital's own log: usual at first, own in the end, and honest in between."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scheduling.model.futures import Uncertainty
from scheduling.rules.spreads import (
    PRIOR_CASES,
    PRIOR_DAYS,
    Log,
    Operated,
    Origin,
    emergency_rate,
    late_spread,
    operation_spread,
    spreads_of,
    with_spreads,
)


def operated(cv: float, n: int, seed: int = 1) -> tuple[Operated, ...]:
    """Draw operations whose lengths are log-normal about the planned ones."""
    sigma2 = math.log1p(cv**2)
    ratios = np.random.default_rng(seed).lognormal(-sigma2 / 2, math.sqrt(sigma2), n)
    return tuple(Operated(planned_minutes=100, minutes=100 * float(ratio)) for ratio in ratios)


def test_without_a_log_every_figure_is_the_usual_one() -> None:
    found = spreads_of(Log())

    assert [one.name for one in found] == [one.name for one in fields(Uncertainty)]
    assert {one.origin for one in found} == {Origin.USUAL}
    assert with_spreads(Uncertainty(), found) == Uncertainty()


def test_many_operations_give_the_hospitals_own_spread() -> None:
    found = operation_spread(operated(0.8, 4000), 0.35)

    assert found.origin is Origin.OWN
    assert found.low < 0.8 < found.high
    assert found.value == pytest.approx(0.8, rel=0.05)


def test_a_few_operations_move_the_usual_spread_a_little() -> None:
    found = operation_spread(operated(1.5, 5), 0.35)

    assert found.origin is Origin.MIXED
    assert 0.3 < found.value < 0.8
    assert found.low < found.value < found.high


def test_emergencies_and_wrong_clocks_do_not_count_for_planned_operations() -> None:
    wrong = (
        Operated(planned_minutes=60, minutes=6000),  # left open over the weekend
        Operated(planned_minutes=60, minutes=1),  # pressed twice
        Operated(planned_minutes=60, minutes=500, is_emergency=True),
    )

    assert operation_spread(wrong, 0.35).origin is Origin.USUAL


def test_late_days_are_geometric() -> None:
    days = tuple(int(one) for one in np.random.default_rng(2).geometric(1 - 0.3, 3000) - 1)

    found = late_spread(days, 0.12)

    assert found.low < 0.3 < found.high
    assert found.n == 3000


def test_intervals_are_those_of_the_conjugate_laws() -> None:
    rate = emergency_rate(12, 40, 0.5)
    gamma = stats.gamma(0.5 * PRIOR_DAYS + 12, scale=1 / (PRIOR_DAYS + 40))
    assert (rate.value, rate.low, rate.high) == pytest.approx((gamma.mean(), *gamma.interval(0.95)))
    late = late_spread((0, 0, 1, 2, -1), 0.12)
    beta = stats.beta(0.12 * PRIOR_CASES + 3, 0.88 * PRIOR_CASES + 5)
    assert (late.value, late.low, late.high) == pytest.approx((beta.mean(), *beta.interval(0.95)))
    one = operation_spread(
        (Operated(planned_minutes=100, minutes=150), Operated(planned_minutes=100, minutes=90)), 0.35
    )
    degrees = PRIOR_CASES + 1
    logs = [math.log(1.5), math.log(0.9)]
    squares = PRIOR_CASES * math.log1p(0.35**2) + sum((x - sum(logs) / 2) ** 2 for x in logs)
    low, high = (squares / stats.chi2(degrees).ppf(share) for share in (0.975, 0.025))
    assert (one.low, one.high) == pytest.approx((math.sqrt(math.expm1(low)), math.sqrt(math.expm1(high))))


@given(
    late=st.lists(st.integers(-400, 400), max_size=60),
    lengths=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 3000), st.booleans()), max_size=40),
    emergencies=st.integers(0, 500),
    days=st.integers(0, 180),
)
def test_whatever_the_log_holds_a_plan_can_be_played_with_it(
    late: list[int], lengths: list[tuple[int, int, bool]], emergencies: int, days: int
) -> None:
    log = Log(
        operations=tuple(Operated(planned_minutes=a, minutes=b, is_emergency=c) for a, b, c in lengths if b),
        operating_days=days,
        emergencies=emergencies,
        late_days=tuple(late),
    )

    found = spreads_of(log)

    with_spreads(Uncertainty(), found)  # refuses what is out of range
    assert all(one.low <= one.value <= one.high for one in found)
