"""Routes that name their permission, and nothing else can be served."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar

import msgspec
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from server.doors.context import actor_of, actor_or_none, hospital_of
from server.doors.dialects import FHIR_MEDIA
from server.doors.idempotency import HEADER, run_once
from server.doors.problem import MEDIA_TYPE, Problem
from server.doors.queries import parameters_of
from twin.access import Actor, Permission
from twin.errors import ConfigurationError

F = TypeVar("F", bound=Callable[..., Any])
JSON = "application/json"
HTML = "text/html"


class Public(Enum):
    """Marks a route that strangers may call."""

    PUBLIC = "public"


PUBLIC = Public.PUBLIC
SELF = Permission.SELF
"""Marks a route for whoever is signed in, about themselves."""

Needs = Permission | Public
_NOT_ALLOWED = 4403  # a private close code, as 4401 for strangers


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One declared route.

    Parameters
    ----------
    method : str
        HTTP method.
    path : str
        Path with parameters in braces.
    permission : Permission or Public
        What a caller needs.
    function : Callable
        Answers the call.
    tag : str
        Group in the API's description.
    gives : type, optional
        msgspec type of the answer's body.
    takes : type, optional
        msgspec type of the request's body.
    status : int
        Status of success.
    media : str
        Media type of success.
    takes_media : tuple[str, ...]
        Media types of the request's body.
    raw : bool
        Whether the function takes the bare Request: hot paths, past all parameter handling.
    needs_version : bool
        Whether If-Match is needed (shown in the description).
    parameters : tuple[dict, ...]
        OpenAPI parameters of raw routes.
    query : type, optional
        msgspec struct of the query string of raw routes.
    """

    method: str
    path: str
    permission: Needs
    function: Callable[..., Any]
    tag: str
    gives: Any = None
    takes: Any = None
    status: int = 200
    media: str = JSON
    takes_media: tuple[str, ...] = (JSON,)
    raw: bool = False
    needs_version: bool = False
    parameters: tuple[dict[str, Any], ...] = ()
    query: Any = None


