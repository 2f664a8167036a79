"""Photos and documents: kept with their content, withdrawn but never deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select as select_columns
from sqlmodel import Session, SQLModel, col, select

from assets.service.act import Act
from assets.tables.records import DocumentRow
from assets.tables.rows import CycleRow
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, NotFound, Refused

LARGEST = 8 * 1024 * 1024
"""Bytes; a photo of a handheld has two to five million."""

_HEADS: dict[str, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/webp": (b"RIFF",),
    "text/plain": (),
    "text/csv": (),
}
"""Media types that may be kept, and how their content begins: nothing that a browser would run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A photo or document without its content.

    Parameters
    ----------
    id, subject, name, media_type, note, actor : str
        ``subject`` is the id of the device, work order, cycle or incident.
    size : int
        Bytes.
    sha256 : str
        Of the content, 64 hexadecimal digits.
    at, withdrawn_at : int
        UTC microseconds; ``withdrawn_at`` is 0 while it stands.
    """

    id: str
    subject: str
    name: str
    media_type: str
    size: int
    sha256: str
    note: str
    actor: str
    at: int
    withdrawn_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What is to be kept."""

    subject: str
    name: str
    media_type: str
    content: bytes
    note: str = ""


def attach(session: Session, *, act: Act, attachment: Attachment) -> Document:
    """Keep a photo or document; the same content for the same subject is kept once.

    Raises
    ------
    FieldError
        If it is empty, too large, of a type that is not kept, or not what it says it is.
    """
    act.actor.require(Permission.TASKS_DO)
    _check(attachment)
    return _keep(session, act, attachment)


def _keep(session: Session, act: Act, attachment: Attachment) -> Document:
    digest = hashlib.sha256(attachment.content).hexdigest()
    identifier = f"doc:{hashlib.sha256(f'{attachment.subject}|{digest}'.encode()).hexdigest()[:32]}"
    row = session.get(DocumentRow, identifier)
    if row is None:
        row = DocumentRow(
            id=identifier,
            subject=attachment.subject,
            name=attachment.name,
            media_type=attachment.media_type,
            size=len(attachment.content),
            sha256=digest,
            note=attachment.note,
            actor=act.actor.id,
            at=act.now,
            content=attachment.content,
        )
    row.withdrawn_at = 0
    session.add(row)
    session.flush()
    return _of_row(row)


def attach_drawn(session: Session, *, act: Act, subject: str, name: str, svg: str) -> Document:
    """Keep a picture that this program drew itself; nobody can hand in such a one, since it could hold a script.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        For whom it was drawn.
    subject, name : str
        What it stands about, and its file name.
    svg : str
        The picture.
    """
    act.actor.require(Permission.TASKS_DO)
    drawn = Attachment(subject=subject, name=name, media_type="image/svg+xml", content=svg.encode())
    return _keep(session, act, drawn)


def documents_of(session: Session, *, subject: str, limit: int = 200) -> list[Document]:
    """Give what stands about a subject, the latest first, without the contents."""
    table = SQLModel.metadata.tables[str(DocumentRow.__tablename__)]
    query = select_columns(*[column for column in table.columns if column.name != "content"])
    query = query.where(table.c.subject == subject, table.c.withdrawn_at == 0).order_by(table.c.at.desc()).limit(limit)
    return [Document(**row._mapping) for row in session.connection().execute(query)]


def documents_about(session: Session, *, subjects: Sequence[str], limit: int = 500) -> dict[str, list[Document]]:
    """Give what stands about several subjects, such as the orders of a device, by subject and the latest first."""
    table = SQLModel.metadata.tables[str(DocumentRow.__tablename__)]
    query = select_columns(*[column for column in table.columns if column.name != "content"])
    query = query.where(table.c.subject.in_(list(subjects)[:limit]), table.c.withdrawn_at == 0)
    found: dict[str, list[Document]] = {}
    for row in session.connection().execute(query.order_by(table.c.at.desc()).limit(limit)):
        found.setdefault(row.subject, []).append(Document(**row._mapping))
    return found


def content_of(session: Session, *, document_id: str) -> tuple[Document, bytes]:
    """Give a document with its content.

    Raises
    ------
    NotFound
        If there is none, or it was withdrawn.
    """
    row = session.get(DocumentRow, document_id)
    if row is None or row.withdrawn_at:
        raise NotFound("document", document_id)
    return _of_row(row), row.content


def withdraw(session: Session, *, act: Act, document_id: str) -> None:
    """Take a document out of sight; content and author stay for the audit.

    Raises
    ------
    Refused
        If somebody else attached it and the actor does not keep the register, or a cycle was judged by it.
    """
    found, _ = content_of(session, document_id=document_id)
    proven = select(CycleRow.id).where(col(CycleRow.printout).contains(f'"{document_id}"', autoescape=True))
    cycle = session.exec(proven.limit(1)).first()
    if cycle is not None:
        # A load was released, or rejected, on what stands on it.
        raise Refused(f"{found.name} is the printout of {cycle}: it stays.", code="document.is_proof")
    if found.actor != act.actor.id and not act.actor.may(Permission.DEVICES_WRITE):
        raise Refused(f"{found.name} was attached by somebody else.", code="document.not_yours")
    row = session.get(DocumentRow, document_id)
    assert row is not None  # noqa: S101  # just read
    row.withdrawn_at = act.now
    session.add(row)
    session.flush()


def _of_row(row: DocumentRow) -> Document:
    return Document(
        id=row.id,
        subject=row.subject,
        name=row.name,
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        note=row.note,
        actor=row.actor,
        at=row.at,
        withdrawn_at=row.withdrawn_at,
    )


def _check(attachment: Attachment) -> None:
    heads = _HEADS.get(attachment.media_type)
    size = len(attachment.content)
    field, message, cure = "", "", ""
    if not attachment.name.strip() or len(attachment.name) > 200:
        field, message, cure = "name", "Expected 1 to 200 characters.", "Give the file a name."
    elif heads is None:
        field, message = "content-type", f"{attachment.media_type!r} is not kept."
        cure = f"Send one of {', '.join(_HEADS)}."
    elif not 0 < size <= LARGEST:
        field, message, cure = "body", f"Expected 1 to {LARGEST} bytes, got {size}.", "Send a smaller picture."
    elif heads and not attachment.content.startswith(heads):
        field, message = "body", f"This is no {attachment.media_type}."
        cure = "Name the type that the file has."
    if message:
        raise FieldError(FieldProblem(field=field, place="document", message=message, cure=cure))
