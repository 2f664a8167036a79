"""The part of a question that says what must hold: measures, each with the most that it may be."""

from __future__ import annotations

from functools import partial
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.pages.fields import figure, needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.told_list import Told, register_told, told_items
from dash_app.queries.levers import limitable, ward_names
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.measures import measure_text, scale_of
from dash_app.texts.moments import number
from twin.access import Permission


def limits_id(prefix: str, part: str = "limits") -> str:
    """Give an id of this part of a page: ``limits`` is the store, the others are fields, list and button."""
    return f"{prefix}-{part}"


def limit_items(prefix: str, told: Told) -> list[Component]:
    """Give the limits told so far as items of a list."""
    text = _("{measure}: at most {most}")
    texts = [text.format(measure=one["text"], most=number(one["most"], 2)) for one in told]
    return told_items(limits_id(prefix), texts, _("Nothing is promised yet."))


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
        html.Ul(limit_items(prefix, []), id=limits_id(prefix, "limit-list"), className="changes"),
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
    register_told(callbacks, limits_id(prefix), limits_id(prefix, "limit-list"), partial(limit_items, prefix))

    @callbacks.add(
        Output(limits_id(prefix), "data"),
        Input(limits_id(prefix, "limit-add"), "n_clicks"),
        State(limits_id(prefix), "data"),
        State(limits_id(prefix, "measure"), "value"),
        State(limits_id(prefix, "most"), "value"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def add_limit(_clicks: int, told: Told, measure: str | None, most: Any) -> Told:
        measure, most = needed(measure, _("Measure")), figure(most, _("At most, in the measure's unit"))
        text = measure_text(measure, ward_names(port.state(), chinese=wants_chinese()))
        return [*(one for one in told if one["measure"] != measure), {"measure": measure, "most": most, "text": text}]
