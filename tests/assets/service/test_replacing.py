"""What speaks for the replacement of a device, over the years in which its failures are on record."""

from __future__ import annotations

import pytest

from assets.model.register import Asset
from assets.model.work import WorkKind, WorkOrder
from assets.service import work
from assets.service.register import register_asset
from assets.service.replacing import YEAR_US, device_case
from assets.tables.rows import RecordsSinceRow
from tests.assets.conftest import House


def old_pump(house: House, **fields: int) -> None:
    """Enter a pump of ten years today, and let it fail once in the year that follows."""
    own = {"commissioned_at": house.clock.now() - 10 * YEAR_US} | fields
    asset = Asset(id="pump-1", control_no="C-1", category="pump", name="Pump", cost=100_000, **own)
    house.do(register_asset, act=house.act(), asset=asset)


def fail_after_a_year(house: House) -> None:
    house.clock.set(house.clock.now() + YEAR_US)
    order = WorkOrder(id="w", asset="pump-1", kind=WorkKind.CORRECTIVE)
    house.do(work.open_work_order, act=house.act(), order=order)


def test_years_before_the_register_are_no_years_without_a_failure(house: House) -> None:
    old_pump(house)
    fail_after_a_year(house)

    case = house.ask(device_case, asset="pump-1", now=house.clock.now())

    assert case is not None
    assert case.years == pytest.approx(1.0)
    assert case.facts.failures_per_year == pytest.approx(1.0)


def test_years_whose_failures_were_taken_over_from_an_earlier_system_count(house: House) -> None:
    old_pump(house)
    since = house.clock.now() - YEAR_US
    house.do(lambda session: session.add(RecordsSinceRow(asset="pump-1", since_at=since)))
    fail_after_a_year(house)

    case = house.ask(device_case, asset="pump-1", now=house.clock.now())

    assert case is not None
    assert case.years == pytest.approx(2.0)
    assert case.facts.failures_per_year == pytest.approx(0.5)


def test_a_device_commissioned_after_its_entry_counts_from_then(house: House) -> None:
    old_pump(house, commissioned_at=house.clock.now() + YEAR_US // 2)
    fail_after_a_year(house)

    case = house.ask(device_case, asset="pump-1", now=house.clock.now())

    assert case is not None
    assert case.years == pytest.approx(0.5)
