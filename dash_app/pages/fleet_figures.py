"""Use and cost of devices.

Opened by the biomedical engineer and the administrator, to see which kinds stand unused and which models cost more to
serve than they are worth, before new ones are bought. Each figure stands with its number of devices and interval.
"""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.rules.fleet_figures import Estimate, TimeUse
from assets.service.fleet_figures import CostRatio, Utilisation
from dash_app.pages.address import URL, query_of, search_with
from dash_app.pages.device_life import money_text
from dash_app.pages.filters import select
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reliability import device_kinds
from dash_app.pages.states import empty, page_head, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import fleet_figures
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number
from twin.access import Permission

CONTENT = "fleet-figures-content"
KIND = "fleet-figures-kind"
DAYS = "fleet-figures-days"
SPANS = ("1", "7", "30")
SHOWN = 200


def estimate_text(found: Estimate, decimals: int = 0) -> str:
    """Write a share with its interval and number of devices, or that it is too little to say."""
    if found.point is None or found.low is None or found.high is None:
        return _("too few devices (n = {n})").format(n=found.n)
    point, low, high = (number(100 * value, decimals) for value in (found.point, found.low, found.high))
    return _("{point} % ({low} – {high}; n = {n})").format(point=point, low=low, high=high, n=found.n)


def _use(found: list[Utilisation]) -> Component:
    others = [use for use in TimeUse if use is not TimeUse.IN_USE]
    rows: list[list[Cell]] = [
        [
            codes.code_text(codes.CATEGORIES, one.category),
            estimate_text(one.in_use),
            estimate_text(one.running),
            *(estimate_text(one.shares[use]) for use in others),
        ]
        for one in found
    ]
    headings = [
        _("Kind"),
        _("In use, at most (90 %)"),
        _("Ran, of those that report (90 %)"),
        *(codes.code_text(device_words.TIME_USES, use.value) for use in others),
    ]
    return table(_("Use by zones"), headings, rows, most=SHOWN)


def _costs(found: list[CostRatio]) -> Component:
    rows: list[list[Cell]] = [
        [
            f"{one.manufacturer} {one.model}".strip() or "–",
            codes.code_text(codes.CATEGORIES, one.category),
            one.devices,
            one.without_price,
            one.orders,
            money_text(one.work_cost),
            money_text(one.contract_cost),
            money_text(one.paid),
            estimate_text(one.by_acquisition, 1),
            estimate_text(one.by_replacement, 1),
        ]
        for one in found
    ]
    headings = [
        _("Model"),
        _("Kind"),
        _("Devices"),
        _("Without a price"),
        _("Orders"),
        _("Cost of work"),
        _("Cost of contracts"),
        _("Paid for them"),
        _("Service by price paid (90 %)"),
        _("Service by price of new ones (90 %)"),
    ]
    return table(_("Cost of service in twelve months"), headings, rows, most=SHOWN)


def content(port: HospitalPort, query: dict[str, str]) -> list[Component]:
    """Build both tables.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    query : dict[str, str]
        ``kind`` of device and ``days`` back.
    """
    days = int(query["days"]) if query.get("days") in SPANS else int(SPANS[1])
    with port.read() as session:
        found = fleet_figures.figures(session, port, days=days, category=query.get("kind", ""))
    if not found.costs and not found.uses:
        return [empty(_("No device is registered"), _("Register devices with their price, or import them."))]
    note = _(
        "A device that reports itself is in use while it runs. Of others only the zone is known: they were used at "
        "most so much. All shares are means over devices, with 90 % intervals. Last {days} days."
    )
    uses: Component = _use(found.uses) if found.uses else html.P(_("No device was seen by a reader in this time."))
    return [
        html.Div(
            [
                panel(_("Use by zones"), html.P(note.format(days=days), className="secondary"), uses, wide=True),
                panel(_("Cost of service in twelve months"), _costs(found.costs), wide=True),
            ],
            className="panels",
        )
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Which kinds stand unused, and which models cost most to serve, each with what it rests on.")
    spans = [{"value": days, "label": _("{days} days").format(days=days)} for days in SPANS]
    chosen = visit.query.get("days", "")
    return html.Div(
        [
            page_head(_("Use and cost"), lead),
            html.Div(
                [
                    select(KIND, _("Kind"), device_kinds(port), visit.query.get("kind", "")),
                    select(DAYS, _("Time looked at"), spans, chosen if chosen in SPANS else SPANS[1], may_clear=False),
                ],
                className="filters",
            ),
            dcc.Loading(html.Div(content(port, dict(visit.query)), id=CONTENT), delay_show=300),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the filters; both figures change slowly, so that nothing refreshes by itself."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def show(search: str) -> list[Component]:
        return content(port, query_of(search))

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(KIND, "value"),
        Input(DAYS, "value"),
        State(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def narrow(kind: str | None, days: str | None, search: str) -> Any:
        return search_with(search, kind=kind, days=days)


PAGE = Page(
    path="/fleet-figures",
    title=mark("Use and cost"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=20,
    section=mark("Devices"),
    icon="whatif",
)
