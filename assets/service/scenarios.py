"""Replacement plans kept under a name, so that two can be laid side by side in the budget meeting."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from sqlmodel import Session, col, select

from assets.model.studio import Scenario, Studio
from assets.service.act import Act
from assets.service.replacing import StudioPlan
from assets.tables.records import ScenarioRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, NotFound

LONGEST_NAME = 100


def scenario_of(name: str, studio: Studio, found: StudioPlan) -> Scenario:
    """Give a plan as it is kept: what was set, and the figures by which plans are compared."""
    return Scenario(
        name=name,
        studio=studio,
        replaced=len(found.plan.year_by_asset),
        left_out=len(found.plan.reasons) + len(found.without_price),
        spent=found.plan.spent,
        benefit=found.plan.benefit,
        bound=found.plan.bound,
    )


def save_scenario(session: Session, *, act: Act, scenario: Scenario) -> Scenario:
    """Keep a plan under a name; one of the same name is replaced.

    Raises
    ------
    FieldError
        If the name is empty or too long.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    name = scenario.name.strip()
    if not 0 < len(name) <= LONGEST_NAME:
        message = f"Expected a name of 1 to {LONGEST_NAME} characters, got {len(name)}."
        raise FieldError(FieldProblem(field="name", place="scenario", message=message, cure="Give it a short name."))
    kept = replace(scenario, name=name, saved_at=act.now, saved_by=act.actor.id)
    session.merge(ScenarioRow(name=name, saved_at=act.now, body=msgspec.json.encode(kept).decode()))
    session.flush()
    return kept


def list_scenarios(session: Session, *, limit: int = 100) -> list[Scenario]:
    """Give the plans that are kept, the latest first."""
    rows = session.exec(
        select(ScenarioRow).order_by(col(ScenarioRow.saved_at).desc(), col(ScenarioRow.name)).limit(limit)
    )
    return [msgspec.json.decode(row.body, type=Scenario) for row in rows]


def drop_scenario(session: Session, *, act: Act, name: str) -> None:
    """Keep a plan no longer.

    Raises
    ------
    NotFound
        If there is none of this name.
    """
    act.actor.require(Permission.DEVICES_WRITE)
    row = session.get(ScenarioRow, name)
    if row is None:
        raise NotFound("scenario", name)
    session.delete(row)
    session.flush()
