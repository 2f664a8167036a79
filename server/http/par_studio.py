"""The par studio over HTTP: plan, look at proposals with their reasons, accept, dismiss, take back; shelf rounds."""

from __future__ import annotations

from math import isfinite
from typing import Annotated

import msgspec
from starlette.concurrency import run_in_threadpool

from inventory.model.movements import Command
from inventory.model.planning import CostPoint, Decision, PlanSettings, Proposal, ProposalState, ServiceKind
from inventory.rules.planning.acuity import CLASSES, Rates, usual_patients
from inventory.service import planning, restocking
from inventory.service.planning import Replanned
from inventory.service.reviewing import ReviewSettings
from inventory.tables.driver import Driver
from inventory.tables.plan_rows import ParChangeRow
from inventory.tables.planning import ProposalFilter, list_proposals
from server import rounds
from server.acuity import MOST_PATIENTS, desk_of
from server.census import fullness
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText, Text
from server.doors.router import Router
from server.http.commanding import command_id
from server.http.inventory_bodies import Key, ParBody, instant, par_view
from server.wiring import Hospital
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, NotFound
from twin.state.beds import ward_of

router = Router("/v1", tag="stock")

Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Patients = Annotated[float, msgspec.Meta(ge=0, le=MOST_PATIENTS)]
DaysAhead = Annotated[float, msgspec.Meta(ge=0, le=366)]


class PlanWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How par levels are planned; see ``inventory.model.planning.PlanSettings`` for each figure.

    ``surge`` is a scenario: by ward or place, how many times the usual use is expected; ``with_census`` takes the
    factors of wards from the twin's forecast of patients, below those told. ``acuity`` says by ward how many patients
    of which triage level (``1`` to ``5``, ``unknown``) will be present: each item follows what such patients used of
    it.
    """

    period_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 7
    periods: Annotated[int, msgspec.Meta(ge=4, le=520)] = 26
    review_days: Annotated[float, msgspec.Meta(gt=0, le=366)] = 1.0
    lead_days: DaysAhead = 0.25
    target: Share = 0.98
    service: ServiceKind = ServiceKind.FILL
    cover_days: DaysAhead = 3.0
    change_share: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.2
    tolerance: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.01
    holding_share: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.2
    handling_minor: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 150
    surge: dict[str, Annotated[float, msgspec.Meta(ge=0, le=20)]] = {}
    with_census: bool = False
    acuity: dict[str, dict[str, Patients]] = {}

    def settings(self) -> PlanSettings:
        """Give them as the planner takes them."""
        own = {"surge", "with_census", "acuity"}
        return PlanSettings(**{name: getattr(self, name) for name in self.__struct_fields__ if name not in own})


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """How many places and items were planned, and what became of them."""

    lines: int
    by_decision: dict[str, int]


class ProposalView(msgspec.Struct, frozen=True, kw_only=True):
    """A proposed par level with what led to it; services are expected ones, 0 to 1, and two different numbers."""

    place: str
    item: str
    par_level: int
    reorder_point: int
    current_par_level: int
    current_reorder_point: int
    pack_multiple: int
    decision: Decision
    state: ProposalState
    method: str
    mean_per_day: float
    sd_per_day: float
    periods: int
    censored: int
    protection_days: float
    target: float
    service: ServiceKind
    cycle_service: float
    fill_rate: float
    current_fill_rate: float
    stock_cost_minor: int
    planned_at: str


class ProposalPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of proposals."""

    proposals: list[ProposalView]
    next: str


class ProposalChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which proposal is meant."""

    place: Key
    item: Key


class ParChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted change; ``undone_by`` is empty while it stands."""

    id: str
    place: str
    item: str
    par_before: int
    reorder_before: int
    par_after: int
    reorder_after: int
    actor: str
    at: str
    undone_by: str


class ParChanges(msgspec.Struct, frozen=True, kw_only=True):
    """The latest accepted changes, newest first."""

    changes: list[ParChangeView]


class CurvePoint(msgspec.Struct, frozen=True, kw_only=True):
    """One level with what it serves and costs; money in minor units a day."""

    reorder_point: int
    par_level: int
    cycle_service: float
    fill_rate: float
    mean_stock: float
    holding_per_day: float
    handling_per_day: float
    missing_per_day: float
    cost_per_day: float


class CurveView(msgspec.Struct, frozen=True, kw_only=True):
    """Cost over service of a place and item."""

    place: str
    item: str
    mean_per_day: float
    points: list[CurvePoint]


class AcuityRate(msgspec.Struct, frozen=True, kw_only=True):
    """Units a patient-day of one acuity, with a 95 % interval; ``high`` is null where too few periods tell one."""

    acuity: str
    rate: float
    low: float
    high: float | None
    patient_days: float
    is_ward_rate: bool


