"""Which of several scenarios is best, and how many replications each of them deserves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from simulation.model.plan import Floats

Sampler = Callable[[int, range], Floats]
"""Gives the values of one scenario for a range of replications."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """What a selection found.

    Parameters
    ----------
    best : int
        Number of the scenario that is kept.
    replications : tuple[int, ...]
        Used by each scenario.
    kept : tuple[int, ...]
        Those left when the budget was used up; one if the selection came to its end.
    """

    best: int
    replications: tuple[int, ...]
    kept: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What sharing a budget out found.

    Parameters
    ----------
    best : int
        Number of the scenario with the best mean.
    replications : tuple[int, ...]
        Used by each scenario.
    chance : float
        Lower bound of the probability that it is truly the best, as the estimates tell it.
    """

    best: int
    replications: tuple[int, ...]
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Indifference:
    """How sure a selection has to be.

    Parameters
    ----------
    zone : float
        A difference smaller than this does not matter, in the unit of the measure.
    confidence_share : float
        Probability of choosing the best one when it is better by at least ``zone``.
    first : int
        Replications of each scenario before anything is thrown out, at least 2.
    most : int
        Replications of each scenario at most.
    lower_is_better : bool
        Whether the smallest mean is best.
    """

    zone: float
    confidence_share: float = 0.95
    first: int = 10
    most: int = 10_000
    lower_is_better: bool = True


def kim_nelson(sample: Sampler, count: int, rule: Indifference) -> Selected:
    """Choose the best of some scenarios, throwing out one after the other; common random numbers are welcome.

    Parameters
    ----------
    sample : Sampler
        Runs replications; the same replication of two scenarios may use the same random numbers.
    count : int
        Scenarios, at least 1.
    rule : Indifference
        How sure.

    Notes
    -----
    η = ½[(2α/(k − 1))^(−2/(n₀−1)) − 1], h² = 2η(n₀ − 1). Scenario i stays while for all l
    X̄_i(r) ≥ X̄_l(r) − max(0, (δ/2r)(h²S²_il/δ² − r)), S²_il being the variance of the first differences.

    References
    ----------
    S.-H. Kim, B. L. Nelson, "A fully sequential procedure for indifference-zone selection in simulation", ACM
    Transactions on Modeling and Computer Simulation 11 (2001), with c = 1.
    """
    if count < 2:
        return Selected(best=0, replications=(0,) * count, kept=(0,))
    sign = -1.0 if rule.lower_is_better else 1.0
    values = [sign * sample(number, range(rule.first)) for number in range(count)]
    alpha = 1 - rule.confidence_share
    eta = 0.5 * ((2 * alpha / (count - 1)) ** (-2 / (rule.first - 1)) - 1)
    h_squared = 2 * eta * (rule.first - 1)
    variances = np.array([[np.var(a - b, ddof=1) for b in values] for a in values])
    kept, sums, used, r = list(range(count)), np.array([v.sum() for v in values]), [rule.first] * count, rule.first
    while True:
        means = sums / r
        kept = [i for i in kept if all(_may_stay(means, variances, (i, j), (h_squared, rule.zone, r)) for j in kept)]
        if len(kept) == 1 or r >= rule.most:
            best = max(kept, key=lambda i: means[i])
            return Selected(best=best, replications=tuple(used), kept=tuple(kept))
        for i in kept:
            sums[i] += sign * float(sample(i, range(r, r + 1))[0])
            used[i] += 1
        r += 1


def _may_stay(means: Floats, variances: Floats, pair: tuple[int, int], rule: tuple[float, float, int]) -> bool:
    i, j = pair
    h_squared, zone, r = rule
    if i == j:
        return True
    slack = max(0.0, zone / (2 * r) * (h_squared * float(variances[i, j]) / zone**2 - r))
    return bool(means[i] >= means[j] - slack)


def ocba(means: Sequence[float], variances: Sequence[float], budget: int, *, lower_is_better: bool = True) -> list[int]:
    """Share a budget of replications out so that the best scenario is most likely found.

    Parameters
    ----------
    means, variances : Sequence[float]
        Estimates by scenario.
    budget : int
        Replications in all.
    lower_is_better : bool, optional
        Whether the smallest mean is best.

    Returns
    -------
    list[int]
        Replications of each, summing to the budget.

    Notes
    -----
    N_i/N_j = ((σ_i/δ_i)/(σ_j/δ_j))², N_b = σ_b √(Σ_{i≠b} N_i²/σ_i²), δ_i being the distance to the best.

    References
    ----------
    C.-H. Chen, J. Lin, E. Yücesan, S. Chick, "Simulation budget allocation for further enhancing the efficiency of
    ordinal optimization", Discrete Event Dynamic Systems 10 (2000), theorem 1.
    """
    values = np.asarray(means, dtype=float) * (1.0 if lower_is_better else -1.0)
    spread = np.maximum(np.asarray(variances, dtype=float), 1e-12)
    best = int(np.argmin(values))
    if len(values) == 1:
        return [budget]
    # Equal means would ask for endless replications.
    gaps = np.maximum(values - values[best], 1e-9 * max(float(np.ptp(values)), 1e-9))
    shares = spread / gaps**2
    shares[best] = 0.0
    shares[best] = math.sqrt(float(spread[best]) * float((shares**2 / spread).sum()))
    exact = budget * shares / shares.sum()
    whole = np.floor(exact).astype(int)
    # Largest remainders first.
    for k in np.argsort(whole - exact)[: budget - int(whole.sum())]:
        whole[k] += 1
    return [int(n) for n in whole]


