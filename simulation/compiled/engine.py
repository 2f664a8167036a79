"""The fast engine's door: prepares memory, runs the kernel, grows what was too small, and names what came out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulation.compiled import layout as at
from simulation.compiled.freshness import keep_code_fresh
from simulation.compiled.heap import NEVER, empty_heap
from simulation.compiled.logbook import LogShelf
from simulation.compiled.tables import Tables, build_tables
from simulation.compiled.walk import walk
from simulation.model.arrivals import Planned
from simulation.model.operations import Batch, Fork, Release, Seize
from simulation.model.plan import Integers, RunPlan, Waiting
from simulation.model.problems import EndlessLoop, Overflow, RunError, Stopped
from simulation.numerics import draws, sources
from simulation.statistics.outcome import RunOutcome

_FIRST_ROWS = 512
_FIRST_LOG = 1 << 15
# Of each table of one run. A mistake such as a group of a billion is then told, not ended by a machine without memory.
_MOST_BYTES = 1 << 30
_EVENT_BYTES, _WORD_BYTES = 32, 8
_NO_LOG: Integers = np.zeros(0, dtype=np.int64)
_WAITS = (at.WAITING, at.EVICTED, at.BATCHED, at.JOINING)


@dataclass(slots=True)
class StopFlag:
    """Tells a running kernel to stop; may be set from any thread.

    Parameters
    ----------
    cell : Integers
        Shape (1,); anything but 0 stops.
    """

    cell: Integers

    @classmethod
    def new(cls) -> StopFlag:
        """Give a flag that is not set."""
        return cls(np.zeros(1, dtype=np.int64))

    def set(self) -> None:
        """Stop the kernel within some thousand events."""
        self.cell[0] = 1


@dataclass(slots=True)
class _Room:
    rows: int
    heap: int
    log: int


class CompiledEngine:
    """Runs replications of one plan; safe to share between threads.

    Parameters
    ----------
    plan : RunPlan
        What is to be run.
    """

    def __init__(self, plan: RunPlan) -> None:
        keep_code_fresh()
        self.plan = plan
        self.tables: Tables = build_tables(plan)
        sizes = self.tables.sizes
        self._rows = _FIRST_ROWS + 2 * len(plan.initial.patients)
        self._log_words = _FIRST_LOG
        self._shelf = LogShelf(tuple(self.tables.stream_numbers))
        # Failures put one event for each unit into the heap at the start.
        self._heap = (
            4 * self._rows + 64 + int(sum(pool.capacity for pool in plan.pathway.pools.values() if pool.failures))
        )
        t = self.tables
        self._arguments = (
            *(t.program, t.needs, t.levels, t.branches, t.chances, t.terms, t.laws, t.values, t.pools, t.capacity),
            *(t.calendar, t.offsets, t.streams, t.class_shares, t.piece_ends, t.piece_totals, t.initial),
            *(t.initial_held, sizes, _hold_levels(plan)),
        )

    def run(self, replication: int, *, log: bool = False, stop: StopFlag | None = None) -> RunOutcome:
        """Run one replication.

        Parameters
        ----------
        replication : int
            0..2**32-1; the same number gives the same run, whatever ran before or beside it.
        log : bool
            Whether to keep the event log.
        stop : StopFlag | None
            Calls the run off from another thread.

        Raises
        ------
        EndlessLoop
            If patients go round without time passing.
        Overflow
            If a number or a table outgrows its bounds.
        Stopped
            If the flag was set.
        """
        flag = stop or StopFlag.new()
        room = _Room(self._rows, self._heap, self._log_words if log else 0)
        # Sizes are guesses: what turns out too small is grown and the replication run again, which gives the same
        # events, since draws depend on nothing that ran before.
        while True:
            memory, results, key, planned = self._prepare(room, replication)
            words = self._shelf.take(room.log) if log else _NO_LOG
            walk(self._arguments, planned, key, memory, results, words, flag.cell)
            globals_ = memory[4]
            error = int(globals_[at.ERROR])
            if error == at.NO_ERROR:
                # What was too small once is made large enough at once next time: growing runs the replication again.
                self._rows, self._heap = max(self._rows, room.rows), max(self._heap, room.heap)
                self._log_words = max(self._log_words, room.log)
                return self._outcome(memory, results, words if log else None)
            if error == at.ROWS_FULL and room.rows * 4 * memory[0].strides[0] <= _MOST_BYTES:
                room = _Room(room.rows * 4, room.heap * 4, room.log)
            elif error == at.HEAP_FULL and room.heap * 4 * _EVENT_BYTES <= _MOST_BYTES:
                room = _Room(room.rows, room.heap * 4, room.log)
            elif error == at.LOG_FULL and room.log * 4 * _WORD_BYTES <= _MOST_BYTES:
                room = _Room(room.rows, room.heap, room.log * 4)
            else:
                raise self._problem(error, int(globals_[at.ERROR_AT]), room)

    def _problem(self, error: int, node_number: int, room: _Room) -> RunError:
        node = list(self.plan.pathway.operations)[node_number]
        match error:
            case at.ENDLESS:
                return EndlessLoop(node, self.plan.step_budget)
            case at.STOPPED:
                return Stopped()
            case at.TOO_LONG:
                return Overflow(f"A duration at {node!r} exceeds 36,000 years", "check its unit and parameters.")
            case at.NUMBERS_FULL:
                return Overflow(f"Too many patients, visits, branches or repeats at {node!r}", "shorten the run.")
            case at.LOG_FULL:
                return Overflow(f"An event log of more than {room.log} words", "shorten the run, or leave the log out.")
            case _:
                most = room.rows if error == at.ROWS_FULL else room.heap
                what = "patients" if error == at.ROWS_FULL else "events to come"
                return Overflow(f"More than {most} {what} at once", "check that patients can leave: raise a capacity.")

    def _prepare(self, room: _Room, replication: int):  # type: ignore[no-untyped-def]  # a bundle of arrays for compiled code
        sizes = self.tables.sizes
        pools, levels, classes = (int(sizes[k]) for k in (at.SIZE_POOLS, at.SIZE_LEVELS, at.SIZE_CLASSES))
        globals_ = np.zeros(at.GLOBAL_WIDTH, dtype=np.int64)
        # Columns whose number depends on the model follow the fixed ones of a row.
        choice_at = at.HELD_AT + pools
        attribute_at = choice_at + int(sizes[at.SIZE_CHOICES])
        visit_at = attribute_at + int(sizes[at.SIZE_ATTRIBUTES])
        track_at = visit_at + int(sizes[at.SIZE_CYCLES])
        width = track_at + 4 * int(sizes[at.SIZE_TRACKED])
        globals_[at.CHOICE_AT], globals_[at.ATTRIBUTE_AT], globals_[at.LOG_AT] = choice_at, attribute_at, -1
        globals_[at.VISIT_AT], globals_[at.TRACK_AT], globals_[at.LEVELS] = visit_at, track_at, levels
        globals_[at.FREE_COUNT] = -1  # no row has been given back yet
        globals_[at.LATE_TIME] = NEVER
        patients = np.zeros((room.rows, width), dtype=np.int64)
        pool_state = np.zeros((max(pools, 1), at.STATE_WIDTH + 2 * levels), dtype=np.int64)
        pool_state[:, at.STATE_WIDTH :] = -1
        batches = np.zeros((max(int(sizes[at.SIZE_BATCHES]), 1), 4), dtype=np.int64)
        batches[:, :2] = -1
        memory = (
            patients,
            pool_state,
            np.zeros((max(pools, 1), at.AREA_WIDTH)),
            empty_heap(room.heap),
            globals_,
            np.empty((room.rows + 1, 2), dtype=np.int64),
            np.empty(room.rows + 1, dtype=np.int64),
            np.empty(levels, dtype=np.int64),
            batches,
        )
        seizes = max(int(sizes[at.SIZE_SEIZES]), 1)
        every, horizon = int(sizes[at.SIZE_AUDIT]), int(sizes[at.SIZE_HORIZON])
        results = (
            np.zeros((seizes, classes, at.WAIT_WIDTH)),
            np.zeros((seizes, at.BINS), dtype=np.int64),
            np.zeros((classes, at.STAY_WIDTH)),
            np.zeros((classes, at.BINS), dtype=np.int64),
            np.zeros((len(self.plan.pathway.operations), classes), dtype=np.int64),
            np.zeros((horizon // every + 1 if every else 0, 4 * pools + 1), dtype=np.int64),
        )
        key = np.uint64(draws.key_of(self.plan.seed, replication))
        return memory, results, key, self._planned(key)

    def _planned(self, key: np.uint64) -> tuple[Integers, Integers, Integers]:
        tables = self.tables
        cursors = np.zeros((len(self.plan.pathway.streams), at.CURSOR_WIDTH), dtype=np.int64)
        instants, numbers, count = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], 0
        site = int(tables.sizes[at.SIZE_ARRIVAL_SITE])
        for stream, row, cursor in zip(self.plan.pathway.streams, tables.streams, cursors, strict=True):
            if not isinstance(stream.timing, Planned):
                continue
            words = (int(row[at.STREAM_NUMBER]), site)
            law_tables = (tables.laws, tables.values)
            times, who = sources.planned_instants(key, words, stream.timing, int(row[at.STREAM_LAW]), law_tables)
            cursor[at.CURSOR_PLACE], cursor[at.CURSOR_PLAN_END] = count, count + len(times)
            count += len(times)
            instants.append(times)
            numbers.append(who)
        return np.concatenate(instants), np.concatenate(numbers), cursors

    def _outcome(self, memory, results, words: Integers | None) -> RunOutcome:  # type: ignore[no-untyped-def]
        patients, _, areas, _, globals_, _, _, _, batches = memory
        inside = patients[: int(globals_[at.HIGH])]
        waits, wait_bins, stays, stay_bins, exits, audits = results
        log = None
        if words is not None:
            log = self._shelf.log_of(words, int(globals_[at.LOG_SIZE]), int(globals_[at.LOG_ROWS]))
        return RunOutcome(
            events=int(globals_[at.EVENTS]),
            patients=int(globals_[at.PATIENTS]),
            inside=int(globals_[at.INSIDE]),
            window_us=self.plan.span.horizon_us - self.plan.warm_up_us,
            areas=areas,
            waits=waits,
            wait_bins=wait_bins,
            stays=stays,
            stay_bins=stay_bins,
            exits=exits,
            audits=audits,
            log=log,
            waiting=(waiting := self._waiting(inside, batches)),
            under_way=self._under_way(inside) if any(one.missing for one in waiting) else (),
        )

    def _waiting(self, inside: Integers, batches: Integers) -> tuple[Waiting, ...]:
        pathway = self.plan.pathway
        names, pools = list(pathway.operations), list(pathway.pools)
        found = []
        for row in inside[np.isin(inside[:, at.STATE], _WAITS)]:
            node = names[row[at.NODE]]
            needs: tuple[tuple[str, int], ...] = ()
            any_of, missing = False, 0
            match pathway.operations[node]:
                case Seize() as seize:
                    needs, any_of = tuple((need.pool, need.quantity) for need in seize.needs), seize.any_of
                case Batch() as batch:
                    if batch.max_wait_us:
                        continue
                    missing = batch.size - int(batches[self.tables.program[row[at.NODE], at.OP_A], 2])
                case Fork() as fork:
                    node = fork.join
                case _:
                    needs = ((pools[row[at.EVICTED_POOL]], int(row[at.EVICTED_UNITS])),)
            found.append(
                Waiting(
                    name=self._name_of(int(row[at.STREAM]), int(row[at.NUMBER])),
                    node=node,
                    held=tuple((pool, int(row[at.HELD_AT + k])) for k, pool in enumerate(pools) if row[at.HELD_AT + k]),
                    needs=needs,
                    any_of=any_of,
                    since_us=int(row[at.ASKED]),
                    branch=int(row[at.BRANCH]),
                    missing=missing,
                )
            )
        return tuple(found)

    def _name_of(self, stream: int, number: int) -> str:
        plan = self.plan
        return plan.initial.patients[number].name if stream < 0 else f"{plan.pathway.streams[stream].id} {number}"

    def _under_way(self, inside: Integers) -> tuple[str, ...]:
        operations = list(self.plan.pathway.operations.items())
        found = []
        for state, node in inside[:, [at.STATE, at.NODE]]:
            name, operation = operations[node]
            goes_unfilled = isinstance(operation, Batch) and operation.max_wait_us > 0
            if state != at.FREE and (state not in _WAITS or goes_unfilled):
                found.append(name)
        return tuple(sorted(found))


def _hold_levels(plan: RunPlan) -> Integers:
    """Give the level at which patients in place hold each pool, by class, and whether the pool has a turnover."""
    pathway = plan.pathway
    table = np.zeros((max(len(pathway.pools), 1), len(pathway.classes) + 1), dtype=np.int64)
    for row, pool in zip(table, pathway.pools.values(), strict=False):
        row[:-1] = holding_levels(plan, pool.id)
        row[-1] = int(
            any(isinstance(o, Release) and o.ready and o.needs[0].pool == pool.id for o in pathway.operations.values())
        )
    return table


def holding_levels(plan: RunPlan, pool: str) -> tuple[int, ...]:
    """Give the priority by class of the first seize of a pool; 0 if it takes its priority from an attribute."""
    for operation in plan.pathway.operations.values():
        if isinstance(operation, Seize) and operation.levels and any(need.pool == pool for need in operation.needs):
            return operation.levels
    return (0,) * len(plan.pathway.classes)
