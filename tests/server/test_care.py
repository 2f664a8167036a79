"""What the hospital does for its devices by itself."""

from __future__ import annotations

from datetime import date

from assets.model.maintenance import CalendarRule, Rule
from assets.model.register import Asset
from assets.service.act import Act
from assets.service.maintenance import save_rule
from assets.service.register import register_asset
from assets.service.replacement_counts import kept_cases
from assets.service.work import list_work_orders
from assets.tables.register import load_asset
from server import care
from server.care import count_replacements, look_after, next_count
from server.wiring import Hospital
from tests.server.conftest import Served
from twin.access import SYSTEM
from twin.clock import DAY_US, MINUTE_US


def enter(hospital: Hospital, count: int) -> None:
    now = hospital.clock.now()
    by_time = CalendarRule(months=12, anchor_on=date(2026, 1, 31), window_days=14)

    def use_case(session) -> None:
        for number in range(count):
            act = Act(actor=SYSTEM, now=now, key=f"enter-{number}", ledger=hospital.ledger)
            asset = Asset(id=f"d{number}", control_no=f"K{number}", category="pump", name=f"Pump {number}")
            register_asset(session, act=act, asset=asset)
            save_rule(session, act=act, rule=Rule(id=f"r{number}", asset=asset.id, calendar=by_time))

    hospital.write_now(use_case)


def orders(hospital: Hospital) -> list[str]:
    with hospital.read() as session:
        return [order.due_date for order in list_work_orders(session, limit=1000)]


async def test_due_orders_are_opened_once_in_parts_and_what_is_overdue_is_flagged(served: Served, monkeypatch) -> None:
    monkeypatch.setattr(care, "_ORDERS_AT_ONCE", 2)
    hospital = served.hospital
    enter(hospital, 5)

    first, again = look_after(hospital), look_after(hospital)
    served.clock.advance(60 * DAY_US // 1_000_000)
    look_after(hospital)

    assert (first, again) == (5, 0)
    assert orders(hospital) == ["2026-01-31"] * 5
    with hospital.read() as session:
        flagged = load_asset(session, "d0")
        assert (flagged.compliance, flagged.is_usable) == ("maintenance_overdue", True)


async def test_a_hospital_without_rules_is_left_alone(served: Served) -> None:
    before = served.hospital.live.sequence

    assert look_after(served.hospital) == 0
    assert served.hospital.live.sequence == before


async def test_replacements_are_counted_soon_at_first_and_by_night_from_then_on(served: Served) -> None:
    hospital, now = served.hospital, served.clock.now()
    enter(hospital, 3)

    soon = next_count(hospital, now)
    counted = count_replacements(hospital)
    later = next_count(hospital, now)

    assert (soon, counted) == (now + MINUTE_US, 3)
    assert MINUTE_US < later - now <= DAY_US
    with hospital.read() as session:
        assert kept_cases(session).count == 3
