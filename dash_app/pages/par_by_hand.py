"""A part of the par studio: one level set by hand, or taken away, where no proposal says what a ward knows."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, html
from dash.development.base_component import Component

from dash_app.actions import par_by_hand as actions
from dash_app.pages.fields import needed, whole
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, panel
from dash_app.queries import items
from dash_app.queries import stock_places as queries
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from inventory.model.stock import ParLevel
from twin.access import Permission
from twin.errors import InputError
from twin.ids import ItemId, PlaceId

PLACE, ITEM, LEVEL, POINT, PACK, SOURCE, SET, REMOVE, SAID = (
    f"par-hand-{name}" for name in ("place", "item", "level", "point", "pack", "source", "set", "remove", "said")
)


def by_hand(port: HospitalPort) -> Component:
    """Build the form."""
    places = [{"value": key, "label": name} for key, name in queries.all_places(port.state(), chinese=wants_chinese())]
    with port.read() as session:
        names = items.names(session)
    wanted = [{"value": key, "label": name} for key, name in sorted(names.items(), key=lambda each: each[1])]
    return panel(
        _("Set a level by hand"),
        html.Div(
            [
                dmc.Select(id=PLACE, label=_("Place"), data=places, searchable=True, miw=220),
                dmc.Select(id=ITEM, label=_("Item"), data=wanted, searchable=True, miw=240),
                dmc.NumberInput(id=LEVEL, label=_("Par level"), min=1, allowDecimal=False, w=110),
                dmc.NumberInput(id=POINT, label=_("Reorder point"), min=0, allowDecimal=False, w=130),
                dmc.NumberInput(id=PACK, label=_("In packs of"), value=1, min=1, allowDecimal=False, w=110),
                dmc.Select(id=SOURCE, label=_("Restocked from"), data=places, searchable=True, clearable=True, miw=220),
                html.Button(_("Set it"), id=SET, className="action primary", n_clicks=0),
                html.Button(_("Keep none there"), id=REMOVE, className="action", n_clicks=0),
            ],
            className="filters",
        ),
        html.P(id=SAID, role="status", **attributes(aria_live="polite")),
        wide=True,
    )


def _told(place: str | None, item: str | None, figures: tuple[Any, Any, Any], source: str | None) -> ParLevel:
    level, point, pack = figures
    par_level, reorder_point = whole(level, _("Par level")), whole(point, _("Reorder point"))
    if not 0 <= reorder_point < par_level:
        # before the value checks itself: the reader is told in their own language
        raise InputError(f"Expected a reorder point below {par_level}, got {reorder_point}.", code="input.par")
    return ParLevel(
        place=PlaceId(needed(place, _("Place"))),
        item=ItemId(needed(item, _("Item"))),
        par_level=par_level,
        reorder_point=reorder_point,
        pack_multiple=max(1, whole(pack, _("In packs of"))),
        source=PlaceId(source or ""),
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the form: what stands there now, setting it, taking it away."""

    @callbacks.add(
        Output(LEVEL, "value"),
        Output(POINT, "value"),
        Output(PACK, "value"),
        Output(SOURCE, "value"),
        Input(PLACE, "value"),
        Input(ITEM, "value"),
        permission=Permission.STOCK_READ,
        prevent_initial_call=True,
    )
    def show(place: str | None, item: str | None) -> tuple[int | None, int | None, int, str | None]:
        with port.read() as session:
            found = queries.par(session, place=place or "", item=item or "")
        if found is None:
            return None, None, 1, None
        return found.par_level, found.reorder_point, found.pack_multiple, found.source or None

    @callbacks.add(
        Output(SAID, "children"),
        Input(SET, "n_clicks"),
        Input(REMOVE, "n_clicks"),
        State(PLACE, "value"),
        State(ITEM, "value"),
        State(LEVEL, "value"),
        State(POINT, "value"),
        State(PACK, "value"),
        State(SOURCE, "value"),
        permission=Permission.STOCK_PLAN,
        prevent_initial_call=True,
    )
    def act(*told: Any) -> str:
        place, item, level, point, pack, source = told[2:]
        if ctx.triggered_id == REMOVE:
            actions.remove(port, place=needed(place, _("Place")), item=needed(item, _("Item")))
            return _("Nothing is asked for there any more.")
        actions.set_level(port, _told(place, item, (level, point, pack), source))
        return _("Kept.")
