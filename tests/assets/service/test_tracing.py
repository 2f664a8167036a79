"""Sets traced to cases and recalled, and maintenance generated: the same whoever runs it how often."""

from __future__ import annotations

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlmodel import Session

from assets.model.loads import DAY_S, Indicator, IndicatorKind, LoadItem
from assets.model.machine import Machine
from assets.model.maintenance import Anchor, CalendarRule, Rule
from assets.model.measurements import Calibration, CalibrationPoint
from assets.model.regions import ComplianceFlag
from assets.model.register import Asset
from assets.model.work import WorkState
from assets.rules.due_dates import compliance_of, local_day
from assets.service.loads import list_loads, open_load, record_indicator, release_load
from assets.service.maintenance import Horizon, flag_overdue, generate, performed_in, save_rule
from assets.service.measuring import flag_out_of_date, record_calibration
from assets.service.register import register_asset
from assets.service.tracing import chain_of, recall_closure, record_use, require_issuable, uses_of
from assets.service.work import cancel_work_order, close_work_order, start_work
from assets.tables.register import load_asset
from assets.tables.reprocessing import save_machine
from assets.tables.rows import CycleRow, LoadRow
from tests.assets.conftest import House
from twin.clock import SECOND_US
from twin.errors import Refused
from twin.events.supply import Verdict
from twin.events.watch import AlarmRaised
from twin.events.work import TaskRequested

ZONE = ZoneInfo("Europe/Berlin")


def reprocess(house: House, machine: str, *sets: str, released: bool = True) -> str:
    """Let sets go through a cycle that passes, ten minutes long, and release them."""
    house.do(save_machine, machine=Machine(id=machine))
    items = [LoadItem(set_instance=name, gtin="09506000134352", shelf_life_s=DAY_S) for name in sets]
    load = house.do(open_load, act=house.act(), machine=machine, items=items)
    start = house.clock.now()
    cycle = f"{machine}:{start}"
    house.clock.advance(600)

    def run(session: Any) -> None:
        session.add(CycleRow(id=cycle, machine=machine, start_at=start, end_at=house.clock.now(), verdict=Verdict.PASS))
        row = session.get(LoadRow, load.id)
        row.cycle, row.state = cycle, "pending"
        session.add(row)
        session.flush()

    house.do(run)
    if released:
        house.do(release_load, act=house.act(), load_id=load.id)
    house.clock.advance(60)
    return cycle


def use(house: House, name: str, case: str) -> Any:
    house.clock.advance(60)
    found = house.do(record_use, act=house.act(), set_instance=name, case_id=case, at=house.clock.now())
    house.clock.advance(60)
    return found


def biological(house: House, cycle: str, *, is_passed: bool) -> None:
    one = Indicator(cycle=cycle, name="BI", kind=IndicatorKind.BIOLOGICAL, at=house.clock.now(), is_passed=is_passed)
    house.do(record_indicator, act=house.act(), indicator=one)


def test_a_released_set_is_traced_from_cycle_to_case(house: House) -> None:
    cycle = reprocess(house, "s1", "tray-a")

    found = use(house, "tray-a", "case-1")

    assert (found.cycle, found.flags) == (cycle, ())
    assert house.events(AlarmRaised) == []


@pytest.mark.parametrize(
    ("prepare", "flag"),
    [
        (lambda house: None, "set.never_reprocessed"),
        (lambda house: reprocess(house, "s1", "tray-a", released=False), "set.pending"),
        (lambda house: (reprocess(house, "s1", "tray-a"), house.clock.advance(DAY_S)), "set.expired"),
        (lambda house: (reprocess(house, "s1", "tray-a"), use(house, "tray-a", "case-0")), "set.used_already"),
        (lambda house: biological(house, reprocess(house, "s1", "tray-a"), is_passed=False), "set.recalled"),
    ],
)
def test_what_should_not_have_been_used_is_stored_as_it_happened_and_raises_an_alarm(
    house: House, prepare: Any, flag: str
) -> None:
    prepare(house)

    with pytest.raises(Refused) as refused:
        house.ask(require_issuable, set_instance="tray-a", at=house.clock.now())
    found = use(house, "tray-a", "case-1")

    assert flag in refused.value.reasons
    assert flag in found.flags
    assert "reprocessing.exposure" in [alarm.alarm_class for alarm in house.events(AlarmRaised)]


