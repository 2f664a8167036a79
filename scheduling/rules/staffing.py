"""How many people an hour needs, from loads that a simulation found.

References
----------
Halfin, S., Whitt, W. (1981). Heavy-traffic limits for queues with many exponential servers. Operations Research 29(3),
567-588, theorem 1 and equation 2.3: the chance of waiting is [1 + b Phi(b) / phi(b)]^-1 with b = (s - R) / sqrt(R).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from twin.errors import InputError

HOUR_US = 3_600_000_000
MOST_PEOPLE = 1000
_EVEN = 1e-9
"""What is a whole number but for rounding needs nobody more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A quantity over time, such as occupied beds.

    Parameters
    ----------
    at : tuple[int, ...]
        Instants, ascending, UTC microseconds.
    values : tuple[float, ...]
        At least 0; each holds until the next instant.
    """

    at: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the series.

        Raises
        ------
        InputError
            Naming what is wrong.
        """
        if not self.at or len(self.at) != len(self.values):
            told = f"got {len(self.at)} instants and {len(self.values)} values"
            raise InputError(f"load: expected as many values as instants, at least one; {told}.", code="staffing.load")
        if any(later <= earlier for earlier, later in zip(self.at, self.at[1:], strict=False)):
            raise InputError("load: expected instants that ascend.", code="staffing.load")
        if any(not math.isfinite(value) or value < 0 for value in self.values):
            raise InputError("load: expected values of at least 0.", code="staffing.load")


def hourly(load: Load, start_at: int, hours: int) -> list[float]:
    """Give the largest load of each hour.

    Parameters
    ----------
    load : Load
        The series; before it begins its first value holds, after it ends its last.
    start_at : int
        Where the first hour begins, UTC microseconds.
    hours : int
        How many.

    Returns
    -------
    list[float]
        Of length ``hours``.
    """
    found = []
    index = 0
    for hour in range(hours):
        begins, ends = start_at + hour * HOUR_US, start_at + (hour + 1) * HOUR_US
        # Both series ascend, so the index only moves forward.
        while index + 1 < len(load.at) and load.at[index + 1] <= begins:
            index += 1
        largest, later = load.values[index], index + 1
        while later < len(load.at) and load.at[later] < ends:
            largest = max(largest, load.values[later])
            later += 1
        found.append(largest)
    return found


def by_ratio(loads: Sequence[float], patients_per_person: float) -> list[int]:
    """Give people by hour such that nobody looks after more than so many.

    Parameters
    ----------
    loads : Sequence[float]
        Patients by hour; a high quantile of a simulation leaves room for what chance brings.
    patients_per_person : float
        Above 0.

    Examples
    --------
    >>> by_ratio([0, 8, 8.1], 4)
    [0, 2, 3]
    """
    _check_ratio(patients_per_person)
    return [_people(load / patients_per_person) for load in loads]


def by_square_root(loads: Sequence[float], patients_per_person: float, waiting_share: float) -> list[int]:
    """Give people by hour such that about so many requests have to wait: square-root staffing.

    Parameters
    ----------
    loads : Sequence[float]
        Mean patients by hour.
    patients_per_person : float
        How many one person keeps busy, above 0; the load over this is the offered load R.
    waiting_share : float
        Chance that a request finds everybody busy, above 0 and below 1.

    Returns
    -------
    list[int]
        s = R + b sqrt(R), rounded up.

    Examples
    --------
    >>> by_square_root([100.0], 1.0, 0.5)
    [106]
    """
    _check_ratio(patients_per_person)
    quality = quality_of(waiting_share)
    offered = [load / patients_per_person for load in loads]
    return [_people(one + quality * math.sqrt(one)) for one in offered]


def quality_of(waiting_share: float) -> float:
    """Give the quality of service b at which a share of requests waits.

    Parameters
    ----------
    waiting_share : float
        Above 0 and below 1.

    Raises
    ------
    InputError
        If it is outside.

    Examples
    --------
    >>> round(quality_of(0.5), 3)
    0.506
    """
    if not 0 < waiting_share < 1:
        raise InputError(f"waiting_share: expected more than 0 and less than 1, got {waiting_share:g}.")
    low, high = 0.0, 40.0  # the chance falls from 1 at 0 to nothing long before 40
    for _ in range(100):
        middle = (low + high) / 2
        # The chance falls steadily with quality, so that bisection finds the one value; a hundred halvings are beyond
        # double precision.
        low, high = (middle, high) if _waiting(middle) > waiting_share else (low, middle)
    return high


def _waiting(quality: float) -> float:
    below = 0.5 * math.erfc(-quality / math.sqrt(2))
    density = math.exp(-quality * quality / 2) / math.sqrt(2 * math.pi)
    return density / (density + quality * below)


def _people(wanted: float) -> int:
    found = max(0, math.ceil(wanted - _EVEN))
    if found > MOST_PEOPLE:
        raise InputError(f"load: {found} people in one hour: expected at most {MOST_PEOPLE}.", code="staffing.load")
    return found


def _check_ratio(ratio: float) -> None:
    if not (math.isfinite(ratio) and 0 < ratio <= 1000):
        raise InputError(f"patients_per_person: expected more than 0 and at most 1000, got {ratio:g}.")
