"""The schemes with a plus of the Tag Data Standard 2.x: no company prefix length, nearer to GS1 Digital Link.

After the header come one bit (whether further data follow the EPC), three bits of filter, and the values of GS1
application identifiers; with two pluses the host of a Digital Link; and then further identifiers with their values,
such as lot and expiry.

References
----------
GS1 EPC Tag Data Standard 2.3 (2025), sections 14.2 (headers), 14.6 (binary schemes) and 15.3 (data after the EPC).
"""

from __future__ import annotations

from dataclasses import dataclass

from rfid_gateway.epc.bits import BitReader, BitWriter
from rfid_gateway.epc.hostname import read_hostname, write_hostname
from rfid_gateway.epc.identifiers import METHODS, read_key, read_value, write_key, write_value
from rfid_gateway.epc.schemes import Element
from rfid_gateway.epc.values import Date
from twin.errors import DecodeError

DATE_KEYS = ("11", "13", "15", "16", "17", "7006", "7007")  # prioritised date, TDS 2.3, section 14.5.3
NO_EXTENSION: Element = ("254", "0")  # the standard's way to say that a location has no extension
_SSCC_BITS = 72  # fewer bits than this after eight zeros are no (00) but the end of the data, section 15.3
# A key without its serial names a kind of thing, which no EPC does; as data after one it may (length of the key).
_SERIAL_AFTER = {"253": 13, "255": 13, "8003": 14}


@dataclass(frozen=True, slots=True)
class PlusScheme:
    """One scheme with a plus, or two.

    Parameters
    ----------
    name : str
        ``SGTIN+``, in lower case.
    header : int
        First eight bits.
    keys : tuple[str, ...]
        Application identifiers in order; ``date`` stands for a prioritised date before the key.
    has_host : bool
        Whether the host of a Digital Link follows.
    """

    name: str
    header: int
    keys: tuple[str, ...]
    has_host: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlusContent:
    """What an EPC with a plus says.

    Parameters
    ----------
    filter : int
        0 to 7.
    elements : tuple[tuple[str, str], ...]
        Identifiers and values of the EPC.
    hostname : str
        Host of its Digital Link; empty in schemes with one plus.
    data : tuple[tuple[str, str], ...]
        Identifiers and values after it.
    unread : str
        Bits from a data header on that the standard reserves, or an identifier that it does not know, as text.
    """

    filter: int = 0
    elements: tuple[Element, ...] = ()
    hostname: str = ""
    data: tuple[Element, ...] = ()
    unread: str = ""


def _schemes() -> tuple[PlusScheme, ...]:
    headers = (
        ("sgtin", 0xF7, 0xFD, ("01", "21")),
        ("dsgtin", 0xFB, 0xFC, ("date", "01", "21")),
        ("sscc", 0xF9, 0xEF, ("00",)),
        ("sgln", 0xF2, 0xE9, ("414", "254")),
        ("grai", 0xF1, 0xEB, ("8003",)),
        ("giai", 0xFA, 0xEE, ("8004",)),
        ("gsrn", 0xF4, 0xE7, ("8018",)),
        ("gsrnp", 0xF5, 0xE8, ("8017",)),
        ("gdti", 0xF6, 0xEA, ("253",)),
        ("sgcn", 0xF8, 0xEC, ("255",)),
        ("itip", 0xF3, 0xED, ("8006", "21")),
        ("cpi", 0xF0, 0xE6, ("8010", "8011")),
    )
    plain = tuple(PlusScheme(f"{name}+", header, keys) for name, header, _, keys in headers)
    return plain + tuple(PlusScheme(f"{name}++", header, keys, has_host=True) for name, _, header, keys in headers)


PLUS_SCHEMES: tuple[PlusScheme, ...] = _schemes()
PLUS_BY_HEADER = {scheme.header: scheme for scheme in PLUS_SCHEMES}
PLUS_BY_NAME = {scheme.name: scheme for scheme in PLUS_SCHEMES}


