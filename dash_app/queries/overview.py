"""Where pressure builds: the level, and one tile for each operational question with its next action."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dash_app.queries import beds, stock
from dash_app.queries.beds import BedUse
from twin.clock import SECOND_US
from twin.events.patients import EncounterClass
from twin.events.watch import AlarmPriority, GatewayStatus
from twin.state.live import LiveState
from twin.state.model import Encounter, EncounterStatus

HOUR_US = 3600 * SECOND_US
SEEN_STAGES = frozenset({"exam_started", "exam_ended", "result_ready", "dispensed", "paid"})
"""Stages that an emergency patient reaches only after having been seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One operational question.

    Parameters
    ----------
    key : str
        ``beds``, ``emergency``, ``theatres``, ``stock``, ``devices``, ``gateways``.
    value, total : int
        The figure, and of how many; total 0 when it does not apply.
    details : tuple[tuple[str, int], ...]
        Further counts, or durations in seconds, by code.
    level : AlarmPriority or None
        How soon somebody must act; None is normal.
    as_of : int
        When the youngest fact behind it happened, UTC microseconds; 0 if there is none.
    action : str
        Code of the next action; empty if none is needed.
    action_parameters : tuple[tuple[str, str], ...]
        What the action's text names.
    path : str
        Page, below the prefix, where to act.
    """

    key: str
    value: int
    total: int = 0
    details: tuple[tuple[str, int], ...] = ()
    level: AlarmPriority | None = None
    as_of: int = 0
    action: str = ""
    action_parameters: tuple[tuple[str, str], ...] = ()
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One figure that drives the pressure level.

    Parameters
    ----------
    key : str
        Which figure.
    weight : int
        How much it counts, above 0.
    thresholds : tuple[float, float, float]
        From which value on it scores 2, 3 and 4; rising.
    """

    key: str
    weight: int
    thresholds: tuple[float, float, float]

    def score(self, value: float) -> int:
        """Give 1 (normal) to 4 (extreme)."""
        return 1 + sum(value >= threshold for threshold in self.thresholds)


DEFAULT_PARAMETERS: tuple[Parameter, ...] = (
    Parameter(key="beds_occupied_share", weight=3, thresholds=(0.85, 0.92, 0.97)),
    Parameter(key="emergency_longest_wait_h", weight=2, thresholds=(2.0, 4.0, 8.0)),
    Parameter(key="emergency_waiting", weight=1, thresholds=(10, 20, 40)),
    Parameter(key="beds_to_clean_share", weight=1, thresholds=(0.04, 0.08, 0.12)),
    Parameter(key="stock_lines_out", weight=1, thresholds=(1, 5, 15)),
    Parameter(key="devices_unusable_share", weight=1, thresholds=(0.10, 0.20, 0.35)),
)
"""Starting values that a hospital replaces by its own; the shape follows published escalation frameworks, the figures
are ours and stand for no authority's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One parameter with its present value and score."""

    key: str
    value: float
    score: int
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressure:
    """How hard the house is pressed.

    Parameters
    ----------
    level : int
        1 (normal) to 4 (extreme).
    scored : tuple[Scored, ...]
        What drives it, the strongest first.
    """

    level: int
    scored: tuple[Scored, ...]


def pressure(values: dict[str, float], parameters: Sequence[Parameter] = DEFAULT_PARAMETERS) -> Pressure:
    """Give the pressure level: the weighted mean of the scores, rounded half up.

    Parameters
    ----------
    values : dict[str, float]
        Present figures by key; a parameter without a figure does not count.
    parameters : Sequence[Parameter], optional
        The hospital's scoring table.
    """
    scored = [
        Scored(key=p.key, value=values[p.key], score=p.score(values[p.key]), weight=p.weight)
        for p in parameters
        if p.key in values
    ]
    weights = sum(entry.weight for entry in scored)
    mean = sum(entry.score * entry.weight for entry in scored) / weights if weights else 1.0
    ranked = sorted(scored, key=lambda entry: (-entry.score * entry.weight, entry.key))
    # round() would take 2.5 down to 2.
    return Pressure(level=int(mean + 0.5), scored=tuple(ranked))


