"""Lots.

Opened by logistics staff and pharmacists, to see what expires or must not be used, how long goods last, where a lot is
and who received it, which movements made a quantity; and to thaw, hold, release and recall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions import lots as actions
from dash_app.pages import listing
from dash_app.pages.address import URL, query_of
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed, whole
from dash_app.pages.guard import Callbacks
from dash_app.pages.listing import Filter, Listing
from dash_app.pages.page import Page, Visit
from dash_app.pages.paging import Rows
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import attributes, empty, panel
from dash_app.pages.tables import Cell, Column, table
from dash_app.queries import items, stock
from dash_app.queries import lots as queries
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number
from inventory.model.lots import LotStatus
from inventory.service.safety import Notice, Trace, UnknownNumber
from inventory.service.using import Use
from twin.access import Permission

CHOSEN, AUDIT, SAID = "lots-chosen", "lots-audit", "lots-said"
QUANTITY, TO_PLACE, THAW = "lots-quantity", "lots-to-place", "lots-thaw"
REASON, HOLD, RELEASE = "lots-reason", "lots-hold", "lots-release"
RECALL_ITEM, RECALL_LOTS, RECALL_CLASS = "lots-recall-item", "lots-recall-lots", "lots-recall-class"
NOTICE, RECALL, CONFIRM, TRACED = "lots-notice", "lots-recall", "lots-recall-sure", "lots-traced"


def _columns() -> list[Column]:
    return [
        Column(field="item", title=_("Item"), width=180),
        Column(field="place", title=_("Place"), width=150),
        Column(field="lot", title=_("Lot"), width=110),
        Column(field="expires", title=_("Usable until"), width=160),
        Column(field="on_hand", title=_("On hand"), width=130, is_number=True),
        Column(field="reserved", title=_("Promised"), width=130, is_number=True),
        Column(field="cover", title=_("Days of cover"), width=160, is_number=True),
        Column(field="owner", title=_("Owner"), width=140),
        Column(field="state", title=_("State"), width=200),
    ]


def _state(row: queries.LotRow) -> str:
    if not row.reasons:
        return _("may be used")
    return ", ".join(codes.code_text(codes.LOT_REASONS, reason) for reason in row.reasons)


def _rows(port: HospitalPort, query: dict[str, str]) -> Rows:
    chinese, state = wants_chinese(), port.state()
    with port.read() as session:
        found = queries.rows(
            session,
            now=port.clock.now(),
            place=query.get("place", ""),
            item=query.get("item", ""),
            shown=query.get("shown", ""),
        )
    return [
        {
            "id": row.key,
            "item": row.item_name,
            "place": place_name(state, row.source.holding.place, chinese=chinese),
            "lot": row.source.lot.number or "–",
            "expires": moment(row.expires_at) if row.expires_at else "–",
            "on_hand": row.source.holding.on_hand,
            "reserved": row.source.holding.reserved,
            "cover": None if row.cover_days is None else round(row.cover_days, 1),
            "owner": row.source.holding.owner or _("the hospital"),
            "state": _state(row),
        }
        for row in found
    ]


def _summary(port: HospitalPort, rows: Rows) -> str:
    usable = _("may be used")
    stopped = sum(row["state"] != usable for row in rows)
    return _("{count} lots at places; {stopped} of them must not be used").format(
        count=number(len(rows)), stopped=number(stopped)
    )


def _places(port: HospitalPort) -> list[dict[str, str]]:
    return [{"value": key, "label": name} for key, name in stock.places(port.state(), chinese=wants_chinese())]


def _items(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        names = items.names(session)
    return [{"value": key, "label": name} for key, name in sorted(names.items(), key=lambda each: each[1])]


LISTING = Listing(
    key="lots",
    permission=Permission.STOCK_READ,
    filters=(
        Filter(name="place", label=lambda: _("Place"), options=_places),
        Filter(name="item", label=lambda: _("Item"), options=_items),
        Filter(
            name="shown",
            label=lambda: _("Shown"),
            options=lambda port: codes.choices(codes.LOTS_SHOWN, codes.LOTS_SHOWN),
        ),
    ),
    columns=_columns,
    rows=_rows,
    chooses=CHOSEN,
    summary=_summary,
)


def audit(port: HospitalPort, chosen: str) -> list[Component]:
    """Show which movements made a quantity, and where everything of its lot is.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    chosen : str
        Key of a row: place, item, lot and owner.
    """
    place, item, lot, _owner = chosen.split("|")
    state, chinese = port.state(), wants_chinese()
    with port.read() as session:
        moved, traced = queries.movements(session, item=item, place=place), queries.trace_of(session, lot)

    def named(where: str) -> str:
        return place_name(state, where, chinese=chinese)

    rows: list[list[Cell]] = [
        [
            moment(movement.command.occurred_at),
            codes.code_text(codes.MOVEMENT_KINDS, movement.kind.value),
            line.quantity if line.to_place == place else -line.quantity,
            named(line.from_place if line.to_place == place else line.to_place),
            movement.command.actor,
            movement.command.reason or "–",
        ]
        for movement in moved
        for line in movement.lines
        if line.item == item and place in (line.from_place, line.to_place)
    ]
    headings = [_("When"), _("What"), _("Change"), _("From or to"), _("Who"), _("Reason")]
    parts: list[Component] = [
        *_labels(lot),
        html.H3(_("What made this quantity")),
        table(_("What made this quantity"), headings, rows),
    ]
    return [*parts, *(_trace(port, traced) if traced is not None else [])]


def _labels(lot: str) -> list[Component]:
    """Give what prints a lot's label; goods without a lot have none of their own."""
    if not lot:
        return []
    address = f"/v1/stock-labels?lot={quote(lot, safe='')}"
    kinds = ((_("Print its label"), "datamatrix"), ("Code 128", "code128"), (_("for a label printer (ZPL)"), "zpl"))
    links = [html.A(text, href=f"{address}&format={kind}", target="_blank", className="action") for text, kind in kinds]
    return [html.P([part for link in links for part in (link, " ")])]


