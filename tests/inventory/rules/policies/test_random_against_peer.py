"""Random questions of every kind beside stockpyl, which shares no code with ours (a test oracle only)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import stats

from inventory.rules.policies.doors import solve

DRAWS = 25


@pytest.fixture(autouse=True)
def peers_warnings_are_its_own() -> Iterator[None]:
    """The peer warns of its grids and of names that numpy has dropped; neither is ours to answer for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def peer(name: str) -> Any:
    return pytest.importorskip(f"stockpyl.{name}")


def costs(rng: np.random.Generator) -> dict[str, Any]:
    holding = float(rng.uniform(0.05, 4))
    return {"holding_cost": holding, "stockout_cost": float(holding * rng.uniform(1.5, 40))}


def normal(rng: np.random.Generator) -> dict[str, Any]:
    mean = float(rng.uniform(5, 300))
    return {"demand_mean": mean, "demand_sd": float(mean * rng.uniform(0.05, 0.4))}


def costs_of(given: dict[str, Any]) -> dict[str, Any]:
    return {key: given[key] for key in ("holding_cost", "stockout_cost")}


def close(found: object, expected: object, relative: float = 1e-6) -> bool:
    return found == pytest.approx(expected, rel=relative, abs=1e-9)


def test_economic_quantities() -> None:
    eoq, rng = peer("eoq"), np.random.default_rng(11)
    for _ in range(DRAWS):
        fixed, holding, demand = float(rng.uniform(0, 90)), float(rng.uniform(0.01, 5)), float(rng.uniform(1, 9000))
        given = {"fixed_cost": fixed, "holding_cost": holding, "demand_rate": demand}
        stockout, speed = float(rng.uniform(0.1, 50)), demand * float(rng.uniform(1.01, 9))

        found = solve("eoq", given)
        short = solve("eoqb", given | {"stockout_cost": stockout})
        made = solve("epq", given | {"production_rate": speed})

        assert close([*found.values()], [*eoq.economic_order_quantity(**given)])
        expected = eoq.economic_order_quantity_with_backorders(**given, stockout_cost=stockout)
        assert close([*short.values()], [*expected])
        assert close([*made.values()], [*eoq.economic_production_quantity(**given, production_rate=speed)])


@pytest.mark.parametrize("discount", ["all_units", "incremental"])
def test_quantity_discounts(discount: str) -> None:
    eoq, rng = peer("eoq"), np.random.default_rng(12)
    for _ in range(DRAWS):
        regions = int(rng.integers(1, 5))
        given = {
            "fixed_cost": float(rng.uniform(1, 90)),
            "holding_cost_rate": float(rng.uniform(0.05, 0.5)),
            "demand_rate": float(rng.uniform(50, 5000)),
            "breakpoints": [0.0, *np.cumsum(rng.uniform(50, 600, regions - 1)).tolist()],
            "unit_costs": np.sort(rng.uniform(0.5, 2, regions))[::-1].tolist(),
        }

        found = solve("eoq", given | {"discount": discount})

        expected = getattr(eoq, f"economic_order_quantity_with_{discount}_discounts")(**given)
        assert close([found["order_quantity"], found["region"], found["cost"]], [*expected]), given


def test_joint_replenishment() -> None:
    eoq, rng = peer("eoq"), np.random.default_rng(13)
    for _ in range(DRAWS):
        count = int(rng.integers(1, 9))
        given = {
            "shared_fixed_cost": float(rng.uniform(0, 300)),
            "individual_fixed_costs": rng.uniform(1, 90, count).tolist(),
            "holding_costs": rng.uniform(0.1, 3, count).tolist(),
            "demand_rates": rng.uniform(1, 900, count).tolist(),
        }

        found = solve("joint", given)

        quantities, cycle, multiples, cost = eoq.joint_replenishment_problem_silver_heuristic(**given)
        assert found["order_multiples"] == [int(each) for each in multiples], given
        assert close(found["order_quantities"], list(quantities))
        assert close([found["base_cycle_time"], found["cost"]], [cycle, cost])


def test_newsvendors() -> None:
    newsvendor, rng = peer("newsvendor"), np.random.default_rng(14)
    for _ in range(DRAWS):
        given = costs(rng) | {"lead_time": int(rng.integers(0, 4))}
        demand, mean = normal(rng), float(rng.uniform(0.3, 80))

        for_normal = solve("newsvendor", given | demand)
        for_poisson = solve("newsvendor", given | {"demand_mean": mean})
        at_level = solve("newsvendor", given | {"demand_mean": mean, "base_stock_level": 7})

        assert close([*for_normal.values()], [*newsvendor.newsvendor_normal(**given, **demand)])
        bridged = costs_of(given) | {"demand_mean": mean * (given["lead_time"] + 1)}
        assert close([*for_poisson.values()], [*newsvendor.newsvendor_poisson(**bridged)])
        assert close([*at_level.values()], [*newsvendor.newsvendor_poisson(**bridged, base_stock_level=7)])


