"""EPCIS documents in XML, read into the same form as JSON-LD ones.

Elements of ``extension`` wrappers (EPCIS 1.2) are taken as if they stood outside; a prefix declared anywhere in the
document becomes an entry of ``@context``.

References
----------
GS1 EPCIS 2.0, chapter 9.5 (XML schema).
"""

from __future__ import annotations

import io
from xml.etree.ElementTree import Element, ParseError, iterparse

from interop.epcis.document import EVENT_TYPES, WITH_ACTION, Json
from twin.errors import DecodeError

_LISTS = {
    **dict.fromkeys(("epcList", "childEPCs", "inputEPCList", "outputEPCList"), "epc"),
    **dict.fromkeys(
        ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"), "quantityElement"
    ),
    "bizTransactionList": "bizTransaction",
    "sourceList": "source",
    "destinationList": "destination",
    "sensorElementList": "sensorElement",
    "correctiveEventIDs": "correctiveEventID",
}
_NUMBERS = frozenset({"quantity", "value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"})
_WRAPPERS = frozenset({"extension", "baseExtension"})
_TYPED = frozenset({"bizTransaction", "source", "destination"})
_ROOTS = EVENT_TYPES | {"EPCISDocument", "EPCISQueryDocument"}
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
MAX_ELEMENTS = 500_000  # about 10,000 events of 50 elements: each is an object in memory until the document ends


def _bad(message: str) -> DecodeError:
    return DecodeError(message, code="epcis.xml")


class _Reader:
    def __init__(self, namespaces: dict[str, str]) -> None:
        self._prefixes = {uri: prefix for prefix, uri in namespaces.items()}

    def name(self, tag: str) -> str:
        uri, _, local = tag.rpartition("}")
        prefix = self._prefixes.get(uri[1:], "") if uri else ""
        own = not uri or uri[1:].startswith("urn:epcglobal:epcis")
        return local if own or not prefix else f"{prefix}:{local}"

    def value(self, element: Element) -> Json:
        """Give an element as JSON: a text, or an object of attributes and children."""
        name = self.name(element.tag)
        if name in _LISTS:
            return [self.value(child) for child in element]
        fields: dict[str, Json] = {
            self.name(key): self._text(self.name(key), text)
            for key, text in element.attrib.items()
            if not key.startswith(f"{{{_XSI}}}")
        }
        if name in _TYPED:
            return {**fields, name: (element.text or "").strip()}
        # An element without children or attributes is its text.
        if not len(element) and not fields:
            return self._text(name, (element.text or "").strip())
        self._gather(element, fields)
        return fields

    def _gather(self, element: Element, fields: dict[str, Json]) -> None:
        for child in element:
            name = self.name(child.tag)
            # EPCIS 1.x put what came later into extension elements; in JSON these fields stand beside the others.
            if name in _WRAPPERS and len(child):
                self._gather(child, fields)
                continue
            value = self.value(child)
            held = fields.get(name)
            # XML does not tell a list of one from an element: sensorReport always is one, the rest once they repeat.
            if name == "sensorReport" or (name in fields and not isinstance(held, list)):
                held = [] if held is None else held if isinstance(held, list) else [held]
            if isinstance(held, list) and name not in _LISTS:
                fields[name] = [*held, value]
            else:
                fields[name] = value

    @staticmethod
    def _text(name: str, text: str) -> Json:
        if name in _NUMBERS:
            try:
                number = float(text)
            except ValueError:
                return text
            return int(number) if number.is_integer() else number
        return text == "true" if name == "booleanValue" and text in ("true", "false") else text

    def event(self, element: Element) -> dict[str, Json]:
        fields = self.value(element)
        kind = self.name(element.tag)
        made: dict[str, Json] = {"type": kind, **(fields if isinstance(fields, dict) else {})}
        # The schema of 1.2 let TransformationEvent have none; some writers send it empty.
        if kind not in WITH_ACTION:
            made.pop("action", None)
        disposition = made.get("persistentDisposition")
        if isinstance(disposition, dict):
            made["persistentDisposition"] = {
                name: value if isinstance(value, list) else [value] for name, value in disposition.items()
            }
        return {name: value for name, value in made.items() if value not in ("", [], {})}


def read_xml(data: bytes) -> dict[str, Json]:
    """Read an EPCISDocument or EPCISQueryDocument in XML.

    Parameters
    ----------
    data : bytes
        The document.

    Returns
    -------
    dict
        As the JSON-LD document of the same content.

    Raises
    ------
    DecodeError
        If it is no XML, has a document type (entities could blow it up), or too many elements (``epcis.xml``).
    """
    if b"<!DOCTYPE" in data[:20_000] or b"<!ENTITY" in data:
        raise _bad("Expected a document without DOCTYPE, got one: remove it; entities are never needed here.")
    namespaces: dict[str, str] = {}
    root: Element | None = None
    count = 0
    try:
        for happening, value in iterparse(io.BytesIO(data), events=("start", "start-ns")):  # noqa: S314  # no DOCTYPE
            if happening == "start-ns":
                namespaces[value[0]] = value[1]
                continue
            root = value if root is None else root
            count += 1
            if count > MAX_ELEMENTS:
                raise _bad(f"Expected at most {MAX_ELEMENTS} elements, got more: send several documents.")
    except ParseError as error:
        raise _bad(f"Expected well-formed XML: {error}.") from error
    if root is None:
        raise _bad("Expected an XML document, got nothing.")
    reader = _Reader(namespaces)
    if reader.name(root.tag).rpartition(":")[2] not in _ROOTS:
        # Without events in it, any document would be captured and nobody would know that nothing was.
        raise _bad(f"Expected an EPCISDocument, got {root.tag.rpartition('}')[2][:80]!r}: send EPCIS 2.0 or 1.2.")
    events: list[Json] = [reader.event(one) for one in root.iter() if reader.name(one.tag) in EVENT_TYPES]
    own = {prefix: uri for prefix, uri in namespaces.items() if prefix and not uri.startswith("urn:epcglobal:epcis")}
    document: dict[str, Json] = {
        "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {**own}],
        "type": "EPCISDocument",
        "schemaVersion": root.get("schemaVersion", ""),
        "creationDate": root.get("creationDate", ""),
        "epcisBody": {"eventList": events},
    }
    for element in root.iter():
        if reader.name(element.tag).rpartition(":")[2] == "ignoreFields":
            document[reader.name(element.tag)] = [reader.name(child.tag) for child in element]
    return document
