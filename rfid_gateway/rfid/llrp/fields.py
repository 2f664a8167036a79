"""Fields of LLRP messages and parameters: bits to values and back."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from rfid_gateway.rfid.llrp.layouts import Field
from twin.errors import DecodeError


@dataclass(frozen=True, slots=True)
class BitString:
    """A string of bits whose number need not be a multiple of eight.

    Parameters
    ----------
    count : int
        How many bits, 0 to 65535.
    octets : bytes
        The bits, first one first, padded with whatever the sender padded with.
    """

    count: int
    octets: bytes


Value = int | str | bytes | tuple[int, ...] | BitString
_ARRAY_WIDTH = {"u16v": 2, "u32v": 4}


def _short(field: Field, offset: int, needed: int, left: int) -> DecodeError:
    message = f"LLRP field {field.name or 'reserved'}: expected {needed} more octet(s), got {left}."
    return DecodeError(message, code="llrp.short", offset=offset)


class _Cursor:
    def __init__(self, body: bytes) -> None:
        self.body = body
        self.bit = 0

    def bits(self, field: Field) -> int:
        end = self.bit + field.width
        last = (end + 7) >> 3
        first = self.bit >> 3
        if last > len(self.body):
            raise _short(field, first, last - first, len(self.body) - first)
        # Fields of a few bits share octets: the whole octets are taken as one number, then cut.
        word = int.from_bytes(self.body[first:last], "big") >> ((last << 3) - end)
        self.bit = end
        return word & ((1 << field.width) - 1)

    def octets(self, field: Field, count: int) -> bytes:
        if self.bit & 7:
            raise DecodeError(f"LLRP field {field.name} does not begin on an octet.", code="llrp.layout")
        first = self.bit >> 3
        if first + count > len(self.body):
            raise _short(field, first, count, len(self.body) - first)
        self.bit += count << 3
        return self.body[first : first + count]

    def counted(self, field: Field) -> int:
        return int.from_bytes(self.octets(field, 2), "big")


def decode_fields(fields: tuple[Field, ...], body: bytes) -> tuple[dict[str, Value], int]:
    """Read the fixed part of a message or parameter.

    Parameters
    ----------
    fields : tuple[Field, ...]
        Layout of the fixed part.
    body : bytes
        Octets from the first field on.

    Returns
    -------
    tuple[dict[str, Value], int]
        Values by name, and how many octets the fixed part takes. Reserved bits appear, as ``reserved`` and their
        position, only if they are not zero, so that writing gives the same octets.

    Raises
    ------
    DecodeError
        If the octets end before the last field.
    """
    cursor = _Cursor(body)
    values: dict[str, Value] = {}
    for position, field in enumerate(fields):
        if field.kind == "r":
            if reserved := cursor.bits(field):
                values[f"reserved{position}"] = reserved
            continue
        values[field.name] = _decode_field(field, cursor)
    return values, cursor.bit >> 3


def _decode_field(field: Field, cursor: _Cursor) -> Value:
    match field.kind:
        case "u":
            return cursor.bits(field)
        case "s":
            value = cursor.bits(field)
            return value - (1 << field.width) if value >> (field.width - 1) else value
        case "b":
            return cursor.octets(field, field.width)
        case "utf8":
            # Readers write their names in any code page; the escape keeps octets that are no UTF-8.
            return cursor.octets(field, cursor.counted(field)).decode("utf-8", "surrogateescape")
        case "bytes":
            return cursor.octets(field, cursor.counted(field))
        case "bits":
            count = cursor.counted(field)
            return BitString(count, cursor.octets(field, (count + 7) >> 3))
        case "rest":
            return cursor.octets(field, len(cursor.body) - (cursor.bit >> 3))
        case _:
            width = _ARRAY_WIDTH[field.kind]
            count = cursor.counted(field)
            code = "H" if width == 2 else "I"
            return struct.unpack(f">{count}{code}", cursor.octets(field, count * width))


def encode_fields(fields: tuple[Field, ...], values: Mapping[str, Value]) -> bytes:
    """Write the fixed part of a message or parameter.

    Parameters
    ----------
    fields : tuple[Field, ...]
        Layout of the fixed part.
    values : Mapping[str, Value]
        As :func:`decode_fields` gives; integers that are missing are written as 0.

    Raises
    ------
    DecodeError
        If a value does not fit its field.
    """
    out = bytearray()
    word = bits = 0
    for position, field in enumerate(fields):
        if field.kind in "usr":
            value = values.get(field.name or f"reserved{position}", 0)
            # Gathered until an octet is full; layouts fill up with reserved bits.
            word = word << field.width | _fitted(field, value)
            bits += field.width
            if bits & 7 == 0:
                out += word.to_bytes(bits >> 3, "big")
                word = bits = 0
        else:
            out += _encode_octets(field, values.get(field.name))
    return bytes(out)


def _fitted(field: Field, value: Value) -> int:
    low, high = (
        (0, (1 << field.width) - 1) if field.kind != "s" else (-(1 << field.width - 1), (1 << field.width - 1) - 1)
    )
    if not isinstance(value, int) or not low <= value <= high:
        raise DecodeError(f"LLRP field {field.name}: expected {low} to {high}, got {value!r}.", code="llrp.range")
    return value & ((1 << field.width) - 1)


def _encode_octets(field: Field, value: Value | None) -> bytes:
    match field.kind, value:
        case "b", bytes() if len(value) == field.width:
            return value
        case "utf8", str():
            octets = value.encode("utf-8", "surrogateescape")
            return len(octets).to_bytes(2, "big") + octets
        case "bytes", bytes():
            return len(value).to_bytes(2, "big") + value
        case "bits", BitString() if len(value.octets) == (value.count + 7) >> 3:
            return value.count.to_bytes(2, "big") + value.octets
        case "rest", bytes():
            return value
        case (("u16v" | "u32v"), tuple()):
            code = "H" if field.kind == "u16v" else "I"
            return struct.pack(f">H{len(value)}{code}", len(value), *value)
        case _, None:
            return b"" if field.kind == "rest" else bytes(field.width or 2)
        case _:
            raise DecodeError(f"LLRP field {field.name}: {value!r} is no {field.kind}.", code="llrp.range")
