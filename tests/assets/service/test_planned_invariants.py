"""Maintenance, down time, meters and book values under any course of time: invariants 6, 7, 8, 13 and 14."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import create_engine
from sqlmodel import Session, SQLModel, select

from assets.model.maintenance import CalendarRule, Rule
from assets.model.register import Asset
from assets.model.work import WorkKind, WorkOrder, WorkState
from assets.rules.depreciation import book_value
from assets.rules.due_dates import MeterReading, add_months, local_day
from assets.rules.uptime import uptime_of
from assets.service.act import Act
from assets.service.maintenance import Horizon, generate, save_rule
from assets.service.meters import ReadMeter, record_reading, usage_of
from assets.service.register import register_asset
from assets.service.work import cancel_work_order, get_work_order, list_work_orders, open_work_order
from assets.tables.rows import DowntimeRow
from tests.fakes import START_US, ListSink
from twin.access import Actor, Role

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_US = 3_600_000_000
DEVICES = ["pump-0", "pump-1"]
CALENDARS = [
    CalendarRule(months=1, anchor_on=date(2026, 1, 31), window_days=0),
    CalendarRule(months=3, anchor_on=date(2025, 11, 30), window_days=14),
    CalendarRule(months=6, anchor_on=date(2028, 2, 29), window_days=7),
]
COST, RESIDUAL, LIFE = 1_234_567, 10_001, 84


class PlannedCare(RuleBasedStateMachine):
    """Two devices under rules, repairs and readings, beside a model that counts on its fingers."""

    def __init__(self) -> None:
        super().__init__()
        engine = create_engine("sqlite://")
        tables = [t for n, t in SQLModel.metadata.tables.items() if n.startswith("assets_")]
        SQLModel.metadata.create_all(engine, tables=tables)
        self.session = Session(engine)
        self.keys = itertools.count()
        self.now = START_US
        self.horizon = date.min
        self.down_us = dict.fromkeys(DEVICES, 0)
        self.repairs: dict[str, str] = {}
        self.used = 0.0
        self.months = 0
        self.charged = 0

    def teardown(self) -> None:
        self.session.close()
        self.session.get_bind().dispose()  # type: ignore[union-attr]

    def act(self) -> Act:
        self.pass_time(1_000_000)
        actor = Actor(id="anna", name="anna", roles=frozenset({Role.BIOMED}))
        return Act(actor=actor, now=self.now, key=f"k{next(self.keys)}", ledger=ListSink())

    def pass_time(self, spent_us: int) -> None:
        self.now += spent_us
        for device in set(self.repairs.values()):
            self.down_us[device] += spent_us

    @initialize()
    def begin(self) -> None:
        for device in DEVICES:
            asset = Asset(id=device, control_no=device, category="pump", name=device)
            register_asset(self.session, act=self.act(), asset=asset)
        for number, by_time in enumerate(CALENDARS):
            save_rule(self.session, act=self.act(), rule=Rule(id=f"r{number}", asset="pump-0", calendar=by_time))
        self.saved_on = local_day(self.now, BERLIN)

    @rule(hours=st.sampled_from([1, 7, 24, 24 * 20, 24 * 75]))
    def waits(self, hours: int) -> None:
        self.pass_time(hours * HOUR_US)

    @rule(days=st.sampled_from([0, 30, 60]), times=st.integers(1, 2))
    def generates(self, days: int, times: int) -> None:
        today = local_day(self.now, BERLIN)
        for _ in range(times):
            generate(self.session, act=self.act(), horizon=Horizon(today=today, zone=BERLIN, days=days))
        self.horizon = max(self.horizon, today + timedelta(days=days))

    @rule(device=st.sampled_from(DEVICES))
    def fails(self, device: str) -> None:
        order = WorkOrder(id=f"wo-{next(self.keys)}", asset=device, kind=WorkKind.CORRECTIVE)
        open_work_order(self.session, act=self.act(), order=order)
        self.repairs[order.id] = device

    @rule(data=st.data())
    @precondition(lambda self: bool(self.repairs))
    def is_put_right(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(sorted(self.repairs)))
        _, version = get_work_order(self.session, order_id=order)
        cancel_work_order(self.session, act=self.act(), order_id=order, version=version, reason="right again")
        del self.repairs[order]

    @rule(value=st.integers(0, 1000), how=st.sampled_from(["", "reset", "rollover"]))
    def is_read(self, value: int, how: str) -> None:
        rollover = 1000.0 if how == "rollover" else None
        reading = MeterReading(value=float(value), rollover_at=rollover, is_reset=how == "reset")
        act = self.act()
        read = ReadMeter(asset="pump-1", meter="hours", at=act.now, reading=reading)
        found = record_reading(self.session, act=act, read=read)
        assert found.total >= self.used >= 0.0
        assert found.per_day >= 0.0
        self.used = found.total

    @rule(months=st.integers(1, 30))
    def is_written_off(self, months: int) -> None:
        def worth(at: int) -> int:
            return book_value(cost=COST, residual=RESIDUAL, life_months=LIFE, months=at)

        self.charged += worth(self.months) - worth(self.months + months)
        self.months += months

    @invariant()
    def each_due_day_has_one_order_whoever_ran_it_when(self) -> None:
        expected = set()
        for number, by_time in enumerate(CALENDARS):
            since = self.saved_on - timedelta(days=by_time.window_days)
            for step in range(200):
                due = add_months(by_time.anchor_on, step * by_time.months, anchor_day=by_time.anchor_on.day)
                if since <= due <= self.horizon:
                    expected.add((f"r{number}", due.isoformat()))
        orders = [order for order in list_work_orders(self.session, limit=10_000) if order.rule]
        assert sorted((order.rule, order.due_date) for order in orders) == sorted(expected)

    @invariant()
    def a_due_day_ends_at_the_hospital_s_midnight(self) -> None:
        for order in list_work_orders(self.session, limit=10_000):
            if order.rule:
                instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=order.due_at)
                local = instant.astimezone(BERLIN)
                assert (local.hour, local.minute) == (0, 0)
                assert local.date() == date.fromisoformat(order.due_date) + timedelta(days=1)

    @invariant()
    def up_and_down_are_the_time_that_passed(self) -> None:
        for device in DEVICES:
            rows = self.session.exec(select(DowntimeRow).where(DowntimeRow.asset == device)).all()
            periods = [(float(row.start_at), float(row.end_at or self.now)) for row in rows]
            if self.now > START_US:
                found = uptime_of(periods, start=float(START_US), end=float(self.now))
                assert found.up + found.down == float(self.now - START_US)
                assert found.down == float(self.down_us[device])

    @invariant()
    def use_is_the_same_whenever_it_is_asked(self) -> None:
        assert usage_of(self.session, asset="pump-1").total == self.used

    @invariant()
    def what_was_charged_and_what_is_left_are_the_price(self) -> None:
        left = book_value(cost=COST, residual=RESIDUAL, life_months=LIFE, months=self.months)
        assert self.charged + left == COST
        assert left >= RESIDUAL
        assert (left == RESIDUAL) == (self.months >= LIFE)


PlannedCare.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
test_planned_care_keeps_its_promises: Any = PlannedCare.TestCase


def test_a_rule_entered_late_asks_for_nothing_of_years_ago_and_a_changed_one_counts_from_then() -> None:
    machine = PlannedCare()
    machine.begin()
    old = Rule(id="old", asset="pump-1", calendar=CalendarRule(months=1, anchor_on=date(2016, 1, 20)))
    save_rule(machine.session, act=machine.act(), rule=old)
    horizon = Horizon(today=date(2026, 1, 5), zone=BERLIN, days=30)

    first = generate(machine.session, act=machine.act(), horizon=horizon)
    save_rule(machine.session, act=machine.act(), rule=replace(old, title="renamed"))
    renamed = generate(machine.session, act=machine.act(), horizon=horizon)
    faster = replace(old.calendar, months=1, anchor_on=date(2016, 1, 10))  # type: ignore[type-var]
    save_rule(machine.session, act=machine.act(), rule=replace(old, calendar=faster))
    changed = generate(machine.session, act=machine.act(), horizon=horizon)
    machine.teardown()

    assert [order.due_date for order in first if order.rule == "old"] == ["2025-12-20", "2026-01-20"]
    assert [order for order in renamed if order.rule == "old"] == []
    assert [order.due_date for order in changed if order.rule == "old"] == ["2026-01-10"]
    assert {order.state for order in changed} == {WorkState.OPEN}
