"""Shares, ratios and time use with their intervals, and the comparison of failure rates before and after a change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.rules.alternatives import check_rates
from assets.rules.fleet_figures import TimeUse, mean_of, ratio_of, time_uses
from assets.rules.shares import share_of
from assets.rules.uptime import merged


@given(st.integers(0, 200), st.integers(0, 200), st.floats(0.5, 0.99))
def test_a_share_lies_in_its_interval_and_the_complement_mirrors_it(hits: int, misses: int, confidence: float) -> None:
    found = share_of(hits, hits + misses, confidence=confidence)
    other = share_of(misses, hits + misses, confidence=confidence)

    assert 0.0 <= found.low <= found.high <= 1.0
    assert found.point is None or found.low <= found.point <= found.high
    assert found.low == pytest.approx(1.0 - other.high, abs=1e-9)


@pytest.mark.parametrize(("hits", "n", "confidence"), [(-1, 2, 0.9), (3, 2, 0.9), (1, 2, 0.0), (1, 2, 1.0)])
def test_a_share_of_nonsense_is_refused(hits: int, n: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="Expected"):
        share_of(hits, n, confidence=confidence)


def test_the_interval_of_a_share_covers_at_least_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    for truth, n in ((0.97, 40), (0.5, 12), (0.02, 60)):
        hits = rng.binomial(n, truth, 2000)
        covered = [found.low <= truth <= found.high for found in (share_of(int(h), n) for h in hits)]

        assert sum(covered) / len(covered) >= 0.89


def test_a_ratio_of_cost_covers_the_true_one() -> None:
    rng = np.random.default_rng(3)
    covered = 0
    for _fleet in range(400):
        price = rng.uniform(1_000, 9_000, 40)
        cost = price * rng.gamma(2.0, 0.03, 40)  # mean share 0.06
        found = ratio_of(cost.tolist(), price.tolist())
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.06 <= found.high

    assert covered / 400 >= 0.85  # a skewed cost and a linearised variance: a little below the stated 90 %


@pytest.mark.parametrize("n", [0, 1, 2])
def test_below_three_devices_nothing_is_said(n: int) -> None:
    assert ratio_of([1.0] * n, [2.0] * n).point is None
    assert mean_of([0.5] * n).point is None


PLACES = {"B1": "bed", "EB": "equipment_bay", "DU": "dirty_utility", "WS": "workshop", "CO": "corridor", "X": "chapel"}


def test_time_in_zones_is_split_by_what_the_zone_is_for_and_whether_a_patient_was_there() -> None:
    stays = [("B1", (0, 40)), ("EB", (40, 60)), ("DU", (60, 70)), ("WS", (70, 75)), ("CO", (75, 80)), ("X", (80, 85))]

    uses = time_uses(stays, window=(0, 100), purpose_by_place=PLACES, occupied_by_place={"B1": [(10, 25), (30, 99)]})

    assert uses == {
        TimeUse.IN_USE: 0.25,
        TimeUse.BESIDE_PATIENT: 0.0,
        TimeUse.WITH_PATIENT_AWAY: 0.15,
        TimeUse.KEPT_READY: 0.2,
        TimeUse.WAITS_DIRTY: 0.1,
        TimeUse.IN_REPAIR: 0.05,
        TimeUse.ON_THE_WAY: 0.05,
        TimeUse.ELSEWHERE: 0.05,
        TimeUse.OUT_OF_SIGHT: 0.15,
    }


def test_a_device_that_reports_is_in_use_while_it_runs_and_not_where_it_is_tried_out() -> None:
    stays = [("B1", (0, 40)), ("EB", (40, 60)), ("WS", (60, 75)), ("CO", (75, 80))]
    running = [
        (5, 20),
        (35, 45),
        (62, 70),
        (76, 78),
        (90, 95),
    ]  # beside and without a patient, in the bay, tested, seen

    uses = time_uses(
        stays, window=(0, 100), purpose_by_place=PLACES, occupied_by_place={"B1": [(10, 30)]}, running=running
    )

    shares = {use: round(value * 100) for use, value in uses.items() if value}
    assert shares == {
        TimeUse.IN_USE: 15 + 5 + 5 + 2 + 5,
        TimeUse.BESIDE_PATIENT: 20 - 10,
        TimeUse.WITH_PATIENT_AWAY: 20 - 5 - 5,
        TimeUse.KEPT_READY: 15,
        TimeUse.IN_REPAIR: 15,
        TimeUse.ON_THE_WAY: 3,
        TimeUse.OUT_OF_SIGHT: 15,
    }


def test_a_device_that_only_stands_by_beside_a_patient_is_not_in_use() -> None:
    seen = {"window": (0, 100), "purpose_by_place": PLACES, "occupied_by_place": {"B1": [(0, 100)]}}
    stays = [("B1", (0, 100))]

    assert time_uses(stays, **seen)[TimeUse.IN_USE] == 1.0  # at most that, since it says nothing of itself
    assert time_uses(stays, **seen, running=[])[TimeUse.BESIDE_PATIENT] == 1.0


spans = st.tuples(st.integers(-50, 150), st.integers(0, 60)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(
    st.lists(st.tuples(st.sampled_from(["", *PLACES, "unknown"]), spans), max_size=12),
    st.none() | st.lists(spans, max_size=6),
)
def test_whatever_was_seen_and_reported_each_instant_counts_once(
    stays: list[tuple[str, tuple[int, int]]], told: list[tuple[int, int]] | None
) -> None:
    running = None if told is None else [(int(a), int(b)) for a, b in merged(told, start=0.0, end=100.0)]

    uses = time_uses(
        stays, window=(0, 100), purpose_by_place=PLACES, occupied_by_place={"B1": [(20, 60)]}, running=running
    )

    assert sum(uses.values()) == pytest.approx(1.0)
    assert all(0.0 <= share <= 1.0 for share in uses.values())
    if running is not None:
        assert uses[TimeUse.IN_USE] <= sum(b - a for a, b in running) / 100 + 1e-9


def test_devices_that_fail_four_times_as_often_are_found_and_those_that_do_not_are_left() -> None:
    worse = check_rates((20, 100.0), (40, 50.0))
    same = check_rates((20, 100.0), (11, 50.0))

    assert (worse.has_worsened, same.has_worsened) == (True, False)
    assert worse.ratio.low > 1.0 > same.ratio.low
    assert worse.ratio.confidence > 0.99


@pytest.mark.parametrize("after", [(0, 10.0), (1, 0.01), (2, 0.02)])
def test_below_three_failures_nothing_is_taken_back(after: tuple[int, float]) -> None:
    assert not check_rates((1, 100.0), after).has_worsened


def test_looking_after_each_failure_errs_no_more_often_than_allowed() -> None:
    rng = np.random.default_rng(7)
    wrong = 0
    for _fleet in range(400):
        before = int(rng.poisson(30))
        at = np.cumsum(rng.exponential(1.0 / 0.3, 60))  # the same 0.3 failures a year as before, over 100 years
        wrong += any(check_rates((max(before, 1), 100.0), (k, float(at[k - 1]))).has_worsened for k in range(3, 61))

    assert wrong / 400 <= 0.05
