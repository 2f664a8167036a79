"""A kept plan made anew: its pins are kept, and each thing that changes has a price."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlmodel import Session

from scheduling.model.admissions import AdmissionProblem
from scheduling.model.plans import PlanKind
from scheduling.model.rosters import RosterProblem
from scheduling.service import roster_talk, talk
from scheduling.tables.plans import load_plan_row

JOB_BY_KIND = {PlanKind.ADMISSIONS: "plan", PlanKind.ROSTER: "roster"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What a job needs to make a plan anew.

    Parameters
    ----------
    job : str
        Kind of the job.
    arguments : dict[str, object]
        Fields of ``scheduling.service.planning.PlanRequest`` as plain values.
    """

    job: str
    arguments: dict[str, object]


def order_again(session: Session, plan: str, *, seconds: float, seed: int) -> Again:
    """Give the order for a plan of the same people and needs that keeps the pins of a draft and changes little of it.

    Parameters
    ----------
    session : Session
        May be a reading session.
    plan : str
        Id of the kept plan.
    seconds : float
        How long to search.
    seed : int
        Of chance.

    Raises
    ------
    NotFound
        If there is no such plan.
    """
    kind = PlanKind(load_plan_row(session, plan).kind)
    problem: AdmissionProblem | RosterProblem
    if kind is PlanKind.ROSTER:
        row, problem = roster_talk.to_make_again(session, plan)
    else:
        row, problem = talk.to_make_again(session, plan)
    arguments: dict[str, object] = {
        "kind": kind.value,
        "problem": msgspec.to_builtins(problem),
        "seconds": seconds,
        "seed": seed,
        "start_at": row.start_at,
        "zone": row.zone,
        "based_on": row.id,
    }
    return Again(job=JOB_BY_KIND[kind], arguments=arguments)
