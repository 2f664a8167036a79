"""Periods as tables write them, brought into the order of time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from math import isfinite

Key = tuple[float, ...]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?:[T ]([\d:.]+)(?:Z|[+-]\d{2}:?\d{2})?)?$")
_QUARTER_OR_WEEK = re.compile(r"(\d{4})[- ]?([QW])(\d{1,2})(?:-?(\d))?$", re.IGNORECASE)
_THREE_PARTS = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$")
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})$")
_NAMED = re.compile(r"(?:(\d{1,2})[- .]+)?([A-Za-z]{3,9})\.?[-, ]+(\d{4})$|(\d{4})[- ]+([A-Za-z]{3,9})\.?$")


class Unordered(ValueError):
    """Periods that can be read in two orders, or in none."""


def in_order(periods: Iterable[str]) -> list[str]:
    """Give periods in the order of time.

    Parameters
    ----------
    periods : Iterable[str]
        As written: all numbers, all dates of one spelling, or words that end in a number such as ``Week 7``.

    Raises
    ------
    Unordered
        If dates such as 03/04/2024 leave open whether day or month stands first, or spellings are mixed.
    """
    written = list(periods)
    keys = keys_of(written)
    if keys is not None:
        order = sorted(range(len(written)), key=lambda index: (keys[index], written[index]))
        return [written[index] for index in order]
    raise Unordered(f"Periods such as {written[0]!r} and {written[-1]!r} have no order: write ISO dates (2024-03-31).")


def keys_of(written: Sequence[str]) -> list[Key] | None:
    """Give what puts periods in the order of time: numbers, or year, month, day and so on; None if there is no order.

    Raises
    ------
    Unordered
        If dates can be read in two ways.
    """
    listed = list(written)
    for read in (_numbers, _dates, _counted):
        keys = read(listed)
        if keys is not None:
            return keys
    return None


def _numbers(written: list[str]) -> list[Key] | None:
    try:
        numbers = [float(each) for each in written]
    except ValueError:
        return None
    return [(number,) for number in numbers] if all(map(isfinite, numbers)) else None


def _dates(written: list[str]) -> list[Key] | None:
    readers: tuple[Callable[[str], Key | None], ...] = (_iso, _part_of_year, _named, _month_and_year)
    for read in readers:
        keys = [read(each) for each in written]
        if all(keys):
            return [key for key in keys if key is not None]
    return _three_parts(written)


def _iso(text: str) -> Key | None:
    found = _ISO.match(text)
    if not found:
        return None
    year, month, day, clock = found.groups()
    if not _is_date(int(year), int(month), int(day or 1)):
        return None
    hours = [float(part or 0) for part in (clock or "0").split(":")]
    return (float(year), float(month), float(day or 0), *hours)


def _part_of_year(text: str) -> Key | None:
    found = _QUARTER_OR_WEEK.match(text)
    return (float(found[1]), float(found[3]), float(found[4] or 0)) if found else None


def _named(text: str) -> Key | None:
    found = _NAMED.match(text)
    if not found:
        return None
    day, name, year = found[1], found[2] or found[5], found[3] or found[4]
    month = name[:3].lower()
    return (float(year), float(_MONTHS.index(month) + 1), float(day or 0)) if month in _MONTHS else None


def _month_and_year(text: str) -> Key | None:
    found = _MONTH_AND_YEAR.match(text)
    return (float(found[2]), float(found[1])) if found and 1 <= int(found[1]) <= 12 else None


def _three_parts(written: list[str]) -> list[Key] | None:
    """Give dates with the year last: a number above 12 tells where the day stands; with dots it stands first."""
    found = [_THREE_PARTS.match(each) for each in written]
    parts = [(int(each[1]), int(each[2]), int(each[3])) for each in found if each]
    if len(parts) < len(written):
        return None
    is_day_first = all(_is_date(year, second, first) for first, second, year in parts)
    is_month_first = all(_is_date(year, first, second) for first, second, year in parts)
    if all("." in each for each in written):
        is_month_first = False
    if is_day_first and is_month_first and any(first != second for first, second, _ in parts):
        raise Unordered(f"{written[0]!r} is read in two ways, day or month first: write ISO dates (2024-03-31).")
    if is_day_first:
        return [(year, second, first) for first, second, year in parts]
    return [(year, first, second) for first, second, year in parts] if is_month_first else None


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _counted(written: list[str]) -> list[Key] | None:
    """Give the numbers within words that are otherwise the same: week 10 comes after week 9."""
    words = {re.sub(r"\d+", "#", each) for each in written}
    word = words.pop()
    if words or "#" not in word or not any(each.isalpha() for each in word):  # without a word it is a date that is none
        return None
    return [tuple(float(number) for number in re.findall(r"\d+", each)) for each in written]
