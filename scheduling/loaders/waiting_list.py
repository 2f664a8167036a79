"""A hospital's waiting list as a spreadsheet, and its rooms and theatres from the live state.

Beds that are taken are blocked until the discharge that is expected and the cleaning after it; nurses are those of the
roster in force where it covers every shift of the plan.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from scheduling.loaders.horizon import SHIFTS, Horizon
from scheduling.loaders.readiness import (
    CLEANING_US,
    clean_at,
    days_until,
    intensive_wards,
    nurses_of,
    reserved_rooms,
)
from scheduling.loaders.waiting_rows import Names, Rows
from scheduling.model.admissions import AdmissionProblem, Nurse, Patient, Room, Surgeon, Theatre, Weights
from scheduling.rules.calendar_days import day_at, wall_time
from twin.errors import DecodeError
from twin.events.patients import BedService
from twin.sentences import sentence
from twin.state.frozen import FrozenBed, HospitalState
from twin.state.model import EncounterStatus

AGE_GROUPS = ("child", "adult", "elderly")
DAY_US = 86_400_000_000
USUAL_STAY_DAYS = 3
"""Length of stay of a booked encounter about which nobody has said when it ends."""
UNKNOWN_STAY_DAYS = 2
"""How long a bed counts as taken when nobody has said when its patient goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingList:
    """What a waiting list becomes.

    Parameters
    ----------
    problem : AdmissionProblem
        Of those who can come within the days planned for.
    later : tuple[Patient, ...]
        Who cannot come before these days are over, by row; they are left out.
    """

    problem: AdmissionProblem
    later: tuple[Patient, ...] = ()


def problem_from_state(
    state: HospitalState, horizon: Horizon, waiting_list: str, *, weights: Weights | None = None
) -> AdmissionProblem:
    """Give the problem of a hospital's own waiting list; parameters and errors as of :func:`read_waiting_list`."""
    return read_waiting_list(state, horizon, waiting_list, weights=weights).problem


def read_waiting_list(
    state: HospitalState, horizon: Horizon, waiting_list: str, *, weights: Weights | None = None
) -> WaitingList:
    """Give the problem of a hospital's own waiting list, and who in it is left out since they cannot come yet.

    Parameters
    ----------
    state : HospitalState
        Its rooms, beds, theatres and surgeons.
    horizon : Horizon
        What is planned for.
    waiting_list : str
        CSV text with the columns of ``waiting_rows``; when empty, the encounters that are booked in the live state are
        planned: without operation, as one gender, for :data:`USUAL_STAY_DAYS` unless a discharge is expected: nothing
        else is known.
    weights : Weights, optional
        Prices of the soft rules.

    Raises
    ------
    ImportRefused
        With every row that cannot be used.
    DecodeError
        If it is no such file, or the hospital has no room to plan.
    """
    ward_by_room, rooms = _rooms(state, horizon)
    if not rooms:
        told = sentence("The hospital has no beds in service to plan: import places first.")
        raise DecodeError(told, code="plan.no_rooms")
    theatres = tuple(
        Theatre(id=key, minutes_by_day=tuple(map(horizon.with_turnover, horizon.minutes_of(key))))
        for key, place in sorted(state.places.items())
        if place.purpose == "theatre"
    )
    is_operating = [
        horizon.date_of(day).weekday() < 5 or any(theatre.minutes_by_day[day] for theatre in theatres)
        for day in range(horizon.days)
    ]
    surgeons = tuple(
        Surgeon(
            id=key,
            minutes_by_day=tuple(horizon.with_turnover(horizon.surgeon_minutes) * works for works in is_operating),
        )
        for key, member in sorted(state.staff.items())
        if member.role == "surgeon"
    )
    later: tuple[Patient, ...] = ()
    if waiting_list:
        names = Names(
            surgeons=frozenset(found.id for found in surgeons), theatres=frozenset(found.id for found in theatres)
        )
        reader = Rows(state, horizon=horizon, ward_by_room=ward_by_room, rooms=rooms, names=names)
        patients = reader.read(waiting_list)
        later = reader.later
    else:
        patients = _expected(state, horizon, reserved_rooms(state, ward_by_room))
    if not theatres and any(patient.surgery_minutes for patient in patients):
        told = sentence("The hospital has no place with purpose `theatre`: import places.")
        raise DecodeError(told, code="plan.theatres")
    problem = AdmissionProblem(
        days=horizon.days,
        shift_types=SHIFTS,
        age_groups=AGE_GROUPS,
        skill_levels=1,
        weights=weights or Weights(),
        occupants=(),
        patients=patients,
        rooms=rooms,
        theatres=theatres,
        surgeons=surgeons,
        nurses=_limited(
            nurses_of(state, horizon.start_at, horizon.zone, horizon.days, frozenset(ward_by_room.values())),
            horizon.nurse_rooms,
        ),
        intensive_beds=_intensive_beds(state, horizon),
        turnover_minutes=horizon.turnover_minutes,
    )
    return WaitingList(problem=problem, later=later)


