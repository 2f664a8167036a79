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


def convoy(*, bays: int, size: int = 4, **batch: Any) -> Document:
    """Patients who take a bay and then wait until so many are together."""
    return {
        "pools": {"bay": {"capacity": bays}},
        "arrivals": {"door": {"at": [0, 10, 20, 30, 40], "to": "take"}},
        "nodes": {
            "take": {"do": "seize", "pools": "bay", "next": "look"},
            "look": {"do": "delay", "duration": 5, "next": "convoy"},
            "convoy": {"do": "batch", "size": size, "next": "leave", **batch},
            "leave": {"do": "release", "pools": "bay", "next": "out"},
            "out": {"do": "exit"},
        },
    }


def test_a_batch_whose_members_hold_what_the_missing_ones_need_is_a_deadlock() -> None:
    plan = plan_of(convoy(bays=3), hours=3)

    for outcome in both(plan):
        with pytest.raises(Deadlock, match=r"holds bay and waits for 1 more at 'convoy'.*longest wait") as caught:
            refuse_deadlock(outcome.waiting, plan, outcome.under_way)
        assert [who for who, _held, _needs in caught.value.waiting] == ["door 0", "door 1", "door 2"]
        assert caught.value.at_us == 25 * MINUTE  # when the third bay went into the convoy


@pytest.mark.parametrize(
    ("document", "hours"),
    [
        (convoy(bays=4), 3.0),  # four went, and the fifth waits for three more, who may come
        (convoy(bays=3, max_wait=60), 0.5),  # it goes unfilled at last
        (convoy(bays=3, size=3), 0.35),  # the third holds its bay and is on the way to the batch
    ],
)
def test_a_batch_that_may_still_go_is_no_deadlock(document: Document, hours: float) -> None:
    plan = plan_of(document, hours=hours)

    for outcome in both(plan):
        assert outcome.inside > 0
        refuse_deadlock(outcome.waiting, plan, outcome.under_way)


def test_a_second_way_to_the_batch_with_units_to_give_keeps_it_from_being_a_deadlock() -> None:
    document = convoy(bays=3)
    document["pools"]["tent"] = {"capacity": 9}
    document["nodes"]["take"] |= {"pools": ["bay", "tent"], "any_of": True}
    document["nodes"]["leave"] = {"do": "release", "of": "take", "next": "out"}
    plan = plan_of(document, hours=3)

    for outcome in both(plan):
        assert outcome.inside == 1  # the fifth, waiting for three more
        refuse_deadlock(outcome.waiting, plan, outcome.under_way)


def test_branches_that_wait_for_what_other_patients_hold_are_a_deadlock() -> None:
    nodes: Document = {"out": {"do": "exit"}}
    for name, first, second in (("a", "x", "y"), ("b", "y", "x")):
        nodes |= {
            name: {"do": "seize", "pools": first, "next": f"{name}-fork"},
            f"{name}-fork": {"do": "fork", "branches": [f"{name}-look", f"{name}-test"], "join": f"{name}-join"},
            f"{name}-look": {"do": "delay", "duration": 5, "next": f"{name}-join"},
            f"{name}-test": {"do": "delay", "duration": 2, "next": f"{name}-room"},
            f"{name}-room": {"do": "serve", "pools": second, "duration": 3, "next": f"{name}-join"},
            f"{name}-join": {"do": "join", "next": f"{name}-leave"},
            f"{name}-leave": {"do": "release", "pools": first, "next": "out"},
        }
    arrivals = {"a": {"at": [0], "to": "a"}, "b": {"at": [1], "to": "b"}}
    plan = plan_of({"pools": {k: {"capacity": 1} for k in "xy"}, "arrivals": arrivals, "nodes": nodes}, hours=1)

    for outcome in both(plan):
        with pytest.raises(Deadlock) as caught:
            refuse_deadlock(outcome.waiting, plan, outcome.under_way)
        assert caught.value.at_us == 3 * MINUTE
        assert caught.value.waiting == (
            ("a 0", ("x",), ("its branches at 'a-join'",)),
            ("b 0", ("y",), ("its branches at 'b-join'",)),
            ("a 0", (), ("y",)),
            ("b 0", (), ("x",)),
        )


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
