"""Up time, charts, book values, safety limits, leak tests and scores against worked cases and their laws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.model.electrical import Measurement, Method, Quantity
from assets.model.maintenance import Strategy
from assets.rules.depreciation import book_value, monthly_charges
from assets.rules.drift import cusum, ewma
from assets.rules.electrical import IEC_62353_LIMITS, judge_measurement
from assets.rules.leak import judge_leak_test
from assets.rules.reliability.rates import mean_time_between_failures
from assets.rules.risk import FUNCTION_POINTS, StrategyCase, allowed_strategies, score_equipment
from assets.rules.uptime import merged, repair_time_of, uptime_of

PERIODS = st.lists(st.tuples(st.floats(-50, 150), st.floats(0, 80)).map(lambda p: (p[0], p[0] + p[1])), max_size=8)


def test_worked_time_line(worked_case: Any) -> None:
    case = worked_case("22_")
    start, end = case["input"]["window_h"]
    expect = case["expect"]

    found = uptime_of([(a, b) for a, b in case["input"]["down"]], start=start, end=end, confidence=0.8)

    assert (found.up, found.down, found.failures) == (expect["uptime_h"], expect["downtime_h"], expect["failures"])
    assert (found.availability, found.mean_down_time) == (expect["availability"], expect["mdt"])
    assert found.mtbf is not None
    assert found.mtbf.point == pytest.approx(expect["mtbf_operating"])
    assert found.mtbf.low == pytest.approx(expect["mtbf_ci80_lower"])
    assert found.mtbf.high == pytest.approx(expect["mtbf_ci80_upper"])


def test_repair_time_counts_repairs_only() -> None:
    found = repair_time_of([(4, 1), (6, 2), (1, 3)])

    assert (found.repairs, found.mean_repair, found.mean_response) == (3, pytest.approx(11 / 3), 2.0)
    assert repair_time_of([]).mean_repair is None


@given(PERIODS)
def test_up_and_down_add_up_to_the_window(down: list[tuple[float, float]]) -> None:
    found = uptime_of(down, start=0.0, end=100.0)

    assert found.up + found.down == pytest.approx(100.0)
    assert 0.0 <= found.availability <= 1.0
    grid = np.linspace(0.0, 100.0, 2001)[:-1]
    is_down = np.zeros(len(grid), dtype=bool)
    for low, high in down:
        is_down |= (grid >= low) & (grid < high)
    assert found.down == pytest.approx(is_down.mean() * 100.0, abs=1.0)


@given(PERIODS)
def test_the_same_down_time_told_twice_is_one(down: list[tuple[float, float]]) -> None:
    assert uptime_of(down + down, start=0.0, end=100.0) == uptime_of(down, start=0.0, end=100.0)


def test_a_failure_before_the_window_is_none_of_it() -> None:
    found = uptime_of([(-5.0, 5.0)], start=0.0, end=100.0)

    assert (found.failures, found.down, found.mean_down_time) == (0, 5.0, None)
    assert found.mtbf == mean_time_between_failures(95.0, 0)
    assert merged([(5, 1)], start=0, end=9) == []
    with pytest.raises(ValueError, match="lasts"):
        uptime_of([], start=1.0, end=1.0)


def test_worked_ewma(worked_case: Any) -> None:
    case = worked_case("23_")
    given_, expect = case["input"], case["expect"]

    chart = ewma(given_["x"], target=given_["target"], sigma=given_["sigma"], weight=given_["lam"])

    assert chart.values == pytest.approx(expect["ewma"], abs=case["tol_abs"] + 1e-9)
    assert (chart.high, chart.low) == pytest.approx((expect["UCL"], expect["LCL"]), abs=case["tol_abs"])
    assert list(chart.alarms) == expect["alarms"]


@given(st.floats(1.0, 4.0), st.integers(0, 10_000))
def test_charts_see_a_lasting_shift(shift: float, seed: int) -> None:
    values = np.random.default_rng(seed).normal(shift + 1.0, 1.0, 60)

    assert ewma(values.tolist(), target=0.0, sigma=1.0, has_starting_limits=True).alarms
    assert cusum(values.tolist(), target=0.0, sigma=1.0).alarms


def test_cusum_alarms_seldom_without_a_shift() -> None:
    values = np.random.default_rng(3).normal(0.0, 1.0, 20_000)

    # The mean distance between false alarms at k = 0.5 and h = 5 is about 465; runs of alarms count as one here.
    alarms = np.array(cusum(values.tolist(), target=0.0, sigma=1.0).alarms)
    assert 10 <= 1 + int(np.sum(np.diff(alarms) > 30)) <= 80
    with pytest.raises(ValueError, match="sigma"):
        cusum([1.0], target=0.0, sigma=0.0)
    with pytest.raises(ValueError, match="sigma"):
        ewma([1.0], target=0.0, sigma=0.0)


def test_worked_book_values(worked_case: Any) -> None:
    for row in worked_case("29_")["rows"]:
        found = book_value(
            cost=row["cost"], residual=row["floor"], life_months=row["life_months"], months=row["months"]
        )
        assert found == row["book"]


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(1, 600))
def test_charges_add_up_to_the_cent(cost: int, residual: int, life: int) -> None:
    residual = min(residual, cost)

    charges = monthly_charges(cost=cost, residual=residual, life_months=life)

    assert sum(charges) == cost - residual
    assert len(charges) == life
    assert max(charges) - min(charges) <= 1


@pytest.mark.parametrize(("cost", "residual", "life"), [(10, 11, 5), (10, -1, 5), (10, 1, 0)])
def test_a_book_without_sense_is_refused(cost: int, residual: int, life: int) -> None:
    with pytest.raises(ValueError, match="residual <= cost"):
        book_value(cost=cost, residual=residual, life_months=life, months=1)


def measurement(row: dict[str, Any]) -> Measurement:
    if "cls" in row:
        return Measurement(
            quantity=Quantity.EQUIPMENT_LEAKAGE, subject=row["cls"], value=row["value"], method=Method(row["method"])
        )
    if "applied" in row:
        return Measurement(quantity=Quantity.APPLIED_PART_LEAKAGE, subject=row["applied"], value=row["value"])
    subject = "with_cord" if row["with_cord"] else "without_cord"
    return Measurement(quantity=Quantity.PROTECTIVE_EARTH, subject=subject, value=row["pe_mohm"])


def test_worked_electrical_safety(worked_case: Any) -> None:
    case = worked_case("32_")
    for row in case["rows"]:
        assert judge_measurement(measurement(row)).is_passed == (row["verdict"] == "PASS"), row
    for cls in ("I", "II"):
        table = case["equipment_leakage"]
        assert IEC_62353_LIMITS[Quantity.EQUIPMENT_LEAKAGE, "alternative", cls] == table["alternative"][f"class_{cls}"]
        for method in ("direct", "differential"):
            wanted = table["direct_or_differential"][f"class_{cls}"]
            assert IEC_62353_LIMITS[Quantity.EQUIPMENT_LEAKAGE, method, cls] == wanted


def test_leakage_is_brought_to_nominal_mains_and_warned_of_before_it_fails() -> None:
    low_mains = Measurement(
        quantity=Quantity.EQUIPMENT_LEAKAGE,
        subject="I",
        value=460.0,
        method=Method.DIRECT,
        mains_v=207.0,
        nominal_v=230.0,
        reference=300.0,
    )

    found = judge_measurement(low_mains)

    assert found.corrected == pytest.approx(511.1, abs=0.1)
    assert (found.is_passed, found.warnings) == (False, ("rising",))
    near = Measurement(quantity=Quantity.APPLIED_PART_LEAKAGE, subject="CF", value=46.0)
    assert judge_measurement(near).warnings == ("near_limit",)
    with pytest.raises(ValueError, match="Expected a value"):
        judge_measurement(Measurement(quantity=Quantity.EQUIPMENT_LEAKAGE, subject="I", value=1.0))


def test_worked_leak_tests(worked_case: Any) -> None:
    for row in worked_case("16_")["rows"]:
        found = judge_leak_test(start_kpa=row["p1"], stable_kpa=row["p2"], end_kpa=row["p3"], minutes=row["t_min"])
        assert found.rate_kpa_per_min == pytest.approx(row.get("rate_kPa_min", found.rate_kpa_per_min))
        assert found.is_passed == row["verdict"].startswith("PASS")
        assert ("fast_stabilisation" in found.warnings) == ("warning" in row["verdict"])
    assert judge_leak_test(start_kpa=9.0, stable_kpa=9.0, end_kpa=9.0, minutes=10.0).warnings == ("start_pressure",)
    with pytest.raises(ValueError, match="minutes"):
        judge_leak_test(start_kpa=4.0, stable_kpa=4.0, end_kpa=4.0, minutes=0.0)


def test_worked_equipment_scores(worked_case: Any) -> None:
    case = worked_case("19_")
    assert case["tables"]["function"] == FUNCTION_POINTS
    for row in case["rows"]:
        found = score_equipment(function=row["F"], risk=row["R"], maintenance=row["M"])
        assert (found.points, found.is_included, found.interval_months) == (
            row["EM"],
            row["include"],
            row["interval_months"],
        )
    with pytest.raises(ValueError, match="function 2 to 10"):
        score_equipment(function=1, risk=1, maintenance=1)


@pytest.mark.parametrize(
    "case",
    [
        StrategyCase(is_imaging=True, months_of_history=99, has_evidence_record=True),
        StrategyCase(is_laser=True, months_of_history=99, has_evidence_record=True),
        StrategyCase(months_of_history=11, has_evidence_record=True),
    ],
)
def test_imaging_lasers_and_new_models_keep_the_manufacturer_s_schedule(case: StrategyCase) -> None:
    assert allowed_strategies(case) == {Strategy.OEM}


def test_what_can_kill_does_not_run_to_failure() -> None:
    critical = StrategyCase(months_of_history=24, is_critical=True, has_evidence_record=True)

    assert allowed_strategies(critical) == {Strategy.OEM, Strategy.AEM}
    assert Strategy.RUN_TO_FAILURE in allowed_strategies(StrategyCase(months_of_history=24))
