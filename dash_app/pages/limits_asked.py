"""The part of a question that says what must hold: measures, each with the most that it may be."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.queries.levers import limitable, ward_names
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.measures import measure_text, scale_of
from dash_app.texts.moments import number
from twin.access import Permission

Told = list[dict[str, Any]]


def limits_id(prefix: str, part: str = "limits") -> str:
    """Give an id of this part of a page: ``limits`` is the store, the others are fields, list and button."""
    return f"{prefix}-{part}"


def limit_items(told: Told) -> list[Component]:
    """Give the limits told so far as items of a list."""
    if not told:
        return [html.Li(_("Nothing is promised yet."), className="secondary")]
    text = _("{measure}: at most {most}")
    return [html.Li(text.format(measure=one["text"], most=number(one["most"], 2))) for one in told]


def limits_panel(port: HospitalPort, prefix: str) -> list[Component]:
    """Give the fields where limits are told.

    Parameters
    ----------
    port : HospitalPort
        Whose measures can be limited.
    prefix : str
        Beginning of the ids.
    """
    names = ward_names(port.state(), chinese=wants_chinese())
    measures = [{"value": one, "label": measure_text(one, names)} for one in limitable(port.state(), port.clock.now())]
    return [
        html.H3(_("What must hold")),
        dcc.Store(id=limits_id(prefix), data=[]),
        html.Ul(limit_items([]), id=limits_id(prefix, "limit-list"), className="changes"),
        dmc.Select(
            id=limits_id(prefix, "measure"),
            label=_("Measure"),
            data=measures,
            value=measures[0]["value"] if measures else None,
            searchable=True,
        ),
        dmc.NumberInput(
            id=limits_id(prefix, "most"), label=_("At most, in the measure's unit"), value=60, hideControls=True
        ),
    ]


def limit_button(prefix: str) -> Component:
    """Give the button that adds a limit."""
    return html.Button(_("This must hold"), id=limits_id(prefix, "limit-add"), className="action", n_clicks=0)


def limit_texts(told: Told) -> list[str]:
    """Give limits as the simulation reads them, in its own units."""
    return [f"{one['measure']}<={one['most'] * scale_of(one['measure'])}" for one in told]


def register_limits(callbacks: Callbacks, port: HospitalPort, prefix: str) -> None:
    """Register adding a limit; taking all away is the page's own.

    Parameters
    ----------
    callbacks : Callbacks
        Of the page.
    port : HospitalPort
        For the names of the wards.
    prefix : str
        Beginning of the ids.
    """

    @callbacks.add(
        Output(limits_id(prefix), "data"),
        Output(limits_id(prefix, "limit-list"), "children"),
        Input(limits_id(prefix, "limit-add"), "n_clicks"),
        State(limits_id(prefix), "data"),
        State(limits_id(prefix, "measure"), "value"),
        State(limits_id(prefix, "most"), "value"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def add_limit(clicks: int, told: Told, measure: str | None, most: Any) -> tuple[Told, list[Component]]:
        if not clicks or not measure or not isinstance(most, int | float):
            raise PreventUpdate
        text = measure_text(measure, ward_names(port.state(), chinese=wants_chinese()))
        made = [*(one for one in told if one["measure"] != measure), {"measure": measure, "most": most, "text": text}]
        return made, limit_items(made)
