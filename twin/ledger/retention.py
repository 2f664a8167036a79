"""Taking old events out of the ledger: written to an archive first, and only when the installation says so."""

from __future__ import annotations

import gzip
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, func, insert, select
from sqlmodel import Session

from twin.clock import DAY_US
from twin.db.database import Database
from twin.errors import Refused
from twin.ledger.bodies import WHOLE_BODY
from twin.ledger.tables import EVENTS, EVENTS_BY_THING, PRUNING, SNAPSHOTS, SUBSCRIPTIONS, UNHANDLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A file of events that were taken out.

    Parameters
    ----------
    path : Path
        Gzip file with one event as JSON per line, in ledger order.
    first, last : int
        Sequence numbers of its first and last event.
    sha256 : str
        Of the file, in hexadecimal.
    """

    path: Path
    first: int
    last: int
    sha256: str


def prunable_up_to(session: Session, *, now: int, retention_days: int) -> int:
    """Give the last sequence number that may be taken out, 0 if none.

    Parameters
    ----------
    session : Session
        Any session.
    now : int
        UTC microseconds.
    retention_days : int
        How long events stay, days; 0 keeps everything.

    Notes
    -----
    Nothing is taken out that not every kept snapshot holds, that a subscriber has not seen, or whose handler has failed
    and waits for another try.
    """
    if retention_days <= 0:
        return 0
    before = now - retention_days * DAY_US
    young = session.execute(select(func.min(EVENTS.c.sequence)).where(EVENTS.c.recorded_at >= before)).scalar()
    last = session.execute(select(func.max(EVENTS.c.sequence))).scalar() or 0
    # the newest event always stays: the next sequence number follows from it
    limits = [last - 1 if young is None else young - 1]
    # the oldest one: should the newest turn out damaged, an older one still needs the events after it
    limits.append(session.execute(select(func.min(SNAPSHOTS.c.sequence))).scalar() or 0)
    slowest = session.execute(select(func.min(SUBSCRIPTIONS.c.position))).scalar()
    failed = session.execute(select(func.min(UNHANDLED.c.sequence))).scalar()
    limits += [] if slowest is None else [slowest]
    limits += [] if failed is None else [failed - 1]
    return max(min(limits), 0)


def archive_and_prune(database: Database, folder: Path, *, now: int, retention_days: int) -> Archive | None:
    """Write old events to an archive file, then take them out of the ledger.

    Parameters
    ----------
    database : Database
        Whose ledger.
    folder : Path
        Where archives are kept.
    now : int
        UTC microseconds.
    retention_days : int
        How long events stay, days.

    Returns
    -------
    Archive or None
        None if there was nothing to take out.

    Raises
    ------
    Refused
        If the setting keeps everything: pruning must be asked for.
    """
    if retention_days <= 0:
        raise Refused("ledger_retention_days is 0, which keeps everything: set it to take old events out.")
    with database.read() as session:
        last = prunable_up_to(session, now=now, retention_days=retention_days)
        first = session.execute(select(func.min(EVENTS.c.sequence))).scalar() or 0
        if not first or last < first:
            return None
        archive = _write_archive(session, folder, first, last)
    database.writer.run(lambda writing: _prune(writing, last))
    return archive


def _write_archive(session: Session, folder: Path, first: int, last: int) -> Archive:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"events-{first:012d}-{last:012d}.jsonl.gz"
    part = path.with_suffix(".part")
    query = select(WHOLE_BODY).where(EVENTS.c.sequence.between(first, last)).order_by(EVENTS.c.sequence)
    with part.open("wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed:
            for (body,) in session.execute(query.execution_options(yield_per=5000)):
                packed.write(body.encode() + b"\n")
        raw.flush()
        os.fsync(raw.fileno())  # the rows go only when the archive is safe
    # a name without .part means whole and on disk; the folder is forced too, or the name itself could be lost
    part.rename(path)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    return Archive(path=path, first=first, last=last, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def _prune(session: Session, last: int) -> None:
    # the triggers of the ledger let a row go only while this row stands
    session.execute(insert(PRUNING).values(up_to=last))
    session.execute(delete(EVENTS).where(EVENTS.c.sequence <= last))
    session.execute(delete(EVENTS_BY_THING).where(EVENTS_BY_THING.c.last <= last))
    session.execute(delete(PRUNING))
