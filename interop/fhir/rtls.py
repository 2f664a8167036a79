"""Messages of real-time location systems in FHIR: tags enrolled and unenrolled, where a tag is, a call for help.

References
----------
HL7 FHIR Real Time Location Services Implementation Guide 1.0.0-ballot2 (hl7.fhir.uv.rtls), tag-centric workflow: who a
tag belongs to never travels, only the tag and its location.
HL7 FHIR R4 (4.0.1), section 2.4 (messaging) and ``$process-message``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from interop.fhir.resources import Json, Resource, instant
from interop.fhir.searching import span_of
from twin.errors import FieldError, FieldProblem

EVENTS = "http://hl7.org/fhir/uv/rtls/CodeSystem/rtlsMessageEvents"
_PROFILE = "http://hl7.org/fhir/uv/rtls/StructureDefinition/"
TAG_SYSTEM = "urn:hospital-twin:tag"
PLACE_SYSTEM = "urn:hospital-twin:place"
MAX_TAGS = 200


class RtlsEvent(StrEnum):
    """Message events of the guide."""

    ENROLL = "enroll-tag"
    UNENROLL = "unenroll-tag"
    LOCATION = "location-update"
    DURESS = "staff-duress"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagTold:
    """One tag of a message.

    Parameters
    ----------
    tag : str
        Its id.
    names : tuple[str, ...]
        How the location is named, the most certain first: id, identifiers, name; none if it has no location.
    """

    tag: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RtlsMessage:
    """A message as it was read.

    Parameters
    ----------
    event : RtlsEvent
        What it is about.
    id : str
        Of its header; the same for the same message sent again.
    at : int
        When, UTC microseconds; 0 if it does not say.
    sender, endpoint : str
        Name and address of who sends; each empty if not told.
    tags : tuple[TagTold, ...]
        At least one.
    """

    event: RtlsEvent
    id: str
    at: int
    sender: str
    endpoint: str
    tags: tuple[TagTold, ...]


def _bad(field: str, message: str, cure: str) -> FieldError:
    problem = FieldProblem(field=field, place="/" + field.replace(".", "/"), message=message, cure=cure)
    return FieldError(problem, code="fhir.message")


def _object(value: Json) -> Resource:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _text(value: Json) -> str:
    return value.strip().replace("\x00", "") if isinstance(value, str) else ""


def _entries(bundle: Resource) -> Iterator[tuple[str, Resource]]:
    for entry in _list(bundle.get("entry")):
        held = _object(entry)
        yield _text(held.get("fullUrl")), _object(held.get("resource"))


def _event(coding: Json, field: str) -> RtlsEvent:
    told = _object(coding)
    code, system = _text(told.get("code")), _text(told.get("system"))
    known = ", ".join(RtlsEvent)
    # Some vendors leave the system out; a code of another one may be spelt alike and mean something else.
    if system not in ("", EVENTS):
        raise _bad(field, f"Expected an event of {EVENTS}, got one of {system[:100]!r}.", f"Send one of {known}.")
    try:
        return RtlsEvent(code)
    except ValueError as error:
        raise _bad(field, f"Expected one of {known}, got {code[:40]!r}.", "Send one of these events.") from error


def _tag_of(device: Resource, field: str) -> str:
    values = [_text(_object(one).get("value")) for one in _list(device.get("identifier"))]
    tag = next((value for value in values if value), "")
    if not tag:
        raise _bad(field, "Expected the tag's id, found none.", "Send it as identifier.value of the Device.")
    return tag


def _names_of(location: Resource) -> tuple[str, ...]:
    values = [_text(_object(one).get("value")) for one in _list(location.get("identifier"))]
    found = [*values, _text(location.get("id")), _text(location.get("name"))]
    return tuple(dict.fromkeys(name for name in found if name))


def _found(reference: str, resources: list[tuple[str, Resource]]) -> Resource:
    """Give the resource of a Bundle that a reference names, by full address or by type and id."""
    tail = "/".join(reference.split("/")[-2:])
    for url, resource in resources:
        own = f"{resource.get('resourceType')}/{resource.get('id')}"
        if reference and (url == reference or own == tail or url.endswith("/" + tail)):
            return resource
    return {}


def read_bundle(bundle: Resource) -> RtlsMessage:
    """Read a message Bundle: MessageHeader, Device, and for a location update the Location.

    Parameters
    ----------
    bundle : Resource
        As decoded from JSON or XML.

    Raises
    ------
    FieldError
        If it is no message of the guide; the field, and what to send instead, are named.
    """
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "message":
        raise _bad("type", "Expected a Bundle of type message.", "Send one whose first entry is a MessageHeader.")
    resources = list(_entries(bundle))
    # Header, device and location of each tag, and no more than what one transaction should hold.
    if len(resources) > 3 * MAX_TAGS:
        raise _bad("entry", f"Expected at most {3 * MAX_TAGS} entries.", "Send several messages.")
    header = resources[0][1] if resources else {}
    if header.get("resourceType") != "MessageHeader":
        raise _bad("entry.0.resource", "Expected a MessageHeader first (FHIR R4, 2.4.1).", "Put it first.")
    event = _event(header.get("eventCoding"), "entry.0.resource.eventCoding")
    focused = [_found(_text(_object(one).get("reference")), resources) for one in _list(header.get("focus"))]
    devices = [one for one in focused if one.get("resourceType") == "Device"]
    devices = devices or [one for _, one in resources if one.get("resourceType") == "Device"]
    if not devices:
        raise _bad("entry", "Expected a Device, found none.", "Send the tag as a Device and name it in focus.")
    source = _object(header.get("source"))
    return RtlsMessage(
        event=event,
        id=_text(header.get("id")) or _text(bundle.get("id")),
        at=_instant(_text(bundle.get("timestamp"))),
        sender=_text(source.get("name")),
        endpoint=_text(source.get("endpoint")),
        tags=tuple(_told(device, resources, event) for device in devices),
    )


def _told(device: Resource, resources: list[tuple[str, Resource]], event: RtlsEvent) -> TagTold:
    tag = _tag_of(device, "entry.resource.identifier")
    if event is not RtlsEvent.LOCATION:
        return TagTold(tag=tag)
    where = _object(device.get("location"))
    reference = _text(where.get("reference"))
    location = _found(reference, resources)
    names = _names_of(location)
    # A reference to a Location of ours needs no copy of it in the message.
    told = (*names, *(name for name in (reference.rpartition("/")[2], _text(where.get("display"))) if name))
    if not told:
        raise _bad("entry.resource.location", f"Expected where tag {tag[:60]} is.", "Send Device.location.")
    return TagTold(tag=tag, names=tuple(dict.fromkeys(told)))


def _instant(text: str) -> int:
    # The guide's own example writes seven digits of a second, one more than our parser takes.
    head, dot, rest = text.partition(".")
    digits = len(rest) - len(rest.lstrip("0123456789"))
    span = span_of(f"{head}.{rest[: min(digits, 6)]}{rest[digits:]}" if dot else text)
    return span[0] if span is not None else 0


def read_parameters(parameters: Resource) -> RtlsMessage:
    """Read the input of the auxiliary function: event, location, device, timestamp.

    Parameters
    ----------
    parameters : Resource
        A Parameters resource.

    Raises
    ------
    FieldError
        If a parameter is missing or the event is not a call for help.
    """
    if parameters.get("resourceType") != "Parameters":
        raise _bad("resourceType", "Expected Parameters.", "Send event, location, device and timestamp.")
    held = {_text(_object(one).get("name")): _object(one) for one in _list(parameters.get("parameter"))}
    for name in ("event", "location", "device", "timestamp"):
        if name not in held:
            raise _bad(f"parameter.{name}", "Expected it, found none.", f"Send the parameter {name}.")
    event = _event(held["event"].get("valueCoding"), "parameter.event")
    if event is not RtlsEvent.DURESS:
        raise _bad("parameter.event", f"Expected staff-duress, got {event.value}.", "Send other events as messages.")
    names = _names_of(_object(held["location"].get("resource")))
    if not names:
        raise _bad("parameter.location", "Expected a Location with an identifier or a name.", "Send where it is.")
    at = _instant(_text(held["timestamp"].get("valueInstant")))
    if not at:
        raise _bad("parameter.timestamp", "Expected an instant.", "Send it as 2026-01-05T08:00:00Z.")
    tag = _tag_of(_object(held["device"].get("resource")), "parameter.device")
    return RtlsMessage(
        event=event,
        id=_text(parameters.get("id")),
        at=at,
        sender="",
        endpoint="",
        tags=(TagTold(tag=tag, names=names),),
    )


def duress_answer(task: str) -> Resource:
    """Give the output of the auxiliary function: the task that somebody goes there.

    Parameters
    ----------
    task : str
        Id of the alarm.
    """
    made: Json = {
        "resourceType": "Task",
        "id": task,
        "status": "received",
        "intent": "order",
        "priority": "stat",
        "code": {"text": "Staff Duress"},
    }
    return {"resourceType": "Parameters", "parameter": [{"name": "task", "resource": made}]}


def response(message: RtlsMessage, *, key: str, at: int, url: str) -> Resource:
    """Give the answer to a message: a Bundle whose header says that it was taken in (FHIR R4, 2.4.2).

    Parameters
    ----------
    message : RtlsMessage
        As read.
    key : str
        Id of the answer.
    at : int
        UTC microseconds.
    url : str
        Address of the FHIR server.
    """
    header: Resource = {
        "resourceType": "MessageHeader",
        "id": key,
        "eventCoding": {"system": EVENTS, "code": message.event.value},
        "source": {"name": "Hospital Twin", "endpoint": url},
        "response": {"identifier": message.id or "unnamed", "code": "ok"},
    }
    entry: Json = {"fullUrl": f"urn:uuid:{key}", "resource": header}
    return {"resourceType": "Bundle", "id": key, "type": "message", "timestamp": instant(at), "entry": [entry]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Where a tag is, as others are told.

    Parameters
    ----------
    tag : str
        Its id.
    place, name : str
        Id and name of the place; empty if nobody sees the tag.
    at : int
        Since when, UTC microseconds.
    """

    tag: str
    place: str
    name: str
    at: int


