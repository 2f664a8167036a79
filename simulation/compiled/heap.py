"""The heap of what is to happen, in which each event has four below it. All compiled.

``H`` holds four words for each event, time, key, event and aux, and ``G`` the globals of a run. Nothing here allocates;
the one bound is checked and reported in ``G[ERROR]``.
"""

# ruff: noqa: N803  (capitals are the arrays of the kernel, as the package says)

from __future__ import annotations

import numpy as np
from numba import config, types
from numba.extending import intrinsic

from simulation.compiled.layout import (
    ERROR,
    HEAP_FULL,
    HEAP_SIZE,
    LATE_AUX,
    LATE_EVENT,
    LATE_KEY,
    LATE_TIME,
    NATURAL,
    SEQUENCE,
)
from simulation.model.plan import Integers
from simulation.numerics.compiling import woven

NEVER = (1 << 63) - 1
BEHIND = 4  # entries behind the last one that must never happen: a family of four begins with one that does


def empty_heap(room: int) -> Integers:
    """Give a heap without events that has room for so many."""
    heap = np.empty(4 * (room + BEHIND), dtype=np.int64)
    heap[: 4 * BEHIND] = NEVER
    return heap


def _earlier_in_python(time: int, key: int, other_time: int, other_key: int) -> bool:
    return (time < other_time) | ((time == other_time) & (key < other_key))


if getattr(config, "DISABLE_JIT", 0):
    earlier = _earlier_in_python
else:

    @intrinsic
    def earlier(typing_context, time, key, other_time, other_key):  # type: ignore[no-untyped-def]  # numba's own protocol
        """Tell whether an event comes before another one: time and key, none negative, compared as one wide number.

        Two instructions, where two comparisons, an equality and their joining were six; a family of the heap takes
        three of these, each of which waits for the one before.
        """
        from llvmlite import ir  # type: ignore[import-untyped]  # it carries no types

        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            wide = ir.IntType(128)
            time, key, other_time, other_key = (builder.zext(argument, wide) for argument in arguments)
            shift = ir.Constant(wide, 64)
            one = builder.or_(builder.shl(time, shift), key)
            other = builder.or_(builder.shl(other_time, shift), other_key)
            return builder.icmp_unsigned("<", one, other)

        return types.boolean(*(types.int64,) * 4), generate


@woven
def push(H: Integers, G: Integers, time: int, phase: int, event: int, aux: int) -> None:
    """Put an event into the heap; the key is (time, phase, sequence)."""
    i = G[HEAP_SIZE] & NATURAL
    if 4 * (i + BEHIND) >= H.shape[0]:
        G[ERROR] = HEAP_FULL
        return
    G[HEAP_SIZE] = i + 1
    H[4 * (i + BEHIND)] = NEVER
    # Phase above sequence: one comparison of a number settles both.
    key = (phase << 56) | G[SEQUENCE]
    G[SEQUENCE] += 1
    settle(H, i, time, key, event, aux)


@woven
def push_late(H: Integers, G: Integers, time: int, phase: int, event: int, aux: int) -> None:
    """Put an event into the heap not now but before the next one put in so, or when its turn comes.

    The place of a delay's end in the heap waits for its draw and its logarithm, and a wrong guess of that place throws
    away what the processor has begun of the next event. Put off by one event, the instant is known when it is needed,
    and what comes first in the heap is known meanwhile: nearly always another one. The order of events is the same.
    """
    settle_late(H, G)
    G[LATE_TIME] = time
    G[LATE_KEY] = (phase << 56) | G[SEQUENCE]
    G[LATE_EVENT] = event
    G[LATE_AUX] = aux
    G[SEQUENCE] += 1


@woven
def settle_late(H: Integers, G: Integers) -> None:
    """Put the event that was put off into the heap, if there is one."""
    time = G[LATE_TIME]
    if time == NEVER:
        return
    G[LATE_TIME] = NEVER
    i = G[HEAP_SIZE] & NATURAL
    if 4 * (i + BEHIND) >= H.shape[0]:
        G[ERROR] = HEAP_FULL
        return
    G[HEAP_SIZE] = i + 1
    H[4 * (i + BEHIND)] = NEVER
    settle(H, i, time, G[LATE_KEY], G[LATE_EVENT], G[LATE_AUX])


@woven
def settle(H: Integers, hole: int, time: int, key: int, event: int, aux: int) -> None:
    """Put an event into a hole of the heap, or above it where those above come later."""
    i = hole & NATURAL
    while i > 0:
        parent = ((i - 1) & NATURAL) >> 2
        at = parent << 2
        above, order = H[at], H[at + 1]
        if earlier(above, order, time, key):
            break
        _move(H, at, i << 2, above, order)
        i = parent
    to = i << 2
    H[to], H[to + 1], H[to + 2], H[to + 3] = time, key, event, aux


@woven
def first_of_family(H: Integers, i: int) -> tuple[int, int, int]:
    """Give index, time and key of the earliest of the four entries below one.

    By sums rather than branches, since a branch would be guessed wrong every other time. Entries behind the last one
    never happen, so that the last family needs no rule of its own.
    """
    at = 16 * i + 4
    t, k, u, m = H[at], H[at + 1], H[at + 4], H[at + 5]
    is_second = earlier(u, m, t, k)
    t, k = (u, m) if is_second else (t, k)
    v, p, w, q = H[at + 8], H[at + 9], H[at + 12], H[at + 13]
    is_fourth = earlier(w, q, v, p)
    v, p = (w, q) if is_fourth else (v, p)
    is_late = earlier(v, p, t, k)
    t, k = (v, p) if is_late else (t, k)
    child = 4 * i + 1 + (2 + int(is_fourth) if is_late else int(is_second))
    return child & NATURAL, t, k


@woven
def drop_first(H: Integers, G: Integers) -> None:
    """Take the first event out of the heap, in which each event has four below it.

    The hole goes down to a leaf without asking where the last event belongs, which nearly always is far down.
    """
    n = (G[HEAP_SIZE] - 1) & NATURAL
    G[HEAP_SIZE] = n
    last = n << 2
    time, key, event, aux = H[last], H[last + 1], H[last + 2], H[last + 3]
    H[last] = NEVER
    if n == 0:
        return
    i = 0
    while 4 * i + 1 < n:
        child, t, k = first_of_family(H, i)
        _move(H, child << 2, i << 2, t, k)
        i = child
    settle(H, i, time, key, event, aux)


@woven
def _move(H: Integers, source: int, target: int, time: int, key: int) -> None:
    # Word by word in this order: a compiler that may load all four at once makes the processor wait until the four
    # stores that put them there have reached its cache, which took 6 % of the kernel's time.
    H[target] = time
    H[target + 1] = key
    H[target + 2] = H[source + 2]
    H[target + 3] = H[source + 3]
