"""A page that is one long table: filters in the address line, refresh when something happens, export as CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import Input, Output, State, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.pages.address import TICK, URL, query_of, search_with
from dash_app.pages.filters import export_button, select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Visit
from dash_app.pages.states import page_head
from dash_app.pages.tables import Column, csv_text, grid
from dash_app.queries.port import HospitalPort
from dash_app.texts.moments import moment
from twin.access import Permission

Rows = list[dict[str, object]]
_ONE_ROW = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}


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
    rows : Callable[[HospitalPort, dict[str, str]], Rows]
        Gives the rows for the filters of the address line.
    summary : Callable[[HospitalPort, Rows], str]
        Gives one sentence on what is shown.
    chooses : str, optional
        Id of the selection, below the table, whose values are the rows' ids: a row that is clicked is chosen there.
    """

    key: str
    permission: Permission
    filters: tuple[Filter, ...]
    columns: Callable[[], list[Column]]
    rows: Callable[[HospitalPort, dict[str, str]], Rows]
    summary: Callable[[HospitalPort, Rows], str]
    chooses: str = ""

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
    rows = listing.rows(port, dict(visit.query))
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
            html.P(listing.summary(port, rows), id=listing.part("summary"), className="summary"),
            grid(listing.part("grid"), listing.columns(), rows, **(_ONE_ROW if listing.chooses else {})),
        ]
    )


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
        permission=Permission.EXPORT_RUN,
        prevent_initial_call=True,
    )
    def export(_clicks: int, search: str) -> dict[str, Any]:
        port.actor().require(listing.permission)
        columns = listing.columns()
        rows = [_written(row, columns) for row in listing.rows(port, query_of(search))]
        day = moment(port.clock.now()).replace(" ", "T").replace(":", "")
        return {"content": csv_text(columns, rows), "filename": f"{listing.key}-{day}.csv", "type": "text/csv"}

    if listing.chooses:
        _register_choosing(listing, callbacks)


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
