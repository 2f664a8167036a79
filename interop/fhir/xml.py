"""FHIR in XML, read into the form that its JSON has: for the messages of location systems, whose guide shows XML.

References
----------
HL7 FHIR R4 (4.0.1), section 2.1.3 (XML representation).
"""

from __future__ import annotations

import io
from xml.etree.ElementTree import Element, ParseError, iterparse

from interop.fhir.resources import Json, Resource
from twin.errors import DecodeError

_NAMESPACE, _NARRATIVE = "{http://hl7.org/fhir}", "{http://www.w3.org/1999/xhtml}"
MAX_ELEMENTS = 50_000
_MAX_DEPTH = 60
# XML does not say which elements may repeat; these are the repeating ones of the resources that are read here.
_LISTS = frozenset(
    {
        "address",
        "coding",
        "contained",
        "destination",
        "deviceName",
        "entry",
        "extension",
        "focus",
        "identifier",
        "link",
        "modifierExtension",
        "parameter",
        "part",
        "profile",
        "tag",
        "telecom",
        "udiCarrier",
    }
)
_FLAGS = {"true": True, "false": False}


def _bad(message: str) -> DecodeError:
    return DecodeError(message, code="fhir.xml")


def read_xml(data: bytes) -> Resource:
    """Read a resource.

    Parameters
    ----------
    data : bytes
        A document whose root is a resource in the namespace of FHIR.

    Raises
    ------
    DecodeError
        If it is no XML, declares entities, is too large or too deep, or is no resource.
    """
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise _bad("Expected XML without a document type: FHIR has none, and entities may grow without bound.")
    root: Element | None = None
    try:
        parsed = iterparse(io.BytesIO(data), events=("start", "end"))  # noqa: S314  # no DOCTYPE, so no entities
        for count, (event, element) in enumerate(parsed):
            root = element if root is None else root
            if count > 2 * MAX_ELEMENTS:
                raise _bad(f"Expected at most {MAX_ELEMENTS} elements.")
            if event == "start" and not element.tag.startswith((_NAMESPACE, _NARRATIVE)):
                raise _bad("Expected elements in the namespace http://hl7.org/fhir.")
    except (ParseError, UnicodeDecodeError, LookupError, ValueError) as error:
        raise _bad(f"Expected XML: {error}.") from error
    if root is None:
        raise _bad("Expected XML, found nothing.")
    return _resource(root, _MAX_DEPTH)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _resource(element: Element, left: int) -> Resource:
    fields = _fields(element, left)
    return {"resourceType": _name(element), **fields}


def _fields(element: Element, left: int) -> Resource:
    if left <= 0:
        raise _bad(f"Expected a resource at most {_MAX_DEPTH} levels deep.")
    made: Resource = {key: text for key, text in element.attrib.items() if key in ("id", "url")}
    for child in element:
        name = _name(child)
        if name == "div":
            continue  # a narrative is for people; what it says stands in the fields too
        value = _value(child, left - 1)
        held = made.get(name)
        if name in _LISTS:
            made[name] = [*held, value] if isinstance(held, list) else [value]
        elif name in made:
            made[name] = [*held, value] if isinstance(held, list) else [held, value]
        else:
            made[name] = value
    return made


def _value(element: Element, left: int) -> Json:
    name = _name(element)
    if name in ("resource", "contained") and len(element) == 1 and _name(element[0])[:1].isupper():
        return _resource(element[0], left - 1)
    told = element.attrib.get("value")
    if told is not None and not len(element):
        return _FLAGS.get(told, told)
    return _fields(element, left)
