"""Elements of GS1 labels: cut out of what a scanner sends or a person types, and checked one by one.

References
----------
GS1 General Specifications, sections 7.8 (processing of data from a GS1 symbology) and 4.14 (human readable text).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from twin.errors import DecodeError
from twin.gs1.dates import DATED, moment_of
from twin.gs1.identifiers import identifier_of
from twin.gs1.keys import CHECK_CHARACTERS_IN, CHECK_DIGIT_AT, check_characters, check_digit

SEPARATOR = "\x1d"
"""FNC1 between elements, as scanners send it: ASCII 29."""

_BRACKETED = re.compile(r"\((\d{2,4})\)", re.ASCII)


@dataclass(frozen=True, slots=True)
class LabelElement:
    """One application identifier with its value.

    Parameters
    ----------
    identifier : str
        Two to four digits.
    value : str
        As on the label.
    offset : int
        Where the value begins in the text, counted from 0.
    """

    identifier: str
    value: str
    offset: int


def split_brackets(text: str, start: int = 0) -> Iterator[LabelElement]:
    """Cut a text with identifiers in brackets, as it stands under a symbol; the values are not checked.

    Parameters
    ----------
    text : str
        Such as ``(01)09506000134352(10)A1``.
    start : int
        Where to begin.

    Raises
    ------
    DecodeError
        With ``gs1.unknown_ai`` if it does not begin with an identifier that exists.
    """
    # Brackets belong to the characters of a lot: only those that hold an identifier which exists begin an element.
    marks = [mark for mark in _BRACKETED.finditer(text, start) if identifier_of(mark[1]) is not None]
    if not marks or marks[0].start() != start:
        found = _BRACKETED.match(text, start)
        shown = found[1] if found else text[start : start + 5]
        raise DecodeError(f"There is no application identifier ({shown}).", code="gs1.unknown_ai", offset=start)
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=True):
        value = text[mark.end() : end].strip(" " + SEPARATOR)  # people type blanks for the eye
        yield LabelElement(mark[1], value, mark.end())


def split_scanned(text: str, start: int = 0) -> Iterator[LabelElement]:
    """Cut what a scanner sent into elements; their values are not checked.

    An element of one possible length ends there, any other one at the next separator or the end: never at the most
    characters that it may have, since what follows is then anybody's guess.

    Parameters
    ----------
    text : str
        With ASCII 29 for FNC1; separators are allowed between any two elements (section 7.8.6).
    start : int
        Where to begin.

    Raises
    ------
    DecodeError
        With ``gs1.unknown_ai`` where no identifier stands.
    """
    position = start
    while position < len(text):
        if text[position] == SEPARATOR:
            position += 1
            continue
        # The first two digits fix an identifier's length, so that at most one of the lengths fits.
        found = next((one for n in (2, 3, 4) if (one := identifier_of(text[position : position + n]))), None)
        if found is None:
            shown = text[position : position + 4]
            message = f"No application identifier begins {shown!r}."
            raise DecodeError(message, code="gs1.unknown_ai", offset=position)
        begin = position + len(found.digits)
        separator = text.find(SEPARATOR, begin)
        end = len(text) if separator < 0 else separator
        if found.length is not None:
            end = position + found.length
        yield LabelElement(found.digits, text[begin:end], begin)
        position = end


def checked(elements: Iterable[LabelElement], *, today: date) -> tuple[LabelElement, ...]:
    """Give elements once each, after checking form, date and check digit of every value.

    Parameters
    ----------
    elements : Iterable[LabelElement]
        In the order of the label.
    today : date
        The present day, to which years of two digits are near.

    Raises
    ------
    DecodeError
        ``gs1.value`` for a value of another form, ``gs1.date_form`` for the same in a date, ``gs1.date`` for a day
        that does not exist, ``gs1.check_digit``, ``gs1.duplicate`` for two values of one identifier, ``gs1.empty``.
    """
    known: dict[str, LabelElement] = {}
    for element in elements:
        _require_valid(element, today)
        before = known.setdefault(element.identifier, element)
        if before.value != element.value:
            message = f"({element.identifier}) stands there twice, as {before.value!r} and {element.value!r}."
            raise DecodeError(f"{message} Scan each label alone.", code="gs1.duplicate", offset=element.offset)
    if not known:
        raise DecodeError("The label is empty.", code="gs1.empty")
    return tuple(known.values())


def _require_valid(element: LabelElement, today: date) -> None:
    key, value, offset = element.identifier, element.value, element.offset
    found = identifier_of(key)
    if found is None or not found.allows(value):
        code = "gs1.date_form" if key in DATED else "gs1.value"
        raise DecodeError(f"({key}) cannot have the value {value[:100]!r}: scan again.", code=code, offset=offset)
    if (length := CHECK_DIGIT_AT.get(key)) is not None:
        _require_ending(value[: length - 1], value[length - 1], check_digit(value[: length - 1]), element)
    if key in CHECK_CHARACTERS_IN:
        _require_ending(value[:-2], value[-2:], check_characters(value[:-2]), element)
    if key in DATED:
        moment_of(key, value, today=today, offset=offset)


def _require_ending(number: str, found: str, expected: str, element: LabelElement) -> None:
    if found != expected:
        message = f"({element.identifier}) {number}{found} has check digit {found}, expected {expected}: scan again."
        raise DecodeError(message, code="gs1.check_digit", offset=element.offset + len(number))
