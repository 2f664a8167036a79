"""Situations, changes and instants as they are written on the command line."""

from __future__ import annotations

import re

from simulation.experiments.request import Change, Scenario
from simulation.experiments.situations.offers import situation_changes
from simulation.model.problems import PathwayError
from twin.clock import from_text


def instant_of(text: str) -> int:
    """Read an instant such as ``2026-11-30T00:00:00Z``; gives UTC microseconds.

    Raises
    ------
    PathwayError
        If it is none.
    """
    try:
        return from_text(text)
    except ValueError as error:
        raise PathwayError("start", f"{text!r} is no instant.", "Write such as 2026-11-30T00:00:00Z.") from error


def situation_of(document: dict[str, object], told: str) -> Scenario:
    """Read a situation such as ``ward_closure:ward=ward-A,hours=48`` into the scenario that it makes.

    Parameters
    ----------
    document : dict[str, object]
        Pathway document.
    told : str
        Name, colon, values.

    Raises
    ------
    PathwayError
        If it cannot be read, or does not fit the pathway.
    """
    name, _, rest = told.partition(":")
    values: dict[str, object] = {}
    for part in filter(None, rest.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise PathwayError(f"situations.{name}", f"Cannot read {part!r}.", "Write key=value,key=value.")
        values[key.strip()] = _value(value.strip())
    return Scenario(name=told, changes=situation_changes(document, name.strip(), values))


def change_of(told: str) -> Change:
    """Read a change such as ``pools.bed.capacity+2``, ``*1.5`` or ``=10``.

    Raises
    ------
    PathwayError
        If it cannot be read.
    """
    found = re.fullmatch(r"([^=+*]+?)([=+*])(.+)", told)
    if found is None:
        raise PathwayError("change", f"Cannot read {told!r}.", "Write such as pools.bed.capacity+2 (or *1.5, or =10).")
    path, sign, text = found.groups()
    value: object = _value(text)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return Change(path=path.strip(), action={"=": "set", "+": "add", "*": "scale"}[sign], value=value)


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