def _limited(nurses: tuple[Nurse, ...], most: int) -> tuple[Nurse, ...]:
    """Give nurses who look after no more rooms than allowed."""
    return tuple(
        replace(nurse, shifts=tuple(replace(shift, max_rooms=most) for shift in nurse.shifts)) for nurse in nurses
    )


def _intensive_beds(state: HospitalState, horizon: Horizon) -> tuple[int, ...]:
    """Give the beds of intensive care that are free on each day, whichever wards are planned; none without any."""
    wards = intensive_wards(state)
    beds = [bed for bed in state.beds.values() if bed.ward in wards and bed.service is BedService.OPEN]
    taken = [_taken_days(state, horizon, bed) for bed in beds]
    return tuple(sum(until <= day for until in taken) for day in range(horizon.days)) if beds else ()


def _expected(state: HospitalState, horizon: Horizon, unfit: frozenset[str]) -> tuple[Patient, ...]:
    patients = []
    for key, encounter in sorted(state.encounters.items()):
        day = day_at(horizon.start_at, encounter.expected_at, horizon.zone)
        if encounter.status is not EncounterStatus.PLANNED or not 0 <= day < horizon.days:
            continue
        known = -(-(encounter.discharge_expected_at - encounter.expected_at) // DAY_US)  # rounded up to whole days
        stay = min(365, max(1, known)) if encounter.discharge_expected_at else USUAL_STAY_DAYS
        patients.append(
            Patient(
                id=key,
                gender="unknown",
                age_group=1,
                length_of_stay=stay,
                workload=(1,) * (stay * len(SHIFTS)),
                skill_required=(0,) * (stay * len(SHIFTS)),
                is_mandatory=True,
                release_day=day,
                due_day=horizon.days - 1,
                surgery_minutes=0,
                surgeon="",
                incompatible_rooms=unfit,
            )
        )
    if not patients:
        told = sentence("Nobody is booked within the days planned for: give a waiting list.")
        raise DecodeError(told, code="plan.nobody")
    return tuple(patients)


def _rooms(state: HospitalState, horizon: Horizon) -> tuple[dict[str, str], tuple[Room, ...]]:
    beds_by_room: dict[str, list[FrozenBed]] = {}
    ward_by_room: dict[str, str] = {}
    for key, bed in sorted(state.beds.items()):
        place = state.places.get(key)
        if place is None or bed.service is not BedService.OPEN or (horizon.wards and bed.ward not in horizon.wards):
            continue
        room = place.parent or key  # a bed that hangs on no room is a room of its own
        beds_by_room.setdefault(room, []).append(bed)
        ward_by_room[room] = bed.ward
    rooms = []
    for room, beds in beds_by_room.items():
        blocked = [0] * horizon.days
        for bed in beds:
            for day in range(_taken_days(state, horizon, bed)):
                blocked[day] += 1
        rooms.append(Room(id=room, capacity=len(beds), blocked_by_day=tuple(blocked)))
    return ward_by_room, tuple(rooms)


def _taken_days(state: HospitalState, horizon: Horizon, bed: FrozenBed) -> int:
    """Give how many days of the plan a bed is not to be had: somebody lies in it, or it is not clean in time."""
    ready_at = clean_at(state, bed)
    for key in bed.encounters:
        encounter = state.encounters.get(key)
        leaves = encounter.discharge_expected_at if encounter is not None else 0
        if not leaves:
            # Without an expected discharge the bed counts as taken for a few days rather than for ever.
            leaves = wall_time(horizon.start_at, UNKNOWN_STAY_DAYS, horizon.zone) - 1
        elif leaves < state.at:
            # Who should have gone and has not is not gone tomorrow either.
            today = day_at(horizon.start_at, state.at, horizon.zone)
            leaves = wall_time(horizon.start_at, today + 2, horizon.zone) - 1
        ready_at = max(ready_at, leaves + CLEANING_US)
    return days_until(ready_at, horizon.start_at, horizon.zone, horizon.days)
