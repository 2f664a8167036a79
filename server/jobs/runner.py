"""Runs jobs in a few processes; the rows in the database are the truth, so that a restart goes on with them."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import logging
import multiprocessing
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import cast

import msgspec
from sqlalchemy.orm import QueryableAttribute, defer
from sqlmodel import Session, col, select

from server.jobs.kinds import JOB_KINDS, JOB_PREPARERS
from server.jobs.worker import ENOUGH, Message, Task, work
from server.schema.jobs import JobRow, ResultRow
from server.wiring import Hospital
from twin.access import Actor
from twin.errors import HospitalTwinError, InputError, NotFound, Unavailable

log = logging.getLogger("hospital_twin.jobs")

# They may hold a whole hospital: a list must open at once, and who follows a job asks every second.
_WITHOUT_ARGUMENTS = defer(cast("QueryableAttribute[bytes]", JobRow.payload))
_POLL_S = 0.1
_QUEUE_LIMIT = 1000
_STOP_WAIT_S = 5.0
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.5, 30.0


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OVER = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """A job as others see it; ``result`` and ``partial`` are JSON text."""

    id: str
    kind: str
    state: JobState
    actor: str
    created_at: int
    progress_share: float = 0.0
    note: str = ""
    started_at: int = 0
    ended_at: int = 0
    result_hash: str = ""
    problem: str = ""
    partial: bytes = b""


class _Cancelled(Exception):
    """Somebody asked the job to stop."""


class _Crashed(Exception):
    """The process ended while it worked."""


class _Worker:
    """One job process; started when first needed, and anew after a cancellation."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._decoder = msgspec.msgpack.Decoder(Message)

    def give(self, task: Task) -> None:
        """Hand over a job.

        Raises
        ------
        _Crashed
            If the process ended meanwhile.
        """
        if self._process is None or not self._process.is_alive() or self._connection is None:
            self.stop()
            # a fork would copy locks that other threads hold, and a million objects of the state
            context = multiprocessing.get_context("spawn")
            ours, theirs = context.Pipe()
            self._process = context.Process(target=work, args=(theirs,), name="hospital-twin-job", daemon=True)
            self._process.start()
            # else the end of the process would not end the pipe
            theirs.close()
            self._connection = ours
        try:
            self._connection.send_bytes(msgspec.msgpack.encode(task))
        except OSError as error:
            raise _Crashed from error

    def finish(self) -> None:
        """Ask the job in hand to end with what there is."""
        if self._connection is not None:
            with contextlib.suppress(OSError):  # the process is gone, which is heard at once
                self._connection.send_bytes(ENOUGH)

    def hear(self) -> Message | None:
        """Give the next message, None if there is none for a while.

        Raises
        ------
        _Crashed
            If the process is gone.
        """
        connection, process = self._connection, self._process
        if connection is None or process is None:
            raise _Crashed
        try:
            if connection.poll(_POLL_S):
                return self._decoder.decode(connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise _Crashed from error
        # the last message may still be in the pipe when the process is gone
        if not process.is_alive() and not connection.poll(0):
            raise _Crashed
        return None

    def stop(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.terminate()
            self._process.join(_STOP_WAIT_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process.close()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None


class JobRunner:
    """Runs jobs; meets ``server.wiring.Jobs``.

    Parameters
    ----------
    hospital : Hospital
        Where jobs are kept; ``settings.job_processes`` of them run at once.
    kinds : Mapping[str, str], optional
        Function by kind; :data:`JOB_KINDS` by default.
    """

    def __init__(self, hospital: Hospital, kinds: Mapping[str, str] | None = None) -> None:
        self._hospital = hospital
        self._kinds = JOB_KINDS if kinds is None else kinds
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None ends a thread
        self._cancelled: set[str] = set()
        self._enough: set[str] = set()
        self._partial: dict[str, tuple[float, str, bytes]] = {}
        self._ended: dict[str, threading.Event] = {}
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads that look after the processes, and take up jobs that a restart interrupted."""
        waiting = self._hospital.write_now(_requeue)
        for job_id in waiting:
            self._queue.put(job_id)
        for number in range(self._hospital.settings.job_processes):
            thread = threading.Thread(target=self._run, name=f"jobs-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def submit(self, kind: str, arguments: Mapping[str, object], *, actor: Actor) -> str:
        """Queue a job.

        Parameters
        ----------
        kind : str
            One of the known kinds.
        arguments : Mapping[str, object]
            Plain JSON.
        actor : Actor
            Who wants it.

        Returns
        -------
        str
            The job's id.

        Raises
        ------
        InputError
            If there is no such kind.
        Unavailable
            If too many jobs wait already.
        """
        if kind not in self._kinds:
            raise InputError(f"There is no job {kind[:80]!r}: expected one of {', '.join(sorted(self._kinds))}.")
        if self._queue.qsize() >= _QUEUE_LIMIT:
            raise Unavailable(f"{_QUEUE_LIMIT} jobs wait already: try again when some have ended.", code="job.too_many")
        job_id = self._hospital.new_id()
        row = JobRow(
            id=job_id,
            kind=kind,
            state=JobState.QUEUED,
            actor=actor.id,
            created_at=self._hospital.clock.now(),
            payload=msgspec.json.encode(self._prepared(kind, arguments), order="deterministic"),
        )
        self._hospital.write_now(lambda session: session.add(row))
        self._ended[job_id] = threading.Event()  # before the queue gives it to a process
        self._queue.put(job_id)
        return job_id

    def _prepared(self, kind: str, arguments: Mapping[str, object]) -> dict[str, object]:
        target = JOB_PREPARERS.get(kind) if self._kinds is JOB_KINDS else None
        if target is None:
            return dict(arguments)
        module, _, name = target.partition(":")
        prepare: Callable[[Hospital, Mapping[str, object]], dict[str, object]]
        prepare = getattr(importlib.import_module(module), name)
        return prepare(self._hospital, arguments)

    def view(self, job_id: str) -> JobView:
        """Give where a job stands.

        Raises
        ------
        NotFound
            If there is none of that id.
        """
        with self._hospital.read() as session:
            row = session.get(JobRow, job_id, options=[_WITHOUT_ARGUMENTS])
        if row is None:
            raise NotFound("job", job_id)
        return self._shown(row)

    def list(self, *, after: str = "", limit: int = 50) -> list[JobView]:
        """Give jobs, the newest first.

        Parameters
        ----------
        after : str, optional
            Id of the last one of the page before.
        limit : int, optional
            How many at most.
        """
        query = select(JobRow).options(_WITHOUT_ARGUMENTS).order_by(col(JobRow.id).desc()).limit(limit)
        if after:
            query = query.where(col(JobRow.id) < after)
        with self._hospital.read() as session:
            return [self._shown(row) for row in session.exec(query)]

    def recent(self, kind: str, *, limit: int) -> Sequence[JobView]:
        """Give the newest jobs of a kind, without what they found.

        Parameters
        ----------
        kind : str
            One of the known kinds.
        limit : int
            How many at most.
        """
        columns = select(JobRow.id, JobRow.state, JobRow.created_at, JobRow.actor)
        query = columns.where(col(JobRow.kind) == kind).order_by(col(JobRow.id).desc()).limit(limit)
        with self._hospital.read() as session:
            rows = session.exec(query).all()
        return [
            JobView(id=key, kind=kind, state=JobState(state), actor=actor, created_at=at)
            for key, state, at, actor in rows
        ]

    def result(self, content_hash: str) -> bytes:
        """Give a result as JSON text by the hash of its content.

        Raises
        ------
        NotFound
            If there is none.
        """
        with self._hospital.read() as session:
            row = session.get(ResultRow, content_hash)
        if row is None:
            raise NotFound("result", content_hash)
        return row.body

    def cancel(self, job_id: str) -> None:
        """Stop a job; one that is over stays as it is.

        Raises
        ------
        NotFound
            If there is none of that id.
        """
        # before the row is read: a job that begins in between finds the mark
        self._cancelled.add(job_id)
        now = self._hospital.clock.now()

        def use_case(session: Session) -> bool:
            row = session.get(JobRow, job_id)
            if row is None:
                raise NotFound("job", job_id)
            if row.state == JobState.QUEUED:
                # one that runs is ended by its own thread, which sees the mark within a tenth of a second
                row.state, row.ended_at = JobState.CANCELLED, now
                session.add(row)
            return row.state in OVER

        try:
            is_over = self._hospital.write_now(use_case)
        except NotFound:
            self._cancelled.discard(job_id)
            raise
        if is_over:
            self._tell_ended(job_id)

    def finish(self, job_id: str) -> None:
        """Ask a job to end with what there is; one that is over stays as it is, one that waits ends when it has begun.

        Raises
        ------
        NotFound
            If there is none of that id.
        """
        if self.view(job_id).state not in OVER:
            self._enough.add(job_id)

    def wait(self, job_id: str, timeout_s: float = 30.0) -> JobView:
        """Wait until a job of this process is over; gives where it stands then.

        Parameters
        ----------
        job_id : str
            Which.
        timeout_s : float, optional
            How long, seconds.
        """
        ended = self._ended.get(job_id)
        if ended is not None:
            ended.wait(timeout_s)
        return self.view(job_id)

    def stop(self) -> None:
        """End all processes; what ran is taken up at the next start."""
        self._stopping.set()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()

    def _shown(self, row: JobRow) -> JobView:
        share, note, partial = self._partial.get(row.id, (row.progress_share, row.note, row.partial))
        return JobView(
            id=row.id,
            kind=row.kind,
            state=JobState(row.state),
            actor=row.actor,
            progress_share=share,
            note=note,
            created_at=row.created_at,
            started_at=row.started_at,
            ended_at=row.ended_at,
            result_hash=row.result_hash,
            problem=row.problem,
            partial=partial,
        )

    def _run(self) -> None:
        worker = _Worker()
        try:
            # Without a limit of time: of several threads that wait with one, some wait for ever on a busy machine.
            # When another was quicker, what is left of the time is below zero, and CPython takes that for no limit.
            while (job_id := self._queue.get()) is not None and not self._stopping.is_set():
                try:
                    self._do(worker, job_id)
                except Exception:
                    log.exception("the job runner failed", extra={"job": job_id})
        finally:
            worker.stop()

    def _do(self, worker: _Worker, job_id: str) -> None:
        task = self._hospital.write_now(lambda session: self._begin(session, job_id))
        if task is None:
            return
        try:
            last = self._follow(worker, task)
        except _Cancelled:
            worker.stop()
            self._end(job_id, JobState.CANCELLED)
        except _Crashed:
            worker.stop()
            problem = {
                "code": "job.crashed",
                "detail": "The process ended while it worked; perhaps memory ran out.",
            }
            self._end(job_id, JobState.FAILED, problem=msgspec.json.encode(problem))
        else:
            if last is None:  # the server stops: the row stays as it is, so that the next start takes it up
                worker.stop()
            elif last.kind == "done":
                self._end(job_id, JobState.DONE, result=last.body)
            else:
                self._end(job_id, JobState.FAILED, problem=last.body)

    def _begin(self, session: Session, job_id: str) -> Task | None:
        row = session.get(JobRow, job_id)
        if row is None or row.state != JobState.QUEUED:
            return None
        row.state, row.started_at = JobState.RUNNING, self._hospital.clock.now()
        session.add(row)
        return Task(job_id, self._kinds[row.kind], row.payload)

    def _follow(self, worker: _Worker, task: Task) -> Message | None:
        worker.give(task)
        is_told = False
        while not self._stopping.is_set():
            if task.job_id in self._cancelled:
                raise _Cancelled
            if task.job_id in self._enough and not is_told:
                worker.finish()
                is_told = True
            message = worker.hear()
            if message is None:
                continue
            if message.kind != "progress":
                return message
            self._partial[task.job_id] = (message.share, message.note, message.body)
        return None

    def _end(self, job_id: str, state: JobState, *, result: bytes = b"", problem: bytes = b"") -> None:
        now = self._hospital.clock.now()
        content_hash = hashlib.sha256(result).hexdigest() if state is JobState.DONE else ""
        reached = self._partial.get(job_id)

        def use_case(session: Session) -> None:
            row = session.get(JobRow, job_id)
            if row is None:
                return
            row.state, row.ended_at, row.result_hash, row.problem = state, now, content_hash, problem.decode()
            if state is JobState.DONE:
                row.progress_share = 1.0
            elif reached is not None:
                # what it had found when it was stopped is still an answer: how far a longer search would have come
                row.progress_share, row.note, row.partial = reached
            session.add(row)
            # equal results of two jobs are one row, since the hash is its name
            if content_hash and session.get(ResultRow, content_hash) is None:
                session.add(ResultRow(hash=content_hash, body=result, created_at=now))

        if self._written(use_case, job_id):
            self._partial.pop(job_id, None)
            self._tell_ended(job_id)

    def _written(self, use_case: Callable[[Session], None], job_id: str) -> bool:
        """Write how a job ended, again and again while the store cannot; False if the server stops before."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                self._hospital.write_now(use_case)
            except HospitalTwinError:
                # a full disk, say: what was computed is not thrown away for it
                log.exception("how a job ended could not be stored yet", extra={"job": job_id})
                if self._stopping.wait(pause):
                    return False  # the row stays as it is, so that the next start takes the job up
                pause = min(2 * pause, _LAST_PAUSE_S)
            else:
                return True

    def _tell_ended(self, job_id: str) -> None:
        self._cancelled.discard(job_id)
        self._enough.discard(job_id)
        ended = self._ended.pop(job_id, None)
        if ended is not None:
            ended.set()


def _requeue(session: Session) -> list[str]:
    """Put interrupted jobs back: they are pure, so that doing one again gives the same result."""
    rows = session.exec(
        select(JobRow).where(col(JobRow.state).in_([JobState.QUEUED, JobState.RUNNING])).order_by(col(JobRow.id))
    ).all()
    for row in rows:
        row.state, row.started_at = JobState.QUEUED, 0
        session.add(row)
    return [row.id for row in rows]
