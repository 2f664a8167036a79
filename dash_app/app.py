"""The pages as one ASGI application, to stand beside the API behind the server's dispatcher and sign-in layer."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from pathlib import Path
from typing import Any

import dash
from dash.backends._fastapi import reset_current_request, set_current_request
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from dash_app.pages import frame
from dash_app.pages.guard import NOTICE, Callbacks
from dash_app.pages.registry import PAGES, page_for
from dash_app.queries.port import HospitalPort
from dash_app.texts import preferences
from dash_app.texts.catalogue import gettext as _

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("hospital_twin.pages")

STATIC = Path(__file__).parent / "static"

_INDEX = """<!DOCTYPE html>
<html lang="{language}" data-theme="{theme}" data-mantine-color-scheme="{theme}">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="ht-settings" content="{settings}">
<title>{title}</title>
<link rel="icon" type="image/svg+xml" href="{prefix}assets/icon.svg">
{css}
</head>
<body>
{app_entry}
<footer>{config}{scripts}{renderer}</footer>
</body>
</html>"""


class _HospitalDash(dash.Dash):
    """Dash whose index carries the reader's language, theme and words for the scripts."""

    port: HospitalPort

    def interpolate_index(self, **parts: str) -> str:  # type: ignore[override]  # Dash passes every part by name
        """Fill the index; called by Dash for each page load."""
        reader = preferences.PREFERENCES.get()
        return _INDEX.format(
            language=reader.html_language,
            theme=reader.theme,
            title=escape(f"{self.port.settings.site_name} · {_('Hospital Twin')}"),
            prefix=self.config.requests_pathname_prefix,
            settings=escape(json.dumps(frame.script_settings(self.port), ensure_ascii=False), quote=True),
            css=parts["css"],
            app_entry=parts["app_entry"],
            config=parts["config"],
            scripts=parts["scripts"],
            renderer=parts["renderer"],
        )


def _tell_error(error: Exception) -> None:
    """Log what a callback did not foresee and tell the reader; the rest of the page goes on working."""
    log.error("A page's callback failed", exc_info=error)
    dash.set_props(NOTICE, {"children": _("This part of the page failed; the failure has been logged. Try again.")})


def build_dash(port: HospitalPort, *, prefix: str = "/ui/") -> dash.Dash:
    """Build the Dash application with all pages and callbacks, for :func:`build_ui` and for tests.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    prefix : str, optional
        Where the pages stand, with both slashes.

    Returns
    -------
    dash.Dash
        On a FastAPI application of its own, without documentation pages.
    """
    server = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app = _HospitalDash(
        "dash_app",
        server=server,  # type: ignore[arg-type]  # Dash takes FastAPI, its annotation does not say so
        assets_folder=str(STATIC),
        # Dash puts every script of the folder on every page; the handheld and the worker load theirs themselves.
        assets_path_ignore=["^m(/|$)", "^worker(/|$)"],
        routes_pathname_prefix=prefix,
        requests_pathname_prefix=prefix,
        serve_locally=True,
        # Most callbacks are about components that only one page has.
        suppress_callback_exceptions=True,
        compress=True,
        update_title="",
        title=port.settings.site_name,
        on_error=_tell_error,
    )
    app.port = port
    app.enable_dev_tools(debug=False, dev_tools_ui=False, dev_tools_props_check=False, dev_tools_hot_reload=False)
    callbacks = Callbacks(app, port.actor)
    frame.register(callbacks, port, prefix)
    for page in PAGES:
        page.register(callbacks, port)
    app.layout = lambda: frame.layout(port, prefix)
    return app


def build_ui(port: HospitalPort, *, prefix: str = "/ui/") -> AsgiApp:
    """Give the pages as one ASGI application.

    Parameters
    ----------
    port : HospitalPort
        Everything that the pages need of the hospital.
    prefix : str, optional
        Where the pages stand, with both slashes; paths arrive un-rewritten.

    Returns
    -------
    AsgiApp
        Answers ``http``, ``websocket`` and ``lifespan`` scopes. Sign-in is checked by the layer outside it; each
        callback checks its own permission on top.
    """
    app = build_dash(port, prefix=prefix)
    server: FastAPI = app.server

    async def page(request: Request) -> Response:
        path = "/" + request.url.path[len(prefix) :]
        status = 200 if page_for(path) is not None else 404
        if path.startswith("/_"):
            return JSONResponse({"title": "Not Found", "status": 404}, 404, media_type="application/problem+json")
        # Dash knows the request only on its own addresses; a page's deep link is none of them.
        token = set_current_request(request)  # type: ignore[no-untyped-call]  # Dash is untyped here
        try:
            return HTMLResponse(app.index(), status)  # type: ignore[no-untyped-call]  # Dash is untyped here
        finally:
            reset_current_request(token)  # type: ignore[no-untyped-call]  # Dash is untyped here

    server.add_api_route(prefix + "{path:path}", page, methods=["GET"], include_in_schema=False)
    default = preferences.Preferences(language=port.settings.language, time_zone=port.settings.time_zone)
    return _ReaderLayer(server, default, _content_security_policy(app))


HANDHELD_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; "
    "form-action 'self'"
)


def build_handheld(*, prefix: str = "/m") -> AsgiApp:
    """Give the handheld's own files as an ASGI application; its data come from the API.

    Parameters
    ----------
    prefix : str, optional
        Where it stands, without a slash at the end; paths arrive un-rewritten.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.mount(prefix, StaticFiles(directory=STATIC / "m", html=True))

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_policy(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = HANDHELD_POLICY
                headers["Cache-Control"] = "no-cache"
            await send(message)

        await app(scope, receive, send_with_policy)

    return answer


def _content_security_policy(app: dash.Dash) -> str:
    # Called after every callback is registered: the hashes cover the inline scripts that Dash makes of them.
    hashes = " ".join(f"{value}" for value in app.csp_hashes())
    return (
        # Charts and controls set styles on their elements: without inline styles they would stand there bare.
        f"default-src 'self'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; "
        "connect-src 'self'; worker-src 'self' blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; "
        "frame-ancestors 'none'; form-action 'self'"
    )


class _ReaderLayer:
    """Sets the reader's preferences around each request and the security headers on each answer."""

    def __init__(self, app: AsgiApp, default: preferences.Preferences, policy: str) -> None:
        self._app = app
        self._default = default
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, socket or lifespan."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        reader = preferences.from_headers(
            cookie=headers.get("cookie", ""),
            accept_language=headers.get("accept-language", ""),
            default=self._default,
        )

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.setdefault("Content-Security-Policy", self._policy)
                answer.setdefault("X-Content-Type-Options", "nosniff")
                answer.setdefault("Referrer-Policy", "same-origin")
                if "/assets/" not in scope["path"] and "/_dash-component-suites/" not in scope["path"]:
                    answer["Cache-Control"] = "no-store"
            await send(message)

        token = preferences.PREFERENCES.set(reader)
        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            preferences.PREFERENCES.reset(token)
