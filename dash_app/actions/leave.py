"""Set what contracts grant of leave, and correct somebody's year."""

from __future__ import annotations

from dataclasses import dataclass

from dash_app.actions.port import Commands
from scheduling.model.leave import LeaveGrant, LeaveTerms
from scheduling.service import leave
from scheduling.service.shift_requests import Acting
from twin.errors import FieldError, FieldProblem
from twin.ids import UniqueIds


def halves(days: float, field: str) -> int:
    """Give days as half days.

    Raises
    ------
    FieldError
        If it is no whole number of half days.
    """
    found = days * 2
    if found != int(found):
        cure = "Write whole or half days, such as 2.5."
        raise FieldError(FieldProblem(field=field, place="page", message=f"{days:g} is no half day.", cure=cure))
    return int(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsEntered:
    """Terms of a contract as they are entered.

    Parameters
    ----------
    contract : str
        Empty for all contracts without terms of their own.
    year : int
        First calendar year.
    days, carry_days : float
        Of leave in a year, and the most that go over; whole or half.
    carry_until : str
        Last day on which these can be taken, month and day such as ``03-31``.
    week : int
        Days of the week that leave is counted on, from Monday, 1 to 7.
    """

    contract: str
    year: int
    days: float
    carry_days: float
    carry_until: str
    week: int


def set_terms(port: Commands, entered: TermsEntered) -> None:
    """Set what a contract grants from a year on.

    Parameters
    ----------
    port : Commands
        The hospital.
    entered : TermsEntered
        As the planner wrote it.

    Raises
    ------
    FieldError
        Naming what is no day or no half day.
    """
    acting = Acting(actor=port.actor(), at=port.clock.now(), ledger=port.ledger)
    month, _dash, day = entered.carry_until.strip().partition("-")
    if not (month.isascii() and month.isdigit() and day.isascii() and day.isdigit()):
        cure = "Write month and day such as 03-31."
        raise FieldError(FieldProblem(field="carry_until", place="page", message="It is no day of a year.", cure=cure))
    terms = LeaveTerms(
        contract=entered.contract,
        year=entered.year,
        half_days=halves(entered.days, "half_days"),
        carry_half_days=halves(entered.carry_days, "carry_half_days"),
        carry_month=int(month),
        carry_day=int(day),
        weekdays=frozenset(range(entered.week)),
    )
    port.writer.run(lambda session: leave.set_terms(session, acting=acting, terms=terms).contract)


def correct(port: Commands, *, staff: str, year: int, days: float, reason: str) -> None:
    """Give somebody more or fewer days of leave in a calendar year, whole or half, with a reason."""
    acting = Acting(actor=port.actor(), at=port.clock.now(), ledger=port.ledger)
    new = LeaveGrant(
        id=UniqueIds().next(acting.at), staff=staff, year=year, half_days=halves(days, "half_days"), reason=reason[:500]
    )
    port.writer.run(lambda session: leave.grant(session, acting=acting, new=new).id)
