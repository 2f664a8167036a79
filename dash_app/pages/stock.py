"""Stock.

Opened by logistics staff, to see what is empty or low and where. From a line one goes to the tasks that bring it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.pages import listing
from dash_app.pages.guard import Callbacks
from dash_app.pages.listing import Filter, Listing
from dash_app.pages.page import Page, Visit
from dash_app.pages.paging import Rows
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import panel
from dash_app.pages.tables import Column
from dash_app.queries import items, stock, stock_parts
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number, percent
from twin.access import Permission
from twin.clock import DAY_US


def _columns() -> list[Column]:
    return [
        Column(field="item", title=_("Item"), width=190),
        Column(field="place", title=_("Place"), width=170),
        Column(field="state", title=_("State"), width=110),
        Column(field="quantity", title=_("On hand"), width=110, is_number=True),
        Column(field="usable", title=_("May be handed out"), width=130, is_number=True),
        Column(field="apart", title=_("Held apart"), width=110, is_number=True),
        Column(field="why_apart", title=_("Why apart"), width=170),
        Column(field="reorder", title=_("Reorder point"), width=120, is_number=True),
        Column(field="par", title=_("Par level"), width=110, is_number=True),
        Column(field="lots", title=_("Lots"), width=90, is_number=True),
        Column(field="out_at", title=_("Runs out"), width=170),
        Column(field="moved", title=_("Last movement"), width=130, is_age=True),
    ]


def _runs_out(row: stock.StockRow) -> str:
    if not row.stockout_at:
        return ""
    return f"{moment(row.stockout_at)} ({percent(row.stockout_probability)})"


def _why_apart(reasons: Mapping[str, int]) -> str:
    """Give in words how much is held apart and why, such as ``Recalled 12, Expired 3``."""
    return ", ".join(f"{codes.code_text(codes.LOT_REASONS, code)} {number(count)}" for code, count in reasons.items())


def _rows(port: HospitalPort, query: dict[str, str]) -> Rows:
    place, item = query.get("place", ""), query.get("item", "")
    with port.read() as session:
        names = items.names(session)
        parts = stock_parts.parts(session, now=port.clock.now(), place=place, item=item)
    reasons = {key: each.apart for key, each in parts.items() if each.apart}
    found = stock.rows(
        port.state(),
        place=place,
        item=item,
        code=query.get("state", ""),
        chinese=wants_chinese(),
        apart={key: each.total() for key, each in reasons.items()},
    )
    return [
        {
            "id": f"{row.place}|{row.item}",
            "item": names.get(row.item, row.item),
            "place": row.place_name,
            "state": codes.code_text(codes.STOCK_STATES, row.state_code),
            "quantity": row.quantity,
            "usable": row.usable,
            "apart": row.quantity - row.usable or None,
            "why_apart": _why_apart(reasons.get((row.place, row.item), {})),
            "reorder": row.reorder_point,
            "par": row.par_level,
            "lots": row.lots,
            "out_at": _runs_out(row),
            "moved": row.moved_at,
            # Not shown: what the sentence above the table counts.
            "code": row.state_code,
            "stockout_at": row.stockout_at,
        }
        for row in found
    ]


def _summary(port: HospitalPort, rows: Rows) -> str:
    counts = Counter(str(row["code"]) for row in rows)
    now = port.clock.now()
    within = range(now, now + DAY_US)
    planned = [row for row in rows if row["code"] != "unplanned"]
    return _(
        "Lines: {count}, with a par level: {planned}, empty: {empty}, low: {low}, out within 24 h: {soon}, "
        "with goods held apart: {apart}"
    ).format(
        count=number(len(rows)),
        apart=number(sum(bool(row["apart"]) for row in rows)),
        planned=number(len(planned)),
        empty=number(counts["out"]),
        low=number(counts["low"]),
        soon=number(sum(row["stockout_at"] in within for row in planned)),
    )


def _places(port: HospitalPort) -> list[dict[str, str]]:
    return [{"value": key, "label": name} for key, name in stock.places(port.state(), chinese=wants_chinese())]


def _items(port: HospitalPort) -> list[dict[str, str]]:
    with port.read() as session:
        names = items.names(session)
    found = [{"value": key, "label": names.get(key, key)} for key in stock.item_ids(port.state())]
    return sorted(found, key=lambda option: option["label"])


LISTING = Listing(
    key="stock",
    permission=Permission.STOCK_READ,
    filters=(
        Filter(name="place", label=lambda: _("Place"), options=_places),
        Filter(name="item", label=lambda: _("Item"), options=_items),
        Filter(
            name="state",
            label=lambda: _("State"),
            options=lambda port: codes.choices(codes.STOCK_STATES, codes.STOCK_STATES),
        ),
    ),
    columns=_columns,
    rows=_rows,
    summary=_summary,
    is_paged=True,
)


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _(
        "What each place holds and should hold, the emptiest first. Quantities are in base units; what is recalled, in "
        "quarantine or expired lies apart and does not count as stock."
    )
    return html.Div([listing.layout(LISTING, port, visit, _("Stock"), lead), html.Div(_further(), className="below")])


def _further() -> Component:
    links = (
        (_("Lots, expiry and recalls"), "/ui/lots"),
        (_("Case carts"), "/ui/cases"),
        (_("Shortages and substitutes"), "/ui/shortages"),
        (_("Duplicates in the item master"), "/ui/item-master"),
        (_("Places of the stock"), "/ui/stock-places"),
        (_("Running register"), "/ui/register"),
    )
    return panel(
        _("More about stock"),
        html.P([part for text, address in links for part in (dcc.Link(text, href=address, className="action"), " ")]),
        wide=True,
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the table's callbacks."""
    listing.register(LISTING, callbacks, port)


PAGE = Page(
    path="/stock",
    also="/inventory",
    title=mark("Stock"),
    permission=Permission.STOCK_READ,
    layout=layout,
    register=register,
    position=30,
    section=mark("Supplies and tasks"),
    icon="stock",
)
