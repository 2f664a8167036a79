"""Simulates service points and puts exact values beside the estimates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from simulation.compiled.engine import CompiledEngine, StopFlag
from simulation.experiments.measures import interval_of
from simulation.experiments.queues.document import places_of, pool_of, queue_document
from simulation.experiments.queues.exact import exact_values
from simulation.experiments.queues.question import UNIT_US, QueueQuestion, ServicePoint
from simulation.experiments.queues.traffic import repeated_classes, traffic_of
from simulation.experiments.request import Interval, ShouldStop
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.operations import Seize
from simulation.model.plan import RunPlan
from simulation.model.problems import PathwayError, Stopped
from simulation.statistics.bins import quantile_of_bins
from simulation.statistics.outcome import RunOutcome

WARM_UP_SHARE = 0.2  # of the counted time, run before it
PHASES = 24  # instants of a cycle at which the number present is told
_POLL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """One measure of the answer.

    Parameters
    ----------
    measure : str
        ``wait`` (of those served), ``waiting`` and ``present`` (mean numbers), ``waits_share``, ``wait_p95``,
        ``lost_share``, ``utilisation_share``, ``blocked`` (mean number whose service is over but who cannot leave),
        ``throughput``; ``wait.CLASS``; ``present_at.T`` at instants of a cycle, ``present_peak`` and ``peak_lag`` of a
        sine; all of these with ``POINT.`` before where points have names; ``stay.CLASS`` and ``stay`` (time from
        arrival to exit) of the whole.
    estimate : Interval
        Over the replications, 95 %.
    exact : float
        By formula or Markov chain; NaN if there is none.
    """

    measure: str
    estimate: Interval
    exact: float

    @property
    def z(self) -> float:
        """Distance from the exact value in standard errors; NaN without one."""
        error = self.estimate.error
        if not math.isfinite(self.exact) or not error > 0 or math.isinf(error):
            return math.nan
        return (self.estimate.mean - self.exact) / error


def queue_plan(question: QueueQuestion) -> RunPlan:
    """Give the run of one replication: its share of the patients after a warm-up, in whole cycles where there are any.

    Parameters
    ----------
    question : QueueQuestion
        The service points.

    Raises
    ------
    PathwayError
        If they cannot be read or do not fit together.
    """
    if question.replications < 2 or question.patients < question.replications:
        raise PathwayError("replications", "Expected at least two, each with patients.", "Ask for more.")
    if not 0 <= question.seed < 1 << 32:
        raise PathwayError("seed", f"Expected a seed below 2**32, got {question.seed}.", "Choose another.")
    document = queue_document(question)
    rate = sum(sum(question.outside_rates(name)) for name in question.points)
    if not 0 < rate < math.inf:
        raise PathwayError("arrivals", "Nobody comes from outside.", "Give a rate above 0.")
    counted = question.patients / question.replications / rate
    warm_up = WARM_UP_SHARE * counted
    if not math.isfinite((counted + warm_up) * UNIT_US):
        raise PathwayError("arrivals", "So many patients take more years than can be counted.", "Give a higher rate.")
    period = max(point.period for point in question.points.values())
    every = 0
    if period:
        # Whole cycles: parts of one would weigh its hours unequally.
        counted, warm_up = (max(math.ceil(length / period), 1) * period for length in (counted, warm_up))
        every = round(period * UNIT_US / PHASES)
    span = Span(start_at=0, horizon_us=round((counted + warm_up) * UNIT_US))
    pathway = build_pathway(document, span=span)
    return RunPlan(
        pathway=pathway, span=span, warm_up_us=round(warm_up * UNIT_US), audit_every_us=every, seed=question.seed
    )


def answer(question: QueueQuestion, *, threads: int = 1, should_stop: ShouldStop = lambda: False) -> list[QueueLine]:
    """Simulate service points and put the exact values beside.

    Parameters
    ----------
    question : QueueQuestion
        The service points.
    threads : int
        How many replications run at a time; changes no result.
    should_stop : ShouldStop
        Asked several times a second; once it says yes, what the replications that are done say is given, and an empty
        list if there is none.

    Raises
    ------
    PathwayError
        If they cannot be read.
    """
    plan = queue_plan(question)
    rows = [_values(outcome, plan, question) for outcome in _outcomes(plan, question, threads, should_stop)]
    if not rows:
        return []
    exact = exact_values(question)
    return [
        QueueLine(
            measure=name,
            estimate=interval_of(np.array([row[name] for row in rows]), 0.95),
            exact=exact.get(name, math.nan),
        )
        for name in rows[0]
    ]


def _outcomes(plan: RunPlan, question: QueueQuestion, threads: int, should_stop: ShouldStop) -> Iterator[RunOutcome]:
    """Give the outcomes in order, until the first that was called off."""
    engine, flag = CompiledEngine(plan), StopFlag.new()
    with ThreadPoolExecutor(max_workers=threads) as pool:
        waiting = [pool.submit(engine.run, number, stop=flag) for number in range(question.replications)]
        try:
            while wait(waiting, timeout=_POLL_S, return_when=FIRST_EXCEPTION).not_done:
                if should_stop():
                    flag.set()
        except BaseException:
            flag.set()
            raise
        for future in waiting:
            try:
                yield future.result()
            except Stopped:
                return


def _values(outcome: RunOutcome, plan: RunPlan, question: QueueQuestion) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, point in question.points.items():
        prefix = f"{name}." if name else ""
        values = _point_values(outcome, plan, question, name) | _cycle_values(outcome, plan, name, point)
        found |= {prefix + measure: float(value) for measure, value in values.items()}
    # Of those who leave in the window: of those who come in it, the longest stays would be missing at its end.
    left, total = outcome.stays[:, 5], outcome.stays[:, 6]
    for number, name in enumerate(_tags(question)):
        found[f"stay.{name}"] = _ratio(total[number], left[number]) / UNIT_US
    found["stay"] = _ratio(total.sum(), left.sum()) / UNIT_US
    return found


def _tags(question: QueueQuestion) -> tuple[str, ...]:
    """Name classes in measures: as given, else by number."""
    return question.classes or tuple(str(number) for number in range(len(question.class_names)))


def _point_values(outcome: RunOutcome, plan: RunPlan, question: QueueQuestion, name: str) -> dict[str, float]:
    point, node = question.points[name], pool_of(name)
    nodes, pools = list(plan.pathway.operations), list(plan.pathway.pools)
    seizes = [node for node, operation in plan.pathway.operations.items() if isinstance(operation, Seize)]
    by_class = outcome.waits[seizes.index(node)]
    bins = outcome.wait_bins[seizes.index(node)]
    counts, area = by_class.sum(axis=0), outcome.areas[pools.index(node)]
    lost = sum(float(outcome.exits[nodes.index(n)].sum()) for n in nodes if n in _losses(node))
    found = {
        "wait": _ratio(counts[1], counts[0]) / UNIT_US,
        "waiting": area[2] / outcome.window_us,
        # Bin 0 holds the waits of zero.
        "waits_share": 1 - _ratio(bins[0], counts[0] + counts[4]),
        "wait_p95": quantile_of_bins(bins, 0.95) / UNIT_US,
        "lost_share": _ratio(lost, counts[0] + lost),
        "present": (area[0] + area[2]) / outcome.window_us,
        "throughput": counts[0] / outcome.window_us * UNIT_US,
    }
    if point.servers:
        found["utilisation_share"] = _ratio(area[0], area[1])
    if len(question.class_names) > 1:
        for tag, row in zip(_tags(question), by_class, strict=True):
            found[f"wait.{tag}"] = _ratio(row[1], row[0]) / UNIT_US
    blocked = [outcome.areas[pools.index(places_of(to)), 2] for to in point.routes if places_of(to) in pools]
    if blocked and _only_source(question, name):
        found["blocked"] = sum(blocked) / outcome.window_us
    return found


def _losses(node: str) -> tuple[str, ...]:
    return (f"{node} lost", f"{node} left", f"{node} gave up")


def _only_source(question: QueueQuestion, name: str) -> bool:
    """Tell whether nobody else waits for the places that a point's patients go on to."""
    for to in question.points[name].routes:
        others = [other for other, point in question.points.items() if other != name and to in point.routes]
        if others or sum(question.outside_rates(to)) > 0:
            return False
    return True


