"""Whether a safety notice applies to a device, by identifier, plate, lot, serial number and firmware."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from assets.model.notices import Certainty, Clause, Notice, Span
from assets.model.register import Asset

_TOKEN = re.compile(r"\d+|[A-Z]+")
_CODE = r"[A-Z0-9][A-Z0-9\-/.]*\d[A-Z0-9\-/.]*|\d+"
# Codes contain hyphens themselves, so that a hyphen joins two codes only between spaces; a dash does anyway.
_RANGE = re.compile(rf"({_CODE})(?:\s+-\s+|\s*[–—]\s*|\s+(?:TO|THROUGH|THRU|UP TO)\s+)({_CODE})")
_ALL = re.compile(r"\bALL\s+(LOTS?|SERIALS?|UNITS?|DEVICES?|SERIAL NUMBERS?|LOT NUMBERS?)\b")
_FILLING = frozenset(
    {
        "LOT",
        "LOTS",
        "SERIAL",
        "SERIALS",
        "NUMBER",
        "NUMBERS",
        "NO",
        "NOS",
        "SN",
        "S",
        "N",
        "BATCH",
        "BATCHES",
        "AFFECTED",
        "AND",
        "OR",
        "ONLY",
        "THE",
        "WITH",
        "FROM",
        "RANGE",
        "RANGES",
        "FOLLOWING",
        "INCLUDING",
        "INCL",
        "UNITS",
        "DEVICES",
        "PRODUCTS",
        "IN",
        "CODE",
        "CODES",
        "REF",
        "BETWEEN",
        "INCLUSIVE",
        "OF",
        "ARE",
        "IS",
    }
)
"""Words that say nothing about which devices are meant; a text with others is left to a person."""

Key = tuple[tuple[int, int | str], ...]


def key_of(code: str) -> Key:
    """Give the parts of a lot, serial number or version, digits as numbers, so that A9 comes before A10.

    Examples
    --------
    >>> key_of("A9") < key_of("a-010")
    True
    """
    return tuple((0, int(part)) if part.isdigit() else (1, part) for part in _TOKEN.findall(code.upper()))


def _shape(key: Key) -> tuple[str, ...]:
    return tuple("#" if kind == 0 else str(part) for kind, part in key)


def is_within(code: str, span: Span, *, is_version: bool = False) -> bool:
    """Tell whether a code lies within a span.

    Parameters
    ----------
    code : str
        Lot, serial number or version.
    span : Span
        Both ends included.
    is_version : bool
        Versions of different depth are compared (2.1 < 2.1.3); lots and serials only if they have the letters of both
        ends in the same places, since B15 does not lie between A10 and C20.
    """
    key, low, high = key_of(code), key_of(span.low), key_of(span.high)
    if not key:
        return False
    if is_version:
        plain = _without_zeros(key)
        # "Up to 2.1" includes 2.1.3.
        is_below = plain <= _without_zeros(high) or key[: len(high)] == high
        return (not low or plain >= _without_zeros(low)) and (not high or is_below)
    for end in (low, high):
        if end and _shape(end) != _shape(key):
            return False
    return (not low or key >= low) and (not high or key <= high)


def _without_zeros(version: Key) -> Key:
    """Give a version without the zeros at its end: 2.1 and 2.1.0 are one, and a notice must not miss either."""
    while version and version[-1] == (0, 0):
        version = version[:-1]
    return version


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedText:
    """Codes found in a notice's own words.

    Parameters
    ----------
    spans : tuple[Span, ...]
        Single codes and ranges.
    covers_all : bool
        Whether the text says that all are affected, and nothing that takes some of them out again.
    is_understood : bool
        Whether nothing else stands there.
    """

    spans: tuple[Span, ...]
    covers_all: bool
    is_understood: bool


def parse_free_text(text: str) -> ParsedText:
    """Find codes and ranges of codes in words such as ``Lots A100 to A250; B7, B9``.

    Parameters
    ----------
    text : str
        As the notice has it.
    """
    upper = text.upper()
    spans: list[Span] = []
    for found in _RANGE.finditer(upper):
        low, high = found.group(1), found.group(2)
        if _shape(key_of(low)) == _shape(key_of(high)):
            spans.append(Span(low=low, high=high))
        else:
            spans += [Span(low=low, high=low), Span(low=high, high=high)]
    rest = _RANGE.sub(" ", upper)
    code = re.compile(rf"(?<![A-Z0-9])(?:{_CODE})(?![A-Z0-9])")
    spans += [Span(low=one, high=one) for one in code.findall(rest)]
    words = set(re.findall(r"[^\W\d_]+", code.sub(" ", rest)))
    # "All lots except A1", "all units made before May": a word that is not understood may restrict.
    others = set(re.findall(r"[^\W\d_]+", _ALL.sub(" ", upper)))
    return ParsedText(
        spans=tuple(spans),
        covers_all=bool(_ALL.search(upper)) and not spans and others <= _FILLING,
        is_understood=bool(spans) and words <= _FILLING,
    )


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _identity(asset: Asset, clause: Clause, aliases: frozenset[str]) -> Certainty:
    """Give how sure it is that a clause means this kind of device."""
    # A GTIN-13 and its fourteen digits are one identifier.
    own = {identifier.zfill(14) for identifier in (asset.gtin, *aliases) if identifier}
    if own & {identifier.zfill(14) for identifier in clause.device_identifiers}:
        return Certainty.CERTAIN
    if not (clause.manufacturer or clause.models):
        return Certainty.NONE
    if clause.manufacturer and asset.manufacturer and _plain(clause.manufacturer) != _plain(asset.manufacturer):
        return Certainty.NONE
    if clause.models:
        is_named = _plain(asset.model) in {_plain(model) for model in clause.models}
        return Certainty.CERTAIN if is_named else Certainty.NONE
    # A device of which nobody knows the maker is not every maker's device.
    if not asset.manufacturer:
        return Certainty.NONE
    if clause.device_identifiers:
        # The notice names products of its maker: another known product is none of them, an unknown one may be.
        return Certainty.NONE if own else Certainty.POSSIBLE
    return Certainty.CERTAIN


def _restriction(code: str, spans: tuple[Span, ...], *, is_version: bool = False) -> Certainty:
    if not spans:
        return Certainty.CERTAIN
    if not code:
        return Certainty.POSSIBLE
    within = any(is_within(code, span, is_version=is_version) for span in spans)
    return Certainty.CERTAIN if within else Certainty.NONE


def _free_text(asset: Asset, text: str) -> Certainty:
    """Judge by the notice's own words: what they may mean is for a person, so that nothing is certain here."""
    if not text.strip():
        return Certainty.CERTAIN
    parsed = parse_free_text(text)
    if parsed.covers_all:
        return Certainty.CERTAIN
    codes = [code for code in (asset.lot, asset.serial) if code]
    if not parsed.is_understood or not codes:
        return Certainty.POSSIBLE
    within = any(is_within(code, span) for code in codes for span in parsed.spans)
    return Certainty.POSSIBLE if within else Certainty.NONE


