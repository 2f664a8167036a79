"""Problems and solutions of the Integrated Healthcare Timetabling Competition 2024, as JSON.

The keys are the competition's, its spelling of ``nurse_eccessive_workload`` included. A problem may hold more than the
competition asks for, by keys of ours that may all be left out: ``intensive_beds`` (by day), ``intensive_days`` of
people, ``incompatible_theater_ids`` of patients, ``blocked_beds`` (by day) of rooms, ``max_rooms`` of a nurse's shift.
"""

from __future__ import annotations

import json
from pathlib import Path

from scheduling.loaders.records import LARGEST, Record, object_of, read_object
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

MOST_DAYS = 366
WEIGHT_KEYS = {
    "mixed_age": "room_mixed_age",
    "nurse_skill": "room_nurse_skill",
    "continuity": "continuity_of_care",
    "excess_workload": "nurse_eccessive_workload",
    "open_theatre": "open_operating_theater",
    "surgeon_transfer": "surgeon_transfer",
    "delay": "patient_delay",
    "unscheduled": "unscheduled_optional",
}
"""The competition's name of each weight."""

NOT_ADMITTED = "none"


def load_problem(path: Path) -> AdmissionProblem:
    """Read a problem from a file.

    Parameters
    ----------
    path : Path
        JSON file in the competition's format.

    Raises
    ------
    ImportRefused
        With every field that is wrong and its record.
    DecodeError
        If it is no JSON.
    """
    return problem_of(read_object(path))


def problem_from_bytes(body: bytes, source: str = "problem") -> AdmissionProblem:
    """Read a problem from bytes; errors as of :func:`load_problem`."""
    return problem_of(object_of(body, source))


def problem_of(root: Record) -> AdmissionProblem:
    """Give the problem that a JSON object holds; errors as of :func:`load_problem`."""
    days = root.integer("days", 1, MOST_DAYS)
    shifts = root.texts("shift_types")
    ages = root.texts("age_groups")
    levels = root.integer("skill_levels", 1, 1000)
    _unique(root, "shift_types", shifts)
    _unique(root, "age_groups", ages)
    root.problems.raise_any()  # the rest cannot be read without these
    rooms = [
        Room(
            id=_id(found),
            capacity=found.integer("capacity", 0, 1000),
            blocked_by_day=_figures(found, "blocked_beds", days),
        )
        for found in root.records("rooms", key="id")
    ]
    theatres = [
        Theatre(id=_id(found), minutes_by_day=found.integers("availability", days))
        for found in root.records("operating_theaters", key="id")
    ]
    surgeons = [
        Surgeon(id=_id(found), minutes_by_day=found.integers("max_surgery_time", days))
        for found in root.records("surgeons", key="id")
    ]
    reader = _People(
        days=days,
        n_shifts=len(shifts),
        ages=ages,
        rooms=frozenset(room.id for room in rooms),
        surgeons=frozenset(surgeon.id for surgeon in surgeons),
        theatres=frozenset(theatre.id for theatre in theatres),
        skill_levels=levels,
    )
    problem = AdmissionProblem(
        days=days,
        shift_types=shifts,
        age_groups=ages,
        skill_levels=levels,
        weights=_weights(root.record("weights")),
        occupants=tuple(reader.occupant(found) for found in root.records("occupants", key="id", may_be_empty=True)),
        patients=tuple(reader.patient(found) for found in root.records("patients", key="id")),
        rooms=tuple(rooms),
        theatres=tuple(theatres),
        surgeons=tuple(surgeons),
        nurses=tuple(_nurse(found, days, shifts) for found in root.records("nurses", key="id")),
        intensive_beds=_figures(root, "intensive_beds", days),
    )
    _check_ids(root, problem)
    root.problems.raise_any()
    return problem


def _id(record: Record) -> str:
    value = record.values.get("id")
    return value if isinstance(value, str) else ""


def _figure(record: Record, name: str, high: int) -> int:
    """Give a whole number that may be left out, then 0."""
    return record.integer(name, 0, high) if name in record.values else 0


def _figures(record: Record, name: str, days: int) -> tuple[int, ...]:
    """Give one whole number for each day; none if the field is left out."""
    return record.integers(name, days) if name in record.values else ()


def _unique(root: Record, name: str, values: tuple[str, ...]) -> None:
    if not values:
        root.problems.add(name, "", "The list is empty.", "Add at least one.")
    if len(set(values)) != len(values):
        root.problems.add(name, "", "A value stands twice.", "Give each its own name.")


def _check_ids(root: Record, problem: AdmissionProblem) -> None:
    waiting = {patient.id for patient in problem.patients}
    for occupant in problem.occupants:
        if occupant.id in waiting:
            told = f"{occupant.id!r} is both an occupant and a patient."
            root.problems.add("id", "occupants", told, "Give each its own id.")


