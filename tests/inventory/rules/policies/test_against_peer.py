"""Random inputs against the library that published many of the cases, and properties that any answer must have."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.rules.policies import economic, horizon, order_up_to, reorder, service
from inventory.rules.policies.doors import KINDS, solve
from inventory.rules.policies.echelons import Stage, guaranteed_service_times
from inventory.rules.policies.newsvendor import NormalCase, newsvendor_normal
from twin.errors import FieldError

costs = st.floats(0.1, 50)
means = st.floats(0.5, 60)


@given(costs, costs, st.floats(1, 500))
def test_no_other_quantity_is_cheaper_than_the_economic_one(fixed: float, holding: float, demand: float) -> None:
    best = economic.economic_order(fixed, holding, demand)

    for factor in (0.5, 0.9, 1.1, 2.0):
        assert best.cost <= economic.economic_order(fixed, holding, demand, best.order_quantity * factor).cost + 1e-9


@given(costs, costs, means, st.floats(0.1, 20))
def test_no_other_level_is_cheaper_than_the_newsvendors(h: float, p: float, mean: float, sd: float) -> None:
    case = NormalCase(holding_cost=h, stockout_cost=p, demand_mean=mean, demand_sd=sd)
    best = newsvendor_normal(case)

    for shift in (-sd, -0.1 * sd, 0.1 * sd, sd):
        assert best.cost <= newsvendor_normal(case, best.base_stock_level + shift).cost + 1e-9


@given(st.floats(0.2, 5), st.floats(1, 60), st.floats(0, 60), st.floats(0.5, 12))
@settings(max_examples=40, deadline=None)
def test_exact_order_up_to_beats_every_neighbour(h: float, p: float, fixed: float, mean: float) -> None:
    policy = order_up_to.PeriodicCosts(holding_cost=h, stockout_cost=h + p, fixed_cost=fixed)
    pmf = order_up_to.poisson_pmf(mean)
    best = order_up_to.best_order_up_to(policy, pmf)
    assert best.cost is not None

    for ds in (-2, -1, 0, 1, 2):
        for big in (-2, -1, 0, 1, 2):
            s, level = best.reorder_point + ds, best.order_up_to_level + big
            if s < level:
                assert best.cost <= order_up_to.cost_of_order_up_to(policy, pmf, s, level) + 1e-9


def test_exact_order_up_to_equals_the_peer_and_the_many_version() -> None:
    peer = pytest.importorskip("stockpyl.ss")
    rng = np.random.default_rng(3)
    rows = [(rng.uniform(0.5, 3), rng.uniform(4, 30), rng.uniform(5, 80), rng.uniform(2, 12)) for _ in range(3)]
    many = order_up_to.best_order_up_to_many(
        np.array([row[3] for row in rows]), np.array([[row[0], row[1], row[2]] for row in rows])
    )

    for row, found in zip(rows, many, strict=True):
        _, _, cost = peer.s_s_discrete_exact(row[0], row[1], row[2], True, row[3])
        assert found[2] == pytest.approx(cost, rel=1e-6)


@given(st.lists(st.integers(0, 90), min_size=1, max_size=9), st.floats(0, 200), st.floats(0.1, 5))
@settings(max_examples=40, deadline=None)
def test_lot_sizes_equal_the_peer_and_meet_all_demand(demand: list[int], fixed: float, holding: float) -> None:
    count = len(demand)
    found = horizon.wagner_whitin(
        np.full(count, holding), np.full(count, fixed), np.array(demand, dtype=float), np.zeros(count)
    )

    assert sum(found.order_quantities) == sum(demand)
    assert found.cost == pytest.approx(_brute_force(demand, fixed, holding), abs=1e-6)


def _brute_force(demand: list[int], fixed: float, holding: float) -> float:
    count, best = len(demand), float("inf")
    for mask in range(1 << (count - 1)):
        starts = [0, *(t for t in range(1, count) if mask >> (t - 1) & 1)]
        cost = 0.0
        for start, end in zip(starts, [*starts[1:], count], strict=True):
            cost += fixed + sum((t - start) * holding * demand[t] for t in range(start, end))
        best = min(best, cost)
    return best


@given(costs, st.floats(2, 60), st.floats(1, 300), st.floats(5, 300), st.floats(0.05, 2))
@settings(max_examples=30, deadline=None)
def test_reorder_methods_never_beat_the_best_one(h: float, p: float, fixed: float, mean: float, lead: float) -> None:
    case = reorder.ReorderCase(
        holding_cost=h, stockout_cost=h + p, fixed_cost=fixed, demand_mean=mean, demand_sd=mean / 4, lead_time=lead
    )
    best = reorder.best_normal(case)
    assert best.cost is not None

    for method in (reorder.with_backorder_quantity, reorder.with_safety_stock):
        other = method(case)
        assert best.cost <= reorder.cost_normal(case, other.reorder_point, other.order_quantity) * (1 + 1e-7)


def test_service_times_equal_the_peer() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gsm = pytest.importorskip("stockpyl.gsm_tree")
        instances = pytest.importorskip("stockpyl.instances")
        tree = instances.load_instance("example_6_5")
        times, cost = gsm.optimize_committed_service_times(tree)
    pre = gsm.preprocess_tree(tree)
    stages = [
        Stage(
            id=str(node.index),
            processing_time=int(node.processing_time or 0),
            holding_cost=node.local_holding_cost,
            demand_bound=pre.nodes_by_index[node.index].demand_bound_constant
            * pre.nodes_by_index[node.index].net_demand_standard_deviation,
            inbound_service_time=int(node.external_inbound_cst or 0),
            outbound_service_time=None if node.external_outbound_cst is None else int(node.external_outbound_cst),
            suppliers=tuple(str(each.index) for each in node.predecessors()),
        )
        for node in tree.nodes
    ]

    found = guaranteed_service_times(stages)

    assert found.cost == pytest.approx(cost, rel=1e-6)
    assert found.service_times == {str(key): value for key, value in times.items()}


@given(means, st.floats(0.2, 3), st.floats(0.5, 0.995), st.sampled_from(service.Service), st.booleans())
@settings(max_examples=60, deadline=None)
def test_level_reaches_its_target_and_names_both_services(
    mean: float, spread: float, target: float, kind: service.Service, is_whole: bool
) -> None:
    review = service.Review(demand_mean=mean, demand_sd=spread * mean**0.5, review_period=1, lead_time=1)

    found = service.base_stock(review, target, kind, is_whole=is_whole)

    reached = found.fill_rate if kind is service.Service.FILL else found.cycle_service
    assert reached >= target - 1e-6
    if is_whole and found.base_stock_level > 0:
        below = found.base_stock_level - 1
        function = service.fill_rate if kind is service.Service.FILL else service.cycle_service
        assert function(review, below, found.distribution) < target


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 6)), max_size=5), st.floats(0, 20), st.integers(0, 3))
def test_perishable_order_never_falls_below_the_plain_one(
    batches: list[tuple[int, int]], mean: float, lead: int
) -> None:
    case = service.PerishableCase(
        base_stock_level=60, demand_mean=mean, lead_time=lead,
        batches=tuple(service.Batch(quantity=q, remaining_life=life) for q, life in batches),
    )  # fmt: skip
    found = service.estimated_withdrawal_and_aging(case)

    assert found.order_quantity >= max(0, 60 - sum(q for q, _ in batches))
    assert found.estimated_outdating <= sum(q for q, _ in batches)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_unknown_and_missing_keys_are_named(kind: str) -> None:
    with pytest.raises(FieldError) as refusal:
        solve(kind, {})

    assert refusal.value.problem.field


def test_misspelt_key_is_refused() -> None:
    with pytest.raises(FieldError, match="no such key"):
        solve("eoq", {"fixed_cost": 1, "holding_cost": 1, "demand_rate": 1, "holding_costs": 2})
