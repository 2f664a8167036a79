"""What stands around a request: the hospital, and who is asking."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from starlette.requests import Request

from server.audit.changes import asking
from server.doors.bodies import body_of, decode
from server.doors.pages import Cursors
from server.wiring import Hospital
from twin.access import Actor
from twin.errors import NotSignedIn

T = TypeVar("T")

ACTOR_KEY = "hospital_twin.actor"
SESSION_KEY = "hospital_twin.session"
PENDING_KEY = "hospital_twin.pending"
"""Hash of a session that still owes something: it opens nothing but the steps of signing in."""


def set_actor(scope: MutableMapping[str, Any], actor: Actor | None) -> None:
    """Note who is asking; done by the sign-in layer only.

    Each request runs in a context of its own, so that the note for page callbacks ends with it; the audit reads it as
    well, to know whose change a use case is.
    """
    scope[ACTOR_KEY] = actor
    asking.set(actor)


def current_actor() -> Actor:
    """Give who sent the request that is being answered; for page callbacks, which see no request.

    Raises
    ------
    NotSignedIn
        If it is a stranger.
    """
    actor = asking.get()
    if actor is None:
        raise NotSignedIn("Sign in first.")
    return actor


def actor_or_none(scope: Mapping[str, Any]) -> Actor | None:
    """Give who is asking, None for a stranger."""
    actor = scope.get(ACTOR_KEY)
    return actor if isinstance(actor, Actor) else None


def actor_of(scope: Mapping[str, Any]) -> Actor:
    """Give who is asking.

    Raises
    ------
    NotSignedIn
        If it is a stranger.
    """
    actor = actor_or_none(scope)
    if actor is None:
        raise NotSignedIn("Sign in first, or send an API key as Authorization: Bearer twk_…")
    return actor


def hospital_of(request: Request) -> Hospital:
    """Give the hospital that this app serves."""
    hospital: Hospital = request.app.state.hospital
    return hospital


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a route.

    Parameters
    ----------
    request : Request
        As it came.
    hospital : Hospital
        What is served.
    body : bytes
        Unpacked body; empty for reads.
    """

    request: Request
    hospital: Hospital
    body: bytes = b""

    @property
    def actor(self) -> Actor:
        """Who is asking."""
        return actor_of(self.request.scope)

    @property
    def cursors(self) -> Cursors:
        """Writes and reads the cursors of keyset pages."""
        return Cursors(self.hospital.secret)

    @property
    def now(self) -> int:
        """The present instant, UTC microseconds."""
        return self.hospital.clock.now()

    def read(self, kind: type[T]) -> T:
        """Decode the body.

        Parameters
        ----------
        kind : type
            The struct that the route names as ``takes``.

        Raises
        ------
        FieldError
            If a field is missing, unknown or of the wrong type.
        DecodeError
            If it is no JSON.
        """
        return decode(self.body, kind)


async def _call(request: Request) -> Call:
    body = b"" if request.method in {"GET", "HEAD"} else await body_of(request)
    return Call(request, hospital_of(request), body)


CallDep = Annotated[Call, Depends(_call)]
"""Annotate a route's first parameter with this: ``call: CallDep``."""
