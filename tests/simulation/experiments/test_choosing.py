"""Choosing among scenarios and looking for the cheapest counts, on queues of which the truth is known."""

import contextlib
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.experiments.choosing import Limit, Method, Wanted, choose, limit_of, plain_choice
from simulation.experiments.optimising import Lever, lever_of, optimise, plain_optimum
from simulation.experiments.request import Change, ExperimentRequest, Scenario
from simulation.experiments.sampling import AHEAD, Samples
from simulation.model.problems import PathwayError, Stopped
from simulation.statistics.formulae import mmc

WAIT = "wait.desk.mean_s"
QUEUE = {
    "name": "desk",
    "unit": "min",
    "pools": {"clerk": {"capacity": 3}, "porter": {"capacity": 5}},
    "arrivals": {"walk-in": {"to": "desk", "gap": "exp:mean=1 min"}},
    "nodes": {
        "desk": {"do": "seize", "pools": "clerk", "next": "work"},
        "work": {"do": "delay", "duration": "exp:mean=2.4 min", "next": "done"},
        "done": {"do": "release", "pools": "clerk", "next": "out"},
        "out": {"do": "exit"},
    },
}


def asked(*scenarios: Scenario, replications: int = 200) -> ExperimentRequest:
    return ExperimentRequest(
        pathway=QUEUE,
        scenarios=scenarios or (Scenario(name="as it is"),),
        horizon_s=36_000.0,
        warm_up_s=7_200.0,
        replications=replications,
        threads=2,
    )


def with_clerks(count: int) -> Scenario:
    return Scenario(name=f"{count} clerks", changes=(Change(path="pools.clerk.capacity", value=count),))


def true_wait_s(clerks: int) -> float:
    return mmc(1.0, 1 / 2.4, clerks).wait * 60


def test_two_scenarios_of_one_name_are_not_taken_for_each_other() -> None:
    few, many = with_clerks(3), Scenario(name="3 clerks", changes=with_clerks(8).changes)
    with Samples(asked(few, many)) as samples:
        waits = [samples.column(one, WAIT, range(4)).mean() for one in (few, many, few)]

    assert waits[0] == waits[2]
    assert waits[1] < waits[0] / 2


def test_the_shortest_wait_is_chosen_and_told_to_be_sure():
    found = choose(asked(*(with_clerks(n) for n in (3, 4, 5))), Wanted(measure=WAIT, zone=3.0))

    assert found.best == "5 clerks"
    assert found.is_sure
    assert [one.is_kept for one in found.candidates] == [False, False, True]
    assert found.candidates[1].value.mean == pytest.approx(true_wait_s(4), rel=0.5)


def test_what_breaks_a_limit_is_out_however_good_it_is():
    costly = [Scenario(name=f"{n}", changes=with_clerks(n).changes, cost_once=100.0 * n) for n in (3, 4, 5)]
    between = (true_wait_s(4) + true_wait_s(3)) / 2
    found = choose(asked(*costly), Wanted(measure="cost", zone=1.0, limits=(Limit(measure=WAIT, most=between),)))

    assert (found.best, found.is_sure) == ("4", True)
    assert [one.keeps_limits for one in found.candidates] == [False, True, True]


def test_nothing_is_best_if_nothing_keeps_the_limits():
    found = choose(
        asked(with_clerks(3), with_clerks(4)), Wanted(measure=WAIT, zone=1.0, limits=(Limit(measure=WAIT, most=0.01),))
    )

    assert (found.best, found.is_sure) == ("", False)
    assert not any(one.is_kept for one in found.candidates)


def test_twins_cannot_be_told_apart_and_that_is_said():
    twins = (
        with_clerks(4),
        Scenario(
            name="one porter more",
            changes=(
                Change(path="pools.clerk.capacity", value=4),
                Change(path="pools.porter.capacity", action="add", value=1),
            ),
        ),
    )
    found = choose(asked(*twins, replications=20), Wanted(measure=WAIT, zone=0.5))

    # the same patients give the same waits: each is as good as the other, within any zone
    assert found.candidates[0].value.mean == found.candidates[1].value.mean
    assert found.best in {one.name for one in twins}


