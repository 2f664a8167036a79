"""What is said of failure data, whatever they are like."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.reliability.observation import Observation
from assets.rules.reliability.report import ReliabilityReport, analyse_failures

CODES = {"reliability.too_few_events", "reliability.no_spread", "reliability.repairable"}


@st.composite
def watches(draw: st.DrawFn) -> list[Observation]:
    """Watches of one to six devices; ages from a millionth to a billion, and failures as close together as floats."""
    found = []
    for device in range(draw(st.integers(1, 6))):
        at = draw(st.sampled_from([0.0, 1e-6, 1.0, 8760.0, 1e9]))
        for _ in range(draw(st.integers(1, 5))):
            end = at + max(at, 1e-6) * 10.0 ** draw(st.integers(-12, 3))
            if end > at:
                found.append(Observation(start=at, end=end, is_event=draw(st.booleans()), asset=f"d{device}"))
            at = end
    return found or [Observation(start=0.0, end=1.0, is_event=False, asset="d0")]


@given(rows=watches(), confidence=st.floats(0.5, 0.999))
def test_every_figure_is_a_number_with_its_interval_or_refused_with_a_code(
    rows: list[Observation], confidence: float
) -> None:
    report = analyse_failures(rows, confidence=confidence)

    assert set(report.refused.values()) <= CODES
    assert report.rate["low"] > 0.0
    for name in ("weibull", "power_law"):
        told: Any = getattr(report, name)
        assert told is None or name not in report.refused
        if told is not None:
            assert told["shape_low"] <= told["shape"] <= told["shape_high"]
            assert all(math.isfinite(value) for value in told.values() if value is not None)
    for step in report.mean_cumulative or ():
        assert step["at_risk"] >= 1
        assert step["mean"] > 0.0


@given(rows=watches(), order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(rows: list[Observation], order: Any) -> None:
    mixed = list(rows)
    order.shuffle(mixed)

    one, other = analyse_failures(rows), analyse_failures(mixed)

    for item in fields(ReliabilityReport):
        if item.name in ("devices", "events", "is_repairable", "refused"):
            assert getattr(one, item.name) == getattr(other, item.name)
    assert one.time == pytest.approx(other.time)
    assert [step["age"] for step in one.survival or ()] == [step["age"] for step in other.survival or ()]


def test_a_rate_beyond_every_number_is_refused() -> None:
    # Three failures within a thousandth of the end give a shape of some thousands: T^shape is no float any more.
    ends = [999_000.0, 999_500.0, 999_900.0]
    starts = [0.0, *ends[:2]]
    rows = [Observation(start=a, end=b, is_event=True, asset="pump") for a, b in zip(starts, ends, strict=True)]
    rows.append(Observation(start=ends[-1], end=1_000_000.0, is_event=False, asset="pump"))

    report = analyse_failures(rows)

    assert report.power_law is not None
    assert report.power_law["shape"] > 1_000.0
    assert report.power_law["rate"] == 0.0  # less than the smallest float
    small = [Observation(start=o.start / 1e9, end=o.end / 1e9, is_event=o.is_event, asset=o.asset) for o in rows]
    assert analyse_failures(small).refused["power_law"] == "reliability.no_spread"