def test_newsvendors_with_prices() -> None:
    newsvendor, rng = peer("newsvendor"), np.random.default_rng(15)
    for _ in range(DRAWS):
        salvage = float(rng.uniform(0, 2))
        bought = salvage + float(rng.uniform(0.1, 3))
        given = {
            "revenue": bought + float(rng.uniform(0.1, 9)),
            "purchase_cost": bought,
            "salvage_value": salvage,
            "holding_cost": float(rng.uniform(0, 0.5)),
            "stockout_cost": float(rng.uniform(0, 0.5)),
        }
        demand, mean = normal(rng), float(rng.uniform(1, 80))

        for_normal = solve("newsvendor", given | demand)
        for_poisson = solve("newsvendor", given | {"demand_mean": mean})

        assert close([*for_normal.values()], [*newsvendor.newsvendor_normal_explicit(**given, **demand)])
        assert close([*for_poisson.values()], [*newsvendor.newsvendor_poisson_explicit(**given, demand_mean=mean)])


@pytest.mark.parametrize(
    "drawn",
    [
        ("norm", (60, 9), {}),
        ("expon", (), {"scale": 30}),
        ("gamma", (2.5,), {"scale": 12}),
        ("uniform", (20,), {"scale": 50}),
        ("lognorm", (0.8,), {"scale": 40}),
        ("weibull_min", (1.7,), {"scale": 40}),
        ("beta", (2, 5), {"scale": 90}),
        ("triang", (0.3,), {"loc": 5, "scale": 60}),
        ("poisson", (17,), {}),
        ("geom", (0.07,), {}),
        ("nbinom", (6, 0.3), {}),
        ("binom", (40, 0.35), {}),
        ("randint", (3, 30), {}),
    ],
    ids=lambda drawn: str(drawn[0]),
)
def test_newsvendor_of_any_demand(drawn: tuple[str, tuple[float, ...], dict[str, float]]) -> None:
    newsvendor, rng = peer("newsvendor"), np.random.default_rng(16)
    name, arguments, keywords = drawn
    distribution = getattr(stats, name)(*arguments, **keywords)
    is_discrete = hasattr(distribution.dist, "pmf")
    function = newsvendor.newsvendor_discrete if is_discrete else newsvendor.newsvendor_continuous
    for _ in range(4):
        given = costs(rng)

        found = solve(
            "newsvendor",
            given | {"demand_distrib": {"name": name, "args": list(arguments) or None, "kwds": keywords}},
        )

        level, cost = function(**given, demand_distrib=distribution)
        assert found["base_stock_level"] == pytest.approx(level, rel=1e-9)
        # the peer integrates tails to a grid of its own: its figure is good to about six digits
        assert found["cost"] == pytest.approx(cost, rel=1e-5)


def test_myopic_levels() -> None:
    newsvendor, rng = peer("newsvendor"), np.random.default_rng(17)
    for _ in range(DRAWS):
        given = costs(rng) | normal(rng)
        price = float(rng.uniform(0.5, 2))
        given |= {
            "purchase_cost": price,
            "purchase_cost_next_per": price + float(rng.uniform(-0.4, 0.4)) * given["holding_cost"],
            "discount_factor": float(rng.uniform(0.99, 1)),
        }

        assert close([*solve("newsvendor", given).values()], [*newsvendor.myopic(**given)])


def test_reorder_points_and_quantities() -> None:
    rq, rng = peer("rq"), np.random.default_rng(18)
    for _ in range(DRAWS):
        given = costs(rng) | normal(rng)
        given |= {"fixed_cost": float(rng.uniform(5, 90)), "lead_time": float(rng.uniform(0.1, 3))}
        asked = {key: value for key, value in given.items() if key != "fixed_cost"}
        quantity = float(rng.uniform(10, 400))

        loss = solve("rq", given | {"method": "loss"})
        stock = solve("rq", given | {"method": "eoqss"})
        batch = solve("rq", given | {"method": "eoqb"})
        point = solve("rq", given | {"order_quantity": quantity})

        expected = rq.r_q_loss_function_approximation(**given, tol=1e-10)
        assert close([loss["reorder_point"], loss["order_quantity"]], [*expected], 1e-5), given
        expected = rq.r_q_eoqss_approximation(**given)
        assert close([stock["reorder_point"], stock["order_quantity"]], [*expected])
        expected = rq.r_q_eoqb_approximation(**given)
        assert close([batch["reorder_point"], batch["order_quantity"]], [*expected], 1e-5)
        assert close(point["reorder_point"], rq.r_q_optimal_r_for_q(quantity, **asked, tol=1e-10), 1e-5)
        assert close(point["cost"], rq.r_q_cost(point["reorder_point"], quantity, **given))