def read_plus(scheme: PlusScheme, bits: BitReader) -> PlusContent:
    """Read what follows the header, up to the zeros that fill the last word.

    Raises
    ------
    DecodeError
        If a value breaks its encoding, a check digit is wrong, an identifier is told twice, or there are bits after
        an EPC that says that it has no data.
    """
    has_data, filter_value = bits.take(1), bits.take(3)
    elements = [_read_part(key, bits) for key in scheme.keys]
    hostname = read_hostname(bits) if scheme.has_host else ""
    data, unread = _read_data(bits) if has_data else ([], "")
    _require_each_once([*elements, *data])
    return PlusContent(
        filter=filter_value, elements=tuple(elements), hostname=hostname, data=tuple(data), unread=unread
    )


def _read_part(key: str, bits: BitReader) -> Element:
    if key == "date":
        index = bits.take(4)
        if index >= len(DATE_KEYS):
            raise DecodeError(f"EPC: {index} is no kind of date.", code="epc.date")
        return DATE_KEYS[index], Date().read(bits)
    value = read_value(key, bits)
    _require_serial(key, value)
    return key, value


def _require_serial(key: str, value: str) -> None:
    if len(value) == _SERIAL_AFTER.get(key):
        raise DecodeError(f"EPC ({key}){value}: the serial is missing.", code="epc.length")


def _read_data(bits: BitReader) -> tuple[list[Element], str]:
    """Read identifiers with values until only zeros are left; what no release of the standard explains stays bits."""
    data: list[Element] = []
    while bits.left >= 8:
        left, ahead = bits.left, bits.peek_all()
        # Eight zeros begin an SSCC only where there is room for one, and one of zeros alone is filling.
        if not ahead or (not ahead >> left - 8 and left < 8 + _SSCC_BITS):
            break
        key = read_key(bits)
        if key is None or key not in METHODS:
            return data, f"{ahead:0{left}b}"
        data.append((key, read_value(key, bits)))
    if bits.rest():
        raise DecodeError("EPC: bits after its data are not zero.", code="epc.padding")
    return data, ""


def _require_each_once(elements: list[Element]) -> None:
    keys = [key for key, _ in elements]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise DecodeError(f"EPC: ({twice}) is told twice.", code="epc.parts")


def write_plus(scheme: PlusScheme, content: PlusContent) -> BitWriter:
    """Write an EPC of a scheme with a plus.

    Parameters
    ----------
    scheme : PlusScheme
        Which.
    content : PlusContent
        Filter, identifiers and host; of the elements those that are not the scheme's become data after the EPC, in
        their order.

    Raises
    ------
    DecodeError
        If an identifier of the scheme is missing, one does not belong on tags, or a value does not fit.
    """
    rest = [*content.elements, *content.data]
    _require_each_once(rest)
    own = [_take_part(scheme, key, rest) for key in scheme.keys]
    bits = BitWriter()
    bits.put(scheme.header, 8)
    bits.put(bool(rest), 1)
    bits.put(content.filter, 3, "filter")
    for part, (key, value) in zip(scheme.keys, own, strict=True):
        _write_part(part, key, value, bits)
    if scheme.has_host:
        write_hostname(content.hostname, bits)
    for key, value in rest:
        if key not in METHODS:
            raise DecodeError(f"EPC: ({key[:10]}) is no application identifier for tags.", code="epc.identifier")
        write_key(key, bits)
        write_value(key, value, bits)
    return bits


def _take_part(scheme: PlusScheme, part: str, rest: list[Element]) -> Element:
    """Take the element off the list that a scheme wants at a place."""
    wanted = DATE_KEYS if part == "date" else (part,)
    found = next((one for one in rest if one[0] in wanted), None)
    if found is None:
        if part == NO_EXTENSION[0]:
            return NO_EXTENSION
        what = "a date" if part == "date" else f"({part})"
        raise DecodeError(f"EPC {scheme.name}: {what} is missing.", code="epc.parts")
    rest.remove(found)
    return found


def _write_part(part: str, key: str, value: str, bits: BitWriter) -> None:
    if part == "date":
        bits.put(DATE_KEYS.index(key), 4)
        Date().write(value, bits)
        return
    _require_serial(key, value)
    write_value(key, value, bits)
