"""Device fleet, and the page of one device.

Opened by the biomedical engineer, to see which devices may not be used and why, and where each one is. From a row one
goes to the device, from the device to its place on the map.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.pages import listing
from dash_app.pages.address import TICK, URL
from dash_app.pages.device_entry import entry_desk, register_entry
from dash_app.pages.device_life import evidence_link, life_panels
from dash_app.pages.device_permit import permit_desk, register_permits
from dash_app.pages.device_state import register_state, state_desk
from dash_app.pages.device_ties import register_ties, ties_desk
from dash_app.pages.filters import detail_address
from dash_app.pages.guard import Callbacks
from dash_app.pages.listing import Filter, Listing
from dash_app.pages.page import Page, Visit
from dash_app.pages.paging import Rows
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel, shape, since
from dash_app.pages.tables import Column
from dash_app.queries import devices, overview
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.happenings import happening_text
from dash_app.texts.moments import moment, number, percent
from twin.access import Permission

CONTENT = "device-content"


def _reasons(row: devices.DeviceRow) -> str:
    if row.is_usable:
        return _("Usable")
    found = [codes.code_text(codes.AVAILABILITY_REASONS, reason) for reason in row.reasons]
    return "; ".join(found) or _("Not usable")


def _columns() -> list[Column]:
    return [
        Column(field="link", title=_("Device"), width=180, is_link=True),
        Column(field="use", title=_("May it be used"), width=150),
        Column(field="place", title=_("Place"), width=140),
        Column(field="seen", title=_("Last seen"), width=120, is_age=True),
        Column(field="confidence", title=_("Confidence"), width=105),
        Column(field="alarm", title=_("Alarm"), width=80),
        Column(field="category", title=_("Kind"), width=120),
        Column(field="model", title=_("Model"), width=95),
        Column(field="readiness", title=_("Cleanliness"), width=115),
    ]


def _rows(port: HospitalPort, query: dict[str, str]) -> Rows:
    found = devices.rows(
        port.state(),
        port.clock.now(),
        category=query.get("kind", ""),
        use=query.get("use", ""),
        chinese=wants_chinese(),
    )
    return [
        {
            "id": row.position.asset,
            "link": detail_address("devices", row.position.asset),
            "link_text": row.position.name,
            "category": codes.code_text(codes.CATEGORIES, row.position.category),
            "model": row.model,
            "use": _reasons(row),
            "readiness": codes.code_text(codes.READINESS, row.readiness),
            "place": row.position.place_name,
            "seen": row.position.seen_at,
            "confidence": percent(row.position.confidence),
            "alarm": row.position.priority.value if row.position.priority is not None else "",
        }
        for row in found
    ]


def _summary(port: HospitalPort, rows: Rows) -> str:
    unusable = sum(row["use"] != _("Usable") for row in rows)
    text = _("Devices: {count}, not usable: {unusable}; tags lost in the house: {lost}")
    return text.format(
        count=number(len(rows)), unusable=number(unusable), lost=number(overview.lost_tags(port.state()))
    )


def _kinds(port: HospitalPort) -> list[dict[str, str]]:
    held = tuple(port.state().assets.values())
    return codes.choices(codes.CATEGORIES, sorted({asset.entry.category for asset in held if asset.entry is not None}))


def _uses(port: HospitalPort) -> list[dict[str, str]]:
    return [{"value": "usable", "label": _("Usable")}, {"value": "unusable", "label": _("Not usable")}]


LISTING = Listing(
    key="devices",
    permission=Permission.DEVICES_READ,
    filters=(
        Filter(name="kind", label=lambda: _("Kind"), options=_kinds),
        Filter(name="use", label=lambda: _("May it be used"), options=_uses),
    ),
    columns=_columns,
    rows=_rows,
    summary=_summary,
    is_paged=True,
)


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the fleet's page."""
    lead = _("Every device: whether it may be used and why not, where it is and how long ago it was seen.")
    return listing.layout(LISTING, port, visit, _("Devices"), lead)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the fleet's callbacks."""
    listing.register(LISTING, callbacks, port)


