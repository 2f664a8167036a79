"""The door to EPCs: hex to identity, tag URI or Digital Link to hex."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rfid_gateway.epc.bits import BitReader
from rfid_gateway.epc.identifiers import parse_elements
from rfid_gateway.epc.plus import (
    DATE_KEYS,
    NO_EXTENSION,
    PLUS_BY_HEADER,
    PLUS_BY_NAME,
    PlusContent,
    PlusScheme,
    read_plus,
    write_plus,
)
from rfid_gateway.epc.schemes import BY_HEADER, BY_NAME, Element, Scheme, check_meaning
from rfid_gateway.epc.text import escape_for_link, escape_for_query, unescape
from twin.errors import DecodeError
from twin.gs1.associations import invalid_pairs
from twin.gs1.links import is_link, split_link

_WORD_BITS = 16
_MOST_BITS = 31 * 16  # the length that a Gen 2 tag can announce: 31 words
_TAG_PREFIX, _ID_PREFIX, _CANONICAL_HOST = "urn:epc:tag:", "urn:epc:id:", "id.gs1.org"
# What qualifies a key in the path of a link, in this order; everything else is a data attribute in its query.
# GS1 Digital Link: URI Syntax 1.6, section 5 (the grammar of paths).
_QUALIFIERS = {
    "01": ("22", "10", "21", "235"),
    "8006": ("22", "10", "21"),
    "414": ("254", "7040"),
    "417": ("7040",),
    "8004": ("7040",),
    "8010": ("8011",),
    "8017": ("8019",),
    "8018": ("8019",),
}
_RAW = re.compile(r"urn:epc:raw:(\d{1,3})\.x([0-9A-F]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class EpcIdentity:
    """What a tag's EPC means.

    Parameters
    ----------
    scheme : str
        Name of the scheme, such as ``sgtin-96`` or ``sgtin+``; ``raw`` for what follows none.
    hex : str
        The EPC as it was read, upper case.
    pure_identity, tag_uri : str or None
        EPC URIs; schemes with a plus and raw ones have no pure identity of their own.
    gs1_element_string : str or None
        ``(01)…(21)…``.
    digital_link : str or None
        Canonical GS1 Digital Link.
    filter : int or None
        Filter value.
    elements : tuple[tuple[str, str], ...]
        GS1 application identifiers and values of the EPC itself.
    hostname : str
        Host that the tag names for its Digital Link (schemes with two pluses); empty for GS1's own.
    data : tuple[tuple[str, str], ...]
        Identifiers and values that the tag bears behind its EPC, such as lot and expiry.
    further_data : str
        Bits behind those that this release of the standard does not explain, as text of 0 and 1.
    """

    scheme: str
    hex: str
    pure_identity: str | None = None
    tag_uri: str | None = None
    gs1_element_string: str | None = None
    digital_link: str | None = None
    filter: int | None = None
    elements: tuple[Element, ...] = field(default=())
    hostname: str = ""
    data: tuple[Element, ...] = ()
    further_data: str = ""


def decode_epc(text: str) -> EpcIdentity:
    """Give the identity of an EPC.

    Parameters
    ----------
    text : str
        Hex digits, upper or lower case; zero bits to the end of a word, or of the last digit, are accepted.

    Raises
    ------
    DecodeError
        If it is no hex, longer than a tag's EPC memory, or names a scheme whose rules it breaks.

    Examples
    --------
    >>> decode_epc("3074257BF7194E4000001A85").pure_identity
    'urn:epc:id:sgtin:0614141.812345.6789'
    """
    digits = text.strip().upper()
    # ASCII: other scripts have digits, too, which int() would take.
    if not digits or not re.fullmatch(r"[0-9A-F]+", digits, re.ASCII):
        raise DecodeError(f"EPC: expected hex digits, got {text[:40]!r}.", code="epc.hex")
    count = 4 * len(digits)
    if count > _MOST_BITS:
        raise DecodeError(f"EPC: expected at most {_MOST_BITS} bits, got {count}.", code="epc.long")
    bits = BitReader(int(digits, 16), count)
    header = bits.take(8) if count >= 8 else -1
    if header in BY_HEADER:
        return _decode_classic(BY_HEADER[header], bits, digits)
    if header in PLUS_BY_HEADER:
        return _decode_plus(header, bits, digits)
    return EpcIdentity(scheme="raw", hex=digits, tag_uri=f"urn:epc:raw:{count}.x{digits}")


def _require_padding(bits: BitReader) -> None:
    left = bits.left
    if left >= _WORD_BITS:
        raise DecodeError(f"EPC: {left} bits after its end.", code="epc.long")
    if bits.rest():
        raise DecodeError("EPC: bits after its end are not zero.", code="epc.padding")


def _decode_classic(scheme: Scheme, bits: BitReader, digits: str) -> EpcIdentity:
    filter_value, parts = scheme.read(bits)
    _require_padding(bits)
    # After the padding: the more specific fault, a length, is told first.
    check_meaning(scheme, parts)
    body = ".".join(parts)
    head = "" if filter_value is None else f"{filter_value}."
    elements = tuple(scheme.elements([unescape(part, "component") for part in parts])) if scheme.elements else ()
    return EpcIdentity(
        scheme=scheme.name,
        hex=digits,
        pure_identity=f"urn:epc:id:{scheme.urn}:{body}",
        tag_uri=f"{_TAG_PREFIX}{scheme.name}:{head}{body}",
        gs1_element_string=element_string(elements) if elements else None,
        digital_link=digital_link(elements) if elements else None,
        filter=filter_value,
        elements=elements,
    )


def _decode_plus(header: int, bits: BitReader, digits: str) -> EpcIdentity:
    scheme = PLUS_BY_HEADER[header]
    content = read_plus(scheme, bits)
    if not (content.data or content.unread):
        _require_padding(bits)
    elements = tuple(element for element in content.elements if element != NO_EXTENSION)
    everything = (*elements, *content.data)
    return EpcIdentity(
        scheme=scheme.name,
        hex=digits,
        gs1_element_string=element_string(everything),
        digital_link=digital_link(everything, content.hostname),
        filter=content.filter,
        elements=elements,
        hostname=content.hostname,
        data=content.data,
        further_data=content.unread,
    )


def element_string(elements: Sequence[Element]) -> str:
    """Write application identifiers in brackets before their values."""
    return "".join(f"({key}){value}" for key, value in elements)


def digital_link(elements: Sequence[Element], hostname: str = "") -> str:
    """Write application identifiers as a GS1 Digital Link.

    Parameters
    ----------
    elements : Sequence[tuple[str, str]]
        Identifiers and values; a prioritised date may stand before the key.
    hostname : str
        Host of the link; empty for the canonical one.

    Examples
    --------
    >>> digital_link([("01", "79521141123453"), ("21", "7"), ("10", "A/1"), ("17", "261231")])
    'https://id.gs1.org/01/79521141123453/10/A%2F1/21/7?17=261231'
    """
    primary = next((one for one in elements if one[0] not in DATE_KEYS), elements[0])
    value_by_key = dict(elements)
    order = [primary[0], *(key for key in _QUALIFIERS.get(primary[0], ()) if key in value_by_key)]
    path = "".join(f"/{key}/{escape_for_link(value_by_key[key])}" for key in order)
    query = "&".join(f"{key}={escape_for_query(value)}" for key, value in elements if key not in order)
    return f"https://{hostname or _CANONICAL_HOST}{path}" + (f"?{query}" if query else "")


def encode_epc(text: str, *, scheme: str = "", filter_value: int = 0) -> str:
    """Give the hex of an EPC in whole 16-bit words.

    Parameters
    ----------
    text : str
        Tag URI (``urn:epc:tag:…``), raw URI (``urn:epc:raw:…``), pure identity (``urn:epc:id:…``) with its scheme, or
        for a scheme with a plus a GS1 Digital Link or an element string (``(01)…(21)…``). Identifiers that are not
        the scheme's follow the EPC as data.
    scheme : str
        For a pure identity: the binary scheme, such as ``sgtin-96``. For a link or element string: the scheme with a
        plus; found from its first identifier when empty. A scheme with two pluses keeps the link's host.
    filter_value : int
        Where the text tells none: filter, 0 to 7, of some schemes to 15 or 63.

    Raises
    ------
    DecodeError
        If it is none of these, does not fit its scheme, or names identifiers that no item may bear together.

    Examples
    --------
    >>> encode_epc("urn:epc:tag:sgtin-96:3.0614141.812345.6789")
    '3074257BF7194E4000001A85'
    """
    text = text.strip()
    # Case counts in what follows the scheme: serials are case-sensitive.
    if text[: len(_TAG_PREFIX)].lower() == _TAG_PREFIX:  # "urn" and what follows it count in either case (RFC 8141)
        return _encode_tag_uri(text[len(_TAG_PREFIX) :])
    if found := _RAW.fullmatch(text[:12].lower() + text[12:]):
        if int(found[1]) % _WORD_BITS or len(found[2]) * 4 != int(found[1]):
            raise DecodeError("EPC raw URI: expected whole words and as many digits as bits say.", code="epc.raw")
        return found[2]
    if is_link(text):
        hostname, elements = _read_link(text)
        return _encode_plus(elements, hostname, scheme, filter_value)
    if text.startswith("("):
        return _encode_plus(parse_elements(text), "", scheme, filter_value)
    if text[: len(_ID_PREFIX)].lower() == _ID_PREFIX:
        return _encode_tag_uri(_tag_body(text[len(_ID_PREFIX) :], scheme.lower(), filter_value))
    raise DecodeError(f"EPC: expected urn:epc:tag:…, a GS1 Digital Link or (01)…, got {text[:60]!r}.", code="epc.uri")


def _tag_body(identity: str, name: str, filter_value: int) -> str:
    """Give what follows ``urn:epc:tag:`` for a pure identity in a binary scheme."""
    urn, _, body = identity.partition(":")
    scheme = BY_NAME.get(name)
    if scheme is None or scheme.urn != urn:
        known = ", ".join(one.name for one in BY_NAME.values() if one.urn == urn)
        if not known:
            # Lots, parties, consignments and others are named by EPC URIs, but no tag bears them.
            text = f"EPC: there is no binary scheme for urn:epc:id:{urn[:20]}: it is no EPC that a tag can bear."
            raise DecodeError(text, code="epc.scheme")
        cure = f"A pure identity lacks scheme and filter: name one of {known}, or write urn:epc:tag:SCHEME:FILTER.…"
        raise DecodeError(f"EPC: {body[:60]!r} cannot be written to a tag. {cure}", code="epc.uri")
    return f"{name}:{filter_value}.{body}" if scheme.filter_bits else f"{name}:{body}"


def _encode_tag_uri(text: str) -> str:
    name, _, body = text.partition(":")
    scheme = BY_NAME.get(name)
    if scheme is None:
        raise DecodeError(f"EPC: unknown scheme {name[:40]!r}.", code="epc.scheme")
    # Split at most so often: only the last component may hold a dot.
    parts = body.split(".", scheme.part_count - 1)
    filter_value = None
    if scheme.filter_bits:
        # Without leading zeros (TDS 1.13, section 13): the URI that is read back would be another one.
        if not re.fullmatch(r"0|[1-9]\d?", parts[0], re.ASCII):
            raise DecodeError(
                f"EPC filter: expected a number without leading zeros, got {parts[0][:20]!r}.", code="epc.filter"
            )
        filter_value = int(parts.pop(0))
    bits = scheme.write(filter_value, parts)
    check_meaning(scheme, parts)
    return bits.hex_words()


_LINK_CODES = {"gs1.no_key": "epc.scheme", "gs1.unknown_ai": "epc.identifier"}


def _read_link(text: str) -> tuple[str, list[Element]]:
    """Give the host of a Digital Link, and its identifiers with values."""
    try:
        link = split_link(text)
    except DecodeError as error:
        raise DecodeError(f"EPC: {error.message}", code=_LINK_CODES.get(error.code, "epc.uri")) from error
    return link.host, [(element.identifier, element.value) for element in link.elements]


def _encode_plus(elements: list[Element], hostname: str, name: str, filter_value: int) -> str:
    scheme = PLUS_BY_NAME.get(name.lower()) if name else _scheme_of(elements)
    if scheme is None and name.lower() in BY_NAME:
        text = f"EPC {name}: neither link nor element string tells how long the company prefix is: write urn:epc:tag:…"
        raise DecodeError(text, code="epc.scheme")
    if scheme is None:
        what = f"scheme {name[:40]!r}" if name else f"scheme with a plus for ({elements[0][0][:10]})"
        raise DecodeError(f"EPC: there is no {what}.", code="epc.scheme")
    if scheme.has_host and not hostname:
        raise DecodeError(f"EPC {scheme.name}: write a Digital Link, which names its host.", code="epc.hostname")
    content = PlusContent(filter=filter_value, elements=tuple(elements), hostname=hostname)
    bits = write_plus(scheme, content)
    if clashing := invalid_pairs([key for key, _ in elements]):
        # Readers cannot be asked what was meant; who writes the tag still can.
        told = ", ".join(f"({one}) with ({other})" for one, other in clashing)
        raise DecodeError(f"EPC: no item may bear {told}: leave one of them out.", code="epc.pair")
    if bits.count > _MOST_BITS:
        text = f"EPC: {bits.count} bits, but a tag announces at most {_MOST_BITS}: leave out data after the EPC."
        raise DecodeError(text, code="epc.long")
    return bits.hex_words()


def _scheme_of(elements: list[Element]) -> PlusScheme | None:
    """Give the scheme with one plus whose key comes first."""
    return next((one for one in PLUS_BY_NAME.values() if one.keys[0] == elements[0][0]), None)
