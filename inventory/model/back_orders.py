"""What is owed to a place: goods that a task could not bring."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BackOrderState(StrEnum):
    """How far a back-order is."""

    OPEN = "open"
    """Nobody brings it yet."""
    ASKED = "asked"
    """A new task brings it."""
    CANCELLED = "cancelled"
    """Somebody said that it is not needed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackOrder:
    """One quantity that is owed to a place.

    Parameters
    ----------
    id : str
        Id of the task that came short.
    place, item : str
        Where it lacks and what.
    source : str
        Where it was to be fetched.
    quantity : int
        Base units, above 0.
    state : BackOrderState
        How far it is.
    opened_at, closed_at : int
        UTC microseconds; ``closed_at`` is 0 while it is open.
    task : str
        Id of the task that brings it now; empty while nobody does.
    """

    id: str
    place: str
    item: str
    source: str
    quantity: int
    state: BackOrderState
    opened_at: int
    closed_at: int = 0
    task: str = ""
