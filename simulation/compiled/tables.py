"""A plan laid out as flat tables for the kernel."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from simulation.compiled import layout as at
from simulation.model.arrivals import Planned, PoissonRates, Renewal
from simulation.model.calendars import capacity_events, local_offsets, open_intervals
from simulation.model.operations import (
    Assign,
    Batch,
    Comparison,
    Delay,
    Exit,
    Fork,
    Join,
    Need,
    Operation,
    Release,
    Route,
    RouteBy,
    Seize,
    Spawn,
    Subject,
    WaitUntil,
)
from simulation.model.plan import Floats, Integers, RunPlan
from simulation.model.resources import Discipline, Eviction, Pool, ShiftEnd
from simulation.numerics import sources

_COMPARISON = {name: number for number, name in enumerate(Comparison)}
_SUBJECT = {name: number for number, name in enumerate(Subject)}
_EVICTION = {Eviction.RESUME: 0, Eviction.RESTART: 1, Eviction.RESAMPLE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Everything that the kernel reads; see :mod:`simulation.compiled.layout` for the columns."""

    program: Integers
    needs: Integers
    levels: Integers
    branches: Integers
    chances: Floats
    terms: Integers
    laws: Floats
    values: Floats
    pools: Integers
    capacity: Integers
    calendar: Integers
    offsets: Integers
    streams: Integers
    class_shares: Floats
    piece_ends: Integers
    piece_totals: Floats
    initial: Integers
    initial_held: Integers
    sizes: Integers
    stream_numbers: tuple[int, ...]
    seize_nodes: tuple[int, ...]
    exit_nodes: tuple[int, ...]


