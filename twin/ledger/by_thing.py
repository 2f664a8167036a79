"""Finding what was said about a thing: an index of the ledger that is written behind the writer.

Notes
-----
An ordinary index over things would be half of what storing an event costs: a batch of a thousand tags dirties a
thousand pages, each of which goes to the disk before the sender has its answer. This one takes in many batches at a
time, sorted, so that the events of a thing share a page. Readers see no difference: they look through what is not
taken in yet.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import CompoundSelect, Select, func, insert, select, union_all, update
from sqlmodel import Session

from twin.db.bulk import insert_rows
from twin.ledger.tables import EVENTS, EVENTS_BY_THING, INDEXED
from twin.ports import Stored

_COLUMNS = (("thing", "text"), ("occurred_at", "bigint"), ("sequence", "bigint"))
LAST = 2**62  # later than any position
ENOUGH = 50_000  # rows that are worth writing while more come in: some fifty events of each tag share a page then


class ThingIndex:
    """Gathers what the index lacks, and writes it in large steps; one per process, used in the writer's thread.

    Notes
    -----
    If a transaction is undone, :meth:`load` must be called again.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[str, int, int]] = []
        self._last = 0

    def load(self, session: Session, up_to: int) -> None:
        """Begin with what is stored.

        Parameters
        ----------
        session : Session
            Any session.
        up_to : int
            Position of the last event that :meth:`note` was told of before; those after it will come.
        """
        known = session.execute(select(func.coalesce(func.max(INDEXED.c.up_to), 0))).scalar_one()
        self._last = max(known, up_to)
        query = select(EVENTS.c.thing, EVENTS.c.occurred_at, EVENTS.c.sequence)
        # what was committed before and never indexed: the process ended with rows waiting
        lacking = query.where(EVENTS.c.sequence > known, EVENTS.c.sequence <= up_to).order_by(EVENTS.c.sequence)
        self._waiting = [(thing, at, sequence) for thing, at, sequence in session.execute(lacking)]

    def note(self, batch: Sequence[Stored]) -> int:
        """Take note of committed events, those known already passed over; give how many rows wait.

        Parameters
        ----------
        batch : Sequence[Stored]
            In ledger order, without a gap to the batch before.
        """
        last = self._last
        self._waiting += [
            (one.event.thing, one.event.occurred_at, one.sequence) for one in batch if one.sequence > last
        ]
        self._last = max(last, batch[-1].sequence)
        return len(self._waiting)

    def write(self, session: Session) -> None:
        """Write all that waits.

        Parameters
        ----------
        session : Session
            The session of a use case.
        """
        if not self._waiting:
            return
        insert_rows(session.connection(), EVENTS_BY_THING.name, _COLUMNS, sorted(self._waiting))
        self._waiting = []
        # one row, made the first time: an upsert would have to be written for each of the two databases
        if session.execute(update(INDEXED).values(up_to=self._last)).rowcount == 0:  # type: ignore[attr-defined]
            session.execute(insert(INDEXED).values(up_to=self._last))


def indexed_about(things: Collection[str], *, before: int = LAST) -> Select[tuple[int, str]]:
    """Give position and body of the events about some things, as far as the index goes; in no order.

    Parameters
    ----------
    things : Collection[str]
        Their ids.
    before : int, optional
        Position that they stand before.

    Notes
    -----
    Positions are compared in the index only: a limit on those of the events themselves would lead SQLite to walk
    through the whole ledger up to it.
    """
    return (
        select(EVENTS.c.sequence, EVENTS.c.body)
        .select_from(EVENTS_BY_THING)
        .join(EVENTS, EVENTS.c.sequence == EVENTS_BY_THING.c.sequence)
        .where(EVENTS_BY_THING.c.thing.in_(things), EVENTS_BY_THING.c.sequence < before)
    )


def events_about(things: Collection[str], *, after: int = 0, before: int = LAST) -> CompoundSelect[tuple[int, str]]:
    """Give position and body of all events about some things between two positions; in no order.

    Parameters
    ----------
    things : Collection[str]
        Their ids.
    after, before : int, optional
        Positions that they stand between.
    """
    taken_in = select(func.coalesce(func.max(INDEXED.c.up_to), 0)).scalar_subquery()
    indexed = indexed_about(things, before=before).where(EVENTS_BY_THING.c.sequence > after)
    fresh = select(EVENTS.c.sequence, EVENTS.c.body).where(
        EVENTS.c.sequence > taken_in,
        EVENTS.c.sequence > after,
        EVENTS.c.sequence < before,
        EVENTS.c.thing.in_(things),
    )
    return union_all(indexed, fresh)
