"""The outer layers as pure ASGI: request id, access log, size of bodies, security headers, and the last catch."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from server.app.counters import Counters
from server.doors.bodies import BODY_LIMIT
from server.doors.problem import BodyTooLarge, problem_response, unexpected
from twin.clock import Clock
from twin.ids import UniqueIds

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("hospital_twin.access_log")
failures = logging.getLogger("hospital_twin.server")

TOO_LARGE = f"The body is above {BODY_LIMIT} bytes: send smaller batches."
# what others send stands in our log and in answers: short, and nothing that breaks a line
_REQUEST_ID = re.compile(rb"^[A-Za-z0-9._-]{8,64}$")
API_POLICY = b"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"  # noqa: E501  # one header value
_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",
    b"permissions-policy": b"camera=(self), microphone=(), geolocation=()",
    b"cross-origin-opener-policy": b"same-origin",
    b"content-security-policy": API_POLICY,
}
_HSTS = (b"strict-transport-security", b"max-age=31536000")


class Frame:
    """Everything around a request that is the same for all of them.

    Parameters
    ----------
    app : AsgiApp
        What stands inside.
    clock : Clock
        Gives instants for request ids.
    counters : Counters
        Where requests are counted.
    is_secure : bool
        Whether people reach the server by TLS.
    """

    def __init__(self, app: AsgiApp, *, clock: Clock, counters: Counters, is_secure: bool) -> None:
        self._app = app
        self._clock = clock
        self._ids = UniqueIds()
        self._counters = counters
        self._headers = [*_HEADERS.items(), *([_HSTS] if is_secure else [])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; sockets and the lifespan pass with an id only."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id, announced = "", 0
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _REQUEST_ID.match(value):
                request_id = str(value.decode())
            elif name == b"content-length" and value.isdigit():
                announced = int(value)
        request_id = request_id or self._ids.next(self._clock.now())
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Exchange(self, scope, receive, send, request_id).run(announced)


class _Exchange:
    """One request and its answer."""

    def __init__(self, frame: Frame, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self._frame = frame
        self._scope = scope
        self._receive = receive
        self._send = send
        self._request_id = request_id
        self._status = 0
        self._received = 0

    async def run(self, announced: int) -> None:
        """Answer; whatever goes wrong inside becomes a problem with the request's id.

        Parameters
        ----------
        announced : int
            Bytes of the body as the request says, 0 if it does not.
        """
        began = time.perf_counter()
        try:
            if announced > BODY_LIMIT:
                raise BodyTooLarge(TOO_LARGE)
            await self._frame._app(self._scope, self._limited, self._with_headers)
        except BodyTooLarge:
            await self._answer_too_large()
        except Exception:
            failures.exception("a request failed", extra={"request_id": self._request_id})
            # an answer that has begun cannot be made another; the connection breaks off, which the client notices
            if not self._status:
                await unexpected(self._scope)(self._scope, self._receive, self._with_headers)
        finally:
            self._note(time.perf_counter() - began)

    async def _limited(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            # a body in chunks announces no length
            if self._received > BODY_LIMIT:
                raise BodyTooLarge(TOO_LARGE)
        return message

    async def _answer_too_large(self) -> None:
        if self._status:
            return
        response = problem_response(
            self._scope,
            status=413,
            detail=TOO_LARGE,
            # the rest of the body is still on its way and will not be read
            headers={"connection": "close"},
        )
        await response(self._scope, self._receive, self._with_headers)

    async def _with_headers(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = list(message["headers"])
            present = {name.lower() for name, _ in headers}
            # a page that needs another policy has set its own
            headers += [header for header in self._frame._headers if header[0] not in present]
            headers.append((b"x-request-id", self._request_id.encode()))
            message["headers"] = headers
        await self._send(message)

    def _note(self, seconds: float) -> None:
        # The route's pattern, never the path: paths carry ids of things and encounters.
        route = self._scope.get("route")
        pattern = getattr(route, "path", "") or self._scope.get("hospital_twin.part", "none")
        method = self._scope["method"]
        self._frame._counters.requests.observe(method, pattern, self._status, seconds)
        if log.isEnabledFor(logging.INFO):
            record = logging.LogRecord(log.name, logging.INFO, __file__, 0, "request", (), None)
            # made by hand: ``log.info`` would look through the stack for who called, at each request
            record.facts = {
                "request_id": self._request_id,
                "method": method,
                "route": pattern,
                "status": self._status,
                "ms": round(seconds * 1000, 2),
            }
            log.handle(record)
