"""Events in and out: single, in batches, and read back after a position."""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Annotated, Any

import msgspec
from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from server.doors.answers import answers_of
from server.doors.bodies import body_of, decode, field_error
from server.doors.context import CallDep, actor_of, hospital_of
from server.doors.pages import Sequence, Text
from server.doors.router import Router
from server.http.sight import may_see_event
from server.wiring import Hospital
from twin.access import Actor, Permission
from twin.clock import DAY_US
from twin.errors import DecodeError, FieldError, FieldProblem, Forbidden, ImportRefused
from twin.events.envelope import Event
from twin.events.registry import EVENT_TYPES
from twin.ports import Stored

router = Router("/v1", tag="events")

BATCH_LIMIT = 5000
AHEAD_US = DAY_US  # a claim far in the future would outrank all that come after it
NDJSON = "application/x-ndjson"
DURABLE = {"durability": "committed"}
_MAX_TEXT = 300
_PROBLEMS_SHOWN = 100

PERSONS_ONLY = frozenset(
    {
        "AlarmAcknowledged",
        "AlarmShelved",
        "AlarmUnshelved",
        "AlarmRaised",
        "AlarmCleared",
        "LoadReleased",
        "LoadRejected",
        "PlanPublished",
        "ShiftRequestChanged",
    }
)
"""What a person decides or the hospital itself concludes: no program may state it; each has a door of its own."""

AnyEvent: Any = reduce(or_, EVENT_TYPES.values())
"""Every event type, told apart by ``type``."""

_one = msgspec.json.Decoder(AnyEvent)
_many = msgspec.json.Decoder(list[AnyEvent])
_raws = msgspec.json.Decoder(list[msgspec.Raw])


class EventBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events to store together: all of them or none."""

    events: Annotated[list[AnyEvent], msgspec.Meta(min_length=1, max_length=BATCH_LIMIT)]


class _RawBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    events: msgspec.Raw


class StoredEvent(msgspec.Struct, frozen=True, gc=False):
    """What became of one event; ``is_new`` is false if it was stored before."""

    sequence: int
    id: str
    is_new: bool


class StoredBatch(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch, in its order."""

    stored: int
    duplicates: int
    results: list[StoredEvent]


class LedgerEntry(msgspec.Struct, frozen=True):
    """An event and its position."""

    sequence: int
    event: msgspec.Raw


class LedgerPage(msgspec.Struct, frozen=True, kw_only=True):
    """Events in ledger order; ask again with ``after`` = ``next_after``."""

    events: list[LedgerEntry]
    next_after: int
    last_sequence: int


_event_encoder = msgspec.json.Encoder()


def _are_plain(events: list[Event], actor: Actor, latest: int) -> bool:
    """Give whether :func:`check` would find nothing in any of them.

    Nearly all batches are plain. Looked at column by column, thousands of equal values (a gateway's source, the actor,
    the confidence) are looked at once: event by event the same costs twice as much, a tenth of a whole batch.
    """
    instants = [event.occurred_at for event in events]
    if min(instants) <= 0 or max(instants) > latest:
        return False
    if {event.id for event in events} != {""} or {event.recorded_at for event in events} != {0}:
        return False
    if actor.source and not PERSONS_ONLY.isdisjoint(kind.__name__ for kind in {event.__class__ for event in events}):
        return False
    sources = {event.source for event in events}
    return (
        (sources == {actor.source} if actor.source else _are_texts(sources))
        and {event.actor for event in events} <= {"", actor.id}
        and all(0.0 <= confidence <= 1.0 for confidence in {event.confidence for event in events})
        and _are_texts([event.thing for event in events])
        and _are_texts([event.source_key for event in events])
    )


def _are_texts(texts: Collection[str]) -> bool:
    lengths = set(map(len, texts))
    return min(lengths) > 0 and max(lengths) <= _MAX_TEXT and "\0" not in "".join(texts)


