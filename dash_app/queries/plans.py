"""The plans in force: who lies where, which theatre when, who works where; and those that are kept beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlmodel import Session

from dash_app.queries.names import place_name, staff_label
from scheduling.model.plans import Override, PlanStatus
from scheduling.service.crossings import Crossing, broken_of, crossings_of
from scheduling.tables.plans import PlanRow, draft_numbers, list_plan_rows, load_plan_row
from twin.events.work import PlannedStay, PlanPublished
from twin.state.live import LiveState


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One bar of a plan; instants in UTC microseconds.

    Parameters
    ----------
    row, row_name : str
        Bed, theatre or member of staff.
    label : str
        Whose stay or operation, or where the shift is.
    start_at, end_at : int
        From when to when.
    kind : str
        ``bed``, ``theatre`` or ``shift``.
    """

    row: str
    row_name: str
    label: str
    start_at: int
    end_at: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """A published plan.

    Parameters
    ----------
    id, kind, content_hash : str
        As in the event.
    start_at, end_at, published_at : int
        UTC microseconds.
    lines : tuple[PlanLine, ...]
        By row and start.
    """

    id: str
    kind: str
    content_hash: str
    start_at: int
    end_at: int
    published_at: int
    lines: tuple[PlanLine, ...]

    def of(self, kind: str) -> list[PlanLine]:
        """Give the lines of one kind."""
        return [line for line in self.lines if line.kind == kind]


def _short(encounter: str) -> str:
    return encounter[-8:]


def _stay_lines(state: LiveState, stay: PlannedStay, *, chinese: bool) -> list[PlanLine]:
    lines = [
        PlanLine(
            row=stay.place,
            row_name=place_name(state, stay.place, chinese=chinese),
            label=_short(stay.encounter),
            start_at=stay.start_at,
            end_at=stay.end_at,
            kind="bed",
        )
    ]
    if stay.theatre:
        lines.append(
            PlanLine(
                row=stay.theatre,
                row_name=place_name(state, stay.theatre, chinese=chinese),
                label=f"{_short(stay.encounter)} · {staff_label(state, stay.surgeon)}",
                start_at=stay.theatre_start_at,
                end_at=stay.theatre_end_at,
                kind="theatre",
            )
        )
    return lines


def view_of(state: LiveState, plan: PlanPublished, *, chinese: bool = False) -> PlanView:
    """Give a published plan as lines.

    Parameters
    ----------
    state : LiveState
        The hospital, for names.
    plan : PlanPublished
        The plan.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    """
    lines = [line for stay in plan.stays for line in _stay_lines(state, stay, chinese=chinese)]
    lines += [
        PlanLine(
            row=shift.staff,
            row_name=staff_label(state, shift.staff),
            label=place_name(state, shift.place, chinese=chinese),
            start_at=shift.start_at,
            end_at=shift.end_at,
            kind="shift",
        )
        for shift in plan.shifts
    ]
    return PlanView(
        id=plan.thing,
        kind=plan.kind,
        content_hash=plan.content_hash,
        start_at=plan.start_at,
        end_at=plan.end_at,
        published_at=plan.occurred_at,
        lines=tuple(sorted(lines, key=lambda line: (line.row_name, line.row, line.start_at))),
    )