class Layout:
    """Builds the tables of one plan.

    Parameters
    ----------
    plan : RunPlan
        What is to be run.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self.pathway = plan.pathway
        self.node_number = {node: number for number, node in enumerate(self.pathway.operations)}
        self.pool_number = {pool: number for number, pool in enumerate(self.pathway.pools)}
        self.attribute_number = {name: number for number, name in enumerate(self.pathway.attributes)}
        self.sites = sources.sites_of(self.pathway)
        self.book = sources.LawBook()
        self.needs: list[tuple[int, int]] = []
        self.levels: list[int] = []
        self.branches: list[tuple[int, int, int, int]] = []
        self.chances: list[tuple[float, ...]] = []
        self.terms: list[tuple[int, int, int, int]] = []
        operations = self.pathway.operations.items()
        self.seizes = [node for node, operation in operations if isinstance(operation, Seize)]
        self.any_seizes = [n for n, operation in operations if isinstance(operation, Seize) and operation.any_of]
        self.batches = [node for node, operation in operations if isinstance(operation, Batch)]
        self.calendars = {name: number for number, name in enumerate(self.pathway.calendars)}
        self.cyclic = self._cyclic()

    def _cyclic(self) -> dict[str, int]:
        # Only nodes on a cycle are visited twice; all others need no counter.
        graph = self.pathway.graph
        inside: set[str] = set()
        for group in nx.strongly_connected_components(graph):
            if len(group) > 1:
                inside |= group
        inside |= {node for node in graph if graph.has_edge(node, node)}
        return {node: number for number, node in enumerate(node for node in self.pathway.operations if node in inside)}

    def add_needs(self, needs: tuple[Need, ...]) -> tuple[int, int]:
        """Store needs; give their first row and their number."""
        first = len(self.needs)
        self.needs.extend((self.pool_number[need.pool], need.quantity) for need in needs)
        return first, len(needs)

    def program(self) -> Integers:
        """Give one row per node."""
        rows = np.full((len(self.node_number), at.OP_WIDTH), -1, dtype=np.int64)
        for node, operation in self.pathway.operations.items():
            row = rows[self.node_number[node]]
            row[at.OP_SITE] = self.sites[node]
            row[at.OP_CYCLE] = self.cyclic.get(node, -1)
            self._fill(row, node, operation)
            if isinstance(operation, (Seize, Release)):
                row[at.OP_POOL], row[at.OP_UNITS] = self.needs[row[at.OP_A]]
        return rows

    def _fill(self, row: Integers, node: str, operation: Operation) -> None:
        match operation:
            case Seize():
                self._fill_seize(row, node, operation)
            case Release():
                row[at.OP_CODE] = at.RELEASE
                row[at.OP_A], row[at.OP_B] = self.add_needs(operation.needs or self._needs_of(operation.of))
                row[at.OP_C] = int(operation.ready)
                row[at.OP_ANY] = self.any_seizes.index(operation.of) if operation.of and not operation.needs else -1
            case Delay():
                row[at.OP_CODE] = at.DELAY
                row[at.OP_A] = self.book.add(*operation.durations)
                row[at.OP_C] = self.calendars[operation.calendar] if operation.calendar else -1
            case WaitUntil():
                row[at.OP_CODE] = at.UNTIL
                row[at.OP_C] = self.calendars[operation.calendar]
            case Route():
                self._fill_route(row, operation)
            case Assign():
                row[at.OP_CODE] = at.ASSIGN
                row[at.OP_A] = self.book.add(*operation.values)
                row[at.OP_B] = -1 if operation.attribute == "class" else self.attribute_number[operation.attribute]
                row[at.OP_C] = int(operation.add)
            case Fork():
                row[at.OP_CODE] = at.FORK
                row[at.OP_A], row[at.OP_B] = len(self.branches), len(operation.branches)
                self.branches.extend((self.node_number[start], 0, 0, 0) for start in operation.branches)
                self.chances.extend((0.0,) * len(self.pathway.classes) for _ in operation.branches)
            case Join():
                row[at.OP_CODE] = at.JOIN
            case Batch():
                row[at.OP_CODE] = at.BATCH
                row[at.OP_A] = self.batches.index(node)
                row[at.OP_B], row[at.OP_C] = operation.size, operation.max_wait_us
            case Spawn():
                row[at.OP_CODE] = at.SPAWN
                row[at.OP_A], row[at.OP_B] = self.add_needs(operation.needs)
                row[at.OP_C] = self.node_number[operation.start]
            case Exit():
                row[at.OP_CODE] = at.EXIT
                row[at.OP_A] = int(operation.silent)
        if not isinstance(operation, (Route, Fork, Exit)):
            row[at.OP_NEXT] = self.node_number[operation.next]

    def _needs_of(self, node: str) -> tuple[Need, ...]:
        seize = self.pathway.operations[node]
        return seize.needs if isinstance(seize, Seize) else ()

    def _fill_seize(self, row: Integers, node: str, seize: Seize) -> None:
        row[at.OP_CODE] = at.SEIZE
        row[at.OP_A], row[at.OP_B] = self.add_needs(seize.needs)
        row[at.OP_C] = (at.ANY_OF if seize.any_of else 0) | (at.CONSUME if seize.consume else 0)
        if seize.level_attribute:
            row[at.OP_LEVEL] = -1 - self.attribute_number[seize.level_attribute]
        else:
            row[at.OP_LEVEL] = len(self.levels)
            self.levels.extend(seize.levels)
        if seize.patience:
            row[at.OP_PATIENCE] = self.book.add(*seize.patience)
            row[at.OP_RENEGED] = self.node_number[seize.reneged]
        row[at.OP_ANY] = self.any_seizes.index(node) if seize.any_of else -1
        row[at.OP_STAT] = self.seizes.index(node)

    def _fill_route(self, row: Integers, route: Route) -> None:
        row[at.OP_CODE] = at.ROUTE
        row[at.OP_A], row[at.OP_B] = len(self.branches), len(route.branches)
        row[at.OP_C] = list(RouteBy).index(route.by)
        totals = np.zeros(len(self.pathway.classes))
        for branch in route.branches:
            # Cumulative, so that a draw is compared with one number for each branch.
            totals = totals + np.array(branch.chances or totals * 0.0)
            first = len(self.terms)
            for term in branch.terms:
                self.terms.append(
                    (
                        _SUBJECT[term.subject],
                        self._named(term.subject, term.name),
                        _COMPARISON[term.comparison],
                        term.value,
                    )
                )
            pool = self.pool_number.get(branch.pool, -1)
            self.branches.append((self.node_number[branch.to], first, len(branch.terms), pool))
            self.chances.append(tuple(totals.tolist()))

    def _named(self, subject: Subject, name: str) -> int:
        match subject:
            case Subject.ATTRIBUTE:
                return self.attribute_number[name]
            case Subject.FREE | Subject.QUEUE:
                return self.pool_number[name]
            case Subject.CHOSEN:
                return self.any_seizes.index(name)
            case _:
                return 0

    def pools(self) -> tuple[Integers, Integers]:
        """Give one row per pool, and the capacity events of all of them."""
        rows = np.full((len(self.pool_number), at.POOL_WIDTH), -1, dtype=np.int64)
        events: list[tuple[int, int]] = []
        tracked = 0
        for pool, row in zip(self.pathway.pools.values(), rows, strict=True):
            found = capacity_events(pool, self.plan.span)
            row[at.POOL_CAPACITY] = found.first
            for column, side in ((at.POOL_UPS, found.ups), (at.POOL_DOWNS, found.downs)):
                row[column], row[column + 1] = len(events), len(events) + len(side)
                events.extend(side)
            may_evict = pool.discipline is Discipline.PREEMPTIVE or pool.at_shift_end is ShiftEnd.EVICT
            row[at.POOL_TRACKED] = tracked if may_evict else -1
            tracked += may_evict
            self._fill_pool(row, pool)
        return rows, np.array(events or [(0, 0)], dtype=np.int64)

    def _fill_pool(self, row: Integers, pool: Pool) -> None:
        row[at.POOL_FIFO] = int(pool.discipline is Discipline.FIFO)
        row[at.POOL_PREEMPTIVE] = int(pool.discipline is Discipline.PREEMPTIVE)
        row[at.POOL_SHIFT_END] = list(ShiftEnd).index(pool.at_shift_end)
        row[at.POOL_EVICTION] = _EVICTION[pool.eviction]
        row[at.POOL_LEVEL_WORTH] = pool.level_worth_us
        row[at.POOL_OVERTAKE] = int(pool.may_overtake)
        row[at.POOL_RESERVE] = pool.reserve_after_us
        row[at.POOL_FAILURE_SITE] = self.sites[f"\0failure:{pool.id}"]
        row[at.POOL_ORDER_SITE] = self.sites[f"\0order:{pool.id}"]
        if pool.failures:
            row[at.POOL_UP_LAW] = self.book.add(pool.failures.up)
            row[at.POOL_DOWN_LAW] = self.book.add(pool.failures.down)
        if pool.restocking:
            row[at.POOL_ORDER_LAW] = self.book.add(pool.restocking.lead_time)
            row[at.POOL_ORDER_POINT] = pool.restocking.reorder_point
            row[at.POOL_ORDER_SIZE] = pool.restocking.quantity

    def streams(self) -> tuple[Integers, Floats, Integers, Floats]:
        """Give one row per stream, cumulative class shares, and the pieces of all Poisson rates."""
        numbers = sources.stream_numbers(self.pathway)
        rows = np.full((len(self.pathway.streams), at.STREAM_WIDTH), -1, dtype=np.int64)
        shares = np.zeros((len(self.pathway.streams), len(self.pathway.classes)))
        ends: list[int] = []
        totals: list[float] = []
        for number, (stream, row) in enumerate(zip(self.pathway.streams, rows, strict=True)):
            row[at.STREAM_NUMBER] = numbers[stream.id]
            row[at.STREAM_TO] = self.node_number[stream.to]
            shares[number] = np.cumsum(stream.class_shares)
            if stream.group_size is not None:
                row[at.STREAM_GROUP_LAW] = self.book.add(stream.group_size)
            match stream.timing:
                case Renewal():
                    row[at.STREAM_KIND] = at.RENEWAL
                    row[at.STREAM_LAW] = self.book.add(stream.timing.gap)
                case PoissonRates():
                    row[at.STREAM_KIND] = at.POISSON
                    piece_ends, piece_totals = sources.rate_pieces(stream.timing, self.plan.span)
                    row[at.STREAM_FIRST] = len(ends)
                    ends.extend(piece_ends.tolist())
                    totals.extend(piece_totals.tolist())
                    row[at.STREAM_LAST] = len(ends)
                case Planned():
                    row[at.STREAM_KIND] = at.PLANNED
                    late = stream.timing.lateness
                    row[at.STREAM_LAW] = -1 if late is None else self.book.add(late)
        return rows, shares, np.array(ends or [0], dtype=np.int64), np.array(totals or [0.0])

    def calendar_table(self) -> Integers:
        """Give one row (first, last) per calendar, followed by the open intervals as (start, end)."""
        count = len(self.calendars)
        rows: list[tuple[int, int]] = []
        ranges: list[tuple[int, int]] = []
        for calendar in self.pathway.calendars.values():
            first = len(rows)
            rows.extend(open_intervals(calendar, self.plan.span))
            ranges.append((first + count, len(rows) + count))
        return np.array([*ranges, *rows] or [(0, 0)], dtype=np.int64)

    def initial(self) -> tuple[Integers, Integers]:
        """Give one row per patient in place, then attribute values and choices; and what each holds."""
        width = at.INITIAL_WIDTH + len(self.attribute_number) + len(self.any_seizes)
        patients = self.plan.initial.patients
        rows = np.zeros((len(patients), width), dtype=np.int64)
        held = np.zeros((len(patients), max(len(self.pool_number), 1)), dtype=np.int64)
        for number, (patient, row) in enumerate(zip(patients, rows, strict=True)):
            row[at.INITIAL_NODE] = self.node_number[patient.node]
            row[at.INITIAL_CLASS] = patient.patient_class
            row[at.INITIAL_ELAPSED] = patient.elapsed_us
            row[at.INITIAL_ARRIVED] = patient.arrived_us
            row[at.INITIAL_SILENT] = int(patient.in_turnover)
            row[at.INITIAL_REMAINING] = patient.remaining_us
            for name, value in patient.attributes:
                if name in self.attribute_number:
                    row[at.INITIAL_WIDTH + self.attribute_number[name]] = value
            for seize, pool in patient.chosen:
                column = at.INITIAL_WIDTH + len(self.attribute_number) + self.any_seizes.index(seize)
                row[column] = self.pool_number[pool]
            for need in patient.held:
                held[number, self.pool_number[need.pool]] += need.quantity
        return rows, held


def build_tables(plan: RunPlan) -> Tables:
    """Give the tables of a plan."""
    layout = Layout(plan)
    program = layout.program()
    pools, capacity = layout.pools()
    streams, class_shares, piece_ends, piece_totals = layout.streams()
    calendar = layout.calendar_table()
    initial, initial_held = layout.initial()
    laws, values = layout.book.arrays()
    # Offsets are laid out hour by hour: only for models that look at the hour.
    needs_hour = any(row[0] == _SUBJECT[Subject.HOUR] for row in layout.terms)
    offsets = local_offsets(plan.span) if needs_hour else [(0, 0)]
    start_of_day = plan.span.start_at % 86_400_000_000
    classes = len(plan.pathway.classes)
    sizes = np.zeros(at.SIZE_WIDTH, dtype=np.int64)
    sizes[at.SIZE_NODES] = len(layout.node_number)
    sizes[at.SIZE_POOLS] = len(layout.pool_number)
    sizes[at.SIZE_CLASSES] = classes
    sizes[at.SIZE_LEVELS] = plan.pathway.levels
    sizes[at.SIZE_ATTRIBUTES] = len(layout.attribute_number)
    sizes[at.SIZE_CHOICES] = len(layout.any_seizes)
    sizes[at.SIZE_CYCLES] = len(layout.cyclic)
    sizes[at.SIZE_TRACKED] = int(pools[:, at.POOL_TRACKED].max(initial=-1)) + 1
    sizes[at.SIZE_BATCHES] = len(layout.batches)
    sizes[at.SIZE_SEIZES] = len(layout.seizes)
    sizes[at.SIZE_HORIZON] = plan.span.horizon_us
    sizes[at.SIZE_WARM_UP] = plan.warm_up_us
    sizes[at.SIZE_AUDIT] = plan.audit_every_us
    sizes[at.SIZE_BUDGET] = plan.step_budget
    sizes[at.SIZE_START_OF_DAY] = start_of_day
    sizes[at.SIZE_ARRIVAL_SITE] = layout.sites[sources.ARRIVAL_SITE]
    sizes[at.SIZE_IN_PLACE] = sources.stream_numbers(plan.pathway)[sources.IN_PLACE]
    return Tables(
        program=program,
        needs=np.array(layout.needs or [(0, 0)], dtype=np.int64),
        levels=np.array(layout.levels or [0], dtype=np.int64),
        branches=np.array(layout.branches or [(0, 0, 0, 0)], dtype=np.int64),
        chances=np.array(layout.chances or [(0.0,) * classes], dtype=np.float64),
        terms=np.array(layout.terms or [(0, 0, 0, 0)], dtype=np.int64),
        laws=laws,
        values=values,
        pools=pools,
        capacity=capacity,
        calendar=calendar,
        offsets=np.array(offsets, dtype=np.int64),
        streams=streams,
        class_shares=class_shares,
        piece_ends=piece_ends,
        piece_totals=piece_totals,
        initial=initial,
        initial_held=initial_held,
        sizes=sizes,
        stream_numbers=tuple(int(number) for number in streams[:, at.STREAM_NUMBER]),
        seize_nodes=tuple(layout.node_number[node] for node in layout.seizes),
        exit_nodes=tuple(
            n for n, operation in enumerate(plan.pathway.operations.values()) if isinstance(operation, Exit)
        ),
    )
