"""Planning for devices over HTTP: levelled maintenance, replacement, reliability of a model, the catalogue."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Query
from sqlmodel import Session

from assets.model.register import CyberProfile, DeviceModel, Nomenclature
from assets.model.studio import Scenario, Studio
from assets.rules.due_dates import local_day
from assets.service import catalogue, fleet, levelling, replacing, scenarios
from server.doors.context import CallDep
from server.doors.pages import PathText, Text
from server.doors.router import Router
from server.http.asset_bodies import Count, Key, Short
from server.http.assets import act_of
from server.http.history import parse_instant
from server.http.record_bodies import NotNegative
from twin.access import Permission
from twin.errors import DecodeError

router = Router("/v1", tag="device planning")

Minutes = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
SOLVER_S = 20.0  # a page waits for it; longer searches gain little on what one hospital has


class LevellingTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Technicians' minutes a week by skill; the empty skill is all of them together."""

    capacity: dict[str, Minutes]
    weeks: Annotated[int, msgspec.Meta(ge=1, le=104)] = 13
    is_kept: bool = False


class PlannedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order and the Monday of the week in which it is put; its due day stays."""

    order: str
    asset: str
    title: str
    due_on: str
    week_on: date


class LevellingShown(msgspec.Struct, frozen=True, kw_only=True):
    """Weekly minutes before and after, and where each order is put."""

    first_on: date
    load_before: list[int]
    load_after: list[int]
    variation_before: float
    variation_after: float
    overtime_minutes: int
    is_optimal: bool
    orders: list[PlannedOrder]


@router.post(
    "/maintenance/levelling",
    permission=Permission.WORK_ORDERS_WRITE,
    takes=LevellingTold,
    gives=LevellingShown,
    status=201,
)
async def level_maintenance(call: CallDep) -> LevellingShown:
    """Spread open maintenance over weeks within its windows; kept only if ``is_kept`` says so."""
    told, act = call.read(LevellingTold), act_of(call)
    today = local_day(call.now, ZoneInfo(call.hospital.settings.time_zone))

    def use_case(session: Session) -> LevellingShown:
        found = levelling.level_maintenance(
            session, today=today, weeks=told.weeks, capacity=told.capacity, seconds=SOLVER_S / 4
        )
        if told.is_kept:
            levelling.keep_plan(session, act=act, plan=found)
        plan = found.plan
        return LevellingShown(
            first_on=found.first_on,
            load_before=list(plan.load_before),
            load_after=list(plan.load_after),
            variation_before=plan.variation_before,
            variation_after=plan.variation_after,
            overtime_minutes=plan.overtime_minutes,
            is_optimal=plan.is_optimal,
            orders=[
                PlannedOrder(order=o.id, asset=o.asset, title=o.title, due_on=o.due_date, week_on=found.week_of(o.id))
                for o in found.orders
            ],
        )

    return await call.hospital.write(use_case)


class ForcedTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A device that must be replaced by the end of a year, counted from 1."""

    asset: Key
    year: Annotated[int, msgspec.Meta(ge=1, le=10)]


class BundleTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Devices that are replaced together or not at all."""

    name: Key
    assets: Annotated[list[Key], msgspec.Meta(min_length=1, max_length=1000)]


class CoverageTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Least replacements of a kind at a site over all years."""

    site: Key
    kind: Key
    least: Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class StudioTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Budgets per year in minor units, and limits; 0 is no limit."""

    budgets: Annotated[list[Count], msgspec.Meta(min_length=1, max_length=10)]
    category: Short = ""
    risk_weight: NotNegative = 0.3
    interest: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.03
    most_models: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    most_per_year: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0
    carries_over: bool = True
    forced: list[ForcedTold] = []
    forces_end_of_support: bool = False
    bundles: list[BundleTold] = []
    coverage: list[CoverageTold] = []

    def to_studio(self) -> Studio:
        """Give it as the organ's value.

        Raises
        ------
        DecodeError
            If it contradicts itself.
        """
        try:
            return msgspec.convert(msgspec.to_builtins(self), type=Studio)
        except (ValueError, msgspec.ValidationError) as error:
            raise DecodeError(f"{error}", code="replacement.studio") from error


class ReplacementShown(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, how good it is at least, and why each device was left out."""

    year_by_asset: dict[str, int]
    spent: list[int]
    benefit: int
    bound: int
    gap: float
    price: float
    reasons: dict[str, str]
    without_price: list[str]
    rank_stability: float
    cases: list[replacing.DeviceCase]


