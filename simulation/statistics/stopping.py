"""How many replications are enough."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from simulation.model.plan import Floats

FIRST_CHECK = 3
LOOK_AHEAD = 5


def precise_enough(values: Floats, half_width_share: float, confidence_share: float = 0.95) -> bool:
    """Tell whether replications may stop.

    Parameters
    ----------
    values : Floats
        One per replication, in order, shape (n,); NaN where a replication has none.
    half_width_share : float
        Half-width over mean that is wanted.
    confidence_share : float
        Of the interval.

    Notes
    -----
    The half-width over the running mean must fall to the wanted share at some n ≥ 3 and stay there for
    k = 5 further replications, 5·n/100 when n > 100: one lucky n is not enough.

    References
    ----------
    K. Hoad, S. Robinson, R. Davies, "Automated selection of the number of replications for a discrete-event
    simulation", Journal of the Operational Research Society 61 (2010), section 3.
    """
    known = values[~np.isnan(values)]
    count = np.arange(1, len(known) + 1)
    if len(known) < FIRST_CHECK:
        return False
    mean = np.cumsum(known) / count
    spread = np.sqrt(np.maximum(np.cumsum(known**2) / count - mean**2, 0.0) * count / np.maximum(count - 1, 1))
    t = stats.t.ppf((1 + confidence_share) / 2, np.maximum(count - 1, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.abs(t * spread / np.sqrt(count) / mean)
    share[: FIRST_CHECK - 1] = math.inf
    good = share <= half_width_share
    # The first replication from which on all were precise enough.
    first = len(known)
    while first > 0 and good[first - 1]:
        first -= 1
    first += 1
    ahead = LOOK_AHEAD if first <= 100 else LOOK_AHEAD * first // 100
    return bool(len(known) >= max(first, FIRST_CHECK) + ahead)
