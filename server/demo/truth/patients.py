"""Patients who come, wait, lie, move, go home and leave a bed to be cleaned."""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec
import numpy as np

from twin.clock import DAY_US, HOUR_US, MINUTE_US
from twin.events.envelope import Event
from twin.events.patients import (
    BedReadiness,
    BedReadinessChanged,
    BedReserved,
    DischargePlanned,
    EncounterArrived,
    EncounterClass,
    EncounterDeparted,
    EncounterFinished,
    EncounterMoved,
    EncounterPlanned,
    EncounterStarted,
    EncounterUpdated,
    QueueCalled,
    QueueJoined,
    QueueLeft,
    QueueServiceEnded,
    QueueServiceStarted,
    StageReached,
)

# Emergency arrivals an hour by hour of day: low at night, high late morning and early evening; 112 a day.
ARRIVALS_PER_HOUR = (
    2.4,
    1.9,
    1.6,
    1.4,
    1.4,
    1.6,
    2.3,
    3.6,
    5.2,
    6.6,
    7.2,
    7.2,
    6.8,
    6.5,
    6.4,
    6.4,
    6.4,
    6.4,
    6.2,
    5.9,
    5.3,
    4.6,
    3.8,
    3.1,
)
ACUITY_SHARES = (0.01, 0.12, 0.42, 0.35, 0.10)
ADMITTED_SHARE_BY_ACUITY = (0.85, 0.55, 0.28, 0.08, 0.02)
ICU_SHARE = 0.06
ELECTIVES_PER_WEEKDAY = 26
# Admissions are booked a week ahead, so that whoever plans tonight finds the coming days filled.
BOOKED_AHEAD_DAYS = 7
MEDIAN_ED_STAY_H = 3.1
MEDIAN_FAST_TRACK_H = 1.3
MEAN_WARD_STAY_D = 4.4
RETRY_US = 20 * MINUTE_US


