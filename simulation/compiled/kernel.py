"""The kernel: one replication of any pathway over flat tables, without the interpreter lock.

``walk`` is one long function on purpose: splitting it would hand some twenty arrays to every piece at every step.
"""

# ruff: noqa: C901, N803, PLR0912  (capitals are the arrays; a kernel is split only where that costs nothing)

from __future__ import annotations

import numpy as np

from simulation.compiled import layout as at
from simulation.compiled.heap import NEVER, earlier, push, push_late
from simulation.compiled.memory import (
    grant_later,
    hold,
    link_last,
    touch,
    units_free,
    unlink_all,
)
from simulation.model.plan import Floats, Integers, Mark, Phase
from simulation.numerics import laws as law_of
from simulation.numerics.compiling import compiled, woven
from simulation.numerics.draws import MAX_VISITS, uniform, uniform_pair, where_of, who_of

START, CAPACITY_UP, COMPLETION, GRANT, ARRIVAL, TIMEOUT, CAPACITY_DOWN, OBSERVER = (int(phase) for phase in Phase)
M_ARRIVE, M_REQUEST, M_GRANT, M_BEGIN, M_END, M_RELEASE, M_RENEGE = (int(mark) for mark in list(Mark)[:7])
M_EVICT, M_EXIT, M_ROUTE, M_FORK, M_JOIN, M_BATCH, M_SPAWN = (int(mark) for mark in list(Mark)[7:])
HOUR = 3_600_000_000
INDEX = (1 << at.NODE_BITS) - 1  # of an event: its row or pool
NODES = (1 << (at.KIND_BITS - at.NODE_BITS)) - 1  # of an event, moved down: the node that follows
SPAWNED = 1 << 15


@compiled
def after_open_time(CAL: Integers, calendar: int, now: int, work: int) -> int:
    """Give the instant at which so much open time of a calendar has passed."""
    first, last = CAL[calendar, 0], CAL[calendar, 1]
    low, high = first, last
    while low < high:  # first interval that ends after now
        middle = (low + high) >> 1
        if CAL[middle, 1] > now:
            high = middle
        else:
            low = middle + 1
    time = now
    while low < last:
        time = max(time, CAL[low, 0])
        if work <= CAL[low, 1] - time:
            return int(time + work)
        work -= CAL[low, 1] - time
        time = CAL[low, 1]
        low += 1
    return time + work


@compiled
def next_opening(CAL: Integers, calendar: int, now: int) -> int:
    """Give the next opening of a calendar, now included; past the end of the table a far instant."""
    low, high = CAL[calendar, 0], CAL[calendar, 1]
    last = high
    while low < high:
        middle = (low + high) >> 1
        if CAL[middle, 0] >= now:
            high = middle
        else:
            low = middle + 1
    return CAL[low, 0] if low < last else law_of.LONGEST_US


@compiled
def holds(
    P: Integers,
    R: Integers,
    G: Integers,
    SIZES: Integers,
    TERMS: Integers,
    OFFSETS: Integers,
    row: int,
    first: int,
    count: int,
) -> bool:
    """Tell whether all terms of a condition hold for a patient now."""
    for number in range(first, first + count):
        subject, name = TERMS[number, 0], TERMS[number, 1]
        if subject == 0:
            value = P[row, G[at.ATTRIBUTE_AT] + name]
        elif subject == 1:
            value = P[row, at.KIND]
        elif subject == 2:
            value = G[at.NOW] - P[row, at.ARRIVED]
        elif subject == 3:
            offset = OFFSETS[0, 1]
            for k in range(OFFSETS.shape[0]):
                if OFFSETS[k, 0] <= G[at.NOW]:
                    offset = OFFSETS[k, 1]
            value = (SIZES[at.SIZE_START_OF_DAY] + G[at.NOW] + offset) // HOUR % 24
        elif subject == 4:
            value = units_free(R, name)
        elif subject == 5:
            value = R[name, at.QUEUED]
        else:
            value = P[row, G[at.CHOICE_AT] + name]
        comparison, other = TERMS[number, 2], TERMS[number, 3]
        if comparison == 0:
            good = value < other
        elif comparison == 1:
            good = value <= other
        elif comparison == 2:
            good = value == other
        elif comparison == 3:
            good = value != other
        elif comparison == 4:
            good = value >= other
        else:
            good = value > other
        if not good:
            return False
    return True


