"""Maintenance rules at work: orders opened once per due day, whatever was missed, and overdue devices flagged."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from sqlmodel import Session, col, select

from assets.model.maintenance import Anchor, Performed, Rule
from assets.model.regions import GONE, ComplianceFlag
from assets.model.work import WorkKind, WorkOrder, WorkState
from assets.rules.due_dates import (
    add_months,
    allowed_day,
    day_of_use,
    key_of,
    local_day,
    meter_due,
    occurrences,
)
from assets.rules.due_table import due_table
from assets.service.act import Act
from assets.service.availability import change_state
from assets.service.meters import usage_of
from assets.service.work import OPEN_STATES, open_work_order, order_of_row
from assets.tables.register import flagged_with, load_asset, regions_of_row
from assets.tables.rows import AssetRow, RuleRow, WorkOrderRow
from twin.access import Permission
from twin.errors import NotFound

_UTC = ZoneInfo("UTC")
_PAGE = 1000  # rules at a time: their orders are asked for together
_BATCH = 500  # bound values per statement stay far below what either database allows
_MOST_RULES = 500_000


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


def save_rule(session: Session, *, act: Act, rule: Rule, zone: ZoneInfo = _UTC) -> None:
    """Keep a rule of a device, new or changed.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who keeps it; needs ``work_orders:write``.
    rule : Rule
        As wanted.
    zone : ZoneInfo
        The hospital's: west of Greenwich the day in UTC has already changed in the evening, and what is due on the day
        of entry would never be asked for.
    """
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    load_asset(session, rule.asset)
    today = local_day(act.now, zone)
    known = session.get(RuleRow, rule.id)
    if known is None:
        # What fell due just before the rule was entered is still to be done; what did so years before is not.
        since = today - timedelta(days=rule.calendar.window_days if rule.calendar is not None else 0)
    elif msgspec.json.decode(known.body, type=Rule).calendar != rule.calendar:
        since = today
    else:
        since = date.fromisoformat(known.since)
    body = msgspec.json.encode(rule).decode()
    session.merge(RuleRow(id=rule.id, asset=rule.asset, since=since.isoformat(), body=body))
    session.flush()


def rules_of(session: Session, *, asset: str = "", after: str = "", limit: int = 1000) -> list[Rule]:
    """Give rules by id, of one device or of all."""
    return [rule for rule, _ in _page_of_rules(session, asset=asset, after=after, limit=limit)]


def _page_of_rules(session: Session, *, asset: str, after: str, limit: int) -> list[tuple[Rule, date]]:
    """Give rules with the day from which each counts."""
    query = select(RuleRow).where(col(RuleRow.id) > after)
    if asset:
        query = query.where(col(RuleRow.asset) == asset)
    rows = session.exec(query.order_by(col(RuleRow.id)).limit(limit))
    return [(msgspec.json.decode(row.body, type=Rule), date.fromisoformat(row.since)) for row in rows]


def generate(session: Session, *, act: Act, horizon: Horizon, limit: int = 1_000_000) -> list[WorkOrder]:
    """Open the orders of all due days up to the horizon that have none yet.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who lets it run; needs ``work_orders:write``.
    horizon : Horizon
        Up to when.
    limit : int
        At most this many at once; as many again means that more may be due.

    Returns
    -------
    list[WorkOrder]
        The new ones. Running it again, or only after an outage, leads to the same orders, since each is opened under
        the key of its rule and due day.
    """
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    opened: list[WorkOrder] = []
    gone = _gone(session)
    after = ""
    while page := _page_of_rules(session, asset="", after=after, limit=_PAGE):
        asking = [(rule, since) for rule, since in page if rule.is_on and rule.asset not in gone]
        past = _orders_by_rule(session, [rule.id for rule, _ in asking])
        keys = {order.key for own in past.values() for order in own}
        for rule, key, due_on in _due(session, asking, past, horizon):
            # A season or a blackout can move several due days of a rule to one: that is one order.
            if key not in keys:
                keys.add(key)
                opened.append(_open(session, act, _Due(rule=rule, key=key, on=due_on), horizon))
                if len(opened) >= limit:
                    return opened
        after = page[-1][0].id
    return opened


def _gone(session: Session) -> set[str]:
    """Give the devices that the hospital does not have any more: their rules stay on record and ask for nothing."""
    states = [state.value for state in GONE]
    return set(session.exec(select(AssetRow.id).where(col(AssetRow.operational).in_(states))))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ordered:
    """What is known of an order that a rule has led to."""

    key: str
    state: WorkState
    closed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Due:
    """A rule that asks for an order now, and the key under which it is opened once."""

    rule: Rule
    key: str
    on: date


def _orders_by_rule(session: Session, rules: Sequence[str]) -> dict[str, list[_Ordered]]:
    columns = (WorkOrderRow.rule, WorkOrderRow.dedupe_key, WorkOrderRow.state, WorkOrderRow.closed_at)
    found: dict[str, list[_Ordered]] = {}
    for part in range(0, len(rules), _BATCH):
        query = select(*columns).where(col(WorkOrderRow.rule).in_(rules[part : part + _BATCH]))
        for rule, key, state, closed_at in session.exec(query):
            found.setdefault(rule, []).append(_Ordered(key=key, state=WorkState(state), closed_at=closed_at))
    return found


def _open(session: Session, act: Act, due: _Due, horizon: Horizon) -> WorkOrder:
    order = WorkOrder(
        id=f"pm:{due.key}",
        asset=due.rule.asset,
        kind=WorkKind(due.rule.kind),
        title=due.rule.title,
        due_at=_end_of_day(due.on, horizon.zone),
        rule=due.rule.id,
        due_date=due.on.isoformat(),
    )
    return open_work_order(session, act=replace(act, key=f"{act.key}:{due.key}"), order=order, dedupe_key=due.key)


def _due(
    session: Session, page: Sequence[tuple[Rule, date]], past: Mapping[str, Sequence[_Ordered]], horizon: Horizon
) -> Iterator[tuple[Rule, str, date]]:
    """Give what is due up to the horizon: by the calendar for all rules at once, else rule by rule."""
    end = horizon.today + timedelta(days=horizon.days)
    yield from _due_by_calendar(page, end)
    for rule, _ in page:
        own = past.get(rule.id, ())
        if any(order.state in OPEN_STATES for order in own):
            continue  # what counts from the last completion cannot come due before that one is done
        done_at = max((order.closed_at for order in own if order.state is WorkState.CLOSED), default=0)
        given_up = {order.key for order in own if order.state is WorkState.CANCELLED}
        due_on = _due_after(rule, done_at, horizon.zone, given_up)
        if due_on is not None and due_on <= end:
            yield rule, key_of(rule.id, due_on), due_on
        if rule.meter is not None:
            yield from _due_by_use(session, rule, done_at, horizon, given_up)


def _due_by_calendar(page: Sequence[tuple[Rule, date]], end: date) -> Iterator[tuple[Rule, str, date]]:
    """Give what rules ask for whose days stand in the calendar, whatever was done."""
    steady = [(r, since) for r, since in page if r.calendar is not None and r.calendar.anchor is not Anchor.FLOATING]
    if not steady:
        return
    table = due_table([r for r, _ in steady], start_on=min(since for _, since in steady), end_on=end)
    for index, due_on in table.pairs():
        rule, since = steady[index]
        if due_on >= since:
            yield rule, key_of(rule.id, due_on), due_on


def _due_after(rule: Rule, done_at: int, zone: ZoneInfo, given_up: Collection[str]) -> date | None:
    """Give the day of a rule that counts from the last completion; None for every other rule."""
    by_time = rule.calendar
    if by_time is None or by_time.anchor is not Anchor.FLOATING:
        return None
    due_on = add_months(local_day(done_at, zone), by_time.months) if done_at else by_time.anchor_on
    due_on = allowed_day(by_time, due_on)
    # What was given up is asked for again an interval later: nobody closes it, so that it would else be the last one.
    while key_of(rule.id, due_on) in given_up:
        due_on = allowed_day(by_time, add_months(due_on, by_time.months))
    return due_on


def _due_by_use(
    session: Session, rule: Rule, done_at: int, horizon: Horizon, given_up: Collection[str]
) -> Iterator[tuple[Rule, str, date]]:
    """Give the order that use makes due now: one per step of the meter."""
    if rule.meter is None:
        return
    used = usage_of(session, asset=rule.asset, meter=rule.meter_name)
    at_last = usage_of(session, asset=rule.asset, meter=rule.meter_name, until=done_at).total if done_at else 0.0
    next_at = meter_due(rule.meter, last_done_at=at_last, reading=used.total).next_at
    while _key_of_use(rule, next_at) in given_up:
        next_at += rule.meter.every
    if used.total >= next_at:
        yield rule, _key_of_use(rule, next_at), horizon.today


def _key_of_use(rule: Rule, next_at: float) -> str:
    # Fifteen digits: with the six of plain "g" the steps of a counter of millions would share one key.
    return f"{rule.id}:use:{next_at:.15g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueForecast:
    """When a rule is expected to come due, by time or by use, whichever is first.

    Parameters
    ----------
    rule, asset : str
        Which rule of which device.
    due_on : date or None
        Expected local day; None for a rule by use alone whose device is not used.
    is_by_use : bool
        Whether use comes first.
    use_since, per_day : float
        Use since it was last done, and its mean per day, in the meter's unit.
    readings : int
        Meter readings that the forecast rests on.
    """

    rule: str
    asset: str
    due_on: date | None
    is_by_use: bool
    use_since: float
    per_day: float
    readings: int


def forecast_of(session: Session, *, rule_id: str, horizon: Horizon) -> DueForecast:
    """Give when a rule is expected to come due next.

    Parameters
    ----------
    session : Session
        Any session.
    rule_id : str
        Which rule.
    horizon : Horizon
        The hospital's day and zone.

    Raises
    ------
    NotFound
        If there is no such rule.
    """
    row = session.get(RuleRow, rule_id)
    if row is None:
        raise NotFound("maintenance rule", rule_id)
    rule = msgspec.json.decode(row.body, type=Rule)
    own = _orders_by_rule(session, [rule_id]).get(rule_id, [])
    done_at = max((order.closed_at for order in own if order.state is WorkState.CLOSED), default=0)
    by_time = _next_by_time(rule, done_at, horizon, {order.key for order in own if order.state not in OPEN_STATES})
    if rule.meter is None:
        return DueForecast(
            rule=rule.id, asset=rule.asset, due_on=by_time, is_by_use=False, use_since=0.0, per_day=0.0, readings=0
        )
    used = usage_of(session, asset=rule.asset, meter=rule.meter_name)
    at_last = usage_of(session, asset=rule.asset, meter=rule.meter_name, until=done_at).total if done_at else 0.0
    next_at = meter_due(rule.meter, last_done_at=at_last, reading=used.total).next_at
    by_use = day_of_use(left=next_at - used.total, per_day=used.per_day, on=horizon.today)
    is_by_use = by_use is not None and (by_time is None or by_use < by_time)
    return DueForecast(
        rule=rule.id,
        asset=rule.asset,
        due_on=by_use if is_by_use else by_time,
        is_by_use=is_by_use,
        use_since=used.total - at_last,
        per_day=used.per_day,
        readings=used.readings,
    )


def _next_by_time(rule: Rule, done_at: int, horizon: Horizon, over: Collection[str]) -> date | None:
    """Give the first due day of a calendar rule that nobody has dealt with."""
    if rule.calendar is None:
        return None
    floating = _due_after(rule, done_at, horizon.zone, over)
    if floating is not None:
        return floating
    start = min(horizon.today, local_day(done_at, horizon.zone)) if done_at else rule.calendar.anchor_on
    # Three intervals ahead at least: a season may have moved the next one, or two, into the year after.
    end = add_months(horizon.today, 3 * rule.calendar.months + 12)
    days = (one.due_on for one in occurrences(rule, start_on=start, end_on=end))
    return next((day for day in days if key_of(rule.id, day) not in over), None)


def _end_of_day(day: date, zone: ZoneInfo) -> int:
    """Give the first instant after a local day, also where a clock change makes it 23 or 25 hours long."""
    following = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    return (following.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def flag_overdue(session: Session, *, act: Act, horizon: Horizon) -> list[str]:
    """Mark the devices whose maintenance is past its window, and unmark the others; give the ids that changed."""
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    rules = {rule.id: rule for rule in rules_of(session, limit=_MOST_RULES)}
    overdue: set[str] = set()
    query = select(WorkOrderRow).where(col(WorkOrderRow.rule) != "", col(WorkOrderRow.state).in_(OPEN_STATES))
    for order in map(order_of_row, session.exec(query)):
        rule = rules.get(order.rule)
        if rule is not None and date.fromisoformat(order.due_date) + timedelta(days=_window(rule)) < horizon.today:
            overdue.add(rule.asset)
    flag = ComplianceFlag.MAINTENANCE_OVERDUE
    # only what changes is read: on most days that is a handful of a register of some ten thousand devices
    changed = sorted((overdue ^ flagged_with(session, flag)) & {rule.asset for rule in rules.values()})
    for asset_id in changed:
        flags = regions_of_row(load_asset(session, asset_id)).compliance
        wanted = flags | {flag} if asset_id in overdue else flags - {flag}
        change_state(session, act=replace(act, key=f"{act.key}:{asset_id}"), asset_id=asset_id, compliance=wanted)
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
    rules = {rule.id: rule for rule in rules_of(session, limit=_MOST_RULES)}
    query = select(WorkOrderRow).where(
        col(WorkOrderRow.rule) != "",
        col(WorkOrderRow.due_at) > _end_of_day(start_on - timedelta(days=1), zone),
        col(WorkOrderRow.due_at) <= _end_of_day(end_on, zone),
    )
    found = []
    for order in map(order_of_row, session.exec(query)):
        is_done = order.state is WorkState.CLOSED and order.finding != "not_located"
        is_excused = order.state is WorkState.CANCELLED or order.finding == "not_located"
        ended = local_day(order.closed_at, zone) if order.closed_at else None
        found.append(
            Performed(
                due_on=date.fromisoformat(order.due_date),
                done_on=ended if is_done else None,
                window_days=_window(rules.get(order.rule)),
                excused_on=ended if is_excused else None,
                excuse=(order.finding or "cancelled") if is_excused else "",
                found_fault=order.finding == "repaired",
            )
        )
    return found


def _window(rule: Rule | None) -> int:
    return rule.calendar.window_days if rule is not None and rule.calendar is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthWork:
    """Planned maintenance of one month.

    Parameters
    ----------
    month_on : date
        Its first day.
    skill : str
        What it needs; empty for anybody.
    due, minutes : int
        How many, and how long they take.
    """

    month_on: date
    skill: str
    due: int
    minutes: int


def work_ahead(session: Session, *, start_on: date, end_on: date) -> list[MonthWork]:
    """Give the work that the calendar rules ask for, by month and skill: what technicians will be needed for years on.

    Parameters
    ----------
    session : Session
        Any session.
    start_on, end_on : date
        Due days, both included.

    Notes
    -----
    Rules that count from the day they were done are taken to be done when due; rules by use alone are not in it.
    """
    gone = _gone(session)
    rules = [rule for rule in rules_of(session, limit=_MOST_RULES) if rule.is_on and rule.asset not in gone]
    table = due_table(rules, start_on=start_on, end_on=end_on)
    minutes = np.array([rule.minutes for rule in rules], dtype=np.int64)
    skills, skill_of = np.unique(np.array([rule.skill for rule in rules], dtype=object), return_inverse=True)
    months = table.due_on.astype("datetime64[M]")
    keys = months.astype(np.int64) * max(len(skills), 1) + skill_of[table.rule_index]
    found, position = np.unique(keys, return_inverse=True)
    counts = np.bincount(position, minlength=len(found))
    sums = np.bincount(position, weights=minutes[table.rule_index], minlength=len(found))
    return [
        MonthWork(
            month_on=np.datetime64(int(key) // len(skills), "M").astype("datetime64[D]").item(),
            skill=str(skills[int(key) % len(skills)]),
            due=int(count),
            minutes=int(total),
        )
        for key, count, total in zip(found, counts, sums, strict=True)
    ]
