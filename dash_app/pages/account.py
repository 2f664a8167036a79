"""One's own account.

Opened by anybody who is signed in, to see what they may do, to change their password, and to end their sessions on
other machines.
"""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from dash_app.actions.access import FactorCard, desk_of
from dash_app.pages.guard import Callbacks
from dash_app.pages.page import Page, Visit
from dash_app.pages.states import attributes, page_head, panel
from dash_app.queries.port import HospitalPort
from dash_app.texts import access_words, codes
from dash_app.texts.catalogue import gettext as _
from dash_app.texts.catalogue import mark
from twin.access import Permission

OLD, NEW, AGAIN = "account-old", "account-new", "account-again"
CHANGE, EVERYWHERE, SAID, LEAVE = "account-change", "account-everywhere", "account-said", "account-leave"


def _field(identifier: str, label: str, autocomplete: str) -> Component:
    return html.P(
        [
            html.Label(label, htmlFor=identifier),
            dcc.Input(id=identifier, type="password", autoComplete=autocomplete, maxLength=200, value=""),
        ],
        className="field",
    )


def _second_factor(card: FactorCard, address: str) -> Component:
    told = _("You sign in with your password and a code of your authenticator app.")
    if not card.is_on:
        told = _("You sign in with your password alone: who learns it can act in your name.")
    left = _("Recovery codes left: {count}").format(count=card.codes_left) if card.is_on else ""
    asked = _("Your role needs a second factor.") if card.is_required else ""
    words = _("Change it") if card.is_on else _("Set up a second factor")
    return panel(
        _("Second factor"),
        html.P(told),
        html.P(" ".join(text for text in (left, asked) if text), className="secondary"),
        # a page of its own, without scripts: what an app has to learn shall stand in no script's memory
        html.P(html.A(words, href=address, className="action")),
    )


def layout(port: HospitalPort, visit: Visit) -> Component:
    """Build the page."""
    actor = port.actor()
    roles = ", ".join(codes.code_text(access_words.ROLES, role.value) for role in sorted(actor.roles))
    facts = [_("Roles: {roles}").format(roles=roles)]
    if actor.staff:
        facts.append(_("Tasks of: {staff}").format(staff=actor.staff))
    return html.Div(
        [
            page_head(actor.name, _("What you may do, and how you sign in.")),
            html.P(" · ".join(facts)),
            panel(
                _("Change your password"),
                _field(OLD, _("Old password"), "current-password"),
                _field(NEW, _("New password"), "new-password"),
                _field(AGAIN, _("New password again"), "new-password"),
                html.P(_("At least 12 characters; a sentence of four or more words is good. You then sign in anew.")),
                html.P(html.Button(_("Change it"), id=CHANGE, className="action primary", n_clicks=0)),
            ),
            _second_factor(desk_of(port.services).second_factor(actor=actor), port.links.get("second_factor", "")),
            panel(
                _("Sign out everywhere"),
                html.P(_("Ends your sessions on all machines, this one too: after a device was lost, for instance.")),
                html.P(html.Button(_("Sign out everywhere"), id=EVERYWHERE, className="action", n_clicks=0)),
            ),
            html.P(id=SAID, role="alert", **attributes(aria_live="assertive")),
            dcc.Location(id=LEAVE, refresh=True),
        ]
    )


def register(callbacks: Callbacks, port: HospitalPort) -> None:
    """Register the change of the password and the end of all sessions."""
    common: dict[str, Any] = {"permission": Permission.SELF, "prevent_initial_call": True}
    after = port.links.get("sign_in", "/")

    @callbacks.add(
        Output(SAID, "children"),
        Output(LEAVE, "href"),
        Input(CHANGE, "n_clicks"),
        State(OLD, "value"),
        State(NEW, "value"),
        State(AGAIN, "value"),
        **common,
    )
    def change(_clicks: int, old: str | None, new: str | None, again: str | None) -> tuple[str, Any]:
        if new != again:
            return _("The two new passwords differ: enter the same one twice."), no_update
        desk_of(port.services).change_own_password(old or "", new or "", actor=port.actor())
        return _("Changed. Sign in with the new one."), after

    @callbacks.add(Output(LEAVE, "href", allow_duplicate=True), Input(EVERYWHERE, "n_clicks"), **common)
    def everywhere(_clicks: int) -> str:
        desk_of(port.services).sign_out_everywhere(actor=port.actor())
        return after


PAGE = Page(
    path="/account",
    title=mark("Your account"),
    permission=Permission.SELF,
    layout=layout,
    register=register,
)
