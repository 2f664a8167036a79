"""An admission problem and its plan as flat integer arrays, and back.

What belongs to one room and day, one theatre and day, one surgeon and day stands side by side in memory, since the
search reads it together; the columns are named below. People are numbered patients first, then occupants.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scheduling.model.admissions import ANY_DAY, AdmissionPlan, AdmissionProblem, Duty, Occupant, Patient, Stay

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

# columns of Fixed.person
# Column numbers, not a record type: numba indexes plain arrays fastest.
STAY, GENDER, AGE, MINUTES, SURGEON, RELEASE, IS_MANDATORY, OLD_DAY, OLD_ROOM, OLD_THEATRE, N_DAYS, N_ROOMS = range(12)
INTENSIVE, N_COLUMNS = 12, 13
# columns of State.who
DAY, ROOM, THEATRE, N_MET, SKILL_GAP = range(5)
# first columns of a row of State.theatre (minutes, people, then the list of people) and State.surgeon
USED, COUNT, LIST = range(3)
# weights
W_AGE, W_SKILL, W_CONTINUITY, W_LOAD, W_OPEN, W_TRANSFER, W_DELAY, W_UNSCHEDULED, W_CHANGE = range(9)
# State.total and State.delta
SOFT, CROWD, OVERTIME = range(3)

ROOM_SLACK = 12
"""How many people more than beds the search may put into a room on its way to a valid plan."""
JOURNAL = 32
"""Steps of one compound move that can be taken back."""


class Size(NamedTuple):
    """Counts of everything."""

    days: int
    shifts: int
    patients: int
    people: int
    rooms: int
    theatres: int
    nurses: int
    genders: int
    ages: int
    width: int


class Fixed(NamedTuple):
    """The problem; nothing in it changes during a search.

    A row of ``mates`` is one surgeon: the number of patients, then who they are. Where beds of intensive care are
    planned, the last row of ``surgeon_minutes`` holds them; where rooms to a nurse are limited, the right half of
    ``max_load`` does. :class:`State` counts them at the same places of ``surgeon`` and ``load``: each further array
    would make every call of every kernel dearer, for problems that have no such limits too.
    """

    size: Size
    person: Ints
    workload: Ints
    skill: Ints
    days: Ints
    rooms: Ints
    may_day: NDArray[np.bool_]
    may_room: NDArray[np.bool_]
    may_theatre: NDArray[np.bool_]
    capacity: Ints
    theatre_minutes: Ints
    surgeon_minutes: Ints
    nurse_skill: Ints
    max_load: Ints
    on_duty: Ints
    n_on_duty: Ints
    weights: Ints
    mates: Ints


class State(NamedTuple):
    """A plan under search with every sum that a change needs.

    A row of ``ward`` is one room and day: people, then people by gender, by age group, then who they are.
    ``open_until`` tells for a room, a gender and a day the first day from it on that has no bed for one more.
    """

    who: Ints
    ward: Ints
    theatre: Ints
    surgeon: Ints
    nurse_of: Ints
    load: Ints
    met: NDArray[np.int16]
    stamp: Longs
    chance: NDArray[np.uint64]
    total: Longs
    delta: Longs
    journal: Longs
    open_until: Ints


class Best(NamedTuple):
    """The best valid plan of a search so far; ``value`` holds its cost."""

    who: Ints
    nurse_of: Ints
    value: Longs


class Delta(NamedTuple):
    """What a change costs: soft cost, people too many or mixed, minutes of overtime."""

    soft: int
    crowd: int
    overtime: int


class Bound(NamedTuple):
    """When a change is taken: soft + crowd price + overtime price at most ``limit``."""

    limit: float
    crowd: float
    overtime: float


class Slot(NamedTuple):
    """A day, room and theatre; day -1 is none."""

    day: int
    room: int
    theatre: int


NEVER = 1 << 40
"""A cost that no plan has."""


def fixed_of(problem: AdmissionProblem) -> Fixed:
    """Give a problem as arrays."""
    people: list[Patient | Occupant] = [*problem.patients, *problem.occupants]
    n_shifts, n_patients = len(problem.shift_types), len(problem.patients)
    room_at = {room.id: index for index, room in enumerate(problem.rooms)}
    theatre_at = {theatre.id: index for index, theatre in enumerate(problem.theatres)}
    surgeon_at = {surgeon.id: index for index, surgeon in enumerate(problem.surgeons)}
    genders = {code: index for index, code in enumerate(sorted({person.gender for person in people}))}
    longest = max((len(person.workload) for person in people), default=n_shifts)  # the longest stay in shifts
    person = np.zeros((len(people), N_COLUMNS), np.int32)
    person[:, [SURGEON, OLD_DAY]] = -1
    workload = np.zeros((len(people), longest), np.int32)
    skill = np.zeros((len(people), longest), np.int32)
    for index, found in enumerate(people):
        person[index, STAY] = found.length_of_stay
        person[index, GENDER] = genders[found.gender]
        person[index, AGE] = found.age_group
        # Without beds that are planned nobody's days there count.
        person[index, INTENSIVE] = found.intensive_days if problem.intensive_beds else 0
        workload[index, : len(found.workload)] = found.workload
        skill[index, : len(found.skill_required)] = found.skill_required
    pinned = {pin.patient for pin in problem.pins}
    for index, patient in enumerate(problem.patients):
        person[index, MINUTES] = patient.surgery_minutes
        person[index, SURGEON] = surgeon_at[patient.surgeon] if patient.surgery_minutes else -1
        person[index, RELEASE] = patient.release_day
        # whoever is pinned comes: to be left on the list would break the pin
        person[index, IS_MANDATORY] = patient.is_mandatory or patient.id in pinned
    patient_at = {patient.id: index for index, patient in enumerate(problem.patients)}
    for old in problem.published:
        if old.patient in patient_at:
            person[patient_at[old.patient], [OLD_DAY, OLD_ROOM, OLD_THEATRE]] = (
                old.day, room_at.get(old.room, -2), theatre_at.get(old.theatre, -1),
            )  # fmt: skip
    capacity = _by_day([tuple(map(room.capacity_on, range(problem.days))) for room in problem.rooms], problem.days)
    nurse_skill, max_load, on_duty, n_on_duty = _nursing(problem)
    may_day, may_room, may_theatre = _domains(problem)
    days, person[:n_patients, N_DAYS] = _lists(may_day)
    rooms, person[:n_patients, N_ROOMS] = _lists(may_room)
    crowd = np.bincount([room_at[found.room] for found in problem.occupants], minlength=1).max()
    weights = problem.weights
    return Fixed(
        size=Size(
            days=problem.days, shifts=n_shifts, patients=n_patients, people=len(people), rooms=len(problem.rooms),
            theatres=len(problem.theatres), nurses=len(nurse_skill), genders=len(genders),
            ages=len(problem.age_groups), width=int(max(capacity.max(initial=0), crowd)) + ROOM_SLACK,
        ),
        person=person, workload=workload, skill=skill, days=days, rooms=rooms, may_day=may_day, may_room=may_room,
        may_theatre=may_theatre, capacity=capacity,
        theatre_minutes=_by_day([found.minutes_by_day for found in problem.theatres], problem.days),
        surgeon_minutes=_surgeon_minutes(problem),
        nurse_skill=nurse_skill, max_load=max_load, on_duty=on_duty, n_on_duty=n_on_duty,
        weights=np.array(
            [
                weights.mixed_age, weights.nurse_skill, weights.continuity, weights.excess_workload,
                weights.open_theatre, weights.surgeon_transfer, weights.delay, weights.unscheduled, weights.change,
            ],
            np.int32,
        ),
        mates=_mates(person[:n_patients, SURGEON], len(problem.surgeons)),
    )  # fmt: skip


def _mates(surgeon_of: Ints, n_surgeons: int) -> Ints:
    """Give the patients of each surgeon, after their number."""
    found = np.zeros((n_surgeons, 1 + len(surgeon_of)), np.int32)
    for surgeon in range(n_surgeons):
        patients = np.flatnonzero(surgeon_of == surgeon)
        found[surgeon, 0] = len(patients)
        found[surgeon, 1 : 1 + len(patients)] = patients
    return found


def _surgeon_minutes(problem: AdmissionProblem) -> Ints:
    """Give minutes of surgeons by day, and below them the beds of intensive care if they are planned."""
    unit = [problem.intensive_beds] if problem.intensive_beds else []
    return _by_day([*(found.minutes_by_day for found in problem.surgeons), *unit], problem.days)


def _by_day(rows: list[tuple[int, ...]], days: int) -> Ints:
    return np.array(rows, np.int32).reshape(len(rows), days)


def _nursing(problem: AdmissionProblem) -> tuple[Ints, Ints, Ints, Ints]:
    """Give skills, limits (-1 is off duty) and who is on duty; the last nurse is nobody, for shifts without any.

    If any nurse's rooms are limited, the limits of rooms stand to the right of those of work.
    """
    # An index for nobody keeps every lookup valid: shifts without nurses would need a branch in the innermost loops.
    n_nurses, n_all = len(problem.nurses), problem.n_shifts
    # nobody has every skill, and below bears any load: no soft cost arises where nothing can be done
    skill = np.array([nurse.skill for nurse in problem.nurses] + [1 << 20], np.int32)
    limit = np.full((n_nurses + 1, n_all), -1, np.int32)
    for index, nurse in enumerate(problem.nurses):
        for shift in nurse.shifts:
            limit[index, shift.day * len(problem.shift_types) + shift.shift] = shift.max_load
    limit[n_nurses, ~(limit[:n_nurses] >= 0).any(axis=0)] = 1 << 28
    counts = (limit >= 0).sum(axis=0).astype(np.int32)
    on_duty = np.zeros((n_all, int(counts.max())), np.int32)
    for shift_at in range(n_all):
        on_duty[shift_at, : counts[shift_at]] = np.flatnonzero(limit[:, shift_at] >= 0)
    if any(shift.max_rooms for nurse in problem.nurses for shift in nurse.shifts):
        limit = np.hstack([limit, _most_rooms(problem)])
    return skill, limit, on_duty, counts


def _most_rooms(problem: AdmissionProblem) -> Ints:
    """Give how many rooms each nurse, and nobody, may look after in each shift."""
    most = np.full((len(problem.nurses) + 1, problem.n_shifts), len(problem.rooms), np.int32)
    for index, nurse in enumerate(problem.nurses):
        for shift in nurse.shifts:
            if shift.max_rooms:
                most[index, shift.day * len(problem.shift_types) + shift.shift] = shift.max_rooms
    return most


def _domains(problem: AdmissionProblem) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Give which days, rooms and theatres each patient may have, pins respected."""
    pins = {pin.patient: pin for pin in problem.pins}
    n = len(problem.patients)
    may_day = np.zeros((n, problem.days), np.bool_)
    may_room = np.zeros((n, len(problem.rooms)), np.bool_)
    may_theatre = np.zeros((n, max(1, len(problem.theatres))), np.bool_)
    surgeon_minutes = {surgeon.id: surgeon.minutes_by_day for surgeon in problem.surgeons}
    for index, patient in enumerate(problem.patients):
        pin = pins.get(patient.id)
        for at, theatre in enumerate(problem.theatres):
            is_pinned = pin is not None and pin.theatre not in ("", theatre.id)
            may_theatre[index, at] = not is_pinned and theatre.id not in patient.incompatible_theatres
        for at, room in enumerate(problem.rooms):
            is_pinned = pin is not None and pin.room not in ("", room.id)
            may_room[index, at] = not is_pinned and room.id not in patient.incompatible_rooms
        possible = [day for day in range(patient.release_day, patient.due_day + 1) if day < problem.days]
        if patient.surgery_minutes:
            long_enough = [
                day for day in possible
                if surgeon_minutes[patient.surgeon][day] >= patient.surgery_minutes
                and any(theatre.minutes_by_day[day] >= patient.surgery_minutes for theatre in problem.theatres)
            ]  # fmt: skip
            # When no day is long enough the patient keeps all days: overtime that is told is better than no slot at
            # all.
            possible = long_enough or possible
        if pin is not None and pin.day != ANY_DAY:
            possible = [pin.day]
        may_day[index, possible] = True
        if patient.surgery_minutes and not may_theatre[index].any():
            may_day[index] = False  # no theatre suits: the patient cannot be admitted
    return may_day, may_room, may_theatre


