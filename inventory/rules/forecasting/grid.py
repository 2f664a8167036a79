"""Periods on an even grid: a week in which nobody needed anything has no line, and is a demand of 0 all the same.

Left out, a slow item would look as if it were needed each period, and every method would forecast many times its use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from math import gcd

from inventory.rules.forecasting.periods import Key, keys_of

MOST_PERIODS = 20_000
"""Longest grid: 54 years of days. What is longer has a year that somebody mistyped."""

_YEARS = range(1900, 2101)


def positions(ordered: Sequence[str]) -> list[int]:
    """Give the place of each period on the even grid from the first to the last one.

    Parameters
    ----------
    ordered : Sequence[str]
        Periods in the order of time, each once.

    Returns
    -------
    list[int]
        Rising from 0. The grid is of months, weeks, quarters, days, or of the largest step that all have in common;
        periods of which no grid is known, such as hours or words with two numbers, follow each other.
    """
    numbers = _numbers(keys_of(ordered), ordered)
    if numbers is None or len(set(numbers)) < len(numbers):
        return list(range(len(ordered)))
    step = gcd(*(after - before for before, after in pairwise(numbers))) or 1
    return [(number - numbers[0]) // step for number in numbers]


def _numbers(keys: Sequence[Key] | None, written: Sequence[str]) -> list[int] | None:
    """Give each period as a count of months, weeks, quarters, days or whatever is counted; None if there is none."""
    if keys is None or any(part != int(part) for key in keys for part in key):
        return None
    whole = [tuple(int(part) for part in key) for key in keys]
    if all(len(key) == 1 for key in whole):
        return _counted([key[0] for key in whole])
    readers: tuple[Callable[[tuple[int, ...], str], int | None], ...] = (_month, _day, _quarter, _week)
    for read in readers:
        found = [read(key, text) for key, text in zip(whole, written, strict=True)]
        numbers = [number for number in found if number is not None]
        if len(numbers) == len(found):
            return _of_months(numbers) if read is _day else numbers
    return None


def _counted(numbers: list[int]) -> list[int]:
    """Give whole numbers as they are, but 202401 and 20240131 as the month, the week or the day that they name."""
    if all(number // 100 in _YEARS and 1 <= number % 100 <= 12 for number in numbers):
        return [number // 100 * 12 + number % 100 for number in numbers]
    if all(number // 100 in _YEARS and 1 <= number % 100 <= 53 for number in numbers):
        weeks = [_week((number // 100, number % 100, 0), "W") for number in numbers]
        return [week for week in weeks if week is not None] if None not in weeks else numbers
    if all(number // 10_000 in _YEARS for number in numbers):
        days = [_day((number // 10_000, number // 100 % 100, number % 100), "") for number in numbers]
        return _of_months([day for day in days if day is not None]) if None not in days else numbers
    return numbers


def _month(key: tuple[int, ...], written: str) -> int | None:
    is_month = len(key) in (2, 3, 4) and not any(key[2:]) and 1 <= key[1] <= 12 and not _is_part(written)
    return key[0] * 12 + key[1] if is_month else None


def _day(key: tuple[int, ...], written: str) -> int | None:
    if len(key) not in (3, 4) or any(key[3:]) or _is_part(written):
        return None
    try:
        return date(*key[:3]).toordinal()
    except ValueError:
        return None


def _quarter(key: tuple[int, ...], written: str) -> int | None:
    return key[0] * 4 + key[1] if "Q" in written.upper() and len(key) == 3 and not key[2] else None


def _week(key: tuple[int, ...], written: str) -> int | None:
    if "W" not in written.upper() or len(key) != 3 or key[2]:
        return None
    try:
        return date.fromisocalendar(key[0], key[1], 1).toordinal() // 7
    except ValueError:  # no week 53 in that year
        return None


def _is_part(written: str) -> bool:
    """Tell a quarter or a week from a month: both have a year and a small number."""
    return written[4:6].upper().strip("- ")[:1] in ("Q", "W")


def _of_months(days: list[int]) -> list[int]:
    """Give days as months if each stands for one: always the same day of the month, or always the last one."""
    told = [date.fromordinal(day) for day in days]
    is_last = all(date.fromordinal(day + 1).day == 1 for day in days)
    is_monthly = is_last or len({day.day for day in told}) == 1
    return [day.year * 12 + day.month for day in told] if is_monthly and len(days) > 1 else days
