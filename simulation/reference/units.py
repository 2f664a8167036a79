"""Pools at work: who gets units, who waits for them, who loses them, and when units come and go."""

from __future__ import annotations

import numpy as np

from simulation.model.operations import (
    Delay,
    Release,
    Seize,
)
from simulation.model.pathway import ATTRIBUTE_LEVELS
from simulation.model.plan import Mark, Phase
from simulation.model.problems import Overflow
from simulation.model.resources import Discipline, Eviction, ShiftEnd
from simulation.numerics import draws, sources
from simulation.reference.run import Run, Script
from simulation.reference.tokens import Grant, PoolState, Request, Standing, Token


class Units(Run):
    """Taking, keeping and losing units of pools, and the shifts, failures and stock of the pools."""

    # -- units --------------------------------------------------------------------------------------------------------

    def level(self, token: Token, operation: Seize) -> int:
        """Give a token's priority at a seize."""
        if operation.level_attribute:
            return min(max(token.attributes[operation.level_attribute], 0), ATTRIBUTE_LEVELS - 1)
        return operation.levels[token.patient_class]

    def seize(self, token: Token, operation: Seize) -> Script:
        """Take units, waiting for them if need be."""
        node = token.node
        request = self.request(token, operation, self.now)
        self.log(token, Mark.REQUEST)
        visit = self.visit(token)
        member = self.at_once(request)
        if member is None and self.pre_empt(request):
            member = 0
        if member is not None:
            self.take(request, member)
            self.log(token, Mark.GRANT, self.pool_number[request.needs[member][0]])
            token.node = operation.next
            return
        self.enqueue(request)
        if operation.patience:
            u = self.uniform(token, node, visit)
            patience = self.sample(operation.patience[token.patient_class], u)
            self.start_patience(token, operation, patience)
        for pool, _ in request.needs:
            if token.standing is Standing.WAITING:
                self.serve(self.pools[pool])
        yield from self.wait(token, operation)

    def wait(self, token: Token, operation: Seize) -> Script:
        """Wait for a grant or the end of patience."""
        yield
        if token.request is None:
            pool = token.choices[token.node] if operation.any_of else operation.needs[0].pool
            self.log(token, Mark.GRANT, self.pool_number[pool])
            token.node = operation.next
        else:
            token.request = None
            token.node = operation.reneged

    def request(self, token: Token, operation: Seize, asked: int) -> Request:
        """Give the request that a seize makes."""
        needs = tuple((need.pool, need.quantity) for need in operation.needs)
        level = self.level(token, operation)
        return Request(token, needs, operation.any_of, level, asked, next(self.order), operation)

    def start_patience(self, token: Token, operation: Seize, patience: int) -> None:
        """Let a waiting token leave after a while."""
        life = token.life

        def lose_patience() -> None:
            if token.life != life or token.standing is not Standing.WAITING or token.request is None:
                return
            token.life += 1
            self.unqueue(token.request)
            self.log(token, Mark.RENEGE)
            for need in operation.needs:
                self.serve(self.pools[need.pool])
            self.resume(token)

        self.at(patience, Phase.TIMEOUT, lose_patience)

    def at_once(self, request: Request) -> int | None:
        """Give the member that can be had without waiting, if any."""
        can = [self.pools[pool].queued == 0 and self.pools[pool].free >= units for pool, units in request.needs]
        if request.any_of:
            return can.index(True) if any(can) else None
        return 0 if all(can) else None

    def enqueue(self, request: Request) -> None:
        """Put a request into the queue of every pool that it asks."""
        request.token.standing, request.token.request = Standing.WAITING, request
        for pool, _ in request.needs:
            state = self.pools[pool]
            state.queue_of(request).append(request)

    def unqueue(self, request: Request) -> None:
        """Take a request out of all queues."""
        for pool, _ in request.needs:
            self.pools[pool].queue_of(request).remove(request)

    def take(self, request: Request, member: int) -> None:
        """Take the units of a request."""
        token, seize = request.token, request.seize
        for number, (pool, units) in enumerate(request.needs):
            if request.any_of and number != member:
                continue
            if seize is not None and seize.consume:
                self.consume(self.pools[pool], units)
            else:
                self.hold(token, pool, units, Grant(next(self.order), request.level, request.asked, request.order))
        if request.any_of:
            token.choices[token.node] = request.needs[member][0]

    def hold(self, token: Token, pool: str, units: int, grant: Grant) -> None:
        """Put units into a patient's hands."""
        self.pools[pool].busy += units
        token.held[pool] += units
        token.grants[pool] = grant

    def consume(self, state: PoolState, units: int) -> None:
        """Use stock up."""
        state.capacity -= units
        rule = state.pool.restocking
        if rule is not None and not state.ordered and state.capacity <= rule.reorder_point:
            self.order_stock(state)

    def order_stock(self, state: PoolState) -> None:
        """Order stock; it comes after the lead time, and is ordered again if it was too little."""
        rule = state.pool.restocking
        if rule is None:
            return
        state.ordered = True
        where = draws.where_of(self.sites[f"\0order:{state.pool.id}"], 0, 0)
        u = draws.draw(self.key, np.uint64(draws.who_of(0, 0, state.orders)), np.uint64(where))
        state.orders += 1

        def come() -> None:
            state.capacity += rule.quantity
            state.ordered = False
            if state.capacity <= rule.reorder_point:
                self.order_stock(state)
            self.serve(state)

        self.at(self.sample(rule.lead_time, u), Phase.CAPACITY_UP, come)

    def release(self, token: Token, operation: Release) -> None:
        """Give units back."""
        self.log(token, Mark.RELEASE)
        needs = operation.needs
        if not needs:
            seize = self.pathway.operations[operation.of]
            chosen = token.choices[operation.of]
            needs = tuple(need for need in seize.needs if need.pool == chosen) if isinstance(seize, Seize) else ()
        for need in needs:
            if operation.ready:
                self.pools[need.pool].turning -= need.quantity
            else:
                self.pools[need.pool].release(need.quantity)
                token.held[need.pool] -= need.quantity
        for need in needs:
            self.serve(self.pools[need.pool])
        token.node = operation.next

    def serve(self, state: PoolState) -> None:
        """Grant what can be granted in the queue of a pool, in its order."""
        for request in state.in_order():
            if state.free <= 0:
                return
            member = self.member_to_take(request, state)
            if member is not None:
                self.grant(request, member)
            elif self.is_short(request, state):
                if not state.pool.may_overtake:
                    return
            elif 0 < state.pool.reserve_after_us <= self.now - request.asked:
                return

    def is_short(self, request: Request, state: PoolState) -> bool:
        """Tell whether a request cannot be met because of this very pool."""
        return state.free < dict(request.needs)[state.pool.id]

    def member_to_take(self, request: Request, state: PoolState) -> int | None:
        """Give the member of a request that can be taken now that a pool has free units."""
        if request.any_of:
            number = [pool for pool, _ in request.needs].index(state.pool.id)
            return None if self.is_short(request, state) else number
        return 0 if all(self.pools[pool].free >= units for pool, units in request.needs) else None

    def grant(self, request: Request, member: int) -> None:
        """Grant a waiting request; the patient goes on in the phase of grants."""
        token = request.token
        self.unqueue(request)
        token.life += 1
        token.request = None
        token.standing = Standing.ELSEWHERE
        self.take(request, member)
        if request.seize is None:
            self.at(0, Phase.GRANT, lambda: self.take_up_again(token, request.needs[0][0]))
        else:
            self.at(0, Phase.GRANT, lambda: self.resume(token))

    # -- losing units -------------------------------------------------------------------------------------------------

    def victims(self, pool: str, above: int) -> list[Token]:
        """Give those in service who would lose their units to a level, the first to lose them in front."""
        found = [
            token
            for token in self.tokens
            if token.standing is Standing.DELAYED
            and token.interruptible
            and token.held[pool] > 0
            and token.grants[pool].level > above
        ]
        return sorted(found, key=lambda token: (-token.grants[pool].level, -token.grants[pool].stamp))

    def pre_empt(self, request: Request) -> bool:
        """Free units for a request by taking them from lower levels, if that is enough and nobody is before it."""
        pool, units = request.needs[0]
        state = self.pools[pool]
        if len(request.needs) > 1 or state.pool.discipline is not Discipline.PREEMPTIVE:
            return False
        if any(state.queues[level] for level in range(request.level + 1)):
            return False
        victims = self.victims(pool, request.level)
        evictable = sum(token.held[pool] for token in victims)
        if state.free + evictable - min(state.overtime, evictable) < units:
            return False
        while state.free < units:
            self.evict(victims.pop(0), state)
        return True

    def evict(self, token: Token, state: PoolState) -> None:
        """Put a patient in service back to the head of the queue."""
        pool = state.pool.id
        self.log(token, Mark.EVICT, self.pool_number[pool])
        units, grant = token.held[pool], token.grants[pool]
        state.release(units)
        token.held[pool] -= units
        token.life += 1
        token.due = {Eviction.RESUME: token.due - self.now, Eviction.RESTART: token.duration, Eviction.RESAMPLE: -1}[
            state.pool.eviction
        ]
        request = Request(token, ((pool, units),), False, grant.level, grant.asked, grant.order)
        token.standing, token.request = Standing.EVICTED, request
        state.queue_of(request).insert(0, request)

    def take_up_again(self, token: Token, pool: str) -> None:
        """Go on with an interrupted delay."""
        self.log(token, Mark.GRANT, self.pool_number[pool])
        operation = self.pathway.operations[token.node]
        if token.due >= 0:
            self.schedule_end(token, token.due, token.duration)
        elif isinstance(operation, Delay):
            token.draws += 1
            if token.draws >= draws.MAX_DRAWS:
                raise Overflow(f"Too many repeats at {token.node!r}", "shorten the run.")
            self.schedule_end(token, self.duration(token, operation))

    def lower(self, state: PoolState, units: int) -> None:
        """Take units off duty."""
        state.lower(units)
        if state.pool.at_shift_end is not ShiftEnd.EVICT:
            return
        victims = self.victims(state.pool.id, -1)
        while state.busy + state.turning > state.capacity and victims:
            self.evict(victims.pop(0), state)

    def schedule_changes(self, state: PoolState, changes: list[tuple[int, int]], phase: Phase) -> None:
        """Let the next units of a pool come or go."""
        if not changes:
            return
        time, units = changes.pop(0)

        def change() -> None:
            if phase is Phase.CAPACITY_UP:
                state.capacity += units
                self.schedule_changes(state, changes, phase)
                self.serve(state)
            else:
                self.schedule_changes(state, changes, phase)
                self.lower(state, units)

        self.at(time - self.now, phase, change)

    def schedule_failure(self, state: PoolState, unit: int, number: int) -> None:
        """Let one unit fail and be repaired, again and again."""
        rule = state.pool.failures
        if rule is None:
            return
        site = self.sites[f"\0failure:{state.pool.id}"]
        who = np.uint64(draws.who_of(0, 0, unit))

        def lasting(what: int) -> int:
            law = rule.up if what == sources.UP else rule.down
            return self.sample(law, draws.draw(self.key, who, np.uint64(draws.where_of(site, number, what))))

        def repair() -> None:
            state.capacity += 1
            self.schedule_failure(state, unit, number + 1)
            self.serve(state)

        def fail() -> None:
            self.at(lasting(sources.DOWN), Phase.CAPACITY_UP, repair)
            self.lower(state, 1)

        self.at(lasting(sources.UP), Phase.CAPACITY_DOWN, fail)
