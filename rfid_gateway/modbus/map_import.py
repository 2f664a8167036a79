"""Register maps as tables: a maker's spreadsheet saved as CSV becomes a profile.

The header names the fields of a signal as in YAML (``key, table, address, type, order, scale, offset, unit, poll, …``);
``bits`` is written ``first`` or ``first-last``, ``labels`` as ``0=off;1=on``, ``sentinels`` as ``0x8000;0x7FFF``,
``plausible`` as ``low..high``. Addresses and sentinels may be decimal (``00040`` too) or ``0x…``. Columns are parted by
commas, semicolons or tabs; where they are not commas, numbers may have a decimal comma, as spreadsheets of many
countries write them.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

from pydantic import ValidationError

from rfid_gateway.modbus.profile import Profile, Signal
from twin.errors import FieldProblem, ImportRefused


def _whole(text: str) -> int:
    if re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        return int(text)  # not with base 0: it refuses the leading zeros that address lists are full of
    if re.fullmatch(r"[+-]?0[xX][0-9A-Fa-f]+", text):
        return int(text, 16)
    raise ValueError(text)


def _bits(text: str) -> dict[str, int]:
    first, _, last = text.partition("-")
    start = _whole(first.strip())
    return {"first": start, "count": _whole(last.strip()) - start + 1 if last else 1}


def _labels(text: str) -> dict[int, str]:
    pairs = [one.partition("=") for one in text.split(";") if one.strip()]
    return {_whole(number.strip()): label.strip() for number, _, label in pairs}


def _pair(text: str) -> tuple[float, ...]:
    return tuple(float(one) for one in text.split(".."))


_READERS: dict[str, Callable[[str], object]] = {
    "address": _whole,
    "words": _whole,
    "scale": float,
    "offset": float,
    "deadband": float,
    "most_change_per_s": float,
    "bits": _bits,
    "labels": _labels,
    "sentinels": lambda text: tuple(_whole(one.strip()) for one in text.split(";") if one.strip()),
    "plausible": _pair,
    "table": str.lower,
    "type": str.lower,
    "order": str.upper,
    "poll": str.lower,
}
_DECIMALS = frozenset({"scale", "offset", "deadband", "most_change_per_s", "plausible"})
_COLUMNS = frozenset({"key", "unit", "note", *_READERS})


def profile_from_csv(text: str, source: str, *, name: str, address_base: int = 0) -> Profile:
    """Give the profile that a table of registers describes.

    Parameters
    ----------
    text : str
        The file's content; commas or semicolons between columns.
    source : str
        The file's name, for messages.
    name : str
        Name of the profile.
    address_base : int
        0 or 1: how the table's addresses count.

    Raises
    ------
    ImportRefused
        If a column is unknown or a row cannot be used; every problem is listed with its row.
    """
    delimiter, rows = _rows(text, source)
    # Some programs put empty lines before the table.
    top = next((i for i, cells in enumerate(rows) if any(cell.strip() for cell in cells)), 0)
    columns = [one.strip().lower() for one in rows[top]] if rows else []
    while columns and not columns[-1]:  # spreadsheets write empty columns behind the last one
        columns.pop()
    _require_known(columns, source)
    signals: list[Signal] = []
    problems: list[FieldProblem] = []
    # Rows count from 1, as the spreadsheet shows them.
    for number, cells in enumerate(rows[top + 1 :], top + 2):
        if not any(cell.strip() for cell in cells):
            continue
        place, over = f"row {number}", [cell for cell in cells[len(columns) :] if cell.strip()]
        if over:
            problems.append(
                _problem("columns", place, f"has more cells than the header: {over[0]!r}.", "Mend the row.")
            )
            continue
        row = {column: cell.strip() for column, cell in zip(columns, cells, strict=False)}
        if delimiter != ",":
            row |= {column: row[column].replace(",", ".") for column in _DECIMALS & set(row)}
        _take_row(row, place, signals, problems)
    if not problems:
        # A profile is built only without problems: a map with a row missing would be polled as if it were whole.
        try:
            return Profile(name=name, source=source, address_base=address_base, signals=tuple(signals))
        except ValidationError as error:
            for one in error.errors():
                field = str(one["loc"][0]) if one["loc"] else "signals"
                place = "--name" if field == "name" else source
                problems.append(_problem(field, place, f"{one['msg']}.", "Mend the table, or the name."))
    raise ImportRefused(source, problems)


def _rows(text: str, source: str) -> tuple[str, list[list[str]]]:
    """Give what parts the columns, and the cells of each row."""
    # Spreadsheets of many countries save "CSV" with semicolons, and with a byte order mark.
    text = text.lstrip("\ufeff")
    head = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        return delimiter, list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:  # a quotation mark that nobody closes, or a cell of megabytes
        problem = _problem("file", source, f"is no table: {error}.", "Save it as CSV again.")
        raise ImportRefused(source, [problem]) from error


def _require_known(columns: list[str], source: str) -> None:
    unknown = sorted(set(columns) - _COLUMNS)
    double = sorted({one for one in columns if columns.count(one) > 1})
    if unknown or double or not columns:
        what = ", ".join(map(repr, unknown or double)) or "none"
        text = f"expected known columns, each once, got {what}."
        raise ImportRefused(source, [_problem("header", "row 1", text, f"Known are {', '.join(sorted(_COLUMNS))}.")])


def _take_row(row: dict[str, str], place: str, signals: list[Signal], problems: list[FieldProblem]) -> None:
    plain: dict[str, object] = {}
    for column, text in row.items():
        if not text:
            continue
        try:
            plain[column] = _READERS.get(column, str)(text)
        except ValueError:
            problems.append(_problem(column, place, f"cannot be read: {text!r}.", "See the guide for its form."))
            return
    try:
        signals.append(Signal.model_validate(plain))
    except ValidationError as error:
        for one in error.errors():
            field = str(one["loc"][0]) if one["loc"] else "signal"
            problems.append(
                _problem(
                    field, place, f"{one['msg'].removeprefix('Value error, ')}, got {one['input']!r}.", "Mend the row."
                )
            )


def _problem(field: str, place: str, message: str, cure: str) -> FieldProblem:
    return FieldProblem(field=field, place=place, message=message, cure=cure)
