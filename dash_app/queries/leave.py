"""Leave by the year as pages show it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from scheduling.model.leave import LeaveBalance, LeaveTerms
from scheduling.rules.leave import on_wall
from scheduling.service import leave
from scheduling.tables.leave import list_terms


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveYear:
    """What a planner sees of a calendar year.

    Parameters
    ----------
    year : int
        Calendar year.
    balances : list[LeaveBalance]
        Everybody in a roster in force, by id.
    terms : list[LeaveTerms]
        Of all years, by contract.
    """

    year: int
    balances: list[LeaveBalance]
    terms: list[LeaveTerms]


def year_now(at: int, zone: str) -> int:
    """Give the calendar year of an instant."""
    return on_wall(at, zone).year


def leave_year(session: Session, *, year: int, at: int, zone: str) -> LeaveYear:
    """Give everybody's leave of a calendar year.

    Parameters
    ----------
    session : Session
        Any session.
    year : int
        Calendar year.
    at : int
        Now, UTC microseconds.
    zone : str
        IANA name of the hospital's zone.
    """
    found = leave.balances(session, year=year, at=at, zone=zone)
    return LeaveYear(year=year, balances=found, terms=list_terms(session))


def mine(session: Session, staff: str, *, at: int, zone: str) -> list[LeaveBalance]:
    """Give one person's leave of this calendar year and the next, those without terms left out."""
    year = year_now(at, zone)
    found = [leave.balance_of(session, staff, year=one, at=at, zone=zone) for one in (year, year + 1)]
    return [one for one in found if one.has_terms]
