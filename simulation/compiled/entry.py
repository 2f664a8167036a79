"""How patients and units come in: those in place, arrivals, branches, shifts; and what is counted on the way."""

# ruff: noqa: N803, PLR0912  (capitals are the arrays; a kernel is split only where that costs nothing)

from __future__ import annotations

import numpy as np

from simulation.compiled import layout as at
from simulation.compiled.heap import push
from simulation.compiled.kernel import (
    CAPACITY_DOWN,
    CAPACITY_UP,
    COMPLETION,
    M_ARRIVE,
    M_EVICT,
    M_REQUEST,
    TIMEOUT,
    after_open_time,
    done,
    enqueue,
    level_of,
    schedule_next,
    visit_of,
)
from simulation.compiled.memory import (
    begin_later,
    bin_of,
    count_busy,
    count_queued,
    evict,
    find_victim,
    hold,
    new_row,
    note,
    touch,
)
from simulation.model.plan import Floats, Integers
from simulation.numerics import laws as law_of
from simulation.numerics.compiling import compiled, woven
from simulation.numerics.draws import (
    uniform,
    where_of,
    who_of,
)


@compiled
def schedule_capacity(H: Integers, G: Integers, R: Integers, S: Integers, CAPS: Integers, pool: int, up: bool) -> None:
    """Put the next coming or going of a pool's units into the heap."""
    cursor = R[pool, at.UP_AT] if up else R[pool, at.DOWN_AT]
    end = S[pool, at.POOL_UPS_END] if up else S[pool, at.POOL_DOWNS_END]
    # One event for each pool and direction at a time: the heap stays small however long the calendar is.
    if cursor < end:
        kind = at.EVENT_UP if up else at.EVENT_DOWN
        push(
            H, G, CAPS[cursor, 0], CAPACITY_UP if up else CAPACITY_DOWN, (kind << at.KIND_BITS) | pool, CAPS[cursor, 1]
        )


@compiled
def schedule_failure(
    H: Integers,
    G: Integers,
    S: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    pool: int,
    unit: int,
    number: int,
) -> None:
    """Put the next failure of one unit into the heap."""
    u = uniform(DRAW, who_of(0, 0, unit), where_of(S[pool, at.POOL_FAILURE_SITE], number, 0))
    time = G[at.NOW] + law_of.sample(LAWS, S[pool, at.POOL_UP_LAW], VALUES, u)
    push(H, G, time, CAPACITY_DOWN, (at.EVENT_FAIL << at.KIND_BITS) | pool, (unit << 24) | number)


@compiled
def lower(
    P: Integers,
    R: Integers,
    S: Integers,
    A: Floats,
    H: Integers,
    G: Integers,
    LOG: Integers,
    PROGRAM: Integers,
    pool: int,
    units: int,
) -> None:
    """Take units off duty."""
    touch(R, S, A, G, pool)
    R[pool, at.CAP] -= units
    rule = S[pool, at.POOL_SHIFT_END]
    if rule == at.FINISH:
        regular = R[pool, at.BUSY] - R[pool, at.OVERTIME]
        excess = regular + R[pool, at.TURNING] - R[pool, at.CAP]
        if excess > 0:
            R[pool, at.OVERTIME] += min(excess, regular)
    elif rule == at.EVICT:
        while R[pool, at.BUSY] + R[pool, at.TURNING] > R[pool, at.CAP]:
            victim = find_victim(P, S, G, PROGRAM, pool, -1)
            if victim < 0:
                break
            note(LOG, G, P[victim, at.WHO], P[victim, at.NODE], M_EVICT, pool)
            evict(P, R, S, A, G, victim, pool)