def test_recall_reaches_all_since_the_last_proof_and_nobody_else(house: House) -> None:
    biological(house, reprocess(house, "s1", "tray-0"), is_passed=True)
    first = reprocess(house, "s1", "tray-a", "tray-d")
    use(house, "tray-a", "case-1")
    reprocess(house, "s2", "tray-d")
    use(house, "tray-d", "case-2")
    failed = reprocess(house, "s1", "tray-b", "tray-c")
    use(house, "tray-b", "case-3")
    use(house, "tray-0", "case-4")
    biological(house, failed, is_passed=False)

    closure = house.ask(recall_closure, cycle_id=failed)

    assert closure.cycles == (first, failed)
    assert [(one.set_instance, one.case_id) for one in closure.exposed] == [("tray-a", "case-1"), ("tray-b", "case-3")]
    assert closure.to_retrieve == ("tray-c",)
    assert len(closure.loads) == 2


def test_the_chain_is_that_of_the_time_of_use(house: House) -> None:
    first = reprocess(house, "s1", "tray-a")
    between = house.clock.now()
    second = reprocess(house, "s2", "tray-a")

    assert house.ask(chain_of, set_instance="tray-a", at=between).cycle == first
    assert house.ask(chain_of, set_instance="tray-a", at=house.clock.now()).cycle == second
    assert house.ask(chain_of, set_instance="tray-a", at=between - 700 * SECOND_US).cycle == ""


@pytest.fixture
def kept(house: House) -> House:
    house.do(register_asset, act=house.act(), asset=Asset(id="p", control_no="1", category="c", name="P"))
    by_time = CalendarRule(months=6, anchor_on=date(2026, 1, 31))
    house.do(save_rule, act=house.act(), rule=Rule(id="pm", asset="p", title="Service", calendar=by_time))
    return house


def run(house: House, today: date, days: int = 60) -> list[str]:
    horizon = Horizon(today=today, zone=ZONE, days=days)
    return [order.due_date for order in house.do(generate, act=house.act(), horizon=horizon)]


def test_orders_are_opened_once_whoever_runs_it_how_often_and_after_an_outage(kept: House) -> None:
    assert run(kept, date(2026, 1, 5)) == ["2026-01-31"]
    assert run(kept, date(2026, 1, 5)) == []
    assert run(kept, date(2027, 2, 10)) == ["2026-07-31", "2027-01-31"]
    assert len(kept.events(TaskRequested)) == 3


def test_a_day_without_change_asks_no_more_of_the_database_the_more_devices_there_are(house: House) -> None:
    asked: list[int] = []
    horizon = Horizon(today=date(2026, 3, 10), zone=ZONE)

    def count(session: Session) -> None:
        said: list[str] = []
        connection = session.connection()

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            said.append(statement)

        event.listen(connection, "before_cursor_execute", note)
        assert flag_overdue(session, act=house.act(), horizon=horizon) == []
        assert flag_out_of_date(session, act=house.act()) == []
        event.remove(connection, "before_cursor_execute", note)
        asked.append(len(said))

    for number in range(6):
        name = f"d{number}"
        house.do(register_asset, act=house.act(), asset=Asset(id=name, control_no=name, category="c", name=name))
        rule = Rule(id=name, asset=name, title="Service", calendar=CalendarRule(months=6, anchor_on=date(2026, 1, 31)))
        house.do(save_rule, act=house.act(), rule=rule)
        now, point = (
            house.clock.now(),
            CalibrationPoint(quantity="t", unit="°C", nominal=37.0, as_found=37.0, tolerance=1.0),
        )
        done = Calibration(id=name, asset=name, at=now, points=(point,), valid_until=now + DAY_S * SECOND_US)
        house.do(record_calibration, act=house.act(), calibration=done)
        house.database.writer.run(count)

    assert asked[0] == asked[-1]


def test_overdue_devices_are_flagged_and_unflagged_and_compliance_counts_by_due_day(kept: House) -> None:
    run(kept, date(2026, 1, 5))
    late = Horizon(today=date(2026, 3, 10), zone=ZONE)
    assert kept.do(flag_overdue, act=kept.act(), horizon=late) == ["p"]
    assert ComplianceFlag.MAINTENANCE_OVERDUE in kept.ask(load_asset, asset_id="p").compliance
    assert kept.ask(load_asset, asset_id="p").is_usable

    kept.clock.advance(30 * DAY_S)
    kept.do(start_work, act=kept.act(), order_id="pm:pm:2026-01-31", version=1)
    closed = kept.do(close_work_order, act=kept.act(), order_id="pm:pm:2026-01-31", version=2)
    assert closed.state is WorkState.CLOSED
    assert kept.do(flag_overdue, act=kept.act(), horizon=late) == ["p"]

    period = {"start_on": date(2026, 1, 1), "end_on": date(2026, 12, 31), "zone": ZONE}
    figures = compliance_of(kept.ask(performed_in, **period), as_of=date(2026, 12, 31))
    assert (figures.due, figures.in_window, figures.strict) == (1, 1, 1.0)


