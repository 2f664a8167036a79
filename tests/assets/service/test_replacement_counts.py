"""What speaks for replacements is counted once and kept; who asks for it afterwards has nothing computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from assets.model.regions import OperationalState
from assets.model.register import Asset
from assets.model.studio import Studio
from assets.rules.replacement_score import WEIGHTS, score_replacement
from assets.service import replacement_counts
from assets.service.register import register_asset
from assets.service.replacement_counts import count_anew, kept_cases, was_counted
from assets.service.replacing import YEAR_US, device_cases, plan_cases, plan_from_register, rank_stability
from assets.tables.rows import AssetRow
from tests.assets.conftest import House


def enter(house: House, *numbers: int, category: str = "pump") -> None:
    for number in numbers:
        asset = Asset(
            id=f"{category}-{number}",
            control_no=f"{category}-{number}",
            category=category,
            name=f"Device {number}",
            cost=100_000 + number,
            criticality=1 + number % 5,
            commissioned_at=house.clock.now() - number * YEAR_US,
        )
        house.do(register_asset, act=house.act(), asset=asset)


def count(house: House) -> int:
    return count_anew(house.database.read, house.database.writer.run, now=house.clock.now())


@contextmanager
def statements(house: House) -> Iterator[list[str]]:
    """Collect what is asked of the database."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    with house.database.read() as session:
        engine = session.get_bind()
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def test_what_was_counted_is_what_the_register_says(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacement_counts, "_PIECE", 2)
    enter(house, 1, 7, 3)
    enter(house, 5, category="scope")

    counted = count(house)

    found, pumps = house.ask(kept_cases), house.ask(kept_cases, category="pump", limit=2)
    assert counted == found.count == 4
    assert list(found.cases) == house.ask(device_cases, now=house.clock.now())
    assert (found.counted_at, found.missing) == (house.clock.now(), 0)
    assert list(pumps.cases) == house.ask(device_cases, now=house.clock.now(), category="pump")[:2]
    assert pumps.count == 3


def test_nothing_is_kept_before_the_first_count(house: House) -> None:
    enter(house, 1)

    found = house.ask(kept_cases)

    assert (found.cases, found.count, found.counted_at, found.missing) == ((), 0, 0, 1)
    assert not house.ask(was_counted)


def test_a_device_that_came_since_is_missing_and_one_that_is_gone_is_not_shown(house: House) -> None:
    enter(house, 1, 2)
    count(house)
    before = house.clock.now()
    house.clock.advance(3600)
    enter(house, 3)

    def retire(session: Session) -> None:
        session.execute(
            sa.update(AssetRow).where(AssetRow.id == "pump-1").values(operational=OperationalState.RETIRED.value)
        )

    house.do(retire)
    found = house.ask(kept_cases)
    assert ([one.asset for one in found.cases], found.missing, found.counted_at) == (["pump-2"], 1, before)

    count(house)
    again = house.ask(kept_cases)
    assert ({one.asset for one in again.cases}, again.missing) == ({"pump-2", "pump-3"}, 0)
    assert again.counted_at == house.clock.now()


def test_as_many_statements_are_asked_of_many_devices_as_of_few_and_none_of_their_past(house: House) -> None:
    asked = []
    for numbers in (range(1, 4), range(4, 40)):
        enter(house, *numbers)
        count(house)
        with statements(house) as told:
            house.ask(kept_cases, limit=200)
        asked.append(told)

    few, many = asked
    assert len(few) == len(many)
    past = ("assets_work_order", "assets_downtime", "assets_notice_match", "assets_records_since", "assets_model")
    assert not [one for one in many if any(table in one for table in past)]


def test_a_plan_of_what_was_counted_is_the_plan_of_the_register(house: House) -> None:
    enter(house, *range(1, 12))
    count(house)
    studio = Studio(budgets=(200_000, 200_000))

    kept = plan_cases(house.ask(kept_cases).cases, studio=studio)
    told = house.ask(plan_from_register, studio=studio, now=house.clock.now())

    assert kept == told


def test_the_ranking_is_as_firm_as_when_every_score_is_made_anew(house: House) -> None:
    enter(house, *range(1, 30))
    cases = house.ask(device_cases, now=house.clock.now())

    shares = []
    for name in WEIGHTS:
        for factor in (0.8, 1.2):
            weights = {**WEIGHTS, name: WEIGHTS[name] * factor}
            scores = {case.asset: score_replacement(case.facts, weights=weights).score for case in cases}
            top = sorted(scores, key=lambda asset: (-scores[asset], asset))[:10]
            shares.append(len({case.asset for case in cases[:10]}.intersection(top)) / 10)

    assert rank_stability(cases) == min(shares)
