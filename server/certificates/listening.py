"""The unencrypted door of a server that signs for itself: the page for phones, and the way to everything else."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.access.pages import STYLE, STYLE_PATH, Page
from server.certificates.authority import Authority
from server.certificates.page import PATH, file_of, install_page
from twin.settings import Settings

log = logging.getLogger("hospital_twin.server")

PLAIN_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
"""The page has a style and links; nothing else may happen on it."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def plain_app(settings: Settings, authority: Authority) -> AsgiApp:
    """Build the application of the unencrypted door; nothing of the hospital is behind it.

    Parameters
    ----------
    settings : Settings
        Port of the encrypted server.
    authority : Authority
        Whose certificate phones fetch.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = _answer(request, settings, authority)
        response.headers.setdefault("x-content-type-options", "nosniff")
        response.headers.setdefault("content-security-policy", PLAIN_POLICY)
        await response(scope, receive, send)

    return app


def _answer(request: Request, settings: Settings, authority: Authority) -> Response:
    host = request.url.hostname or "localhost"
    shown = f"[{host}]" if ":" in host else host
    secure = f"https://{shown}:{settings.port}"
    path = request.url.path
    if request.method not in {"GET", "HEAD"}:
        return Response("", 405, headers={"allow": "GET, HEAD"})
    if path == STYLE_PATH:
        return Response(STYLE, media_type="text/css")
    if path in {"/", PATH}:
        page = Page.of_headers(request.headers, settings)
        agent = request.headers.get("user-agent", "")
        return install_page(page, authority, agent=agent, handheld=f"{secure}/m/")
    file = file_of(authority, path)
    # what somebody typed without the s goes on encrypted; a form's content never comes this way
    return file if file is not None else RedirectResponse(f"{secure}{path}", status_code=307)


class _Beside(uvicorn.Server):
    """A server beside the main one: the signals that end the process belong to that."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def _bound(settings: Settings) -> socket.socket | None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.install_port))
    except OSError as error:
        listening.close()
        # the hospital works without this door; phones find the page on the encrypted one, behind a warning
        log.warning("no page for phones on port %d: %s", settings.install_port, error)
        return None
    return listening


@asynccontextmanager
async def plain_door(settings: Settings, authority: Authority) -> AsyncIterator[None]:
    """Serve the unencrypted door as long as the block lasts; without it if the port is taken.

    Parameters
    ----------
    settings : Settings
        Address and ports.
    authority : Authority
        Whose certificate phones fetch.
    """
    listening = _bound(settings)
    if listening is None:
        yield
        return
    server = _Beside(
        uvicorn.Config(
            plain_app(settings, authority),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
        listening.close()
