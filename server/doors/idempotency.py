"""The same request twice is done once: Idempotency-Key on every POST."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from sqlmodel import Session, col, delete
from starlette.requests import Request
from starlette.responses import Response

from server.doors.bodies import body_of
from server.schema.doors import IdempotencyRow
from server.wiring import Hospital, transaction_mark
from twin.access import Actor
from twin.clock import HOUR_US
from twin.errors import Conflict, FieldError, FieldProblem, InputError

HEADER = "idempotency-key"
RETENTION_US = 72 * HOUR_US
_KEY = re.compile(r"^[\x21-\x7e]{1,200}$")
_IN_HAND = "idempotency-in-hand"
_KEPT_HEADERS = ("etag", "location", "durability")


@dataclass(frozen=True, slots=True)
class _Request:
    actor: str
    key: str
    hash: str


def _claim(session: Session, asked: _Request, now: int, *, is_in_hand: bool, process: str) -> IdempotencyRow | None:
    """Claim the key for this process, or give the row of who has it."""
    row = session.get(IdempotencyRow, (asked.actor, asked.key))
    if row is not None and row.created_at < now - RETENTION_US:
        session.delete(row)
        session.flush()
        row = None
    # One core per database: who claimed it and has it not in hand any more has died before anything was stored, or
    # could not write that it gave the key back.
    if row is not None and row.request_hash == asked.hash and row.state == "claimed" and not is_in_hand:
        row.process = process
        row.created_at = now
        session.add(row)
        return None
    if row is not None:
        # it is read outside of the transaction, whose end would make it stale
        session.expunge(row)
        return row
    session.add(
        IdempotencyRow(
            actor=asked.actor, key=asked.key, request_hash=asked.hash, state="claimed", process=process, created_at=now
        )
    )
    return None


def _repeat(row: IdempotencyRow, asked: _Request) -> Response:
    if row.request_hash != asked.hash:
        raise InputError(
            "This Idempotency-Key was used for another request: make a new key for each new intention.",
            code="idempotency.reused",
        )
    if row.state == "answered":
        headers = msgspec.json.decode(row.headers or "{}", type=dict[str, str])
        headers["idempotency-replayed"] = "true"
        return Response(row.body, status_code=row.status, media_type=row.media_type or None, headers=headers)
    if row.state == "committed":
        raise Conflict(
            "This request was done, but its answer was lost in a restart: look at the thing itself.",
            code="idempotency.answer_lost",
        )
    raise Conflict("The same request is being worked on: ask again in a moment.", code="idempotency.in_flight")


def _mark(asked: _Request) -> Callable[[Session], None]:
    def committed(session: Session) -> None:
        row = session.get(IdempotencyRow, (asked.actor, asked.key))
        if row is not None:
            row.state = "committed"
            session.add(row)

    return committed


def _keep(session: Session, asked: _Request, response: Response) -> None:
    row = session.get(IdempotencyRow, (asked.actor, asked.key))
    if row is None:
        return
    kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    row.state = "answered"
    row.status = response.status_code
    row.media_type = response.media_type or ""
    row.headers = msgspec.json.encode(kept).decode()
    row.body = bytes(response.body)
    session.add(row)


def _release(session: Session, asked: _Request) -> None:
    session.exec(
        delete(IdempotencyRow).where(
            col(IdempotencyRow.actor) == asked.actor,
            col(IdempotencyRow.key) == asked.key,
            col(IdempotencyRow.state) == "claimed",
        )
    )


def forget_old(session: Session, *, now: int) -> None:
    """Drop keys that are past their retention of 72 h."""
    session.exec(delete(IdempotencyRow).where(col(IdempotencyRow.created_at) < now - RETENTION_US))


async def run_once(
    request: Request, hospital: Hospital, actor: Actor, inner: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Do a request once for its Idempotency-Key, and repeat its answer afterwards.

    Parameters
    ----------
    request : Request
        Carries the key.
    hospital : Hospital
        Where keys are kept.
    actor : Actor
        Keys of different actors never meet.
    inner : Callable
        Does the request. What it writes through ``Hospital.write`` and the key's state are one transaction.

    Raises
    ------
    InputError
        If the key was used for another body (422), or is no key.
    Conflict
        If the same request is in flight (409).
    """
    key = request.headers[HEADER]
    if not _KEY.match(key):
        problem = FieldProblem(
            field="Idempotency-Key",
            place="/header",
            message="Expected 1 to 200 visible ASCII characters.",
            cure="Use a UUID.",
        )
        raise FieldError(problem)
    body = await body_of(request)
    # the address belongs to the intention: one key for two addresses is a mistake of the sender
    told = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    asked = _Request(actor.id, key, hashlib.sha256(told + body).hexdigest())
    # counted, since one that waits may claim the key when the one before it gives it back
    in_hand: Counter[tuple[str, str]] = hospital.services.setdefault(_IN_HAND, Counter())  # type: ignore[assignment]
    mine = (asked.actor, asked.key)
    is_in_hand = in_hand[mine] > 0
    in_hand[mine] += 1
    try:
        return await _claimed_and_done(hospital, asked, request, inner, is_in_hand=is_in_hand)
    finally:
        in_hand[mine] -= 1
        if not in_hand[mine]:
            del in_hand[mine]


async def _claimed_and_done(
    hospital: Hospital,
    asked: _Request,
    request: Request,
    inner: Callable[[Request], Awaitable[Response]],
    *,
    is_in_hand: bool,
) -> Response:
    now, process = hospital.clock.now(), hospital.process
    row = await hospital.write(lambda session: _claim(session, asked, now, is_in_hand=is_in_hand, process=process))
    if row is not None:
        return _repeat(row, asked)
    # the first transaction of the request notes that it was done: a crash after COMMIT is not done again
    token = transaction_mark.set(_mark(asked))
    try:
        response = await inner(request)
    except BaseException:
        transaction_mark.reset(token)
        # only while claimed: what was committed before the error stays claimed as done
        await hospital.write(lambda session: _release(session, asked))
        raise
    transaction_mark.reset(token)
    await hospital.write(lambda session: _keep(session, asked, response))
    return response