def _level(*, high: bool = False, medium: bool = False, low: bool = False) -> AlarmPriority | None:
    if high:
        return AlarmPriority.HIGH
    if medium:
        return AlarmPriority.MEDIUM
    return AlarmPriority.LOW if low else None


def _latest(instants: Iterable[int]) -> int:
    return max(instants, default=0)


def beds_tile(state: LiveState) -> Tile:
    """Give occupied beds of those in service, and what would free one soonest."""
    wards = beds.wards(state)
    by_use: Counter[BedUse] = Counter()
    for ward in wards:
        by_use.update(ward.by_use)
    in_service = sum(ward.open_beds for ward in wards)
    share = by_use[BedUse.OCCUPIED] / in_service if in_service else 0.0
    waiting = by_use[BedUse.DIRTY] + by_use[BedUse.CLEANING]
    action = "clean_beds" if by_use[BedUse.DIRTY] else ""
    fullest = wards[0] if wards else None
    if not action and fullest is not None and share >= DEFAULT_PARAMETERS[0].thresholds[1]:
        action = "relieve_ward"
    return Tile(
        key="beds",
        value=by_use[BedUse.OCCUPIED],
        total=in_service,
        details=tuple((use.value, by_use[use]) for use in (BedUse.READY, BedUse.DIRTY, BedUse.CLEANING, BedUse.CLOSED)),
        level=_level(high=share >= 0.97, medium=share >= 0.92, low=waiting > 0.08 * in_service > 0),
        as_of=_latest(
            register.occurred_at
            for bed in tuple(state.beds.values())
            for register in (bed.readiness, bed.service)
            if register is not None
        ),
        action=action,
        action_parameters=(
            ("count", str(by_use[BedUse.DIRTY])),
            ("ward", fullest.name if fullest is not None else ""),
        ),
        path="beds",
    )


def _emergencies(state: LiveState) -> list[Encounter]:
    held = tuple(state.encounters.values())
    return [encounter for encounter in held if encounter.encounter_class is EncounterClass.EMERGENCY]


def waiting_to_be_seen(state: LiveState) -> list[Encounter]:
    """Give the emergency patients whom nobody has seen yet, whoever has waited longest first."""
    found = [
        encounter
        for encounter in _emergencies(state)
        if encounter.status is EncounterStatus.IN_PROGRESS and encounter.stage not in SEEN_STAGES
    ]
    return sorted(found, key=lambda encounter: (encounter.started_at, encounter.id))


def emergency_tile(state: LiveState, now: int) -> Tile:
    """Give how many emergency patients wait to be seen, the longest wait, and ambulances on their way."""
    held = _emergencies(state)
    inbound = sum(
        # One that is up to an hour late is still on its way.
        encounter.expected_at >= now - HOUR_US
        for encounter in held
        if encounter.status is EncounterStatus.PLANNED and encounter.arrival_mode == "ambulance"
    )
    unseen = waiting_to_be_seen(state)
    waiting = len(unseen)
    longest_s = max(now - unseen[0].started_at, 0) // SECOND_US if unseen else 0
    latest = max((max(encounter.started_at, encounter.stage_at) for encounter in held), default=0)
    return Tile(
        key="emergency",
        value=waiting,
        details=(("longest_wait_s", longest_s), ("inbound", inbound)),
        level=_level(high=longest_s >= 8 * 3600, medium=longest_s >= 4 * 3600 or waiting >= 40, low=waiting >= 20),
        as_of=latest,
        action="see_longest_waiting" if longest_s >= 4 * 3600 else "",
        path="ambulances",
    )


def theatres_tile(state: LiveState, now: int) -> Tile:
    """Give how many operations are planned in the next 12 hours, and how many run now."""
    stays = [stay for plan in tuple(state.plans.values()) for stay in plan.stays if stay.theatre]
    running = sum(stay.theatre_start_at <= now < stay.theatre_end_at for stay in stays)
    coming = sum(now <= stay.theatre_start_at < now + 12 * HOUR_US for stay in stays)
    theatres = sum(place.purpose == "theatre" for place in tuple(state.places.values()))
    return Tile(
        key="theatres",
        value=running,
        total=theatres,
        details=(("coming_12h", coming),),
        as_of=_latest(plan.occurred_at for plan in tuple(state.plans.values())),
        action="" if stays else "publish_plan",
        path="plan",
    )


