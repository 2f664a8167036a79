"""The device fleet, and everything known of one device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dash_app.queries.floor_map import Position, position, positions
from dash_app.queries.names import place_name, staff_label
from twin.events.envelope import Event
from twin.state.live import LiveState
from twin.state.model import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """One device of the fleet.

    Parameters
    ----------
    position : Position
        What it is and where it probably is.
    model, serial : str
        Of the register.
    home : str
        Name of the place where it belongs.
    is_usable : bool
        Whether it may be used on a patient now.
    reasons : tuple[str, ...]
        Codes of every reason against it.
    readiness : str
        Code of its cleanliness; empty if nobody has said anything.
    status : str
        Operating status it reports; empty if it reports none.
    """

    position: Position
    model: str
    serial: str
    home: str
    is_usable: bool
    reasons: tuple[str, ...]
    readiness: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One entry of a device's time line.

    Parameters
    ----------
    at : int
        UTC microseconds.
    kind : str
        Name of the event's class.
    detail : str
        Place, status or the like: a name, or a code of the event.
    source : str
        Who says so.
    """

    at: int
    kind: str
    detail: str
    source: str


def _row(state: LiveState, asset: Asset, found: Position, *, chinese: bool) -> DeviceRow:
    entry = asset.entry
    readiness = asset.readiness_value
    return DeviceRow(
        position=found,
        model=entry.model if entry is not None else "",
        serial=entry.serial if entry is not None else "",
        home=place_name(state, entry.home, chinese=chinese) if entry is not None else "",
        is_usable=asset.is_usable,
        reasons=asset.availability.reasons if asset.availability is not None else (),
        readiness=readiness.value if readiness is not None else "",
        status=asset.status.status if asset.status is not None else "",
    )


def rows(state: LiveState, now: int, *, category: str = "", use: str = "", chinese: bool = False) -> list[DeviceRow]:
    """Give the fleet: with an alarm first, then not usable, then by name.

    Parameters
    ----------
    state : LiveState
        The hospital.
    now : int
        UTC microseconds.
    category : str, optional
        Only this kind; empty for all.
    use : str, optional
        ``usable`` or ``unusable``; empty for all.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    """
    found = [
        _row(state, state.assets[entry.asset], entry, chinese=chinese)
        for entry in positions(state, now, chinese=chinese)
        if entry.asset in state.assets and category in {"", entry.category}
    ]
    shown = [row for row in found if use == "" or row.is_usable == (use == "usable")]
    return sorted(
        shown,
        key=lambda row: (
            row.position.priority.value if row.position.priority is not None else "P9",
            row.is_usable,
            row.position.name,
        ),
    )


def one(state: LiveState, asset_id: str, now: int, *, chinese: bool = False) -> DeviceRow | None:
    """Give one device, None if no register or reader ever named it."""
    asset = state.assets.get(asset_id)
    if asset is None:
        return None
    return _row(state, asset, position(state, asset_id, now, chinese=chinese), chinese=chinese)


def _detail(state: LiveState, event: Event, *, chinese: bool) -> str:
    for name in ("zone", "to_zone", "last_zone", "place"):
        place = getattr(event, name, "")
        if place:
            return place_name(state, str(place), chinese=chinese)
    for name in ("status", "readiness", "verdict", "custodian", "reason", "cycle", "name", "tag"):
        value = getattr(event, name, "")
        if value:
            return staff_label(state, str(value)) if name == "custodian" else str(value)
    return ""


def chips_of(state: LiveState, tags: Sequence[str]) -> list[str]:
    """Give the numbers of the chips that answered last under some tags' codes, where a reader reads them."""
    found = (getattr(state.tags[tag].sighting, "tid", "") for tag in tags if tag in state.tags)
    return [tid for tid in found if tid]


def timeline(
    state: LiveState, asset_id: str, older: Sequence[Event] = (), *, chinese: bool = False, most: int = 100
) -> list[Happening]:
    """Give what happened to a device, the latest first.

    Parameters
    ----------
    state : LiveState
        The hospital; gives the latest word on each facet.
    asset_id : str
        Id of the device.
    older : Sequence[Event], optional
        From the ledger; each event is shown once.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    most : int, optional
        At most so many.
    """
    asset = state.assets.get(asset_id)
    held: list[Event | None] = []
    if asset is not None:
        held = [
            asset.entry,
            asset.retired,
            asset.readiness,
            asset.status,
            asset.availability,
            asset.custody,
            asset.cycle,
            asset.egress,
        ]
    for tag in tuple(state.tags.values()):
        if tag.bound is not None and tag.bound.bearer == asset_id:
            held += [tag.bound, tag.sighting, tag.entered, tag.lost]
    known: dict[tuple[str, str], Event] = {}
    for event in [*older, *held]:
        if event is not None:
            known[(event.source, event.source_key)] = event
    latest = sorted(known.values(), key=lambda event: (event.occurred_at, event.source_key), reverse=True)[:most]
    return [
        Happening(
            at=event.occurred_at,
            kind=type(event).__name__,
            detail=_detail(state, event, chinese=chinese),
            source=event.source,
        )
        for event in latest
    ]