def _weights(record: Record) -> Weights:
    return Weights(**{name: record.integer(key, 0) for name, key in WEIGHT_KEYS.items()})


class _People:
    """Reads patients and occupants of one file."""

    def __init__(
        self,
        *,
        days: int,
        n_shifts: int,
        ages: tuple[str, ...],
        rooms: frozenset[str],
        surgeons: frozenset[str],
        theatres: frozenset[str],
        skill_levels: int,
    ) -> None:
        self.days = days
        self.n_shifts = n_shifts
        self.ages = {age: index for index, age in enumerate(ages)}
        self.rooms = rooms
        self.surgeons = surgeons
        self.theatres = theatres
        self.skill_levels = skill_levels

    def occupant(self, record: Record) -> Occupant:
        """Read an occupant."""
        stay = record.integer("length_of_stay", 1, MOST_DAYS)
        return Occupant(
            id=_id(record),
            gender=record.text("gender"),
            age_group=self.ages.get(record.one_of("age_group", self.ages, "age group"), 0),
            length_of_stay=stay,
            workload=record.integers("workload_produced", stay * self.n_shifts),
            skill_required=record.integers("skill_level_required", stay * self.n_shifts, 0, self.skill_levels - 1),
            room=record.one_of("room_id", self.rooms, "room"),
            intensive_days=_figure(record, "intensive_days", stay),
        )

    def patient(self, record: Record) -> Patient:
        """Read a patient."""
        stay = record.integer("length_of_stay", 1, MOST_DAYS)
        release = record.integer("surgery_release_day", 0, self.days - 1)
        is_mandatory = record.flag("mandatory")
        has_due_day = is_mandatory or "surgery_due_day" in record.values
        return Patient(
            id=_id(record),
            gender=record.text("gender"),
            age_group=self.ages.get(record.one_of("age_group", self.ages, "age group"), 0),
            length_of_stay=stay,
            workload=record.integers("workload_produced", stay * self.n_shifts),
            skill_required=record.integers("skill_level_required", stay * self.n_shifts, 0, self.skill_levels - 1),
            is_mandatory=is_mandatory,
            release_day=release,
            # A due day is read for optional patients as well when one stands there; the competition writes it for
            # mandatory ones.
            due_day=min(record.integer("surgery_due_day", release), self.days - 1) if has_due_day else self.days - 1,
            surgery_minutes=record.integer("surgery_duration", 0, 24 * 60),
            surgeon=record.one_of("surgeon_id", self.surgeons, "surgeon"),
            incompatible_rooms=record.many_of("incompatible_room_ids", self.rooms, "room"),
            incompatible_theatres=(
                record.many_of("incompatible_theater_ids", self.theatres, "theatre")
                if "incompatible_theater_ids" in record.values
                else frozenset()
            ),
            intensive_days=_figure(record, "intensive_days", stay),
        )


def _nurse(record: Record, days: int, shifts: tuple[str, ...]) -> Nurse:
    worked = []
    seen: set[tuple[int, int]] = set()
    for found in record.records("working_shifts", may_be_empty=True):
        name = found.one_of("shift", shifts, "shift type")
        day = found.integer("day", 0, days - 1)
        shift = shifts.index(name) if name else 0
        if (day, shift) in seen:
            record.problems.add("working_shifts", found.place, "This day and shift stands twice.", "Remove one.")
        seen.add((day, shift))
        most = _figure(found, "max_rooms", LARGEST)
        worked.append(NurseShift(day=day, shift=shift, max_load=found.integer("max_load"), max_rooms=most))
    return Nurse(id=_id(record), skill=record.integer("skill_level", 0, LARGEST), shifts=tuple(worked))


def load_plan(path: Path, problem: AdmissionProblem) -> AdmissionPlan:
    """Read a solution from a file.

    Parameters
    ----------
    path : Path
        JSON file in the competition's format.
    problem : AdmissionProblem
        What it is a solution of.

    Raises
    ------
    ImportRefused
        With every field that is wrong and its record.
    DecodeError
        If it is no JSON.
    """
    return plan_of(read_object(path), problem)


def plan_of(root: Record, problem: AdmissionProblem) -> AdmissionPlan:
    """Give the plan that a JSON object holds; errors as of :func:`load_plan`."""
    stays = []
    operated = {patient.id for patient in problem.patients if patient.surgery_minutes}
    for found in root.records("patients", key="id", may_be_empty=True):
        if found.values.get("admission_day") == NOT_ADMITTED:
            continue
        stays.append(
            Stay(
                patient=found.one_of("id", {patient.id for patient in problem.patients}, "patient"),
                day=found.integer("admission_day", 0, problem.days - 1),
                room=found.one_of("room", {room.id for room in problem.rooms}, "room"),
                theatre=_theatre(found, problem, is_operated=found.values.get("id") in operated),
            )
        )
    duties = []
    rooms = {room.id for room in problem.rooms}
    for nurse in root.records("nurses", key="id", may_be_empty=True):
        identifier = nurse.one_of("id", {known.id for known in problem.nurses}, "nurse")
        for found in nurse.records("assignments", may_be_empty=True):
            shift = found.one_of("shift", problem.shift_types, "shift type")
            duties.append(
                Duty(
                    nurse=identifier,
                    day=found.integer("day", 0, problem.days - 1),
                    shift=problem.shift_types.index(shift) if shift else 0,
                    rooms=tuple(sorted(found.many_of("rooms", rooms, "room"))),
                )
            )
    root.problems.raise_any()
    return AdmissionPlan(stays=tuple(stays), duties=tuple(duties))


