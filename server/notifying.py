"""Telling subscribers: one thread that sends what each is still to be told, and tries again what was not taken."""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from collections.abc import Sequence

import httpx2
import msgspec
from sqlmodel import Session

from interop.epcis.query import CONTROLS, Meaning, read_query
from interop.fhir.kinds import KINDS
from interop.fhir.resources import Resource, instant
from interop.fhir.topics import MARK, TOPICS, Occurrence, Standing, notification
from interop.service import epcis
from interop.service.epcis_queries import query_named
from interop.service.subscriptions import (
    EPCIS,
    Happened,
    State,
    Subscription,
    check_address,
    happened,
    note_failure,
    note_told,
    subscriptions,
)
from server.wiring import Hospital
from twin.clock import SECOND_US
from twin.errors import HospitalTwinError

SERVICE = "notifier"
BATCH = 100
"""Events of one notification."""
_LOOK_S = 0.5
_TIMEOUT_S = 10.0
_SCANNED = 10_000  # numbers without an event of the topic, behind which the place is kept so as not to look again
log = logging.getLogger("hospital_twin.notifier")


class _Sending(msgspec.Struct, frozen=True, kw_only=True):
    """One notification that is ready to go."""

    body: bytes
    media: str
    headers: dict[str, str]
    position: int
    count: int


