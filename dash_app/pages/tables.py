"""Tables: plain HTML for short ones, AG Grid for long ones, and CSV that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import dash_ag_grid as dag
from dash import html
from dash.development.base_component import Component

from dash_app.charts.colours import PALETTES
from dash_app.pages.states import attributes
from dash_app.pages.still import still
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number
from dash_app.texts.preferences import PREFERENCES

_FORMULA_HEADS = ("=", "+", "-", "@", "\t", "\r")

MOST_ROWS = 500
"""Rows of a plain table: nobody reads more, and one with buttons takes a browser seconds."""

_NUMBER = re.compile(r"[+−-]?\d[\d.,\u00a0\u202f]*(\s?%)?|–|")
_FIGURES = re.compile(r"[\d\s.,:%()–−+±/-]{1,40}")

_ROW_PX = 32
_GRID_HEAD_PX = 56

PAGE_ROWS = 100
"""Rows of one page of a grid: more are turned over, not scrolled through."""

Cell = Component | str | int | float


class Filters(StrEnum):
    """How a reader may narrow a grid by a column."""

    ALL = "all"
    CONTAINS = "contains"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a grid.

    Parameters
    ----------
    field : str
        Key in the rows.
    title : str
        Translated heading.
    width : int, optional
        Least width, pixels.
    is_number : bool, optional
        Right-aligned, filtered as a number.
    is_age : bool, optional
        The value is an instant (UTC microseconds) shown as an age.
    is_link : bool, optional
        The value is an address; the text is in ``<field>_text``.
    may_sort : bool, optional
        Whether the reader may sort by it; not where it is put together from several facts that only pages hold.
    filters : Filters, optional
        How the reader may narrow the table by it.
    """

    field: str
    title: str
    width: int = 120
    is_number: bool = False
    is_age: bool = False
    is_link: bool = False
    may_sort: bool = True
    filters: Filters = Filters.ALL

    def definition(self) -> dict[str, Any]:
        """Give the column as AG Grid takes it."""
        column: dict[str, Any] = {
            "field": self.field,
            "headerName": self.title,
            "minWidth": self.width,
            "flex": 1,
            "filter": "agNumberColumnFilter" if self.is_number else "agTextColumnFilter",
            # What does not fit is cut off: pointing at it shows it whole.
            "tooltipField": f"{self.field}_text" if self.is_link else None if self.is_age else self.field,
            "headerTooltip": self.title,
        }
        if not self.may_sort:
            column["sortable"] = False
        if self.filters is Filters.NONE:
            column["filter"] = False
        if self.filters is Filters.CONTAINS:
            column["filterParams"] = {"filterOptions": ["contains"], "maxNumConditions": 1}
        if self.is_number:
            column["type"] = "rightAligned"
        if self.is_age:
            column |= {"valueFormatter": {"function": "htAge(params.value)"}, "filter": False}
        if self.is_link:
            column |= {
                "cellRenderer": "HtLink",
                "filterValueGetter": {"function": f"params.data.{self.field}_text"},
            }
        return column


def _text(cell: Cell) -> str:
    """Give what a cell says, as far as its look depends on it."""
    if isinstance(cell, Component):
        inner = getattr(cell, "children", "")
        return inner if isinstance(inner, str) else ""
    return str(cell)


def _look(cell: Cell, *, is_number: bool) -> str:
    """Give the class of a cell: figures stand under each other, and neither they nor days break at a hyphen."""
    if is_number:
        return "number figure"
    return "figure" if _FIGURES.fullmatch(_text(cell)) else ""


def table(
    caption: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    *,
    most: int = MOST_ROWS,
    count: int | None = None,
) -> Component:
    """Give a short table as plain HTML, with a button that saves it as a sheet.

    Parameters
    ----------
    caption : str
        Translated; read aloud by screen readers.
    headings : Sequence[str]
        Translated.
    rows : Sequence[Sequence[Cell]]
        As many cells in each as headings.
    most : int, optional
        Rows that are shown; where there are more, the table says so.
    count : int, optional
        How many rows there are in all, where only the first are given because each is costly.
    """
    shown, whole = rows[:most], len(rows) if count is None else count
    texts = [[_text(row[k]) for row in shown] for k in range(len(headings))]
    # An empty cell fits among numbers, but a column of nothing else (bars, say) holds none.
    numbers = [any(column) and all(map(_NUMBER.fullmatch, column)) for column in texts]
    foot: list[Component] = []
    if whole > len(shown):
        # A table that ends without a word would be read as the whole.
        text = _("The first {shown} of {count} rows.").format(shown=number(len(shown)), count=number(whole))
        foot.append(html.Span(text, className="secondary"))
    if shown:
        foot.append(html.Button(_("CSV"), className="quiet", title=_("Save as CSV"), **attributes(data_csv=caption)))
    held = html.Table(
        [
            html.Caption(caption, className="sr-only"),
            html.Thead(
                html.Tr(
                    [
                        html.Th(heading, scope="col", className="number" if is_number else "")
                        for heading, is_number in zip(headings, numbers, strict=True)
                    ]
                )
            ),
            html.Tbody(
                [
                    html.Tr(
                        [
                            html.Td(cell, className=_look(cell, is_number=is_number))
                            for cell, is_number in zip(row, numbers, strict=True)
                        ]
                    )
                    for row in shown
                ]
            ),
        ]
    )
    named = attributes(aria_label=caption)
    scrolled = html.Div(className="table-scroll", tabIndex="0", role="region", children=still(held), **named)
    return html.Div([scrolled, html.Div(foot, className="table-foot")])


