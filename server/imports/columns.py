"""Columns of spreadsheet templates, and how their cells are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from rfid_gateway.epc.naming import tag_id
from twin.errors import DecodeError

Value = str | int | float | bool | tuple[str, ...]
MAX_ID = 64


class Unreadable(ValueError):
    """A cell is not what its column holds; the text says what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a template.

    Parameters
    ----------
    name : str
        As it stands in the header.
    read : Callable[[str], Value]
        Gives the value of a filled cell, or raises.
    example : str
        What the template's second line shows.
    is_required : bool
        Whether an empty cell is a problem.
    default : Value
        Value of an empty cell that is not required.
    """

    name: str
    read: Callable[[str], Value]
    example: str
    is_required: bool = False
    default: Value = ""


def as_text(cell: str) -> str:
    """Read a text of at most 200 characters."""
    if "\0" in cell or len(cell) > 200:
        raise Unreadable("expected at most 200 characters")
    return cell


def as_identifier(cell: str) -> str:
    """Read an id that can stand in an address."""
    if len(cell) > MAX_ID or not cell.isprintable() or any(c in cell for c in " /?#\\"):
        raise Unreadable(f"expected at most {MAX_ID} characters without blanks, / ? # or backslash")
    return cell


def as_whole(low: int, high: int) -> Callable[[str], int]:
    """Give a reader of whole numbers in a range, both ends included."""

    def read(cell: str) -> int:
        try:
            value = int(cell)
        except ValueError:
            raise Unreadable(f"expected a whole number from {low} to {high}") from None
        if not low <= value <= high:
            raise Unreadable(f"expected a whole number from {low} to {high}")
        return value

    return read


def as_number(low: float, high: float) -> Callable[[str], float]:
    """Give a reader of numbers in a range, both ends included; a comma may be the decimal mark."""

    def read(cell: str) -> float:
        try:
            value = float(cell.replace(",", "."))
        except ValueError:
            raise Unreadable(f"expected a number from {low:g} to {high:g}") from None
        # Written so that "nan", which float() takes, is refused as well.
        if not low <= value <= high:
            raise Unreadable(f"expected a number from {low:g} to {high:g}")
        return value

    return read


def as_metres(cell: str) -> float:
    """Read a position, metres; a comma may be the decimal mark."""
    try:
        value = float(cell.replace(",", "."))
    except ValueError:
        raise Unreadable("expected metres such as 12.5") from None
    if not -100_000 < value < 100_000:
        raise Unreadable("expected metres within 100 km")
    return value


def as_length(cell: str) -> float:
    """Read a length, metres, from 0 upwards."""
    value = as_metres(cell)
    if value < 0:
        raise Unreadable("expected metres from 0 upwards")
    return value


def as_yes_no(cell: str) -> bool:
    """Read yes or no, in either language."""
    known = {"yes": True, "true": True, "1": True, "是": True, "no": False, "false": False, "0": False, "否": False}
    if cell.lower() not in known:
        raise Unreadable("expected yes or no")
    return known[cell.lower()]


def as_one_of(kinds: type[StrEnum]) -> Callable[[str], str]:
    """Give a reader of one of a kind's names or values."""
    by_word = {kind.name.lower(): kind for kind in kinds} | {kind.value: kind for kind in kinds}

    def read(cell: str) -> str:
        if cell.lower() not in by_word:
            raise Unreadable(f"expected one of {', '.join(kind.name.lower() for kind in kinds)}")
        return by_word[cell.lower()]

    return read


def as_gtin(cell: str) -> str:
    """Read a GTIN with its check digit, as fourteen digits."""
    digits = cell.zfill(14)
    if len(digits) != 14 or not digits.isdecimal() or not digits.isascii():
        raise Unreadable("expected a GTIN of 8 to 14 digits")
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(digits))
    if total % 10:
        raise Unreadable("expected a GTIN with a right check digit")
    return digits


def as_tag(cell: str) -> str:
    """Read a tag as readers name it."""
    try:
        return tag_id(cell)
    except DecodeError as error:
        raise Unreadable(error.message.rstrip(".")) from error


def as_asset_tag(cell: str) -> str:
    """Read a tag as readers name it; one of another kind, such as a beacon's, stays as it is written."""
    try:
        return tag_id(cell)
    except DecodeError:
        return as_identifier(cell)


def as_instant(cell: str) -> str:
    """Read a day or an instant, ISO 8601."""
    try:
        return datetime.fromisoformat(cell).isoformat()
    except ValueError:
        raise Unreadable("expected a day or an instant such as 2025-03-31 14:05") from None


def as_day(cell: str) -> str:
    """Read a calendar day, ISO 8601."""
    try:
        return date.fromisoformat(cell).isoformat()
    except ValueError:
        raise Unreadable("expected a day such as 2025-03-31") from None


def as_codes(cell: str) -> tuple[str, ...]:
    """Read codes that are parted by semicolons."""
    return tuple(code.strip() for code in cell.split(";") if code.strip())
