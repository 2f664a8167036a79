"""Readable changes of a pathway document."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import cast

from simulation.experiments.request import Change
from simulation.model.problems import PathwayError

_NUMBER = (int, float)


def changed(document: Mapping[str, object], changes: tuple[Change, ...]) -> dict[str, object]:
    """Give a document with changes made, leaving the given one as it is.

    Parameters
    ----------
    document : Mapping[str, object]
        Pathway document.
    changes : tuple[Change, ...]
        In order.

    Raises
    ------
    PathwayError
        If a change names an entry that is not there, or does not fit what is there.

    Examples
    --------
    >>> two_more = Change(path="pools.bed.capacity", action="add", value=2)
    >>> changed({"pools": {"bed": {"capacity": 10}}}, (two_more,))["pools"]["bed"]["capacity"]
    12
    """
    # Deep: scenarios share the base document.
    made = copy.deepcopy(dict(document))
    for change in changes:
        apply_change(made, change)
    return made


def apply_change(document: dict[str, object], change: Change) -> None:
    """Make one change of a document in place.

    Parameters
    ----------
    document : dict[str, object]
        Pathway document.
    change : Change
        What is changed.

    Raises
    ------
    PathwayError
        As :func:`changed`.
    """
    *way, last = change.path.split(".")
    here: object = document
    for step in way:
        here = _child(here, step, change)
    # A set may create an entry; everything else needs one that is there.
    old = _child(here, last, change) if change.action != "set" else None
    match change.action:
        case "set":
            _put(here, last, copy.deepcopy(change.value), change)
        case "add":
            _put(here, last, _combined(old, change, scale=False), change)
        case "scale":
            _put(here, last, _combined(old, change, scale=True), change)
        case "remove":
            if isinstance(here, dict):
                del here[last]
            elif isinstance(here, list):
                del here[int(last)]
        case _:
            raise PathwayError(change.path, f"Unknown action {change.action!r}.", "Use set, add, scale or remove.")


def _child(here: object, step: str, change: Change) -> object:
    if isinstance(here, dict) and step in here:
        return cast(object, here[step])
    if isinstance(here, list) and step.isascii() and step.isdigit() and int(step) < len(here):
        return cast(object, here[int(step)])
    known = ", ".join(here) if isinstance(here, dict) else "numbers of a list"
    raise PathwayError(change.path, f"There is no entry {step!r}.", f"Use one of {known}.")


def _put(here: object, last: str, value: object, change: Change) -> None:
    if isinstance(here, dict):
        here[last] = value
    elif isinstance(here, list) and last.isascii() and last.isdigit() and int(last) < len(here):
        here[int(last)] = value
    else:
        raise PathwayError(change.path, f"There is no entry {last!r}.", "Check the path.")


def _combined(old: object, change: Change, *, scale: bool) -> object:
    if isinstance(change.value, bool) or not isinstance(change.value, _NUMBER):
        raise PathwayError(change.path, f"Expected a number, got {change.value!r}.", "Write a number.")
    if isinstance(old, list):
        return [_combined(item, change, scale=scale) for item in old]
    if isinstance(old, bool) or not isinstance(old, _NUMBER):
        raise PathwayError(change.path, f"{old!r} is no number.", "Use set.")
    made = old * change.value if scale else old + change.value
    # A capacity stays whole; a rate keeps its fraction.
    return round(made) if isinstance(old, int) and isinstance(made, float) and last_is_count(change.path) else made


def last_is_count(path: str) -> bool:
    """Tell whether an entry counts whole things."""
    return path.rpartition(".")[2] in {"capacity", "units", "quantity", "count", "size", "at"}
