"""Finding what was said about a thing: an index of the ledger that is written behind the writer.

Notes
-----
An ordinary index over things would be half of what storing an event costs: a batch of a thousand tags dirties a
thousand pages, each of which goes to the disk before the sender has its answer. This one takes in many batches at a
time: a row holds the positions of all that was said about a thing meanwhile, as a JSON list, with the first and last
of them and the span of instants that they speak of. Readers see no difference: they look through what is not taken in
yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import BigInteger, CompoundSelect, Select, cast, func, insert, select, true, union_all, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session

from twin.db.bulk import insert_rows
from twin.ledger.bodies import WHOLE_BODY
from twin.ledger.tables import EVENTS, EVENTS_BY_THING, INDEXED
from twin.ports import Stored

_COLUMNS = (
    ("thing", "text"),
    ("first", "bigint"),
    ("last", "bigint"),
    ("from_at", "bigint"),
    ("to_at", "bigint"),
    ("positions", "text"),
)
LAST = 2**62  # later than any position
ENOUGH = 50_000  # events that are worth writing while more come in: some fifty of each tag share a row then
IN_A_ROW = 500  # positions: who asks for a few of a thing that is heard every second must not take all of them apart

_encoder = msgspec.json.Encoder()


_Row = tuple[str, int, int, int, int, str]


class _Each(FunctionElement[Any]):
    """The entries of a JSON list as rows, each under ``value``."""

    name = "each"
    inherit_cache = True


@compiles(_Each, "sqlite")
def _each_of_sqlite(element: _Each, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Each, "postgresql")
def _each_of_postgresql(element: _Each, compiler: Any, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS json))"


@dataclass(slots=True)
class _Waiting:
    """What was said about a thing and is not written yet: span of the instants, and positions in ascending order."""

    from_at: int
    to_at: int
    positions: list[int]

    def rows(self, thing: str) -> Iterator[_Row]:
        for start in range(0, len(self.positions), IN_A_ROW):
            part = self.positions[start : start + IN_A_ROW]
            # the span of all stands for each part: it may be wider than needed, never narrower
            yield thing, part[0], part[-1], self.from_at, self.to_at, _encoder.encode(part).decode()


class ThingIndex:
    """Gathers what the index lacks, and writes it in large steps; one per process, used by one thread at a time.

    Notes
    -----
    If a transaction is undone, :meth:`load` must be called again.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._count = 0
        self._last = 0
        self._rows: list[_Row] | None = None

    @property
    def waiting(self) -> int:
        """How many events wait to be written."""
        return self._count

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
        self._waiting, self._count, self._rows = {}, 0, None
        for thing, at, sequence in session.execute(lacking):
            self._count += 1
            held = self._waiting.setdefault(thing, _Waiting(at, at, []))
            held.positions.append(sequence)
            held.from_at, held.to_at = min(held.from_at, at), max(held.to_at, at)

    def note(self, batch: Sequence[Stored]) -> None:
        """Take note of committed events, those known already passed over.

        Parameters
        ----------
        batch : Sequence[Stored]
            In ledger order, without a gap to the batch before.
        """
        last, waiting, count = self._last, self._waiting, self._count
        self._rows = None
        for one in batch:
            if one.sequence > last:
                event = one.event
                at, held = event.occurred_at, waiting.get(event.thing)
                count += 1
                if held is None:
                    waiting[event.thing] = _Waiting(at, at, [one.sequence])
                    continue
                held.positions.append(one.sequence)
                if at > held.to_at:
                    held.to_at = at
                elif at < held.from_at:
                    held.from_at = at
        self._count = count
        self._last = max(last, batch[-1].sequence)

    def prepare(self) -> None:
        """Make the rows of all that waits beside the writer, so that :meth:`write` has only to store them."""
        self._rows = self._made()

    def _made(self) -> list[_Row]:
        return [row for thing in sorted(self._waiting) for row in self._waiting[thing].rows(thing)]

    def write(self, session: Session) -> None:
        """Write all that waits.

        Parameters
        ----------
        session : Session
            The session of a use case.
        """
        if not self._waiting:
            return
        rows = self._rows if self._rows is not None else self._made()
        insert_rows(session.connection(), EVENTS_BY_THING.name, _COLUMNS, rows)
        self._waiting, self._count, self._rows = {}, 0, None
        # one row, made the first time: an upsert would have to be written for each of the two databases
        if session.execute(update(INDEXED).values(up_to=self._last)).rowcount == 0:  # type: ignore[attr-defined]
            session.execute(insert(INDEXED).values(up_to=self._last))


def _positions() -> tuple[Any, Any]:
    """Give the rows of the index, each position as a row beside them, and that position."""
    each = _Each(EVENTS_BY_THING.c.positions).table_valued("value", name="told")
    return EVENTS_BY_THING.join(each, true()), cast(each.c.value, BigInteger)


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
    through the whole ledger up to it. Whoever wants events of a span of time says so of the rows
    (``EVENTS_BY_THING.c.from_at``, ``to_at``) and of the events.
    """
    return _indexed_between(things, 0, before)


def _indexed_between(things: Collection[str], after: int, before: int) -> Select[tuple[int, str]]:
    rows, position = _positions()
    return (
        select(EVENTS.c.sequence, WHOLE_BODY)
        .select_from(rows)
        .join(EVENTS, EVENTS.c.sequence == position)
        .where(EVENTS_BY_THING.c.thing.in_(things))
        # of whole rows first, so that few lists are taken apart
        .where(EVENTS_BY_THING.c.first < before, EVENTS_BY_THING.c.last > after, position < before, position > after)
    )


def latest_indexed(thing: str, limit: int) -> Select[tuple[int]]:
    """Give the latest positions of events about a thing, as far as the index goes, as ``sequence``; in no order.

    Parameters
    ----------
    thing : str
        Its id.
    limit : int
        How many at most; where a row holds more, the earlier ones of it.
    """
    rows, position = _positions()
    return (
        select(position.label("sequence"))
        .select_from(rows)
        .where(EVENTS_BY_THING.c.thing == thing)
        .order_by(EVENTS_BY_THING.c.first.desc())
        .limit(limit)
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
    fresh = select(EVENTS.c.sequence, WHOLE_BODY).where(
        EVENTS.c.sequence > taken_in,
        EVENTS.c.sequence > after,
        EVENTS.c.sequence < before,
        EVENTS.c.thing.in_(things),
    )
    return union_all(_indexed_between(things, after, before), fresh)
