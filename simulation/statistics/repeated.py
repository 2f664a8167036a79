"""One server whose urgent patients turn others out, where the service begun is lost: done again, or drawn anew."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from simulation.model.distributions import Distribution
from simulation.statistics.moments import mean_of, second_moment_of, tilted


@dataclass(frozen=True, slots=True)
class RepeatedClass:
    """One class of patients.

    Parameters
    ----------
    sojourn : float
        Mean time in the system, infinite where the queue grows for ever.
    busy : float
        Mean time of the server that one patient costs, all beginnings counted.
    """

    sojourn: float
    busy: float


@dataclass(frozen=True, slots=True)
class _Moments:
    first: float
    second: float


def preemptive_repeat_mg1(
    rates: Sequence[float], services: Sequence[Distribution], *, is_same: bool
) -> list[RepeatedClass]:
    """Give the values of each class of M/G/1 with pre-emptive repeat priority.

    Parameters
    ----------
    rates : Sequence[float]
        Poisson arrival rates, the most urgent class first.
    services : Sequence[Distribution]
        Of each class.
    is_same : bool
        Whether the same service begins again (repeat identical), rather than one drawn anew (repeat different).

    Notes
    -----
    With Λ the rate of more urgent patients and B their busy period, c = 1/Λ + E[B], the completion time C of a service,
    from its first beginning to its end, has

    - identical: E[C] = c(M(Λ) − 1), E[C²] = (M(Λ) − 1)(2c/Λ + E[B²]) − 2c M′(Λ) + 2c²(M(2Λ) − 2M(Λ) + 1), where
      M(a) = E[e^{aS}]; heavy tails have no mean: one who needs long never gets through;
    - different: with p = E[e^{−ΛS}] and q = E[S e^{−ΛS}], E[C] = c(1 − p)/p and p E[C²] = 2(1 − p)/Λ² − 2q/Λ +
      (1 − p)E[B²] + 2E[B]F + 2(F + (1 − p)E[B])E[C], where F = (1 − p)/Λ − q.

    To a class the server is an M/G/1 with services C that, when nobody of the class is there, is away for busy periods
    of the others: E[W] = λE[C²]/(2(1 − λE[C])) + ΛE[B²]/(2(1 + ΛE[B])).

    References
    ----------
    D. P. Gaver, "A waiting line with interrupted service, including priorities", J. Royal Statistical Society B 24
    (1962). N. K. Jaiswal, Priority Queues (1968), chapter IV.
    """
    found: list[RepeatedClass] = []
    above, busy = 0.0, _Moments(0.0, 0.0)
    for rate, service in zip(rates, services, strict=True):
        done, cost = _completion(service, above, busy, is_same=is_same)
        share = rate * done.first
        if not share < 1.0:
            # Nobody of this class gets through, nor of those behind it.
            found += [RepeatedClass(math.inf, cost)] * (len(rates) - len(found))
            return found
        wait = rate * done.second / (2 * (1 - share)) + above * busy.second / (2 * (1 + above * busy.first))
        found.append(RepeatedClass(wait + done.first, cost))
        busy = _busy_period((above, busy), (rate, done))
        above += rate
    return found


def _completion(service: Distribution, above: float, busy: _Moments, *, is_same: bool) -> tuple[_Moments, float]:
    """Give the moments of the completion time, and the mean time that the server spends on it."""
    if above <= 0.0:
        return _Moments(mean_of(service), second_moment_of(service)), mean_of(service)
    cycle = 1 / above + busy.first
    if is_same:
        once, slope = tilted(service, above)
        twice, _ = tilted(service, 2 * above)
        if math.isinf(once):
            return _Moments(math.inf, math.inf), math.inf
        more = once - 1
        second = more * (2 * cycle / above + busy.second) - 2 * cycle * slope + 2 * cycle**2 * (twice - 2 * once + 1)
        return _Moments(cycle * more, second), more / above
    through, slope = tilted(service, -above)
    lost = 1 - through
    first = cycle * lost / through
    cut_short = lost / above - slope
    second = 2 * lost / above**2 - 2 * slope / above + lost * busy.second + 2 * busy.first * cut_short
    second += 2 * (cut_short + lost * busy.first) * first
    return _Moments(first, second / through), lost / through / above


def _busy_period(others: tuple[float, _Moments], own: tuple[float, _Moments]) -> _Moments:
    """Give the moments of a busy period of the classes until now, from that of the others and own completion times."""
    (above, busy), (rate, done) = others, own
    share = rate * done.first
    # It begins with whoever comes first, and goes on with all of the class that come meanwhile.
    first = (above * busy.first + rate * done.first) / (above + rate)
    second = (above * busy.second + rate * done.second) / (above + rate)
    return _Moments(first / (1 - share), second / (1 - share) ** 2 + first * rate * done.second / (1 - share) ** 3)
