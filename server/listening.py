"""What other hospital systems send, taken in: the one way from a message to durable events, and the MLLP server."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from interop.hl7v2.message import Interchange, Message, read_interchange
from interop.mllp.acknowledgement import Handled, Verdict, acknowledgements, unreadable
from interop.mllp.server import MllpOptions, MllpServer
from interop.service.accounts import visit_of
from interop.service.identity import count_persons
from interop.service.intake import Intake
from interop.service.keys import Vault, open_vault
from interop.service.messages import (
    Outcome,
    Understood,
    bury,
    keep_unreadable,
    leans_on_others,
    replay,
    take_in_together,
    understand,
)
from interop.service.places import Gazetteer, gazetteer
from server.doors.answers import answers_of
from server.schema.access import SecondFactorRow
from server.wiring import Hospital
from twin.db.channel import Transaction
from twin.errors import DecodeError, HospitalTwinError, InputError, StorageError, Unavailable
from twin.state.beds import is_bed
from twin.state.model import zone_of

_AT_ONCE = 256  # messages of a batch in hand: as many as the writer puts into one transaction
_SERVICE = "identity.vault"
_INTAKE = "interop.intake"
_NAMES = "interop.names"


def vault_of(hospital: Hospital) -> Vault:
    """Give the hospital's vault, opened the first time.

    Parameters
    ----------
    hospital : Hospital
        Its data folder holds the key file.
    """
    held = hospital.services.get(_SERVICE)
    if isinstance(held, Vault):
        return held
    with hospital.read() as session:
        # the secrets of second factors are sealed with the same key
        has_factors = session.exec(select(SecondFactorRow.user_id).limit(1)).first() is not None
        has_persons = count_persons(session) > 0 or has_factors
    vault = open_vault(hospital.settings.data_dir, has_persons=has_persons)
    hospital.services[_SERVICE] = vault
    return vault


def intake_of(hospital: Hospital) -> Intake:
    """Give what taking in a message needs.

    Parameters
    ----------
    hospital : Hospital
        Who listens.
    """
    live = hospital.live

    def visit(account: str) -> str:
        # Asked only for a message that names no visit number, so that the others pay nothing.
        with hospital.read() as session:
            return visit_of(session, account)

    def is_encounter(key: str) -> bool:
        held = live.encounters.get(key)
        return held is not None and not held.merged_into

    def zone(tag: str) -> str:
        held = live.tags.get(tag)
        return zone_of(held.sighting) if held is not None and held.sighting is not None else ""

    return Intake(
        vault=vault_of(hospital),
        ledger=hospital.ledger,
        zone=ZoneInfo(hospital.settings.time_zone),
        is_place=lambda place: place in live.places,
        is_bed=lambda place: is_bed(live, place),
        names=names_of(hospital),
        visit_of=visit,
        is_encounter=is_encounter,
        zone_of=zone,
        is_asset=lambda asset: (held := live.assets.get(asset)) is not None and held.entry is not None,
    )


def names_of(hospital: Hospital) -> Gazetteer:
    """Give what senders call places, read the first time.

    Parameters
    ----------
    hospital : Hospital
        Its database holds what people have matched.
    """
    held = hospital.services.get(_NAMES)
    if isinstance(held, Gazetteer):
        return held
    with hospital.read() as session:
        hospital.services[_NAMES] = found = gazetteer(session)
    return found


class MessageDesk:
    """Tries dead letters again for the pages.

    Parameters
    ----------
    hospital : Hospital
        Whose.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital

    def replay(self, number: int) -> str:
        """Try one dead letter again; gives what became of it, ``dead`` if it still cannot be used."""
        intake, now = intake_of(self._hospital), self._hospital.clock.now()
        try:
            return self._hospital.write_now(lambda session: replay(session, intake, number=number, now=now)).value
        except InputError:
            return Outcome.DEAD.value


