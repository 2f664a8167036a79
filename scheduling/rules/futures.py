"""An admission plan played through many futures: operations overrun, discharges are late, emergencies come.

Chance belongs to the patient and to the day, never to the plan: two plans meet the same patients with the same
operations and the same emergencies (common random numbers), so that their difference is known much more exactly than
either risk.

References
----------
Law, A. M. (2015). Simulation Modeling and Analysis, 5th ed., section 11.2 (common random numbers).
Strum, D. P., May, J. H., Vargas, L. G. (2000). Modeling the uncertainty of surgical procedure times: comparison of
log-normal and normal models. Anesthesiology 92(4), 1160-1167.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scheduling.model.admissions import AdmissionPlan, AdmissionProblem, Occupant, Patient, Stay
from scheduling.model.futures import (
    DayRisk,
    Estimate,
    PatientRisk,
    PlanRisk,
    RiskDifference,
    TheatreRisk,
    Totals,
    Uncertainty,
)
from scheduling.rules.chance import Chance, Counts, Flags, Floats, Futures
from scheduling.rules.played_theatres import Theatres
from twin.errors import InputError

Z = 1.959963984540054  # two-sided 95 % point of the normal law; futures are many, so Student's law adds nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A plan in every future; each array has one row or entry a future.

    Parameters
    ----------
    overtime : dict[tuple[str, int], Floats]
        Minutes by theatre and day.
    no_bed, no_time : dict[str, Flags]
        Called off, by patient and for want of what.
    moved : Counts
        Patients in another room than planned, shape (futures, days).
    elsewhere : Counts
        Emergencies without a bed, shape (futures, days).
    occupied : Counts
        Beds in use, shape (futures, days).
    """

    overtime: dict[tuple[str, int], Floats]
    no_bed: dict[str, Flags]
    no_time: dict[str, Flags]
    moved: Counts
    elsewhere: Counts
    occupied: Counts

    def totals(self) -> dict[str, Floats | Flags]:
        """Give the measures of :class:`Totals`, one number a future."""
        n = len(self.moved)
        # A patient without a bed has no operation either; the two never count twice.
        off = np.zeros(n)
        for name, flags in self.no_bed.items():
            off += flags | self.no_time[name]
        return {
            "called_off": off,
            "overtime_minutes": sum(self.overtime.values(), np.zeros(n)),
            "emergencies_elsewhere": self.elsewhere.sum(axis=1).astype(float),
            "moved": self.moved.sum(axis=1).astype(float),
            "as_planned_share": np.asarray(off == 0),
        }


def estimate(values: Floats | Flags) -> Estimate:
    """Give the mean of a measure over futures with its interval.

    Parameters
    ----------
    values : NDArray
        One a future.

    Notes
    -----
    A share that was 0 or 1 in every one of n futures still has an interval, by the rule of three, 3/n.
    """
    found = values.astype(float)
    n = len(found)
    mean, spread = float(found.mean()), float(found.std(ddof=1))
    # Nothing varied: Student and normal intervals would both be empty, and 0 of n is no proof of 0.
    half_width = Z * spread / math.sqrt(n) if spread else (3.0 / n if values.dtype == np.bool_ else 0.0)
    return Estimate(mean=mean, half_width=half_width, n=n)


def play(problem: AdmissionProblem, plan: AdmissionPlan, uncertainty: Uncertainty, futures: Futures) -> Played:
    """Play a plan through futures.

    Parameters
    ----------
    problem : AdmissionProblem
        Who, rooms and theatres; occupants are where they are now.
    plan : AdmissionPlan
        Stays of the plan; of a patient who is named twice the last counts.
    uncertainty : Uncertainty
        How far days differ from the plan.
    futures : Futures
        How many, from which seed.

    Notes
    -----
    Of each day: who leaves, leaves first; then emergencies take a bed in any room that suits their gender; then
    planned patients come in the order of their operations. A patient whose room is full takes another suitable one,
    and is called off if there is none. An emergency operation waits for its theatre's running operation and goes
    before the next. A patient whose operation is called off goes home at once.
    """
    known = {patient.id: patient for patient in problem.patients}
    # A plan under discussion may name anything; what is unknown takes no bed.
    rooms = {room.id for room in problem.rooms}
    stays = {
        stay.patient: stay
        for stay in plan.stays
        if stay.patient in known and stay.room in rooms and 0 <= stay.day < problem.days
    }
    chance = Chance(futures, uncertainty)
    ward = _Ward(problem, chance)
    theatres = Theatres(problem, chance, list(stays.values()), known)
    no_bed: dict[str, Flags] = {}
    no_time: dict[str, Flags] = {}
    for day in range(problem.days):
        # Beds first, theatres after: who has no bed is not operated.
        ward.emergencies(day)
        come: dict[str, Flags] = {}
        for name in sorted(name for name, stay in stays.items() if stay.day == day):
            wants = chance.comes(name)
            has_bed = ward.admit(known[name], stays[name], wants)
            no_bed[name] = wants & ~has_bed
            come[name] = has_bed
        late = theatres.operate(day, come)
        for name in come:
            no_time[name] = late.get(name, np.zeros(futures.count, np.bool_))
            ward.send_home(known[name], day, no_time[name])
    return Played(
        overtime=theatres.overtime,
        no_bed=no_bed,
        no_time=no_time,
        moved=ward.moved,
        elsewhere=ward.elsewhere,
        occupied=ward.people.sum(axis=1),
    )


