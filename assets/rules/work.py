"""What a work order still lacks, and into which state it puts its device."""

from __future__ import annotations

import math

from assets.model.regions import OperationalState
from assets.model.work import Answer, Step, StepKind, WorkKind, WorkOrder, WorkState

_STATE_WHILE_WORKING = {
    WorkKind.CORRECTIVE: OperationalState.IN_REPAIR,
    WorkKind.INCOMING: OperationalState.INCOMING_TEST,
    WorkKind.DECOMMISSION: OperationalState.RETIRED,
    # Wiped down where it stands: it would else leave the ward's count for minutes.
    WorkKind.DISINFECTION: OperationalState.IN_SERVICE,
}


def state_while_working(kind: WorkKind) -> OperationalState:
    """Give the operational state of a device while somebody works on it."""
    return _STATE_WHILE_WORKING.get(kind, OperationalState.IN_MAINTENANCE)


def is_within_limits(step: Step, value: str | float | bool) -> bool:
    """Tell whether a finding is what the step demands.

    Parameters
    ----------
    step : Step
        With its limits.
    value : str or float or bool
        The finding; compared unrounded, as it was entered.

    Raises
    ------
    ValueError
        If the finding is not of the step's kind.
    """
    if step.kind is StepKind.NUMBER:
        # True counts as 1 in Python, and a tick is no measurement.
        if isinstance(value, bool | str) or not math.isfinite(value):
            raise ValueError(f"Expected a number in {step.unit or 'its unit'} for {step.label!r}, got {value!r}.")
        return (step.low is None or value >= step.low) and (step.high is None or value <= step.high)
    if step.kind is StepKind.CHECK:
        if not isinstance(value, bool):
            raise ValueError(f"Expected yes or no for {step.label!r}, got {value!r}.")
        return value
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"Expected text for {step.label!r}, got {value!r}.")
    if step.kind is StepKind.CHOICE and value not in step.choices:
        raise ValueError(f"Expected one of {', '.join(step.choices)} for {step.label!r}, got {value!r}.")
    return True


def latest_answers(order: WorkOrder) -> dict[str, Answer]:
    """Give the last finding of each step; the earlier ones stay on record."""
    return {answer.step: answer for answer in order.answers}


def reasons_against_closing(order: WorkOrder) -> tuple[str, ...]:
    """Give every reason why a work order cannot be closed yet, as stable codes.

    Notes
    -----
    A repaired device goes back into service only after a passed acceptance test, and after a passed electrical safety
    test if its mains part was opened.
    """
    reasons = []
    if order.state in (WorkState.CLOSED, WorkState.CANCELLED):
        reasons.append(f"work_order.{order.state}")
    answers = latest_answers(order)
    for step in order.steps:
        answer = answers.get(step.id)
        if answer is None:
            if step.is_required:
                reasons.append(f"step_missing.{step.id}")
        elif not is_within_limits(step, answer.value):
            reasons.append(f"step_out_of_limits.{step.id}")
    if order.kind is WorkKind.CORRECTIVE and not order.acceptance_passed:
        reasons.append("acceptance_missing")
    if _lacks_safety_test(order):
        reasons.append("safety_test_missing")
    return tuple(reasons)


def _lacks_safety_test(order: WorkOrder) -> bool:
    # IEC 62353: a device whose mains part was opened is tested before use, for whatever work it was opened.
    return order.kind is not WorkKind.DECOMMISSION and order.opens_mains_part and not order.safety_test_passed


def reasons_against_giving_up(order: WorkOrder) -> tuple[str, ...]:
    """Give every reason why the device of a cancelled order must not simply go back into service, as stable codes.

    Notes
    -----
    A repair that was begun has taken something apart: without this, cancelling it would be the way round the
    acceptance test that closing asks for.
    """
    reasons = []
    begun = (WorkState.IN_PROGRESS, WorkState.ACCEPTANCE)
    if order.kind is WorkKind.CORRECTIVE and order.state in begun and not order.acceptance_passed:
        reasons.append("acceptance_missing")
    if _lacks_safety_test(order):
        reasons.append("safety_test_missing")
    return tuple(reasons)
