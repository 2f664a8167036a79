"""A part of the par studio: what patients of each acuity need, and a plan for other patients than usual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import par_studio as actions
from dash_app.pages.address import URL
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, empty, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import items, par_acuity, stock
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number
from inventory.model.planning import Decision, PlanSettings
from inventory.rules.planning.acuity import CLASSES, Rates
from twin.access import Permission
from twin.state.beds import ward_of

PLACE, NEEDS, PLAN, SAID = "par-acuity-place", "par-acuity-needs", "par-acuity-plan", "par-acuity-said"
PATIENTS = tuple(f"par-acuity-{name}" for name in CLASSES)

Shown = Callable[[str, str], tuple[Any, ...]]
"""Gives the rest of the page anew, for an address, and last what is said of the plan."""


def class_name(name: str) -> str:
    """Give what screens call a class of acuity."""
    if name == "unknown":
        return _("No level told")
    return _("Level {level}").format(level=name)


def _interval(rates: Rates, index: int) -> str:
    high = "∞" if rates.high[index] == float("inf") else number(float(rates.high[index]), 2)
    told = f"{number(float(rates.rate[index]), 2)} ({number(float(rates.low[index]), 2)}–{high})"
    return f"{told} *" if rates.is_ward[index] else told


def _needs(port: HospitalPort, place: str) -> tuple[list[Component], list[float | None]]:
    found = par_acuity.needs(port, place) if place else None
    if found is None:
        nobody = _("No patient was followed in the ward of this place in the time whose use is known.")
        return [empty(nobody, _("Choose another place."))], [None] * len(CLASSES)
    with port.read() as session:
        names = items.names(session)
    ward = place_name(port.state(), found.ward, chinese=wants_chinese())
    headings = [
        _("Item"),
        *(f"{class_name(name)}, n = {number(float(found.days[i]))}" for i, name in enumerate(CLASSES)),
    ]
    rows: list[list[Cell]] = [
        [names.get(item, item), *(_interval(rates, index) for index in range(len(CLASSES)))]
        for item, rates in found.rates
    ]
    told = _("Units that a patient-day needs in {ward}, with 95 % intervals; n are patient-days.").format(ward=ward)
    few = _("* too few days of this level: what a patient of the ward needs on the whole.")
    usual: list[float | None] = [round(float(one), 1) for one in found.usual]
    return [html.P(told), table(told, headings, rows), html.P(few)], usual


def by_acuity(port: HospitalPort) -> Component:
    """Build the part."""
    places = [{"value": key, "label": name} for key, name in stock.places(port.state(), chinese=wants_chinese())]
    fields: list[Component] = [
        dmc.NumberInput(id=key, label=class_name(name), min=0, max=1000, step=1, decimalScale=1, w=130)
        for key, name in zip(PATIENTS, CLASSES, strict=True)
    ]
    return panel(
        _("Other patients than usual"),
        html.P(_("Choose a place: the patients usually present in its ward are filled in by triage level.")),
        html.Div(
            [
                dmc.Select(id=PLACE, label=_("Place"), data=places, searchable=True, clearable=True, miw=240),
                *fields,
                html.Button(_("Plan for these patients"), id=PLAN, className="action primary", n_clicks=0),
            ],
            className="filters",
        ),
        html.P(id=SAID, role="status", **attributes(aria_live="polite")),
        html.Div(id=NEEDS),
        wide=True,
    )


def register(callbacks: Callbacks, port: HospitalPort, after: tuple[Output, ...], shown: Shown) -> None:
    """Register choosing a place and planning for other patients.

    Parameters
    ----------
    callbacks : Callbacks
        Where they are registered.
    port : HospitalPort
        The hospital.
    after : tuple[Output, ...]
        What every plan of the page leads to, but for what is said of it.
    shown : Shown
        Gives it.
    """

    @callbacks.add(
        Output(NEEDS, "children"),
        *(Output(key, "value") for key in PATIENTS),
        Input(PLACE, "value"),
        permission=Permission.STOCK_READ,
        prevent_initial_call=True,
    )
    def show_needs(place: str | None) -> tuple[Any, ...]:
        told, usual = _needs(port, place or "")
        return told, *usual

    @callbacks.add(
        *after,
        Output(SAID, "children"),
        Input(PLAN, "n_clicks"),
        State(PLACE, "value"),
        *(State(key, "value") for key in PATIENTS),
        State(URL, "search"),
        permission=Permission.STOCK_PLAN,
        prevent_initial_call=True,
        running=[(Output(PLAN, "disabled"), True, False)],
    )
    def plan_for_patients(_clicks: int, place: str | None, *told: Any) -> tuple[Any, ...]:
        *patients, search = told
        ward = ward_of(port.state(), needed(place, _("Place")))
        # an empty field is no statement: that level stays as it usually is
        wanted = {name: float(one) for name, one in zip(CLASSES, patients, strict=True) if one not in (None, "")}
        found = actions.plan(port, settings=PlanSettings(), acuity={ward: wanted})
        proposed = found.by_decision.get(Decision.PROPOSED, 0)
        said = _("{lines} planned, {count} proposed; the ward's levels for these patients.")
        return shown(search, said.format(lines=found.lines, count=proposed))
