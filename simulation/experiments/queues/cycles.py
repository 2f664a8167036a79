"""Exact values of a service point whose arrival rate goes up and down in a cycle."""

from __future__ import annotations

import math

from simulation.experiments.queues.question import QueueQuestion, ServicePoint
from simulation.model.distributions import Distribution, Law
from simulation.statistics.chains import MarkovQueue, periodic_birth_death
from simulation.statistics.moments import mean_of, mean_of_least

PHASES = 24
_ENOUGH = 1e-10


def cycle_values(question: QueueQuestion, name: str) -> dict[str, float]:
    """Give the means over the cycle, and the mean number present at 24 instants of it.

    Parameters
    ----------
    question : QueueQuestion
        One class of patients at this point, from outside.
    name : str
        The point.
    """
    point = question.points[name]
    if point.group or len(question.class_names) > 1:
        return {}
    service = question.services(name)[0]
    if not point.servers:
        return _endless(point, service)
    patiences = question.patiences(name)
    if service.law is not Law.EXPONENTIAL or (patiences and patiences[0].law is not Law.EXPONENTIAL):
        return {}
    queue = MarkovQueue(
        service_rate=1 / service.mean,
        servers=point.servers,
        places=point.places,
        leaving_rate=1 / patiences[0].mean if patiences else 0.0,
    )
    return _markov(point, queue)


def _markov(point: ServicePoint, queue: MarkovQueue) -> dict[str, float]:
    mean = sum(point.rates) / len(point.rates)
    if not (queue.places or queue.leaving_rate) and mean >= queue.servers * queue.service_rate:
        return {}
    finer = PHASES // math.gcd(PHASES, len(point.rates))  # so that each instant told is the end of a piece
    rates = [rate for rate in point.rates for _ in range(finer)]
    found = periodic_birth_death(rates, point.piece / finer, queue)
    if found is None:
        return {}
    whole, served = found.whole, mean * (1 - found.whole.lost_share)
    values = {
        "wait": whole.wait,
        "waiting": whole.waiting,
        "waits_share": whole.waits_share,
        "lost_share": whole.lost_share,
        "present": found.mean_present,
        "throughput": served,
        "utilisation_share": (found.mean_present - whole.waiting) / queue.servers,
    }
    step = len(rates) // PHASES
    for k in range(1, PHASES + 1):
        values[f"present_at.{k * point.period / PHASES:g}"] = found.present[k * step - 1]
    return {measure: value for measure, value in values.items() if not math.isnan(value)}


def _endless(point: ServicePoint, service: Distribution) -> dict[str, float]:
    """Give the mean number present, which is Poisson: m(t) = ∫ λ(t − u) P(S > u) du.

    References
    ----------
    S. Eick, W. Massey, W. Whitt, "The physics of the Mt/G/∞ queue", Operations Research 41 (1993), theorem 1.
    """
    mean, load = sum(point.rates) / len(point.rates), mean_of(service)
    found = {"present": mean * load, "throughput": mean, "wait": 0.0, "waiting": 0.0, "lost_share": 0.0}
    step = point.period / PHASES
    pieces = len(point.rates)
    for k in range(1, PHASES + 1):
        found[f"present_at.{k * step:g}"] = _present_at(point, service, k * step)
    if point.sine and service.law is Law.EXPONENTIAL:
        _, amplitude, period = point.sine
        pace = 2 * math.pi / period
        cut = math.sin(math.pi / pieces) / (math.pi / pieces)  # what cutting a sine into pieces takes off its height
        found["present_peak"] = mean * load + cut * amplitude * load / math.hypot(1.0, pace * load)
        found["peak_lag"] = math.atan(pace * load) / pace
    return found


def _present_at(point: ServicePoint, service: Distribution, time: float) -> float:
    load, total, covered = mean_of(service), 0.0, 0.0
    # The piece in which the instant lies; one on a border belongs to the piece before.
    number = math.ceil(time / point.piece - 1e-9) - 1
    back = time - number * point.piece
    # Backwards through the pieces until the service has ended for nearly all.
    while load - covered > _ENOUGH * load:
        reached = mean_of_least(service, back)
        total += point.rates[number % len(point.rates)] * (reached - covered)
        covered, back, number = max(reached, covered), back + point.piece, number - 1
        # A law with a heavy tail would otherwise go back for ever.
        if back > 1e5 * point.piece:
            break
    return total
