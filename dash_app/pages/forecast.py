"""Forecast.

Opened by the administrator and the planner, to see how many beds of every unit will be taken in the next 72 hours, what
to do about it, and how far such forecasts have been right until now. From a card one goes to the beds or to a what-if.
"""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.charts.series import Axes, Band, banded
from dash_app.pages.filters import follow
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.reader import chart_config, palette, wants_chinese
from dash_app.pages.states import attributes, empty, page_head, panel, since
from dash_app.pages.tables import Cell, table
from dash_app.queries.forecast import HorizonView, desk_of, outlook_of
from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from dash_app.texts import codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import local, number, percent
from simulation.forecast.census import HORIZONS_H
from simulation.forecast.house import HouseForecast, UnitForecast
from simulation.forecast.pressure import Card
from twin.access import Permission

CONTENT = "forecast-content"
PREFIX = "/ui/"
LIKELY = 0.5
POSSIBLE = 0.3


def _name(port: HospitalPort, unit: str) -> str:
    return place_name(port.state(), unit, chinese=wants_chinese())


def blind_notice(found: HouseForecast, now: int) -> Component:
    """Say that nothing has been heard for too long, so that no forecast is believed.

    Parameters
    ----------
    found : HouseForecast
        The newest forecast.
    now : int
        UTC microseconds.
    """
    heard = [since(found.blind_since, now)] if found.blind_since else [_("no news ever came")]
    return html.P([_("Blind: last news of patients and beds "), *heard], className="status p2", role="status")


def card_line(port: HospitalPort, card: Card) -> Component:
    """Write one thing to do, with its reason.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    card : Card
        What to do.
    """
    action = codes.code_text(codes.FORECAST_ACTIONS, card.action.value)
    why = _("{share} likely that all {beds} beds are taken at {time}; {expected} patients expected").format(
        share=percent(card.full_share),
        beds=number(card.beds),
        time=local(card.from_at).strftime("%m-%d %H:%M"),
        expected=number(card.expected, 1),
    )
    sign = "▲" if card.is_urgent else "◆"
    return html.Li(
        [
            html.Span(sign, className="shape p2" if card.is_urgent else "shape", **attributes(aria_hidden="true")),
            html.Strong(f" {_name(port, card.unit)}: {action}"),
            html.Div(why, className="secondary"),
            html.Div(
                [
                    dcc.Link(_("Beds of the ward"), href=f"{PREFIX}beds?ward={card.unit}"),
                    " · ",
                    dcc.Link(_("Try it in a what-if"), href=f"{PREFIX}what-if?ward={card.unit}"),
                ]
            ),
        ]
    )


def _cards(port: HospitalPort, found: HouseForecast) -> Component:
    if not any(unit.points for unit in found.units):
        # Silence is not good news where nothing could be forecast.
        return html.P(_("Nothing can be said yet: no unit has enough past stays."), className="secondary")
    if not found.cards:
        silent = sum(not unit.points for unit in found.units)
        calm = _("No unit is likely to fill up in the next 72 hours.")
        rest = _("Of {count} units nothing can be said yet.").format(count=number(silent)) if silent else ""
        return html.P(f"{calm} {rest}".strip(), className="secondary")
    return html.Ul([card_line(port, card) for card in found.cards], className="cards")


def _cell(unit: UnitForecast, number_of: int) -> Cell:
    point = unit.points[number_of]
    full = point.above(unit.beds - 1)
    text = f"{number(point.quantile(0.5))} ({number(point.quantile(0.1))}–{number(point.quantile(0.9))})"
    if full < POSSIBLE:
        return text
    sign = "▲" if full >= LIKELY else "◆"
    return html.Span(f"{sign} {text} · {percent(full)}", className="status p2" if full >= LIKELY else "status")


def _units(port: HospitalPort, found: HouseForecast) -> Component:
    points = next((unit.points for unit in found.units if unit.points), ())
    horizons = [round((point.target_at - point.made_at) / 3.6e9) for point in points] or list(HORIZONS_H)
    ahead = [_("in {hours} h").format(hours=hours) for hours in horizons]
    headings = [_("Unit"), _("Now / open beds"), _("Booked"), *ahead, _("n")]
    rows: list[list[Cell]] = []
    for unit in found.units:
        known: list[Cell] = [_cell(unit, k) for k in range(len(unit.points))]
        if not known:
            known = [_("too few stays yet"), *("–" for _hours in horizons[1:])]
        link = dcc.Link(_name(port, unit.unit), href=f"{PREFIX}forecast?unit={unit.unit}")
        here = f"{number(unit.present)} / {number(unit.beds)}"
        rows.append([link, here, number(unit.booked, 1), *known, number(unit.stays)])
    note = _(
        "Median and 80 % band of the patients present; the share is the chance that every open bed is taken. Booked: "
        "patients expected by booking or plan within the longest horizon, less those who use not to come; they are in "
        "the bands. n: past stays that it was learnt from."
    )
    at_the_door = _("In emergency, patients who wait for a bay are among those present.")
    notes = [note, *([at_the_door] if any(unit.kind == "emergency" for unit in found.units) else [])]
    return html.Div([table(_("Next hours"), headings, rows), html.P(" ".join(notes), className="secondary")])


def _crowding(found: HouseForecast) -> Component:
    counts = found.emergency
    if counts is None or found.crowding is None:
        return html.P(_("This house has no emergency department."), className="secondary")
    text = _("{score} of 200: {word}").format(
        score=number(found.score), word=codes.code_text(codes.CROWDING, found.crowding.value)
    )
    parts = _(
        "{patients} patients for {bays} bays, {admitted} waiting for a ward bed, the longest {wait} h; last door to "
        "bed {door} h. Ventilated patients are not known to the twin and count as none."
    ).format(
        patients=number(counts.patients),
        bays=number(counts.bays),
        admitted=number(counts.admitted),
        wait=number(counts.longest_admit_wait_h, 1),
        door=number(counts.last_door_to_bed_h, 1),
    )
    return html.Div([html.P(text, className="summary"), html.P(parts, className="secondary")])


