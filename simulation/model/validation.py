"""Whether a pathway holds together: every fault with its place and cure, all at once."""

from __future__ import annotations

from collections import deque

import networkx as nx

from simulation.model.calendars import Span, capacity_events, open_intervals
from simulation.model.operations import (
    Delay,
    Exit,
    Fork,
    Join,
    Release,
    Route,
    RouteBy,
    Seize,
    Spawn,
    Subject,
    WaitUntil,
    targets,
)
from simulation.model.pathway import MAX_LEVELS, Pathway
from simulation.model.problems import PathwayRefused
from simulation.model.resources import Discipline, ShiftEnd
from twin.errors import FieldProblem

SUM_TOLERANCE = 1e-9
MAX_NEEDS = 8
MAX_FORK = 31
MAX_CAPACITY = 1 << 40

Held = tuple[tuple[str, int], ...]
_BRANCH = "branch to "  # what a branch of a fork has in hand besides units: the join at which it has to end


class _Faults:
    def __init__(self) -> None:
        self.found: list[FieldProblem] = []

    def add(self, place: str, message: str, cure: str) -> None:
        self.found.append(FieldProblem(field=place.rpartition(".")[2], place=place, message=message, cure=cure))


def check_pathway(pathway: Pathway, span: Span) -> None:
    """Refuse a pathway that cannot be run as it is meant.

    Parameters
    ----------
    pathway : Pathway
        The model.
    span : Span
        Stretch of time, for the calendars.

    Raises
    ------
    PathwayRefused
        With every fault found: unknown names, probabilities that do not sum to 1, exits out of reach, units never
        given back, calendars that never open, more units asked for than there ever are.
    """
    faults = _Faults()
    _check_names(pathway, faults)
    # Unknown names would make every further check fail by itself.
    if not faults.found:
        _check_operations(pathway, faults)
        _check_pools(pathway, span, faults)
        _check_streams(pathway, faults)
        _check_reach(pathway, faults)
    if not faults.found:
        _check_holdings(pathway, faults)
    if faults.found:
        raise PathwayRefused(pathway.name, faults.found)


def _check_names(pathway: Pathway, faults: _Faults) -> None:
    if not pathway.streams or not pathway.operations:
        faults.add("arrivals", "A pathway needs at least one stream and one node.", "Add them.")
    for stream in pathway.streams:
        if stream.to not in pathway.operations:
            faults.add(f"arrivals.{stream.id}.to", f"There is no node {stream.to!r}.", "Name a node.")
    for node, operation in pathway.operations.items():
        place = f"nodes.{node}"
        for _, target in targets(operation):
            if target not in pathway.operations:
                faults.add(f"{place}.next", f"There is no node {target!r}.", "Name a node.")
        if isinstance(operation, (Seize, Release, Spawn)):
            _check_pool_names(pathway, place, operation, faults)
        if (
            isinstance(operation, (Delay, WaitUntil))
            and operation.calendar
            and operation.calendar not in pathway.calendars
        ):
            faults.add(
                f"{place}.calendar", f"There is no calendar {operation.calendar!r}.", "Add it under [calendars]."
            )
        if isinstance(operation, Fork) and not isinstance(pathway.operations.get(operation.join), Join):
            faults.add(f"{place}.join", f"{operation.join!r} is no join.", 'Name a node with do = "join".')
        if isinstance(operation, Route):
            _check_route_names(pathway, place, operation, faults)
    for pool in pathway.pools.values():
        if pool.turnover and pool.turnover.cleaner and pool.turnover.cleaner not in pathway.pools:
            faults.add(f"pools.{pool.id}.turnover.cleaner", f"There is no pool {pool.turnover.cleaner!r}.", "Add it.")


def _check_pool_names(pathway: Pathway, place: str, operation: Seize | Release | Spawn, faults: _Faults) -> None:
    for need in operation.needs:
        if need.pool not in pathway.pools:
            faults.add(f"{place}.pools", f"There is no pool {need.pool!r}.", "Add it under [pools].")
    if not isinstance(operation, Seize) and operation.of:
        seize = pathway.operations.get(operation.of)
        if not isinstance(seize, Seize) or not seize.any_of:
            faults.add(f"{place}.of", f"{operation.of!r} is no any-of seize.", "Name a seize with any_of = true.")


def _check_route_names(pathway: Pathway, place: str, route: Route, faults: _Faults) -> None:
    for branch in route.branches:
        for term in branch.terms:
            if term.subject in (Subject.FREE, Subject.QUEUE) and term.name not in pathway.pools:
                faults.add(f"{place}.branches", f"There is no pool {term.name!r}.", "Name a pool.")
        if route.by is RouteBy.SHORTEST and branch.pool not in pathway.pools:
            faults.add(f"{place}.branches", f"There is no pool {branch.pool!r}.", "Name a pool.")


