"""Location systems over HTTP: FHIR messages of the RTLS guide in, and who is told where our tags are."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from interop.fhir.resources import Resource
from interop.fhir.rtls import duress_answer, read_bundle, read_parameters, response
from interop.fhir.xml import read_xml
from interop.service.subscriptions import Subscription
from server.doors.context import Call, CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.fhir import MEDIA, answer
from server.http.views import instant
from server.receiving import SERVICE, ReceiverDesk
from twin.access import Permission
from twin.errors import DecodeError

# This module stands before ``fhir`` in the order of names, so that $process-message is not taken for a resource type.
router = Router("", tag="interfaces")
XML = "application/fhir+xml"
_TAKES = (MEDIA, "application/json", XML, "application/xml")

Address = Annotated[str, msgspec.Meta(min_length=8, max_length=2000, pattern=r"^[^\x00]+$")]
Word = Annotated[str, msgspec.Meta(max_length=100, pattern=r"^[^\x00]*$")]


class ReceiverTold(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who is told where tags are; ``source`` names the system whose enrolments count."""

    kind: Word
    endpoint: Address
    only_enrolled: bool = False
    source: Word = ""


class ReceiverShown(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver, how far it was told and what went wrong last."""

    id: str
    kind: str
    endpoint: str
    only_enrolled: bool
    source: str
    state: str
    sent: int
    failures: int
    problem: str
    created_at: str


class Receivers(msgspec.Struct, frozen=True, kw_only=True):
    """All receivers of locations."""

    receivers: list[ReceiverShown]


def _desk(call: Call) -> ReceiverDesk:
    held = call.hospital.services.get(SERVICE)
    return held if isinstance(held, ReceiverDesk) else ReceiverDesk(call.hospital)


def _shown(one: Subscription) -> ReceiverShown:
    return ReceiverShown(
        id=one.id,
        kind=one.kind,
        endpoint=one.wanted.endpoint,
        only_enrolled=one.wanted.only_enrolled,
        source=one.wanted.source,
        state=one.state.value,
        sent=one.sent,
        failures=one.failures,
        problem=one.problem,
        created_at=instant(one.created_at),
    )


@router.get("/v1/interfaces/receivers", permission=Permission.INTERFACES_READ, gives=Receivers)
def list_receivers(call: CallDep) -> Receivers:
    """Give who is told where tags are."""
    return Receivers(receivers=[_shown(one) for one in _desk(call).receivers()])


@router.post(
    "/v1/interfaces/receivers",
    permission=Permission.INTERFACES_OPERATE,
    takes=ReceiverTold,
    gives=ReceiverShown,
    status=201,
)
def add_receiver(call: CallDep) -> ReceiverShown:
    """Tell a system from now on where tags are: ``rtls`` by HTTP (HL7 guide), ``memls`` by MLLP (IHE MEM-LS)."""
    told, desk = call.read(ReceiverTold), _desk(call)
    key = desk.add(told.kind, told.endpoint, only_enrolled=told.only_enrolled, actor=call.actor.id, source=told.source)
    return next(_shown(one) for one in desk.receivers() if one.id == key)


@router.delete("/v1/interfaces/receivers/{receiver}", permission=Permission.INTERFACES_OPERATE, status=204)
def remove_receiver(call: CallDep, receiver: PathText) -> None:
    """Tell a system nothing more."""
    _desk(call).remove(receiver, actor=call.actor.id)


def _resource(call: Call) -> Resource:
    if call.body.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        return read_xml(call.body)
    try:
        told: Any = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"Expected a JSON or XML body: {error}.", code="body.json") from error
    if not isinstance(told, dict):
        raise DecodeError("Expected a JSON object.", code="body.json")
    return told


def _source(call: Call) -> str:
    return call.actor.source or f"user:{call.actor.id}"


@router.post(
    "/fhir/$process-message",
    permission=Permission.FHIR_WRITE,
    takes=dict[str, Any],
    takes_media=_TAKES,
    media=MEDIA,
)
def process_message(call: CallDep) -> Response:
    """Take in a message of the RTLS guide: enroll-tag, unenroll-tag, location-update, staff-duress."""
    message = read_bundle(_resource(call))
    _desk(call).take(message, source=_source(call), actor=call.actor.id)
    url = f"{call.hospital.settings.public_url}/fhir"
    return answer(response(message, key=call.hospital.new_id(), at=call.now, url=url))


@router.post(
    "/fhir/$rtlsMessageParameters",
    permission=Permission.FHIR_WRITE,
    takes=dict[str, Any],
    takes_media=_TAKES,
    media=MEDIA,
)
def process_parameters(call: CallDep) -> Response:
    """Take in a call for help by the guide's auxiliary function: an alarm goes off where the tag is."""
    message = read_parameters(_resource(call))
    return answer(duress_answer(_desk(call).call_for_help(message, source=_source(call))))