@woven
def take(
    P: Integers,
    R: Integers,
    S: Integers,
    A: Floats,
    H: Integers,
    G: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    NEEDS: Integers,
    op: Integers,
    row: int,
    chosen: int,
) -> None:
    """Take what a seize asks for; ``chosen`` is the member of an any-of seize, else -1."""
    for k in range(op[at.OP_B]):
        if chosen >= 0 and k != chosen:
            continue
        need = (op[at.OP_A] + k) & at.NATURAL
        pool, units = NEEDS[need, 0] & at.NATURAL, NEEDS[need, 1]
        if op[at.OP_C] & at.CONSUME:
            touch(R, S, A, G, pool)
            R[pool, at.CAP] -= units
            if (
                S[pool, at.POOL_ORDER_LAW] >= 0
                and not R[pool, at.ORDERED]
                and R[pool, at.CAP] <= S[pool, at.POOL_ORDER_POINT]
            ):
                R[pool, at.ORDERED] = 1
                u = uniform(DRAW, who_of(0, 0, R[pool, at.ORDERS]), where_of(S[pool, at.POOL_ORDER_SITE], 0, 0))
                R[pool, at.ORDERS] += 1
                delay = law_of.sample(LAWS, S[pool, at.POOL_ORDER_LAW], VALUES, u)
                push(H, G, G[at.NOW] + delay, CAPACITY_UP, (at.EVENT_STOCK << at.KIND_BITS) | pool, 0)
        else:
            hold(P, R, S, A, G, row, pool, units)
    if chosen >= 0:
        P[row, G[at.CHOICE_AT] + op[at.OP_ANY]] = NEEDS[op[at.OP_A] + chosen, 0]


@woven
def verdict(P: Integers, R: Integers, G: Integers, PROGRAM: Integers, NEEDS: Integers, row: int, pool: int) -> int:
    """Tell whether a request in the queue of a pool can be met: the member to take, or a reason why not.

    Gives 0.. for the member of an any-of seize, 0 for a plain one, -1 if this pool is short, -2 if only others are.
    """
    if P[row, at.STATE] == at.EVICTED:
        return 0 if units_free(R, pool) >= P[row, at.EVICTED_UNITS] else -1
    op = PROGRAM[P[row, at.NODE] & at.NATURAL]
    short = False
    for k in range(op[at.OP_B]):
        number = (op[at.OP_A] + k) & at.NATURAL
        need, units = NEEDS[number, 0] & at.NATURAL, NEEDS[number, 1]
        enough = units_free(R, need) >= units
        if need == pool:
            if not enough:
                return -1
            if op[at.OP_C] & at.ANY_OF:
                return k
        elif not enough:
            short = True
    return -2 if short else 0


@woven
def serve(
    P: Integers,
    R: Integers,
    S: Integers,
    A: Floats,
    H: Integers,
    G: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    PROGRAM: Integers,
    NEEDS: Integers,
    RING: Integers,
    CURSOR: Integers,
    pool: int,
) -> None:
    """Grant what can be granted in the queue of a pool, in its order."""
    if R[pool, at.QUEUED] == 0 or units_free(R, pool) <= 0:
        return
    # With strict levels the heads of the queues are enough for nearly every grant.
    if S[pool, at.POOL_LEVEL_WORTH] == 0:
        found = 0
        while R[pool, at.QUEUED] > 0 and units_free(R, pool) > 0:
            level = 0
            while R[pool, at.STATE_WIDTH + 2 * level] < 0:
                level = (level + 1) & at.NATURAL
            row = (R[pool, at.STATE_WIDTH + 2 * level] >> at.ENTRY_BITS) & at.NATURAL
            found = verdict(P, R, G, PROGRAM, NEEDS, row, pool)
            if found < 0:
                break
            grant(P, R, S, A, H, G, DRAW, LAWS, VALUES, PROGRAM, NEEDS, RING, row, pool, found)
        if found >= 0 or (found == -1 and not S[pool, at.POOL_OVERTAKE]):
            return
    look_further(P, R, S, A, H, G, DRAW, LAWS, VALUES, PROGRAM, NEEDS, RING, CURSOR, pool)


@woven
def grant(
    P: Integers,
    R: Integers,
    S: Integers,
    A: Floats,
    H: Integers,
    G: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    PROGRAM: Integers,
    NEEDS: Integers,
    RING: Integers,
    row: int,
    pool: int,
    member: int,
) -> None:
    """Take a request out of its queues and give it what it asks for."""
    evicted = P[row, at.STATE] == at.EVICTED
    unlink_all(P, R, A, G, row)
    P[row, at.TOKEN] += 1
    if evicted:
        hold(P, R, S, A, G, row, pool, P[row, at.EVICTED_UNITS])
    else:
        op = PROGRAM[P[row, at.NODE] & at.NATURAL]
        take(P, R, S, A, H, G, DRAW, LAWS, VALUES, NEEDS, op, row, member if op[at.OP_C] & at.ANY_OF else -1)
    grant_later(P, RING, G, row)


