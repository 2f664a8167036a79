"""The heap of the kernel gives events in their order, however they were put in."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.compiled import layout as at
from simulation.compiled.heap import NEVER, drop_first, empty_heap, push, push_late, replace_first, settle_late


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 7)), min_size=1, max_size=60), st.data())
def test_heap_gives_events_in_order_of_time_phase_and_coming(
    events: list[tuple[int, int]], data: st.DataObject
) -> None:
    heap, state = empty_heap(60), np.zeros(at.GLOBAL_WIDTH, dtype=np.int64)
    inside: list[tuple[int, int, int]] = []
    for number, (time, phase) in enumerate(events):
        push(heap, state, time, phase, number, -number)
        inside.append((time, phase, number))
        if data.draw(st.booleans()):
            inside.sort()
            assert (heap[0], heap[1] >> 56, heap[2], heap[3]) == (*inside[0], -inside[0][2])
            drop_first(heap, state)
            del inside[0]
    for time, phase, number in sorted(inside):
        assert (heap[0], heap[1] >> 56, heap[2], heap[3]) == (time, phase, number, -number)
        drop_first(heap, state)
    assert state[at.HEAP_SIZE] == 0


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 7)), min_size=1, max_size=40),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 7)), max_size=40),
)
def test_event_in_the_place_of_the_first_is_as_one_taken_out_and_one_put_in(
    events: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    one, other = empty_heap(60), empty_heap(60)
    first, second = np.zeros(at.GLOBAL_WIDTH, dtype=np.int64), np.zeros(at.GLOBAL_WIDTH, dtype=np.int64)
    for number, (time, phase) in enumerate(events):
        push(one, first, time, phase, number, 0)
        push(other, second, time, phase, number, 0)

    for number, (time, phase) in enumerate(others):
        replace_first(one, first, time, phase, 100 + number, 0)
        drop_first(other, second)
        push(other, second, time, phase, 100 + number, 0)
    drained = []
    for heap, state in ((one, first), (other, second)):
        drained.append([])
        while state[at.HEAP_SIZE] > 0:
            drained[-1].append(tuple(heap[:4].tolist()))
            drop_first(heap, state)

    assert drained[0] == drained[1]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 7), st.integers(0, 2)), min_size=1, max_size=60), st.data()
)
def test_event_put_off_comes_in_the_same_order_as_one_put_in_at_once(
    events: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    heap, plain = empty_heap(60), empty_heap(60)
    state, other = np.zeros(at.GLOBAL_WIDTH, dtype=np.int64), np.zeros(at.GLOBAL_WIDTH, dtype=np.int64)
    state[at.LATE_TIME] = NEVER

    def first_of_both() -> None:
        if state[at.LATE_TIME] <= heap[0]:  # as the kernel does before it looks at the first event
            settle_late(heap, state)
        assert heap[:4].tolist() == plain[:4].tolist()
        drop_first(heap, state)
        drop_first(plain, other)

    for number, (time, phase, how) in enumerate(events):
        (push if how == 0 else push_late)(heap, state, time, phase, number, -number)
        push(plain, other, time, phase, number, -number)
        if data.draw(st.booleans()):
            first_of_both()
    while other[at.HEAP_SIZE] > 0:
        first_of_both()

    assert state[at.HEAP_SIZE] == 0
    assert state[at.LATE_TIME] == NEVER
