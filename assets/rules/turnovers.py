"""From the course of a bed's readiness to the times that each turnover took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from twin.clock import SECOND_US

CLEAN, CLEANING = "clean", "cleaning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """From an instant on, UTC microseconds, a bed was clean, being cleaned, or anything else."""

    value: str
    at: int

    @property
    def is_ready(self) -> bool:
        """Whether the next patient may come."""
        return self.value == CLEAN


@dataclass(frozen=True, slots=True, kw_only=True)
class Turnover:
    """One bed made ready.

    Parameters
    ----------
    place : str
        Bed or room.
    dirty_at, ready_at : int
        From when it was not clean, and from when it was, UTC microseconds.
    cleaned_s : float or None
        Time of cleaning itself; None where nobody said when it began.
    """

    place: str
    dirty_at: int
    ready_at: int
    cleaned_s: float | None

    @property
    def total_s(self) -> float:
        """Seconds from not clean to clean."""
        return (self.ready_at - self.dirty_at) / SECOND_US


def turnovers_of(place: str, course: Sequence[Readiness]) -> list[Turnover]:
    """Give the turnovers within a course of readiness.

    Parameters
    ----------
    place : str
        Bed or room.
    course : Sequence[Readiness]
        In order of time; what holds before the first one is not known, so that a bed that begins as not clean has no
        first turnover.

    Examples
    --------
    >>> at = [Readiness(value=v, at=t * 60_000_000) for v, t in
    ...       (("clean", 0), ("dirty", 10), ("cleaning", 40), ("clean", 65))]
    >>> [(one.total_s, one.cleaned_s) for one in turnovers_of("B1", at)]
    [(3300.0, 1500.0)]
    """
    return list(_turnovers(place, course))


def _turnovers(place: str, course: Sequence[Readiness]) -> Iterator[Turnover]:
    dirty_at, begun_at, was_ready = 0, 0, False
    for one in course:
        if one.is_ready:
            if dirty_at:
                cleaned = (one.at - begun_at) / SECOND_US if begun_at else None
                yield Turnover(place=place, dirty_at=dirty_at, ready_at=one.at, cleaned_s=cleaned)
            dirty_at, begun_at, was_ready = 0, 0, True
            continue
        if was_ready and not dirty_at:
            dirty_at = one.at
        if one.value == CLEANING and not begun_at:
            begun_at = one.at
        elif one.value not in (CLEANING, "") and begun_at:
            begun_at = 0  # it was found dirty again: what was begun did not make it ready
