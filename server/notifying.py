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
from interop.fhir.resources import instant
from interop.fhir.topics import WEBSOCKET
from interop.service import epcis
from interop.service.epcis_queries import query_named
from interop.service.subscriptions import (
    EPCIS,
    MEMLS,
    State,
    Subscription,
    check_address,
    note_failure,
    note_told,
    subscriptions,
)
from interop.service.whereabouts import next_move
from server.receiving import SCHEMES, report_of, send_by_mllp
from server.subscribing import BATCH, SCANNED, Sending, TopicFeed
from server.wiring import Hospital
from twin.errors import HospitalTwinError

SERVICE = "notifier"
_LOOK_S = 0.5
_TIMEOUT_S = 10.0
log = logging.getLogger("hospital_twin.notifier")


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
        self._feed = TopicFeed(hospital)
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
            if one.wanted.channel == WEBSOCKET:
                continue  # told over its socket, as long as it holds one
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
            schemes = SCHEMES.get(one.kind, ("http", "https"))
            check_address(one.wanted.endpoint, hospital.settings.notify_origins, schemes=schemes)
            problem = self._deliver(client, one, sending)
        except (httpx2.HTTPError, httpx2.InvalidURL, HospitalTwinError, UnicodeError) as error:
            problem, sending = f"{type(error).__name__}: {error}", None
        if problem or sending is None:
            hospital.write_now(lambda session: note_failure(session, one, problem=problem, now=now))
            return False
        self._feed.note(one, sending, now)
        return sending.count > 0  # after a handshake or a sign of life there is nothing to be said at once

    def _deliver(self, client: httpx2.Client, one: Subscription, sending: Sending) -> str:
        """Send a notification; gives what is wrong, empty if it was taken."""
        if one.kind == MEMLS:
            return send_by_mllp(one.wanted.endpoint, sending.body)
        headers = {"content-type": sending.media, **_own(one.wanted.headers), **sending.headers}
        answer = client.post(one.wanted.endpoint, content=sending.body, headers=headers)
        return "" if answer.is_success else f"HTTP {answer.status_code}"

    def _next(self, session: Session, one: Subscription, now: int) -> Sending | None:
        if one.kind in SCHEMES:
            return self._whereabouts(session, one)
        return self._report(session, one, now) if one.kind == EPCIS else self._feed.next(session, one, now)

    def _whereabouts(self, session: Session, one: Subscription) -> Sending | None:
        found = next_move(session, one)
        if found.move is None:
            if found.sequence - one.position > SCANNED:
                self._hospital.write_now(
                    lambda session: note_told(session, one, position=found.sequence, count=0, next_at=0)
                )
            return None
        body, media = report_of(self._hospital, one, found.move)
        return Sending(body=body, media=media, headers={}, position=found.sequence, count=1)

    def _report(self, session: Session, one: Subscription, now: int) -> Sending | None:
        named = query_named(session, one.topic)
        # Order and limits are of a page that somebody reads; a report goes on where the last one ended.
        params = {name: values for name, values in named.query.items() if name not in CONTROLS}
        asked = read_query(params, Meaning())
        page = epcis.query(session, asked, after=(one.position, one.position), limit=BATCH)
        wanted, is_timed = one.wanted, bool(one.wanted.every_s or one.wanted.schedule)
        if not page.events and not (wanted.reports_empty and is_timed):
            if wanted.schedule:
                self._wait_for_the_clock(one, now)
            return None
        told = epcis.document(page, created=instant(now), name=one.topic, subscription=one.id)
        body = msgspec.json.encode(told)
        headers = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}
        if one.wanted.token:
            signed = hmac.new(one.wanted.token.encode(), body, hashlib.sha256).hexdigest()
            headers["GS1-Signature"] = f"algorithm=hmac-sha256,timestamp={instant(now)},signature={signed}"
        return Sending(
            body=body,
            media="application/ld+json",
            headers=headers,
            position=page.last or one.position,
            count=len(page.events),
            has_more=page.after is not None,
        )

    def _wait_for_the_clock(self, one: Subscription, now: int) -> None:
        """Keep when a subscriber with a schedule is due again, for there was nothing to tell this time."""
        next_at = self._feed.due_again(one, now)
        self._hospital.write_now(
            lambda session: note_told(session, one, position=one.position, count=0, next_at=next_at)
        )


def _own(headers: Sequence[str]) -> dict[str, str]:
    """Give the headers that a subscriber asked for; never one that says what the message is or where it goes."""
    found = {}
    for line in headers:
        name, _, value = line.partition(":")
        if name.strip().lower() not in ("host", "content-length", "content-type", "transfer-encoding", "connection"):
            found[name.strip()] = value.strip()
    return found
