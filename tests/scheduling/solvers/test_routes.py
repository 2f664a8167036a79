"""Rounds made by the search pass the checker, keep what is promised and name what they drop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pyvrp import Route as Walk
from pyvrp import Solution

from scheduling.checker.routes import check_routes
from scheduling.model.routes import FAR_S, Carrier, DropReason, RouteProblem, RouteTask
from scheduling.solvers.routes.dispatching import _Rounds, plan_routes
from scheduling.solvers.routes.searching import RouteSettings
from tests.scheduling.rounds import grid, problem_with, random_rounds
from twin.errors import InputError

QUICK = RouteSettings(iterations=60)
PORTER = Carrier(id="c", start="p0", until_s=4000, role="porter")


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rounds_pass_the_checker_and_account_for_every_task(seed: int) -> None:
    problem = random_rounds(seed)

    plan = plan_routes(problem, QUICK)

    report = check_routes(problem, plan)
    assert report.is_valid, report.violations
    done = [stop.task for found in plan.rounds for stop in found.stops]
    assert sorted([*done, *(found.task for found in plan.dropped)]) == sorted(task.id for task in problem.tasks)
    for carrier in problem.carriers:
        own = [stop.task for found in plan.rounds if found.carrier == carrier.id for stop in found.stops]
        assert tuple(own[: len(carrier.committed)]) == carrier.committed


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_what_the_search_counts_is_what_the_checker_counts_after_every_move(seed: int) -> None:
    problem, chance = random_rounds(seed), np.random.default_rng(seed)
    rounds = _Rounds(problem)
    assume(rounds.free)
    data = rounds._data()
    kind_of = {at: kind for kind, group in enumerate(rounds.groups) for at in group}
    visits: dict[int, list[int]] = {at: [] for at in kind_of}
    apart = set()
    for _ in range(25):
        task = int(chance.integers(len(rounds.free)))
        for own in visits.values():
            if task in own:
                own.remove(task)
        if chance.random() < 0.8:  # else it is dropped
            own = visits[int(chance.choice(list(visits)))]
            own.insert(int(chance.integers(len(own) + 1)), task)

        found = Solution(data, [Walk(data, own, kind_of[at]) for at, own in visits.items() if own])
        report = check_routes(problem, rounds._told({at: own for at, own in visits.items() if own}))

        assert found.is_feasible() == report.is_valid, report.violations
        if report.is_valid:
            # what no choice changes: the walks of what is promised, and the way home of who has nothing else to do
            promised = sum(
                one.walked_s + (rounds._home(one.place, one.carrier) if one.stops and not visits[at] else 0)
                for at, one in enumerate(rounds.ready)
            )
            hopeless = sum(task.prize for task in problem.tasks if task.id in rounds.reason_by_task)
            apart.add(report.cost - promised - hopeless - found.distance() - found.uncollected_prizes())
    assert apart <= {0}


def test_iterations_and_seed_give_the_same_rounds_again() -> None:
    problem = random_rounds(3, n_tasks=20)

    assert plan_routes(problem, QUICK) == plan_routes(problem, QUICK)


def test_planning_again_from_the_rounds_of_a_moment_ago_is_never_worse() -> None:
    problem = random_rounds(7, n_tasks=30)
    before = plan_routes(problem, RouteSettings(iterations=150))

    again = plan_routes(problem, RouteSettings(iterations=5), previous=before)

    assert check_routes(problem, again).cost <= check_routes(problem, before).cost


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ({"roles": frozenset({"biomed"})}, DropReason.NO_ROLE),
        ({"amount": 9}, DropReason.TOO_MUCH),
        ({"place": "p15", "latest_s": 10}, DropReason.TOO_LATE),
        ({"place": "p15", "prize": 20}, DropReason.NOT_WORTH),
    ],
)
def test_a_task_that_is_dropped_tells_why(task: dict[str, object], reason: DropReason) -> None:
    hard = replace(RouteTask(id="hard", place="p5", amount=1), **task)
    carrier = replace(PORTER, capacity=3, end="p0")

    plan = plan_routes(problem_with([RouteTask(id="easy", place="p1", amount=1), hard], [carrier]), QUICK)

    assert [(found.task, found.reason) for found in plan.dropped] == [("hard", reason)]
    assert [stop.task for stop in plan.rounds[0].stops] == ["easy"]


def test_a_place_without_a_way_is_told() -> None:
    places, seconds = grid()
    seconds[:, 5] = FAR_S
    problem = RouteProblem(places=places, seconds=seconds, tasks=(RouteTask(id="t", place="p5"),), carriers=(PORTER,))

    assert plan_routes(problem, QUICK).dropped[0].reason is DropReason.NO_WAY


def test_without_tasks_or_carriers_there_is_an_empty_plan() -> None:
    assert plan_routes(problem_with([], [PORTER]), QUICK).rounds == ()
    nobody = plan_routes(problem_with([RouteTask(id="t", place="p1")], []), QUICK)
    assert [found.reason for found in nobody.dropped] == [DropReason.NO_ROLE]


def test_a_search_ends_when_told() -> None:
    plan = plan_routes(random_rounds(1), RouteSettings(seconds=3600.0), should_stop=lambda: True)

    assert check_routes(random_rounds(1), plan).is_valid


@pytest.mark.parametrize(
    "make",
    [
        lambda: RouteTask(id="", place="p1"),  # no id
        lambda: RouteTask(id="t", place="p1", service_s=-1),  # negative time
        lambda: RouteTask(id="t", place="p1", earliest_s=5, latest_s=4),  # window upside down
        lambda: Carrier(id="c", start="p0", capacity=-1),  # negative capacity
        lambda: Carrier(id="c", start="p0", from_s=9, until_s=8),  # shift upside down
        lambda: problem_with([RouteTask(id="t", place="nowhere")], [PORTER]),  # unknown place of a task
        lambda: problem_with([], [replace(PORTER, end="nowhere")]),  # unknown place of a carrier
        lambda: problem_with([RouteTask(id="t", place="p1")] * 2, [PORTER]),  # one id twice
        lambda: problem_with([], [PORTER, PORTER]),  # one carrier twice
        lambda: problem_with([], [replace(PORTER, committed=("x",))]),  # promise of an unknown task
        lambda: RouteProblem(places=("a",), seconds=np.zeros((2, 2), np.int64), tasks=(), carriers=()),  # wrong shape
        lambda: RouteProblem(places=("a",), seconds=-np.ones((1, 1), np.int64), tasks=(), carriers=()),  # negative way
        lambda: RouteSettings(seconds=0.0),
        lambda: RouteSettings(seed=-1),
    ],
)
def test_values_out_of_range_are_refused(make: object) -> None:
    with pytest.raises(InputError):
        make()  # type: ignore[operator]


def required(n: int, **changes: object) -> RouteTask:
    return RouteTask(id=f"m{n}", place=f"p{n}", is_required=True, **changes)  # type: ignore[arg-type]  # of a task


def test_more_than_all_carriers_can_take_is_dropped_by_name_and_the_rest_is_done() -> None:
    tasks = tuple(required(at, amount=2) for at in range(1, 8))
    carriers = [Carrier(id=name, start="p0", end="p0", until_s=9000, capacity=6) for name in "ab"]
    problem = problem_with(list(tasks), carriers)

    plan = plan_routes(problem, QUICK)

    # two carriers of 6 take three tasks of 2 each
    assert sum(len(found.stops) for found in plan.rounds) == 6
    assert len(plan.dropped) == 1
    assert not check_routes(problem, plan).is_valid  # the checker tells which one


def test_what_cannot_be_reached_in_time_together_is_dropped_and_the_rest_is_done() -> None:
    # far apart and at the same time, each alone in reach of the one carrier
    far = RouteTask(id="far", place="p15", earliest_s=0, latest_s=600, service_s=10, is_required=True)
    near = [replace(required(at), latest_s=600, service_s=400) for at in (1, 2, 4)]
    problem = problem_with([far, *near], [Carrier(id="a", start="p0", end="p0", until_s=9000)])

    plan = plan_routes(problem, RouteSettings(iterations=200))

    done = [stop.task for found in plan.rounds for stop in found.stops]
    assert len(done) >= 2
    assert sorted([*done, *(found.task for found in plan.dropped)]) == ["far", "m1", "m2", "m4"]


@pytest.mark.parametrize("threads", [2, 3])
def test_several_threads_give_the_best_of_their_rounds_and_the_same_again(threads: int) -> None:
    problem = random_rounds(7, n_tasks=30)

    one = plan_routes(problem, RouteSettings(iterations=100, seed=3))
    several = plan_routes(problem, RouteSettings(iterations=100, seed=3, threads=threads))

    assert check_routes(problem, several).cost <= check_routes(problem, one).cost
    assert several == plan_routes(problem, RouteSettings(iterations=100, seed=3, threads=threads))


def test_one_task_is_a_round_too() -> None:
    problem = problem_with([required(3)], [Carrier(id="a", start="p0", end="p0", until_s=9000)])

    plan = plan_routes(problem, QUICK)

    assert [stop.task for found in plan.rounds for stop in found.stops] == ["m3"]
    assert check_routes(problem, plan).is_valid
