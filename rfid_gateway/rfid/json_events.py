"""Tag events that readers send as JSON: Impinj's IoT interface, Zebra's IoT Connector, and fields named by settings.

A record that breaks a rule costs itself only and is named; no value is guessed.

References
----------
Impinj IoT Device Interface, tagInventory events; Zebra IoT Connector, tag data events (``eventNum`` counts them, so
that a gap tells a loss).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import msgspec

from twin.errors import DecodeError

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){1,62}")  # a Gen 2 tag announces at most 31 words
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_RECORDS = 10_000
# msgspec refuses deep nesting and is several times as fast as the standard library.
_raw = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonTag:
    """One record of a tag.

    Parameters
    ----------
    epc : str
        Upper-case hex.
    antenna : int
        0 if it is not told.
    rssi_dbm : float or None
        Strongest signal.
    seen_at : int or None
        Reader's clock, UTC microseconds.
    times : int
        How often it was read, at least 1.
    number : int or None
        Running number of the record.
    tid : str
        Number of the tag's chip, upper-case hex; empty if it is not told.
    """

    epc: str
    antenna: int = 0
    rssi_dbm: float | None = None
    seen_at: int | None = None
    times: int = 1
    number: int | None = None
    tid: str = ""


@dataclass(slots=True)
class JsonTags:
    """What a message told.

    Parameters
    ----------
    tags : list[JsonTag]
        Usable records, in order.
    problems : list[str]
        What is wrong with the others.
    """

    tags: list[JsonTag] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldNames:
    """Where a message of any other program has its values: names joined by dots.

    Parameters
    ----------
    records : str
        List of records; empty if the message is one record, or a list of them.
    epc, antenna, rssi_dbm, seen_at, tid : str
        Fields of a record; only the first is needed.
    """

    records: str = ""
    epc: str = "epc"
    antenna: str = "antenna"
    rssi_dbm: str = "rssi"
    seen_at: str = "timestamp"
    tid: str = "tid"


def _decode(payload: bytes) -> object:
    try:
        return _raw.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"Expected JSON: {str(error)[:120]}.", code="json.malformed") from error


def instant_us(value: object) -> int | None:
    """Give UTC microseconds of an ISO 8601 text with offset, or of seconds, milli- or microseconds since 1970.

    Raises
    ------
    DecodeError
        If it is none of these.
    """
    if value is None:
        return None
    if isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise DecodeError(f"Expected an instant in ISO 8601, got {value[:40]!r}.", code="json.instant") from error
        if moment.tzinfo is None:
            raise DecodeError(f"Instant {value[:40]!r} has no offset from UTC.", code="json.instant")
        span = moment - _EPOCH
        return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e17:  # bool is an int in Python
        # The three units differ by a thousand; for the years 2000 to 2100 their ranges do not touch.
        factor = 1_000_000 if value < 1e11 else 1_000 if value < 1e14 else 1
        return int(value * factor)
    raise DecodeError(f"Expected an instant, got {str(value)[:40]!r}.", code="json.instant")


def _epc(value: object) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise DecodeError(f"Expected an EPC in hex, got {str(value)[:40]!r}.", code="json.epc")
    return value.upper()


def _tid(value: object) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise DecodeError(f"Expected a TID in hex, got {str(value)[:40]!r}.", code="json.tid")
    return value.upper()


def _hex_of(one: Mapping[str, object], plain: str, code: str) -> object:
    """Give a field of an Impinj event as hex: told so, or in Base64 in the alphabet for URLs, padded or not."""
    text, coded = one.get(f"{plain}Hex"), one.get(plain)
    if text is None and isinstance(coded, str):
        try:
            return base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True).hex()
        except (binascii.Error, ValueError) as error:
            raise DecodeError(f"Expected Base64, got {coded[:40]!r}.", code=code) from error
    return text


def _count(value: object, default: int, most: int, name: str) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise DecodeError(f"Expected {name} from 0 to {most}, got {str(value)[:40]!r}.", code=f"json.{name}")
    # Silence is told as None, never as 0: an antenna 0 stands for "not told".
    return value


def _rssi(value: object, scale: float = 1.0) -> float | None:
    if value is None:
        return None
    # Readers report hundredths of a dBm in one form and dBm in another.
    if isinstance(value, bool) or not isinstance(value, int | float) or not -128.0 <= value * scale <= 20.0:
        raise DecodeError(f"Expected a signal in dBm, got {str(value)[:40]!r}.", code="json.rssi")
    return float(value * scale)


def read_impinj_line(line: bytes) -> JsonTags:
    """Read one line of the stream of an Impinj reader; other events and empty lines (keep-alives) tell no tag.

    Raises
    ------
    DecodeError
        If it is no JSON object.
    """
    if not line.strip():
        return JsonTags()
    event = _decode(line)
    if not isinstance(event, dict):
        raise DecodeError("Expected an event as a JSON object.", code="json.malformed")
    told = event.get("tagInventoryEvent")
    return _gather([told] if told is not None else [], partial(_impinj, told_at=event.get("timestamp")))


def _impinj(one: Mapping[str, object], told_at: object) -> JsonTag:
    seen_at = one.get("lastSeenTime")
    return JsonTag(
        epc=_epc(_hex_of(one, "epc", "json.epc")),
        tid=_tid(_hex_of(one, "tid", "json.tid")),
        antenna=_count(one.get("antennaPort"), 0, 65_535, "antenna"),
        rssi_dbm=_rssi(one.get("peakRssiCdbm"), 0.01),
        seen_at=instant_us(told_at if seen_at is None else seen_at),
    )


def read_zebra_message(payload: bytes) -> JsonTags:
    """Read a message of tag data of a Zebra reader: one event, or a list of events.

    Raises
    ------
    DecodeError
        If it is no JSON object or list.
    """
    found = _decode(payload)
    events = found if isinstance(found, list) else [found]
    result = JsonTags()
    if not isinstance(found, dict | list):
        raise DecodeError("Expected events as JSON objects.", code="json.malformed")
    result.problems += _too_many(events)
    for index, event in enumerate(events[:_MOST_RECORDS]):
        if not isinstance(event, dict):
            result.problems.append(f"event {index}: expected a JSON object")
            continue
        data = event.get("data", event.get("tagData"))
        records = data if isinstance(data, list) else [] if data is None else [data]
        part = _gather(records, partial(_zebra, told_at=event.get("timestamp")))
        result.tags += part.tags
        result.problems += part.problems
    return result


def _zebra(one: Mapping[str, object], told_at: object) -> JsonTag:
    seen_at = one.get("timestamp", told_at)
    return JsonTag(
        epc=_epc(one.get("idHex", one.get("EPC", one.get("epc")))),
        antenna=_count(one.get("antenna"), 0, 65_535, "antenna"),
        rssi_dbm=_rssi(one.get("peakRssi", one.get("RSSI"))),
        seen_at=instant_us(seen_at),
        times=max(_count(one.get("reads", one.get("seenCount")), 1, 2**31, "reads"), 1),
        number=_count(one.get("eventNum"), 0, 2**63 - 1, "eventNum") if "eventNum" in one else None,
        tid=_tid(one.get("TID", one.get("tid"))),
    )


def read_mapped_message(payload: bytes, names: FieldNames) -> JsonTags:
    """Read a message of any program that sends tags as JSON.

    Parameters
    ----------
    payload : bytes
        The message.
    names : FieldNames
        Where its values are.

    Raises
    ------
    DecodeError
        If it is no JSON, or has no list of records where one was named.
    """
    found = _decode(payload)
    records = _at(found, names.records) if names.records else found
    if names.records and not isinstance(records, list):
        raise DecodeError(f"Expected a list at {names.records!r}.", code="json.records")
    return _gather(records if isinstance(records, list) else [records], partial(_mapped, names=names))


def _mapped(one: Mapping[str, object], names: FieldNames) -> JsonTag:
    return JsonTag(
        epc=_epc(_at(one, names.epc)),
        antenna=_count(_at(one, names.antenna), 0, 65_535, "antenna"),
        rssi_dbm=_rssi(_at(one, names.rssi_dbm)),
        seen_at=instant_us(_at(one, names.seen_at)),
        tid=_tid(_at(one, names.tid)),
    )


def _at(value: object, path: str) -> object:
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _too_many(records: Sequence[object]) -> list[str]:
    # What is left out for its number is told: a reader that sends so much at once is set up wrongly.
    over = len(records) - _MOST_RECORDS
    return [f"{over} record(s) after the first {_MOST_RECORDS} were left out"] if over > 0 else []


def _gather(records: Sequence[object], read: Callable[[Mapping[str, object]], JsonTag]) -> JsonTags:
    result = JsonTags(problems=_too_many(records))
    for index, record in enumerate(records[:_MOST_RECORDS]):
        if not isinstance(record, dict):
            result.problems.append(f"record {index}: expected a JSON object")
            continue
        try:
            result.tags.append(read(record))
        except DecodeError as error:
            result.problems.append(f"record {index}: {error.message}")
    return result
