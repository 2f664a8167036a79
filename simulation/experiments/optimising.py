"""The cheapest numbers of beds, people and devices that keep the limits."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from simulation.experiments.changes import changed
from simulation.experiments.choosing import FIRST, Limit, all_kept, kept_limit, plain_interval
from simulation.experiments.measures import interval_of
from simulation.experiments.request import Change, ExperimentRequest, Interval, Scenario, ShouldStop
from simulation.experiments.sampling import Samples
from simulation.model.problems import PathwayError, Stopped

MOST_LEVERS = 20
_RANGE = re.compile(r"\s*([0-9]{1,9})\s*\.\.\s*([0-9]{1,9})\s*(?:@\s*([0-9.eE+-]+)\s*)?")

Point = tuple[int, ...]
"""A number for each lever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """A count that may be changed.

    Parameters
    ----------
    path : str
        Entry of the pathway document, such as ``pools.bay.capacity`` or ``pools.nurse.shifts.0.units``.
    low, high : int
        Bounds.
    price : float
        Of one unit for the time that the question is about, above 0.
    """

    path: str
    low: int
    high: int
    price: float = 1.0


def lever_of(text: str) -> Lever:
    """Read a lever such as ``pools.bay.capacity=4..20@500``: entry, bounds, price of a unit.

    Raises
    ------
    PathwayError
        If it cannot be read.
    """
    # Names of entries may be in any language and hold blanks.
    path, _, numbers = text.rpartition("=")
    found = _RANGE.fullmatch(numbers)
    cure = "Write such as pools.bay.capacity=4..20@500."
    if found is None or not path.strip():
        raise PathwayError("lever", f"Cannot read {text!r}.", cure)
    low, high, price = found.groups()
    try:
        told = float(price) if price else 1.0
    except ValueError:
        told = math.nan
    if int(low) > int(high) or not 0 < told < math.inf:
        raise PathwayError("lever", f"Bounds or price of {text!r} cannot be.", cure)
    return Lever(path=path.strip(), low=int(low), high=int(high), price=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One point that was tried.

    Parameters
    ----------
    point : Point
        Numbers of the levers.
    cost : float
        Of all units, in the unit of the prices.
    keeps_limits : bool | None
        Whether it keeps all limits; None if the replications do not tell.
    limits : tuple[Interval, ...]
        Of the limited measures.
    is_taken : bool
        Whether the search went there.
    """

    point: Point
    cost: float
    keeps_limits: bool | None
    limits: tuple[Interval, ...]
    is_taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimum:
    """The cheapest that was found.

    Parameters
    ----------
    levers : tuple[Lever, ...]
        As asked.
    limits : tuple[Limit, ...]
        As asked.
    start, best : Step | None
        Where the search began, and the cheapest point that surely keeps all limits; None if there is none.
    steps : tuple[Step, ...]
        All points tried, in order.
    replications : int
        Run in all.
    is_complete : bool
        Whether the search came to its end; one that was called off may have a cheaper point still before it.
    """

    levers: tuple[Lever, ...]
    limits: tuple[Limit, ...]
    start: Step
    best: Step | None
    steps: tuple[Step, ...]
    replications: int
    is_complete: bool = True


@dataclass(slots=True)
class _Search:
    """Points tried so far; each is judged once."""

    samples: Samples
    levers: tuple[Lever, ...]
    limits: tuple[Limit, ...]
    known: dict[Point, tuple[bool | None, tuple[Interval, ...]]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def cost(self, point: Point) -> float:
        return sum(lever.price * count for lever, count in zip(self.levers, point, strict=True))

    def scenario(self, point: Point) -> Scenario:
        changes = tuple(Change(path=lever.path, value=count) for lever, count in zip(self.levers, point, strict=True))
        return Scenario(name=" ".join(map(str, point)), changes=changes, has_bands=False)

    def judge(self, point: Point) -> tuple[bool | None, tuple[Interval, ...]]:
        found = self.known.get(point)
        if found is None:
            request, scenario = self.samples.request, self.scenario(point)
            told = [kept_limit(self.samples, scenario, limit, len(self.limits), request) for limit in self.limits]
            keeps, _most = all_kept(told)
            shown = tuple(
                interval_of(self.samples.column(scenario, limit.measure, range(count)), request.confidence_share)
                for limit, (_told, count) in zip(self.limits, told, strict=True)
            )
            found = self.known[point] = (keeps, shown)
        return found

    def step(self, point: Point, *, is_taken: bool) -> Step:
        made = self.made(point, is_taken=is_taken)
        self.steps.append(made)
        return made

    def made(self, point: Point, *, is_taken: bool = True) -> Step:
        keeps, shown = self.judge(point)
        return Step(point=point, cost=self.cost(point), keeps_limits=keeps, limits=shown, is_taken=is_taken)

    def cheapest(self) -> Point | None:
        """Give the cheapest of the points judged so far that surely keep the limits."""
        kept = [point for point, (keeps, _shown) in self.known.items() if keeps is True]
        return min(kept, key=self.cost, default=None)

    def excess(self, point: Point) -> float:
        """Give by how much limits are broken, as shares of the limits; 0 if the means keep all."""
        _, shown = self.judge(point)
        return sum(
            max(value.mean - limit.most, 0.0) / max(abs(limit.most), 1e-9)
            for value, limit in zip(shown, self.limits, strict=True)
            if not math.isnan(value.mean)
        )


def optimise(
    request: ExperimentRequest,
    levers: tuple[Lever, ...],
    limits: tuple[Limit, ...],
    should_stop: ShouldStop = lambda: False,
) -> Optimum:
    """Find the cheapest counts that keep the limits.

    Parameters
    ----------
    request : ExperimentRequest
        The first scenario is where the search begins; replications are the most that a point gets.
    levers : tuple[Lever, ...]
        What may be changed.
    limits : tuple[Limit, ...]
        What must hold.
    should_stop : Callable[[], bool], optional
        Calls it off: the cheapest point that is known by then is given.

    Raises
    ------
    PathwayError
        If a lever or a limit cannot be used.
    Stopped
        If it was called off before its first point was judged.

    Notes
    -----
    Up: while a limit is broken, one unit is added where it heals most for its price. Down: the dearest unit goes that
    can be spared, until none can; then exchanges of one unit for a cheaper one are tried. All points meet the same
    patients, so that two neighbours differ by what they are and not by chance. The end is a local optimum: no single
    unit less and no exchange of two is both cheaper and within the limits.
    """
    start = _check(request, levers, limits)
    with Samples(request, should_stop) as samples:
        known = samples.measures(request.scenarios[0])
        for limit in limits:
            if limit.measure not in known:
                cure = f"Use one of {', '.join(sorted(known))}."
                raise PathwayError("limit", f"There is no measure {limit.measure!r}.", cure)
        search = _Search(samples, levers, limits)
        first, is_complete = search.step(start, is_taken=True), True
        try:
            best = _down(search, _up(search, start))
        except Stopped:
            best, is_complete = search.cheapest(), False
        return Optimum(
            levers=levers,
            limits=limits,
            start=first,
            best=None if best is None else search.made(best),
            steps=tuple(search.steps),
            replications=samples.runs,
            is_complete=is_complete,
        )


def _check(request: ExperimentRequest, levers: tuple[Lever, ...], limits: tuple[Limit, ...]) -> Point:
    """Give the counts to begin with."""
    if not 1 <= len(levers) <= MOST_LEVERS:
        raise PathwayError("levers", f"Expected 1 to {MOST_LEVERS}.", "Name what may be changed.")
    if len({lever.path for lever in levers}) < len(levers):
        raise PathwayError("levers", "Two change the same entry.", "Name each once.")
    if not limits:
        raise PathwayError("limits", "Without a limit nothing would be cheapest.", "Say what must hold.")
    if request.replications < FIRST:
        raise PathwayError("replications", f"Expected at least {FIRST}.", "Allow more.")
    document = changed(request.pathway, request.scenarios[0].changes)
    return tuple(min(max(_count_at(document, lever.path), lever.low), lever.high) for lever in levers)


def _count_at(document: Mapping[str, object], path: str) -> int:
    here: object = document
    for step in path.split("."):
        if isinstance(here, Mapping) and step in here:
            here = cast("Mapping[str, object]", here)[step]
        elif isinstance(here, list) and step.isascii() and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        else:
            known = ", ".join(map(str, here)) if isinstance(here, Mapping) else "numbers of a list"
            raise PathwayError(path, f"There is no entry {step!r}.", f"Use one of {known}.")
    if isinstance(here, bool) or not isinstance(here, int):
        raise PathwayError(path, f"Expected a count, found {here!r}.", "Name a capacity or units.")
    return here


def _moved(point: Point, number: int, by: int, levers: tuple[Lever, ...]) -> Point | None:
    count = point[number] + by
    if not levers[number].low <= count <= levers[number].high:
        return None
    return (*point[:number], count, *point[number + 1 :])


def _up(search: _Search, point: Point) -> Point | None:
    """Add units until the limits are surely kept; give None if even the upper bounds do not help."""
    while search.judge(point)[0] is not True:
        best: tuple[float, Point] | None = None
        before = search.excess(point)
        for number, lever in enumerate(search.levers):
            there = _moved(point, number, 1, search.levers)
            if there is None:
                continue
            search.step(there, is_taken=False)
            healed = (before - search.excess(there)) / lever.price
            # of equal help the cheaper unit; a point that surely keeps the limits beats every other
            rank = healed + (1e9 / lever.price if search.judge(there)[0] is True else 0.0) - 1e-12 * lever.price
            if best is None or rank > best[0]:
                best = (rank, there)
        if best is None:
            return None
        point = best[1]
        search.step(point, is_taken=True)
    return point


def _down(search: _Search, point: Point | None) -> Point | None:
    if point is None:
        return None
    # The dearest first: what can be spared there saves most.
    order = sorted(range(len(search.levers)), key=lambda number: -search.levers[number].price)
    is_moving = True
    while is_moving:
        is_moving = False
        for there in _cheaper(search, point, order):
            keeps = search.judge(there)[0] is True
            search.step(there, is_taken=keeps)
            if keeps:
                point, is_moving = there, True
                break
    return point


def _cheaper(search: _Search, point: Point, order: list[int]) -> list[Point]:
    """Give cheaper neighbours that were not tried: one unit less, then one exchanged for a cheaper one."""
    less = [_moved(point, number, -1, search.levers) for number in order]
    exchanged = [
        _moved(there, other, 1, search.levers)
        for number, there in zip(order, less, strict=True)
        if there is not None
        for other in order
        if other != number and search.levers[other].price < search.levers[number].price
    ]
    return [there for there in (*less, *exchanged) if there is not None and there not in search.known]


def plain_optimum(found: Optimum) -> dict[str, object]:
    """Give an optimum as plain JSON values."""

    def plain(step: Step) -> dict[str, object]:
        return {
            "levers": {lever.path: count for lever, count in zip(found.levers, step.point, strict=True)},
            "cost": step.cost,
            "keeps_limits": step.keeps_limits,
            "is_taken": step.is_taken,
            "limits": [
                {"measure": limit.measure, "most": limit.most, "value": plain_interval(value)}
                for limit, value in zip(found.limits, step.limits, strict=True)
            ],
        }

    return {
        "start": plain(found.start),
        "best": None if found.best is None else plain(found.best),
        "steps": [plain(step) for step in found.steps],
        "replications": found.replications,
        "is_complete": found.is_complete,
    }