@router.post(
    "/replacement-plans", permission=Permission.DEVICES_READ, takes=StudioTold, gives=ReplacementShown, status=201
)
def plan_replacement(call: CallDep) -> ReplacementShown:
    """Plan which devices to replace in which year, from the register; nothing is changed by it."""
    studio = call.read(StudioTold).to_studio()
    with call.hospital.read() as session:
        found = replacing.plan_from_register(session, studio=studio, now=call.now, seconds=SOLVER_S)
    return ReplacementShown(
        year_by_asset=found.plan.year_by_asset,
        spent=list(found.plan.spent),
        benefit=found.plan.benefit,
        bound=found.plan.bound,
        gap=found.plan.gap,
        price=found.plan.price,
        reasons=found.plan.reasons,
        without_price=list(found.without_price),
        rank_stability=replacing.rank_stability(found.cases),
        cases=list(found.cases[:1000]),
    )


class ScenarioList(msgspec.Struct, frozen=True, kw_only=True):
    """Plans that are kept, the latest first."""

    scenarios: list[Scenario]


@router.get("/replacement-scenarios", permission=Permission.DEVICES_READ, gives=ScenarioList)
def list_scenarios(call: CallDep) -> ScenarioList:
    """List replacement plans that were kept under a name."""
    with call.hospital.read() as session:
        return ScenarioList(scenarios=scenarios.list_scenarios(session))


@router.put("/replacement-scenarios/{name}", permission=Permission.DEVICES_WRITE, takes=StudioTold, gives=Scenario)
async def save_scenario(call: CallDep, name: PathText) -> Scenario:
    """Plan, and keep the plan under a name."""
    studio, act = call.read(StudioTold).to_studio(), act_of(call)

    def plan() -> replacing.StudioPlan:
        with call.hospital.read() as session:
            return replacing.plan_from_register(session, studio=studio, now=call.now, seconds=SOLVER_S)

    # Beside the event loop and the writer: the solver may take its twenty seconds.
    found = await asyncio.to_thread(plan)
    kept = scenarios.scenario_of(name, studio, found)
    return await call.hospital.write(lambda session: scenarios.save_scenario(session, act=act, scenario=kept))


@router.delete("/replacement-scenarios/{name}", permission=Permission.DEVICES_WRITE, status=204)
async def drop_scenario(call: CallDep, name: PathText) -> None:
    """Keep a plan no longer."""
    act = act_of(call)
    await call.hospital.write(lambda session: scenarios.drop_scenario(session, act=act, name=name))


class FleetList(msgspec.Struct, frozen=True, kw_only=True):
    """Groups of devices with what can be said of them."""

    groups: list[fleet.FleetGroup]


@router.get("/fleet/reliability", permission=Permission.DEVICES_READ, gives=FleetList)
def read_fleet(
    call: CallDep, category: Text = "", confidence: Annotated[float, Query(ge=0.5, le=0.999)] = 0.9
) -> FleetList:
    """Give failures, time between them and availability by model, each with its n and interval."""
    with call.hospital.read() as session:
        return FleetList(groups=fleet.groups(session, now=call.now, category=category, confidence=confidence))


class CyberTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Software facts of a networked model."""

    operating_system: Short = ""
    supported_until: Short = ""
    mds2_document: Short = ""
    sbom_document: Short = ""


class TermTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A term of a nomenclature."""

    system: Key
    code: Key
    version: Short = ""


class ModelTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A catalogue entry."""

    manufacturer: Key
    name: Key
    category: Key
    nomenclature: list[TermTold] = []
    device_identifiers: list[Key] = []
    expected_life_years: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    end_of_support_at: Short = ""
    replacement_cost: Count = 0
    cyber: CyberTold = CyberTold()


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """Catalogue entries by id."""

    models: list[DeviceModel]


@router.get("/device-models", permission=Permission.DEVICES_READ, gives=ModelList)
def list_models(call: CallDep) -> ModelList:
    """List the catalogue."""
    with call.hospital.read() as session:
        return ModelList(models=catalogue.all_models(session))


@router.put("/device-models/{model}", permission=Permission.DEVICES_WRITE, takes=ModelTold, gives=DeviceModel)
async def save_model(call: CallDep, model: PathText) -> DeviceModel:
    """Keep a catalogue entry, new or changed."""
    told, act = call.read(ModelTold), act_of(call)
    entry = DeviceModel(
        id=model,
        manufacturer=told.manufacturer,
        name=told.name,
        category=told.category,
        nomenclature=tuple(Nomenclature(**msgspec.structs.asdict(term)) for term in told.nomenclature),
        device_identifiers=tuple(told.device_identifiers),
        expected_life_years=told.expected_life_years,
        end_of_support_at=_instant_or_none(told.end_of_support_at, "end_of_support_at"),
        replacement_cost=told.replacement_cost,
        cyber=CyberProfile(
            operating_system=told.cyber.operating_system,
            mds2_document=told.cyber.mds2_document,
            sbom_document=told.cyber.sbom_document,
            supported_until=_instant_or_none(told.cyber.supported_until, "cyber/supported_until"),
        ),
    )
    return await call.hospital.write(lambda session: catalogue.save(session, act=act, model=entry))


def _instant_or_none(text: str, field: str) -> int:
    return parse_instant(text, field) if text else 0
