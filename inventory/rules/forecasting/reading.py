"""Demand series from a table of dated quantities."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from inventory.rules.forecasting.grid import MOST_PERIODS, positions
from inventory.rules.forecasting.methods import Floats
from inventory.rules.forecasting.periods import Unordered, in_order
from inventory.rules.sheets import header_of, reader_of, rows_of
from twin.errors import FieldProblem, ImportRefused

TIME_NAMES = ("month", "date", "day", "week", "period", "time", "t")
VALUE_NAMES = ("quantity", "qty", "units", "demand", "ddd", "sales", "value", "y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which columns say when, what and how much; empty means guessed by name.

    Parameters
    ----------
    time, value : str
        Column of the period and of the quantity.
    series : tuple[str, ...]
        Columns that together name a series; all others if empty.
    """

    time: str = ""
    value: str = ""
    series: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandTable:
    """Demand by series and period; a period without a line is a demand of 0.

    Parameters
    ----------
    names : tuple[str, ...]
        Of the series.
    periods : tuple[str, ...]
        As written, in order; empty for one that no line names.
    demand : array of shape (n_series, n_periods)
        Quantities.
    columns : Columns
        What was read as what.
    filled : int
        Periods that no line names, between the first and the last; their demand is 0.
    """

    names: tuple[str, ...]
    periods: tuple[str, ...]
    demand: Floats
    columns: Columns
    filled: int = 0


def read_demand(lines: Iterable[str], *, source: str, columns: Columns) -> DemandTable:
    """Read a table with a header; lines of one series and period are added up, periods without any line are put in.

    Parameters
    ----------
    lines : Iterable[str]
        CSV text, parted by commas, semicolons or tabs; with semicolons a comma may stand for the decimal point.
    source : str
        Name of the file, for errors.
    columns : Columns
        Which columns to use.

    Raises
    ------
    ImportRefused
        With every line that cannot be used (the first 100 are told), or the column that is missing.
    """
    reader = reader_of(lines)
    header = list(header_of(reader, source))
    if twice := sorted({name for name in header if header.count(name) > 1}):
        # the reader would keep the last one of them and say nothing
        raise ImportRefused(source, [_problem(twice[0], "The header has this column twice.", "Name each column once.")])
    used = _columns(header, columns, source)
    totals = _totals(reader, used, source)
    if not totals:
        raise ImportRefused(source, [_problem("header", "The table has no lines.", "Give at least one line.")])
    try:
        ordered = in_order(sorted({period for by_period in totals.values() for period in by_period}))
    except Unordered as error:
        problem = FieldProblem(field=used.time, place="column", message=f"{error}", cure="Write ISO dates or numbers.")
        raise ImportRefused(source, [problem]) from error
    names = sorted(totals)
    places = positions(ordered)
    if places[-1] >= MOST_PERIODS:
        message = (
            f"From {ordered[0]!r} to {ordered[-1]!r} there are {places[-1] + 1} periods of the step between lines."
        )
        problem = FieldProblem(
            field=used.time, place="column", message=message, cure="Correct the period that is far off."
        )
        raise ImportRefused(source, [problem])
    demand = np.zeros((len(names), places[-1] + 1))
    demand[:, places] = [[totals[name].get(period, 0.0) for period in ordered] for name in names]
    written = [""] * demand.shape[1]
    for place, period in zip(places, ordered, strict=True):
        written[place] = period
    return DemandTable(
        names=tuple(names),
        periods=tuple(written),
        demand=demand,
        columns=used,
        filled=len(written) - len(ordered),
    )


def _totals(reader: csv.DictReader[str], used: Columns, source: str) -> dict[str, dict[str, float]]:
    """Give what the lines say by series and period, lines of one and the same added up; raises as read_demand."""
    totals: dict[str, dict[str, float]] = {}
    problems: list[FieldProblem] = []
    for row in rows_of(reader, source):
        text = (row.get(used.value) or "").strip()
        period = (row.get(used.time) or "").strip()
        further = "".join(_behind(row)).strip()
        # Cells beyond the header, as a decimal comma makes them in a sheet parted by commas: 1,5 would be read as 1.
        amount = float("nan") if further else _amount(text, reader.reader.dialect.delimiter)
        # Written so that NaN, which compares with nothing, is refused as well.
        if not amount >= 0 or amount == float("inf") or not period:
            field = used.value if period else used.time
            message = f"Expected a quantity of at least 0 and a period, got {text!r} and {period!r}."
            if further:
                message = f"Expected nothing behind the last column, got {further!r}: is a comma a decimal point here?"
            problems.append(
                FieldProblem(field=field, place=f"row {reader.line_num}", message=message, cure="Correct or drop it.")
            )
            if len(problems) >= 100:
                break
            continue
        name = " / ".join((row.get(column) or "").strip() for column in used.series)
        by_period = totals.setdefault(name, {})
        by_period[period] = by_period.get(period, 0.0) + amount
    if problems:
        raise ImportRefused(source, problems)
    return totals


def _behind(row: Mapping[str | None, object]) -> list[str]:
    """Give the cells of a line that stand behind the last column of the header; the reader keeps them under None."""
    found = row.get(None)
    return [str(cell) for cell in found] if isinstance(found, list) else []


def _amount(text: str, delimiter: str) -> float:
    """Give a quantity as written; NaN for what is no number."""
    written = text.replace(",", ".", 1) if delimiter == ";" else text
    # Python would read 1_000 and the digits of other scripts, which no spreadsheet writes for a number
    if not written.isascii() or "_" in written:
        return float("nan")
    try:
        return float(written)
    except ValueError:
        return float("nan")


def _problem(field: str, message: str, cure: str) -> FieldProblem:
    return FieldProblem(field=field, place="row 1", message=message, cure=cure)


def _columns(header: list[str], columns: Columns, source: str) -> Columns:
    by_name = {name.strip().lower(): name for name in header}

    def find(wanted: str, known: tuple[str, ...], what: str) -> str:
        if wanted:
            if wanted not in header:
                raise ImportRefused(
                    source, [_problem(wanted, f"There is no such column; there are {header}.", "Name one.")]
                )
            return wanted
        for name in known:
            if name in by_name:
                return by_name[name]
        raise ImportRefused(source, [_problem(what, f"None of {header} looks like it.", f"Name it with --{what}.")])

    time = find(columns.time, TIME_NAMES, "time")
    value = find(columns.value, VALUE_NAMES, "value")
    for name in columns.series:
        find(name, (), "series")
    series = columns.series or tuple(name for name in header if name not in (time, value))
    return Columns(time=time, value=value, series=series)