def grid(identifier: str, columns: Sequence[Column], rows: Sequence[Mapping[str, object]], **options: Any) -> Component:
    """Give a long table that sorts and filters in the browser.

    Parameters
    ----------
    identifier : str
        Component id.
    columns : Sequence[Column]
        In order.
    rows : Sequence[Mapping[str, object]]
        With an ``id`` each.
    **options : Any
        Further grid options.
    """
    return _grid(identifier, columns, len(rows), options, rowData=[dict(row) for row in rows])


def asking_grid(identifier: str, columns: Sequence[Column], count: int) -> Component:
    """Give a long table that asks the server for each page of it, see :mod:`dash_app.pages.paging`.

    Parameters
    ----------
    identifier : str
        Component id.
    columns : Sequence[Column]
        In order.
    count : int
        About how many rows there are.
    """
    options = {
        "cacheBlockSize": PAGE_ROWS,
        # Answers carry no number of their question: with one at a time none is taken for another's.
        "maxConcurrentDatasourceRequests": 1,
        "infiniteInitialRowCount": max(1, min(count, PAGE_ROWS)),
    }
    return _grid(identifier, columns, count, options, rowModelType="infinite")


def _grid(
    identifier: str, columns: Sequence[Column], count: int, options: Mapping[str, Any], **properties: Any
) -> Component:
    paging = {"pagination": True, "paginationPageSize": PAGE_ROWS}
    held: Component = dag.AgGrid(
        id=identifier,
        columnDefs=[column.definition() for column in columns],
        # Rows keep who they are when the table is refreshed: what the reader chose and scrolled to stays.
        getRowId="params.data.id",
        className="grid",
        defaultColDef={"sortable": True, "resizable": True, "floatingFilter": False},
        dashGridOptions={
            "localeText": grid_words(),
            "rowHeight": _ROW_PX,
            "headerHeight": 36,
            "animateRows": False,
            "enableBrowserTooltips": True,
            "paginationPageSizeSelector": False,
            # Screen readers read in the order of the document, not in that of the screen.
            "ensureDomOrder": True,
            "theme": {"function": f"themeQuartz.withParams({json.dumps(_grid_colours())})"},
            **(paging if count > PAGE_ROWS else {}),
            **options,
        },
        style={"height": f"min(64vh, {_GRID_HEAD_PX + _ROW_PX * min(max(count, 6), 20)}px)"},
        **properties,
    )
    return held


def _grid_colours() -> dict[str, object]:
    colours = PALETTES[PREFERENCES.get().theme]
    return {
        "backgroundColor": colours.surface,
        "foregroundColor": colours.text,
        "headerBackgroundColor": colours.room,
        "headerTextColor": colours.text,
        "borderColor": colours.line,
        "rowHoverColor": colours.room,
        "oddRowBackgroundColor": colours.surface,
        "chromeBackgroundColor": colours.surface,
        "menuBackgroundColor": colours.surface,
        "selectedRowBackgroundColor": colours.room,
        "fontFamily": "inherit",
        # With the grid's own padding a screen of usual width loses a column.
        "cellHorizontalPadding": 9,
        "fontSize": 14,
    }


def grid_words() -> dict[str, str]:
    """Give the grid's own words in the reader's language; only those that our grids can show."""
    return {
        "noRowsToShow": _("No rows"),
        "loadingOoo": _("Loading …"),
        "filterOoo": _("Filter …"),
        "contains": _("Contains"),
        "notContains": _("Does not contain"),
        "equals": _("Equals"),
        "notEqual": _("Does not equal"),
        "startsWith": _("Begins with"),
        "endsWith": _("Ends with"),
        "blank": _("Blank"),
        "notBlank": _("Not blank"),
        "lessThan": _("Less than"),
        "greaterThan": _("Greater than"),
        "lessThanOrEqual": _("At most"),
        "greaterThanOrEqual": _("At least"),
        "inRange": _("Between"),
        "inRangeStart": _("From"),
        "inRangeEnd": _("To"),
        "andCondition": _("and"),
        "orCondition": _("or"),
        "ariaFilterInput": _("Filter value"),
        "ariaFilterValue": _("Filter value"),
        "ariaFilteringOperator": _("Filter condition"),
        "ariaFilterMenuOpen": _("Open the filter"),
        "ariaSortableColumn": _("Press Enter to sort"),
        "ariaMenuColumn": _("Press Alt and Down for the column menu"),
        "ariaFilterColumn": _("Press Ctrl and Enter for the filter"),
        "page": _("Page"),
        "of": _("of"),
        "to": _("to"),
        "more": _("more"),
        "firstPage": _("First page"),
        "previousPage": _("Page before"),
        "nextPage": _("Next page"),
        "lastPage": _("Last page"),
    }


def guarded(value: object) -> str:
    """Give a value for a CSV cell such that no spreadsheet runs it as a formula.

    Parameters
    ----------
    value : object
        A text that begins with ``= + - @``, tab or carriage return gets an apostrophe; numbers stay.

    Examples
    --------
    >>> guarded("=1+1"), guarded(-3), guarded("pump")
    ("'=1+1", '-3', 'pump')
    """
    text = str(value)
    if isinstance(value, str) and text.startswith(_FORMULA_HEADS):
        return "'" + text
    return text


def csv_text(columns: Sequence[Column], rows: Sequence[Mapping[str, object]]) -> str:
    """Give rows as CSV with a byte order mark, so that spreadsheets read Chinese.

    Parameters
    ----------
    columns : Sequence[Column]
        What to write, in order; a link is written as its text.
    rows : Sequence[Mapping[str, object]]
        Values by field.

    References
    ----------
    RFC 4180 (2005).
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([guarded(column.title) for column in columns])
    for row in rows:
        fields = [f"{column.field}_text" if column.is_link else column.field for column in columns]
        writer.writerow([guarded("" if row.get(field) is None else row[field]) for field in fields])
    return "\ufeff" + buffer.getvalue()
