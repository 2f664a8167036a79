"""Where things and people probably are, to what tags are fixed, and what is nearest."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from twin.clock import SECOND_US
from twin.events.things import BearerKind, CustodyChanged, DeviceReadiness, TagBound, TagUnbound
from twin.places.routes import Routes
from twin.state.claims import is_newer
from twin.state.model import Tag, zone_of
from twin.state.reducers.tags import latest_tag
from twin.state.reducers.things import is_in_register
from twin.state.tables import Tables

OBSERVATION_HALF_LIFE_S = 4 * 3600.0
"""Age at which an observed position of a mobile asset counts half; a fixed asset's does not fade."""
LOST_FACTOR = 0.25
"""What is left of the confidence when the zone's readers have lost the tag."""
HOME_CONFIDENCE = 0.2
ASSIGNED_CONFIDENCE = 0.9


class Basis(StrEnum):
    """On what a believed location rests."""

    OBSERVED = "observed"
    ASSIGNED = "assigned"
    HOME = "home"
    UNKNOWN = "unknown"


class BelievedLocation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where something probably is; a struct, since pages make hundreds of them at a time.

    Parameters
    ----------
    place : str
        Id of the place; empty if nothing is known.
    confidence : float
        Probability that it is there, 0 to 1.
    age_s : float
        Seconds since somebody last said so; 0 when nothing is known.
    basis : Basis
        On what this rests.
    since_at : int
        Since when it is there, UTC microseconds; 0 if unknown.
    is_lost : bool
        Whether its tag is no longer seen though the readers work.
    event_ids : tuple[str, ...]
        Events behind it.
    """

    place: str
    confidence: float
    age_s: float
    basis: Basis
    since_at: int = 0
    is_lost: bool = False
    event_ids: tuple[str, ...] = ()


_NOWHERE = BelievedLocation(place="", confidence=0.0, age_s=0.0, basis=Basis.UNKNOWN)


def bearer_of(state: Tables, tag: str, at: int) -> str:
    """Give the id of what a tag was fixed to at an instant, or ``""``."""
    record = state.tags.get(tag)
    if record is None or not record.bindings:
        return ""  # asked of each sighting, so without a further call for tags that nobody has fixed yet
    binding = binding_of(state, tag, at)
    return binding.bearer if binding is not None else ""


def binding_of(state: Tables, tag: str, at: int) -> TagBound | None:
    """Give the binding of a tag in force at an instant, with the kind of its bearer."""
    record = state.tags.get(tag)
    if record is None or not record.bindings:
        return None
    # bindings stand in order of time
    found: TagBound | TagUnbound | None = record.bindings[-1]
    if found is not None and found.occurred_at > at:  # of the past; nearly all ask about now
        index = bisect_right(record.bindings, at, key=lambda binding: binding.occurred_at)
        found = record.bindings[index - 1] if index else None
    return found if isinstance(found, TagBound) else None


def tags_of(state: Tables, bearer: str, at: int, kind: BearerKind | None = None) -> tuple[str, ...]:
    """Give the ids of all tags fixed to a thing at an instant, sorted; of any kind of thing unless one is named."""
    found = set()
    for candidate, tags_by_bearer in state.index.tags_by_bearer.items():
        if kind is None or candidate is kind:
            for tag in tags_by_bearer.get(bearer, ()):
                binding = binding_of(state, tag, at)
                if binding is not None and binding.bearer == bearer and binding.bearer_kind == candidate:
                    found.add(tag)
    return tuple(sorted(found))


def _observed(tag: Tag, now: int, *, fades: bool) -> BelievedLocation:
    sighting, entered, lost = tag.sighting, tag.entered, tag.lost
    if sighting is None:
        return _NOWHERE
    age_s = max(now - sighting.occurred_at, 0) / SECOND_US
    confidence = sighting.confidence * (0.5 ** (age_s / OBSERVATION_HALF_LIFE_S) if fades else 1.0)
    place, since_at = zone_of(sighting), sighting.occurred_at
    ids: tuple[str, ...] = (sighting.id,)
    if entered is not None and (entered is sighting or zone_of(entered) == place):
        since_at = entered.occurred_at
        if entered.id != sighting.id:
            ids += (entered.id,)
    is_lost = lost is not None and is_newer(lost, sighting)
    if is_lost and lost is not None:
        confidence *= LOST_FACTOR
        ids += (lost.id,)
    return BelievedLocation(
        place=place,
        confidence=confidence,
        age_s=age_s,
        basis=Basis.OBSERVED,
        since_at=since_at,
        is_lost=is_lost,
        event_ids=ids,
    )


def _held(state: Tables, custody: CustodyChanged, now: int) -> BelievedLocation | None:
    """Give where an asset is if it is with its custodian: a person in our care, or a place that keeps it."""
    holder = state.encounters.get(custody.custodian)
    place = (holder.present or holder.place) if holder is not None else ""
    if not place and custody.custodian in state.places:
        place = custody.custodian
    if not place:
        return None
    age_s = max(now - custody.occurred_at, 0) / SECOND_US
    faded = ASSIGNED_CONFIDENCE * 0.5 ** (age_s / OBSERVATION_HALF_LIFE_S)
    return BelievedLocation(
        place=place,
        confidence=custody.confidence * faded,
        age_s=age_s,
        basis=Basis.ASSIGNED,
        since_at=custody.occurred_at,
        event_ids=(custody.id,),
    )


def believed_location(state: Tables, asset_id: str, now: int) -> BelievedLocation:
    """Give where an asset probably is.

    What readers saw counts first and fades with age when the asset is mobile; then its custodian's bed; then its home.

    Parameters
    ----------
    state : Tables
        The present hospital.
    asset_id : str
        Id of the asset.
    now : int
        Instant that the age is counted from, UTC microseconds.
    """
    asset = state.assets.get(asset_id)
    entry = asset.entry if asset is not None else None
    tag = latest_tag(state, BearerKind.ASSET, asset_id)
    custody = asset.custody if asset is not None else None
    observed = _observed(tag, now, fades=entry is None or entry.is_mobile) if tag is not None else None
    held = _held(state, custody, now) if custody is not None else None
    # of a tie what was seen counts: it stands first
    candidates = [found for found in (observed, held) if found is not None]
    if candidates:
        return max(candidates, key=lambda found: found.confidence)
    if entry is not None and entry.home:
        return BelievedLocation(
            place=entry.home,
            confidence=HOME_CONFIDENCE,
            age_s=max(now - entry.occurred_at, 0) / SECOND_US,
            basis=Basis.HOME,
            event_ids=(entry.id,),
        )
    return _NOWHERE


def believed_encounter_location(state: Tables, encounter_id: str, now: int) -> BelievedLocation:
    """Give where a person in our care probably is: what the wristband shows, else the bed."""
    encounter = state.encounters.get(encounter_id)
    tag = latest_tag(state, BearerKind.ENCOUNTER, encounter_id)
    observed = _observed(tag, now, fades=True) if tag is not None else _NOWHERE
    place = (encounter.present or encounter.place) if encounter is not None else ""
    # after about one half-life what the wristband showed says less than the booking
    if encounter is not None and place and observed.confidence < ASSIGNED_CONFIDENCE * 0.5:
        ids = (encounter.placed_by,) if encounter.placed_by else ()
        return BelievedLocation(
            place=place,
            confidence=ASSIGNED_CONFIDENCE,
            age_s=max(now - encounter.placed_at, 0) / SECOND_US,
            basis=Basis.ASSIGNED,
            since_at=encounter.placed_at,
            event_ids=ids,
        )
    return observed


@dataclass(frozen=True, slots=True)
class NearAsset:
    """An asset and the way to it."""

    asset: str
    place: str
    seconds: float


def nearest_assets(
    state: Tables, routes: Routes, start: str, *, category: str, suits: Callable[[str], bool], k: int = 1
) -> list[NearAsset]:
    """Give the nearest assets of a category that suit, nearest first.

    Parameters
    ----------
    state : Tables
        The present hospital.
    routes : Routes
        Ways of the mover who fetches it.
    start : str
        Id of the place from where one walks.
    category : str
        Category of asset, such as ``infusion_pump``.
    suits : Callable[[str], bool]
        Tells whether an asset may be taken; asked in order of distance only until enough were found.
    k : int, optional
        How many.

    Returns
    -------
    list[NearAsset]
        At most ``k``, by walking seconds, then id. Assets that nobody can walk to are left out.
    """
    places = state.index.assets_by_category.get(category)
    if not places:
        return []
    found: list[NearAsset] = []
    for seconds, group in routes.in_order(start, places):
        ready = [(asset, place) for place in group for asset in places[place] if suits(asset)]
        ready.sort()
        found += [NearAsset(asset, place, seconds) for asset, place in ready]
        if len(found) >= k:
            break
    return found[:k]


def is_free_to_use(state: Tables, asset_id: str) -> bool:
    """Tell whether a device is clean, usable, in nobody's custody and neither running nor faulty."""
    asset = state.assets.get(asset_id)
    if asset is None or not is_in_register(asset) or not asset.is_usable:
        return False
    if asset.custody is not None and asset.custody.custodian:
        return False
    if asset.status is not None and asset.status.status in ("running", "fault"):
        return False
    return asset.readiness_value in (None, DeviceReadiness.CLEAN)
