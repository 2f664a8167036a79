"""Talking about a kept roster over HTTP: what else a day could be, who else, changed by hand, mended."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sqlmodel import Session

from scheduling.model.rosters import Assignment
from scheduling.service import roster_talk as talk
from scheduling.service.roster_board import Choice, RosterConsequence
from scheduling.service.talk import Change
from server.doors.context import CallDep
from server.doors.pages import PathText, Text
from server.doors.router import Router
from twin.access import Permission

router = Router("/v1/plans", tag="plans")

Short = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*$")]
Day = Annotated[int, msgspec.Meta(ge=0, le=1000)]


class CellTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A day of somebody as it is to be; an empty shift is a day off."""

    employee: Short
    day: Day
    shift: Short = ""
    skill: Short = ""


class CellsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Days as they are to be; ``pins`` keeps them so whenever the roster is made again."""

    cells: Annotated[tuple[CellTold, ...], msgspec.Meta(min_length=1, max_length=500)]
    pins: bool = False
    title: Short = ""


class AbsenceTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who cannot work from one day to another, both included."""

    employee: Short
    from_day: Day
    to_day: Day
    title: Short = ""


class RosterConsequenceShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does to one rule: units broken if it must hold, else price."""

    rule: str
    is_hard: bool
    before: int
    after: int
    employee: str
    day: int
    shift: str
    skill: str


class ChoiceShown(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that could be done; ``cost`` and ``broken`` are against now."""

    employee: str
    day: int
    shift: str
    skill: str
    cost: int
    broken: int
    is_allowed: bool
    is_present: bool
    consequences: list[RosterConsequenceShown]


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """Choices, the best first."""

    choices: list[ChoiceShown]


class RosterDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The draft that a change became, and everything that it does; ``plan`` is empty for a trial."""

    plan: str
    version: int
    cost: int
    broken: int
    consequences: list[RosterConsequenceShown]
    n_changed: int
    n_cells: int


def consequences_shown(found: tuple[RosterConsequence, ...]) -> list[RosterConsequenceShown]:
    """Give consequences as the API tells them."""
    return [
        RosterConsequenceShown(
            rule=one.rule.value,
            is_hard=one.is_hard,
            before=one.before,
            after=one.after,
            employee=one.employee,
            day=one.day,
            shift=one.shift,
            skill=one.skill,
        )
        for one in found
    ]


def _choice(one: Choice) -> ChoiceShown:
    cell = one.cells[0]
    return ChoiceShown(
        employee=cell.employee,
        day=cell.day,
        shift=cell.shift,
        skill=cell.skill,
        cost=one.cost,
        broken=one.broken,
        is_allowed=one.is_allowed,
        is_present=one.is_present,
        consequences=consequences_shown(one.consequences),
    )


def _draft(made: talk.Changed) -> RosterDraft:
    return RosterDraft(
        plan=made.plan,
        version=made.version,
        cost=made.choice.cost,
        broken=made.choice.broken,
        consequences=consequences_shown(made.choice.consequences),
        n_changed=made.n_changed,
        n_cells=made.n_cells,
    )


def _cells(told: CellsTold) -> tuple[Assignment, ...]:
    return tuple(Assignment(employee=one.employee, day=one.day, shift=one.shift, skill=one.skill) for one in told.cells)


@router.get("/{plan_id}/employees/{employee}/days/{day}", permission=Permission.PLANS_READ, gives=Choices)
def get_day_choices(call: CallDep, plan_id: PathText, employee: PathText, day: int) -> Choices:
    """Give everything that a day of somebody could be, the best first, each with what it changes."""
    with call.hospital.read() as session:
        board = talk.board_of(session, plan_id)
    return Choices(choices=[_choice(one) for one in board.alternatives(employee, day)])


@router.get("/{plan_id}/days/{day}/candidates", permission=Permission.PLANS_READ, gives=Choices)
def get_candidates(
    call: CallDep, plan_id: PathText, day: int, shift: Text, skill: Text = "", instead_of: Text = ""
) -> Choices:
    """Give who else could work a shift, the best first; ``instead_of`` would be off."""
    with call.hospital.read() as session:
        board = talk.board_of(session, plan_id)
    found = board.candidates(day, shift, skill=skill, instead_of=instead_of)
    return Choices(choices=[_choice(one) for one in found])


@router.post("/{plan_id}/roster-trials", permission=Permission.PLANS_READ, takes=CellsTold, gives=RosterDraft)
def try_cells(call: CallDep, plan_id: PathText) -> RosterDraft:
    """Tell what changed days would do; nothing is kept."""
    told = call.read(CellsTold)
    with call.hospital.read() as session:
        board = talk.board_of(session, plan_id)
    return _draft(talk.trial(board, _cells(told)))


def _change(call: CallDep, plan: str, title: str) -> Change:
    return Change(plan=plan, new_id=call.hospital.new_id(), title=title)


@router.post(
    "/{plan_id}/roster-edits", permission=Permission.PLANS_EDIT, takes=CellsTold, gives=RosterDraft, status=201
)
async def edit_roster(call: CallDep, plan_id: PathText) -> RosterDraft:
    """Change days by hand; the changed roster is a new draft, and everything that it does is told."""
    told, now = call.read(CellsTold), call.now
    change, cells = _change(call, plan_id, told.title), _cells(told)

    def use_case(session: Session) -> talk.Changed:
        return talk.edit_roster(session, actor=call.actor, at=now, change=change, cells=cells, pins=told.pins)

    return _draft(await call.hospital.write(use_case))


@router.post("/{plan_id}/absences", permission=Permission.PLANS_EDIT, takes=AbsenceTold, gives=RosterDraft, status=201)
async def mend_roster(call: CallDep, plan_id: PathText) -> RosterDraft:
    """Mend a roster after a sick call: their shifts go to colleagues who break no must by it; a new draft."""
    told, now = call.read(AbsenceTold), call.now
    change = _change(call, plan_id, told.title)
    absence = talk.Absence(employee=told.employee, from_day=told.from_day, to_day=told.to_day)

    def use_case(session: Session) -> talk.Changed:
        return talk.mend_roster(session, actor=call.actor, at=now, change=change, absence=absence)

    return _draft(await call.hospital.write(use_case))
