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
from twin.sentences import Sentence, sentence

MOST_ROWS = 20_000
_SEPARATORS = ",;\t"
SHEET_NAMES = {
    "contracts": sentence("contracts"),
    "staff": sentence("staff"),
    "cover": sentence("cover"),
    "shifts": sentence("shifts"),
}
"""What places call the sheets of a roster."""


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
        raise ValueError(sentence("Expected CSV: {reason}.", reason=error)) from error
    return [[column_of(name) for name in rows[0]], *rows[1:]] if rows else []


def _json_rows(body: str) -> list[list[str]]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(sentence("Expected a JSON list of objects: {reason}.", reason=error)) from error
    if not all(isinstance(one, dict) for one in found):
        raise ValueError(sentence("Expected a JSON list of objects, got something else in it."))
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
            told = sentence("Expected 1 to 100 characters, got {value}.", value=repr(value[:40]))
            self.wrong(column, told, sentence("Fill it in."))
            return ""
        return value

    def whole(self, column: str, low: int, high: int, *, empty: int | None = None) -> int:
        """Give a whole number within bounds; ``empty`` is what an empty cell means."""
        # An empty cell means something only where the caller says what.
        value = self.values.get(column, "")
        if not value and empty is not None:
            return empty
        if not (value.isascii() and value.isdigit()) or len(value) > 9 or not low <= int(value) <= high:
            bounds = {"low": low, "high": high, "value": repr(value[:40])}
            told = sentence("Expected a whole number in [{low}, {high}], got {value}.", **bounds)
            self.wrong(column, told, sentence("Correct the number."))
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
            told = sentence("Expected hours in [0, {high}], got {value}.", high=high_hours, value=repr(value[:40]))
            self.wrong(column, told, sentence("Correct the number."))
            return empty
        return round(hours * 60)

    def clock(self, column: str) -> int:
        """Give a time of the day such as ``07:00`` as minutes after midnight."""
        value = self.values.get(column, "")
        hour, _, minute = value.partition(":")
        is_good = hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit() and len(value) <= 5
        if not is_good or int(hour) > 23 or int(minute) > 59:
            told = sentence("Expected a time such as 07:00, got {value}.", value=repr(value[:40]))
            self.wrong(column, told, sentence("Correct the time."))
            return 0
        return int(hour) * 60 + int(minute)

    def parts(self, column: str) -> list[str]:
        """Give the parts of a cell between bars: ``RN | ICU``."""
        return [part.strip() for part in self.values.get(column, "").split("|") if part.strip()]

    def known(self, column: str, value: str, known: Collection[str], kind: str) -> str:
        """Give a value that must be known."""
        if value not in known:
            told = sentence("There is no {kind} {value}.", kind=kind, value=repr(value[:40]))
            some = ", ".join(sorted(known)[:8])
            cure = sentence("Use one of: {known}.", known=some) if some else sentence("Give a {kind} first.", kind=kind)
            self.wrong(column, told, cure)
        return value

    def day(self, column: str, value: str, first: date, days: int) -> int:
        """Give a date as a day of the roster."""
        try:
            found = (day_of(value) - first).days
        except ValueError:
            told = sentence(
                "Expected a date such as {example}, got {value}.", example="2026-12-24", value=repr(value[:40])
            )
            self.wrong(column, told, sentence("Correct the date."))
            return 0
        if not 0 <= found < days:
            told = sentence("{value} is outside the roster.", value=value)
            self.wrong(column, told, sentence("Use days from {first} for {days} days.", first=first, days=days))
            return 0
        return found


def _row(sheet: str, number: int) -> Sentence:
    return sentence("{sheet} row {number}", sheet=SHEET_NAMES.get(sheet, sheet), number=number)


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
    place, known = sentence("sheet"), sentence("Columns: {columns}.", columns=", ".join(columns))
    try:
        rows = rows_of(text)
    except ValueError as error:
        # One problem for the whole sheet: rows of a broken file cannot be trusted.
        problems.add(sheet, place, error.args[0], sentence("Save the sheet as CSV."))
        return []
    names = rows[0] if rows else []
    for name in required:
        if name not in names:
            problems.add(name, _row(sheet, 1), sentence("The column is missing."), known)
    for index, name in enumerate(names):
        if name not in columns or name in names[:index]:
            unknown = sentence("There is no column {value}.", value=repr(name[:40]))
            told = sentence("The column stands twice.") if name in names[:index] else unknown
            problems.add(name[:40], _row(sheet, 1), told, known)
    if len(rows) > MOST_ROWS:
        problems.add(sheet, place, sentence("More than {most} rows.", most=MOST_ROWS), sentence("Split the sheet."))
    found = []
    seen: dict[str, str] = {}
    for number, row in enumerate(rows[1 : MOST_ROWS + 1], start=2):
        if not any(cell.strip() for cell in row):
            continue  # spreadsheets leave empty rows behind
        line = Line(dict(zip(names, (cell.strip() for cell in row), strict=False)), _row(sheet, number), problems)
        if len(row) > len(names):
            told = sentence("Expected {expected} cells, got {found}.", expected=len(names), found=len(row))
            line.wrong(sheet, told, sentence("Quote cells with separators."))
        if key:
            value = line.text(key)
            if value and seen.setdefault(value, line.place) != line.place:
                told = sentence("{value} stands at {place} already.", value=repr(value), place=seen[value])
                line.wrong(key, told, sentence("Keep one row for each."))
        found.append(line)
    if not found and rows:
        problems.add(sheet, place, sentence("There is no row below the header."), sentence("Add at least one row."))
    if not rows:
        problems.add(sheet, place, sentence("The sheet is empty."), known)
    return found
