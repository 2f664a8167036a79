"""What a panel shows when there is nothing to show, and shapes that repeat what colours say."""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dash_app.texts.catalogue import gettext as _
from dash_app.texts.moments import age
from twin.access import Permission
from twin.events.watch import AlarmPriority


def attributes(**values: str) -> dict[str, Any]:
    """Give attributes whose names have hyphens: ``aria_label="x"`` becomes ``aria-label``."""
    return {name.replace("_", "-"): value for name, value in values.items()}


SHAPES: dict[AlarmPriority, str] = {AlarmPriority.HIGH: "▲", AlarmPriority.MEDIUM: "◆", AlarmPriority.LOW: "■"}
"""Shape by priority, so that colour is never the only code."""


def shape(priority: AlarmPriority) -> Component:
    """Draw the shape of a priority; the text beside it names it for screen readers."""
    return html.Span(SHAPES[priority], className=f"shape {priority.value.lower()}", **attributes(aria_hidden="true"))


def empty(why: str, cure: str, *, link: str = "", link_text: str = "") -> Component:
    """Say why a panel is empty and what to do.

    Parameters
    ----------
    why, cure : str
        Translated sentences.
    link, link_text : str, optional
        Where the cure is done.
    """
    parts: list[Component] = [html.P(why, className="empty-why"), html.P(cure)]
    if link:
        parts.append(dcc.Link(link_text, href=link, className="action"))
    return html.Div(parts, className="state-empty")


def forbidden(permission: Permission) -> Component:
    """Say that the reader's roles do not open a page, and who can grant one."""
    return html.Div(
        className="state-forbidden",
        children=[
            html.H1(_("This page is not open to you")),
            html.P(
                _("It needs the permission {permission}. A system administrator can give you a role with it.").format(
                    permission=permission.value
                )
            ),
        ],
    )


def failed(title: str, sentence: str) -> Component:
    """Say that a page cannot be shown at present; the rest goes on working.

    Parameters
    ----------
    title, sentence : str
        Translated title of the page, and what is wrong.
    """
    return html.Div([html.H1(title), html.P(sentence, role="alert")], className="state-error")


def not_found() -> Component:
    """Say that no page has the address."""
    return html.Div(
        className="state-not-found",
        children=[
            html.H1(_("There is no such page")),
            html.P(_("Choose a page from the list, or search for a device, place, item or task.")),
        ],
    )


def since(at: int, now: int) -> Component:
    """Write an age that goes on counting in the browser.

    Parameters
    ----------
    at, now : int
        UTC microseconds; 0 means never.
    """
    return html.Span(age(at, now), className="age", **attributes(data_since=str(at)))


def page_head(title: str, lead: str, *actions: Component) -> Component:
    """Give the head of a page: its title, one sentence, its actions.

    Parameters
    ----------
    title, lead : str
        Translated texts.
    *actions : Component
        Buttons and links.
    """
    return html.Div(
        className="page-head",
        children=[
            html.Div([html.H1(title), html.P(lead, className="lead")]),
            html.Div(list(actions), className="page-actions"),
        ],
    )


def panel(title: str, *children: Component, wide: bool = False) -> Component:
    """Give a titled part of a page.

    Parameters
    ----------
    title : str
        Translated heading.
    *children : Component
        What it holds.
    wide : bool, optional
        Whether it takes the full width.
    """
    return html.Section(className="panel wide" if wide else "panel", children=[html.H2(title), *children])
