"""Maintenance calendar.

Opened by the biomedical engineer, to see what is due in which week, to spread it over technicians' hours, and to see
which loans, contracts and warranties run out. Due days stay as they are: compliance counts by them.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from assets.rules.shares import Share
from dash_app.actions import devices as actions
from dash_app.charts.bars import grouped
from dash_app.charts.series import Axes
from dash_app.pages.address import TICK, URL
from dash_app.pages.filters import detail_address
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette
from dash_app.pages.states import attributes, empty, page_head, panel, shape
from dash_app.pages.tables import Cell, table
from dash_app.queries import device_planning
from dash_app.queries.names import asset_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes, device_words
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number, percent
from twin.access import Permission
from twin.events.watch import AlarmPriority

CONTENT = "maintenance-content"
PREVIEW = "maintenance-preview"
MINUTES = "maintenance-minutes"
LEVEL = "maintenance-level"
KEEP = "maintenance-keep"
WEEKS = 13
_MINUTES = 2400  # one technician's week


def _zone(port: HospitalPort) -> ZoneInfo:
    return ZoneInfo(port.settings.time_zone)


def _share_text(found: Share) -> str:
    """Write a share with what it rests on and its interval."""
    if found.point is None:
        return "–"
    return _("{share} of {count} (90 % interval {low} – {high})").format(
        share=percent(found.point), count=found.n, low=percent(found.low), high=percent(found.high)
    )


def _figures(found: device_planning.Calendar) -> Component:
    if not found.strict.n:
        kept = _("Nothing was due in the last twelve months.")
    else:
        kept = _("Done within the window: {strict}; without those excused in time: {adjusted}").format(
            strict=_share_text(found.strict), adjusted=_share_text(found.adjusted)
        )
    late = len(found.overdue)
    parts: list[Component] = [html.P(kept)]
    if late:
        text = _("Overdue: {count}").format(count=late)
        parts.append(html.P([shape(AlarmPriority.MEDIUM), " ", text], className="status p2"))
    if found.incidents:
        text = _("Open incidents: {count}").format(count=found.incidents)
        parts.append(html.P([shape(AlarmPriority.HIGH), " ", text], className="status p1"))
    return html.Div(parts)


def _weeks(port: HospitalPort, found: device_planning.Calendar) -> Component:
    rows: list[list[Cell]] = []
    for order in found.overdue:
        rows.append(_row(port, _("overdue"), order))
    for index, week in enumerate(found.weeks):
        monday = device_planning.week_label(found.first_on, index).isoformat()
        rows += [_row(port, monday, order) for order in week]
    headings = [_("Week of"), _("Device"), _("What"), _("Due"), _("Planned")]
    caption = _("Maintenance by week")
    return table(caption, headings, rows) if rows else html.P(_("Nothing is due in these weeks."))


def _row(port: HospitalPort, week: str, order: Any) -> list[Cell]:
    return [
        week,
        dcc.Link(asset_name(port.state(), order.asset), href=detail_address("devices", order.asset)),
        order.title or codes.code_text(device_words.WORK_KINDS, order.kind.value),
        order.due_date,
        order.planned_on or "–",
    ]


def _ending(port: HospitalPort, found: device_planning.Calendar) -> Component:
    rows: list[list[Cell]] = [
        [
            codes.code_text(device_words.AGREEMENT_KINDS, one.kind.value),
            ", ".join(asset_name(port.state(), asset) for asset in one.assets[:5]),
            one.party or "–",
            one.ends_on.isoformat(),
            one.act_by.isoformat(),
        ]
        for one in found.running_out
    ]
    headings = [_("What"), _("Devices"), _("With"), _("Ends"), _("Act by")]
    return table(_("What runs out"), headings, rows) if rows else html.P(_("Nothing runs out soon."))


def content(port: HospitalPort) -> list[Component]:
    """Build figures, calendar and what runs out."""
    with port.read() as session:
        found = device_planning.calendar(session, now=port.clock.now(), zone=_zone(port), weeks=WEEKS)
    if not any(found.weeks) and not found.overdue and not found.running_out:
        return [
            _figures(found),
            empty(_("No maintenance is planned"), _("Give devices maintenance rules, then generate their orders.")),
        ]
    return [
        _figures(found),
        html.Div(
            [
                panel(_("Maintenance by week"), _weeks(port, found), wide=True),
                panel(_("What runs out"), _ending(port, found), wide=True),
            ],
            className="panels",
        ),
    ]


def _levelling(port: HospitalPort) -> Component:
    may_keep = port.actor().may(Permission.WORK_ORDERS_WRITE)
    buttons: list[Component] = [html.Button(_("Show spread"), id=LEVEL, className="action primary", n_clicks=0)]
    if may_keep:
        buttons.append(html.Button(_("Keep this plan"), id=KEEP, className="action", n_clicks=0))
    return panel(
        _("Spread over the weeks"),
        html.P(_("Each order stays within its window; only the week for which it is planned changes.")),
        html.Div(
            className="filters",
            children=[
                dmc.NumberInput(
                    id=MINUTES,
                    label=_("Technicians' minutes a week"),
                    value=_MINUTES,
                    min=0,
                    step=60,
                    max=1_000_000,
                    hideControls=True,
                ),
                *buttons,
            ],
        ),
        html.Div(id=PREVIEW, role="status"),
        wide=True,
    )


def _spread(port: HospitalPort, minutes: int) -> list[Component]:
    with port.read() as session:
        found = device_planning.levelled(
            session, now=port.clock.now(), zone=_zone(port), weeks=WEEKS, minutes=max(int(minutes), 0)
        )
    plan = found.plan
    if not found.orders:
        return [html.P(_("Nothing is due in these weeks."))]
    weeks = [device_planning.week_label(found.first_on, index).isoformat() for index in range(WEEKS)]
    text = _(
        "Heaviest week {before} → {after} minutes, variation {var_before} → {var_after}, "
        "beyond the hours {over} minutes"
    ).format(
        before=number(max(plan.load_before)),
        after=number(max(plan.load_after)),
        var_before=number(plan.variation_before, 2),
        var_after=number(plan.variation_after, 2),
        over=number(plan.overtime_minutes),
    )
    bars = [(_("By due day"), plan.load_before), (_("Spread"), plan.load_after)]
    figure = grouped(weeks, bars, Axes(x=_("Week of"), y=_("Minutes")), palette())
    rows: list[list[Cell]] = [
        [week, before, after] for week, before, after in zip(weeks, plan.load_before, plan.load_after, strict=True)
    ]
    title = _("Minutes by week")
    return [
        html.P(text),
        html.Div(
            dcc.Graph(figure=figure, config=chart_config(), style={"height": "260px"}),
            role="img",
            **attributes(aria_label=title),
        ),
        html.Details(
            [html.Summary(_("Table view")), table(title, [_("Week of"), _("By due day"), _("Spread")], rows)],
            className="as-table",
        ),
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("What is due in which week, what is overdue, and what runs out.")
    return html.Div(
        [
            page_head(_("Maintenance"), lead),
            html.Div(content(port), id=CONTENT),
            html.Div(_levelling(port), className="below"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register refresh, preview and keeping."""

    @callbacks.add(
        Output(CONTENT, "children"),
        Input(TICK, "data"),
        State(URL, "search"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def refresh(_tick: Any, _search: str) -> list[Component]:
        return content(port)

    @callbacks.add(
        Output(PREVIEW, "children"),
        Input(LEVEL, "n_clicks"),
        State(MINUTES, "value"),
        permission=Permission.DEVICES_READ,
        prevent_initial_call=True,
    )
    def preview(_clicks: int, minutes: float | None) -> list[Component]:
        return _spread(port, int(minutes or 0))

    @callbacks.add(
        Output(PREVIEW, "children", allow_duplicate=True),
        Output(CONTENT, "children", allow_duplicate=True),
        Input(KEEP, "n_clicks"),
        State(MINUTES, "value"),
        permission=Permission.WORK_ORDERS_WRITE,
        prevent_initial_call=True,
    )
    def keep(_clicks: int, minutes: float | None) -> Any:
        changed = actions.keep_levelled(port, weeks=WEEKS, minutes=max(int(minutes or 0), 0), zone=_zone(port))
        return html.P(_("Orders planned for another week: {count}").format(count=changed)), content(port)


PAGE = Page(
    path="/maintenance",
    title=mark("Maintenance"),
    permission=Permission.DEVICES_READ,
    layout=layout,
    register=register,
    position=14,
    section=mark("Devices"),
    icon="task",
)
