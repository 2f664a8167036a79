"""The report whether a model matches what happened; it stands beside every answer that the model gives."""

from __future__ import annotations

from collections.abc import Mapping

from dash import html
from dash.development.base_component import Component

from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.calibration import FigureShown, MatchShown
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.measures import pool_text
from dash_app.texts.moments import number

FIGURES: Mapping[str, str] = {
    "cases_per_day": mark("Patients a day"),
    "cycle_time_mean_h": mark("Hours from arrival to end, mean"),
    "cycle_time_p90_h": mark("Hours from arrival to end, 90 % within"),
    "present_mean": mark("Patients present, mean"),
    "activities_per_case": mark("Activities of a patient, mean"),
}
POOL_FIGURES: Mapping[str, str] = {
    "present": mark("{name}: patients present, mean"),
    "came_per_day": mark("{name}: patients a day"),
}
DISTANCES: Mapping[str, str] = {
    "ngram": mark("Order of activities, 0 to 1"),
    "cycle_time_h": mark("From arrival to end, hours"),
    "relative_h": mark("Events after arrival, hours"),
    "circadian_h": mark("Hours of the day, hours"),
    "arrivals_per_day": mark("Patients a day"),
}


def figure_text(figure: str, names: Mapping[str, str]) -> str:
    """Give the text of a figure; one of a unit names it, such as ``present.ward-W1``.

    Parameters
    ----------
    figure : str
        As a report names it.
    names : Mapping[str, str]
        Names of the wards by pool.
    """
    head, _dot, pool = figure.partition(".")
    if pool and head in POOL_FIGURES:
        return _(POOL_FIGURES[head]).format(name=pool_text(pool, names))
    return _(FIGURES[figure]) if figure in FIGURES else figure


def match_panel(match: MatchShown | None, names: Mapping[str, str]) -> Component:
    """Give the report as a panel; without one it says that nothing is known.

    Parameters
    ----------
    match : MatchShown or None
        The report.
    names : Mapping[str, str]
        Names of the wards by pool.
    """
    title = _("Does the model match what happened?")
    if match is None:
        told = _("Not known: this pathway was not made from what happened. The page “Fit to a log” makes one that was.")
        return panel(title, html.P(told, className="secondary"), wide=True)
    count = len(match.figures)
    if match.matching == count:
        head = html.P(_("All {count} figures lie within the model's band.").format(count=count), className="summary")
    else:
        text = _("{outside} of {count} figures lie outside the model's band: be careful with what depends on them.")
        head = html.P(text.format(outside=count - match.matching, count=count), className="summary status p2")
    window = _("Fitted before {begin}, checked up to {end}.").format(begin=match.begin[:10], end=match.end[:10])
    headings = [_("Figure"), _("Happened"), _("Model, 95 % band"), _("Median"), _("Verdict")]
    rows: list[list[Cell]] = [_figure_row(one, names) for one in match.figures]
    parts: list[Component] = [head, html.P(window, className="secondary"), table(title, headings, rows)]
    if match.distances:
        parts.append(_distances(match))
    if match.laws:
        parts.append(_laws(match, names))
    return panel(title, *parts, wide=True)


def _laws(match: MatchShown, names: Mapping[str, str]) -> Component:
    title = _("Stays fitted to this hospital's own history")
    headings = [_("Unit"), _("Law"), _("Mean, hours"), _("Observed"), _("Greatest distance (KS)")]
    rows: list[list[Cell]] = [
        [pool_text(one.name, names), one.law, number(one.mean_h, 1), number(one.n), number(one.ks, 3)]
        for one in match.laws
    ]
    return html.Details([html.Summary(title), table(title, headings, rows)], className="as-table")


def _figure_row(one: FigureShown, names: Mapping[str, str]) -> list[Cell]:
    band = _("{low} to {high}").format(low=number(one.low, 2), high=number(one.high, 2))
    verdict = _("within") if one.matches else html.Span(_("outside"), className="status p2")
    return [figure_text(one.figure, names), number(one.real, 2), band, number(one.middle, 2), verdict]


def _distances(match: MatchShown) -> Component:
    title = _("Distances of a simulated log")
    headings = [_("Of"), _("The model"), _("The weeks before")]
    rows: list[list[Cell]] = [
        [_(DISTANCES[name]) if name in DISTANCES else name, number(far, 3), number(near, 3)]
        for name, far, near in match.distances
    ]
    return html.Details([html.Summary(title), table(title, headings, rows)], className="as-table")
