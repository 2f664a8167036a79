"""Selection, warm-up and intervals, each against what it promises, by many small experiments."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simulation.experiments.measures import interval_of
from simulation.statistics.selection import (
    Indifference,
    feasible,
    kim_nelson,
    ocba,
    quantile_interval,
    share_out,
)
from simulation.statistics.warmup import WarmUpTooShort, mser5

MACRO_RUNS = int(os.environ.get("HOSPITAL_TWIN_MACRO_RUNS", "2000"))
SELECTIONS = int(os.environ.get("HOSPITAL_TWIN_SELECTIONS", "300"))


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(1)

    hits = 0
    for row in random.gamma(4.0, 0.25, (MACRO_RUNS, 30)):  # the mean of a replication is never quite normal
        found = interval_of(row, 0.95)
        hits += abs(found.mean - 1.0) <= found.half_width

    assert 0.935 <= hits / MACRO_RUNS <= 0.965


@pytest.mark.parametrize("common", [0.0, 0.8])
def test_the_best_is_found_where_all_others_are_worse_by_just_what_matters(common: float) -> None:
    zone, right = 1.0, 0
    for macro in range(SELECTIONS):
        random = np.random.default_rng((macro, round(10 * common)))
        noise = random.normal(0, 2.0, (5, 600))
        shared = random.normal(0, 2.0, 600)
        values = math.sqrt(common) * shared + math.sqrt(1 - common) * noise
        values[1:] += zone  # slippage: the first is best by exactly the zone, the hardest case that counts

        found = kim_nelson(
            lambda number, which, values=values: values[number, which.start : which.stop],
            5,
            Indifference(zone=zone, most=600),
        )
        right += found.best == 0

    assert right / SELECTIONS >= 0.95


def test_common_random_numbers_save_replications() -> None:
    def used(common: float) -> int:
        random = np.random.default_rng(5)
        shared, noise = random.normal(0, 2.0, 4000), random.normal(0, 2.0, (3, 4000))
        values = math.sqrt(common) * shared + math.sqrt(1 - common) * noise + np.array([[0.0], [1.0], [1.0]])
        found = kim_nelson(lambda k, which: values[k, which.start : which.stop], 3, Indifference(zone=1.0, most=4000))
        return sum(found.replications)

    assert used(0.9) < used(0.0)


def test_selection_of_one_needs_no_run() -> None:
    def never(number: int, which: range) -> np.ndarray:
        raise AssertionError(number)

    assert kim_nelson(never, 1, Indifference(zone=1.0)).best == 0


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 50)), min_size=2, max_size=8), st.integers(10, 2000))
def test_budget_is_shared_out_whole(scenarios: list[tuple[float, float]], budget: int) -> None:
    shares = ocba([mean for mean, _ in scenarios], [variance for _, variance in scenarios], budget)

    assert sum(shares) == budget
    assert min(shares) >= 0


def test_close_rivals_get_more_than_hopeless_ones() -> None:
    shares = ocba([1.0, 1.2, 5.0], [1.0, 1.0, 1.0], 1000)

    assert shares[1] > 10 * shares[2]
    assert shares[0] == pytest.approx(shares[1], rel=0.05)
    # Chen et al. 2000, example: N_i in proportion to (σ_i/δ_i)².
    assert shares[1] / max(shares[2], 1) == pytest.approx((4.0 / 0.2) ** 2, rel=0.5)


def test_warm_up_is_cut_where_the_level_is_reached() -> None:
    random = np.random.default_rng(2)
    time = np.arange(2000)
    level = 10 * (1 - np.exp(-time / 40)) + random.normal(0, 1, 2000)

    cut = mser5(level)

    assert 60 <= cut <= 400


def test_run_that_never_settles_is_told() -> None:
    with pytest.raises(WarmUpTooShort):
        mser5(np.arange(100.0) ** 2)
    with pytest.raises(WarmUpTooShort, match="at least 20"):
        mser5(np.zeros(10))


@pytest.mark.parametrize(("mean", "expected"), [(3.0, True), (5.0, False), (4.0, None)])
def test_limit_is_kept_broken_or_not_known_yet(mean: float, expected: bool | None) -> None:
    values = mean + stats.norm.ppf((np.arange(40) + 0.5) / 40)

    assert feasible(values, 4.0) is expected


def test_quantile_interval_covers_the_quantile() -> None:
    random = np.random.default_rng(3)
    hits = 0
    for row in random.exponential(1.0, (400, 60)):
        _, low, high = quantile_interval(row, 0.9)
        hits += low <= math.log(10) <= high

    assert hits / 400 >= 0.93
    assert quantile_interval(np.arange(5.0), 0.95)[2] == math.inf


@pytest.mark.parametrize(("shape", "replications"), [(2.0, 20), (4.0, 10), (1.0, 40)])
def test_intervals_of_skewed_values_cover_as_often_as_they_say(shape: float, replications: int) -> None:
    random, hits, plain = np.random.default_rng(2), 0, 0
    for row in random.gamma(shape, 1 / shape, (MACRO_RUNS, replications)):
        found = interval_of(row, 0.95)
        hits += abs(found.mean - 1.0) <= found.half_width
        plain += abs(found.mean - 1.0) <= stats.t.ppf(0.975, replications - 1) * found.error

    assert 0.935 <= hits / MACRO_RUNS <= 0.965
    assert plain < hits  # Student's interval alone covers too seldom


def test_an_interval_is_student_s_where_nothing_is_skewed_or_little_is_known() -> None:
    balanced = np.array([1.0, 2.0, 3.0, 4.0, 5.0] * 4)
    few = np.array([1.0, 1.0, 7.0])
    for values in (balanced, few):
        found = interval_of(values, 0.95)
        student = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values))
        assert found.half_width == pytest.approx(student)
        assert found.error == pytest.approx(values.std(ddof=1) / math.sqrt(len(values)))
    assert interval_of(np.full(20, 3.0), 0.95).half_width == 0.0


@given(
    st.lists(st.floats(-50, 50), min_size=1, max_size=6),
    st.integers(0, 400),
    st.integers(1, 40),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_a_budget_is_spent_to_the_last_run(
    means: list[float], more: int, step: int, lower_is_better: bool, seed: int
) -> None:
    noise = np.random.default_rng(seed).normal(0, 3.0, (len(means), 10 * len(means) + more))

    def sample(number: int, which: range) -> np.ndarray:
        return means[number] + noise[number, which.start : which.stop]

    budget = 10 * len(means) + more
    found = share_out(sample, len(means), budget, at_a_time=step, lower_is_better=lower_is_better)

    assert sum(found.replications) == (budget if len(means) > 1 else 10)
    assert min(found.replications) >= 10
    assert 0 <= found.chance <= 1


def test_sharing_out_finds_the_best_more_often_than_equal_shares() -> None:
    # Chen's first example is of this shape: means one apart, the same spread, and few runs.
    budget, count, right, equal = 200, 10, 0, 0
    for macro in range(SELECTIONS):
        noise = np.random.default_rng((7, macro)).normal(0, 6.0, (count, budget))

        def sample(number: int, which: range, noise: np.ndarray = noise) -> np.ndarray:
            return number + noise[number, which.start : which.stop]

        right += share_out(sample, count, budget, first=10, at_a_time=20).best == 0
        equal += int(np.argmin([sample(number, range(budget // count)).mean() for number in range(count)])) == 0

    assert right > equal


def test_the_bound_on_the_chance_is_kept() -> None:
    promised, right = 0.0, 0
    for macro in range(SELECTIONS):
        noise = np.random.default_rng((8, macro)).normal(0, 2.0, (4, 400))

        def sample(number: int, which: range, noise: np.ndarray = noise) -> np.ndarray:
            return 1.5 * min(number, 1) + noise[number, which.start : which.stop]

        found = share_out(sample, 4, 160)
        promised += found.chance
        right += found.best == 0

    assert right / SELECTIONS >= promised / SELECTIONS - 0.05
