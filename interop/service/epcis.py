"""Capturing EPCIS events and querying them, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, and_, exists, insert, or_, select
from sqlmodel import Session

from interop.epcis.document import EPC_FIELDS, EQUAL_FIELDS, TIMES, Event, Json, check, instant_of, terms_of
from interop.tables import CAPTURES, EPCIS_EVENTS, EPCIS_TERMS
from twin.errors import Conflict, FieldError, FieldProblem, NotFound

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
    errors : list[str]
        What is wrong, per event refused.
    """

    capture_id: str
    created_at: int
    finished_at: int
    is_success: bool
    behaviour: str
    errors: list[str]


def store(session: Session, event: Event, *, index: int, capture_id: str, source: str, context: str, now: int) -> None:
    """Store one event of a capture.

    Parameters
    ----------
    session : Session
        A writing transaction.
    event : Event
        As it came; it gets an eventID if it has none.
    index : int
        Position in its document, from 0.
    capture_id : str
        Its capture job.
    source : str
        Who captures.
    context : str
        JSON of the document's ``@context``.
    now : int
        recordTime, UTC microseconds.

    Raises
    ------
    FieldError
        If a field is missing or wrong.
    Conflict
        If the eventID is known and this is no error declaration.
    """
    at = check(event, index)
    told = event.get("eventID")
    event_id = told if isinstance(told, str) and told else f"urn:uuid:{capture_id[:-4]}{index:04x}"
    if "\x00" in event_id:
        raise _refused("eventID", "Expected a text without NUL.")
    known = session.execute(select(EPCIS_EVENTS.c.number).where(EPCIS_EVENTS.c.event_id == event_id)).first()
    if known is not None and "errorDeclaration" not in event:
        raise Conflict(f"Event {event_id} was captured before: declare an error or leave it out.")
    kept = {**event, "eventID": event_id}
    number = session.execute(
        insert(EPCIS_EVENTS)
        .values(
            event_id=event_id, hash="", type=str(event["type"]), event_at=at, record_at=now, capture_id=capture_id,
            source=source, body=msgspec.json.encode(kept).decode(), context=context,
        )
        .returning(EPCIS_EVENTS.c.number)
    ).scalar_one()  # fmt: skip
    rows = [{"field": field, "value": value, "number": number} for field, value in sorted(terms_of(kept))]
    if rows:
        session.execute(insert(EPCIS_TERMS), rows)


def note_capture(session: Session, capture: Capture) -> None:
    """Keep what became of a capture."""
    session.execute(
        insert(CAPTURES).values(
            capture_id=capture.capture_id, created_at=capture.created_at, finished_at=capture.finished_at,
            is_success=int(capture.is_success), behaviour=capture.behaviour,
            errors=msgspec.json.encode(capture.errors).decode(),
        )
    )  # fmt: skip


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
    return Capture(
        capture_id=row.capture_id, created_at=row.created_at, finished_at=row.finished_at,
        is_success=bool(row.is_success), behaviour=row.behaviour, errors=msgspec.json.decode(row.errors),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Events of a query.

    Parameters
    ----------
    events : list[Event]
        In the order of capture.
    contexts : list[Json]
        Entries of the ``@context`` of their documents.
    after : int
        Number to go on behind; 0 if there are no more.
    """

    events: list[Event]
    contexts: list[Json]
    after: int


def query(session: Session, wanted: Mapping[str, Sequence[str]], *, after: int, limit: int) -> Page:
    """Give events in the order of capture that meet every parameter of SimpleEventQuery.

    Parameters
    ----------
    session : Session
        Any.
    wanted : Mapping[str, Sequence[str]]
        Values by parameter: any of them.
    after : int
        Only events behind this number; 0 for all.
    limit : int
        At most so many.

    Returns
    -------
    Page
        The events, what their prefixes mean, and where to go on.

    Raises
    ------
    FieldError
        If a parameter is unknown or an instant cannot be read.
    """
    table, terms = EPCIS_EVENTS.c, EPCIS_TERMS.c
    asked = (
        select(table.number, table.body, table.context)
        .where(table.number > after)
        .order_by(table.number)
        .limit(limit + 1)
    )
    for name, values in wanted.items():
        if name in TIMES:
            asked = asked.where(_bound(name, values[0]))
            continue
        fields = EPC_FIELDS.get(name) or ((EQUAL_FIELDS[name],) if name in EQUAL_FIELDS else None)
        if fields is None:
            raise _refused(name, "Expected a parameter of SimpleEventQuery that is served here.")
        matches = or_(*(_match(value) for value in values))
        asked = asked.where(exists().where(and_(terms.number == table.number, terms.field.in_(fields), matches)))
    rows = session.execute(asked).all()
    events: list[Event] = [msgspec.json.decode(row.body) for row in rows[:limit]]
    contexts: list[Json] = []
    for row in rows[:limit]:
        contexts += [one for one in msgspec.json.decode(row.context) if one not in contexts]
    return Page(events=events, contexts=contexts, after=rows[limit - 1].number if len(rows) > limit else 0)


def _match(value: str) -> ColumnElement[bool]:
    if value.startswith("urn:epc:idpat:") and value.endswith(".*"):
        return EPCIS_TERMS.c.value.startswith(value[:-1].replace("urn:epc:idpat:", "urn:epc:id:"), autoescape=True)
    return EPCIS_TERMS.c.value == value


def _bound(name: str, text: str) -> ColumnElement[bool]:
    at = instant_of(text)
    if at is None:
        raise _refused(name, "Expected an instant with an offset.")
    column = EPCIS_EVENTS.c.event_at if name.endswith("eventTime") else EPCIS_EVENTS.c.record_at
    return column >= at if name.startswith("GE_") else column < at


def _refused(name: str, message: str) -> FieldError:
    known = ", ".join((*EQUAL_FIELDS, *EPC_FIELDS, *TIMES))
    problem = FieldProblem(field=name, place=f"/query/{name}", message=message, cure=f"Use one of {known}.")
    return FieldError(problem, code="epcis.parameter")


def document(page: Page, *, created: str) -> dict[str, Json]:
    """Give the query document of a page.

    Parameters
    ----------
    page : Page
        Events.
    created : str
        creationDate.
    """
    return {
        "@context": page.contexts or [CONTEXT],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": created,
        "epcisBody": {
            "queryResults": {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": list(page.events)}}
        },
    }