Follow = Callable[[WebSocket], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketDoor:
    """One declared WebSocket.

    Parameters
    ----------
    path : str
        Its path.
    permission : Permission
        What a caller needs; there are none for strangers.
    function : Callable
        Talks until the line ends.
    """

    path: str
    permission: Permission
    function: Follow


@dataclass(slots=True)
class Router:
    """Gathers the routes of one module.

    Parameters
    ----------
    prefix : str
        Start of every path, such as ``/v1/assets``.
    tag : str
        Group in the API's description.
    """

    prefix: str
    tag: str
    doors: list[Door] = field(default_factory=list)
    sockets: list[SocketDoor] = field(default_factory=list)

    def socket(self, path: str, *, permission: Permission) -> Callable[[Follow], Follow]:
        """Declare a WebSocket."""

        def declare(function: Follow) -> Follow:
            self.sockets.append(SocketDoor(path=self.prefix + path, permission=permission, function=function))
            return function

        return declare

    def get(self, path: str = "", *, permission: Needs, **options: Any) -> Callable[[F], F]:
        """Declare a read; options as the fields of :class:`Door`."""
        return self._add("GET", path, permission, options)

    def post(self, path: str = "", *, permission: Needs, **options: Any) -> Callable[[F], F]:
        """Declare a POST; it takes an Idempotency-Key."""
        return self._add("POST", path, permission, options)

    def put(self, path: str = "", *, permission: Needs, **options: Any) -> Callable[[F], F]:
        """Declare a replacement."""
        return self._add("PUT", path, permission, options)

    def patch(self, path: str = "", *, permission: Needs, **options: Any) -> Callable[[F], F]:
        """Declare a change of some fields."""
        return self._add("PATCH", path, permission, options)

    def delete(self, path: str = "", *, permission: Needs, **options: Any) -> Callable[[F], F]:
        """Declare a removal or cancellation."""
        return self._add("DELETE", path, permission, options)

    def _add(self, method: str, path: str, permission: Needs, options: dict[str, Any]) -> Callable[[F], F]:
        def declare(function: F) -> F:
            self.doors.append(
                Door(
                    method=method,
                    path=self.prefix + path,
                    permission=permission,
                    function=function,
                    tag=self.tag,
                    **options,
                )
            )
            return function

        return declare


def _as_response(value: Any, door: Door) -> Response:
    if isinstance(value, Response):
        return value
    if value is None:
        return Response(status_code=204 if door.status == 200 else door.status)
    return Response(msgspec.json.encode(value), status_code=door.status, media_type=door.media)


def _answering(door: Door) -> Callable[..., Any]:
    function = door.function
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def answer_async(*args: Any, **kwargs: Any) -> Response:
            return _as_response(await function(*args, **kwargs), door)

        return answer_async

    @functools.wraps(function)
    def answer(*args: Any, **kwargs: Any) -> Response:
        return _as_response(function(*args, **kwargs), door)

    return answer


class DoorRoute(APIRoute):
    """A route that lets pass only who holds its permission, before anything else is looked at."""

    def __init__(self, door: Door, **options: Any) -> None:
        self.door = door
        super().__init__(door.path, _answering(door), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give the handler with the permission and the Idempotency-Key in front of it."""
        # permission before parameters: who may not come in learns nothing about the shape of a request
        return _guarded(self.door, self.endpoint if self.door.raw else super().get_route_handler())


Answer = Callable[[Request], Coroutine[Any, Any, Response]]


def _guarded(door: Door, inner: Callable[[Request], Any]) -> Answer:
    repeats = door.method == "POST"
    header = HEADER.encode()

    async def handle(request: Request) -> Response:
        actor = _let_pass(request, door.permission)
        # strangers have no keys: theirs would meet those of other strangers
        if repeats and actor is not None and any(name == header for name, _ in request.scope["headers"]):
            return await run_once(request, hospital_of(request), actor, inner)
        response: Response = await inner(request)
        return response

    return handle


@dataclass(frozen=True, slots=True)
class StraightDoor:
    """A raw door that is found by its exact path, without the framework's routing.

    Parameters
    ----------
    path : str
        As declared; stands in the access log.
    answer : Callable
        Checks permission and Idempotency-Key, then answers; our own errors come out of it.
    """

    path: str
    answer: Answer


def straight_door(door: Door) -> StraightDoor:
    """Give a raw door with everything that guards it."""
    return StraightDoor(door.path, _guarded(door, _answering(door)))


def _guarded_socket(door: SocketDoor) -> Follow:
    async def follow(socket: WebSocket) -> None:
        actor = actor_or_none(socket.scope)
        if actor is None or not actor.may(door.permission):
            await socket.close(_NOT_ALLOWED, f"needs {door.permission.value}")  # before acceptance: answered with 403
            return
        await door.function(socket)

    return follow


def _let_pass(request: Request, needs: Needs) -> Actor | None:
    if isinstance(needs, Public):
        return actor_or_none(request.scope)
    actor = actor_of(request.scope)
    actor.require(needs)
    return actor


def _problem_answer(description: str) -> dict[str, Any]:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": _problem_answer("The request cannot be done as it is; the problem says why and what to do."),
    "5XX": _problem_answer("The hospital cannot do it at present."),
}
_STRANGER = _problem_answer("Nobody is signed in.")


def _schema_reference(kind: Any) -> dict[str, Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        # What the line below gives for it, without going through all that it holds: a second of each start.
        return {"$ref": f"#/components/schemas/{kind.__name__}"}
    (schema,), _ = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    return schema


def _header(name: str, description: str, *, required: bool = False) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 200}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


def _description(door: Door) -> dict[str, Any]:
    needs = door.permission.value
    security: list[dict[str, list[str]]] = [] if door.permission is PUBLIC else [{"session": []}, {"key": []}]
    extra: dict[str, Any] = {"x-permission": needs, "security": security}
    parameters = [*door.parameters, *(parameters_of(door.query) if door.query is not None else ())]
    if door.method == "POST" and door.permission is not PUBLIC:
        parameters.append(_header("Idempotency-Key", "The same key and body twice is done once; kept for 72 h."))
    if door.needs_version:
        parameters.append(_header("If-Match", "ETag of the version that you saw.", required=True))
    if parameters:
        extra["parameters"] = parameters
    if door.takes is not None:
        content = {media: {"schema": _schema_reference(door.takes)} for media in door.takes_media}
        extra["requestBody"] = {"required": True, "content": content}
    return extra


def _problems(door: Door) -> dict[int | str, dict[str, Any]]:
    answers: dict[int | str, dict[str, Any]] = dict(_PROBLEMS)
    if door.permission is not PUBLIC:
        answers[401] = _STRANGER
    if door.path.startswith("/fhir"):
        # An OperationOutcome says it there, whose shape is FHIR's own.
        return {
            name: {**one, "content": {**one["content"], FHIR_MEDIA: {"schema": {}}}} for name, one in answers.items()
        }
    if door.media != HTML:
        return answers
    # A page for people says what is wrong as a page; what stands before it still answers with a problem.
    pages = {name: {**answer, "content": {**answer["content"], HTML: {}}} for name, answer in answers.items()}
    return pages | {"3XX": {"description": "Goes on at another address."}}


def _success(door: Door) -> dict[int | str, dict[str, Any]]:
    answer: dict[str, Any] = {"description": "Done."}
    if door.gives is not None:
        answer["content"] = {door.media: {"schema": _schema_reference(door.gives)}}
    elif door.media != JSON:
        # JSON of a standard of its own has the shape that the standard says, any other media are text.
        answer["content"] = {door.media: {"schema": {} if door.media.endswith("json") else {"type": "string"}}}
    return {door.status: answer}


def serve(api: FastAPI, routers: list[Router]) -> None:
    """Add the routes of all routers to an app.

    Parameters
    ----------
    api : FastAPI
        App that gets them.
    routers : list[Router]
        In the order in which paths are matched.

    Raises
    ------
    ConfigurationError
        If one method and path is declared twice.
    """
    for socket in (socket for router in routers for socket in router.sockets):
        api.router.routes.append(WebSocketRoute(socket.path, _guarded_socket(socket)))
    seen: set[tuple[str, str]] = set()
    for door in (door for router in routers for door in router.doors):
        if (door.method, door.path) in seen:
            raise ConfigurationError(f"{door.method} {door.path} is declared twice: remove one of the two routes.")
        seen.add((door.method, door.path))
        # past add_api_route, which knows no route class with arguments of its own
        api.router.routes.append(route_of(door))


_ROUTES: dict[int, DoorRoute] = {}
"""Routes made so far by identity of their door, which each route keeps alive."""


def route_of(door: Door) -> DoorRoute:
    """Give the route of a door; made once in a process, since it knows nothing of the app that it answers for.

    Parameters
    ----------
    door : Door
        As declared by a router.
    """
    known = _ROUTES.get(id(door))
    if known is None:
        name = operation_of(door)
        known = _ROUTES[id(door)] = DoorRoute(
            door,
            methods={door.method},
            name=name,
            operation_id=name,
            tags=[door.tag],
            summary=(door.function.__doc__ or name).strip().splitlines()[0],
            description="",
            status_code=door.status,
            response_class=Response,
            response_model=None,
            responses=_success(door) | _problems(door),
            openapi_extra=_description(door),
        )
    return known


def operation_of(door: Door) -> str:
    """Give the stable name of an operation: where its function stands, and the function."""
    *_, package, module = door.function.__module__.split(".")
    return f"{package if module == 'routes' else module}_{door.function.__name__}"


def schemas_of(routers: list[Router]) -> dict[str, Any]:
    """Give the JSON schemas of all bodies that the routes take and give, by name."""
    kinds: list[Any] = [Problem]
    for door in (door for router in routers for door in router.doors):
        kinds.extend(kind for kind in (door.gives, door.takes) if kind is not None)
    _, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return components
