"""Sessions of people: opaque, kept on the server, ended by idleness, by age and by hand."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlmodel import Session, col, delete, select

from server.access.duties import PENDING_MINUTES, Duty, duty_of
from server.access.users import actor_of_user
from server.schema.access import SessionRow, UserRow
from server.wiring import Hospital
from twin.access import Actor
from twin.clock import HOUR_US, MINUTE_US
from twin.errors import Unavailable

KNOWN_FOR_S = 5.0  # `hospital-twin user` works beside the server, which must notice soon
_NOTE_SEEN_EVERY_US = MINUTE_US


@dataclass(slots=True)
class LiveSession:
    """A session in memory; instants in UTC microseconds, ``read_at`` in seconds of the computer's steady clock."""

    token_hash: str
    user_id: str
    actor: Actor
    csrf_token: str
    expires_at: int
    seen_at: int
    noted_at: int
    language: str = ""
    is_proven: bool = False
    owes: Duty | None = None
    read_at: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session that just began; ``token`` is the cookie's value."""

    token: str
    session: LiveSession


def _is_fresh(live: LiveSession) -> bool:
    return time.monotonic() - live.read_at <= KNOWN_FOR_S


def hash_token(token: str) -> str:
    """Give what is stored of a cookie."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Starts, finds and ends sessions.

    The memory of this one core process is asked first; the table behind it survives a restart.

    Parameters
    ----------
    hospital : Hospital
        Its settings say how long a session lasts.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._idle_us = hospital.settings.session_idle_minutes * MINUTE_US
        self._longest_us = hospital.settings.session_hours * HOUR_US
        self._required = frozenset(hospital.settings.second_factor_roles)
        self._live: dict[str, LiveSession] = {}
        self._lock = threading.Lock()

    def start(self, session: Session, user: UserRow, *, now: int, is_proven: bool = False) -> tuple[str, LiveSession]:
        """Start a session; a sign-in always makes a new one, so that nobody can plant a cookie.

        Parameters
        ----------
        session : Session
            The writer's.
        user : UserRow
            Who signed in.
        now : int
            UTC microseconds.
        is_proven : bool, optional
            Whether more than the password has been shown: a code, or a link that only its holder had.

        Returns
        -------
        tuple[str, LiveSession]
            The cookie's value, which is kept nowhere, and the session; :meth:`adopt` it after commit.
        """
        token = secrets.token_urlsafe(32)
        owes = duty_of(session, user, is_proven=is_proven, required=self._required)
        lasts_us = self._longest_us if owes is None else PENDING_MINUTES * MINUTE_US
        live = LiveSession(
            token_hash=hash_token(token),
            user_id=user.id,
            actor=actor_of_user(user),
            language=user.language,
            csrf_token=secrets.token_urlsafe(24),
            expires_at=now + lasts_us,
            seen_at=now,
            noted_at=now,
            is_proven=is_proven,
            owes=owes,
        )
        session.add(
            SessionRow(
                token_hash=live.token_hash,
                user_id=user.id,
                csrf_token=live.csrf_token,
                created_at=now,
                seen_at=now,
                expires_at=live.expires_at,
                is_proven=is_proven,
            )
        )
        # the table is swept by those who sign in: no job of its own is needed
        session.exec(delete(SessionRow).where(col(SessionRow.expires_at) < now))
        return token, live

    def adopt(self, live: LiveSession) -> None:
        """Take a started session into memory, once it is durable."""
        with self._lock:
            self._live[live.token_hash] = live

    def find(self, token: str, *, now: int) -> LiveSession | None:
        """Give the session of a cookie, None if there is none or it has ended.

        Parameters
        ----------
        token : str
            The cookie's value.
        now : int
            UTC microseconds.
        """
        return self._valid(hash_token(token), now=now, touch=True)

    def is_known(self, token: str) -> bool:
        """Tell whether a cookie's session is in memory and fresh, so that finding it asks no database."""
        live = self._live.get(hash_token(token))
        return live is not None and _is_fresh(live)

    def csrf_token_of(self, token_hash: str) -> str:
        """Give the token that our own pages send back, or ``""`` for a program."""
        live = self._live.get(token_hash)
        return live.csrf_token if live is not None else ""

    def held(self, token_hash: str) -> LiveSession | None:
        """Give a session that the sign-in layer has just found."""
        return self._live.get(token_hash)

    def is_alive(self, token_hash: str, *, now: int) -> bool:
        """Tell whether a session still lasts; asking does not prolong it."""
        return self._valid(token_hash, now=now, touch=False) is not None

    def end(self, session: Session, token_hash: str) -> Callable[[], None]:
        """End a session; call what it gives after commit."""
        session.exec(delete(SessionRow).where(col(SessionRow.token_hash) == token_hash))
        # after commit only: before it another request would load the row again from the table
        return lambda: self._forget(lambda live: live.token_hash == token_hash)

    def end_all_of(self, session: Session, user_id: str) -> Callable[[], None]:
        """End every session of a user; call what it gives after commit."""
        session.exec(delete(SessionRow).where(col(SessionRow.user_id) == user_id))
        return lambda: self._forget(lambda live: live.user_id == user_id)

    def _forget(self, which: Callable[[LiveSession], bool]) -> None:
        with self._lock:
            for key in [key for key, live in self._live.items() if which(live)]:
                del self._live[key]

    def _valid(self, token_hash: str, *, now: int, touch: bool) -> LiveSession | None:
        live = self._live.get(token_hash)
        if live is None or not _is_fresh(live):
            live = self._load(token_hash, live)
        if live is None:
            return None
        if now >= live.expires_at or now - live.seen_at > self._idle_us:
            self._forget(lambda one: one.token_hash == token_hash)
            return None
        if touch:
            live.seen_at = now
            if now - live.noted_at > _NOTE_SEEN_EVERY_US:
                live.noted_at = now
                # only a note: who asks is answered also while the store is full or closing
                with contextlib.suppress(Unavailable):
                    self._hospital.database.writer.submit(lambda session: _note_seen(session, token_hash, now))
        return live

    def _load(self, token_hash: str, held: LiveSession | None) -> LiveSession | None:
        with self._hospital.read() as session:
            row = session.get(SessionRow, token_hash)
            user = session.get(UserRow, row.user_id) if row is not None else None
            owes = duty_of(session, user, is_proven=row.is_proven, required=self._required) if row and user else None
        # ended or disabled from the command line, beside this process
        if row is None or user is None or not user.is_active:
            self._forget(lambda one: one.token_hash == token_hash)
            return None
        live = LiveSession(
            token_hash=token_hash,
            user_id=user.id,
            actor=actor_of_user(user),
            csrf_token=row.csrf_token,
            expires_at=row.expires_at,
            language=user.language,
            seen_at=held.seen_at if held is not None else row.seen_at,  # the table learns it once a minute only
            noted_at=held.noted_at if held is not None else row.seen_at,
            is_proven=row.is_proven,
            owes=owes,
        )
        self.adopt(live)
        return live

    def count(self, *, now: int) -> int:
        """Give how many sessions last."""
        with self._hospital.read() as session:
            query = select(SessionRow.token_hash).where(col(SessionRow.expires_at) > now).limit(100_000)
            return len(session.exec(query).all())


def _note_seen(session: Session, token_hash: str, now: int) -> None:
    row = session.get(SessionRow, token_hash)
    if row is not None:
        row.seen_at = now
        session.add(row)


def end_sessions_of(session: Session, user_id: str) -> None:
    """End every session of a user in the table; a running server notices when its memory asks again.

    Parameters
    ----------
    session : Session
        The writer's.
    user_id : str
        Whose.
    """
    session.exec(delete(SessionRow).where(col(SessionRow.user_id) == user_id))


def same_text(one: str, other: str) -> bool:
    """Compare two secrets without telling by the time how much of them agrees."""
    return hmac.compare_digest(one.encode(), other.encode())
