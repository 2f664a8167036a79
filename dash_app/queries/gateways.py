"""How the readers and machine lines are doing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from dash_app.queries.names import place_name
from twin.events.watch import GatewayStatus
from twin.state.live import LiveState


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRow:
    """One gateway, reader or machine line.

    Parameters
    ----------
    id, parent : str
        Its id, and the gateway that it hangs on.
    status : GatewayStatus
        How it is doing.
    detail : str
        Code of the cause; empty if none was told.
    since_at : int
        When the status was told, UTC microseconds.
    places : tuple[str, ...]
        Names of the places that its antennas stand for.
    last_read_at : int
        When one of its antennas last saw a tag, UTC microseconds; 0 for never.
    tags : int
        Tags that it saw last.
    """

    id: str
    parent: str
    status: GatewayStatus
    detail: str
    since_at: int
    places: tuple[str, ...]
    last_read_at: int
    tags: int


_ORDER = (GatewayStatus.OFFLINE, GatewayStatus.DEGRADED, GatewayStatus.ONLINE)


def rows(state: LiveState, *, chinese: bool = False) -> list[GatewayRow]:
    """Give gateways and readers, the silent ones first; readers that never spoke are not known and not listed."""
    places: dict[str, list[str]] = {}
    reader_by_point: dict[str, str] = {}
    for key, point in tuple(state.read_points.items()):
        reader_by_point[key] = point.reader
        places.setdefault(point.reader, []).append(place_name(state, point.place, chinese=chinese))
    last: dict[str, int] = {}
    tags: Counter[str] = Counter()
    for tag in tuple(state.tags.values()):
        if tag.sighting is None:
            continue
        reader = reader_by_point.get(getattr(tag.sighting, "read_point", ""), "")
        last[reader] = max(last.get(reader, 0), tag.sighting.occurred_at)
        tags[reader] += 1
    found = [
        GatewayRow(
            id=key,
            parent=health.parent,
            status=health.status,
            detail=health.detail,
            since_at=health.occurred_at,
            places=tuple(sorted(set(places.get(key, ())))),
            last_read_at=last.get(key, 0),
            tags=tags[key],
        )
        for key, health in tuple(state.gateways.items())
    ]
    return sorted(found, key=lambda row: (_ORDER.index(row.status), row.parent or row.id, row.id))
