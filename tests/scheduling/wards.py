"""Small admission problems for tests, and strategies that make many of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from scheduling.model.admissions import (
    AdmissionPlan,
    AdmissionProblem,
    Duty,
    Nurse,
    NurseShift,
    Occupant,
    Patient,
    Room,
    Stay,
    Surgeon,
    Theatre,
    Weights,
)

SHIFTS = ("early", "late", "night")
AGES = ("infant", "adult", "elderly")


def patient(name: str = "p1", **changes: object) -> Patient:
    """Give a patient of two days with an operation of an hour."""
    made = Patient(
        id=name,
        gender="A",
        age_group=1,
        length_of_stay=2,
        workload=(1,) * 6,
        skill_required=(0,) * 6,
        is_mandatory=True,
        release_day=0,
        due_day=3,
        surgery_minutes=60,
        surgeon="s1",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # names are checked by the dataclass


def occupant(name: str = "o1", **changes: object) -> Occupant:
    """Give an occupant of room r1 who stays one day more."""
    made = Occupant(
        id=name, gender="A", age_group=1, length_of_stay=1, workload=(1,) * 3, skill_required=(0,) * 3, room="r1"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def nurse(name: str = "n1", days: int = 4, skill: int = 2) -> Nurse:
    """Give a nurse who works every shift of every day, so that tests need only one."""
    shifts = tuple(NurseShift(day=day, shift=shift, max_load=3) for day in range(days) for shift in range(3))
    return Nurse(id=name, skill=skill, shifts=shifts)


def problem(**changes: object) -> AdmissionProblem:
    """Give a problem of four days with two rooms, a theatre, a surgeon, a nurse, an occupant and two patients."""
    made = AdmissionProblem(
        days=4,
        shift_types=SHIFTS,
        age_groups=AGES,
        skill_levels=3,
        weights=Weights(change=7),
        occupants=(occupant(),),
        patients=(patient(), patient("p2", gender="B", is_mandatory=False)),
        rooms=(Room(id="r1", capacity=2), Room(id="r2", capacity=1)),
        theatres=(Theatre(id="t1", minutes_by_day=(120,) * 4),),
        surgeons=(Surgeon(id="s1", minutes_by_day=(120,) * 4),),
        nurses=(nurse(),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def everywhere(made: AdmissionProblem, name: str = "n1") -> tuple[Duty, ...]:
    """Give the duties of one nurse who looks after all rooms all the time."""
    rooms = tuple(room.id for room in made.rooms)
    return tuple(Duty(nurse=name, day=day, shift=shift, rooms=rooms) for day in range(made.days) for shift in range(3))


def good_plan(made: AdmissionProblem) -> AdmissionPlan:
    """Give a plan of :func:`problem` that breaks no rule."""
    stays = (
        Stay(patient="p1", day=0, room="r1", theatre="t1"),
        Stay(patient="p2", day=0, room="r2", theatre="t1"),
    )
    return AdmissionPlan(stays=stays, duties=everywhere(made))


def random_problem(seed: int, *, n_patients: int = 8, days: int = 5) -> AdmissionProblem:
    """Give a problem drawn from a seed; it may have no plan that keeps every rule."""
    chance = np.random.default_rng(seed)

    def draw(low: int, high: int) -> int:
        return int(chance.integers(low, high + 1))

    def figures(count: int, high: int) -> tuple[int, ...]:
        return tuple(draw(0, high) for _ in range(count))

    rooms = tuple(
        Room(id=f"r{i}", capacity=draw(1, 3), blocked_by_day=figures(days, 1) if i == 0 else ()) for i in range(3)
    )
    patients = []
    for index in range(n_patients):
        stay, release = draw(1, 4), draw(0, days - 1)
        has_operation = draw(0, 4) > 0
        patients.append(
            Patient(
                id=f"p{index}",
                gender="AB"[draw(0, 1)],
                age_group=draw(0, 2),
                length_of_stay=stay,
                workload=figures(3 * stay, 3),
                skill_required=figures(3 * stay, 2),
                is_mandatory=draw(0, 1) == 0,
                release_day=release,
                due_day=draw(release, days - 1),
                surgery_minutes=30 * draw(1, 4) if has_operation else 0,
                surgeon=f"s{draw(0, 1)}" if has_operation else "",
                incompatible_rooms=frozenset(f"r{i}" for i in range(1, 3) if draw(0, 4) == 0),
                incompatible_theatres=frozenset({"t1"} if draw(0, 4) == 0 else ()),
            )
        )
    occupants = []
    for index, room in enumerate(rooms[1:]):
        stay = draw(1, 3)
        occupants.append(
            Occupant(
                id=f"o{index}",
                gender="AB"[draw(0, 1)],
                age_group=draw(0, 2),
                length_of_stay=stay,
                workload=figures(3 * stay, 3),
                skill_required=figures(3 * stay, 2),
                room=room.id,
            )
        )
    nurses = tuple(
        Nurse(
            id=f"n{index}",
            skill=draw(0, 2),
            shifts=tuple(
                NurseShift(day=day, shift=shift, max_load=draw(1, 8))
                for day in range(days)
                for shift in range(3)
                if index % 3 == shift or draw(0, 3) == 0
            ),
        )
        for index in range(6)
    )
    weights = Weights(
        mixed_age=draw(1, 10),
        nurse_skill=draw(1, 10),
        continuity=draw(1, 10),
        excess_workload=draw(1, 10),
        open_theatre=draw(10, 50),
        surgeon_transfer=draw(1, 10),
        delay=draw(5, 15),
        unscheduled=draw(150, 500),
        change=draw(0, 5),
    )
    made = AdmissionProblem(
        days=days,
        shift_types=SHIFTS,
        age_groups=AGES,
        skill_levels=3,
        weights=weights,
        occupants=tuple(occupants),
        patients=tuple(patients),
        rooms=rooms,
        theatres=tuple(Theatre(id=f"t{i}", minutes_by_day=tuple(60 * v for v in figures(days, 4))) for i in range(2)),
        surgeons=tuple(Surgeon(id=f"s{i}", minutes_by_day=tuple(60 * v for v in figures(days, 4))) for i in range(2)),
        nurses=nurses,
        published=(Stay(patient="p0", day=patients[0].release_day, room="r0", theatre="t0"),),
    )
    # Drawn last, so that all that stands above is what it was for each seed before there were such limits.
    if draw(0, 2) == 0:
        return made

    def needs(person: Patient) -> Patient:
        return replace(person, intensive_days=draw(0, person.length_of_stay))

    def limited(one: Nurse) -> Nurse:
        return replace(one, shifts=tuple(replace(shift, max_rooms=draw(0, 2)) for shift in one.shifts))

    return replace(
        made,
        intensive_beds=figures(days, 2),
        patients=tuple(needs(person) for person in made.patients),
        occupants=tuple(replace(one, intensive_days=draw(0, one.length_of_stay)) for one in made.occupants),
        nurses=tuple(limited(one) for one in made.nurses),
    )


problems = st.builds(random_problem, st.integers(0, 2**32), n_patients=st.integers(1, 12), days=st.integers(2, 7))
"""Problems of many shapes."""
