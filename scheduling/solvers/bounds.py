"""How long a search may take, and on how many threads: the same for admissions, rosters and rounds."""

from __future__ import annotations

import time
from collections.abc import Callable

from twin.errors import InputError

MOST_SECONDS = 24 * 3600.0
MOST_THREADS = 64
Now = Callable[[], float]
"""Gives seconds since any instant; never goes back."""


def check_bounds(seconds: float, threads: int = 1) -> None:
    """Check how long and on how many threads a search is asked for.

    Parameters
    ----------
    seconds : float
        Wall time; above 0 and at most :data:`MOST_SECONDS`.
    threads : int, optional
        1 to :data:`MOST_THREADS`.

    Raises
    ------
    InputError
        Naming what is out of range.
    """
    # not a number fails this comparison too
    if not 0 < seconds <= MOST_SECONDS:
        raise InputError(f"seconds: expected more than 0 and at most {MOST_SECONDS:g}, got {seconds:g}.")
    if not 1 <= threads <= MOST_THREADS:
        raise InputError(f"threads: expected 1 to {MOST_THREADS}, got {threads}.")


def check_counts(**counts: int) -> None:
    """Check a seed, and steps or rounds that bound a search instead of time.

    Parameters
    ----------
    **counts : int
        By the name of the setting; at least 0 each.

    Raises
    ------
    InputError
        Naming the first that is below 0.
    """
    for name, count in counts.items():
        if count < 0:
            raise InputError(f"{name}: expected at least 0, got {count}.")


class Deadline:
    """By when a search has to have answered, what it does before and after the search itself included.

    Parameters
    ----------
    seconds : float
        Time there is.
    now : Now, optional
        The clock.
    """

    def __init__(self, seconds: float, now: Now = time.monotonic) -> None:
        self.seconds = seconds
        self.now = now
        self._began = now()

    def forgive(self, seconds: float) -> None:
        """Do not count some time: compiling on a fresh machine."""
        self._began += seconds

    def used_s(self) -> float:
        """Give the time that is over."""
        return self.now() - self._began

    def left_s(self) -> float:
        """Give the time that is left, below 0 when it is over."""
        return self.seconds - self.used_s()

    def share(self) -> float:
        """Give the share that is over, 0 to 1 and more."""
        return self.used_s() / self.seconds
