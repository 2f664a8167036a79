"""Quantiles with intervals, and turnovers from a course of readiness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.quantiles import quantile_of
from assets.rules.turnovers import Readiness, turnovers_of
from twin.clock import SECOND_US


@given(st.lists(st.floats(0, 1e6), min_size=3, max_size=60), st.floats(0.05, 0.95), st.floats(0.5, 0.99))
def test_a_quantile_lies_between_its_bounds(values: list[float], share: float, confidence: float) -> None:
    found = quantile_of(values, share, confidence=confidence)

    assert found.point is not None
    assert found.low is None or min(values) <= found.low <= max(values)
    assert found.high is None or found.low is None or found.low <= found.high
    wider = quantile_of(values, share, confidence=min(confidence + 0.009, 0.999))
    assert wider.low is None or found.low is None or wider.low <= found.low


@pytest.mark.parametrize(("share", "n"), [(0.5, 15), (0.9, 60), (0.5, 200)])
def test_the_interval_covers_at_least_as_often_as_it_says(share: float, n: int) -> None:
    rng = np.random.default_rng(9)
    truth = -np.log(1.0 - share)  # of the exponential distribution
    covered = 0
    for _sample in range(1500):
        found = quantile_of(rng.exponential(1.0, n).tolist(), share)
        low = -np.inf if found.low is None else found.low
        high = np.inf if found.high is None else found.high
        covered += low <= truth <= high

    assert covered / 1500 >= 0.885


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0]])
def test_below_three_values_nothing_is_said(values: list[float]) -> None:
    assert quantile_of(values, 0.5).point is None


@pytest.mark.parametrize(("share", "confidence"), [(0.0, 0.9), (1.0, 0.9), (0.5, 0.0), (0.5, 1.0)])
def test_what_is_no_quantile_is_refused(share: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="Expected"):
        quantile_of([1.0, 2.0, 3.0], share, confidence=confidence)


def course(*steps: tuple[str, int]) -> list[Readiness]:
    return [Readiness(value=value, at=minute * 60 * SECOND_US) for value, minute in steps]


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        ([("dirty", 1), ("clean", 9)], []),  # it began as not clean: nobody knows since when
        ([("clean", 1), ("dirty", 5), ("clean", 35)], [(1800.0, None)]),  # nobody said when cleaning began
        ([("clean", 1), ("cleaning", 5), ("clean", 35)], [(1800.0, 1800.0)]),
        # Found dirty again: the cleaning that made it ready is the second one.
        (
            [("clean", 1), ("dirty", 5), ("cleaning", 10), ("dirty", 20), ("cleaning", 30), ("clean", 35)],
            [(1800.0, 300.0)],
        ),
        ([("clean", 1), ("contaminated", 5), ("cleaning", 10)], []),  # not ready yet
        (
            [("clean", 1), ("dirty", 5), ("clean", 10), ("dirty", 20), ("cleaning", 21), ("clean", 30)],
            [(300.0, None), (600.0, 540.0)],
        ),
    ],
)
def test_turnovers_are_found_in_a_course(steps: list[tuple[str, int]], found: list[tuple[float, float | None]]) -> None:
    assert [(one.total_s, one.cleaned_s) for one in turnovers_of("B1", course(*steps))] == found
