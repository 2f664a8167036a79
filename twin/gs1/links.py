"""GS1 Digital Links: a web address that bears application identifiers and their values.

References
----------
GS1 Digital Link Standard: URI Syntax 1.6, section 4; release 1.1 for the names in letters, which stand on packs still.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from twin.errors import DecodeError
from twin.gs1.elements import LabelElement
from twin.gs1.identifiers import identifier_of

IDENTIFIER_BY_NAME: dict[str, str] = {
    "gtin": "01",
    "itip": "8006",
    "gmn": "8013",
    "cpid": "8010",
    "shipTo": "410",
    "billTo": "411",
    "purchasedFrom": "412",
    "shipFor": "413",
    "gln": "414",
    "payTo": "415",
    "glnProd": "416",
    "party": "417",
    "gsrnp": "8017",
    "gsrn": "8018",
    "gcn": "255",
    "sscc": "00",
    "gdti": "253",
    "ginc": "401",
    "gsin": "402",
    "grai": "8003",
    "giai": "8004",
    "cpv": "22",
    "lot": "10",
    "ser": "21",
    "glnx": "254",
    "cpsn": "8011",
    "srin": "8019",
    "tpx": "235",
    "exp": "17",
}
"""Names in letters that release 1.1 allowed in place of identifiers; the expiry stands in the query."""

# The table of identifiers that a path may begin with (section 4.3): whatever stands before is the web server's own.
_PRIMARY = frozenset(
    {"00", "01", "253", "255", "401", "402", "414", "415", "417"}
    | {"8003", "8004", "8006", "8010", "8013", "8017", "8018"}
)
_GTIN_DIGITS = 14
# Release 1.1 parts attributes by either sign; a semicolon within a lot is followed by no name and equals sign.
_BETWEEN_ATTRIBUTES = re.compile(r"&|;(?=[A-Za-z0-9]+=)")
_UNFIT = re.compile(r"[^\x21-\x7e]")  # RFC 3986 knows printable ASCII only; urlsplit would drop some others silently


@dataclass(frozen=True, slots=True)
class DigitalLink:
    """A link, cut up; the values are not checked.

    Parameters
    ----------
    host : str
        Host, and the part of the path that is the web server's own.
    elements : tuple[LabelElement, ...]
        The key first, then what qualifies it in the path, then the attributes of the query.
    """

    host: str
    elements: tuple[LabelElement, ...]


def is_link(text: str) -> bool:
    """Tell whether a text is a web address; in capitals too, which take less room in a QR code."""
    return text[:8].lower().startswith(("https://", "http://"))


def split_link(text: str, start: int = 0) -> DigitalLink:
    """Cut a Digital Link into its elements.

    Parameters
    ----------
    text : str
        The link; words in its query that are no identifiers are for the web server, and passed over.
    start : int
        Where it begins.

    Raises
    ------
    DecodeError
        ``gs1.no_key`` if there is no key in it, ``gs1.unknown_ai`` for a number that is no identifier, ``gs1.value``
        for an identifier without value or a text that is no web address.
    """
    if (strange := _UNFIT.search(text, start)) is not None:
        raise DecodeError(f"{strange[0]!r} cannot stand in a link.", code="gs1.value", offset=strange.start())
    try:
        parts = urlsplit(text[start:])
    except ValueError as error:  # brackets of an IPv6 address that is none
        raise DecodeError(f"This is no link: {error}.", code="gs1.value", offset=start) from error
    pieces = [piece for piece in parts.path.split("/") if piece]
    first = next((i for i, piece in enumerate(pieces) if _number(piece) in _PRIMARY), None)
    if first is None:
        raise DecodeError("This link carries no GS1 key.", code="gs1.no_key", offset=start)
    if (len(pieces) - first) % 2:
        message = f"{pieces[-1]!r} has no value in this link."
        raise DecodeError(message, code="gs1.value", offset=text.rfind(pieces[-1]))
    path = zip(pieces[first::2], pieces[first + 1 :: 2], strict=True)
    query = (pair.partition("=") for pair in _BETWEEN_ATTRIBUTES.split(parts.query))
    attributes = ((_number(name), value) for name, _, value in query)
    # words that are no identifiers are for the web server
    pairs = [*((_number(name), value) for name, value in path), *(one for one in attributes if one[0].isdecimal())]
    return DigitalLink("/".join([parts.netloc, *pieces[:first]]), tuple(_elements(pairs, text, start)))


def _number(name: str) -> str:
    return IDENTIFIER_BY_NAME.get(name, name)


def _elements(pairs: list[tuple[str, str]], text: str, start: int) -> Iterator[LabelElement]:
    position = start
    for key, written in pairs:
        # For the message only: a value stands after the one before it. A name in letters is not found by its number.
        position = max(text.find(written, position), position)
        if identifier_of(key) is None:
            message = f"There is no application identifier ({key[:20]})."
            raise DecodeError(message, code="gs1.unknown_ai", offset=position)
        # unquote, not parse_qsl: a plus sign is a character of lots and serials, a blank is not.
        value = unquote(written)
        yield LabelElement(key, value.zfill(_GTIN_DIGITS) if key == "01" else value, position)
        position += len(written)