@compiled
def look_further(
    P: Integers,
    R: Integers,
    S: Integers,
    A: Floats,
    H: Integers,
    G: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    PROGRAM: Integers,
    NEEDS: Integers,
    RING: Integers,
    CURSOR: Integers,
    pool: int,
) -> None:
    """Grant in a queue whose order is not that of its heads: levels that age, and requests that may be passed over."""
    levels = G[at.LEVELS]
    worth = S[pool, at.POOL_LEVEL_WORTH]
    for level in range(levels):
        CURSOR[level] = R[pool, at.STATE_WIDTH + 2 * level]
    while units_free(R, pool) > 0:
        best, score, order = -1, np.int64(0), np.int64(0)
        for level in range(levels):
            if CURSOR[level] < 0:
                continue
            if worth == 0:
                best = level
                break
            row = (CURSOR[level] >> at.ENTRY_BITS) & at.NATURAL
            this = P[row, at.ASKED] + level * worth
            if best < 0 or this < score or (this == score and P[row, at.ASKED_SEQ] < order):
                best, score, order = level, this, P[row, at.ASKED_SEQ]
        if best < 0:
            return
        best &= at.NATURAL
        entry = CURSOR[best]
        row = (entry >> at.ENTRY_BITS) & at.NATURAL
        CURSOR[best] = P[row, at.ROW_WIDTH + 3 * (entry & (at.ENTRIES - 1))]
        found = verdict(P, R, G, PROGRAM, NEEDS, row, pool)
        if found >= 0:
            grant(P, R, S, A, H, G, DRAW, LAWS, VALUES, PROGRAM, NEEDS, RING, row, pool, found)
        elif found == -1:
            if not S[pool, at.POOL_OVERTAKE]:
                return
        elif S[pool, at.POOL_RESERVE] > 0 and G[at.NOW] - P[row, at.ASKED] >= S[pool, at.POOL_RESERVE]:
            return


@woven
def visit_of(P: Integers, G: Integers, PROGRAM: Integers, row: int, node: int) -> int:
    """Count a visit of a node; give how many there were before."""
    cycle = PROGRAM[node, at.OP_CYCLE]
    visit = P[row, at.BASE]
    if cycle >= 0:
        column = (G[at.VISIT_AT] + cycle) & at.NATURAL
        visit += P[row, column]
        P[row, column] += 1
    if visit >= MAX_VISITS:
        G[at.ERROR] = at.NUMBERS_FULL
        G[at.ERROR_AT] = node
    return int(visit)


@woven
def level_of(P: Integers, G: Integers, PROGRAM: Integers, LEVEL_TABLE: Integers, row: int, node: int) -> int:
    """Give the priority level of a patient at a seize."""
    base = PROGRAM[node, at.OP_LEVEL]
    if base >= 0:
        return int(LEVEL_TABLE[(base + P[row, at.KIND]) & at.NATURAL]) & at.NATURAL
    return int(min(max(P[row, G[at.ATTRIBUTE_AT] - 1 - base], 0), 9))


@woven
def enqueue(
    P: Integers,
    R: Integers,
    S: Integers,
    A: Floats,
    G: Integers,
    PROGRAM: Integers,
    NEEDS: Integers,
    row: int,
    node: int,
) -> None:
    """Put a request into the queue of every pool it asks."""
    op = PROGRAM[node]
    P[row, at.NODE] = node
    P[row, at.STATE] = at.WAITING
    for k in range(op[at.OP_B]):
        pool = NEEDS[(op[at.OP_A] + k) & at.NATURAL, 0] & at.NATURAL
        level = 0 if S[pool, at.POOL_FIFO] else P[row, at.LEVEL] & at.NATURAL
        link_last(P, R, A, G, (row << at.ENTRY_BITS) | k, pool, level)


@compiled
def work_ahead(
    G: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    STREAMS: Integers,
    SHARES: Floats,
    PIECES: Integers,
    TOTALS: Floats,
    CUR: Integers,
    SIZES: Integers,
    stream: int,
) -> None:
    """Work out instants and classes of a stream's next arrivals: each depends on the one before and on nothing else."""
    first, last = STREAMS[stream, at.STREAM_FIRST], STREAMS[stream, at.STREAM_LAST]
    law, mark = STREAMS[stream, at.STREAM_LAW], STREAMS[stream, at.STREAM_NUMBER]
    is_renewal = STREAMS[stream, at.STREAM_KIND] == at.RENEWAL
    where = where_of(SIZES[at.SIZE_ARRIVAL_SITE], 0, 0)
    time, number, piece = G[at.NOW], CUR[stream, at.CURSOR_ARRIVALS], CUR[stream, at.CURSOR_PLACE]
    for k in range(at.AHEAD):
        gap, chance = uniform_pair(DRAW, who_of(mark, 0, number + k), where)
        if is_renewal:
            time = min(time + law_of.sample(LAWS, law, VALUES, gap), law_of.LONGEST_US)
        else:
            time, piece = law_of.next_arrival(PIECES[first:last], TOTALS[first:last], time, piece, gap)
        kind = 0
        for other in range(SIZES[at.SIZE_CLASSES] - 1):  # shares add up, so this counts as a search would, unbranched
            kind += int(chance > SHARES[stream, other])
        CUR[stream, at.AHEAD_AT + k] = time
        CUR[stream, at.AHEAD_CLASS_AT + k] = kind
    CUR[stream, at.CURSOR_PLACE] = piece


