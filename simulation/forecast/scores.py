"""How good a forecast was, once it is known what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulation.model.plan import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one forecast was worth.

    Parameters
    ----------
    crps : float
        Continuous ranked probability score, in patients; 0 is perfect.
    error : float
        Median forecast less what came.
    pit : float
        Place of what came within the forecast, 0..1, spread at random within its step.
    inside_50, inside_80, inside_95 : bool
        Whether what came lies in the central band.
    ideal_error : float
        Mean absolute error that is expected if the forecast is right.
    ideal_crps : float
        CRPS that is expected if the forecast is right: what chance leaves even to one who knows all laws.
    """

    crps: float
    error: float
    pit: float
    inside_50: bool
    inside_80: bool
    inside_95: bool
    ideal_error: float
    ideal_crps: float = 0.0


def score(chances: Floats, came: int, u: float) -> Score:
    """Score a distribution of a count.

    Parameters
    ----------
    chances : Floats
        Probability of 0, 1, 2, …, shape (n,).
    came : int
        What came.
    u : float
        Random number in [0, 1] that spreads the PIT within the step of a count; a hash of the forecast will do.

    Notes
    -----
    CRPS = Σ_k (F(k) − 1{k ≥ y})², and Σ_k F(k)(1 − F(k)) is its mean if y comes from F. PIT ~ U(F(y − 1), F(y)).

    References
    ----------
    C. Czado, T. Gneiting, L. Held, "Predictive model assessment for count data", Biometrics 65 (2009).
    """
    size = max(len(chances), came + 1)
    padded = np.zeros(size)
    padded[: len(chances)] = chances
    below = np.minimum(np.cumsum(padded), 1.0)
    numbers = np.arange(size)
    crps = float(((below - (numbers >= came)) ** 2).sum())
    before = float(below[came - 1]) if came > 0 else 0.0
    # The cumulative sum may fall short of a half by rounding.
    median = int(np.searchsorted(below, 0.5 - 1e-12))
    bands = [
        int(np.searchsorted(below, (1 - share) / 2 - 1e-12))
        <= came
        <= int(np.searchsorted(below, (1 + share) / 2 - 1e-12))
        for share in (0.5, 0.8, 0.95)
    ]
    return Score(
        crps=crps,
        error=float(median - came),
        pit=before + u * (float(below[came]) - before),
        inside_50=bands[0],
        inside_80=bands[1],
        inside_95=bands[2],
        ideal_error=float((padded * np.abs(numbers - median)).sum()),
        ideal_crps=float((below * (1.0 - below)).sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Many forecasts of one kind together.

    Parameters
    ----------
    n : int
        How many.
    crps, mae, bias : float
        Means, in patients.
    ideal_mae_ratio : float
        Realised over expected mean absolute error: 1 is what a right forecast would have.
    pit_mean, pit_variance : float
        1/2 and 1/12 if the forecasts are right.
    pit_inside_90 : float
        Share of PIT in [.05, .95].
    coverage_50, coverage_80, coverage_95 : float
        Share of what came in the bands; of counts a little more than the name, since bands are whole numbers.
    """

    n: int
    crps: float
    mae: float
    bias: float
    ideal_mae_ratio: float
    pit_mean: float
    pit_variance: float
    pit_inside_90: float
    coverage_50: float
    coverage_80: float
    coverage_95: float


def accuracy_of(scores: Sequence[Score]) -> Accuracy | None:
    """Put scores together; None of none."""
    if not scores:
        return None
    pits = np.array([one.pit for one in scores])
    errors = np.array([one.error for one in scores])
    ideal = float(np.mean([one.ideal_error for one in scores]))
    return Accuracy(
        n=len(scores),
        crps=float(np.mean([one.crps for one in scores])),
        mae=float(np.abs(errors).mean()),
        bias=float(errors.mean()),
        ideal_mae_ratio=float(np.abs(errors).mean()) / ideal if ideal else float("nan"),
        pit_mean=float(pits.mean()),
        pit_variance=float(pits.var()),
        pit_inside_90=float(((pits >= 0.05) & (pits <= 0.95)).mean()),
        coverage_50=float(np.mean([one.inside_50 for one in scores])),
        coverage_80=float(np.mean([one.inside_80 for one in scores])),
        coverage_95=float(np.mean([one.inside_95 for one in scores])),
    )


def pit_histogram(scores: Sequence[Score], bins: int = 10) -> list[int]:
    """Count PIT values in equal bins; flat if the forecasts are right."""
    counts, _ = np.histogram([one.pit for one in scores], bins=bins, range=(0.0, 1.0))
    return [int(count) for count in counts]
