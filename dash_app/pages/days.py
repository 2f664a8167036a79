"""Days and instants that somebody enters: typed as ``2026-12-24``, or picked from a calendar in their language."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash.development.base_component import Component

from dash_app.texts.catalogue import gettext as _
from dash_app.texts.preferences import PREFERENCES

_DAY = "YYYY-MM-DD"


def calendar_settings() -> dict[str, object]:
    """Give the settings of all calendars of a page: the language's names, and weeks that begin on Monday (ISO 8601)."""
    return {"locale": "zh-cn" if _is_chinese() else "en", "firstDayOfWeek": 1}


def _is_chinese() -> bool:
    return PREFERENCES.get().language == "zh_CN"


def _calendar() -> dict[str, Any]:
    """Give what both entries have in common."""
    months, years = ("YYYY年M月", "YYYY年") if _is_chinese() else ("MMMM YYYY", "YYYY")
    return {
        "clearable": True,
        "clearButtonProps": {"aria-label": _("Empty the day")},
        # The calendar follows its field in the order of the document, so that a reader aloud finds it.
        "popoverProps": {"withinPortal": False, "transitionProps": {"duration": 0}},
        "monthLabelFormat": months,
        "yearLabelFormat": years,
        "ariaLabels": {
            "monthLevelControl": _("Choose the month"),
            "yearLevelControl": _("Choose the year"),
            "nextMonth": _("Next month"),
            "previousMonth": _("Previous month"),
            "nextYear": _("Next year"),
            "previousYear": _("Previous year"),
            "nextDecade": _("Next ten years"),
            "previousDecade": _("Previous ten years"),
        },
    }


def day_entry(identifier: str, label: str, *, value: str = "", width: int = 170) -> Component:
    """Give a field for one day; its value is ``YYYY-MM-DD`` or None.

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
    entry: Component = dmc.DateInput(
        id=identifier,
        label=label,
        value=value or None,
        valueFormat=_DAY,
        placeholder=_("year-month-day"),
        w=width,
        **_calendar(),
    )
    return entry


def instant_entry(identifier: str, label: str, *, description: str = "", width: int = 220) -> Component:
    """Give a field for a day and a time of day, the hospital's; its value is ``YYYY-MM-DD HH:MM:SS`` or None.

    Parameters
    ----------
    identifier : str
        Component id.
    label, description : str
        Translated; what stands under the label says what an empty field means.
    width : int, optional
        Pixels.
    """
    entry: Component = dmc.DateTimePicker(
        id=identifier,
        label=label,
        description=description or None,
        valueFormat=f"{_DAY} HH:mm",
        placeholder=_("Choose day and time"),
        submitButtonProps={"aria-label": _("Take day and time")},
        timePickerProps={"hoursInputLabel": _("Hours"), "minutesInputLabel": _("Minutes")},
        w=width,
        **_calendar(),
    )
    return entry
