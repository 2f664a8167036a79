"""Whether an admission problem that came as JSON can be worked with: names, lengths and days.

The loaders of files check all of this row by row; a problem that is sent as JSON has passed none of them. The search
reads its arrays without looking at their bounds, so that a list that is too short must be refused here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from scheduling.loaders.records import LARGEST
from scheduling.model.admissions import ANY_DAY, AdmissionProblem, Occupant, Patient
from twin.errors import DecodeError

MOST_DAYS = 366
MOST_SHIFTS = 24


def check_admission_problem(problem: AdmissionProblem) -> None:
    """Refuse a problem that names what there is not, or whose lists do not fit its days and shifts.

    Parameters
    ----------
    problem : AdmissionProblem
        As it was read.

    Raises
    ------
    DecodeError
        Naming the field and the record.
    """
    _require(1 <= problem.days <= MOST_DAYS, "days", f"expected 1 to {MOST_DAYS}, got {problem.days}")
    shifts = len(problem.shift_types)
    _require(1 <= shifts <= MOST_SHIFTS, "shift_types", f"expected 1 to {MOST_SHIFTS} names, got {shifts}")
    for name, records in (
        ("patients", problem.patients),
        ("occupants", problem.occupants),
        ("rooms", problem.rooms),
        ("theatres", problem.theatres),
        ("surgeons", problem.surgeons),
        ("nurses", problem.nurses),
    ):
        for one, count in Counter(record.id for record in records).items():
            _require(count == 1, f"{name} ({one})", "the id stands twice")
    _check_people(problem)
    _check_supply(problem)
    for pin in problem.pins:
        _require(pin.day == ANY_DAY or 0 <= pin.day < problem.days, f"pins ({pin.patient})", f"no day {pin.day}")
    for stay in problem.published:
        _small(f"published ({stay.patient})", [stay.day])


def _check_people(problem: AdmissionProblem) -> None:
    rooms, surgeons = {room.id for room in problem.rooms}, {surgeon.id for surgeon in problem.surgeons}
    people: list[Patient | Occupant] = [*problem.patients, *problem.occupants]
    for person in people:
        kind = "patients" if isinstance(person, Patient) else "occupants"
        _require(1 <= person.length_of_stay <= LARGEST, f"{kind} ({person.id})", "length_of_stay: expected 1 or more")
        counted = min(person.length_of_stay, problem.days) * len(problem.shift_types)
        for field, figures in (("workload", person.workload), ("skill_required", person.skill_required)):
            place = f"{kind} ({person.id}): {field}"
            is_long = len(figures) >= counted and len(figures) == len(person.workload)
            _require(is_long, place, f"expected one figure for each shift of the stay, got {len(figures)}")
            _small(place, figures)
        is_within = 0 <= person.intensive_days <= person.length_of_stay
        _require(is_within, f"{kind} ({person.id}): intensive_days", "expected 0 to length_of_stay")
        is_known = 0 <= person.age_group < max(1, len(problem.age_groups))
        _require(is_known, f"{kind} ({person.id})", f"no age group {person.age_group}")
        if isinstance(person, Occupant):
            _require(person.room in rooms, f"occupants ({person.id})", f"there is no room {person.room!r}")
            continue
        place = f"patients ({person.id})"
        _small(place, [person.surgery_minutes, person.release_day])
        is_there = not person.surgery_minutes or person.surgeon in surgeons
        _require(is_there, place, f"there is no surgeon {person.surgeon!r}")
        # Days of admission are listed one by one.
        _require(
            person.due_day < 10 * MOST_DAYS, place, f"due_day: expected a day of the horizon, got {person.due_day}"
        )


def _check_supply(problem: AdmissionProblem) -> None:
    for room in problem.rooms:
        _small(f"rooms ({room.id})", [room.capacity, *room.blocked_by_day])
    for kind, records in (("theatres", problem.theatres), ("surgeons", problem.surgeons)):
        for record in records:
            place = f"{kind} ({record.id}): minutes_by_day"
            told = f"expected one figure for each of {problem.days} days, got {len(record.minutes_by_day)}"
            _require(len(record.minutes_by_day) == problem.days, place, told)
            _small(place, record.minutes_by_day)
    for nurse in problem.nurses:
        for one in nurse.shifts:
            is_known = 0 <= one.day < problem.days and 0 <= one.shift < len(problem.shift_types)
            _require(is_known, f"nurses ({nurse.id})", f"no shift {one.shift} of day {one.day}")
        _small(f"nurses ({nurse.id})", [nurse.skill, *(one.max_load for one in nurse.shifts)])
        _small(f"nurses ({nurse.id}): max_rooms", [one.max_rooms for one in nurse.shifts])
    told = f"expected no figure or one for each of {problem.days} days, got {len(problem.intensive_beds)}"
    _require(len(problem.intensive_beds) in (0, problem.days), "intensive_beds", told)
    _small("intensive_beds", problem.intensive_beds)
    _small("turnover_minutes", [problem.turnover_minutes])
    weights = problem.weights
    _small("weights", [getattr(weights, name) for name in weights.__dataclass_fields__])


def _small(place: str, figures: Iterable[int]) -> None:
    # Sums of prices, minutes, work and beds must stay within 32 bits in the search.
    for figure in figures:
        _require(0 <= figure <= LARGEST, place, f"expected numbers from 0 to {LARGEST}, got {figure}")


def _require(is_good: bool, place: str, told: str) -> None:
    if not is_good:
        raise DecodeError(f"problem: {place}: {told}.", code="plan.problem")
