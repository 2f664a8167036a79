"""One day of operating: cases of every theatre, how far they are, and what is still to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CaseStatus(StrEnum):
    """How far a case is."""

    PLANNED = "planned"
    IN_THEATRE = "in_theatre"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An operation of one day.

    Parameters
    ----------
    id : str
        Encounter, or the id of an emergency.
    theatre, surgeon : str
        Ids; the surgeon may be unknown.
    position : int
        Order within the theatre, from 0.
    planned_start_at : int
        UTC microseconds; an emergency's is the instant at which it was announced.
    planned_minutes : int
        Expected length, at least 1.
    is_emergency : bool
        Whether it came on the day.
    status : CaseStatus
        How far it is.
    started_at, ended_at : int
        UTC microseconds; 0 for not yet.
    reason : str
        Why it was cancelled.
    version : int
        Goes up with each change.
    """

    id: str
    theatre: str
    surgeon: str = ""
    position: int
    planned_start_at: int
    planned_minutes: int
    is_emergency: bool = False
    status: CaseStatus = CaseStatus.PLANNED
    started_at: int = 0
    ended_at: int = 0
    reason: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When theatres are open, and what lies between two cases.

    Parameters
    ----------
    opens_at, closes_at : int
        UTC microseconds.
    turnover_minutes : int
        Cleaning and setting up between two cases of a theatre.
    by_theatre : Mapping[str, tuple[int, int]]
        Opening and closing of theatres with hours of their own; equal if it is closed on that day.
    """

    opens_at: int
    closes_at: int
    turnover_minutes: int = 20
    by_theatre: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    def opens(self, theatre: str) -> int:
        """Give when a theatre opens, UTC microseconds."""
        return self.by_theatre.get(theatre, (self.opens_at, self.closes_at))[0]

    def closes(self, theatre: str) -> int:
        """Give when a theatre closes, UTC microseconds."""
        return self.by_theatre.get(theatre, (self.opens_at, self.closes_at))[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Projected:
    """A case with when it is expected to begin and end.

    Parameters
    ----------
    case : Case
        The case.
    starts_at, ends_at : int
        UTC microseconds; as it was where it has happened.
    delay_minutes : int
        Behind its planned start, at least 0.
    ends_late : bool
        Whether it ends after closing.
    """

    case: Case
    starts_at: int
    ends_at: int
    delay_minutes: int
    ends_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TheatreDay:
    """A theatre's day.

    Parameters
    ----------
    theatre : str
        Id.
    cases : tuple[Projected, ...]
        In their order; cancelled ones last.
    overtime_minutes : int
        Expected after closing.
    free_at : int
        When the last case has ended, UTC microseconds.
    """

    theatre: str
    cases: tuple[Projected, ...]
    overtime_minutes: int
    free_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A place for an emergency.

    Parameters
    ----------
    theatre : str
        Id.
    position : int
        Before the case that has it now.
    starts_at : int
        When it would begin, UTC microseconds.
    delay_minutes : int
        What all other cases lose together.
    overtime_minutes : int
        More overtime of all theatres.
    """

    theatre: str
    position: int
    starts_at: int
    delay_minutes: int
    overtime_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A case that would better be done elsewhere.

    Parameters
    ----------
    case, theatre : str
        Ids of the case and of its new theatre.
    position : int
        Its place there.
    overtime_minutes, delay_minutes : int
        What the whole day has after this change and those before it.
    """

    case: str
    theatre: str
    position: int
    overtime_minutes: int
    delay_minutes: int
