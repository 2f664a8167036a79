"""The kernel's own machinery: rows of patients, queues, pools, log. All compiled.

Arrays: ``P`` one row per patient, ``R`` state and ``S`` settings of the pools, ``A`` areas under their curves,
``G`` the globals. Nothing here allocates; every bound is checked and reported in ``G[ERROR]``.
"""

# ruff: noqa: N803  (capitals are the arrays of the kernel, as the package says)

from __future__ import annotations

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
    END,
    ENTRIES,
    ENTRY_BITS,
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
    HELD_AT,
    HIGH,
    LAST,
    LEVEL,
    LEVEL_BITS,
    LOG_AT,
    LOG_FULL,
    LOG_ROWS,
    LOG_SIZE,
    LOG_WHO,
    NATURAL,
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
def note(LOG: Integers, G: Integers, who: int, node: int, mark: int, value: int) -> None:
    """Write a row of the log, if there is one: one word, after two more where instant or patient have changed.

    See :mod:`simulation.compiled.logbook`. A step of a patient writes several rows, and memory is what a log costs.
    """
    if LOG.shape[0] == 0:
        return
    n = G[LOG_SIZE] & NATURAL
    if n + 3 > LOG.shape[0]:
        G[ERROR] = LOG_FULL
        return
    if (G[LOG_AT] != G[NOW]) | (G[LOG_WHO] != who):
        LOG[n] = ~G[NOW]
        LOG[n + 1] = who
        G[LOG_AT], G[LOG_WHO] = G[NOW], who
        n += 2
    LOG[n] = ((value + 1) << 32) | (node << 8) | mark
    G[LOG_SIZE] = n + 1
    G[LOG_ROWS] += 1


@woven
def new_row(P: Integers, G: Integers) -> int:
    """Give a row for a patient, all cleared but its token."""
    if G[FREE_COUNT] >= 0:
        row = G[FREE_COUNT] & NATURAL
        G[FREE_COUNT] = P[row, NEXT_ROW]
    else:
        row = G[HIGH] & NATURAL
        if row >= P.shape[0]:
            G[ERROR] = ROWS_FULL
            return 0
        G[HIGH] = row + 1
        for entry in range(ENTRIES):  # whoever leaves is in no queue, so a row given back has these already
            P[row, ROW_WIDTH + 3 * entry + 2] = -1
    # The token is kept: events in the heap that name the row's former holder must stay stale.
    token = P[row, TOKEN]
    for column in range(ROW_WIDTH):
        P[row, column] = 0
    for column in range(HELD_AT, P.shape[1]):
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
    at = (at if at < START.shape[0] else at - START.shape[0]) & NATURAL
    START[at] = row
    G[START_COUNT] += 1


@woven
def grant_later(P: Integers, GRANT: Integers, G: Integers, row: int) -> None:
    """Let one who was granted units go on in the phase of grants."""
    P[row, STATE] = GRANTED
    at = G[GRANT_FIRST] + G[GRANT_COUNT]
    if at >= GRANT.shape[0]:  # a division would cost as much as the rest of this function
        at -= GRANT.shape[0]
    at &= NATURAL
    GRANT[at, 0] = row
    GRANT[at, 1] = G[SEQUENCE]
    G[SEQUENCE] += 1
    G[GRANT_COUNT] += 1


@woven
def touch(R: Integers, S: Integers, A: Floats, G: Integers, pool: int) -> None:
    """Add up the areas of a pool that change seldom; to be called before duty, turnover or overtime change."""
    passed = np.float64(G[NOW] - R[pool, LAST])
    # Nothing to add up within one instant, in which most changes happen.
    if passed > 0.0:
        A[pool, AREA_STAFFED] += max(R[pool, CAP], 0) * passed
        over = R[pool, OVERTIME]
        if S[pool, POOL_SHIFT_END] != FINISH:
            over = max(R[pool, BUSY] + R[pool, TURNING] - max(R[pool, CAP], 0), 0)
        A[pool, AREA_OVERTIME] += over * passed
        A[pool, AREA_TURNING] += R[pool, TURNING] * passed
        R[pool, LAST] = G[NOW]


@woven
def count_busy(R: Integers, S: Integers, A: Floats, G: Integers, pool: int, units: int) -> None:
    """Count units that begin (or, negative, end) to be busy, and the area that this adds until the end of the run.

    A change costs one product this way, where areas until now would cost one for every quantity of the pool. What is
    added is whole microseconds below 2**53, so that nothing is lost when it is taken away again.
    """
    if (S[pool, POOL_SHIFT_END] != FINISH) | (R[pool, OVERTIME] != 0):
        touch(R, S, A, G, pool)  # overtime is among what changes
    R[pool, BUSY] += units
    A[pool, AREA_BUSY] += np.float64(units * (G[END] - G[NOW]))


@woven
def count_queued(R: Integers, A: Floats, G: Integers, pool: int, requests: int) -> None:
    """Count requests that join (or, negative, leave) the queue of a pool, likewise."""
    R[pool, QUEUED] += requests
    A[pool, AREA_QUEUE] += np.float64(requests * (G[END] - G[NOW]))


