"""The ledger: the one door through which facts come in and from which everything else is told."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import replace

from sqlalchemy import select
from sqlmodel import Session

from twin.clock import Clock, SystemClock
from twin.collecting import without_collecting
from twin.db.channel import Transaction, transaction_of
from twin.db.database import Database
from twin.db.writer import Answer
from twin.errors import FieldError, StorageError
from twin.events import registry
from twin.events.envelope import Event
from twin.ids import UniqueIds
from twin.ledger.bodies import WHOLE_BODY
from twin.ledger.by_thing import events_about
from twin.ledger.handling import DEPTH_LIMIT, BearerOf, HandlerRunner, Unhandled, unhandled_rows
from twin.ledger.snapshots import SnapshotTaker, Verification, load_snapshot, pack, save_snapshot, verify_snapshot
from twin.ledger.storing import EventStore, Prepared, together
from twin.ledger.subscriptions import (
    BATCH,
    REST_S,
    Manner,
    OnEvents,
    Pace,
    Projection,
    Subscription,
    SubscriptionRow,
    Tail,
    load_position,
    save_failure,
    save_position,
    subscription_rows,
)
from twin.ledger.tables import EVENTS
from twin.ports import Handlers, Stored
from twin.state import views
from twin.state.forgetting import is_of_a_matter, perhaps_forgotten
from twin.state.live import LiveState

RETRY_LIMIT = 100
_THINGS_AT_ONCE = 10_000  # parameters of one query; each query looks through all that the index has not taken in yet


class Ledger:
    """Stores events once, runs their handlers, applies them to the live state and tells subscribers.

    Parameters
    ----------
    database : Database
        Where events are kept.
    state : LiveState
        The present hospital; changed only here, after commit.
    bearer_of : Callable[[LiveState, str, int], str], optional
        Bearer of a tag as of an instant; that of ``twin.state.views`` by default.
    handlers : Handlers, optional
        By event type and stable name.
    clock : Clock, optional
        Gives instants of recording.
    ids : UniqueIds, optional
        Gives ids.
    snapshot_every : int, optional
        Events between two snapshots of the live state.
    """

    def __init__(
        self,
        database: Database,
        *,
        state: LiveState,
        bearer_of: BearerOf = views.bearer_of,
        handlers: Handlers | None = None,
        clock: Clock | None = None,
        ids: UniqueIds | None = None,
        snapshot_every: int = 50_000,
    ) -> None:
        self.database = database
        self.state = state
        self._clock = clock or SystemClock()
        self._store = EventStore(self._clock, ids or UniqueIds(), database.dialect)
        self._runner = HandlerRunner(handlers or {}, state, self._clock, bearer_of)
        self._subscriptions: list[Subscription] = []
        self._tail = Tail(self._read_own)
        self.steady = state.steady
        self._snapshots = SnapshotTaker(self.take_snapshot, snapshot_every)
        self.restore()
        database.writer.on_commit(self._apply)

    def append(self, session: Session, events: Sequence[Event], *, is_past: bool = False) -> list[Stored]:
        """Store events within the caller's transaction and run their handlers.

        Parameters
        ----------
        session : Session
            The session of a use case.
        events : Sequence[Event]
            Facts with source and source key, in the order in which they shall stand.
        is_past : bool, optional
            Whether they are history that was written elsewhere, so that nobody has to act on them any more: no handler
            runs, so an imported departure of last year asks nobody to clean a bed.

        Returns
        -------
        list[Stored]
            One for each given event, without the derived ones.

        Raises
        ------
        FieldError
            If a head field cannot be stored.
        """
        if is_past:
            return self._store.store(transaction_of(session), events)
        return self._append(transaction_of(session), events)

    def submit(self, events: Sequence[Event]) -> Future[list[Stored]]:
        """Store events in a transaction shared with others: the fast way in for gateways and imports.

        Parameters
        ----------
        events : Sequence[Event]
            As for :meth:`append`.

        Returns
        -------
        Future[list[Stored]]
            Answered once they are durable and the live state shows them.
        """
        answer: Future[list[Stored]] = Future()
        self.send(events, answer)
        return answer

    def send(self, events: Sequence[Event], answer: Answer) -> None:
        """Store events as :meth:`submit` does, for who brings a place of their own for the answer.

        Parameters
        ----------
        events : Sequence[Event]
            As for :meth:`append`.
        answer : Answer
            Gets the ``list[Stored]``, in a thread of the writer's, once they are durable and the live state shows them.
        """
        if not events:
            answer.set_result([])
            return
        try:
            prepared = self._store.prepare(events)
        except FieldError as error:
            answer.set_exception(error)
            return
        weight = len(events)
        # storing looks at no live state, and its handlers wait for it themselves
        self.database.writer.send_together(self._append_all, prepared, answer, weight=weight, begins_early=True)

    def read(self, session: Session, after: int = 0, limit: int = 1000, *, thing: str = "") -> list[Stored]:
        """Give stored events in ledger order.

        Parameters
        ----------
        session : Session
            Any session.
        after : int, optional
            Sequence number after which to start.
        limit : int, optional
            Most events.
        thing : str, optional
            Only events about this thing.
        """
        if thing:
            rows = session.execute(events_about([thing], after=after).order_by("sequence").limit(limit))
        else:
            query = select(EVENTS.c.sequence, WHOLE_BODY).where(EVENTS.c.sequence > after)
            rows = session.execute(query.order_by(EVENTS.c.sequence).limit(limit))
        return [Stored(sequence, registry.decode(body), True) for sequence, body in rows]

    def by_id(self, session: Session, event_id: str) -> Stored | None:
        """Give one event, or None.

        Parameters
        ----------
        session : Session
            Any session.
        event_id : str
            Its id, such as the ``causation`` of another.
        """
        row = session.execute(select(EVENTS.c.sequence, WHOLE_BODY).where(EVENTS.c.id == event_id)).first()
        return Stored(row[0], registry.decode(row[1]), True) if row else None

    def last_sequence(self) -> int:
        """Give the position of the last event that the live state shows."""
        return self._tail.last

    def subscribe(
        self,
        name: str,
        on_events: OnEvents,
        start: int | None = None,
        *,
        is_durable: bool = True,
        rest_s: float = REST_S,
        kinds: Iterable[type[Event]] | None = None,
    ) -> Subscription:
        """Call a function with committed events: in order, without gaps, at least once.

        Parameters
        ----------
        name : str
            Stable name under which the position is kept.
        on_events : Callable[[Sequence[Stored]], None]
            Runs in a thread of its own; the same batch comes again if it raises, or after a crash.
        start : int, optional
            Position after which a new subscriber starts, 0 for the whole ledger; from now on by default.
        is_durable : bool, optional
            Whether it goes on after a restart where it was; a screen does not.
        rest_s : float, optional
            How long it rests after a batch, seconds: what comes meanwhile is one batch.
        kinds : Iterable[type[Event]], optional
            The only events that it wants, which spares it and the writer all others; every event by default.
        """

        def deliver(batch: Sequence[Stored], up_to: int) -> None:
            on_events(batch)
            if is_durable:
                self._keep_position(name, up_to)

        manner = self._manner(name, is_durable=is_durable, rest_s=rest_s, kinds=kinds)
        return self._start(name, deliver, start, manner, is_durable=is_durable)

    def project(
        self,
        name: str,
        projection: Projection,
        start: int = 0,
        *,
        rest_s: float = REST_S,
        kinds: Iterable[type[Event]] | None = None,
        lot: int = BATCH,
        ahead: OnEvents | None = None,
    ) -> Subscription:
        """Keep tables in step with the ledger: batch and position are stored in one transaction, so exactly once.

        Parameters
        ----------
        name : str
            Stable name under which the position is kept.
        projection : Callable[[Session, Sequence[Stored]], None]
            Writes its tables; runs as a use case.
        start : int, optional
            Position after which a new projection starts.
        rest_s : float, optional
            How long it rests after a batch, seconds: what comes meanwhile is one batch.
        kinds : Iterable[type[Event]], optional
            The only events that its tables come from; every event by default.
        lot : int, optional
            Most events of a batch, all written in one transaction; fewer while so many would hold up the writer.
        ahead : Callable[[Sequence[Stored]], None], optional
            Called with each batch before the writer is asked for, in the subscriber's thread: what can be worked out
            without the tables holds up nobody there.
        """
        pace = Pace(lot)

        def deliver(batch: Sequence[Stored], up_to: int) -> None:
            if ahead is not None:
                ahead(batch)

            def use_case(session: Session) -> None:
                begun = time.perf_counter()
                projection(session, batch)
                save_position(session, name, up_to, self._clock)
                pace.spent(len(batch), time.perf_counter() - begun)

            self.database.writer.run(use_case)

        manner = replace(self._manner(name, is_durable=True, rest_s=rest_s, kinds=kinds), pace=pace)
        return self._start(name, deliver, start, manner, is_durable=True)

    def unhandled(self, session: Session, *, limit: int = 1000) -> list[Unhandled]:
        """Give the handlers that failed and wait for another try.

        Parameters
        ----------
        session : Session
            Any session.
        limit : int, optional
            Most rows.
        """
        return unhandled_rows(session, limit=limit)

    def retry(self, session: Session, *, is_forced: bool = False) -> int:
        """Run failed handlers that are due again; give how many still fail.

        Parameters
        ----------
        session : Session
            The session of a use case.
        is_forced : bool, optional
            Whether those not yet due are tried as well.
        """
        transaction = transaction_of(session)
        due_by = None if is_forced else self._clock.now()
        due = unhandled_rows(session, due_by=due_by, limit=RETRY_LIMIT)
        found = [(row, self.by_id(session, row.event_id)) for row in due]
        derived = self._runner.retry(transaction, [(row, one.event) for row, one in found if one is not None])
        self._append(transaction, derived, depth=1)
        return len(unhandled_rows(session, limit=RETRY_LIMIT))

    def subscriptions(self, session: Session) -> list[SubscriptionRow]:
        """Give how far every durable subscriber is, and what is wrong with it.

        Parameters
        ----------
        session : Session
            Any session.
        """
        return subscription_rows(session)

    def restore(self) -> int:
        """Bring the live state up to the last stored event; give how many events were replayed on the snapshot."""
        with self.steady, without_collecting():
            if self.state.sequence == 0:
                with self.database.read() as session:
                    self._snapshots.taken(load_snapshot(session, self.state))
            return self._catch_up()

    def take_snapshot(self) -> Future[None]:
        """Keep a snapshot of the live state as it is now, so that a restart replays nothing before it."""
        with self.steady:
            image = self.state.image()
            self._snapshots.taken(image.outline.sequence)
        # outside the lock: writing and packing a large house takes a second, in which events go on being applied
        packed = pack(image.encoded(), image.outline.sequence)
        return self.database.writer.submit(lambda session: save_snapshot(session, packed, self._clock))

    def forget_closed(self, before: int) -> int:
        """Take closed encounters, tickets, tasks and alarms out of the live state; ledger and history keep them.

        Parameters
        ----------
        before : int
            UTC microseconds; of what is taken out nothing was said since. A late fact about it brings it back.

        Returns
        -------
        int
            How many were taken out.
        """
        with self.steady:
            return self.state.forget_closed(before)

    def verify(self, session: Session) -> Verification:
        """Compare the newest snapshot with a replay of the whole ledger up to it.

        Parameters
        ----------
        session : Session
            Any session.
        """
        return verify_snapshot(session)

    def close(self) -> None:
        """End all subscribers after the batch that each deals with."""
        self._snapshots.stop()
        for subscription in self._subscriptions:
            subscription.stop()

    def _append_all(self, transaction: Transaction, batches: list[Prepared]) -> list[list[Stored]]:
        """Append the batches of several senders as one; give each its own answers."""
        if len(batches) == 1:
            return [self._append_prepared(transaction, batches[0], 0)]
        answers = iter(self._append_prepared(transaction, together(batches), 0))
        return [list(itertools.islice(answers, len(batch.events))) for batch in batches]

    def _append(self, transaction: Transaction, events: Sequence[Event], depth: int = 0) -> list[Stored]:
        return self._append_prepared(transaction, self._store.prepare(events), depth) if events else []

    def _append_prepared(self, transaction: Transaction, prepared: Prepared, depth: int) -> list[Stored]:
        done = self._store.store_prepared(transaction, prepared)
        # only of new ones: a fact sent twice must not act twice
        derived = self._runner.derive(transaction, done.new)
        if derived and depth >= DEPTH_LIMIT:
            self._runner.reject(transaction, derived)
        elif derived:
            self._append(transaction, derived, depth + 1)
        return done.answers

    def _apply(self, stored: list[Stored]) -> None:
        with self.steady:
            if stored[0].sequence != self.state.sequence + 1:
                self._catch_up()  # something was stored past this process, or an answer of COMMIT got lost
            # above 0 when catching up has just read these very events from the database
            known = self.state.sequence + 1 - stored[0].sequence
            self._apply_now([one.event for one in stored[known:]], stored[0].sequence + known)
        # after the state: a subscriber that is woken finds it at least as far as its events
        self._tail.push(stored)
        self._snapshots.note(self.state.sequence)

    def _apply_now(self, events: Sequence[Event], first: int) -> None:
        # a late fact needs all earlier ones, else it would found a new thing of the same id
        asked = perhaps_forgotten(self.state, events)
        if asked:
            self.state.apply_all(self._told_before(asked, first))
        self.state.apply_all(events, first)

    def _told_before(self, things: Iterable[str], sequence: int) -> list[Event]:
        """Give what the ledger holds of matters that the live state may have forgotten, before a position."""
        with self.database.read() as session:
            found = [
                registry.decode(body)
                for some in _in_parts(sorted(things), _THINGS_AT_ONCE)
                for _, body in session.execute(events_about(some, before=sequence).order_by("sequence"))
            ]
        return [event for event in found if is_of_a_matter(event)]

    def _catch_up(self) -> int:
        applied = 0
        while batch := self._read_own(self.state.sequence, 10_000):
            if batch[0].sequence != self.state.sequence + 1:
                raise StorageError(
                    f"Expected event {self.state.sequence + 1} in the ledger, found {batch[0].sequence}: events were "
                    f"taken out and no snapshot holds them. Restore a backup."
                )
            self._apply_now([one.event for one in batch], batch[0].sequence)
            applied += len(batch)
        self._tail.last = max(self._tail.last, self.state.sequence)
        return applied

    def _read_own(self, after: int, limit: int) -> list[Stored]:
        with self.database.read() as session:
            return self.read(session, after, limit)

    def _keep_position(self, name: str, position: int) -> None:
        self.database.writer.run(lambda session: save_position(session, name, position, self._clock))

    def _manner(self, name: str, *, is_durable: bool, rest_s: float, kinds: Iterable[type[Event]] | None) -> Manner:
        def note(failures: int, error: str) -> None:
            if is_durable:
                self.database.writer.run(lambda session: save_failure(session, name, failures, error, self._clock))

        def keep(position: int) -> None:
            if is_durable:
                self._keep_position(name, position)

        return Manner(note, keep, rest_s, None if kinds is None else frozenset(kinds))

    def _start(
        self,
        name: str,
        deliver: Callable[[Sequence[Stored], int], None],
        start: int | None,
        manner: Manner,
        *,
        is_durable: bool,
    ) -> Subscription:
        with self.database.read() as session:
            known = load_position(session, name) if is_durable else None
        position = known if known is not None else self._tail.last if start is None else start
        # kept at once, else pruning could take events that it has not seen
        if is_durable and known is None:
            self._keep_position(name, position)
        subscription = Subscription(name, position, self._tail, deliver, manner)
        self._subscriptions.append(subscription)
        return subscription


def _in_parts(keys: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
