"""How long and how to search for a roster, and who hears of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scheduling.solvers.bounds import check_bounds, check_counts

Progress = Callable[[float, int], None]
"""Hears the share done, 0 to 1, and the price of the best roster so far, -1 for none."""
ShouldStop = Callable[[], bool]
GRACE_S = 0.5
"""So long a step without which there is no roster at all may go on although the time is over, seconds."""


class NotInTime(Exception):
    """Raised within a search that has no time left, and no roster to give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterSettings:
    """How long and how to search.

    Parameters
    ----------
    seconds : float
        Wall time, above 0.
    threads : int
        Threads, at least 1.
    seed : int
        Of chance, at least 0.
    iterations : int
        When above 0 they bound the search instead of time, and the same seed gives the same roster on one thread:
        schedules looked for, or neighbourhoods where constraint programming alone searches.
    """

    seconds: float = 60.0
    threads: int = 1
    seed: int = 0
    iterations: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming the setting that is out of range.
        """
        check_bounds(self.seconds, self.threads)
        check_counts(seed=self.seed, iterations=self.iterations)
