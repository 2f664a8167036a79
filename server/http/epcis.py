"""EPCIS 2.0: capture events of things that move, and query them."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlmodel import Session
from starlette.responses import Response

from interop.epcis.document import Event, events_of
from interop.service import epcis
from interop.service.epcis import CONTEXT, Capture
from server.doors.bodies import decode
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit, PathText
from server.doors.router import Router
from server.http.views import instant
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, HospitalTwinError, NotFound

router = Router("/epcis", tag="epcis")

MEDIA = "application/ld+json"
_OURS = ("perPage", "nextPageToken")
_MAX_TEXT = 400
_HEADERS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0", "cache-control": "no-store"}


class CaptureShown(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A capture job."""

    capture_id: str = msgspec.field(name="captureID")
    created_at: str
    finished_at: str
    running: bool
    success: bool
    capture_error_behaviour: str
    errors: list[str]


def _json(value: object, status: int = 200, *, link: str = "", location: str = "") -> Response:
    more = {name: text for name, text in (("link", link), ("location", location)) if text}
    return Response(msgspec.json.encode(value), status, _HEADERS | more, MEDIA)


def _context_of(document: dict[str, Any]) -> str:
    told = document.get("@context", [CONTEXT])
    return msgspec.json.encode(told if isinstance(told, list) else [told]).decode()


@router.post("/capture", permission=Permission.EPCIS_CAPTURE, takes=dict[str, Any], status=202)
async def capture_events(call: CallDep) -> Response:
    """Capture an EPCIS document: all its events or none, unless GS1-Capture-Error-Behaviour is proceed."""
    told = decode(call.body, dict[str, Any])
    behaviour = call.request.headers.get("gs1-capture-error-behaviour", "rollback")
    if behaviour not in ("rollback", "proceed"):
        name = "GS1-Capture-Error-Behaviour"
        problem = FieldProblem(
            field=name, place=name, message="Expected rollback or proceed.", cure="Send one of these."
        )
        raise FieldError(problem)
    events, capture_id = events_of(told), call.hospital.new_id()
    source, now = call.actor.source or f"user:{call.actor.id}", call.now

    def use_case(session: Session) -> None:
        errors: list[str] = []
        for index, event in enumerate(events):
            try:
                with session.begin_nested():
                    epcis.store(
                        session, event, index=index, capture_id=capture_id, source=source,
                        context=_context_of(told), now=now,
                    )  # fmt: skip
            except HospitalTwinError as error:
                if behaviour == "rollback":
                    raise
                errors.append(error.message)
        epcis.note_capture(
            session,
            Capture(
                capture_id=capture_id, created_at=now, finished_at=now, is_success=not errors, behaviour=behaviour,
                errors=errors,
            ),
        )  # fmt: skip

    await call.hospital.write(use_case)
    return _json({}, 202, location=f"/epcis/capture/{capture_id}")


@router.get("/capture/{capture_id}", permission=Permission.EPCIS_CAPTURE, gives=CaptureShown)
def get_capture(call: CallDep, capture_id: PathText) -> CaptureShown:
    """Give what became of a capture."""
    with call.hospital.read() as session:
        found = epcis.capture_of(session, capture_id)
    return CaptureShown(
        capture_id=found.capture_id, created_at=instant(found.created_at), finished_at=instant(found.finished_at),
        running=False, success=found.is_success, capture_error_behaviour=found.behaviour, errors=found.errors,
    )  # fmt: skip


def _wanted(call: Call) -> dict[str, list[str]]:
    wanted: dict[str, list[str]] = {}
    for name, text in call.request.query_params.multi_items():
        if name in _OURS:
            continue
        if "\x00" in text or len(text) > _MAX_TEXT * 50:
            problem = FieldProblem(field=name, place=f"/query/{name}", message="Expected a text.", cure="Shorten it.")
            raise FieldError(problem)
        # One parameter may hold several values, separated by a vertical bar (EPCIS 2.0, section 12).
        wanted.setdefault(name, []).extend(text.split("|"))
    return wanted


@router.get("/events", permission=Permission.EPCIS_QUERY, gives=dict[str, msgspec.Raw], media=MEDIA)
def query_events(call: CallDep, perPage: Limit = 30, nextPageToken: CursorText = "") -> Response:  # noqa: N803
    """Give events that meet every parameter of SimpleEventQuery; the next page stands in Link."""
    wanted = _wanted(call)
    scope = f"epcis/{sorted(wanted.items())}"
    after = call.cursors.read(scope, nextPageToken)
    with call.hospital.read() as session:
        page = epcis.query(session, wanted, after=after[0] if after else 0, limit=perPage)
    link = ""
    if page.after:
        url = call.request.url.include_query_params(nextPageToken=call.cursors.write(scope, [page.after]))
        link = f'<{url}>; rel="next"'
    return _json(epcis.document(page, created=instant(call.now)), link=link)


@router.get("/events/{event_id:path}", permission=Permission.EPCIS_QUERY, gives=dict[str, msgspec.Raw], media=MEDIA)
def get_event(call: CallDep, event_id: PathText) -> Response:
    """Give one event by its eventID."""
    with call.hospital.read() as session:
        page = epcis.query(session, {"EQ_eventID": [event_id]}, after=0, limit=1)
    if not page.events:
        raise NotFound("event", event_id)
    event: Event = {"@context": page.contexts, **page.events[0]}
    return _json(event)
