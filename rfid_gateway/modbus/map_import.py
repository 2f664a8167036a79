"""Register maps as tables: a maker's spreadsheet saved as CSV becomes a profile.

The header names the fields of a signal as in YAML (``key, table, address, type, order, scale, offset, unit, poll, …``);
``bits`` is written ``first`` or ``first-last``, ``labels`` as ``0=off;1=on``, ``sentinels`` as ``0x8000;0x7FFF``,
``plausible`` as ``low..high``. Addresses and sentinels may be decimal or ``0x…``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from rfid_gateway.modbus.profile import Profile, Signal
from twin.errors import FieldProblem, ImportRefused


def _bits(text: str) -> dict[str, int]:
    first, _, last = text.partition("-")
    start = int(first)
    return {"first": start, "count": int(last) - start + 1 if last else 1}


def _labels(text: str) -> dict[int, str]:
    return {int(number, 0): label.strip() for number, _, label in (one.partition("=") for one in text.split(";"))}


def _pair(text: str) -> tuple[float, ...]:
    return tuple(float(one) for one in text.split(".."))


_READERS: dict[str, Callable[[str], object]] = {
    "address": lambda text: int(text, 0),
    "words": lambda text: int(text, 0),
    "scale": float,
    "offset": float,
    "deadband": float,
    "most_change_per_s": float,
    "bits": _bits,
    "labels": _labels,
    "sentinels": lambda text: tuple(int(one, 0) for one in text.split(";")),
    "plausible": _pair,
}
_COLUMNS = frozenset({"key", "table", "type", "order", "unit", "poll", "note", *_READERS})


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
    # Spreadsheets of many countries save "CSV" with semicolons, and with a byte order mark.
    head = text.lstrip("\ufeff").splitlines()[:1]
    delimiter = ";" if head and head[0].count(";") > head[0].count(",") else ","
    rows = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=delimiter, restkey="too many columns")
    unknown = sorted(set(rows.fieldnames or ()) - _COLUMNS)
    if unknown or not rows.fieldnames:
        known = ", ".join(sorted(_COLUMNS))
        problem = _problem("header", "row 1", f"unknown or no columns: {', '.join(unknown)}.", f"Known are {known}.")
        raise ImportRefused(source, [problem])
    signals: list[Signal] = []
    problems: list[FieldProblem] = []
    # The header is row 1, as the spreadsheet shows it.
    for number, row in enumerate(rows, 2):
        _take_row(row, f"row {number}", signals, problems)
    if not problems:
        # A profile is built only without problems: a map with a row missing would be polled as if it were whole.
        try:
            return Profile(name=name, source=source, address_base=address_base, signals=tuple(signals))
        except ValidationError as error:
            problems += [_problem("signals", source, f"{one['msg']}.", "Mend the table.") for one in error.errors()]
    raise ImportRefused(source, problems)


def _take_row(row: dict[str, Any], place: str, signals: list[Signal], problems: list[FieldProblem]) -> None:
    plain: dict[str, object] = {}
    for column, text in row.items():
        if not text:
            continue
        try:
            plain[column] = _READERS.get(column, str)(text.strip() if isinstance(text, str) else str(text))
        except ValueError:
            problems.append(_problem(column, place, f"cannot be read: {text!r}.", "See the guide for its form."))
            return
    try:
        signals.append(Signal.model_validate(plain))
    except ValidationError as error:
        for one in error.errors():
            field = str(one["loc"][0]) if one["loc"] else "signal"
            problems.append(_problem(field, place, f"{one['msg']}, got {one['input']!r}.", "Mend the row."))


def _problem(field: str, place: str, message: str, cure: str) -> FieldProblem:
    return FieldProblem(field=field, place=place, message=message, cure=cure)
