"""How long a search may take, and on how many threads: the same for admissions, rosters and rounds."""

from __future__ import annotations

from twin.errors import InputError

MOST_SECONDS = 24 * 3600.0
MOST_THREADS = 64


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
