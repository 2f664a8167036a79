"""Reliability against worked cases, an independent library, and its own laws."""

from __future__ import annotations

import math
import os
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from assets.rules.reliability.observation import Observation, TooFewEvents, lifetimes_of
from assets.rules.reliability.rates import compare_rates, mean_time_between_failures, pool_rates, spares_for
from assets.rules.reliability.repairable import History, NoTrendSpread, fit_power_law, mean_cumulative, trend_of
from assets.rules.reliability.replacement_age import (
    cheapest_replacement_age,
    equivalent_annual_cost,
    minimal_repair_age,
)
from assets.rules.reliability.survival import median_age, median_interval, survival_steps
from assets.rules.reliability.weibull import NoSpread, fit_weibull

FLEETS = int(os.environ.get("HOSPITAL_TWIN_FLEETS", "40"))


def watched(ages: list[float], events: list[bool], starts: list[float] | None = None) -> Any:
    begin = starts or [0.0] * len(ages)
    return lifetimes_of([Observation(start=s, end=a, is_event=e) for s, a, e in zip(begin, ages, events, strict=True)])


def test_weibull_with_censoring(worked_case: Any) -> None:
    case = worked_case("01_")
    failed, alive = case["input"]["failures"], case["input"]["right_censored"]

    fit = fit_weibull(watched(failed + alive, [True] * len(failed) + [False] * len(alive)))

    assert fit.scale == pytest.approx(case["expect"]["alpha_scale"], rel=case["tol_rel"])
    assert fit.shape == pytest.approx(case["expect"]["beta_shape"], rel=case["tol_rel"])
    assert fit.log_likelihood == pytest.approx(case["expect"]["loglik"], rel=case["tol_rel"])
    assert fit.shape_low < fit.shape < fit.shape_high
    assert (fit.count, fit.events) == (20, 10)


def test_kaplan_meier_and_nelson_aalen(worked_case: Any) -> None:
    case = worked_case("02_")
    expect, tolerance = case["expect"], case["tol_abs"]

    steps = survival_steps(watched(case["input"]["durations"], [bool(e) for e in case["input"]["events"]]))

    assert [step.age for step in steps] == expect["times"]
    assert [step.survival for step in steps] == pytest.approx(expect["km"], abs=tolerance)
    assert [step.hazard for step in steps] == pytest.approx(expect["nelson_aalen_plain_dn"], abs=tolerance)
    assert median_age(steps) == expect["median"]
    # The upper bound never falls to one half among so few failures, so that the interval is open.
    assert median_interval(steps) == (13.0, None)
    assert all(0.0 <= step.low <= step.survival <= step.high <= 1.0 for step in steps)


def test_power_law_of_one_system(worked_case: Any) -> None:
    case = worked_case("03_")
    history = History(times=tuple(case["input"]["times"]), end=case["input"]["T"], is_failure_terminated=True)

    fit = fit_power_law([history])

    expect = case["expect"]
    found = {
        "beta_mle": fit.shape,
        "lambda_mle": fit.rate,
        "mtbf_instantaneous": fit.mtbf_instantaneous,
        "mtbf_cumulative": fit.mtbf_cumulative,
        "beta_unbiased": fit.shape_unbiased,
        "cramer_von_mises_unbiased_beta": fit.cramer_von_mises,
    }
    assert found == {name: pytest.approx(value, rel=case["tol_rel"]) for name, value in expect.items()}


def test_trend_tests(worked_case: Any) -> None:
    case = worked_case("05_")
    times = tuple(float(t) for t in np.cumsum(case["input"]["interarrival"]))
    history = History(times=times, end=times[-1], is_failure_terminated=True)

    trend, fit = trend_of(history), fit_power_law([history])

    expect, relative = case["expect"], case["tol_rel"]
    assert trend.laplace == pytest.approx(expect["U_laplace_failure_terminated"], rel=relative)
    assert trend.trend == "worsening"
    assert trend.mil_hdbk_189 == pytest.approx(expect["mil_hdbk_189_stat"], rel=relative)
    assert (trend.freedom, trend.mil_hdbk_189_p) == (expect["df"], pytest.approx(expect["p_left"], rel=1e-5))
    assert (fit.shape, fit.rate) == pytest.approx((expect["beta_mle"], expect["lambda_mle"]), rel=relative)


