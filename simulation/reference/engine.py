"""One replication on SimPy's calendar, each patient a script that pauses where it has to wait.

SimPy orders events by (time, priority, sequence); the phase of the contract is the priority. Everything else, from
queues to calendars, is written here anew and shares nothing with the fast engine but the model and the numerics.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from itertools import count

import numpy as np
import simpy
from simpy.events import EventPriority

from simulation.model.calendars import capacity_events, local_offsets, open_intervals, opening_instants
from simulation.model.distributions import Distribution
from simulation.model.operations import (
    Assign,
    Batch,
    Comparison,
    Delay,
    Exit,
    Fork,
    Join,
    Need,
    Release,
    Route,
    RouteBy,
    Seize,
    Spawn,
    Subject,
    Term,
    WaitUntil,
)
from simulation.model.pathway import ATTRIBUTE_LEVELS
from simulation.model.plan import EventLog, Mark, Phase, RunPlan, Waiting
from simulation.model.problems import EndlessLoop, Overflow
from simulation.model.resources import Discipline, Eviction, ShiftEnd
from simulation.model.state import InPlace
from simulation.numerics import draws, laws, sources
from simulation.reference.sources import ArrivalSources
from simulation.reference.tokens import Grant, PoolState, Request, Standing, Token

Script = Generator[None, None, None]

_COMPARE: dict[Comparison, Callable[[int, int], bool]] = {
    Comparison.LESS: lambda a, b: a < b,
    Comparison.AT_MOST: lambda a, b: a <= b,
    Comparison.EQUAL: lambda a, b: a == b,
    Comparison.DIFFERENT: lambda a, b: a != b,
    Comparison.AT_LEAST: lambda a, b: a >= b,
    Comparison.MORE: lambda a, b: a > b,
}


class Hospital:
    """The state of one replication.

    Parameters
    ----------
    plan : RunPlan
        What is to be run.
    replication : int
        Which replication.
    """

    def __init__(self, plan: RunPlan, replication: int) -> None:
        self.plan = plan
        self.pathway = plan.pathway
        self.env = simpy.Environment(initial_time=0)
        self.key = np.uint64(draws.key_of(plan.seed, replication))
        self.sites = sources.sites_of(plan.pathway)
        self.book = sources.LawBook()
        self.pools = {
            pool.id: PoolState(pool, capacity_events(pool, plan.span).first, plan.pathway.levels)
            for pool in plan.pathway.pools.values()
        }
        self.pool_number = {pool: number for number, pool in enumerate(self.pools)}
        self.node_number = {node: number for number, node in enumerate(plan.pathway.operations)}
        self.calendars = {
            name: (open_intervals(calendar, plan.span), opening_instants(calendar, plan.span))
            for name, calendar in plan.pathway.calendars.items()
        }
        self.offsets = local_offsets(plan.span)
        self.batches: dict[str, list[Token]] = {
            node: [] for node, operation in plan.pathway.operations.items() if isinstance(operation, Batch)
        }
        self.batch_rounds = dict.fromkeys(self.batches, 0)
        self.order = count()
        self.rows: list[tuple[int, int, int, int, int, int, int]] = []
        self.tokens: dict[Token, None] = {}
        self.inside = 0
        self.steps = 0
        self.steps_at = -1

    # -- the calendar -------------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """Microseconds from the start."""
        return int(self.env.now)

    def at(self, delay: int, phase: Phase, action: Callable[[], None]) -> None:
        """Do something after a delay, in a phase."""
        event = simpy.Event(self.env)
        event._ok, event._value = (
            True,
            None,
        )  # SimPy offers no public way to schedule an event with a priority and a delay
        event.callbacks = [lambda _: action()]
        self.env.schedule(event, priority=EventPriority(int(phase)), delay=delay)

    def log(self, token: Token, mark: Mark, value: int = 0, node: str = "") -> None:
        """Write a row of the event log."""
        number = self.node_number[node or token.node]
        self.rows.append((self.now, token.stream, token.number, token.branch, number, int(mark), value))

    # -- draws --------------------------------------------------------------------------------------------------------

    def uniform(self, token: Token, node: str, visit: int, draw: int = 0) -> float:
        """Give the uniform number of a token at a node."""
        where = draws.where_of(self.sites[node], visit, draw)
        return draws.draw(self.key, token.who, np.uint64(where))

    def sample(self, distribution: Distribution, u: float) -> int:
        """Give a duration in whole microseconds."""
        row = self.book.add(distribution)
        table, values = self.book.arrays()
        found = int(laws.sample(table, row, values, u))
        if found >= laws.LONGEST_US:
            raise Overflow("A duration exceeds 36,000 years", "check its unit and parameters.")
        return found

    def residual(self, distribution: Distribution, elapsed: int, u: float) -> int:
        """Give the rest of a duration of which a part has passed."""
        row = self.book.add(distribution)
        table, values = self.book.arrays()
        return int(laws.residual(table, row, values, elapsed, u))

    def visit(self, token: Token) -> int:
        """Count a visit of the token's node; give how many there were before."""
        before = token.base_visit + token.visits[token.node]
        token.visits[token.node] += 1
        return before

    # -- moving patients ----------------------------------------------------------------------------------------------

    def begin_later(self, token: Token) -> None:
        """Let a token begin after the step that is under way."""
        self.tokens[token] = None
        token.script = self.script(token)
        self.at(0, Phase.START, lambda: self.resume(token))

    def resume(self, token: Token) -> None:
        """Let a token go on until it has to wait again."""
        token.standing = Standing.RUNNING
        if token.script is not None:
            next(token.script, None)

    def script(self, token: Token) -> Script:
        """Walk a token along its pathway."""
        while True:
            self._count_step(token)
            operation = self.pathway.operations[token.node]
            match operation:
                case Seize():
                    yield from self.seize(token, operation)
                case Release():
                    self.release(token, operation)
                case Delay() | WaitUntil():
                    yield from self.delay(token, operation)
                case Route():
                    self.route(token, operation)
                case Assign():
                    self.assign(token, operation)
                case Fork():
                    yield from self.fork(token, operation)
                case Spawn():
                    self.spawn(token, operation)
                case Batch():
                    yield from self.batch(token, operation)
                case Join():
                    self.join(token)
                    return
                case Exit():
                    self.leave(token, operation)
                    return

    def _count_step(self, token: Token) -> None:
        if self.now != self.steps_at:
            self.steps, self.steps_at = 0, self.now
        self.steps += 1
        if self.steps > self.plan.step_budget:
            raise EndlessLoop(token.node, self.plan.step_budget)

    def delay(self, token: Token, operation: Delay | WaitUntil) -> Script:
        """Let time pass for a patient."""
        token.visit, token.draws = self.visit(token), 0
        self.log(token, Mark.BEGIN)
        self.schedule_end(token, self.duration(token, operation))
        yield
        self.log(token, Mark.END)
        token.node = operation.next

    def duration(self, token: Token, operation: Delay | WaitUntil) -> int:
        """Give how long a delay lasts from now."""
        if isinstance(operation, WaitUntil):
            token.interruptible = False
            openings = self.calendars[operation.calendar][1]
            return next((at for at in openings if at >= self.now), laws.LONGEST_US) - self.now
        u = self.uniform(token, token.node, token.visit, token.draws)
        work = self.sample(operation.durations[token.patient_class], u)
        token.interruptible = not operation.calendar
        return self.open_time(operation.calendar, work) if operation.calendar else work

    def open_time(self, calendar: str, work: int) -> int:
        """Give how long it takes until so much open time has passed."""
        time = self.now
        for start, end in self.calendars[calendar][0]:
            if end <= time:
                continue
            time = max(time, start)
            if work <= end - time:
                return time + work - self.now
            work -= end - time
            time = end
        return time + work - self.now

    def schedule_end(self, token: Token, lasts: int, whole: int | None = None) -> None:
        """Let a token's delay end after a while, unless the token's life changes before."""
        token.standing = Standing.DELAYED
        token.due = self.now + lasts
        token.duration = lasts if whole is None else whole
        life = token.life

        def end() -> None:
            if token.life == life:
                token.life += 1
                self.resume(token)

        self.at(lasts, Phase.COMPLETION, end)

    def route(self, token: Token, operation: Route) -> None:
        """Choose a way."""
        last = len(operation.branches) - 1
        way = last
        if operation.by is RouteBy.CHANCE:
            u = self.uniform(token, token.node, self.visit(token))
            total = 0.0
            for number, branch in enumerate(operation.branches):
                total += branch.chances[token.patient_class]
                if u <= total or number == last:
                    way = number
                    break
        elif operation.by is RouteBy.CONDITION:
            for number, branch in enumerate(operation.branches):
                if all(self.holds(token, term) for term in branch.terms):
                    way = number
                    break
        else:
            loads = [self.pools[branch.pool].queued + self.pools[branch.pool].busy for branch in operation.branches]
            way = loads.index(min(loads))
        self.log(token, Mark.ROUTE, way)
        token.node = operation.branches[way].to

    def holds(self, token: Token, term: Term) -> bool:
        """Tell whether a comparison holds now."""
        match term.subject:
            case Subject.ATTRIBUTE:
                value = token.attributes[term.name]
            case Subject.CLASS:
                value = token.patient_class
            case Subject.ELAPSED:
                value = self.now - token.arrived
            case Subject.HOUR:
                offset = [offset for since, offset in self.offsets if since <= self.now][-1]
                value = (self.plan.span.start_at + self.now + offset) // 3_600_000_000 % 24
            case Subject.FREE:
                value = self.pools[term.name].free
            case Subject.QUEUE:
                value = self.pools[term.name].queued
            case Subject.CHOSEN:
                value = self.pool_number[token.choices[term.name]]
        return _COMPARE[term.comparison](value, term.value)

    def assign(self, token: Token, operation: Assign) -> None:
        """Set an attribute."""
        u = self.uniform(token, token.node, self.visit(token))
        value = self.sample(operation.values[token.patient_class], u)
        if operation.attribute == "class":
            token.patient_class = value
        else:
            token.attributes[operation.attribute] = value + operation.add * token.attributes[operation.attribute]
        token.node = operation.next

    # -- branches -----------------------------------------------------------------------------------------------------

    def child(self, parent: Token, branch: int, node: str) -> Token:
        """Give a branch or turnover that begins at a node."""
        clear = int(parent.who) & 0xFFFF0000FFFFFFFF
        return Token(
            stream=parent.stream,
            number=parent.number,
            branch=branch,
            who=np.uint64(clear | branch << 32),
            patient_class=parent.patient_class,
            arrived=parent.arrived,
            node=node,
            name=parent.name,
            spawns=parent.spawns,
            base_visit=parent.base_visit,
            visits=parent.visits.copy(),
            attributes=parent.attributes.copy(),
            choices=dict(parent.choices),
        )

    def fork(self, token: Token, operation: Fork) -> Script:
        """Do several things at the same time."""
        self.log(token, Mark.FORK, len(operation.branches))
        token.standing, token.pending = Standing.ELSEWHERE, len(operation.branches)
        if token.branch * 32 + token.pending >= 1 << 15:
            raise Overflow(f"Forks at {token.node!r} are nested too deeply", "nest at most three.")
        for number, start in enumerate(operation.branches, start=1):
            child = self.child(token, token.branch * 32 + number, start)
            child.parent = token
            self.begin_later(child)
        token.node = operation.join
        yield
        join = self.pathway.operations[token.node]
        token.node = join.next if isinstance(join, Join) else ""

    def join(self, token: Token) -> None:
        """End a branch; the last one lets the patient go on."""
        self.log(token, Mark.JOIN)
        del self.tokens[token]
        parent = token.parent
        if parent is None:
            return
        parent.spawns = max(parent.spawns, token.spawns)
        for node, visits in token.visits.items():
            parent.visits[node] = max(parent.visits[node], visits)
        parent.pending -= 1
        if parent.pending == 0:
            self.resume(parent)

    def spawn(self, token: Token, operation: Spawn) -> None:
        """Hand units over to their turnover."""
        self.log(token, Mark.SPAWN)
        for need in operation.needs:
            state = self.pools[need.pool]
            state.release(need.quantity)
            token.held[need.pool] -= need.quantity
            state.turning += need.quantity
        child = self.child(token, 1 << 15 | token.branch, operation.start)
        child.silent, child.base_visit = True, token.spawns
        token.spawns += 1
        self.begin_later(child)
        token.node = operation.next

    def batch(self, token: Token, operation: Batch) -> Script:
        """Wait until enough are together."""
        node = token.node
        self.log(token, Mark.BATCH)
        if len(self.batches[node]) + 1 >= operation.size:
            self.send_batch(node)
            token.node = operation.next
            return
        token.standing = Standing.ELSEWHERE
        self.batches[node].append(token)
        if len(self.batches[node]) == 1 and operation.max_wait_us:
            number = self.batch_rounds[node]

            def go() -> None:
                if self.batch_rounds[node] == number:
                    self.send_batch(node)

            self.at(operation.max_wait_us, Phase.TIMEOUT, go)
        yield
        self.log(token, Mark.GRANT, -1)
        token.node = operation.next

    def send_batch(self, node: str) -> None:
        """Let those who wait for a batch go on."""
        for token in self.batches[node]:
            self.at(0, Phase.GRANT, lambda token=token: self.resume(token))  # type: ignore[misc]  # binds the loop's token
        self.batches[node] = []
        self.batch_rounds[node] += 1

    def leave(self, token: Token, operation: Exit) -> None:
        """Leave the model."""
        self.log(token, Mark.EXIT)
        del self.tokens[token]
        if not operation.silent and not token.silent:
            self.inside -= 1

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

    # -- the start ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Put everything in place."""
        for state in self.pools.values():
            events = capacity_events(state.pool, self.plan.span)
            self.schedule_changes(state, list(events.ups), Phase.CAPACITY_UP)
            self.schedule_changes(state, list(events.downs), Phase.CAPACITY_DOWN)
            if state.pool.failures:
                for unit in range(events.first):
                    self.schedule_failure(state, unit, 0)
        for number, patient in enumerate(self.plan.initial.patients):
            self.place(number, patient)
        for state in self.pools.values():
            if state.pool.at_shift_end is ShiftEnd.FINISH:
                state.overtime = min(max(state.busy + state.turning - state.capacity, 0), state.busy)
        ArrivalSources(self).start()
        for state in self.pools.values():
            self.serve(state)

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

    def place(self, number: int, patient: InPlace) -> None:
        """Put somebody in place who is there at the start."""
        stream = sources.stream_numbers(self.pathway)[sources.IN_PLACE]
        token = Token(
            stream=-1,
            number=number,
            branch=0,
            who=np.uint64(draws.who_of(stream, 0, number)),
            patient_class=patient.patient_class,
            arrived=patient.arrived_us,
            node=patient.node,
            name=patient.name,
            silent=patient.in_turnover,
        )
        token.attributes.update(dict(patient.attributes))
        token.choices.update(patient.chosen)
        self.inside += not patient.in_turnover
        for need in patient.held:
            self.place_units(token, need)
        operation = self.pathway.operations[patient.node]
        if not isinstance(operation, (Delay, Seize)):
            self.begin_later(token)
            return
        self.tokens[token] = None
        token.script = self.script_in_place(token, operation, patient)
        next(token.script)

    def place_units(self, token: Token, need: Need) -> None:
        """Put units into the hands of somebody in place."""
        state = self.pools[need.pool]
        turns = any(
            isinstance(operation, Release) and operation.ready and operation.needs[0].pool == need.pool
            for operation in self.pathway.operations.values()
        )
        if token.silent and turns:
            state.turning += need.quantity
            return
        levels = next(
            (
                operation.levels
                for operation in self.pathway.operations.values()
                if isinstance(operation, Seize)
                and operation.levels
                and any(n.pool == need.pool for n in operation.needs)
            ),
            (0,) * len(self.pathway.classes),
        )
        self.hold(token, need.pool, need.quantity, Grant(next(self.order), levels[token.patient_class], 0, 0))

    def script_in_place(self, token: Token, operation: Delay | Seize, patient: InPlace) -> Script:
        """Go on from the middle of a delay or a queue, then along the pathway."""
        if isinstance(operation, Delay):
            token.visit = self.visit(token)
            left = patient.remaining_us
            if left < 0:
                u = self.uniform(token, token.node, token.visit)
                left = self.residual(operation.durations[token.patient_class], patient.elapsed_us, u)
            token.interruptible = not operation.calendar
            if operation.calendar:
                left = self.open_time(operation.calendar, left)
            self.schedule_end(token, left, patient.elapsed_us + left)
            yield
            self.log(token, Mark.END)
            token.node = operation.next
        else:
            request = self.request(token, operation, -patient.elapsed_us)
            self.log(token, Mark.REQUEST)
            visit = self.visit(token)
            self.enqueue(request)
            if operation.patience:
                u = self.uniform(token, token.node, visit)
                law = operation.patience[token.patient_class]
                self.start_patience(token, operation, self.residual(law, patient.elapsed_us, u))
            yield from self.wait(token, operation)
        yield from self.script(token)

    # -- the end ------------------------------------------------------------------------------------------------------

    def event_log(self) -> EventLog:
        """Give the rows written."""
        table = np.array(self.rows or np.zeros((0, 7)), dtype=np.int64).reshape(-1, 7)
        return EventLog(
            times=table[:, 0],
            streams=table[:, 1],
            numbers=table[:, 2],
            branches=table[:, 3],
            nodes=table[:, 4],
            marks=table[:, 5],
            values=table[:, 6],
        )

    def waiting(self) -> tuple[Waiting, ...]:
        """Give everybody who waits for units."""
        found = []
        for token in self.tokens:
            if token.request is not None and token.standing in (Standing.WAITING, Standing.EVICTED):
                held = tuple((pool, units) for pool, units in token.held.items() if units)
                request = token.request
                found.append(
                    Waiting(name=token.name, node=token.node, held=held, needs=request.needs, any_of=request.any_of)
                )
        return tuple(found)
