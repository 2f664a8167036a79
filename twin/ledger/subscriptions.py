"""Telling parts of the twin what was stored: in order, without gaps, and again after a crash."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlmodel import Session

from twin.clock import Clock
from twin.errors import StorageError
from twin.events.envelope import Event
from twin.ledger.tables import SUBSCRIPTIONS
from twin.ports import Stored

OnEvents = Callable[[Sequence[Stored]], None]
Projection = Callable[[Session, Sequence[Stored]], None]
Reader = Callable[[int, int], list[Stored]]

BATCH = 2_500  # most events at a time, unless a subscriber says otherwise
_FIRST_LOT, _LEAST_LOT = 500, 50
_HOLD_S = 0.2  # the writer is everybody's: who lets go of it this soon keeps no alarm from being stored
REST_S = 0.05
KEEP_S = 5.0  # a place that nothing was delivered for is written down this often
FIRST_PAUSE_S = 0.5
LAST_PAUSE_S = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow:
    """How far a subscriber is.

    Parameters
    ----------
    name : str
        Its stable name.
    position : int
        Sequence number of the last event that it has dealt with.
    failures : int
        How often in a row it failed; 0 if it is well.
    error : str
        What it raised last; empty if it is well.
    updated_at : int
        UTC microseconds.
    """

    name: str
    position: int
    failures: int
    error: str
    updated_at: int


class Tail:
    """The newest committed events in memory, so that subscribers rarely read the database.

    Parameters
    ----------
    read : Callable[[int, int], list[Stored]]
        Reads events after a position from the database, at most so many.
    size : int, optional
        How many events are kept at least; a sixteenth more at most.
    """

    def __init__(self, read: Reader, size: int = 90_000) -> None:
        self._read = read
        # a list and no ring: each subscriber slices out its next events, and a deque is walked through from its end
        self._recent: list[Stored] = []
        self._size = size
        # What is cut off is a millisecond's worth of objects to free. Cutting at each push instead would move all that
        # stays for a single event; waiting for as many again would free them in one go, 20 ms in which nobody computes.
        self._most = size + max(size // 16, 1)
        self._changed = threading.Condition()
        self.last = 0

    def push(self, stored: Sequence[Stored]) -> None:
        """Add committed events and wake who waits."""
        gone: list[Stored] = []
        with self._changed:
            if self._recent and stored and stored[0].sequence != self._recent[-1].sequence + 1:
                self._recent.clear()  # something was stored past this process; the database tells it in order
            self._recent.extend(stored)
            if len(self._recent) > self._most:
                gone = self._recent[: -self._size]
                del self._recent[: -self._size]
            self.last = max(self.last, stored[-1].sequence)
            self._changed.notify_all()
        gone.clear()  # the events end here, where nobody waits for the lock

    def wake(self) -> None:
        """Wake who waits, such as at the end."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, position: int, timeout_s: float, stopped: threading.Event) -> bool:
        """Wait until there is something after a position; give whether there is."""
        with self._changed:
            self._changed.wait_for(lambda: self.last > position or stopped.is_set(), timeout_s)
            return self.last > position

    def after(self, position: int, limit: int = BATCH) -> list[Stored]:
        """Give the events after a position, in order and without a gap.

        Raises
        ------
        StorageError
            If the ledger itself has a gap: a row was taken away past the program.
        """
        with self._changed:
            # sequence numbers have no gap, so that the place of an event follows from its number
            if self._recent and self._recent[0].sequence <= position + 1:
                start = position + 1 - self._recent[0].sequence
                return self._recent[start : start + limit]
        found = self._read(position, limit)
        expected = position + 1
        # a new subscriber of the whole ledger begins where pruning has left it
        if position > 0 and found and found[0].sequence != expected:
            raise StorageError(f"Expected event {expected} in the ledger, found {found[0].sequence}: rows are missing.")
        return found


class Pace:
    """How many events a projection may write at a time, by how long the last ones took.

    What is cheap in a flood (readers that repeat themselves) is dear when it comes late or out of order: a fixed number
    is either slow for the one or shuts everybody out of the writer for the other.

    Parameters
    ----------
    most : int
        Most events at a time.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.lot = min(_FIRST_LOT, most)

    def spent(self, count: int, seconds: float) -> None:
        """Take in that so many events held the writer for so long."""
        if seconds > _HOLD_S:
            self.lot = max(_LEAST_LOT, min(self.lot, count) // 2)
        elif seconds < _HOLD_S / 3 and count >= self.lot:
            self.lot = min(self.most, self.lot * 2)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a subscriber works.

    Parameters
    ----------
    note : Callable[[int, str], None]
        Keeps number of failures and error in sight.
    keep : Callable[[int], None]
        Keeps a position past which nothing concerns the subscriber; nothing is delivered for it.
    rest_s : float
        How long it rests after a batch, seconds: what comes meanwhile is one batch, and the writer is asked to keep a
        position less often.
    kinds : frozenset[type[Event]], optional
        The only events that it wants; all by default.
    pace : Pace, optional
        How many events it takes at a time; :data:`BATCH` always if left out.
    """

    note: Callable[[int, str], None]
    keep: Callable[[int], None]
    rest_s: float = REST_S
    kinds: frozenset[type[Event]] | None = None
    pace: Pace | None = None

    @property
    def lot(self) -> int:
        """Most events of the next batch."""
        return self.pace.lot if self.pace is not None else BATCH


