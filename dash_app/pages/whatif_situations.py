"""The part of the what-if page where a situation of the library is chosen and its numbers are told."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import ALL, Input, Output, State, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.queries.levers import ward_names
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.situations import choice_text, parameter_text, situation_text, told_text
from simulation.experiments.live import live_start
from simulation.experiments.situations.offers import SITUATIONS, choices_of
from twin.access import Permission

NUMBER = "situation-number"
CHOICE = "situation-choice"


def _ids(prefix: str) -> tuple[str, str, str]:
    return f"{prefix}-situation", f"{prefix}-situation-fields", f"{prefix}-situation-add"


def situation_panel(prefix: str) -> list[Component]:
    """Give the choice of a situation; its fields come when one is chosen.

    Parameters
    ----------
    prefix : str
        Beginning of the ids.
    """
    situation, fields, add = _ids(prefix)
    options = [{"value": name, "label": situation_text(name)} for name in SITUATIONS]
    return [
        dmc.Select(
            id=situation,
            label=_("Situation"),
            data=options,
            value=None,
            clearable=True,
            searchable=True,
            placeholder=_("None chosen"),
        ),
        html.Div(id=fields, className="changes"),
        html.P(html.Button(_("Add the situation"), id=add, className="action", n_clicks=0)),
    ]


def _names(port: HospitalPort) -> dict[str, str]:
    return ward_names(port.state(), chinese=wants_chinese())


def situation_fields(port: HospitalPort, name: str) -> list[Component]:
    """Give a field for everything that a situation asks for, with its usual value.

    Parameters
    ----------
    port : HospitalPort
        Whose wards can be chosen.
    name : str
        Of the situation.
    """
    situation = SITUATIONS[name]
    fields: list[Component] = []
    if situation.choice:
        document = live_start(port.state().freeze(port.clock.now())).pathway
        names = _names(port)
        choices = [{"value": one, "label": choice_text(one, names)} for one in choices_of(situation, document)]
        fields.append(
            dmc.Select(
                id={"type": CHOICE, "key": situation.choice},
                label=parameter_text(name, situation.choice),
                data=choices,
                value=choices[0]["value"],
                allowDeselect=False,
            )
        )
    fields += [
        dmc.NumberInput(
            id={"type": NUMBER, "key": one.key},
            label=parameter_text(name, one.key),
            value=one.usual,
            min=one.low,
            max=one.high,
            allowDecimal=not one.is_whole,
            hideControls=True,
        )
        for one in situation.parameters
    ]
    return fields


def situation_change(
    port: HospitalPort, name: str, numbers: list[tuple[str, Any]], choices: list[tuple[str, Any]]
) -> dict[str, Any]:
    """Give a situation as an entry of the list of changes.

    Parameters
    ----------
    port : HospitalPort
        For the names of the wards.
    name : str
        Of the situation.
    numbers, choices : list[tuple[str, Any]]
        Key and value of each field; empty ones keep the usual value.
    """
    values: dict[str, Any] = {key: value for key, value in choices if value}
    usual = {one.key: one.usual for one in SITUATIONS[name].parameters}
    values |= {key: value if isinstance(value, int | float) else usual[key] for key, value in numbers if key in usual}
    return {"situation": name, "values": values, "text": told_text(name, values, _names(port))}


def register_situations(callbacks: Callbacks, port: HospitalPort, changes: str, prefix: str) -> None:
    """Register showing the fields of a situation and adding it to the changes.

    Parameters
    ----------
    callbacks : Callbacks
        Of the page.
    port : HospitalPort
        The hospital.
    changes : str
        Id of the store of changes.
    prefix : str
        Beginning of the ids.
    """
    situation, fields, add = _ids(prefix)

    @callbacks.add(
        Output(fields, "children"),
        Input(situation, "value"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def show_fields(name: str | None) -> list[Component]:
        return situation_fields(port, name) if name is not None and name in SITUATIONS else []

    @callbacks.add(
        Output(changes, "data", allow_duplicate=True),
        Input(add, "n_clicks"),
        State(changes, "data"),
        State(situation, "value"),
        State({"type": NUMBER, "key": ALL}, "value"),
        State({"type": NUMBER, "key": ALL}, "id"),
        State({"type": CHOICE, "key": ALL}, "value"),
        State({"type": CHOICE, "key": ALL}, "id"),
        permission=Permission.SIMULATION_RUN,
        prevent_initial_call=True,
    )
    def add_situation(*told: Any) -> list[dict[str, Any]]:
        _clicks, made, name, numbers, number_ids, chosen, choice_ids = told
        needed(name, _("Situation"))
        if name not in SITUATIONS:
            raise PreventUpdate
        pairs = [(one["key"], value) for one, value in zip(number_ids, numbers, strict=True)]
        choices = [(one["key"], value) for one, value in zip(choice_ids, chosen, strict=True)]
        return [*made, situation_change(port, name, pairs, choices)]
