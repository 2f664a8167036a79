"""The part of the page of case carts where a planner says what a procedure needs, as a small sheet of items."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import cases as actions
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.lines import Field, Lines, register_sheet, sheet, sheet_rows
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, panel
from dash_app.queries import cases as queries
from dash_app.queries import items
from dash_app.queries.names import place_name, staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from inventory.model.kits import EVERYWHERE, Kit, KitLine
from twin.access import Permission
from twin.errors import InputError

CHOSEN, NUMBER, NAME, PROCEDURE = "kits-chosen", "kits-number", "kits-name", "kits-procedure"
SURGEON, EMERGENCY, KEEP, SAID = "kits-surgeon", "kits-emergency", "kits-keep", "kits-said"
LINES = Lines(key="kits-line", keys=("item", "opened", "held"))


def _fields(port: HospitalPort) -> list[Field]:
    with port.read() as session:
        names = items.names(session)
    offered = [{"value": key, "label": name} for key, name in sorted(names.items(), key=lambda each: each[1])]
    return [
        Field(key="item", title=_("Item"), width=320, options=offered),
        Field(key="opened", title=_("Units opened"), width=110),
        Field(key="held", title=_("Units held ready"), width=110),
    ]


def _choices(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        return [{"value": kit.id, "label": kit.name} for kit in queries.kits(session)]


def _surgeons(port: HospitalPort, held: str) -> list[dict[str, str]]:
    """Give the staff by label; also whom a kit names who is not known as staff, so that changing it loses nobody."""
    state = port.state()
    found = {key: staff_label(state, key) for key in (*tuple(state.staff), *([held] if held else []))}
    return [{"value": key, "label": label} for key, label in sorted(found.items(), key=lambda each: each[1])]


def _theatres(port: HospitalPort) -> list[dict[str, str]]:
    state, chinese = port.state(), wants_chinese()
    found = sorted(key for key, place in state.places.items() if place.purpose == "theatre")
    own = [{"value": key, "label": place_name(state, key, chinese=chinese)} for key in found]
    return [{"value": EVERYWHERE, "label": _("Every theatre")}, *own]


def desk(port: HospitalPort) -> list[Component]:
    """Build the form, for who may plan stock."""
    if not port.actor().may(Permission.STOCK_PLAN):
        return []
    return [
        panel(
            _("Make or change a kit"),
            html.Div(
                [
                    dmc.Select(
                        id=CHOSEN,
                        label=_("Kit to change"),
                        description=_("Empty for a new one"),
                        data=_choices(port),
                        searchable=True,
                        clearable=True,
                        clearButtonProps={"aria-label": _("A new one")},
                        miw=240,
                    ),
                    dmc.TextInput(id=NUMBER, label=_("Number of the kit"), w=170),
                    dmc.TextInput(id=NAME, label=_("Name"), w=260),
                    dmc.TextInput(id=PROCEDURE, label=_("Procedure"), description=_("Its code, if it has one"), w=180),
                    dmc.Select(
                        id=SURGEON,
                        label=_("Surgeon"),
                        description=_("Empty for every surgeon"),
                        data=_surgeons(port, ""),
                        searchable=True,
                        clearable=True,
                        clearButtonProps={"aria-label": _("Every surgeon")},
                        limit=50,
                        w=220,
                    ),
                    dmc.Select(
                        id=EMERGENCY,
                        label=_("Emergency pack of"),
                        description=_("Brought when nobody knows yet what will be done"),
                        data=_theatres(port),
                        searchable=True,
                        clearable=True,
                        clearButtonProps={"aria-label": _("No emergency pack")},
                        w=240,
                    ),
                ],
                className="filters",
            ),
            sheet(LINES, _("Items of the kit"), _fields(port)),
            html.P(html.Button(_("Keep the kit"), id=KEEP, className="action primary", n_clicks=0)),
            html.P(id=SAID, role="status", **attributes(aria_live="polite")),
            wide=True,
        )
    ]


def _units(text: str, label: str) -> int:
    if text and not text.isdecimal():
        raise InputError(label, code="input.empty")
    return int(text or 0)


def _line(item: str, opened: str, held: str) -> KitLine:
    return KitLine(
        item=needed(item, _("Item")), opened=_units(opened, _("Units opened")), held=_units(held, _("Units held ready"))
    )


def register(callbacks: Callbacks, port: HospitalPort, shown: str, content: Any) -> None:
    """Register choosing a kit, its sheet, and keeping it.

    Parameters
    ----------
    callbacks : Callbacks
        Where they are registered.
    port : HospitalPort
        The hospital.
    shown : str
        Id of the part that lists kits and carts.
    content : Callable[[HospitalPort], list[Component]]
        Builds that part.
    """
    common: dict[str, Any] = {"permission": Permission.STOCK_PLAN, "prevent_initial_call": True}
    register_sheet(callbacks, LINES, lambda: _fields(port), permission=Permission.STOCK_PLAN)

    @callbacks.add(
        Output(NUMBER, "value"),
        Output(NAME, "value"),
        Output(PROCEDURE, "value"),
        Output(SURGEON, "data"),
        Output(SURGEON, "value"),
        Output(EMERGENCY, "value"),
        Output(LINES.body, "children", allow_duplicate=True),
        Input(CHOSEN, "value"),
        **common,
    )
    def choose(chosen: str | None) -> tuple[Any, ...]:
        fields = _fields(port)
        if not chosen:
            return "", "", "", _surgeons(port, ""), None, None, sheet_rows(LINES, fields)
        with port.read() as session:
            kit = queries.kit(session, chosen)
        rows = [[line.item, str(line.opened), str(line.held)] for line in kit.lines]
        offered = _surgeons(port, kit.surgeon)
        chosen_for = kit.surgeon or None, kit.emergency_at or None
        return kit.id, kit.name, kit.procedure, offered, *chosen_for, sheet_rows(LINES, fields, rows)

    @callbacks.add(
        Output(SAID, "children"),
        Output(CHOSEN, "data"),
        Output(shown, "children", allow_duplicate=True),
        Input(KEEP, "n_clicks"),
        State(NUMBER, "value"),
        State(NAME, "value"),
        State(PROCEDURE, "value"),
        State(SURGEON, "value"),
        State(EMERGENCY, "value"),
        *LINES.states(),
        **common,
    )
    def keep(_clicks: int, number: str | None, name: str | None, *told: Any) -> Any:
        procedure, surgeon, emergency_at, *columns = told
        kit = Kit(
            id=needed(number, _("Number of the kit")).strip(),
            name=needed(name, _("Name")).strip(),
            procedure=(procedure or "").strip(),
            surgeon=surgeon or "",
            emergency_at=emergency_at or "",
            lines=tuple(_line(*row) for row in LINES.read(columns)),
        )
        actions.keep_kit(port, kit)
        return _("Kept: {what}").format(what=kit.name), _choices(port), content(port)