def test_mean_cumulative_function(worked_case: Any) -> None:
    case = worked_case("06_")
    histories = [History(times=tuple(s[:-1]), end=s[-1]) for s in case["input"]["systems"]]

    steps = mean_cumulative(histories)

    expect, tolerance = case["expect"], case["tol_abs"]
    assert [step.age for step in steps] == expect["time"]
    assert [step.mean for step in steps] == pytest.approx(expect["mcf"], abs=tolerance)
    assert [step.variance for step in steps] == pytest.approx(expect["variance"], abs=tolerance)


def test_cheapest_replacement_age(worked_case: Any) -> None:
    case = worked_case("08_")
    given_, expect = case["input"], case["expect"]

    found = cheapest_replacement_age(
        shape=given_["beta"], scale=given_["alpha"], planned_cost=given_["cost_pm"], failure_cost=given_["cost_cm"]
    )

    assert found.age == pytest.approx(expect["T_opt"], rel=case["tol_rel"])
    assert found.cost_rate == pytest.approx(expect["cost_rate"], rel=case["tol_rel"])
    assert found.run_to_failure_cost_rate == pytest.approx(expect["run_to_failure_cost_rate"], rel=case["tol_rel"])
    assert found.saving_share == pytest.approx(expect["saving_fraction"], rel=case["tol_rel"])


@pytest.mark.parametrize(
    ("shape", "failure_cost"),
    [(0.7, 5.0), (1.0, 5.0), (2.5, 1.0), (2.5, 0.5)],  # no wear-out, or a failure that costs no more than a plan
)
def test_never_replaced_by_age_where_it_does_not_pay(shape: float, failure_cost: float) -> None:
    found = cheapest_replacement_age(shape=shape, scale=10.0, planned_cost=1.0, failure_cost=failure_cost)

    assert found.age is None
    assert found.saving_share == 0.0
    assert minimal_repair_age(shape=min(shape, 1.0), scale=10.0, planned_cost=1.0, repair_cost=1.0) is None


@settings(max_examples=25, deadline=None)
@given(st.floats(1.2, 8.0), st.floats(1.5, 50.0), st.floats(1.0, 1e5))
def test_no_other_age_is_cheaper(shape: float, ratio: float, scale: float) -> None:
    found = cheapest_replacement_age(shape=shape, scale=scale, planned_cost=1.0, failure_cost=ratio)

    if found.age is not None:
        ages = np.linspace(0.0, found.age, 2001)
        alive = np.exp(-((ages / scale) ** shape))
        for factor in (0.7, 0.9, 0.99, 1.0):
            index = round(2000 * factor)
            cost = (alive[index] + ratio * (1 - alive[index])) / np.trapezoid(alive[: index + 1], ages[: index + 1])
            assert cost >= found.cost_rate * (1 - 1e-6)


def test_mean_time_between_failures(worked_case: Any) -> None:
    for row in worked_case("10_")["rows"]:
        found = mean_time_between_failures(row["T"], row["r"], confidence=row["conf_two_sided"])
        wanted_values = (row["mtbf_point"], row["lower"], row["upper"])
        for value, wanted in zip((found.point, found.low, found.high), wanted_values, strict=True):
            assert value == (None if wanted is None else pytest.approx(wanted, rel=1e-12))


def test_spare_parts(worked_case: Any) -> None:
    for row in worked_case("11_")["rows"]:
        spares, reached = spares_for(row["rate_per_year"] * row["lead_time_years"], row["service"])
        assert (spares, reached) == (row["spares"], pytest.approx(row["achieved"], rel=1e-12))


@pytest.mark.parametrize("events", [0, 1, 2])
def test_nobody_speaks_below_three_events(events: int) -> None:
    with pytest.raises(TooFewEvents):
        watched([10.0 + i for i in range(9)], [i < events for i in range(9)])
    with pytest.raises(TooFewEvents):
        fit_power_law([History(times=tuple(float(i + 1) for i in range(events)), end=10.0)])
    with pytest.raises(TooFewEvents):
        trend_of(History(times=tuple(float(i + 1) for i in range(events)), end=10.0))


def test_failures_of_one_age_have_no_shape() -> None:
    with pytest.raises(NoSpread):
        fit_weibull(watched([5.0, 5.0, 5.0], [True] * 3))
    with pytest.raises(NoTrendSpread):
        fit_power_law([History(times=(9.0, 9.0, 9.0), end=9.0)])


