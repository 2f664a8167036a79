"""Builds the server's ASGI application around an open hospital."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

import server.http
from dash_app.actions.pathways import SERVICE as PATHWAYS
from dash_app.app import build_handheld
from server.access import display_routes, step_forms
from server.access import forms as access_forms
from server.access import routes as access_routes
from server.access.forms import is_secure
from server.access.gate import Gate
from server.access.service import Access
from server.alarms import entrance_routes, watch_routes
from server.alarms import routes as alarm_routes
from server.app.counters import Counters
from server.app.dispatcher import Dispatcher, lifespan_of
from server.app.layers import Frame
from server.app.straight import StraightWay
from server.certificates import routes as certificate_routes
from server.doors import problem
from server.doors.router import Router, schemas_of, serve
from server.gateways.desk import KEYS
from server.gateways.rotation import GatewayKeys
from server.http.stream import ticking
from server.jobs import routes as job_routes
from server.runs.house_model import SERVICE as HOUSE_MODEL
from server.runs.house_model import HouseModelDesk
from server.runs.pathways import PathwayDesk
from server.wiring import Hospital

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
AsgiApp = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

GZIP_FROM_BYTES = 1000
API_VERSION = "1"


@dataclass(frozen=True, slots=True)
class App:
    """The application and its parts.

    Parameters
    ----------
    asgi : AsgiApp
        What a server runs.
    api : FastAPI
        The API inside it.
    access : Access
        Who may come in.
    routers : list[Router]
        Every declared route.
    """

    asgi: AsgiApp
    api: FastAPI
    access: Access
    routers: list[Router]


def all_routers() -> list[Router]:
    """Gather the routers of access, jobs, runs, alarms and of every module in ``server/http``."""
    modules = (
        access_routes,
        access_forms,
        step_forms,
        display_routes,
        alarm_routes,
        watch_routes,
        entrance_routes,
        job_routes,
        certificate_routes,
    )
    routers = [module.router for module in modules]
    for module in sorted(pkgutil.iter_modules(server.http.__path__), key=lambda found: found.name):
        router = getattr(importlib.import_module(f"{server.http.__name__}.{module.name}"), "router", None)
        if isinstance(router, Router):
            routers.append(router)
    return routers


def openapi_of(api: FastAPI, routers: list[Router]) -> dict[str, Any]:
    """Give the API's description: FastAPI's own, with the schemas of our bodies.

    Parameters
    ----------
    api : FastAPI
        The API.
    routers : list[Router]
        What it serves.
    """
    described = FastAPI.openapi(api)
    components = described.setdefault("components", {})
    components["schemas"] = dict(sorted({**components.get("schemas", {}), **schemas_of(routers)}.items()))
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "ht_session"},
        "key": {"type": "http", "scheme": "bearer", "bearerFormat": "twk_<id>_<secret>"},
    }
    _put_sets_in_order(components["schemas"])
    return described


def _put_sets_in_order(part: object) -> None:
    """Put the default of a set in order: each process would tell it in another, and no two descriptions were equal."""
    if isinstance(part, dict):
        if part.get("uniqueItems") and isinstance(part.get("default"), list):
            part["default"] = sorted(part["default"])
        for one in part.values():
            _put_sets_in_order(one)
    elif isinstance(part, list):
        for one in part:
            _put_sets_in_order(one)


def build_api(hospital: Hospital, access: Access, routers: list[Router], ui: AsgiApp | None) -> FastAPI:
    """Build the API.

    Parameters
    ----------
    hospital : Hospital
        What is served.
    access : Access
        Who may come in.
    routers : list[Router]
        Its routes.
    ui : AsgiApp or None
        The pages, whose lifespan the API drives.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if ui is not None:
                await stack.enter_async_context(lifespan_of(ui))
            for start in app.state.background:
                await stack.enter_async_context(start())
            yield

    api = FastAPI(
        title="Hospital Twin",
        version=API_VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=lifespan,
        # an address has one spelling; a redirect would confirm to strangers that it exists
        redirect_slashes=False,
    )
    api.state.hospital = hospital
    api.state.access = access
    api.state.background = [lambda: ticking(hospital)]
    problem.install(api)
    serve(api, routers)
    api.state.openapi = lambda: openapi_of(api, routers)
    return api


def build_app(hospital: Hospital, *, access: Access | None = None, ui: AsgiApp | None = None) -> App:
    """Build the whole application.

    Parameters
    ----------
    hospital : Hospital
        What is served; whoever opened it closes it.
    access : Access, optional
        Who may come in; made from the hospital by default.
    ui : AsgiApp, optional
        The pages under ``/ui``.
    """
    gatekeeper = access or Access(hospital)
    hospital.services[KEYS] = GatewayKeys(hospital)
    hospital.services[PATHWAYS] = PathwayDesk(hospital)
    hospital.services[HOUSE_MODEL] = HouseModelDesk(hospital)
    routers = all_routers()
    api = build_api(hospital, gatekeeper, routers, ui)
    counters = Counters()
    api.state.counters = counters
    secure = is_secure(hospital.settings)
    # from the inside out: whoever is refused by the gate costs neither routing nor compression
    inner: AsgiApp = Dispatcher(api, ui, build_handheld() if ui is not None else None)
    inner = StraightWay(inner, api, routers)
    inner = GZipMiddleware(inner, minimum_size=GZIP_FROM_BYTES)
    inner = Gate(inner, gatekeeper, is_secure=secure)
    framed = Frame(inner, clock=hospital.clock, counters=counters, is_secure=secure)
    return App(framed, api, gatekeeper, routers)