def test_the_same_question_has_the_same_answer_on_any_number_of_threads():
    request = asked(with_clerks(3), with_clerks(4), replications=40)
    wanted = Wanted(measure=WAIT, zone=5.0, limits=(Limit(measure=WAIT, most=300.0),))
    one, two = (plain_choice(choose(replace(request, threads=n), wanted), wanted.limits) for n in (1, 2))

    assert one == two


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"wanted": Wanted(measure="pool.clerk.occupied", zone=1.0)}, "measure"),
        ({"wanted": Wanted(measure="wait.nowhere.mean_s", zone=1.0)}, "measure"),
        ({"wanted": Wanted(measure=WAIT, zone=0.0)}, "zone"),
        ({"wanted": Wanted(measure=WAIT, zone=math.nan)}, "zone"),
        ({"wanted": Wanted(measure=WAIT, zone=1.0, limits=(Limit(measure="wait.x", most=1.0),))}, "limit"),
        ({"scenarios": (with_clerks(3),)}, "scenarios"),
        ({"scenarios": (with_clerks(3), with_clerks(3))}, "scenarios"),
        ({"replications": 5}, "replications"),
    ],
)
def test_a_question_that_cannot_be_answered_names_the_place(change, place):
    scenarios = change.get("scenarios", (with_clerks(3), with_clerks(4)))
    request = asked(*scenarios, replications=change.get("replications", 20))
    with pytest.raises(PathwayError) as refused:
        choose(request, change.get("wanted", Wanted(measure=WAIT, zone=1.0)))

    assert refused.value.problem.field == place or refused.value.problem.place == place


def test_a_choice_is_called_off_between_blocks():
    with pytest.raises(Stopped):
        choose(asked(with_clerks(3), with_clerks(4)), Wanted(measure=WAIT, zone=1.0), lambda: True)


def test_replications_are_run_once_and_do_not_depend_on_who_asked_first():
    with Samples(asked()) as forward, Samples(asked()) as backward:
        scenario = with_clerks(4)
        late = backward.column(scenario, WAIT, range(10, 12))
        runs = backward.runs
        again = backward.column(scenario, WAIT, range(12))
        first = [forward.column(scenario, WAIT, range(n, n + 1))[0] for n in range(12)]

    assert runs == backward.runs == 2 * AHEAD
    assert np.array_equal(again, np.array(first))
    assert np.array_equal(again[10:], late)


def test_the_cheapest_counts_are_those_that_the_formula_gives():
    most = (true_wait_s(4) + true_wait_s(5)) / 2
    levers = (
        Lever(path="pools.clerk.capacity", low=3, high=9, price=500.0),
        Lever(path="pools.porter.capacity", low=2, high=9, price=100.0),
    )
    found = optimise(asked(), levers, (Limit(measure=WAIT, most=most),))

    assert found.best is not None
    assert found.best.point == (5, 2)  # porters do nothing here, so as few as allowed
    assert found.best.cost == 2700.0
    assert found.start.keeps_limits is False
    assert found.replications < 2_000


def test_upper_bounds_that_do_not_help_are_told():
    levers = (Lever(path="pools.clerk.capacity", low=3, high=4),)
    found = optimise(asked(replications=20), levers, (Limit(measure=WAIT, most=0.01),))

    assert found.best is None
    assert plain_optimum(found)["best"] is None
    assert {step.point for step in found.steps} == {(3,), (4,)}


@pytest.mark.parametrize(
    ("levers", "limits"),
    [
        ((), (Limit(measure=WAIT, most=1.0),)),
        ((Lever(path="pools.clerk.capacity", low=1, high=2),) * 2, (Limit(measure=WAIT, most=1.0),)),
        ((Lever(path="pools.nobody.capacity", low=1, high=2),), (Limit(measure=WAIT, most=1.0),)),
        ((Lever(path="nodes.desk.pools", low=1, high=2),), (Limit(measure=WAIT, most=1.0),)),
        ((Lever(path="pools.clerk.capacity", low=1, high=2),), ()),
        ((Lever(path="pools.clerk.capacity", low=1, high=2),), (Limit(measure="nothing", most=1.0),)),
    ],
)
def test_levers_and_limits_that_cannot_be_are_refused(levers, limits):
    with pytest.raises(PathwayError):
        optimise(asked(replications=10), levers, limits)


def test_levers_and_limits_are_read_from_texts():
    assert lever_of("pools.bay.capacity=4..20@500") == Lever(path="pools.bay.capacity", low=4, high=20, price=500.0)
    assert lever_of(" pools.nurse.shifts.0.units = 2 .. 6 ").price == 1.0
    assert limit_of("wait.triage.p95_s <= 900") == Limit(measure="wait.triage.p95_s", most=900.0)


@given(st.text(max_size=40))
def test_any_text_is_a_lever_or_a_limit_or_a_clear_error(text):
    for read in (lever_of, limit_of):
        with contextlib.suppress(PathwayError):
            read(text)


