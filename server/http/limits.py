"""Par levels within limits, help between wards, and how full wards will be, over HTTP."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool

from inventory.model.planning import PlanSettings
from inventory.rules.planning.limits import Limits
from inventory.service.limiting import Limited, limit_pars, propose_limited
from server.census import fullness
from server.doors.context import CallDep
from server.doors.router import Router
from server.helping import HelpDesk
from server.http.inventory_bodies import Amount, Key, Short
from server.wiring import Hospital
from twin.access import Permission

router = Router("/v1", tag="stock")

Days = Annotated[float, msgspec.Meta(gt=0, le=30)]
Room = Annotated[float, msgspec.Meta(ge=0, le=1e12)]


class LimitsTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Budget in minor units and room by place in millilitres; ``is_proposing`` puts the levels into the par studio."""

    budget_minor: Amount | None = None
    room_ml_by_place: dict[str, Room] = {}
    places: Annotated[list[Key], msgspec.Meta(max_length=500)] = []
    is_proposing: bool = False


class LimitedLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A level that fits, beside the present one."""

    place: str
    item: str
    par_level: int
    reorder_point: int
    current_par_level: int
    current_reorder_point: int
    fill_rate: float
    current_fill_rate: float


class LimitedView(msgspec.Struct, frozen=True, kw_only=True):
    """What fits; with ``is_possible`` false the limits cannot be kept even by the smallest levels."""

    is_possible: bool
    lines: list[LimitedLineView]
    missing_per_day: float
    value_minor: int
    least_value_minor: int
    gap: float
    without_volume: int
    proposed: int


class HelpView(msgspec.Struct, frozen=True, kw_only=True):
    """A quantity that one place can bring to another."""

    item: str
    from_place: str
    to_place: str
    quantity: int
    seconds: int
    priority: int


class HelpList(msgspec.Struct, frozen=True, kw_only=True):
    """Who helps out whom, the most urgent first; ``is_asked`` says that tasks were asked for."""

    helps: list[HelpView]
    is_asked: bool


class HelpTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which item, and days until the stores are expected to have some again."""

    item: Short = ""
    days: Days = 3.0
    is_dry_run: bool = True


class FullnessView(msgspec.Struct, frozen=True, kw_only=True):
    """How full a ward was and will be, mean patients, and the factor for what it uses."""

    ward: str
    usual: float
    expected: float
    days: float
    factor: float


class FullnessList(msgspec.Struct, frozen=True, kw_only=True):
    """By ward; empty before the first forecast."""

    wards: list[FullnessView]


def limited_view(found: Limited, proposed: int = 0) -> LimitedView:
    """Give what fits as the API shows it."""
    return LimitedView(
        is_possible=found.is_possible,
        lines=[
            LimitedLineView(
                place=each.line.current.place,
                item=each.line.current.item,
                par_level=each.chosen.par_level,
                reorder_point=each.chosen.reorder_point,
                current_par_level=each.line.current.par_level,
                current_reorder_point=each.line.current.reorder_point,
                fill_rate=each.chosen.fill_rate,
                current_fill_rate=each.current_fill_rate,
            )
            for each in found.lines
        ],
        missing_per_day=found.missing_per_day,
        value_minor=found.value_minor,
        least_value_minor=found.least_value_minor,
        gap=found.gap,
        without_volume=found.without_volume,
        proposed=proposed,
    )


def _looked(hospital: Hospital, told: LimitsTold) -> Limited:
    wanted = Limits(budget_minor=told.budget_minor, room_ml_by_place=dict(told.room_ml_by_place))
    with hospital.read() as session:
        return limit_pars(session, settings=PlanSettings(), wanted=wanted, places=told.places)


@router.post("/par-proposals:limit", permission=Permission.STOCK_PLAN, takes=LimitsTold, gives=LimitedView)
async def limit_par_levels(call: CallDep) -> LimitedView:
    """Choose par levels within a budget and limited rooms so that least is missing; a person accepts them."""
    told = call.read(LimitsTold)
    found = await run_in_threadpool(_looked, call.hospital, told)
    if not told.is_proposing or not found.is_possible:
        return limited_view(found)

    def use_case(session: Session) -> int:
        return propose_limited(session, settings=PlanSettings(), found=found)

    return limited_view(found, await call.hospital.write(use_case))


@router.post("/stock/transshipments", permission=Permission.TASKS_ASSIGN, takes=HelpTold, gives=HelpList)
async def help_out(call: CallDep) -> HelpList:
    """Say which wards can help out which with what no store has; with ``is_dry_run`` false tasks are asked for."""
    told = call.read(HelpTold)
    desk = HelpDesk(call.hospital)
    if told.is_dry_run:
        found = await run_in_threadpool(partial(desk.look, item=told.item, days=told.days))
    else:
        found = await run_in_threadpool(partial(desk.ask, actor=call.actor, item=told.item, days=told.days))
    views = [HelpView(**{name: getattr(each, name) for name in HelpView.__struct_fields__}) for each in found]
    return HelpList(helps=views, is_asked=not told.is_dry_run)


@router.get("/stock/census", permission=Permission.STOCK_READ, gives=FullnessList)
def read_census(call: CallDep) -> FullnessList:
    """Give how full wards were and will be in the next day, and the factor by which they will use more or less."""
    found = fullness(call.hospital, days=1.0)
    return FullnessList(
        wards=[
            FullnessView(ward=each.ward, usual=each.usual, expected=each.expected, days=each.days, factor=each.factor)
            for each in found.values()
        ]
    )
