"""The kernel's own machinery: heap, rows of patients, queues, pools, log. All compiled.

Arrays: ``P`` one row per patient, ``R`` state and ``S`` settings of the pools, ``A`` areas under their curves, ``H``
the heap, ``G`` the globals. Nothing here allocates; every bound is checked and reported in ``G[ERROR]``.
"""

# ruff: noqa: N803  (capitals are the arrays of the kernel, as the package says)

from __future__ import annotations

import math

import numpy as np

from simulation.compiled.layout import (
    AREA_BUSY,
    AREA_OVERTIME,
    AREA_QUEUE,
    AREA_STAFFED,
    AREA_TURNING,
    ASKED,
    ASKED_SEQ,
    BINS,
    BUSY,
    CAP,
    DELAY,
    DELAYED,
    DUE,
    DURATION,
    ENTRIES,
    ERROR,
    EVICTED,
    EVICTED_POOL,
    EVICTED_UNITS,
    FINISH,
    FREE,
    FREE_COUNT,
    GRANT_COUNT,
    GRANT_FIRST,
    GRANTED,
    HEAP_FULL,
    HEAP_SIZE,
    HELD_AT,
    HIGH,
    LAST,
    LEVEL,
    LEVELS,
    LOG_FULL,
    LOG_SIZE,
    NEXT_ROW,
    NODE,
    NOW,
    OP_C,
    OP_CODE,
    OVERTIME,
    POOL_EVICTION,
    POOL_FIFO,
    POOL_SHIFT_END,
    POOL_TRACKED,
    QUEUED,
    ROW_WIDTH,
    ROWS_FULL,
    SEQUENCE,
    START_COUNT,
    START_FIRST,
    STATE,
    STATE_WIDTH,
    TOKEN,
    TRACK_AT,
    TURNING,
)
from simulation.model.plan import Floats, Integers
from simulation.numerics.compiling import compiled, woven


@woven
def push(H: Integers, G: Integers, time: int, phase: int, event: int, aux: int) -> None:
    """Put an event into the heap; the key is (time, phase, sequence)."""
    i = G[HEAP_SIZE]
    if i >= H.shape[0]:
        G[ERROR] = HEAP_FULL
        return
    key = (phase << 56) | G[SEQUENCE]
    G[SEQUENCE] += 1
    G[HEAP_SIZE] = i + 1
    while i > 0:
        parent = (i - 1) >> 1
        if H[parent, 0] < time or (H[parent, 0] == time and H[parent, 1] < key):
            break
        H[i, 0] = H[parent, 0]
        H[i, 1] = H[parent, 1]
        H[i, 2] = H[parent, 2]
        H[i, 3] = H[parent, 3]
        i = parent
    H[i, 0] = time
    H[i, 1] = key
    H[i, 2] = event
    H[i, 3] = aux


@woven
def drop_first(H: Integers, G: Integers) -> None:
    """Take the first event out of the heap."""
    n = G[HEAP_SIZE] - 1
    G[HEAP_SIZE] = n
    if n == 0:
        return
    time, key, event, aux = H[n, 0], H[n, 1], H[n, 2], H[n, 3]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        right = child + 1
        if right < n and (H[right, 0] < H[child, 0] or (H[right, 0] == H[child, 0] and H[right, 1] < H[child, 1])):
            child = right
        if time < H[child, 0] or (time == H[child, 0] and key < H[child, 1]):
            break
        H[i, 0] = H[child, 0]
        H[i, 1] = H[child, 1]
        H[i, 2] = H[child, 2]
        H[i, 3] = H[child, 3]
        i = child
    H[i, 0] = time
    H[i, 1] = key
    H[i, 2] = event
    H[i, 3] = aux


@woven
def note(LOG: Integers, G: Integers, who: int, node: int, mark: int, value: int) -> None:
    """Write a row of the log, if there is one."""
    if LOG.shape[0] == 0:
        return
    n = G[LOG_SIZE]
    if n >= LOG.shape[0]:
        G[ERROR] = LOG_FULL
        return
    LOG[n, 0] = G[NOW]
    LOG[n, 1] = who
    LOG[n, 2] = (node << 8) | mark
    LOG[n, 3] = value
    G[LOG_SIZE] = n + 1


@woven
def new_row(P: Integers, G: Integers) -> int:
    """Give a row for a patient, all cleared but its token."""
    if G[FREE_COUNT] >= 0:
        row = G[FREE_COUNT]
        G[FREE_COUNT] = P[row, NEXT_ROW]
    else:
        row = G[HIGH]
        if row >= P.shape[0]:
            G[ERROR] = ROWS_FULL
            return 0
        G[HIGH] = row + 1
    token = P[row, TOKEN]
    for column in range(ROW_WIDTH):
        P[row, column] = 0
    for entry in range(ENTRIES):
        P[row, ROW_WIDTH + 3 * entry + 2] = -1
    for column in range(G[HELD_AT], P.shape[1]):
        P[row, column] = 0
    P[row, TOKEN] = token
    P[row, EVICTED_POOL] = -1
    return int(row)


