"""The part of the roster page about leave by the year: what everybody has left, terms of contracts, corrections."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import leave as actions
from dash_app.pages.fields import figure, needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import panel
from dash_app.pages.tables import Cell, table
from dash_app.queries import leave as queries
from dash_app.queries.names import staff_label
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import number
from scheduling.model.leave import LeaveBalance
from twin.access import Permission

LEAVE = "leave-year"
YEAR = "leave-year-of"
CONTRACT = "leave-contract"
FROM_YEAR = "leave-from-year"
DAYS = "leave-days"
CARRY = "leave-carry"
UNTIL = "leave-until"
WEEK = "leave-week"
SET = "leave-set"
WHO = "leave-who"
CHANGE = "leave-change"
WHY = "leave-why"
CORRECT = "leave-correct"
ALL = "*"


def days(halves: int) -> str:
    """Write half days as days: ``2`` or ``2.5``."""
    return number(halves / 2, halves % 2)


def told(one: LeaveBalance) -> str:
    """Write what a person has left of a year, in a sentence."""
    text = _("Leave {year}: {left} of {all} days left; {asked} days are asked for.").format(
        year=one.year,
        left=days(one.remaining),
        all=days(one.entitled + one.corrected + one.carried),
        asked=days(one.asked),
    )
    if one.carried_until is not None and not one.expired:
        rest = _("{carried} days come from the year before: take them until {until}.").format(
            carried=days(one.carried), until=one.carried_until.isoformat()
        )
        text = f"{text} {rest}"
    if one.asked > one.remaining:
        short = _("That is more than is left: granting it needs a reason of the planner.")
        text = f"{text} {short}"
    if one.over:
        more = _("{over} days more than there were have been granted.").format(over=days(one.over))
        text = f"{text} {more}"
    return text


def mine(port: HospitalPort) -> list[Component]:
    """Build what the reader has left; nothing where no terms are set.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    with port.read() as session:
        found = queries.mine(session, port.actor().hands, at=port.clock.now(), zone=port.settings.time_zone)
    return [html.P(told(one), className="secondary") for one in found]


def _columns() -> dict[str, str]:
    return {
        "who": _("Who"),
        "contract": _("Contract"),
        "entitled": _("By contract"),
        "corrected": _("Corrected"),
        "carried": _("From last year"),
        "expired": _("Expired"),
        "taken": _("Taken"),
        "planned": _("Granted to come"),
        "asked": _("Asked for"),
        "remaining": _("Left"),
    }


def _rows(port: HospitalPort, found: queries.LeaveYear) -> list[dict[str, Cell]]:
    state = port.state()
    rows: list[dict[str, Cell]] = []
    for one in found.balances:
        figures = ("entitled", "corrected", "carried", "expired", "taken", "planned", "asked")
        row: dict[str, Cell] = {field: days(getattr(one, field)) if one.has_terms else "–" for field in figures}
        left = days(one.remaining - one.over) if one.has_terms else _("no terms")
        rows.append({**row, "who": staff_label(state, one.staff), "contract": one.contract, "remaining": left})
    return sorted(rows, key=lambda row: str(row["who"]))


def _year(port: HospitalPort, year: int) -> queries.LeaveYear:
    with port.read() as session:
        return queries.leave_year(session, year=year, at=port.clock.now(), zone=port.settings.time_zone)


def _tables(port: HospitalPort, found: queries.LeaveYear) -> list[Component]:
    if not found.balances:
        return [html.P(_("Nobody is in a roster in force."))]
    columns = _columns()
    rows = [[row[field] for field in columns] for row in _rows(port, found)]
    title = _("Leave of {year} in days").format(year=found.year)
    parts = [table(title, list(columns.values()), rows)]
    terms: list[list[Cell]] = [
        [
            one.contract or _("all others"),
            one.year,
            days(one.half_days),
            days(one.carry_half_days),
            f"{one.carry_month:02}-{one.carry_day:02}",
            len(one.weekdays),
        ]
        for one in found.terms
    ]
    headings = [_("Contract"), _("From year"), _("Days a year"), _("Carried over"), _("Until"), _("Days a week")]
    if not terms:
        return [
            *parts,
            html.P(_("No contract has terms yet: leave is not counted against a limit until you set some.")),
        ]
    return [*parts, table(_("What contracts grant"), headings, terms)]


