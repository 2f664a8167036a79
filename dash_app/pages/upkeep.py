"""Upkeep.

Opened by the system administrator in the morning, to see whether last night's backup is there and whether anything that
the installation rests on is out of order; each finding says what to do about it.
"""

from __future__ import annotations

from typing import Any

from dash import Input, Output, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dash_app.actions.upkeep import BackupCard, BackupState, FindingCard, desk_of
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.states import attributes, empty, page_head, panel, shape, since
from dash_app.pages.tables import Cell, table
from dash_app.queries.port import HospitalPort
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import moment, number
from dash_app.texts.preferences import PREFERENCES
from dash_app.texts.problems import problem_text
from twin.access import Permission
from twin.errors import HospitalTwinError
from twin.events.watch import AlarmPriority

LOOK, FOUND, TAKE, PROVE, BACKUPS = "upkeep-look", "upkeep-found", "upkeep-take", "upkeep-prove", "upkeep-backups"
SAID, TIMER = "upkeep-said", "upkeep-timer"
_POLL_MS = 2000
_MB = 1_000_000
_SHOWN = 30


def _finding(one: FindingCard) -> list[Cell]:
    state: Cell = _("In order") if one.is_ok else html.Span([shape(AlarmPriority.MEDIUM), " ", _("Act")])
    return [state, html.Code(one.check), one.detail, one.cure]


def _findings(port: HospitalPort) -> list[Component]:
    # what is out of order first: nobody reads on after ten lines of what is fine
    found = sorted(desk_of(port.services).findings(PREFERENCES.get().language), key=lambda one: one.is_ok)
    bad = sum(not one.is_ok for one in found)
    text = _("Looked at: {count}, out of order: {bad}").format(count=number(len(found)), bad=number(bad))
    headings = [_("State"), _("What"), _("Found"), _("What to do")]
    return [html.P(text), table(_("Findings"), headings, [_finding(one) for one in found])]


def _backup(card: BackupCard, now: int) -> list[Cell]:
    return [
        html.Span([moment(card.taken_at), " · ", since(card.taken_at, now)]),
        number(card.size / _MB, 1),
        number(card.last_sequence) if card.last_sequence else "–",
        html.Code(card.name),
    ]


def _backups(state: BackupState, now: int) -> list[Component]:
    when = _("Every night, the newest {count} are kept").format(count=number(state.kept))
    parts: list[Component] = [
        html.P([when if state.is_nightly else _("Only by hand: nightly backups are off"), " · ", state.folder])
    ]
    if state.running_since:
        parts.append(html.P([_("A backup is being taken"), " · ", since(state.running_since, now)], role="status"))
    if state.failure:
        text = _("The last one failed: {problem}").format(problem=state.failure)
        parts.append(html.P([shape(AlarmPriority.HIGH), " ", text], className="status p1"))
    if not state.backups:
        parts.append(empty(_("There is no backup yet"), _("Take one now; the hospital goes on working meanwhile.")))
        return parts
    headings = [_("Taken at"), _("Size, MB"), _("Last event"), _("File")]
    return [*parts, table(_("Backups"), headings, [_backup(card, now) for card in state.backups], most=_SHOWN)]


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    state = desk_of(port.services).state()
    taking = html.Div(
        [
            html.Button(_("Take a backup now"), id=TAKE, className="action primary", n_clicks=0),
            html.Button(_("Prove the newest"), id=PROVE, className="action", n_clicks=0),
        ],
        className="filters",
    )
    return html.Div(
        [
            page_head(
                _("Upkeep"),
                _("Whether the installation is in order, and whether last night's backup is there."),
                html.Button(_("Look again"), id=LOOK, className="action", n_clicks=0),
            ),
            dcc.Interval(id=TIMER, interval=_POLL_MS, disabled=not state.running_since),
            html.Div(
                [
                    panel(
                        _("Backups"),
                        taking,
                        html.P(id=SAID, role="status", **attributes(aria_live="polite")),
                        html.Div(_backups(state, port.clock.now()), id=BACKUPS),
                        wide=True,
                    ),
                    panel(
                        _("What was looked at"),
                        html.Div(html.P(_("Looking…"), className="secondary"), id=FOUND),
                        wide=True,
                    ),
                ],
                className="panels",
            ),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register looking, taking and proving."""
    permission = Permission.SYSTEM_OPERATE

    # After the page is drawn: proving the audit of a large hospital takes some seconds.
    @callbacks.add(Output(FOUND, "children"), Input(LOOK, "n_clicks"), permission=permission)
    def look(_clicks: int) -> list[Component]:
        return _findings(port)

    @callbacks.add(
        Output(SAID, "children"),
        Output(TIMER, "disabled"),
        Output(BACKUPS, "children"),
        Input(TAKE, "n_clicks"),
        permission=permission,
        prevent_initial_call=True,
    )
    def take(_clicks: int) -> tuple[Any, ...]:
        desk = desk_of(port.services)
        try:
            desk.begin(actor=port.actor())
            said = ""
        except HospitalTwinError as error:
            said = problem_text(error)
        return said, False, _backups(desk.state(), port.clock.now())

    @callbacks.add(
        Output(BACKUPS, "children", allow_duplicate=True),
        Output(TIMER, "disabled", allow_duplicate=True),
        Input(TIMER, "n_intervals"),
        permission=permission,
        prevent_initial_call=True,
    )
    def follow(_ticks: Any) -> tuple[Any, ...]:
        state = desk_of(port.services).state()
        return _backups(state, port.clock.now()), not state.running_since

    @callbacks.add(
        Output(SAID, "children", allow_duplicate=True),
        Input(PROVE, "n_clicks"),
        permission=permission,
        prevent_initial_call=True,
    )
    def prove(_clicks: int) -> str:
        desk = desk_of(port.services)
        newest = desk.state().backups[:1]
        if not newest:
            raise PreventUpdate
        try:
            desk.prove(newest[0].name, actor=port.actor())
        except HospitalTwinError as error:
            return problem_text(error)
        return _("{name} is whole: hash, database and audit are those of its manifest.").format(name=newest[0].name)


PAGE = Page(
    path="/upkeep",
    title=mark("Upkeep"),
    permission=Permission.SYSTEM_OPERATE,
    layout=layout,
    register=register,
    position=84,
    section=mark("System"),
    icon="audit",
)
