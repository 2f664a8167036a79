"""Location systems: what they tell us of tags, who is told where our tags are, and how each is told."""

from __future__ import annotations

import asyncio
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

import msgspec
from sqlmodel import Session

from interop.fhir.rtls import RtlsEvent, RtlsMessage, TagTold, Whereabouts, location_update
from interop.hl7v2.message import read_message
from interop.hl7v2.reporting import Located, location_parts, location_report
from interop.mllp.client import MllpClient
from interop.service import subscriptions
from interop.service.places import note_unmatched
from interop.service.subscriptions import MEMLS, RTLS, State, Subscription, Wanted, check_address
from interop.service.whereabouts import TOPIC, Move, enrol, place_after, unenrol
from server.audit.chain import Entry, note
from server.listening import names_of, vault_of
from server.wiring import Hospital
from twin.clock import DAY_US
from twin.errors import FieldError, FieldProblem, HospitalTwinError, Refused, Unavailable
from twin.events.envelope import Event
from twin.events.things import BearerKind, ZoneChanged, ZoneConfirmed
from twin.state.model import zone_of

SERVICE = "receivers"
SCHEMES = {RTLS: ("http", "https"), MEMLS: ("mllp",)}
HELP = "distress"
_TIMEOUT_S = 10.0


@runtime_checkable
class TakesCalls(Protocol):
    """Raises the alarm of who calls for help; ``server.alarms.distress.Distress`` meets it."""

    def call(self, tag: str, *, who: str, place: str, at: int) -> str:
        """Raise the alarm; gives its id."""


