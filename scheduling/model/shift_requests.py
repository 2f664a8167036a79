"""What people ask of the roster in force: leave, a swap with a colleague, a shift that somebody else may take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scheduling.model.rosters import Assignment


class RequestKind(StrEnum):
    """What is asked for."""

    LEAVE = "leave"
    SWAP = "swap"
    OFFER = "offer"


class RequestStatus(StrEnum):
    """How far a request has come."""

    OFFERED = "offered"
    """A shift that anyone may take."""
    ASKED = "asked"
    """The colleague has to agree."""
    AGREED = "agreed"
    """A planner has to decide."""
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    UNDONE = "undone"


OPEN_STATUSES = frozenset({RequestStatus.OFFERED, RequestStatus.ASKED, RequestStatus.AGREED})
"""Somebody still has to do something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A shift by its start and its end, UTC microseconds."""

    from_at: int
    to_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterChange:
    """What approval of a request changed in one roster.

    Parameters
    ----------
    place : str
        What the roster staffs; empty for the whole hospital.
    plan : str
        The roster that approval put in force.
    start_at : int
        First midnight of the roster that the cells are days of, UTC microseconds.
    cells_before, cells_after : tuple[Assignment, ...]
        Days that approval changed, an empty shift is a day off.
    leave_before : tuple[int, ...]
        Days of the roster that were leave before this one was approved, other approved requests left out.
    """

    place: str
    plan: str
    start_at: int
    cells_before: tuple[Assignment, ...] = ()
    cells_after: tuple[Assignment, ...] = ()
    leave_before: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftRequest:
    """One request; instants in UTC microseconds.

    Parameters
    ----------
    id : str
        Its id.
    kind : RequestKind
        What is asked for.
    status : RequestStatus
        How far it has come.
    staff : str
        Who asks, and whose shift is given away; empty for a shift that nobody has.
    partner : str
        The colleague of a swap, or who takes an offer.
    from_at, to_at : int
        Leave: midnight before its first day and after its last one, or noon of these days. Else start and end of the
        shift given away.
    partner_from_at, partner_to_at : int
        Start and end of the colleague's shift; 0 if there is none.
    shift, skill : str
        Of an offered shift.
    reason, answer : str
        Why it is asked for, and why it is refused.
    asked_at, decided_at : int
        When; 0 while nobody has decided.
    asked_by, decided_by : str
        Ids of actors.
    place : str
        What the roster staffs that it is about; empty for the whole hospital. Leave is of every roster that speaks of
        the person.
    also_given, also_wanted : tuple[Span, ...]
        Further shifts of a swap: what is given away and what is asked for besides the first two.
    changes : tuple[RosterChange, ...]
        What approval changed, one for each roster; by them it is undone.
    allowance_reason : str
        Why leave was granted beyond what there was, in the words of ``decided_by``; empty if there was enough.
    is_news_to_staff, is_news_to_partner : bool
        Whether the person has something to see that another did.
    version : int
        Rises with each change.
    """

    id: str
    kind: RequestKind
    status: RequestStatus
    staff: str
    from_at: int
    to_at: int
    partner: str = ""
    partner_from_at: int = 0
    partner_to_at: int = 0
    shift: str = ""
    skill: str = ""
    reason: str = ""
    answer: str = ""
    asked_at: int = 0
    asked_by: str = ""
    decided_at: int = 0
    decided_by: str = ""
    place: str = ""
    also_given: tuple[Span, ...] = ()
    also_wanted: tuple[Span, ...] = ()
    changes: tuple[RosterChange, ...] = ()
    allowance_reason: str = ""
    is_news_to_staff: bool = False
    is_news_to_partner: bool = False
    version: int = 1

    @property
    def begins_at(self) -> int:
        """The first instant that it touches."""
        return min(span.from_at for span in (*self.given(), *self.wanted()))

    def given(self) -> tuple[Span, ...]:
        """Give every shift that is given away, or the leave."""
        return (Span(from_at=self.from_at, to_at=self.to_at), *self.also_given)

    def wanted(self) -> tuple[Span, ...]:
        """Give every shift of the colleague's that is asked for."""
        if not self.partner_from_at:
            return ()
        return (Span(from_at=self.partner_from_at, to_at=self.partner_to_at), *self.also_wanted)

    def concerns(self, staff: str) -> bool:
        """Tell whether somebody asks for it or is asked."""
        return bool(staff) and staff in (self.staff, self.partner)