def _check_operations(pathway: Pathway, faults: _Faults) -> None:
    for node, operation in pathway.operations.items():
        place = f"nodes.{node}"
        match operation:
            case Seize():
                _check_seize(pathway, place, operation, faults)
            case Release(needs=(), of=""):
                faults.add(f"{place}.pools", "Nothing is released.", "Name pools, or an any-of seize with of.")
            case Fork() if not 2 <= len(operation.branches) <= MAX_FORK:
                faults.add(f"{place}.branches", f"Expected 2 to {MAX_FORK} branches.", "Change their number.")
            case Route() if not operation.branches:
                faults.add(f"{place}.branches", "A route needs branches.", "Add them.")
            case Route(by=RouteBy.CHANCE):
                _check_chances(pathway, place, operation, faults)
            case Route(by=RouteBy.CONDITION) if operation.branches[-1].terms and not _is_choice(operation):
                faults.add(
                    f"{place}.branches",
                    "No branch takes those for whom no condition holds.",
                    "End with one without if.",
                )
    if pathway.levels > MAX_LEVELS:
        faults.add("nodes", f"Priorities above {MAX_LEVELS - 1} are not kept apart.", "Number them 0, 1, 2, ….")


def _is_choice(route: Route) -> bool:
    return all(term.subject is Subject.CHOSEN for branch in route.branches for term in branch.terms)


def _check_seize(pathway: Pathway, place: str, seize: Seize, faults: _Faults) -> None:
    names = [need.pool for need in seize.needs]
    if not 1 <= len(names) <= MAX_NEEDS or len(set(names)) != len(names):
        faults.add(f"{place}.pools", f"Expected 1 to {MAX_NEEDS} different pools, got {names}.", "Mend the list.")
    preemptive = [name for name in names if pathway.pools[name].discipline is Discipline.PREEMPTIVE]
    if preemptive and len(names) > 1:
        faults.add(
            f"{place}.pools", f"Pre-emptive pools are seized alone, got {names}.", "Seize them one after another."
        )
    if seize.consume and seize.any_of:
        faults.add(f"{place}.any_of", "Stock is consumed from named pools.", "Remove any_of.")
    for name in names:
        if pathway.pools[name].restocking is not None and not seize.consume:
            faults.add(f"{place}.pools", f"{name!r} is a stock.", 'Use do = "consume".')


def _check_chances(pathway: Pathway, place: str, route: Route, faults: _Faults) -> None:
    for number, name in enumerate(pathway.classes):
        chances = [branch.chances[number] for branch in route.branches]
        if any(not 0 <= chance <= 1 for chance in chances) or abs(sum(chances) - 1) > SUM_TOLERANCE:
            faults.add(
                f"{place}.branches", f"Shares of class {name!r} sum to {sum(chances):.12g}, not 1.", "Mend the shares."
            )


def _check_pools(pathway: Pathway, span: Span, faults: _Faults) -> None:
    most: dict[str, int] = {}
    for pool in pathway.pools.values():
        events = capacity_events(pool, span)
        units = peak = events.first
        # At one instant units come before others go.
        for _, change in sorted(
            [*events.ups, *((at, -n) for at, n in events.downs)], key=lambda item: (item[0], -item[1])
        ):
            units += change
            peak = max(peak, units)
            if units < 0:
                faults.add(f"pools.{pool.id}.changes", "There would be fewer than 0 units.", "Take away less.")
                break
        if peak > MAX_CAPACITY:
            faults.add(f"pools.{pool.id}.capacity", f"{peak} units are too many.", f"Use at most {MAX_CAPACITY}.")
        most[pool.id] = peak if pool.restocking is None else MAX_CAPACITY
        if pool.failures and pool.capacity > 10_000:
            faults.add(
                f"pools.{pool.id}.failures", "Failures are kept for each of at most 10,000 units.", "Use fewer units."
            )
        if pool.at_shift_end is ShiftEnd.EVICT and pool.restocking:
            faults.add(f"pools.{pool.id}.at_shift_end", "Stock has no shifts.", "Remove it.")
    for node, operation in pathway.operations.items():
        if isinstance(operation, Seize):
            short = [need for need in operation.needs if need.quantity > most[need.pool]]
            if short and (not operation.any_of or len(short) == len(operation.needs)):
                need = short[0]
                faults.add(
                    f"nodes.{node}.pools",
                    f"Asks for {need.quantity} of {need.pool!r}, which has at most {most[need.pool]} in this run.",
                    "Give the pool capacity or shifts, or ask for less.",
                )
    for calendar in pathway.calendars.values():
        if not open_intervals(calendar, span):
            faults.add(f"calendars.{calendar.id}", "It never opens.", "Give it an opening.")


def _check_streams(pathway: Pathway, faults: _Faults) -> None:
    for stream in pathway.streams:
        if abs(sum(stream.class_shares) - 1) > SUM_TOLERANCE or min(stream.class_shares) < 0:
            total = sum(stream.class_shares)
            faults.add(f"arrivals.{stream.id}.classes", f"Shares sum to {total:.12g}, not 1.", "Mend the shares.")


