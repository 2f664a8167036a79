"""Count sessions as a page shows them: what a blind count may not tell is left out here."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.counting import CountLine, CountSession, LineState, SessionState
from inventory.rules.counting import state_of
from inventory.service.counting import Due, due_at
from inventory.tables.catalogue import load_lots
from inventory.tables.count_sessions import list_sessions, load_session
from inventory.tables.driver import Driver

MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LineShown:
    """One line as a reader may see it; None for what is hidden or not there yet.

    Parameters
    ----------
    line : CountLine
        As kept, for its number and names.
    state : LineState
        What it waits for.
    first, second, books, taken : int or None
        Base units.
    """

    line: CountLine
    state: LineState
    first: int | None
    second: int | None
    books: int | None
    taken: int | None


def sessions(session: Session) -> list[CountSession]:
    """Give count sessions, the newest first."""
    return list_sessions(session, limit=MOST)


def one_session(session: Session, number: str) -> CountSession:
    """Give a count session; raises NotFound if there is none."""
    return load_session(session, number)


def due(session: Session, place: str, now: int) -> list[Due]:
    """Give what is due to be counted at a place."""
    return due_at(session, place, now)


def lot_texts(session: Session, counting: CountSession) -> dict[str, str]:
    """Give the number that stands on each lot of a session, by the lot's id; who counts reads that and no id."""
    found = load_lots(Driver(session), [line.lot for line in counting.lines if line.lot])
    return {str(key): lot.number or str(key) for key, lot in found.items()}


def lines(counting: CountSession, *, may_decide: bool) -> list[LineShown]:
    """Give the lines of a session as a reader may see them.

    Parameters
    ----------
    counting : CountSession
        The session.
    may_decide : bool
        Whether the reader may settle differences; then nothing is hidden.
    """
    shows = may_decide or not (counting.is_blind and counting.state is SessionState.OPEN)
    found = []
    for line in counting.lines:
        last = line.second or line.first
        found.append(
            LineShown(
                line=line,
                state=state_of(line, counting.tolerance_share),
                first=line.first.quantity if line.first is not None and shows else None,
                second=line.second.quantity if line.second is not None and shows else None,
                books=last.books if last is not None and shows else None,
                taken=line.taken if line.taken >= 0 and shows else None,
            )
        )
    return found