def location_update(where: Whereabouts, *, key: str, url: str) -> Resource:
    """Give the message that tells where a tag is: MessageHeader, Device, Location.

    Parameters
    ----------
    where : Whereabouts
        Which tag, and where.
    key : str
        Id of the message; the same when it is sent again.
    url : str
        Address of the FHIR server.
    """
    device_url, place_url = f"urn:hospital-twin:tag:{where.tag}", f"{url}/Location/{where.place}"
    header: Resource = {
        "resourceType": "MessageHeader",
        "id": key,
        "meta": {"profile": [f"{_PROFILE}rtlsMessageLocationUpdateHeader"]},
        "eventCoding": {"system": EVENTS, "code": RtlsEvent.LOCATION.value},
        "source": {"name": "Hospital Twin", "endpoint": url},
        "focus": [{"reference": device_url}],
    }
    device: Resource = {
        "resourceType": "Device",
        "id": key,
        "meta": {"profile": [f"{_PROFILE}rtlsDevice"]},
        "identifier": [{"system": TAG_SYSTEM, "value": where.tag}],
        "status": "active",
        "location": {"reference": place_url},
    }
    location: Resource = {
        "resourceType": "Location",
        "id": where.place,
        "identifier": [{"system": PLACE_SYSTEM, "value": where.place}],
        "name": where.name or where.place,
    }
    entries: list[Json] = [
        {"fullUrl": f"urn:uuid:{key}", "resource": header},
        {"fullUrl": device_url, "resource": device},
        {"fullUrl": place_url, "resource": location},
    ]
    return {
        "resourceType": "Bundle",
        "id": key,
        "meta": {"profile": [f"{_PROFILE}rtlsMessageBundleLocationUpdate"]},
        "type": "message",
        "timestamp": instant(where.at),
        "entry": entries,
    }