class ReceiverDesk:
    """Keeps who is told where tags are, for one hospital.

    Parameters
    ----------
    hospital : Hospital
        Whose tags.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def receivers(self) -> list[Subscription]:
        """Give the receivers, the oldest first."""
        with self._hospital.read() as session:
            found = subscriptions.subscriptions(session)
        return [one for one in found if one.kind in SCHEMES]

    def add(self, kind: str, endpoint: str, *, only_enrolled: bool, actor: str, source: str = "") -> str:
        """Name a receiver; it is told of every move from now on. Gives its id.

        Parameters
        ----------
        kind : str
            ``rtls`` (messages of the HL7 guide by HTTP) or ``memls`` (IHE MEM-LS by MLLP).
        endpoint : str
            Where to, under an origin of the setting ``notify_origins``.
        only_enrolled : bool
            Whether only of tags that were enrolled.
        actor : str
            Who says so.
        source : str, optional
            Whose enrolments count; everybody's by default.

        Raises
        ------
        FieldError
            If the kind or the address is none.
        Refused
            If the installation does not name the origin.
        """
        hospital = self._hospital
        if kind not in SCHEMES:
            known = ", ".join(SCHEMES)
            message = f"Expected one of {known}, got {kind[:40]!r}."
            raise FieldError(FieldProblem(field="kind", place="/kind", message=message, cure=f"Send one of {known}."))
        check_address(endpoint, hospital.settings.notify_origins, schemes=SCHEMES[kind])
        now = hospital.clock.now()
        made = Subscription(
            id=hospital.new_id(),
            kind=kind,
            topic=TOPIC,
            wanted=Wanted(endpoint=endpoint, only_enrolled=only_enrolled, source=source),
            position=hospital.ledger.last_sequence(),
            state=State.ACTIVE,
            created_at=now,
            created_by=actor,
        )
        noted = Entry(at=now, actor=actor, action="receiver.added", subject=made.id, facts={"endpoint": endpoint})

        def use_case(session: Session) -> None:
            subscriptions.keep(session, made)
            note(session, noted)

        hospital.write_now(use_case)
        return made.id

    def remove(self, receiver: str, *, actor: str) -> None:
        """Tell a receiver nothing more.

        Raises
        ------
        NotFound
            If there is none with this id.
        """
        kind = next((one.kind for one in self.receivers() if one.id == receiver), RTLS)
        noted = Entry(at=self._hospital.clock.now(), actor=actor, action="receiver.removed", subject=receiver)

        def use_case(session: Session) -> None:
            subscriptions.remove(session, receiver, kind=kind)
            note(session, noted)

        self._hospital.write_now(use_case)

    def take(self, message: RtlsMessage, *, source: str, actor: str) -> int:
        """Take in a message of a location system, durably; gives what it changed.

        Parameters
        ----------
        message : RtlsMessage
            As read.
        source : str
            Which system speaks.
        actor : str
            Id of its key.
        """
        hospital, now = self._hospital, self._hospital.clock.now()
        tags = [one.tag for one in message.tags]
        if message.event is RtlsEvent.UNENROLL:
            return hospital.write_now(lambda session: unenrol(session, source, tags))
        if message.event is RtlsEvent.ENROLL:
            done = hospital.write_now(lambda session: enrol(session, source, tags, now=now))
            self._answer_to(message.endpoint, source, actor)
            return done
        if message.event is RtlsEvent.DURESS:
            self.call_for_help(message, source=source)
            return 1
        events, unmatched = self._seen(message, source, actor)

        def use_case(session: Session) -> int:
            note_unmatched(session, unmatched, now=now)
            return sum(stored.is_new for stored in hospital.ledger.append(session, events))

        return hospital.write_now(use_case)

    def _answer_to(self, endpoint: str, source: str, actor: str) -> None:
        """Tell who enrols tags where it said that it listens, if the installation allows to send there."""
        known = any(one.wanted.endpoint == endpoint and one.wanted.source == source for one in self.receivers())
        if known or not endpoint.startswith(("http://", "https://")):
            return
        try:
            self.add(RTLS, endpoint, only_enrolled=True, actor=actor, source=source)
        except (Refused, FieldError):
            return  # enrolled all the same: a person may name the receiver on the page

    def _seen(self, message: RtlsMessage, source: str, actor: str) -> tuple[list[Event], list[tuple[str, str, str]]]:
        hospital, now = self._hospital, self._hospital.clock.now()
        at = message.at if 0 < message.at < now + DAY_US else now
        events: list[Event] = []
        unmatched = []
        with hospital.ledger.steady:
            for one in message.tags:
                zone = self.place_of(one, source)
                if zone not in hospital.live.places:
                    unmatched.append((source, zone, ""))
                events.append(self._sighting(one, zone, at, message, (source, actor)))
        return events, unmatched

    def _sighting(self, one: TagTold, zone: str, at: int, message: RtlsMessage, who: tuple[str, str]) -> Event:
        source, actor = who
        held = self._hospital.live.tags.get(one.tag)
        before = zone_of(held.sighting) if held is not None and held.sighting is not None else ""
        # The same header may come with other facts from a system that does not number its messages.
        content = vault_of(self._hospital).fingerprint(f"{one.tag}\x1f{zone}\x1f{at}".encode())[:16]
        head = {
            "thing": one.tag,
            "occurred_at": at,
            "source": source,
            "source_key": f"rtls/{message.id}/{content}",
            "actor": actor,
            "zone": zone,
        }
        if before == zone:
            return ZoneConfirmed(**head)  # type: ignore[arg-type]
        return ZoneChanged(**head, previous_zone=before)  # type: ignore[arg-type]

    def place_of(self, one: TagTold, source: str) -> str:
        """Give the place that a location system means: as a person said, else one that we know, else its first name."""
        names, live = names_of(self._hospital), self._hospital.live
        said = (names.place(source, name) for name in one.names)
        known = (name for name in one.names if name in live.places)
        return next((place for place in (*said, *known) if place), one.names[0])

    def call_for_help(self, message: RtlsMessage, *, source: str) -> str:
        """Raise the alarm of a member of staff in distress; gives the alarm's id.

        Raises
        ------
        Unavailable
            If no alarms are raised in this process: the system must know that nobody will come.
        """
        desk = self._hospital.services.get(HELP)
        if not isinstance(desk, TakesCalls):
            raise Unavailable("No alarms are raised in this process: use `hospital-twin serve`.")
        one, live = message.tags[0], self._hospital.live
        with self._hospital.ledger.steady:
            tag = live.tags.get(one.tag)
            bound, seen = (tag.bound, tag.sighting) if tag is not None else (None, None)
            member = live.staff.get(bound.bearer) if bound is not None else None
        who = (member.label if member is not None else "") or one.tag
        place = self.place_of(one, source) if one.names else zone_of(seen) if seen is not None else ""
        return desk.call(one.tag, who=who, place=place, at=message.at)


def report_of(hospital: Hospital, one: Subscription, move: Move) -> tuple[bytes, str]:
    """Give what a receiver is told of a move, and its media type.

    Parameters
    ----------
    hospital : Hospital
        Whose tags.
    one : Subscription
        The receiver.
    move : ZoneChanged, PortalCrossed or TagLost
        What happened.
    """
    live, site, place = hospital.live, hospital.settings.site_name, place_after(move)
    with hospital.ledger.steady:
        entry = live.places.get(place)
        name = entry.name if entry is not None else place
        parts = location_parts(live, place, site=site)
        tag = live.tags.get(move.thing)
        bound = tag.bound if tag is not None else None
        asset = live.assets.get(bound.bearer) if bound is not None and bound.bearer_kind is BearerKind.ASSET else None
        called = asset.entry.name if asset is not None and asset.entry is not None else ""
    if one.kind == MEMLS:
        device = asset.id if asset is not None else ""
        told = Located(tag=move.thing, device=device, name=called, location=parts, at=move.occurred_at)
        return location_report(told, site=site, control_id=move.id), "x-application/hl7-v2+er7"
    where = Whereabouts(tag=move.thing, place=place, name=name, at=move.occurred_at)
    body = location_update(where, key=move.id, url=f"{hospital.settings.public_url}/fhir")
    return msgspec.json.encode(body), "application/fhir+json"


def send_by_mllp(endpoint: str, body: bytes) -> str:
    """Send a message and wait for its acknowledgement; gives what is wrong, empty if it was accepted.

    Parameters
    ----------
    endpoint : str
        ``mllp://host:port``.
    body : bytes
        An HL7 version 2 message.
    """
    parts = urlsplit(endpoint)

    async def send() -> bytes:
        async with MllpClient(parts.hostname or "", parts.port or 2575, timeout_s=_TIMEOUT_S) as client:
            return await client.send(body)

    try:
        answer = read_message(asyncio.run(send()))
    except HospitalTwinError as error:
        return error.message
    code = answer.value("MSA", 1)
    return "" if code in ("AA", "CA") else f"answered {code or 'without MSA'}: {answer.value('ERR', 8)[:200]}"
