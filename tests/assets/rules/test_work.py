"""Checklists and what stands between work and service: limits as entered, and no way round a test."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.model.regions import OperationalState
from assets.model.work import Answer, Step, StepKind, WorkKind, WorkOrder, WorkState
from assets.rules.work import (
    is_within_limits,
    reasons_against_closing,
    reasons_against_giving_up,
    state_while_working,
)

FLOW = Step(id="flow", label="Flow", kind=StepKind.NUMBER, unit="ml/h", low=95.0, high=105.0)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_compared_unrounded_with_both_ends_included(value: float) -> None:
    assert is_within_limits(FLOW, value) == (95.0 <= value <= 105.0)


@pytest.mark.parametrize(
    ("low", "high", "value", "wanted"),
    [(None, 5.0, -1e9, True), (5.0, None, 1e9, True), (None, None, 0.0, True), (5.0, 5.0, 5, True)],
)
def test_a_limit_that_is_missing_is_none(low: float | None, high: float | None, value: float, wanted: bool) -> None:
    step = Step(id="s", label="S", kind=StepKind.NUMBER, low=low, high=high)

    assert is_within_limits(step, value) is wanted


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (StepKind.NUMBER, True),  # a tick is no measurement
        (StepKind.NUMBER, "97"),
        (StepKind.NUMBER, float("nan")),
        (StepKind.NUMBER, float("inf")),
        (StepKind.CHECK, 1),
        (StepKind.CHECK, "yes"),
        (StepKind.TEXT, " "),
        (StepKind.TEXT, 3.0),
        (StepKind.CHOICE, "green"),
    ],
)
def test_an_answer_of_another_kind_is_named(kind: StepKind, value: Any) -> None:
    step = Step(id="s", label="Lamp", kind=kind, choices=("red",) if kind is StepKind.CHOICE else ())

    with pytest.raises(ValueError, match="Lamp"):
        is_within_limits(step, value)


def test_the_last_answer_of_a_step_counts() -> None:
    answers = (Answer(step="flow", value=120.0), Answer(step="flow", value=100.0))
    order = WorkOrder(id="w", asset="a", kind=WorkKind.PREVENTIVE, steps=(FLOW,), answers=answers)

    assert reasons_against_closing(order) == ()
    turned = WorkOrder(id="w", asset="a", kind=WorkKind.PREVENTIVE, steps=(FLOW,), answers=answers[::-1])
    assert reasons_against_closing(turned) == ("step_out_of_limits.flow",)


def test_an_optional_step_may_be_left_out_and_a_required_one_not() -> None:
    optional = Step(id="remark", label="Remark", kind=StepKind.TEXT, is_required=False)
    order = WorkOrder(id="w", asset="a", kind=WorkKind.CALIBRATION, steps=(FLOW, optional))

    assert reasons_against_closing(order) == ("step_missing.flow",)


@pytest.mark.parametrize("state", [WorkState.CLOSED, WorkState.CANCELLED])
def test_work_that_is_over_is_not_closed_again(state: WorkState) -> None:
    order = WorkOrder(id="w", asset="a", kind=WorkKind.PREVENTIVE, state=state)

    assert reasons_against_closing(order) == (f"work_order.{state}",)


def test_whoever_may_close_may_give_up_and_no_repair_is_given_up_past_its_tests() -> None:
    flags = itertools.product(WorkKind, (WorkState.OPEN, WorkState.IN_PROGRESS, WorkState.ACCEPTANCE), *[(0, 1)] * 3)
    for kind, state, opens, accepted, tested in flags:
        order = WorkOrder(
            id="w",
            asset="a",
            kind=kind,
            state=state,
            opens_mains_part=bool(opens),
            acceptance_passed=bool(accepted),
            safety_test_passed=bool(tested),
        )
        closing, giving_up = reasons_against_closing(order), reasons_against_giving_up(order)

        assert set(giving_up) <= set(closing)
        if kind is WorkKind.CORRECTIVE and opens and not tested:
            assert "safety_test_missing" in giving_up
        if kind is WorkKind.DECOMMISSION:
            assert giving_up == ()  # what leaves for good needs no test for use


@pytest.mark.parametrize("kind", list(WorkKind))
def test_work_takes_a_device_out_of_service_but_for_wiping_it_down(kind: WorkKind) -> None:
    stays = state_while_working(kind) is OperationalState.IN_SERVICE

    assert stays == (kind is WorkKind.DISINFECTION)
