"""Links for screens on walls: each opens one page without names, for some months, until somebody ends it.

A screen in a corridor is signed in by nobody. Its link carries a token that opens this one page and nothing else: no
session begins, no route of the API takes it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlmodel import Session, col, select

from server.access.lasting import lasts
from server.access.sessions import hash_token
from server.schema.access import DisplayRow
from twin.clock import DAY_US, HOUR_US
from twin.errors import FieldError, FieldProblem

PATH = "/display"
SHOWS = ("overview", "beds", "tasks")
"""Pages that a display can show; the waiting rooms have boards of their own, open to anybody."""
LANGUAGES = ("", "en", "zh_CN")
MAX_DAYS = 366
NOTED_EVERY_US = HOUR_US


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDisplay:
    """A link to make.

    Parameters
    ----------
    name : str
        Where the screen hangs.
    shows : str
        One of :data:`SHOWS`.
    language : str
        ``en``, ``zh_CN`` or empty for the site's.
    days : int
        How long it lasts, 1 to 366.
    """

    name: str
    shows: str
    language: str = ""
    days: int = 90


def _check(new: NewDisplay) -> None:
    field, message = "", ""
    if not new.name.strip() or len(new.name) > 200 or not new.name.isprintable():
        field, message = "name", "Expected where the screen hangs, in 1 to 200 printable characters."
    elif new.shows not in SHOWS:
        field, message = "shows", f"Expected one of {', '.join(SHOWS)}, got {new.shows[:40]!r}."
    elif new.language not in LANGUAGES:
        field, message = "language", f"Expected en, zh_CN or nothing, got {new.language[:20]!r}."
    elif not 1 <= new.days <= MAX_DAYS:
        field, message = "days", f"Expected 1 to {MAX_DAYS} days, got {new.days}."
    if message:
        raise FieldError(FieldProblem(field=field, place=f"/{field}", message=message, cure="Send such a value."))


def address(token: str) -> str:
    """Give path and query of a link."""
    return f"{PATH}?token={token}"


def create_display(
    session: Session, new: NewDisplay, *, new_id: str, created_by: str, now: int
) -> tuple[str, DisplayRow]:
    """Make a link.

    Parameters
    ----------
    session : Session
        The writer's.
    new : NewDisplay
        Which.
    new_id, created_by : str
        Its id, and who asked for it.
    now : int
        UTC microseconds.

    Returns
    -------
    tuple[str, DisplayRow]
        The token, which is shown once and kept nowhere, and its row.

    Raises
    ------
    FieldError
        If name, page, language or days cannot be used.
    """
    _check(new)
    token = secrets.token_urlsafe(32)
    row = DisplayRow(
        id=new_id,
        token_hash=hash_token(token),
        name=new.name.strip(),
        shows=new.shows,
        language=new.language,
        created_by=created_by,
        created_at=now,
        expires_at=now + new.days * DAY_US,
    )
    session.add(row)
    session.flush()
    return token, row


def list_displays(session: Session, *, limit: int = 200) -> list[DisplayRow]:
    """Give links, the newest first.

    Parameters
    ----------
    session : Session
        Any.
    limit : int, optional
        How many at most.
    """
    return list(
        session.exec(select(DisplayRow).order_by(col(DisplayRow.created_at).desc(), DisplayRow.id).limit(limit))
    )


def find_display(session: Session, token: str, *, now: int) -> DisplayRow | None:
    """Give the link that a token opens, None if it is wrong, ended or past its date.

    Parameters
    ----------
    session : Session
        Any.
    token : str
        As sent.
    now : int
        UTC microseconds.
    """
    row = session.exec(select(DisplayRow).where(DisplayRow.token_hash == hash_token(token[:200]))).first()
    return row if row is not None and lasts(row, now) else None


def note_used(session: Session, display_id: str, *, now: int) -> None:
    """Note that a screen still asks, once an hour: an administrator sees which links nobody needs any more."""
    row = session.get(DisplayRow, display_id)
    if row is not None and now - row.used_at > NOTED_EVERY_US:
        row.used_at = now
        session.add(row)