@woven
def schedule_next(
    G: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    STREAMS: Integers,
    SHARES: Floats,
    PIECES: Integers,
    TOTALS: Floats,
    CUR: Integers,
    PLAN_AT: Integers,
    SIZES: Integers,
    stream: int,
) -> None:
    """Set down when the next of a stream arrives, and which stream's arrival comes first.

    Arrivals stay out of the heap: what happens next is the earlier of two, which costs one comparison, where the way
    of each arrival through the heap would cost several, and that of all others through a fuller one.
    """
    number = CUR[stream, at.CURSOR_ARRIVALS]
    if STREAMS[stream, at.STREAM_KIND] == at.PLANNED:
        place = CUR[stream, at.CURSOR_PLACE]
        is_left = place < CUR[stream, at.CURSOR_PLAN_END]
        time = PLAN_AT[place & at.NATURAL] if is_left else law_of.LONGEST_US
    else:
        slot = number & (at.AHEAD - 1)
        if slot == 0:
            work_ahead(G, DRAW, LAWS, VALUES, STREAMS, SHARES, PIECES, TOTALS, CUR, SIZES, stream)
        time = CUR[stream, at.AHEAD_AT + slot]
    if number >= 0xFFFFFFFF:
        G[at.ERROR] = at.NUMBERS_FULL
    CUR[stream, at.CURSOR_TIME] = time if time <= SIZES[at.SIZE_HORIZON] else NEVER
    CUR[stream, at.CURSOR_KEY] = (ARRIVAL << 56) | G[at.SEQUENCE]
    G[at.SEQUENCE] += 1
    # A model has few streams, so looking at all of them costs less than keeping them in order.
    first, time, key = 0, CUR[0, at.CURSOR_TIME], CUR[0, at.CURSOR_KEY]
    for other in range(1, CUR.shape[0]):
        this, order = CUR[other, at.CURSOR_TIME], CUR[other, at.CURSOR_KEY]
        is_earlier = earlier(this, order, time, key)
        first, time, key = (other, this, order) if is_earlier else (first, time, key)
    G[at.NEXT_STREAM], G[at.NEXT_TIME], G[at.NEXT_KEY] = first, time, key


@compiled
def let_batch_go(P: Integers, RING: Integers, G: Integers, BATCHES: Integers, batch: int) -> None:
    """Let those who wait for a batch go on, in their order of coming, and begin the next batch."""
    entry = BATCHES[batch, 0]
    while entry >= 0:
        after = P[entry, at.NEXT_ROW]  # read first: being granted may use this column
        grant_later(P, RING, G, entry)
        entry = after
    BATCHES[batch, 0] = BATCHES[batch, 1] = -1
    BATCHES[batch, 2] = 0
    BATCHES[batch, 3] += 1  # the timeout that was set for this batch becomes stale


@woven
def done(op: Integers, row: int) -> int:
    """Give the event of a delay that is over. It names the node that follows, for which nothing else need be read."""
    return int((at.EVENT_DONE << at.KIND_BITS) | (op[at.OP_NEXT] << at.NODE_BITS) | row)


@woven
def begin_delay(
    P: Integers,
    H: Integers,
    G: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    CAL: Integers,
    PROGRAM: Integers,
    row: int,
    node: int,
    resampled: int,
) -> None:
    """Start the delay of a node for a patient; ``resampled``, visit and draw, is not read back since that waits."""
    op = PROGRAM[node]
    now = G[at.NOW]
    if op[at.OP_CODE] == at.UNTIL:
        lasts = next_opening(CAL, op[at.OP_C], now) - now
    else:
        u = uniform(
            DRAW,
            np.uint64(P[row, at.WHO]),
            where_of(op[at.OP_SITE], resampled >> 8, resampled & 255),
        )
        lasts = law_of.sample(LAWS, (op[at.OP_A] + P[row, at.KIND]) & at.NATURAL, VALUES, u)
        if lasts >= law_of.LONGEST_US:
            G[at.ERROR] = at.TOO_LONG
            G[at.ERROR_AT] = node
        if op[at.OP_C] >= 0:
            lasts = after_open_time(CAL, op[at.OP_C], now, lasts) - now
    P[row, at.NODE] = node
    P[row, at.STATE] = at.DELAYED
    P[row, at.DURATION] = lasts
    P[row, at.DUE] = now + lasts
    push_late(H, G, now + lasts, COMPLETION, done(op, row), P[row, at.TOKEN])
