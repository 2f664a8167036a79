"""The part of the plan board that tells what became of the plan in force."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dash_app.pages.reader import wants_chinese
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import adherence as queries
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import duration, moment, number
from scheduling.rules.adherence import Followed, Outcome, counted

MOST_SHOWN = 30
QUIET = frozenset({Outcome.DUE, Outcome.AS_PLANNED})
"""Nothing to act on."""


def _row(port: HospitalPort, one: Followed) -> list[Cell]:
    state, chinese = port.state(), wants_chinese()
    return [
        one.stay.encounter,
        codes.code_text(codes.STAY_OUTCOMES, one.outcome.value),
        moment(one.stay.start_at),
        place_name(state, one.stay.place, chinese=chinese),
        place_name(state, one.room, chinese=chinese) if one.room else "",
        duration(one.delay_s) if one.delay_s > 0 else "",
    ]


def content(port: HospitalPort) -> list[Component]:
    """Build the counts, and those who are not where they were planned; nothing without a plan.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    found = queries.followed(port.state(), port.clock.now())
    if not found:
        return []
    counts = counted(found)
    told = [
        f"{codes.code_text(codes.STAY_OUTCOMES, outcome.value)} {number(count)}"
        for outcome, count in counts.items()
        if count
    ]
    parts: list[Component] = [html.P(" · ".join(told), className="summary")]
    rows = [_row(port, one) for one in found if one.outcome not in QUIET]
    if rows:
        headings = [_("Patient"), _("What became of it"), _("Planned"), _("Planned room"), _("Room"), _("Later by")]
        parts.append(table(_("Who is not as planned"), headings, rows, most=MOST_SHOWN))
    return [panel(_("Planned and happened"), *parts, wide=True)]
