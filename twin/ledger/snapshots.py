"""Snapshots of the live state, so that a restart reads the end of the ledger only."""

from __future__ import annotations

import logging
import threading
import time
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select
from sqlmodel import Session

from twin.clock import Clock
from twin.errors import DecodeError, StorageError
from twin.events import registry
from twin.ledger.bodies import WHOLE_BODY
from twin.ledger.tables import EVENTS, SNAPSHOTS
from twin.state.live import LiveState
from twin.state.snapshot import read_snapshot

REST_FACTOR = 20  # so that a flood of events does not leave the machine busy with snapshots for more than a twentieth
KEPT = 3  # the newest may be damaged or of another release; the one before it still saves most of the replay


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """Whether a snapshot equals the replay of the ledger up to it.

    Parameters
    ----------
    sequence : int
        Position of the snapshot; 0 if there is none.
    snapshot_digest, replay_digest : str
        Fingerprints of both states.
    """

    sequence: int
    snapshot_digest: str
    replay_digest: str

    @property
    def is_equal(self) -> bool:
        """Whether both are the same state."""
        return self.snapshot_digest == self.replay_digest


@dataclass(frozen=True, slots=True)
class Packed:
    """A snapshot ready to be stored: ``digest`` is the CRC-32 of what was packed into ``content``."""

    sequence: int
    content: bytes
    digest: str


def pack(pieces: Iterable[bytes], sequence: int) -> Packed:
    """Pack a snapshot; takes a while for a large house, so not in the writer's thread.

    Parameters
    ----------
    pieces : Iterable[bytes]
        What ``LiveState.image`` gives as ``encoded``: each is packed before the next one is made, so that the whole
        never stands in memory unpacked.
    sequence : int
        Position of its last event.
    """
    # the quickest level: the content is read once in a while, and written again and again
    packer, crc = zlib.compressobj(1), 0
    packed: list[bytes] = []
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
        packed.append(packer.compress(piece))
    packed.append(packer.flush())
    return Packed(sequence, b"".join(packed), f"{crc:08x}")


def save_snapshot(session: Session, packed: Packed, clock: Clock) -> None:
    """Keep a snapshot, and drop all but the newest few.

    Parameters
    ----------
    session : Session
        The session of a use case.
    packed : Packed
        The snapshot.
    clock : Clock
        Gives the present instant.
    """
    sequence, digest = packed.sequence, packed.digest
    session.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.sequence >= sequence))
    session.execute(
        insert(SNAPSHOTS).values(sequence=sequence, taken_at=clock.now(), digest=digest, content=packed.content)
    )
    kept = select(SNAPSHOTS.c.sequence).order_by(SNAPSHOTS.c.sequence.desc()).limit(KEPT)
    oldest = min(session.execute(kept).scalars())
    session.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.sequence < oldest))


class SnapshotTaker:
    """Takes a snapshot now and then, in a thread of its own: neither the writer nor who asks waits for it.

    Parameters
    ----------
    take : Callable[[], Future[None]]
        Takes one and stores it.
    every : int
        Events between two snapshots; more when they come faster than snapshots can be taken.
    """

    def __init__(self, take: Callable[[], Future[None]], every: int) -> None:
        self._take = take
        self._every = every
        self._at = 0
        self._due = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def taken(self, sequence: int) -> None:
        """Note that there is one of the state after an event."""
        self._at = sequence

    def note(self, sequence: int) -> None:
        """Note the last event of the live state, and wake the thread if a snapshot is due."""
        if sequence - self._at < self._every or self._due.is_set():
            return
        self._due.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hospital-twin-snapshots", daemon=True)
            self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """End the thread after the snapshot that it takes."""
        self._stopped.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._due.wait()
            if self._stopped.is_set():
                return
            began = time.monotonic()
            try:
                self._take().result()
            except Exception:
                log.exception("A snapshot could not be stored; the one before it stays, and a restart takes longer")
            # The flag is cleared only after the rest, so that note() wakes nobody before. Who stops sets it after the
            # other one, which is looked at next: a stop during the rest is not forgotten by clearing.
            self._stopped.wait((time.monotonic() - began) * REST_FACTOR)
            self._due.clear()


def load_snapshot(session: Session, state: LiveState) -> int:
    """Fill an empty live state from the newest snapshot that can be read.

    Parameters
    ----------
    session : Session
        Any session.
    state : LiveState
        Empty.

    Returns
    -------
    int
        Position of the snapshot's last event; 0 if there is none.
    """
    for sequence, digest, packed in session.execute(
        select(SNAPSHOTS.c.sequence, SNAPSHOTS.c.digest, SNAPSHOTS.c.content).order_by(SNAPSHOTS.c.sequence.desc())
    ):
        content = _unpacked(packed, digest)
        if content is None:
            continue
        try:
            read_snapshot(state, content)
        except DecodeError:
            continue  # written by another release: an older snapshot, or the whole ledger, does as well
        return int(sequence)
    return 0


def verify_snapshot(session: Session) -> Verification:
    """Compare the newest snapshot with a replay of the ledger up to it.

    Parameters
    ----------
    session : Session
        Any session; it reads the whole ledger.

    Raises
    ------
    StorageError
        If the beginning of the ledger was taken out, so that there is nothing to compare with.
    """
    require_beginning(session)
    state, replayed = LiveState(), LiveState()
    sequence = load_snapshot(session, state)
    query = select(EVENTS.c.sequence, WHOLE_BODY).where(EVENTS.c.sequence <= sequence).order_by(EVENTS.c.sequence)
    for position, body in session.execute(query.execution_options(yield_per=5000)):
        replayed.apply(registry.decode(body), position)
    for one in (state, replayed):  # what was closed since the last round has not left the snapshot yet
        one.forget_closed(state.forgotten_before)
    return Verification(sequence=sequence, snapshot_digest=state.digest(), replay_digest=replayed.digest())


def require_beginning(session: Session) -> None:
    """Refuse to replay a ledger whose beginning is in an archive: its fold would not be the state.

    Parameters
    ----------
    session : Session
        Any session.

    Raises
    ------
    StorageError
        If the first event is not there.
    """
    first = session.execute(select(func.min(EVENTS.c.sequence))).scalar()
    if first is not None and first > 1:
        raise StorageError(
            f"The events before {first} were taken out of the ledger, so that it cannot be replayed from its beginning."
            " Compare a backup that still holds them."
        )


def _unpacked(packed: bytes, digest: str) -> bytes | None:
    try:
        content = zlib.decompress(packed)
    except zlib.error:
        return None
    return content if f"{zlib.crc32(content):08x}" == digest else None