def _terms_form(contracts: list[str], year: int) -> Component:
    choices = [{"value": ALL, "label": _("all others")}, *({"value": one, "label": one} for one in contracts)]
    return html.Div(
        className="filters",
        children=[
            dmc.Select(id=CONTRACT, label=_("Contract"), data=choices, value=ALL, allowDeselect=False),
            dmc.NumberInput(
                id=FROM_YEAR, label=_("From year"), value=year, min=1970, max=2199, hideControls=True, w=110
            ),
            dmc.NumberInput(
                id=DAYS, label=_("Days a year"), value=30, min=0, max=366, step=0.5, hideControls=True, w=120
            ),
            dmc.NumberInput(
                id=CARRY, label=_("Carried over at most"), value=5, min=0, max=366, step=0.5, hideControls=True, w=160
            ),
            dmc.TextInput(id=UNTIL, label=_("Until (month-day)"), value="03-31", w=140),
            dmc.NumberInput(id=WEEK, label=_("Days a week"), value=5, min=1, max=7, hideControls=True, w=120),
            html.Button(_("Set"), id=SET, className="action", n_clicks=0),
        ],
    )


def _correct_form(port: HospitalPort, found: queries.LeaveYear) -> Component:
    state = port.state()
    people = sorted(({"value": one.staff, "label": staff_label(state, one.staff)} for one in found.balances), key=str)
    return html.Div(
        className="filters",
        children=[
            dmc.Select(id=WHO, label=_("Correct the year of"), data=people, searchable=True),
            dmc.NumberInput(
                id=CHANGE, label=_("Days more or fewer"), value=1, min=-366, max=366, step=0.5, hideControls=True, w=150
            ),
            dmc.TextInput(id=WHY, label=_("Reason")),
            html.Button(_("Correct"), id=CORRECT, className="action", n_clicks=0),
        ],
    )


def leave(port: HospitalPort) -> list[Component]:
    """Build the planner's part; nothing for who may not edit rosters.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    if not port.actor().may(Permission.PLANS_EDIT):
        return []
    year = queries.year_now(port.clock.now(), port.settings.time_zone)
    found = _year(port, year)
    contracts = sorted({one.contract for one in found.balances if one.contract})
    return [
        panel(
            _("Leave by the year"),
            html.Div(
                className="filters",
                children=[
                    dmc.NumberInput(
                        id=YEAR, label=_("Calendar year"), value=year, min=1970, max=2199, hideControls=True, w=130
                    ),
                ],
            ),
            html.Div(_tables(port, found), id=LEAVE, role="status"),
            html.H3(_("What a contract grants")),
            _terms_form(contracts, year),
            html.H3(_("Correct somebody's year")),
            _correct_form(port, found),
            wide=True,
        )
    ]


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register choosing a year, terms, corrections."""

    @callbacks.add(
        Output(LEAVE, "children"), Input(YEAR, "value"), permission=Permission.PLANS_EDIT, prevent_initial_call=True
    )
    def choose(year: object) -> list[Component]:
        return _tables(port, _year(port, int(figure(year, _("Calendar year")))))

    @callbacks.add(
        Output(LEAVE, "children", allow_duplicate=True),
        Input(SET, "n_clicks"),
        State(CONTRACT, "value"),
        State(FROM_YEAR, "value"),
        State(DAYS, "value"),
        State(CARRY, "value"),
        State(UNTIL, "value"),
        State(WEEK, "value"),
        State(YEAR, "value"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def set_terms(_clicks: int, contract: str, *fields: object) -> list[Component]:
        since, amount, carry, until, week, year = fields
        actions.set_terms(
            port,
            actions.TermsEntered(
                contract="" if contract == ALL else contract,
                year=int(figure(since, _("From year"))),
                days=figure(amount, _("Days a year")),
                carry_days=figure(carry, _("Carried over at most")),
                carry_until=str(until or ""),
                week=int(figure(week, _("Days a week"))),
            ),
        )
        return _tables(port, _year(port, int(figure(year, _("Calendar year")))))

    @callbacks.add(
        Output(LEAVE, "children", allow_duplicate=True),
        Output(WHY, "value"),
        Input(CORRECT, "n_clicks"),
        State(WHO, "value"),
        State(CHANGE, "value"),
        State(WHY, "value"),
        State(YEAR, "value"),
        permission=Permission.PLANS_EDIT,
        prevent_initial_call=True,
    )
    def correct(
        _clicks: int, who: str | None, change: object, why: str | None, year: object
    ) -> tuple[list[Component], str]:
        wanted = int(figure(year, _("Calendar year")))
        actions.correct(
            port,
            staff=needed(who, _("Correct the year of")),
            year=wanted,
            days=figure(change, _("Days more or fewer")),
            reason=needed(str(why or ""), _("Reason")),
        )
        return _tables(port, _year(port, wanted)), ""