def test_a_floating_rule_waits_for_its_completion(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=Asset(id="p", control_no="1", category="c", name="P"))
    by_time = CalendarRule(months=1, anchor_on=date(2026, 1, 5), anchor=Anchor.FLOATING)
    house.do(save_rule, act=house.act(), rule=Rule(id="fl", asset="p", calendar=by_time))
    assert run(house, date(2026, 1, 5)) == ["2026-01-05"]
    assert run(house, date(2026, 6, 5)) == []

    house.do(close_work_order, act=house.act(), order_id="pm:fl:2026-01-05", version=1)

    assert run(house, date(2026, 1, 6)) == ["2026-02-05"]


def cancel(house: House, order: str) -> None:
    house.do(cancel_work_order, act=house.act(), order_id=order, version=1, reason="on loan")


def test_a_floating_rule_goes_on_after_one_of_its_orders_was_given_up(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=Asset(id="p", control_no="1", category="c", name="P"))
    by_time = CalendarRule(months=6, anchor_on=date(2026, 1, 31), anchor=Anchor.FLOATING)
    house.do(save_rule, act=house.act(), rule=Rule(id="fl", asset="p", calendar=by_time))
    assert run(house, date(2026, 1, 20)) == ["2026-01-31"]

    cancel(house, "pm:fl:2026-01-31")
    assert run(house, date(2026, 2, 20)) == []
    assert run(house, date(2026, 7, 1)) == ["2026-07-31"]
    cancel(house, "pm:fl:2026-07-31")

    assert run(house, date(2027, 1, 1)) == ["2027-01-31"]


def test_a_floating_rule_is_never_due_in_a_blackout_or_out_of_season(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=Asset(id="p", control_no="1", category="c", name="P"))
    closed = ((date(2026, 1, 1), date(2026, 1, 9)), (date(2026, 2, 1), date(2026, 2, 20)))
    by_time = CalendarRule(months=1, anchor_on=date(2026, 1, 5), anchor=Anchor.FLOATING, blackouts=closed)
    house.do(save_rule, act=house.act(), rule=Rule(id="fl", asset="p", calendar=by_time))

    first = run(house, date(2026, 1, 5))
    house.do(close_work_order, act=house.act(), order_id="pm:fl:2026-01-10", version=1)

    assert first == ["2026-01-10"]
    assert run(house, date(2026, 1, 6)) == ["2026-02-21"]


def test_what_is_due_on_the_day_of_entry_is_asked_for_west_of_greenwich_too(house: House) -> None:
    house.do(register_asset, act=house.act(), asset=Asset(id="p", control_no="1", category="c", name="P"))
    chicago = ZoneInfo("America/Chicago")
    house.clock.advance(18 * 3600)  # the evening of the day before in Chicago
    today = local_day(house.clock.now(), chicago)
    assert today < local_day(house.clock.now(), ZoneInfo("UTC"))
    by_time = CalendarRule(months=12, anchor_on=today, window_days=0)

    house.do(save_rule, act=house.act(), rule=Rule(id="r", asset="p", calendar=by_time), zone=chicago)

    assert run(house, today) == [today.isoformat()]


def test_a_use_sent_again_after_the_release_keeps_what_was_wrong_with_it(house: House) -> None:
    reprocess(house, "s1", "tray-a", released=False)
    at = house.clock.now()
    told = {"set_instance": "tray-a", "case_id": "case-1", "at": at}
    first = house.do(record_use, act=house.act(), **told)
    (load,) = house.ask(list_loads)
    house.do(release_load, act=house.act(), load_id=load.id)

    again = house.do(record_use, act=house.act(), **told)

    assert first.flags == ("set.pending",)
    assert again == first
    assert house.ask(uses_of, set_instance="tray-a") == [first]


def test_an_earlier_use_that_is_told_late_flags_the_later_one(house: House) -> None:
    reprocess(house, "s1", "tray-a")
    early = house.clock.now()
    later = use(house, "tray-a", "case-2")
    assert later.flags == ()

    house.do(record_use, act=house.act(), set_instance="tray-a", case_id="case-1", at=early)

    held = {one.case_id: one.flags for one in house.ask(uses_of, set_instance="tray-a")}
    assert held == {"case-1": (), "case-2": ("set.used_already",)}
    assert [dict(alarm.parameters)["case"] for alarm in house.events(AlarmRaised)] == ["case-2"]
