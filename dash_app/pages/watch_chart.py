"""Fences and climate: what a room or fridge has measured in the last 24 hours, beside its limits."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.charts import climate
from dash_app.charts.series import Axes, Band, Limit
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, panel
from dash_app.queries import journey
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import local, number, percent


def chart(port: HospitalPort, limit: str) -> Component | None:
    """Build the chart of one limit; None if there is no such limit.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    limit : str
        Its id.
    """
    found = next((one for one in journey.watch_list(port).limits() if one.id == limit), None)
    if found is None:
        return None
    with port.read() as session:
        day = journey.last_day(port, session, found)
    where = place_name(port.state(), found.place, chinese=wants_chinese())
    title = _("{place}: {quantity} in the last 24 hours").format(place=where, quantity=found.quantity)
    if not day.times:
        return panel(title, html.P(_("No sample came within 24 hours: look at the gateway of the device.")), wide=True)
    x = [local(at).strftime("%Y-%m-%d %H:%M") for at in day.times]
    band = Band(name=found.quantity, x=x, low=day.low, middle=day.mean, high=day.high)
    broken = [at for at, low, high in zip(x, day.low, day.high, strict=True) if low < found.low or high > found.high]
    figure = climate.figure(
        band,
        Limit(low=found.low, high=found.high, label=_("outside of limits")),
        Axes(x=_("Time"), y=found.quantity),
        palette(),
        broken=broken,
    )
    # The same in a sentence, for who cannot see the lines.
    summary = _("Lowest {low}, highest {high}; {share} of {count} minutes outside of {least} to {most}.").format(
        low=number(min(day.low), 1),
        high=number(max(day.high), 1),
        share=percent(len(broken) / len(x)),
        count=number(len(x)),
        least=f"{found.low:g}",
        most=f"{found.high:g}",
    )
    graph = html.Div(
        dcc.Graph(figure=figure, config=chart_config(), style={"height": "280px"}),
        role="img",
        **attributes(aria_label=title),
    )
    return panel(title, html.P(summary, className="summary"), graph, wide=True)
