"""Who wants to be told of what: kept with how far each was told, and what is still to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Row, delete, func, insert, literal, select, union_all, update
from sqlmodel import Session

from interop.fhir.topics import SECOND_IN_FOCUS, TOPICS, Topic, Wish
from interop.tables import EPCIS_EVENTS, SUBSCRIPTIONS, TOLD
from twin.clock import HOUR_US, SECOND_US
from twin.errors import FieldError, FieldProblem, NotFound, Refused
from twin.ledger.tables import EVENTS

EPCIS, FHIR, RTLS, MEMLS = "epcis", "fhir", "rtls", "memls"
KEPT_TOLD = 10_000
"""Events of a subscription with a filter that can be asked for again."""
GIVE_UP_AFTER = 12
"""Failures in a row after which nothing more is tried until the subscription is written anew: about five hours."""
_LONGEST_REST_US = HOUR_US
_PORTS = {"http": 80, "https": 443, "mllp": 2575}  # 2575: IANA's number for HL7


class State(StrEnum):
    """Where a subscription stands."""

    REQUESTED = "requested"
    ACTIVE = "active"
    ERROR = "error"
    OFF = "off"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscriber asked for, as it is kept.

    Parameters
    ----------
    endpoint : str
        Where notifications go.
    headers : tuple[str, ...]
        Sent along, ``Name: value``.
    content : str
        FHIR: ``empty``, ``id-only`` or ``full-resource``.
    heartbeat_s : int
        FHIR: sign of life after so many seconds; 0 for none.
    every_s : int
        EPCIS: rest between two reports, seconds; 0 for as soon as there is something.
    schedule : dict[str, str]
        EPCIS: fields of a QuerySchedule; empty if it is not told by the clock.
    reports_empty : bool
        EPCIS: whether a report without events is sent as well.
    token : str
        EPCIS: signs each report.
    only_enrolled : bool
        Locations: whether only of tags that were enrolled.
    source : str
        Locations: whose enrolments count; empty for everybody's.
    filters : tuple[str, ...]
        FHIR: search criteria that the resource in focus must meet, ``Type?name=value`` each.
    channel : str
        FHIR: ``rest-hook`` or ``websocket``.
    """

    endpoint: str
    headers: tuple[str, ...] = ()
    content: str = "id-only"
    heartbeat_s: int = 0
    every_s: int = 0
    schedule: dict[str, str] = msgspec.field(default_factory=dict)
    reports_empty: bool = False
    token: str = ""
    only_enrolled: bool = False
    source: str = ""
    filters: tuple[str, ...] = ()
    channel: str = "rest-hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """One subscription.

    Parameters
    ----------
    id : str
        Its id.
    kind : str
        :data:`EPCIS`, :data:`FHIR`, :data:`RTLS` (messages of the HL7 guide) or :data:`MEMLS` (HL7 v2 by MLLP).
    topic : str
        Name of the query, or of the topic.
    wanted : Wanted
        What it asked for.
    position : int
        Number of the last event that was told.
    sent : int
        Events told since it began.
    state : State
        Where it stands.
    failures : int
        In a row.
    problem : str
        Of the last failure.
    next_at : int
        Not before this instant, UTC microseconds.
    created_at : int
        UTC microseconds.
    created_by : str
        Id of the actor.
    """

    id: str
    kind: str
    topic: str
    wanted: Wanted
    position: int
    sent: int = 0
    state: State = State.REQUESTED
    failures: int = 0
    problem: str = ""
    next_at: int = 0
    created_at: int
    created_by: str


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname or ''}:{parts.port or _PORTS.get(parts.scheme, 0)}"


def check_address(address: str, origins: Sequence[str], *, schemes: Sequence[str] = ("http", "https")) -> None:
    """Let pass only an address under one of the origins that the installation names.

    Parameters
    ----------
    address : str
        Where a subscriber wants to be told.
    origins : Sequence[str]
        ``scheme://host[:port]`` each.
    schemes : Sequence[str], optional
        That may be used.

    Raises
    ------
    FieldError
        If it is no such address.
    Refused
        If the installation does not name its origin: a server that calls whatever it is told is a way into the house.
    """
    try:
        parts, origin = urlsplit(address), _origin(address)
        # https://known.example@evil.example looks like a known host and is none.
        is_plain = not parts.username and not parts.password
    except ValueError:
        parts, origin, is_plain = urlsplit(""), "", False
    if parts.scheme not in schemes or not parts.hostname or not is_plain:
        problem = FieldProblem(
            field="endpoint",
            place="/endpoint",
            message=f"Expected an address that begins with {' or '.join(schemes)} and names no user.",
            cure=f"Send one such as {schemes[-1]}://hie.example/notify.",
        )
        raise FieldError(problem, code="subscription.address")
    if origin not in {_origin(one) for one in origins}:
        raise Refused(
            f"This installation sends nothing to {origin}: name it in notify_origins first.", code="subscription.origin"
        )


def keep(session: Session, told: Subscription) -> None:
    """Keep a subscription; one with the same id begins anew, but for what it was told already."""
    held = select(SUBSCRIPTIONS.c.subscription_id).where(SUBSCRIPTIONS.c.subscription_id == told.id)
    values = {
        "kind": told.kind,
        "topic": told.topic,
        "body": msgspec.json.encode(told.wanted).decode(),
        "state": told.state.value,
        "failures": 0,
        "problem": "",
        "next_at": told.next_at,
    }
    if session.execute(held).first() is not None:
        session.execute(update(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.subscription_id == told.id).values(**values))
        return
    session.execute(
        insert(SUBSCRIPTIONS).values(
            subscription_id=told.id,
            position=told.position,
            sent=0,
            created_at=told.created_at,
            created_by=told.created_by,
            **values,
        )
    )


def follow_resource(session: Session, key: str, wish: Wish | None, *, position: int, at: int, source: str) -> None:
    """Keep what a Subscription resource asks for; None takes it away.

    Parameters
    ----------
    session : Session
        A writing transaction.
    key : str
        Id of the resource.
    wish : Wish or None
        What it asks for.
    position : int
        Number of the ledger's last event: it is told of what comes after.
    at : int
        UTC microseconds.
    source : str
        Who wrote it.
    """
    if wish is None:
        where = (SUBSCRIPTIONS.c.subscription_id == key) & (SUBSCRIPTIONS.c.kind == FHIR)
        session.execute(delete(SUBSCRIPTIONS).where(where))
        session.execute(delete(TOLD).where(TOLD.c.subscription_id == key))
        return
    wanted = Wanted(
        endpoint=wish.endpoint,
        headers=wish.headers,
        content=wish.content,
        heartbeat_s=wish.heartbeat_s,
        filters=wish.filters,
        channel=wish.channel,
    )
    keep(
        session,
        Subscription(
            id=key,
            kind=FHIR,
            topic=wish.topic.name,
            wanted=wanted,
            position=position,
            state=State.OFF if wish.is_off else State.REQUESTED,
            created_at=at,
            created_by=source,
        ),
    )


def subscriptions(session: Session, *, kind: str = "", topic: str = "", limit: int = 500) -> list[Subscription]:
    """Give subscriptions, the oldest first; of a kind and a topic only, if they are named."""
    table = SUBSCRIPTIONS.c
    asked = select(SUBSCRIPTIONS).order_by(table.created_at, table.subscription_id).limit(limit)
    if kind:
        asked = asked.where(table.kind == kind)
    if topic:
        asked = asked.where(table.topic == topic)
    return [_read(row) for row in session.execute(asked)]


def subscription(session: Session, key: str, *, kind: str, topic: str = "") -> Subscription:
    """Give one subscription.

    Parameters
    ----------
    session : Session
        Any.
    key : str
        Its id.
    kind : str
        What it must be.
    topic : str, optional
        The query or topic that it must follow; any by default.

    Raises
    ------
    NotFound
        If there is none of this kind, or it follows another topic.
    """
    table = SUBSCRIPTIONS.c
    row = session.execute(select(SUBSCRIPTIONS).where(table.subscription_id == key, table.kind == kind)).first()
    # Under another query's address it does not exist: who ends it there would end what somebody else asked for.
    if row is None or (topic and row.topic != topic):
        raise NotFound("subscription", key)
    return _read(row)


def remove(session: Session, key: str, *, kind: str, topic: str = "") -> None:
    """Take a subscription away; what must be true of it as for :func:`subscription`.

    Raises
    ------
    NotFound
        If there is none of this kind, or it follows another topic.
    """
    subscription(session, key, kind=kind, topic=topic)
    session.execute(delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.subscription_id == key))


def _read(row: Row[Any]) -> Subscription:
    return Subscription(
        id=row.subscription_id,
        kind=row.kind,
        topic=row.topic,
        wanted=msgspec.json.decode(row.body, type=Wanted),
        position=row.position,
        sent=row.sent,
        state=State(row.state),
        failures=row.failures,
        problem=row.problem,
        next_at=row.next_at,
        created_at=row.created_at,
        created_by=row.created_by,
    )


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a topic as the ledger holds it, and which thing of it is in focus."""

    sequence: int
    thing: str
    at: int


