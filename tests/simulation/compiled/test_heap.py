"""The heap of the kernel gives events in their order, however they were put in."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.compiled import layout as at
from simulation.compiled.heap import NEVER, drop_first, earlier, empty_heap, push, push_late, settle_late
from simulation.numerics.compiling import compiled


@compiled
def is_earlier(time: int, key: int, other_time: int, other_key: int) -> bool:
    """Call what only compiled code can call."""
    return bool(earlier(time, key, other_time, other_key))


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
@given(st.tuples(*[st.one_of(st.integers(0, 2), st.integers(0, NEVER))] * 4))
def test_earlier_is_the_order_of_time_and_then_of_key(words: tuple[int, int, int, int]) -> None:
    time, key, other_time, other_key = words

    assert is_earlier(time, key, other_time, other_key) == ((time, key) < (other_time, other_key))


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