_ORDER = {Certainty.NONE: 0, Certainty.POSSIBLE: 1, Certainty.CERTAIN: 2}


def clause_applies(asset: Asset, clause: Clause, *, aliases: Iterable[str] = ()) -> Certainty:
    """Give how sure it is that a clause applies to a device.

    Parameters
    ----------
    asset : Asset
        The device.
    clause : Clause
        One group of a notice.
    aliases : Iterable[str]
        Further UDI-DIs of its model, such as those of its packages.

    Returns
    -------
    Certainty
        Possible where the register lacks what the notice asks for: never silently "none".
    """
    found = (
        _identity(asset, clause, frozenset(aliases)),
        _restriction(asset.lot, clause.lots),
        _restriction(asset.serial, clause.serials),
        _restriction(asset.firmware, clause.firmware, is_version=True),
        _free_text(asset, clause.free_text),
    )
    # All restrictions must hold, so that the weakest decides; between clauses the strongest does.
    return min(found, key=_ORDER.__getitem__)


def notice_applies(asset: Asset, notice: Notice, *, aliases: Iterable[str] = ()) -> Certainty:
    """Give how sure it is that a notice applies to a device: the surest of its clauses."""
    known = frozenset(aliases)
    found = (clause_applies(asset, clause, aliases=known) for clause in notice.clauses)
    return max(found, key=_ORDER.__getitem__, default=Certainty.NONE)