def note_told(
    session: Session,
    one: Subscription,
    *,
    position: int,
    count: int,
    next_at: int,
    chosen: Sequence[Happened] = (),
) -> None:
    """Keep that a subscriber took a notification.

    Parameters
    ----------
    session : Session
        A writing transaction.
    one : Subscription
        As it was when the notification was made.
    position : int
        Number of the last event in it.
    count : int
        Events in it.
    next_at : int
        When there is something to do again, UTC microseconds.
    chosen : Sequence[Happened], optional
        Which events they were, for a subscription with a filter: what passed it then may not pass it later.
    """
    values = {"position": position, "sent": one.sent + count, "state": State.ACTIVE.value, "failures": 0, "problem": ""}
    table = SUBSCRIPTIONS.c
    # Only if nobody wrote it anew meanwhile: then what was answered is about what it no longer is.
    where = (table.subscription_id == one.id) & (table.position == one.position) & (table.state == one.state.value)
    done = session.execute(update(SUBSCRIPTIONS).where(where).values(**values, next_at=next_at).returning(table.sent))
    if done.first() is None or not chosen:
        return
    rows = [
        {"subscription_id": one.id, "number": one.sent + index, "sequence": each.sequence, "thing": each.thing}
        for index, each in enumerate(chosen, 1)
    ]
    session.execute(insert(TOLD), rows)
    kept = TOLD.c.number > one.sent + count - KEPT_TOLD
    session.execute(delete(TOLD).where(TOLD.c.subscription_id == one.id, ~kept))


