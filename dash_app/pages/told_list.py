"""A list in which a question is put together: what was added stands in a store, and each entry can be taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dash import ALL, Input, Output, State, html
from dash.development.base_component import Component

from dash_app.pages.fields import pressed
from dash_app.pages.guard import Callbacks
from dash_app.pages.states import attributes
from dash_app.texts.catalogue import gettext as _
from twin.access import Permission

Told = list[dict[str, Any]]


def away_type(store: str) -> str:
    """Give the type in the ids of the buttons that take an entry away."""
    return f"{store}-away"


def told_items(store: str, texts: Sequence[str], begin: str, *, keeps_begin: bool = False) -> list[Component]:
    """Give the entries of a list, each with its button.

    Parameters
    ----------
    store : str
        Id of the store that holds them.
    texts : Sequence[str]
        What each entry says.
    begin : str
        Translated; what the list says while it is empty.
    keeps_begin : bool, optional
        Whether that stays as the first line, above the entries.
    """
    items: list[Component] = [html.Li(begin, className="secondary")] if keeps_begin or not texts else []
    for index, text in enumerate(texts):
        label = attributes(aria_label=_("Take away: {what}").format(what=text))
        away = html.Button(
            _("Take away"), id={"type": away_type(store), "index": index}, className="quiet", n_clicks=0, **label
        )
        items.append(html.Li([html.Span(text), away]))
    return items


def register_told(
    callbacks: Callbacks,
    store: str,
    shown: str,
    items: Callable[[Told], list[Component]],
    *,
    permission: Permission = Permission.SIMULATION_RUN,
) -> None:
    """Let a list follow its store, and its buttons take entries out of it.

    Parameters
    ----------
    callbacks : Callbacks
        Where they are registered.
    store, shown : str
        Ids of the store and of the list.
    items : Callable[[Told], list[Component]]
        Gives the list's entries by :func:`told_items`.
    permission : Permission, optional
        Of who may put the list together.
    """
    common: dict[str, Any] = {"permission": permission, "prevent_initial_call": True}

    @callbacks.add(Output(shown, "children"), Input(store, "data"), **common)
    def show_told(told: Told | None) -> list[Component]:
        return items(told or [])

    @callbacks.add(
        Output(store, "data", allow_duplicate=True),
        Input({"type": away_type(store), "index": ALL}, "n_clicks"),
        State(store, "data"),
        **common,
    )
    def take_away_one(_clicks: list[int], told: Told) -> Told:
        index = int(pressed()["index"])
        return [*told[:index], *told[index + 1 :]]
