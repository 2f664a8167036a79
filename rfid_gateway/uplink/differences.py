"""What new settings would change, entry by entry, so that somebody looks before a gateway goes over to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec
import yaml
from pydantic import BaseModel

from rfid_gateway.uplink.configuration import BinEntry, GatewaySettings, WriteEntry, parse_shared

SECTIONS = ("readers", "read_points", "neighbours", "machines", "writes", "bins")
_HIDDEN = "•••"
_SECRET_FIELDS = frozenset({"password", "api_key", "token", "secret"})
_MOST_SHOWN = 400


class ChangeKind(StrEnum):
    """What happens to an entry."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the settings that differs.

    Parameters
    ----------
    section : str
        List of the settings, such as ``readers``; ``cleaning`` for how readings become zones.
    entry : str
        What tells it apart in its list, mostly its id.
    kind : ChangeKind
        What happens to it.
    field : str
        Field that changes; empty where the whole entry comes or goes.
    before, after : str
        Values as text; passwords are not shown.
    """

    section: str
    entry: str
    kind: ChangeKind
    field: str = ""
    before: str = ""
    after: str = ""


def differences(before: str, after: str) -> list[Difference]:
    """Give what differs between two settings (YAML) as the core keeps them.

    Parameters
    ----------
    before, after : str
        Settings; an empty text is no settings at all.

    Raises
    ------
    ImportRefused
        If one of them breaks a rule.

    Examples
    --------
    >>> [(one.section, one.entry, one.kind.value) for one in differences("", "readers: [{id: r9}]")]
    [('readers', 'r9', 'added')]
    """
    old, new = (parse_shared(text or "{}", "settings") for text in (before, after))
    found = [one for section in SECTIONS for one in _entries(section, old, new)]
    return found + list(_fields("cleaning", "", old.cleaning, new.cleaning))


def _entries(section: str, old: GatewaySettings, new: GatewaySettings) -> Iterator[Difference]:
    gone = {_name(one): one for one in getattr(old, section)}
    come = {_name(one): one for one in getattr(new, section)}
    for name, entry in gone.items():
        if name not in come:
            yield Difference(section=section, entry=name, kind=ChangeKind.REMOVED, before=_shown(entry))
    for name, entry in come.items():
        if name not in gone:
            yield Difference(section=section, entry=name, kind=ChangeKind.ADDED, after=_shown(entry))
        elif isinstance(entry, BaseModel):
            yield from _fields(section, name, gone[name], entry)


def _name(entry: object) -> str:
    """Give what tells an entry apart for a person: its id, or what it is about."""
    if isinstance(entry, WriteEntry):
        return f"{entry.device} {entry.signal}"
    if isinstance(entry, BinEntry):
        return entry.tag
    if isinstance(entry, tuple):
        # Neighbours have no direction: the same pair the other way round is no difference.
        return " – ".join(sorted(map(str, entry)))
    return str(getattr(entry, "id", entry))


def _fields(section: str, name: str, old: BaseModel, new: BaseModel) -> Iterator[Difference]:
    held, told = _plain(old), _plain(new)
    for field in told:
        if held[field] != told[field]:
            yield Difference(
                section=section,
                entry=name,
                kind=ChangeKind.CHANGED,
                field=field,
                before=_text(field, held[field]),
                after=_text(field, told[field]),
            )


def _plain(entry: BaseModel) -> dict[str, object]:
    return entry.model_dump(mode="json")


def _shown(entry: object) -> str:
    """Write an entry without the fields that are as usual."""
    if not isinstance(entry, BaseModel):
        return ""
    told = entry.model_dump(mode="json", exclude_defaults=True, exclude={"id"})
    return ", ".join(f"{field}: {_text(field, value)}" for field, value in told.items())[:_MOST_SHOWN]


def _text(field: str, value: object) -> str:
    if field in _SECRET_FIELDS and value:
        return _HIDDEN
    if isinstance(value, Mapping):
        value = {name: _text(str(name), one) for name, one in value.items()}
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...").strip()