class _Step(IntEnum):
    ARRIVE = 0
    TRIAGED = 1
    ED_DONE = 2
    BED_WANTED = 3
    DISCHARGE = 4
    DEPART = 5
    CLEANED = 6
    NEXT_ARRIVAL = 7
    NEXT_DAY = 8
    ELECTIVE_COMES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Where patients can be.

    Parameters
    ----------
    ward_beds, icu_beds, ed_bays : tuple[str, ...]
        Ids of bed places.
    triage, waiting : str
        Ids of the service point and of the waiting area.
    department_by_bed : dict[str, str]
        Code of the department that runs a bed.
    """

    ward_beds: tuple[str, ...]
    icu_beds: tuple[str, ...]
    ed_bays: tuple[str, ...]
    triage: str
    waiting: str
    department_by_bed: dict[str, str]


@dataclass(slots=True)
class _Patient:
    encounter: str
    acuity: int = 0
    place: str = ""
    bed: str = ""
    target: str = ""
    is_admitted: bool = False
    ticket: str = ""
    stay_us: int = 0


@dataclass(slots=True)
class PatientFlow:
    """All patients of the hospital, advanced along the clock.

    Parameters
    ----------
    rooms : Rooms
        Where they can be.
    random : np.random.Generator
        Source of chance; the same seed gives the same patients.
    start_at : int
        First instant, UTC microseconds.
    is_clean : Callable[[str], bool], optional
        Tells whether a bed that was left is ready again. By default beds are cleaned here, after about 50 minutes.
    source : str
        Source of the events.
    """

    rooms: Rooms
    random: np.random.Generator
    start_at: int
    is_clean: Callable[[str], bool] | None = None
    source: str = "demo:patients"
    _heap: list[tuple[int, int, _Step, str]] = field(default_factory=list)
    _order: Iterable[int] = field(default_factory=itertools.count)
    _patients: dict[str, _Patient] = field(default_factory=dict)
    _occupied: set[str] = field(default_factory=set)
    _unclean: set[str] = field(default_factory=set)
    _waiting: deque[str] = field(default_factory=deque)
    _events: list[Event] = field(default_factory=list)
    _meant: dict[str, frozenset[str]] = field(default_factory=dict)
    _number: int = 0
    _fact: int = 0

    def __post_init__(self) -> None:
        """Fill the wards to three quarters, so that the first day is a usual one."""
        for bed in self.rooms.ward_beds:
            if self.random.random() < 0.74:
                self._settle(bed)
        for bed in self.rooms.icu_beds:
            if self.random.random() < 0.7:
                self._settle(bed)
        self._at(self.start_at, _Step.NEXT_ARRIVAL, "")
        midnight = self.start_at - self.start_at % DAY_US
        for day in range(1, BOOKED_AHEAD_DAYS + 1):
            self._book(self.start_at, midnight + day * DAY_US)
        self._at(midnight + DAY_US, _Step.NEXT_DAY, "")

    @property
    def place_by_encounter(self) -> dict[str, str]:
        """Where each patient really is."""
        return {patient.encounter: patient.place for patient in self._patients.values() if patient.place}

    def advance(self, until: int) -> list[Event]:
        """Move on to an instant and tell what happened.

        Parameters
        ----------
        until : int
            UTC microseconds; not before the last one.

        Returns
        -------
        list[Event]
            In order of their instants.
        """
        while self._heap and self._heap[0][0] <= until:
            at, _, step, encounter = heapq.heappop(self._heap)
            self._take(step, at, encounter)
        self._events.sort(key=lambda event: event.occurred_at)
        n_past = bisect_right(self._events, until, key=lambda event: event.occurred_at)
        happened, self._events = self._events[:n_past], self._events[n_past:]
        return happened

    def speak_as(self, source: str, is_clean: Callable[[str], bool]) -> None:
        """Go on under another source, with beds that real people clean.

        Parameters
        ----------
        source : str
            Source of all further events, also of those that are on their way.
        is_clean : Callable[[str], bool]
            Tells whether a bed that was left is ready again.
        """
        self.source = source
        self.is_clean = is_clean
        self._events = [msgspec.structs.replace(event, source=source) for event in self._events]

    def cleaned(self, bed: str, at: int) -> None:
        """Learn that a bed is ready again.

        Parameters
        ----------
        bed : str
            Id of the bed.
        at : int
            When it became clean, UTC microseconds.
        """
        self._unclean.discard(bed)
        if bed in self.rooms.ed_bays:
            self._fill_bays(at)

    def _at(self, at: int, step: _Step, encounter: str) -> None:
        heapq.heappush(self._heap, (at, next(iter(self._order)), step, encounter))

    def _say(self, kind: type[Event], thing: str, at: int, **fields: object) -> None:
        self._fact += 1
        key = f"{thing}/{self._fact}"
        self._events.append(kind(thing=thing, occurred_at=at, source=self.source, source_key=key, **fields))  # type: ignore[arg-type]  # fields of that kind

    def _new(self, acuity: int = 0) -> _Patient:
        self._number += 1
        patient = _Patient(f"E{self._number:06d}", acuity)
        self._patients[patient.encounter] = patient
        return patient

    def _settle(self, bed: str) -> None:
        patient = self._new()
        patient.is_admitted = True
        elapsed = int(self._ward_stay() * self.random.random())
        at = self.start_at - elapsed
        self._say(
            EncounterStarted,
            patient.encounter,
            at,
            encounter_class=EncounterClass.INPATIENT,
            place=bed,
            service=self.rooms.department_by_bed[bed],
            arrival_mode="elective",
        )
        self._say(EncounterArrived, patient.encounter, at, place=bed)
        patient.bed = patient.place = bed
        self._occupied.add(bed)
        self._plan_discharge(patient, self.start_at, max(self._ward_stay() - elapsed, 2 * HOUR_US))

    def _take(self, step: _Step, at: int, encounter: str) -> None:
        if step is _Step.NEXT_ARRIVAL:
            self._next_arrival(at)
        elif step is _Step.NEXT_DAY:
            self._next_day(at)
        elif step is _Step.CLEANED:
            self._say(BedReadinessChanged, encounter, at, readiness=BedReadiness.CLEAN)
            self.cleaned(encounter, at)
        else:
            patient = self._patients[encounter]
            actions = {
                _Step.TRIAGED: self._triaged,
                _Step.ED_DONE: self._ed_done,
                _Step.BED_WANTED: self._want_bed,
                _Step.DISCHARGE: self._discharge,
                _Step.DEPART: self._depart,
                _Step.ELECTIVE_COMES: self._elective_comes,
            }
            actions[step](patient, at)

    def _next_arrival(self, at: int) -> None:
        # Thinning: candidates at the highest rate, kept in proportion to the rate at the candidate's own hour.
        peak = max(ARRIVALS_PER_HOUR)
        candidate = at
        while True:
            candidate += int(self.random.exponential(HOUR_US / peak))
            rate = ARRIVALS_PER_HOUR[candidate % DAY_US // HOUR_US]
            if self.random.random() * peak < rate:
                break
        if candidate > at:
            self._at(candidate, _Step.NEXT_ARRIVAL, "")
        if at > self.start_at:
            self._arrive(at)

    def _arrive(self, at: int) -> None:
        acuity = int(self.random.choice(5, p=ACUITY_SHARES)) + 1
        patient = self._new(acuity)
        by_ambulance = bool(self.random.random() < (0.9, 0.6, 0.3, 0.1, 0.03)[acuity - 1])
        self._say(
            EncounterStarted,
            patient.encounter,
            at,
            encounter_class=EncounterClass.EMERGENCY,
            place=self.rooms.waiting,
            service="ED",
            acuity=acuity,
            arrival_mode="ambulance" if by_ambulance else "walk_in",
        )
        patient.place = self.rooms.waiting
        patient.ticket = f"T{self._number:06d}"
        self._say(
            QueueJoined,
            patient.ticket,
            at,
            service_point=self.rooms.triage,
            encounter=patient.encounter,
            number=f"A{self._number % 1000:03d}",
            priority=5 - acuity,
        )
        wait = int(self.random.gamma(1.6, (1 + acuity) * 1.2) * MINUTE_US)
        self._at(at + wait, _Step.TRIAGED, patient.encounter)

    def _triaged(self, patient: _Patient, at: int) -> None:
        if self.random.random() < 0.02 and patient.acuity >= 4:
            self._say(QueueLeft, patient.ticket, at, reason="left_without_being_seen")
            self._say(EncounterFinished, patient.encounter, at, disposition="left")
            self._depart(patient, at)
            return
        self._say(QueueCalled, patient.ticket, at, counter="1")
        self._say(QueueServiceStarted, patient.ticket, at)
        self._say(QueueServiceEnded, patient.ticket, at + 4 * MINUTE_US)
        self._say(StageReached, patient.encounter, at + 4 * MINUTE_US, stage="triaged", service_point=self.rooms.triage)
        if patient.acuity >= 4:  # the fast track needs no bay
            seen = at + int(self.random.gamma(2.0, 20.0) * MINUTE_US)
            self._say(StageReached, patient.encounter, seen, stage="exam_started", service_point=self.rooms.waiting)
            stay = float(self.random.lognormal(np.log(MEDIAN_FAST_TRACK_H), 0.5))
            self._at(at + int(stay * HOUR_US), _Step.ED_DONE, patient.encounter)
            return
        self._waiting.append(patient.encounter)
        self._fill_bays(at + 4 * MINUTE_US)

    def _fill_bays(self, at: int) -> None:
        free = [bay for bay in self.rooms.ed_bays if self._is_free(bay)]
        queue = sorted(self._waiting, key=lambda encounter: self._patients[encounter].acuity)
        for encounter, bay in zip(queue, free, strict=False):
            self._waiting.remove(encounter)
            patient = self._patients[encounter]
            self._move(patient, bay, at)
            self._say(StageReached, encounter, at + 10 * MINUTE_US, stage="exam_started", service_point=bay)
            stay = float(self.random.lognormal(np.log(MEDIAN_ED_STAY_H), 0.5))
            self._at(at + int(stay * HOUR_US), _Step.ED_DONE, encounter)

    def _ed_done(self, patient: _Patient, at: int) -> None:
        if self.random.random() < ADMITTED_SHARE_BY_ACUITY[patient.acuity - 1]:
            patient.is_admitted = True
            self._want_bed(patient, at)
        else:
            self._discharge(patient, at)

    def keep_to(self, rooms: Mapping[str, str], room_of_bed: Mapping[str, str]) -> None:
        """Let people come into the rooms that a plan means them for, as far as a bed there is free when they come.

        Parameters
        ----------
        rooms : Mapping[str, str]
            Planned room by encounter.
        room_of_bed : Mapping[str, str]
            Which room a bed stands in.
        """
        beds: dict[str, set[str]] = {}
        for bed in self.rooms.ward_beds:
            beds.setdefault(room_of_bed[bed], set()).add(bed)
        self._meant = {encounter: frozenset(beds.get(room, ())) for encounter, room in rooms.items()}

    def _is_free(self, bed: str) -> bool:
        if bed in self._unclean and self.is_clean is not None and self.is_clean(bed):
            self._unclean.discard(bed)
        return bed not in self._occupied and bed not in self._unclean

    def _want_bed(self, patient: _Patient, at: int) -> None:
        wants_icu = patient.target == "ICU" or (not patient.target and self.random.random() < ICU_SHARE)
        patient.target = "ICU" if wants_icu else "WARD"
        free = [bed for bed in (self.rooms.icu_beds if wants_icu else self.rooms.ward_beds) if self._is_free(bed)]
        if not free:
            self._at(at + RETRY_US, _Step.BED_WANTED, patient.encounter)
            return
        meant = [bed for bed in free if bed in self._meant.get(patient.encounter, ())] or free
        bed = meant[int(self.random.integers(len(meant)))]
        if not patient.place:
            self._say(
                EncounterStarted,
                patient.encounter,
                at,
                encounter_class=EncounterClass.INPATIENT,
                place=bed,
                service=self.rooms.department_by_bed[bed],
                arrival_mode="elective",
            )
            self._enter(patient, bed, at)
        else:
            self._say(BedReserved, patient.encounter, at, place=bed, expected_at=at + 15 * MINUTE_US)
            self._say(
                EncounterUpdated,
                patient.encounter,
                at,
                encounter_class=EncounterClass.INPATIENT,
                service=self.rooms.department_by_bed[bed],
            )
            self._move(patient, bed, at + 15 * MINUTE_US)
        self._plan_discharge(patient, at, self._ward_stay())

    def _move(self, patient: _Patient, bed: str, at: int) -> None:
        left = patient.bed
        self._say(EncounterMoved, patient.encounter, at, place=bed, from_place=patient.place)
        if left:
            self._say(EncounterDeparted, patient.encounter, at, place=left)
            self._leave(left, at)
        self._enter(patient, bed, at)

    def _enter(self, patient: _Patient, bed: str, at: int) -> None:
        self._say(EncounterArrived, patient.encounter, at + MINUTE_US, place=bed)
        patient.bed = patient.place = bed
        self._occupied.add(bed)

    def _leave(self, bed: str, at: int) -> None:
        self._occupied.discard(bed)
        self._unclean.add(bed)
        self._say(BedReadinessChanged, bed, at, readiness=BedReadiness.DIRTY)
        if self.is_clean is None:
            minutes = 12 if bed in self.rooms.ed_bays else 50
            self._at(at + int(self.random.gamma(4.0, minutes / 4) * MINUTE_US), _Step.CLEANED, bed)

    def _ward_stay(self) -> int:
        return int(self.random.gamma(1.3, MEAN_WARD_STAY_D / 1.3) * DAY_US)

    def _plan_discharge(self, patient: _Patient, at: int, stay: int) -> None:
        # Wards discharge from 9 to 16 h: the day follows from the stay, the hour from the ward round.
        day = (at + stay) // DAY_US
        end = day * DAY_US + int((9 + 7 * self.random.beta(2.0, 3.0)) * HOUR_US)
        if end <= at + HOUR_US:
            end += DAY_US
        if self.random.random() < 0.6:
            self._say(DischargePlanned, patient.encounter, at, expected_at=end)
        self._at(end, _Step.DISCHARGE, patient.encounter)

    def _discharge(self, patient: _Patient, at: int) -> None:
        self._say(EncounterFinished, patient.encounter, at, disposition="home")
        self._at(at + int(self.random.gamma(2.0, 12.0) * MINUTE_US), _Step.DEPART, patient.encounter)

    def _depart(self, patient: _Patient, at: int) -> None:
        if patient.place:
            self._say(EncounterDeparted, patient.encounter, at, place=patient.place)
        if patient.bed:
            self._leave(patient.bed, at)
        del self._patients[patient.encounter]

    def _next_day(self, at: int) -> None:
        self._at(at + DAY_US, _Step.NEXT_DAY, "")
        self._book(at, at + BOOKED_AHEAD_DAYS * DAY_US)

    def _book(self, at: int, day: int) -> None:
        if (day // DAY_US + 3) % 7 >= 5:  # 1970-01-01 was a Thursday: 5 and 6 are the weekend
            return
        for _ in range(int(self.random.poisson(ELECTIVES_PER_WEEKDAY))):
            patient = self._new()
            patient.is_admitted = True
            comes = day + int((6.5 + 4.5 * self.random.random()) * HOUR_US)
            self._say(
                EncounterPlanned,
                patient.encounter,
                at,
                encounter_class=EncounterClass.INPATIENT,
                expected_at=comes,
                arrival_mode="elective",
            )
            self._at(comes, _Step.ELECTIVE_COMES, patient.encounter)

    def _elective_comes(self, patient: _Patient, at: int) -> None:
        self._want_bed(patient, at)
