"""Paired comparison of scenarios that met the same patients."""

from __future__ import annotations

import numpy as np

from simulation.experiments.measures import interval_of, lower_is_better
from simulation.experiments.request import Comparison, Interval, Verdict
from simulation.model.plan import Floats


def compare(
    base: dict[str, Floats], other: dict[str, Floats], *, scenario: str, confidence_share: float
) -> tuple[Comparison, ...]:
    """Compare one scenario with the first, measure by measure.

    Parameters
    ----------
    base, other : dict[str, Floats]
        Values by measure, one per replication, in the same order of replications.
    scenario : str
        Name of the other one.
    confidence_share : float
        Confidence of each interval; the caller shares it out over the scenarios.

    Notes
    -----
    Both scenarios draw the same numbers for the same patients at the same nodes, so the difference within a replication
    varies far less than the difference of two independent runs.
    """
    found = []
    for measure, values in other.items():
        lower = lower_is_better(measure)
        if lower is None or measure not in base:
            continue
        difference = interval_of(values - base[measure], confidence_share)
        found.append(
            Comparison(scenario=scenario, measure=measure, difference=difference, verdict=verdict_of(difference, lower))
        )
    return tuple(found)


def verdict_of(difference: Interval, lower: bool) -> Verdict:
    """Say better or worse only where the whole interval says so.

    Parameters
    ----------
    difference : Interval
        Scenario minus base.
    lower : bool
        Whether less is better.
    """
    if difference.n < 2 or np.isnan(difference.mean) or abs(difference.mean) <= difference.half_width:
        return Verdict.SAME
    return Verdict.BETTER if (difference.mean < 0) == lower else Verdict.WORSE
