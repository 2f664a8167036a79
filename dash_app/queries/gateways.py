"""How the readers and machine lines are doing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from rfid_gateway.uplink.differences import Difference
from rfid_gateway.uplink.orders import OrderKind, OrderResult, Report
from twin.access import Actor
from twin.clock import Clock
from twin.errors import Unavailable
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


class ReportedView(Protocol):
    """What a gateway said last."""

    @property
    def report(self) -> Report:
        """The report."""

    @property
    def at(self) -> int:
        """When it came, UTC microseconds of the desk's clock."""

    @property
    def readings_per_s(self) -> float:
        """Readings and samples per second."""

    @property
    def is_doubled(self) -> bool:
        """Whether two gateways report under its id."""


class DeskView(Protocol):
    """Where gateways report and take orders."""

    clock: Clock

    def reported(self) -> Sequence[ReportedView]:
        """Give the last report of every gateway."""

    def ask_now(self, gateway: str, kind: OrderKind, arguments: Mapping[str, str], actor: Actor) -> OrderResult:
        """Leave an order and wait for what becomes of it."""


class VersionView(Protocol):
    """One version of a gateway's settings."""

    version: int
    stage: str
    text: str
    author: str
    note: str
    problem: str
    created_at: int


class SettingsView(Protocol):
    """Settings of gateways."""

    def versions(self, gateway: str) -> Sequence[VersionView]:
        """Give a gateway's versions, newest first."""

    def difference(self, gateway: str, version: int) -> Sequence[Difference]:
        """Give what a version would change against what the gateway works with."""

    def draft(self, gateway: str, text: str, remark: str, actor: Actor) -> VersionView:
        """Keep settings as somebody wrote them as a draft."""

    def take_read_points(self, gateway: str, actor: Actor) -> VersionView:
        """Make a draft with the read points of the building's plan."""

    def stage(self, gateway: str, version: int, actor: Actor) -> VersionView:
        """Give a version to the gateway."""

    def discard(self, gateway: str, version: int, actor: Actor) -> VersionView:
        """Put a draft away."""

    def add(self, gateway: str, entries: Mapping[str, Mapping[str, object]], actor: Actor) -> VersionView:
        """Add entries to the draft that somebody works on; gives the new draft."""

    def roll_back(self, gateway: str, actor: Actor) -> VersionView:
        """Go back to the version that worked before."""

    def change_key(self, gateway: str, actor: Actor) -> str:
        """Have the gateway go over to a new key; give the key's id."""


def desk_of(port: HospitalPort) -> DeskView:
    """Give the desk of gateways.

    Raises
    ------
    Unavailable
        If this process has none.
    """
    return cast(DeskView, _service(port, "gateway_desk"))


def settings_of(port: HospitalPort) -> SettingsView:
    """Give the settings of gateways.

    Raises
    ------
    Unavailable
        If this process has none.
    """
    return cast(SettingsView, _service(port, "gateway_settings"))


def _service(port: HospitalPort, name: str) -> object:
    found = port.services.get(name)
    if found is None:
        raise Unavailable("No gateways report here: use `hospital-twin serve`.")
    return found


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
