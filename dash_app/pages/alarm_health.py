"""Alarm health.

Opened by whoever answers for the alarms, to see whether people can still trust and follow them: how many come, whether
they come in floods, and which few sources make most of the noise. From a source one goes to what raises it.
"""

from __future__ import annotations

from typing import Any

from dash import Input, Output, dcc, html
from dash.development.base_component import Component

from dash_app.pages.address import TICK
from dash_app.pages.filters import export_button
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import empty, page_head, panel, shape
from dash_app.pages.tables import Cell, Column, csv_text, table
from dash_app.queries.alarm_health import AlarmHealth, Figure, Source, alarm_health
from dash_app.queries.names import subject_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.alarm_classes import alarm_text, filled
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number, percent
from twin.access import Permission
from twin.events.watch import AlarmPriority

CONTENT = "alarm-health-content"
EXPORT = "alarm-health-export"
FIGURES = {
    "per_hour": mark("Alarms per hour, mean"),
    "per_day": mark("Alarms per day, mean"),
    "most_in_ten_minutes": mark("Most alarms within ten minutes"),
    "flood_share": mark("Share of time in a flood"),
    "high_share": mark("Share of P1"),
    "medium_share": mark("Share of P2"),
    "chattering": mark("Sources that chatter (three times in a minute)"),
    "stale": mark("Active for more than a day"),
    "minutes_to_acknowledge": mark("Minutes until acknowledged, mean"),
}


def _value(figure: Figure, value: float) -> str:
    if figure.key.endswith("_share"):
        return percent(value)
    return number(value, 0 if value == int(value) else 1)


def _verdict(figure: Figure) -> Component:
    if figure.is_in_order:
        return html.Span(_("in order"))
    return html.Span([shape(AlarmPriority.MEDIUM), _("too much")], className="status p2")


def _figures(health: AlarmHealth) -> Component:
    rows: list[list[Cell]] = [
        [
            codes.code_text(FIGURES, one.key),
            _value(one, one.value),
            _("at most {value}").format(value=_value(one, one.target)),
            _verdict(one),
        ]
        for one in health.figures
    ]
    headings = [_("Figure"), _("Found"), _("Wanted"), _("Verdict")]
    return table(_("Alarm health"), headings, rows)


def _what(port: HospitalPort, source: Source) -> str:
    subject = subject_name(port.state(), source.subject_id, chinese=wants_chinese())
    return filled(alarm_text(source.alarm_class).message, {"subject": subject, "place": "…"})


def _sources(port: HospitalPort, health: AlarmHealth) -> Component:
    rows: list[list[Cell]] = [
        [_what(port, source), number(source.count), percent(source.share)] for source in health.sources
    ]
    return table(_("What raises most alarms"), [_("Alarm"), _("Times"), _("Share of all")], rows)


def content(port: HospitalPort) -> list[Component]:
    """Build the figures.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    health = alarm_health(port.state(), port.clock.now())
    if not health.count:
        return [empty(_("No alarm in the last seven days"), _("Nothing to judge yet."))]
    summary = _("{count} alarms since {time}: {high} P1, {medium} P2, {low} P3").format(
        count=number(health.count),
        time=moment(health.since),
        high=percent(health.share_by_priority[AlarmPriority.HIGH]),
        medium=percent(health.share_by_priority[AlarmPriority.MEDIUM]),
        low=percent(health.share_by_priority[AlarmPriority.LOW]),
    )
    return [
        html.P(summary, className="summary"),
        html.Div(
            [
                panel(_("Figures"), _figures(health)),
                panel(_("What raises most alarms"), _sources(port, health)),
            ],
            className="panels",
        ),
    ]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    lead = _("Whether alarms can be trusted and followed, by the figures of ISA-18.2 for one position.")
    acts: list[Component] = [dcc.Link(_("Alarms"), href="/ui/alarms", className="action")]
    if port.actor().may(Permission.EXPORT_RUN):
        acts.append(export_button(EXPORT))
    return html.Div([page_head(_("Alarm health"), lead, *acts), html.Div(content(port), id=CONTENT)])


def _csv(port: HospitalPort) -> str:
    health = alarm_health(port.state(), port.clock.now())
    columns = [
        Column(field="name", title=_("Alarm")),
        Column(field="count", title=_("Times"), is_number=True),
        Column(field="share", title=_("Share of all")),
    ]
    rows: list[dict[str, object]] = [
        {"name": _what(port, source), "count": source.count, "share": percent(source.share)}
        for source in health.sources
    ]
    return csv_text(columns, rows)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the refresh and the export."""

    @callbacks.add(
        Output(CONTENT, "children"), Input(TICK, "data"), permission=Permission.ALARMS_READ, prevent_initial_call=True
    )
    def refresh(_tick: Any) -> list[Component]:
        return content(port)

    @callbacks.add(
        Output(f"{EXPORT}-download", "data"),
        Input(EXPORT, "n_clicks"),
        permission=Permission.EXPORT_RUN,
        prevent_initial_call=True,
    )
    def export(_clicks: int) -> dict[str, object]:
        port.actor().require(Permission.ALARMS_READ)
        return {"content": _csv(port), "filename": "alarm-health.csv", "type": "text/csv;charset=utf-8"}


PAGE = Page(
    path="/alarms/health",
    title=mark("Alarm health"),
    permission=Permission.ALARMS_READ,
    layout=layout,
    register=register,
    icon="alarm",
)