def fleet(rng: np.random.Generator, *, truncated: bool) -> tuple[Any, Any, Any]:
    shape, scale, n = rng.uniform(0.6, 4.0), 10 ** rng.uniform(0, 4), int(rng.integers(20, 120))
    start = scale * rng.uniform(0.0, 0.6, n) if truncated else np.zeros(n)
    survived = np.exp(-((start / scale) ** shape))
    age = scale * (-np.log(survived * rng.uniform(0.001, 0.999, n))) ** (1 / shape)
    stop = start + scale * rng.uniform(0.2, 2.0, n)
    return start, np.minimum(age, stop), age <= stop


@pytest.mark.parametrize("truncated", [False, True])
def test_random_fleets_agree_with_an_independent_library(truncated: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import surpyval
    rng = np.random.default_rng(7 + truncated)
    compared = 0
    for _ in range(FLEETS):
        start, end, event = fleet(rng, truncated=truncated)
        if event.sum() < 5:
            continue
        ours = fit_weibull(watched(end.tolist(), event.tolist(), start.tolist()))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            entry = {"tl": start} if truncated else {}
            theirs = surpyval.Weibull.fit(end, c=(~event).astype(int), **entry)
        alpha, beta = (float(value) for value in theirs.params)
        assert ours.log_likelihood >= log_likelihood_of(start, end, event, alpha, beta) - 1e-9
        if truncated:
            # Its own search stops some digits early where entries are late: it is gone on with from where it stopped.
            alpha, beta = polished(start, end, event, alpha, beta)
        if log_likelihood_of(start, end, event, alpha, beta) >= ours.log_likelihood - 1e-8 * abs(ours.log_likelihood):
            assert (ours.scale, ours.shape) == pytest.approx((alpha, beta), rel=1e-5)
            compared += 1
    assert compared >= FLEETS // 2


def polished(start: Any, end: Any, event: Any, alpha: float, beta: float) -> tuple[float, float]:
    """Go on with a search for the maximum by Newton's method on the logarithms, with derivatives by difference."""
    at = np.log([alpha, beta])
    step = 1e-4

    def value(u: float, v: float) -> float:
        return log_likelihood_of(start, end, event, math.exp(at[0] + u), math.exp(at[1] + v))

    for _ in range(20):
        gradient = np.array([value(step, 0) - value(-step, 0), value(0, step) - value(0, -step)]) / (2 * step)
        uu, vv = (value(*d) + value(*-np.array(d)) - 2 * value(0, 0) for d in ((step, 0), (0, step)))
        uv = (value(step, step) - value(step, -step) - value(-step, step) + value(-step, -step)) / 4
        at = at - np.linalg.solve(np.array([[uu, uv], [uv, vv]]) / step**2, gradient)
    return math.exp(at[0]), math.exp(at[1])


def process(rng: np.random.Generator, shape: float, start: float, end: float, mean: float) -> tuple[float, ...]:
    """Failures of a power-law process between two ages, ``mean`` of them on average."""
    u = rng.uniform(0.0, 1.0, rng.poisson(mean))
    return tuple(sorted(((start**shape + u * (end**shape - start**shape)) ** (1 / shape)).tolist()))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.6, 2.5))
def test_systems_older_than_their_records_are_fitted_by_what_was_watched(seed: int, shape: float) -> None:
    rng = np.random.default_rng(seed)
    spans = [(float(rng.uniform(0, 40)), float(rng.uniform(60, 100))) for _ in range(8)]
    histories = [History(times=process(rng, shape, s, e, 12.0), start=s, end=e) for s, e in spans]

    fit = fit_power_law(histories)

    def log_likelihood(b: float, rate: float) -> float:
        failed = sum(math.log(rate * b) + (b - 1) * math.log(t) for h in histories for t in h.times)
        return failed - sum(float(rate * (h.end**b - h.start**b)) for h in histories)

    best = log_likelihood(fit.shape, fit.rate)
    for b, rate in ((1.01, 1), (0.99, 1), (1, 1.01), (1, 0.99), (1.02, 0.97)):
        assert log_likelihood(fit.shape * b, fit.rate * rate) < best


