"""The part of the access page about keys: what programs come in by."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, html
from dash.development.base_component import Component

from dash_app.actions import access as actions
from dash_app.actions.access import KeyCard, KeyTold
from dash_app.pages.asking import asks_first
from dash_app.pages.fields import needed
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes, empty, panel
from dash_app.pages.tables import Cell, table
from dash_app.queries.port import HospitalPort
from dash_app.texts import access_words, codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import age, calendar_day, moment
from twin.access import Permission, Role

TABLE, REVOKED, SAID = "access-keys", "access-revoked", "access-key-said"
NAME, ROLE, SOURCE, DAYS = "access-key-name", "access-key-role", "access-key-source", "access-key-days"
MAKE, REVOKE = "access-key-make", "access-key-revoke"


def _state(key: KeyCard, now: int) -> str:
    code = "revoked" if key.revoked_at else "active" if key.is_active(now) else "expired"
    return codes.code_text(access_words.KEY_STATES, code)


def _table(port: HospitalPort, keys: list[KeyCard]) -> Component:
    now = port.clock.now()
    if not keys:
        return empty(_("No keys yet"), _("A gateway or another system needs one to send events."))
    rows: list[list[Cell]] = [
        [
            key.name,
            codes.code_text(access_words.ROLES, key.role),
            key.source or "–",
            _state(key, now),
            moment(key.created_at),
            calendar_day(key.expires_at),
            age(key.used_at, now) if key.used_at else _("never"),
            key.id,
        ]
        for key in keys
    ]
    headings = [
        _("What for"),
        _("Role"),
        _("Writes as"),
        _("State"),
        _("Made"),
        _("Valid until"),
        _("Used last"),
        _("Id"),
    ]
    return table(_("Keys"), headings, rows)


def _choices(keys: list[KeyCard], now: int) -> list[dict[str, str]]:
    return [
        {"value": key.id, "label": f"{key.name} · {key.source or key.role} · {key.id}"}
        for key in keys
        if key.is_active(now)
    ]


def parts(port: HospitalPort) -> list[Component]:
    """Build the panels.

    Parameters
    ----------
    port : HospitalPort
        The hospital.
    """
    keys = list(actions.managing(port.services, port.actor()).list_keys())
    return [
        panel(
            _("Keys of programs"), html.Div(_table(port, keys), id=TABLE), _making(), _revoking(port, keys), wide=True
        )
    ]


def _making() -> Component:
    roles = codes.choices(access_words.ROLES, [role.value for role in Role])
    gateway = Role.SERVICE_GATEWAY.value
    return html.Div(
        [
            html.H3(_("Make a key")),
            html.Div(
                [
                    dmc.TextInput(id=NAME, label=_("What for")),
                    dmc.Select(id=ROLE, label=_("Role"), data=roles, value=gateway, allowDeselect=False),
                    dmc.TextInput(
                        id=SOURCE, label=_("Writes as"), description=_("gateway:NAME or his:NAME"), value="gateway:"
                    ),
                    dmc.NumberInput(id=DAYS, label=_("Valid for, days"), value=365, min=1, max=366),
                    html.Button(_("Make the key"), id=MAKE, className="action primary", n_clicks=0),
                ],
                className="filters",
            ),
            html.Div(id=SAID, role="status", **attributes(aria_live="polite")),
        ]
    )


def _revoking(port: HospitalPort, keys: list[KeyCard]) -> Component:
    choices = _choices(keys, port.clock.now())
    return html.Div(
        [
            html.H3(_("Revoke a key")),
            html.Div(
                [
                    dmc.Select(id=REVOKED, label=_("Key"), data=choices, searchable=True, miw=360),
                    asks_first(
                        html.Button(_("Revoke for good"), id=REVOKE, className="action", n_clicks=0),
                        _("Whoever holds it is refused within seconds; there is no way back."),
                        REVOKED,
                    ),
                ],
                className="filters",
            ),
            html.P(_("Whoever holds it is refused within seconds; there is no way back."), className="secondary"),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register making and revoking."""
    common: dict[str, Any] = {"permission": Permission.USERS_MANAGE, "prevent_initial_call": True}

    def shown() -> tuple[Component, list[dict[str, str]]]:
        keys = list(actions.managing(port.services, port.actor()).list_keys())
        return _table(port, keys), _choices(keys, port.clock.now())

    @callbacks.add(
        Output(SAID, "children"),
        Output(TABLE, "children"),
        Output(REVOKED, "data"),
        Input(MAKE, "n_clicks"),
        State(NAME, "value"),
        State(ROLE, "value"),
        State(SOURCE, "value"),
        State(DAYS, "value"),
        **common,
    )
    def make(_clicks: int, name: str | None, role: str, source: str | None, days: Any) -> tuple[object, ...]:
        told = KeyTold(name=name or "", role=role or "", source=source or "", days=int(days or 0))
        text = actions.managing(port.services, port.actor()).make_key(told, actor=port.actor())
        said = _("The key, shown this once: put it into the settings of the program that shall hold it.")
        return html.Div([html.P(said), html.P(html.Code(text, className="secret"))], className="once"), *shown()

    @callbacks.add(
        Output(SAID, "children", allow_duplicate=True),
        Output(TABLE, "children", allow_duplicate=True),
        Output(REVOKED, "data", allow_duplicate=True),
        Output(REVOKED, "value"),
        Input(REVOKE, "n_clicks"),
        State(REVOKED, "value"),
        **common,
    )
    def revoke(_clicks: int, key: str | None) -> tuple[object, ...]:
        key = needed(key, _("Key"))
        actions.managing(port.services, port.actor()).revoke_key(key, actor=port.actor())
        return html.P(_("Revoked: {key}").format(key=key)), *shown(), None
