"""Beds: who lies where, what is clean, what is in service; by ward."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dash_app.queries.names import place_name
from twin.clock import SECOND_US
from twin.events.patients import BedReadiness, BedService
from twin.state import views
from twin.state.live import LiveState


class BedUse(StrEnum):
    """What a bed board shows for a bed: the first of these that is true."""

    OCCUPIED = "occupied"
    CLOSED = "closed"
    DIRTY = "dirty"
    CLEANING = "cleaning"
    RESERVED = "reserved"
    READY = "ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class BedRow:
    """One bed.

    Parameters
    ----------
    id, name : str
        Of the bed's place.
    ward, ward_name : str
        Of the ward that contains it; empty if none.
    use : BedUse
        What the board shows.
    code : str
        Code of HL7 table 0116.
    encounter : str
        Pseudonym of who lies in it; empty if nobody.
    observed_elsewhere : str
        Name of the place where the wristband is seen instead; empty if it agrees or is not known.
    since_at : int
        When this became so, UTC microseconds; 0 if unknown.
    discharge_at : int
        Expected discharge, UTC microseconds; 0 if unknown.
    """

    id: str
    name: str
    ward: str
    ward_name: str
    use: BedUse
    code: str = ""
    encounter: str = ""
    observed_elsewhere: str = ""
    since_at: int = 0
    discharge_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WardCount:
    """Beds of one ward by use.

    Parameters
    ----------
    id, name : str
        Of the ward.
    beds : int
        All beds.
    by_use : dict[BedUse, int]
        Every use has an entry.
    """

    id: str
    name: str
    beds: int
    by_use: dict[BedUse, int]

    @property
    def open_beds(self) -> int:
        """Beds in service."""
        return self.beds - self.by_use[BedUse.CLOSED]

    @property
    def occupied_share(self) -> float:
        """Occupied share of the beds in service, 0 to 1."""
        return self.by_use[BedUse.OCCUPIED] / self.open_beds if self.open_beds else 0.0


def _use(view: views.BedView) -> BedUse:
    if view.occupancy in {views.Occupancy.OCCUPIED, views.Occupancy.LEAVE}:
        return BedUse.OCCUPIED
    if view.service is not BedService.OPEN:
        return BedUse.CLOSED
    if view.readiness is BedReadiness.CLEANING:
        return BedUse.CLEANING
    if view.readiness is not BedReadiness.CLEAN:
        return BedUse.DIRTY
    return BedUse.RESERVED if view.occupancy is views.Occupancy.RESERVED else BedUse.READY


def bed_ids(state: LiveState) -> list[str]:
    """Give the ids of all beds, sorted."""
    return sorted(place for place in tuple(state.places) if views.is_bed(state, place))


def _row(state: LiveState, bed: str, now: int, *, chinese: bool) -> BedRow:
    view = views.bed_view(state, bed)
    ward = views.ward_of(state, bed)
    encounter = state.encounters.get(view.encounter)
    elsewhere = ""
    if view.occupancy is views.Occupancy.OCCUPIED:
        seen = views.believed_encounter_location(state, view.encounter, now)
        if seen.basis is views.Basis.OBSERVED and bed not in state.inside(seen.place):
            elsewhere = place_name(state, seen.place, chinese=chinese)
    return BedRow(
        id=bed,
        name=place_name(state, bed, chinese=chinese),
        ward=ward,
        ward_name=place_name(state, ward, chinese=chinese),
        use=_use(view),
        code=view.code.value,
        encounter=view.encounter,
        observed_elsewhere=elsewhere,
        since_at=view.since_at,
        discharge_at=encounter.discharge_expected_at if encounter is not None else 0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BedEvidence:
    """On what the board's word about one bed rests.

    Parameters
    ----------
    row : BedRow
        The bed.
    encounters : tuple[str, ...]
        Who is in it, keeps it, or has it reserved; in that order.
    seen_in : str
        Name of the place where the first one's wristband was seen last; empty if it never was.
    confidence : float
        That the wearer is there now, 0 to 1.
    seen_at : int
        When, UTC microseconds; 0 if never.
    task : str
        Kind of an open task about the bed; empty if there is none.
    """

    row: BedRow
    encounters: tuple[str, ...]
    seen_in: str
    confidence: float
    seen_at: int
    task: str


def evidence(state: LiveState, bed: str, now: int, *, chinese: bool = False) -> BedEvidence:
    """Give on what the board's word about a bed rests.

    Parameters
    ----------
    state : LiveState
        The hospital.
    bed : str
        Id of its place.
    now : int
        UTC microseconds.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    """
    view = views.bed_view(state, bed)
    seen = views.believed_encounter_location(state, view.encounter, now) if view.encounter else None
    is_seen = seen is not None and seen.basis is views.Basis.OBSERVED
    tasks = (state.tasks[key] for key in sorted(state.index.open_tasks) if bed in _subjects(state, key))
    return BedEvidence(
        row=_row(state, bed, now, chinese=chinese),
        encounters=view.encounters,
        seen_in=place_name(state, seen.place, chinese=chinese) if seen is not None and is_seen else "",
        confidence=seen.confidence if seen is not None and is_seen else 0.0,
        seen_at=now - int(seen.age_s * SECOND_US) if seen is not None and is_seen else 0,
        task=next((task.kind.value for task in tasks if task.kind is not None), ""),
    )


def _subjects(state: LiveState, key: str) -> tuple[str, ...]:
    task = state.tasks.get(key)
    return (task.subject_id, task.to_place) if task is not None else ()


def rows(state: LiveState, now: int, *, ward: str = "", chinese: bool = False) -> list[BedRow]:
    """Give the beds, by ward and name.

    Parameters
    ----------
    state : LiveState
        The hospital.
    now : int
        UTC microseconds.
    ward : str, optional
        Only beds of this ward; empty for all.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    """
    found = [_row(state, bed, now, chinese=chinese) for bed in bed_ids(state)]
    return sorted(
        (row for row in found if ward in {"", row.ward}), key=lambda row: (row.ward_name, row.ward, row.name, row.id)
    )


def wards(state: LiveState, *, chinese: bool = False) -> list[WardCount]:
    """Count beds by ward and use; the fullest ward first."""
    counted: dict[str, dict[BedUse, int]] = {}
    for bed in bed_ids(state):
        by_use = counted.setdefault(views.ward_of(state, bed), dict.fromkeys(BedUse, 0))
        by_use[_use(views.bed_view(state, bed))] += 1
    found = [
        WardCount(id=ward, name=place_name(state, ward, chinese=chinese), beds=sum(by_use.values()), by_use=by_use)
        for ward, by_use in counted.items()
    ]
    return sorted(found, key=lambda ward: (-ward.occupied_share, ward.name, ward.id))
