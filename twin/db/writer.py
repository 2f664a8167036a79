"""The one thread that writes: many callers share one transaction, each is answered after it is durable.

A forced write to disk takes milliseconds whatever its size, so the writer puts what waits into one transaction,
gives each piece of work its own savepoint, commits once and then answers all of them. While one group is told, the
next one is written: see ``twin.db.telling``.
"""

from __future__ import annotations

import contextlib
import contextvars
import itertools
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from sqlmodel import Session

from twin.db.channel import Channel, RawConnection, Transaction
from twin.db.failures import as_storage_error, storage_failure
from twin.db.telling import Teller
from twin.errors import HospitalTwinError, Unavailable
from twin.ports import Stored

T = TypeVar("T")

Work = Callable[[Transaction], T]
P = TypeVar("P")

Together = Callable[[Transaction, list[P]], list[T]]
"""Does the same work for several callers at once and gives an answer for each."""

OnCommit = Callable[[list[Stored]], None]
Guard = Callable[[], None]
Surround = Callable[[Session], AbstractContextManager[None]]
"""What is entered before a use case and left after it, within its transaction and its caller's context."""

log = logging.getLogger(__name__)

_EVENTS_PER_GROUP = 20_000  # keeps one transaction below about a quarter of a second


class Answer(Protocol):
    """Where the outcome of a piece of work goes; ``concurrent.futures.Future`` meets it."""

    def set_running_or_notify_cancel(self) -> bool:
        """Tell whether anybody still waits for it; called when the work is about to begin."""

    def done(self) -> bool:
        """Tell whether it was answered."""

    def set_result(self, result: Any, /) -> None:
        """Take the outcome; the work is durable."""

    def set_exception(self, exception: BaseException | None, /) -> None:
        """Take what went wrong; nothing of the work is stored."""


@dataclass(slots=True, eq=False)
class _Job:
    work: Work[Any]
    weight: int
    future: Answer = field(default_factory=Future)
    context: contextvars.Context = field(default_factory=contextvars.copy_context)
    answer: Any = None
    stored: list[Stored] = field(default_factory=list)
    together: Together[Any, Any] | None = None
    item: Any = None
    begins_early: bool = False


class _Stop:
    """Put into the queue to end the thread after everything before it."""


@dataclass(slots=True, eq=False)
class _Sweep:
    """Put into the queue to empty the write-ahead log between two transactions."""

    future: Future[bool] = field(default_factory=Future)


