"""Leave by the year: what a contract grants, what was corrected by hand, and what is left.

All amounts are whole numbers of half days: a morning or an afternoon is 1, a day 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

MONDAY_TO_FRIDAY = frozenset(range(5))
MOST_HALF_DAYS = 732
"""Of a year of 366 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveTerms:
    """What a contract grants from a year on, until there are terms of a later year.

    Parameters
    ----------
    contract : str
        Id of the contract; empty for every contract without terms of its own.
    year : int
        First calendar year that they are of.
    half_days : int
        Entitlement of a year.
    carry_half_days : int
        The most that is carried over into the next year.
    carry_month, carry_day : int
        Last day of the next year on which what was carried over can be taken; 12 and 31 for all of it.
    weekdays : frozenset[int]
        Days of the week that leave is counted on, Monday is 0: a week off is five days of a contract of five.
    """

    contract: str
    year: int
    half_days: int
    carry_half_days: int = 0
    carry_month: int = 3
    carry_day: int = 31
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY

    def expiry(self, year: int) -> date:
        """Give the last day in a year on which leave of the year before can be taken."""
        # 29 February is there in leap years only; the day before is meant in the others.
        is_cut = (self.carry_month, self.carry_day) == (2, 29) and not _is_leap(year)
        return date(year, self.carry_month, self.carry_day - is_cut)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveGrant:
    """A correction of somebody's year by hand: joined in May, brought along, bought, forfeited.

    Parameters
    ----------
    id : str
        Its id.
    staff : str
        Whose.
    year : int
        Of which calendar year.
    half_days : int
        More, or fewer if below 0.
    reason : str
        Why.
    at : int
        When, UTC microseconds.
    by : str
        Id of the person who did it.
    """

    id: str
    staff: str
    year: int
    half_days: int
    reason: str
    at: int = 0
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveSpan:
    """A leave that is granted or asked for.

    Parameters
    ----------
    request : str
        Id of the request.
    from_at, to_at : int
        From midnight or noon to midnight or noon on the wall, UTC microseconds.
    is_approved : bool
        Whether it is granted, or only asked for.
    """

    request: str
    from_at: int
    to_at: int
    is_approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveBalance:
    """Somebody's leave of a calendar year; all in half days.

    Parameters
    ----------
    staff, contract : str
        Whose, under which contract.
    year : int
        Calendar year.
    has_terms : bool
        Whether anything is granted by rule; if not, leave is not counted against a limit and all else is 0.
    entitled : int
        By the contract.
    corrected : int
        By hand.
    carried : int
        From the year before; below 0 if more was taken then than there was.
    carried_until : date or None
        Last day for what was carried over.
    expired : int
        Of ``carried``, not taken in time.
    taken, planned : int
        Granted leave before today, and from today on.
    asked : int
        Asked for and not decided.
    remaining : int
        What can still be granted at most; ``asked`` is not taken off.
    over : int
        Granted beyond what there was.
    """

    staff: str
    contract: str
    year: int
    has_terms: bool = False
    entitled: int = 0
    corrected: int = 0
    carried: int = 0
    carried_until: date | None = None
    expired: int = 0
    taken: int = 0
    planned: int = 0
    asked: int = 0
    remaining: int = 0
    over: int = 0
