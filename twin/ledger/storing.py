"""Storing events once: gap-free sequence numbers, ids, instants of recording, and duplicates found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from twin.clock import EARLIEST_US, LATEST_US, Clock
from twin.db.channel import Transaction
from twin.errors import FieldError, FieldProblem, StorageError
from twin.events import registry
from twin.events.envelope import Event
from twin.events.things import TagBound, TagUnbound
from twin.ids import UniqueIds
from twin.ledger.rows import ROWS_BY_DIALECT, EventRows, Row, row_of
from twin.ports import Stored

Key = tuple[str, str]

_BINDINGS = (TagBound, TagUnbound)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Events that are complete, and the rows that store them, but for their sequence numbers."""

    events: Sequence[Event]
    rows: Sequence[Row]
    has_bindings: bool


class EventStore:
    """Puts events into the table, each fact once.

    Parameters
    ----------
    clock : Clock
        Gives the instant of recording.
    ids : UniqueIds
        Gives ids to events that have none.
    """

    def __init__(self, clock: Clock, ids: UniqueIds) -> None:
        self._clock = clock
        self._ids = ids

    def prepare(self, events: Sequence[Event]) -> Prepared:
        """Check and complete events, and write them as rows but for their place in the ledger.

        It needs no database, so whoever sends events does it in a thread of its own while the writer is busy.

        Parameters
        ----------
        events : Sequence[Event]
            With source and source key; a missing id and instant of recording are filled in.

        Raises
        ------
        FieldError
            If a head field cannot be stored.
        """
        for index, event in enumerate(events):
            if not event.source_key or ":" not in event.source or not EARLIEST_US <= event.occurred_at <= LATEST_US:
                raise _problem(index, event)
        now, replace = self._clock.now(), msgspec.structs.replace
        completed = [
            replace(event, id=event.id or fresh, recorded_at=event.recorded_at or now)
            for event, fresh in zip(events, self._ids.many(now, len(events)), strict=True)
        ]
        has_bindings = any(event.__class__ in _BINDINGS for event in completed)
        return Prepared(completed, [row_of(event) for event in completed], has_bindings)

    def store(self, transaction: Transaction, events: Sequence[Event]) -> list[Stored]:
        """Store events in the given order.

        Parameters
        ----------
        transaction : Transaction
            In which to store; its ``stored`` grows by the new ones.
        events : Sequence[Event]
            As for :meth:`prepare`.

        Returns
        -------
        list[Stored]
            One for each given event; for a duplicate, the event that was stored first.

        Raises
        ------
        FieldError
            If a head field cannot be stored; nothing of the batch is stored then.
        """
        return self.store_prepared(transaction, self.prepare(events)) if events else []

    def store_prepared(self, transaction: Transaction, prepared: Prepared) -> list[Stored]:
        """Store what :meth:`prepare` gave; like :meth:`store`.

        Parameters
        ----------
        transaction : Transaction
            In which to store; its ``stored`` grows by the new ones.
        prepared : Prepared
            At least one event.
        """
        rows = ROWS_BY_DIALECT[transaction.dialect]
        last = rows.last_sequence(transaction.raw)
        # duplicates are rare: hoping for none saves a look-up per event
        new = answer = _store_as_new(transaction, rows, prepared, last)
        if answer is None:
            answer = _store_with_duplicates(transaction, rows, prepared, last)
            new = [one for one in answer if one.is_new]
        transaction.stored.extend(new or ())
        if prepared.has_bindings:
            tags = (one.event.thing for one in new or () if isinstance(one.event, _BINDINGS))
            transaction.marks.update(map(binding_mark, tags))
        return answer


def binding_mark(tag: str) -> str:
    """Give the mark of a transaction that stored a binding of a tag, which the live state does not show yet."""
    return f"bound:{tag}"


def _store_as_new(transaction: Transaction, rows: EventRows, prepared: Prepared, last: int) -> list[Stored] | None:
    """Store all, hoping that none is known; give None, with nothing stored, if one is."""
    raw = transaction.raw
    # a row that is known already is left out, and its number with it: such an attempt is undone
    raw.execute("SAVEPOINT as_new")
    added = rows.insert(raw, last + 1, prepared.rows)
    if added != len(prepared.rows):
        raw.execute("ROLLBACK TO SAVEPOINT as_new")
        raw.execute("RELEASE SAVEPOINT as_new")
        return None
    raw.execute("RELEASE SAVEPOINT as_new")
    return [Stored(sequence, event, True) for sequence, event in enumerate(prepared.events, last + 1)]


def _store_with_duplicates(transaction: Transaction, rows: EventRows, prepared: Prepared, last: int) -> list[Stored]:
    raw = transaction.raw
    known = rows.find(raw, [(event.source, event.source_key) for event in prepared.events])
    first_by_key: dict[Key, Stored] = {
        key: Stored(sequence, registry.decode(body), False) for key, (sequence, body) in known.items()
    }
    answer: list[Stored] = []
    new: list[Row] = []
    for event, row in zip(prepared.events, prepared.rows, strict=True):
        key = (event.source, event.source_key)
        first = first_by_key.get(key)
        if first is None:
            new.append(row)
            stored = Stored(last + len(new), event, True)
            # the same fact twice in one batch: the second is answered with the first
            first_by_key[key] = Stored(stored.sequence, event, False)
            answer.append(stored)
        else:
            answer.append(first)
    if new and rows.insert(raw, last + 1, new) != len(new):
        raise StorageError("A fact was stored by another program meanwhile: send again; facts are stored once.")
    return answer


def _problem(index: int, event: Event) -> FieldError:
    if not event.source_key:
        field, message = "source_key", "Expected the source's own key of this fact, got an empty text."
        cure = "Send a key that is the same whenever the same fact is sent again."
    elif ":" not in event.source:
        field, message = "source", f"Expected kind:name such as gateway:ed-1, got {event.source!r}."
        cure = "Name who says so."
    else:
        field, message = "occurred_at", f"Expected an instant of the years 1 to 9999, got {event.occurred_at} us."
        cure = "Send UTC microseconds since 1970."
    place = f"events/{index}"
    return FieldError(FieldProblem(field=field, place=place, message=message, cure=cure), code=f"event.{field}")
