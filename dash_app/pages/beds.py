"""Bed board.

Opened by the administrator and the wards, to see which bed can take the next patient and what keeps the others. From a
dirty bed one goes to the task that cleans it.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.pages.address import TICK, URL, query_of, search_with
from dash_app.pages.filters import select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel
from dash_app.queries import beds
from dash_app.queries.beds import BedUse
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment
from twin.access import Permission

CONTENT = "beds-content"
WARD = "beds-ward"
_CSS = {BedUse.OCCUPIED: "occupied", BedUse.CLOSED: "blocked", BedUse.DIRTY: "dirty", BedUse.CLEANING: "dirty"}


def _short(row: beds.BedRow) -> str:
    name = row.name.removeprefix(row.ward_name).strip()
    return name or row.name


def _bed(row: beds.BedRow, *, may_see_encounters: bool) -> Component:
    lines: list[Component | str] = [html.B(_short(row)), html.Br(), codes.code_text(codes.BED_USES, row.use.value)]
    if may_see_encounters and row.encounter:
        lines += [html.Br(), html.Span(row.encounter[-8:], className="secondary")]
    if row.discharge_at:
        lines += [html.Br(), html.Span(_("leaves {time}").format(time=moment(row.discharge_at)), className="secondary")]
    if row.observed_elsewhere:
        lines += [html.Br(), html.Span(_("seen in {place}").format(place=row.observed_elsewhere), className="p3")]
    return html.Li(lines, className=f"bed {_CSS.get(row.use, '')}")


def _ward_panel(name: str, rows: list[beds.BedRow], *, may_see_encounters: bool) -> Component:
    counted = [
        f"{codes.code_text(codes.BED_USES, use.value)} {sum(row.use is use for row in rows)}"
        for use in BedUse
        if any(row.use is use for row in rows)
    ]
    return panel(
        name or _("Beds without a ward"),
        html.P(" · ".join(counted), className="secondary"),
        html.Ul([_bed(row, may_see_encounters=may_see_encounters) for row in rows], className="bed-board"),
    )


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build the board.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        Filter ``ward``.
    """
    found = beds.rows(port.state(), port.clock.now(), ward=query.get("ward", ""), chinese=wants_chinese())
    if not found:
        return [empty(_("No beds"), _("Import places of the kind bed, or choose another ward."))]
    may_see = port.actor().may(Permission.ENCOUNTERS_READ)
    ready = sum(row.use is BedUse.READY for row in found)
    summary = _("Beds: {count}, ready for the next patient: {ready}").format(count=len(found), ready=ready)
    wards = groupby(found, key=lambda row: row.ward_name)
    panels = [_ward_panel(name, list(rows), may_see_encounters=may_see) for name, rows in wards]
    return [html.P(summary, className="summary"), html.Div(panels, className="panels")]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    wards = [
        {"value": ward.id, "label": ward.name}
        for ward in sorted(beds.wards(port.state(), chinese=wants_chinese()), key=lambda ward: ward.name)
        if ward.id
    ]
    return html.Div(
        [
            page_head(_("Beds"), _("Occupied, ready, to be cleaned, out of service; assigned and observed.")),
            html.Div(select(WARD, _("Ward"), wards, visit.query.get("ward", "")), className="filters"),
            html.Div(content(port, dict(visit.query)), id=CONTENT),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register filter and refresh."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(URL, "search"),
        Input(TICK, "data"),
        permission=Permission.PLACES_READ,
        prevent_initial_call=True,
    )
    def refresh(search: str, _tick: Any) -> list[Component]:
        return content(port, query_of(search))

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(WARD, "value"),
        State(URL, "search"),
        permission=Permission.PLACES_READ,
        prevent_initial_call=True,
    )
    def filter_by_ward(ward: str | None, search: str) -> str:
        return search_with(search, ward=ward)


PAGE = Page(
    path="/beds",
    title=mark("Beds"),
    permission=Permission.PLACES_READ,
    layout=layout,
    register=register,
    position=4,
    section=mark("Now"),
    icon="bed",
)
