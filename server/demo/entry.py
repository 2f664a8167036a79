"""One link that signs its first visitor in: for the demo only, where a password would be in the way."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from sqlmodel import Session
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from server.access.forms import session_answer
from server.access.service import Access
from server.access.sessions import SignedIn, same_text
from server.access.users import NewUser, add_user, get_user
from server.wiring import Hospital
from twin.access import Role

PATH = "/demo"
START_PAGE = "/ui/"
HUMAN_ROLES = frozenset(role for role in Role if not role.value.startswith("service:"))
AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]


class Entry:
    """Answers the sign-in link once and passes everything else on.

    Parameters
    ----------
    app : AsgiApp
        The hospital's application.
    hospital : Hospital
        Where the demo's user is made.
    access : Access
        Who may come in.
    """

    def __init__(self, app: AsgiApp, hospital: Hospital, access: Access) -> None:
        self._app = app
        self._hospital = hospital
        self._access = access
        self._token = secrets.token_urlsafe(16)
        self._user = hospital.new_id()
        new = NewUser(
            id=self._user,
            name="demo",
            display_name="Demo",
            password_hash=access.passwords.hash_now(secrets.token_urlsafe(32)),
            roles=HUMAN_ROLES,
            language="",
        )
        hospital.write_now(lambda session: add_user(session, new, now=hospital.clock.now()))

    @property
    def link(self) -> str:
        """Path and query of the sign-in link."""
        return f"{PATH}?token={self._token}"

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and scope["path"] == PATH:
            answer = await self._enter(parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0])
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _enter(self, token: str) -> Response:
        if not self._token or not same_text(token, self._token):
            text = "This link was used already or is wrong: start the demo again to get a new one."
            return PlainTextResponse(text, status_code=403)
        self._token = ""
        signed_in = await self._hospital.write(self._start)
        self._access.sessions.adopt(signed_in.session)
        answer = RedirectResponse(START_PAGE, status_code=303, headers={"cache-control": "no-store"})
        return session_answer(answer, signed_in, self._hospital.settings)

    def _start(self, session: Session) -> SignedIn:
        user = get_user(session, self._user)
        token, live = self._access.sessions.start(session, user, now=self._hospital.clock.now(), is_proven=True)
        return SignedIn(token=token, session=live)
