"""Random inputs against the library that published many of the cases, and properties that any answer must have."""

from __future__ import annotations

import warnings
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.rules.policies import economic, horizon, order_up_to, reorder, service
from inventory.rules.policies.doors import KINDS, solve
from inventory.rules.policies.newsvendor import NormalCase, newsvendor_normal
from inventory.rules.policies.service_times import Stage, guaranteed_service_times
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
            some = any(demand[start:end])
            cost += fixed * some + sum((t - start) * holding * demand[t] for t in range(start, end))
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


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_service_times_of_small_trees_are_the_best_of_all(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 4))
    suppliers: list[list[str]] = [[] for _ in range(count)]
    for later in range(1, count):
        earlier = data.draw(st.integers(0, later - 1))
        fed, by = (later, earlier) if data.draw(st.booleans()) else (earlier, later)
        suppliers[fed].append(str(by))
    stages = [
        Stage(
            id=str(index),
            processing_time=data.draw(st.integers(0, 3)),
            holding_cost=data.draw(st.integers(0, 9)),
            demand_bound=data.draw(st.integers(1, 5)),
            inbound_service_time=data.draw(st.sampled_from((0, 0, 2))),
            outbound_service_time=data.draw(st.sampled_from((None, 0, 1, 40))),
            suppliers=tuple(suppliers[index]),
        )
        for index in range(count)
    ]

    assert guaranteed_service_times(stages).cost == pytest.approx(_least_of_all_promises(stages), abs=1e-9)


def _least_of_all_promises(stages: list[Stage]) -> float:
    # more than every stage's own work and its outside supplier's wait together, nobody can need
    longest = sum(stage.processing_time for stage in stages) + max(stage.inbound_service_time for stage in stages)
    feeding = {name for stage in stages for name in stage.suppliers}
    best = float("inf")
    for promises in product(range(longest + 1), repeat=len(stages)):
        promised = {stage.id: each for stage, each in zip(stages, promises, strict=True)}
        cost = 0.0
        for stage in stages:
            waits = max([stage.inbound_service_time, *(promised[name] for name in stage.suppliers)])
            covered = waits + stage.processing_time - promised[stage.id]
            largest = stage.outbound_service_time
            if largest is None:
                largest = longest if stage.id in feeding else 0
            is_kept = covered >= 0 and promised[stage.id] <= largest
            cost += stage.holding_cost * stage.demand_bound * covered**0.5 if is_kept else float("inf")
        best = min(best, cost)
    return best


def test_service_times_of_a_long_chain_keep_all_stock_or_none_at_each_stage() -> None:
    count = 150
    costs = [1 + 0.01 * index for index in range(count)]
    chain = [
        Stage(
            id=str(index),
            processing_time=2,
            holding_cost=cost,
            demand_bound=1,
            suppliers=(str(index - 1),) if index else (),
        )
        for index, cost in enumerate(costs)
    ]
    # Simpson (1958): in a chain some stages hold all stock for the way since the last one that does, the others none
    least = [0.0]
    for last in range(count):
        least.append(min(least[first] + costs[last] * (2 * (last + 1 - first)) ** 0.5 for first in range(last + 1)))

    assert guaranteed_service_times(chain).cost == pytest.approx(least[-1], rel=1e-9)


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
        base_stock_level=60,
        demand_mean=mean,
        lead_time=lead,
        batches=tuple(service.Batch(quantity=q, remaining_life=life) for q, life in batches),
    )
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


def test_lot_sizes_with_changing_costs_equal_the_peer() -> None:
    peer = pytest.importorskip("stockpyl.wagner_whitin")
    rng = np.random.default_rng(5)
    for _ in range(40):
        count = int(rng.integers(1, 13))
        given_costs = [rng.uniform(0.1, 3, count), rng.uniform(0, 300, count)]
        demand, price = rng.integers(0, 3, count) * rng.integers(0, 99, count), rng.uniform(0, 3, count)

        found = horizon.wagner_whitin(given_costs[0], given_costs[1], demand.astype(float), price)

        quantities, cost, to_go, _ = peer.wagner_whitin(
            count, given_costs[0].tolist(), given_costs[1].tolist(), demand.tolist(), price.tolist()
        )
        assert found.cost == pytest.approx(cost, rel=1e-9, abs=1e-9)
        assert found.costs_to_go == pytest.approx(list(to_go[1:]), rel=1e-9, abs=1e-9)
        assert sum(found.order_quantities) == sum(quantities)


