"""Drift watches over HTTP: what is charted of a device, the charts, and the alerts with their orders."""

from __future__ import annotations

from typing import Annotated

import msgspec
from sqlmodel import Session

from assets.model.drift import (
    QUALIFIED_BASELINE,
    AlertOutcome,
    Baseline,
    ChartKind,
    Direction,
    DriftAlert,
    DriftWatch,
    Feature,
)
from assets.rules.shares import Share
from assets.service import drift
from server.doors.context import CallDep
from server.doors.pages import Limit, PathText, Text
from server.doors.router import Router
from server.http.asset_bodies import Key, Short, instant
from server.http.assets import act_of
from server.http.history import parse_instant
from server.http.record_bodies import NotNegative, Positive
from twin.access import Permission
from twin.errors import DecodeError, FieldError, FieldProblem

router = Router("/v1", tag="drift")

LONGEST_ID = 60  # it stands within the ids of its orders, which have a hundred characters


class WatchTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be charted of a device, and within which limits."""

    asset: Key
    feature: Feature
    quantity: Short = ""
    device: Short = ""
    programme: Short = ""
    period_s: Annotated[int, msgspec.Meta(ge=60, le=31_536_000)] = 86_400
    direction: Direction = Direction.BOTH
    baseline_n: Annotated[int, msgspec.Meta(ge=10, le=1000)] = QUALIFIED_BASELINE
    weight: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.2
    width: Positive = 3.5
    slack: NotNegative = 0.5
    limit: Positive = 6.0
    least_sigma: NotNegative = 0.0
    since_at: Short = ""
    is_on: bool = True


class WatchList(msgspec.Struct, frozen=True, kw_only=True):
    """Watches by id."""

    watches: list[DriftWatch]


class PointShown(msgspec.Struct, frozen=True, kw_only=True):
    """One observation; averages and sums only where it was charted."""

    at: str
    value: float
    subject: str
    ewma: float | None = None
    cusum_up: float | None = None
    cusum_down: float | None = None


class ChartShown(msgspec.Struct, frozen=True, kw_only=True):
    """Both charts of a watch; without a baseline while too few observations have come."""

    watch: DriftWatch
    baseline: Baseline | None
    ewma_low: float
    ewma_high: float
    alarm_at: str
    alarm_by: list[ChartKind]
    points: list[PointShown]


class AlertShown(msgspec.Struct, frozen=True, kw_only=True):
    """An alert with its order, the plot that was kept with it, and what became of it."""

    watch: str
    asset: str
    feature: Feature
    at: str
    charts: list[ChartKind]
    baseline: Baseline
    value: float
    work_order: str
    document: str
    outcome: AlertOutcome


class AlertList(msgspec.Struct, frozen=True, kw_only=True):
    """Alerts, the latest first, and how many of the settled ones were right."""

    alerts: list[AlertShown]
    precision: Share


@router.get("/drift-watches", permission=Permission.DEVICES_READ, gives=WatchList)
def list_watches(call: CallDep, asset: Text = "", limit: Limit = 200) -> WatchList:
    """List what is charted, of one device or of all."""
    with call.hospital.read() as session:
        return WatchList(watches=drift.list_watches(session, asset=asset, limit=limit))


@router.put("/drift-watches/{watch}", permission=Permission.WORK_ORDERS_WRITE, takes=WatchTold, gives=DriftWatch)
async def save_watch(call: CallDep, watch: PathText) -> DriftWatch:
    """Chart a figure of a device, or change how; stopped with ``is_on`` false, and its record stays."""
    told, act = call.read(WatchTold), act_of(call)
    if len(watch) > LONGEST_ID:
        message = f"Expected at most {LONGEST_ID} characters, got {len(watch)}."
        raise FieldError(FieldProblem(field="watch", place="path", message=message, cure="Choose a shorter id."))
    facts = msgspec.structs.asdict(told) | {
        "since_at": parse_instant(told.since_at, "since_at") if told.since_at else 0
    }
    try:
        wanted = DriftWatch(id=watch, **facts)
    except ValueError as error:
        raise DecodeError(f"{error}", code="drift.watch") from error
    return await call.hospital.write(lambda session: drift.save_watch(session, act=act, watch=wanted))


@router.post("/drift-watches/{watch}/baseline", permission=Permission.WORK_ORDERS_WRITE, gives=DriftWatch, status=201)
async def begin_anew(call: CallDep, watch: PathText) -> DriftWatch:
    """Learn a new baseline from now on."""
    act = act_of(call)
    return await call.hospital.write(lambda session: drift.begin_anew(session, act=act, watch_id=watch))


@router.get("/drift-watches/{watch}/chart", permission=Permission.DEVICES_READ, gives=ChartShown)
def read_chart(call: CallDep, watch: PathText) -> ChartShown:
    """Give observations, baseline and both charts."""
    with call.hospital.read() as session:
        return chart_shown(session, drift.get_watch(session, watch_id=watch))


def chart_shown(session: Session, watch: DriftWatch) -> ChartShown:
    """Give a chart as the door shows it."""
    found = drift.chart_of(session, watch=watch)
    points = []
    for index, one in enumerate(found.observations):
        own = index - found.charted_from
        is_charted = 0 <= own < len(found.ewma)
        points.append(
            PointShown(
                at=instant(one.at),
                value=one.value,
                subject=one.subject,
                ewma=found.ewma[own] if is_charted else None,
                cusum_up=found.cusum_up[own] if is_charted else None,
                cusum_down=found.cusum_down[own] if is_charted else None,
            )
        )
    return ChartShown(
        watch=watch,
        baseline=found.baseline,
        ewma_low=found.ewma_low,
        ewma_high=found.ewma_high,
        alarm_at=points[found.alarm_index].at if found.alarm_index >= 0 else "",
        alarm_by=list(found.alarm_by),
        points=points,
    )


@router.get("/drift-alerts", permission=Permission.DEVICES_READ, gives=AlertList)
def list_alerts(call: CallDep, watch: Text = "", limit: Limit = 200) -> AlertList:
    """List alerts with their orders and how many were right, with n and interval."""
    with call.hospital.read() as session:
        found = drift.alerts(session, watch_id=watch, limit=limit)
    return AlertList(alerts=[_alert_shown(one) for one in found], precision=drift.precision_of(found))


def _alert_shown(alert: DriftAlert) -> AlertShown:
    facts = {name: getattr(alert, name) for name in AlertShown.__struct_fields__}
    return AlertShown(**facts | {"at": instant(alert.at), "charts": list(alert.charts)})
