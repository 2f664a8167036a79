"""Maintenance rules at work: orders opened once per due day, whatever was missed, and overdue devices flagged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session, col, select

from assets.model.maintenance import Anchor, DueState, Occurrence, Performed, Rule
from assets.model.regions import ComplianceFlag
from assets.model.work import WorkKind, WorkOrder, WorkState
from assets.rules.due_dates import add_months, local_day, meter_due, occurrences
from assets.service.act import Act
from assets.service.availability import change_state
from assets.service.meters import usage_of
from assets.service.work import OPEN_STATES, open_work_order, order_of_row
from assets.tables.register import load_asset, regions_of_row
from assets.tables.rows import RuleRow, WorkOrderRow
from twin.access import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """Up to when orders are opened.

    Parameters
    ----------
    today : date
        The hospital's day.
    days : int
        How many days ahead of it.
    zone : ZoneInfo
        The hospital's; due days are local.
    """

    today: date
    zone: ZoneInfo
    days: int = 60


def save_rule(session: Session, *, act: Act, rule: Rule) -> None:
    """Keep a rule of a device, new or changed."""
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    load_asset(session, rule.asset)
    session.merge(RuleRow(id=rule.id, asset=rule.asset, body=msgspec.json.encode(rule).decode()))
    session.flush()


def rules_of(session: Session, *, asset: str = "", after: str = "", limit: int = 1000) -> list[Rule]:
    """Give rules by id, of one device or of all."""
    query = select(RuleRow).where(col(RuleRow.id) > after)
    if asset:
        query = query.where(col(RuleRow.asset) == asset)
    rows = session.exec(query.order_by(col(RuleRow.id)).limit(limit))
    return [msgspec.json.decode(row.body, type=Rule) for row in rows]


def generate(session: Session, *, act: Act, horizon: Horizon) -> list[WorkOrder]:
    """Open the orders of all due days up to the horizon that have none yet.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who lets it run; needs ``work_orders:write``.
    horizon : Horizon
        Up to when.

    Returns
    -------
    list[WorkOrder]
        The new ones. Running it again, or only after an outage, leads to the same orders, since each is opened under
        the key of its rule and due day.
    """
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    opened: list[WorkOrder] = []
    after = ""
    while page := rules_of(session, after=after):
        for rule in page:
            opened += _open_missing(session, act, rule, horizon)
        after = page[-1].id
    return opened


def _open_missing(session: Session, act: Act, rule: Rule, horizon: Horizon) -> list[WorkOrder]:
    known = set(
        session.exec(select(WorkOrderRow.dedupe_key).where(col(WorkOrderRow.dedupe_key).startswith(f"{rule.id}:")))
    )
    opened = []
    for key, due_on in [
        *((due.key, due.due_on) for due in _due(session, rule, horizon)),
        *_due_by_use(session, rule, horizon),
    ]:
        if key in known:
            continue
        order = WorkOrder(
            id=f"pm:{key}",
            asset=rule.asset,
            kind=WorkKind(rule.kind),
            title=rule.title,
            due_at=_end_of_day(due_on, horizon.zone),
            rule=rule.id,
            due_date=due_on.isoformat(),
        )
        step = replace(act, key=f"{act.key}:{key}")
        opened.append(open_work_order(session, act=step, order=order, dedupe_key=key))
    return opened


def _due_by_use(session: Session, rule: Rule, horizon: Horizon) -> list[tuple[str, date]]:
    """Give the order that use makes due now: one per step of the meter, and none while one is open."""
    if rule.meter is None or _has_open(session, rule):
        return []
    done_at = max((o.closed_at for o in _orders(session, rule) if o.state is WorkState.CLOSED), default=0)
    used = usage_of(session, asset=rule.asset, meter=rule.meter_name)
    at_last = usage_of(session, asset=rule.asset, meter=rule.meter_name, until=done_at).total if done_at else 0.0
    found = meter_due(rule.meter, last_done_at=at_last, reading=used.total)
    return [(f"{rule.id}:use:{found.next_at:g}", horizon.today)] if found.state is DueState.DUE else []


def _due(session: Session, rule: Rule, horizon: Horizon) -> list[Occurrence]:
    by_time = rule.calendar
    if by_time is None:
        return []
    end = horizon.today + timedelta(days=horizon.days)
    if by_time.anchor is not Anchor.FLOATING:
        return list(occurrences(rule, start_on=by_time.anchor_on, end_on=end))
    done = _last_done(session, rule, horizon.zone)
    due = by_time.anchor_on if done is None else add_months(done, by_time.months)
    margin = timedelta(days=by_time.window_days)
    is_open = _has_open(session, rule)
    if due > end or is_open:
        return []
    return [Occurrence(rule=rule.id, due_on=due, window_start=due - margin, window_end=due + margin)]


def _orders(session: Session, rule: Rule) -> list[WorkOrder]:
    rows = session.exec(select(WorkOrderRow).where(col(WorkOrderRow.dedupe_key).startswith(f"{rule.id}:")))
    return [order_of_row(row) for row in rows]


def _has_open(session: Session, rule: Rule) -> bool:
    return any(order.state in OPEN_STATES for order in _orders(session, rule))


def _last_done(session: Session, rule: Rule, zone: ZoneInfo) -> date | None:
    done = [local_day(o.closed_at, zone) for o in _orders(session, rule) if o.state is WorkState.CLOSED]
    return max(done, default=None)


def _end_of_day(day: date, zone: ZoneInfo) -> int:
    """Give the first instant after a local day, also where a clock change makes it 23 or 25 hours long."""
    following = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    return (following.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def flag_overdue(session: Session, *, act: Act, horizon: Horizon) -> list[str]:
    """Mark the devices whose maintenance is past its window, and unmark the others; give the ids that changed."""
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    overdue: set[str] = set()
    assets: set[str] = set()
    for rule in rules_of(session, limit=100_000):
        assets.add(rule.asset)
        window = timedelta(days=rule.calendar.window_days if rule.calendar is not None else 0)
        for order in _orders(session, rule):
            if order.state in OPEN_STATES and date.fromisoformat(order.due_date) + window < horizon.today:
                overdue.add(rule.asset)
    changed = []
    for asset_id in sorted(assets):
        flags = regions_of_row(load_asset(session, asset_id)).compliance
        flag = ComplianceFlag.MAINTENANCE_OVERDUE
        if (flag in flags) != (asset_id in overdue):
            wanted = flags | {flag} if asset_id in overdue else flags - {flag}
            change_state(session, act=replace(act, key=f"{act.key}:{asset_id}"), asset_id=asset_id, compliance=wanted)
            changed.append(asset_id)
    return changed


def performed_in(session: Session, *, start_on: date, end_on: date, zone: ZoneInfo) -> list[Performed]:
    """Give all maintenance due in a period with what became of it, for the figures of compliance.

    Parameters
    ----------
    session : Session
        Any session.
    start_on, end_on : date
        Due days, both included.
    zone : ZoneInfo
        The hospital's.
    """
    found = []
    for rule in rules_of(session, limit=100_000):
        window = rule.calendar.window_days if rule.calendar is not None else 0
        for order in _orders(session, rule):
            due = date.fromisoformat(order.due_date)
            if not start_on <= due <= end_on:
                continue
            is_done = order.state is WorkState.CLOSED and order.finding != "not_located"
            is_excused = order.state is WorkState.CANCELLED or order.finding == "not_located"
            ended = local_day(order.closed_at, zone) if order.closed_at else None
            found.append(
                Performed(
                    due_on=due,
                    done_on=ended if is_done else None,
                    window_days=window,
                    excused_on=ended if is_excused else None,
                    excuse=(order.finding or "cancelled") if is_excused else "",
                    found_fault=order.finding == "repaired",
                )
            )
    return found
