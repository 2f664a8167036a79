"""RFID tags of goods: SGTIN-96 and GRAI-96 as hexadecimal, and EPC pure identity URIs."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from inventory.model.scan import Scan
from twin.errors import DecodeError
from twin.gs1.keys import check_digit

_PARTITIONS: tuple[tuple[int, int, int], ...] = (
    (40, 12, 4),
    (37, 11, 7),
    (34, 10, 10),
    (30, 9, 14),
    (27, 8, 17),
    (24, 7, 20),
    (20, 6, 24),
)
"""Bits and digits of the company prefix and bits of the rest, by partition value.

Together 44 bits and 13 digits for SGTIN, 12 for GRAI: GS1 Tag Data Standard 2.0, tables 14-2 and 14-9.
"""

_SGTIN_96, _SSCC_96, _GRAI_96, _SGTIN_198, _GRAI_170 = 0x30, 0x31, 0x33, 0x36, 0x37
_DIGITS = {_SGTIN_96: 13, _SGTIN_198: 13, _SSCC_96: 17, _GRAI_96: 12, _GRAI_170: 12}
"""Digits of company prefix and reference together, without the check digit."""

_BITS = {_SGTIN_96: 96, _SSCC_96: 96, _GRAI_96: 96, _SGTIN_198: 198, _GRAI_170: 170}
_TAG_KINDS = {
    "sgtin-96": "sgtin",
    "sgtin-198": "sgtin",
    "sscc-96": "sscc",
    "grai-96": "grai",
    "grai-170": "grai",
}
_FILTER = re.compile(r"^[0-7]\.")
_UNESCAPED = "!'()*+,-.:;=_"
_SERIAL_CHARACTERS = {_SGTIN_198: 20, _GRAI_170: 16}


def read_epc(text: str) -> Scan:
    """Read a goods tag.

    Parameters
    ----------
    text : str
        SGTIN-96, SGTIN-198, SSCC-96, GRAI-96 or GRAI-170 as hexadecimal (a longer memory bank ends in zeros), or
        ``urn:epc:id:…`` or ``urn:epc:tag:…``.

    Raises
    ------
    DecodeError
        With ``scan.unreadable`` if it is none of them, or its bits are impossible.
    """
    if text.lower().startswith("urn:"):
        return _read_uri(text)
    header = int(text[:2], 16)
    length = _BITS.get(header)
    if length is None or len(text) * 4 < length:
        raise DecodeError(f"Expected a whole SGTIN, SSCC or GRAI tag, got header {header:02X}.", code="scan.unreadable")
    spare = len(text) * 4 - length
    bits = int(text, 16)
    if bits & ((1 << spare) - 1):
        raise DecodeError("The tag's memory goes on after the end of its EPC.", code="scan.unreadable")
    return _read_bits(header, bits >> spare, length)


def _read_bits(header: int, bits: int, length: int) -> Scan:
    # header 8 bits, filter 3, partition 3, then prefix and reference, then the serial
    # Partition 7 is not defined; larger ones do not fit into three bits.
    partition = bits >> (length - 14) & 0b111
    if partition >= len(_PARTITIONS):
        raise DecodeError(f"Expected a partition 0 to 6, got {partition}.", code="scan.unreadable")
    prefix_bits, prefix_digits, rest_bits = _PARTITIONS[partition]
    if header == _SSCC_96:
        rest_bits = 58 - prefix_bits
    place = length - 14 - prefix_bits
    prefix = bits >> place & ((1 << prefix_bits) - 1)
    place -= rest_bits
    rest = bits >> place & ((1 << rest_bits) - 1)
    rest_digits = _DIGITS[header] - prefix_digits
    if prefix >= 10**prefix_digits or rest >= 10**rest_digits:
        raise DecodeError(
            "The tag's company prefix or reference is too large for its partition.", code="scan.unreadable"
        )
    reference = f"{rest:0{rest_digits}d}" if rest_digits else ""
    company = f"{prefix:0{prefix_digits}d}"
    if header == _SSCC_96:
        if bits & ((1 << place) - 1):
            raise DecodeError("An SSCC tag ends with 24 zero bits.", code="scan.unreadable")
        return _logistic_unit(company, reference)
    serial = _characters(bits, place, header) if header in _SERIAL_CHARACTERS else str(bits & ((1 << place) - 1))
    return _scan("sgtin" if header in (_SGTIN_96, _SGTIN_198) else "grai", company, reference, serial)


def _characters(bits: int, place: int, header: int) -> str:
    """Give a serial of seven-bit characters, ended by the first zero (Tag Data Standard 2.0, section 14.4.2)."""
    codes = [bits >> (place - 7 * (i + 1)) & 0x7F for i in range(_SERIAL_CHARACTERS[header])]
    used = codes[: codes.index(0)] if 0 in codes else codes
    if not used or any(codes[len(used) :]) or any(not 0x21 <= code <= 0x7A for code in used):
        raise DecodeError("The tag's serial holds characters that no serial may have.", code="scan.unreadable")
    return "".join(map(chr, used))


def _logistic_unit(prefix: str, reference: str) -> Scan:
    payload = reference[:1] + prefix + reference[1:]
    return Scan(sscc=payload + check_digit(payload), epc_uri=f"urn:epc:id:sscc:{prefix}.{reference}")


def _read_uri(text: str) -> Scan:
    parts = text.split(":", 4)
    kind = parts[3].lower() if len(parts) == 5 else ""
    written = parts[-1]
    if len(parts) == 5 and parts[2].lower() == "tag":
        # a tag's own URI names its length and begins with the filter value, which says nothing of the goods
        kind, written = _TAG_KINDS.get(kind, ""), _FILTER.sub("", written)
    digits = {"sgtin": 13, "grai": 12, "sscc": 17}.get(kind)
    fields = written.split(".", 2) if digits else []
    if digits is None or len(fields) != (2 if kind == "sscc" else 3) or not _is_number(fields[0] + fields[1]):
        raise DecodeError(f"Expected urn:epc:id:sgtin:…, :grai:… or :sscc:…, got {text!r}.", code="scan.unreadable")
    if len(fields[0]) + len(fields[1]) != digits or not 6 <= len(fields[0]) <= 12:
        raise DecodeError(
            f"{text}: expected {digits} digits of company prefix and reference, the prefix 6 to 12 of them.",
            code="scan.unreadable",
        )
    if kind == "sscc":
        return _logistic_unit(fields[0], fields[1])
    serial = unquote(fields[2])
    if not serial or len(serial) > (20 if kind == "sgtin" else 16) or not serial.isascii() or not serial.isprintable():
        raise DecodeError(f"{text}: expected a serial of at most 20 characters.", code="scan.unreadable")
    return _scan(kind, fields[0], fields[1], serial)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _scan(kind: str, prefix: str, reference: str, serial: str) -> Scan:
    # characters that a URI keeps for itself are escaped, as the Tag Data Standard's table A-1 asks
    uri = f"urn:epc:id:{kind}:{prefix}.{reference}.{quote(serial, safe=_UNESCAPED)}"
    if kind == "grai":
        payload = prefix + reference
        return Scan(grai=f"0{payload}{check_digit(payload)}{serial}", serial=serial, epc_uri=uri)
    payload = reference[:1] + prefix + reference[1:]
    return Scan(gtin=payload + check_digit(payload), serial=serial, epc_uri=uri)
