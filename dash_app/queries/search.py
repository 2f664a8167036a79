"""One box for everything: devices, tags, places, items, tasks, by name, id or scanned code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dash_app.queries.names import asset_name
from twin.access import Actor, Permission
from twin.state.live import LiveState


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing found.

    Parameters
    ----------
    kind : str
        ``asset``, ``place``, ``item`` or ``task``.
    id, name : str
        Of the thing.
    is_exact : bool
        Whether the whole text was an id, tag, serial number or GTIN.
    """

    kind: str
    id: str
    name: str
    is_exact: bool


def _assets(state: LiveState, text: str) -> Iterator[Hit]:
    bearers = {tag.bound.bearer for tag in tuple(state.tags.values()) if tag.bound and tag.id.lower() == text}
    for key, asset in tuple(state.assets.items()):
        entry = asset.entry
        codes = {key.lower()} | ({entry.serial.lower(), entry.gtin.lower()} if entry is not None else set())
        name = entry.name if entry is not None else key
        is_exact = text in codes or key in bearers
        if is_exact or text in name.lower() or text in key.lower():
            yield Hit(kind="asset", id=key, name=name, is_exact=is_exact)


def _places(state: LiveState, text: str, *, chinese: bool) -> Iterator[Hit]:
    for key, place in tuple(state.places.items()):
        if text in place.name.lower() or text in place.name_zh or text in key.lower():
            name = place.name_zh if chinese and place.name_zh else place.name
            yield Hit(kind="place", id=key, name=name, is_exact=key.lower() == text)


def _items(state: LiveState, text: str, names: Mapping[str, str]) -> Iterator[Hit]:
    for key in {item for _place, item in tuple(state.stock)}:
        name = names.get(key, key)
        if text in name.lower() or text in key.lower():
            yield Hit(kind="item", id=key, name=name, is_exact=key.lower() == text)


PARTED = " · "
"""Between the name and the id of a device in a field that names both; ``device_records.device_named`` reads it so."""


def device_label(state: LiveState, asset: str) -> str:
    """Write a device's name and id, for a field that names one; the id alone if it is not known."""
    name = asset_name(state, asset)
    return asset if name == asset else f"{name}{PARTED}{asset}"


def devices_like(state: LiveState, text: str, *, most: int = 20) -> list[str]:
    """Give the labels of the devices in the fleet that a text may mean, exact ones first.

    Parameters
    ----------
    state : LiveState
        The hospital.
    text : str
        Part of a name, id, tag or serial number; empty finds nothing.
    most : int, optional
        At most so many.
    """
    wanted = text.rpartition(PARTED)[2].strip().lower()
    if not wanted:
        return []
    hits = [hit for hit in _assets(state, wanted) if state.assets[hit.id].retired is None]
    best = sorted(hits, key=lambda hit: (not hit.is_exact, hit.name, hit.id))[:most]
    return [device_label(state, hit.id) for hit in best]


def find(
    state: LiveState,
    actor: Actor,
    text: str,
    *,
    item_names: Mapping[str, str] = MappingProxyType({}),
    chinese: bool = False,
    most: int = 50,
) -> list[Hit]:
    """Find what the actor may read: exact hits first, then by name.

    Parameters
    ----------
    state : LiveState
        The hospital.
    actor : Actor
        Who asks.
    text : str
        Any part of a name, or a whole id, tag or serial number; empty finds nothing.
    item_names : Mapping[str, str], optional
        Names of items by id: the live state knows only their ids.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    most : int, optional
        At most so many.
    """
    wanted = text.strip().lower()
    if not wanted:
        return []
    hits: list[Hit] = []
    if actor.may(Permission.DEVICES_READ):
        hits += _assets(state, wanted)
    if actor.may(Permission.PLACES_READ):
        hits += _places(state, wanted, chinese=chinese)
    if actor.may(Permission.STOCK_READ):
        hits += _items(state, wanted, item_names)
    # Ids of tasks are told from other systems as they are: their case counts, and a small letter may be typed for it.
    exact = {text.strip(), wanted} if actor.may(Permission.TASKS_READ) else set()
    hits += [Hit(kind="task", id=key, name=key, is_exact=True) for key in exact if key in state.tasks]
    return sorted(hits, key=lambda hit: (not hit.is_exact, hit.kind, hit.name, hit.id))[:most]