def _facts(row: devices.DeviceRow, chips: Sequence[str], now: int) -> Component:
    found = row.position
    facts: list[tuple[str, Component | str]] = [
        (_("May it be used"), _reasons(row)),
        (
            _("Place"),
            dcc.Link(found.place_name, href=f"/ui/map?sel={quote(found.asset, safe='')}")
            if found.place_name
            else _("unknown place"),
        ),
        (_("Last seen"), since(found.seen_at, now)),
        (_("Confidence"), percent(found.confidence)),
        (_("Known by"), codes.code_text(codes.BASES, found.basis) + (_(", tag lost") if found.is_lost else "")),
        (_("Kind"), codes.code_text(codes.CATEGORIES, found.category)),
        (_("Model"), row.model or "–"),
        (_("Serial number"), row.serial or "–"),
        (_("Home"), row.home or "–"),
        (_("Cleanliness"), codes.code_text(codes.READINESS, row.readiness) or "–"),
        (_("Operating status"), codes.code_text(codes.DEVICE_STATUSES, row.status) or "–"),
        (_("Tags"), ", ".join(found.tags) or "–"),
        (_("Chips of its tags"), ", ".join(chips) or "–"),
    ]
    return html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")


def _next_steps(port: HospitalPort, asset: str) -> list[tuple[str, str]]:
    """Give what is done next with a device: text and address of each form, filled with the device."""
    device = urlencode({"device": asset})
    steps = [
        (_("Show on the map"), f"map?sel={quote(asset, safe='')}"),
        (_("Report an incident"), f"incidents?{device}"),
    ]
    if port.actor().may(Permission.WORK_ORDERS_WRITE):
        steps += [
            (_("Open a work order"), f"checklists?{device}"),
            (_("Enter a calibration"), f"calibrations?{device}"),
            (_("Chart a figure"), f"drift?{device}"),
        ]
    return steps


def _line(entry: devices.Happening) -> Component:
    return html.Li([html.Time(moment(entry.at), dateTime=str(entry.at)), happening_text(entry.kind, entry.detail)])


def device_content(port: HospitalPort, asset: str) -> list[Component]:
    """Build what is known of one device.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    asset : str
        Id of the device.
    """
    state, now = port.state(), port.clock.now()
    row = devices.one(state, asset, now, chinese=wants_chinese())
    if row is None:
        return [
            html.H1(asset),
            empty(
                _("No such device is known"),
                _("Search for it, or register it."),
                link="/ui/devices",
                link_text=_("All devices"),
            ),
        ]
    priority = row.position.priority
    told = _("An alarm about it is active.")
    warning = [html.P([shape(priority), f" {priority.value} ", dcc.Link(told, href="/ui/alarms")])] if priority else []
    happenings = devices.timeline(state, asset, chinese=wants_chinese())
    return [
        page_head(
            row.position.name,
            codes.code_text(codes.CATEGORIES, row.position.category),
            *(dcc.Link(text, href=f"/ui/{address}", className="action") for text, address in _next_steps(port, asset)),
            evidence_link(asset),
        ),
        *warning,
        html.Div(
            [
                panel(_("Now"), _facts(row, devices.chips_of(state, row.position.tags), now)),
                panel(_("Latest known"), html.Ul([_line(entry) for entry in happenings], className="timeline")),
                *life_panels(port, asset, row.position.tags, chinese=wants_chinese()),
            ],
            className="panels",
        ),
    ]


def device_layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page of one device; forms stand outside of what refreshes, so that nothing typed is lost."""
    parts: list[Component] = [html.Div(device_content(port, visit.name), id=CONTENT)]
    if devices.one(port.state(), visit.name, port.clock.now()) is not None:
        parts.append(html.Div(state_desk(port, visit.name), className="below"))
        parts.append(html.Div(permit_desk(port, visit.name), className="below"))
        parts.append(html.Div(ties_desk(port, visit.name), className="below"))
        parts += [html.Div(desk, className="below") for desk in entry_desk(port, visit.name)]
    return html.Div(parts)


def register_device(callbacks: Callbacks, port: HospitalPort) -> None:
    """Refresh a device's page when something has happened; permits, its state, its ties and its entry."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(TICK, "data"),
        State(URL, "pathname"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def refresh(_tick: Any, pathname: str) -> list[Component]:
        return device_content(port, Visit.of(pathname).name)

    register_permits(callbacks, port)
    register_state(callbacks, port)
    register_ties(callbacks, port)
    register_entry(callbacks, port)


PAGE = Page(
    path="/devices",
    title=mark("Devices"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=10,
    section=mark("Devices"),
    icon="device",
)
DEVICE_PAGE = Page(
    path="/devices/*",
    title=mark("Device"),
    permission=Permission.DEVICES_READ,
    layout=device_layout,
    register=register_device,
)
