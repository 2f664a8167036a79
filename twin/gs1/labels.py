"""GS1 labels in all their written forms, read strictly.

What is not wholly right is refused: a wrong check digit, a value that is too long, a date that does not exist. A
separator that the scanner may have dropped is not repaired but told, with what the label would then say.

References
----------
GS1 General Specifications, section 7.8; ISO/IEC 15424 (symbology identifiers).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from twin.errors import DecodeError
from twin.gs1.elements import SEPARATOR, LabelElement, checked, split_brackets, split_scanned
from twin.gs1.keys import check_digit
from twin.gs1.links import is_link, split_link

# Symbologies that carry element strings (Code 128, DataBar, DataMatrix, QR code, DotCode), and those that carry a bare
# article number (EAN and UPC, interleaved 2 of 5).
_ELEMENT_SYMBOLOGIES = frozenset({"]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1"})
_BARE_SYMBOLOGIES = frozenset({"]E0", "]E3", "]E4", "]I0", "]I1"})
_SYMBOLOGY = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_GTIN_LENGTHS = frozenset({8, 12, 13, 14})
# Fields without fixed length that hospitals meet, in which the next element disappears when its separator is dropped.
_VARIABLE = frozenset({"10", "21", "240", "30", "37"})
# Dates, and an article's or a content's number, whose check digit tells it from other digits, are found in it.
_DATE = r"(?P<date>17|15|11)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])"
_SWALLOWED = re.compile(rf"(?<=.)(?:{_DATE}|(?P<article>0[12])\d{{14}})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSeparator:
    """How a label would read if the scanner had dropped a separator.

    Parameters
    ----------
    identifier : str
        Whose value would be shorter.
    value : str
        The shorter value.
    rest : tuple[LabelElement, ...]
        The elements that would follow it; the first one is a date or an article's number.
    """

    identifier: str
    value: str
    rest: tuple[LabelElement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label, read.

    Parameters
    ----------
    elements : tuple[LabelElement, ...]
        In the order of the label, each identifier once.
    lost : LostSeparator or None
        The other reading, if a separator may have been lost.
    """

    elements: tuple[LabelElement, ...]
    lost: LostSeparator | None = None


def read_gs1_label(text: str, *, today: date) -> Label:
    """Read a label in any of the forms that GS1 prints.

    Parameters
    ----------
    text : str
        As scanned, with or without symbology identifier, with ASCII 29 for FNC1; typed with brackets; a bare article
        number of 8, 12, 13 or 14 digits; or a Digital Link.
    today : date
        The present day, to which years of two digits are near.

    Raises
    ------
    DecodeError
        ``gs1.unknown_ai`` for an identifier that does not exist, ``gs1.no_key`` for a link without a key,
        ``gs1.value`` for a value of another form, ``gs1.date_form`` for the same in a date, ``gs1.date`` for a day
        that does not exist, ``gs1.check_digit``, ``gs1.duplicate`` for two values of one identifier, ``gs1.empty``.

    Examples
    --------
    >>> [element.value for element in read_gs1_label("(01)09506000134352(10)A1", today=date(2026, 1, 1)).elements]
    ['09506000134352', 'A1']
    """
    symbology = found[0] if (found := _SYMBOLOGY.match(text)) else ""
    start = len(symbology)
    body = text[start:]
    # Fourteen digits could be an element string, too, such as (10) and a lot of twelve: only a symbol that says so is
    # read as one, because an article number without symbology is what scanners send all day.
    if symbology in _BARE_SYMBOLOGIES or (symbology not in _ELEMENT_SYMBOLOGIES and _looks_bare(body)):
        return Label(elements=(_bare(body, start),))
    if is_link(body):
        return Label(elements=checked(split_link(text, start).elements, today=today))
    if body.startswith("("):
        return Label(elements=checked(split_brackets(text, start), today=today))
    elements = checked(split_scanned(text, start), today=today)
    # A separator between the elements shows that this scanner sends them.
    is_sure = SEPARATOR in body.strip(SEPARATOR)
    return Label(elements=elements, lost=None if is_sure else _lost_separator(elements, today))


def _looks_bare(body: str) -> bool:
    return len(body) in _GTIN_LENGTHS and body.isascii() and body.isdigit()


def _bare(body: str, start: int) -> LabelElement:
    if not _looks_bare(body):
        message = f"Expected an article number of 8, 12, 13 or 14 digits, got {body[:40]!r}."
        raise DecodeError(message, code="gs1.value", offset=start)
    if (expected := check_digit(body[:-1])) != body[-1]:
        message = f"Article number {body} has check digit {body[-1]}, expected {expected}: scan again."
        raise DecodeError(message, code="gs1.check_digit", offset=start + len(body) - 1)
    return LabelElement("01", body.zfill(14), start)


def _lost_separator(elements: tuple[LabelElement, ...], today: date) -> LostSeparator | None:
    """Look for an element inside a field of no fixed length: the separator before it may have been dropped."""
    present = {element.identifier for element in elements}
    for element in elements:
        if element.identifier not in _VARIABLE:
            continue
        for match in _SWALLOWED.finditer(element.value):
            # A label that carries this element properly does not carry it twice: what looks so is part of the lot.
            if (match["date"] or match["article"]) in present:
                continue
            try:
                rest = checked(split_scanned(element.value, match.start()), today=today)
            except DecodeError:
                continue  # what follows is no label: the digits are only part of the lot
            return LostSeparator(identifier=element.identifier, value=element.value[: match.start()], rest=rest)
    return None
