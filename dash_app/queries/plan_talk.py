"""What a planner asks a kept plan: why a patient lies here, and where else."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from scheduling.model.plans import PlanKind
from scheduling.service import talk
from scheduling.service.board import Alternative
from scheduling.tables.plans import PlanRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is known of one patient's place.

    Parameters
    ----------
    start_at : int
        Midnight before the plan's first day, UTC microseconds.
    costs : dict[str, int]
        Cost of the place by rule, the dearest first; rules that cost nothing are left out.
    alternatives : list[Alternative]
        Places, the best first, the present one among them.
    is_pinned : bool
        Whether the patient is pinned, so that only places that fit the pin are offered.
    """

    start_at: int
    costs: dict[str, int]
    alternatives: list[Alternative]
    is_pinned: bool = False


def patients(session: Session, plan: str) -> list[str]:
    """Give the ids of the patients of a plan of admissions, sorted; none if there is no such plan."""
    row = session.get(PlanRow, plan)
    if row is None or row.kind != PlanKind.ADMISSIONS.value:
        return []
    problem, _ = talk.content_of(row)
    return sorted(patient.id for patient in problem.patients)


def answer(session: Session, plan: str, patient: str, *, limit: int = 12) -> Answer:
    """Give why a patient lies where they do, and where else they could.

    Parameters
    ----------
    session : Session
        Any session.
    plan, patient : str
        Ids.
    limit : int, optional
        Places at most.

    Raises
    ------
    NotFound
        If the plan or the patient is unknown.
    """
    row = talk.row_of(session, plan)
    board = talk.board_of(session, plan)
    report, _ = board.why(patient)
    costs = {rule.value: cost for rule, cost in report.cost_by_rule().items() if cost}
    return Answer(
        start_at=row.start_at,
        costs=dict(sorted(costs.items(), key=lambda item: -item[1])),
        alternatives=board.alternatives(patient, limit=limit),
        is_pinned=any(pin.patient == patient for pin in board.problem.pins),
    )
