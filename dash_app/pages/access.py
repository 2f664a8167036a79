"""Users and keys.

Opened by a system administrator, to let people in by role and programs by key, and to shut either out. A first password
or a key is shown once; what is kept of it opens nothing.
"""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import Input, Output, State, ctx, dcc, html
from dash.development.base_component import Component

from dash_app.actions import access as actions
from dash_app.actions.access import UserCard, UserTold, desk_of
from dash_app.pages import access_displays, access_keys, listing
from dash_app.pages.address import URL, query_of
from dash_app.pages.asking import asks_first
from dash_app.pages.guard import Callbacks
from dash_app.pages.listing import Filter, Listing
from dash_app.pages.page import Page, Visit
from dash_app.pages.paging import Rows
from dash_app.pages.states import attributes, panel
from dash_app.pages.tables import Column
from dash_app.queries.port import HospitalPort
from dash_app.texts import access_words, codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from dash_app.texts.moments import number
from twin.access import Permission, Role

CHOSEN, VERSION, SAID = "access-chosen", "access-version", "access-said"
NAME, SHOWN, ROLES, STAFF, ACTIVE = "access-name", "access-shown", "access-roles", "access-staff", "access-active"
ADD, SAVE, PASSWORD = "access-add", "access-save", "access-password"
FACTOR = "access-factor"
_NEW = "new"
# Programs come in by key, not by password.
_HUMAN = tuple(role.value for role in Role if not role.value.startswith("service:"))


def _columns() -> list[Column]:
    return [
        Column(field="name", title=_("Sign-in name"), width=150),
        Column(field="shown", title=_("Name on screens"), width=180),
        Column(field="roles", title=_("Roles"), width=260),
        Column(field="staff", title=_("Member of staff"), width=130),
        Column(field="state", title=_("State"), width=190),
        Column(field="factor", title=_("Second factor"), width=130),
        Column(field="sessions", title=_("Signed in"), width=100, is_number=True),
    ]


def _roles_text(roles: tuple[str, ...]) -> str:
    return " · ".join(codes.code_text(access_words.ROLES, role) for role in roles)


def _state(user: UserCard) -> str:
    if not user.is_active:
        return _("Shut out")
    return _("Has the first password still") if user.must_change_password else _("May sign in")


def _wanted(user: UserCard, query: dict[str, str]) -> bool:
    state = query.get("state", "")
    return (not query.get("role") or query["role"] in user.roles) and (not state or (state == "in") == user.is_active)


def _rows(port: HospitalPort, query: dict[str, str]) -> Rows:
    found = actions.managing(port.services, port.actor()).users()
    return [
        {
            "id": user.id,
            "name": user.name,
            "shown": user.display_name,
            "roles": _roles_text(user.roles),
            "staff": user.staff,
            "state": _state(user),
            "factor": _("yes") if user.has_second_factor else "",
            "sessions": user.sessions,
        }
        for user in found
        if _wanted(user, query)
    ]


LISTING = Listing(
    key="access",
    permission=Permission.USERS_MANAGE,
    filters=(
        Filter(
            name="role",
            label=lambda: _("Role"),
            options=lambda port: codes.choices(access_words.ROLES, _HUMAN),
        ),
        Filter(
            name="state",
            label=lambda: _("State"),
            options=lambda port: [{"value": "in", "label": _("May sign in")}, {"value": "out", "label": _("Shut out")}],
        ),
    ),
    columns=_columns,
    rows=_rows,
    chooses=CHOSEN,
    summary=lambda port, rows: _("{count} users").format(count=number(len(rows))),
)


def _choices(users: list[UserCard]) -> list[dict[str, str]]:
    fresh = {"value": _NEW, "label": _("– a new user –")}
    return [fresh, *({"value": user.id, "label": user.name} for user in users)]


def _staff_choices(port: HospitalPort) -> list[dict[str, str]]:
    return [{"value": key, "label": key} for key in sorted(port.state().staff)[:2000]]


def _one_user(port: HospitalPort, users: list[UserCard]) -> Component:
    return panel(
        _("One user"),
        dcc.Store(id=VERSION, data=0),
        html.Div(
            [
                dmc.Select(
                    id=CHOSEN, label=_("User"), data=_choices(users), value=_NEW, searchable=True, allowDeselect=False
                ),
                dmc.TextInput(id=NAME, label=_("Sign-in name"), description=_("Letters, digits and . _ @ -")),
                dmc.TextInput(id=SHOWN, label=_("Name on screens")),
                dmc.MultiSelect(
                    id=ROLES, label=_("Roles"), data=codes.choices(access_words.ROLES, _HUMAN), value=[], miw=280
                ),
                dmc.Select(
                    id=STAFF,
                    label=_("Member of staff"),
                    description=_("Whose tasks they do"),
                    data=_staff_choices(port),
                    searchable=True,
                    clearable=True,
                    clearButtonProps={"aria-label": _("Nobody")},
                    limit=50,
                ),
                dmc.Checkbox(id=ACTIVE, label=_("May sign in"), checked=True, mt="xl"),
            ],
            className="filters",
        ),
        html.P(
            [
                html.Button(_("Add the user"), id=ADD, className="action primary", n_clicks=0),
                html.Button(_("Save the changes"), id=SAVE, className="action", n_clicks=0, disabled=True),
                asks_first(
                    html.Button(_("Give a new password"), id=PASSWORD, className="action", n_clicks=0, disabled=True),
                    _("The present password ends now, and whoever is signed in with it is signed out."),
                    NAME,
                ),
                asks_first(
                    html.Button(
                        _("Take the second factor off"), id=FACTOR, className="action", n_clicks=0, disabled=True
                    ),
                    _("Make sure whom you talk to: afterwards their password alone lets them in."),
                    NAME,
                ),
            ]
        ),
        html.P(_("Whoever is changed has to sign in again."), className="secondary"),
        html.Div(id=SAID, role="status", **attributes(aria_live="polite")),
        wide=True,
    )