def _problem(event: Event, actor: Actor, *, latest: int) -> tuple[str, str, str] | None:
    """Give field, message and cure of what is wrong with an event as this actor sent it, if anything is."""
    if event.id or event.recorded_at:
        return "id" if event.id else "recorded_at", "This is given by the ledger.", "Leave it out."
    if actor.source and event.source != actor.source:
        return (
            "source",
            f"This key writes for {actor.source!r} only, got {event.source[:60]!r}.",
            "Send that source.",
        )
    if event.actor and event.actor != actor.id:
        return "actor", f"Expected {actor.id!r} or nothing.", "Leave it out."
    if not 0 < event.occurred_at <= latest:
        cure = "Send UTC microseconds since 1970, and set the sender's clock."
        return "occurred_at", f"Expected 1 to {latest} (a day ahead), got {event.occurred_at}.", cure
    for name in ("thing", "source", "source_key"):
        value = getattr(event, name)
        if not value or len(value) > _MAX_TEXT or "\0" in value:
            return name, f"Expected 1 to {_MAX_TEXT} characters without NUL.", "Send such a text."
    if not 0.0 <= event.confidence <= 1.0:
        return "confidence", f"Expected 0 to 1, got {event.confidence}.", "Send a probability."
    return None


def check(events: list[Event], actor: Actor, *, now: int, prefix: str) -> None:
    """Let pass events that this actor may state.

    Parameters
    ----------
    events : list[Event]
        As decoded.
    actor : Actor
        Who sends them.
    now : int
        UTC microseconds.
    prefix : str
        JSON pointer of the list; of the event itself if it ends without slash and there is one.

    Raises
    ------
    Forbidden
        If one is stated for another source, or only a person may state it.
    FieldError
        If one cannot be used.
    ImportRefused
        If more than one cannot be used.
    """
    found: list[FieldProblem] = []
    latest = now + AHEAD_US
    if not events or _are_plain(events, actor, latest):
        return
    for index, event in enumerate(events):
        name = event.__class__.__name__
        # a gateway whose key was stolen must not be able to sign for a person
        if actor.source and name in PERSONS_ONLY:
            raise _forbidden(f"{prefix}/{index}: {name} is not for programs: use its own door under /v1.", "type")
        problem = _problem(event, actor, latest=latest)
        if problem is not None:
            field, message, cure = problem
            place = f"{prefix}/{index}/{field}" if prefix else f"/{field}"
            if field == "source":
                raise _forbidden(f"{place}: {message}", "source")
            found.append(FieldProblem(field=field, place=place, message=message, cure=cure))
            if len(found) >= _PROBLEMS_SHOWN:
                break
    if len(found) == 1:
        raise FieldError(found[0])
    if found:
        raise ImportRefused("events", found)


def _forbidden(message: str, code: str) -> Forbidden:
    error = Forbidden(Permission.EVENTS_WRITE)
    error.message, error.code = message, f"forbidden.{code}"
    return error


def decode_one(body: bytes) -> Event:
    """Decode one event.

    Raises
    ------
    FieldError
        If a field does not fit; it is named.
    DecodeError
        If it is no JSON.
    """
    try:
        event: Event = _one.decode(body)
    except msgspec.ValidationError as error:
        raise field_error(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"Expected a JSON event: {error}.", code="body.json") from error
    return event


def decode_batch(body: bytes, *, is_ndjson: bool) -> list[Event]:
    """Decode a batch: ``{"events": [...]}``, a bare list, or one event per line.

    Parameters
    ----------
    body : bytes
        As sent.
    is_ndjson : bool
        Whether each line is an event.

    Raises
    ------
    FieldError
        If one event does not fit, or there are none or too many.
    ImportRefused
        If several do not fit; each is named by its index.
    DecodeError
        If it is no JSON.
    """
    if is_ndjson:
        raws = [msgspec.Raw(line) for line in body.split(b"\n") if line.strip()]
        _check_count(len(raws))
        return _one_by_one(raws)
    text = body.lstrip()
    # the list is decoded from the bytes as they stand: a second pass through objects would cost as much as the first
    listed = text if text[:1] == b"[" else bytes(decode(body, _RawBatch).events)
    try:
        events: list[Event] = _many.decode(listed)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            # only when something is wrong: event by event, so that each is named by its index
            raws = _raws.decode(listed)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DecodeError(f"Expected a list of events: {error}.", code="body.json") from error
        _check_count(len(raws))
        return _one_by_one(raws)
    _check_count(len(events))
    return events