class _Ward:
    """Beds of all rooms in every future."""

    def __init__(self, problem: AdmissionProblem, chance: Chance) -> None:
        self.problem = problem
        self.chance = chance
        n, days, rooms = chance.n, problem.days, problem.rooms
        self.index = {room.id: at for at, room in enumerate(rooms)}
        self.genders = {code: at for at, code in enumerate(sorted({p.gender for p in _people(problem)}))}
        self.capacity = np.array([[room.capacity_on(day) for day in range(days)] for room in rooms], np.int64)
        self.people = np.zeros((n, len(rooms), days), np.int64)
        self.by_gender = np.zeros((n, len(rooms), days, max(1, len(self.genders))), np.int64)
        self.moved = np.zeros((n, days), np.int64)
        self.elsewhere = np.zeros((n, days), np.int64)
        self.lies: dict[str, tuple[Counts, Counts]] = {}
        for person in problem.occupants:
            stay = chance.stay(person.id, person.length_of_stay)
            self._lay(np.full(n, self.index[person.room]), 0, stay, self.genders[person.gender], 1)

    def _lay(self, room: Counts, day: int, stay: Counts, gender: int, sign: int) -> None:
        """Put somebody into rooms (-1 for none) from a day on, in every future."""
        rows = np.flatnonzero(room >= 0)
        for ahead in range(day, self.problem.days):
            rows = rows[stay[rows] > ahead - day]
            if not len(rows):
                break
            # A bed that nobody of a gender shares, or that is empty, is free for it.
            self.people[rows, room[rows], ahead] += sign
            self.by_gender[rows, room[rows], ahead, gender] += sign

    def _is_free(self, day: int, gender: int) -> Flags:
        """Tell in which rooms there is a bed among one's own gender tonight, shape (futures, rooms)."""
        people = self.people[:, :, day]
        is_alike: Flags = self.by_gender[:, :, day, gender] == people
        return np.asarray((people < self.capacity[:, day]) & is_alike)

    def emergencies(self, day: int) -> None:
        told = self.chance.uncertainty
        source = self.chance.of("emergency beds", day)
        counts = source.poisson(told.emergency_beds_per_day, self.chance.n)
        if not self.genders or not counts.any():
            return
        for _ in range(int(counts.max())):
            is_here = counts > 0
            # Here are those futures that have one more emergency than were handled already.
            counts = counts - 1
            stay = source.geometric(1.0 / told.emergency_stay_days, self.chance.n)
            gender_of = source.integers(0, len(self.genders), self.chance.n)
            for gender in range(len(self.genders)):
                is_asked = is_here & (gender_of == gender)
                free = self._is_free(day, gender) & is_asked[:, None]
                # The room with most beds left: emergencies are spread, not crowded into the first room of the list.
                left = np.where(free, self.capacity[:, day] - self.people[:, :, day], -1)
                room = np.where(free.any(axis=1), left.argmax(axis=1), -1)
                self.elsewhere[:, day] += is_asked & (room < 0)
                self._lay(room, day, stay, gender, 1)

    def admit(self, patient: Patient, stay: Stay, wants: Flags) -> Flags:
        gender = self.genders[patient.gender]
        free = self._is_free(stay.day, gender)
        for name in patient.incompatible_rooms:
            # The planned room was chosen by a person who may have overruled the list of unsuitable ones.
            if name in self.index and name != stay.room:
                free[:, self.index[name]] = False
        own = self.index[stay.room]
        room = np.where(free[:, own], own, np.where(free.any(axis=1), free.argmax(axis=1), -1))
        room = np.where(wants, room, -1)
        self.moved[:, stay.day] += (room >= 0) & (room != own)
        length = self.chance.stay(patient.id, patient.length_of_stay)
        self._lay(room, stay.day, length, gender, 1)
        self.lies[patient.id] = room, length
        return np.asarray(room >= 0)

    def send_home(self, patient: Patient, day: int, is_off: Flags) -> None:
        room, length = self.lies[patient.id]
        self._lay(np.where(is_off, room, -1), day, length, self.genders[patient.gender], -1)


