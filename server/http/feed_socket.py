"""Subscriptions to FHIR topics over a WebSocket: a token binds the socket to subscriptions, notifications follow.

References
----------
HL7 Subscriptions R5 Backport 1.1.0 for FHIR R4, channel ``websocket`` and ``$get-ws-binding-token``.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from interop.fhir.resources import Json, Resource, instant
from interop.fhir.topics import WEBSOCKET
from interop.service.subscriptions import FHIR, State, Subscription, subscription
from server.doors.context import SESSION_KEY, CallDep
from server.doors.pages import Cursors
from server.doors.router import Router
from server.http import fhir as fhir_door
from server.subscribing import Sending, TopicFeed
from server.wiring import Hospital
from twin.access import Permission
from twin.clock import MINUTE_US
from twin.errors import Conflict, HospitalTwinError, NotFound

# This module stands before ``fhir`` in the order of names, as ``feeds`` does.
router = Router("/fhir", tag="subscriptions")

PATH = "/fhir/$subscription-events"
_SCOPE = "fhir/ws-binding"
_VALID_US = 5 * MINUTE_US  # from token to binding: a client connects at once
_BIND = re.compile(r"\s*bind-with-token:?\s+([A-Za-z0-9_-]{1,600})\s*")
_BIND_WITHIN_S, _LOOK_S = 30.0, 0.5
_MOST_BOUND = 50
_POLICY, _GONE = 1008, 1000  # close codes of RFC 6455, 7.4.1


@router.get(
    "/Subscription/{key}/$get-ws-binding-token",
    permission=Permission.FHIR_READ,
    gives=dict[str, msgspec.Raw],
    media=fhir_door.MEDIA,
)
def get_binding_token(call: CallDep, key: fhir_door.Key) -> Response:
    """Give a token that binds a WebSocket to a subscription, for five minutes, and where to connect."""
    hospital = call.hospital
    with hospital.read() as session:
        one = subscription(session, key, kind=FHIR)
    if one.wanted.channel != WEBSOCKET:
        raise Conflict(f"Subscription {key} has a {one.wanted.channel} channel.", code="fhir.channel")
    until = call.now + _VALID_US
    public = hospital.settings.public_url or str(call.request.base_url).rstrip("/")
    parameters: list[Json] = [
        {"name": "token", "valueString": call.cursors.write(_SCOPE, [key, until])},
        {"name": "expiration", "valueDateTime": instant(until)},
        {"name": "subscription", "valueString": key},
        {"name": "websocket-url", "valueUrl": re.sub(r"^http", "ws", public) + PATH},
    ]
    made: Resource = {"resourceType": "Parameters", "parameter": parameters}
    return fhir_door.answer(made)


@dataclass(slots=True)
class _Line:
    """One connection: what it is bound to, and what was not bound."""

    hospital: Hospital
    feed: TopicFeed
    bound: dict[str, bool] = field(default_factory=dict)  # whether its handshake is still to come
    was_bound: bool = False

    def bind(self, text: str) -> str:
        """Bind by a client's message; gives what is wrong, empty if it is bound."""
        found = _BIND.fullmatch(text)
        if found is None:
            return "Expected bind-with-token: TOKEN."
        try:
            key, until = Cursors(self.hospital.secret).read(_SCOPE, found[1]) or ("", 0)
        except (HospitalTwinError, ValueError):
            return "This token was not given here."
        if int(until) < self.hospital.clock.now():
            return "This token is past its date: ask for another one."
        if len(self.bound) >= _MOST_BOUND:
            return f"One socket is bound to at most {_MOST_BOUND} subscriptions."
        self.bound[str(key)] = self.was_bound = True
        return ""

    def waiting(self) -> list[tuple[Subscription, Sending]]:
        """Give what is to be sent now; forgets subscriptions that were deleted or turned off."""
        now, found = self.hospital.clock.now(), []
        with self.hospital.read() as session:
            for key in list(self.bound):
                one = self._held(session, key)
                if one is None:
                    del self.bound[key]
                    continue
                sending = self._next(session, one, now)
                if sending is not None:
                    found.append((one, sending))
        return found

    def _held(self, session: Session, key: str) -> Subscription | None:
        try:
            one = subscription(session, key, kind=FHIR)
        except NotFound:
            return None
        return None if one.state is State.OFF or one.wanted.channel != WEBSOCKET else one

    def _next(self, session: Session, one: Subscription, now: int) -> Sending | None:
        # Each new socket is greeted, also for a subscription that was active before: the total shows what it missed.
        if self.bound[one.id]:
            self.bound[one.id] = False
            return self.feed.made(one, "handshake", (), now, position=one.position)
        return self.feed.next(session, one, now)

    def taken(self, one: Subscription, sending: Sending) -> None:
        """Keep that a notification was sent."""
        self.feed.note(one, sending, self.hospital.clock.now())


@router.socket("/$subscription-events", permission=Permission.FHIR_READ)
async def follow_subscriptions(socket: WebSocket) -> None:
    """Send the notifications of the subscriptions to which the client binds the socket."""
    hospital: Hospital = socket.app.state.hospital
    line = _Line(hospital, TopicFeed(hospital))
    await socket.accept()
    with suppress(WebSocketDisconnect):
        problem = await _listen(socket, line, _BIND_WITHIN_S)
        while line.bound and not problem and _may_go_on(socket):
            sent = 0
            for one, sending in await run_in_threadpool(line.waiting):
                await socket.send_text(sending.body.decode())
                await run_in_threadpool(line.taken, one, sending)
                sent += sending.count
            problem = await _listen(socket, line, 0.0 if sent else _LOOK_S)
    if socket.application_state is not WebSocketState.DISCONNECTED and socket.client_state is WebSocketState.CONNECTED:
        reason = problem or "Nothing to be told any more."
        await socket.close(_POLICY if problem else _GONE, reason[:120])


def _may_go_on(socket: WebSocket) -> bool:
    """Tell whether who opened the socket is still let in: a session ends, a key is revoked."""
    access, now = socket.app.state.access, socket.app.state.hospital.clock.now()
    token_hash = str(socket.scope.get(SESSION_KEY, ""))
    if token_hash:
        return bool(access.sessions.is_alive(token_hash, now=now))
    bearer = socket.headers.get("authorization", "").removeprefix("Bearer ").strip()
    return access.keys.find(bearer, now=now) is not None


async def _listen(socket: WebSocket, line: _Line, within_s: float) -> str:
    """Take one message of the client, if one comes in time; gives what is wrong with it."""
    try:
        text = await asyncio.wait_for(socket.receive_text(), within_s or 0.001)
    except TimeoutError:
        return "" if line.was_bound else "Expected bind-with-token within 30 s."
    except KeyError:
        return "Expected text, got octets."
    return line.bind(text)
