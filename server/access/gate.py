"""The sign-in layer: pure ASGI, outside of API and pages, for requests and sockets alike.

It finds out who is asking and notes it on the scope. Strangers never reach the pages or a socket; on the API each route
refuses them by its own declared permission. Framework middleware would leave sockets open, hence pure ASGI.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from starlette.responses import RedirectResponse, Response

from server.access.keys import PREFIX
from server.access.limits import Allowance
from server.access.pages import STYLE_PATH, Page
from server.access.service import Access
from server.access.sessions import LiveSession, same_text
from server.doors.context import PENDING_KEY, SESSION_KEY, actor_or_none, set_actor
from server.doors.problem import problem_response

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_IN_SET_UP = ("/healthz", "/readyz", "/set-up", STYLE_PATH)
GUARDED = ("/ui", "/m")
"""First parts of paths under which nothing is served to strangers, whatever stands behind them."""
OPEN_ASSETS = ("/m/manifest.webmanifest", "/m/icon.svg")


def is_under(path: str, part: str) -> bool:
    """Tell whether a path is a part or lies under it, however it is written.

    Parameters
    ----------
    path : str
        As in ``scope["path"]``, decoded once by the server.
    part : str
        Such as ``/ui``.

    Examples
    --------
    >>> is_under("/ui%2fsecret", "/ui"), is_under("/UI//x", "/ui"), is_under("/uix", "/ui")
    (True, True, False)
    """
    plain = path
    for _ in range(3):  # decoded again and again, so that doubly encoded slashes are seen too
        plain = unquote(plain)
    plain = "/" + plain.replace("\\", "/").lower().lstrip("/")
    return plain == part or plain.startswith(part + "/")


def cookie_name(*, is_secure: bool) -> str:
    """Give the session cookie's name; with TLS it is bound to the host by its prefix (RFC 6265bis, 4.1.3.2)."""
    return "__Host-ht_session" if is_secure else "ht_session"


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def _cookie(headers: Mapping[str, str], name: str) -> str:
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


