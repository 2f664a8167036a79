"""Long tables of which a browser holds one page: sorted, narrowed and cut on the server, written out whole as CSV.

A grid asks for the rows of a page with the order and the filters that its reader has set; what it sends is anybody's
word, and is read as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dash_app.pages.tables import PAGE_ROWS, Column

Rows = list[dict[str, object]]

MOST_AT_ONCE = 5 * PAGE_ROWS
"""Rows that a browser gets for one question, however many it asks for."""
MOST_EXPORTED = 100_000
"""Rows of a file: a spreadsheet takes about a million, but a browser builds the file in its memory."""
_MOST_CONDITIONS = 8
_FIGURES = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which rows of a table a reader wants to see.

    Parameters
    ----------
    start, end : int
        From which row, counted from 0, up to before which.
    order : tuple[tuple[str, bool], ...]
        Fields by which they are sorted, the most important first, and whether downwards.
    filters : Mapping[str, Mapping[str, Any]]
        By field, the grid's own description of what is wanted.
    """

    start: int = 0
    end: int = PAGE_ROWS
    order: tuple[tuple[str, bool], ...] = ()
    filters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def all_rows(self) -> Asked:
        """Give the same order and filters for the whole table, as it is exported."""
        return Asked(start=0, end=MOST_EXPORTED, order=self.order, filters=self.filters)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer.

    Parameters
    ----------
    rows : Rows
        The rows that were asked for.
    count : int
        How many there are in all.
    summary : str
        One sentence on all of them.
    """

    rows: Rows
    count: int
    summary: str


def asked_of(request: Mapping[str, Any] | None) -> Asked:
    """Read what a grid asks for; what makes no sense is left out.

    Parameters
    ----------
    request : Mapping[str, Any] or None
        ``getRowsRequest`` of the grid; None before it has asked for anything.
    """
    told = request if isinstance(request, Mapping) else {}
    start = max(0, _whole(told.get("startRow"), 0))
    end = min(max(start, _whole(told.get("endRow"), start + PAGE_ROWS)), start + MOST_AT_ONCE)
    sorts = told.get("sortModel")
    order = [
        (str(one["colId"]), one.get("sort") == "desc")
        for one in (sorts if isinstance(sorts, list) else [])
        if isinstance(one, Mapping) and isinstance(one.get("colId"), str)
    ]
    filters = told.get("filterModel")
    held = filters if isinstance(filters, Mapping) else {}
    return Asked(
        start=start,
        end=end,
        order=tuple(order),
        filters={str(name): one for name, one in held.items() if isinstance(one, Mapping)},
    )


def _whole(value: object, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def cut(rows: Sequence[dict[str, object]], columns: Sequence[Column], asked: Asked) -> tuple[Rows, int]:
    """Narrow, sort and cut rows that are all at hand; give the part and how many there are without the cut.

    Parameters
    ----------
    rows : Sequence[dict[str, object]]
        In the table's own order, which stays where the reader's leaves two rows alike.
    columns : Sequence[Column]
        Of the table; a filter or an order by anything else is left out.
    asked : Asked
        What is wanted.
    """
    known = {column.field: column for column in columns}
    shown = list(rows)
    for name, wanted in asked.filters.items():
        if name in known:
            test = _test(known[name], wanted)
            shown = [row for row in shown if test(_shown(row, known[name]))]
    for name, is_downwards in reversed(asked.order):
        if name in known:
            column = known[name]
            filled = [row for row in shown if _shown(row, column) not in ("", None)]
            blank = [row for row in shown if _shown(row, column) in ("", None)]
            # What is not known stands last either way: a reader looks for the most or the least of what there is.
            shown = sorted(filled, key=lambda row, c=column: _rank(_shown(row, c)), reverse=is_downwards) + blank  # type: ignore[misc]  # a default binds the column
    return shown[asked.start : asked.end], len(shown)


def _shown(row: Mapping[str, object], column: Column) -> object:
    return row.get(f"{column.field}_text" if column.is_link else column.field)


def _rank(value: object) -> tuple[tuple[int, float, str], ...]:
    """Give what a value is sorted by: numbers by size, also within texts, so that bed 10 follows bed 9."""
    if isinstance(value, int | float):
        return ((0, float(value), ""),)
    parts = _FIGURES.split(str(value).casefold())
    return tuple((0, float(part), "") if part.isdecimal() else (1, 0.0, part) for part in parts if part)


Test = Callable[[object], bool]


def _test(column: Column, wanted: Mapping[str, Any]) -> Test:
    """Give the test that a value must pass, as the grid describes it: one condition, or several joined by AND or OR."""
    several = wanted.get("conditions")
    if isinstance(several, list):
        tests = [_condition(column, one) for one in several[:_MOST_CONDITIONS] if isinstance(one, Mapping)]
        join = any if wanted.get("operator") == "OR" else all
        return lambda value: join(test(value) for test in tests) if tests else True
    return _condition(column, wanted)


def _condition(column: Column, wanted: Mapping[str, Any]) -> Test:
    kind = wanted.get("type")
    if kind == "blank":
        return lambda value: value in ("", None)
    if kind == "notBlank":
        return lambda value: value not in ("", None)
    if column.is_number:
        return _of_number(str(kind), wanted.get("filter"), wanted.get("filterTo"))
    return _of_text(str(kind), wanted.get("filter"))


_NUMBERS: Mapping[str, Callable[[float, float], bool]] = {
    "equals": lambda value, wanted: value == wanted,
    "notEqual": lambda value, wanted: value != wanted,
    "lessThan": lambda value, wanted: value < wanted,
    "lessThanOrEqual": lambda value, wanted: value <= wanted,
    "greaterThan": lambda value, wanted: value > wanted,
    "greaterThanOrEqual": lambda value, wanted: value >= wanted,
}
_TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "contains": lambda value, wanted: wanted in value,
    "notContains": lambda value, wanted: wanted not in value,
    "equals": lambda value, wanted: value == wanted,
    "notEqual": lambda value, wanted: value != wanted,
    "startsWith": lambda value, wanted: value.startswith(wanted),
    "endsWith": lambda value, wanted: value.endswith(wanted),
}


def _of_number(kind: str, wanted: object, until: object) -> Test:
    if not isinstance(wanted, int | float):
        return lambda value: True
    if kind == "inRange" and isinstance(until, int | float):
        # The grid's own rule: both ends are left out.
        return lambda value: isinstance(value, int | float) and wanted < value < until
    compare = _NUMBERS.get(kind)
    if compare is None:
        return lambda value: True
    return lambda value: isinstance(value, int | float) and compare(value, wanted)


def _of_text(kind: str, wanted: object) -> Test:
    compare = _TEXTS.get(kind)
    if compare is None or not isinstance(wanted, str):
        return lambda value: True
    folded = wanted.casefold()
    return lambda value: compare(str("" if value is None else value).casefold(), folded)
