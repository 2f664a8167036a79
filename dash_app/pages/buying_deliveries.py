"""Goods that come against an order: the delivery is put together line by line, taken in, and compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.actions import buying as actions
from dash_app.pages.address import URL
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed, whole
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes
from dash_app.pages.tables import Cell, table
from dash_app.pages.told_list import Told, register_told, told_items
from dash_app.queries import buying, items
from dash_app.queries.people import person_names
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import moment, number
from inventory.model.lots import end_of_day
from inventory.model.orders import Delivery, Difference, Order, OrderState
from inventory.service.deliveries import Arrival
from inventory.service.receiving import Receipt
from twin.access import Permission
from twin.errors import InputError

CHOSEN = "buying-chosen"
ITEM, QUANTITY, LOT, EXPIRY = "buying-came-item", "buying-came-quantity", "buying-came-lot", "buying-came-expiry"
SERIALS, ADD, CAME, CAME_LIST = "buying-came-serials", "buying-came-add", "buying-came", "buying-came-list"
LAST, REASON, WITNESS = "buying-came-last", "buying-came-reason", "buying-came-witness"
RECEIVE, CLOSE = "buying-receive", "buying-close"
_FIELDS = (QUANTITY, LOT, EXPIRY, SERIALS)


def may_come(order: Order) -> bool:
    """Tell whether goods can still come against an order."""
    return order.state in (OrderState.APPROVED, OrderState.SENT) and not order.is_bill_only


def delivery_parts(port: HospitalPort, order: Order, names: dict[str, str]) -> list[Component]:
    """Give what has come of an order, and the form in which more of it is taken in.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    order : Order
        The order shown.
    names : dict[str, str]
        Of items, by id.
    """
    with port.read() as session:
        found = buying.deliveries(session, order.id)
    people = person_names(port, {each.actor for each in found})
    parts: list[Component] = [_deliveries(found, names, people)] if found else []
    if order.closed_reason:
        parts.append(html.P(_("Closed without the rest: {reason}").format(reason=order.closed_reason)))
    return [*parts, *_form(port, order, names)] if may_come(order) else parts


def difference_text(found: Sequence[Difference], names: dict[str, str]) -> str:
    """Give in words how a delivery differs; empty if it does not."""
    return "; ".join(
        _("{item}: {came} of {expected} ({kind})").format(
            item=names.get(each.item, each.item),
            came=number(each.received),
            expected=number(each.ordered),
            kind=codes.code_text(codes.DISCREPANCIES, each.kind.value),
        )
        for each in found
    )


def _deliveries(found: Sequence[Delivery], names: dict[str, str], people: dict[str, str]) -> Component:
    rows: list[list[Cell]] = [
        [
            moment(each.at),
            people.get(each.actor, each.actor),
            difference_text(each.differences, names) or _("as expected"),
        ]
        for each in found
    ]
    return table(_("Deliveries of the order"), [_("Taken in"), _("By"), _("Came of what was expected")], rows)


def _options(order: Order, names: dict[str, str]) -> list[dict[str, str]]:
    """Give what may have come: what is missing first, then anything else, as suppliers err."""
    expected = [line.item for line in sorted(order.lines, key=lambda line: not line.missing)]
    own = list(dict.fromkeys(str(item) for item in expected))
    others = sorted(set(names) - set(own), key=lambda item: names[item])
    return [{"value": item, "label": names.get(item, item)} for item in [*own, *others]]


def missing_of(order: Order, item: str) -> int:
    """Give the base units of an item that an order still brings."""
    return sum(line.missing for line in order.lines if line.item == item)


def _form(port: HospitalPort, order: Order, names: dict[str, str]) -> list[Component]:
    options = _options(order, names)
    first = options[0]["value"]
    may_move = port.actor().may(Permission.STOCK_MOVE)
    return [
        html.H3(_("Receive goods")),
        html.Div(
            [
                dmc.Select(id=ITEM, label=_("Item"), data=options, value=first, searchable=True, miw=240),
                dmc.NumberInput(
                    id=QUANTITY, label=_("Units came"), value=missing_of(order, first) or "", min=1, allowDecimal=False
                ),
                dmc.TextInput(id=LOT, label=_("Lot")),
                dmc.TextInput(
                    id=EXPIRY,
                    label=_("Expiry"),
                    placeholder="2027-06-30",
                    description=_("Without one it waits in quarantine until a second person has confirmed it"),
                ),
                dmc.TextInput(
                    id=SERIALS, label=_("Serial numbers"), description=_("Parted by commas; for single pieces only")
                ),
                html.Button(_("Add to the delivery"), id=ADD, className="action", n_clicks=0, disabled=not may_move),
            ],
            className="filters",
        ),
        dcc.Store(id=CAME, data=[]),
        html.Ul(_list([]), id=CAME_LIST, className="plain", **attributes(aria_live="polite")),
        _closing(port, may_move=may_move),
    ]


def _closing(port: HospitalPort, *, may_move: bool) -> Component:
    may_buy = port.actor().may(Permission.STOCK_BUY)
    return html.Div(
        [
            dmc.TextInput(
                id=WITNESS, label=_("Witness"), description=_("User id of a second person, for controlled drugs")
            ),
            dmc.Checkbox(id=LAST, label=_("Nothing more will come"), checked=False, mt="xl"),
            dmc.TextInput(id=REASON, label=_("Why the rest will not come"), miw=240),
            html.Button(_("Take in"), id=RECEIVE, className="action primary", n_clicks=0, disabled=not may_move),
            asks_first(
                html.Button(
                    _("Close without the rest"), id=CLOSE, className="action", n_clicks=0, disabled=not may_buy
                ),
                _("What is missing counts as on its way no more; what came stays."),
                REASON,
            ),
        ],
        className="filters",
    )


def _list(told: Told) -> list[Component]:
    texts = [str(entry["text"]) for entry in told]
    return told_items(CAME, texts, _("Add each lot that came; the rest of the order stays open."))


def day_entered(text: str | None) -> date | None:
    """Give the day of an expiry as it was keyed; None for an empty field.

    Raises
    ------
    InputError
        If it is no day.
    """
    plain = (text or "").strip()
    if not plain:
        return None
    try:
        return date.fromisoformat(plain)
    except ValueError as error:
        raise InputError(f"Expected a day as 2027-06-30, got {plain!r}.", code="input.day") from error


def _entry(port: HospitalPort, item: str, told: Sequence[Any]) -> dict[str, Any]:
    quantity, lot, expiry, serials = told
    with port.read() as session:
        names, is_tracked = items.names(session), buying.is_tracked(session, item)
    count = whole(quantity, _("Units came"))
    lot_number = needed(lot, _("Lot")).strip() if is_tracked else (lot or "").strip()
    day = day_entered(expiry)
    pieces = [each.strip() for each in (serials or "").split(",") if each.strip()]
    facts = [number(count), lot_number, day.isoformat() if day else "", ", ".join(pieces)]
    return {
        "item": item,
        "quantity": count,
        "lot": lot_number,
        "expiry": day.isoformat() if day else "",
        "serials": pieces,
        "text": f"{names.get(item, item)} · " + " · ".join(fact for fact in facts if fact),
    }


def _receipts(told: Told, order: Order, zone: ZoneInfo) -> list[Receipt]:
    return [
        Receipt(
            item=str(entry["item"]),
            quantity=int(entry["quantity"]),
            place=order.place,
            lot_number=str(entry["lot"]),
            expires_at=end_of_day(date.fromisoformat(entry["expiry"]), zone) if entry["expiry"] else 0,
            serials=tuple(entry["serials"]),
        )
        for entry in told
    ]


def take_in(port: HospitalPort, order_id: str, told: Sequence[Any]) -> str:
    """Take a delivery in as it was put together; gives what is said of it.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    order_id : str
        Number of the order.
    told : Sequence
        Lines, whether nothing more will come, why, and who saw it besides.
    """
    lines, is_last, reason, witness = told
    with port.read() as session:
        order, names = buying.order(session, order_id), items.names(session)
    arrival = Arrival(
        order=order_id,
        receipts=_receipts(needed(lines, _("Add to the delivery")), order, ZoneInfo(port.settings.time_zone)),
        is_last=bool(is_last),
        reason=reason or "",
    )
    done = actions.receive(port, arrival, (witness or "").strip())
    differs = difference_text(done.differences, names)
    return _("Taken in. It differs: {what}").format(what=differs) if differs else _("Taken in, as expected.")


def register_deliveries(
    callbacks: Callbacks, port: HospitalPort, after: Sequence[Output], shown: Callable[[str, str, str], Any]
) -> None:
    """Register putting a delivery together, taking it in, and closing an order without its rest.

    Parameters
    ----------
    callbacks : Callbacks
        Where they are registered.
    port : HospitalPort
        The hospital.
    after : Sequence[Output]
        What of the page follows an act.
    shown : Callable
        Gives the values of ``after``, by the address's query, what is said, and the order.
    """
    register_told(callbacks, CAME, CAME_LIST, _list, permission=Permission.STOCK_MOVE)
    _register_lines(callbacks, port)
    order, search = State(CHOSEN, "value"), State(URL, "search")

    @callbacks.add(
        *after,
        Input(RECEIVE, "n_clicks"),
        order,
        search,
        *(State(CAME, "data"), State(LAST, "checked"), State(REASON, "value"), State(WITNESS, "value")),
        permission=Permission.STOCK_MOVE,
        prevent_initial_call=True,
    )
    def receive(_clicks: int, chosen: str | None, query: str, *told: Any) -> Any:
        known = needed(chosen, _("Order"))
        return shown(query, take_in(port, known, told), known)

    @callbacks.add(
        *after,
        Input(CLOSE, "n_clicks"),
        order,
        search,
        State(REASON, "value"),
        permission=Permission.STOCK_BUY,
        prevent_initial_call=True,
    )
    def close(_clicks: int, chosen: str | None, query: str, reason: str | None) -> Any:
        known = needed(chosen, _("Order"))
        actions.close_rest(port, known, needed(reason, _("Why the rest will not come")))
        return shown(query, _("Closed without the rest."), known)


def _register_lines(callbacks: Callbacks, port: HospitalPort) -> None:
    common: dict[str, Any] = {"permission": Permission.STOCK_MOVE, "prevent_initial_call": True}

    @callbacks.add(
        Output(CAME, "data", allow_duplicate=True),
        *(Output(field, "value", allow_duplicate=True) for field in _FIELDS),
        Input(ADD, "n_clicks"),
        State(CAME, "data"),
        State(ITEM, "value"),
        *(State(field, "value") for field in _FIELDS),
        **common,
    )
    def add(_clicks: int, came: Told | None, item: str | None, *told: Any) -> Any:
        entry = _entry(port, needed(item, _("Item")), told)
        return [*(came or []), entry], "", "", "", ""

    @callbacks.add(
        Output(QUANTITY, "value", allow_duplicate=True),
        Input(ITEM, "value"),
        State(CHOSEN, "value"),
        State(CAME, "data"),
        **common,
    )
    def propose_quantity(item: str | None, chosen: str | None, came: Told | None) -> int | str:
        if not item or not chosen:
            return ""
        with port.read() as session:
            found = buying.order(session, chosen)
        added = sum(int(entry["quantity"]) for entry in came or [] if entry["item"] == item)
        return max(0, missing_of(found, item) - added) or ""
