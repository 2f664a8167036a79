"""A deadlock is told with the instant at which it arose and with those who made it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.model.plan import Waiting
from simulation.model.problems import Deadlock
from simulation.statistics.deadlock import refuse_deadlock, stuck_for_ever
from tests.simulation.pathways import HOUR, MINUTE, both, plan_of

Document = dict[str, Any]


def crossing(*, at: int, followers: int = 0) -> Document:
    """Two patients who come at an instant, each holding what the other wants, and some who only queue behind."""
    nodes: Document = {"out": {"do": "exit"}}
    if followers:
        nodes["queue"] = {"do": "seize", "pools": "x", "next": "leave"}
        nodes["leave"] = {"do": "release", "pools": "x", "next": "out"}
    for name, (first, second) in {"a": ("x", "y"), "b": ("y", "x")}.items():
        nodes |= {
            f"{name}1": {"do": "seize", "pools": first, "next": f"{name}2"},
            f"{name}2": {"do": "delay", "duration": 5 if name == "a" else 7, "next": f"{name}3"},
            f"{name}3": {"do": "seize", "pools": second, "next": f"{name}4"},
            f"{name}4": {"do": "release", "pools": [first, second], "next": "out"},
        }
    arrivals: Document = {name: {"at": [at], "to": f"{name}1"} for name in ("a", "b")}
    if followers:
        arrivals["late"] = {"at": [at + 20 + number for number in range(followers)], "to": "queue"}
    return {"pools": {"x": {"capacity": 1}, "y": {"capacity": 1}}, "arrivals": arrivals, "nodes": nodes}


@pytest.mark.parametrize("followers", [0, 5])
def test_the_deadlock_is_dated_to_the_last_who_made_it_in_both_engines(followers: int) -> None:
    plan = plan_of(crossing(at=60, followers=followers), hours=12)

    for outcome in both(plan):
        with pytest.raises(Deadlock) as caught:
            refuse_deadlock(outcome.waiting, plan)
        assert caught.value.at_us == HOUR + 7 * MINUTE
        assert caught.value.waiting == (("a 0", ("x",), ("y",)), ("b 0", ("y",), ("x",)))


def test_the_message_names_patients_resources_and_the_hour() -> None:
    plan = plan_of(crossing(at=60), hours=2)

    with pytest.raises(Deadlock, match=r"1\.117 h after the start: a 0 holds x and waits for y; b 0 holds y"):
        refuse_deadlock(both(plan)[0].waiting, plan)


def test_what_is_held_is_told_in_one_order_by_both_engines() -> None:
    nodes: Document = {
        "taken": {"do": "seize", "pools": "z", "next": "stay"},
        "stay": {"do": "delay", "duration": 600, "next": "given"},
        "given": {"do": "release", "pools": "z", "next": "out"},
        "y": {"do": "seize", "pools": "y", "next": "x"},
        "x": {"do": "seize", "pools": "x", "next": "z"},
        "z": {"do": "seize", "pools": "z", "next": "all"},
        "all": {"do": "release", "pools": ["x", "y", "z"], "next": "out"},
        "out": {"do": "exit"},
    }
    arrivals: Document = {"first": {"at": [0], "to": "taken"}, "late": {"at": [5], "to": "y"}}
    pools = {name: {"capacity": 1} for name in "xyz"}

    fast, slow = both(plan_of({"pools": pools, "arrivals": arrivals, "nodes": nodes}, hours=1))

    assert fast.waiting == slow.waiting
    assert [one.held for one in slow.waiting] == [(("x", 1), ("y", 1))]


def test_a_run_without_a_deadlock_is_left_alone() -> None:
    plan = plan_of(crossing(at=60), hours=1.05)  # ends before the two have met

    refuse_deadlock(both(plan)[0].waiting, plan)


waits = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("xyz"), st.integers(0, 50)), min_size=1, max_size=7)


@given(waits)
@settings(max_examples=200, deadline=None)
def test_those_named_are_stuck_by_themselves_and_none_can_be_spared(told: list[tuple[str, str, int]]) -> None:
    document = crossing(at=0)
    document["pools"]["z"] = {"capacity": 1}
    plan = plan_of(document, hours=1)
    taken: set[str] = set()
    waiting = []
    for number, (held, wanted, since) in enumerate(told):
        holds = () if held in taken else ((held, 1),)  # a unit is in one pair of hands only
        taken.add(held)
        waiting.append(Waiting(name=f"p{number}", node="a1", held=holds, needs=((wanted, 1),), since_us=since * MINUTE))
    by_name = {one.name: one for one in waiting}

    if not stuck_for_ever(waiting, plan):
        refuse_deadlock(waiting, plan)
        return
    with pytest.raises(Deadlock) as caught:
        refuse_deadlock(waiting, plan)

    named = [by_name[name] for name, _held, _needs in caught.value.waiting]
    assert stuck_for_ever(named, plan) == named
    for one in named:
        assert not stuck_for_ever([other for other in named if other is not one], plan)
    assert caught.value.at_us == max(one.since_us for one in named)
    earlier = [one for one in waiting if one.since_us < caught.value.at_us]
    assert not stuck_for_ever(earlier, plan)  # no minute before was anybody stuck
