"""What a subscriber of a FHIR topic is told next, whichever way it is told."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from interop.epcis.schedules import read_schedule
from interop.fhir.kinds import KINDS
from interop.fhir.resources import Resource
from interop.fhir.topics import MARK, TOPICS, Occurrence, Standing, Topic, notification, passes
from interop.service.subscriptions import Happened, State, Subscription, happened, note_told
from server.wiring import Hospital
from twin.clock import SECOND_US

BATCH = 100
"""Events of one notification."""
SCANNED = 10_000
"""Numbers without an event of the topic behind which the place is kept, so as not to look again."""


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """One notification that is ready to go.

    ``chosen`` are its events where a filter chose them; ``has_more`` says that it was cut at :data:`BATCH`.
    """

    body: bytes
    media: str
    headers: dict[str, str]
    position: int
    count: int
    chosen: tuple[Happened, ...] = ()
    has_more: bool = False


class TopicFeed:
    """Makes the notifications of FHIR topics, one after the other.

    Parameters
    ----------
    hospital : Hospital
        Whose events.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._heard_at: dict[str, int] = {}  # of this process only: after a restart a sign of life may be late once

    def next(self, session: Session, one: Subscription, now: int) -> Sending | None:
        """Give the next notification of a subscription; None if there is nothing to say.

        Parameters
        ----------
        session : Session
            Any.
        one : Subscription
            As it is kept.
        now : int
            UTC microseconds.
        """
        topic = TOPICS.get(one.topic)
        if topic is None:
            return None
        if one.state is State.REQUESTED:
            return self.made(one, "handshake", (), now, position=one.position)
        last = self._hospital.ledger.last_sequence()  # before looking: what comes meanwhile was not looked at
        found = happened(session, topic, after=one.position, limit=BATCH)
        if not found:
            return self._sign_of_life(one, now, looked_up_to=last)
        chosen = self._chosen(topic, one, found)
        if not chosen:
            self._pass_over(one, found[-1].sequence)
            return None
        told = occurrences(self._hospital, one, [(one.sent + index, each) for index, each in enumerate(chosen, 1)])
        made = self.made(one, "event-notification", told, now, position=found[-1].sequence)
        if not one.wanted.filters:
            return made
        return msgspec.structs.replace(made, chosen=tuple(chosen))

    def _chosen(self, topic: Topic, one: Subscription, found: Sequence[Happened]) -> list[Happened]:
        """Give the events whose resource meets the filters as it is now: a focus is always the latest state."""
        if not one.wanted.filters:
            return list(found)
        with self._hospital.ledger.steady:
            live = self._hospital.live
            focus = {thing: KINDS[topic.kind].one(live, thing) for thing in {each.thing for each in found}}
        return [each for each in found if passes(focus[each.thing], one.wanted.filters, topic.kind)]

    def _pass_over(self, one: Subscription, position: int) -> None:
        """Keep that nothing up to a position is to be told; a subscriber hears nothing of it."""
        self._hospital.write_now(
            lambda session: note_told(session, one, position=position, count=0, next_at=one.next_at)
        )

    def _sign_of_life(self, one: Subscription, now: int, *, looked_up_to: int) -> Sending | None:
        if looked_up_to - one.position > SCANNED:
            self._pass_over(one, looked_up_to)
            return None
        due = self._heard_at.setdefault(one.id, now) + one.wanted.heartbeat_s * SECOND_US
        if not one.wanted.heartbeat_s or now < due:
            return None
        self._heard_at[one.id] = now
        return self.made(one, "heartbeat", (), now, position=one.position)

    def made(self, one: Subscription, kind: str, told: Sequence[Occurrence], now: int, *, position: int) -> Sending:
        """Make a notification.

        Parameters
        ----------
        one : Subscription
            For whom.
        kind : str
            ``handshake``, ``heartbeat`` or ``event-notification``.
        told : Sequence[Occurrence]
            Its events.
        now : int
            UTC microseconds.
        position : int
            Number of the ledger's event up to which it tells.
        """
        standing = standing_of(self._hospital, one, total=one.sent + len(told), status="active")
        made = notification(standing, kind, told, at=now, key=self._hospital.new_id())
        return Sending(
            body=msgspec.json.encode(made),
            media="application/fhir+json",
            headers={},
            position=position,
            count=len(told),
        )

    def note(self, one: Subscription, sending: Sending, now: int) -> None:
        """Keep that a subscriber took a notification; not for the event loop.

        Parameters
        ----------
        one : Subscription
            As it was when the notification was made.
        sending : Sending
            The notification.
        now : int
            UTC microseconds.
        """
        self._heard_at[one.id] = now
        # The rest of a report that was cut follows at once: else who is told once an hour falls ever further behind.
        next_at = now if sending.has_more else self.due_again(one, now)
        self._hospital.write_now(
            lambda session: note_told(
                session,
                one,
                position=sending.position,
                count=sending.count,
                next_at=next_at,
                chosen=sending.chosen,
            )
        )

    def due_again(self, one: Subscription, now: int) -> int:
        """Give when a subscriber is to be told again, after a report that left nothing out; UTC microseconds."""
        if one.wanted.schedule:
            zone = ZoneInfo(self._hospital.settings.time_zone)
            return read_schedule(one.wanted.schedule).next_after(now, zone)
        return now + one.wanted.every_s * SECOND_US


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