class _Together:
    """The intake of one hospital as the writer calls it: for all messages that wait at once."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake

    def store(self, transaction: Transaction, arrived: list[Understood]) -> list[Handled]:
        return take_in_together(transaction.session(), self.intake, arrived)


def _together_of(hospital: Hospital) -> _Together:
    # One per hospital: the writer joins only work that is the very same function.
    held = hospital.services.get(_INTAKE)
    if not isinstance(held, _Together):
        held = hospital.services[_INTAKE] = _Together(intake_of(hospital))
    return held


@dataclass(frozen=True, slots=True)
class Received:
    """A message and what became of it."""

    message: Message
    handled: Handled


async def receive(hospital: Hospital, message: Message, data: bytes) -> Handled:
    """Store a message and its events; comes back when they are durable.

    Parameters
    ----------
    hospital : Hospital
        Where to.
    message : Message
        As read.
    data : bytes
        As it came.

    Returns
    -------
    Handled
        Failed for a dead letter; failed and not stored if nothing can be stored now: the sender should try again.
    """
    together, now = _together_of(hospital), hospital.clock.now()
    intake = together.intake
    try:
        understood = understand(intake, data=data, message=message, now=now)
        handled: Handled = await answers_of(hospital).expect_with_others(
            lambda answer: hospital.database.writer.send_together(together.store, understood, answer)
        )
        return handled
    except InputError as error:
        problem = error.message

    def dead(session: Session) -> Handled:
        return bury(session, intake, data=data, message=message, problem=problem, now=now)

    return await hospital.write(dead)


async def _receive_all(hospital: Hospital, messages: Sequence[Message]) -> list[Received]:
    """Take in the messages of a batch in their order, as many as may be in one transaction."""
    received: list[Received] = []
    waiting: list[tuple[Message, asyncio.Task[Handled]]] = []

    async def settle() -> None:
        # All of them, also when one cannot be stored: what the others came to must not be left lying about.
        told = await asyncio.gather(*(task for _, task in waiting), return_exceptions=True)
        for (message, _), handled in zip(waiting, told, strict=True):
            if isinstance(handled, BaseException):
                raise handled
            received.append(Received(message, handled))
        waiting.clear()

    for message in messages:
        if len(waiting) >= _AT_ONCE or leans_on_others(message):
            await settle()
        # Tasks begin in the order in which they are made, and each hands its message to the writer before it waits.
        waiting.append((message, asyncio.create_task(receive(hospital, message, message.to_bytes()))))
    await settle()
    return received


async def receive_frame(hospital: Hospital, data: bytes) -> tuple[Interchange | None, list[Received], str]:
    """Take in all messages of a frame or a file.

    Parameters
    ----------
    hospital : Hospital
        Where to.
    data : bytes
        A message, or a batch.

    Returns
    -------
    tuple
        What was read (None if nothing), each message with what became of it, and what is wrong if nothing was read.
    """
    try:
        interchange = read_interchange(data)
    except DecodeError as error:
        problem = error.message
    else:
        parts = list(interchange.messages())
        if len(parts) == 1:
            return interchange, [Received(parts[0], await receive(hospital, parts[0], data))], ""
        return interchange, await _receive_all(hospital, parts), ""
    vault, now = vault_of(hospital), hospital.clock.now()
    await hospital.write(lambda session: keep_unreadable(session, vault, data=data, problem=problem, now=now))
    return None, [], problem


async def answer_frame(hospital: Hospital, data: bytes) -> list[bytes]:
    """Take in a frame and give its acknowledgements, once everything in it is durable.

    Parameters
    ----------
    hospital : Hospital
        Where to.
    data : bytes
        Content of the frame.
    """
    now = hospital.clock.now()
    try:
        interchange, received, problem = await receive_frame(hospital, data)
    except (StorageError, Unavailable) as error:
        return _cannot_store(hospital, data, error)
    if interchange is None:
        return [unreadable(now, hospital.new_id(), problem)]
    answers = []
    for one in received:
        answers += acknowledgements(one.message, one.handled, now=now, control_id=hospital.new_id()[-20:])
    return answers


def _cannot_store(hospital: Hospital, data: bytes, error: HospitalTwinError) -> list[bytes]:
    now, number = hospital.clock.now(), hospital.new_id()[-20:]
    try:
        message = next(read_interchange(data).messages())
    except DecodeError:
        return [unreadable(now, number, "Nothing can be stored at present; send it again.")]
    handled = Handled(verdict=Verdict.FAILED, is_stored=False, problem=f"{error.code}: nothing was stored; try again.")
    return acknowledgements(message, handled, now=now, control_id=number)


def mllp_options(hospital: Hospital) -> MllpOptions:
    """Give how the MLLP server listens: the settings' address, encrypted if the server has a certificate.

    Parameters
    ----------
    hospital : Hospital
        Its settings.
    """
    settings = hospital.settings
    tls = None
    if settings.tls_certificate is not None and settings.tls_key is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(settings.tls_certificate, settings.tls_key)
    return MllpOptions(host=settings.mllp_host, port=settings.mllp_port, tls=tls)


@asynccontextmanager
async def mllp_server(hospital: Hospital) -> AsyncIterator[MllpServer]:
    """Listen for HL7 version 2 messages as long as the block lasts.

    Parameters
    ----------
    hospital : Hospital
        Where messages go.
    """
    vault_of(hospital)

    async def handle(content: bytes, _peer: str) -> list[bytes]:
        return await answer_frame(hospital, content)

    server = MllpServer(handle, mllp_options(hospital))
    await server.start()
    hospital.services["mllp"] = server
    try:
        yield server
    finally:
        hospital.services.pop("mllp", None)
        await server.close()
