"""Carts: several wards of one store together, the urgent first, never at the price of lateness or beyond what it holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.model.tasks import Task, TaskStatus
from scheduling.rules.carts import MOST_STOPS, carts_of, length_s, put_together, stops_of
from twin.clock import SECOND_US
from twin.events.work import TaskKind

AT_M = {"store": 0, "near": 50, "next": 60, "back": -200, "far": 500, "end": 520, "last": 540}
NOW = 1_767_600_000_000_000


def way(start: str, end: str) -> int:
    """Walk along one corridor, a metre a second."""
    return abs(AT_M[start] - AT_M[end])


def line(key: str, ward: str, **values: object) -> Task:
    given: dict[str, object] = {"kind": TaskKind.RESTOCK, "status": TaskStatus.CREATED, "from_place": "store"}
    return Task(id=key, to_place=ward, **{**given, **values})  # type: ignore[arg-type]  # test shorthand


def keys(carts: list[list[Task]]) -> list[list[str]]:
    return [[task.id for task in cart] for cart in carts]


def test_neighbouring_wards_share_a_cart_and_the_other_way_has_its_own() -> None:
    bundles = [[line("a", "near")], [line("b", "back")], [line("c", "next")]]

    assert keys(put_together(bundles, way, most=12, now=NOW)) == [["a", "c"], ["b"]]


def test_a_full_cart_takes_nothing_more() -> None:
    bundles = [[line("a", "near"), line("b", "near")], [line("c", "next"), line("d", "next")]]

    assert keys(put_together(bundles, way, most=3, now=NOW)) == [["a", "b"], ["c", "d"]]


def test_a_cart_goes_to_few_wards() -> None:
    bundles = [[line(ward, ward)] for ward in ("near", "next", "far", "end", "last")]

    carts = put_together(bundles, way, most=12, now=NOW)

    assert max(len(stops_of(cart)) for cart in carts) == MOST_STOPS


def test_what_could_come_in_time_by_itself_is_not_carried_about_first() -> None:
    first, urgent = [line("a", "far")], [line("b", "near", due_at=NOW + 100 * SECOND_US)]

    assert keys(put_together([first, urgent], way, most=12, now=NOW)) == [["a"], ["b"]]
    assert keys(put_together([urgent, first], way, most=12, now=NOW)) == [["b", "a"]]


@pytest.mark.parametrize(
    "other",
    [
        {"from_place": "near"},  # another store
        {"kind": TaskKind.TRANSPORT},  # a patient is no line of a cart
        {"status": TaskStatus.PICKED},  # on somebody's cart already
        {"from_place": ""},  # from nowhere
    ],
)
def test_what_does_not_begin_in_the_same_way_is_carried_by_itself(other: dict[str, object]) -> None:
    tasks = [line("a", "near"), replace(line("b", "next"), **other)]  # type: ignore[arg-type]  # test shorthand

    assert keys(carts_of(tasks, most=12)) == [["a"], ["b"]]


lines_of = st.lists(st.builds(line, st.uuids().map(str), st.sampled_from(["near", "next", "back", "far"])), max_size=12)


@given(lines_of, st.integers(1, 6))
def test_nothing_is_lost_and_no_cart_holds_more_than_it_can(tasks: list[Task], most: int) -> None:
    carts = put_together([[task] for task in tasks], way, most=most, now=NOW)

    assert sorted(task.id for cart in carts for task in cart) == sorted(task.id for task in tasks)
    assert all(len(cart) <= most and len(stops_of(cart)) <= MOST_STOPS for cart in carts)


@given(lines_of)
def test_a_shared_cart_walks_less_than_a_way_for_each_ward(tasks: list[Task]) -> None:
    for cart in put_together([[task] for task in tasks], way, most=12, now=NOW):
        wards = [stop[0].to_place for stop in stops_of(cart)]
        out_and_back = sum(2 * way("store", ward) for ward in wards) - way("store", wards[-1])
        assert length_s("store", wards, way) <= out_and_back
