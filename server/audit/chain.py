"""The audit: rows chained by their hashes, so that a change, a gap or a new order is found.

``hash[i] = SHA-256(hash[i-1] || canonical JSON of row i)``. The database refuses UPDATE and DELETE by triggers; the
head of the chain is also written to a file, so that cutting off the newest rows is found as well.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlmodel import Session, col, select

from server.schema.access import AuditRow
from twin.errors import HospitalTwinError

START = "0" * 64
HEAD_FILE = "audit-head.json"
_PAGE = 10_000
_encoder = msgspec.json.Encoder(order="deterministic")


class AuditBroken(HospitalTwinError):
    """The audit is not what was written.

    Parameters
    ----------
    message : str
        Where and how.
    sequence : int
        First row that is wrong, counted from 1.
    """

    code = "audit.broken"

    def __init__(self, message: str, *, sequence: int) -> None:
        super().__init__(message)
        self.sequence = sequence


class Head(msgspec.Struct, frozen=True):
    """Where the chain ends: number of rows and hash of the last one."""

    sequence: int
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is noted.

    Parameters
    ----------
    at : int
        UTC microseconds.
    actor : str
        Who did it; a name that was tried, if nobody is signed in.
    action : str
        Stable code such as ``session.started``.
    subject : str
        Id of what it was done to.
    facts : Mapping[str, object]
        Plain JSON values; never a password, a key or a patient's name.
    """

    at: int
    actor: str
    action: str
    subject: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


def link(before: str, row: AuditRow) -> str:
    """Give the hash of a row after the one before.

    Parameters
    ----------
    before : str
        Hash of the row before, 64 hex digits.
    row : AuditRow
        Its own ``hash`` does not matter.
    """
    # a list, not an object: the order of the fields is fixed, and the hash of an old row stays what it was
    body = _encoder.encode([row.sequence, row.at, row.actor, row.action, row.subject, row.facts])
    return hashlib.sha256(before.encode() + body).hexdigest()


def head(session: Session) -> Head:
    """Give where the chain ends; 0 rows for an empty one."""
    last = session.exec(select(AuditRow).order_by(col(AuditRow.sequence).desc()).limit(1)).first()
    return Head(last.sequence, last.hash) if last is not None else Head(0, START)


def note(session: Session, entry: Entry) -> Head:
    """Add a row to the audit.

    Parameters
    ----------
    session : Session
        The writer's; rows are chained in the order in which use cases run.
    entry : Entry
        What happened.
    """
    # one writer at a time: nobody can add a row between this look and the flush
    before = head(session)
    row = AuditRow(
        sequence=before.sequence + 1,
        at=entry.at,
        actor=entry.actor[:64],
        action=entry.action,
        subject=entry.subject[:200],
        facts=_encoder.encode(dict(entry.facts)).decode(),
        hash="",
    )
    row.hash = link(before.hash, row)
    session.add(row)
    # now, so that a second note within the same use case sees this row as the head
    session.flush()
    return Head(row.sequence, row.hash)


def rows_of(session: Session, *, action: str = "") -> Iterator[AuditRow]:
    """Give the rows of the audit one by one, oldest first.

    Parameters
    ----------
    session : Session
        Any; the rows are gone from it with the next page.
    action : str, optional
        Only of actions that begin like this.
    """
    after = 0
    while True:
        query = select(AuditRow).where(col(AuditRow.sequence) > after).order_by(col(AuditRow.sequence)).limit(_PAGE)
        if action:
            query = query.where(col(AuditRow.action).startswith(action, autoescape=True))
        rows = session.exec(query).all()
        yield from rows
        if len(rows) < _PAGE:
            return
        after = rows[-1].sequence
        session.expunge_all()


def verify(session: Session, witness: Head | None = None) -> Head:
    """Recompute the whole chain.

    Parameters
    ----------
    session : Session
        Any.
    witness : Head, optional
        A head that was written elsewhere earlier; the chain must still contain it.

    Returns
    -------
    Head
        Where the chain ends.

    Raises
    ------
    AuditBroken
        If a row was changed, removed, moved or cut off.
    """
    at = Head(0, START)
    while True:
        rows = session.exec(
            select(AuditRow).where(col(AuditRow.sequence) > at.sequence).order_by(col(AuditRow.sequence)).limit(_PAGE)
        ).all()
        for row in rows:
            expected = at.sequence + 1
            if row.sequence != expected:
                raise AuditBroken(f"Row {expected} of the audit is missing: {row.sequence} follows.", sequence=expected)
            if row.hash != link(at.hash, row):
                raise AuditBroken(f"Row {expected} of the audit was changed after it was written.", sequence=expected)
            at = Head(row.sequence, row.hash)
            if witness is not None and at.sequence == witness.sequence and at.hash != witness.hash:
                raise AuditBroken(f"Row {expected} of the audit is not the one witnessed.", sequence=expected)
        if len(rows) < _PAGE:
            break
        session.expunge_all()
    if witness is not None and at.sequence < witness.sequence:
        raise AuditBroken(
            f"The audit ends at row {at.sequence}, but row {witness.sequence} was witnessed: newer rows were cut off.",
            sequence=at.sequence + 1,
        )
    return at


def write_head(folder: Path, found: Head) -> Path:
    """Write the head of the chain to its file; gives the file.

    Parameters
    ----------
    folder : Path
        Data folder; copy the file to another machine to witness the audit there.
    found : Head
        What :func:`note` or :func:`head` gave.
    """
    path = folder / HEAD_FILE
    before = read_head(folder)
    if before is not None and before.sequence > found.sequence:
        return path  # two threads finished in another order, or rows were cut off: the file must not follow
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.write(_encoder.encode(found))
        file.flush()
        os.fsync(file.fileno())  # else a power cut may leave an empty file, which reads as tampering
    os.replace(temporary, path)
    return path


def read_head(folder: Path) -> Head | None:
    """Give the head that was written last, None if there is none."""
    path = folder / HEAD_FILE
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Head)
    except msgspec.DecodeError as error:
        raise AuditBroken(f"{path} is no head of an audit: {error}.", sequence=0) from error
