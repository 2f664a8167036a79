"""What opens a door for some months and can be ended before: keys of programs, links of screens."""

from __future__ import annotations

from typing import TypeVar

from sqlmodel import Session

from server.schema.access import DisplayRow, KeyRow
from twin.errors import NotFound

R = TypeVar("R", DisplayRow, KeyRow)


def lasts(row: DisplayRow | KeyRow, now: int) -> bool:
    """Tell whether it is neither revoked nor past its date; ``now`` in UTC microseconds."""
    return not row.revoked_at and now < row.expires_at


def revoke(session: Session, kind: type[R], identifier: str, *, now: int) -> R:
    """End it for good; once more changes nothing.

    Parameters
    ----------
    session : Session
        The writer's.
    kind : type
        Its row.
    identifier : str
        Which.
    now : int
        UTC microseconds.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.get(kind, identifier)
    if row is None:
        raise NotFound("key" if kind is KeyRow else "display", identifier)
    row.revoked_at = row.revoked_at or now
    session.add(row)
    session.flush()
    return row
