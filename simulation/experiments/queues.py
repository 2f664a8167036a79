"""One service point in long run: estimates with intervals, and the exact value where a formula exists."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulation.compiled.engine import CompiledEngine
from simulation.experiments.measures import interval_of
from simulation.experiments.request import Interval
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.distributions import Distribution, Law, read_distribution
from simulation.model.plan import RunPlan
from simulation.model.problems import PathwayError
from simulation.statistics import formulae
from simulation.statistics.bins import quantile_of_bins
from simulation.statistics.outcome import RunOutcome

UNIT_US = 6e7  # one unit of time; its length means nothing, only that a microsecond is small beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueQuestion:
    """A service point.

    Parameters
    ----------
    servers : int
        Alike, at least 1.
    arrivals : tuple[str, ...]
        Distribution of the gap between arrivals of each class, the most urgent first.
    service : tuple[str, ...]
        Distribution of service, one for all classes or one each.
    discipline : str
        ``fifo``, ``priority`` or ``preemptive`` (with resumption).
    eviction : str
        ``resume``, ``restart`` or ``resample`` after pre-emption.
    places : int
        Most patients in the system, servers included; further ones are lost. 0 for no limit.
    patience : str
        Distribution of the time one waits before leaving; empty for ever.
    patients : int
        Patients in all, over all replications.
    replications : int
        At least 2, for the intervals.
    seed : int
        0..2**32-1.
    """

    servers: int
    arrivals: tuple[str, ...]
    service: tuple[str, ...]
    discipline: str = "fifo"
    eviction: str = "resume"
    places: int = 0
    patience: str = ""
    patients: int = 1_000_000
    replications: int = 20
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLine:
    """One measure of the answer.

    Parameters
    ----------
    measure : str
        ``wait``, ``waiting``, ``waits_share``, ``wait_p95``, ``lost_share``, ``utilisation_share``, and ``wait.K`` or
        ``stay.K`` of class K.
    estimate : Interval
        Over the replications.
    exact : float
        By formula; NaN if there is none.
    """

    measure: str
    estimate: Interval
    exact: float

    @property
    def z(self) -> float:
        """Distance from the exact value in standard errors; NaN without one."""
        spread = self.estimate.half_width
        if math.isnan(self.exact) or not spread > 0 or math.isinf(spread):
            return math.nan
        from scipy import stats

        return (self.estimate.mean - self.exact) / (spread / float(stats.t.ppf(0.975, self.estimate.n - 1)))


def queue_document(question: QueueQuestion) -> dict[str, object]:
    """Give the pathway of a service point."""
    names = [f"class{number}" for number in range(len(question.arrivals))]
    services = question.service * len(names) if len(question.service) == 1 else question.service
    if len(services) != len(names):
        raise PathwayError("service", f"{len(services)} services for {len(names)} classes.", "Give one, or one each.")
    serve: dict[str, object] = {
        "do": "serve",
        "pools": "servers",
        "duration": dict(zip(names, services, strict=True)),
        "next": "out",
    }
    nodes: dict[str, object] = {"serve": serve, "out": {"do": "exit"}}
    if question.patience:
        serve |= {"patience": question.patience, "reneged": "left"}
        nodes["left"] = {"do": "exit"}
    first = "serve"
    if question.places:
        if question.places < question.servers:
            raise PathwayError("places", "There are fewer places than servers.", "Give at least as many places.")
        full = f"queue('servers') >= {question.places - question.servers} and free('servers') <= 0"
        nodes["door"] = {"do": "route", "by": "condition", "branches": [{"to": "lost", "if": full}, {"to": "serve"}]}
        nodes["lost"] = {"do": "exit"}
        first = "door"
    levels = range(len(names)) if question.discipline != "fifo" else [0] * len(names)
    return {
        "name": "queue",
        "unit": "min",
        "classes": {name: {"priority": level} for name, level in zip(names, levels, strict=True)},
        "pools": {
            "servers": {
                "capacity": question.servers,
                "discipline": question.discipline,
                "eviction": question.eviction,
            }
        },
        "arrivals": {
            f"arrivals{number}": {"gap": gap, "to": first, "classes": name}
            for number, (name, gap) in enumerate(zip(names, question.arrivals, strict=True))
        },
        "nodes": nodes,
    }


def answer(question: QueueQuestion) -> list[QueueLine]:
    """Simulate a service point and put the exact values beside.

    Parameters
    ----------
    question : QueueQuestion
        The service point.

    Raises
    ------
    PathwayError
        If it cannot be read.
    """
    if question.replications < 2 or question.patients < question.replications:
        raise PathwayError("replications", "Expected at least two, each with patients.", "Ask for more.")
    document = queue_document(question)
    gaps = [read_distribution(gap, unit_us=UNIT_US, place="arrivals") for gap in question.arrivals]
    rate = sum(1 / gap.mean for gap in gaps)
    counted = question.patients / question.replications / rate
    warm_up = 0.2 * counted
    span = Span(start_at=0, horizon_us=round(counted + warm_up))
    plan = RunPlan(pathway=build_pathway(document, span=span), span=span, warm_up_us=round(warm_up), seed=question.seed)
    engine = CompiledEngine(plan)
    rows = [_values(engine.run(number), plan) for number in range(question.replications)]
    exact = exact_values(question)
    return [
        QueueLine(
            measure=name,
            estimate=interval_of(np.array([row[name] for row in rows]), 0.95),
            exact=exact.get(name, math.nan),
        )
        for name in rows[0]
    ]


def _values(outcome: RunOutcome, plan: RunPlan) -> dict[str, float]:
    counts = outcome.waits[0].sum(axis=0)
    lost = 0.0
    names = list(plan.pathway.operations)
    for name in ("lost", "left"):
        if name in names:
            lost += float(outcome.exits[names.index(name)].sum())
    served = float(counts[0])
    found = {
        "wait": counts[1] / served / UNIT_US,
        "waiting": outcome.areas[0, 2] / outcome.window_us,
        "waits_share": 1 - outcome.wait_bins[0, 0] / (served + counts[4]),
        "wait_p95": quantile_of_bins(outcome.wait_bins[0], 0.95) / UNIT_US,
        "lost_share": lost / (served + lost),
        "utilisation_share": outcome.areas[0, 0] / outcome.areas[0, 1],
    }
    for number, row in enumerate(outcome.waits[0]):
        found[f"wait.{number}"] = row[1] / row[0] / UNIT_US if row[0] else math.nan
        stays = outcome.stays[number]
        found[f"stay.{number}"] = stays[2] / stays[1] / UNIT_US if stays[1] else math.nan
    return {name: float(value) for name, value in found.items()}


def exact_values(question: QueueQuestion) -> dict[str, float]:
    """Give what formulae say about a service point, by measure; empty where none applies.

    Parameters
    ----------
    question : QueueQuestion
        The service point.
    """
    gaps = [read_distribution(text, unit_us=1.0, place="arrivals") for text in question.arrivals]
    services = [read_distribution(text, unit_us=1.0, place="service") for text in question.service]
    services = services * len(gaps) if len(services) == 1 else services
    if any(gap.law is not Law.EXPONENTIAL for gap in gaps):
        return {}
    rates = [1 / gap.mean for gap in gaps]
    same = len(set(services)) == 1
    markov = same and services[0].law is Law.EXPONENTIAL
    if question.patience:
        patience = read_distribution(question.patience, unit_us=1.0, place="patience")
        if markov and patience.law is Law.EXPONENTIAL and not question.places and question.discipline != "preemptive":
            values = formulae.erlang_a(sum(rates), 1 / services[0].mean, question.servers, 1 / patience.mean)
            return _named(values, ("waiting", "waits_share", "lost_share"))
        return {}
    if question.places:
        return _with_places(question, sum(rates), services, markov, same)
    if question.discipline == "preemptive":
        if (question.servers == 1 and question.eviction == "resume") or (len(rates) == 1 and markov):
            stays = formulae.preemptive_mg1(rates, [s.mean for s in services], [_second(s) for s in services])
            return {f"stay.{n}": stay for n, stay in enumerate(stays)} if question.servers == 1 else {}
        return {}
    return _waiting(question, rates, services, markov)


def _with_places(
    question: QueueQuestion, rate: float, services: Sequence[Distribution], markov: bool, same: bool
) -> dict[str, float]:
    if markov:
        values = formulae.mmck(rate, 1 / services[0].mean, question.servers, question.places)
        return _named(values, ("wait", "waiting", "waits_share", "lost_share"))
    if same and question.places == question.servers:
        return {"lost_share": formulae.erlang_b(rate * services[0].mean, question.servers)}
    return {}


def _waiting(
    question: QueueQuestion, rates: list[float], services: Sequence[Distribution], markov: bool
) -> dict[str, float]:
    found: dict[str, float] = {}
    whole = sum(rates)
    means, seconds = [s.mean for s in services], [_second(s) for s in services]
    found["utilisation_share"] = sum(r * m for r, m in zip(rates, means, strict=True)) / question.servers
    if question.discipline == "fifo" or len(rates) == 1:
        if markov:
            fields = ("wait", "waiting", "waits_share", "wait_p95", "lost_share")
            found |= _named(formulae.mmc(whole, 1 / means[0], question.servers), fields)
        elif question.servers == 1:
            mean = sum(r * m for r, m in zip(rates, means, strict=True)) / whole
            second = sum(r * m for r, m in zip(rates, seconds, strict=True)) / whole
            found |= _named(formulae.mg1(whole, mean, second), ("wait", "waiting", "waits_share", "lost_share"))
        return found
    if markov:
        waits = formulae.priority_mmc(rates, 1 / means[0], question.servers)
    elif question.servers == 1:
        waits = formulae.priority_mg1(rates, means, seconds)
    else:
        return found
    found |= {f"wait.{number}": wait for number, wait in enumerate(waits)}
    found["wait"] = sum(r * w for r, w in zip(rates, waits, strict=True)) / whole
    return found


def _named(values: formulae.QueueValues, names: tuple[str, ...]) -> dict[str, float]:
    return {name: getattr(values, name) for name in names}


def _second(distribution: Distribution) -> float:
    """Give the second moment of a distribution; NaN where it is not worked out."""
    p = distribution.parameters
    match distribution.law:
        case Law.CONSTANT:
            return p[0] ** 2
        case Law.EXPONENTIAL:
            return 2 * p[0] ** 2
        case Law.LOGNORMAL:
            return math.exp(2 * p[0] + 2 * p[1] ** 2)
        case Law.UNIFORM:
            return (p[0] ** 2 + p[0] * p[1] + p[1] ** 2) / 3
        case Law.TRIANGULAR:
            a, b, c = p
            return (a * a + b * b + c * c + a * b + a * c + b * c) / 6
        case Law.GAMMA:
            return p[0] * (p[0] + 1) * p[1] ** 2
        case Law.WEIBULL:
            return p[1] ** 2 * math.gamma(1 + 2 / p[0])
        case Law.VALUES:
            return sum(value * value for value in distribution.values) / len(distribution.values)
        case Law.HYPEREXPONENTIAL:
            return 2 * (p[0] * p[1] ** 2 + (1 - p[0]) * p[2] ** 2)
        case _:
            return math.nan