def _lists(allowed: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    lists = np.zeros(allowed.shape, np.int32)
    counts = allowed.sum(axis=1).astype(np.int32)
    for index, row in enumerate(allowed):
        lists[index, : counts[index]] = np.flatnonzero(row)
    return lists, counts


def empty_state(fixed: Fixed, seed: int) -> State:
    """Give a plan in which nobody is admitted and no nurse is assigned.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    seed : int
        Of the search's chance.
    """
    size = fixed.size
    n_all = size.days * size.shifts
    who = np.zeros((size.people, 5), np.int32)
    who[:, [DAY, ROOM, THEATRE]] = -1
    start = np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)  # xorshift must not start at 0
    return State(
        who=who,
        ward=np.zeros((size.rooms, size.days, 1 + size.genders + size.ages + size.width), np.int32),
        theatre=np.zeros((max(1, size.theatres), size.days, LIST + size.patients), np.int32),
        surgeon=np.zeros((len(fixed.surgeon_minutes), size.days, LIST + size.theatres), np.int32),
        nurse_of=np.zeros((size.rooms, n_all), np.int32),
        load=np.zeros(fixed.max_load.shape, np.int32),
        met=np.zeros((size.people, size.nurses), np.int16),
        stamp=np.zeros(size.nurses + 1, np.int64),
        chance=start,
        total=np.zeros(3, np.int64),
        delta=np.zeros(3, np.int64),
        journal=np.zeros((JOURNAL + 1, 4), np.int64),
        open_until=_open_until(fixed),
    )


