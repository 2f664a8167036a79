"""The part of the plan board that takes a waiting list: a sheet that is tried row by row before a plan is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import plans as actions
from dash_app.actions.files import content_of
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number
from dash_app.texts.problems import field_text
from scheduling.loaders.horizon import MOST_ROOMS
from scheduling.loaders.roster_sheets import decode_sheet
from scheduling.loaders.waiting_rows import COLUMNS
from twin.access import Permission
from twin.errors import ImportRefused
from twin.events.watch import AlarmPriority

FILE, NAME, TRY, REPORT, DAYS, ROOMS = (
    "plan-list-file",
    "plan-list-name",
    "plan-list-try",
    "plan-list-report",
    "plan-days",
    "plan-nurse-rooms",
)
LARGEST_BYTES = 4_000_000
_MOST_PROBLEMS = 50
MOST_NAMED = 20


def asking() -> list[Component]:
    """Build the limit of rooms, the file, its template and the button that tries it."""
    text = _("Waiting list (CSV, optional)")
    template = ",".join(COLUMNS) + "\n"
    upload = dcc.Upload(id=FILE, max_size=LARGEST_BYTES, children=html.Span(text, className="action"))
    return [
        dmc.NumberInput(
            id=ROOMS, label=_("Most rooms to a nurse, 0 for any"), value=0, min=0, max=MOST_ROOMS, hideControls=True
        ),
        html.Div(upload, className="upload", **attributes(data_file_label=text)),
        html.A(_("Template"), href=f"data:text/csv;charset=utf-8,{quote(template)}", download="waiting.csv"),
        html.Span(id=NAME, className="secondary"),
        html.Button(_("Try the list"), id=TRY, className="action", n_clicks=0),
    ]


def text_of(contents: str | None) -> str:
    """Give the text of a file as the browser sends it; empty for none.

    Parameters
    ----------
    contents : str or None
        ``data:…;base64,…``.

    Raises
    ------
    FieldError
        If it did not arrive whole.
    DecodeError
        If it is no text.
    """
    if not contents:
        return ""
    return decode_sheet(content_of(contents), "waiting list")


def problems(refused: ImportRefused) -> list[Component]:
    """Build the table of every row that cannot be used."""
    rows: list[list[Cell]] = [
        [field_text(one, "place"), one.field, field_text(one, "message"), field_text(one, "cure")]
        for one in refused.problems
    ]
    text = _("{count} problems: nothing is made until they are mended.").format(count=number(len(refused.problems)))
    headings = [_("Where"), _("Column"), _("What is wrong"), _("What to do")]
    return [
        html.P([shape(AlarmPriority.MEDIUM), text], className="status p2"),
        table(_("Problems"), headings, rows, most=_MOST_PROBLEMS),
    ]


def later_notice(patients: Sequence[str]) -> list[Component]:
    """Build the names of those whom a plan leaves out since they cannot come within its days; nothing for none.

    Parameters
    ----------
    patients : Sequence[str]
        Ids, by row.
    """
    if not patients:
        return []
    named = ", ".join(patients[:MOST_NAMED]) + (" …" if len(patients) > MOST_NAMED else "")
    text = _("{count} patients cannot come before these days are over and are left out: {patients}").format(
        count=number(len(patients)), patients=named
    )
    return [html.P([shape(AlarmPriority.LOW), text], className="status p3")]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the name of the file and the trial."""

    @callbacks.add(
        Output(NAME, "children"), Input(FILE, "filename"), permission=Permission.PLANS_EDIT, prevent_initial_call=True
    )
    def name_it(name: str | None) -> str:
        return name or ""

    @callbacks.add(
        Output(REPORT, "children"),
        Input(TRY, "n_clicks"),
        State(FILE, "contents"),
        State(DAYS, "value"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def try_list(_clicks: int, contents: str | None, days: Any) -> list[Component]:
        try:
            read = actions.read_waiting(port, text_of(contents), int(days or 0))
        except ImportRefused as refused:
            return problems(refused)
        found = read.problem
        text = _("{patients} patients, {rooms} rooms, {theatres} theatres, {nurses} nurses can be planned.").format(
            patients=number(len(found.patients)),
            rooms=number(len(found.rooms)),
            theatres=number(len(found.theatres)),
            nurses=number(len(found.nurses)),
        )
        beds = found.intensive_beds
        told = _("Intensive care has {fewest} to {most} free beds a day; {patients} patients need one.").format(
            fewest=number(min(beds, default=0)),
            most=number(max(beds, default=0)),
            patients=number(sum(one.intensive_days > 0 for one in found.patients)),
        )
        notice = later_notice([one.id for one in read.later])
        return [html.P(text), *notice, *([html.P(told)] if beds else [])]