def test_holding_by_the_period_of_waiting_is_another_basis() -> None:
    answer = {
        basis: solve(
            "wagner_whitin",
            {"num_periods": 2, "holding_cost": [1, 9], "fixed_cost": 100, "demand": [5, 10], "holding_basis": basis},
        )
        for basis in ("order", "period")
    }

    # the second period's ten units wait through the first one only, at a rate of 1 on either basis
    assert answer["order"]["cost"] == answer["period"]["cost"] == 110
    with pytest.raises(FieldError, match="holding_basis"):
        solve(
            "wagner_whitin", {"num_periods": 1, "holding_cost": 1, "fixed_cost": 1, "demand": 1, "holding_basis": "x"}
        )


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=6), st.integers(-2, 4), st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_cost_of_a_policy_is_that_of_its_markov_chain(weights: list[float], s: int, width: int) -> None:
    pmf, big = np.array(weights) / sum(weights), s + width
    costs_ = order_up_to.PeriodicCosts(holding_cost=1.5, stockout_cost=7, fixed_cost=20)

    found = order_up_to.cost_of_order_up_to(costs_, pmf, s, big)

    levels = list(range(s + 1, big + 1))
    move, cost = np.zeros((width, width)), np.zeros(width)
    for row, level in enumerate(levels):
        for demand, share in enumerate(pmf):
            left = level - demand
            cost[row] += share * (1.5 * max(left, 0) + 7 * max(-left, 0) + (20 if left <= s else 0))
            move[row, levels.index(left) if left > s else width - 1] += share
    system = np.vstack([move.T - np.eye(width), np.ones(width)])
    stationary = np.linalg.lstsq(system, np.append(np.zeros(width), 1.0), rcond=None)[0]
    assert found == pytest.approx(float(stationary @ cost), rel=1e-8)


def test_pooled_bounds_give_the_same_service_times_as_written_ones() -> None:
    central = {"id": "central", "processing_time": 3, "holding_cost": 1}
    wards = [
        {"id": name, "processing_time": 1, "holding_cost": 2, "suppliers": ["central"]} for name in ("north", "south")
    ]
    pooled = solve(
        "gsm",
        {
            "safety_factor": 1.5,
            "stages": [central, *({**ward, "demand_sd": sd} for ward, sd in zip(wards, (3, 4), strict=True))],
        },
    )
    written = solve(
        "gsm",
        {
            "stages": [
                {**central, "demand_bound": 7.5},
                *({**ward, "demand_bound": bound} for ward, bound in zip(wards, (4.5, 6), strict=True)),
            ]
        },
    )

    assert pooled == written


HOSTILE: tuple[object, ...] = (
    0,
    -1,
    1e-320,
    1e-9,
    1e9,
    1e300,
    -1e300,
    float("nan"),
    float("inf"),
    10**400,
    1.5,
    "x",
    True,
    [],
    [1],
    [1, 2, 3],
    [[1]],
    {},
    {"1": 0.5, "3": 0.5},
    {"name": "norm", "args": [5, 1]},
)
REASONABLE: dict[str, dict[str, object]] = {
    "eoq": {"fixed_cost": 8, "holding_cost": 0.2, "demand_rate": 1300},
    "eoqb": {"fixed_cost": 8, "holding_cost": 0.2, "stockout_cost": 5, "demand_rate": 1300},
    "epq": {"fixed_cost": 8, "holding_cost": 0.2, "demand_rate": 1300, "production_rate": 2000},
    "newsvendor": {"holding_cost": 1, "stockout_cost": 5, "demand_mean": 50, "demand_sd": 8},
    "rq": {"holding_cost": 1, "stockout_cost": 9, "fixed_cost": 8, "demand_mean": 100, "demand_sd": 9, "lead_time": 1},
    "ss": {"holding_cost": 1, "stockout_cost": 5, "fixed_cost": 8, "demand_mean": 6},
    "base_stock": {"demand_mean": 10, "demand_sd": 3, "lead_time": 2, "target": 0.95},
    "wagner_whitin": {"num_periods": 3, "holding_cost": 1, "fixed_cost": 50, "demand": [1, 2, 3]},
    "joint": {
        "shared_fixed_cost": 5,
        "individual_fixed_costs": [1, 2],
        "holding_costs": [1, 1],
        "demand_rates": [5, 6],
    },
    "ewa": {"base_stock_level": 30, "demand_mean": 5, "lead_time": 1},
    "two_bin": {"demand_mean": 5, "lead_time": 2, "target": 0.95},
}


