"""Count sessions: what is to be counted at a place, what two people saw, and what is taken for true."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from inventory.model.movements import BalanceKey


class SessionState(StrEnum):
    """How far a count session has come."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class LineState(StrEnum):
    """What a line of a session waits for."""

    WAITING = "waiting"
    RECOUNT = "recount"
    DECIDE = "decide"
    AGREED = "agreed"


class CountClass(StrEnum):
    """How often an item is counted: by its share of what is used, in value."""

    A = "A"
    B = "B"
    C = "C"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one person saw.

    Parameters
    ----------
    quantity : int
        Base units, at least 0.
    by : str
        Who.
    at : int
        When it was counted, UTC microseconds: movements made since do not count against it.
    books : int
        What the books said of that instant.
    """

    quantity: int
    by: str
    at: int
    books: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountLine:
    """One balance of a session.

    Parameters
    ----------
    number : int
        Its place in the session, from 1.
    item, lot, owner : str
        Which balance at the session's place.
    first, second : Seen or None
        What was seen; a second person counts where the first differs from the books.
    taken : int
        Base units that are taken for true by a person's decision; -1 while nobody had to decide.
    reason : str
        Why that was decided.
    """

    number: int
    item: str
    lot: str = ""
    owner: str = ""
    first: Seen | None = None
    second: Seen | None = None
    taken: int = -1
    reason: str = ""

    def key(self, place: str) -> BalanceKey:
        """Key of the balance at a place."""
        return place, self.item, self.lot, self.owner


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSession:
    """A count of one place.

    Parameters
    ----------
    id, place : str
        Its number and where.
    state : SessionState
        How far it has come.
    is_blind : bool
        Whether who counts is not shown what the books say, nor what somebody saw before.
    tolerance_share : float
        Difference from the books that is taken without a second count, as a share of what the books say; 0 to 1.
    opened_by, closed_by : str
        Who.
    opened_at, closed_at : int
        UTC microseconds; 0 for not yet.
    lines : tuple[CountLine, ...]
        In order.
    """

    id: str
    place: str
    state: SessionState
    is_blind: bool
    tolerance_share: float
    opened_by: str
    opened_at: int
    closed_by: str = ""
    closed_at: int = 0
    lines: tuple[CountLine, ...] = ()
