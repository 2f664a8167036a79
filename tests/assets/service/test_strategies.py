"""Alternative schedules: allowed by rule only, watched, and taken back where devices fail more often."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from assets.model.maintenance import CalendarRule, Rule, Strategy
from assets.model.strategies import Alternative, StrategyEnd
from assets.rules.due_dates import local_day
from assets.service import maintenance, strategies
from assets.service.maintenance import Horizon
from assets.tables.rows import DowntimeRow
from tests.assets.conftest import House
from tests.assets.service.test_records import UTC, enter, pump
from twin.access import Role
from twin.clock import DAY_US, HOUR_US
from twin.errors import FieldError, Forbidden, NotFound, Refused

FLEET = 10


def today(house: House) -> date:
    return local_day(house.clock.now(), UTC)


def alternative(house: House, **fields: Any) -> Alternative:
    own = {
        "id": "a",
        "manufacturer": "Acme",
        "model": "IP 20",
        "strategy": Strategy.AEM,
        "months": 24,
        "evidence": "Three years without a finding, file 7",
        "review_on": today(house) + timedelta(days=730),
    }
    return Alternative(**own | fields)


def fleet(house: House, *, years: float = 3.0, failures: int = 3) -> None:
    """Ten devices with a yearly rule, watched for years with a few failures long ago."""
    now = house.clock.now()
    born = now - int(years * 365 * DAY_US)
    enter(house, *(pump(n, commissioned_at=born) for n in range(1, FLEET + 1)))
    for n in range(1, FLEET + 1):
        rule = Rule(
            id=f"r{n}", asset=f"pump-{n}", calendar=CalendarRule(months=12, anchor_on=today(house)), title="Check"
        )
        house.do(maintenance.save_rule, act=house.act(), rule=rule)
        # A first failure early in its life tells since when it is watched.
        fail(house, n, born + DAY_US)
    for n in range(failures):
        fail(house, 1 + n % FLEET, born + (n + 2) * 30 * DAY_US)


def fail(house: House, device: int, at: int) -> None:
    row = DowntimeRow(asset=f"pump-{device}", start_at=at, end_at=at + HOUR_US)
    house.do(lambda session: session.merge(row))


def months(house: House) -> set[int]:
    rules = house.ask(maintenance.rules_of)
    return {rule.calendar.months for rule in rules if rule.calendar is not None}


def look(house: House) -> list[Alternative]:
    going = house.ask(strategies.to_be_taken_back, now=house.clock.now(), today=today(house))
    return house.do(strategies.take_back, act=house.act(), going=going)


def test_a_model_gets_another_interval_on_evidence_and_its_old_one_back(house: House) -> None:
    fleet(house)

    begun = house.do(strategies.begin, act=house.act(), alternative=alternative(house), today=today(house))
    changed = months(house)
    ended = house.do(strategies.end, act=house.act(), alternative_id="a", reason="The maker forbids it.")

    assert (len(begun.months_by_rule), changed, months(house)) == (FLEET, {24}, {12})
    assert (ended.ended_by, ended.ended_note) == (StrategyEnd.PERSON, "The maker forbids it.")
    assert house.ask(strategies.strategy_of, manufacturer="ACME", model="ip 20") is Strategy.OEM
    with pytest.raises(Refused):
        house.do(strategies.end, act=house.act(), alternative_id="a", reason="again")


@pytest.mark.parametrize(
    ("fields", "years"),
    [
        ({"is_imaging": True}, 3.0),
        ({"is_laser": True}, 3.0),
        ({}, 0.5),  # less than a year of records
        ({"strategy": Strategy.RUN_TO_FAILURE, "months": 0}, 3.0),  # its failure can hurt
        ({"strategy": Strategy.INSPECTION}, 3.0),
    ],
)
def test_the_rules_forbid_it_where_the_manufacturers_schedule_binds(
    house: House, fields: dict[str, Any], years: float
) -> None:
    fleet(house, years=years, failures=0)

    with pytest.raises(Refused) as refused:
        house.do(strategies.begin, act=house.act(), alternative=alternative(house, **fields), today=today(house))

    assert refused.value.code == "strategy.not_allowed"
    assert months(house) == {12}


def test_it_takes_itself_back_when_devices_fail_more_often(house: House) -> None:
    fleet(house)
    house.do(strategies.begin, act=house.act(), alternative=alternative(house), today=today(house))
    house.clock.advance(180 * 86_400)
    assert look(house) == []
    for n in range(1, FLEET + 1):
        for again in (1, 40):
            fail(house, n, house.clock.now() - (n + again) * DAY_US)

    (ended,) = look(house)

    assert (ended.ended_by, months(house)) == (StrategyEnd.FAILURES, {12})
    assert "→ 20/" in ended.ended_note
    assert look(house) == []


def test_it_takes_itself_back_when_its_evidence_is_past_its_review(house: House) -> None:
    fleet(house)
    soon = alternative(house, review_on=today(house) + timedelta(days=30))
    house.do(strategies.begin, act=house.act(), alternative=soon, today=today(house))
    house.clock.advance(31 * 86_400)

    (ended,) = look(house)

    assert (ended.ended_by, months(house)) == (StrategyEnd.REVIEW, {12})


def test_a_model_run_to_failure_asks_for_nothing_until_it_is_taken_back(house: House) -> None:
    fleet(house)
    run = alternative(house, strategy=Strategy.RUN_TO_FAILURE, months=0, is_critical=False)
    house.do(strategies.begin, act=house.act(), alternative=run, today=today(house))
    horizon = Horizon(today=today(house), zone=UTC, days=400)

    resting = house.do(maintenance.generate, act=house.act(), horizon=horizon)
    ahead = house.ask(maintenance.work_ahead, start_on=today(house), end_on=today(house) + timedelta(days=400))
    house.do(strategies.end, act=house.act(), alternative_id="a", reason="Needed for accreditation.")
    again = house.do(maintenance.generate, act=house.act(), horizon=horizon)

    assert (resting, ahead) == ([], [])
    assert len({order.asset for order in again}) == FLEET


def test_what_lacks_evidence_devices_or_leave_is_refused(house: House) -> None:
    fleet(house, failures=0)
    begin = {"act": house.act(), "today": today(house)}
    with pytest.raises(FieldError, match="evaluation"):
        house.do(strategies.begin, alternative=alternative(house, evidence=" "), **begin)
    with pytest.raises(FieldError, match="review"):
        house.do(strategies.begin, alternative=alternative(house, review_on=today(house)), **begin)
    with pytest.raises(NotFound):
        house.do(strategies.begin, alternative=alternative(house, model="none"), **begin)
    with pytest.raises(Forbidden):
        house.do(
            strategies.begin,
            act=house.act("nurse-1", Role.NURSE),
            alternative=alternative(house),
            today=today(house),
        )
    house.do(strategies.begin, alternative=alternative(house), **begin)
    with pytest.raises(Refused) as twice:
        house.do(strategies.begin, alternative=alternative(house, id="b"), **begin)
    assert twice.value.code == "strategy.in_force"


@pytest.mark.parametrize(
    "fields",
    [{"strategy": Strategy.OEM}, {"months": 0}, {"strategy": Strategy.RUN_TO_FAILURE}, {"error_share": 0.5}],
)
def test_what_is_no_alternative_is_refused(house: House, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Expected"):
        alternative(house, **fields)
