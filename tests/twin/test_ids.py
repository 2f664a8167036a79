"""Ids sort in the order in which they were made, whatever the clock does."""

from __future__ import annotations

import random
import threading
import uuid

from hypothesis import given
from hypothesis import strategies as st

from twin.ids import UniqueIds, instant_of_uuid7

AT = 1_645_557_742_000_000


@given(st.lists(st.tuples(st.integers(0, 2**50), st.integers(0, 50)), min_size=1, max_size=20))
def test_ids_ascend_though_the_clock_jumps(asked: list[tuple[int, int]]) -> None:
    ids = UniqueIds()

    made = [one for at, count in asked for one in ids.many(at, count)]

    assert made == sorted(set(made))
    assert all(uuid.UUID(one).version == 7 for one in made)
    assert all(uuid.UUID(one).variant == uuid.RFC_4122 for one in made)


def test_more_ids_in_one_millisecond_than_the_counter_holds_move_into_the_next() -> None:
    made = UniqueIds().many(AT, 5000)

    assert len(set(made)) == 5000
    assert {instant_of_uuid7(one) for one in made} == {AT, AT + 1000}


def test_many_ids_are_those_made_one_after_the_other() -> None:
    at_once = UniqueIds(random.Random(3).randbytes).many(AT, 300)
    one_by_one = UniqueIds(random.Random(3).randbytes)

    assert at_once == [one_by_one.next(AT) for _ in range(300)]


def test_threads_never_get_the_same_id() -> None:
    ids, made = UniqueIds(), []

    def take() -> None:
        for _ in range(50):
            made.extend(ids.many(AT, 20))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(made)) == len(made) == 8000