def published(state: LiveState, *, chinese: bool = False) -> list[PlanView]:
    """Give the plans in force, the latest published first."""
    found = [view_of(state, plan, chinese=chinese) for plan in tuple(state.plans.values())]
    return sorted(found, key=lambda plan: (-plan.published_at, plan.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLine:
    """One rule in the checker's report: how often it is broken and what that costs."""

    rule: str
    is_hard: bool
    violations: int
    cost: float


def check_lines(result: Mapping[str, Any] | None) -> list[CheckLine]:
    """Read the checker's report out of a plan job's result: broken hard rules first, then by cost.

    Parameters
    ----------
    result : Mapping[str, Any] or None
        Plain JSON values with ``report.rules``; None gives none.
    """
    rules = ((result or {}).get("report") or {}).get("rules", ())
    found = [
        CheckLine(
            rule=str(rule["rule"]),
            is_hard=bool(rule.get("is_hard", False)),
            violations=int(rule.get("violations", 0)),
            cost=float(rule.get("cost", 0.0)),
        )
        for rule in rules
    ]
    return sorted(found, key=lambda line: (not (line.is_hard and line.violations), -line.cost, line.rule))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A patient whom a plan does not admit; days count from the plan's first."""

    patient: str
    is_mandatory: bool
    release_day: int
    due_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What a search of a plan of admissions has found.

    Parameters
    ----------
    start_at : int
        Midnight before the plan's first day, UTC microseconds.
    cost : int
        Of the plan.
    n_patients, n_admitted : int
        Who could come, and who does.
    left : tuple[LeftOut, ...]
        Who does not: those who must come first, then by the day on which they are due.
    later : tuple[str, ...]
        Who of the waiting list cannot come within the days planned for, by row.
    """

    start_at: int
    cost: int
    n_patients: int
    n_admitted: int
    left: tuple[LeftOut, ...]
    later: tuple[str, ...] = ()


def searched(result: Mapping[str, Any] | None) -> Searched | None:
    """Read what a search has found out of its result; None for a roster, or without a result.

    Parameters
    ----------
    result : Mapping[str, Any] or None
        Plain JSON values with ``plan``, ``problem``, ``admissions`` and ``report``.
    """
    if not result or "admissions" not in result:
        return None
    patients, report = result["problem"]["patients"], result.get("report") or {}
    admitted = {stay["patient"] for stay in result["admissions"]["stays"]}
    left = [
        LeftOut(
            patient=str(one["id"]),
            is_mandatory=bool(one["is_mandatory"]),
            release_day=int(one["release_day"]),
            due_day=int(one["due_day"]),
        )
        for one in patients
        if one["id"] not in admitted
    ]
    return Searched(
        start_at=int(result["plan"]["start_at"]),
        cost=int(report.get("cost", 0)),
        n_patients=len(patients),
        n_admitted=len(patients) - len(left),
        left=tuple(sorted(left, key=lambda one: (not one.is_mandatory, one.due_day, one.patient))),
        later=tuple(str(one["patient"]) for one in result.get("later", ())),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPlan:
    """A plan that the planning service keeps: draft, in force, or replaced.

    Parameters
    ----------
    id, title, kind : str
        As kept.
    number, draft : int
        The plan's number, and which of its drafts this is.
    based_on : str
        Id of the draft from which it was made; empty for the first.
    based_on_draft : int
        Which one that is; 0 for the first.
    status : PlanStatus
        How far it has come.
    version : int
        What publishing must name.
    start_at, created_at, published_at : int
        UTC microseconds; 0 if it was never published.
    created_by, published_by : str
        Ids of people.
    days, cost, n_violations : int
        Its length, its price, and how many rules that must hold it breaks.
    overrides : tuple[Override, ...]
        Broken rules that were accepted, and why.
    """

    id: str
    title: str
    status: PlanStatus
    version: int
    start_at: int
    days: int
    cost: int
    n_violations: int
    created_at: int
    created_by: str
    kind: str = "admissions"
    number: int = 0
    draft: int = 1
    based_on: str = ""
    based_on_draft: int = 0
    published_at: int = 0
    published_by: str = ""
    overrides: tuple[Override, ...] = ()


def _kept(row: PlanRow, drafts: Mapping[str, int]) -> KeptPlan:
    return KeptPlan(
        id=row.id,
        title=row.title,
        number=row.number,
        draft=row.draft,
        based_on=row.based_on,
        based_on_draft=drafts.get(row.based_on, 0),
        status=PlanStatus(row.status),
        version=row.version,
        start_at=row.start_at,
        kind=row.kind,
        days=row.days,
        cost=row.cost,
        n_violations=row.n_violations,
        created_at=row.created_at,
        created_by=row.created_by,
        published_at=row.published_at,
        published_by=row.published_by,
        overrides=msgspec.json.decode(row.overrides, type=tuple[Override, ...]),
    )


def kept(session: Session, *, limit: int = 20) -> list[KeptPlan]:
    """Give the plans that the service keeps, the newest first.

    Parameters
    ----------
    session : Session
        Any session.
    limit : int, optional
        At most so many.
    """
    rows = list_plan_rows(session, limit=limit)
    drafts = draft_numbers(session, [row.based_on for row in rows])
    return [_kept(row, drafts) for row in rows]


def find_plan(session: Session, plan: str) -> KeptPlan | None:
    """Give one kept plan without what is in it, None if there is none; parameters as of :func:`find_kept`."""
    row = session.get(PlanRow, plan) if plan else None
    return None if row is None else _kept(row, draft_numbers(session, [row.based_on]))


def find_kept(session: Session, plan: str) -> tuple[KeptPlan, Mapping[str, Any]] | None:
    """Give one kept plan with the checker's report, None if there is none.

    Parameters
    ----------
    session : Session
        Any session.
    plan : str
        Its id.
    """
    row = session.get(PlanRow, plan)
    if row is None:
        return None
    return _kept(row, draft_numbers(session, [row.based_on])), msgspec.json.decode(row.report)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a kept draft breaks together with rosters of other wards and granted leave.

    Parameters
    ----------
    rules : list[str]
        Every rule that needs a reason when it is published, those of the checker's own report included.
    crossings : list[Crossing]
        Shifts of one person on two wards with too little rest between them.
    """

    rules: list[str]
    crossings: list[Crossing]


def outside(session: Session, plan: str) -> Outside:
    """Give what a kept plan breaks if it is published now.

    Parameters
    ----------
    session : Session
        Any session.
    plan : str
        Its id.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = load_plan_row(session, plan)
    return Outside(rules=list(broken_of(session, row)), crossings=crossings_of(session, row))
