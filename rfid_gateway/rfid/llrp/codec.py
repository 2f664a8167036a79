"""LLRP messages from octets and back, byte for byte, and frames from a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rfid_gateway.rfid.llrp.fields import BitString, Value, decode_fields, encode_fields
from rfid_gateway.rfid.llrp.layouts import CUSTOM_PARAMETERS, MESSAGES, PARAMETERS, VALUE_PARAMETERS, Field, Layout
from twin.errors import DecodeError

HEADER_OCTETS = 10
CUSTOM = 1023
MAX_MESSAGE_OCTETS = 4 * 1024 * 1024  # a report of 50,000 tags; more is a broken length, not a report
MAX_DEPTH = 16  # the standard nests five deep; ParameterError may hold ParameterError


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as it stood in a message.

    Parameters
    ----------
    number : int
        Type number.
    values : Mapping[str, Value]
        Fields by name.
    children : tuple[Parameter, ...]
        Parameters inside, in the sender's order.
    raw : bytes
        Content octets of a parameter that is unknown or broken; otherwise empty.
    problem : str
        Code of why ``raw`` was kept: ``llrp.unknown``, ``llrp.short``, ``llrp.length``, ``llrp.depth``; else empty.
    """

    number: int
    values: Mapping[str, Value] = field(default_factory=dict)
    children: tuple[Parameter, ...] = ()
    raw: bytes = b""
    problem: str = ""

    @property
    def name(self) -> str:
        """Name in the standard, or ``type-N``."""
        layout = VALUE_PARAMETERS.get(self.number) or PARAMETERS.get(self.number)
        if self.number == CUSTOM and (known := CUSTOM_PARAMETERS.get(self._vendor)):
            return known.name
        return layout.name if layout else f"type-{self.number}"

    @property
    def _vendor(self) -> tuple[int, int]:
        vendor, subtype = self.values.get("VendorID"), self.values.get("Subtype")
        return (vendor, subtype) if isinstance(vendor, int) and isinstance(subtype, int) else (0, 0)

    def child(self, number: int) -> Parameter | None:
        """Give the first parameter inside of a type, or None."""
        return next((found for found in self.children if found.number == number), None)

    def integer(self, name: str, default: int = 0) -> int:
        """Give an integer field, or the default where it is absent."""
        value = self.values.get(name, default)
        return value if isinstance(value, int) else default

    def vendor_values(self) -> dict[str, Value]:
        """Give the fields inside a vendor parameter that we understand; empty for others."""
        layout, data = CUSTOM_PARAMETERS.get(self._vendor), self.values.get("Data")
        if layout is None or not isinstance(data, bytes):
            return {}
        try:
            values, used = decode_fields(layout.fields, data)
        except DecodeError:
            return {}
        # Firmware that puts more before or behind the value than we know of would shift it in silence.
        return values if used == len(data) else {}


@dataclass(frozen=True, slots=True)
class Message:
    """One LLRP message.

    Parameters
    ----------
    number : int
        Type number, 0 to 1023.
    id : int
        Message id by which a response names its request.
    values : Mapping[str, Value]
        Fields by name.
    parameters : tuple[Parameter, ...]
        In the sender's order.
    version : int
        Protocol version: 1 for 1.0.1, 2 for 1.1.
    raw : bytes
        Body of a message of unknown type.
    """

    number: int
    id: int = 0
    values: Mapping[str, Value] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    version: int = 1
    raw: bytes = b""

    @property
    def name(self) -> str:
        """Name in the standard, or ``type-N``."""
        layout = MESSAGES.get(self.number)
        return layout.name if layout else f"type-{self.number}"

    def find(self, number: int) -> Parameter | None:
        """Give the first top-level parameter of a type, or None."""
        return next((found for found in self.parameters if found.number == number), None)


@dataclass(frozen=True, slots=True)
class Frame:
    """A message whose body has not been read yet.

    Parameters
    ----------
    number, version, id : int
        From the header.
    body : bytes
        Octets after the header.
    """

    number: int
    version: int
    id: int
    body: bytes


