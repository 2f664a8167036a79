"""What kept plans risk, and which of two risks less."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from scheduling.model.futures import PlanRisk, RiskDifference, Uncertainty
from scheduling.model.plans import PlanKind
from scheduling.rules.chance import Futures
from scheduling.rules.futures import difference, play, risk_of
from scheduling.service.talk import content_of, row_of
from scheduling.tables.plans import PlanRow
from twin.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskCompared:
    """Two plans in the same futures.

    Parameters
    ----------
    first, second : PlanRisk
        What each risks.
    differences : tuple[RiskDifference, ...]
        Second minus first.
    """

    first: PlanRisk
    second: PlanRisk
    differences: tuple[RiskDifference, ...]


def risk_of_plan(session: Session, plan: str, *, uncertainty: Uncertainty, futures: Futures) -> PlanRisk:
    """Give what a kept plan risks.

    Parameters
    ----------
    session : Session
        Any session.
    plan : str
        Id of a plan of admissions.
    uncertainty : Uncertainty
        How far days differ from the plan.
    futures : Futures
        How many, from which seed.

    Raises
    ------
    NotFound
        If there is no such plan.
    InputError
        If it is a roster.
    """
    return risk_of(*content_of(_admissions(session, plan)), uncertainty, futures)


def compare_risk(
    session: Session, plan: str, other: str, *, uncertainty: Uncertainty, futures: Futures
) -> RiskCompared:
    """Compare two kept plans of the same first day in the same futures.

    Parameters
    ----------
    session : Session
        Any session.
    plan, other : str
        Ids of plans of admissions.
    uncertainty, futures
        As for :func:`risk_of_plan`.

    Raises
    ------
    NotFound
        If there is no such plan.
    InputError
        If one is a roster, or they are of different days.
    """
    one, two = _admissions(session, plan), _admissions(session, other)
    if (one.start_at, one.days) != (two.start_at, two.days):
        raise InputError(
            f"Plans {plan} and {other} are of different days: compare plans of the same first day and length.",
            code="plan.days_differ",
        )
    first, second = content_of(one), content_of(two)
    return RiskCompared(
        first=risk_of(*first, uncertainty, futures),
        second=risk_of(*second, uncertainty, futures),
        differences=difference(play(*first, uncertainty, futures), play(*second, uncertainty, futures)),
    )


def _admissions(session: Session, plan: str) -> PlanRow:
    row = row_of(session, plan)
    if row.kind != PlanKind.ADMISSIONS.value:
        raise InputError(f"Plan {plan} is a roster: only a plan of admissions can be played.", code="plan.kind")
    return row