@woven
def free_row(P: Integers, G: Integers, row: int) -> None:
    """Give a row back; events that still name it become stale."""
    P[row, STATE] = FREE
    P[row, TOKEN] += 1
    P[row, NEXT_ROW] = G[FREE_COUNT]
    G[FREE_COUNT] = row


@woven
def begin_later(START: Integers, G: Integers, row: int) -> None:
    """Let a branch or turnover begin after the step that is under way."""
    at = G[START_FIRST] + G[START_COUNT]
    START[at if at < START.shape[0] else at - START.shape[0]] = row
    G[START_COUNT] += 1


@woven
def grant_later(P: Integers, GRANT: Integers, G: Integers, row: int) -> None:
    """Let one who was granted units go on in the phase of grants."""
    P[row, STATE] = GRANTED
    at = G[GRANT_FIRST] + G[GRANT_COUNT]
    if at >= GRANT.shape[0]:  # a division would cost as much as the rest of this function
        at -= GRANT.shape[0]
    GRANT[at, 0] = row
    GRANT[at, 1] = G[SEQUENCE]
    G[SEQUENCE] += 1
    G[GRANT_COUNT] += 1


@woven
def touch(R: Integers, S: Integers, A: Floats, G: Integers, pool: int) -> None:
    """Add up the areas of a pool until now; to be called before anything about it changes."""
    passed = np.float64(G[NOW] - R[pool, LAST])
    if passed > 0.0:
        A[pool, AREA_BUSY] += R[pool, BUSY] * passed
        A[pool, AREA_STAFFED] += max(R[pool, CAP], 0) * passed
        A[pool, AREA_QUEUE] += R[pool, QUEUED] * passed
        over = R[pool, OVERTIME]
        if S[pool, POOL_SHIFT_END] != FINISH:
            over = max(R[pool, BUSY] + R[pool, TURNING] - max(R[pool, CAP], 0), 0)
        A[pool, AREA_OVERTIME] += over * passed
        A[pool, AREA_TURNING] += R[pool, TURNING] * passed
        R[pool, LAST] = G[NOW]


@woven
def units_free(R: Integers, pool: int) -> int:
    """Give the free units of a pool; negative while there is overtime."""
    return int(R[pool, CAP] - (R[pool, BUSY] - R[pool, OVERTIME]) - R[pool, TURNING])


@woven
def link_last(P: Integers, R: Integers, G: Integers, entry: int, pool: int, level: int) -> None:
    """Put a queue entry at the end of a level."""
    column = STATE_WIDTH + 2 * level
    row, at = entry >> 2, ROW_WIDTH + 3 * (entry & 3)
    last = R[pool, column + 1]
    P[row, at] = -1
    P[row, at + 1] = last
    P[row, at + 2] = pool * G[LEVELS] + level
    if last >= 0:
        P[last >> 2, ROW_WIDTH + 3 * (last & 3)] = entry
    else:
        R[pool, column] = entry
    R[pool, column + 1] = entry
    R[pool, QUEUED] += 1


@compiled
def link_first(P: Integers, R: Integers, G: Integers, entry: int, pool: int, level: int) -> None:
    """Put a queue entry at the head of a level."""
    column = STATE_WIDTH + 2 * level
    row, at = entry >> 2, ROW_WIDTH + 3 * (entry & 3)
    first = R[pool, column]
    P[row, at] = first
    P[row, at + 1] = -1
    P[row, at + 2] = pool * G[LEVELS] + level
    if first >= 0:
        P[first >> 2, ROW_WIDTH + 3 * (first & 3) + 1] = entry
    else:
        R[pool, column + 1] = entry
    R[pool, column] = entry
    R[pool, QUEUED] += 1


@woven
def unlink_all(P: Integers, R: Integers, S: Integers, A: Floats, G: Integers, row: int) -> None:
    """Take all queue entries of a row out."""
    for m in range(ENTRIES):
        at = ROW_WIDTH + 3 * m
        where = P[row, at + 2]
        if where < 0:
            continue
        pool = where // G[LEVELS]
        column = STATE_WIDTH + 2 * (where % G[LEVELS])
        touch(R, S, A, G, pool)
        after, before = P[row, at], P[row, at + 1]
        if before >= 0:
            P[before >> 2, ROW_WIDTH + 3 * (before & 3)] = after
        else:
            R[pool, column] = after
        if after >= 0:
            P[after >> 2, ROW_WIDTH + 3 * (after & 3) + 1] = before
        else:
            R[pool, column + 1] = before
        P[row, at + 2] = -1
        R[pool, QUEUED] -= 1


