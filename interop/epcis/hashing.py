"""The event hash: one name for the same event, whoever captured it and in whatever form.

The canonical text of an event is its fields in a fixed order, each as name and value, without separators; lists sorted;
keys as Digital Links, vocabulary as Web URIs, instants in UTC with milliseconds, extensions last with their namespace.
What a repository adds (``eventID``, ``recordTime``), comments, and error declarations do not belong to it.

References
----------
GS1 Core Business Vocabulary 2.0, section 8.9 (event ID as hash).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from interop.epcis.document import Event, Json
from interop.epcis.identifiers import VOC, canonical_key, canonical_term

# CBV 2.0, 8.9.1: what a repository adds, and what says that an event was wrong, must not change its name.
_LEFT_OUT = frozenset({"type", "eventID", "recordTime", "errorDeclaration", "@context", "rdfs:comment"})
# The order of the fields is the hash: that of CBV 2.0, 8.9, not that of JSON or XML.
_ORDER = (
    "eventTime",
    "eventTimeZoneOffset",
    "certificationInfo",
    "epcList",
    "parentID",
    "inputEPCList",
    "childEPCs",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "action",
    "transformationID",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "sensorElementList",
    "bizTransactionList",
    "destinationList",
    "sourceList",
    "ilmd",
)
_ITEM = {
    **dict.fromkeys(("epcList", "childEPCs", "inputEPCList", "outputEPCList"), "epc"),
    **dict.fromkeys(
        ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"), "quantityElement"
    ),
    "sensorElementList": "sensorElement",
    **dict.fromkeys(("bizTransactionList", "sourceList", "destinationList"), ""),
}
"""Name of each item of a list; empty where an item stands without a name."""
_INNER: dict[str, tuple[str, ...]] = {
    "quantityElement": ("epcClass", "quantity", "uom"),
    "bizTransactionList": ("type", "bizTransaction"),
    "sourceList": ("type", "source"),
    "destinationList": ("type", "destination"),
    "readPoint": ("id",),
    "bizLocation": ("id",),
    "persistentDisposition": ("set", "unset"),
    "sensorElement": ("sensorMetadata", "sensorReport"),
    "sensorMetadata": (
        "time",
        "startTime",
        "endTime",
        "deviceID",
        "deviceMetadata",
        "rawData",
        "dataProcessingMethod",
        "bizRules",
    ),
    "sensorReport": (
        "type",
        "exception",
        "deviceID",
        "deviceMetadata",
        "rawData",
        "dataProcessingMethod",
        "time",
        "microorganism",
        "chemicalSubstance",
        "value",
        "component",
        "stringValue",
        "booleanValue",
        "hexBinaryValue",
        "uriValue",
        "minValue",
        "maxValue",
        "meanValue",
        "sDev",
        "percRank",
        "percValue",
        "uom",
        "coordinateReferenceSystem",
    ),
}
"""Order of the fields inside, by what holds them."""
_INSTANTS = frozenset({"eventTime", "time", "startTime", "endTime"})
_TYPES = {
    "bizTransactionList": "bizTransactionType",
    "sourceList": "sourceDestType",
    "destinationList": "sourceDestType",
}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")
_NAMESPACES = {"cbvmda": "urn:epcglobal:cbv:mda:"}


def _instant(text: str) -> str:
    """Round to milliseconds, half up: ``.1415`` s is ``.142`` (``fromisoformat`` would cut off behind microseconds)."""
    try:
        whole, digits, offset = re.fullmatch(r"(.*?:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)", text).groups()  # type: ignore[union-attr]  # no match is caught below
        moment = datetime.fromisoformat(whole + offset.replace("Z", "+00:00")).astimezone(UTC)
    except (AttributeError, ValueError, OverflowError):
        return text
    thousandths = (int((digits or "0")[:4].ljust(4, "0")) + 5) // 10
    moment += timedelta(milliseconds=thousandths)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _number(text: str) -> str:
    # A number of any length can be sent; Python takes quadratic time to read a very long one.
    if len(text) > 300 or not _NUMBER.fullmatch(text):
        return text
    # 1.0, 01 and 1 are one number: else the same event would hash differently by who wrote it.
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return text
    return str(int(value)) if value.is_integer() else str(value)


def namespaces_of(contexts: Collection[Json]) -> dict[str, str]:
    """Give the prefixes that an ``@context`` declares, and those that EPCIS itself declares.

    Parameters
    ----------
    contexts : Collection[Json]
        Entries of ``@context``: addresses are passed over, objects are read.
    """
    found = dict(_NAMESPACES)
    for entry in contexts:
        if isinstance(entry, dict):
            found |= {name: text for name, text in entry.items() if isinstance(text, str)}
    return found


@dataclass(slots=True)
class _Writer:
    """Writes one event canonically."""

    namespaces: Mapping[str, str]
    ignored: Collection[str]
    leftovers: list[str] = field(default_factory=list)

    def event(self, event: Event) -> str:
        parts = [f"eventType={event['type']}"]
        parts += [self.named(name, event[name], ()) for name in _ORDER if name in event]
        others = [name for name in event if name not in _ORDER and name not in _LEFT_OUT and name not in self.ignored]
        # Extensions have no order of their own in JSON or XML: they are sorted.
        parts += sorted(self.named(name, event[name], ()) for name in others)
        return "".join([*parts, *self.leftovers])

    def named(self, name: str, value: Json, path: tuple[str, ...]) -> str:
        """Write one field; nothing for an empty one."""
        # Order within a list says nothing in EPCIS: two systems that write it differently mean the same event.
        if isinstance(value, list) and name in _ITEM:
            item = _ITEM[name]
            items = sorted(self._item(item, name, one, (*path, name)) for one in value)
            return name + "".join(items) if any(items) else ""
        if isinstance(value, list):
            return "".join(sorted(self.named(name, one, path) for one in value))
        if isinstance(value, dict):
            inside = self._inside(name, value, (*path, name))
            return self._name(name) + inside if inside else ""
        return f"{self._name(name)}={self._scalar(name, value, path)}" if value is not None else ""

    def _item(self, item: str, holder: str, value: Json, path: tuple[str, ...]) -> str:
        if isinstance(value, dict):
            inside = self._inside(item or holder, value, (*path, item) if item else path)
            return item + inside if inside else ""
        return f"{item}={self._scalar(item, value, path)}" if value is not None else ""

    def _inside(self, holder: str, value: dict[str, Json], path: tuple[str, ...]) -> str:
        order = _INNER.get(holder, ())
        parts = [self.named(name, value[name], path) for name in order if name in value]
        others = [name for name in value if name not in order and name not in ("@context", "rdfs:comment")]
        if order:
            # A field that the standard does not know there and that no namespace tells apart goes to the very end.
            strange = [name for name in others if ":" not in name]
            self.leftovers += sorted("".join(path) + self.named(name, value[name], path) for name in strange)
            others = [name for name in others if ":" in name]
        return "".join([*parts, *sorted(self.named(name, value[name], path) for name in others)])

    def _name(self, name: str) -> str:
        prefix, _, local = name.partition(":")
        space = self.namespaces.get(prefix) if local else None
        return f"{{{space}}}{local}" if space is not None else name

    def _scalar(self, name: str, value: Json, path: tuple[str, ...]) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        text = str(value).strip()
        if name in _INSTANTS:
            return _instant(text)
        # A bare word, its URN and its Web URI are one term.
        if name in ("bizStep", "disposition", "set", "unset"):
            return canonical_term(name, text)
        holder = path[-1] if path else ""
        if name == "type" and holder in _TYPES:
            return canonical_term(_TYPES[holder], text)
        if holder == "sensorReport" and name in ("type", "exception", "component"):
            return self._sensor_term(name, text)
        return _number(canonical_key(text))

    def _sensor_term(self, name: str, text: str) -> str:
        prefix, _, local = text.partition(":")
        if local:
            return (
                f"{self.namespaces[prefix]}{local}" if prefix in ("gs1", "cbv") and prefix in self.namespaces else text
            )
        return canonical_term("component", text) if name == "component" else VOC + text


def canonical_text(event: Event, *, namespaces: Mapping[str, str], ignored: Collection[str] = ()) -> str:
    """Give the text over which the hash is taken.

    Parameters
    ----------
    event : Event
        Checked.
    namespaces : Mapping[str, str]
        Namespace by prefix; see :func:`namespaces_of`.
    ignored : Collection[str], optional
        Fields that the document's ``ignoreFields`` leaves out.
    """
    # An event may declare prefixes of its own, which count before those of its document.
    own = event.get("@context")
    if own is not None:
        namespaces = {**namespaces, **namespaces_of(own if isinstance(own, list) else [own])}
    return _Writer(namespaces, frozenset(ignored)).event(event)


def hash_of(event: Event, *, namespaces: Mapping[str, str], ignored: Collection[str] = ()) -> str:
    """Give the event hash, ``ni:///sha-256;…?ver=CBV2.0``; parameters as :func:`canonical_text`."""
    text = canonical_text(event, namespaces=namespaces, ignored=ignored)
    return f"ni:///sha-256;{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}?ver=CBV2.0"


def ignored_fields(document: Mapping[str, Json]) -> frozenset[str]:
    """Give the names that a document's ``ignoreFields`` (of any namespace) leaves out of the hash."""

    def names(value: Json) -> Iterator[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            for one in value:
                yield from names(one)

    body = document.get("epcisBody")
    holders = [document, body, body.get("queryResults") if isinstance(body, dict) else None]
    return frozenset(
        name
        for holder in holders
        if isinstance(holder, Mapping)
        for key, value in holder.items()
        if key.rpartition(":")[2] == "ignoreFields"
        for name in names(value)
    )
