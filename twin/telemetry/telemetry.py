"""Keeping raw samples: each chunk once, with roll-ups per minute and hour, and telling who wants to know."""

from __future__ import annotations

import numpy as np
from sqlalchemy import RowMapping, delete, insert, select, update
from sqlmodel import Session

from twin.clock import DAY_US
from twin.db.database import Database
from twin.errors import FieldError, FieldProblem
from twin.telemetry.following import Follower, OnChunks, StoredChunk
from twin.telemetry.rollups import Rollup, add_to_rollups
from twin.telemetry.samples import SampleChunk, pack, unpack
from twin.telemetry.tables import ROLLUPS, SAMPLE_COUNTER, SAMPLES

LONGEST_CHUNK_US = DAY_US  # a longer chunk would have to be looked for too far back


class Telemetry:
    """Raw samples of machines.

    Parameters
    ----------
    database : Database
        Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._followers: list[Follower] = []

    def store(self, session: Session, chunk: SampleChunk) -> int:
        """Keep a chunk within the caller's transaction; the same chunk twice is kept once.

        Parameters
        ----------
        session : Session
            The session of a use case.
        chunk : SampleChunk
            With source and source key; at most a day long.

        Returns
        -------
        int
            Its sequence number; that of the first one for a duplicate.

        Raises
        ------
        FieldError
            If it is empty, too long, or has no source key.
        """
        _check(chunk)
        where = (SAMPLES.c.source == chunk.source) & (SAMPLES.c.source_key == chunk.source_key)
        known = session.execute(select(SAMPLES.c.sequence).where(where)).scalar()
        if known is not None:
            return int(known)
        sequence = _next_sequence(session)
        session.execute(
            insert(SAMPLES).values(
                sequence=sequence,
                device=chunk.device,
                quantity=chunk.quantity,
                start_at=int(chunk.times_us[0]),
                end_at=int(chunk.times_us[-1]),
                n=len(chunk),
                source=chunk.source,
                source_key=chunk.source_key,
                packed=pack(chunk),
            )
        )
        add_to_rollups(session, chunk)
        return sequence

    def read(self, session: Session, device: str, quantity: str, start: int, end: int) -> SampleChunk:
        """Give the samples from an instant up to, not including, another, in order of time.

        Parameters
        ----------
        session : Session
            Any session.
        device, quantity : str
            Whose, and what.
        start, end : int
            UTC microseconds.
        """
        query = (
            select(SAMPLES.c.packed)
            .where(SAMPLES.c.device == device, SAMPLES.c.quantity == quantity)
            # the lower bound on start_at lets the index be used; end_at alone would look through all older chunks
            .where(SAMPLES.c.start_at.between(start - LONGEST_CHUNK_US, end - 1), SAMPLES.c.end_at >= start)
            .order_by(SAMPLES.c.start_at, SAMPLES.c.sequence)
        )
        parts = [unpack(packed) for (packed,) in session.execute(query)]
        times = np.concatenate([part[0] for part in parts] or [np.empty(0, np.int64)])
        # chunks of two gateways may overlap; stable, so that of one instant the first stored stays first
        order = np.argsort(times, kind="stable")
        return SampleChunk(
            device=device,
            quantity=quantity,
            times_us=times[order],
            values=np.concatenate([part[1] for part in parts] or [np.empty(0, np.float64)])[order],
            quality=np.concatenate([part[2] for part in parts] or [np.empty(0, np.uint8)])[order],
        ).between(start, end)

    def rollups(
        self, session: Session, device: str, quantity: str, span: tuple[int, int], *, width_s: int = 60
    ) -> list[Rollup]:
        """Give minimum, mean and maximum of the good samples per minute or hour.

        Parameters
        ----------
        session : Session
            Any session.
        device, quantity : str
            Whose, and what.
        span : tuple[int, int]
            First instant, and the one before which to end, UTC microseconds.
        width_s : int, optional
            60 or 3600.
        """
        query = (
            select(ROLLUPS)
            .where(ROLLUPS.c.device == device, ROLLUPS.c.quantity == quantity, ROLLUPS.c.width_s == width_s)
            .where(ROLLUPS.c.start_at >= span[0], ROLLUPS.c.start_at < span[1])
            .order_by(ROLLUPS.c.start_at)
            .limit(100_000)
        )
        return [
            Rollup(start_at=r.start_at, n=r.n, minimum=r.minimum, mean=r.total / r.n, maximum=r.maximum)
            for r in session.execute(query)
        ]

    def after(self, session: Session, sequence: int, limit: int = 200) -> list[StoredChunk]:
        """Give the chunks stored after a sequence number, in order.

        Parameters
        ----------
        session : Session
            Any session.
        sequence : int
            Last number already seen.
        limit : int, optional
            Most chunks.
        """
        query = select(SAMPLES).where(SAMPLES.c.sequence > sequence).order_by(SAMPLES.c.sequence).limit(limit)
        return [
            StoredChunk(sequence=row["sequence"], chunk=_chunk_of(row)) for row in session.execute(query).mappings()
        ]

    def prune(self, session: Session, *, now: int, retention_days: int, limit: int = 10_000) -> int:
        """Drop chunks that are older than the retention; roll-ups stay. Give how many were dropped.

        Parameters
        ----------
        session : Session
            The session of a use case.
        now : int
            UTC microseconds.
        retention_days : int
            How long raw samples stay, days, 1 and up.
        limit : int, optional
            Most chunks in one transaction.
        """
        old = select(SAMPLES.c.sequence).where(SAMPLES.c.end_at < now - retention_days * DAY_US).limit(limit)
        sequences = list(session.execute(old).scalars())
        # parameters of one statement are limited
        for start in range(0, len(sequences), 500):
            session.execute(delete(SAMPLES).where(SAMPLES.c.sequence.in_(sequences[start : start + 500])))
        return len(sequences)

    def subscribe(self, name: str, on_chunks: OnChunks, start: int | None = None) -> Follower:
        """Call a function with new chunks in order; wake it by :meth:`Follower.wake` or let it look by itself.

        Parameters
        ----------
        name : str
            For logs and the thread's name.
        on_chunks : Callable[[Sequence[StoredChunk]], None]
            Runs in a thread of its own; gets the same chunks again if it raises.
        start : int, optional
            Sequence number after which to start; from now on by default.
        """
        with self._database.read() as session:
            last = session.execute(select(SAMPLE_COUNTER.c.last)).scalar() or 0
        follower = Follower(name, self._read_own, on_chunks, last if start is None else start)
        self._followers.append(follower)
        return follower

    def wake(self) -> None:
        """Tell subscribers that something was stored; call it after the transaction is answered."""
        for follower in self._followers:
            follower.wake()

    def close(self) -> None:
        """End all subscribers."""
        for follower in self._followers:
            follower.stop()

    def _read_own(self, sequence: int) -> list[StoredChunk]:
        with self._database.read() as session:
            return self.after(session, sequence)


def _check(chunk: SampleChunk) -> None:
    if not len(chunk):
        field, message, cure = "times_us", "Expected at least one sample, got none.", "Leave empty chunks out."
    elif int(chunk.times_us[-1]) - int(chunk.times_us[0]) > LONGEST_CHUNK_US:
        field, message, cure = "times_us", "Expected at most 24 h in one chunk.", "Cut it into shorter chunks."
    elif not chunk.source_key or ":" not in chunk.source:
        field, message = "source_key", f"Expected kind:name and a key, got {chunk.source!r}, {chunk.source_key!r}."
        cure = "Send the same key whenever the same chunk is sent again."
    else:
        return
    place = f"{chunk.device}/{chunk.quantity}"
    raise FieldError(FieldProblem(field=field, place=place, message=message, cure=cure), code=f"telemetry.{field}")


def _next_sequence(session: Session) -> int:
    last = session.execute(select(SAMPLE_COUNTER.c.last)).scalar()
    if last is None:
        session.execute(insert(SAMPLE_COUNTER).values(only=1, last=1))
        return 1
    session.execute(update(SAMPLE_COUNTER).values(last=last + 1))
    return int(last) + 1


def _chunk_of(row: RowMapping) -> SampleChunk:
    times, values, quality = unpack(row["packed"])
    return SampleChunk(
        device=row["device"],
        quantity=row["quantity"],
        times_us=times,
        values=values,
        quality=quality,
        source=row["source"],
        source_key=row["source_key"],
    )