@woven
def units_free(R: Integers, pool: int) -> int:
    """Give the free units of a pool; negative while there is overtime."""
    return int(R[pool, CAP] - (R[pool, BUSY] - R[pool, OVERTIME]) - R[pool, TURNING])


@woven
def link_last(P: Integers, R: Integers, A: Floats, G: Integers, entry: int, pool: int, level: int) -> None:
    """Put a queue entry at the end of a level."""
    column = STATE_WIDTH + 2 * level
    row, at = entry >> ENTRY_BITS, ROW_WIDTH + 3 * (entry & (ENTRIES - 1))
    last = R[pool, column + 1]
    P[row, at] = -1
    P[row, at + 1] = last
    P[row, at + 2] = (pool << LEVEL_BITS) | level
    if last >= 0:
        P[(last >> ENTRY_BITS) & NATURAL, ROW_WIDTH + 3 * (last & (ENTRIES - 1))] = entry
    else:
        R[pool, column] = entry
    R[pool, column + 1] = entry
    count_queued(R, A, G, pool, 1)


@compiled
def link_first(P: Integers, R: Integers, A: Floats, G: Integers, entry: int, pool: int, level: int) -> None:
    """Put a queue entry at the head of a level."""
    column = STATE_WIDTH + 2 * level
    row, at = entry >> ENTRY_BITS, ROW_WIDTH + 3 * (entry & (ENTRIES - 1))
    first = R[pool, column]
    P[row, at] = first
    P[row, at + 1] = -1
    P[row, at + 2] = (pool << LEVEL_BITS) | level
    if first >= 0:
        P[first >> ENTRY_BITS, ROW_WIDTH + 3 * (first & (ENTRIES - 1)) + 1] = entry
    else:
        R[pool, column + 1] = entry
    R[pool, column] = entry
    count_queued(R, A, G, pool, 1)


@woven
def unlink_all(P: Integers, R: Integers, A: Floats, G: Integers, row: int) -> None:
    """Take all queue entries of a row out."""
    for m in range(ENTRIES):
        at = ROW_WIDTH + 3 * m
        where = P[row, at + 2]
        if where < 0:  # entries are used from the first on, and given back together
            break
        pool = (where >> LEVEL_BITS) & NATURAL
        column = STATE_WIDTH + 2 * (where & ((1 << LEVEL_BITS) - 1))
        after, before = P[row, at], P[row, at + 1]
        if before >= 0:
            P[(before >> ENTRY_BITS) & NATURAL, ROW_WIDTH + 3 * (before & (ENTRIES - 1))] = after
        else:
            R[pool, column] = after
        if after >= 0:
            P[(after >> ENTRY_BITS) & NATURAL, ROW_WIDTH + 3 * (after & (ENTRIES - 1)) + 1] = before
        else:
            R[pool, column + 1] = before
        P[row, at + 2] = -1
        count_queued(R, A, G, pool, -1)


@woven
def hold(P: Integers, R: Integers, S: Integers, A: Floats, G: Integers, row: int, pool: int, units: int) -> None:
    """Put units of a pool into a patient's hands."""
    count_busy(R, S, A, G, pool, units)
    P[row, HELD_AT + pool] += units
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
    count_busy(R, S, A, G, pool, -units)
    P[row, HELD_AT + pool] -= units
    over = min(R[pool, OVERTIME], units)
    R[pool, OVERTIME] -= over


@compiled
def find_victim(P: Integers, S: Integers, G: Integers, PROGRAM: Integers, pool: int, above: int) -> int:
    """Give the row that loses its units first: highest level number above ``above``, then latest grant; -1 for none."""
    best = -1
    at = G[TRACK_AT] + 4 * S[pool, POOL_TRACKED]
    # All rows are looked at: keeping holders sorted would cost every grant.
    for row in range(G[HIGH]):
        if P[row, STATE] != DELAYED or P[row, HELD_AT + pool] <= 0 or P[row, at + 1] <= above:
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
        if P[row, STATE] == DELAYED and P[row, HELD_AT + pool] > 0 and P[row, at + 1] > above:
            node = P[row, NODE]
            if PROGRAM[node, OP_CODE] == DELAY and PROGRAM[node, OP_C] < 0:
                found += P[row, HELD_AT + pool]
    return int(found - min(R[pool, OVERTIME], found))  # those in overtime go home instead


@compiled
def evict(P: Integers, R: Integers, S: Integers, A: Floats, G: Integers, row: int, pool: int) -> None:
    """Put a patient in service back to the head of the queue, remembering what is left of the service."""
    units = P[row, HELD_AT + pool]
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
    link_first(P, R, A, G, row << ENTRY_BITS, pool, level)


@woven
def bin_of(duration: int) -> int:
    """Give the bin of a duration: 32 to a doubling, so that a quantile is known to 2 %."""
    if duration <= 0:
        return 0
    # Exponent and the first five bits of the mantissa stand side by side in a double; 1023 is the exponent of 1.
    bits = int(np.float64(duration).view(np.int64))
    return min((bits >> 47) - (1023 << 5), BINS - 1) & NATURAL
