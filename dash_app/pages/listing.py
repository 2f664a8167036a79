"""A page that is one long table: filters in the address line, refresh when something happens, export as CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import ClientsideFunction, Input, Output, State, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.pages.address import TICK, URL, query_of, search_with
from dash_app.pages.filters import export_button, select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Visit
from dash_app.pages.paging import Asked, Found, Rows, asked_of, cut
from dash_app.pages.states import page_head
from dash_app.pages.tables import Column, asking_grid, csv_text, grid
from dash_app.queries.port import HospitalPort
from dash_app.texts.moments import moment
from twin.access import Permission

Ask = Callable[[HospitalPort, dict[str, str], Asked], Found]
_ONE_ROW = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}


def _no_rows(_port: HospitalPort, _query: dict[str, str]) -> Rows:
    return []


def _no_summary(_port: HospitalPort, _rows: Rows) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One selection above the table.

    Parameters
    ----------
    name : str
        Name in the address line.
    label : Callable[[], str]
        Gives the translated label.
    options : Callable[[HospitalPort], Sequence[Mapping[str, str]]]
        Gives what can be chosen.
    """

    name: str
    label: Callable[[], str]
    options: Callable[[HospitalPort], Sequence[Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What one such page shows.

    Parameters
    ----------
    key : str
        Start of its component ids.
    permission : Permission
        What its callbacks need.
    filters : tuple[Filter, ...]
        At least one.
    columns : Callable[[], list[Column]]
        Gives the columns, translated.
    rows : Callable[[HospitalPort, dict[str, str]], Rows], optional
        Gives all rows for the filters of the address line.
    summary : Callable[[HospitalPort, Rows], str], optional
        Gives one sentence on what is shown.
    chooses : str, optional
        Id of the selection, below the table, whose values are the rows' ids: a row that is clicked is chosen there.
    is_paged : bool, optional
        Whether the browser gets the table page by page, as thousands of rows need it.
    ask : Callable[[HospitalPort, dict[str, str], Asked], Found], optional
        Gives the rows of one page and the sentence, in place of both above where not all rows are at hand.
    """

    key: str
    permission: Permission
    filters: tuple[Filter, ...]
    columns: Callable[[], list[Column]]
    rows: Callable[[HospitalPort, dict[str, str]], Rows] = _no_rows
    summary: Callable[[HospitalPort, Rows], str] = _no_summary
    chooses: str = ""
    is_paged: bool = False
    ask: Ask | None = None

    def found(self, port: HospitalPort, query: dict[str, str], asked: Asked) -> Found:
        """Give the rows of one page."""
        if self.ask is not None:
            return self.ask(port, query, asked)
        rows = self.rows(port, query)
        shown, count = cut(rows, self.columns(), asked)
        return Found(rows=shown, count=count, summary=self.summary(port, rows))

    def part(self, name: str) -> str:
        """Give the id of one component."""
        return f"{self.key}-{name}"


def layout(listing: Listing, port: HospitalPort, visit: Visit, title: str, lead: str) -> Component:
    """Build the page.

    Parameters
    ----------
    listing : Listing
        What it shows.
    port : HospitalPort
        The hospital.
    visit : Visit
        Filters.
    title, lead : str
        Translated head.
    """
    may_export = port.actor().may(Permission.EXPORT_RUN)
    export: list[Component] = [export_button(listing.part("export"))] if may_export else []
    return html.Div(
        [
            page_head(title, lead, *export),
            html.Div(
                [
                    select(
                        listing.part(f"by-{entry.name}"),
                        entry.label(),
                        entry.options(port),
                        visit.query.get(entry.name, ""),
                    )
                    for entry in listing.filters
                ],
                className="filters",
            ),
            *_table(listing, port, dict(visit.query)),
        ]
    )


def _table(listing: Listing, port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Give the sentence and the table below it."""
    identifier, columns = listing.part("grid"), listing.columns()
    if listing.is_paged:
        found = listing.found(port, query, Asked())
        summary, held = found.summary, asking_grid(identifier, columns, found.count)
    else:
        rows = listing.rows(port, query)
        summary = listing.summary(port, rows)
        held = grid(identifier, columns, rows, **(_ONE_ROW if listing.chooses else {}))
    return [html.P(summary, id=listing.part("summary"), className="summary"), held]


def register(listing: Listing, callbacks: Callbacks, port: HospitalPort) -> None:
    """Register filters, refresh and export.

    Parameters
    ----------
    listing : Listing
        What the page shows.
    callbacks : Callbacks
        Where.
    port : HospitalPort
        The hospital.
    """
    (_register_pages if listing.is_paged else _register_refresh)(listing, callbacks, port)

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        *[Input(listing.part(f"by-{entry.name}"), "value") for entry in listing.filters],
        State(URL, "search"),
        permission=listing.permission,
        prevent_initial_call=True,
    )
    def narrow(*values: str | None) -> str:
        names = [entry.name for entry in listing.filters]
        return search_with(values[-1], **dict(zip(names, values[:-1], strict=True)))

    @callbacks.add(
        Output(f"{listing.part('export')}-download", "data"),
        Input(listing.part("export"), "n_clicks"),
        State(URL, "search"),
        *([State(listing.part("grid"), "getRowsRequest")] if listing.is_paged else []),
        permission=Permission.EXPORT_RUN,
        prevent_initial_call=True,
    )
    def export(_clicks: int, search: str, request: Any = None) -> dict[str, Any]:
        port.actor().require(listing.permission)
        columns, query = listing.columns(), query_of(search)
        if listing.is_paged:
            whole = listing.found(port, query, asked_of(request).all_rows()).rows
        else:
            whole = listing.rows(port, query)
        rows = [_written(row, columns) for row in whole]
        day = moment(port.clock.now()).replace(" ", "T").replace(":", "")
        return {"content": csv_text(columns, rows), "filename": f"{listing.key}-{day}.csv", "type": "text/csv"}

    if listing.chooses:
        _register_choosing(listing, callbacks)


def _register_refresh(listing: Listing, callbacks: Callbacks, port: HospitalPort) -> None:
    """Send all rows again when the filters change or something has happened."""

    @callbacks.add(
        Output(listing.part("grid"), "rowData"),
        Output(listing.part("summary"), "children"),
        Input(URL, "search"),
        Input(TICK, "data"),
        permission=listing.permission,
        prevent_initial_call=True,
    )
    def refresh(search: str, _tick: Any) -> tuple[Rows, str]:
        rows = listing.rows(port, query_of(search))
        return rows, listing.summary(port, rows)


def _register_pages(listing: Listing, callbacks: Callbacks, port: HospitalPort) -> None:
    """Answer the grid's questions, and let it ask anew when the filters change or something has happened."""

    @callbacks.add(
        Output(listing.part("grid"), "getRowsResponse"),
        Output(listing.part("summary"), "children"),
        Input(listing.part("grid"), "getRowsRequest"),
        State(URL, "search"),
        permission=listing.permission,
        prevent_initial_call=True,
    )
    def give_rows(request: Any, search: str) -> tuple[dict[str, object], str]:
        if request is None:
            raise PreventUpdate
        found = listing.found(port, query_of(search), asked_of(request))
        return {"rowData": found.rows, "rowCount": found.count}, found.summary

    callbacks.add_clientside(
        ClientsideFunction(namespace="ht", function_name="askAgain"),
        Output(listing.part("grid"), "eventData"),
        Input(URL, "search"),
        Input(TICK, "data"),
        State(listing.part("grid"), "id"),
        prevent_initial_call=True,
    )


def _register_choosing(listing: Listing, callbacks: Callbacks) -> None:
    """Let a click on a row, or the space bar, choose it in the form below: nobody looks for it twice."""

    @callbacks.add(
        Output(listing.chooses, "value", allow_duplicate=True),
        Input(listing.part("grid"), "selectedRows"),
        permission=listing.permission,
        prevent_initial_call=True,
    )
    def take_row(rows: Rows | None) -> str:
        if not rows:  # a row that went away is no longer selected: what the form holds stays
            raise PreventUpdate
        return str(rows[0]["id"])


def _written(row: Mapping[str, object], columns: Sequence[Column]) -> dict[str, object]:
    """Write instants out: a file has no present from which ages could be counted."""
    written = dict(row)
    for column in columns:
        if column.is_age:
            written[column.field] = moment(int(str(row.get(column.field) or 0)))
    return written
