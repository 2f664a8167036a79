"""Controls that filter a page; their values go into the address line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from dash_app.texts.catalogue import gettext as _


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