def answer_or_code(kind: str, parameters: dict[str, object]) -> str:
    try:
        return str(solve(kind, parameters))
    except FieldError as refusal:
        return refusal.code


@pytest.mark.parametrize("kind", sorted(REASONABLE))
def test_hostile_numbers_are_answered_finitely_or_refused_by_code(kind: str) -> None:
    for key in REASONABLE[kind]:
        for value in HOSTILE:
            told = answer_or_code(kind, {**REASONABLE[kind], key: value})
            assert told == "policy.parameter" or ("nan" not in told and "inf" not in told), (key, value)


@pytest.mark.parametrize(
    ("change", "field"), [({"x_num": 10**8}, "x_num"), ({"demand_mean": 1e7, "demand_sd": None}, "demand_mean")]
)
def test_chain_too_fine_to_work_out_is_refused_at_once(change: dict[str, object], field: str) -> None:
    chain = {"echelon_holding_cost": [2, 3], "lead_time": [1, 2], "stockout_cost": 37, "demand_mean": 5, "demand_sd": 1}

    with pytest.raises(FieldError) as refused:
        solve("base_stock", {**chain, **change})

    assert refused.value.problem.field == field


def test_exact_order_up_to_is_found_where_stock_outs_cost_little() -> None:
    # an order is put off for hundreds of units then: the economic quantity without backorders says 31
    costs_ = order_up_to.PeriodicCosts(holding_cost=1, stockout_cost=0.01, fixed_cost=1000)
    pmf = order_up_to.poisson_pmf(0.5)

    best = order_up_to.best_order_up_to(costs_, pmf)

    tried = [
        order_up_to.cost_of_order_up_to(costs_, pmf, s, level) for s in range(-340, -290, 5) for level in (0, 3, 6)
    ]
    assert (best.reorder_point, best.order_up_to_level) == (-315, 3)
    assert best.cost is not None
    assert best.cost <= min(tried) + 1e-12


def test_horizon_reaches_down_to_where_an_order_is_worth_its_cost() -> None:
    asked = {
        "num_periods": 2,
        "holding_cost": 1,
        "stockout_cost": 0.5,
        "fixed_cost": 200,
        "demand_mean": 10,
        "demand_sd": 0,
    }

    found = solve("finite_horizon", asked)

    # in the last period an order saves half a unit of cost for each unit that is missing: beyond 400 of them it pays
    assert found["reorder_points"][-1] == 10 - 400 - 1  # type: ignore[index]


def test_service_times_of_a_thousand_stages_are_worked_out() -> None:
    count = 1000
    stages = [
        {"id": str(i), "processing_time": 2, "holding_cost": 1 + 0.01 * i, "suppliers": [str(i - 1)] if i else []}
        for i in range(count)
    ]
    stages[-1]["demand_sd"] = 3

    found = solve("gsm", {"stages": stages, "safety_factor": 2})

    # Simpson (1958) as above: the last stage at which nothing is promised holds stock for the way since the one before
    least = [0.0]
    for last in range(count):
        held = [least[first] + (1 + 0.01 * last) * (2 * (last + 1 - first)) ** 0.5 for first in range(last + 1)]
        least.append(min(held))
    assert found["cost"] == pytest.approx(6 * least[-1], rel=1e-9)
