"""Put a checked plan in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from dash_app.actions.port import Commands
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, Refused
from twin.events.work import PlannedShift, PlannedStay, PlanPublished


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    start_at: int
    end_at: int
    stays: tuple[PlannedStay, ...] = ()
    shifts: tuple[PlannedShift, ...] = ()
    content_hash: str = ""


def _broken(result: Mapping[str, Any]) -> list[str]:
    rules = (result.get("report") or {}).get("rules")
    if rules is None:
        raise Refused("The plan has no report of the checker: have it made again.", code="plan.unchecked")
    return [str(rule["rule"]) for rule in rules if rule.get("is_hard") and rule.get("violations")]


def publish(port: Commands, result: Mapping[str, Any] | None) -> None:
    """Put the plan of a job's result in force.

    Parameters
    ----------
    port : Commands
        The hospital.
    result : Mapping[str, Any] or None
        Plain JSON values with ``plan`` (kind, start_at, end_at, stays, shifts, content_hash) and the checker's
        ``report``.

    Raises
    ------
    Refused
        If the checker has not seen it, or a rule that must hold is broken.
    FieldError
        If the plan cannot be read.
    """
    actor = port.actor()
    actor.require(Permission.PLANS_PUBLISH)
    broken = _broken(result or {})
    if broken:
        raise Refused("Rules that must hold are broken.", reasons=broken, code="plan.broken_rules")
    try:
        plan = msgspec.convert((result or {}).get("plan"), _Plan)
    except msgspec.ValidationError as error:
        raise FieldError(
            FieldProblem(field="plan", place="result", message=str(error), cure="Have the plan made again.")
        ) from error
    now = port.clock.now()
    port.record(
        [
            PlanPublished(
                thing=f"plan-{plan.kind}",
                occurred_at=now,
                source=f"user:{actor.id}",
                source_key=f"publish:{plan.content_hash}:{now}",
                actor=actor.id,
                kind=plan.kind,
                start_at=plan.start_at,
                end_at=plan.end_at,
                stays=plan.stays,
                shifts=plan.shifts,
                content_hash=plan.content_hash,
            )
        ]
    )
