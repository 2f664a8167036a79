"""The tables of the live state and the indices kept beside them; changed by reducers only."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator

from twin.events.envelope import Event
from twin.events.places import PathClosed, PathDefined, PathReopened, PlaceDefined
from twin.events.supply import LoadRejected, LoadReleased
from twin.events.things import BearerKind, BinEmptied
from twin.events.watch import GatewayHealthChanged, ReadPointDefined
from twin.events.work import PlanPublished, StaffDefined
from twin.state.model import Alarm, Asset, Bed, Encounter, StockLine, Tag, Task, Ticket


def _sets() -> defaultdict[str, set[str]]:
    return defaultdict(set)


class Index:
    """What pages ask for often, kept up to date with every event; can always be rebuilt from the tables."""

    __slots__ = (
        "active_alarms",
        "asset_slot",
        "assets_by_category",
        "bearers_by_zone",
        "children",
        "encounters_by_place",
        "low_stock",
        "merged_by_survivor",
        "merging",
        "off_queue",
        "open_tasks",
        "present_by_place",
        "queues",
        "reserved_by_place",
        "stock_by_item",
        "stock_by_place",
        "swap_links",
        "tags_by_bearer",
        "zone_by_bearer",
    )

    def __init__(self) -> None:
        self.children = _sets()
        """Ids of the places directly inside a place."""
        self.tags_by_bearer = {kind: _sets() for kind in BearerKind}
        """Ids of all tags ever bound to a bearer, by its kind."""
        self.zone_by_bearer: dict[BearerKind, dict[str, str]] = {kind: {} for kind in BearerKind}
        """Zone in which a bearer other than an asset was last observed by a tag that it bears now, by its kind."""
        self.bearers_by_zone = {kind: _sets() for kind in BearerKind}
        """Ids of the bearers other than assets observed in a zone, by kind."""
        self.asset_slot: dict[str, tuple[str, str, str]] = {}
        """Category, observed zone or home, and observed zone (empty if none) of every asset; empty category: it is seen
        but not in the register."""
        self.assets_by_category: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(_sets)
        """Ids of the assets in the register by category and by observed zone or home."""
        self.encounters_by_place = _sets()
        """Ids of encounters assigned to a place."""
        self.present_by_place = _sets()
        self.reserved_by_place = _sets()
        self.swap_links = _sets()
        self.merged_by_survivor = _sets()
        self.merging: set[str] = set()
        """Ids of encounters that any fact, also a cancelled one, merges into another."""
        self.queues: defaultdict[str, list[tuple[int, int, str]]] = defaultdict(list)
        """Waiting tickets of a service point as (minus priority, joined_at, id), in call order."""
        self.off_queue: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
        """Tickets of a service point that wait no longer as (instant, id), in order: the instant of their end, or
        ``AT_COUNTER`` while they are called or served. So a look at the last hours passes over weeks of closed ones."""
        self.open_tasks: set[str] = set()
        self.active_alarms: set[str] = set()
        self.stock_by_place: defaultdict[str, dict[str, StockLine]] = defaultdict(dict)
        self.stock_by_item: defaultdict[str, dict[str, StockLine]] = defaultdict(dict)
        self.low_stock: set[tuple[str, str]] = set()

    @property
    def assets_by_zone(self) -> dict[str, set[str]]:
        """Ids of the assets observed in each zone, gathered on demand."""
        found = _sets()
        for asset, (_, _, zone) in self.asset_slot.items():
            if zone:
                found[zone].add(asset)
        return dict(found)

    def assets_in(self, place: str) -> set[str]:
        """Give the ids of the assets that are observed at a place, or at home there if never observed."""
        return {asset for places in self.assets_by_category.values() for asset in places.get(place, ())}

    @property
    def encounters_by_zone(self) -> dict[str, set[str]]:
        """Ids of the encounters whose wristband was observed in a zone."""
        return self.bearers_by_zone[BearerKind.ENCOUNTER]

    def content(self) -> dict[str, object]:
        """Give all indices without empty entries, to compare two of them."""
        return {name: _without_empty(getattr(self, name)) for name in self.__slots__}


def _without_empty(value: object) -> object:
    if isinstance(value, dict):
        shown = {key: _without_empty(entry) for key, entry in value.items()}
        return {key: entry for key, entry in shown.items() if entry or not isinstance(entry, dict | set | list)}
    return (value.place, value.item) if isinstance(value, StockLine) else value


AT_COUNTER = 1 << 62  # after every instant
"""In ``Index.off_queue``: the ticket is called or being served."""


def plan_key(plan: PlanPublished) -> str:
    """Give what a plan replaces the one before of: its kind, and of a roster also the place.

    Parameters
    ----------
    plan : PlanPublished
        In force.

    Examples
    --------
    A roster of ward 3A and one of the whole hospital stand beside one another as ``roster:3A`` and ``roster``.
    """
    return f"{plan.kind}:{plan.place}" if plan.place else plan.kind


class Tables:
    """All that is known of the present hospital, by id; see ``model`` for what each object holds.

    ``places``, ``paths``, ``staff``, ``read_points`` and ``plans`` map to the event in force; what was removed is in
    ``removed`` so that an older definition that arrives later does not bring it back.
    """

    __slots__ = (
        "alarms",
        "assets",
        "beds",
        "bins",
        "closures",
        "encounters",
        "forgotten_before",
        "gateways",
        "index",
        "latest_at",
        "loads",
        "paths",
        "places",
        "plans",
        "read_points",
        "removed",
        "sequence",
        "staff",
        "steady",
        "stock",
        "tags",
        "tasks",
        "tickets",
    )

    def __init__(self) -> None:
        self.steady = threading.RLock()
        """Held while events are applied; hold it to look through a whole table, which may not grow meanwhile."""
        self.sequence = 0
        self.latest_at = 0
        self.forgotten_before = 0
        """Closed matters of which nothing was said since are not held any more; see ``forgetting``."""
        self.places: dict[str, PlaceDefined] = {}
        self.paths: dict[str, PathDefined] = {}
        self.closures: dict[str, PathClosed | PathReopened] = {}
        self.staff: dict[str, StaffDefined] = {}
        self.read_points: dict[str, ReadPointDefined] = {}
        self.removed: dict[tuple[str, str], Event] = {}
        self.gateways: dict[str, GatewayHealthChanged] = {}
        self.plans: dict[str, PlanPublished] = {}
        self.bins: dict[str, BinEmptied] = {}
        self.loads: dict[str, LoadReleased | LoadRejected] = {}
        self.assets: dict[str, Asset] = {}
        self.tags: dict[str, Tag] = {}
        self.beds: dict[str, Bed] = {}
        self.encounters: dict[str, Encounter] = {}
        self.tickets: dict[str, Ticket] = {}
        self.tasks: dict[str, Task] = {}
        self.alarms: dict[str, Alarm] = {}
        self.stock: dict[tuple[str, str], StockLine] = {}
        self.index = Index()

    def inside(self, place: str) -> Iterator[str]:
        """Give a place and all places inside it, each once."""
        seen = {place}
        waiting = [place]
        while waiting:
            current = waiting.pop()
            yield current
            for child in self.index.children.get(current, ()):
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)