class FrameSplitter:
    """Cuts a stream of octets, in whatever pieces it comes, into frames.

    Parameters
    ----------
    limit : int, optional
        Longest message taken, octets.
    """

    def __init__(self, limit: int = MAX_MESSAGE_OCTETS) -> None:
        self._buffer = bytearray()
        self._limit = limit

    @property
    def waiting(self) -> int:
        """Octets of a message that is not whole yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Frame]:
        """Take in octets and give the frames that are whole now.

        Raises
        ------
        DecodeError
            If a header claims an impossible length or version. The stream cannot be trusted any more: close it. The
            whole frames before it are given first, and the error with the next call.
        """
        self._buffer += data
        frames: list[Frame] = []
        start = 0
        while len(self._buffer) - start >= HEADER_OCTETS:
            try:
                head, length, identifier = _header(bytes(self._buffer[start : start + HEADER_OCTETS]), self._limit)
            except DecodeError:
                if not frames:
                    raise
                break
            if len(self._buffer) - start < length:
                break
            body = bytes(self._buffer[start + HEADER_OCTETS : start + length])
            frames.append(Frame(head & 0x3FF, head >> 10 & 7, identifier, body))
            start += length
        del self._buffer[:start]
        return frames


# Checked before the body has come: a broken length would make the buffer wait for gigabytes.
def _header(octets: bytes, limit: int) -> tuple[int, int, int]:
    head, length, identifier = (
        int.from_bytes(octets[:2], "big"),
        int.from_bytes(octets[2:6], "big"),
        int.from_bytes(octets[6:10], "big"),
    )
    if not HEADER_OCTETS <= length <= limit:
        message = f"LLRP message length: expected {HEADER_OCTETS} to {limit} octets, got {length}."
        raise DecodeError(message, code="llrp.length", offset=2)
    if not 1 <= (head >> 10 & 7) <= 2:
        raise DecodeError(f"LLRP version: expected 1 or 2, got {head >> 10 & 7}.", code="llrp.version", offset=0)
    return head, length, identifier


def split_one(octets: bytes) -> Frame:
    """Give the one frame that octets are.

    Raises
    ------
    DecodeError
        If they are less or more than one message.
    """
    if len(octets) < HEADER_OCTETS:
        message = f"LLRP message: expected at least {HEADER_OCTETS} octets, got {len(octets)}."
        raise DecodeError(message, code="llrp.short", offset=len(octets))
    head, length, identifier = _header(octets[:HEADER_OCTETS], MAX_MESSAGE_OCTETS)
    if len(octets) != length:
        raise DecodeError(
            f"LLRP message: header says {length} octets, got {len(octets)}.", code="llrp.length", offset=2
        )
    return Frame(head & 0x3FF, head >> 10 & 7, identifier, octets[HEADER_OCTETS:])


def decode_message(frame: Frame) -> Message:
    """Read a frame's body.

    A broken parameter costs itself only: its octets are kept under ``raw`` with the code of the problem.

    Raises
    ------
    DecodeError
        If the message's own fixed fields are cut off.
    """
    layout = MESSAGES.get(frame.number)
    if layout is None:
        return Message(frame.number, frame.id, version=frame.version, raw=frame.body)
    values, used = decode_fields(layout.fields, frame.body)
    return Message(frame.number, frame.id, values, tuple(decode_parameters(frame.body[used:])), frame.version)


def decode_parameters(octets: bytes, depth: int = 0) -> Iterator[Parameter]:
    """Read parameters until the octets end.

    Parameters
    ----------
    octets : bytes
        One parameter after the other.
    depth : int
        How many parameters these stand in.
    """
    position = 0
    while position < len(octets):
        if octets[position] & 0x80:  # the first bit tells TV (one octet of type, no length) from TLV
            parameter, used = _decode_value_parameter(octets, position)
        else:
            parameter, used = _decode_parameter(octets, position, depth)
        yield parameter
        position += used


def _decode_value_parameter(octets: bytes, position: int) -> tuple[Parameter, int]:
    number = octets[position] & 0x7F
    layout = VALUE_PARAMETERS.get(number)
    left = len(octets) - position
    if layout is None:
        # Its length is not written anywhere, so nothing after it in this parent can be told apart.
        return Parameter(number, raw=octets[position + 1 :], problem="llrp.unknown"), left
    try:
        values, used = decode_fields(layout.fields, octets[position + 1 :])
    except DecodeError as error:
        return Parameter(number, raw=octets[position + 1 :], problem=error.code), left
    return Parameter(number, values), used + 1


def _decode_parameter(octets: bytes, position: int, depth: int) -> tuple[Parameter, int]:
    left = len(octets) - position
    number = int.from_bytes(octets[position : position + 2], "big") & 0x3FF
    length = int.from_bytes(octets[position + 2 : position + 4], "big")
    # A length below its own head would loop for ever; one beyond the parent would read a sibling.
    if left < 4 or not 4 <= length <= left:
        return Parameter(-1, raw=octets[position:], problem="llrp.length"), left
    content = octets[position + 4 : position + length]
    layout = PARAMETERS.get(number)
    if layout is None or depth >= MAX_DEPTH:
        return Parameter(number, raw=content, problem="llrp.unknown" if layout is None else "llrp.depth"), length
    try:
        values, used = decode_fields(layout.fields, content)
    except DecodeError as error:
        return Parameter(number, raw=content, problem=error.code), length
    children = tuple(decode_parameters(content[used:], depth + 1)) if used < len(content) else ()
    return Parameter(number, values, children), length


def encode_parameter(parameter: Parameter) -> bytes:
    """Write a parameter as it would stand in a message.

    Raises
    ------
    DecodeError
        If a value does not fit its field or the parameter grows beyond 65535 octets.
    """
    if parameter.number < 0:
        return parameter.raw
    if parameter.number < 128:
        head = bytes([0x80 | parameter.number])
        layout = VALUE_PARAMETERS.get(parameter.number)
        return head + (parameter.raw if parameter.problem else encode_fields(_known(layout), parameter.values))
    body = parameter.raw
    if not parameter.problem:
        fixed = encode_fields(_known(PARAMETERS.get(parameter.number)), parameter.values)
        body = fixed + b"".join(map(encode_parameter, parameter.children))
    length = len(body) + 4
    if length > 0xFFFF:
        raise DecodeError(f"LLRP parameter {parameter.name}: {length} octets, limit 65535.", code="llrp.length")
    return parameter.number.to_bytes(2, "big") + length.to_bytes(2, "big") + body


def _known(layout: Layout | None) -> tuple[Field, ...]:
    if layout is None:
        raise DecodeError("A parameter of unknown type can be written from its raw octets only.", code="llrp.unknown")
    return layout.fields


def encode_message(message: Message) -> bytes:
    """Write a message with its header.

    Raises
    ------
    DecodeError
        If a value does not fit its field.
    """
    layout = MESSAGES.get(message.number)
    body = message.raw if layout is None else encode_fields(layout.fields, message.values)
    body += b"".join(map(encode_parameter, message.parameters))
    return encode_frame(message.number, message.id, body, version=message.version)


def encode_frame(number: int, identifier: int, body: bytes = b"", *, version: int = 1) -> bytes:
    """Put the header before a body that is written already.

    Parameters
    ----------
    number, identifier : int
        Type number and message id.
    body : bytes
        Octets after the header.
    version : int
        1 or 2.
    """
    head = (version << 10 | number).to_bytes(2, "big")
    return head + (len(body) + HEADER_OCTETS).to_bytes(4, "big") + identifier.to_bytes(4, "big") + body


def to_plain(item: Message | Parameter) -> dict[str, object]:
    """Give a message or parameter as plain values for JSON: octets in hex, names of the standard."""
    plain: dict[str, object] = {"type": item.name, "number": item.number}
    if isinstance(item, Message):
        plain |= {"id": item.id, "version": item.version}
    elif item.problem:
        plain["problem"] = item.problem
    plain |= {name: _plain_value(value) for name, value in item.values.items()}
    if isinstance(item, Parameter):
        plain |= {name: _plain_value(value) for name, value in item.vendor_values().items()}
    if item.raw:
        plain["raw"] = item.raw.hex().upper()
    inside = item.parameters if isinstance(item, Message) else item.children
    if inside:
        plain["parameters"] = [to_plain(child) for child in inside]
    return plain


def _plain_value(value: Value) -> object:
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, BitString):
        return {"bits": value.count, "hex": value.octets.hex().upper()}
    if isinstance(value, str):
        # The surrogates that keep foreign octets apart are no valid text for JSON.
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return list(value) if isinstance(value, tuple) else value
