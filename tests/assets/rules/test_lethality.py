"""F0 and A0 against worked values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.lethality import a0_seconds, f0_minutes, f0_minutes_of_ramp


def constant(temperature: float, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    return np.array([0.0, seconds]), np.array([temperature, temperature])


def test_worked_f0_values(worked_case: Any) -> None:
    case = worked_case("13_")

    for row in case["rows"]:
        found = f0_minutes(*constant(row["T"], row["min"] * 60), reference_c=row.get("Tref", 121.1))
        assert found == pytest.approx(row["F0"], rel=1e-12)
    for row in case["ramps"]:
        assert f0_minutes_of_ramp(row["T1"], row["T2"], row["min"] * 60) == pytest.approx(row["F0"], rel=1e-12)


def test_worked_a0_values(worked_case: Any) -> None:
    for row in worked_case("14_")["rows"]:
        assert a0_seconds(*constant(row["T"], row["s"])) == pytest.approx(row["A0"], rel=1e-12)


@given(st.floats(60, 140), st.floats(60, 140), st.floats(1, 3600))
def test_trapezoids_of_a_second_come_close_to_the_exact_ramp(start: float, end: float, seconds: float) -> None:
    times = np.linspace(0.0, seconds, 2001)

    found = f0_minutes(times, np.interp(times, [0.0, seconds], [start, end]))

    assert found == pytest.approx(f0_minutes_of_ramp(start, end, seconds), rel=1e-4, abs=1e-12)


@given(st.lists(st.floats(20, 140), min_size=3, max_size=30), st.integers(1, 28))
def test_lethality_of_the_parts_adds_up_to_the_whole(temperatures: list[float], cut: int) -> None:
    values, at = np.array(temperatures), np.arange(float(len(temperatures)))
    cut = min(cut, len(values) - 2)

    parts = f0_minutes(at[: cut + 1], values[: cut + 1]) + f0_minutes(at[cut:], values[cut:])

    assert parts == pytest.approx(f0_minutes(at, values), rel=1e-9)


@given(st.lists(st.floats(0, 64.99), min_size=2, max_size=20))
def test_nothing_below_65_degrees_counts_for_a0(temperatures: list[float]) -> None:
    assert a0_seconds(np.arange(float(len(temperatures))), np.array(temperatures)) == 0.0
