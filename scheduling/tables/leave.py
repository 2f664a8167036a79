"""Rows of leave: what contracts grant, and corrections by hand."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlmodel import Field, Session, SQLModel, col, select

from scheduling.model.leave import LeaveGrant, LeaveTerms

MOST_TERMS = 1000
MOST_GRANTS = 20_000
"""Corrections that one list reads; a hospital of 5,000 people has some thousand in a decade."""


class LeaveTermsRow(SQLModel, table=True):
    """Terms of a contract from a year on."""

    __tablename__ = "scheduling_leave_terms"

    contract: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    half_days: int
    carry_half_days: int = 0
    carry_month: int = 3
    carry_day: int = 31
    weekdays: str = "01234"


class LeaveGrantRow(SQLModel, table=True):
    """One correction; never changed, a mistake is corrected by another one."""

    __tablename__ = "scheduling_leave_grant"

    id: str = Field(primary_key=True)
    staff: str = Field(index=True)
    year: int
    half_days: int
    reason: str
    at: int = Field(sa_type=BigInteger)
    by: str


def list_terms(session: Session) -> list[LeaveTerms]:
    """Give all terms, by contract and year."""
    query = select(LeaveTermsRow).order_by(col(LeaveTermsRow.contract), col(LeaveTermsRow.year)).limit(MOST_TERMS)
    return [
        LeaveTerms(
            contract=row.contract,
            year=row.year,
            half_days=row.half_days,
            carry_half_days=row.carry_half_days,
            carry_month=row.carry_month,
            carry_day=row.carry_day,
            weekdays=frozenset(int(digit) for digit in row.weekdays),
        )
        for row in session.exec(query)
    ]


def save_terms(session: Session, terms: LeaveTerms) -> None:
    """Write terms, new or changed."""
    row = session.get(LeaveTermsRow, (terms.contract, terms.year)) or LeaveTermsRow(
        contract=terms.contract, year=terms.year, half_days=0
    )
    row.half_days, row.carry_half_days = terms.half_days, terms.carry_half_days
    row.carry_month, row.carry_day = terms.carry_month, terms.carry_day
    row.weekdays = "".join(str(day) for day in sorted(terms.weekdays))
    session.add(row)
    session.flush()


def list_grants(session: Session, *, staff: str = "") -> list[LeaveGrant]:
    """Give corrections, the newest first; of one member of staff if named."""
    query = select(LeaveGrantRow).order_by(col(LeaveGrantRow.id).desc()).limit(MOST_GRANTS)
    if staff:
        query = query.where(col(LeaveGrantRow.staff) == staff)
    return [
        LeaveGrant(
            id=row.id,
            staff=row.staff,
            year=row.year,
            half_days=row.half_days,
            reason=row.reason,
            at=row.at,
            by=row.by,
        )
        for row in session.exec(query)
    ]


def save_grant(session: Session, grant: LeaveGrant) -> None:
    """Write a correction."""
    session.add(
        LeaveGrantRow(
            id=grant.id,
            staff=grant.staff,
            year=grant.year,
            half_days=grant.half_days,
            reason=grant.reason,
            at=grant.at,
            by=grant.by,
        )
    )
    session.flush()
