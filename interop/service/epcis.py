"""Capturing EPCIS events and querying them, within the caller's transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, exists, insert, or_, select
from sqlmodel import Session

from interop.epcis.document import Event, Json, check
from interop.epcis.hashing import hash_of, ignored_fields, namespaces_of
from interop.epcis.query import EventQuery, Term
from interop.epcis.terms import EPC_FIELDS, terms_of
from interop.tables import CAPTURES, EPCIS_EVENTS, EPCIS_TERMS
from twin.clock import to_text
from twin.errors import Conflict, InputError, NotFound

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One capture job.

    Parameters
    ----------
    capture_id : str
        Its id.
    created_at, finished_at : int
        UTC microseconds.
    is_success : bool
        Whether every event was stored.
    behaviour : str
        ``rollback`` or ``proceed``.
    errors : list[dict[str, str]]
        What is wrong, per event refused: ``type``, ``title``, ``detail``.
    """

    capture_id: str
    created_at: int
    finished_at: int
    is_success: bool
    behaviour: str
    errors: list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What the events of one capture have in common.

    Parameters
    ----------
    capture_id : str
        Its capture job.
    source : str
        Who captures.
    contexts : list[Json]
        Entries of ``@context``.
    ignored : frozenset[str]
        Fields that its ``ignoreFields`` leaves out of the event hash.
    now : int
        recordTime, UTC microseconds.
    """

    capture_id: str
    source: str
    contexts: list[Json]
    ignored: frozenset[str] = frozenset()
    now: int


def document_of(told: Mapping[str, Json], *, capture_id: str, source: str, now: int) -> Document:
    """Give what the events of a document have in common; parameters as :class:`Document`."""
    context = told.get("@context", CONTEXT)
    contexts: list[Json] = context if isinstance(context, list) else [context]
    return Document(capture_id=capture_id, source=source, contexts=contexts, ignored=ignored_fields(told), now=now)


def store(session: Session, event: Event, *, index: int, document: Document) -> str:
    """Store one event of a capture.

    Parameters
    ----------
    session : Session
        A writing transaction.
    event : Event
        As it came; its hash becomes its eventID if it has none.
    index : int
        Position in its document, from 0.
    document : Document
        What it came with.

    Returns
    -------
    str
        Its eventID.

    Raises
    ------
    FieldError
        If a field is missing or wrong.
    Conflict
        If the event, or another under its eventID, is known and this is no error declaration.
    """
    at = check(event, index)
    namespaces = namespaces_of(document.contexts)
    digest = hash_of(event, namespaces=namespaces, ignored=document.ignored)
    told = event.get("eventID")
    event_id = told if isinstance(told, str) and told else digest
    declares = "errorDeclaration" in event
    table = EPCIS_EVENTS.c
    # A declaration has the hash and often the eventID of what it takes back (gs1/EPCIS issues 48 and 403).
    named: ColumnElement[bool] = table.event_id == event_id
    # Whoever names events may tell like ones apart; without a name the content is the name.
    same = named if told else or_(named, table.hash == digest)
    same &= table.declares == int(declares)
    known = session.execute(select(table.event_id, table.hash).where(same)).first()
    if known is not None and not declares:
        raise Conflict(
            f"Event {event_id} was captured before: declare an error or leave it out.", code="epcis.event_exists"
        )
    if known is not None and known.hash == digest and known.event_id == event_id:
        raise Conflict(f"The error of event {event_id} was declared before.", code="epcis.event_exists")
    keep(session, [Kept(event={**event, "eventID": event_id}, digest=digest, at=at, document=document)])
    return event_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One checked event that is to be kept, with its hash and eventTime."""

    event: Event
    digest: str
    at: int
    document: Document