def _people(problem: AdmissionProblem) -> list[Patient | Occupant]:
    return [*problem.patients, *problem.occupants]


def risk_of(problem: AdmissionProblem, plan: AdmissionPlan, uncertainty: Uncertainty, futures: Futures) -> PlanRisk:
    """Give what a plan risks.

    Parameters
    ----------
    problem, plan, uncertainty, futures
        As for :func:`play`.
    """
    played = play(problem, plan, uncertainty, futures)
    sums = {name: estimate(values) for name, values in played.totals().items()}
    return PlanRisk(
        futures=futures.count,
        seed=futures.seed,
        uncertainty=uncertainty,
        totals=Totals(**sums),
        theatres=_theatre_risks(problem, plan, played),
        days=_day_risks(problem, plan, played),
        patients=_patient_risks(plan, played),
    )


def _theatre_risks(problem: AdmissionProblem, plan: AdmissionPlan, played: Played) -> tuple[TheatreRisk, ...]:
    minutes = {patient.id: patient.surgery_minutes for patient in problem.patients}
    planned: dict[tuple[str, int], int] = {}
    for stay in plan.stays:
        key = stay.theatre, stay.day
        planned[key] = planned.get(key, 0) + minutes.get(stay.patient, 0)
    opens = {theatre.id: theatre.minutes_by_day for theatre in problem.theatres}
    found = [
        TheatreRisk(
            theatre=theatre,
            day=day,
            planned_minutes=planned.get((theatre, day), 0),
            available_minutes=opens[theatre][day],
            overtime_share=estimate(late > 0),
            overtime_minutes=estimate(late),
            overtime_p95_minutes=float(np.quantile(late, 0.95)),
        )
        for (theatre, day), late in played.overtime.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.overtime_minutes.mean, one.day, one.theatre)))


def _day_risks(problem: AdmissionProblem, plan: AdmissionPlan, played: Played) -> tuple[DayRisk, ...]:
    found = []
    for day in range(problem.days):
        off = played.elsewhere[:, day].astype(float)
        for stay in plan.stays:
            if stay.day == day and stay.patient in played.no_bed:
                off += played.no_bed[stay.patient]
        found.append(
            DayRisk(
                day=day,
                beds=sum(room.capacity_on(day) for room in problem.rooms),
                occupied=estimate(played.occupied[:, day].astype(float)),
                occupied_p95=float(np.quantile(played.occupied[:, day], 0.95)),
                moved=estimate(played.moved[:, day].astype(float)),
                without_bed=estimate(off),
            )
        )
    return tuple(found)


def _patient_risks(plan: AdmissionPlan, played: Played) -> tuple[PatientRisk, ...]:
    stays = {stay.patient: stay for stay in plan.stays}
    found = [
        PatientRisk(
            patient=name,
            day=stays[name].day,
            room=stays[name].room,
            theatre=stays[name].theatre,
            no_bed_share=estimate(flags),
            no_time_share=estimate(played.no_time[name]),
        )
        for name, flags in played.no_bed.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.no_bed_share.mean - one.no_time_share.mean, one.day, one.patient)))


def difference(first: Played, second: Played) -> tuple[RiskDifference, ...]:
    """Compare two plans future by future.

    Parameters
    ----------
    first, second : Played
        Of the same seed and count of futures.

    Returns
    -------
    tuple[RiskDifference, ...]
        Second minus first of every measure of :class:`Totals`.

    Raises
    ------
    InputError
        If they were not played through equally many futures.
    """
    before, after = first.totals(), second.totals()
    if len(first.moved) != len(second.moved):
        raise InputError("futures: both plans need the same number of futures.", code="plan.futures")
    found = []
    for name, values in before.items():
        told = estimate(after[name].astype(float) - values)
        is_apart = abs(told.mean) > told.half_width and told.mean != 0
        found.append(RiskDifference(measure=name, difference=told, is_distinguishable=is_apart))
    return tuple(found)
