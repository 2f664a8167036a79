"""Links for screens on walls, on the page of users and keys: made, listed and ended by a system administrator."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import access as actions
from dash_app.actions.access import DisplayCard, DisplayTold
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed, whole
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.port import HospitalPort
from dash_app.texts import access_words, codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import age, calendar_day, moment
from twin.access import Permission

TABLE, SAID = "access-displays", "access-display-said"
NAME, SHOWS, LANGUAGE, DAYS = (
    "access-display-name",
    "access-display-shows",
    "access-display-language",
    "access-display-days",
)
MAKE, ENDED, END = "access-display-make", "access-display-ended", "access-display-end"
_SITE = "site"


def _state(card: DisplayCard, now: int) -> str:
    code = "revoked" if card.revoked_at else "active" if card.is_active(now) else "expired"
    return codes.code_text(access_words.KEY_STATES, code)


def _table(port: HospitalPort, cards: list[DisplayCard]) -> Component:
    now = port.clock.now()
    rows: list[list[Cell]] = [
        [
            card.name,
            codes.code_text(access_words.DISPLAYS, card.shows),
            _state(card, now),
            moment(card.created_at),
            calendar_day(card.expires_at),
            age(card.used_at, now) if card.used_at else _("never"),
        ]
        for card in cards
    ]
    headings = [_("Where it hangs"), _("Shows"), _("State"), _("Made"), _("Valid until"), _("Used last")]
    return table(_("Wall displays"), headings, rows)


def _choices(cards: list[DisplayCard], now: int) -> list[dict[str, str]]:
    return [
        {"value": card.id, "label": f"{card.name} · {codes.code_text(access_words.DISPLAYS, card.shows)}"}
        for card in cards
        if card.is_active(now)
    ]


def parts(port: HospitalPort) -> list[Component]:
    """Build the panel.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    cards = list(actions.managing(port.services, port.actor()).list_displays())
    lead = _("A link opens one page of figures without names on a screen in a corridor; nobody is signed in there.")
    return [
        panel(
            _("Wall displays"),
            html.P(lead, className="secondary"),
            html.Div(_table(port, cards), id=TABLE),
            _making(),
            _ending(cards, port.clock.now()),
            wide=True,
        )
    ]


def _making() -> Component:
    languages = [
        {"value": _SITE, "label": _("The hospital's")},
        {"value": "en", "label": "English"},
        {"value": "zh_CN", "label": "中文"},
    ]
    return html.Div(
        [
            html.H3(_("Make a link")),
            html.Div(
                [
                    dmc.TextInput(id=NAME, label=_("Where it hangs")),
                    dmc.Select(
                        id=SHOWS,
                        label=_("Shows"),
                        data=codes.choices(access_words.DISPLAYS, access_words.DISPLAYS),
                        value="overview",
                        allowDeselect=False,
                    ),
                    dmc.Select(id=LANGUAGE, label=_("Language"), data=languages, value=_SITE, allowDeselect=False),
                    dmc.NumberInput(id=DAYS, label=_("Valid for, days"), value=90, min=1, max=366),
                    html.Button(_("Make the link"), id=MAKE, className="action primary", n_clicks=0),
                ],
                className="filters",
            ),
            html.Div(id=SAID, role="status", **attributes(aria_live="polite")),
        ]
    )


def _ending(cards: list[DisplayCard], now: int) -> Component:
    return html.Div(
        [
            html.H3(_("End a link")),
            html.Div(
                [
                    dmc.Select(id=ENDED, label=_("Wall display"), data=_choices(cards, now), searchable=True, miw=360),
                    asks_first(
                        html.Button(_("End it for good"), id=END, className="action", n_clicks=0),
                        _("The screen goes dark within seconds; there is no way back."),
                        ENDED,
                    ),
                ],
                className="filters",
            ),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register making and ending links."""
    common: dict[str, Any] = {"permission": Permission.USERS_MANAGE, "prevent_initial_call": True}

    def shown() -> tuple[Component, list[dict[str, str]]]:
        cards = list(actions.managing(port.services, port.actor()).list_displays())
        return _table(port, cards), _choices(cards, port.clock.now())

    @callbacks.add(
        Output(SAID, "children"),
        Output(TABLE, "children"),
        Output(ENDED, "data"),
        Input(MAKE, "n_clicks"),
        State(NAME, "value"),
        State(SHOWS, "value"),
        State(LANGUAGE, "value"),
        State(DAYS, "value"),
        **common,
    )
    def make(_clicks: int, name: str | None, shows: str, language: str, days: Any) -> tuple[object, ...]:
        told = DisplayTold(
            name=needed(name, _("Where it hangs")),
            shows=shows,
            language="" if language == _SITE else language,
            days=whole(days, _("Valid for, days")),
        )
        link = actions.managing(port.services, port.actor()).make_display(told, actor=port.actor())
        said = _("The link, shown this once: open it on the screen, and let the screen's browser begin with it.")
        opened = html.A(html.Code(link, className="secret"), href=link, target="_blank", rel="noreferrer")
        return html.Div([html.P(said), html.P(opened)], className="once"), *shown()

    @callbacks.add(
        Output(SAID, "children", allow_duplicate=True),
        Output(TABLE, "children", allow_duplicate=True),
        Output(ENDED, "data", allow_duplicate=True),
        Output(ENDED, "value"),
        Input(END, "n_clicks"),
        State(ENDED, "value"),
        **common,
    )
    def end(_clicks: int, display: str | None) -> tuple[object, ...]:
        display = needed(display, _("Wall display"))
        actions.managing(port.services, port.actor()).revoke_display(display, actor=port.actor())
        return html.P(_("Ended.")), *shown(), None
