from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inventory.rules.forecasting.backtest import backtest, fill_backtest, one_step_forecasts
from inventory.rules.forecasting.methods import (
    FORECASTS,
    DemandClass,
    Floats,
    Method,
    adida,
    croston,
    demand_class,
    sba,
    ses,
    tsb,
)
from inventory.rules.forecasting.reading import Columns, read_demand
from tests.datafiles import data_file, load_json
from twin.errors import ImportRefused

demands = arrays(np.float64, (3, 30), elements=st.integers(0, 50).map(float))


@pytest.mark.parametrize("case", load_json("inventory/intermittent.json")["cases"], ids=lambda case: case["id"])
def test_published_forecasts_are_met(case: dict[str, Any]) -> None:
    series, expected = np.array([case["series"]]), case["forecast"]

    assert croston(series)[0] == pytest.approx(expected["CrostonClassic"], abs=1e-12)
    assert sba(series)[0] == pytest.approx(expected["CrostonSBA"], abs=1e-12)
    assert tsb(series)[0] == pytest.approx(expected["TSB"], abs=1e-12)
    assert adida(series)[0] == pytest.approx(expected["ADIDA"], abs=1e-9)


@pytest.mark.parametrize("buckets", [[7.0, 0.0], [0.0, 7.0], [2.0, 2.0, 2.0, 9.0]])
def test_a_fit_that_tells_nothing_takes_one_constant_whatever_the_size(buckets: list[float]) -> None:
    # one demand in each period makes buckets of one
    series = np.array([buckets]) + 1.0

    found = adida(series)[0]

    last, first = series[0, -1], series[0, 0]
    # the middle of what golden section leaves after its first step: 0.1 + 0.2 * (0.381966 + 1) / 2
    assert (found - first) / (last - first) == pytest.approx(0.2381966, abs=1e-7)
    assert adida(series * 7)[0] == pytest.approx(7 * found, rel=1e-12)


@given(demands)
@settings(max_examples=40, deadline=None)  # the first one compiles
def test_forecasts_stay_within_what_was_seen_and_scale_with_it(series: Floats) -> None:
    for method, forecast in FORECASTS.items():
        found = forecast(series)
        assert (found >= 0).all(), method
        if method is not Method.ADIDA:  # its constant is searched for: a flat fit may end elsewhere
            assert np.allclose(forecast(series * 7), found * 7), method
    assert (ses(series) <= series.max(axis=1) + 1e-9).all()
    assert (tsb(series) <= series.max(axis=1) + 1e-9).all()


@given(demands, st.integers(5, 25))
@settings(max_examples=20, deadline=None)
def test_forecast_of_a_period_does_not_know_the_period(series: Floats, changed: int) -> None:
    other = series.copy()
    other[:, changed] += 100

    for method in (Method.SES, Method.TSB, Method.SEASONAL_SES):
        before, after = one_step_forecasts(series, method, 4), one_step_forecasts(other, method, 4)
        assert np.array_equal(before[:, : changed - 3], after[:, : changed - 3])


def test_random_series_agree_with_statsforecast() -> None:
    models = pytest.importorskip("statsforecast.models")
    rng = np.random.default_rng(5)
    series = rng.poisson(0.7, (25, 40)).astype(float)
    series[:, 0] += 1

    for found, peer in (
        (croston(series), models.CrostonClassic()),
        (sba(series), models.CrostonSBA()),
        (tsb(series), models.TSB(0.2, 0.2)),
        (adida(series), models.ADIDA()),
        (ses(series), models.SimpleExponentialSmoothing(0.2)),
    ):
        expected = [peer.forecast(row, h=1)["mean"][0] for row in series]
        # the peer's search for a smoothing constant stops early
        assert found == pytest.approx(expected, abs=1e-4 if isinstance(peer, models.ADIDA) else 1e-9)


def test_patterns_are_told_apart() -> None:
    rare = np.tile([0.0, 0, 0, 5.0], 10)
    wild = np.zeros(40)
    wild[::4] = np.tile([1.0, 50.0], 5)

    assert demand_class(np.full(40, 9.0)) is DemandClass.SMOOTH
    assert demand_class(rare) is DemandClass.INTERMITTENT
    assert demand_class(np.tile([1.0, 30.0], 20)) is DemandClass.ERRATIC
    assert demand_class(wild) is DemandClass.LUMPY
    assert demand_class(np.zeros(40)) is DemandClass.NONE


def test_hospital_demand_quantiles_beat_a_normal_error_and_fills_what_was_asked() -> None:
    path = data_file("inventory/abx_sales.csv")
    with path.open(newline="") as lines:
        table = read_demand(lines, source="abx", columns=Columns(series=("hosp", "atc")))

    found = backtest(table.demand, origins=19, methods=(Method.SES, Method.SEASONAL_SES))
    scores = {score.method: score for score in found.scores}
    fill = fill_backtest(table.demand, origins=19, target=0.96)

    assert table.demand.shape == (964, 79)
    for quantile in ("0.5", "0.9", "0.95"):
        assert scores["seasonal_ses"].pinball[quantile] < 0.95 * scores["ses_normal"].pinball[quantile]
    assert fill.fill_rate == pytest.approx(0.96, abs=0.01)
    assert fill.months_of_stock <= 1.41


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "None of"),  # no column looks like a period
        ("month,qty\n2024-01,-3\n", "at least 0"),  # negative demand
        ("month,qty\n2024-01,lots\n", "at least 0"),  # no number
        ("month,qty\n", "no lines"),  # empty
        ("month,qty\n2024-01,1,5", "decimal point"),  # a decimal comma in a sheet parted by commas
        ("month,qty\n2024-01,1_000", "quantity"),
        ("month,qty\n2024-01,١٢", "quantity"),  # digits of another script
        ("month,qty,qty\n2024-01,1,2", "twice"),
    ],
)
def test_bad_table_is_refused(text: str, message: str) -> None:
    with pytest.raises(ImportRefused, match=message):
        read_demand(text.splitlines(), source="t.csv", columns=Columns())


def test_an_empty_cell_behind_the_last_column_is_no_cell() -> None:
    assert read_demand(["month,qty", "2024-01,1,", "2024-02,2,,"], source="t", columns=Columns()).demand.tolist() == [
        [1.0, 2.0]
    ]
