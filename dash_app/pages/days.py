"""Days and instants that somebody enters: one kind of field for all pages, typed or chosen from a calendar.

``static/days.js`` opens the calendar, and rewrites what was typed in another usual way (``2026/12/24``,
``2026年12月24日``, ``24.12.2026``) as ``2026-12-24`` when the field is left, so that the pages read one form only.
"""

from __future__ import annotations

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from dash_app.pages.states import attributes
from dash_app.texts.catalogue import gettext as _


def calendar_words() -> dict[str, str]:
    """Give what the calendar says, translated; the names of months and days come from the browser."""
    return {
        "previousYear": _("Previous year"),
        "previousMonth": _("Previous month"),
        "nextMonth": _("Next month"),
        "nextYear": _("Next year"),
        "today": _("Today"),
        "now": _("Now"),
        "empty": _("Empty the field"),
        "take": _("Take day and time"),
        "time": _("Time of day"),
    }


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
    return _entry("day", identifier, label, value=value, placeholder=_("year-month-day"), width=width)


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
    return _entry("instant", identifier, label, value="", placeholder=_("year-month-day hours:minutes"), width=width)


def _entry(kind: str, identifier: str, label: str, *, value: str, placeholder: str, width: int) -> Component:
    opener = html.Button(
        html.Span(className="icon icon-calendar"),
        className="quiet",
        title=_("Choose from a calendar"),
        **attributes(data_calendar=identifier, aria_label=_("Calendar: {field}").format(field=label)),
    )
    field = dmc.TextInput(
        id=identifier,
        label=label,
        value=value,
        placeholder=placeholder,
        rightSection=opener,
        rightSectionPointerEvents="all",
        w=width,
    )
    # The frame around the field tells the script which kind it is: a field of the library takes no data of its own.
    return html.Div(field, **attributes(data_days=kind))