def keep(session: Session, events: Sequence[Kept]) -> None:
    """Write checked events and their terms, many at once.

    Parameters
    ----------
    session : Session
        A writing transaction.
    events : Sequence[Kept]
        Each with its eventID; none is known yet.
    """
    rows = [
        {
            "event_id": str(one.event["eventID"]),
            "hash": one.digest,
            "type": str(one.event["type"]),
            "event_at": one.at,
            "record_at": one.document.now,
            "capture_id": one.document.capture_id,
            "source": one.document.source,
            "declares": int("errorDeclaration" in one.event),
            "body": msgspec.json.encode(one.event).decode(),
            "context": msgspec.json.encode(one.document.contexts).decode(),
        }
        for one in events
    ]
    made = insert(EPCIS_EVENTS).returning(EPCIS_EVENTS.c.number, sort_by_parameter_order=True)
    numbers = session.execute(made, rows).scalars().all()
    # Sorted, so that neighbours in the index are written together.
    terms = [
        {"field": field, "value": value, "number": number}
        for one, number in zip(events, numbers, strict=True)
        for field, value in sorted(terms_of(one.event, namespaces_of(one.document.contexts)))
    ]
    session.execute(insert(EPCIS_TERMS), terms)


def note_capture(session: Session, capture: Capture) -> None:
    """Keep what became of a capture."""
    session.execute(
        insert(CAPTURES).values(
            capture_id=capture.capture_id,
            created_at=capture.created_at,
            finished_at=capture.finished_at,
            is_success=int(capture.is_success),
            behaviour=capture.behaviour,
            errors=msgspec.json.encode(capture.errors).decode(),
        )
    )


def capture_of(session: Session, capture_id: str) -> Capture:
    """Give a capture job.

    Parameters
    ----------
    session : Session
        Any.
    capture_id : str
        Its id.

    Raises
    ------
    NotFound
        If there is none.
    """
    row = session.execute(select(CAPTURES).where(CAPTURES.c.capture_id == capture_id)).first()
    if row is None:
        raise NotFound("capture job", capture_id)
    return _capture(row)


def captures(session: Session, *, before: str = "", limit: int) -> list[Capture]:
    """Give capture jobs, the latest first.

    Parameters
    ----------
    session : Session
        Any.
    before : str, optional
        Only jobs before this id; ids follow time.
    limit : int
        At most so many.
    """
    asked = select(CAPTURES).order_by(CAPTURES.c.capture_id.desc()).limit(limit)
    if before:
        asked = asked.where(CAPTURES.c.capture_id < before)
    return [_capture(row) for row in session.execute(asked)]


