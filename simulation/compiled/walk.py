"""One replication from start to end: the main loop of the fast engine."""

# ruff: noqa: C901, N803, N806, PLR0912, PLR0915  (capitals are the arrays; a kernel is split only where that costs nothing)

from __future__ import annotations

import numpy as np

from simulation.compiled import layout as at
from simulation.compiled.entry import (
    arrive,
    audit,
    child_of,
    count_anew,
    count_no_wait,
    count_wait,
    lower,
    place_initial,
    raise_pool,
    schedule_capacity,
    schedule_failure,
)
from simulation.compiled.heap import NEVER, drop_first, earlier, push, settle_late
from simulation.compiled.kernel import (
    CAPACITY_UP,
    COMPLETION,
    GRANT,
    INDEX,
    M_BATCH,
    M_BEGIN,
    M_END,
    M_EVICT,
    M_EXIT,
    M_FORK,
    M_GRANT,
    M_JOIN,
    M_RELEASE,
    M_RENEGE,
    M_REQUEST,
    M_ROUTE,
    M_SPAWN,
    NODES,
    OBSERVER,
    SPAWNED,
    TIMEOUT,
    begin_delay,
    done,
    enqueue,
    holds,
    let_batch_go,
    level_of,
    schedule_next,
    serve,
    take,
    visit_of,
)
from simulation.compiled.memory import (
    begin_later,
    bin_of,
    evict,
    find_victim,
    free_row,
    hold,
    let_go,
    note,
    touch,
    units_free,
    units_to_evict,
    unlink_all,
)
from simulation.compiled.shapes import KernelMemory, KernelPlan, KernelResults, KernelTables
from simulation.model.plan import Integers
from simulation.numerics import laws as law_of
from simulation.numerics.compiling import compiled
from simulation.numerics.draws import (
    MAX_DRAWS,
    uniform,
    where_of,
    who_of,
)


