"""Whether something runs out before the next round comes by, from what lies there and what is expected to be used."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from inventory.model.items import Criticality
from inventory.model.planning import Expected
from inventory.rules.planning import levels
from inventory.rules.planning.levels import Use
from twin.clock import DAY_US

THRESHOLD_BY_CRITICALITY: dict[Criticality, float] = {
    Criticality.VITAL: 0.01,
    Criticality.ESSENTIAL: 0.05,
    Criticality.DESIRABLE: 0.15,
}
"""Probability of a stock-out before the next round from which somebody is sent, by VED class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """When and how probably a place runs out.

    Parameters
    ----------
    probability : float
        Of use above what is there until the next round has been, 0 to 1.
    expected_at : int
        When the mean use has emptied it, UTC microseconds; 0 if it is not used.
    days_of_cover : float
        What is there over the mean use of a day; infinite if it is not used.
    """

    probability: float
    expected_at: int
    days_of_cover: float


def runs_out(expected: Expected, *, on_hand: int, days: float, now: int) -> Forecast:
    """Give when and how probably what is there is used up.

    Parameters
    ----------
    expected : Expected
        Use of a day.
    on_hand : int
        Base units that can be used: on hand, not promised to others.
    days : float
        Until goods from the next round are there.
    now : int
        UTC microseconds.
    """
    if expected.mean_per_day <= 0:
        return Forecast(probability=0.0, expected_at=0, days_of_cover=float("inf"))
    use = Use(mean=np.array([expected.mean_per_day * days]), variance=np.array([expected.sd_per_day**2 * days]))
    lasting = float(levels.cycle_service(np.array([float(max(on_hand, 0))]), use)[0])
    cover = max(on_hand, 0) / expected.mean_per_day
    return Forecast(
        probability=min(1.0, max(0.0, 1 - lasting)),
        # Ten years at most: a cover of millennia is no date that a screen could show.
        expected_at=now + ceil(min(cover, 3650.0) * DAY_US),
        days_of_cover=cover,
    )
