"""Questions and changes to kept rosters: each change becomes a draft of its own, so that nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlmodel import Session

from scheduling.checker.rosters import check_roster
from scheduling.model.plans import PlanKind
from scheduling.model.rosters import Assignment, Roster, RosterProblem
from scheduling.rules.rosters import cells_at, with_cells
from scheduling.service.planning import read_json
from scheduling.service.plans import NewPlan, keep_draft
from scheduling.service.roster_board import Choice, RosterBoard, consequences_between, fill, without_new_leave
from scheduling.service.talk import Change
from scheduling.tables.plans import PlanRow, load_plan_row
from twin.access import Actor, Permission
from twin.errors import FieldError, FieldProblem, InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A changed roster, and what the change does.

    Parameters
    ----------
    choice : Choice
        Days that differ, and every rule that they touch.
    n_changed, n_cells : int
        How many days of people differ, of how many.
    plan : str
        Id of the draft; empty for a trial.
    version : int
        Of the draft.
    """

    choice: Choice
    n_changed: int
    n_cells: int
    plan: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """Days of somebody that are to stay as they are.

    Parameters
    ----------
    employee : str
        Whose.
    days : tuple[int, ...]
        Which.
    is_pinned : bool
        Whether they are pinned, or let go.
    """

    employee: str
    days: tuple[int, ...]
    is_pinned: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Somebody who cannot work.

    Parameters
    ----------
    employee : str
        Who.
    from_day, to_day : int
        First and last day.
    """

    employee: str
    from_day: int
    to_day: int


def content_of(row: PlanRow) -> tuple[RosterProblem, Roster]:
    """Give the problem and the roster that a row keeps.

    Raises
    ------
    InputError
        If it is a plan of admissions.
    """
    if row.kind != PlanKind.ROSTER.value:
        raise InputError(f"Plan {row.id} is a plan of {row.kind}, not a roster.", code="plan.kind")
    return read_json(row.problem, RosterProblem, "problem"), read_json(row.plan, Roster, "plan")


def board_of(session: Session, plan: str) -> RosterBoard:
    """Give a kept roster as a board.

    Raises
    ------
    NotFound, InputError
        If there is no such plan, or it is none of this kind.
    """
    return RosterBoard(*content_of(load_plan_row(session, plan)))


CHANGE_PRICE = 3
"""Of a day that differs when a kept roster is made again: less than a wish, so that only what helps changes."""


def to_make_again(session: Session, plan: str) -> tuple[PlanRow, RosterProblem]:
    """Give a kept roster's row and problem, with a price on each day that will differ from it.

    Raises
    ------
    NotFound, InputError
        If there is no such plan, or it is no roster.
    """
    row = load_plan_row(session, plan)
    problem, roster = content_of(row)
    return row, replace(problem, published=roster.assignments, change=CHANGE_PRICE)


def trial(board: RosterBoard, cells: Sequence[Assignment]) -> Changed:
    """Tell what changed days would do."""
    return _told(board, board.consider(cells))


def _told(board: RosterBoard, choice: Choice) -> Changed:
    now = cells_at(board.roster, choice.cells)
    return Changed(
        choice=choice,
        n_changed=sum(old != new for old, new in zip(now, choice.cells, strict=True)),
        n_cells=len(board.problem.employees) * board.problem.days,
    )


def edit_roster(
    session: Session, *, actor: Actor, at: int, change: Change, cells: Sequence[Assignment], pins: bool = False
) -> Changed:
    """Keep a roster with some days otherwise as a new draft; broken rules are told, not refused.

    Parameters
    ----------
    session : Session
        The transaction.
    actor : Actor
        Needs PLANS_EDIT.
    at : int
        When, UTC microseconds.
    change : Change
        Which plan, and what the draft is called.
    cells : Sequence[Assignment]
        Days as they are to be; an empty shift is a day off.
    pins : bool
        Whether they are pinned too.

    Raises
    ------
    NotFound, FieldError, InputError
        If plan, employee, day, shift or skill are unknown.
    Forbidden
        Without PLANS_EDIT.
    """
    actor.require(Permission.PLANS_EDIT)
    row = load_plan_row(session, change.plan)
    problem, roster = content_of(row)
    board = RosterBoard(problem, roster)
    told = _told(board, board.consider(cells))
    named = {(cell.employee, cell.day) for cell in cells}
    kept = tuple(one for one in problem.pins if (one.employee, one.day) not in named)
    # a day that is changed by hand is not held by an older pin any more
    after = replace(problem, pins=(*kept, *cells) if pins else kept)
    return _keep(session, actor, at, change, row, _Draft(after, with_cells(roster, cells), told))


def pin_days(session: Session, *, actor: Actor, at: int, change: Change, pins: Pins) -> Changed:
    """Keep a roster with days pinned as they are, or let go, as a new draft.

    Raises
    ------
    NotFound, FieldError, InputError
        If plan, employee or day are unknown.
    Forbidden
        Without PLANS_EDIT.
    """
    actor.require(Permission.PLANS_EDIT)
    row = load_plan_row(session, change.plan)
    problem, roster = content_of(row)
    board = RosterBoard(problem, roster)
    cells = tuple(board.at(pins.employee, day) for day in sorted(set(pins.days)))
    named = {(cell.employee, cell.day) for cell in cells}
    kept = tuple(one for one in problem.pins if (one.employee, one.day) not in named)
    after = replace(problem, pins=(*kept, *cells) if pins.is_pinned else kept)
    return _keep(session, actor, at, change, row, _Draft(after, roster, _told(board, board.consider(cells))))


def mend_roster(session: Session, *, actor: Actor, at: int, change: Change, absence: Absence) -> Changed:
    """Keep a roster in which somebody is off and colleagues work their shifts as a new draft.

    Only the days of the absence and of who steps in change; shifts that nobody can take without breaking a must stay
    open and are told by the cover that is missing.

    Raises
    ------
    NotFound, FieldError, InputError
        If plan, employee or day are unknown.
    Forbidden
        Without PLANS_EDIT.
    """
    actor.require(Permission.PLANS_EDIT)
    row = load_plan_row(session, change.plan)
    problem, roster = content_of(row)
    if absence.from_day > absence.to_day:
        told = FieldProblem(
            field="to_day", place="body", message="It is before the first day.", cure="Exchange the two."
        )
        raise FieldError(told)
    board = RosterBoard(problem, roster)
    days = range(absence.from_day, absence.to_day + 1)
    held = [board.at(absence.employee, day) for day in days]
    off = tuple(Assignment(employee=absence.employee, day=day, shift="") for day in days)
    after = replace(
        problem,
        employees=tuple(
            replace(one, days_off=one.days_off | frozenset(days)) if one.id == absence.employee else one
            for one in problem.employees
        ),
        # who is ill cannot be held to a pin
        pins=tuple(one for one in problem.pins if one.employee != absence.employee or one.day not in days),
    )
    vacated = with_cells(roster, off)
    filled = fill(RosterBoard(after, vacated), [one for one in held if one.shift])
    cells = (*off, *filled)
    then = with_cells(roster, cells)
    before, report = check_roster(after, roster), check_roster(after, then)
    consequences = consequences_between(before.findings, report.findings)
    choice = Choice(
        cells=cells,
        cost=report.cost - before.cost,
        broken=sum(one.after - one.before for one in consequences if one.is_hard),
        consequences=consequences,
    )
    return _keep(session, actor, at, change, row, _Draft(after, then, _told(board, without_new_leave(choice))))


@dataclass(frozen=True, slots=True)
class _Draft:
    problem: RosterProblem
    roster: Roster
    told: Changed


def _keep(session: Session, actor: Actor, at: int, change: Change, row: PlanRow, draft: _Draft) -> Changed:
    new = NewPlan(
        id=change.new_id,
        title=change.title or row.title,
        start_at=row.start_at,
        zone=row.zone,
        problem=msgspec.json.encode(draft.problem),
        plan=msgspec.json.encode(draft.roster),
        kind=PlanKind.ROSTER,
        based_on=row.id,
    )
    kept = keep_draft(session, actor=actor, at=at, new=new)
    return replace(draft.told, plan=kept.id, version=kept.version)
