"""Running handlers in the transaction that stores their cause, and keeping what fails in sight."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from operator import attrgetter

import msgspec
from sqlalchemy import delete, insert, select, update
from sqlmodel import Session

from twin.clock import HOUR_US, SECOND_US, Clock
from twin.db.channel import Transaction
from twin.db.failures import storage_failure
from twin.errors import StorageError
from twin.events import registry
from twin.events.envelope import Event, precedence
from twin.events.things import TagBound
from twin.ledger.rows import ROWS_BY_DIALECT
from twin.ledger.storing import binding_mark
from twin.ledger.tables import UNHANDLED
from twin.ports import Handler, HandlerContext, Handlers, InBatches, Stored
from twin.state.live import LiveState

DEPTH_LIMIT = 16
FIRST_RETRY_US = 10 * SECOND_US
LAST_RETRY_US = HOUR_US

BearerOf = Callable[[LiveState, str, int], str]

log = logging.getLogger(__name__)

_kind_of = attrgetter("event.__class__")  # asked of every event: a function of our own would cost three times as much


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhandled:
    """A handler that failed on an event and will be tried again.

    Parameters
    ----------
    event_id : str
        Id of the event.
    sequence : int
        Its position in the ledger.
    handler : str
        Name of the handler.
    error : str
        What it raised last.
    attempts : int
        How often it was tried.
    first_failed_at, retry_at : int
        UTC microseconds.
    """

    event_id: str
    sequence: int
    handler: str
    error: str
    attempts: int
    first_failed_at: int
    retry_at: int


class HandlerRunner:
    """Runs the handlers of new events and gives the events derived from them.

    Parameters
    ----------
    handlers : Handlers
        By event type and stable name.
    state : LiveState
        The present hospital, as of the last commit.
    clock : Clock
        Gives the instant of recording.
    bearer_of : Callable[[LiveState, str, int], str]
        Bearer of a tag as of an instant by the live state.
    """

    def __init__(self, handlers: Handlers, state: LiveState, clock: Clock, bearer_of: BearerOf) -> None:
        self._handlers = handlers
        self._calls = {kind: tuple(by_name.items()) for kind, by_name in handlers.items()}
        # A handler that takes events one by one must see what those before it have led to: then all do.
        self._batches = {
            kind: tuple((name, handler) for name, handler in calls if isinstance(handler, InBatches))
            for kind, calls in self._calls.items()
            if all(isinstance(handler, InBatches) for _name, handler in calls)
        }
        self._state = state
        self._clock = clock
        self._bearer_of = bearer_of

    def derive(self, transaction: Transaction, new: Sequence[Stored]) -> list[Event]:
        """Run the handlers of new events; give derived events with source, key and cause filled in.

        Parameters
        ----------
        transaction : Transaction
            The one that stores the causes.
        new : Sequence[Stored]
            New events in ledger order.

        Notes
        -----
        All run in one savepoint first, which is made when one of them asks for its session. Only if one raises is that
        undone and each run again in a savepoint of its own, so a handler must change nothing but what its session
        holds.
        """
        calls_of = self._calls
        handled = [stored for stored in new if stored.event.__class__ in calls_of]
        if not handled:
            return []
        # stored beside the telling of the group before; handlers see the live state of all that was committed
        transaction.wait_told()
        try:
            with ExitStack() as savepoint:
                return self._derived_together(self._context(transaction, savepoint), handled)
        except Exception as error:
            if storage_failure(error) is not None:
                raise
        context = self._context(transaction)
        return [
            event
            for stored in handled
            for name, handler in calls_of[stored.event.__class__]
            for event in self._call_alone(context, stored, name, handler)
        ]

    def _derived_together(self, context: HandlerContext, handled: Sequence[Stored]) -> list[Event]:
        derived: list[Event] = []
        for kind, run in itertools.groupby(handled, key=_kind_of):
            calls = self._calls[kind]
            batches = self._batches.get(kind)
            if batches is not None:
                alike = list(run)
                for name, many in batches:
                    derived.extend(_derived_at_once(context, name, many, alike))
                continue
            for stored in run:
                for name, handler in calls:
                    # most facts lead to nothing, which must cost nothing
                    if made := handler(context, stored.event):
                        derived += _completed(stored.event, name, made)
        return derived

    def reject(self, transaction: Transaction, derived: Sequence[Event]) -> None:
        """Note handlers whose events lead to ever more events; the chain ends here.

        Parameters
        ----------
        transaction : Transaction
            The one that stored the causes.
        derived : Sequence[Event]
            Events that are not stored.
        """
        session = transaction.session()
        for event in derived:
            error = StorageError(f"Events derived {DEPTH_LIMIT} deep: {event.source} makes them without end.")
            stored = next(one for one in transaction.stored if one.event.id == event.causation)
            self._note(session, stored, event.source.removeprefix("twin:"), error)

    def _context(self, transaction: Transaction, savepoint: ExitStack | None = None) -> HandlerContext:
        """Give what handlers may use; with a place for the savepoint that their session needs once one asks for it."""
        marks, state, bearer_of_state = transaction.marks, self._state, self._bearer_of

        def bearer_of(tag: str, at: int) -> str:
            # bound in this very transaction, which the live state shows only after COMMIT
            if marks and binding_mark(tag) in marks:
                return _bearer_in_ledger(transaction, tag, at)
            return bearer_of_state(state, tag, at)

        guarded: list[Session] = []

        def opened() -> Session:
            if savepoint is None:
                return transaction.session()
            if not guarded:
                guarded.append(transaction.session())
                savepoint.enter_context(guarded[0].begin_nested())
            return guarded[0]

        return HandlerContext(opened=opened, state=state, now=self._clock.now(), bearer_of=bearer_of)

    def _call_alone(self, context: HandlerContext, stored: Stored, name: str, handler: Handler) -> list[Event]:
        try:
            with context.session.begin_nested():
                return _completed(stored.event, name, handler(context, stored.event))
        except Exception as error:
            if storage_failure(error) is not None:
                raise
            log.exception("Handler %s failed on event %s", name, stored.event.id)
            self._note(context.session, stored, name, error)
            return []

    def _note(self, session: Session, stored: Stored, name: str, error: Exception) -> None:
        now = self._clock.now()
        where = (UNHANDLED.c.event_id == stored.event.id) & (UNHANDLED.c.handler == name)
        attempts = session.execute(select(UNHANDLED.c.attempts).where(where)).scalar() or 0
        values = {
            "error": f"{type(error).__name__}: {error}"[:2000],
            "attempts": attempts + 1,
            "retry_at": now + min(FIRST_RETRY_US << min(attempts, 20), LAST_RETRY_US),
        }
        if attempts:
            session.execute(update(UNHANDLED).where(where).values(**values))
            return
        key = {"event_id": stored.event.id, "handler": name, "sequence": stored.sequence, "first_failed_at": now}
        session.execute(insert(UNHANDLED).values(**key, **values))

    def retry(self, transaction: Transaction, rows: Iterable[tuple[Unhandled, Event]]) -> list[Event]:
        """Run failed handlers again; give the derived events of those that succeed now.

        Parameters
        ----------
        transaction : Transaction
            In which to run them.
        rows : Iterable[tuple[Unhandled, Event]]
            What failed, with its event.
        """
        context = self._context(transaction)
        derived: list[Event] = []
        for row, event in rows:
            stored = Stored(row.sequence, event, True)
            handler = self._handlers.get(type(event), {}).get(row.handler)
            if handler is None:
                missing = StorageError(f"This release has no handler {row.handler!r} of {type(event).__name__}.")
                self._note(context.session, stored, row.handler, missing)
                continue
            attempts = row.attempts
            events = self._call_alone(context, stored, row.handler, handler)
            where = (UNHANDLED.c.event_id == row.event_id) & (UNHANDLED.c.handler == row.handler)
            # a failure has raised the number of attempts; unchanged means that it went well
            context.session.execute(delete(UNHANDLED).where(where, UNHANDLED.c.attempts == attempts))
            derived.extend(events)
        return derived


def unhandled_rows(session: Session, *, due_by: int | None = None, limit: int = 1000) -> list[Unhandled]:
    """Give the handlers that failed, those due for another try first.

    Parameters
    ----------
    session : Session
        Any session.
    due_by : int, optional
        Only those to be tried again up to this instant, UTC microseconds.
    limit : int, optional
        Most rows.
    """
    query = select(UNHANDLED).order_by(UNHANDLED.c.retry_at, UNHANDLED.c.sequence).limit(limit)
    if due_by is not None:
        query = query.where(UNHANDLED.c.retry_at <= due_by)
    return [Unhandled(**row) for row in session.execute(query).mappings()]


def _derived_at_once(context: HandlerContext, name: str, handler: InBatches, run: Sequence[Stored]) -> Iterator[Event]:
    made = handler.many(context, [stored.event for stored in run])
    for stored, some in zip(run, made, strict=True):
        if some:
            yield from _completed(stored.event, name, some)


def _completed(cause: Event, name: str, made: Iterable[Event]) -> list[Event]:
    """Fill in what the runner owes to derived events: source, key, cause and who acted."""
    derived: list[Event] = []
    for number, event in enumerate(made):
        key = f"{cause.id}:{name}" if number == 0 else f"{cause.id}:{name}:{number}"
        derived.append(
            msgspec.structs.replace(
                event, source=f"twin:{name}", source_key=key, causation=cause.id, actor=event.actor or cause.actor
            )
        )
    return derived


def _bearer_in_ledger(transaction: Transaction, tag: str, at: int) -> str:
    bodies = ROWS_BY_DIALECT[transaction.dialect].bindings(transaction.raw, tag, at)
    latest = max(map(registry.decode, bodies), key=precedence, default=None)
    return latest.bearer if isinstance(latest, TagBound) else ""
