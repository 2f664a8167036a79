"""From the hospital as it is right now to a pathway and everybody in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from zoneinfo import ZoneInfo

from simulation.experiments.hospital import Capacities, ParameterSheet, hospital_document
from simulation.model.operations import Need
from simulation.model.state import InitialState, InPlace
from simulation.model.ways import with_travel
from twin.clock import to_datetime
from twin.events.patients import BedReadiness, BedService, EncounterClass
from twin.places.building import Building
from twin.places.movers import Mover
from twin.state.frozen import FrozenBed, FrozenEncounter, HospitalState
from twin.state.model import EncounterStatus

HOUR_US = 3_600_000_000
LEAVING_US = HOUR_US // 2  # a discharged patient who is still in bed is taken to leave within half an hour
MINOR_ACUITY = 4  # triage levels from here on are minor
ON_DUTY = 3  # of so many on the staff list one is on duty at any time
KINDS = ("major", "minor", "elective")  # in the order of the pathway's classes
MOST_AHEAD_US = 7 * 24 * HOUR_US


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStart:
    """A pathway and who is in it.

    Parameters
    ----------
    pathway : Mapping[str, object]
        Document, for :class:`simulation.experiments.request.ExperimentRequest`.
    initial : InitialState
        Everybody in place, each with what has passed of the stay.
    start_at : int
        UTC microseconds.
    skipped : tuple[str, ...]
        Ids of open encounters without a bed that the pathway knows; they are left out.
    """

    pathway: Mapping[str, object]
    initial: InitialState
    start_at: int
    skipped: tuple[str, ...] = ()


def live_start(state: HospitalState, sheet: ParameterSheet | None = None) -> LiveStart:
    """Give the hospital of a state as a pathway with everybody in place.

    Parameters
    ----------
    state : HospitalState
        The hospital at one instant.
    sheet : ParameterSheet | None
        How things go; usual values if None.

    Notes
    -----
    Closed beds count neither as capacity nor as free; beds being cleaned come back after the rest of their cleaning;
    a patient's rest of stay is drawn given what has passed, or taken from the planned discharge.
    """
    sheet = sheet or ParameterSheet()
    unit_of = units_of(state)
    size = _capacities(state, unit_of, sheet)
    porters = sum(member.role == "porter" for member in state.staff.values())
    building = state.building() if porters else None
    if building is not None:
        size = replace(size, porters=max(porters // ON_DUTY, 1), places=_places(state, unit_of, building))
    planned = _planned(state)
    people, skipped = _people(state, unit_of)
    turnovers = _turnovers(state, unit_of, size)
    document = hospital_document(size, sheet, planned)
    return LiveStart(
        pathway=document if building is None else with_travel(document, building),
        initial=InitialState(patients=(*people, *turnovers)),
        start_at=state.at,
        skipped=tuple(skipped),
    )


def units_of(state: HospitalState) -> dict[str, str]:
    """Give the pool of every ward: ``ed``, ``icu``, ``recovery``, or one of its own.

    Parameters
    ----------
    state : HospitalState
        The hospital.
    """
    found = {}
    for bed in state.beds.values():
        place = state.places.get(bed.ward)
        purpose = place.purpose if place else ""
        department = place.department if place else ""
        if department == "ED" or purpose == "emergency":
            found[bed.ward] = "ed"
        elif purpose == "icu" or department == "ICU":
            found[bed.ward] = "icu"
        elif purpose == "recovery":
            found[bed.ward] = "recovery"
        elif bed.ward:
            found[bed.ward] = f"ward-{bed.ward.replace('.', '_')}"
    return found


def _places(state: HospitalState, unit_of: Mapping[str, str], building: Building) -> dict[str, str]:
    """Give the place of each pool from and to which a bed can be wheeled: the largest ward of a pool."""
    routes = building.routes(Mover.BED)
    beds: dict[str, list[str]] = {}
    for bed in state.beds.values():
        if bed.ward in unit_of:
            beds.setdefault(bed.ward, []).append(bed.id)
    known: dict[str, str] = {}
    for ward in sorted(beds, key=lambda one: (-len(beds[one]), one)):
        # Paths may lead to the rooms of a ward only: then one of its beds stands for it.
        place = next((one for one in (ward, *sorted(beds[ward])) if routes.knows(one)), "")
        if place:
            known.setdefault(unit_of[ward], place)
    starts = [known[pool] for pool in ("ed", "icu") if pool in known]
    # A ward that no bed reaches has its patients there at once, as before anybody drew the corridors.
    return {
        pool: place
        for pool, place in known.items()
        if pool in {"ed", "icu"} or all(isfinite(routes.seconds(start, place)) for start in starts)
    }


def _is_in_service(bed: FrozenBed) -> bool:
    if bed.service is BedService.OPEN:
        return True
    return bool(bed.encounters)  # closed or isolated, but somebody lies in it


def capacities_of(state: HospitalState, sheet: ParameterSheet) -> Capacities:
    """Give how many beds, rooms and people the pathway of a hospital has.

    Parameters
    ----------
    state : HospitalState
        The hospital.
    sheet : ParameterSheet
        For what the state does not tell.
    """
    return _capacities(state, units_of(state), sheet)


def _capacities(state: HospitalState, unit_of: Mapping[str, str], sheet: ParameterSheet) -> Capacities:
    beds = Counter(unit_of[bed.ward] for bed in state.beds.values() if bed.ward in unit_of and _is_in_service(bed))
    present = Counter(unit_of[bed.ward] for bed in state.beds.values() if bed.ward in unit_of for _ in bed.encounters)
    theatres = sum(place.purpose == "theatre" for place in state.places.values())
    cleaners = sum(member.role == "cleaner" for member in state.staff.values())
    wards = {pool.removeprefix("ward-"): count for pool, count in sorted(beds.items()) if pool.startswith("ward-")}
    return Capacities(
        ed=beds["ed"],
        icu=beds["icu"],
        theatres=theatres,
        recovery=beds["recovery"],
        cleaners=max(cleaners // ON_DUTY, round(sheet.cleaners_per_bed * sum(beds.values())), 1),
        # A hospital without wards still gets one pool: the pathway leads there.
        wards=wards or {"general": 1},
        ed_present=present["ed"],
        hour=to_datetime(state.at).astimezone(ZoneInfo(sheet.zone)).hour,
        ward_present=sum(count for pool, count in present.items() if pool.startswith("ward-")),
    )


def _planned(state: HospitalState) -> dict[str, list[float]]:
    ahead = [
        (encounter.expected_at - state.at) / HOUR_US
        for encounter in state.encounters.values()
        if encounter.status is EncounterStatus.PLANNED
        and encounter.encounter_class is EncounterClass.EMERGENCY
        and 0 <= encounter.expected_at - state.at < MOST_AHEAD_US
    ]
    return {"emergency": ahead} if ahead else {}


def kind_of(encounter_class: EncounterClass | None, acuity: int, arrival_mode: str) -> str:
    """Give the class of a patient in the live pathway: ``major``, ``minor`` or ``elective``.

    Parameters
    ----------
    encounter_class : EncounterClass | None
        Class of the encounter.
    acuity : int
        Triage level 1 to 5; 0 if unknown.
    arrival_mode : str
        As told; ``elective`` is a planned admission.
    """
    if arrival_mode == "elective":
        return "elective"
    return "minor" if acuity >= MINOR_ACUITY and encounter_class is EncounterClass.EMERGENCY else "major"


def _class_of(encounter: FrozenEncounter) -> int:
    return KINDS.index(kind_of(encounter.encounter_class, encounter.acuity, encounter.arrival_mode))


def _people(state: HospitalState, unit_of: Mapping[str, str]) -> tuple[list[InPlace], list[str]]:
    ward_of_bed = {bed.id: bed.ward for bed in state.beds.values()}
    bed_of = {encounter: bed.id for bed in state.beds.values() for encounter in bed.encounters}
    found, waiting, skipped = [], [], []
    for encounter in state.encounters.values():
        if encounter.status is EncounterStatus.PLANNED:
            continue
        ward = ward_of_bed.get(bed_of.get(encounter.id, ""), "")
        pool = unit_of.get(ward, "")
        if pool:
            found.append(_lying(state, encounter, pool))
        elif encounter.encounter_class is EncounterClass.EMERGENCY and encounter.status is EncounterStatus.IN_PROGRESS:
            waiting.append(
                InPlace(
                    name=encounter.id,
                    node="wait-for-bay",
                    patient_class=_class_of(encounter),
                    elapsed_us=_since(state, encounter.started_at),
                    arrived_us=-_since(state, encounter.started_at),
                )
            )
        else:
            skipped.append(encounter.id)
    # Those who have waited longest stand first in the queue.
    return [*found, *sorted(waiting, key=lambda one: -one.elapsed_us)], skipped


def _since(state: HospitalState, at: int) -> int:
    return max(state.at - at, 0) if at else 0


def _lying(state: HospitalState, encounter: FrozenEncounter, pool: str) -> InPlace:
    node = {"ed": "ed-care", "icu": "icu-stay"}.get(pool, f"stay-{pool.removeprefix('ward-')}")
    patient_class = _class_of(encounter)
    held = Need(pool)
    remaining = -1
    if encounter.status is EncounterStatus.FINISHED:
        remaining = LEAVING_US
    elif encounter.discharge_expected_at:
        remaining = max(encounter.discharge_expected_at - state.at, 0)
    if pool == "recovery":
        return _recovering(state, encounter)
    return InPlace(
        name=encounter.id,
        node=node,
        patient_class=patient_class,
        elapsed_us=_since(state, encounter.placed_at or encounter.started_at),
        arrived_us=-_since(state, encounter.started_at),
        held=(held,),
        remaining_us=remaining,
    )


def _recovering(state: HospitalState, encounter: FrozenEncounter) -> InPlace:
    # Whose ward is not known yet goes home from the recovery room.
    return InPlace(
        name=encounter.id,
        node="recover-day-case",
        patient_class=2,
        elapsed_us=_since(state, encounter.placed_at or encounter.started_at),
        arrived_us=-_since(state, encounter.started_at),
        held=(Need("recovery"),),
    )


def _turnovers(state: HospitalState, unit_of: Mapping[str, str], size: Capacities) -> list[InPlace]:
    found: list[InPlace] = []
    cleaning = 0
    # In the order in which they became dirty: the oldest are taken to be at work.
    for bed in sorted(state.beds.values(), key=lambda bed: (bed.since_at, bed.id)):
        pool = unit_of.get(bed.ward, "")
        if not pool or pool == "recovery" or bed.encounters or bed.service is not BedService.OPEN:
            continue
        if bed.readiness is BedReadiness.CLEAN:
            continue
        has_cleaner = pool != "ed"
        at_work = bed.readiness is BedReadiness.CLEANING and cleaning < size.cleaners
        cleaning += at_work and has_cleaner
        node = f"turnover:{pool}:clean" if at_work or not has_cleaner else f"turnover:{pool}"
        held = (Need(pool), Need("cleaners")) if at_work and has_cleaner else (Need(pool),)
        found.append(
            InPlace(name=bed.id, node=node, elapsed_us=_since(state, bed.since_at), held=held, in_turnover=True)
        )
    return found