def test_late_entries_do_not_bias_the_power_law_or_the_trend() -> None:
    rng = np.random.default_rng(3)
    starts = rng.uniform(0.0, 60.0, 400)
    steady, wearing = (
        [
            # One rate for all: what is watched for less time fails less often.
            History(times=process(rng, shape, s, 100.0, 9.0 * (1 - (s / 100) ** shape)), start=s, end=100.0)
            for s in starts
        ]
        for shape in (1.0, 2.0)
    )

    assert fit_power_law(steady).shape == pytest.approx(1.0, abs=0.08)
    assert fit_power_law(wearing).shape == pytest.approx(2.0, abs=0.12)
    assert trend_of(*steady).trend == "none"
    assert trend_of(*wearing).trend == "worsening"


def test_trend_tests_keep_their_size_over_several_systems() -> None:
    rng = np.random.default_rng(9)
    found = []
    for _ in range(600):
        starts = rng.uniform(0.0, 50.0, 5)
        found.append(trend_of(*[History(times=process(rng, 1.0, s, 90.0, 6.0), start=s, end=90.0) for s in starts]))

    assert np.mean([t.trend != "none" for t in found]) == pytest.approx(0.05, abs=0.025)
    assert np.mean([t.mil_hdbk_189_p < 0.05 for t in found]) == pytest.approx(0.05, abs=0.025)


def test_mean_cumulative_function_counts_late_systems_from_their_entry() -> None:
    steps = mean_cumulative([History(times=(2.0, 8.0), end=10.0), History(times=(6.0,), start=5.0, end=10.0)])

    assert [(step.age, step.at_risk, step.mean) for step in steps] == [(2.0, 1, 1.0), (6.0, 2, 1.5), (8.0, 2, 2.0)]


def log_likelihood_of(start: Any, end: Any, event: Any, alpha: float, beta: float) -> float:
    density = np.log(beta) - beta * np.log(alpha) + (beta - 1) * np.log(end[event])
    return float(np.sum(density) - np.sum((end / alpha) ** beta - (start / alpha) ** beta))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.5, 1000.0))
def test_another_unit_of_time_changes_the_scale_only(seed: int, unit: float) -> None:
    start, end, event = fleet(np.random.default_rng(seed), truncated=True)
    if event.sum() < 5:
        return

    one = fit_weibull(watched(end.tolist(), event.tolist(), start.tolist()))
    other = fit_weibull(watched((end * unit).tolist(), event.tolist(), (start * unit).tolist()))

    assert other.shape == pytest.approx(one.shape, rel=1e-7)
    assert other.scale == pytest.approx(one.scale * unit, rel=1e-7)


def test_late_entries_do_not_bias_the_curve() -> None:
    rng = np.random.default_rng(5)
    age = rng.weibull(2.0, 40_000) * 100.0
    entry = rng.uniform(0.0, 80.0, 40_000)
    seen = age > entry

    steps = survival_steps(watched(age[seen].tolist(), [True] * int(seen.sum()), entry[seen].tolist()))

    at_80 = [step.survival for step in steps if step.age <= 80.0][-1]
    assert at_80 == pytest.approx(math.exp(-(0.8**2)), abs=0.03)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.floats(0.1, 99.0), min_size=1, max_size=8), min_size=2, max_size=6))
def test_several_systems_with_one_end_are_one_pooled_system(lists: list[list[float]]) -> None:
    histories = [History(times=tuple(sorted(times)), end=100.0) for times in lists]
    pooled = History(times=tuple(sorted(t for times in lists for t in times)), end=100.0)
    if len(pooled.times) < 3:
        return

    many, one = fit_power_law(histories), fit_power_law([pooled])

    assert many.shape == pytest.approx(one.shape, rel=1e-9)
    assert many.rate == pytest.approx(one.rate / len(lists), rel=1e-7)


@given(st.integers(0, 50), st.floats(1.0, 1e6), st.floats(0.5, 0.99))
def test_interval_contains_the_point_and_widens_with_confidence(events: int, time: float, confidence: float) -> None:
    narrow = mean_time_between_failures(time, events, confidence=confidence)
    wide = mean_time_between_failures(time, events, confidence=(1 + confidence) / 2)

    assert wide.low <= narrow.low
    if events:
        assert narrow.point is not None
        assert narrow.high is not None
        assert narrow.low <= narrow.point <= narrow.high


