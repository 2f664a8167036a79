"""API keys of programs: ``twk_<id>_<secret>``, each for one role and one event source."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlmodel import Session, col, select

from server.access.sessions import same_text
from server.schema.access import KeyRow
from server.wiring import Hospital
from twin.access import Actor, Role
from twin.clock import DAY_US, HOUR_US
from twin.errors import FieldError, FieldProblem, Refused, Unavailable

PREFIX = "twk_"
ACTOR_PREFIX = "key-"  # ids of keys and of users never meet in events and the audit
MAX_DAYS = 366
KNOWN_FOR_S = 5.0  # `hospital-twin token revoke` works beside the server, which must notice soon
MAX_ACTIVE = 2  # the old and the new one, while they are being exchanged
_SOURCE_KINDS = {Role.SERVICE_GATEWAY: "gateway:", Role.SERVICE_HIS: "his:"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """A key to make.

    Parameters
    ----------
    name : str
        What it is for.
    role : Role
        What its holder may do.
    source : str
        The only event source it may write for, such as ``gateway:ed-1``; needed for the roles of services.
    days : int
        How long it lasts, 1 to 366.
    """

    name: str
    role: Role
    source: str = ""
    days: int = 365


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()  # 256 random bits: nothing is gained by a slow hash


def _check(new: NewKey) -> None:
    kind = _SOURCE_KINDS.get(new.role)
    message = ""
    field = "source"
    if kind is not None and not (new.source.startswith(kind) and len(new.source) > len(kind)):
        message = f"Expected {kind}NAME for the role {new.role.value}, got {new.source[:60]!r}."
    elif "\0" in new.source or len(new.source) > 200:  # width of the column
        message = "Expected at most 200 characters without NUL."
    elif not 1 <= new.days <= MAX_DAYS:
        field, message = "days", f"Expected 1 to {MAX_DAYS} days, got {new.days}."
    if message:
        raise FieldError(FieldProblem(field=field, place=f"/{field}", message=message, cure="Send such a value."))


def create_key(session: Session, new: NewKey, *, created_by: str, now: int) -> tuple[str, KeyRow]:
    """Make a key.

    Parameters
    ----------
    session : Session
        The writer's.
    new : NewKey
        Which.
    created_by : str
        Id of who asked for it.
    now : int
        UTC microseconds.

    Returns
    -------
    tuple[str, KeyRow]
        The key as text, which is shown once and kept nowhere, and its row.

    Raises
    ------
    Refused
        If the source has two active keys already.
    """
    _check(new)
    if new.source:
        query = select(KeyRow).where(KeyRow.source == new.source, KeyRow.revoked_at == 0, col(KeyRow.expires_at) > now)
        if len(session.exec(query).all()) >= MAX_ACTIVE:
            raise Refused(f"{new.source} has {MAX_ACTIVE} active keys: revoke one first.", code="refused.key_limit")
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    row = KeyRow(
        id=key_id,
        secret_hash=_hash(secret),
        name=new.name,
        role=new.role.value,
        source=new.source,
        created_by=created_by,
        created_at=now,
        expires_at=now + new.days * DAY_US,
    )
    session.add(row)
    session.flush()
    return f"{PREFIX}{key_id}_{secret}", row


def list_keys(session: Session, *, after: str = "", limit: int = 50) -> list[KeyRow]:
    """Give keys in the order of their ids.

    Parameters
    ----------
    session : Session
        Any.
    after : str, optional
        Id of the last one of the page before.
    limit : int, optional
        How many at most.
    """
    return list(session.exec(select(KeyRow).where(col(KeyRow.id) > after).order_by(col(KeyRow.id)).limit(limit)))


class Keys:
    """Finds the holder of a key.

    Parameters
    ----------
    hospital : Hospital
        Where keys are kept.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._known: dict[str, _Known] = {}
        self._noted: dict[str, int] = {}

    def find(self, text: str, *, now: int) -> Actor | None:
        """Give the holder of a key, None if it is wrong, revoked or past its date.

        Parameters
        ----------
        text : str
            The whole key.
        now : int
            UTC microseconds.
        """
        key_id, _, secret = text.removeprefix(PREFIX).partition("_")
        if not text.startswith(PREFIX) or not secret or len(text) > 200:  # longer than any key
            return None
        known = self._current(key_id)
        if known is None or not same_text(known.secret_hash, _hash(secret)):
            return None
        if not known.lasts(now):
            return None
        if now - self._noted.get(key_id, 0) > HOUR_US:
            self._noted[key_id] = now
            # only a note: who asks is answered also while the store is full or closing
            with contextlib.suppress(Unavailable):
                self._hospital.database.writer.submit(_note_used(key_id, now))
        return known.actor

    def is_alive(self, actor: Actor, *, now: int) -> bool:
        """Tell whether the key of a program still lasts; for answers that go on for hours, such as streams.

        Parameters
        ----------
        actor : Actor
            What :meth:`find` gave.
        now : int
            UTC microseconds.
        """
        known = self._current(actor.id.removeprefix(ACTOR_PREFIX))
        return known is not None and known.lasts(now)

    def forget(self, key_id: str) -> None:
        """Ask the table again next time, since the key was changed."""
        self._known.pop(key_id, None)

    def _current(self, key_id: str) -> _Known | None:
        known = self._known.get(key_id)
        if known is None or time.monotonic() - known.read_at > KNOWN_FOR_S:
            known = self._load(key_id)
        return known

    def _load(self, key_id: str) -> _Known | None:
        # no look into the database for what no key can be
        if not key_id.isalnum():
            return None
        with self._hospital.read() as session:
            row = session.get(KeyRow, key_id)
        if row is None:
            self._known.pop(key_id, None)
            return None
        known = self._known[key_id] = _Known(
            secret_hash=row.secret_hash,
            expires_at=row.expires_at,
            is_revoked=bool(row.revoked_at),
            actor=Actor(id=ACTOR_PREFIX + row.id, name=row.name, roles=frozenset({Role(row.role)}), source=row.source),
            read_at=time.monotonic(),
        )
        return known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A key as its row was a moment ago; ``read_at`` in seconds of the computer's own steady clock."""

    secret_hash: str
    expires_at: int
    is_revoked: bool
    actor: Actor
    read_at: float

    def lasts(self, now: int) -> bool:
        """Tell whether it is neither revoked nor past its date."""
        return not self.is_revoked and now < self.expires_at


def _note_used(key_id: str, now: int) -> Callable[[Session], None]:
    def use_case(session: Session) -> None:
        row = session.get(KeyRow, key_id)
        if row is not None:
            row.used_at = now
            session.add(row)

    return use_case
