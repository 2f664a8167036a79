"""Sheets as spreadsheets save them: rows by column, every problem with its row, all of them at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from scheduling.loaders.headings import column_of, day_of
from scheduling.loaders.records import Problems

MOST_ROWS = 20_000
_SEPARATORS = ",;\t"


def separator_of(text: str) -> str:
    """Give what separates the columns of a sheet, by its header line."""
    # As many countries save CSV with semicolons as with commas.
    header = text.lstrip("\r\n").split("\n", 1)[0]
    return max(_SEPARATORS, key=header.count)


def rows_of(text: str) -> list[list[str]]:
    """Give the rows of a sheet, the first with the names of its columns; CSV, or JSON with a list of objects.

    Parameters
    ----------
    text : str
        The sheet; a byte order mark does not matter. Columns may have Chinese headings. In JSON numbers, texts, true
        and false are cells, a list is a cell with bars between its parts.

    Raises
    ------
    ValueError
        Saying why it is neither.
    """
    body = text.removeprefix("\ufeff")
    if body.lstrip()[:1] == "[":
        return _json_rows(body)
    try:
        rows = list(csv.reader(io.StringIO(body), delimiter=separator_of(body), strict=True))
    except csv.Error as error:
        raise ValueError(f"Expected CSV: {error}.") from error
    return [[column_of(name) for name in rows[0]], *rows[1:]] if rows else []


def _json_rows(body: str) -> list[list[str]]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"Expected a JSON list of objects: {error}.") from error
    if not all(isinstance(one, dict) for one in found):
        raise ValueError("Expected a JSON list of objects, got something else in it.")
    # Every key that stands anywhere is a column: an object may leave out what is empty.
    keys = list(dict.fromkeys(key for one in found for key in one))
    return [[column_of(key) for key in keys], *([_cell(one.get(key)) for key in keys] for one in found)]


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "|".join(_cell(part) for part in value)
    # An object in a cell is told as what it is by whoever reads the cell.
    return str(value)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a sheet; its readers note a problem and give a harmless value instead of raising.

    Parameters
    ----------
    values : dict[str, str]
        Cells by column, without blanks around them.
    place : str
        Where the row stands, such as ``staff row 3``.
    problems : Problems
        Where problems go.
    """

    values: dict[str, str]
    place: str
    problems: Problems

    def wrong(self, column: str, message: str, cure: str) -> None:
        """Note a problem of a cell."""
        self.problems.add(column, self.place, message, cure)

    def text(self, column: str, *, may_be_empty: bool = False) -> str:
        """Give a cell of at most 100 characters."""
        value = self.values.get(column, "")
        if len(value) > 100 or "\x00" in value or (not value and not may_be_empty):
            self.wrong(column, f"Expected 1 to 100 characters, got {value[:40]!r}.", "Fill it in.")
            return ""
        return value

    def whole(self, column: str, low: int, high: int, *, empty: int | None = None) -> int:
        """Give a whole number within bounds; ``empty`` is what an empty cell means."""
        # An empty cell means something only where the caller says what.
        value = self.values.get(column, "")
        if not value and empty is not None:
            return empty
        if not (value.isascii() and value.isdigit()) or len(value) > 9 or not low <= int(value) <= high:
            self.wrong(column, f"Expected a whole number in [{low}, {high}], got {value[:40]!r}.", "Correct it.")
            return low
        return int(value)

    def minutes(self, column: str, high_hours: int, *, empty: int) -> int:
        """Give hours such as ``38.5`` or ``38,5`` as minutes; ``empty`` is what an empty cell means."""
        value = self.values.get(column, "")
        if not value:
            return empty
        try:
            hours = Decimal(value.replace(",", "."))
        except InvalidOperation:
            hours = Decimal(-1)  # refused below
        if not hours.is_finite() or not 0 <= hours <= high_hours:
            self.wrong(column, f"Expected hours in [0, {high_hours}], got {value[:40]!r}.", "Correct the number.")
            return empty
        return round(hours * 60)

    def clock(self, column: str) -> int:
        """Give a time of the day such as ``07:00`` as minutes after midnight."""
        value = self.values.get(column, "")
        hour, _, minute = value.partition(":")
        is_good = hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit() and len(value) <= 5
        if not is_good or int(hour) > 23 or int(minute) > 59:
            self.wrong(column, f"Expected a time such as 07:00, got {value[:40]!r}.", "Correct the time.")
            return 0
        return int(hour) * 60 + int(minute)

    def parts(self, column: str) -> list[str]:
        """Give the parts of a cell between bars: ``RN | ICU``."""
        return [part.strip() for part in self.values.get(column, "").split("|") if part.strip()]

    def known(self, column: str, value: str, known: Collection[str], kind: str) -> str:
        """Give a value that must be known."""
        if value not in known:
            told = f"There is no {kind} {value[:40]!r}."
            some = ", ".join(sorted(known)[:8])
            self.wrong(column, told, f"Use one of: {some}." if some else f"Give a {kind} first.")
        return value

    def day(self, column: str, value: str, first: date, days: int) -> int:
        """Give a date as a day of the roster."""
        try:
            found = (day_of(value) - first).days
        except ValueError:
            self.wrong(column, f"Expected a date such as 2026-12-24, got {value[:40]!r}.", "Correct the date.")
            return 0
        if not 0 <= found < days:
            self.wrong(column, f"{value} is outside the roster.", f"Use days from {first.isoformat()} for {days} days.")
            return 0
        return found