@woven
def hold(P: Integers, R: Integers, S: Integers, A: Floats, G: Integers, row: int, pool: int, units: int) -> None:
    """Put units of a pool into a patient's hands."""
    touch(R, S, A, G, pool)
    R[pool, BUSY] += units
    P[row, G[HELD_AT] + pool] += units
    tracked = S[pool, POOL_TRACKED]
    if tracked >= 0:
        at = G[TRACK_AT] + 4 * tracked
        stamp(P, G, row, at)


@compiled
def stamp(P: Integers, G: Integers, row: int, at: int) -> None:
    """Remember when and at which level units were got, for those who may lose them again."""
    G[SEQUENCE] += 1
    P[row, at] = G[SEQUENCE]
    P[row, at + 1] = P[row, LEVEL]
    P[row, at + 2] = P[row, ASKED]
    P[row, at + 3] = P[row, ASKED_SEQ]


@woven
def let_go(P: Integers, R: Integers, S: Integers, A: Floats, G: Integers, row: int, pool: int, units: int) -> None:
    """Take units of a pool out of a patient's hands; whoever works overtime goes home first."""
    touch(R, S, A, G, pool)
    R[pool, BUSY] -= units
    P[row, G[HELD_AT] + pool] -= units
    over = min(R[pool, OVERTIME], units)
    R[pool, OVERTIME] -= over


@compiled
def find_victim(P: Integers, S: Integers, G: Integers, PROGRAM: Integers, pool: int, above: int) -> int:
    """Give the row that loses its units first: highest level number above ``above``, then latest grant; -1 for none."""
    best = -1
    at = G[TRACK_AT] + 4 * S[pool, POOL_TRACKED]
    for row in range(G[HIGH]):
        if P[row, STATE] != DELAYED or P[row, G[HELD_AT] + pool] <= 0 or P[row, at + 1] <= above:
            continue
        node = P[row, NODE]
        if PROGRAM[node, OP_CODE] != DELAY or PROGRAM[node, OP_C] >= 0:
            continue
        if (
            best < 0
            or P[row, at + 1] > P[best, at + 1]
            or (P[row, at + 1] == P[best, at + 1] and P[row, at] > P[best, at])
        ):
            best = row
    return best


@compiled
def units_to_evict(P: Integers, R: Integers, S: Integers, G: Integers, PROGRAM: Integers, pool: int, above: int) -> int:
    """Give how many units would come free if all holders of a level number above ``above`` lost theirs."""
    found = 0
    at = G[TRACK_AT] + 4 * S[pool, POOL_TRACKED]
    for row in range(G[HIGH]):
        if P[row, STATE] == DELAYED and P[row, G[HELD_AT] + pool] > 0 and P[row, at + 1] > above:
            node = P[row, NODE]
            if PROGRAM[node, OP_CODE] == DELAY and PROGRAM[node, OP_C] < 0:
                found += P[row, G[HELD_AT] + pool]
    return int(found - min(R[pool, OVERTIME], found))  # those in overtime go home instead


@compiled
def evict(P: Integers, R: Integers, S: Integers, A: Floats, G: Integers, row: int, pool: int) -> None:
    """Put a patient in service back to the head of the queue, remembering what is left of the service."""
    units = P[row, G[HELD_AT] + pool]
    let_go(P, R, S, A, G, row, pool, units)
    P[row, TOKEN] += 1
    P[row, STATE] = EVICTED
    P[row, EVICTED_POOL] = pool
    P[row, EVICTED_UNITS] = units
    rule = S[pool, POOL_EVICTION]
    if rule == 0:
        P[row, DUE] -= G[NOW]
    elif rule == 1:
        P[row, DUE] = P[row, DURATION]
    else:
        P[row, DUE] = -1
    at = G[TRACK_AT] + 4 * S[pool, POOL_TRACKED]
    P[row, LEVEL] = P[row, at + 1]
    P[row, ASKED] = P[row, at + 2]
    P[row, ASKED_SEQ] = P[row, at + 3]
    level = 0 if S[pool, POOL_FIFO] else P[row, LEVEL]
    link_first(P, R, G, row << 2, pool, level)


@woven
def bin_of(duration: int) -> int:
    """Give the bin of a duration: 32 to a doubling, so that a quantile is known to 2 %."""
    if duration <= 0:
        return 0
    mantissa, exponent = math.frexp(float(duration))
    return min((exponent - 1) * 32 + int((mantissa - 0.5) * 64.0), BINS - 1)
