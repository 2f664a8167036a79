"""Drift of devices: observed once, charted, an order with its plot on alarm, and what becomes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from assets.model.drift import AlertOutcome, Direction, DriftWatch, Feature
from assets.model.loads import MachineTest, MachineTestKind
from assets.model.machine import Machine
from assets.model.work import WorkState
from assets.service import documents, drift, work
from assets.service.cycles import SampleReader
from assets.service.loads import record_test
from assets.service.work import Finding
from assets.tables.reprocessing import save_machine
from tests.assets.conftest import House
from tests.assets.service.test_records import enter, pump
from twin.access import Role
from twin.clock import DAY_US, SECOND_US
from twin.errors import Forbidden, NotFound
from twin.events.work import TaskRequested

WATCH = DriftWatch(
    id="fridge", asset="pump-1", feature=Feature.MEAN, quantity="temperature_c", direction=Direction.UP, baseline_n=20
)


class Fridge:
    """Samples of one quantity, one value an hour that a test decides on by day."""

    def __init__(self, house: House, days: list[float]) -> None:
        self.end = house.clock.now() // DAY_US * DAY_US
        self.days = days
        self.asked: list[tuple[str, str]] = []

    def read(self, _session: Any, device: str, quantity: str, start: int, end: int) -> Any:
        self.asked.append((device, quantity))
        first = self.end - len(self.days) * DAY_US
        times = np.arange(start, end, 3600 * SECOND_US, dtype=np.int64)
        index = (times - first) // DAY_US
        inside = (index >= 0) & (index < len(self.days))
        noise = np.tile([-0.1, 0.1], len(times))[: len(times)]
        values = np.array(self.days)[np.clip(index, 0, len(self.days) - 1)] + noise
        return times[inside], values[inside]


def observe(house: House, read: SampleReader, asset: str = "pump-1") -> int:
    """Take in all that is there, as the hourly care does; give how many looks it took."""
    looks = 0
    while True:
        looks += 1
        found = house.ask(drift.gather, asset=asset, now=house.clock.now(), read=read)
        for gathered in found:
            house.do(drift.keep, gathered=gathered)
        if not any(gathered.has_more for gathered in found):
            return looks


def healthy(count: int) -> list[float]:
    return np.random.default_rng(4).normal(5.0, 0.2, count).tolist()


def watched(house: House, *days: float) -> Fridge:
    enter(house)
    house.do(drift.save_watch, act=house.act(), watch=WATCH)
    return Fridge(house, list(days))


def test_a_fridge_that_grows_warmer_leads_to_one_order_with_its_plot(house: House) -> None:
    fridge = watched(house, *healthy(30), *(5.0 + 0.3 * n for n in range(1, 9)))
    observe(house, fridge.read)

    alert = house.do(drift.look, act=house.act(), watch_id="fridge")
    again = house.do(drift.look, act=house.act(), watch_id="fridge")

    assert alert is not None
    assert again is None
    order, _version = house.ask(work.get_work_order, order_id=alert.work_order)
    (paper,) = house.ask(documents.documents_of, subject=order.id)
    _found, content = house.ask(documents.content_of, document_id=paper.id)
    assert (order.asset, order.state) == ("pump-1", WorkState.OPEN)
    assert (paper.media_type, content[:4]) == ("image/svg+xml", b"<svg")
    assert alert.baseline.n == 20
    assert alert.value > alert.baseline.mean
    assert [task.reason for task in house.events(TaskRequested)] == ["preventive"]


def test_taken_in_twice_or_after_an_outage_the_record_is_the_same(house: House) -> None:
    days = healthy(45)
    fridge = watched(house, *days)

    looks = observe(house, fridge.read)
    first = house.ask(drift.observations_of, watch=WATCH)
    observe(house, fridge.read)

    assert looks > 1
    assert house.ask(drift.observations_of, watch=WATCH) == first
    assert len(first) == 45
    assert [one.value for one in first] == pytest.approx(days)


def close(house: House, order_id: str, finding: str) -> None:
    house.clock.advance(60)
    _order, version = house.ask(work.get_work_order, order_id=order_id)
    house.do(work.start_work, act=house.act(), order_id=order_id, version=version)
    house.do(
        work.record_work, act=house.act(), order_id=order_id, version=version + 1, finding=Finding(finding=finding)
    )
    house.do(work.close_work_order, act=house.act(), order_id=order_id, version=version + 2)


@pytest.mark.parametrize(
    ("finding", "outcome", "keeps_baseline"),
    [
        ("no_problem_found", AlertOutcome.FALSE_ALARM, True),
        ("repaired", AlertOutcome.CONFIRMED, False),
    ],
)
def test_what_the_order_found_decides_what_the_chart_does_next(
    house: House, finding: str, outcome: AlertOutcome, keeps_baseline: bool
) -> None:
    fridge = watched(house, *healthy(30), *(5.0 + 0.3 * n for n in range(1, 9)))
    observe(house, fridge.read)
    alert = house.do(drift.look, act=house.act(), watch_id="fridge")
    assert alert is not None

    close(house, alert.work_order, finding)
    silent = house.do(drift.look, act=house.act(), watch_id="fridge")

    chart = house.ask(drift.chart_of, watch=house.ask(drift.get_watch, watch_id="fridge"))
    (settled,) = house.ask(drift.alerts)
    precision = drift.precision_of([settled])
    assert (silent, settled.outcome) == (None, outcome)
    assert (chart.baseline is not None) is keeps_baseline
    assert chart.alarm_index == -1
    assert (precision.hits, precision.n) == (int(outcome is AlertOutcome.CONFIRMED), 1)


def test_leak_tests_with_their_figure_are_charted(house: House) -> None:
    enter(house)
    house.do(lambda session: save_machine(session, Machine(id="pump-1")))
    watch = DriftWatch(id="leak", asset="pump-1", feature=Feature.LEAK_KPA_PER_MIN, baseline_n=10)
    house.do(drift.save_watch, act=house.act(), watch=watch)
    for value in (0.03, None, 0.04, 0.05):
        house.clock.advance(86_400)
        test = MachineTest(
            machine="pump-1",
            kind=MachineTestKind.LEAK,
            at=house.clock.now(),
            valid_until=house.clock.now() + DAY_US,
            is_passed=True,
            value=value,
        )
        house.do(record_test, act=house.act(), test=test)

    observe(house, lambda *_: (np.array([]), np.array([])))

    assert [one.value for one in house.ask(drift.observations_of, watch=watch)] == [0.03, 0.04, 0.05]


def test_another_source_begins_another_record_and_a_new_baseline_keeps_it(house: House) -> None:
    fridge = watched(house, *healthy(30))
    observe(house, fridge.read)
    house.clock.advance(3600)
    anew = house.do(drift.begin_anew, act=house.act(), watch_id="fridge")
    kept = house.ask(drift.observations_of, watch=WATCH)

    other = DriftWatch(id="fridge", asset="pump-1", feature=Feature.HIGHEST, quantity="temperature_c")
    house.do(drift.save_watch, act=house.act(), watch=other)

    assert anew.since_at == house.clock.now()
    assert len(kept) == 30
    assert house.ask(drift.observations_of, watch=other) == []


def test_only_who_may_write_work_orders_sets_watches_and_only_of_known_devices(house: House) -> None:
    enter(house, pump(1))
    with pytest.raises(Forbidden):
        house.do(drift.save_watch, act=house.act("nurse-1", Role.NURSE), watch=WATCH)
    with pytest.raises(NotFound):
        house.do(drift.save_watch, act=house.act(), watch=DriftWatch(id="x", asset="none", feature=Feature.HOLD_S))
    with pytest.raises(NotFound):
        house.ask(drift.get_watch, watch_id="none")


def test_a_watch_that_is_off_takes_nothing_in_and_says_nothing(house: House) -> None:
    from dataclasses import replace

    fridge = watched(house, *healthy(30), 9.0, 9.0)
    house.do(drift.save_watch, act=house.act(), watch=replace(WATCH, is_on=False))

    observe(house, fridge.read)

    assert fridge.asked == []
    assert house.do(drift.look, act=house.act(), watch_id="fridge") is None
