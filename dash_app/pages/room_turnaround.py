"""Panel of the reprocessing board: how long rooms take to be disinfected and ready again."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from assets.rules.quantiles import Quantile
from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import reprocessing
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import duration

DAYS = 7


def quantile_text(found: Quantile) -> str:
    """Write a time with its interval and what it rests on, or that it is too little to say."""
    if found.point is None:
        return _("too few (n = {n})").format(n=found.n)
    low = duration(found.low) if found.low is not None else "…"
    high = duration(found.high) if found.high is not None else "…"
    return _("{point} ({low} – {high}; n = {n})").format(point=duration(found.point), low=low, high=high, n=found.n)


def turnaround_panel(port: HospitalPort) -> Component:
    """Build the panel.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    state, now, chinese = port.state(), port.clock.now(), wants_chinese()
    with port.read() as session:
        found = reprocessing.room_turnaround(session, state, now=now, days=DAYS)
    # A ward in which no bed changed hands says nothing; its line would only hide those that do.
    found = [one for one in found if one.not_ready or one.median.n or one.doses]
    title = _("Rooms: from leaving to ready")
    if not found:
        return panel(title, html.P(_("No bed was made ready in the last days.")), wide=True)
    rows: list[list[Cell]] = [
        [
            place_name(state, one.ward, chinese=chinese),
            one.not_ready,
            quantile_text(one.median),
            quantile_text(one.ninth),
            quantile_text(one.waited),
            quantile_text(one.cleaned),
            _("{reached} of {doses}").format(reached=one.doses_reached, doses=one.doses),
        ]
        for one in found
    ]
    headings = [
        _("Ward"),
        _("Not ready now"),
        _("Half ready after (90 %)"),
        _("Nine of ten ready after (90 %)"),
        _("Wait, median (90 %)"),
        _("Cleaning, median (90 %)"),
        _("UV doses that reached their target"),
    ]
    note = _("Last {days} days. A dose that was reached says nothing of what was left on surfaces.").format(days=DAYS)
    return panel(title, html.P(note, className="secondary"), table(title, headings, rows), wide=True)