def _theatre(record: Record, problem: AdmissionProblem, *, is_operated: bool) -> str:
    # Plans of ours say nothing there for whoever is not operated.
    if not is_operated and not record.values.get("operating_theater"):
        return ""
    return record.one_of("operating_theater", {theatre.id for theatre in problem.theatres}, "theatre")


def plan_to_bytes(problem: AdmissionProblem, plan: AdmissionPlan) -> bytes:
    """Write a plan as a solution file of the competition."""
    stay_by_patient = {stay.patient: stay for stay in plan.stays}
    patients: list[dict[str, object]] = []
    for patient in problem.patients:
        stay = stay_by_patient.get(patient.id)
        if stay is None:
            patients.append({"id": patient.id, "admission_day": NOT_ADMITTED})
        else:
            patients.append(
                {
                    "id": patient.id,
                    "admission_day": stay.day,
                    "room": stay.room,
                    "operating_theater": stay.theatre,
                }
            )
    nurses: dict[str, list[dict[str, object]]] = {nurse.id: [] for nurse in problem.nurses}
    for duty in plan.duties:
        nurses[duty.nurse].append(
            {"day": duty.day, "shift": problem.shift_types[duty.shift], "rooms": list(duty.rooms)}
        )
    assigned = [{"id": nurse, "assignments": duties} for nurse, duties in nurses.items()]
    return json.dumps({"patients": patients, "nurses": assigned}, indent=2).encode() + b"\n"


def problem_to_bytes(problem: AdmissionProblem) -> bytes:
    """Write a problem as an instance file of the competition; keys of ours stand only where they say something.

    Pins and the plan in force have no place in a file.
    """
    weights = problem.weights
    body = {
        "days": problem.days,
        "skill_levels": problem.skill_levels,
        "shift_types": list(problem.shift_types),
        "age_groups": list(problem.age_groups),
        "weights": {key: getattr(weights, name) for name, key in WEIGHT_KEYS.items()},
        "occupants": [{**_person(problem, found), "room_id": found.room} for found in problem.occupants],
        "patients": [_patient(problem, found) for found in problem.patients],
        "nurses": [
            {
                "id": nurse.id,
                "skill_level": nurse.skill,
                "working_shifts": [
                    {
                        "day": shift.day,
                        "shift": problem.shift_types[shift.shift],
                        "max_load": shift.max_load,
                        **_said("max_rooms", shift.max_rooms),
                    }
                    for shift in nurse.shifts
                ],
            }
            for nurse in problem.nurses
        ],
        "surgeons": [{"id": found.id, "max_surgery_time": list(found.minutes_by_day)} for found in problem.surgeons],
        "operating_theaters": [
            {"id": found.id, "availability": list(found.minutes_by_day)} for found in problem.theatres
        ],
        "rooms": [
            {"id": room.id, "capacity": room.capacity, **_said("blocked_beds", list(room.blocked_by_day))}
            for room in problem.rooms
        ],
        **_said("intensive_beds", list(problem.intensive_beds)),
    }
    return json.dumps(body, indent=1).encode() + b"\n"


def _said(key: str, value: int | list[int] | list[str]) -> dict[str, object]:
    """Give a field of ours, unless it says nothing: other programs' files then look as they always did."""
    return {key: value} if value else {}


def _person(problem: AdmissionProblem, person: Occupant | Patient) -> dict[str, object]:
    return {
        "id": person.id,
        "gender": person.gender,
        "age_group": problem.age_groups[person.age_group],
        "length_of_stay": person.length_of_stay,
        "workload_produced": list(person.workload),
        "skill_level_required": list(person.skill_required),
        **_said("intensive_days", person.intensive_days),
    }


def _patient(problem: AdmissionProblem, patient: Patient) -> dict[str, object]:
    due = {"surgery_due_day": patient.due_day} if patient.is_mandatory else {}
    return {
        **_person(problem, patient),
        "mandatory": patient.is_mandatory,
        "surgery_release_day": patient.release_day,
        **due,
        "surgery_duration": patient.surgery_minutes,
        "surgeon_id": patient.surgeon,
        "incompatible_room_ids": sorted(patient.incompatible_rooms),
        **_said("incompatible_theater_ids", sorted(patient.incompatible_theatres)),
    }
