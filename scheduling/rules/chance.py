"""The draws that two plans have in common: each patient, day and kind of event has a stream of its own."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scheduling.model.futures import MOST_FUTURES, Uncertainty
from twin.errors import InputError

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Futures:
    """How many futures are drawn.

    Parameters
    ----------
    count : int
        2 to :data:`MOST_FUTURES`.
    seed : int
        The same seed gives the same futures for every plan.
    """

    count: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming what is out of range.
        """
        if not 2 <= self.count <= MOST_FUTURES:
            raise InputError(f"futures: expected 2 to {MOST_FUTURES}, got {self.count}.", code="plan.futures")
        if not 0 <= self.seed < 1 << 32:
            raise InputError(f"seed: expected 0 to {(1 << 32) - 1}, got {self.seed}.", code="plan.futures")


class Chance:
    """Draws that belong to a name: the same for every plan."""

    def __init__(self, futures: Futures, uncertainty: Uncertainty) -> None:
        self.n = futures.count
        self.seed = futures.seed
        self.uncertainty = uncertainty
        self.shape = math.log1p(uncertainty.operation_cv**2)  # variance of the logarithm of a log-normal law

    def of(self, *name: object) -> np.random.Generator:
        """Give the source of chance that belongs to a name."""
        # A hash, not Python's hash(): that is salted anew in each process.
        digest = hashlib.blake2b("\0".join(map(str, name)).encode(), digest_size=8).digest()
        return np.random.Generator(np.random.PCG64([self.seed, int.from_bytes(digest, "big")]))

    def comes(self, patient: str) -> Flags:
        """Tell in which futures a patient comes."""
        return self.of("comes", patient).random(self.n) >= self.uncertainty.no_show_share

    def minutes(self, kind: str, name: str, mean: float) -> Floats:
        """Give log-normal lengths of this mean, minutes."""
        law = self.of(kind, name).standard_normal(self.n)
        # Mean of a log-normal law is exp(mu + sigma^2 / 2), so the shift keeps the planned length as the mean.
        return np.asarray(mean * np.exp(math.sqrt(self.shape) * law - self.shape / 2))

    def stay(self, person: str, days: int) -> Counts:
        """Give lengths of a stay that was planned for so many days."""
        source = self.of("stay", person)
        # Geometric from 1; days late begin at 0.
        late = source.geometric(1.0 - self.uncertainty.late_share, self.n) - 1
        is_early = source.random(self.n) < self.uncertainty.early_share
        return np.asarray(np.maximum(1, days + np.where(is_early & (late == 0), -1, late)), np.int64)