def _trace(port: HospitalPort, found: Trace) -> list[Component]:
    state, chinese = port.state(), wants_chinese()
    held: list[list[Cell]] = [
        [place_name(state, hit.place, chinese=chinese), hit.on_hand, hit.owner or _("the hospital")]
        for hit in found.places
    ]
    used: list[list[Cell]] = [[hit.encounter or "–", hit.quantity, moment(hit.occurred_at)] for hit in found.patients]
    return [
        html.H3(_("Where this lot is")),
        table(_("Where this lot is"), [_("Place"), _("On hand"), _("Owner")], held),
        html.H3(_("Who received it")),
        table(_("Who received it"), [_("Encounter"), _("Quantity"), _("When")], used)
        if used
        else html.P(_("Nobody, as far as the books know.")),
    ]


def _options(rows: Rows) -> list[dict[str, str]]:
    return [{"value": str(row["id"]), "label": f"{row['item']} · {row['place']} · {row['lot']}"} for row in rows]


def _work(port: HospitalPort, rows: Rows) -> list[Component]:
    actor, options = port.actor(), _options(rows)
    may_move, may_adjust = actor.may(Permission.STOCK_MOVE), actor.may(Permission.STOCK_ADJUST)
    return [
        panel(
            _("One lot"),
            dmc.Select(id=CHOSEN, label=_("Lot"), data=options, searchable=True, w=480),
            html.Div(
                [
                    dmc.NumberInput(id=QUANTITY, label=_("Quantity"), min=1, allowDecimal=False, w=120),
                    dmc.Select(id=TO_PLACE, label=_("Thawed goods lie at"), data=_places(port), searchable=True),
                    html.Button(_("Taken out to thaw"), id=THAW, className="action", n_clicks=0, disabled=not may_move),
                    dmc.TextInput(id=REASON, label=_("Reason")),
                    html.Button(_("Hold the lot"), id=HOLD, className="action", n_clicks=0, disabled=not may_adjust),
                    html.Button(_("Release it"), id=RELEASE, className="action", n_clicks=0, disabled=not may_adjust),
                ],
                className="filters",
            ),
            html.P(id=SAID, role="status"),
            html.Div(empty(_("No lot is chosen"), _("Choose one to see its movements and where it went.")), id=AUDIT),
            wide=True,
        ),
        panel(
            _("Recall"),
            html.P(_("From now on none of it is handed out; every place and encounter is named, and tasks fetch it.")),
            html.Div(
                [
                    dmc.Select(id=RECALL_ITEM, label=_("Item"), data=_items(port), searchable=True, miw=240),
                    dmc.TextInput(
                        id=RECALL_LOTS, label=_("Lots"), description=_("Parted by commas; empty for all"), miw=240
                    ),
                    dmc.Select(id=RECALL_CLASS, label=_("Class"), data=["I", "II", "III"], value="II", w=90),
                    dmc.TextInput(id=NOTICE, label=_("Number of the notice")),
                    asks_first(
                        html.Button(
                            _("Recall"), id=RECALL, className="action primary", n_clicks=0, disabled=not may_adjust
                        ),
                        _(
                            "No place hands any of it out from now on, tasks fetch it from every shelf, and the recall "
                            "stays on record."
                        ),
                        *(RECALL_ITEM, RECALL_LOTS, RECALL_CLASS, NOTICE),
                    ),
                ],
                className="filters",
            ),
            html.Div(id=TRACED, **attributes(aria_live="polite")),
            wide=True,
        ),
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("What lies where by lot, the first to expire first; what must not be used says why.")
    shown = listing.layout(LISTING, port, visit, _("Lots"), lead)
    rows = _rows(port, dict(visit.query))
    return html.Div([shown, html.Div(_work(port, rows), className="below")])


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the table, the audit of a quantity, and what is done with a lot."""
    listing.register(LISTING, callbacks, port)

    @callbacks.add(
        Output(AUDIT, "children"), Input(CHOSEN, "value"), permission=Permission.STOCK_READ, prevent_initial_call=True
    )
    def choose(chosen: str | None) -> list[Component]:
        if not chosen:
            raise PreventUpdate
        return audit(port, chosen)

    @callbacks.add(
        Output(SAID, "children"),
        Output(AUDIT, "children", allow_duplicate=True),
        Output(LISTING.part("grid"), "rowData", allow_duplicate=True),
        *(Input(button, "n_clicks") for button in (THAW, HOLD, RELEASE)),
        State(CHOSEN, "value"),
        State(QUANTITY, "value"),
        State(TO_PLACE, "value"),
        State(REASON, "value"),
        State(URL, "search"),
        permission=Permission.STOCK_MOVE,
        prevent_initial_call=True,
    )
    def act(*told: Any) -> tuple[str, list[Component], Rows]:
        lot, quantity, to_place, reason, search = told[3:]
        chosen = needed(lot, _("Lot"))
        said = _acted(port, str(ctx.triggered_id), chosen, (quantity, to_place or "", reason or ""))
        return said, audit(port, chosen), _rows(port, query_of(search))

    _register_recall(callbacks, port)


def _register_recall(callbacks: Callbacks, port: HospitalPort) -> None:
    """Let a notice be kept; one that names only what was never held here asks for a second press first."""
    fields = tuple(State(field, "value") for field in (RECALL_ITEM, RECALL_LOTS, RECALL_CLASS, NOTICE))
    common: dict[str, Any] = {"permission": Permission.STOCK_ADJUST, "prevent_initial_call": True}

    @callbacks.add(Output(TRACED, "children"), Input(RECALL, "n_clicks"), *fields, **common)
    def recall(_clicks: int, *told: str | None) -> list[Component]:
        notice = _notice(*told)
        with port.read() as session:
            never_held = queries.never_held(session, notice)
        return never_held_parts(never_held) if never_held else _recalled(port, notice)

    @callbacks.add(Output(TRACED, "children", allow_duplicate=True), Input(CONFIRM, "n_clicks"), *fields, **common)
    def confirm(_clicks: int, *told: str | None) -> list[Component]:
        return _recalled(port, replace(_notice(*told), is_confirmed=True))


def _notice(item: str | None, lots: str | None, kind: str | None, notice: str | None) -> Notice:
    return Notice(
        id=needed(notice, _("Number of the notice")),
        item=needed(item, _("Item")),
        lot_numbers=tuple(number.strip() for number in (lots or "").split(",") if number.strip()),
        recall_class=kind or "II",
    )


def _recalled(port: HospitalPort, notice: Notice) -> list[Component]:
    found = actions.recall(port, notice)
    unknown = ", ".join(found.unknown_numbers) or "–"
    return [
        html.P(_("Recalled. Lots that never came here: {lots}").format(lots=unknown)),
        *_trace(port, found.trace),
    ]


def never_held_parts(found: Sequence[UnknownNumber]) -> list[Component]:
    """Ask again before a recall is kept that names only numbers which were never held here.

    Parameters
    ----------
    found : Sequence[UnknownNumber]
        At least one.
    """
    rows: list[list[Cell]] = [
        [
            each.number,
            _("a piece of lot {lot}").format(lot=each.lot_of_piece)
            if each.lot_of_piece
            else ", ".join(each.near) or "–",
        ]
        for each in found
    ]
    return [
        html.P(
            _(
                "Nothing is recalled yet: no lot with any of these numbers was ever held here. Compare them with the "
                "notice. Kept all the same, they are recalled as soon as they arrive."
            ),
            role="alert",
        ),
        table(_("Numbers never held here"), [_("Told number"), _("Spelled nearly like it")], rows),
        html.P(html.Button(_("Keep it for later arrivals"), id=CONFIRM, className="action", n_clicks=0)),
    ]


def _acted(port: HospitalPort, what: str, chosen: str, told: tuple[Any, str, str]) -> str:
    """Do what a button says; each action asks for its own permission."""
    place, item, lot, owner = chosen.split("|")
    quantity, to_place, reason = told
    if what == THAW:
        count = whole(quantity, _("Quantity"))
        actions.thaw(port, Use(item=item, quantity=count, place=place, lot=lot, owner=owner), to_place)
        return _("{count} units thaw; their life counts from now.").format(count=number(count))
    status = LotStatus.HELD if what == HOLD else LotStatus.RELEASED
    actions.change_status(port, lot, status, reason)
    return _("Held.") if what == HOLD else _("Released.")


PAGE = Page(
    path="/lots",
    title=mark("Lots"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    icon="stock",
)
