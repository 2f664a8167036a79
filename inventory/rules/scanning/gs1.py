"""GS1 labels: element strings, what people type from them, bare GTINs and digital links, checked strictly.

The parsing library finds the application identifiers; what it lets pass is refused here: wrong check digits, bare
GTINs taken for element strings, and fields that swallowed the next one because the scanner dropped the separator.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import partial

import biip
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementString
from biip.gs1_messages import GS1Message

from inventory.model.scan import Scan, scan_of
from twin.errors import DecodeError

SEPARATOR = "\x1d"
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_BARE_SYMBOLOGIES = ("]E0", "]E3", "]E4", "]I0", "]I1")
_ELEMENT_SYMBOLOGIES = ("]C1", "]e0", "]d2", "]Q3", "]J1")
_CHECKED_KEYS: dict[str, int] = {
    "00": 18,
    "01": 14,
    "02": 14,
    "03": 14,
    "410": 13,
    "411": 13,
    "412": 13,
    "413": 13,
    "414": 13,
    "415": 13,
    "416": 13,
    "417": 13,
    "8003": 14,
    "8017": 18,
    "8018": 18,
}
"""Identifiers whose value begins with a key of that many digits, the last one of them its check digit."""

_TEXT_FIELDS: dict[str, str] = {
    "00": "sscc",
    "01": "gtin",
    "02": "contained_gtin",
    "10": "lot",
    "20": "variant",
    "21": "serial",
    "22": "consumer_variant",
    "235": "third_party_serial",
    "240": "additional_id",
    "241": "customer_part_number",
    "250": "secondary_serial",
    "400": "order_number",
    "410": "ship_to",
    "411": "bill_to",
    "412": "purchased_from",
    "413": "ship_for",
    "414": "gln",
    "415": "invoicing_party",
    "416": "production_place",
    "417": "party",
    "422": "country_of_origin",
    "710": "nhrn",
    "711": "nhrn",
    "712": "nhrn",
    "713": "nhrn",
    "714": "nhrn",
    "715": "nhrn",
    "716": "nhrn",
    "8003": "grai",
    "8004": "giai",
    "8012": "software_version",
    "8017": "gsrn",
    "8018": "gsrn",
    "8020": "payment_reference",
}
_DATE_FIELDS: dict[str, str] = {
    "11": "production",
    "13": "packaging",
    "15": "best_before",
    "16": "sell_by",
    "17": "expiry",
    "7006": "first_freeze",
}
_DATED = frozenset({*_DATE_FIELDS, "12", "7003", "7007", "8008", "4324", "4325", "4326"})
"""Identifiers of dates: one of them that cannot be parsed is a wrong date, not an unknown label."""
_COUNT_FIELDS: dict[str, str] = {"30": "count", "37": "contained_count"}
_VARIABLE_FIELDS: dict[str, str] = {"10": "lot", "21": "serial", "240": "additional", "30": "count", "37": "count"}
_SWALLOWED = re.compile(r"(?<=.)(?P<ai>17|15|11)(?P<date>\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01]))")
_BRACKETS = re.compile(r"\((\d{2,4})\)")
_FAILED_IDENTIFIER = re.compile(r"AI \((\d{2,4})\)")


def check_digit(payload: str) -> str:
    """Give the GS1 check digit of a key without it.

    Parameters
    ----------
    payload : str
        Digits.

    References
    ----------
    GS1 General Specifications, section 7.9: weights 3 and 1 from the right, difference to the next ten.

    Examples
    --------
    >>> check_digit("0950600013435")
    '2'
    """
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(payload)))
    return str(-total % 10)


def read_gs1(text: str) -> Scan:
    """Read a GS1 label.

    Parameters
    ----------
    text : str
        As scanned with ASCII 29 as separator, or typed with brackets, or a bare GTIN, or a digital link.

    Raises
    ------
    DecodeError
        With ``scan.check_digit`` for a wrong check digit, ``scan.unreadable`` for anything that is no GS1 label.
    """
    symbology, body = (text[:3], text[3:]) if text.startswith("]") else ("", text)
    if symbology in _BARE_SYMBOLOGIES or (
        symbology not in _ELEMENT_SYMBOLOGIES and body.isascii() and body.isdigit() and len(body) in _GTIN_LENGTHS
    ):
        return _read_bare(body)
    if body.startswith(("http://", "https://")):
        return _scan_of(_elements(lambda: list(GS1DigitalLinkURI.parse(body).element_strings)), "")
    if body.startswith("("):
        return _scan_of(_elements(lambda: _typed(body)), "")
    message = body.strip(SEPARATOR)
    return _scan_of(_elements(lambda: list(GS1Message.parse(message).element_strings)), message)


def _read_bare(body: str) -> Scan:
    if not (body.isascii() and body.isdigit()) or len(body) not in _GTIN_LENGTHS:
        raise DecodeError(f"Expected a GTIN of 8, 12, 13 or 14 digits, got {body!r}.", code="scan.unreadable")
    if check_digit(body[:-1]) != body[-1]:
        raise DecodeError(
            f"GTIN {body}: expected check digit {check_digit(body[:-1])}, got {body[-1]}: scan again.",
            code="scan.check_digit",
            offset=len(body) - 1,
        )
    return Scan(gtin=body.zfill(14), elements=(("01", body.zfill(14)),))


def _elements(parse: Callable[[], list[GS1ElementString]]) -> list[GS1ElementString]:
    try:
        found = parse()
    except biip.ParseError as error:
        failed = _FAILED_IDENTIFIER.search(str(error))
        if failed and failed[1] in _DATED:
            raise DecodeError(
                f"({failed[1]}) holds no date of the form YYMMDD: scan again, or read the date from the package.",
                code="scan.date",
            ) from error
        raise DecodeError(f"This is no GS1 label: {error}", code="scan.unreadable") from error
    if not found:
        raise DecodeError("This is no GS1 label: it is empty.", code="scan.unreadable")
    for element in found:
        _check_key(element.ai.ai, element.value)
    return found


def _typed(body: str) -> list[GS1ElementString]:
    """Give the elements of a label typed with brackets; brackets that hold no identifier are part of the value."""
    parts = _BRACKETS.split(body)
    if parts[0].strip():
        raise DecodeError(f"Expected (identifier)value pairs, got {body!r}.", code="scan.unreadable")
    found = []
    for identifier, typed in zip(parts[1::2], parts[2::2], strict=True):
        value = typed.strip()
        element = GS1ElementString.parse(f"{identifier}{value}")
        # the parser takes as many characters as the identifier allows and is silent about the rest
        if element.ai.ai != identifier or element.value != value:
            raise DecodeError(
                f"({identifier}): expected no more than {element.value!r}, got {value!r}: check what was typed.",
                code="scan.unreadable",
            )
        found.append(element)
    return found


def _check_key(identifier: str, value: str) -> None:
    length = _CHECKED_KEYS.get(identifier)
    if length is None:
        return
    key = value[:length]
    if len(key) != length or not (key.isascii() and key.isdigit()):
        raise DecodeError(f"({identifier}): expected {length} digits, got {value!r}.", code="scan.unreadable")
    expected = check_digit(key[:-1])
    if expected != key[-1]:
        raise DecodeError(
            f"({identifier}){value}: expected check digit {expected}, got {key[-1]}: scan again.",
            code="scan.check_digit",
        )


def _message(text: str) -> list[GS1ElementString]:
    return list(GS1Message.parse(text).element_strings)


def _scan_of(elements: list[GS1ElementString], message: str) -> Scan:
    values: dict[str, object] = {"elements": tuple((element.ai.ai, element.value) for element in elements)}
    warnings: list[str] = []
    for element in elements:
        identifier = element.ai.ai
        named = _named_value(identifier, element)
        for name, value in named.items():
            if name in values and values[name] != value:
                raise DecodeError(
                    f"The label says {name} twice, {values[name]!r} and {value!r}: scan each label alone.",
                    code="scan.contradiction",
                )
            values[name] = value
    identifiers = {element.ai.ai for element in elements}
    alternative: tuple[tuple[str, str], ...] = ()
    if message and SEPARATOR not in message:
        alternative, warnings = _lost_separator(elements)
    # 02 and 37 belong together: a logistic unit that tells only one of them leaves its content open
    if "02" in identifiers and "37" not in identifiers:
        warnings.append("missing_contained_count")
    if "37" in identifiers and not identifiers & {"02", "8026"}:
        warnings.append("missing_contained_gtin")
    return scan_of({**values, "warnings": tuple(warnings), "alternative": alternative})


def _named_value(identifier: str, element: GS1ElementString) -> dict[str, object]:
    if name := _TEXT_FIELDS.get(identifier):
        return {name: element.value}
    if name := _DATE_FIELDS.get(identifier):
        return {name: _day_of(identifier, element)}
    if name := _COUNT_FIELDS.get(identifier):
        return {name: int(element.value)}
    if identifier[:3] == "310" and len(identifier) == 4:
        # the identifier's last digit says how many of the six digits are decimals
        return {"net_weight_g": int(element.value) * 1000 / 10 ** int(identifier[3])}
    if identifier == "8008":
        made: datetime | None = element.datetime
        produced: dict[str, object] = {"production": _day_of(identifier, element)}
        if made is not None:
            produced["production_datetime"] = made.isoformat(timespec="minutes")
        return produced
    if identifier == "7003":
        moment: datetime | None = element.datetime
        told: dict[str, object] = {"expiry": _day_of(identifier, element)}
        if moment is not None:
            told["expiry_datetime"] = moment.isoformat(timespec="minutes")
        return told
    return {}


def _day_of(identifier: str, element: GS1ElementString) -> str:
    day: date | None = element.date
    if day is None:
        raise DecodeError(f"({identifier}){element.value} is no date.", code="scan.date")
    return day.isoformat()


def _lost_separator(elements: list[GS1ElementString]) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    """Look for a date element inside a variable field: the scanner may have dropped the separator before it."""
    present = {element.ai.ai for element in elements}
    for element in elements:
        field = _VARIABLE_FIELDS.get(element.ai.ai)
        if field is None:
            continue
        for match in _SWALLOWED.finditer(element.value):
            swallowed = match.group("ai")
            # The label carries this date properly: what looks like a second one is part of the lot.
            if swallowed in present:
                continue
            rest = element.value[match.start() :]
            try:
                inner = _elements(partial(_message, rest))
                told = _scan_of(inner, "").to_json()
            except DecodeError:
                continue
            told.pop("elements", None)
            fields = {field: element.value[: match.start()], **{key: str(value) for key, value in told.items()}}
            return tuple(fields.items()), [f"suspicious_{field}_swallows_ai{swallowed}"]
    return (), []