class Notifier:
    """Sends notifications until stopped.

    Parameters
    ----------
    hospital : Hospital
        Whose subscribers.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._stop = threading.Event()
        self._heard_at: dict[str, int] = {}  # of this process only: after a restart a sign of life may be late once
        self._thread = threading.Thread(target=self._run, name="hospital-twin-notifier", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the notification in hand."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_TIMEOUT_S + 5)

    def _run(self) -> None:
        with httpx2.Client(timeout=_TIMEOUT_S, follow_redirects=False) as client:
            while not self._stop.wait(_LOOK_S):
                try:
                    while self.tell_all(client) and not self._stop.is_set():
                        pass
                except Exception:  # the last fence of the thread: the next look may go well
                    log.exception("Subscribers could not be told")

    def tell_all(self, client: httpx2.Client) -> int:
        """Send each subscriber one notification, if there is anything to say; give how many were sent and taken.

        Parameters
        ----------
        client : httpx2.Client
            Sends.
        """
        hospital, taken = self._hospital, 0
        with hospital.read() as session:
            held = subscriptions(session)
        for one in held:
            now = hospital.clock.now()
            if one.state in (State.ERROR, State.OFF) or one.next_at > now or self._stop.is_set():
                continue
            taken += self._tell(client, one, now)
        return taken

    def _tell(self, client: httpx2.Client, one: Subscription, now: int) -> bool:
        hospital = self._hospital
        try:
            with hospital.read() as session:
                sending = self._next(session, one, now)
            if sending is None:
                return False
            # Asked again each time: an origin taken out of the settings is told nothing more.
            check_address(one.wanted.endpoint, hospital.settings.notify_origins)
            headers = {"content-type": sending.media, **_own(one.wanted.headers), **sending.headers}
            answer = client.post(one.wanted.endpoint, content=sending.body, headers=headers)
            problem = "" if answer.is_success else f"HTTP {answer.status_code}"
        except (httpx2.HTTPError, httpx2.InvalidURL, HospitalTwinError, UnicodeError) as error:
            problem, sending = f"{type(error).__name__}: {error}", None
        if problem or sending is None:
            hospital.write_now(lambda session: note_failure(session, one, problem=problem, now=now))
            return False
        self._heard_at[one.id] = now
        position, count, next_at = sending.position, sending.count, now + one.wanted.every_s * SECOND_US
        hospital.write_now(lambda session: note_told(session, one, position=position, count=count, next_at=next_at))
        return count > 0  # after a handshake or a sign of life there is nothing to be said at once

    def _next(self, session: Session, one: Subscription, now: int) -> _Sending | None:
        return self._report(session, one, now) if one.kind == EPCIS else self._notification(session, one, now)

    def _report(self, session: Session, one: Subscription, now: int) -> _Sending | None:
        named = query_named(session, one.topic)
        # Order and limits are of a page that somebody reads; a report goes on where the last one ended.
        wanted = {name: values for name, values in named.query.items() if name not in CONTROLS}
        asked = read_query(wanted, Meaning())
        page = epcis.query(session, asked, after=(one.position, one.position), limit=BATCH)
        if not page.events and not (one.wanted.reports_empty and one.wanted.every_s):
            return None
        told = epcis.document(page, created=instant(now), name=one.topic, subscription=one.id)
        body = msgspec.json.encode(told)
        headers = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}
        if one.wanted.token:
            signed = hmac.new(one.wanted.token.encode(), body, hashlib.sha256).hexdigest()
            headers["GS1-Signature"] = f"algorithm=hmac-sha256,timestamp={instant(now)},signature={signed}"
        return _Sending(
            body=body,
            media="application/ld+json",
            headers=headers,
            position=page.last or one.position,
            count=len(page.events),
        )

    def _notification(self, session: Session, one: Subscription, now: int) -> _Sending | None:
        topic = TOPICS.get(one.topic)
        if topic is None:
            return None
        if one.state is State.REQUESTED:
            return self._made(one, "handshake", (), now, position=one.position)
        last = self._hospital.ledger.last_sequence()  # before looking: what comes meanwhile was not looked at
        found = happened(session, topic, after=one.position, limit=BATCH)
        if not found:
            return self._sign_of_life(one, now, looked_up_to=last)
        told = occurrences(self._hospital, one, [(one.sent + index, each) for index, each in enumerate(found, 1)])
        return self._made(one, "event-notification", told, now, position=found[-1].sequence)

    def _sign_of_life(self, one: Subscription, now: int, *, looked_up_to: int) -> _Sending | None:
        if looked_up_to - one.position > _SCANNED:
            self._hospital.write_now(lambda session: note_told(session, one, position=looked_up_to, count=0, next_at=0))
            return None
        due = self._heard_at.setdefault(one.id, now) + one.wanted.heartbeat_s * SECOND_US
        if not one.wanted.heartbeat_s or now < due:
            return None
        self._heard_at[one.id] = now
        return self._made(one, "heartbeat", (), now, position=one.position)

    def _made(self, one: Subscription, kind: str, told: Sequence[Occurrence], now: int, *, position: int) -> _Sending:
        standing = standing_of(self._hospital, one, total=one.sent + len(told), status="active")
        made = notification(standing, kind, told, at=now, key=self._hospital.new_id())
        return _Sending(
            body=msgspec.json.encode(made),
            media="application/fhir+json",
            headers={},
            position=position,
            count=len(told),
        )


def _own(headers: Sequence[str]) -> dict[str, str]:
    """Give the headers that a subscriber asked for; never one that says what the message is or where it goes."""
    found = {}
    for line in headers:
        name, _, value = line.partition(":")
        if name.strip().lower() not in ("host", "content-length", "content-type", "transfer-encoding", "connection"):
            found[name.strip()] = value.strip()
    return found


def standing_of(hospital: Hospital, one: Subscription, *, total: int = -1, status: str = "") -> Standing:
    """Give how a FHIR subscription stands.

    Parameters
    ----------
    hospital : Hospital
        Its settings name the server's address.
    one : Subscription
        Of FHIR.
    total : int, optional
        Events since it began; those told so far by default.
    status : str, optional
        Instead of what is kept.
    """
    url = f"{hospital.settings.public_url}/fhir"
    return Standing(
        id=one.id,
        topic=f"{url}{MARK}{one.topic}",
        url=url,
        status=status or one.state.value,
        total=one.sent if total < 0 else total,
        problem=one.problem,
    )


def occurrences(hospital: Hospital, one: Subscription, found: Sequence[tuple[int, Happened]]) -> list[Occurrence]:
    """Give events as a notification shows them: with what the subscriber wants to see of each."""
    kind = TOPICS[one.topic].kind
    content = one.wanted.content
    told = []
    for number, event in found:
        resource: Resource | None = None
        if content == "full-resource":
            with hospital.ledger.steady:
                resource = KINDS[kind].one(hospital.live, event.thing)
        focus = f"{kind}/{event.thing}" if content != "empty" else ""
        told.append(Occurrence(number=number, at=event.at, focus=focus, resource=resource))
    return told