class ItemRates(msgspec.Struct, frozen=True, kw_only=True):
    """What patients need of an item, by acuity."""

    item: str
    rates: list[AcuityRate]


class AcuityView(msgspec.Struct, frozen=True, kw_only=True):
    """What a place's patients need, by acuity.

    ``usual_patients`` are those of its ward that are usually present; ``periods`` are those in which it had any.
    """

    place: str
    ward: str
    periods: int
    period_days: int
    usual_patients: dict[str, float]
    items: list[ItemRates]


class ReviewWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far a round of shelves looks ahead, days."""

    until_next_days: DaysAhead = 1.0
    is_predicting: bool = True
    pull_days: DaysAhead = 0.0


class ReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """What a round of shelves has found."""

    lines: int
    breaches: int
    predicted: int
    waiting: int
    without_source: int
    pulls: int


def _view(found: Proposal) -> ProposalView:
    return ProposalView(
        place=found.current.place,
        item=found.current.item,
        par_level=found.par_level,
        reorder_point=found.reorder_point,
        current_par_level=found.current.par_level,
        current_reorder_point=found.current.reorder_point,
        pack_multiple=found.current.pack_multiple,
        decision=found.decision,
        state=found.state,
        method=found.expected.method,
        mean_per_day=found.expected.mean_per_day,
        sd_per_day=found.expected.sd_per_day,
        periods=found.expected.periods,
        censored=found.expected.censored,
        protection_days=found.protection_days,
        target=found.target,
        service=found.service,
        cycle_service=found.cycle_service,
        fill_rate=found.fill_rate,
        current_fill_rate=found.current_fill_rate,
        stock_cost_minor=found.stock_cost_minor,
        planned_at=instant(found.expected.at),
    )


def _change_view(row: ParChangeRow) -> ParChangeView:
    return ParChangeView(
        id=row.id,
        place=row.place,
        item=row.item,
        par_before=row.par_before,
        reorder_before=row.point_before,
        par_after=row.par_after,
        reorder_after=row.point_after,
        actor=row.actor,
        at=instant(row.at),
        undone_by=row.undone_by,
    )


def _point(found: CostPoint) -> CurvePoint:
    return CurvePoint(**{name: getattr(found, name) for name in CurvePoint.__struct_fields__})


def _command(call: Call) -> Command:
    return Command(id=command_id(call), actor=call.actor.id, occurred_at=call.now, recorded_at=call.now)


def _planned(hospital: Hospital, told: PlanWanted) -> Replanned:
    ahead = told.review_days + told.lead_days
    census = {ward: each.factor for ward, each in fullness(hospital, days=ahead).items()} if told.with_census else {}
    return rounds.plan_par_levels(
        hospital, settings=told.settings(), surge={**census, **told.surge}, acuity=told.acuity
    )


@router.post("/par-proposals:plan", permission=Permission.STOCK_PLAN, takes=PlanWanted, gives=PlanView)
async def plan_par_levels(call: CallDep) -> PlanView:
    """Plan all par levels anew from what was used; nothing changes until somebody accepts."""
    told = call.read(PlanWanted)
    found = await run_in_threadpool(_planned, call.hospital, told)
    return PlanView(lines=found.lines, by_decision={each.value: n for each, n in found.by_decision.items()})


@router.get("/par-proposals", permission=Permission.STOCK_READ, gives=ProposalPage)
def list_par_proposals(
    call: CallDep, limit: Limit = 50, cursor: CursorText = "", place: Text = "", state: Text = "open"
) -> ProposalPage:
    """List proposed par levels; ``state`` is ``open``, ``accepted``, ``dismissed``, or ``all`` with those kept."""
    scope = f"par-proposals:{place}:{state}"
    after = call.cursors.read(scope, cursor) or ["", ""]
    wanted = ProposalFilter(
        place=place,
        state=_state_told(state),
        decision=None if state == "all" else Decision.PROPOSED,
        after=(str(after[0]), str(after[1])),
        limit=limit + 1,
    )
    with call.hospital.read() as session:
        found = list_proposals(Driver(session), wanted)
    shown = [_view(each) for each in found[:limit]]
    key = [shown[-1].place, shown[-1].item] if len(found) > limit else None
    return ProposalPage(proposals=shown, next=call.cursors.write(scope, key) if key else "")


def _state_told(state: str) -> ProposalState | None:
    if state == "all":
        return None
    try:
        return ProposalState(state)
    except ValueError as error:
        known = ", ".join([*(each.value for each in ProposalState), "all"])
        problem = FieldProblem(field="state", place="/query", message=f"{state!r} is none.", cure=f"Use {known}.")
        raise FieldError(problem) from error


@router.post("/par-proposals:accept", permission=Permission.STOCK_PLAN, takes=ProposalChoice, gives=ParBody)
async def accept_par_proposal(call: CallDep) -> ParBody:
    """Make a proposed par level the real one."""
    told, command, ledger = call.read(ProposalChoice), _command(call), call.hospital.ledger
    return par_view(
        await call.hospital.write(
            lambda session: planning.accept(session, ledger=ledger, command=command, place=told.place, item=told.item)
        )
    )


@router.post("/par-proposals:dismiss", permission=Permission.STOCK_PLAN, takes=ProposalChoice, gives=ProposalView)
async def dismiss_par_proposal(call: CallDep) -> ProposalView:
    """Put a proposal aside until it says something else."""
    told = call.read(ProposalChoice)
    await call.hospital.write(lambda session: planning.dismiss(session, place=told.place, item=told.item))
    with call.hospital.read() as session:
        return _view(planning.load_proposal(session, place=told.place, item=told.item))


@router.get("/par-changes", permission=Permission.STOCK_READ, gives=ParChanges)
def list_par_changes(call: CallDep, limit: Limit = 50) -> ParChanges:
    """List the latest par levels that were changed by accepting a proposal."""
    with call.hospital.read() as session:
        return ParChanges(changes=[_change_view(row) for row in planning.list_changes(session, limit=limit)])


@router.post("/par-changes/{change_id}:undo", permission=Permission.STOCK_PLAN, gives=ParBody)
async def undo_par_change(call: CallDep, change_id: PathText) -> ParBody:
    """Take an accepted change back."""
    command, ledger = _command(call), call.hospital.ledger
    return par_view(
        await call.hospital.write(
            lambda session: planning.undo_change(session, ledger=ledger, command=command, change=change_id)
        )
    )


@router.get("/par-proposals/curve", permission=Permission.STOCK_READ, gives=CurveView)
def read_par_curve(call: CallDep, place: Text, item: Text) -> CurveView:
    """Give what stock of an item at a place would cost and serve, from none to plenty."""
    with call.hospital.read() as session:
        found = planning.curve(session, place=place, item=item, settings=PlanSettings())
    return CurveView(
        place=place,
        item=item,
        mean_per_day=found.expected.mean_per_day,
        points=[_point(each) for each in found.points],
    )


def _rates(found: Rates) -> list[AcuityRate]:
    return [
        AcuityRate(
            acuity=name,
            rate=float(found.rate[index]),
            low=float(found.low[index]),
            high=float(found.high[index]) if isfinite(found.high[index]) else None,
            patient_days=float(found.days[index]),
            is_ward_rate=bool(found.is_ward[index]),
        )
        for index, name in enumerate(CLASSES)
    ]


@router.get("/par-proposals/acuity", permission=Permission.STOCK_READ, gives=AcuityView)
def read_acuity_rates(call: CallDep, place: Text) -> AcuityView:
    """Give what a patient-day of each acuity needs of every item that a place keeps."""
    hospital, settings = call.hospital, PlanSettings()
    ward = ward_of(hospital.live, place)
    days = desk_of(hospital).by_ward(settings).get(ward)
    if days is None:
        raise NotFound("patient-days of a ward around place", place)
    with hospital.read() as session:
        found = planning.acuity_rates(session, place=place, days=days, settings=settings, now=call.now)
    usual = usual_patients(days, settings.period_days)
    return AcuityView(
        place=place,
        ward=ward,
        periods=int((days.sum(axis=1) > 0).sum()),
        period_days=settings.period_days,
        usual_patients={name: float(usual[index]) for index, name in enumerate(CLASSES)},
        items=[ItemRates(item=item, rates=_rates(rates)) for item, rates in found],
    )


@router.post("/stock/reviews", permission=Permission.STOCK_PLAN, takes=ReviewWanted, gives=ReviewView, status=201)
async def review_shelves(call: CallDep) -> ReviewView:
    """Look at every shelf now and ask for what lacks, will run out before the next round, or has expired."""
    told = call.read(ReviewWanted)
    settings = ReviewSettings(**{name: getattr(told, name) for name in told.__struct_fields__})
    found = await run_in_threadpool(rounds.review_shelves, call.hospital, settings=settings, actor=call.actor)
    return ReviewView(**{name: getattr(found, name) for name in ReviewView.__struct_fields__})


@router.delete("/par-levels", permission=Permission.STOCK_PLAN, status=204)
async def remove_par_level(call: CallDep, place: Text, item: Text) -> None:
    """Take a par level away: nothing is asked for there any more."""
    command = Command(id=command_id(call), actor=call.actor.id, occurred_at=call.now, recorded_at=call.now)
    ledger = call.hospital.ledger
    await call.hospital.write(
        lambda session: restocking.unset_par(session, ledger=ledger, command=command, place=place, item=item)
    )