class Writer:
    """Runs use cases one after the other in shared transactions and answers after COMMIT.

    Parameters
    ----------
    channel : Channel
        The connection that writes; only the writer's thread touches it.
    group_limit : int, optional
        Most pieces of work in one transaction, 1 and up.
    queue_limit : int, optional
        Most pieces of work that wait, 1 and up; beyond it :class:`Unavailable` is raised at once.
    guard : Callable[[], None], optional
        Called before each transaction; what it raises, such as :class:`DiskFull`, fails the group.
    """

    def __init__(
        self, channel: Channel, *, group_limit: int = 256, queue_limit: int = 10_000, guard: Guard | None = None
    ) -> None:
        self._channel = channel
        self._group_limit = group_limit
        self._guard = guard
        self._queue: queue.Queue[_Job | _Stop | _Sweep] = queue.Queue(queue_limit)
        self._sweeps: list[_Sweep] = []
        self._listeners: list[OnCommit] = []
        self._surround: Surround | None = None
        # nothing may enter the queue after _Stop, or its caller would wait for ever
        self._gate = threading.Lock()
        self._closed = False
        self.groups = 0
        self.works = 0
        self._teller = Teller()
        self._thread = threading.Thread(target=self._run, name="hospital-twin-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many pieces of work wait now."""
        return self._queue.qsize()

    def on_commit(self, listener: OnCommit) -> None:
        """Call a listener after each commit with the new events, in ledger order, before callers are answered.

        Parameters
        ----------
        listener : Callable[[list[Stored]], None]
            Runs in the writer's thread or beside it, never twice at a time: short, and it must not wait for the writer.
        """
        self._listeners.append(listener)

    def surround(self, surround: Surround) -> None:
        """Enter a context around each use case that takes a session, so that nothing it does can pass unseen.

        Parameters
        ----------
        surround : Callable[[Session], AbstractContextManager[None]]
            Runs in the writer's thread with the context variables of the caller. What it raises undoes the use case:
            who must see every change, such as the audit, cannot be passed by. It replaces the one before.
        """
        self._surround = surround

    def submit(self, use_case: Callable[[Session], T]) -> Future[T]:
        """Queue a use case; the future is answered after COMMIT.

        Parameters
        ----------
        use_case : Callable[[Session], T]
            Runs in a savepoint of a shared transaction; what it raises undoes its own savepoint only, and comes out of
            the future. It never commits.

        Raises
        ------
        Unavailable
            If too much waits, or the writer is closed.
        """
        return self.submit_work(lambda transaction: self._use(use_case, transaction.session()))

    def _use(self, use_case: Callable[[Session], T], session: Session) -> T:
        if self._surround is None:
            return use_case(session)
        with self._surround(session):
            return use_case(session)

    def submit_work(self, work: Work[T], *, weight: int = 1) -> Future[T]:
        """Queue work in plain SQL; like :meth:`submit`, without the price of an ORM session.

        Parameters
        ----------
        work : Callable[[Transaction], T]
            What to do.
        weight : int, optional
            How many events it stores; heavy works are not gathered in one transaction.
        """
        future: Future[T] = Future()
        self._enqueue(_Job(work, weight, future))
        return future

    def sweep(self) -> bool:
        """Empty the write-ahead log, so that what was overwritten stands in no file any more; not for the event loop.

        Returns
        -------
        bool
            Whether it is empty; False while somebody still reads an older state, and on PostgreSQL, whose log is not
            ours.
        """
        job = _Sweep()
        self._enqueue(job)
        return job.future.result()

    def _enqueue(self, job: _Job | _Sweep) -> None:
        with self._gate:
            if self._closed:
                raise Unavailable("The store is closing: send again to the next instance.", code="unavailable.closing")
            try:
                self._queue.put_nowait(job)
            except queue.Full:
                raise Unavailable(
                    f"{self._queue.maxsize} pieces of work wait to be stored: send again in a second.",
                    code="unavailable.queue",
                ) from None

    def submit_together(self, together: Together[P, T], item: P, *, weight: int = 1) -> Future[T]:
        """Queue work that may be done in one go with the same work of others waiting beside it.

        Parameters
        ----------
        together, item, weight
            As for :meth:`send_together`.
        """
        future: Future[T] = Future()
        self.send_together(together, item, future, weight=weight)
        return future

    def send_together(
        self, together: Together[P, T], item: P, answer: Answer, *, weight: int = 1, begins_early: bool = False
    ) -> None:
        """Queue work as :meth:`submit_together` does, for who brings a place of their own for the answer.

        Parameters
        ----------
        together : Callable[[Transaction, list[P]], list[T]]
            Does the work for several items; if it raises, each item is tried alone.
        item : P
            This caller's part.
        answer : Answer
            Answered after COMMIT, in the writer's thread or beside it.
        weight : int, optional
            As for :meth:`submit_work`.
        begins_early : bool, optional
            Whether it may begin while the works before it are told; it then calls ``transaction.wait_told()`` before it
            looks at the live state, or at anything else that the listeners of commits keep.
        """

        def alone(transaction: Transaction) -> T:
            return together(transaction, [item])[0]

        self._enqueue(_Job(alone, weight, answer, together=together, item=item, begins_early=begins_early))

    def run(self, use_case: Callable[[Session], T]) -> T:
        """Run a use case and give its value after COMMIT.

        Parameters
        ----------
        use_case : Callable[[Session], T]
            As for :meth:`submit`.
        """
        if threading.current_thread() is self._thread or self._teller.is_here:
            raise RuntimeError("A use case runs in the writer's thread already: call the service, not writer.run.")
        return self.submit(use_case).result()

    def close(self, timeout_s: float = 30.0) -> None:
        """Store what waits, then end the thread and its connection.

        Parameters
        ----------
        timeout_s : float, optional
            How long to wait for it, seconds.
        """
        with self._gate:
            if self._closed:
                return
            self._closed = True
        self._queue.put(_Stop())
        self._thread.join(timeout_s)

    def _run(self) -> None:
        going = True
        while going:
            group, going = self._next_group()
            if group:
                self._store(group)
            while self._sweeps:
                self._empty_log(self._sweeps.pop(0))
        self._teller.close()
        with contextlib.suppress(Exception):  # the process ends; what was answered is durable already
            self._channel.close()

    def _next_group(self) -> tuple[list[_Job], bool]:
        group: list[_Job] = []
        weight = 0
        while len(group) < self._group_limit and weight < _EVENTS_PER_GROUP:
            try:
                # waits for the first only: a group is what came meanwhile, so that a lone work is stored at once
                job = self._queue.get(block=not group)
            except queue.Empty:
                break
            if isinstance(job, _Stop):
                return group, False
            if isinstance(job, _Sweep):
                self._sweeps.append(job)  # after what came before it
                return group, True
            if job.future.set_running_or_notify_cancel():
                group.append(job)
                weight += job.weight
        return group, True

    def _empty_log(self, job: _Sweep) -> None:
        self._teller.wait()  # it may be reading, which would keep the log
        try:
            job.future.set_result(self._channel.sweep())
        except Exception as error:  # as for a piece of work: it comes out of the future, the thread goes on
            job.future.set_exception(as_storage_error(error))

    def _store(self, group: list[_Job]) -> None:
        try:
            done = self._transact(group)
        except BaseException as error:
            self._fail(group, as_storage_error(error))
            return
        self.groups += 1
        self.works += len(done)
        if self._queue.empty():
            # nothing to write meanwhile: changing threads would only take its time
            self._teller.wait()
            self._tell(done)
        else:
            self._teller.hand_over(lambda: self._tell(done))

    def _transact(self, group: list[_Job]) -> list[_Job]:
        """Run the group in one transaction; give the jobs that succeeded, once they are durable."""
        if self._guard is not None:
            self._guard()
        is_alike = group[0].together is not None and len({job.together for job in group}) == 1
        if is_alike or len(group) == 1:
            alone = self._transact_as_one(group)
            if alone is not None:
                return alone
        failed: list[tuple[_Job, BaseException]] = []
        done: list[_Job] = []
        try:
            raw = self._channel.begin()
            marks: set[str] = set()
            # neighbours only, never sorted: works are done in the order in which they came
            for together, alike in itertools.groupby(group, key=lambda job: job.together):
                jobs = list(alike)
                # alike ones that are the whole group were tried in one go just now: one of them cannot be done
                is_worth = together is not None and len(jobs) > 1 and not is_alike
                if is_worth and self._attempt_together(raw, jobs, marks):
                    done.extend(jobs)
                    continue
                for job in jobs:
                    error = self._attempt(raw, job, marks)
                    if error is None:
                        done.append(job)
                    else:
                        failed.append((job, error))
            self._channel.commit()
        except BaseException:
            self._channel.rollback()
            raise
        # after COMMIT like the answers: what a caller is told never depends on a transaction that may still be undone
        for job, error in failed:
            self._refuse(job, error)
        return done

    def _transact_as_one(self, group: list[_Job]) -> list[_Job] | None:
        """Do one job, or alike ones in one go, without a savepoint, since the transaction is theirs alone.

        Each statement lets go of the interpreter and waits to get it back, and a savepoint is two of them. Give None,
        with nothing done, if alike jobs cannot be done in one go and must be told apart.
        """
        try:
            raw = self._channel.begin()
            whole = _in_one_go(group)
            error = self._do(raw, whole, set())
            if error is None:
                self._channel.commit()
        except BaseException:
            self._channel.rollback()
            raise
        if error is None:
            _share_out(whole, group)
            return group
        self._channel.rollback()
        if len(group) > 1:
            return None
        self._refuse(group[0], error)
        return []

    def _attempt_together(self, raw: RawConnection, jobs: list[_Job], marks: set[str]) -> bool:
        """Do alike jobs in one go; give False, with nothing done, if any of them cannot be done."""
        whole = _in_one_go(jobs)
        if self._attempt(raw, whole, marks) is not None:
            return False
        _share_out(whole, jobs)
        return True

    def _attempt(self, raw: RawConnection, job: _Job, marks: set[str]) -> BaseException | None:
        """Run one job in a savepoint; give what it raised, or raise what fails the whole transaction."""
        raw.execute("SAVEPOINT work")
        error = self._do(raw, job, marks)
        if error is not None:
            raw.execute("ROLLBACK TO SAVEPOINT work")
        raw.execute("RELEASE SAVEPOINT work")
        return error

    def _do(self, raw: RawConnection, job: _Job, marks: set[str]) -> BaseException | None:
        """Run one job; give what it raised, which its caller then undoes, or raise what fails the whole transaction."""
        told = self._teller.wait
        if not job.begins_early:
            told()
        transaction = Transaction(raw, self._channel.dialect, self._channel, marks=marks, wait_told=told)
        try:
            job.answer = job.context.run(job.work, transaction)
            transaction.finish()
        except BaseException as error:
            # a full disk or a lost connection is everybody's: the whole transaction is undone, not this savepoint
            fatal = storage_failure(error)
            if fatal is not None:
                raise fatal from error
            transaction.abandon()
            return error
        job.stored = transaction.stored
        return None

    def _tell(self, done: list[_Job]) -> None:
        """Tell what is durable: first to the listeners, then to who waits for it."""
        stored = [one for job in done for one in job.stored]
        for listener in self._listeners if stored else ():
            try:
                listener(stored)
            except Exception:
                # the facts are durable; a listener that failed catches up from the ledger by sequence
                log.exception("After-commit listener %r failed", listener)
        for job in done:
            job.future.set_result(job.answer)

    def _refuse(self, job: _Job, error: BaseException) -> None:
        self._teller.wait()  # in the order of the works: who sent two hears of the first one first
        job.future.set_exception(error)

    def _fail(self, group: list[_Job], error: HospitalTwinError) -> None:
        log.error("A transaction of %d works was undone: %s", len(group), error)
        for job in group:
            if not job.future.done():
                self._refuse(job, error)


def _in_one_go(jobs: list[_Job]) -> _Job:
    """Give one job that does alike ones; a single one as it is."""
    together = jobs[0].together
    if len(jobs) == 1 or together is None:
        return jobs[0]
    items = [job.item for job in jobs]
    # one context for all, that of the first: what is logged meanwhile names its request
    early = jobs[0].begins_early
    return _Job(lambda transaction: together(transaction, items), 0, context=jobs[0].context, begins_early=early)


def _share_out(whole: _Job, jobs: list[_Job]) -> None:
    """Give alike jobs that were done in one go their own answers."""
    if len(jobs) == 1:
        return
    for job, answer in zip(jobs, whole.answer, strict=True):
        job.answer = answer
    # the events of all, in ledger order, so that they are told once
    jobs[0].stored = whole.stored
