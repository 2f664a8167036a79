"""The answer of a what-if: what is better or worse, what one more of each would bring, and the bands over time."""

from __future__ import annotations

from collections.abc import Mapping

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.charts.series import Axes, Band, banded
from dash_app.pages.calibration import hour_texts
from dash_app.pages.match_shown import match_panel
from dash_app.pages.reader import chart_config, palette
from dash_app.pages.states import attributes, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.whatif import (
    BASE_NAME,
    ONE_MORE,
    Answer,
    Compared,
    Estimate,
    Spread,
    most_apart,
    telling_first,
    told_apart,
)
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.measures import measure_text, pool_text, quantity_text, scale_of
from dash_app.texts.moments import local, number
from twin.clock import HOUR_US

VERDICTS = {"better": mark("better"), "worse": mark("worse"), "not_distinguishable": mark("not distinguishable")}
_MOST_CHARTS = 4
_MOST_ALIKE = 12
SO_FAR = ("wait.wait-for-bay.mean_s", "pool.ed.occupied", "pool.icu.occupied", "patients.left", "cost")


def answer_panels(answer: Answer, names: Mapping[str, str], seed: str) -> list[Component]:
    """Give everything that is known of an answer, the comparison first.

    Parameters
    ----------
    answer : Answer
        With measures.
    names : Mapping[str, str]
        Names of the wards by pool.
    seed : str
        Shown so that the run can be made again; empty if it is not known.
    """
    asked, more = told_apart(answer)
    parts: list[Component] = []
    if asked:
        parts.append(_comparison_panel(asked, names))
    if more:
        parts.append(_one_more_panel(answer, more, names))
    if answer.match is not None or answer.address:
        parts.append(match_panel(answer.match, names))
    if answer.in_place >= 0:
        parts.append(_placed_panel(answer))
    parts += _spread_panels(answer, names)
    parts += _week_panels(answer, names)
    parts.append(_measures_panel(answer, names))
    if answer.address:
        parts.append(_reproduce_panel(answer, seed))
    return parts


def _placed_panel(answer: Answer) -> Component:
    told = _("It began with {count} patients and beds that were in place.").format(count=number(answer.in_place))
    if not answer.left_out:
        return panel(_("Who was in place"), html.P(told))
    rows: list[list[Cell]] = [[node, number(count)] for node, count in answer.left_out.items()]
    without = _("{count} had no place in this pathway and were left out: it has no such node, or holds others there.")
    return panel(
        _("Who was in place"),
        html.P(told),
        html.P(without.format(count=number(sum(answer.left_out.values())))),
        table(_("Left out"), [_("Node"), _("How many")], rows),
    )


def known_so_far(answer: Answer) -> list[Component]:
    """Show how the intervals of a few measures shrink while the run goes on."""
    rows: list[list[Cell]] = [
        [_scenario(scenario), measure_text(measure, {}), _wrote(measures[measure], measure)]
        for scenario, measures in answer.measures.items()
        if not scenario.startswith(ONE_MORE)
        for measure in SO_FAR
        if measure in measures
    ]
    headings = [_("Scenario"), _("Measure"), _("Mean and 95 % interval")]
    return [table(_("Known so far"), headings, rows)] if rows else []


def _wrote(estimate: Estimate | None, measure: str) -> str:
    if estimate is None:
        return "–"
    mean, half_width = estimate.mean / scale_of(measure), estimate.half_width / scale_of(measure)
    if estimate.half_width == float("inf"):
        return _("{mean} (n = {n}, no interval)").format(mean=number(mean, 2), n=estimate.n)
    return _("{mean} ± {half_width} (n = {n})").format(
        mean=number(mean, 2), half_width=number(half_width, 2), n=estimate.n
    )


def _verdict(compared: Compared) -> Component:
    sign = {"better": "▲", "worse": "▼"}.get(compared.verdict, "=")
    css = "status p2" if compared.verdict == "worse" else "status"
    return html.Span(
        [html.Span(sign, **attributes(aria_hidden="true")), _(VERDICTS.get(compared.verdict, compared.verdict))],
        className=css,
    )


def _compared_row(one: Compared, names: Mapping[str, str]) -> list[Cell]:
    found = (one.base, one.changed, one.difference)
    return [measure_text(one.measure, names), *(_wrote(estimate, one.measure) for estimate in found), _verdict(one)]


