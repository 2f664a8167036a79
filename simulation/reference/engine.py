"""One replication on SimPy's calendar, each patient a script that pauses where it has to wait.

SimPy orders events by (time, priority, sequence); the phase of the contract is the priority. Everything else, from
queues to calendars, is written here anew and shares nothing with the fast engine but the model and the numerics.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulation.model.calendars import capacity_events
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
from simulation.model.plan import EventLog, LogColumns, Mark, Phase, Waiting
from simulation.model.problems import EndlessLoop, Overflow
from simulation.model.resources import ShiftEnd
from simulation.model.state import InPlace
from simulation.numerics import draws, sources
from simulation.reference.run import Script
from simulation.reference.sources import ArrivalSources
from simulation.reference.tokens import Grant, Standing, Token
from simulation.reference.units import Units

_COMPARE: dict[Comparison, Callable[[int, int], bool]] = {
    Comparison.LESS: lambda a, b: a < b,
    Comparison.AT_MOST: lambda a, b: a <= b,
    Comparison.EQUAL: lambda a, b: a == b,
    Comparison.DIFFERENT: lambda a, b: a != b,
    Comparison.AT_LEAST: lambda a, b: a >= b,
    Comparison.MORE: lambda a, b: a > b,
}


class Hospital(Units):
    """One replication: patients walking along their pathway.

    Parameters are those of :class:`simulation.reference.run.Run`.
    """

    # -- moving patients ----------------------------------------------------------------------------------------------

    def begin_later(self, token: Token) -> None:
        """Let a token begin after the step that is under way."""
        self.tokens[token] = None
        token.script = self.script(token)
        self.at(0, Phase.START, lambda: self.resume(token))

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
        # The same bits as in the fast engine: draws of a branch are keyed by its number.
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
        token.standing, token.since, token.pending = Standing.ELSEWHERE, self.now, len(operation.branches)
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
        token.standing, token.since = Standing.ELSEWHERE, self.now
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
        columns = LogColumns(
            times=table[:, 0],
            streams=table[:, 1],
            numbers=table[:, 2],
            branches=table[:, 3],
            nodes=table[:, 4],
            marks=table[:, 5],
            values=table[:, 6],
        )
        return EventLog(len(table), lambda: columns)

    def waiting(self) -> tuple[Waiting, ...]:
        """Give everybody who waits for units, for a batch or for its branches."""
        found = []
        for token in self.tokens:
            request, needs, any_of, since, missing = token.request, (), False, token.since, 0
            if self._waits_for_units(token) and request is not None:
                needs, any_of, since = request.needs, request.any_of, request.asked  # type: ignore[assignment]  # of any length
            elif not self._waits_for_others(token):
                continue
            operation = self.pathway.operations[token.node]
            if isinstance(operation, Batch):
                missing = operation.size - len(self.batches[token.node])
            # in the pathway's order, not in that of taking, as the other engine tells it
            held = tuple((pool, token.held[pool]) for pool in self.plan.pathway.pools if token.held.get(pool))
            found.append(
                Waiting(
                    name=token.name,
                    node=token.node,
                    held=held,
                    needs=needs,
                    any_of=any_of,
                    since_us=since,
                    branch=token.branch,
                    missing=missing,
                )
            )
        return tuple(found)

    def under_way(self) -> tuple[str, ...]:
        """Give the node of everybody who does not wait for others, sorted."""
        return tuple(
            sorted(
                token.node
                for token in self.tokens
                if not self._waits_for_units(token) and not self._waits_for_others(token)
            )
        )

    def _waits_for_units(self, token: Token) -> bool:
        return token.request is not None and token.standing in (Standing.WAITING, Standing.EVICTED)

    def _waits_for_others(self, token: Token) -> bool:
        operation = self.pathway.operations[token.node]
        # A batch that goes unfilled after a while holds nobody for ever.
        waits = isinstance(operation, Join) or (isinstance(operation, Batch) and not operation.max_wait_us)
        return token.standing is Standing.ELSEWHERE and waits
