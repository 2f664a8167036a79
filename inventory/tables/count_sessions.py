"""Count sessions: rows to values and back."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlmodel import Field, Session, SQLModel, col, select

from inventory.model.counting import CountLine, CountSession, Seen, SessionState
from twin.errors import NotFound


class CountSessionRow(SQLModel, table=True):
    """A count of one place."""

    __tablename__ = "inventory_count_session"
    __table_args__ = (Index("inventory_count_session_by_state", "state", "id"),)

    id: str = Field(primary_key=True)
    place: str
    state: str
    is_blind: bool = True
    tolerance_share: float = 0.0
    opened_by: str = ""
    opened_at: int = Field(default=0, sa_type=BigInteger)
    closed_by: str = ""
    closed_at: int = Field(default=0, sa_type=BigInteger)


class CountLineRow(SQLModel, table=True):
    """One balance of a count; -1 stands for "not yet"."""

    __tablename__ = "inventory_count_line"
    __table_args__ = (
        CheckConstraint("first_quantity >= -1 AND second_quantity >= -1", name="inventory_count_line_quantities"),
    )

    session_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    item: str
    lot: str = ""
    owner: str = ""
    first_quantity: int = Field(default=-1, sa_type=BigInteger)
    first_by: str = ""
    first_at: int = Field(default=0, sa_type=BigInteger)
    first_books: int = Field(default=0, sa_type=BigInteger)
    second_quantity: int = Field(default=-1, sa_type=BigInteger)
    second_by: str = ""
    second_at: int = Field(default=0, sa_type=BigInteger)
    second_books: int = Field(default=0, sa_type=BigInteger)
    taken: int = Field(default=-1, sa_type=BigInteger)
    reason: str = ""


def save_session(session: Session, counting: CountSession, *, before: CountSession | None = None) -> None:
    """Write a count session with its lines, new or changed.

    Parameters
    ----------
    session : Session
        The transaction.
    counting : CountSession
        As it is now.
    before : CountSession or None, optional
        As it was loaded: lines that are as they were are not written again, which in a count of a whole store would be
        all but one with every entry.
    """
    session.merge(
        CountSessionRow(
            id=counting.id,
            place=counting.place,
            state=counting.state.value,
            is_blind=counting.is_blind,
            tolerance_share=counting.tolerance_share,
            opened_by=counting.opened_by,
            opened_at=counting.opened_at,
            closed_by=counting.closed_by,
            closed_at=counting.closed_at,
        )
    )
    known = {} if before is None else {line.number: line for line in before.lines}
    for line in counting.lines:
        if known.get(line.number) == line:
            continue
        session.merge(_row_of(counting.id, line))
    session.flush()


def _row_of(session_id: str, line: CountLine) -> CountLineRow:
    row = CountLineRow(
        session_id=session_id,
        number=line.number,
        item=line.item,
        lot=line.lot,
        owner=line.owner,
        taken=line.taken,
        reason=line.reason,
    )
    if line.first is not None:
        row.first_quantity, row.first_by = line.first.quantity, line.first.by
        row.first_at, row.first_books = line.first.at, line.first.books
    if line.second is not None:
        row.second_quantity, row.second_by = line.second.quantity, line.second.by
        row.second_at, row.second_books = line.second.at, line.second.books
    return row


def _line_of(row: CountLineRow) -> CountLine:
    first = Seen(quantity=row.first_quantity, by=row.first_by, at=row.first_at, books=row.first_books)
    second = Seen(quantity=row.second_quantity, by=row.second_by, at=row.second_at, books=row.second_books)
    return CountLine(
        number=row.number,
        item=row.item,
        lot=row.lot,
        owner=row.owner,
        first=first if row.first_quantity >= 0 else None,
        second=second if row.second_quantity >= 0 else None,
        taken=row.taken,
        reason=row.reason,
    )


def load_session(session: Session, number: str, *, lock: bool = False) -> CountSession:
    """Give a count session.

    Parameters
    ----------
    session : Session
        The transaction.
    number : str
        Its id.
    lock : bool, optional
        Whether others must wait until this transaction ends.

    Raises
    ------
    NotFound
        If there is none.
    """
    query = select(CountSessionRow).where(col(CountSessionRow.id) == number)
    row = session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        raise NotFound("count session", number)
    return _session_of(session, row)


def _session_of(session: Session, row: CountSessionRow) -> CountSession:
    query = select(CountLineRow).where(col(CountLineRow.session_id) == row.id).order_by(col(CountLineRow.number))
    return CountSession(
        id=row.id,
        place=row.place,
        state=SessionState(row.state),
        is_blind=row.is_blind,
        tolerance_share=row.tolerance_share,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        closed_by=row.closed_by,
        closed_at=row.closed_at,
        lines=tuple(_line_of(line) for line in session.exec(query)),
    )


def list_sessions(
    session: Session, *, state: SessionState | None = None, after: str = "", limit: int = 50
) -> list[CountSession]:
    """Give count sessions, the newest first.

    Parameters
    ----------
    session : Session
        Any.
    state : SessionState or None, optional
        Only of this state.
    after : str, optional
        Id of the last one of the page before.
    limit : int, optional
        How many at most.
    """
    query = select(CountSessionRow).order_by(col(CountSessionRow.id).desc()).limit(limit)
    if state is not None:
        query = query.where(col(CountSessionRow.state) == state.value)
    if after:
        query = query.where(col(CountSessionRow.id) < after)
    return [_session_of(session, row) for row in session.exec(query).all()]
