"""Sets, recalls, maintenance rules and figures over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Query
from sqlmodel import Session, col, select

from assets.model.maintenance import Anchor, CalendarRule, Compliance, MeterRule, Rule
from assets.rules.due_dates import allowed_day, compliance_of, local_day
from assets.rules.risk import score_equipment
from assets.rules.uptime import RepairTime, Uptime, repair_time_of, uptime_of
from assets.service import maintenance, meters, tracing, work
from assets.tables.register import load_asset
from assets.tables.rows import DowntimeRow
from server.doors.context import Call, CallDep
from server.doors.pages import PathText, Text
from server.doors.router import Router
from server.http import asset_bodies as bodies
from server.http.assets import act_of
from server.http.commanding import instant_told
from server.http.history import parse_instant
from twin.access import Permission
from twin.clock import HOUR_US
from twin.errors import FieldError, FieldProblem

router = Router("/v1", tag="devices")

Months = Annotated[int, msgspec.Meta(ge=1, le=240)]
Window = Annotated[int, msgspec.Meta(ge=0, le=365)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
Every = Annotated[float, msgspec.Meta(gt=0, le=1e9)]
Month = Annotated[int, msgspec.Meta(ge=1, le=12)]
FunctionPoints = Annotated[int, Query(ge=2, le=10)]
RiskPoints = Annotated[int, Query(ge=1, le=5)]
HistoryPoints = Annotated[int, Query(ge=-2, le=2)]
Ahead = Annotated[int, msgspec.Meta(ge=0, le=730)]


class SetUseTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A set that was used in a case, known by a pseudonym."""

    case_id: bodies.Key
    occurred_at: bodies.Short = ""


class SetUseShown(msgspec.Struct, frozen=True, kw_only=True):
    """A use as it happened; ``flags`` names what was wrong with the set."""

    set_instance: str
    case_id: str
    cycle: str
    at: str
    flags: list[str]