@compiled
def walk(
    tables: KernelTables,
    planned: KernelPlan,
    DRAW: np.uint64,
    memory: KernelMemory,
    results: KernelResults,
    LOG: Integers,
    STOP: Integers,
) -> None:  # see the package
    """Run one replication.

    One long function on purpose: splitting it would hand some twenty arrays to every piece at every step.
    """
    (
        PROGRAM, NEEDS, LEVEL_TABLE, BRANCHES, CHANCES, TERMS, LAWS, VALUES, S, CAPS,
        CAL, OFFSETS, STREAMS, SHARES, PIECES, TOTALS, INITIAL, HELD, SIZES, HOLD_LEVELS,
    ) = tables  # fmt: skip
    PLAN_AT, PLAN_WHO, CUR = planned
    P, R, A, H, G, RING, STARTS, CURSOR, BATCHES = memory
    WAITS, HIST, STAYS, STAY_HIST, EXITS, AUDITS = results
    pools = SIZES[at.SIZE_POOLS]
    horizon = SIZES[at.SIZE_HORIZON]
    budget = SIZES[at.SIZE_BUDGET]
    G[at.END] = horizon
    for pool in range(pools):
        R[pool, at.CAP] = S[pool, at.POOL_CAPACITY]
        R[pool, at.UP_AT] = S[pool, at.POOL_UPS]
        R[pool, at.DOWN_AT] = S[pool, at.POOL_DOWNS]
        schedule_capacity(H, G, R, S, CAPS, pool, True)
        schedule_capacity(H, G, R, S, CAPS, pool, False)
        if S[pool, at.POOL_UP_LAW] >= 0:
            for unit in range(S[pool, at.POOL_CAPACITY]):
                schedule_failure(H, G, S, DRAW, LAWS, VALUES, pool, unit, 0)
    place_initial(
        P,
        R,
        S,
        A,
        H,
        G,
        DRAW,
        LAWS,
        VALUES,
        CAL,
        LOG,
        PROGRAM,
        NEEDS,
        LEVEL_TABLE,
        HOLD_LEVELS,
        STARTS,
        INITIAL,
        HELD,
        SIZES,
    )
    G[at.NEXT_TIME] = NEVER
    for stream in range(STREAMS.shape[0]):
        schedule_next(G, DRAW, LAWS, VALUES, STREAMS, SHARES, PIECES, TOTALS, CUR, PLAN_AT, SIZES, stream)
    if SIZES[at.SIZE_WARM_UP] > 0:
        push(H, G, SIZES[at.SIZE_WARM_UP], OBSERVER, at.EVENT_WARM << at.KIND_BITS, 0)
    if SIZES[at.SIZE_AUDIT] > 0:
        push(H, G, 0, OBSERVER, at.EVENT_AUDIT << at.KIND_BITS, 0)
    for pool in range(pools):
        serve(P, R, S, A, H, G, DRAW, LAWS, VALUES, PROGRAM, NEEDS, RING, CURSOR, pool)

    events, steps = 0, 0
    while G[at.ERROR] == 0:
        if G[at.LATE_TIME] <= min(H[0], G[at.NEXT_TIME]):  # the one put off comes first; an empty heap says never
            settle_late(H, G)
        if G[at.START_COUNT] > 0:
            row = STARTS[G[at.START_FIRST] & at.NATURAL] & at.NATURAL
            G[at.START_FIRST] = G[at.START_FIRST] + 1 if G[at.START_FIRST] + 1 < STARTS.shape[0] else 0
            G[at.START_COUNT] -= 1
            node = P[row, at.NODE] & at.NATURAL
        # A calendar event of this instant with an earlier phase or sequence goes first, as SimPy would order it.
        elif G[at.GRANT_COUNT] > 0 and not (
            H[0] == G[at.NOW] and H[1] < ((GRANT << 56) | RING[G[at.GRANT_FIRST] & at.NATURAL, 1])
        ):
            row = RING[G[at.GRANT_FIRST] & at.NATURAL, 0] & at.NATURAL
            G[at.GRANT_FIRST] = G[at.GRANT_FIRST] + 1 if G[at.GRANT_FIRST] + 1 < RING.shape[0] else 0
            G[at.GRANT_COUNT] -= 1
            node = P[row, at.NODE] & at.NATURAL
            if P[row, at.EVICTED_POOL] >= 0:
                note(LOG, G, P[row, at.WHO], node, M_GRANT, P[row, at.EVICTED_POOL])
                P[row, at.EVICTED_POOL] = -1
                left = P[row, at.DUE]
                if left < 0:
                    P[row, at.RESAMPLED] += 1
                    if P[row, at.RESAMPLED] & (MAX_DRAWS - 1) == 0:
                        G[at.ERROR] = at.NUMBERS_FULL
                        G[at.ERROR_AT] = node
                    begin_delay(P, H, G, DRAW, LAWS, VALUES, CAL, PROGRAM, row, node, P[row, at.RESAMPLED])
                else:
                    P[row, at.STATE] = at.DELAYED
                    P[row, at.DUE] = G[at.NOW] + left
                    push(H, G, G[at.NOW] + left, COMPLETION, done(PROGRAM[node], row), P[row, at.TOKEN])
                continue
            if PROGRAM[node, at.OP_CODE] == at.BATCH:
                note(LOG, G, P[row, at.WHO], node, M_GRANT, -1)
            else:
                count_wait(P, G, WAITS, HIST, PROGRAM, row, node)
                if PROGRAM[node, at.OP_ANY] >= 0:
                    note(LOG, G, P[row, at.WHO], node, M_GRANT, P[row, G[at.CHOICE_AT] + PROGRAM[node, at.OP_ANY]])
                else:
                    note(LOG, G, P[row, at.WHO], node, M_GRANT, PROGRAM[node, at.OP_POOL])
            node = PROGRAM[node, at.OP_NEXT] & at.NATURAL
        else:
            events += 1
            if events & 4095 == 0 and STOP[0] != 0:
                G[at.ERROR] = at.STOPPED
            is_arrival = earlier(G[at.NEXT_TIME], G[at.NEXT_KEY], H[0], H[1])
            time = G[at.NEXT_TIME] if is_arrival else H[0]
            if time > horizon:
                events -= 1
                break
            if time > G[at.NOW]:
                G[at.NOW] = time
                steps = 0
            if is_arrival:
                row = arrive(
                    P,
                    G,
                    DRAW,
                    LAWS,
                    VALUES,
                    LOG,
                    STREAMS,
                    SHARES,
                    PIECES,
                    TOTALS,
                    CUR,
                    PLAN_AT,
                    PLAN_WHO,
                    STARTS,
                    STAYS,
                    SIZES,
                    G[at.NEXT_STREAM] & at.NATURAL,
                )
                row &= at.NATURAL
                node = P[row, at.NODE] & at.NATURAL
            else:
                event, aux = H[2], H[3]
                kind, index = event >> at.KIND_BITS, event & INDEX
                drop_first(H, G)
                if kind == at.EVENT_DONE:
                    row = index
                    if P[row, at.TOKEN] != aux:
                        continue
                    P[row, at.TOKEN] += 1
                    note(LOG, G, P[row, at.WHO], P[row, at.NODE], M_END, 0)
                    node = (event >> at.NODE_BITS) & NODES
                elif kind == at.EVENT_RENEGE:
                    row = index
                    if P[row, at.TOKEN] != aux or P[row, at.STATE] != at.WAITING:
                        continue
                    node = P[row, at.NODE] & at.NATURAL
                    unlink_all(P, R, A, G, row)
                    P[row, at.TOKEN] += 1
                    stat, patient_class = PROGRAM[node, at.OP_STAT], P[row, at.KIND]
                    WAITS[stat, patient_class, at.WAIT_RENEGED] += 1.0
                    WAITS[stat, patient_class, at.WAIT_RENEGED_SUM] += G[at.NOW] - P[row, at.ASKED]
                    note(LOG, G, P[row, at.WHO], node, M_RENEGE, 0)
                    for k in range(PROGRAM[node, at.OP_B]):
                        pool = NEEDS[(PROGRAM[node, at.OP_A] + k) & at.NATURAL, 0] & at.NATURAL
                        serve(P, R, S, A, H, G, DRAW, LAWS, VALUES, PROGRAM, NEEDS, RING, CURSOR, pool)
                    node = PROGRAM[node, at.OP_RENEGED] & at.NATURAL
                elif kind == at.EVENT_BATCH:
                    batch = PROGRAM[index, at.OP_A]
                    if BATCHES[batch, 3] == aux:
                        let_batch_go(P, RING, G, BATCHES, batch)
                    continue
                elif kind == at.EVENT_WARM:
                    count_anew(R, S, A, G)
                    WAITS[:] = 0.0
                    HIST[:] = 0
                    EXITS[:] = 0
                    STAYS[:, at.STAY_WINDOW_LEFT :] = 0.0
                    continue
                elif kind == at.EVENT_AUDIT:
                    audit(R, G, AUDITS, SIZES)
                    if G[at.NOW] + SIZES[at.SIZE_AUDIT] <= horizon:
                        push(H, G, G[at.NOW] + SIZES[at.SIZE_AUDIT], OBSERVER, at.EVENT_AUDIT << at.KIND_BITS, 0)
                    continue
                elif kind == at.EVENT_DOWN:
                    R[index, at.DOWN_AT] += 1
                    schedule_capacity(H, G, R, S, CAPS, index, False)
                    lower(P, R, S, A, H, G, LOG, PROGRAM, index, aux)
                    continue
                elif kind == at.EVENT_FAIL:
                    unit, number = aux >> 24, aux & 0xFFFFFF
                    u = uniform(DRAW, who_of(0, 0, unit), where_of(S[index, at.POOL_FAILURE_SITE], number, 1))
                    repaired = G[at.NOW] + law_of.sample(LAWS, S[index, at.POOL_DOWN_LAW], VALUES, u)
                    push(H, G, repaired, CAPACITY_UP, (at.EVENT_REPAIR << at.KIND_BITS) | index, aux)
                    lower(P, R, S, A, H, G, LOG, PROGRAM, index, 1)
                    continue
                else:
                    raise_pool(R, S, A, H, G, DRAW, LAWS, VALUES, CAPS, kind, index, aux)
                    serve(P, R, S, A, H, G, DRAW, LAWS, VALUES, PROGRAM, NEEDS, RING, CURSOR, index)
                    continue

        P[row, at.STATE] = at.RUNNING
        # The node goes into the row only where the patient stops: read back from there, each step would wait for it.
        while G[at.ERROR] == 0:
            code = PROGRAM[node, at.OP_CODE]
            steps += 1
            if steps > budget:
                G[at.ERROR] = at.ENDLESS
                G[at.ERROR_AT] = node
                break
            if code == at.DELAY or code == at.UNTIL:
                P[row, at.RESAMPLED] = where = visit_of(P, G, PROGRAM, row, node) << 8
                note(LOG, G, P[row, at.WHO], node, M_BEGIN, 0)
                begin_delay(P, H, G, DRAW, LAWS, VALUES, CAL, PROGRAM, row, node, where)
                break
            if code == at.SEIZE:
                first, count = PROGRAM[node, at.OP_A] & at.NATURAL, PROGRAM[node, at.OP_B]
                P[row, at.ASKED] = G[at.NOW]
                P[row, at.ASKED_SEQ] = G[at.SEQUENCE]
                G[at.SEQUENCE] += 1
                P[row, at.LEVEL] = level_of(P, G, PROGRAM, LEVEL_TABLE, row, node)
                note(LOG, G, P[row, at.WHO], node, M_REQUEST, 0)
                visit = visit_of(P, G, PROGRAM, row, node)
                any_of = PROGRAM[node, at.OP_C] & at.ANY_OF != 0
                pool, units = PROGRAM[node, at.OP_POOL] & at.NATURAL, PROGRAM[node, at.OP_UNITS]
                got = -1
                if count == 1:
                    got = 0 if (R[pool, at.QUEUED] == 0) & (units_free(R, pool) >= units) else -1
                elif any_of:
                    for k in range(count):
                        other = NEEDS[(first + k) & at.NATURAL, 0] & at.NATURAL
                        if R[other, at.QUEUED] == 0 and units_free(R, other) >= NEEDS[(first + k) & at.NATURAL, 1]:
                            got = k
                            break
                else:
                    got = 0
                    for k in range(count):
                        other = NEEDS[(first + k) & at.NATURAL, 0] & at.NATURAL
                        if R[other, at.QUEUED] > 0 or units_free(R, other) < NEEDS[(first + k) & at.NATURAL, 1]:
                            got = -1
                            break
                if got < 0 and count == 1 and S[pool, at.POOL_PREEMPTIVE]:
                    ahead = False
                    for level in range(P[row, at.LEVEL] + 1):
                        ahead |= R[pool, at.STATE_WIDTH + 2 * level] >= 0
                    above = P[row, at.LEVEL]
                    if not ahead and units_free(R, pool) + units_to_evict(P, R, S, G, PROGRAM, pool, above) >= units:
                        while units_free(R, pool) < units:
                            victim = find_victim(P, S, G, PROGRAM, pool, above)
                            note(LOG, G, P[victim, at.WHO], P[victim, at.NODE], M_EVICT, pool)
                            evict(P, R, S, A, G, victim, pool)
                        got = 0
                if got >= 0:
                    if (count == 1) & (PROGRAM[node, at.OP_C] == 0):
                        hold(P, R, S, A, G, row, pool, units)
                    else:
                        take(P, R, S, A, H, G, DRAW, LAWS, VALUES, NEEDS, PROGRAM[node], row, got if any_of else -1)
                    count_no_wait(P, WAITS, HIST, PROGRAM, row, node)
                    note(LOG, G, P[row, at.WHO], node, M_GRANT, NEEDS[(first + got) & at.NATURAL, 0])
                    node = PROGRAM[node, at.OP_NEXT] & at.NATURAL
                    continue
                enqueue(P, R, S, A, G, PROGRAM, NEEDS, row, node)
                if PROGRAM[node, at.OP_PATIENCE] >= 0:
                    u = uniform(DRAW, np.uint64(P[row, at.WHO]), where_of(PROGRAM[node, at.OP_SITE], visit, 0))
                    patience = law_of.sample(LAWS, PROGRAM[node, at.OP_PATIENCE] + P[row, at.KIND], VALUES, u)
                    push(H, G, G[at.NOW] + patience, TIMEOUT, (at.EVENT_RENEGE << at.KIND_BITS) | row, P[row, at.TOKEN])
                for k in range(count):
                    if P[row, at.STATE] == at.WAITING:
                        pool = NEEDS[(first + k) & at.NATURAL, 0] & at.NATURAL
                        serve(P, R, S, A, H, G, DRAW, LAWS, VALUES, PROGRAM, NEEDS, RING, CURSOR, pool)
                break
            if code == at.RELEASE:
                first, count = PROGRAM[node, at.OP_A] & at.NATURAL, PROGRAM[node, at.OP_B]
                choice = PROGRAM[node, at.OP_ANY]
                note(LOG, G, P[row, at.WHO], node, M_RELEASE, 0)
                pool, units = PROGRAM[node, at.OP_POOL] & at.NATURAL, PROGRAM[node, at.OP_UNITS]
                for k in range(first, first + count):
                    if k > first:
                        pool, units = NEEDS[k & at.NATURAL, 0] & at.NATURAL, NEEDS[k & at.NATURAL, 1]
                    if choice >= 0 and P[row, (G[at.CHOICE_AT] + choice) & at.NATURAL] != pool:
                        continue
                    if PROGRAM[node, at.OP_C]:
                        touch(R, S, A, G, pool)
                        R[pool, at.TURNING] -= units
                    else:
                        let_go(P, R, S, A, G, row, pool, units)
                pool = PROGRAM[node, at.OP_POOL] & at.NATURAL
                for k in range(first, first + count):
                    if k > first:
                        pool = NEEDS[k & at.NATURAL, 0] & at.NATURAL
                    if choice >= 0 and P[row, (G[at.CHOICE_AT] + choice) & at.NATURAL] != pool:
                        continue
                    serve(P, R, S, A, H, G, DRAW, LAWS, VALUES, PROGRAM, NEEDS, RING, CURSOR, pool)
                node = PROGRAM[node, at.OP_NEXT] & at.NATURAL
            elif code == at.ROUTE:
                first, count = PROGRAM[node, at.OP_A] & at.NATURAL, PROGRAM[node, at.OP_B]
                way = 0
                if PROGRAM[node, at.OP_C] == 0:
                    visit = visit_of(P, G, PROGRAM, row, node)
                    u = uniform(DRAW, np.uint64(P[row, at.WHO]), where_of(PROGRAM[node, at.OP_SITE], visit, 0))
                    while way < count - 1 and u > CHANCES[(first + way) & at.NATURAL, P[row, at.KIND] & at.NATURAL]:
                        way += 1
                elif PROGRAM[node, at.OP_C] == 1:
                    while way < count - 1 and not holds(
                        P, R, G, SIZES, TERMS, OFFSETS, row, BRANCHES[first + way, 1], BRANCHES[first + way, 2]
                    ):
                        way += 1
                else:
                    least = np.int64(1) << 60
                    for k in range(count):
                        pool = BRANCHES[first + k, 3]
                        load = R[pool, at.QUEUED] + R[pool, at.BUSY]
                        if load < least:
                            least, way = load, k
                note(LOG, G, P[row, at.WHO], node, M_ROUTE, way)
                node = BRANCHES[(first + way) & at.NATURAL, 0] & at.NATURAL
            elif code == at.EXIT:
                note(LOG, G, P[row, at.WHO], node, M_EXIT, 0)
                if P[row, at.SILENT] == 0:
                    G[at.INSIDE] -= 1
                    kind = P[row, at.KIND] & at.NATURAL
                    EXITS[node, kind] += 1
                    stay = G[at.NOW] - P[row, at.ARRIVED]
                    STAYS[kind, at.STAY_WINDOW_LEFT] += 1.0
                    STAYS[kind, at.STAY_WINDOW_SUM] += stay
                    if P[row, at.ARRIVED] >= SIZES[at.SIZE_WARM_UP]:
                        STAYS[kind, at.STAY_LEFT] += 1.0
                        STAYS[kind, at.STAY_SUM] += stay
                        STAYS[kind, at.STAY_SQUARES] += float(stay) * float(stay)
                        STAYS[kind, at.STAY_MAX] = max(STAYS[kind, at.STAY_MAX], stay)
                        STAY_HIST[kind, bin_of(stay)] += 1
                free_row(P, G, row)
                break
            elif code == at.ASSIGN:
                visit = visit_of(P, G, PROGRAM, row, node)
                u = uniform(DRAW, np.uint64(P[row, at.WHO]), where_of(PROGRAM[node, at.OP_SITE], visit, 0))
                value = law_of.sample(LAWS, PROGRAM[node, at.OP_A] + P[row, at.KIND], VALUES, u)
                if PROGRAM[node, at.OP_B] < 0:
                    P[row, at.KIND] = value
                elif PROGRAM[node, at.OP_C]:
                    P[row, G[at.ATTRIBUTE_AT] + PROGRAM[node, at.OP_B]] += value
                else:
                    P[row, G[at.ATTRIBUTE_AT] + PROGRAM[node, at.OP_B]] = value
                node = PROGRAM[node, at.OP_NEXT] & at.NATURAL
            elif code == at.SPAWN:
                note(LOG, G, P[row, at.WHO], node, M_SPAWN, 0)
                for k in range(PROGRAM[node, at.OP_A], PROGRAM[node, at.OP_A] + PROGRAM[node, at.OP_B]):
                    let_go(P, R, S, A, G, row, NEEDS[k, 0], NEEDS[k, 1])
                    touch(R, S, A, G, NEEDS[k, 0])
                    R[NEEDS[k, 0], at.TURNING] += NEEDS[k, 1]
                child = child_of(P, G, row, SPAWNED | P[row, at.BRANCH], PROGRAM[node, at.OP_C])
                if G[at.ERROR] == 0:
                    P[child, at.SILENT] = 1
                    P[child, at.BASE] = P[row, at.SPAWNS]
                    P[row, at.SPAWNS] += 1
                    begin_later(STARTS, G, child)
                node = PROGRAM[node, at.OP_NEXT] & at.NATURAL
            elif code == at.FORK:
                first, count = PROGRAM[node, at.OP_A] & at.NATURAL, PROGRAM[node, at.OP_B]
                note(LOG, G, P[row, at.WHO], node, M_FORK, count)
                P[row, at.NODE] = node
                P[row, at.STATE] = at.JOINING
                P[row, at.ASKED] = G[at.NOW]  # only to tell, at the end, since when it waits
                P[row, at.PENDING] = count
                if P[row, at.BRANCH] * 32 + count >= SPAWNED:
                    G[at.ERROR] = at.NUMBERS_FULL
                    G[at.ERROR_AT] = node
                    break
                for k in range(count):
                    child = child_of(P, G, row, P[row, at.BRANCH] * 32 + k + 1, BRANCHES[first + k, 0])
                    P[child, at.PARENT] = row
                    begin_later(STARTS, G, child)
                break
            elif code == at.JOIN:
                parent = P[row, at.PARENT] & at.NATURAL
                note(LOG, G, P[row, at.WHO], node, M_JOIN, 0)
                # As if walked by the patient itself: no later draw may meet a counter of a branch.
                P[parent, at.SPAWNS] = max(P[parent, at.SPAWNS], P[row, at.SPAWNS])
                for column in range(G[at.VISIT_AT], G[at.TRACK_AT]):
                    P[parent, column] = max(P[parent, column], P[row, column])
                free_row(P, G, row)
                P[parent, at.PENDING] -= 1
                if P[parent, at.PENDING] > 0:
                    break
                row = parent
                P[row, at.STATE] = at.RUNNING
                node = PROGRAM[node, at.OP_NEXT] & at.NATURAL
            else:
                batch = PROGRAM[node, at.OP_A]
                note(LOG, G, P[row, at.WHO], node, M_BATCH, 0)
                if BATCHES[batch, 2] + 1 >= PROGRAM[node, at.OP_B]:
                    let_batch_go(P, RING, G, BATCHES, batch)
                    node = PROGRAM[node, at.OP_NEXT] & at.NATURAL
                    continue
                P[row, at.NODE] = node
                P[row, at.STATE] = at.BATCHED
                P[row, at.ASKED] = G[at.NOW]
                P[row, at.NEXT_ROW] = -1
                if BATCHES[batch, 1] >= 0:
                    P[BATCHES[batch, 1], at.NEXT_ROW] = row
                else:
                    BATCHES[batch, 0] = row
                    if PROGRAM[node, at.OP_C] > 0:
                        due = G[at.NOW] + PROGRAM[node, at.OP_C]
                        push(H, G, due, TIMEOUT, (at.EVENT_BATCH << at.KIND_BITS) | node, BATCHES[batch, 3])
                BATCHES[batch, 1] = row
                BATCHES[batch, 2] += 1
                break
    G[at.EVENTS] = events
    if G[at.ERROR] == 0:
        G[at.NOW] = horizon
        for pool in range(pools):
            touch(R, S, A, G, pool)
