"""Failure data from a CSV file."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from assets.rules.reliability.observation import Observation
from assets.rules.text_table import TextRow, TextTable, column_indices, read_table
from twin.errors import FieldProblem, ImportRefused

COLUMNS = ("asset", "start", "end", "event")
CAUSES = ("cause", "failure_code")
"""Headings of the column that may say of what a device failed."""
_EVENT = {
    **dict.fromkeys(("1", "1.0", "true", "t", "yes", "y", "failure", "failed", "fail"), True),
    **dict.fromkeys(("0", "0.0", "false", "f", "no", "n", "", "censored", "alive", "suspended", "suspension"), False),
}
_LONGEST = 1e15  # in any unit longer than there are devices; beyond it sums of powers leave the range of a float
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
_CLOSE_DAY = re.compile(r"\d{8}(?!\d)")  # a day without hyphens, or an age of eight digits


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """One row as it stands there."""

    place: str
    asset: str
    start: str
    end: str
    event: str
    cause: str = ""


def read_failures(text: str, *, source: str) -> list[Observation]:
    """Read failure data.

    Parameters
    ----------
    text : str
        CSV with a header naming ``asset``, ``start``, ``end``, ``event``, split by comma, semicolon, tab or bar; ages
        as numbers in one unit of time, or days as ISO 8601 dates (then each device's age counts in days from its first
        start); event 1 for a failure at ``end`` and 0 for still alive. A device that is watched on after a failure is
        a repairable one; rows of a device without a failure in between are one watch. A column ``cause`` or
        ``failure_code`` may say of what it failed.
    source : str
        Name of the file for messages.

    Returns
    -------
    list[Observation]
        In the order of the file; those of one device never overlap.

    Raises
    ------
    ImportRefused
        If a column is missing or any row cannot be used; every problem is named with its row.
    """
    table = read_table(text, source=source)
    problems: list[FieldProblem] = []
    cause = next((name for name in CAUSES if name in table.headings.cells), None)
    names = COLUMNS if cause is None else (*COLUMNS, cause)
    records = _records(table, column_indices(table, names, source=source), problems)
    age_of = _age_reader(records)
    found = [(record, _observation(record, age_of, problems)) for record in records]
    watches = [(record.place, watch) for record, watch in found if watch is not None]
    problems += _overlaps(watches)
    if not watches and not problems:
        problems.append(FieldProblem(field="asset", place="row 2", message="There are no rows.", cure="Add some."))
    if problems:
        raise ImportRefused(source, problems)
    return [watch for _, watch in watches]


def _records(table: TextTable, columns: Sequence[int], problems: list[FieldProblem]) -> list[_Record]:
    """Give the rows that have all columns; in the others a cell would be read as its neighbour."""
    records = []
    for row in table.rows:
        if len(row.cells) <= max(columns) or any(row.cells[len(table.headings.cells) :]):
            message = f"Expected {len(table.headings.cells)} columns, got {len(row.cells)}."
            cure = f"Put cells that contain {table.delimiter!r} in double quotes."
            problems.append(FieldProblem(field="columns", place=row.place, message=message, cure=cure))
        else:
            records.append(_record(row, columns, is_comma_decimal=table.delimiter != ","))
    return records


def _record(row: TextRow, columns: Sequence[int], *, is_comma_decimal: bool) -> _Record:
    asset, start, end, event, *cause = (row.cells[column] for column in columns)
    if is_comma_decimal:
        # Where no comma parts the cells, it is the decimal mark.
        start, end = start.replace(",", "."), end.replace(",", ".")
    return _Record(place=row.place, asset=asset, start=start, end=end, event=event, cause="".join(cause))


class _NoAge(ValueError):
    """A cell holds neither an age nor a day."""


def _age_reader(records: Sequence[_Record]) -> Callable[[_Record, str], float]:
    """Give the function that reads an age from a record's cell: from numbers, or from days if the file has days."""
    cells = [cell for record in records for cell in (record.start, record.end) if cell]
    if not _has_days(cells):
        return _age
    first: dict[str, float] = {}
    for record in records:
        begin = _day(record.start)
        if begin is not None:
            first[record.asset] = min(first.get(record.asset, begin), begin)

    def days_since_first(record: _Record, name: str) -> float:
        day = _day(getattr(record, name))
        if day is None:
            message = f"{getattr(record, name)!r} is no day that exists, and days and ages do not go together."
            raise _NoAge(message)
        return day - first.get(record.asset, day)

    return days_since_first


def _has_days(cells: Sequence[str]) -> bool:
    if any(_DAY.match(cell) for cell in cells):
        return True
    # 20260131 is a day, or 234 days in seconds: only where every cell is a day is it read as one.
    return bool(cells) and all(_CLOSE_DAY.match(cell) and _day(cell) is not None for cell in cells)


def _age(record: _Record, name: str) -> float:
    cell: str = getattr(record, name)
    if name == "start" and not cell:
        return 0.0  # watched from new
    try:
        # Python reads 1_000 as a thousand; no other program does, so that it is a slip.
        age = float(cell) if "_" not in cell else math.nan
    except ValueError:
        age = math.nan
    if not math.isfinite(age):
        raise _NoAge(f"{cell!r} is no number.")
    return age


def _day(text: str) -> float | None:
    """Give days since 1970, or None if the text is no day or instant of ISO 8601."""
    if not _DAY.match(text) and not _CLOSE_DAY.match(text):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at.replace(tzinfo=at.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(days=1)


def _observation(
    record: _Record, age_of: Callable[[_Record, str], float], problems: list[FieldProblem]
) -> Observation | None:
    """Read one record; None if it has problems, which are added to the others."""
    own: list[FieldProblem] = []

    def tell(name: str, message: str, cure: str) -> None:
        own.append(FieldProblem(field=name, place=record.place, message=message, cure=cure))

    ages: list[float] = []
    for name in ("start", "end"):
        try:
            ages.append(age_of(record, name))
        except _NoAge as error:
            tell(name, str(error), "Give an age in hours, days or cycles, or a day as 2026-01-31.")
    event = _EVENT.get(record.event.lower())
    if event is None:
        tell("event", f"{record.event!r} is no event.", "Give 1 for a failure, 0 for none.")
    if not record.asset:
        tell("asset", "It is empty.", "Name the device.")
    if record.cause and event is False:
        tell("cause", "It stands at a row without a failure.", "Leave it out, or mark the row as a failure.")
    if not own and not 0.0 <= ages[0] < ages[1] <= _LONGEST:
        message = f"Expected 0 <= start < end <= {_LONGEST:g}, got {ages[0]} and {ages[1]}."
        tell("end", message, "Give ages, start before end.")
    problems += own
    if own:
        return None
    return Observation(start=ages[0], end=ages[1], is_event=bool(event), asset=record.asset, cause=record.cause)


def _overlaps(watches: Sequence[tuple[str, Observation]]) -> list[FieldProblem]:
    """Name each watch that begins before an earlier one of its device has ended."""
    latest: dict[str, tuple[str, Observation]] = {}
    problems = []
    for place, watch in sorted(watches, key=lambda one: (one[1].asset, one[1].start)):
        before = latest.get(watch.asset)
        if before is not None and watch.start < before[1].end:
            message = f"{watch.asset} is watched twice from {watch.start:g} on: here and in {before[0]}."
            problems.append(FieldProblem(field="start", place=place, message=message, cure="Let rows follow."))
        if before is None or watch.end > before[1].end:
            latest[watch.asset] = (place, watch)
    return problems