class Gate:
    """The sign-in layer.

    Parameters
    ----------
    app : AsgiApp
        What stands behind it.
    access : Access
        Who may come in.
    is_secure : bool
        Whether people reach the server by TLS.
    """

    def __init__(self, app: AsgiApp, access: Access, *, is_secure: bool) -> None:
        self._app = app
        self._access = access
        self._cookie_name = cookie_name(is_secure=is_secure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or socket, or hand it on with who is asking."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        # programs first, without making a dict of the headers: a gateway asks thousands of times a minute
        refusal = self._identify_program(scope)
        if refusal is None and (actor_or_none(scope) is None or self._access.setup_link is not None):
            headers = _headers(scope)
            if actor_or_none(scope) is None:
                refusal = await self._identify_person(scope, headers)
            if refusal is None:
                refusal = self._refusal(scope, headers)
        if refusal is not None:
            await _refuse(refusal, scope, receive, send)
            return
        allowance = self._allowance(scope)
        if allowance is None:
            await self._app(scope, receive, send)
        elif allowance.is_allowed:
            await self._app(scope, receive, _telling(send, allowance))
        else:
            await _refuse(_too_many(scope, allowance), scope, receive, send)

    def _allowance(self, scope: Scope) -> Allowance | None:
        """Take a request from the asking key's bucket; None for people, who are limited by their sessions' pace."""
        actor = actor_or_none(scope)
        if actor is None or SESSION_KEY in scope:
            return None
        return self._access.key_limits.take(actor.id, now=self._access.hospital.clock.now())

    def _identify_program(self, scope: Scope) -> Response | None:
        """Note whose key was sent, or that none was; give a refusal if it is wrong."""
        bearer = ""
        for name, value in scope["headers"]:
            if name == b"authorization":
                bearer = value.decode("latin-1")
        actor = None
        if bearer:
            scheme = "bearer "  # in any case of letters, RFC 9110 section 11.1
            text = (bearer[len(scheme) :] if bearer.lower().startswith(scheme) else bearer).strip()
            now = self._access.hospital.clock.now()
            actor = self._access.keys.find(text, now=now) if text.startswith(PREFIX) else None
        set_actor(scope, actor)
        if not bearer or actor is not None:
            return None
        return problem_response(
            scope,
            status=401,
            detail="This API key is wrong, revoked or past its date.",
            code="key.wrong",
            headers={"www-authenticate": 'Bearer realm="hospital-twin", error="invalid_token"'},
        )

    async def _identify_person(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        """Note whose session it is; give a refusal if a browser was tricked into asking."""
        now = self._access.hospital.clock.now()
        if _is_foreign(scope, headers):
            return problem_response(
                scope, status=403, detail="This request was started by another website.", code="csrf"
            )
        cookie = _cookie(headers, self._cookie_name)
        if not cookie:
            return None
        sessions = self._access.sessions
        # a thread costs more than the look into memory that nearly every request needs
        if sessions.is_known(cookie):
            live = sessions.find(cookie, now=now)
        else:
            live = await asyncio.to_thread(sessions.find, cookie, now=now)
        if live is None:
            return None
        if _lacks_token(scope, headers, live):
            return problem_response(scope, status=403, detail="Send the session's token as X-CSRF-Token.", code="csrf")
        if live.owes is not None:
            # a stranger to everything but the next step of signing in
            scope[PENDING_KEY] = live.token_hash
            return None
        set_actor(scope, live.actor)
        scope[SESSION_KEY] = live.token_hash
        return None

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> Response | None:
        path = scope["path"]
        wants_page = scope.get("method") == "GET" and "text/html" in headers.get("accept", "")
        if self._access.setup_link is not None and path not in OPEN_IN_SET_UP and self._access.needs_set_up:
            if wants_page:
                return Page.of_headers(headers, self._access.hospital.settings).set_up_needed()
            return problem_response(
                scope,
                status=503,
                code="setup_required",
                detail="Nobody has set this hospital up yet: open the link that the server printed at its start.",
            )
        if actor_or_none(scope) is not None:
            return None
        is_guarded = any(is_under(path, part) for part in GUARDED) and path not in OPEN_ASSETS
        if scope["type"] == "http" and not is_guarded:
            return None
        if wants_page:
            asked = quote(path + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else ""))
            door = "/sign-in/next" if PENDING_KEY in scope else "/sign-in"
            return RedirectResponse(f"{door}?next={asked}", status_code=303, headers={"cache-control": "no-store"})
        return problem_response(scope, status=401, detail="Sign in first.")


def _telling(send: Send, allowance: Allowance) -> Send:
    extra = [(name.encode(), value.encode()) for name, value in allowance.headers()]

    async def send_with_allowance(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *extra]
        await send(message)

    return send_with_allowance


def _too_many(scope: Scope, allowance: Allowance) -> Response:
    return problem_response(
        scope,
        status=429,
        code="too_many_requests",
        detail=f"This key may ask {allowance.limit} times a minute: wait {allowance.reset_s} s; send in batches.",
        headers=dict(allowance.headers()),
    )


def _is_foreign(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Tell whether another website made a browser send this."""
    is_socket = scope["type"] == "websocket"
    if not is_socket and scope["method"] in SAFE_METHODS:
        return False
    # browsers send it by themselves and no page can forge it (Fetch Metadata); old ones send the origin
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return True
    origin = headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _lacks_token(scope: Scope, headers: Mapping[str, str], live: LiveSession) -> bool:
    """Tell whether a change is asked for with a cookie but without any proof that our own page asked."""
    if scope["type"] == "websocket":
        return "origin" not in headers
    if scope["method"] in SAFE_METHODS:
        return False
    sent = headers.get("x-csrf-token") or headers.get("x-csrftoken") or ""
    # a token that is sent must be right, even where the origin would do
    if sent:
        return not same_text(sent, live.csrf_token)
    return not ("origin" in headers or headers.get("sec-fetch-site") == "same-origin")


async def _refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await response(scope, receive, send)
        return
    # ASGI wants the connect message taken before a socket may be closed
    await receive()
    # RFC 6455 knows no reason before acceptance; 4401 is a private code that our scripts understand.
    await send({"type": "websocket.close", "code": 4401, "reason": "sign in first"})
