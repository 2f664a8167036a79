"""Guaranteed service times of a tree of stocking points: where safety stock lies, and what each one promises.

References
----------
Graves, S. and Willems, S. (2000), Optimizing strategic safety stock placement in supply chains, Manufacturing and
Service Operations Management 2; Simpson, K. (1958), In-process inventories, Operations Research 6, for the extreme
points; Snyder and Shen (2019), section 6.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from math import sqrt
from operator import or_

import numpy as np
from numpy.typing import NDArray

from inventory.rules.policies.requirements import at_least, wrong

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stocking point of a guaranteed-service tree.

    Parameters
    ----------
    id : str
        Its name.
    processing_time : int
        Periods from receiving everything until it can be handed on.
    holding_cost : float
        Local holding cost per unit and period.
    demand_bound : float
        Deviation of its demand times the safety factor: safety stock for t periods is that times sqrt(t).
    inbound_service_time : int
        Service time of its outside supplier.
    outbound_service_time : int or None
        Largest service time promised to outside customers; None if it has none.
    suppliers : tuple[str, ...]
        Stages that it is supplied by.
    """

    id: str
    processing_time: int
    holding_cost: float
    demand_bound: float
    inbound_service_time: int = 0
    outbound_service_time: int | None = None
    suppliers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check times and costs."""
        at_least(
            0,
            processing_time=self.processing_time,
            holding_cost=self.holding_cost,
            demand_bound=self.demand_bound,
            inbound_service_time=self.inbound_service_time,
            outbound_service_time=self.outbound_service_time or 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTimes:
    """Committed service time and safety stock of each stage, and the cost of all safety stock."""

    service_times: dict[str, int]
    safety_stocks: dict[str, float]
    cost: float


_LONGEST_TIME = 2_001


class _Tree:
    """Graves and Willems' dynamic programme over a tree, rooted anywhere, tried at extreme points only.

    The cost of a stage is concave in the time that it covers, so that some corner of the region of all promises is
    best. In a corner each time hangs on a constant (nothing, an outside promise, the longest way) through constraints
    that hold as equalities. So a stage either covers no time, S = SI + T, or its S hangs on a constant across its
    customers and its SI on one across its suppliers: few values instead of all pairs of times.
    """

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = {stage.id: stage for stage in stages}
        if len(self.stages) != len(stages):
            raise wrong("stages", "Expected each id once.")
        self.customers: dict[str, list[str]] = {stage.id: [] for stage in stages}
        for stage in stages:
            for supplier in stage.suppliers:
                if supplier not in self.stages:
                    raise wrong("suppliers", f"{stage.id} names {supplier!r}, which is no stage.")
                self.customers[supplier].append(stage.id)
        self.order, self.parent = self._rooted()
        self.longest = self._longest()
        self.horizon = max(self.longest.values()) + 1
        if self.horizon > _LONGEST_TIME:
            raise wrong(
                "processing_time",
                f"The longest chain takes {self.horizon - 1} periods; at most {_LONGEST_TIME - 1} can be worked out.",
                "Count in longer periods.",
            )
        self.out_cost: dict[str, Floats] = {}
        self.in_cost: dict[str, Floats] = {}
        self.promises = self._corners()

    def _rooted(self) -> tuple[list[str], dict[str, str]]:
        if not self.stages:
            raise wrong("stages", "Expected at least one stage.")
        root = next(iter(self.stages))
        order, parent, waiting = [], {root: ""}, [root]
        while waiting:
            current = waiting.pop()
            order.append(current)
            for other in (*self.stages[current].suppliers, *self.customers[current]):
                if other in self.stages[current].suppliers and other in self.customers[current]:
                    raise wrong("suppliers", f"{current} and {other} supply each other.", "One of them comes first.")
                if other == parent[current]:
                    continue
                if other in parent:
                    raise wrong("suppliers", "Expected a tree: no two ways between two stages.")
                parent[other] = current
                waiting.append(other)
        if len(order) != len(self.stages):
            raise wrong("suppliers", "Expected one connected tree.")
        return order, parent

    def _longest(self) -> dict[str, int]:
        # a stack of its own: a chain of a thousand stages is deeper than Python may call itself
        found: dict[str, int] = {}
        waiting = list(self.stages)
        while waiting:
            stage = self.stages[waiting[-1]]
            missing = [each for each in stage.suppliers if each not in found]
            if missing:
                waiting.extend(missing)
                continue
            waiting.pop()
            before = max([stage.inbound_service_time, *(found[each] for each in stage.suppliers)])
            found[stage.id] = before + stage.processing_time
        return found

    def _corners(self) -> dict[str, int]:
        """Give, as a set of bits by stage, the service times that hang on a constant across its customers.

        Bit t stands for a time of t. Two sweeps over the tree, to the root and back, tell each neighbour the values
        that its own time takes when it equals that of this stage; what came from a neighbour is not told back to it,
        or a stage's own S = SI + T would look like a constant.
        """
        mask = (1 << (self.horizon + 1)) - 1
        told_up: dict[str, int] = {}
        told_down: dict[str, int] = {}
        found: dict[str, int] = {}

        def sides(name: str) -> tuple[list[int], list[int], list[str], list[str]]:
            below = [other for other in self.customers[name] if self.parent[other] == name]
            before = [other for other in self.stages[name].suppliers if self.parent[other] == name]
            promises = [told_up[other] for other in below] + [1 | 1 << self._longest_promise(name)]
            waits = [told_up[other] for other in before]
            waits.append(1 << self.stages[name].inbound_service_time | 1 << self._longest_wait(name))
            (promises if self.parent[name] in self.customers[name] else waits).append(told_down.get(name, 0))
            return promises, waits, below, before

        for name in reversed(self.order):
            promises, waits, _, _ = sides(name)
            time = self.stages[name].processing_time
            promised, waited = _union(promises), _union(waits)
            is_supplier = self.parent[name] in self.customers[name]
            told_up[name] = (promised | waited << time) & mask if is_supplier else waited | promised >> time
        for name in self.order:
            promises, waits, below, before = sides(name)
            time = self.stages[name].processing_time
            found[name] = promised = _union(promises)
            waited = _union(waits)
            for other, rest in zip(below, _unions_without_each(promises), strict=False):
                told_down[other] = (rest | waited << time) & mask
            for other, rest in zip(before, _unions_without_each(waits), strict=False):
                told_down[other] = rest | promised >> time
        return found

    def solve(self) -> ServiceTimes:
        choice: dict[str, NDArray[np.int64]] = {}
        for name in reversed(self.order):
            parent = self.parent[name]
            if parent and parent not in self.customers[name]:
                self.in_cost[name], choice[name] = self._by_wait(name)
                continue
            costs, waits = self._by_promise(name)
            if parent:
                self.out_cost[name], choice[name] = costs, waits
            else:
                best = int(costs.argmin())
                times = self._trace(name, (best, int(waits[best])), choice)
                cost = float(costs[best])
        stocks = {
            name: stage.demand_bound * sqrt(times[name][1] + stage.processing_time - times[name][0])
            for name, stage in self.stages.items()
        }
        return ServiceTimes(
            service_times={name: pair[0] for name, pair in times.items()}, safety_stocks=stocks, cost=cost
        )

    def _sides(self, name: str) -> tuple[Floats, Floats]:
        """Give the cost of the customers' side by S and of the suppliers' side by SI.

        No stage can wait longer for its supplies than the slowest way to it, nor promise more than that and its own
        work: its times end there, so that a long chain does not make those of its first stages many.
        """
        stage = self.stages[name]
        by_wait = np.zeros(self._longest_wait(name) + 1)
        by_wait[: stage.inbound_service_time] = np.inf
        for supplier in stage.suppliers:
            if supplier in self.out_cost:  # its outbound time is at most our inbound time
                by_wait += _up_to(self.out_cost[supplier], len(by_wait))
        by_promise = np.zeros(self._longest_promise(name) + 1)
        for customer in self.customers[name]:
            if customer in self.in_cost:  # its inbound time is at least our outbound time
                by_promise += _from(self.in_cost[customer], len(by_promise))
        return by_promise, by_wait

    def _by_promise(self, name: str) -> tuple[Floats, NDArray[np.int64]]:
        """Give the least cost of the subtree by outbound service time, and the inbound one that it takes."""
        stage, (by_promise, by_wait) = self.stages[name], self._sides(name)
        costs, waits = np.full(len(by_promise), np.inf), np.zeros(len(by_promise), dtype=np.int64)
        outs = np.arange(stage.processing_time, min(len(by_promise), stage.processing_time + len(by_wait)))
        costs[outs], waits[outs] = by_wait[outs - stage.processing_time], outs - stage.processing_time
        for promise in _times_in(self.promises[name], len(by_promise)):
            first = max(0, promise - stage.processing_time)
            covered = self._held(stage, np.arange(first, len(by_wait)) + (stage.processing_time - promise))
            tried = covered + by_wait[first:]
            if len(tried) and tried.min() < costs[promise]:
                costs[promise], waits[promise] = tried.min(), first + int(tried.argmin())
        return costs + by_promise, waits

    def _by_wait(self, name: str) -> tuple[Floats, NDArray[np.int64]]:
        """Give the least cost of the subtree by inbound service time, and the outbound one that it takes."""
        stage, (by_promise, by_wait) = self.stages[name], self._sides(name)
        costs, promises = np.full(len(by_wait), np.inf), np.zeros(len(by_wait), dtype=np.int64)
        for promise in _times_in(self.promises[name], len(by_promise)):
            first = max(0, promise - stage.processing_time)
            covered = self._held(stage, np.arange(first, len(by_wait)) + (stage.processing_time - promise))
            tried = covered + by_promise[promise]
            is_less = tried < costs[first:]
            costs[first:][is_less], promises[first:][is_less] = tried[is_less], promise
        ins = np.arange(min(len(by_wait), max(0, len(by_promise) - stage.processing_time)))
        straight = by_promise[ins + stage.processing_time]
        is_less = straight < costs[ins]
        costs[ins[is_less]], promises[ins[is_less]] = straight[is_less], ins[is_less] + stage.processing_time
        return costs + by_wait, promises

    @staticmethod
    def _held(stage: Stage, covered: NDArray[np.int64]) -> Floats:
        return np.asarray(stage.holding_cost * stage.demand_bound * np.sqrt(covered))

    def _longest_wait(self, name: str) -> int:
        stage = self.stages[name]
        return max(self.longest[name] - stage.processing_time, stage.inbound_service_time)

    def _longest_promise(self, name: str) -> int:
        stage = self.stages[name]
        if stage.outbound_service_time is not None:
            return min(stage.outbound_service_time, self.longest[name])
        return self.longest[name] if self.customers[name] else 0

    def _trace(
        self, root: str, pair: tuple[int, int], choice: dict[str, NDArray[np.int64]]
    ) -> dict[str, tuple[int, int]]:
        times = {root: (int(pair[0]), int(pair[1]))}
        for name in self.order:
            out_time, in_time = times[name]
            for supplier in self.stages[name].suppliers:
                if self.parent[supplier] == name:
                    chosen = int(np.argmin(self.out_cost[supplier][: in_time + 1]))
                    times[supplier] = (chosen, int(choice[supplier][chosen]))
            for customer in self.customers[name]:
                if self.parent[customer] == name:
                    chosen = out_time + int(np.argmin(self.in_cost[customer][out_time:]))
                    times[customer] = (int(choice[customer][chosen]), chosen)
        return times


def _union(sets: Sequence[int]) -> int:
    return reduce(or_, sets, 0)


def _unions_without_each(sets: Sequence[int]) -> list[int]:
    """Give the union of all sets but each one, in their order."""
    before = list(accumulate(sets, or_, initial=0))
    after = list(accumulate(reversed(sets), or_, initial=0))[::-1]
    return [left | right for left, right in zip(before[:-1], after[1:], strict=True)]


def _times_in(bits: int, size: int) -> list[int]:
    """Give the times below a size that a set of bits holds, rising."""
    held, found = bits & ((1 << size) - 1), []
    while held:
        lowest = held & -held
        found.append(lowest.bit_length() - 1)
        held ^= lowest
    return found


def _up_to(costs: Floats, size: int) -> Floats:
    """Give the least cost of all times up to each of ``size`` times."""
    least = np.minimum.accumulate(costs)
    return np.concatenate((least[:size], np.full(max(0, size - len(least)), least[-1])))


def _from(costs: Floats, size: int) -> Floats:
    """Give the least cost of all times from each of ``size`` times on; none is left beyond the end."""
    least = np.minimum.accumulate(costs[::-1])[::-1]
    return np.concatenate((least[:size], np.full(max(0, size - len(least)), np.inf)))


def guaranteed_service_times(stages: Sequence[Stage]) -> ServiceTimes:
    """Give the committed service times of a tree of stages with the least cost of safety stock.

    Parameters
    ----------
    stages : Sequence[Stage]
        A connected tree; stages without customers promise their ``outbound_service_time``, 0 if none is given.

    Notes
    -----
    Cost h k sigma sqrt(SI + T - S) of each stage, S at most the promise, SI at least every supplier's S.
    """
    return _Tree(stages).solve()