def _check_reach(pathway: Pathway, faults: _Faults) -> None:
    graph = pathway.graph
    exits = [node for node, operation in pathway.operations.items() if isinstance(operation, Exit)]
    can_leave = set(exits).union(*(nx.ancestors(graph, node) for node in exits)) if exits else set()
    entries = {stream.to for stream in pathway.streams}
    reached = entries.union(*(nx.descendants(graph, node) for node in entries))
    for node in pathway.operations:
        place = f"nodes.{node}"
        if node in reached and node not in can_leave:
            faults.add(place, "No exit can be reached from here.", "Lead it to an exit.")
        if node not in reached and not node.startswith("turnover:"):
            faults.add(place, "No patient can come here.", "Lead a stream or node to it, or remove it.")
    for node, operation in pathway.operations.items():
        if isinstance(operation, Fork):
            _check_fork(pathway, node, operation, faults)


def _check_fork(pathway: Pathway, node: str, fork: Fork, faults: _Faults) -> None:
    for start in fork.branches:
        queue, seen = deque([start]), {start}
        while queue:
            here = queue.popleft()
            if here == fork.join:
                continue
            operation = pathway.operations[here]
            if isinstance(operation, (Exit, Join)):
                faults.add(
                    f"nodes.{node}.branches", f"The branch {start!r} can end at {here!r}.", f"Lead it to {fork.join!r}."
                )
                break
            onward = [(role, t) for role, t in targets(operation) if role != "turnover"]
            if isinstance(operation, Fork):
                onward = [("next", _after_join(pathway, operation))]
            for _, target in onward:
                if target not in seen:
                    seen.add(target)
                    queue.append(target)


def _after_join(pathway: Pathway, fork: Fork) -> str:
    join = pathway.operations[fork.join]
    return join.next if isinstance(join, Join) else fork.join


def held_at(pathway: Pathway) -> dict[str, Held]:
    """Give what a patient holds on coming to each node, as pairs of pool and quantity in order of their names.

    Parameters
    ----------
    pathway : Pathway
        One that has been checked. What an any-of seize got is called ``any of NODE``, what is in turnover ``turnover of
        POOL``; within a branch of a fork what the patient holds outside is not told, but that it is a branch.
    """
    return _check_holdings(pathway, _Faults())


def _check_holdings(pathway: Pathway, faults: _Faults) -> dict[str, Held]:
    """Follow what is held along every path: a leak or a release of nothing shows as a fault."""
    starts: list[tuple[str, Held]] = [(stream.to, ()) for stream in pathway.streams]
    found: dict[str, Held] = {}
    queue = deque(starts)
    # One fault at a time: a leak shows at every node behind it.
    while queue and not faults.found:
        node, held = queue.popleft()
        if node in found:
            if found[node] != held:
                faults.add(
                    f"nodes.{node}",
                    f"Some come here holding {_named(held)}, others holding {_named(found[node])}.",
                    "Release on every path what is seized on it.",
                )
            continue
        found[node] = held
        queue.extend(_step(pathway, node, dict(held), faults))
    return found


def _named(held: Held) -> str:
    return ", ".join(name if name.startswith(_BRANCH) else f"{n} {name}" for name, n in held) or "nothing"


def _frozen(held: dict[str, int]) -> Held:
    return tuple(sorted((name, n) for name, n in held.items() if n))


def _step(pathway: Pathway, node: str, held: dict[str, int], faults: _Faults) -> list[tuple[str, Held]]:
    operation = pathway.operations[node]
    before = _frozen(held)
    match operation:
        case Seize():
            if not operation.consume:
                for name, quantity in (
                    [(f"any of {node}", 1)]
                    if operation.any_of
                    else [(need.pool, need.quantity) for need in operation.needs]
                ):
                    held[name] = held.get(name, 0) + quantity
            left = [(operation.reneged, before)] if operation.reneged else []
            return [(operation.next, _frozen(held)), *left]
        case Release() | Spawn():
            names = [(f"any of {operation.of}", 1)] if operation.of else [(n.pool, n.quantity) for n in operation.needs]
            if isinstance(operation, Release) and operation.ready:
                names = [(f"turnover of {name}", quantity) for name, quantity in names]
            for name, quantity in names:
                held[name] = held.get(name, 0) - quantity
                if held[name] < 0:
                    faults.add(f"nodes.{node}.pools", f"Releases {name}, which is not held here.", "Seize it before.")
            spawned: tuple[tuple[str, Held], ...] = ()
            if isinstance(operation, Spawn):
                spawned = ((operation.start, tuple((f"turnover of {n.pool}", n.quantity) for n in operation.needs)),)
            return [(operation.next, _frozen(held)), *spawned]
        case Fork():
            branch: Held = ((f"{_BRANCH}{operation.join}", 1),)
            return [*((start, branch) for start in operation.branches), (_after_join(pathway, operation), before)]
        case Exit():
            if before:
                faults.add(f"nodes.{node}", f"A patient leaves holding {_named(before)}.", "Release it before.")
            return []
        case Join():
            units = tuple((name, n) for name, n in before if name != f"{_BRANCH}{node}")
            if units:
                faults.add(
                    f"nodes.{node}", f"A patient comes to the join holding {_named(units)}.", "Release it before."
                )
            elif not before:
                faults.add(f"nodes.{node}", "A patient comes to the join without a fork.", "Lead only branches here.")
            return []
        case _:
            return [(target, before) for _, target in targets(operation)]
