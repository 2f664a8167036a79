"""What a file of messages would do, told without storing anything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

import msgspec

from interop.epcis.document import check as check_event
from interop.epcis.document import events_of
from interop.epcis.hashing import hash_of, ignored_fields, namespaces_of
from interop.epcis.xml import read_xml
from interop.fhir.meaning import Writing
from interop.fhir.meaning import events_of as fhir_events
from interop.fhir.resources import Resource
from interop.fhir.rtls import RtlsEvent, read_bundle, read_parameters
from interop.fhir.validation import TYPES, read_resource
from interop.fhir.xml import read_xml as read_fhir_xml
from interop.hl7v2.message import Message, read_interchange
from interop.hl7v2.reading import Surroundings
from interop.hl7v2.telling import tell
from interop.service.intake import source_of
from interop.service.keys import Vault
from twin.errors import DecodeError, InputError
from twin.state.live import LiveState

Row = dict[str, object]
_BOM = b"\xef\xbb\xbf"


def _row(number: int, form: str, message: str, control_id: str) -> Row:
    return {
        "number": number,
        "format": form,
        "message": message,
        "control_id": control_id,
        "outcome": "refused",
        "events": "",
        "notes": "",
        "is_lossless": False,
        "problem": "",
    }


def _hl7(number: int, message: Message, zone: tzinfo, now: int, *, is_lossless: bool) -> Row:
    vault = Vault(bytes(32))
    around = Surroundings(
        source=source_of(message),
        zone=zone,
        received_at=now,
        pseudonym=vault.pseudonym,
        is_place=lambda _place: True,
        is_bed=lambda _place: True,
        is_asset=lambda _device: True,
    )
    row = _row(number, "hl7v2", f"{message.kind}^{message.trigger}", message.control_id)
    row["is_lossless"] = is_lossless
    try:
        if not message.control_id:
            raise InputError("MSH-10: expected a control id, found none: without it a resend cannot be known.")
        told = tell(message, around)
    except InputError as error:
        return {**row, "problem": error.message}
    names = ", ".join(type(event).__name__ for event in told.events)
    return {**row, "outcome": "applied" if told.events else "stored", "events": names, "notes": " ".join(told.notes)}


def _epcis(document: dict[str, Any]) -> Iterator[Row]:
    context = document.get("@context", [])
    spaces = namespaces_of(context if isinstance(context, list) else [context])
    ignored = ignored_fields(document)
    seen: dict[str, int] = {}
    for number, event in enumerate(events_of(document), 1):
        row = _row(number, "epcis", str(event.get("type", "")), "")
        try:
            check_event(event, number - 1)
        except InputError as error:
            yield {**row, "problem": error.message}
        else:
            digest = hash_of(event, namespaces=spaces, ignored=ignored)
            name = f"{event.get('eventID') or digest} {'errorDeclaration' in event}"
            if name in seen:
                problem = f"It stands there as event {seen[name]} already: a capture refuses the second."
                yield {**row, "control_id": digest, "problem": problem}
                continue
            seen[name] = number
            yield {**row, "control_id": digest, "outcome": "stored", "is_lossless": True}


def _fhir(number: int, body: bytes, now: int) -> Row:
    told: Any = msgspec.json.decode(body)
    if not isinstance(told, dict):
        return {**_row(number, "fhir", "", ""), "problem": "Expected a resource, a JSON object."}
    kind, key = str(told.get("resourceType", "")), str(told.get("id", ""))
    row = _row(number, "fhir", kind, key)
    try:
        if kind not in TYPES:
            raise InputError(f"Expected one of {', '.join(TYPES)}, got {kind[:40]!r}.", code="fhir.type")
        resource = read_resource(body, kind)
    except InputError as error:
        return {**row, "problem": error.message}
    writing = Writing(
        kind=kind, id=key, version=1, source="his:check", at=now, pseudonym=Vault(bytes(32)).pseudonym, live=LiveState()
    )
    names = ", ".join(type(event).__name__ for event in fhir_events(resource, writing))
    return {**row, "outcome": "applied" if names else "stored", "events": names, "is_lossless": True}


_RTLS_EVENTS = {RtlsEvent.LOCATION: "ZoneChanged", RtlsEvent.DURESS: "AlarmRaised"}


def _rtls(told: Resource) -> Row:
    """Tell what a message of a location system would do; enrolments change who is told, and are no events."""
    row = _row(1, "fhir", str(told.get("resourceType", "")), str(told.get("id", "")))
    try:
        message = read_parameters(told) if told.get("resourceType") == "Parameters" else read_bundle(told)
    except InputError as error:
        return {**row, "problem": error.message}
    return {
        **row,
        "message": f"{row['message']} {message.event.value}",
        "control_id": message.id,
        "outcome": "applied",
        "events": _RTLS_EVENTS.get(message.event, ""),
    }


def _xml(data: bytes) -> list[Row]:
    if b"http://hl7.org/fhir" in data:
        told = read_fhir_xml(data)
        if told.get("resourceType") in TYPES:
            row = _row(1, "fhir", str(told["resourceType"]), str(told.get("id", "")))
            return [{**row, "problem": "Expected JSON: of FHIR in XML only messages of the RTLS guide are read."}]
        return [_rtls(told)]
    return list(_epcis(read_xml(data)))


def _listed(told: list[dict[str, Any]], now: int) -> list[Row]:
    """Tell of a bare list: FHIR resources, or EPCIS events without their document."""
    if any("resourceType" in one for one in told):
        return [_fhir(number, msgspec.json.encode(one), now) for number, one in enumerate(told, 1)]
    return list(_epcis({"type": "EPCISDocument", "epcisBody": {"eventList": told}}))


def _json(data: bytes, now: int) -> list[Row]:
    told: Any = msgspec.json.decode(data)
    if isinstance(told, list) and told and all(isinstance(one, dict) for one in told):
        return _listed(told, now)
    if not isinstance(told, dict):
        raise DecodeError("Expected a JSON object.", code="interop.unknown_format")
    if told.get("resourceType") == "Parameters" or told.get("type") == "message":
        return [_rtls(told)]
    if told.get("resourceType") == "Bundle" and isinstance(told.get("entry"), list):
        bodies = [one["resource"] for one in told["entry"] if isinstance(one, dict) and "resource" in one]
        return [_fhir(number, msgspec.json.encode(body), now) for number, body in enumerate(bodies, 1)]
    if "resourceType" in told:
        return [_fhir(1, data, now)]
    return list(_epcis(told))


def _json_or_lines(data: bytes, now: int) -> list[Row]:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"Expected JSON in UTF-8: {error}.", code="body.json") from error
    try:
        return _json(data, now)
    except msgspec.DecodeError:
        lines = [line for line in data.splitlines() if line.strip()]
    except RecursionError as error:
        # No message of any standard is nested as deep as the reader's own stack.
        raise DecodeError("Expected JSON that is not nested a thousand deep.", code="body.json") from error
    try:
        return [_fhir(number, line, now) for number, line in enumerate(lines, 1)]
    except (msgspec.DecodeError, RecursionError) as error:
        raise DecodeError(f"Expected JSON: {error}.", code="body.json") from error


def check_file(data: bytes, zone: tzinfo, now: int) -> list[Row]:
    """Tell what each message of a file would do.

    Parameters
    ----------
    data : bytes
        HL7 version 2, FHIR R4 or EPCIS in JSON (also one resource a line), EPCIS or a message of the RTLS guide in XML.
    zone : tzinfo
        Of the facility.
    now : int
        UTC microseconds.

    Returns
    -------
    list[Row]
        Per message: ``number``, ``format``, ``message``, ``control_id``, ``outcome``, ``events``, ``notes``,
        ``is_lossless``, ``problem``.

    Raises
    ------
    DecodeError
        If the file is none of these.
    """
    # Editors put a mark before the text; neither JSON nor XML knows it, while in a message it is part of the octets.
    plain = data.removeprefix(_BOM).lstrip()
    if plain[:1] == b"<":
        return _xml(plain)
    if plain[:1] in (b"{", b"["):
        return _json_or_lines(plain, now)
    interchange = read_interchange(data)
    is_lossless = interchange.to_bytes() == data
    rows = [
        _hl7(number, message, zone, now, is_lossless=is_lossless)
        for number, message in enumerate(interchange.messages(), 1)
    ]
    return _without_resends(rows, list(interchange.messages()))


def _without_resends(rows: list[Row], messages: list[Message]) -> list[Row]:
    """Tell of messages that stand there twice: sent again they change nothing, and another under one number is none."""
    seen: dict[tuple[str, str, str], tuple[int, str]] = {}
    for number, message in enumerate(messages, 1):
        row = rows[number - 1]
        key = (message.msh.field(3), message.msh.field(4), message.control_id)
        # MSH is left out, as where messages are taken in: a resend may carry a new MSH-7.
        content = "\r".join([message.kind, message.trigger, *(segment.text for segment in message.segments[1:])])
        first, held = seen.setdefault(key, (number, content))
        if first == number or row["problem"]:
            continue
        if held == content:
            row |= {"outcome": "stored", "events": "", "notes": f"{row['notes']} resend_of_{first}".strip()}
        else:
            problem = f"MSH-10 {message.control_id!r} is that of message {first} as well: give each its own."
            row |= {"outcome": "refused", "events": "", "problem": problem}
    return rows