def test_reorder_points_of_poisson_demand() -> None:
    rq, rng = peer("rq"), np.random.default_rng(19)
    for _ in range(5):
        given = costs(rng) | {
            "fixed_cost": float(rng.uniform(5, 90)),
            "demand_mean": float(rng.uniform(0.3, 12)),
            "lead_time": float(rng.uniform(0, 3)),
        }

        found = solve("rq", given)

        assert close([*found.values()], [*rq.r_q_poisson_exact(**given)]), given
        at_quantity = solve("rq", given | {"order_quantity": found["order_quantity"]})
        assert at_quantity["reorder_point"] == found["reorder_point"]


def test_periodic_review() -> None:
    ss, rng = peer("ss"), np.random.default_rng(20)
    for _ in range(5):
        given = costs(rng) | {"fixed_cost": float(rng.uniform(5, 60))}
        mean, count = float(rng.uniform(0.4, 9)), int(rng.integers(3, 9))
        pmf = rng.dirichlet(np.ones(count)).tolist()
        demand = normal(rng)

        for_poisson = solve("ss", given | {"demand_mean": mean})
        for_listed = solve("ss", given | {"demand_pmf": pmf})
        nearly = solve("ss", given | demand | {"method": "power"})

        expected = ss.s_s_discrete_exact(**given, use_poisson=True, demand_mean=mean)
        assert close([*for_poisson.values()], [*expected]), (given, mean)
        padded = [*pmf, *[0.0] * 80]  # the peer reads beyond the largest demand
        expected = ss.s_s_discrete_exact(**given, use_poisson=False, demand_hi=len(padded) - 1, demand_pmf=padded)
        assert close([*for_listed.values()], [*expected]), (given, pmf)
        assert close([*nearly.values()], [*ss.s_s_power_approximation(**given, **demand)])


def test_finite_horizon() -> None:
    horizon, rng = peer("finite_horizon"), np.random.default_rng(21)
    for _ in range(3):
        periods = int(rng.integers(2, 5))
        holding = rng.uniform(0.5, 2, periods)
        given = {
            "num_periods": periods,
            "holding_cost": holding.tolist(),
            "stockout_cost": (holding * rng.uniform(5, 20, periods)).tolist(),
            "terminal_holding_cost": 1.0,
            "terminal_stockout_cost": 15.0,
            "purchase_cost": float(rng.uniform(0, 2)),
            "fixed_cost": float(rng.uniform(0, 40)),
            "demand_mean": rng.uniform(8, 20, periods).tolist(),
            "demand_sd": rng.uniform(1, 4, periods).tolist(),
            "discount_factor": 0.97,
        }

        found = solve("finite_horizon", given)

        points, levels, cost, *_ = horizon.finite_horizon_dp(**given)
        assert found["reorder_points"] == [int(each) for each in points[1:]], given
        assert found["order_up_to_levels"] == [int(each) for each in levels[1:]], given
        assert close(found["cost"], cost)


def test_service_times_of_random_trees() -> None:
    gsm, networks = peer("gsm_tree"), peer("supply_chain_network")
    nodes, rng = peer("supply_chain_node"), np.random.default_rng(22)
    for _ in range(6):
        count = int(rng.integers(2, 7))
        tree = networks.SupplyChainNetwork()
        suppliers: list[list[int]] = [[] for _ in range(count)]
        for index in range(count):
            tree.add_node(nodes.SupplyChainNode(index))
        for later in range(1, count):
            earlier = int(rng.integers(0, later))
            tree.add_edge(earlier, later)
            suppliers[later].append(earlier)
        sinks = [index for index in range(count) if not any(index in listed for listed in suppliers)]
        stages = []
        for index in range(count):
            node, time = tree.nodes_by_index[index], int(rng.integers(0, 5))
            node.processing_time, node.local_holding_cost = time, float(rng.uniform(0.5, 6))
            node.external_inbound_cst = 0 if suppliers[index] else int(rng.integers(0, 3))
            stage: dict[str, Any] = {
                "id": str(index),
                "processing_time": time,
                "holding_cost": node.local_holding_cost,
                "inbound_service_time": node.external_inbound_cst,
                "suppliers": [str(each) for each in suppliers[index]],
            }
            if index in sinks:
                node.external_outbound_cst, node.demand_bound_constant = int(rng.integers(0, 3)), 1.645
                node.demand_source.type, node.demand_source.mean = "N", 0
                node.demand_source.standard_deviation = float(rng.uniform(1, 9))
                stage |= {
                    "outbound_service_time": node.external_outbound_cst,
                    "demand_sd": node.demand_source.standard_deviation,
                }
            else:
                node.demand_bound_constant = 1.645
            stages.append(stage)

        found = solve("gsm", {"stages": stages, "safety_factor": 1.645})

        _, cost = gsm.optimize_committed_service_times(tree)
        assert close(found["cost"], cost), stages