def once(text: str, told: str) -> Component:
    """Show a secret that is shown this once.

    Parameters
    ----------
    text : str
        The secret.
    told : str
        Translated: whose it is, and what to do with it.
    """
    return html.Div([html.P(told), html.P(html.Code(text, className="secret"))], className="once")


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    users = list(actions.managing(port.services, port.actor()).users())
    lead = _("People come in by name and role, programs by key. Each change is noted in the audit.")
    shown = listing.layout(LISTING, port, visit, _("Users and keys"), lead)
    return html.Div(
        [
            shown,
            html.Div(
                [_one_user(port, users), *access_keys.parts(port), *access_displays.parts(port)], className="below"
            ),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the table, the form of one user, and the keys."""
    listing.register(LISTING, callbacks, port)
    access_keys.register(callbacks, port)
    access_displays.register(callbacks, port)
    common: dict[str, Any] = {"permission": Permission.USERS_MANAGE, "prevent_initial_call": True}

    @callbacks.add(
        *(Output(NAME, part) for part in ("value", "disabled")),
        Output(SHOWN, "value"),
        Output(ROLES, "value"),
        Output(STAFF, "value"),
        Output(ACTIVE, "checked"),
        Output(VERSION, "data"),
        *(Output(button, "disabled") for button in (ADD, SAVE, PASSWORD, FACTOR)),
        Input(CHOSEN, "value"),
        **common,
    )
    def choose(chosen: str | None) -> tuple[object, ...]:
        found = [user for user in desk_of(port.services).users() if user.id == chosen]
        if not found:
            return "", False, "", [], None, True, 0, False, True, True, True
        user = found[0]
        shown = (user.display_name, list(user.roles), user.staff or None, user.is_active, user.version)
        return user.name, True, *shown, True, False, False, not user.has_second_factor

    _register_acts(callbacks, port, common)


def _register_acts(callbacks: Callbacks, port: HospitalPort, common: dict[str, Any]) -> None:
    """Register what the buttons of the form do to one user."""

    @callbacks.add(
        Output(SAID, "children"),
        Output(LISTING.part("grid"), "rowData", allow_duplicate=True),
        Output(CHOSEN, "data"),
        Output(CHOSEN, "value"),
        *(Input(button, "n_clicks") for button in (ADD, SAVE, PASSWORD, FACTOR)),
        State(CHOSEN, "value"),
        State(NAME, "value"),
        State(SHOWN, "value"),
        State(ROLES, "value"),
        State(STAFF, "value"),
        State(ACTIVE, "checked"),
        State(VERSION, "data"),
        State(URL, "search"),
        **common,
    )
    def act(*told: Any) -> tuple[Component, Rows, list[dict[str, str]], str]:
        chosen, name, shown, roles, staff, is_active, version, search = told[4:]
        user = UserTold(
            display_name=(shown or "").strip(), roles=tuple(roles or ()), is_active=bool(is_active), staff=staff or ""
        )
        desk, actor = actions.managing(port.services, port.actor()), port.actor()
        said: Component
        if ctx.triggered_id == ADD:
            name = (name or "").strip()
            said = once(desk.add_user(name, user, actor=actor), _given().format(name=name))
        elif ctx.triggered_id == PASSWORD:
            said = once(desk.new_password(chosen, actor=actor), _given().format(name=name))
        elif ctx.triggered_id == FACTOR:
            desk.reset_factor(chosen, actor=actor)
            said = html.P(
                _("{name} now signs in with the password alone, and can set up a new second factor.").format(name=name)
            )
        else:
            desk.change_user(chosen, user, version=int(version), actor=actor)
            said = html.P(_("{name} is changed.").format(name=name))
        return said, _rows(port, query_of(search)), _choices(list(desk.users())), _NEW


def _given() -> str:
    return _("Password of {name}, shown this once: hand it over in person; they choose their own when they sign in.")


PAGE = Page(
    path="/access",
    title=mark("Users and keys"),
    permission=Permission.USERS_MANAGE,
    layout=layout,
    register=register,
    position=81,
    section=mark("System"),
    icon="queue",
)