def stock_tile(state: LiveState, now: int) -> Tile:
    """Give how many stock lines are empty, low, or predicted to run out within a day."""
    # Counted as the page of stock counts: what is empty is not low as well.
    lines = [line for line in stock.lines(state) if line.par is not None]
    counts = Counter(stock.state_code(line) for line in lines)
    out, low = counts["out"], counts["low"]
    predicted = sum(stock.is_out_by(line, now, now + 24 * HOUR_US) for line in lines)
    return Tile(
        key="stock",
        value=out,
        total=len(lines),
        details=(("low", low), ("out_within_24h", predicted)),
        level=_level(high=out >= 15, medium=out > 0, low=out + low > 0.05 * len(lines) > 0),
        as_of=_latest(line.moved_at for line in lines if line.moved_at),
        action="restock" if out + low else "",
        action_parameters=(("count", str(out + low)),),
        path="stock",
    )


def lost_tags(state: LiveState) -> int:
    """Give how many tags their readers have lost and nobody has seen since."""
    lost = 0
    for tag in tuple(state.tags.values()):
        seen = tag.sighting.occurred_at if tag.sighting is not None else 0
        lost += tag.lost is not None and tag.lost.occurred_at >= seen
    return lost


def devices_tile(state: LiveState, now: int) -> Tile:
    """Give how many devices may not be used, how many are lost, and how old the youngest position is."""
    unusable, total = 0, 0
    for asset in tuple(state.assets.values()):
        if asset.entry is None or asset.retired is not None:
            continue
        total += 1
        unusable += not asset.is_usable
    share = unusable / total if total else 0.0
    return Tile(
        key="devices",
        value=unusable,
        total=total,
        details=(("lost_tags", lost_tags(state)),),
        level=_level(medium=share >= 0.35, low=share >= 0.20),
        as_of=_latest(tag.sighting.occurred_at for tag in tuple(state.tags.values()) if tag.sighting is not None),
        action="review_devices" if unusable else "",
        action_parameters=(("count", str(unusable)),),
        path="devices",
    )


def gateways_tile(state: LiveState) -> Tile:
    """Give how many readers and machine lines are silent."""
    health = tuple(state.gateways.values())
    offline = sum(entry.status is GatewayStatus.OFFLINE for entry in health)
    degraded = sum(entry.status is GatewayStatus.DEGRADED for entry in health)
    return Tile(
        key="gateways",
        value=offline,
        total=len(health),
        details=(("degraded", degraded),),
        level=_level(medium=offline > 0, low=degraded > 0),
        as_of=_latest(entry.occurred_at for entry in health),
        action="check_gateways" if offline or degraded else "",
        path="gateways",
    )


def tiles(state: LiveState, now: int) -> list[Tile]:
    """Give all tiles in the order of the page."""
    return [
        beds_tile(state),
        emergency_tile(state, now),
        theatres_tile(state, now),
        stock_tile(state, now),
        devices_tile(state, now),
        gateways_tile(state),
    ]


def pressure_values(shown: Sequence[Tile]) -> dict[str, float]:
    """Give the figures of the scoring table from the tiles; those that the hospital does not have are left out."""
    by_key = {tile.key: tile for tile in shown}
    details = {tile.key: dict(tile.details) for tile in shown}
    values: dict[str, float] = {}
    held = by_key["beds"]
    if held.total:
        values["beds_occupied_share"] = held.value / held.total
        values["beds_to_clean_share"] = (details["beds"]["dirty"] + details["beds"]["cleaning"]) / held.total
    if by_key["emergency"].as_of:
        values["emergency_waiting"] = by_key["emergency"].value
        values["emergency_longest_wait_h"] = details["emergency"]["longest_wait_s"] / 3600
    if by_key["stock"].total:
        values["stock_lines_out"] = by_key["stock"].value
    if by_key["devices"].total:
        values["devices_unusable_share"] = by_key["devices"].value / by_key["devices"].total
    return values


def has_anything(state: LiveState) -> bool:
    """Tell whether the hospital has been set up at all: an empty one gets a guide instead of zeros."""
    return bool(state.places or state.assets)