@woven
def raise_pool(
    R: Integers,
    S: Integers,
    A: Floats,
    H: Integers,
    G: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    CAPS: Integers,
    kind: int,
    pool: int,
    aux: int,
) -> None:
    """Add to a pool what comes on duty, is repaired or is delivered, and put the next of its kind into the heap."""
    touch(R, S, A, G, pool)
    if kind == at.EVENT_UP:
        R[pool, at.CAP] += aux
        R[pool, at.UP_AT] += 1
        schedule_capacity(H, G, R, S, CAPS, pool, True)
    elif kind == at.EVENT_REPAIR:
        R[pool, at.CAP] += 1
        schedule_failure(H, G, S, DRAW, LAWS, VALUES, pool, aux >> 24, (aux & 0xFFFFFF) + 1)
    else:
        R[pool, at.CAP] += S[pool, at.POOL_ORDER_SIZE]
        R[pool, at.ORDERED] = 0
        if R[pool, at.CAP] <= S[pool, at.POOL_ORDER_POINT]:
            R[pool, at.ORDERED] = 1
            u = uniform(DRAW, who_of(0, 0, R[pool, at.ORDERS]), where_of(S[pool, at.POOL_ORDER_SITE], 0, 0))
            R[pool, at.ORDERS] += 1
            lead = law_of.sample(LAWS, S[pool, at.POOL_ORDER_LAW], VALUES, u)
            push(H, G, G[at.NOW] + lead, CAPACITY_UP, (at.EVENT_STOCK << at.KIND_BITS) | pool, 0)


@compiled
def place_initial(
    P: Integers,
    R: Integers,
    S: Integers,
    A: Floats,
    H: Integers,
    G: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    CAL: Integers,
    LOG: Integers,
    PROGRAM: Integers,
    NEEDS: Integers,
    LEVEL_TABLE: Integers,
    HOLD_LEVELS: Integers,
    STARTS: Integers,
    INITIAL: Integers,
    HELD: Integers,
    SIZES: Integers,
) -> None:
    """Put everybody in place who is there at the start."""
    for number in range(INITIAL.shape[0]):
        row = new_row(P, G)
        if G[at.ERROR] != 0:
            return
        node = INITIAL[number, at.INITIAL_NODE]
        elapsed = INITIAL[number, at.INITIAL_ELAPSED]
        P[row, at.NODE] = node
        P[row, at.STREAM] = -1
        P[row, at.NUMBER] = number
        P[row, at.KIND] = INITIAL[number, at.INITIAL_CLASS]
        P[row, at.ARRIVED] = INITIAL[number, at.INITIAL_ARRIVED]
        P[row, at.SILENT] = INITIAL[number, at.INITIAL_SILENT]
        P[row, at.PARENT] = -1
        P[row, at.WHO] = np.int64(who_of(SIZES[at.SIZE_IN_PLACE], 0, number))
        G[at.INSIDE] += 1 - P[row, at.SILENT]
        for k in range(SIZES[at.SIZE_ATTRIBUTES]):
            P[row, G[at.ATTRIBUTE_AT] + k] = INITIAL[number, at.INITIAL_WIDTH + k]
        for k in range(SIZES[at.SIZE_CHOICES]):
            P[row, G[at.CHOICE_AT] + k] = INITIAL[number, at.INITIAL_WIDTH + SIZES[at.SIZE_ATTRIBUTES] + k]
        for pool in range(SIZES[at.SIZE_POOLS]):
            if HELD[number, pool] == 0:
                continue
            turning = P[row, at.SILENT] == 1 and HOLD_LEVELS[pool, SIZES[at.SIZE_CLASSES]] == 1
            if turning:
                touch(R, S, A, G, pool)
                R[pool, at.TURNING] += HELD[number, pool]
            else:
                P[row, at.LEVEL] = HOLD_LEVELS[pool, P[row, at.KIND]]
                hold(P, R, S, A, G, row, pool, HELD[number, pool])
        code = PROGRAM[node, at.OP_CODE]
        if code == at.DELAY:
            visit = visit_of(P, G, PROGRAM, row, node)
            P[row, at.RESAMPLED] = visit << 8
            left = INITIAL[number, at.INITIAL_REMAINING]
            if left < 0:
                u = uniform(DRAW, np.uint64(P[row, at.WHO]), where_of(PROGRAM[node, at.OP_SITE], visit, 0))
                left = law_of.residual(LAWS, PROGRAM[node, at.OP_A] + P[row, at.KIND], VALUES, elapsed, u)
            if PROGRAM[node, at.OP_C] >= 0:
                left = after_open_time(CAL, PROGRAM[node, at.OP_C], 0, left)
            P[row, at.STATE] = at.DELAYED
            P[row, at.DURATION] = elapsed + left
            P[row, at.DUE] = left
            push(H, G, left, COMPLETION, done(PROGRAM[node], row), P[row, at.TOKEN])
        elif code == at.SEIZE:
            # Asked before the start: a wait that began earlier counts whole.
            P[row, at.ASKED] = -elapsed
            P[row, at.ASKED_SEQ] = G[at.SEQUENCE]
            G[at.SEQUENCE] += 1
            P[row, at.LEVEL] = level_of(P, G, PROGRAM, LEVEL_TABLE, row, node)
            note(LOG, G, P[row, at.WHO], node, M_REQUEST, 0)
            visit = visit_of(P, G, PROGRAM, row, node)
            enqueue(P, R, S, A, G, PROGRAM, NEEDS, row, node)
            if PROGRAM[node, at.OP_PATIENCE] >= 0:
                u = uniform(DRAW, np.uint64(P[row, at.WHO]), where_of(PROGRAM[node, at.OP_SITE], visit, 0))
                left = law_of.residual(LAWS, PROGRAM[node, at.OP_PATIENCE] + P[row, at.KIND], VALUES, elapsed, u)
                push(H, G, left, TIMEOUT, (at.EVENT_RENEGE << at.KIND_BITS) | row, P[row, at.TOKEN])
        else:
            begin_later(STARTS, G, row)
    for pool in range(SIZES[at.SIZE_POOLS]):
        if S[pool, at.POOL_SHIFT_END] == at.FINISH:
            excess = R[pool, at.BUSY] + R[pool, at.TURNING] - R[pool, at.CAP]
            R[pool, at.OVERTIME] = min(max(excess, 0), R[pool, at.BUSY])


