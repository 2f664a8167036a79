"""Good questions to the policies' door, and every way in which one or two of their values can be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

Parameters = dict[str, object]

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
    "",
    True,
    None,
    [],
    [1],
    [1, 2, 3],
    [[1]],
    {},
    {"1": 0.5, "3": 0.5},
    {"name": "norm", "args": [5, 1]},
)

_NORMAL: Parameters = {"holding_cost": 1, "stockout_cost": 5, "demand_mean": 50, "demand_sd": 8}
_REORDER: Parameters = {**_NORMAL, "stockout_cost": 9, "fixed_cost": 8, "lead_time": 1}
_POISSON_REORDER: Parameters = {
    "holding_cost": 20,
    "stockout_cost": 150,
    "fixed_cost": 100,
    "demand_mean": 1.5,
    "lead_time": 2,
}
_PERIODIC: Parameters = {"holding_cost": 1, "stockout_cost": 5, "fixed_cost": 8, "demand_mean": 6}
_HORIZON: Parameters = {
    "num_periods": 3,
    "holding_cost": 1,
    "stockout_cost": 20,
    "terminal_holding_cost": 1,
    "terminal_stockout_cost": 20,
    "purchase_cost": 2,
    "fixed_cost": 50,
    "demand_mean": 30,
    "demand_sd": 6,
}
_MYOPIC: Parameters = {**_NORMAL, "purchase_cost": 0.3, "purchase_cost_next_per": 0.35}
_CHAIN: Parameters = {
    "echelon_holding_cost": {"1": 3, "2": 2},
    "lead_time": {"1": 1, "2": 1},
    "stockout_cost": 37,
    "demand_mean": 5,
    "demand_sd": 1,
    "x_num": 50,
    "d_num": 10,
}
_STAGES = [
    {"id": "central", "processing_time": 2, "holding_cost": 1, "demand_bound": 3},
    {"id": "ward", "processing_time": 1, "holding_cost": 2, "demand_bound": 2, "suppliers": ["central"]},
]
_BATCHES = [{"quantity": 12, "remaining_life": 2}, {"quantity": 9, "remaining_life": 5}]

GOOD: tuple[tuple[str, Parameters], ...] = (
    ("eoq", {"fixed_cost": 8, "holding_cost": 0.2, "demand_rate": 1300}),
    ("eoq", {"fixed_cost": 8, "holding_cost": 0.2, "demand_rate": 1300, "order_quantity": 200}),
    (
        "eoq",
        {
            "fixed_cost": 8,
            "holding_cost_rate": 0.3,
            "demand_rate": 1300,
            "breakpoints": [0, 400, 800],
            "unit_costs": [0.75, 0.72, 0.68],
            "discount": "incremental",
        },
    ),
    ("eoqb", {"fixed_cost": 8, "holding_cost": 0.2, "stockout_cost": 5, "demand_rate": 1300}),
    (
        "eoqb",
        {
            "fixed_cost": 8,
            "holding_cost": 0.2,
            "stockout_cost": 5,
            "demand_rate": 1300,
            "order_quantity": 300,
            "stockout_fraction": 0.1,
        },
    ),
    ("epq", {"fixed_cost": 8, "holding_cost": 0.2, "demand_rate": 1300, "production_rate": 2000}),
    ("newsvendor", {**_NORMAL, "lead_time": 1}),
    ("newsvendor", {**_NORMAL, "base_stock_level": 60}),
    ("newsvendor", {"holding_cost": 1, "stockout_cost": 5, "demand_mean": 50, "lead_time": 2}),
    ("newsvendor", {"holding_cost": 1, "stockout_cost": 5, "demand_pmf": {"1": 0.5, "3": 0.5}}),
    ("newsvendor", {"holding_cost": 1, "stockout_cost": 5, "demand_distrib": {"name": "gamma", "args": [2]}}),
    ("newsvendor", {"holding_cost": 1, "stockout_cost": 5, "demand_distrib": {"name": "binom", "args": [9, 0.4]}}),
    ("newsvendor", {**_MYOPIC, "discount_factor": 0.95}),
    ("newsvendor", {**_MYOPIC, "cost": 30}),
    ("newsvendor", {"revenue": 1, "purchase_cost": 0.3, "salvage_value": 0.1, "demand_mean": 50, "demand_sd": 8}),
    ("newsvendor", {"revenue": 1, "purchase_cost": 0.3, "salvage_value": 0.1, "demand_mean": 50, "lead_time": 1}),
    ("rq", _REORDER),
    ("rq", {**_REORDER, "method": "eil"}),
    ("rq", {**_REORDER, "method": "loss"}),
    ("rq", {**_REORDER, "order_quantity": 60}),
    ("rq", _POISSON_REORDER),
    ("rq", {**_POISSON_REORDER, "reorder_point": 3, "order_quantity": 5}),
    ("ss", _PERIODIC),
    ("ss", {**_PERIODIC, "demand_sd": 3}),
    ("ss", {**_PERIODIC, "demand_sd": 3, "method": "power"}),
    ("ss", {**_PERIODIC, "reorder_point": 4, "order_up_to_level": 10}),
    ("ss", {"holding_cost": 1, "stockout_cost": 5, "fixed_cost": 8, "demand_pmf": [0.2, 0.5, 0.3]}),
    ("base_stock", {"demand_mean": 10, "demand_sd": 3, "lead_time": 2, "target": 0.95}),
    (
        "base_stock",
        {"demand_mean": 10, "demand_sd": 6, "lead_time": 2, "target": 0.95, "service": "fill", "is_whole": True},
    ),
    ("base_stock", _CHAIN),
    ("base_stock", {**_CHAIN, "method": "newsvendor", "round_type": "up"}),
    ("wagner_whitin", {"num_periods": 3, "holding_cost": 1, "fixed_cost": 50, "demand": [1, 2, 3]}),
    ("finite_horizon", _HORIZON),
    ("finite_horizon", {**_HORIZON, "fixed_cost": [50, 40, 30], "initial_inventory_level": 4}),
    ("finite_horizon", {**_HORIZON, "method": "myopic_bounds"}),
    (
        "joint",
        {
            "shared_fixed_cost": 5,
            "individual_fixed_costs": [1, 2],
            "holding_costs": [1, 1],
            "demand_rates": [5, 6],
        },
    ),
    ("gsm", {"stages": _STAGES}),
    ("gsm", {"stages": [{**stage, "demand_bound": None, "demand_sd": 2} for stage in _STAGES], "safety_factor": 1.6}),
    ("ewa", {"base_stock_level": 30, "demand_mean": 5, "lead_time": 1, "review_period": 2, "batches": _BATCHES}),
    ("two_bin", {"demand_mean": 5, "demand_sd": 3, "lead_time": 2, "target": 0.95, "pack_size": 10}),
)


def _nested(value: object) -> Iterator[object]:
    """Give a list of objects with one value of one of them made hostile."""
    if not isinstance(value, list):
        return
    for index, each in enumerate(value):
        for key in each if isinstance(each, dict) else ():
            for hostile in HOSTILE:
                yield [*value[:index], {**each, key: hostile}, *value[index + 1 :]]
        for hostile in HOSTILE if not isinstance(each, dict) else ():
            yield [*value[:index], hostile, *value[index + 1 :]]


def mutations() -> Iterator[tuple[str, Parameters]]:
    """Give every good question with one or two values made hostile, one value within a list, or one key too many."""
    for kind, good in GOOD:
        yield kind, {**good, "no_such_key": 1}
        for key in good:
            yield kind, {name: value for name, value in good.items() if name != key}
            for value in (*HOSTILE, *_nested(good[key])):
                yield kind, {**good, key: value}
        for first, second in combinations(good, 2):
            for one in HOSTILE:
                for other in HOSTILE:
                    yield kind, {**good, first: one, second: other}
