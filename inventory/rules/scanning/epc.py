"""RFID tags of goods: SGTIN-96 and GRAI-96 as hexadecimal, and EPC pure identity URIs."""

from __future__ import annotations

from inventory.model.scan import Scan
from inventory.rules.scanning.gs1 import check_digit
from twin.errors import DecodeError

_PARTITIONS: tuple[tuple[int, int, int], ...] = (
    (40, 12, 4), (37, 11, 7), (34, 10, 10), (30, 9, 14), (27, 8, 17), (24, 7, 20), (20, 6, 24),
)  # fmt: skip
"""Bits and digits of the company prefix and bits of the rest, by partition value.

Together 44 bits and 13 digits for SGTIN, 12 for GRAI: GS1 Tag Data Standard 2.0, tables 14-2 and 14-9.
"""

_SGTIN_HEADER, _GRAI_HEADER = 0x30, 0x33


def read_epc(text: str) -> Scan:
    """Read a goods tag.

    Parameters
    ----------
    text : str
        24 hexadecimal digits, or ``urn:epc:id:…``.

    Raises
    ------
    DecodeError
        With ``scan.unreadable`` if it is neither SGTIN nor GRAI, or its bits are impossible.
    """
    if text.lower().startswith("urn:"):
        return _read_uri(text)
    bits = int(text, 16)
    header = bits >> 88
    if header not in (_SGTIN_HEADER, _GRAI_HEADER):
        raise DecodeError(f"Expected an SGTIN-96 or GRAI-96 tag, got header {header:02X}.", code="scan.unreadable")
    partition = bits >> 82 & 0b111
    if partition >= len(_PARTITIONS):
        raise DecodeError(f"Expected a partition 0 to 6, got {partition}.", code="scan.unreadable")
    prefix_bits, prefix_digits, rest_bits = _PARTITIONS[partition]
    prefix = bits >> (82 - prefix_bits) & ((1 << prefix_bits) - 1)
    rest = bits >> 38 & ((1 << rest_bits) - 1)
    serial = bits & ((1 << 38) - 1)
    rest_digits = (13 if header == _SGTIN_HEADER else 12) - prefix_digits
    if prefix >= 10**prefix_digits or rest >= 10**rest_digits:
        raise DecodeError(
            "The tag's company prefix or reference is too large for its partition.", code="scan.unreadable"
        )
    reference = f"{rest:0{rest_digits}d}" if rest_digits else ""
    return _scan("sgtin" if header == _SGTIN_HEADER else "grai", f"{prefix:0{prefix_digits}d}", reference, str(serial))


def _read_uri(text: str) -> Scan:
    parts = text.split(":", 4)
    fields = parts[4].split(".", 2) if len(parts) == 5 else []
    kind = parts[3].lower() if len(parts) == 5 else ""
    if kind not in ("sgtin", "grai") or len(fields) != 3 or not (fields[0] + fields[1]).isdigit():
        raise DecodeError(f"Expected urn:epc:id:sgtin:… or urn:epc:id:grai:…, got {text!r}.", code="scan.unreadable")
    digits = len(fields[0]) + len(fields[1])
    if digits != (13 if kind == "sgtin" else 12):
        raise DecodeError(f"{text}: the company prefix and reference have {digits} digits.", code="scan.unreadable")
    return _scan(kind, fields[0], fields[1], fields[2])


def _scan(kind: str, prefix: str, reference: str, serial: str) -> Scan:
    uri = f"urn:epc:id:{kind}:{prefix}.{reference}.{serial}"
    if kind == "grai":
        payload = prefix + reference
        return Scan(grai=f"0{payload}{check_digit(payload)}{serial}", serial=serial, epc_uri=uri)
    payload = reference[:1] + prefix + reference[1:]
    return Scan(gtin=payload + check_digit(payload), serial=serial, epc_uri=uri)
