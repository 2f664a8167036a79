"""Storing events once: gap-free sequence numbers, ids, instants of recording, and duplicates found."""

from __future__ import annotations

import itertools
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
from twin.ledger.rows import ROWS_BY_DIALECT, EventRows, Values
from twin.ports import Stored

_BINDINGS: frozenset[type[Event]] = frozenset({TagBound, TagUnbound})


@dataclass(frozen=True, slots=True)
class Prepared:
    """Events that are complete, and what stores them, but for their sequence numbers."""

    events: Sequence[Event]
    values: Values
    has_bindings: bool


@dataclass(frozen=True, slots=True)
class Storing:
    """What became of events.

    Parameters
    ----------
    answers : list[Stored]
        One for each given event; for a duplicate, the event that was stored first.
    new : list[Stored]
        Those of them that were stored now, in ledger order.
    """

    answers: list[Stored]
    new: list[Stored]


def together(batches: Sequence[Prepared]) -> Prepared:
    """Give several batches as one.

    Parameters
    ----------
    batches : Sequence[Prepared]
        In the order in which their events shall stand.
    """
    values: Values = []
    for batch in batches:
        values += batch.values
    events = list(itertools.chain.from_iterable(batch.events for batch in batches))
    return Prepared(events, values, any(batch.has_bindings for batch in batches))


class EventStore:
    """Puts events into the table, each fact once.

    Parameters
    ----------
    clock : Clock
        Gives the instant of recording.
    ids : UniqueIds
        Gives ids to events that have none.
    dialect : str, optional
        Database that they are stored in: ``sqlite`` or ``postgresql``.
    """

    def __init__(self, clock: Clock, ids: UniqueIds, dialect: str = "sqlite") -> None:
        self._clock = clock
        self._ids = ids
        self._rows = ROWS_BY_DIALECT[dialect]

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
        _require_storable(events)
        now, replace = self._clock.now(), msgspec.structs.replace
        completed = [
            replace(event, id=event.id or fresh, recorded_at=event.recorded_at or now)
            for event, fresh in zip(events, self._ids.many(now, len(events)), strict=True)
        ]
        has_bindings = not _BINDINGS.isdisjoint({event.__class__ for event in completed})
        return Prepared(completed, self._rows.values(completed), has_bindings)

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
        return self.store_prepared(transaction, self.prepare(events)).answers if events else []

    def store_prepared(self, transaction: Transaction, prepared: Prepared) -> Storing:
        """Store what :meth:`prepare` gave.

        Parameters
        ----------
        transaction : Transaction
            In which to store; its ``stored`` grows by the new ones.
        prepared : Prepared
            At least one event.
        """
        rows = self._rows
        # duplicates are rare: hoping for none saves a look-up per event
        first = rows.insert(transaction.raw, prepared.values)
        if first is not None:
            new = _numbered(first, prepared.events)
            done = Storing(new, new)
        else:
            done = _store_with_duplicates(transaction, rows, prepared)
        transaction.stored.extend(done.new)
        if prepared.has_bindings:
            tags = (one.event.thing for one in done.new if one.event.__class__ in _BINDINGS)
            transaction.marks.update(map(binding_mark, tags))
        return done


def binding_mark(tag: str) -> str:
    """Give the mark of a transaction that stored a binding of a tag, which the live state does not show yet."""
    return f"bound:{tag}"


def _numbered(first: int, events: Sequence[Event]) -> list[Stored]:
    return list(map(Stored, itertools.count(first), events, itertools.repeat(True)))


def _store_with_duplicates(transaction: Transaction, rows: EventRows, prepared: Prepared) -> Storing:
    raw = transaction.raw
    keys = [(event.source, event.source_key) for event in prepared.events]
    known = rows.find(raw, keys)
    # the same fact twice in one batch: the first of them is stored, and the second answered with it
    places = {key: place for place, key in reversed(list(enumerate(keys))) if key not in known}
    values: Values = []
    for place in sorted(places.values()):
        values += prepared.values[place * rows.width : (place + 1) * rows.width]
    new: list[Stored] = []
    if places:
        first = rows.insert(raw, values)
        if first is None:
            raise StorageError("A fact was stored by another program meanwhile: send again; facts are stored once.")
        new = _numbered(first, [prepared.events[place] for place in sorted(places.values())])
    held = {key: Stored(sequence, registry.decode(body), False) for key, (sequence, body) in known.items()}
    by_key = dict(zip(map(keys.__getitem__, sorted(places.values())), new, strict=True))
    answers: list[Stored] = []
    for place, key in enumerate(keys):
        own = by_key.get(key)
        if own is None:
            answers.append(held[key])
        else:
            answers.append(own if places[key] == place else Stored(own.sequence, own.event, False))
    return Storing(answers, new)


def _require_storable(events: Sequence[Event]) -> None:
    """Let pass events whose head can be stored; looked at column by column, since nearly all can."""
    instants = [event.occurred_at for event in events]
    if (
        "" not in {event.source_key for event in events}
        and all(":" in source for source in {event.source for event in events})
        and min(instants) >= EARLIEST_US
        and max(instants) <= LATEST_US
    ):
        return
    for index, event in enumerate(events):
        if not event.source_key or ":" not in event.source or not EARLIEST_US <= event.occurred_at <= LATEST_US:
            raise _problem(index, event)


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