def _check_count(count: int) -> None:
    if not 1 <= count <= BATCH_LIMIT:
        problem = FieldProblem(
            field="events",
            place="/events",
            message=f"Expected 1 to {BATCH_LIMIT} events, got {count}.",
            cure="Send several batches.",
        )
        raise FieldError(problem)


def _one_by_one(raws: list[msgspec.Raw]) -> list[Event]:
    events: list[Event] = []
    found: list[FieldProblem] = []
    for index, raw in enumerate(raws):
        try:
            events.append(_one.decode(raw))
        except msgspec.ValidationError as error:
            found.append(field_error(error, prefix=f"/events/{index}").problem)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            message = f"Expected a JSON event: {error}."
            found.append(FieldProblem(field="event", place=f"/events/{index}", message=message, cure="Mend it."))
        if len(found) >= _PROBLEMS_SHOWN:
            break
    if len(found) == 1:
        raise FieldError(found[0])
    if found:
        raise ImportRefused("events", found)
    return events


async def _store(hospital: Hospital, events: list[Event]) -> list[Stored]:
    stored: list[Stored] = await answers_of(hospital).expect(lambda answer: hospital.ledger.send(events, answer))
    return stored


@router.post("/events", permission=Permission.EVENTS_WRITE, raw=True, takes=AnyEvent, gives=StoredEvent, status=201)
async def store_event(request: Request) -> Response:
    """Store one event; answered when it is durable. The same (source, source_key) again changes nothing."""
    hospital, actor = hospital_of(request), actor_of(request.scope)
    event = decode_one(await body_of(request))
    check([event], actor, now=hospital.clock.now(), prefix="")
    (stored,) = await _store(hospital, [event])
    body = _event_encoder.encode(StoredEvent(stored.sequence, stored.event.id, stored.is_new))
    return Response(body, 201 if stored.is_new else 200, DURABLE, "application/json")


@router.post(
    "/events:batch",
    permission=Permission.EVENTS_WRITE,
    raw=True,
    takes=EventBatch,
    gives=StoredBatch,
    takes_media=("application/json", NDJSON),
)
async def store_events(request: Request) -> Response:
    """Store up to 5,000 events together, all or none; answered when they are durable."""
    hospital, actor = hospital_of(request), actor_of(request.scope)
    is_ndjson = request.headers.get("content-type", "").partition(";")[0].strip() == NDJSON
    events = decode_batch(await body_of(request), is_ndjson=is_ndjson)
    check(events, actor, now=hospital.clock.now(), prefix="/events")
    stored = await _store(hospital, events)
    results = [StoredEvent(one.sequence, one.event.id, one.is_new) for one in stored]
    new = sum(one.is_new for one in stored)
    answer = StoredBatch(stored=new, duplicates=len(stored) - new, results=results)
    return Response(_event_encoder.encode(answer), 200, DURABLE, "application/json")


@router.get("/events", permission=Permission.EVENTS_READ, gives=LedgerPage)
def list_events(
    call: CallDep,
    after: Sequence = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    thing: Text = "",
) -> LedgerPage:
    """Read stored events after a position, in ledger order.

    What tells where a person is needs the right to see encounters; to others the page is shorter by these.
    """
    with call.hospital.read() as session:
        found = call.hospital.ledger.read(session, after=after, limit=limit, thing=thing)
    with call.hospital.ledger.steady:
        seen = [one for one in found if may_see_event(call.hospital.live, call.actor, one.event)]
    entries = [LedgerEntry(one.sequence, msgspec.Raw(_event_encoder.encode(one.event))) for one in seen]
    return LedgerPage(
        events=entries,
        next_after=found[-1].sequence if found else after,
        last_sequence=call.hospital.ledger.last_sequence(),
    )
