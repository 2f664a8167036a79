"""Server-sent events: a snapshot and then deltas of the topics that a page shows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from server.doors.context import SESSION_KEY, actor_of, hospital_of
from server.doors.router import SELF, Router
from server.http.hub import SHOWS, TICK_S, Hub
from server.wiring import Hospital
from twin.access import Actor, Permission
from twin.errors import FieldError, FieldProblem
from twin.ports import Stored

router = Router("/v1", tag="stream")

log = logging.getLogger("hospital_twin.server")

HEARTBEAT_S = 5.0
LOOK_S = 1.0
TOPIC_PERMISSIONS = {
    "positions": Permission.DEVICES_READ,
    "alarms": Permission.ALARMS_READ,
    "kpi": Permission.OVERVIEW_READ,
    "tasks": Permission.TASKS_READ,
}
"""What each topic needs, besides being signed in."""

_PARAMETERS = (
    {
        "name": "topics",
        "in": "query",
        "required": False,
        "description": "Comma-separated; all that one may read if left out.",
        "schema": {"type": "string", "pattern": "^(positions|alarms|kpi|tasks)(,(positions|alarms|kpi|tasks))*$"},
    },
    {
        "name": "Last-Event-ID",
        "in": "header",
        "required": False,
        "description": "Last frame received.",
        "schema": {"type": "string", "maxLength": 20, "pattern": "^[0-9]{1,18}$"},
    },
)


def hub_of(hospital: Hospital) -> Hub:
    """Give the hub of a hospital; made when first asked for."""
    held = hospital.services.get("hub")
    if not isinstance(held, Hub):
        held = Hub(hospital.live, hospital.clock.now, hospital.ledger.steady)
        hospital.services["hub"] = held
    return held


@asynccontextmanager
async def ticking(hospital: Hospital) -> AsyncIterator[None]:
    """Make frames of what changed, tick by tick, as long as the server runs.

    What comes after a rest is shown at once; in a flood of changes there is one tick in each ``TICK_S``.

    Parameters
    ----------
    hospital : Hospital
        Its ledger tells what changes.
    """
    hub, loop, changed = hub_of(hospital), asyncio.get_running_loop(), asyncio.Event()

    def note(batch: Sequence[Stored]) -> None:
        hub.note(batch)
        if not loop.is_closed():
            loop.call_soon_threadsafe(changed.set)

    subscription = hospital.ledger.subscribe("server.stream", note, is_durable=False)

    async def run() -> None:
        while True:
            await changed.wait()
            # Before the tick: what is noted while the frames are made asks for the next one.
            changed.clear()
            try:
                hub.tick()
            except Exception:  # else one thing that cannot be shown would stop the streams of everybody, unseen
                log.exception("A tick of the streams failed")
            await asyncio.sleep(TICK_S)

    task = asyncio.create_task(run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(subscription.stop)


def _topics(request: Request, actor: Actor) -> frozenset[str]:
    text = request.query_params.get("topics")
    if text is None:
        return frozenset(topic for topic, needed in TOPIC_PERMISSIONS.items() if actor.may(needed))
    asked = text.split(",")
    if any(topic not in SHOWS for topic in asked):
        problem = FieldProblem(
            field="topics",
            place="/query",
            message=f"Expected one or more of {', '.join(sorted(SHOWS))}.",
            cure="Name them with commas between.",
        )
        raise FieldError(problem)
    return frozenset(asked)


def _last_id(request: Request) -> int | None:
    text = request.headers.get("last-event-id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


@router.get("/stream", permission=SELF, raw=True, media="text/event-stream", parameters=_PARAMETERS)
async def stream(request: Request) -> Response:
    """Follow topics: a snapshot, then what changes; Last-Event-ID goes on where one was."""
    hospital, actor = hospital_of(request), actor_of(request.scope)
    topics = _topics(request, actor)
    for topic in topics:
        actor.require(TOPIC_PERMISSIONS[topic])
    body = _frames(request, hub_of(hospital), topics, _last_id(request))
    # nginx would gather the frames of minutes before it hands them on
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)


async def _frames(request: Request, hub: Hub, topics: frozenset[str], last: int | None) -> AsyncIterator[bytes]:
    hospital = hospital_of(request)
    access = request.app.state.access
    actor, token_hash = actor_of(request.scope), str(request.scope.get(SESSION_KEY, ""))
    listener, first = hub.join(topics, last=last)
    silent_s = 0.0
    try:
        yield b"retry: 2000\n\n"
        for data in first:
            yield data
        # a slow client still gets what waits for it, then the stream ends and it comes back by its last number
        while not listener.is_slow or not listener.waiting.empty():
            try:
                frame = await asyncio.wait_for(listener.waiting.get(), LOOK_S)
            except TimeoutError:
                silent_s += LOOK_S
            else:
                silent_s = 0.0
                yield frame.data
            # asked again and again: a stream outlives what let it begin by hours
            now = hospital.clock.now()
            is_alive = (
                access.sessions.is_alive(token_hash, now=now) if token_hash else access.keys.is_alive(actor, now=now)
            )
            if not is_alive:
                yield b"event: ended\ndata: {}\n\n"
                return
            if silent_s >= HEARTBEAT_S:
                silent_s = 0.0
                yield b'event: heartbeat\ndata: {"now":%d}\n\n' % hospital.clock.now()
    finally:
        hub.leave(listener)
