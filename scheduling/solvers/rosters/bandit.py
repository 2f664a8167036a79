"""Which setting to use next, from what each ended with before.

References
----------
Thompson, W. R. (1933). On the likelihood that one unknown probability exceeds another. Biometrika 25, 285-294.
Russo, D. J. et al. (2018). A tutorial on Thompson sampling. Foundations and Trends in Machine Learning 11(1), sections
3 and 6.3 (what is long ago counts less).
"""

from __future__ import annotations

import numpy as np

KEPT = 0.95
"""What an outcome still counts after each later one: what helps in the beginning need not help in the end."""
LEAST_SPREAD = 1e-3
"""Outcomes are taken to spread so much at least, or the first lucky setting would be used for ever."""


class Bandit:
    """Chooses among settings; those that ended at a low cost are used more often, no one is left out for good.

    Parameters
    ----------
    n : int
        Settings, told by number.

    Notes
    -----
    The cost of a setting is drawn from a normal distribution about its mean so far, with the spread of all outcomes
    divided by the root of how often it was used; the setting with the least draw is taken.

    Examples
    --------
    >>> bandit, chance = Bandit(2), np.random.default_rng(1)
    >>> for _ in range(200):
    ...     at = bandit.pick(chance)
    ...     bandit.tell(at, (5.0, 1.0)[at])
    >>> bool(bandit.weight[1] > 5 * bandit.weight[0])
    True
    """

    def __init__(self, n: int) -> None:
        self.weight = np.zeros(n)
        self.total = np.zeros(n)
        self.squares = np.zeros(n)

    def pick(self, chance: np.random.Generator) -> int:
        """Give the number of the setting to use next; each is used once before any is used twice."""
        untried = np.flatnonzero(self.weight == 0)
        if untried.size:
            return int(chance.choice(untried))
        mean = self.total / self.weight
        within = np.maximum(0.0, self.squares - self.weight * mean**2).sum() / self.weight.sum()
        spread = max(LEAST_SPREAD, float(np.sqrt(within)))
        return int(np.argmin(chance.normal(mean, spread / np.sqrt(self.weight))))

    def tell(self, at: int, cost: float) -> None:
        """Take note of what a setting ended with."""
        for kept in (self.weight, self.total, self.squares):
            kept *= KEPT
        self.weight[at] += 1
        self.total[at] += cost
        self.squares[at] += cost**2
