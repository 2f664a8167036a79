"""Controls that filter a page; their values go into the address line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html
from dash.development.base_component import Component

from dash_app.pages.address import TICK, URL, query_of, search_with
from dash_app.pages.guard import Callbacks
from dash_app.texts.catalogue import gettext as _
from twin.access import Permission


def select(
    identifier: str, label: str, options: Sequence[Mapping[str, str]], value: str, *, may_clear: bool = True
) -> Component:
    """Give a selection; cleared means all.

    Parameters
    ----------
    identifier : str
        Component id.
    label : str
        Translated.
    options : Sequence[Mapping[str, str]]
        With ``value`` and translated ``label``.
    value : str
        Chosen now; empty for all.
    may_clear : bool, optional
        Whether all may be chosen.
    """
    control: Component = dmc.Select(
        id=identifier,
        label=label,
        data=[dict(option) for option in options],
        value=value or None,
        placeholder=_("All"),
        clearable=may_clear,
        allowDeselect=may_clear,
        clearButtonProps={"aria-label": _("Show all")},
        searchable=len(options) > 8,
        comboboxProps={"withinPortal": False, "transitionProps": {"duration": 0}},
        nothingFoundMessage=_("Nothing found"),
    )
    return control


def export_button(identifier: str) -> Component:
    """Give the button that downloads what the page shows as CSV, with the download itself."""
    return html.Span(
        [
            html.Button(_("Export CSV"), id=identifier, className="action", n_clicks=0),
            dcc.Download(id=f"{identifier}-download"),
        ]
    )


def detail_address(page: str, identifier: str, prefix: str = "/ui/") -> str:
    """Give the address of the page of one thing."""
    return f"{prefix}{page}/{quote(identifier, safe='')}"


def narrow(callbacks: Callbacks, identifier: str, name: str, *, permission: Permission) -> None:
    """Let a selection set one filter of the address line.

    Parameters
    ----------
    callbacks : Callbacks
        Where it is registered.
    identifier : str
        Of the selection.
    name : str
        Of the filter in the address line.
    permission : Permission
        That opens the page.
    """

    @callbacks.add(
        Output(URL, "search", allow_duplicate=True),
        Input(identifier, "value"),
        State(URL, "search"),
        permission=permission,
        prevent_initial_call=True,
    )
    def choose(value: str | None, search: str) -> str:
        return search_with(search, **{name: value})


def follow(
    callbacks: Callbacks,
    identifier: str,
    build: Callable[[dict[str, str]], object],
    *,
    permission: Permission,
    part: str = "children",
) -> None:
    """Build a part of a page anew when its filters change or something has happened.

    Parameters
    ----------
    callbacks : Callbacks
        Where it is registered.
    identifier : str
        Of the part.
    build : Callable[[dict[str, str]], object]
        Gives it for the filters of the address line.
    permission : Permission
        That opens the page.
    part : str, optional
        Property that is set.
    """

    @callbacks.add(
        Output(identifier, part),
        Input(URL, "search"),
        Input(TICK, "data"),
        permission=permission,
        prevent_initial_call=True,
    )
    def refresh(search: str, _tick: object) -> object:
        return build(query_of(search))