def lines_of(
    text: str, sheet: str, problems: Problems, *, columns: Sequence[str], required: Sequence[str], key: str = ""
) -> list[Line]:
    """Read a sheet: CSV with commas, semicolons or tabs, whichever its header line has most of, or a JSON list.

    Parameters
    ----------
    text : str
        The sheet.
    sheet : str
        What messages call it.
    problems : Problems
        Where problems go.
    columns : Sequence[str]
        All that are known; others are refused, since a mistyped column would be left out unseen.
    required : Sequence[str]
        Those that must be there.
    key : str
        Column that must not have a value twice; empty for none.
    """
    try:
        rows = rows_of(text)
    except ValueError as error:
        # One problem for the whole sheet: rows of a broken file cannot be trusted.
        problems.add(sheet, "sheet", str(error), "Save the sheet as CSV.")
        return []
    names = rows[0] if rows else []
    for name in required:
        if name not in names:
            problems.add(name, f"{sheet} row 1", "The column is missing.", f"Columns: {', '.join(columns)}.")
    for index, name in enumerate(names):
        if name not in columns or name in names[:index]:
            told = "The column stands twice." if name in names[:index] else f"There is no column {name[:40]!r}."
            problems.add(name[:40], f"{sheet} row 1", told, f"Columns: {', '.join(columns)}.")
    if len(rows) > MOST_ROWS:
        problems.add(sheet, "sheet", f"More than {MOST_ROWS} rows.", "Split the sheet.")
    found = []
    seen: dict[str, str] = {}
    for number, row in enumerate(rows[1 : MOST_ROWS + 1], start=2):
        if not any(cell.strip() for cell in row):
            continue  # spreadsheets leave empty rows behind
        line = Line(dict(zip(names, (cell.strip() for cell in row), strict=False)), f"{sheet} row {number}", problems)
        if len(row) > len(names):
            line.wrong(sheet, f"Expected {len(names)} cells, got {len(row)}.", "Quote cells with separators.")
        if key:
            value = line.text(key)
            if value and seen.setdefault(value, line.place) != line.place:
                line.wrong(key, f"{value!r} stands at {seen[value]} already.", "Keep one row for each.")
        found.append(line)
    if not found and rows:
        problems.add(sheet, "sheet", "There is no row below the header.", "Add at least one row.")
    if not rows:
        problems.add(sheet, "sheet", "The sheet is empty.", f"Columns: {', '.join(columns)}.")
    return found