@woven
def arrive(
    P: Integers,
    G: Integers,
    DRAW: np.uint64,
    LAWS: Floats,
    VALUES: Floats,
    LOG: Integers,
    STREAMS: Integers,
    SHARES: Floats,
    PIECES: Integers,
    TOTALS: Floats,
    CUR: Integers,
    PLAN_AT: Integers,
    PLAN_WHO: Integers,
    STARTS: Integers,
    STAYS: Floats,
    SIZES: Integers,
    stream: int,
) -> int:
    """Let the next of a stream arrive, alone or as a group, after the one behind has been scheduled.

    Gives the row of who begins at once, the first of a group; the others begin after that one's first steps.
    """
    group = CUR[stream, at.CURSOR_ARRIVALS]
    number = CUR[stream, at.CURSOR_PATIENTS]
    mark = STREAMS[stream, at.STREAM_NUMBER]
    size, known = 1, -1
    if STREAMS[stream, at.STREAM_KIND] == at.PLANNED:
        number = PLAN_WHO[CUR[stream, at.CURSOR_PLACE]]
        CUR[stream, at.CURSOR_PLACE] += 1
    elif STREAMS[stream, at.STREAM_GROUP_LAW] >= 0:
        u = uniform(DRAW, who_of(mark, 0, group), where_of(SIZES[at.SIZE_ARRIVAL_SITE], 0, 4))
        size = max(law_of.sample(LAWS, STREAMS[stream, at.STREAM_GROUP_LAW], VALUES, u), 1)
    else:  # read before the next arrivals are worked out over it
        known = CUR[stream, at.AHEAD_CLASS_AT + (group & (at.AHEAD - 1))]
    CUR[stream, at.CURSOR_ARRIVALS] += 1
    CUR[stream, at.CURSOR_PATIENTS] += size
    schedule_next(G, DRAW, LAWS, VALUES, STREAMS, SHARES, PIECES, TOTALS, CUR, PLAN_AT, SIZES, stream)
    first = 0
    for member in range(number, number + size):
        row = new_row(P, G)
        if G[at.ERROR] != 0:
            return 0
        who = who_of(mark, 0, member)
        kind = max(known, 0)
        if known < 0:
            chance = uniform(DRAW, who, where_of(SIZES[at.SIZE_ARRIVAL_SITE], 0, 1))
            while kind < SIZES[at.SIZE_CLASSES] - 1 and chance > SHARES[stream, kind]:
                kind = (kind + 1) & at.NATURAL
        P[row, at.NODE] = STREAMS[stream, at.STREAM_TO]
        P[row, at.STREAM] = stream
        P[row, at.NUMBER] = member
        P[row, at.KIND] = kind
        P[row, at.ARRIVED] = G[at.NOW]
        P[row, at.PARENT] = -1
        P[row, at.WHO] = np.int64(who)
        G[at.INSIDE] += 1
        G[at.PATIENTS] += 1
        if G[at.NOW] >= SIZES[at.SIZE_WARM_UP]:
            STAYS[kind, at.STAY_ARRIVED] += 1.0
        note(LOG, G, P[row, at.WHO], P[row, at.NODE], M_ARRIVE, kind)
        if member == number:
            first = row
        else:
            begin_later(STARTS, G, row)
    return first


