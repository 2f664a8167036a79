"""The short way to the doors that programs knock on most: by exact path, past the framework's routing.

The framework looks through all routes in turn, wraps each request in half a dozen layers and takes its parameters
apart by introspection, which costs several times what storing an event costs. A door that takes the bare request
(``raw``) and has no parameter in its path needs none of that. It is declared, described and guarded like every other
one: same sign-in layer before it, same permission, same Idempotency-Key, same problems.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request

from server.doors.problem import response_of
from server.doors.router import HTML, Router, StraightDoor, straight_door
from twin.errors import HospitalTwinError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class StraightWay:
    """Answers raw doors itself and hands everything else on.

    Parameters
    ----------
    app : AsgiApp
        Answers everything else.
    api : FastAPI
        Whose state the doors read.
    routers : Iterable[Router]
        Every declared route.
    """

    def __init__(self, app: AsgiApp, api: FastAPI, routers: Iterable[Router]) -> None:
        self._app = app
        self._api = api
        self._doors: dict[tuple[str, str], StraightDoor] = {
            (door.method, door.path): straight_door(door)
            for router in routers
            for door in router.doors
            # a page for people answers its errors as pages, which the framework's layers do
            if door.raw and "{" not in door.path and door.media != HTML
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on."""
        door = self._doors.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if door is None:
            await self._app(scope, receive, send)
            return
        # what the framework would have set: the doors, the access log and the counters read it
        scope["app"] = self._api
        scope["route"] = door
        try:
            response = await door.answer(Request(scope, receive, send))
        except HospitalTwinError as error:
            response = response_of(scope, error)
        await response(scope, receive, send)