class RecallShown(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a failed indicator reaches."""

    cycles: list[str]
    loads: list[str]
    exposed: list[SetUseShown]
    to_retrieve: list[str]


class Blackout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Local days, both included, on which no maintenance is due."""

    start_on: date
    end_on: date


class RuleTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What must be done to a device again and again; months, a meter's interval, or both.

    In ``season`` stand the months in which alone it may be due, in ``blackouts`` the days on which it may not.
    """

    id: bodies.Key
    asset: bodies.Key
    title: bodies.Short = ""
    months: Months | None = None
    anchor_on: bodies.Short = ""
    anchor: Anchor = Anchor.FIXED
    window_days: Window = 30
    season: Annotated[list[Month], msgspec.Meta(max_length=12)] = []
    blackouts: Annotated[list[Blackout], msgspec.Meta(max_length=100)] = []
    every: Every | None = None
    meter: bodies.Key = meters.HOURS
    meter_anchor: Anchor = Anchor.FLOATING
    meter_start: Annotated[float, msgspec.Meta(ge=0, le=1e12)] = 0.0
    minutes: Minutes = 60
    skill: bodies.Short = ""


class GenerationTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far ahead orders are opened."""

    days: Ahead = 60


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """New orders, and the devices whose overdue mark changed."""

    work_orders: list[str]
    flagged: list[str]


class UptimeShown(msgspec.Struct, frozen=True, kw_only=True):
    """Availability and repairs of a device, never without what they rest on; hours."""

    asset: str
    hours: Uptime
    repairs: RepairTime


def _use_shown(use: tracing.SetUse) -> SetUseShown:
    return SetUseShown(
        set_instance=use.set_instance,
        case_id=use.case_id,
        cycle=use.cycle,
        at=bodies.instant(use.at),
        flags=list(use.flags),
    )


@router.post("/sets/{name}/uses", permission=Permission.TASKS_DO, takes=SetUseTold, gives=SetUseShown, status=201)
async def use_set(call: CallDep, name: PathText) -> SetUseShown:
    """Keep that a set was used, as it happened; what was wrong with it raises an alarm."""
    told, act = call.read(SetUseTold), act_of(call)
    at = instant_told(told.occurred_at, call.now, "body")
    return await call.hospital.write(
        lambda s: _use_shown(tracing.record_use(s, act=act, set_instance=name, case_id=told.case_id, at=at))
    )


class IssuableShown(msgspec.Struct, frozen=True, kw_only=True):
    """A set that may be issued now: its latest cycle and load, and until when it may be used."""

    set_instance: str
    cycle: str
    load: str
    expires_at: str


@router.get("/sets/{name}/issuable", permission=Permission.DEVICES_READ, gives=IssuableShown)
def read_issuable(call: CallDep, name: PathText) -> IssuableShown:
    """Let pass a set that may be issued; 409 names every reason against one that is unreleased, expired or used."""
    with call.hospital.read() as session:
        chain = tracing.require_issuable(session, set_instance=name, at=call.now)
    return IssuableShown(
        set_instance=name, cycle=chain.cycle, load=chain.load, expires_at=bodies.instant(chain.expires_at)
    )


@router.get("/cycles/{cycle}/recall", permission=Permission.DEVICES_READ, gives=RecallShown)
def read_recall(call: CallDep, cycle: PathText) -> RecallShown:
    """Give every cycle in doubt, exposed use and set to fetch back if this cycle's indicator failed."""
    with call.hospital.read() as session:
        found = tracing.recall_closure(session, cycle_id=cycle)
    return RecallShown(
        cycles=list(found.cycles),
        loads=list(found.loads),
        exposed=[_use_shown(use) for use in found.exposed],
        to_retrieve=list(found.to_retrieve),
    )


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        problem = FieldProblem(field=field, place="/", message=f"{text!r} is no date.", cure="Use YYYY-MM-DD.")
        raise FieldError(problem) from error


def _horizon(call: Call, days: int = 60) -> maintenance.Horizon:
    zone = ZoneInfo(call.hospital.settings.time_zone)
    return maintenance.Horizon(today=local_day(call.now, zone), zone=zone, days=days)


@router.put("/maintenance/rules", permission=Permission.WORK_ORDERS_WRITE, takes=RuleTold, gives=RuleTold)
async def keep_rule(call: CallDep) -> RuleTold:
    """Keep a maintenance rule of a device, new or changed."""
    told, act = call.read(RuleTold), act_of(call)
    by_time = _calendar(told) if told.months is not None else None
    by_meter = None
    if told.every is not None:
        by_meter = MeterRule(every=told.every, anchor=told.meter_anchor, start=told.meter_start)
    if by_time is None and by_meter is None:
        problem = FieldProblem(field="months", place="/", message="Neither months nor every.", cure="Give one of them.")
        raise FieldError(problem)
    rule = Rule(
        id=told.id,
        asset=told.asset,
        title=told.title,
        calendar=by_time,
        meter=by_meter,
        meter_name=told.meter,
        minutes=told.minutes,
        skill=told.skill,
    )
    zone = ZoneInfo(call.hospital.settings.time_zone)
    await call.hospital.write(lambda session: maintenance.save_rule(session, act=act, rule=rule, zone=zone))
    return told


def _calendar(told: RuleTold) -> CalendarRule:
    for index, one in enumerate(told.blackouts):
        if one.end_on < one.start_on:
            message, cure = f"{one.end_on} is before {one.start_on}.", "Swap them."
            raise FieldError(FieldProblem(field="end_on", place=f"/blackouts/{index}", message=message, cure=cure))
    by_time = CalendarRule(
        months=told.months or 1,
        anchor_on=_day(told.anchor_on, "anchor_on"),
        anchor=told.anchor,
        window_days=told.window_days,
        season=tuple(sorted(set(told.season))),
        blackouts=tuple((one.start_on, one.end_on) for one in told.blackouts),
    )
    try:
        allowed_day(by_time, by_time.anchor_on)
    except ValueError as error:
        # Told now: the nightly run that opens orders would else stop at this rule, for all devices.
        problem = FieldProblem(field="season", place="/", message=str(error), cure="Leave some day of the year free.")
        raise FieldError(problem) from error
    return by_time


@router.get("/maintenance/rules/{rule}/forecast", permission=Permission.DEVICES_READ, gives=maintenance.DueForecast)
def forecast_rule(call: CallDep, rule: PathText) -> maintenance.DueForecast:
    """Give when a rule is expected to come due, by time or by use, whichever is first."""
    with call.hospital.read() as session:
        return maintenance.forecast_of(session, rule_id=rule, horizon=_horizon(call))


class ScoreShown(msgspec.Struct, frozen=True, kw_only=True):
    """Equipment management number after Fennigkoh and Smith (1989); no interval below the threshold."""

    points: int
    is_included: bool
    interval_months: int | None


@router.get("/maintenance/score", permission=Permission.DEVICES_READ, gives=ScoreShown)
def score(
    call: CallDep, function: FunctionPoints, risk: RiskPoints, upkeep: RiskPoints, history: HistoryPoints = 0
) -> ScoreShown:
    """Score a device by function (2 to 10), risk and upkeep (1 to 5) and history (-2 to 2)."""
    found = score_equipment(function=function, risk=risk, maintenance=upkeep, history=history)
    return ScoreShown(points=found.points, is_included=found.is_included, interval_months=found.interval_months)


@router.post(
    "/maintenance/generation",
    permission=Permission.WORK_ORDERS_WRITE,
    takes=GenerationTold,
    gives=Generated,
    status=201,
)
async def generate(call: CallDep) -> Generated:
    """Open the orders of all due days that have none, and mark overdue devices; again changes nothing."""
    told, act = call.read(GenerationTold), act_of(call)
    horizon = _horizon(call, told.days)

    def use_case(session: Session) -> Generated:
        opened = maintenance.generate(session, act=act, horizon=horizon)
        flagged = maintenance.flag_overdue(session, act=act, horizon=horizon)
        return Generated(work_orders=[order.id for order in opened], flagged=flagged)

    return await call.hospital.write(use_case)


@router.get("/maintenance/compliance", permission=Permission.DEVICES_READ, gives=Compliance)
def read_compliance(call: CallDep, start_on: Text, end_on: Text) -> Compliance:
    """Give the compliance of all maintenance due in a period, by due day, with its counts."""
    horizon = _horizon(call)
    first, last = _day(start_on, "start_on"), _day(end_on, "end_on")
    with call.hospital.read() as session:
        found = maintenance.performed_in(session, start_on=first, end_on=last, zone=horizon.zone)
    return compliance_of(found, as_of=horizon.today)


@router.get("/assets/{asset}/uptime", permission=Permission.DEVICES_READ, gives=UptimeShown)
def read_uptime(call: CallDep, asset: PathText, start: Text, end: Text = "") -> UptimeShown:
    """Give availability and mean times of a device within a window, each with its count and interval."""
    low = parse_instant(start, "start")
    # What is to come is no time up: a window to the end of the year would make any device look reliable.
    high = min(parse_instant(end, "end"), call.now) if end else call.now
    if not low < high:
        message = "It is not before the end, or not in the past."
        problem = FieldProblem(field="start", place="/query", message=message, cure="Swap them, or begin earlier.")
        raise FieldError(problem)
    with call.hospital.read() as session:
        load_asset(session, asset)
        rows = session.exec(select(DowntimeRow).where(col(DowntimeRow.asset) == asset)).all()
        repairs = work.repairs_of(session, asset=asset, start=low, end=high)
    down = [(row.start_at / HOUR_US, (row.end_at or high) / HOUR_US) for row in rows]
    return UptimeShown(
        asset=asset,
        hours=uptime_of(down, start=low / HOUR_US, end=high / HOUR_US),
        repairs=repair_time_of(repairs),
    )