def test_each_point_that_was_taken_is_told_once_with_the_interval_that_its_answer_rests_on():
    levers = (Lever(path="pools.clerk.capacity", low=3, high=9, price=500.0),)
    most = true_wait_s(4) * 1.05
    found = optimise(asked(replications=400), levers, (Limit(measure=WAIT, most=most),))
    taken = [step.point for step in found.steps if step.is_taken]

    assert len(set(taken)) == len(taken)
    assert found.best is not None
    assert found.best.point == taken[-1]
    for step in found.steps:
        (value,) = step.limits
        if step.keeps_limits is not None and value.n > 10:
            # two-sided at the plain confidence: narrower than what the answer asked for, so it agrees with it
            assert (value.mean <= most) is step.keeps_limits


def by_budget(budget: int, *limits: Limit) -> Wanted:
    return Wanted(measure=WAIT, limits=limits, method=Method.BUDGET, budget=budget)


def test_a_budget_goes_where_the_best_are_hard_to_tell_apart():
    found = choose(asked(*(with_clerks(n) for n in (3, 4, 5))), by_budget(150))
    plain = plain_choice(found, ())

    assert found.best == "5 clerks"
    assert found.chance is not None
    assert 0.5 < found.chance <= 1
    assert sum(one.value.n for one in found.candidates) == 150
    assert found.candidates[0].value.n < found.candidates[1].value.n  # what is far from the best needs the fewest
    assert (plain["method"], plain["chance"]) == ("ocba", found.chance)


def test_twins_share_a_budget_and_are_not_told_to_be_sure():
    twin = Scenario(name="twin", changes=with_clerks(4).changes)
    found = choose(asked(with_clerks(4), twin), by_budget(60))

    assert found.is_sure is False
    assert found.chance == pytest.approx(0.5, abs=0.5)
    assert sum(one.value.n for one in found.candidates) == 60


def test_a_budget_is_not_spent_on_what_breaks_a_limit():
    between = (true_wait_s(4) + true_wait_s(3)) / 2
    found = choose(asked(*(with_clerks(n) for n in (3, 4, 5))), by_budget(60, Limit(measure=WAIT, most=between)))

    assert [one.keeps_limits for one in found.candidates] == [False, True, True]
    assert found.best == "5 clerks"


@pytest.mark.parametrize("budget", [0, 19, 1_000_001])
def test_a_budget_that_cannot_be_shared_out_is_refused(budget):
    with pytest.raises(PathwayError) as caught:
        choose(asked(with_clerks(3), with_clerks(4)), by_budget(budget))

    assert caught.value.problem.field == "budget"


def test_limits_and_levers_may_be_named_in_any_language() -> None:
    assert limit_of(" wait.等待 床位.p95_s <= 900") == Limit(measure="wait.等待 床位.p95_s", most=900.0)
    assert lever_of("pools.病床.capacity = 4..20@500").path == "pools.病床.capacity"
    for text in ("<=5", "a<=", "a<=b"):
        with pytest.raises(PathwayError):
            limit_of(text)
    for text in ("=4..5", "a=4..", "a=4..5@x"):
        with pytest.raises(PathwayError):
            lever_of(text)


def after(asks: int) -> Callable[[], bool]:
    """Say no so often, then yes."""
    left = iter(range(asks))
    return lambda: next(left, None) is None


def test_a_choice_that_is_called_off_tells_the_best_by_the_means_so_far():
    few, many = with_clerks(3), with_clerks(9)
    request, wanted = asked(few, many, replications=50_000), Wanted(measure=WAIT, zone=1e-6)
    with Samples(request) as samples:
        samples.measures(few)  # what has to be compiled is: from here on a block takes milliseconds

    found = choose(request, wanted, after(100))

    assert not found.is_complete
    assert not found.is_sure
    assert found.best == many.name
    assert len({one.value.n for one in found.candidates}) == 1  # over the same patients
    assert found.candidates[0].value.n >= AHEAD
    assert plain_choice(found, ())["is_complete"] is False


def test_a_search_that_is_called_off_gives_the_cheapest_point_that_is_known_to_keep_the_limits():
    lever, limit = Lever(path="pools.clerk.capacity", low=3, high=9), Limit(measure=WAIT, most=true_wait_s(4) * 1.5)
    whole = optimise(asked(), (lever,), (limit,))

    # Asked before each block: two tell the first point, the next one is not run.
    found = optimise(asked(), (lever,), (limit,), after(2))

    assert whole.is_complete
    assert not found.is_complete
    assert 0 < found.replications < whole.replications
    assert found.best is None or found.best.keeps_limits is True
    assert found.steps[0] == whole.steps[0]


def test_a_search_is_called_off_within_a_long_replication():
    with pytest.raises(Stopped):
        optimise(
            replace(asked(), horizon_s=3e9),
            (Lever(path="pools.clerk.capacity", low=3, high=9),),
            (Limit(measure=WAIT, most=60.0),),
            after(2),
        )
