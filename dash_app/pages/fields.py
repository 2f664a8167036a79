"""What stands in the fields of a form: asked for by the name that the reader sees, so that no button stays silent."""

from __future__ import annotations

from typing import Any, TypeVar

import dash
from dash.exceptions import PreventUpdate

from twin.errors import InputError

T = TypeVar("T")


def needed(value: T | None, label: str) -> T:
    """Give what a field holds; the reader is told which one is empty.

    Parameters
    ----------
    value : T or None
        As Dash hands it over.
    label : str
        Translated label of the field.

    Raises
    ------
    InputError
        For nothing, an empty text, blanks, or an empty list.

    Examples
    --------
    >>> needed("pump-7", "Device")
    'pump-7'
    """
    is_empty = not value.strip() if isinstance(value, str) else value is None or value == []
    if is_empty or value is None:
        raise InputError(label, code="input.empty")
    return value


def figure(value: object, label: str) -> float:
    """Give the number that a field holds.

    Parameters
    ----------
    value : object
        As Dash hands it over: an emptied number field gives an empty text.
    label : str
        Translated label of the field.

    Raises
    ------
    InputError
        If it holds none.
    """
    # True and False count as numbers in Python, but no field of numbers gives them.
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InputError(label, code="input.empty")
    return value


def whole(value: object, label: str) -> int:
    """Give the whole number that a field holds; parameters and errors as :func:`figure`."""
    found = figure(value, label)
    if found != int(found):
        raise InputError(label, code="input.empty")
    return int(found)


def pressed() -> dict[str, Any]:
    """Give the id of the one of several like buttons that was pressed.

    Raises
    ------
    PreventUpdate
        If rows went away or came: Dash calls then too, although nobody has pressed anything.
    """
    found = dash.ctx.triggered_id
    if not isinstance(found, dict):
        raise PreventUpdate
    return dict(found)