def _one_more_panel(answer: Answer, more: list[Compared], names: Mapping[str, str]) -> Component:
    def cost(one: Compared) -> Estimate | None:
        found = (c for c in answer.comparisons if (c.scenario, c.measure) == (one.scenario, "cost"))
        return next((c.difference for c in found), None)

    headings = [_("One more"), measure_text(more[0].measure, names), _("Cost"), _("Verdict")]
    rows: list[list[Cell]] = [
        [
            pool_text(one.scenario.removeprefix(ONE_MORE), names),
            _wrote(one.difference, one.measure),
            _wrote(cost(one), "cost"),
            _verdict(one),
        ]
        for one in more
    ]
    title = _("What one more of each would bring")
    told = html.P(_("Difference from the hospital as it is, with the same patients; the most helpful first."))
    return panel(title, told, table(title, headings, rows), wide=True)


def _comparison_panel(asked: list[Compared], names: Mapping[str, str]) -> Component:
    better = sum(one.verdict == "better" for one in asked)
    worse = sum(one.verdict == "worse" for one in asked)
    alike = len(asked) - better - worse
    summary = _("{better} measures better, {worse} worse, {same} not distinguishable at 95 %").format(
        better=better, worse=worse, same=alike
    )
    headings = [_("Measure"), _("Base"), _("Changed"), _("Difference"), _("Verdict")]
    rows = [_compared_row(one, names) for one in telling_first(asked)]
    shown = better + worse + _MOST_ALIKE
    parts: list[Component] = [table(_("Comparison"), headings, rows[:shown])]
    if rows[shown:]:
        rest = table(_("Further measures, not distinguishable"), headings, rows[shown:])
        title = _("Further measures, not distinguishable: {count}").format(count=len(rows) - shown)
        parts.append(html.Details([html.Summary(title), rest], className="as-table"))
    return panel(_("Comparison"), html.P(summary, className="summary"), *parts, wide=True)


def _measures_panel(answer: Answer, names: Mapping[str, str]) -> Component:
    rows: list[list[Cell]] = [
        [_scenario(scenario), measure_text(name, names), _wrote(estimate, name)]
        for scenario, measures in answer.measures.items()
        for name, estimate in sorted(measures.items())
    ]
    headings = [_("Scenario"), _("Measure"), _("Mean and 95 % interval")]
    return html.Details(
        [html.Summary(_("All measures")), table(_("All measures"), headings, rows)], className="as-table"
    )


def _scenario(name: str) -> str:
    return _("as it is") if name == BASE_NAME else name


def _spread_panels(answer: Answer, names: Mapping[str, str]) -> list[Component]:
    found = []
    for name in most_apart(answer.spreads)[:_MOST_CHARTS]:
        title = quantity_text(name, names)
        label = _("{title} over time, mean and the range of 80 % of the runs").format(title=title)
        of_name = [spread for spread in answer.spreads if spread.name == name]
        bands = [_band(one, [local(at).strftime("%Y-%m-%d %H:%M") for at in one.at]) for one in of_name]
        found.append(_bands_panel(title, label, _("Time"), bands))
    return found


def _week_panels(answer: Answer, names: Mapping[str, str]) -> list[Component]:
    """Show the usual week where the runs have seen whole ones."""
    hours = hour_texts()
    found = []
    for name in most_apart(answer.weeks)[:_MOST_CHARTS]:
        title = _("{title} by hour of the week").format(title=quantity_text(name, names))
        label = _("{title}, mean and the range of 80 % of all weeks and runs").format(title=title)
        of_name = [spread for spread in answer.weeks if spread.name == name]
        bands = [_band(one, [hours[at // HOUR_US] for at in one.at]) for one in of_name]
        found.append(_bands_panel(title, label, _("Hour of the week"), bands))
    return found


def _band(spread: Spread, x: list[str]) -> Band:
    return Band(name=_scenario(spread.scenario), x=x, low=spread.low, middle=spread.middle, high=spread.high)


def _bands_panel(title: str, label: str, axis: str, bands: list[Band]) -> Component:
    figure = banded(bands, Axes(x=axis, y=_("Units")), palette())
    rows: list[list[Cell]] = [
        [band.name, x, number(low, 1), number(middle, 1), number(high, 1)]
        for band in bands
        for x, low, middle, high in zip(band.x, band.low, band.middle, band.high, strict=True)
    ]
    headings = [_("Scenario"), axis, _("10 %"), _("Mean"), _("90 %")]
    return panel(
        title,
        html.Div(
            dcc.Graph(figure=figure, config=chart_config(), style={"height": "260px"}),
            role="img",
            **attributes(aria_label=label),
        ),
        html.Details([html.Summary(_("Table view")), table(label, headings, rows)], className="as-table"),
        wide=True,
    )


def _reproduce_panel(answer: Answer, seed: str) -> Component:
    return panel(
        _("Compute it again"),
        html.P(_("The same state, changes, seed and engine give the same figures.")),
        *([html.P([_("Seed: "), html.Code(seed)])] if seed else []),
        html.P([_("Hash: "), html.Code(answer.address)]),
        html.P([_("Engine: "), html.Code(answer.engine_version)]),
        wide=True,
    )
