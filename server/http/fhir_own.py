"""What we keep ourselves, as FHIR: the audit as AuditEvent, the ledger as Provenance."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import select as columns_of
from sqlmodel import Session, col, select

from interop.fhir import work
from interop.fhir.auditing import Noted, audit_event, sequence_of
from interop.fhir.resources import Resource
from server.doors.context import Call
from server.schema.access import AuditRow
from twin.access import Permission
from twin.events import registry
from twin.events.envelope import Event
from twin.ledger.bodies import WHOLE_BODY
from twin.ledger.by_thing import events_about
from twin.ledger.tables import EVENTS
from twin.state.tables import Tables

KINDS = frozenset({"AuditEvent", "Provenance"})
_PAGE = 500
MOST_SCANNED = 5_000
"""Rows looked at for one page: a search for what hardly ever occurs goes on with the next page instead of waiting."""
_TYPES = {"encounter": "Encounter", "asset": "Device", "bed": "Location", "place": "Location", "task": "Task"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """What of a search the database can answer; the rest is looked at row by row.

    Parameters
    ----------
    after : str
        Only ids behind.
    since, before : int
        Recorded at or after, and before, UTC microseconds; 0 for no bound.
    thing : str
        Id of what it is about; empty for anything.
    agent : str
        Who acted; empty for anybody.
    """

    after: str = ""
    since: int = 0
    before: int = 0
    thing: str = ""
    agent: str = ""


def _subject_type(state: Tables, subject: str) -> str:
    head = subject.partition("/")[0]
    if head and head in _TYPES.values():
        return head
    tables: tuple[tuple[str, Mapping[str, object]], ...] = (
        ("Encounter", state.encounters),
        ("Device", state.assets),
        ("Location", state.places),
        ("Task", state.tasks),
    )
    return next((kind for kind, table in tables if subject in table), "")


def _audited(call: Call, row: AuditRow) -> Resource:
    facts = msgspec.json.decode(row.facts)
    told = facts if isinstance(facts, dict) else {}
    noted = Noted(sequence=row.sequence, at=row.at, actor=row.actor, action=row.action, subject=row.subject, facts=told)
    return audit_event(noted, subject_type=_subject_type(call.hospital.live, row.subject))


def _told(event: Event) -> Resource:
    return work.provenance(event, f"{_TYPES.get(event.subject, 'Basic')}/{event.thing}")


def one(call: Call, session: Session, kind: str, key: str) -> Resource | None:
    """Give one resource of ours by its id; None if there is none, or the actor may not see it."""
    if kind == "Provenance":
        stored = call.hospital.ledger.by_id(session, key)
        return _told(stored.event) if stored is not None else None
    sequence = sequence_of(key) if kind == "AuditEvent" and call.actor.may(Permission.AUDIT_READ) else 0
    row = session.get(AuditRow, sequence) if sequence else None
    return _audited(call, row) if row is not None else None


def rows(call: Call, session: Session, kind: str, asked: Narrowing) -> Iterator[Resource]:
    """Give our resources of a type in order of their ids, the longest first part that one page may look at.

    Parameters
    ----------
    call : Call
        Who asks; the audit is for those who may read it.
    session : Session
        Any.
    kind : str
        One of :data:`KINDS`; nothing for another.
    asked : Narrowing
        What the database can answer.
    """
    if kind == "Provenance":
        about = _about(session, asked) if asked.thing else _events(session, asked)
        for event in about:
            yield _told(event)
    elif kind == "AuditEvent" and call.actor.may(Permission.AUDIT_READ):
        for row in _audit_rows(session, asked):
            yield _audited(call, row)


def _audit_rows(session: Session, asked: Narrowing) -> Iterator[AuditRow]:
    after = sequence_of(asked.after)
    if asked.after and not after and asked.after >= "audit-":
        return  # behind all our ids
    for _ in range(MOST_SCANNED // _PAGE):
        query = select(AuditRow).where(col(AuditRow.sequence) > after).order_by(col(AuditRow.sequence)).limit(_PAGE)
        if asked.since:
            query = query.where(col(AuditRow.at) >= asked.since)
        if asked.before:
            query = query.where(col(AuditRow.at) < asked.before)
        if asked.agent:
            query = query.where(col(AuditRow.actor) == asked.agent)
        found = session.exec(query).all()
        yield from found
        if len(found) < _PAGE:
            return
        after = found[-1].sequence


def _first_id(at: int) -> str:
    """Give the least UUIDv7 of an instant: ids of the ledger are made when an event is recorded."""
    return str(uuid.UUID(int=(at // 1000) << 80))


def _about(session: Session, asked: Narrowing) -> Iterator[Event]:
    """Give the events about one thing behind an id; the ledger finds these by an index of their own."""
    table, about = EVENTS.c, events_about([asked.thing]).subquery()
    # Cut behind the order by id, not before: a tag has more events than one page may look at, and all must come.
    query = columns_of(WHOLE_BODY).where(table.sequence.in_(columns_of(about.c.sequence)), table.id > asked.after)
    for row in session.execute(query.order_by(table.id).limit(MOST_SCANNED)):
        yield registry.decode(row.body)


def _events(session: Session, asked: Narrowing) -> Iterator[Event]:
    table, after = EVENTS.c, asked.after
    if asked.since:
        after = max(after, _first_id(asked.since - 1_000))  # the id is from the millisecond before it is recorded
    for _ in range(MOST_SCANNED // _PAGE):
        query = columns_of(table.id, WHOLE_BODY).where(table.id > after).order_by(table.id).limit(_PAGE)
        if asked.before:
            query = query.where(table.recorded_at < asked.before)
        found = session.execute(query).all()
        for row in found:
            yield registry.decode(row.body)
        if len(found) < _PAGE:
            return
        after = found[-1].id
