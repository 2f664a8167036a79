"""The check of rounds refuses each kind of broken round."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scheduling.checker.routes import RouteRule, check_routes
from scheduling.model.routes import Carrier, Dropped, DropReason, Round, RoutePlan, RouteTask, Stop
from tests.scheduling.rounds import problem_with

PORTER = Carrier(id="c", start="p0", end="p0", until_s=1000, capacity=2, role="porter", committed=("a",))
TASKS = [
    RouteTask(id="a", place="p1", service_s=60, amount=1),
    RouteTask(id="b", place="p3", from_place="p2", service_s=10, earliest_s=200, latest_s=300, amount=1, prize=500),
]
GOOD = Round(
    carrier="c",
    stops=(
        Stop(task="a", arrive_s=30, begin_s=30, leave_s=90),
        Stop(task="b", arrive_s=120, begin_s=200, leave_s=240),
    ),
    walking_s=30 + 30 + 30 + 90,
)


def rules(plan: RoutePlan, tasks: list[RouteTask] = TASKS, carrier: Carrier = PORTER) -> set[RouteRule]:
    """Give the rules that a plan breaks."""
    return {found.rule for found in check_routes(problem_with(tasks, [carrier]), plan).violations}


def test_a_good_round_is_good_and_its_walking_is_added_up() -> None:
    report = check_routes(problem_with(TASKS, [PORTER]), RoutePlan(rounds=(GOOD,)))

    assert report.is_valid
    assert (report.walking_s, report.lost_prize, report.cost) == (180, 0, 180)


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        ({"carrier": "nobody"}, RouteRule.UNKNOWN),
        ({"walking_s": 100}, RouteRule.SUM),
        ({"stops": GOOD.stops[::-1]}, RouteRule.COMMITTED),  # the promised task is not the first
        ({"stops": (*GOOD.stops, GOOD.stops[1])}, RouteRule.TWICE),
        ({"stops": (*GOOD.stops, replace(GOOD.stops[1], task="x"))}, RouteRule.UNKNOWN),
        ({"stops": (replace(GOOD.stops[0], arrive_s=20), GOOD.stops[1])}, RouteRule.WALKING),
        ({"stops": (GOOD.stops[0], replace(GOOD.stops[1], begin_s=150))}, RouteRule.WINDOW),  # before it may begin
        ({"stops": (GOOD.stops[0], replace(GOOD.stops[1], begin_s=301, leave_s=341))}, RouteRule.WINDOW),  # too late
        ({"stops": (GOOD.stops[0], replace(GOOD.stops[1], leave_s=230))}, RouteRule.ORDER),  # carried in no time
    ],
)
def test_a_broken_round_is_refused(changed: dict[str, object], rule: RouteRule) -> None:
    assert rule in rules(RoutePlan(rounds=(replace(GOOD, **changed),)))


@pytest.mark.parametrize(
    ("task", "carrier", "rule"),
    [
        (replace(TASKS[1], amount=2), PORTER, RouteRule.CAPACITY),
        (replace(TASKS[1], roles=frozenset({"cleaner"})), PORTER, RouteRule.ROLE),
        (TASKS[1], replace(PORTER, until_s=300), RouteRule.SHIFT),
    ],
)
def test_what_the_carrier_cannot_do_is_refused(task: RouteTask, carrier: Carrier, rule: RouteRule) -> None:
    assert rules(RoutePlan(rounds=(GOOD,)), [TASKS[0], task], carrier) == {rule}


def test_tasks_in_no_round_must_be_named_and_cost_their_prize() -> None:
    short = replace(GOOD, stops=GOOD.stops[:1], walking_s=60)
    dropped = (Dropped(task="b", reason=DropReason.NOT_WORTH),)

    assert rules(RoutePlan(rounds=(short,))) == {RouteRule.FORGOTTEN}
    report = check_routes(problem_with(TASKS, [PORTER]), RoutePlan(rounds=(short,), dropped=dropped))
    assert report.is_valid
    assert report.cost == 60 + 500
    required = [TASKS[0], replace(TASKS[1], is_required=True)]
    assert rules(RoutePlan(rounds=(short,), dropped=dropped), required) == {RouteRule.REQUIRED}
    assert rules(RoutePlan(rounds=(GOOD,), dropped=dropped)) == {RouteRule.TWICE}
    assert RouteRule.COMMITTED in rules(RoutePlan(dropped=dropped))


def test_a_promise_that_is_late_already_is_told_and_breaks_nothing() -> None:
    late = [replace(TASKS[0], latest_s=10), TASKS[1]]

    report = check_routes(problem_with(late, [PORTER]), RoutePlan(rounds=(GOOD,)))

    assert report.is_valid
    assert report.late_s == 20
