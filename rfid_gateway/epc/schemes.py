"""The binary schemes of the Tag Data Standard 1.x: their bits, URIs and GS1 element strings.

References
----------
GS1 EPC Tag Data Standard 1.13 (2019), sections 6 (pure identity), 7 (GS1 element strings), 14.5 (binary schemes).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rfid_gateway.epc import fields
from rfid_gateway.epc.bits import BitReader, BitWriter
from rfid_gateway.epc.fields import Component
from twin.errors import DecodeError
from twin.gs1.keys import check_digit

Element = tuple[str, str]
"""GS1 application identifier and value."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """One binary scheme.

    Parameters
    ----------
    name : str
        As in tag URIs: ``sgtin-96``.
    header : int
        First eight bits.
    urn : str
        As in pure identities: ``sgtin``.
    filter_bits : int
        3, for some 4 or 6, for GID none.
    components : tuple[Component, ...]
        Fields after the filter.
    elements : Callable or None
        Gives the GS1 application identifiers and values of the (unescaped) URI components; None where GS1 has none.
    """

    name: str
    header: int
    urn: str
    filter_bits: int
    components: tuple[Component, ...]
    elements: Callable[[Sequence[str]], list[Element]] | None

    @property
    def part_count(self) -> int:
        """How many dot-separated components its tag URI has; only the last may hold a dot."""
        return bool(self.filter_bits) + sum(component.part_count for component in self.components)

    def read(self, bits: BitReader) -> tuple[int | None, list[str]]:
        """Give filter value and URI components that the bits after the header mean."""
        value = bits.take(self.filter_bits) if self.filter_bits else None
        return value, [part for component in self.components for part in component.read(bits)]

    def write(self, filter_value: int | None, parts: Sequence[str]) -> BitWriter:
        """Write header, filter and components.

        Raises
        ------
        DecodeError
            If a component does not fit the scheme or there are too many.
        """
        bits = BitWriter()
        bits.put(self.header, 8)
        if self.filter_bits:
            bits.put(filter_value or 0, self.filter_bits, "filter")
        rest = list(parts)
        for component in self.components:
            component.write(rest, bits)
        if rest:
            raise DecodeError(f"EPC URI: {len(rest)} component(s) too many.", code="epc.parts")
        return bits


def _gtin(prefix: str, reference: str) -> str:
    # The indicator digit stands first in the GTIN but after the company prefix in the EPC.
    digits = reference[0] + prefix + reference[1:]
    return digits + check_digit(digits)


def _key(prefix: str, reference: str) -> str:
    return prefix + reference + check_digit(prefix + reference)


def _sgtin(parts: Sequence[str]) -> list[Element]:
    return [("01", _gtin(parts[0], parts[1])), ("21", parts[2])]


def _sscc(parts: Sequence[str]) -> list[Element]:
    digits = parts[1][0] + parts[0] + parts[1][1:]  # the extension digit likewise
    return [("00", digits + check_digit(digits))]


def _sgln(parts: Sequence[str]) -> list[Element]:
    found = [("414", _key(parts[0], parts[1]))]
    return found if parts[2] == "0" else [*found, ("254", parts[2])]  # extension 0 stands for none


def _grai(parts: Sequence[str]) -> list[Element]:
    return [("8003", "0" + _key(parts[0], parts[1]) + parts[2])]  # (8003) begins with a filling zero


def _giai(parts: Sequence[str]) -> list[Element]:
    return [("8004", parts[0] + parts[1])]


def _gsrn(parts: Sequence[str]) -> list[Element]:
    return [("8018", _key(parts[0], parts[1]))]


def _gsrnp(parts: Sequence[str]) -> list[Element]:
    return [("8017", _key(parts[0], parts[1]))]


def _gdti(parts: Sequence[str]) -> list[Element]:
    return [("253", _key(parts[0], parts[1]) + parts[2])]


def _sgcn(parts: Sequence[str]) -> list[Element]:
    return [("255", _key(parts[0], parts[1]) + parts[2])]


def _cpi(parts: Sequence[str]) -> list[Element]:
    return [("8010", parts[0] + parts[1]), ("8011", parts[2])]


def _itip(parts: Sequence[str]) -> list[Element]:
    return [("8006", _gtin(parts[0], parts[1]) + parts[2] + parts[3]), ("21", parts[4])]


_13, _17, _12, _GRAI_12 = (
    fields.Partitioned(47, 13),
    fields.Partitioned(61, 17),
    fields.Partitioned(44, 12),
    fields.Partitioned(47, 12),
)
_ASSET_DIGITS = (13, 14, 15, 16, 17, 18, 19)  # TDS 1.13, table 14-25
_PART_DIGITS = (3, 4, 5, 6, 7, 8, 9)  # TDS 1.13, table 14-37
_PIECES = (fields.FixedDigits(7, 2, "piece"), fields.FixedDigits(7, 2, "total"))

SCHEMES: tuple[Scheme, ...] = (
    Scheme("sgtin-96", 0x30, "sgtin", 3, (_13, fields.Number(38)), _sgtin),
    Scheme("sgtin-198", 0x36, "sgtin", 3, (_13, fields.Text7(140, 20)), _sgtin),
    Scheme("sscc-96", 0x31, "sscc", 3, (_17, fields.ZeroBits(24)), _sscc),
    Scheme("sgln-96", 0x32, "sgln", 3, (_12, fields.Number(41, "extension")), _sgln),
    Scheme("sgln-195", 0x39, "sgln", 3, (_12, fields.Text7(140, 20, "extension")), _sgln),
    Scheme("grai-96", 0x33, "grai", 3, (_GRAI_12, fields.Number(38)), _grai),
    Scheme("grai-170", 0x37, "grai", 3, (_GRAI_12, fields.Text7(112, 16)), _grai),
    Scheme("giai-96", 0x34, "giai", 3, (fields.PartitionedNumber(85, _ASSET_DIGITS),), _giai),
    Scheme("giai-202", 0x38, "giai", 3, (fields.PartitionedText(191),), _giai),
    Scheme("gsrn-96", 0x2D, "gsrn", 3, (_17, fields.ZeroBits(24)), _gsrn),
    Scheme("gsrnp-96", 0x2E, "gsrnp", 3, (_17, fields.ZeroBits(24)), _gsrnp),
    Scheme("gdti-96", 0x2C, "gdti", 3, (_12, fields.Number(41)), _gdti),
    Scheme("gdti-113", 0x3A, "gdti", 3, (_12, fields.NumericText(58, 17)), _gdti),
    Scheme("gdti-174", 0x3E, "gdti", 3, (_12, fields.Text7(119, 17)), _gdti),
    Scheme("cpi-96", 0x3C, "cpi", 3, (fields.PartitionedNumber(54, _PART_DIGITS), fields.Number(31)), _cpi),
    Scheme("cpi-var", 0x3D, "cpi", 3, (fields.PartitionedText6(), fields.Number(40, most=12)), _cpi),
    Scheme("sgcn-96", 0x3F, "sgcn", 3, (_12, fields.NumericText(41, 12)), _sgcn),
    Scheme("itip-110", 0x40, "itip", 3, (_13, *_PIECES, fields.Number(38)), _itip),
    Scheme("itip-212", 0x41, "itip", 3, (_13, *_PIECES, fields.Text7(140, 20)), _itip),
    Scheme(
        "gid-96",
        0x35,
        "gid",
        0,
        (fields.Number(28, "manager"), fields.Number(24, "class"), fields.Number(36)),
        None,
    ),
    Scheme("usdod-96", 0x2F, "usdod", 4, (fields.Cage8(), fields.Number(36)), None),
    Scheme(
        "adi-var",
        0x3B,
        "adi",
        6,
        (fields.Cage6(), fields.Text6(32, "part number", may_be_empty=True), fields.Text6(30, "serial")),
        None,
    ),
)
"""All binary schemes of release 1.x."""

BY_HEADER = {scheme.header: scheme for scheme in SCHEMES}
BY_NAME = {scheme.name: scheme for scheme in SCHEMES}


def check_meaning(scheme: Scheme, parts: Sequence[str]) -> None:
    """Check what no single field can see.

    Raises
    ------
    DecodeError
        If the number of a piece is above that of all pieces, or 0.
    """
    if scheme.urn == "itip" and not 1 <= int(parts[2]) <= int(parts[3]):
        raise DecodeError(f"EPC: piece {parts[2]} of {parts[3]} cannot be.", code="epc.piece")