def _open_until(fixed: Fixed) -> Ints:
    """Give the first day without beds from each day on, of empty rooms."""
    size = fixed.size
    found = np.full((size.rooms, size.genders, size.days + 1), size.days, np.int32)
    for day in range(size.days - 1, -1, -1):
        has_bed = fixed.capacity[:, day] > 0
        found[:, :, day] = np.where(has_bed[:, None], found[:, :, day + 1], day)
    return found


def no_best(fixed: Fixed) -> Best:
    """Give the place in which a search puts its best plan; there is none yet."""
    size = fixed.size
    return Best(
        who=np.full((size.people, 5), -1, np.int32),
        nurse_of=np.zeros((size.rooms, size.days * size.shifts), np.int32),
        value=np.full(1, NEVER, np.int64),
    )


def plan_of(problem: AdmissionProblem, who: Ints, nurse_of: Ints) -> AdmissionPlan:
    """Give the plan that arrays hold; nurses are named for occupied rooms only.

    Parameters
    ----------
    problem : AdmissionProblem
        What was planned for.
    who : Ints
        Day, room and theatre of everybody, shape (people, 5).
    nurse_of : Ints
        Nurse of each room and shift, shape (rooms, days times shifts).
    """
    n_shifts = len(problem.shift_types)
    people: list[Patient | Occupant] = [*problem.patients, *problem.occupants]
    occupied = np.zeros((len(problem.rooms), problem.days), np.bool_)
    stays = []
    for index, person in enumerate(people):
        day, room, theatre = (int(value) for value in who[index, :3])
        if day < 0:
            continue
        occupied[room, day : day + person.length_of_stay] = True
        if isinstance(person, Patient):
            name = problem.theatres[theatre].id if theatre >= 0 else ""
            stays.append(Stay(patient=person.id, day=day, room=problem.rooms[room].id, theatre=name))
    rooms_of: dict[tuple[int, int], list[str]] = {}
    for room, day in np.argwhere(occupied):
        for shift in range(day * n_shifts, (day + 1) * n_shifts):
            rooms_of.setdefault((int(nurse_of[room, shift]), int(shift)), []).append(problem.rooms[room].id)
    duties = [
        Duty(nurse=problem.nurses[nurse].id, day=at // n_shifts, shift=at % n_shifts, rooms=tuple(rooms))
        for (nurse, at), rooms in sorted(rooms_of.items())
        if nurse < len(problem.nurses)
    ]
    return AdmissionPlan(stays=tuple(stays), duties=tuple(duties))
