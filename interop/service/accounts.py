"""Which visit an account number means: some systems name one patient's stay by PID-18 now and by PV1-19 then."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Session

from interop.service.plain import put_all
from interop.tables import ACCOUNTS

# The latest statement counts: an account of a series of treatments has one visit after the other.
_TOLD = (
    "ON CONFLICT (account) DO UPDATE SET "
    "visit = CASE WHEN excluded.told_at >= interop_account.told_at THEN excluded.visit ELSE interop_account.visit END, "
    "told_at = CASE WHEN excluded.told_at >= interop_account.told_at THEN excluded.told_at "
    "ELSE interop_account.told_at END"
)


def note_accounts(session: Session, told: Iterable[tuple[str, str, int]]) -> None:
    """Keep which visits accounts were said to be.

    Parameters
    ----------
    session : Session
        A writing transaction.
    told : Iterable[tuple[str, str, int]]
        Pseudonyms of account and visit, and when it was so, UTC microseconds.
    """
    latest: dict[str, tuple[str, int]] = {}
    for account, visit, at in told:
        if account not in latest or at >= latest[account][1]:
            latest[account] = (visit, at)
    rows = [{"account": account, "visit": visit, "told_at": at} for account, (visit, at) in latest.items()]
    put_all(session, ACCOUNTS.name, rows, on_conflict=_TOLD)


def visit_of(session: Session, account: str) -> str:
    """Give the visit that an account was last said to be; the account itself if no message has named both."""
    found = session.execute(select(ACCOUNTS.c.visit).where(ACCOUNTS.c.account == account)).scalar()
    return str(found) if found is not None else account
