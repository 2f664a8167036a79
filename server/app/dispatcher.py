"""Which of the two applications answers: decided by the path as it came, never a rewritten one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

UI = "/ui"
HANDHELD = "/m"


class Dispatcher:
    """Sends ``/ui`` and what lies under it to the pages, the rest to the API.

    Mounting the pages inside the API's framework breaks their sockets and deep links, and mounting the API inside the
    pages' lets unknown API addresses answer with a page; hence two applications side by side.

    Parameters
    ----------
    api : AsgiApp
        Everything but the pages; it also gets the lifespan.
    ui : AsgiApp or None
        The pages; None where they are not served.
    handheld : AsgiApp or None
        The handheld's files; None where they are not served.
    """

    def __init__(self, api: AsgiApp, ui: AsgiApp | None, handheld: AsgiApp | None = None) -> None:
        self._api = api
        self._parts = {part: app for part, app in ((UI, ui), (HANDHELD, handheld)) if app is not None}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one request, socket or lifespan to the one it is for."""
        if scope["type"] in {"http", "websocket"}:
            path = scope["path"]
            for part, app in self._parts.items():
                if path == part or path.startswith(part + "/"):
                    scope["hospital_twin.part"] = part
                    await app(scope, receive, send)
                    return
        await self._api(scope, receive, send)


@asynccontextmanager
async def lifespan_of(app: AsgiApp) -> AsyncIterator[None]:
    """Drive the lifespan of an inner application by its own ASGI messages.

    Parameters
    ----------
    app : AsgiApp
        Its start-up is over when the context is entered; its shut-down when it is left.

    Raises
    ------
    RuntimeError
        If its start-up fails.
    """
    to_app: asyncio.Queue[Message] = asyncio.Queue()
    from_app: asyncio.Queue[Message] = asyncio.Queue()
    scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}

    async def run() -> None:
        try:
            await app(scope, to_app.get, from_app.put)
        except Exception as error:
            await from_app.put({"type": "lifespan.startup.failed", "message": str(error)})
            raise

    task = asyncio.create_task(run())
    await to_app.put({"type": "lifespan.startup"})
    answer = await from_app.get()
    if answer["type"] == "lifespan.startup.failed":
        await asyncio.gather(task, return_exceptions=True)
        raise RuntimeError(f"The pages did not start: {answer.get('message', '')}")
    try:
        yield
    finally:
        await to_app.put({"type": "lifespan.shutdown"})
        await asyncio.gather(task, return_exceptions=True)