def _capture(row: Row[Any]) -> Capture:
    return Capture(
        capture_id=row.capture_id,
        created_at=row.created_at,
        finished_at=row.finished_at,
        is_success=bool(row.is_success),
        behaviour=row.behaviour,
        errors=msgspec.json.decode(row.errors),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Events of a query.

    Parameters
    ----------
    events : list[Event]
        In the order asked for, with ``recordTime``.
    contexts : list[Json]
        Entries of the ``@context`` of their documents.
    after : tuple[int, int] or None
        Sort key and number to go on behind; None if there are no more.
    last : int
        Highest number among them; 0 if there are none.
    """

    events: list[Event]
    contexts: list[Json]
    after: tuple[int, int] | None
    last: int


class TooComplex(InputError):
    """A query would have to look at more events than a door may."""

    code = "epcis.query_too_complex"


class TooLarge(InputError):
    """A query has more events than its ``maxEventCount`` allows."""

    code = "epcis.query_too_large"


_SELECTIVE = frozenset(
    {
        "epcList",
        "childEPCs",
        "parentID",
        "inputEPCList",
        "outputEPCList",
        "eventID",
        "transformationID",
        "correctiveEventID",
        *EPC_FIELDS["MATCH_anyEPCClass"],
    }
)
# Read at a time where predicates look at the events themselves, and the most that one query may look at.
_SCAN = 500
_MAX_SCANNED = 100_000


def query(session: Session, asked: EventQuery, *, after: tuple[int, int] | None = None, limit: int) -> Page:
    """Give the events that meet everything asked.

    Parameters
    ----------
    session : Session
        Any.
    asked : EventQuery
        See :func:`interop.epcis.query.read_query`.
    after : tuple[int, int], optional
        Only events behind this sort key and number.
    limit : int
        At most so many.

    Returns
    -------
    Page
        The events, what their prefixes mean, and where to go on.

    Raises
    ------
    TooComplex
        If conditions that no index serves had to look at too many events.
    TooLarge
        If there are more than ``maxEventCount``.
    """
    limit = min(limit, asked.at_most) if asked.at_most else limit
    if asked.too_many:
        limit = min(limit, asked.too_many) if not asked.predicates else limit
    found: list[tuple[int, int, Event, str]] = []
    scanned, place = 0, after
    # One more than wanted tells whether there is a next page; predicates filter after reading, so that more is read.
    size = _SCAN if asked.predicates else limit + 1
    while len(found) <= limit:
        rows = session.execute(_statement(session, asked, place, size)).all()
        for row in rows:
            event: Event = msgspec.json.decode(row.body)
            if all(test(event) for test in asked.predicates):
                event["recordTime"] = to_text(row.record_at)
                found.append((row.key, row.number, event, row.context))
        scanned += len(rows)
        if len(rows) < size:
            break
        if scanned > _MAX_SCANNED:
            raise TooComplex(f"More than {_MAX_SCANNED} events would have to be read: narrow the query by time or EPC.")
        place = (rows[-1].key, rows[-1].number)
    if asked.too_many and len(found) > asked.too_many:
        raise TooLarge(f"More than {asked.too_many} events meet the query: narrow it or raise maxEventCount.")
    return _page(found, limit, is_limited=bool(asked.at_most))


def _page(found: list[tuple[int, int, Event, str]], limit: int, *, is_limited: bool) -> Page:
    shown = found[:limit]
    # One @context for all events: prefixes of different documents stand side by side, each entry once.
    contexts: list[Json] = []
    for context in dict.fromkeys(context for *_, context in shown):
        contexts += [one for one in msgspec.json.decode(context) if one not in contexts]
    more = len(found) > limit and not is_limited
    return Page(
        events=[event for _, _, event, _ in shown],
        contexts=contexts,
        after=shown[-1][:2] if more and shown else None,
        last=max((number for _, number, *_ in shown), default=0),
    )


def _statement(
    session: Session, asked: EventQuery, after: tuple[int, int] | None, size: int
) -> Select[tuple[int, int, int, str, str]]:
    table = EPCIS_EVENTS.c
    key: ColumnElement[int] = table[asked.order]
    statement = select(key.label("key"), table.number, table.record_at, table.body, table.context)
    # Keyset: a page begins behind the last event shown, also when events come in between.
    if after is not None:
        held, number = after
        beyond = key < held if asked.is_descending else key > held
        next_number = table.number < number if asked.is_descending else table.number > number
        statement = statement.where(or_(beyond, and_(key == held, next_number)))
    for bound in asked.bounds:
        column = table[bound.column]
        statement = statement.where(column >= bound.at if bound.is_lower else column < bound.at)
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    for term in asked.terms:
        statement = statement.where(_holds(term, is_sqlite=is_sqlite))
    order = (key.desc(), table.number.desc()) if asked.is_descending else (key, table.number)
    return statement.order_by(*order).limit(size)


def _holds(term: Term, *, is_sqlite: bool) -> ColumnElement[bool]:
    terms = EPCIS_TERMS.c
    matches: list[ColumnElement[bool]] = [terms.value.in_(term.values)] if term.values else []
    for like in term.likes:
        matched: ColumnElement[bool] = terms.value.like(like, escape="\\")
        head = re.split(r"[%_\\\\]", like)[0]
        if is_sqlite and head:
            # SQLite compares octets, so that a range serves the index where LIKE alone does not.
            matched = and_(terms.value >= head, terms.value < head + "\U0010ffff", matched)
        matches.append(matched)
    met = and_(terms.field.in_(term.fields), or_(*matches))
    # Few events share a key: the list of their numbers comes first. Many share a step: it is asked of each event.
    if _SELECTIVE.issuperset(term.fields):
        return EPCIS_EVENTS.c.number.in_(select(terms.number).where(met))
    return exists().where(and_(terms.number == EPCIS_EVENTS.c.number, met))


def document(page: Page, *, created: str, name: str = "SimpleEventQuery", subscription: str = "") -> dict[str, Json]:
    """Give the query document of a page.

    Parameters
    ----------
    page : Page
        Events.
    created : str
        creationDate.
    name : str, optional
        Of the query.
    subscription : str, optional
        Id of the subscription that it answers.
    """
    results: dict[str, Json] = {"queryName": name, "resultsBody": {"eventList": list(page.events)}}
    if subscription:
        results["subscriptionID"] = subscription
    return {
        "@context": page.contexts or [CONTEXT],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": created,
        "epcisBody": {"queryResults": results},
    }
