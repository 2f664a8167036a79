"""What a query can find an event by: its terms, all in canonical form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from interop.epcis.document import Event, Json
from interop.epcis.identifiers import canonical_key, canonical_term

EPC_FIELDS: dict[str, tuple[str, ...]] = {
    "MATCH_epc": ("epcList", "childEPCs"),
    "MATCH_parentID": ("parentID",),
    "MATCH_inputEPC": ("inputEPCList",),
    "MATCH_outputEPC": ("outputEPCList",),
    "MATCH_anyEPC": ("epcList", "childEPCs", "parentID", "inputEPCList", "outputEPCList"),
    "MATCH_epcClass": ("quantityList", "childQuantityList"),
    "MATCH_inputEPCClass": ("inputQuantityList",),
    "MATCH_outputEPCClass": ("outputQuantityList",),
    "MATCH_anyEPCClass": ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"),
}
"""Fields of an event that a MATCH_ parameter of SimpleEventQuery looks at (EPCIS 2.0, section 8.2.7.1)."""

_PLAIN = ("type", "action", "eventID")
_TERMS = ("bizStep", "disposition")
_KEYS = ("transformationID", "parentID", "epcList", "childEPCs", "inputEPCList", "outputEPCList")
_CLASSES = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_PAIRS = {
    "bizTransactionList": ("bizTransaction", "bizTransactionType"),
    "sourceList": ("source", "sourceDestType"),
    "destinationList": ("destination", "sourceDestType"),
}
_SENSOR = (
    "type",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
    "microorganism",
    "chemicalSubstance",
    "stringValue",
    "hexBinaryValue",
    "uriValue",
    "component",
    "exception",
)
_OWN = frozenset(
    {
        *_PLAIN,
        *_TERMS,
        *_KEYS,
        *_CLASSES,
        *_PAIRS,
        "eventTime",
        "recordTime",
        "eventTimeZoneOffset",
        "ilmd",
        "readPoint",
        "bizLocation",
        "persistentDisposition",
        "sensorElementList",
        "errorDeclaration",
        "certificationInfo",
        "@context",
    }
)
MAX_VALUE = 400  # characters: an index of PostgreSQL takes a third of a page, 2,700 octets, for all its columns


def fields_named(name: str, namespaces: Mapping[str, str]) -> tuple[str, ...]:
    """Give the names under which a field of another namespace is kept: as written, and with its address.

    Parameters
    ----------
    name : str
        Such as ``example:myField``.
    namespaces : Mapping[str, str]
        Address by prefix.
    """
    prefix, _, local = name.partition(":")
    space = namespaces.get(prefix) if local else None
    return (name,) if space is None else (name, space + local)


def scalars(value: Json) -> Iterator[str]:
    """Give the texts, numbers and truth values of a field or list as texts."""
    if isinstance(value, bool):
        yield "true" if value else "false"
    elif isinstance(value, str | int | float):
        yield str(value)
    elif isinstance(value, list):
        for one in value:
            yield from scalars(one)


def _inner(value: Json) -> Iterator[tuple[str, Json]]:
    """Give the fields below an object at any depth."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield name, one
            yield from _inner(one)
    elif isinstance(value, list):
        for one in value:
            yield from _inner(one)


def _others(event: Event, namespaces: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    ilmd = event.get("ilmd")
    for kind, holder in (("ext", event), ("ilmd", ilmd if isinstance(ilmd, dict) else {})):
        for name, value in holder.items():
            # A field of the standard is asked for by its own parameter; the rest are extensions.
            if kind == "ext" and name in _OWN:
                continue
            for known in fields_named(name, namespaces):
                yield "exists", f"{kind}:{known}"
                for text in scalars(value):
                    yield f"{kind}:{known}", text
            for below, one in _inner(value):
                for known in fields_named(below, namespaces):
                    yield "exists", f"inner_{kind}:{known}"
                    for text in scalars(one):
                        yield f"inner_{kind}:{known}", text


def _sensors(event: Event) -> Iterator[tuple[str, str]]:
    for name, value in _inner(event.get("sensorElementList")):
        if name in _SENSOR:
            for text in scalars(value):
                known = canonical_key(text)
                yield f"sensor:{name}", known.removeprefix("https://gs1.org/voc/").removeprefix("gs1:")
        # What is not of the standard can be asked for by EXISTS only.
        elif name not in ("sensorMetadata", "sensorReport"):
            yield "exists", f"sensor:{name}"


def _places(event: Event) -> Iterator[tuple[str, str]]:
    for name in ("readPoint", "bizLocation"):
        told = event.get(name)
        if isinstance(told, dict):
            yield from ((name, canonical_key(text)) for text in scalars(told.get("id")))


def _declared(event: Event) -> Iterator[tuple[str, str]]:
    declared = event.get("errorDeclaration")
    if isinstance(declared, dict):
        yield "exists", "errorDeclaration"
        yield from (("errorReason", canonical_term("reason", text)) for text in scalars(declared.get("reason")))
        yield from (("correctiveEventID", text) for text in scalars(declared.get("correctiveEventIDs")))


def _all(event: Event, namespaces: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in _PLAIN:
        yield from ((name, text) for text in scalars(event.get(name)))
    for name in _TERMS:
        yield from ((name, canonical_term(name, text)) for text in scalars(event.get(name)))
    for name in _KEYS:
        yield from ((name, canonical_key(text)) for text in scalars(event.get(name)))
    for name in _CLASSES:
        for one in event.get(name, []):  # type: ignore[union-attr]  # checked at the door
            if isinstance(one, dict):
                yield from ((name, canonical_key(text)) for text in scalars(one.get("epcClass")))
    for name, (value, kind) in _PAIRS.items():
        for one in event.get(name, []):  # type: ignore[union-attr]  # checked at the door
            if isinstance(one, dict):
                told = canonical_term(kind, str(one.get("type", "")))
                yield from ((f"{value}:{told}", canonical_key(text)) for text in scalars(one.get(value)))
    persistent = event.get("persistentDisposition")
    if isinstance(persistent, dict):
        for name in ("set", "unset"):
            yield from ((name, canonical_term(name, text)) for text in scalars(persistent.get(name)))
    yield from _places(event)
    yield from _declared(event)
    yield from _sensors(event)
    yield from _others(event, namespaces)


def terms_of(event: Event, namespaces: Mapping[str, str]) -> set[tuple[str, str]]:
    """Give (field, value) of everything that a query may ask for.

    Parameters
    ----------
    event : Event
        Checked.
    namespaces : Mapping[str, str]
        Address by prefix of its document.
    """
    # Cut to what an index of either database takes; PostgreSQL keeps no NUL.
    return {(name, text[:MAX_VALUE]) for name, text in _all(event, namespaces) if "\x00" not in name + text}
