"""Days and instants that somebody enters: one kind of field for all pages, written as ``2026-12-24``."""

from __future__ import annotations

import dash_mantine_components as dmc
from dash.development.base_component import Component

from dash_app.texts.catalogue import gettext as _


def day_entry(identifier: str, label: str, *, value: str = "", width: int = 170) -> Component:
    """Give a field for one day; its value is ``YYYY-MM-DD`` or empty.

    Parameters
    ----------
    identifier : str
        Component id.
    label : str
        Translated.
    value : str, optional
        The day at first.
    width : int, optional
        Pixels.
    """
    entry: Component = dmc.TextInput(id=identifier, label=label, value=value, placeholder=_("year-month-day"), w=width)
    return entry


def instant_entry(identifier: str, label: str, *, width: int = 220) -> Component:
    """Give a field for a day and a time of day, the hospital's; its value is ``YYYY-MM-DD HH:MM`` or empty.

    Parameters
    ----------
    identifier : str
        Component id.
    label : str
        Translated; it says what an empty field means.
    width : int, optional
        Pixels.
    """
    entry: Component = dmc.TextInput(
        id=identifier, label=label, value="", placeholder=_("year-month-day hours:minutes"), w=width
    )
    return entry
