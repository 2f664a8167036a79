"""Exact results of queueing theory, to stand beside simulated ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueValues:
    """Long-run values of a queue; NaN where the formula does not give one. Times in the unit of the rates.

    Parameters
    ----------
    wait : float
        Mean wait of those who are served.
    waiting : float
        Mean number waiting.
    waits_share : float
        Probability of having to wait.
    wait_p95 : float
        95 % quantile of the wait.
    lost_share : float
        Probability of being turned away, or of leaving before service.
    """

    wait: float = math.nan
    waiting: float = math.nan
    waits_share: float = math.nan
    wait_p95: float = math.nan
    lost_share: float = math.nan


def erlang_b(offered: float, servers: int) -> float:
    """Give the probability that all servers of a loss system are busy.

    Parameters
    ----------
    offered : float
        Arrival rate times mean service.
    servers : int
        At least 0.

    Notes
    -----
    B(0) = 1, B(k) = a·B(k−1)/(k + a·B(k−1)); true for any law of service.

    References
    ----------
    A. K. Erlang 1917; recursion as in R. B. Cooper, Introduction to Queueing Theory, 2nd ed., 1981, section 3.3.

    Examples
    --------
    >>> round(erlang_b(20, 24), 6)
    0.066097
    """
    found = 1.0
    for k in range(1, servers + 1):
        found = offered * found / (k + offered * found)
    return found


def erlang_c(offered: float, servers: int) -> float:
    """Give the probability of waiting in M/M/c; 1 if the queue is unstable.

    Examples
    --------
    >>> round(erlang_c(3.6, 4), 6)
    0.787753
    """
    if offered >= servers:
        return 1.0
    blocked = erlang_b(offered, servers)
    return blocked / (1 - offered / servers * (1 - blocked))


def mmc(arrival_rate: float, service_rate: float, servers: int) -> QueueValues:
    """Give M/M/c, first come first served: Wq = C/(cμ − λ), P(W > t) = C·exp(−(cμ − λ)t)."""
    if arrival_rate >= servers * service_rate:
        return QueueValues(wait=math.inf, waiting=math.inf, waits_share=1.0, wait_p95=math.inf)
    waits = erlang_c(arrival_rate / service_rate, servers)
    spare = servers * service_rate - arrival_rate
    p95 = math.log(waits / 0.05) / spare if waits > 0.05 else 0.0
    wait = waits / spare
    return QueueValues(wait=wait, waiting=arrival_rate * wait, waits_share=waits, wait_p95=p95, lost_share=0.0)


def mmck(arrival_rate: float, service_rate: float, servers: int, places: int) -> QueueValues:
    """Give M/M/c/K: with at most K in the system, further arrivals are lost (birth and death process)."""
    weights = [1.0]
    for n in range(1, places + 1):
        weights.append(weights[-1] * arrival_rate / (min(n, servers) * service_rate))
    total = sum(weights)
    chances = [weight / total for weight in weights]
    waiting = sum((n - servers) * chance for n, chance in enumerate(chances) if n > servers)
    lost = chances[-1]
    wait = waiting / (arrival_rate * (1 - lost))
    waits = sum(chance for n, chance in enumerate(chances) if servers <= n < places) / (1 - lost)
    return QueueValues(wait=wait, waiting=waiting, waits_share=waits, lost_share=lost)


def mg1(arrival_rate: float, mean: float, second_moment: float) -> QueueValues:
    """Give M/G/1, first come first served: Wq = λE[S²]/(2(1 − ρ)).

    References
    ----------
    F. Pollaczek 1930, A. Khinchine 1932.

    Examples
    --------
    >>> mg1(0.8, 1.0, 1.0).wait
    2.0000000000000004
    """
    load = arrival_rate * mean
    if load >= 1:
        return QueueValues(wait=math.inf, waiting=math.inf, waits_share=1.0)
    wait = arrival_rate * second_moment / (2 * (1 - load))
    return QueueValues(wait=wait, waiting=arrival_rate * wait, waits_share=load, lost_share=0.0)


def priority_mmc(arrival_rates: Sequence[float], service_rate: float, servers: int) -> list[float]:
    """Give the mean wait of each class of M/M/c with head-of-line priority, the first class first.

    Notes
    -----
    W_k = W0/((1 − σ_{k−1})(1 − σ_k)), W0 = C/(cμ), σ_k = Σ_{i≤k} λ_i/(cμ).

    References
    ----------
    A. Cobham, "Priority assignment in waiting line problems", Operations Research 2 (1954).
    """
    whole = servers * service_rate
    first = erlang_c(sum(arrival_rates) / service_rate, servers) / whole
    return _cobham(arrival_rates, [1 / whole] * len(arrival_rates), first)


def priority_mg1(
    arrival_rates: Sequence[float], means: Sequence[float], second_moments: Sequence[float]
) -> list[float]:
    """Give the mean wait of each class of M/G/1 with head-of-line priority; W0 = Σ λ_i E[S_i²]/2 (Cobham 1954)."""
    first = sum(rate * moment for rate, moment in zip(arrival_rates, second_moments, strict=True)) / 2
    return _cobham(arrival_rates, means, first)


def _cobham(rates: Sequence[float], means: Sequence[float], first: float) -> list[float]:
    found, before = [], 0.0
    for rate, mean in zip(rates, means, strict=True):
        after = before + rate * mean
        found.append(first / ((1 - before) * (1 - after)) if after < 1 else math.inf)
        before = after
    return found


def preemptive_mg1(
    arrival_rates: Sequence[float], means: Sequence[float], second_moments: Sequence[float]
) -> list[float]:
    """Give the mean time in the system of each class of M/G/1 with pre-emptive resume priority.

    Notes
    -----
    T_k = E[S_k]/(1 − σ_{k−1}) + Σ_{i≤k} λ_i E[S_i²]/(2(1 − σ_{k−1})(1 − σ_k)).

    References
    ----------
    L. Kleinrock, Queueing Systems II, 1976, eq. 3.39.
    """
    found, before, work = [], 0.0, 0.0
    for rate, mean, moment in zip(arrival_rates, means, second_moments, strict=True):
        after = before + rate * mean
        work += rate * moment
        found.append(mean / (1 - before) + work / (2 * (1 - before) * (1 - after)) if after < 1 else math.inf)
        before = after
    return found


def mxg1_wait(groups_rate: float, group: tuple[float, float], service: tuple[float, float]) -> float:
    """Give the mean wait of M^X/G/1, where patients come in groups.

    Parameters
    ----------
    groups_rate : float
        Of the Poisson stream of groups.
    group : tuple[float, float]
        E[X] and E[X²] of the size of a group.
    service : tuple[float, float]
        E[S] and E[S²].

    Notes
    -----
    Wq = λE[X]E[S²]/(2(1 − ρ)) + (E[X²] − E[X])E[S]/(2E[X](1 − ρ)), ρ = λE[X]E[S].

    References
    ----------
    D. Gross, C. Harris, Fundamentals of Queueing Theory, 3rd ed., 1998, section 5.1.9.
    """
    size, squares = group
    mean, second = service
    load = groups_rate * size * mean
    if load >= 1:
        return math.inf
    return (groups_rate * size * second + (squares - size) * mean / size) / (2 * (1 - load))


def gim1(transform: Callable[[float], float], arrival_rate: float, service_rate: float) -> QueueValues:
    """Give GI/M/1, first come first served.

    Parameters
    ----------
    transform : Callable[[float], float]
        Laplace transform of the gap between arrivals.
    arrival_rate, service_rate : float
        With a load below 1.

    Notes
    -----
    An arrival waits with the chance σ that solves σ = A*(μ(1 − σ)) in (0, 1), and then an exponential time of the rate
    μ(1 − σ).

    References
    ----------
    L. Kleinrock, Queueing Systems I, 1975, section 6.4.

    Examples
    --------
    >>> import math
    >>> round(gim1(lambda s: 0.8 / (0.8 + s), 0.8, 1.0).wait, 9)
    4.0
    """
    low, high = 0.0, 1.0 - 1e-12
    # A*(μ(1 − x)) − x is positive below the root and negative above it, up to 1.
    for _ in range(200):
        middle = (low + high) / 2
        above = transform(service_rate * (1 - middle)) > middle
        low, high = (middle, high) if above else (low, middle)
    pace = service_rate * (1 - low)
    p95 = math.log(low / 0.05) / pace if low > 0.05 else 0.0
    return QueueValues(
        wait=low / pace, waiting=arrival_rate * low / pace, waits_share=low, wait_p95=p95, lost_share=0.0
    )


def erlang_a(arrival_rate: float, service_rate: float, servers: int, leaving_rate: float) -> QueueValues:
    """Give M/M/c+M: those who wait leave after an exponential patience (birth and death process).

    References
    ----------
    C. Palm 1957; O. Garnett, A. Mandelbaum, M. Reiman, "Designing a call center with impatient customers", 2002.
    """
    weights = [1.0]
    n = 0
    while n < servers or weights[-1] > 1e-18 * sum(weights):
        n += 1
        out = min(n, servers) * service_rate + max(n - servers, 0) * leaving_rate
        weights.append(weights[-1] * arrival_rate / out)
    chances = np.array(weights) / sum(weights)
    numbers = np.arange(len(chances))
    waiting = float((np.maximum(numbers - servers, 0) * chances).sum())
    return QueueValues(
        waiting=waiting,
        waits_share=float(chances[servers:].sum()),
        lost_share=leaving_rate * waiting / arrival_rate,
    )


def jackson(
    external: Sequence[float],
    routing: Sequence[Sequence[float]],
    service_rates: Sequence[float],
    servers: Sequence[int],
) -> list[QueueValues]:
    """Give each node of an open network of M/M/c nodes as if it stood alone.

    Notes
    -----
    The total arrival rates solve λ = γ + λP.

    References
    ----------
    J. R. Jackson, "Networks of waiting lines", Operations Research 5 (1957).
    """
    matrix = np.eye(len(external)) - np.array(routing).T
    rates = np.linalg.solve(matrix, np.array(external))
    return [mmc(float(rate), mu, c) for rate, mu, c in zip(rates, service_rates, servers, strict=True)]


def square_root_staffing(offered: float, beta: float) -> int:
    """Give a first guess of how many servers are needed: c = ⌈R + β√R⌉.

    References
    ----------
    S. Halfin, W. Whitt, "Heavy-traffic limits for queues with many exponential servers", Operations Research 29 (1981).
    """
    return max(math.ceil(offered + beta * math.sqrt(offered)), 1)
