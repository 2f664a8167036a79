"""Snapshots of the live state, so that a restart reads the end of the ledger only."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlmodel import Session

from twin.clock import Clock
from twin.errors import DecodeError
from twin.events import registry
from twin.ledger.tables import EVENTS, SNAPSHOTS
from twin.state.live import LiveState
from twin.state.snapshot import read_snapshot

KEPT = 3  # the newest may be damaged or of another release; the one before it still saves most of the replay


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


def save_snapshot(session: Session, content: bytes, sequence: int, clock: Clock) -> None:
    """Keep a snapshot, and drop all but the newest few.

    Parameters
    ----------
    session : Session
        The session of a use case.
    content : bytes
        What ``LiveState.to_snapshot`` gave.
    sequence : int
        Position of its last event.
    clock : Clock
        Gives the present instant.
    """
    packed = zlib.compress(content, 1)
    digest = f"{zlib.crc32(content):08x}"
    session.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.sequence >= sequence))
    session.execute(insert(SNAPSHOTS).values(sequence=sequence, taken_at=clock.now(), digest=digest, content=packed))
    kept = select(SNAPSHOTS.c.sequence).order_by(SNAPSHOTS.c.sequence.desc()).limit(KEPT)
    oldest = min(session.execute(kept).scalars())
    session.execute(delete(SNAPSHOTS).where(SNAPSHOTS.c.sequence < oldest))


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
    """
    state, replayed = LiveState(), LiveState()
    sequence = load_snapshot(session, state)
    query = select(EVENTS.c.sequence, EVENTS.c.body).where(EVENTS.c.sequence <= sequence).order_by(EVENTS.c.sequence)
    for position, body in session.execute(query.execution_options(yield_per=5000)):
        replayed.apply(registry.decode(body), position)
    return Verification(sequence=sequence, snapshot_digest=state.digest(), replay_digest=replayed.digest())


def _unpacked(packed: bytes, digest: str) -> bytes | None:
    try:
        content = zlib.decompress(packed)
    except zlib.error:
        return None
    return content if f"{zlib.crc32(content):08x}" == digest else None
