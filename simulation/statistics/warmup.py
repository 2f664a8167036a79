"""Where the beginning of a run ends and its long run begins."""

from __future__ import annotations

import numpy as np

from simulation.model.plan import Floats

BATCH = 5  # observations in a batch, as in White, Cobb and Spratt 2000


class WarmUpTooShort(ValueError):
    """The best place to cut lies in the second half of the run, so the run is too short to tell."""


def mser5(values: Floats) -> int:
    """Give how many observations to cut off at the beginning of a run.

    Parameters
    ----------
    values : Floats
        Observations at equal distances, shape (n,); the mean over replications, if there are several.

    Returns
    -------
    int
        Observations to leave out, a multiple of 5.

    Raises
    ------
    WarmUpTooShort
        If the least marginal standard error is found beyond the middle.

    Notes
    -----
    With means Y of batches of 5, d* minimises (n − d)⁻² Σ_{i>d} (Y_i − Ȳ_{n,d})² over d ≤ n/2.

    References
    ----------
    K. P. White, M. Cobb, S. Spratt, "A comparison of five steady-state truncation heuristics for simulation", Winter
    Simulation Conference 2000.

    Examples
    --------
    >>> mser5(np.array([100.0] * 10 + [1.0, 2.0] * 45))
    10
    """
    batches = len(values) // BATCH
    if batches < 4:
        raise WarmUpTooShort(f"expected at least 20 observations, got {len(values)}: run longer or audit more often")
    means = values[: batches * BATCH].reshape(batches, BATCH).mean(axis=1)
    left = np.arange(batches, 0, -1)
    sums = np.cumsum(means[::-1])[::-1]
    squares = np.cumsum((means**2)[::-1])[::-1]
    errors = (squares - sums**2 / left) / left.astype(float) ** 2
    # The last few batches always have a small error because they are few; a best cut there says nothing.
    cut = int(np.argmin(errors[: batches - 2]))
    if cut > batches // 2:
        raise WarmUpTooShort("the run does not settle in its first half: run longer")
    return cut * BATCH