@compiled
def child_of(P: Integers, G: Integers, parent: int, branch: int, node: int) -> int:
    """Give the row of a branch or turnover that begins at a node, with the parent's class, attributes and visits."""
    row = new_row(P, G)
    if G[at.ERROR] != 0:
        return 0
    for column in (at.STREAM, at.NUMBER, at.KIND, at.ARRIVED, at.SPAWNS, at.BASE):
        P[row, column] = P[parent, column]
    for column in range(G[at.CHOICE_AT], G[at.TRACK_AT]):
        P[row, column] = P[parent, column]
    P[row, at.NODE] = node
    P[row, at.BRANCH] = branch
    P[row, at.PARENT] = -1
    # Stream and number stay, the branch is another one: its draws are its own.
    clear = np.uint64(0xFFFF0000FFFFFFFF)
    P[row, at.WHO] = np.int64((np.uint64(P[parent, at.WHO]) & clear) | (np.uint64(branch) << np.uint64(32)))
    return row


@woven
def count_wait(P: Integers, G: Integers, WAITS: Floats, HIST: Integers, PROGRAM: Integers, row: int, node: int) -> None:
    """Add the wait of a patient who was granted units to the statistics."""
    wait = G[at.NOW] - P[row, at.ASKED]
    stat, kind = PROGRAM[node, at.OP_STAT] & at.NATURAL, P[row, at.KIND] & at.NATURAL
    WAITS[stat, kind, at.WAIT_COUNT] += 1.0
    WAITS[stat, kind, at.WAIT_SUM] += wait
    WAITS[stat, kind, at.WAIT_SQUARES] += float(wait) * float(wait)
    WAITS[stat, kind, at.WAIT_MAX] = max(WAITS[stat, kind, at.WAIT_MAX], wait)
    HIST[stat, bin_of(wait)] += 1


@woven
def count_no_wait(P: Integers, WAITS: Floats, HIST: Integers, PROGRAM: Integers, row: int, node: int) -> None:
    """Add a patient who was granted units at once: as :func:`count_wait`, whose sums and longest wait this leaves."""
    stat = PROGRAM[node, at.OP_STAT] & at.NATURAL
    WAITS[stat, P[row, at.KIND] & at.NATURAL, at.WAIT_COUNT] += 1.0
    HIST[stat, 0] += 1


@compiled
def count_anew(R: Integers, S: Integers, A: Floats, G: Integers) -> None:
    """Throw away the areas until now, as at the end of a warm-up; who is busy or waits counts from here on."""
    for pool in range(S.shape[0]):
        touch(R, S, A, G, pool)
        A[pool, :] = 0.0
        busy, queued = R[pool, at.BUSY], R[pool, at.QUEUED]
        R[pool, at.BUSY], R[pool, at.QUEUED] = 0, 0
        count_queued(R, A, G, pool, queued)
        count_busy(R, S, A, G, pool, busy)


@compiled
def audit(R: Integers, G: Integers, AUDITS: Integers, SIZES: Integers) -> None:
    """Write down how full everything is."""
    n = G[at.AUDITS]
    if n < AUDITS.shape[0]:
        for pool in range(SIZES[at.SIZE_POOLS]):
            AUDITS[n, 4 * pool] = R[pool, at.BUSY]
            AUDITS[n, 4 * pool + 1] = R[pool, at.QUEUED]
            AUDITS[n, 4 * pool + 2] = R[pool, at.TURNING]
            AUDITS[n, 4 * pool + 3] = R[pool, at.CAP]
        AUDITS[n, 4 * SIZES[at.SIZE_POOLS]] = G[at.INSIDE]
        G[at.AUDITS] = n + 1