def test_pooling_draws_single_devices_towards_their_fellows() -> None:
    rng = np.random.default_rng(11)
    true = rng.gamma(2.0, 0.5, 300)
    times = rng.uniform(0.2, 2.0, 300)
    events = rng.poisson(true * times)

    pool = pool_rates(events.tolist(), times.tolist())

    raw = events / times
    shrunk = np.array([device.rate for device in pool.devices])
    assert np.sqrt(np.mean((shrunk - true) ** 2)) <= 0.65 * np.sqrt(np.mean((raw - true) ** 2))
    silent = [device for device in pool.devices if device.events == 0]
    assert silent
    assert all(0.0 < device.low < device.rate < device.high for device in silent)


def test_a_rate_without_failures_before_has_no_ratio() -> None:
    found = compare_rates((0, 10.0), (3, 10.0))

    assert (found.ratio, found.high) == (None, None)
    assert found.low > 0.0
    assert compare_rates((10, 1.0), (20, 1.0)).ratio == pytest.approx(2.0)


def test_annual_cost_of_a_present_value() -> None:
    assert equivalent_annual_cost(1000.0, interest=0.0, years=5) == 200.0
    assert equivalent_annual_cost(1000.0, interest=0.05, years=5) == pytest.approx(230.975, abs=1e-3)


@pytest.mark.parametrize(("start", "end"), [(1.0, 1.0), (-1.0, 2.0), (0.0, float("inf")), (3.0, 2.0)])
def test_an_observation_lasts(start: float, end: float) -> None:
    with pytest.raises(ValueError, match="start < end"):
        Observation(start=start, end=end, is_event=True)


@pytest.mark.parametrize(("times", "end"), [((2.0, 1.0), 5.0), ((0.0,), 5.0), ((6.0,), 5.0)])
def test_a_history_is_in_order(times: tuple[float, ...], end: float) -> None:
    with pytest.raises(ValueError, match="Expected"):
        History(times=times, end=end)


def test_pooled_rates_maximise_the_likelihood_of_the_counts() -> None:
    rng = np.random.default_rng(3)
    for size in (2, 15, 80):
        spans = rng.uniform(0.5, 6.0, size)
        counts = rng.poisson(rng.gamma(2.0, 0.5, size) * spans)
        pool = pool_rates(counts.tolist(), spans.tolist())

        def likelihood(shape: float, rate: float, counts=counts, spans=spans) -> float:
            return float(nbinom.logpmf(counts, shape, rate / (rate + spans)).sum())

        best = likelihood(pool.shape, pool.rate)
        for factor in (0.9, 0.99, 1.01, 1.1):
            assert likelihood(pool.shape * factor, pool.rate) <= best + 1e-6
            assert likelihood(pool.shape, pool.rate * factor) <= best + 1e-6


@pytest.mark.parametrize("shape", [1.5, 1e6])  # devices that differ, and devices that differ by chance alone
def test_intervals_of_pooled_rates_cover_what_they_say(shape: float) -> None:
    rng = np.random.default_rng(5)
    covered = devices = 0
    for _fleet in range(150):
        true = rng.gamma(shape, 0.8 / shape, 30)
        spans = rng.uniform(1.0, 6.0, 30)
        found = pool_rates(rng.poisson(true * spans).tolist(), spans.tolist())
        covered += sum(one.low <= rate <= one.high for one, rate in zip(found.devices, true, strict=True))
        devices += 30

    assert 0.86 <= covered / devices <= 0.97


def test_devices_that_differ_by_chance_alone_get_an_interval_as_wide_as_that_of_their_mean() -> None:
    found = pool_rates([5, 4, 3, 2], [4.5, 5.9, 5.4, 4.6])
    whole = mean_time_between_failures(20.4, 14)
    assert whole.low is not None
    assert whole.high is not None

    for one in found.devices:
        assert one.high - one.low > 0.5 * (1.0 / whole.low - 1.0 / whole.high)


@pytest.mark.parametrize("count", range(4, 60, 2))
def test_the_median_is_where_half_have_failed_whatever_the_rounding(count: int) -> None:
    rows = [Observation(start=0.0, end=float(age), is_event=True) for age in range(1, count + 1)]

    assert median_age(survival_steps(lifetimes_of(rows))) == count // 2
