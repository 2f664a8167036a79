"""What the plan board and the roster page show, as CSV for a spreadsheet."""

from __future__ import annotations

from dash import Input, Output
from dash.development.base_component import Component

from dash_app.pages.filters import export_button
from dash_app.pages.guard import Callbacks
from dash_app.pages.reader import wants_chinese
from dash_app.pages.tables import Column, csv_text
from dash_app.queries import plans, roster
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import local, plan_day
from twin.access import Permission

PLANS = "plan-export"
ROSTERS = "roster-export"
KINDS = {"bed": mark("Beds"), "theatre": mark("Theatres"), "shift": mark("Shifts")}


def button(port: HospitalPort, identifier: str) -> list[Component]:
    """Give the button of an export; none for who may not export.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    identifier : str
        :data:`PLANS` or :data:`ROSTERS`.
    """
    return [export_button(identifier)] if port.actor().may(Permission.EXPORT_RUN) else []


def plans_csv(port: HospitalPort) -> str:
    """Give every stay, operation and shift of the plans in force."""
    titles = {
        "kind": _("Kind"),
        "where": _("Where or who"),
        "whom": _("Whom or where"),
        "from": _("From"),
        "to": _("To"),
    }
    rows = [
        {
            "kind": _(KINDS[line.kind]) if line.kind in KINDS else line.kind,
            "where": line.row_name,
            "whom": line.label,
            "from": f"{local(line.start_at):%Y-%m-%d %H:%M}",
            "to": f"{local(line.end_at):%Y-%m-%d %H:%M}",
        }
        for plan in plans.published(port.state(), chinese=wants_chinese())
        for line in plan.lines
    ]
    return csv_text([Column(field=field, title=title) for field, title in titles.items()], rows)


def rosters_csv(port: HospitalPort) -> str:
    """Give every shift of the rosters in force, one row each."""
    titles = {"place": _("Ward"), "who": _("Who"), "day": _("Day"), "shift": _("Shift")}
    rows = [
        {
            "place": ", ".join(found.places) or _("Hospital"),
            "who": row.name,
            "day": plan_day(found.start_at, day),
            "shift": text,
        }
        for found in roster.all_in_force(port.state(), local, chinese=wants_chinese())
        for row in found.rows
        for day, text in sorted(row.shift_by_day.items())
    ]
    return csv_text([Column(field=field, title=title) for field, title in titles.items()], rows)


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register both exports."""

    @callbacks.add(
        Output(f"{PLANS}-download", "data"),
        Input(PLANS, "n_clicks"),
        permission=Permission.EXPORT_RUN,
        prevent_initial_call=True,
    )
    def export_plans(_clicks: int) -> dict[str, object]:
        port.actor().require(Permission.PLANS_READ)
        return {"content": plans_csv(port), "filename": "plan.csv", "type": "text/csv;charset=utf-8"}

    @callbacks.add(
        Output(f"{ROSTERS}-download", "data"),
        Input(ROSTERS, "n_clicks"),
        permission=Permission.EXPORT_RUN,
        prevent_initial_call=True,
    )
    def export_rosters(_clicks: int) -> dict[str, object]:
        port.actor().require(Permission.PLANS_READ)
        return {"content": rosters_csv(port), "filename": "roster.csv", "type": "text/csv;charset=utf-8"}
