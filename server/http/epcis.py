"""EPCIS 2.0: capture events of things that move, query them, and keep queries under a name."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from fastapi import Path as PathParameter
from fastapi import Query
from sqlmodel import Session
from starlette.responses import Response

from interop.epcis.document import EVENT_TYPES, Event, events_of
from interop.epcis.query import EventQuery, Meaning, read_query, refused
from interop.epcis.xml import read_xml
from interop.service import epcis, epcis_queries
from interop.service.epcis import CONTEXT, Capture
from interop.service.epcis_queries import VOCABULARIES, NamedQuery
from interop.service.moves import place_key
from server.doors.bodies import decode
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit
from server.doors.router import Router
from server.http.views import instant
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, HospitalTwinError, NotFound

router = Router("/epcis", tag="epcis")

MEDIA = "application/ld+json"
_TAKES = (MEDIA, "application/json", "application/xml")
_MAX_TEXT = 20_000
_VERSIONS = {
    "GS1-EPCIS-Version": "2.0.0",
    "GS1-CBV-Version": "2.0.0",
    "GS1-EPCIS-Min": "2.0.0",
    "GS1-EPCIS-Max": "2.0.0",
    "GS1-CBV-Min": "2.0.0",
    "GS1-CBV-Max": "2.0.0",
    "cache-control": "no-store",
}

Key = Annotated[str, PathParameter(min_length=1, max_length=600, pattern=r"^[^\x00]+$")]
Traced = Annotated[str, Query(min_length=3, max_length=600, pattern=r"^[^\x00]+$")]


class CaptureShown(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A capture job."""

    capture_id: str = msgspec.field(name="captureID")
    created_at: str
    finished_at: str
    running: bool
    success: bool
    capture_error_behaviour: str
    errors: list[dict[str, str]]


class QueryTold(msgspec.Struct, frozen=True, kw_only=True):
    """A query to be kept under a name."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9._~-]+$")]
    query: dict[str, Any]


class HeldShown(msgspec.Struct, frozen=True, kw_only=True):
    """How much is at a place."""

    place: str
    quantity: float
    unit: str
    since: str
    event_id: str


class ReceiptShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who received of it."""

    receiver: str
    kind: str
    quantity: float
    at: str
    event_id: str


class TraceShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where a lot or piece is, who received it, and how many events say so."""

    key: str
    held: list[HeldShown]
    receipts: list[ReceiptShown]
    events: int
    is_whole: bool


def json_answer(value: object, status: int = 200, *, link: str = "", location: str = "") -> Response:
    """Make an answer with the headers that say which versions are spoken."""
    more = {name: text for name, text in (("link", link), ("location", location)) if text}
    return Response(msgspec.json.encode(value), status, _VERSIONS | more, MEDIA)


def _document_in(call: Call) -> dict[str, Any]:
    told = call.request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if told in ("application/xml", "text/xml"):
        return read_xml(call.body)
    return decode(call.body, dict[str, Any])


def _behaviour(call: Call) -> str:
    behaviour = call.request.headers.get("gs1-capture-error-behaviour", "rollback")
    if behaviour not in ("rollback", "proceed"):
        name = "GS1-Capture-Error-Behaviour"
        problem = FieldProblem(
            field=name, place=name, message="Expected rollback or proceed.", cure="Send one of these."
        )
        raise FieldError(problem)
    return behaviour


def _capture(session: Session, events: list[Event], document: epcis.Document, behaviour: str) -> list[str]:
    """Store the events of a document and note the job; give the eventIDs stored."""
    errors: list[dict[str, str]] = []
    stored: list[str] = []
    for index, event in enumerate(events):
        try:
            # a savepoint each: with "proceed" the events after a wrong one are stored all the same
            with session.begin_nested():
                stored.append(epcis.store(session, event, index=index, document=document))
        except HospitalTwinError as error:
            if behaviour == "rollback":
                raise
            kind = "ResourceAlreadyExistsException" if error.code == "epcis.event_exists" else "ValidationException"
            errors.append({"type": f"epcisException:{kind}", "title": f"event {index}", "detail": error.message})
    job = Capture(
        capture_id=document.capture_id,
        created_at=document.now,
        finished_at=document.now,
        is_success=not errors,
        behaviour=behaviour,
        errors=errors,
    )
    epcis.note_capture(session, job)
    return stored


def _document_of(call: Call, told: dict[str, Any]) -> epcis.Document:
    source = call.actor.source or f"user:{call.actor.id}"
    return epcis.document_of(told, capture_id=call.hospital.new_id(), source=source, now=call.now)


@router.post(
    "/capture", permission=Permission.EPCIS_CAPTURE, takes=dict[str, Any], takes_media=_TAKES, status=202, media=MEDIA
)
async def capture_events(call: CallDep) -> Response:
    """Capture an EPCIS document, JSON or XML: all its events or none, unless GS1-Capture-Error-Behaviour is proceed."""
    told, behaviour = _document_in(call), _behaviour(call)
    events, document = events_of(told), _document_of(call, told)
    await call.hospital.write(lambda session: _capture(session, events, document, behaviour))
    return json_answer({}, 202, location=f"/epcis/capture/{document.capture_id}")


@router.post(
    "/events", permission=Permission.EPCIS_CAPTURE, takes=dict[str, Any], takes_media=_TAKES, status=201, media=MEDIA
)
async def capture_event(call: CallDep) -> Response:
    """Capture one event by itself; Location names it."""
    told = _document_in(call)
    events, document = events_of(told), _document_of(call, told)
    if len(events) != 1:
        problem = FieldProblem(
            field="type", place="/type", message=f"Expected one event, got {len(events)}.", cure="Use /epcis/capture."
        )
        raise FieldError(problem, code="epcis.validation")
    stored = await call.hospital.write(lambda session: _capture(session, events, document, "rollback"))
    return json_answer({}, 201, location=f"/epcis/events/{stored[0]}")


def _job(found: Capture) -> CaptureShown:
    return CaptureShown(
        capture_id=found.capture_id,
        created_at=instant(found.created_at),
        finished_at=instant(found.finished_at),
        running=False,
        success=found.is_success,
        capture_error_behaviour=found.behaviour,
        errors=found.errors,
    )


@router.get("/capture", permission=Permission.EPCIS_CAPTURE, gives=list[CaptureShown], media=MEDIA)
def list_captures(call: CallDep, perPage: Limit = 30, nextPageToken: CursorText = "") -> Response:  # noqa: N803
    """Give capture jobs, the latest first; the next page stands in Link."""
    before = call.cursors.read("epcis/captures", nextPageToken)
    with call.hospital.read() as session:
        jobs = epcis.captures(session, before=before[0] if before else "", limit=perPage + 1)
    mark = call.cursors.write("epcis/captures", [jobs[perPage - 1].capture_id]) if len(jobs) > perPage else ""
    return json_answer([_job(job) for job in jobs[:perPage]], link=_next(call, mark))


@router.get("/capture/{capture_id}", permission=Permission.EPCIS_CAPTURE, gives=CaptureShown, media=MEDIA)
def get_capture(call: CallDep, capture_id: Key) -> Response:
    """Give what became of a capture."""
    with call.hospital.read() as session:
        found = epcis.capture_of(session, capture_id)
    return json_answer(_job(found))


def _meaning(call: Call) -> Meaning:
    live = call.hospital.live

    def inside(place: str) -> list[str]:
        # a query by a ward means its rooms too; an address of another house means itself
        own = place.removeprefix(place_key(""))
        with call.hospital.ledger.steady:
            return [place, *(place_key(one) for one in live.inside(own))] if own in live.places else [place]

    told = call.request.headers.get("gs1-extensions", "")[:_MAX_TEXT]
    return Meaning(namespaces=epcis_queries.namespaces_in(told), inside=inside)


def _wanted(call: Call) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for name, text in call.request.query_params.multi_items():
        if "\x00" in text or len(text) > _MAX_TEXT:
            raise refused(name, "Expected a text.", "Shorten it.")
        # One parameter may hold several values, separated by a vertical bar (EPCIS 2.0, section 12).
        wanted.setdefault(name, []).extend(text.split("|"))
    return wanted


def _next(call: Call, mark: str) -> str:
    if not mark:
        return ""
    return f'<{call.request.url.include_query_params(nextPageToken=mark)}>; rel="next"'


def _shown(
    call: Call, asked: EventQuery, scope: str, page: tuple[int, str], *, name: str = "SimpleEventQuery"
) -> Response:
    """Answer a page of a query: (perPage, nextPageToken)."""
    limit, token = page
    after = call.cursors.read(scope, token)
    behind = (int(after[0]), int(after[1])) if after else None
    with call.hospital.read() as session:
        found = epcis.query(session, asked, after=behind, limit=limit)
    mark = call.cursors.write(scope, list(found.after)) if found.after else ""
    return json_answer(epcis.document(found, created=instant(call.now), name=name), link=_next(call, mark))


@router.get("/events", permission=Permission.EPCIS_QUERY, gives=dict[str, msgspec.Raw], media=MEDIA)
def query_events(call: CallDep, perPage: Limit = 30, nextPageToken: CursorText = "") -> Response:  # noqa: N803
    """Give events that meet every parameter of SimpleEventQuery; the next page stands in Link."""
    wanted = {name: values for name, values in _wanted(call).items() if name not in ("perPage", "nextPageToken")}
    asked = read_query(wanted, _meaning(call))
    return _shown(call, asked, f"epcis/{sorted(wanted.items())}", (perPage, nextPageToken))


@router.get("/events/{event_id:path}", permission=Permission.EPCIS_QUERY, gives=dict[str, msgspec.Raw], media=MEDIA)
def get_event(call: CallDep, event_id: Key) -> Response:
    """Give one event by its eventID; if its error was declared, the declaration."""
    # The hash form of an eventID ends in ?ver=CBV2.0, which a client may leave unescaped.
    version = call.request.query_params.get("ver", "")
    wanted = [event_id, f"{event_id}?ver={version}"] if version else [event_id]
    asked = read_query({"EQ_eventID": wanted, "orderBy": ["recordTime"], "orderDirection": ["DESC"]}, Meaning())
    with call.hospital.read() as session:
        page = epcis.query(session, asked, limit=1)
    if not page.events:
        raise NotFound("event", event_id)
    event: Event = {"@context": page.contexts or [CONTEXT], **page.events[0]}
    return json_answer(event)


class Vocabulary(StrEnum):
    """What is listed with the values in use."""

    EVENT_TYPES = "eventTypes"
    EPCS = "epcs"
    BIZ_STEPS = "bizSteps"
    BIZ_LOCATIONS = "bizLocations"
    READ_POINTS = "readPoints"
    DISPOSITIONS = "dispositions"


_PARAMETER_OF = {
    Vocabulary.EVENT_TYPES: "eventType",
    Vocabulary.EPCS: "MATCH_anyEPC",
    Vocabulary.BIZ_STEPS: "EQ_bizStep",
    Vocabulary.BIZ_LOCATIONS: "EQ_bizLocation",
    Vocabulary.READ_POINTS: "EQ_readPoint",
    Vocabulary.DISPOSITIONS: "EQ_disposition",
}


def _query_json(named: NamedQuery) -> dict[str, object]:
    return {"name": named.name, "query": named.query, "createdAt": instant(named.created_at)}


@router.get("/queries", permission=Permission.EPCIS_QUERY, gives=list[dict[str, msgspec.Raw]], media=MEDIA)
def list_queries(call: CallDep) -> Response:
    """Give the queries that are kept under a name."""
    with call.hospital.read() as session:
        found = epcis_queries.queries(session)
    return json_answer([_query_json(one) for one in found])


@router.post("/queries", permission=Permission.EPCIS_QUERY, takes=QueryTold, status=201, media=MEDIA)
async def add_query(call: CallDep) -> Response:
    """Keep a query under a name."""
    told = call.read(QueryTold)
    named = NamedQuery(
        name=told.name, query=epcis_queries.parameters_of(told.query), created_at=call.now, created_by=call.actor.id
    )
    await call.hospital.write(lambda session: epcis_queries.add_query(session, named))
    return json_answer(_query_json(named), 201, location=f"/epcis/queries/{named.name}")


@router.get("/queries/{name}", permission=Permission.EPCIS_QUERY, gives=dict[str, msgspec.Raw], media=MEDIA)
def get_query(call: CallDep, name: Key) -> Response:
    """Give a query by its name."""
    with call.hospital.read() as session:
        return json_answer(_query_json(epcis_queries.query_named(session, name)))


@router.delete("/queries/{name}", permission=Permission.EPCIS_QUERY, status=204)
async def delete_query(call: CallDep, name: Key) -> Response:
    """Forget a query and its subscriptions."""
    await call.hospital.write(lambda session: epcis_queries.delete_query(session, name))
    return Response(status_code=204, headers=_VERSIONS)


@router.get("/queries/{name}/events", permission=Permission.EPCIS_QUERY, gives=dict[str, msgspec.Raw], media=MEDIA)
def run_query(call: CallDep, name: Key, perPage: Limit = 30, nextPageToken: CursorText = "") -> Response:  # noqa: N803
    """Give the events that a named query finds now."""
    with call.hospital.read() as session:
        named = epcis_queries.query_named(session, name)
    asked = read_query(named.query, _meaning(call))
    return _shown(call, asked, f"epcis/queries/{name}", (perPage, nextPageToken), name=name)


@router.get("/trace", permission=Permission.EPCIS_QUERY, gives=TraceShown)
def trace_key(call: CallDep, epc: Traced) -> TraceShown:
    """Give where a lot, class or piece is now and who received it; of a GTIN all its lots and pieces."""
    with call.hospital.read() as session:
        found = epcis_queries.trace(session, epc)
    held = [
        HeldShown(
            place=one.place, quantity=one.quantity, unit=one.unit, since=instant(one.since_at), event_id=one.event_id
        )
        for one in found.held
    ]
    receipts = [
        ReceiptShown(
            receiver=one.receiver, kind=one.kind, quantity=one.quantity, at=instant(one.at), event_id=one.event_id
        )
        for one in found.receipts
    ]
    return TraceShown(key=found.key, held=held, receipts=receipts, events=found.events, is_whole=found.is_whole)


@router.get("/{kind}", permission=Permission.EPCIS_QUERY, gives=dict[str, msgspec.Raw], media=MEDIA)
def list_vocabulary(call: CallDep, kind: Vocabulary, perPage: Limit = 30, nextPageToken: CursorText = "") -> Response:  # noqa: N803
    """Give the values in use: event types, EPCs and classes, business steps, places, dispositions."""
    scope = f"epcis/vocabulary/{kind.value}"
    after = call.cursors.read(scope, nextPageToken)
    with call.hospital.read() as session:
        found = epcis_queries.vocabulary(session, kind.value, after=str(after[0]) if after else "", limit=perPage + 1)
    if kind is Vocabulary.EVENT_TYPES:
        found = sorted(EVENT_TYPES)
    mark = call.cursors.write(scope, [found[perPage - 1]]) if len(found) > perPage else ""
    return json_answer({"@context": [CONTEXT], "type": "Collection", "member": found[:perPage]}, link=_next(call, mark))


@router.get("/{kind}/{value:path}/events", permission=Permission.EPCIS_QUERY, gives=dict[str, msgspec.Raw], media=MEDIA)
def query_events_under(
    call: CallDep,
    kind: Vocabulary,
    value: Key,
    perPage: Limit = 30,  # noqa: N803
    nextPageToken: CursorText = "",  # noqa: N803
) -> Response:
    """Give the events of one value of a vocabulary that meet every further parameter."""
    wanted = {name: values for name, values in _wanted(call).items() if name not in ("perPage", "nextPageToken")}
    wanted[_PARAMETER_OF[kind]] = [value]
    asked = read_query(wanted, _meaning(call))
    if kind is Vocabulary.EPCS:
        # A lot or class is met in lists of quantities, a piece in lists of EPCs: both are meant here.
        asked.terms[-1] = replace(asked.terms[-1], fields=VOCABULARIES["epcs"])
    return _shown(call, asked, f"epcis/{kind.value}/{value}/{sorted(wanted.items())}", (perPage, nextPageToken))
