"""Problems of any size that look like a hospital's weeks, drawn from a seed; for tests, benches and trying things out.

Lengths of stay are geometric with a few long ones, operations last a multiple of 30 minutes, most workload falls on the
first days and the early shift, nurses work in runs of days with rest after nights. Beds, theatres and surgeons are cut
to the load asked for, so that a plan is tight but not hopeless.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scheduling.model.admissions import (
    AdmissionProblem,
    Nurse,
    NurseShift,
    Occupant,
    Patient,
    Room,
    Surgeon,
    Theatre,
    Weights,
)
from twin.errors import InputError

SHIFTS = ("early", "late", "night")
AGES = ("child", "adult", "elderly")
GENDERS = ("A", "B")
LONGEST_STAY = 12
SKILLS = 3
_ROOM_BEDS = (1, 2, 2, 3, 4)  # doubles are common, wards of four are few
_LATE_SHARE = 0.75  # work of the late shift against the early one; the night's is half
_NIGHT_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What kind of problem is wanted.

    Parameters
    ----------
    patients : int
        Who waits, at least 1.
    days : int
        Horizon, at least 7.
    mandatory_share : float
        Patients who must be admitted, 0 to 1.
    load : float
        Bed-days asked for against bed-days there are; above 1 not all can come.
    seed : int
        Of chance, at least 0.
    """

    patients: int = 100
    days: int = 14
    mandatory_share: float = 0.4
    load: float = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming the field that is out of range.
        """
        if not 1 <= self.patients <= 5000:
            raise InputError(f"patients: expected 1 to 5000, got {self.patients}.")
        if not 7 <= self.days <= 120:
            raise InputError(f"days: expected 7 to 120, got {self.days}.")
        if not 0 <= self.mandatory_share <= 1 or not 0.1 <= self.load <= 3:
            raise InputError("mandatory_share: expected 0 to 1; load: expected 0.1 to 3.")
        if self.seed < 0:
            raise InputError(f"seed: expected at least 0, got {self.seed}.")


def generate(wanted: Wanted) -> AdmissionProblem:
    """Give a problem; the same wish gives the same problem.

    Parameters
    ----------
    wanted : Wanted
        Size, share of mandatory patients, load and seed.
    """
    return _Generator(wanted).problem()


class _Generator:
    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.chance = np.random.default_rng(wanted.seed)

    def draw(self, low: int, high: int) -> int:
        """Give a whole number from low to high, both included."""
        return int(self.chance.integers(low, high + 1))

    def problem(self) -> AdmissionProblem:
        """Draw everything."""
        days, n = self.wanted.days, self.wanted.patients
        # Geometric with mean 3.6 days: most stays short, a few long.
        stays = [min(LONGEST_STAY, int(self.chance.geometric(0.28))) for _ in range(n)]
        bed_days = sum(min(stay, days) for stay in stays) / self.wanted.load
        rooms = self._rooms(max(4, round(bed_days / days)))
        surgeons_n = max(1, round(n / days / 2.2))
        minutes = [30 * self.draw(1, 7) for _ in range(n)]
        surgeons = self._surgeons(surgeons_n, sum(minutes))
        patients = tuple(self._patient(index, stays[index], minutes[index], rooms, surgeons) for index in range(n))
        return AdmissionProblem(
            days=days,
            shift_types=SHIFTS,
            age_groups=AGES,
            skill_levels=SKILLS,
            weights=self._weights(),
            occupants=self._occupants(rooms),
            patients=patients,
            rooms=rooms,
            theatres=self._theatres(sum(minutes)),
            surgeons=surgeons,
            nurses=self._nurses(rooms),
        )

    def _weights(self) -> Weights:
        small = (1, 5, 10)
        return Weights(
            mixed_age=small[self.draw(0, 2)],
            nurse_skill=small[self.draw(0, 2)],
            continuity=small[self.draw(0, 2)],
            excess_workload=small[self.draw(0, 2)],
            open_theatre=10 * self.draw(1, 5),
            surgeon_transfer=small[self.draw(0, 2)],
            delay=5 * self.draw(1, 3),
            unscheduled=50 * self.draw(3, 10),
        )

    def _rooms(self, beds: int) -> tuple[Room, ...]:
        rooms: list[Room] = []
        while sum(room.capacity for room in rooms) < beds:
            rooms.append(Room(id=f"r{len(rooms):02}", capacity=_ROOM_BEDS[self.draw(0, len(_ROOM_BEDS) - 1)]))
        return tuple(rooms)

    def _open_days(self, minutes: int, share: float) -> tuple[int, ...]:
        return tuple(minutes if self.chance.random() < share else 0 for _ in range(self.wanted.days))

    def _surgeons(self, count: int, minutes: int) -> tuple[Surgeon, ...]:
        each = max(210, 30 * round(minutes / (count * self.wanted.days * 0.6) / 30) + 60)
        return tuple(Surgeon(id=f"s{index}", minutes_by_day=self._open_days(each, 0.75)) for index in range(count))

    def _theatres(self, minutes: int) -> tuple[Theatre, ...]:
        count = max(1, round(minutes / (self.wanted.days * 400)) + 1)
        return tuple(
            Theatre(id=f"t{index}", minutes_by_day=self._open_days(480, 0.9 if index else 1.0))
            # One theatre is open every day, so that no surgeon's day is without any.
            for index in range(count)
        )

    def _care(self, stay: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        work, skill = [], []
        for day in range(stay):
            start = max(1, 3 - day // 2)
            for share in (1.0, _LATE_SHARE, _NIGHT_SHARE):
                work.append(max(0, round((start + self.draw(0, 1)) * share)))
                skill.append(min(SKILLS - 1, self.draw(0, 1) + (1 if day == 0 and share == 1.0 else 0)))
        return tuple(work), tuple(skill)

    def _patient(
        self, index: int, stay: int, minutes: int, rooms: tuple[Room, ...], surgeons: tuple[Surgeon, ...]
    ) -> Patient:
        days = self.wanted.days
        is_mandatory = bool(self.chance.random() < self.wanted.mandatory_share)
        # Whom no surgeon can operate in one day would make the problem hopeless before it begins.
        able = [one for one in surgeons if max(one.minutes_by_day) >= minutes] or list(surgeons)
        surgeon = able[self.draw(0, len(able) - 1)]
        free = [day for day, open_ in enumerate(surgeon.minutes_by_day) if open_ >= minutes] or [0]
        release = min(self.draw(0, max(0, days - 3)), free[-1])
        first = next((day for day in free if day >= release), release)
        due = min(days - 1, max(first, release + self.draw(3, 9)))
        work, skill = self._care(stay)
        bad = frozenset(room.id for room in rooms if self.chance.random() < 0.12)
        return Patient(
            id=f"p{index:04}",
            gender=GENDERS[self.draw(0, 1)],
            age_group=min(2, self.draw(0, 3)),
            length_of_stay=stay,
            workload=work,
            skill_required=skill,
            is_mandatory=is_mandatory,
            release_day=release,
            due_day=due if is_mandatory else days - 1,
            surgery_minutes=minutes,
            surgeon=surgeon.id,
            incompatible_rooms=bad if len(bad) < len(rooms) else frozenset(),
        )

    def _occupants(self, rooms: tuple[Room, ...]) -> tuple[Occupant, ...]:
        found: list[Occupant] = []
        for room in rooms:
            gender = GENDERS[self.draw(0, 1)]
            for _ in range(self.draw(0, room.capacity)):
                stay = self.draw(1, 5)
                work, skill = self._care(stay)
                found.append(
                    Occupant(
                        id=f"o{len(found):03}",
                        gender=gender,
                        age_group=min(2, self.draw(0, 3)),
                        length_of_stay=stay,
                        workload=work,
                        skill_required=skill,
                        room=room.id,
                    )
                )
        return tuple(found)

    def _nurses(self, rooms: tuple[Room, ...]) -> tuple[Nurse, ...]:
        """Draw nurses until every shift has enough; each works runs of days on one shift, with days off between."""
        wanted = max(2, round(len(rooms) / 2.5))
        covered = np.zeros((self.wanted.days, len(SHIFTS)), np.int64)
        nurses: list[Nurse] = []
        while covered.min() < wanted:
            # Nurses are drawn for the shift that lacks most until none lacks any.
            at = int(covered.sum(axis=0).argmin())  # the shift that lacks most, so that nobody is drawn in vain
            worked = []
            day = int(covered[:, at].argmin()) if self.draw(0, 1) else self.draw(0, 4)
            while day < self.wanted.days:
                for later in range(day, min(self.wanted.days, day + self.draw(3, 5))):
                    worked.append(NurseShift(day=later, shift=at, max_load=self.draw(5, 12)))
                    covered[later, at] += 1
                    day = later
                # Two or three days off follow each run, whatever the shift.
                day += 1 + self.draw(2, 3)
            nurses.append(Nurse(id=f"n{len(nurses):03}", skill=self.draw(0, SKILLS - 1), shifts=tuple(worked)))
        return tuple(nurses)