def _accuracy(judged: Sequence[HorizonView]) -> Component:
    if not judged:
        return empty(
            _("No forecast has met its time yet"),
            _("Each is judged when its hour has passed; come back in four hours."),
        )
    headings = [
        _("Hours ahead"),
        _("Judged"),
        _("CRPS"),
        _("Mean error"),
        _("Error if as many as now"),
        _("Error against an ideal forecast"),
        _("In the 50 % band"),
        _("In the 80 % band"),
        _("In the 95 % band"),
        _("PIT mean"),
        _("PIT variance"),
    ]
    rows: list[list[Cell]] = [
        [
            number(one.horizon_h),
            number(one.accuracy.n),
            number(one.accuracy.crps, 2),
            number(one.accuracy.mae, 2),
            number(one.persistence_mae, 2),
            number(one.accuracy.ideal_mae_ratio, 2),
            percent(one.accuracy.coverage_50),
            percent(one.accuracy.coverage_80),
            percent(one.accuracy.coverage_95),
            number(one.accuracy.pit_mean, 2),
            number(one.accuracy.pit_variance, 3),
        ]
        for one in judged
    ]
    note = _(
        "Forecasts are kept as they were made and never changed. Right forecasts have PIT mean 0.50 and variance "
        "0.083; the bands hold a little more than their name, since patients are whole numbers."
    )
    return html.Div([table(_("Accuracy of the last eight weeks"), headings, rows), html.P(note, className="secondary")])


def _pits(judged: Sequence[HorizonView]) -> Component:
    labels = [f"{k / 10:.1f}–{(k + 1) / 10:.1f}" for k in range(10)]
    headings = [_("Hours ahead"), *labels]
    rows: list[list[Cell]] = [[number(one.horizon_h), *(number(count) for count in one.pit_counts)] for one in judged]
    title = _("Where what came fell within the forecast (flat is right)")
    return html.Details([html.Summary(title), table(title, headings, rows)], className="as-table")


def _chart(port: HospitalPort, unit: UnitForecast) -> Component:
    points = unit.points
    times = [points[0].made_at, *(point.target_at for point in points)]
    x = [local(at).strftime("%Y-%m-%d %H:%M") for at in times]
    here = float(points[0].present)
    bands = [
        Band(
            name=_("Patients present"),
            x=x,
            low=[here, *(float(point.quantile(0.1)) for point in points)],
            middle=[here, *(float(point.quantile(0.5)) for point in points)],
            high=[here, *(float(point.quantile(0.9)) for point in points)],
        ),
        Band(
            name=_("Open beds"), x=x, low=[unit.beds] * len(x), middle=[unit.beds] * len(x), high=[unit.beds] * len(x)
        ),
    ]
    figure = banded(bands, Axes(x=_("Time"), y=_("Patients")), palette())
    label = _("{unit}: patients present, median and 80 % band").format(unit=_name(port, unit.unit))
    return html.Div(
        dcc.Graph(figure=figure, config=chart_config(), style={"height": "280px"}),
        role="img",
        **attributes(aria_label=label),
    )


def content(port: HospitalPort, unit: str) -> list[Component]:
    """Build what changes with the hospital.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    unit : str
        Ward whose bands are drawn; empty for none.
    """
    found, desk, now = outlook_of(port.services), desk_of(port.services), port.clock.now()
    if found is None or desk is None:
        return [
            empty(
                _("No forecast yet"),
                _("The first one is made when the past has been read: a minute or two after the start."),
            )
        ]
    parts: list[Component] = [html.P([_("Made "), since(found.made_at, now)], className="secondary")]
    if found.blind_since or not found.heard_at:
        parts.append(blind_notice(found, now))
    panels = [
        panel(_("Do now"), _cards(port, found)),
        panel(_("Emergency department: NEDOCS"), _crowding(found)),
        panel(_("Next hours"), _units(port, found), wide=True),
    ]
    drawn = next((one for one in found.units if one.unit == unit and one.points), None)
    if drawn is not None:
        panels.append(panel(_name(port, unit), _chart(port, drawn), wide=True))
    elif unit:
        told = empty(_("No bands yet"), _("Too few stays have ended on this unit to learn from."))
        panels.append(panel(_name(port, unit), told, wide=True))
    judged = list(desk.accuracy(unit))
    title = (
        _("How good forecasts were")
        if not unit
        else _("How good forecasts were: {unit}").format(unit=_name(port, unit))
    )
    panels.append(panel(title, _accuracy(judged), *([_pits(judged)] if judged else []), wide=True))
    return [*parts, html.Div(panels, className="panels")]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page; an address with a unit draws its bands."""
    return html.Div(
        [
            page_head(_("Forecast"), _("How many beds will be taken in the next 72 hours, and how far to believe it.")),
            html.Div(content(port, visit.query.get("unit", "")), id=CONTENT),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Refresh the page when a unit is chosen or something has happened."""
    follow(
        callbacks, CONTENT, lambda query: content(port, query.get("unit", "")), permission=Permission.SIMULATION_READ
    )


PAGE = Page(
    path="/forecast",
    title=mark("Forecast"),
    permission=Permission.SIMULATION_READ,
    layout=layout,
    register=register,
    position=50,
    section=mark("Ahead"),
    icon="whatif",
)