def note_failure(session: Session, one: Subscription, *, problem: str, now: int) -> None:
    """Keep that a subscriber did not take a notification; it is tried again later, each time after twice the rest."""
    failures = one.failures + 1
    # The shift is bounded, so that a count beyond all measure makes no endless number.
    rest = min(SECOND_US << min(failures, 20), _LONGEST_REST_US)
    state = State.ERROR if failures >= GIVE_UP_AFTER else one.state
    table = SUBSCRIPTIONS.c
    where = (table.subscription_id == one.id) & (table.state == one.state.value)
    session.execute(
        update(SUBSCRIPTIONS)
        .where(where)
        .values(failures=failures, problem=problem[:500], next_at=now + rest, state=state.value)
    )


def happened(session: Session, topic: Topic, *, after: int, limit: int) -> list[Happened]:
    """Give what the ledger tells of a topic behind a position, in order: one for each thing that an event is about.

    Parameters
    ----------
    session : Session
        Any.
    topic : Topic
        Which.
    after : int
        Number of a ledger event.
    limit : int
        Most events. Both things of the last one are there: a position stands behind a whole event.
    """
    table = EVENTS.c
    asked = select(table.sequence, table.thing, table.occurred_at, table.type, table.body).where(
        table.type.in_(topic.events), table.sequence > after
    )
    found = []
    for sequence, thing, at, kind, body in session.execute(asked.order_by(table.sequence).limit(limit)):
        found.append(Happened(sequence, thing, at))
        if kind in SECOND_IN_FOCUS:
            found.append(Happened(sequence, _second(kind, body), at))
    return found


def _second(kind: str, body: str) -> str:
    return str(msgspec.json.decode(body)[SECOND_IN_FOCUS[kind]])


def told_before(session: Session, one: Subscription, *, first: int, last: int) -> list[tuple[int, Happened]]:
    """Give the events of given numbers that a subscriber was told of, with their numbers, the oldest first.

    Parameters
    ----------
    session : Session
        Any.
    one : Subscription
        Of FHIR.
    first, last : int
        Numbers of events, from 1.

    Notes
    -----
    Counted back from the last one told, so that a ledger of which the beginning was pruned gives the same numbers.
    """
    topic, table = TOPICS[one.topic], EVENTS.c
    first, last = max(first, 1), min(last, one.sent)
    if last < first:
        return []
    if one.wanted.filters:
        return _told_filtered(session, one, first, last)
    # An event about two things has two numbers, as when it was told: see happened.
    head = (table.sequence, table.thing, table.occurred_at, table.type)
    parts = [
        select(*head, literal(0).label("part"), literal("").label("body")).where(table.type.in_(topic.events)),
        select(*head, literal(1), table.body).where(
            table.type.in_(topic.events), table.type.in_(tuple(SECOND_IN_FOCUS))
        ),
    ]
    both = union_all(*(part.where(table.sequence <= one.position) for part in parts)).subquery()
    asked = select(both).order_by(both.c.sequence.desc(), both.c.part.desc())
    rows = session.execute(asked.offset(one.sent - last).limit(last - first + 1))
    found = [
        (last - index, Happened(row.sequence, _second(row.type, row.body) if row.part else row.thing, row.occurred_at))
        for index, row in enumerate(rows)
    ]
    return found[::-1]


def _told_filtered(session: Session, one: Subscription, first: int, last: int) -> list[tuple[int, Happened]]:
    table, told = EVENTS.c, TOLD.c
    asked = (
        select(told.number, table.sequence, told.thing, table.occurred_at)
        .join(EVENTS, table.sequence == told.sequence)
        .where(told.subscription_id == one.id, told.number >= first, told.number <= last)
    )
    return [(row[0], Happened(*row[1:])) for row in session.execute(asked.order_by(told.number))]


def last_captured(session: Session) -> int:
    """Give the number of the EPCIS event that was captured last; 0 if there is none."""
    return session.execute(select(func.max(EPCIS_EVENTS.c.number))).scalar() or 0


def captured_before(session: Session, at: int) -> int:
    """Give the number of the last EPCIS event that was captured before an instant; 0 if there is none."""
    asked = select(func.max(EPCIS_EVENTS.c.number)).where(EPCIS_EVENTS.c.record_at < at)
    return session.execute(asked).scalar() or 0
