"""Whatever comes to the policies' door is answered with finite numbers or refused by a code and the name of a key."""

from __future__ import annotations

import os
import random
from math import isfinite

import pytest

from inventory.rules.policies.doors import KINDS, solve
from tests.inventory.rules.policies.hostile import GOOD, Parameters, mutations
from twin.errors import FieldError

SAMPLE = int(os.environ.get("HOSPITAL_TWIN_HOSTILE", "2500"))  # 0 tries them all, some 200,000


def are_finite(value: object) -> bool:
    if isinstance(value, dict):
        return all(are_finite(each) for each in value.values())
    if isinstance(value, list):
        return all(are_finite(each) for each in value)
    return not isinstance(value, float) or isfinite(value)


def check(kind: str, parameters: Parameters) -> None:
    answer: object
    try:
        answer = solve(kind, parameters)
    except FieldError as refusal:
        answer = refusal
    if isinstance(answer, FieldError):
        assert (answer.code, bool(answer.problem.field)) == ("policy.parameter", True), (kind, parameters)
    else:
        assert are_finite(answer), (kind, parameters, answer)


@pytest.mark.parametrize(("kind", "parameters"), GOOD)
def test_good_question_is_answered(kind: str, parameters: Parameters) -> None:
    assert are_finite(solve(kind, parameters))


def test_every_kind_has_a_good_question() -> None:
    assert {kind for kind, _ in GOOD} == set(KINDS)


def test_hostile_values_are_answered_finitely_or_refused_by_code() -> None:
    asked = list(mutations())
    for kind, parameters in random.Random(7).sample(asked, SAMPLE) if SAMPLE else asked:
        check(kind, parameters)


@pytest.mark.parametrize(
    ("kind", "parameters", "field"),
    [
        # a demand of so many sizes would fill the memory
        (
            "newsvendor",
            {"holding_cost": 1, "stockout_cost": 5, "demand_distrib": {"name": "binom", "args": [1e12, 0.5]}},
            "demand_distrib",
        ),
        # weighed unit by unit for hours
        (
            "rq",
            {"holding_cost": 1e-6, "stockout_cost": 1, "fixed_cost": 1e9, "demand_mean": 1e6, "lead_time": 1},
            "fixed_cost",
        ),
        (
            "rq",
            {
                "holding_cost": 1,
                "stockout_cost": 5,
                "demand_mean": 5,
                "lead_time": 1,
                "reorder_point": 1,
                "order_quantity": 1e12,
            },
            "order_quantity",
        ),
        # half of a policy
        (
            "rq",
            {"holding_cost": 1, "stockout_cost": 5, "demand_mean": 5, "lead_time": 1, "reorder_point": 1},
            "order_quantity",
        ),
        (
            "ss",
            {"holding_cost": 1, "stockout_cost": 5, "fixed_cost": 9, "demand_mean": 5, "reorder_point": 1},
            "order_up_to_level",
        ),
        (
            "eoqb",
            {"fixed_cost": 8, "holding_cost": 1, "stockout_cost": 5, "demand_rate": 13, "order_quantity": 3},
            "stockout_fraction",
        ),
        # half a unit lies nowhere
        (
            "finite_horizon",
            {
                "num_periods": 2,
                "holding_cost": 1,
                "stockout_cost": 5,
                "demand_mean": 9,
                "demand_sd": 2,
                "initial_inventory_level": 1.5,
            },
            "initial_inventory_level",
        ),
        # nobody orders where no shortage costs anything
        (
            "finite_horizon",
            {"num_periods": 2, "holding_cost": 1, "stockout_cost": 0, "demand_mean": 9, "demand_sd": 2},
            "stockout_cost",
        ),
        # a life of a day and a half, and a word misspelt within a batch
        (
            "ewa",
            {"base_stock_level": 9, "demand_mean": 1, "batches": [{"quantity": 1, "remaining_life": 1.5}]},
            "batches[0].remaining_life",
        ),
        (
            "ewa",
            {"base_stock_level": 9, "demand_mean": 1, "batches": [{"quantity": 1, "remaining_life": 1, "life": 2}]},
            "batches[0].life",
        ),
        # a normal demand below nothing
        (
            "ss",
            {"holding_cost": 1, "stockout_cost": 5, "fixed_cost": 9, "demand_mean": -1e9, "demand_sd": 3},
            "demand_mean",
        ),
    ],
)
def test_what_cannot_be_worked_out_is_named(kind: str, parameters: Parameters, field: str) -> None:
    with pytest.raises(FieldError) as refused:
        solve(kind, parameters)

    assert refused.value.problem.field == field