class Subscription:
    """One subscriber in a thread of its own: a slow one holds up nobody.

    Parameters
    ----------
    name : str
        Stable name; a durable position is kept under it.
    position : int
        Sequence number after which it goes on.
    tail : Tail
        Where events come from.
    deliver : Callable[[Sequence[Stored], int], None]
        Hands over a batch and keeps the position up to which it goes; called again with the same if it raises.
    manner : Manner
        How it rests, and where its failures are noted.
    """

    def __init__(
        self,
        name: str,
        position: int,
        tail: Tail,
        deliver: Callable[[Sequence[Stored], int], None],
        manner: Manner,
    ) -> None:
        self.name = name
        self.position = position
        self.failures = 0
        self.error = ""
        self._tail = tail
        self._deliver = deliver
        self._manner = manner
        self._was_told = False
        self._kept, self._kept_at = position, time.monotonic()
        self._stopped = threading.Event()
        self._moved = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"subscriber-{name}", daemon=True)
        self._thread.start()

    def wait_until(self, sequence: int, timeout_s: float = 30.0) -> bool:
        """Wait until the subscriber has dealt with an event; give whether it has.

        Parameters
        ----------
        sequence : int
            Position in the ledger.
        timeout_s : float, optional
            How long to wait, seconds.
        """
        with self._moved:
            return self._moved.wait_for(lambda: self.position >= sequence, timeout_s)

    def wait_failed(self, timeout_s: float = 30.0) -> bool:
        """Wait until the subscriber has failed at least once since it last succeeded; give whether it has."""
        with self._moved:
            return self._moved.wait_for(lambda: self.failures > 0, timeout_s)

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the thread after the batch that it deals with.

        Parameters
        ----------
        timeout_s : float, optional
            How long to wait for it, seconds.
        """
        self._stopped.set()
        self._tail.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.is_set():
            is_more = self._tail.wait(self.position, KEEP_S, self._stopped)
            if self._stopped.is_set():
                break
            lot = self._manner.lot
            try:
                count = self._step(lot) if is_more else 0
                if self._kept < self.position and time.monotonic() - self._kept_at >= KEEP_S:
                    self._manner.keep(self.position)
                    self._kept, self._kept_at = self.position, time.monotonic()
            except Exception as error:
                self._fail(error)
                continue
            # who wants some kinds only is in no hurry to catch up with the past, and leaves the writer to the present
            if 0 < count < lot or (count and self._was_told and self._manner.kinds is not None):
                self._stopped.wait(self._manner.rest_s)

    def _step(self, lot: int) -> int:
        """Deal with what comes next; give how many events that was."""
        batch, kinds = self._tail.after(self.position, lot), self._manner.kinds
        if not batch:
            return 0
        wanted = batch if kinds is None else [one for one in batch if one.event.__class__ in kinds]
        last = batch[-1].sequence
        self._was_told = bool(wanted)
        if wanted:
            self._deliver(wanted, last)
            self._kept, self._kept_at = last, time.monotonic()
        # else the place is kept now and then only: after a crash what concerns nobody is passed over once more
        self._move(last)
        return len(batch)

    def _move(self, position: int) -> None:
        with self._moved:
            self.position = position
            recovered = self.failures > 0
            self.failures, self.error = 0, ""
            self._moved.notify_all()
        if recovered:
            self._manner.note(0, "")

    def _fail(self, error: Exception) -> None:
        log.error("Subscriber %s failed after event %d", self.name, self.position, exc_info=error)
        with self._moved:
            self.failures += 1
            self.error = f"{type(error).__name__}: {error}"[:2000]
            self._moved.notify_all()
        try:
            self._manner.note(self.failures, self.error)
        except Exception:
            log.exception("The failure of subscriber %s could not be written down", self.name)
        self._stopped.wait(min(FIRST_PAUSE_S * 2 ** min(self.failures - 1, 10), LAST_PAUSE_S))


def load_position(session: Session, name: str) -> int | None:
    """Give the position of a subscriber, or None if it has none yet.

    Parameters
    ----------
    session : Session
        Any session.
    name : str
        Its stable name.
    """
    return session.execute(select(SUBSCRIPTIONS.c.position).where(SUBSCRIPTIONS.c.name == name)).scalar()


def save_position(session: Session, name: str, position: int, clock: Clock) -> None:
    """Keep the position of a subscriber that is well.

    Parameters
    ----------
    session : Session
        Session of the writer.
    name : str
        Its stable name.
    position : int
        Sequence number of the last event dealt with.
    clock : Clock
        Gives the present instant.
    """
    _save(session, name, {"position": position, "failures": 0, "error": "", "updated_at": clock.now()})


def save_failure(session: Session, name: str, failures: int, error: str, clock: Clock) -> None:
    """Keep that a subscriber failed, so that a person sees it.

    Parameters
    ----------
    session : Session
        Session of the writer.
    name : str
        Its stable name.
    failures : int
        How often in a row.
    error : str
        What it raised.
    clock : Clock
        Gives the present instant.
    """
    _save(session, name, {"failures": failures, "error": error, "updated_at": clock.now()})


def subscription_rows(session: Session) -> list[SubscriptionRow]:
    """Give how far every durable subscriber is.

    Parameters
    ----------
    session : Session
        Any session.
    """
    query = select(SUBSCRIPTIONS).order_by(SUBSCRIPTIONS.c.name).limit(1000)
    return [SubscriptionRow(**row) for row in session.execute(query).mappings()]


def _save(session: Session, name: str, values: dict[str, object]) -> None:
    known = load_position(session, name) is not None
    if known:
        session.execute(update(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.name == name).values(**values))
    else:
        session.execute(
            insert(SUBSCRIPTIONS).values(**{"name": name, "position": 0, "failures": 0, "error": ""} | values)
        )