def _cycle_values(outcome: RunOutcome, plan: RunPlan, name: str, point: ServicePoint) -> dict[str, float]:
    if not plan.audit_every_us or not point.period:
        return {}
    number = list(plan.pathway.pools).index(pool_of(name))
    present = (outcome.audits[:, 4 * number] + outcome.audits[:, 4 * number + 1]).astype(float)
    first = -(-plan.warm_up_us // plan.audit_every_us)
    by_phase = np.array([present[first + 1 + k :: PHASES].mean() for k in range(PHASES)])
    times = [(k + 1) * point.period / PHASES for k in range(PHASES)]
    found = {f"present_at.{time:g}": value for time, value in zip(times, by_phase, strict=True)}
    if point.sine:
        found |= _harmonic(by_phase, point.sine[2])
    return found


def _harmonic(by_phase: np.ndarray, period: float) -> dict[str, float]:
    """Give height and lag of the greatest number present, from the first harmonic of the means by phase."""
    angles = 2 * math.pi * np.arange(1, PHASES + 1) / PHASES
    a, b = 2 * (by_phase * np.sin(angles)).mean(), 2 * (by_phase * np.cos(angles)).mean()
    # The sine of the arrivals peaks at a quarter of the period; −b/a is the tangent of the lag behind it.
    return {
        "present_peak": float(by_phase.mean() + math.hypot(a, b)),
        "peak_lag": math.atan2(-b, a) / (2 * math.pi) * period,
    }


def _ratio(above: float, below: float) -> float:
    return float(above) / float(below) if below else math.nan


def unstable_points(question: QueueQuestion) -> list[str]:
    """Name the points to which more work comes than their servers can do; their queues grow for ever.

    Parameters
    ----------
    question : QueueQuestion
        The service points.
    """
    traffic = traffic_of(question)
    found = []
    for name, point in question.points.items():
        endless = not point.servers or point.places or point.patience
        repeated = repeated_classes(question, name, traffic.rates[name])
        grows = any(math.isinf(one.sojourn) for _, one in repeated or ())
        if not endless and (grows or traffic.load(name) >= point.servers):
            found.append(pool_of(name))
    return found
