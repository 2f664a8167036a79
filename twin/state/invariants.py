"""What cannot be, or must not be, in a hospital: checked on the live state, shown to people, never hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from twin.events.envelope import precedence
from twin.events.patients import BedReadiness
from twin.events.things import BearerKind, DeviceReadiness
from twin.state.beds import is_bed
from twin.state.model import VIRTUAL_STOCK_PLACES, EncounterStatus, zone_of
from twin.state.tables import Tables

_APART_US = 60_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that should not be.

    Parameters
    ----------
    code : str
        Stable code, such as ``two_encounters_in_bed``.
    subject_id : str
        Bed, asset, encounter or stock place that it is about.
    parameters : tuple[tuple[str, str], ...]
        Values that the message names.
    """

    code: str
    subject_id: str
    parameters: tuple[tuple[str, str], ...] = ()


def invariants(state: Tables) -> list[Violation]:
    """Give everything in the present hospital that should not be, sorted by code and subject.

    Two encounters in a bed are a warning, since newborns share their mother's bed and surges put two into a room of
    one; beds with a greater capacity are judged by it.
    """
    found = [*_beds(state), *_encounters(state), *_assets(state), *_stock(state)]
    return sorted(found, key=lambda violation: (violation.code, violation.subject_id, violation.parameters))


def _beds(state: Tables) -> Iterator[Violation]:
    for place_id, present in state.index.present_by_place.items():
        place = state.places.get(place_id)
        if place is None or not present or not is_bed(state, place_id):
            continue
        if len(present) > place.capacity:
            yield Violation(
                code="two_encounters_in_bed",
                subject_id=place_id,
                parameters=(("encounters", " ".join(sorted(present))), ("capacity", str(place.capacity))),
            )
        bed = state.beds.get(place_id)
        if bed is not None and bed.readiness is not None and bed.readiness.readiness is BedReadiness.CLEANING:
            yield Violation(code="bed_cleaned_while_occupied", subject_id=place_id)


def _encounters(state: Tables) -> Iterator[Violation]:
    for encounter in state.encounters.values():
        for code in sorted(set(encounter.conflicts)):
            yield Violation(code=code, subject_id=encounter.id)
        for place_id in {encounter.place, encounter.reserved} - {""}:
            if place_id not in state.places:
                yield Violation(code="unknown_place", subject_id=encounter.id, parameters=(("place", place_id),))
        if encounter.status is EncounterStatus.IN_PROGRESS and encounter.place:
            bed_elsewhere = encounter.present not in ("", encounter.place) and is_bed(state, encounter.present)
            if bed_elsewhere and is_bed(state, encounter.place):
                yield Violation(
                    code="in_other_bed_than_assigned",
                    subject_id=encounter.id,
                    parameters=(("assigned", encounter.place), ("present", encounter.present)),
                )


def _assets(state: Tables) -> Iterator[Violation]:
    for asset_id, tags in state.index.tags_by_bearer[BearerKind.ASSET].items():
        if len(tags) > 1:
            yield from _two_places(state, asset_id, tags)
    for asset in state.assets.values():
        is_running = asset.status is not None and asset.status.status == "running"
        if is_running and asset.readiness_value is DeviceReadiness.DIRTY:
            yield Violation(code="dirty_asset_in_use", subject_id=asset.id)
        if is_running and not asset.is_usable and asset.availability is not None:
            reasons = " ".join(asset.availability.reasons)
            yield Violation(code="unusable_asset_in_use", subject_id=asset.id, parameters=(("reasons", reasons),))
        if asset.entry is None:
            yield Violation(code="asset_not_in_register", subject_id=asset.id)


def _two_places(state: Tables, asset_id: str, tags: set[str]) -> Iterator[Violation]:
    sightings = []
    for tag_id in tags:
        tag = state.tags[tag_id]
        bound, sighting = tag.bound, tag.sighting
        if bound is None or sighting is None or (bound.bearer, bound.bearer_kind) != (asset_id, BearerKind.ASSET):
            continue
        if sighting.occurred_at >= bound.occurred_at:
            sightings.append(sighting)
    # in order of time: of any two within the limit that differ, some neighbours between them differ as well
    for first, second in pairwise(sorted(sightings, key=precedence)):
        if zone_of(first) != zone_of(second) and second.occurred_at - first.occurred_at <= _APART_US:
            places = (("first", zone_of(first)), ("second", zone_of(second)))
            yield Violation(code="asset_in_two_places", subject_id=asset_id, parameters=places)


def _stock(state: Tables) -> Iterator[Violation]:
    for line in state.stock.values():
        if line.place in VIRTUAL_STOCK_PLACES:
            continue
        for lot, quantity in line.lots.items():
            if quantity < 0:
                yield Violation(
                    code="negative_stock",
                    subject_id=line.place,
                    parameters=(("item", line.item), ("lot", lot), ("quantity", str(quantity))),
                )