def share_out(
    sample: Sampler, count: int, budget: int, *, first: int = 10, at_a_time: int = 0, lower_is_better: bool = True
) -> Shared:
    """Spend a budget of replications step by step where each helps most to find the best scenario.

    Parameters
    ----------
    sample : Sampler
        Runs replications.
    count : int
        Scenarios, at least 1.
    budget : int
        Replications of all scenarios together, at least ``count * first``.
    first : int, optional
        Replications of each scenario before the first sharing out, at least 2.
    at_a_time : int, optional
        Replications between two sharings; a tenth of the budget, at least one for each scenario, unless told.
    lower_is_better : bool, optional
        Whether the smallest mean is best.

    Notes
    -----
    Before each step :func:`ocba` says how many of all replications so far each scenario should have had; what lacks is
    run. The chance is 1 - Σ Φ(-δ_i/√(σ_b²/N_b + σ_i²/N_i)), Bonferroni's bound, which holds for any dependence.

    References
    ----------
    C.-H. Chen, L. H. Lee, "Stochastic Simulation Optimization: An Optimal Computing Budget Allocation", World
    Scientific 2011, section 3.4, the sequential algorithm, and equation 3.3, the approximate probability.
    """
    values = [sample(number, range(min(first, budget))) for number in range(count)]
    step = at_a_time or max(count, budget // 10)
    while count > 1 and (spent := sum(map(len, values))) < budget:
        goal = min(budget, spent + step)
        means, spreads = [float(v.mean()) for v in values], [float(v.var(ddof=1)) for v in values]
        wanted = ocba(means, spreads, goal, lower_is_better=lower_is_better)
        lacking = [max(0, n - len(v)) for n, v in zip(wanted, values, strict=True)]
        # Some may have had more than their share already: then what is left goes to those that lack most, in turn.
        while sum(lacking) > goal - spent:
            lacking[lacking.index(max(lacking))] -= 1
        for number, more in enumerate(lacking):
            if more:
                have = len(values[number])
                values[number] = np.concatenate([values[number], sample(number, range(have, have + more))])
    means_now = np.array([v.mean() for v in values]) * (1.0 if lower_is_better else -1.0)
    best = int(means_now.argmin())
    chance = _chance(means_now, [float(v.var(ddof=1)) / len(v) for v in values], best)
    return Shared(best=best, replications=tuple(map(len, values)), chance=chance)


def _chance(means: Floats, errors: list[float], best: int) -> float:
    wrong = 0.0
    for number, mean in enumerate(means):
        if number != best:
            spread = math.sqrt(errors[best] + errors[number])
            gap = float(mean - means[best])
            # Two scenarios that are the same run for run cannot be told apart: even odds.
            wrong += float(stats.norm.cdf(-gap / spread)) if spread > 0 else (0.5 if gap == 0 else 0.0)
    return max(0.0, 1.0 - wrong)


def feasible(values: Floats, limit: float, *, confidence_share: float = 0.95) -> bool | None:
    """Tell whether a mean over replications keeps a limit; None if that cannot be told yet.

    Parameters
    ----------
    values : Floats
        One per replication, such as the P95 of door to doctor; NaN where a replication has none.
    limit : float
        The mean must not exceed it.
    confidence_share : float, optional
        Of the one-sided interval on either side.
    """
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return None
    margin = float(stats.t.ppf(confidence_share, len(known) - 1)) * float(known.std(ddof=1)) / math.sqrt(len(known))
    if known.mean() + margin <= limit:
        return True
    return False if known.mean() - margin > limit else None


def quantile_interval(values: Floats, share: float, *, confidence_share: float = 0.95) -> tuple[float, float, float]:
    """Give a quantile over replications with an interval that assumes no law.

    Parameters
    ----------
    values : Floats
        One per replication, shape (n,).
    share : float
        Of the quantile, in (0, 1).
    confidence_share : float, optional
        Of the interval.

    Returns
    -------
    tuple[float, float, float]
        Estimate, and the order statistics on both sides; infinite where there are too few replications.

    Notes
    -----
    The number of values below the quantile is binomial(n, p); the two order statistics are those between which it
    falls with the wanted probability.
    """
    ordered = np.sort(values)
    n = len(ordered)
    low = int(stats.binom.ppf((1 - confidence_share) / 2, n, share))
    high = int(stats.binom.ppf((1 + confidence_share) / 2, n, share)) + 1
    return (
        float(np.quantile(ordered, share)),
        float(ordered[low - 1]) if low >= 1 else -math.inf,
        float(ordered[high - 1]) if high <= n else math.inf,
    )
