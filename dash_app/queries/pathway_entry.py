"""One entry of a pathway as fields: which keys it has and may have, and what may stand in each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from simulation.model.problems import PathwayError

KINDS = (
    "seize",
    "release",
    "serve",
    "use",
    "delay",
    "consume",
    "transport",
    "gate",
    "until",
    "route",
    "set",
    "fork",
    "join",
    "batch",
    "exit",
)
_TAKING = ("pools", "quantity", "priority", "patience", "reneged")
_KEYS_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "seize": (*_TAKING, "any_of", "next"),
    "release": ("pools", "of", "next"),
    "serve": (*_TAKING, "duration", "next"),
    "use": (*_TAKING, "duration", "next"),
    "delay": ("duration", "calendar", "next"),
    "consume": (*_TAKING, "next"),
    "transport": (*_TAKING, "from", "to", "mover", "duration", "next"),
    "gate": (*_TAKING, "next"),
    "until": ("calendar", "next"),
    "route": ("by", "branches"),
    "set": ("attribute", "value", "add", "next"),
    "fork": ("branches", "join"),
    "join": ("next",),
    "batch": ("size", "max_wait", "next"),
    "exit": ("disposition",),
}
_KEYS_BY_SECTION: Mapping[str, tuple[str, ...]] = {
    "pools": (
        *("capacity", "shifts", "changes", "discipline", "at_shift_end", "eviction", "level_worth", "may_overtake"),
        *("reserve_after", "failures", "turnover", "restocking", "cost_per_hour"),
    ),
    "arrivals": (
        *("to", "classes", "gap", "per_hour", "piece", "at", "appointments", "burst", "group", "no_show", "lateness"),
        *("early", "pre_arrival"),
    ),
    "classes": ("priority",),
    "calendars": ("open",),
}
_WORDS: Mapping[str, tuple[str, ...]] = {
    "do": KINDS,
    "discipline": ("priority", "fifo", "preemptive"),
    "at_shift_end": ("finish", "hand_over", "evict"),
    "eviction": ("resume", "restart", "resample"),
    "mover": ("bed", "cart", "person"),
    "by": ("condition", "shortest"),
}
_NODES = frozenset({"next", "reneged", "join"})
_FLAGS = frozenset({"any_of", "add", "may_overtake"})
_NUMBERS = frozenset({"capacity", "quantity", "size", "group", "no_show", "cost_per_hour"})


class Form(StrEnum):
    """In which kind of field a value is entered."""

    CHOICE = "choice"
    FLAG = "flag"
    NUMBER = "number"
    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryField:
    """One key of an entry.

    Parameters
    ----------
    key : str
        As in the file.
    form : Form
        How it is entered.
    value : object
        What stands there; a table or list as JSON.
    choices : tuple[str, ...]
        What may stand there, of a choice.
    """

    key: str
    form: Form
    value: object
    choices: tuple[str, ...] = ()


def _names(document: Mapping[str, Any], section: str) -> tuple[str, ...]:
    held = document.get(section)
    return tuple(str(name) for name in held) if isinstance(held, Mapping | list) else ()


def _choices(document: Mapping[str, Any], section: str, key: str) -> tuple[str, ...]:
    if key in _WORDS:
        return _WORDS[key]
    # where patients go first is a node; a transport goes to a place
    if key in _NODES or (key == "to" and section == "arrivals"):
        return _names(document, "nodes")
    if key == "pools":
        return _names(document, "pools")
    return _names(document, "calendars") if key == "calendar" else ()


def _field(document: Mapping[str, Any], section: str, key: str, value: object) -> EntryField:
    choices = _choices(document, section, key)
    if isinstance(value, dict | list):
        return EntryField(key=key, form=Form.JSON, value=json.dumps(value, ensure_ascii=False))
    if isinstance(value, bool) or (value is None and key in _FLAGS):
        return EntryField(key=key, form=Form.FLAG, value=bool(value))
    if choices and (value is None or isinstance(value, str)):
        # what stands there stays to be chosen, also where it names something that is not there any more
        known = choices if value is None or value in choices else (*choices, str(value))
        return EntryField(key=key, form=Form.CHOICE, value=value, choices=known)
    if isinstance(value, int | float) or (value is None and key in _NUMBERS):
        return EntryField(key=key, form=Form.NUMBER, value=value)
    return EntryField(key=key, form=Form.TEXT, value=value or "")


def entry_of(text: str) -> dict[str, Any]:
    """Read the entry that is being edited; empty for what is no table.

    Parameters
    ----------
    text : str
        JSON.
    """
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def fields_of(document: Mapping[str, Any], address: str, text: str) -> list[EntryField]:
    """Give the fields of the entry that is being edited, in the order of the file.

    Parameters
    ----------
    document : Mapping[str, Any]
        Pathway document, for the names that may be chosen.
    address : str
        Section and name, such as ``nodes.triage``.
    text : str
        The entry as JSON.
    """
    section = address.partition(".")[0]
    return [_field(document, section, key, value) for key, value in entry_of(text).items()]


def keys_left(address: str, text: str) -> list[str]:
    """Give the keys that the entry may have besides; parameters as for :func:`fields_of`."""
    section, entry = address.partition(".")[0], entry_of(text)
    known = (
        ("do", *_KEYS_BY_KIND.get(str(entry.get("do", "")), ()))
        if section == "nodes"
        else _KEYS_BY_SECTION.get(section, ())
    )
    return [key for key in known if key not in entry]


def added(document: Mapping[str, Any], address: str, text: str, key: str) -> str:
    """Give the entry with one more key, filled with the first thing that may stand there.

    Parameters
    ----------
    document, address, text
        As for :func:`fields_of`.
    key : str
        To add.
    """
    field = _field(document, address.partition(".")[0], key, None)
    first: object = field.choices[0] if field.choices else {Form.FLAG: True, Form.NUMBER: 1}.get(field.form, "")
    return json.dumps(entry_of(text) | {key: first}, ensure_ascii=False, indent=2)


def merged(text: str, entered: Mapping[str, tuple[Form, object]]) -> str:
    """Give the entry with what stands in its fields; an emptied field takes its key out.

    Parameters
    ----------
    text : str
        The entry as JSON.
    entered : Mapping[str, tuple[Form, object]]
        Form and value by key.

    Raises
    ------
    PathwayError
        If a table or list is no JSON.
    """
    entry = entry_of(text)
    for key, (form, value) in entered.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            entry.pop(key, None)
        elif form is Form.JSON:
            try:
                entry[key] = json.loads(cast("str", value))
            except (ValueError, RecursionError) as error:
                raise PathwayError(key, f"Cannot parse it: {error}.", "Write a list or table as JSON.") from error
        else:
            entry[key] = value
    return json.dumps(entry, ensure_ascii=False, indent=2)
