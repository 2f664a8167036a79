"""What became of a plan in force: who came as planned, who lies elsewhere, who is late, who did not come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from twin.events.work import PlannedStay

LATE_US = 4 * 3_600_000_000
"""Until so long after the planned hour nobody counts as late: wards admit over a morning."""


class Outcome(StrEnum):
    """What became of one planned stay."""

    DUE = "due"
    """Still to come."""
    AS_PLANNED = "as_planned"
    ELSEWHERE = "elsewhere"
    """In time, but in another room."""
    LATE = "late"
    NOT_COME = "not_come"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What is known of an encounter.

    Parameters
    ----------
    came_at : int
        When it began, UTC microseconds; 0 if it has not.
    room : str
        Where the patient is or was last; empty if unknown.
    is_cancelled : bool
        Whether it was called off.
    """

    came_at: int = 0
    room: str = ""
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One planned stay beside what happened.

    Parameters
    ----------
    stay : PlannedStay
        As published.
    outcome : Outcome
        What became of it.
    delay_s : float
        Seconds after the planned hour, below 0 before it; 0 while nobody has come.
    room : str
        Where the patient is; empty if unknown.
    """

    stay: PlannedStay
    outcome: Outcome
    delay_s: float = 0.0
    room: str = ""


def follow(stays: Iterable[PlannedStay], happened: Mapping[str, Happened], now: int) -> tuple[Followed, ...]:
    """Give what became of each planned stay, by planned start.

    Parameters
    ----------
    stays : Iterable[PlannedStay]
        Of the plan in force.
    happened : Mapping[str, Happened]
        By encounter; who is not in it is not known to the hospital.
    now : int
        UTC microseconds.
    """
    ordered = sorted(stays, key=lambda stay: (stay.start_at, stay.encounter))
    return tuple(_followed(stay, happened.get(stay.encounter, Happened()), now) for stay in ordered)


def _followed(stay: PlannedStay, found: Happened, now: int) -> Followed:
    if found.came_at:
        delay = found.came_at - stay.start_at
        is_elsewhere = bool(found.room) and found.room != stay.place
        # Late counts before elsewhere: who came too late got whatever room was left.
        outcome = Outcome.LATE if delay > LATE_US else Outcome.ELSEWHERE if is_elsewhere else Outcome.AS_PLANNED
        return Followed(stay=stay, outcome=outcome, delay_s=delay / 1e6, room=found.room)
    if found.is_cancelled:
        return Followed(stay=stay, outcome=Outcome.CANCELLED)
    return Followed(stay=stay, outcome=Outcome.NOT_COME if stay.start_at + LATE_US < now else Outcome.DUE)


def counted(followed: Iterable[Followed]) -> dict[Outcome, int]:
    """Give how many stays became what, every outcome, 0 included."""
    found = Counter(one.outcome for one in followed)
    return {outcome: found[outcome] for outcome in Outcome}
