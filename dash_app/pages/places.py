"""Places.

Opened by whoever runs the house, to see its places and to make, rename, move or remove one without a spreadsheet: the
map, the board of beds, stock and what-if runs follow at once.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import house as actions
from dash_app.pages import listing
from dash_app.pages.address import URL, query_of
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import figure, needed, whole
from dash_app.pages.guard import Callbacks
from dash_app.pages.listing import Filter, Listing
from dash_app.pages.page import Page, Visit
from dash_app.pages.paging import Rows
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, panel
from dash_app.pages.tables import Column
from dash_app.queries import places
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number
from twin.access import Permission
from twin.events.places import PlaceDefined, PlaceKind
from twin.state.place_acts import PlaceTold

CHOSEN, SAVE, REMOVE, SAID = "places-chosen", "places-save", "places-remove", "places-said"
TEXTS = ("name", "name_zh", "kind", "parent", "department", "purpose")
FIGURES = ("floor", "capacity", "x_m", "y_m", "width_m", "depth_m")
FIELDS = ("id", *TEXTS, *FIGURES)
_BEGIN: dict[str, Any] = {"kind": PlaceKind.ROOM.value, "capacity": 1}


def _field(name: str) -> str:
    return f"places-{name}"


def _labels() -> dict[str, str]:
    return {
        "id": _("Id of the place"),
        "name": _("Name"),
        "name_zh": _("Chinese name"),
        "kind": _("Kind"),
        "parent": _("Lies in"),
        "department": _("Department"),
        "purpose": _("What it is for"),
        "floor": _("Storey"),
        "capacity": _("Holds at once"),
        "x_m": _("Centre, metres from the west"),
        "y_m": _("Centre, metres from the south"),
        "width_m": _("Width, m"),
        "depth_m": _("Depth, m"),
    }


def _columns() -> list[Column]:
    return [
        Column(field="name", title=_("Name"), width=200),
        Column(field="kind", title=_("Kind"), width=110),
        Column(field="parent", title=_("Lies in"), width=180),
        Column(field="floor", title=_("Storey"), width=90, is_number=True),
        Column(field="purpose", title=_("What it is for"), width=150),
        Column(field="department", title=_("Department"), width=110),
        Column(field="capacity", title=_("Holds at once"), width=110, is_number=True),
        Column(field="id", title=_("Id of the place"), width=130),
    ]


def _rows(port: HospitalPort, query: dict[str, str]) -> Rows:
    state, chinese = port.state(), wants_chinese()
    return [
        {
            "id": one.thing,
            "name": place_name(state, one.thing, chinese=chinese),
            "kind": codes.code_text(codes.PLACE_KINDS, one.kind.value),
            "parent": place_name(state, one.parent, chinese=chinese),
            "floor": one.floor,
            "purpose": one.purpose,
            "department": one.department,
            "capacity": one.capacity,
        }
        for one in places.places(state, kind=query.get("kind", ""), floor=query.get("floor", ""))
    ]


def _summary(port: HospitalPort, rows: Rows) -> str:
    return _("Places: {count}").format(count=number(len(rows)))


LISTING = Listing(
    key="places",
    permission=Permission.PLACES_READ,
    filters=(
        Filter(
            name="kind",
            label=lambda: _("Kind"),
            options=lambda port: codes.choices(codes.PLACE_KINDS, codes.PLACE_KINDS),
        ),
        Filter(
            name="floor",
            label=lambda: _("Storey"),
            options=lambda port: [
                {"value": str(floor), "label": _("Storey {floor}").format(floor=floor)}
                for floor in places.floors(port.state())
            ],
        ),
    ),
    columns=_columns,
    rows=_rows,
    chooses=CHOSEN,
    summary=_summary,
)


def _choices(port: HospitalPort) -> list[dict[str, str]]:
    state, chinese = port.state(), wants_chinese()
    return [
        {"value": one.thing, "label": f"{place_name(state, one.thing, chinese=chinese)} · {one.thing}"}
        for one in places.places(state)
    ]


def _choice(name: str, label: str, data: list[dict[str, str]], *, may_clear: bool) -> Component:
    control: Component = dmc.Select(
        id=_field(name),
        label=label,
        data=data,
        value=_BEGIN.get(name),
        searchable=True,
        clearable=may_clear,
        allowDeselect=may_clear,
        clearButtonProps={"aria-label": _("Empty the field")},
        nothingFoundMessage=_("Nothing found"),
        limit=50,
        w=280,
    )
    return control


def _control(port: HospitalPort, name: str, label: str) -> Component:
    control: Component
    if name == "kind":
        return _choice(name, label, codes.choices(codes.PLACE_KINDS, codes.PLACE_KINDS), may_clear=False)
    if name == "parent":
        return _choice(name, label, _choices(port), may_clear=True)
    if name in FIGURES:
        is_whole = name in {"floor", "capacity"}
        control = dmc.NumberInput(
            id=_field(name), label=label, value=_BEGIN.get(name, 0), allowDecimal=not is_whole, hideControls=True, w=170
        )
    else:
        control = dmc.TextInput(id=_field(name), label=label, value="", w=200)
    return control


def _work(port: HospitalPort) -> list[Component]:
    if not port.actor().may(Permission.PLACES_WRITE):
        return []
    labels = _labels()
    return [
        panel(
            _("Make or change a place"),
            dmc.Select(
                id=CHOSEN,
                label=_("Place to change"),
                description=_("Empty for a new one"),
                data=_choices(port),
                searchable=True,
                clearable=True,
                clearButtonProps={"aria-label": _("A new one")},
                nothingFoundMessage=_("Nothing found"),
                limit=50,
                w=480,
            ),
            html.Div([_control(port, name, labels[name]) for name in FIELDS], className="filters"),
            html.P(
                [
                    html.Button(_("Keep the place"), id=SAVE, className="action primary", n_clicks=0),
                    " ",
                    asks_first(
                        html.Button(_("Remove the place"), id=REMOVE, className="action", n_clicks=0),
                        _("It is gone from map, boards and lists; its history stays."),
                        CHOSEN,
                    ),
                ]
            ),
            html.P(id=SAID, role="status", **attributes(aria_live="polite")),
            wide=True,
        )
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Wards, rooms, beds, doors and stores: what they are called, where they lie, what lies in what.")
    shown = listing.layout(LISTING, port, visit, _("Places"), lead)
    return html.Div([shown, html.Div(_work(port), className="below")])


def _values(place: PlaceDefined | None) -> list[Any]:
    if place is None:
        return [_BEGIN.get(name, 0 if name in FIGURES else None if name == "parent" else "") for name in FIELDS]
    held = {"id": place.thing, "kind": place.kind.value, "parent": place.parent or None}
    return [held[name] if name in held else getattr(place, name) for name in FIELDS]


def _told(entered: dict[str, Any]) -> PlaceTold:
    labels = _labels()
    told: dict[str, Any] = {
        name: (entered[name] or "").strip() for name in ("name_zh", "parent", "department", "purpose")
    }
    told |= {name: float(figure(entered[name], labels[name])) for name in FIGURES[2:]}
    return PlaceTold(
        id=needed(entered["id"], labels["id"]).strip(),
        name=needed(entered["name"], labels["name"]),
        kind=PlaceKind(needed(entered["kind"], labels["kind"])),
        floor=whole(entered["floor"], labels["floor"]),
        capacity=whole(entered["capacity"], labels["capacity"]),
        **told,
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the table, choosing a place, keeping and removing it."""
    listing.register(LISTING, callbacks, port)
    common: dict[str, Any] = {"permission": Permission.PLACES_WRITE, "prevent_initial_call": True}
    after = (
        Output(SAID, "children", allow_duplicate=True),
        Output(CHOSEN, "data", allow_duplicate=True),
        Output(LISTING.part("grid"), "rowData", allow_duplicate=True),
    )

    @callbacks.add(*(Output(_field(name), "value") for name in FIELDS), Input(CHOSEN, "value"), **common)
    def choose(chosen: str | None) -> list[Any]:
        return _values(places.place(port.state(), chosen) if chosen else None)

    @callbacks.add(
        *after,
        Input(SAVE, "n_clicks"),
        *(State(_field(name), "value") for name in FIELDS),
        State(URL, "search"),
        **common,
    )
    def save(_clicks: int, *entered: Any) -> tuple[str, list[dict[str, str]], Rows]:
        told = _told(dict(zip(FIELDS, entered[:-1], strict=True)))
        actions.define_place(port, told)
        return _("Kept: {what}").format(what=told.name), _choices(port), _rows(port, query_of(entered[-1]))

    @callbacks.add(
        *after,
        Output(CHOSEN, "value"),
        Input(REMOVE, "n_clicks"),
        State(CHOSEN, "value"),
        State(URL, "search"),
        **common,
    )
    def remove(_clicks: int, chosen: str | None, search: str) -> tuple[str, list[dict[str, str]], Rows, None]:
        place = needed(chosen, _("Place to change"))
        actions.remove_place(port, place)
        return _("Removed: {what}").format(what=place), _choices(port), _rows(port, query_of(search)), None


PAGE = Page(
    path="/places",
    title=mark("Places"),
    permission=Permission.PLACES_READ,
    layout=layout,
    register=register,
    position=85,
    section=mark("System"),
    icon="map",
)
