"""Watching what a session changes, whether through the object mapper, in SQLAlchemy's own statements or in plain SQL.

The mapper tells of its rows by events of the session; plain SQL on the session's connection passes those by, so whoever
runs it asks here whether somebody watches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlmodel import Session

PlainObserver = Callable[[str, Sequence[Sequence[object]]], None]
"""Takes a statement with its value marks, and the rows of values it was run with."""

_KEY = "hospital-twin-observer"


def observe_plain(session: Session, observer: PlainObserver | None) -> None:
    """Let plain SQL of a session be told to an observer; nobody if it is None.

    Parameters
    ----------
    session : Session
        Of one use case.
    observer : PlainObserver or None
        Called after each statement that changes something.
    """
    session.info[_KEY] = observer


def plain_observer(session: Session) -> PlainObserver | None:
    """Give who wants to be told of plain SQL on a session; None for nobody."""
    found: PlainObserver | None = session.info.get(_KEY)
    return found
