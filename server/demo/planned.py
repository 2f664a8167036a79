"""The plan of elective admissions that the demo hospital works by: it was published days ago and goes on for a week.

So that what was planned can be seen beside what happened from the first minute on. It is made in one pass without a
search, and judged by the same checker as everybody's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from sqlmodel import Session

from dash_app.queries.adherence import last_place
from scheduling.checker.admissions import check_admissions
from scheduling.loaders.horizon import SHIFTS, Horizon
from scheduling.loaders.readiness import reserved_rooms
from scheduling.loaders.waiting_list import USUAL_STAY_DAYS, problem_from_state
from scheduling.model.admissions import AdmissionPlan, AdmissionProblem, Patient, Stay
from scheduling.rules.calendar_days import day_at
from scheduling.service.plans import NewPlan, Publishing, keep_draft, publish
from scheduling.service.roster_sheets import midnight
from server.wiring import Hospital
from twin.access import SYSTEM
from twin.clock import DAY_US, HOUR_US
from twin.opening_hours import opening_hours
from twin.ports import EventSink
from twin.state.live import LiveState
from twin.state.model import Encounter

PAST_DAYS = 4
COMING_DAYS = 8
MOVED_SHARE = 0.12
"""Of those who have come, whom the plan had meant for another room: as many as a usual week brings."""
TITLE = "Elective admissions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A problem and a plan of it."""

    problem: AdmissionProblem
    plan: AdmissionPlan


def planned(live: LiveState, horizon: Horizon, listed: str, *, now: int, seed: int) -> Planned:
    """Give a plan that began days ago: of those who have come since, and of the waiting list.

    Parameters
    ----------
    live : LiveState
        The hospital as it stands now, with who has come and gone.
    horizon : Horizon
        Begins in the past.
    listed : str
        The waiting list as CSV text.
    now : int
        UTC microseconds.
    seed : int
        The same seed and hospital give the same plan.
    """
    state = live.freeze(now)
    made = problem_from_state(state, horizon, listed)
    random = np.random.default_rng([seed, 13])
    unfit = reserved_rooms(state, {state.places[key].parent or key: bed.ward for key, bed in state.beds.items()})
    came = [
        replace(_came(one, horizon), incompatible_rooms=unfit - {_room_of(live, one.id)})
        for one in _electives(live, horizon)
    ]
    # Nobody's bed is blocked: whoever lies in one is planned too, or goes before the others come.
    rooms = tuple(replace(room, blocked_by_day=()) for room in made.rooms)
    problem = replace(made, rooms=rooms, patients=(*came, *made.patients))
    slots = _Slots(problem)
    stays = []
    for patient in sorted(problem.patients, key=lambda one: (not one.is_mandatory, -one.surgery_minutes, one.id)):
        lies_in = _room_of(live, patient.id)
        wanted = (lies_in,) if lies_in and random.random() >= MOVED_SHARE else ()
        # beds of intensive care are not counted here: who needs one afterwards waits for a plan that does
        stay = None if patient.intensive_days else slots.take(patient, wanted, random)
        if stay is not None:
            stays.append(stay)
    return Planned(problem=problem, plan=AdmissionPlan(stays=tuple(stays)))


def _electives(live: LiveState, horizon: Horizon) -> Iterator[Encounter]:
    """Give who was booked for a day of the plan that is over or runs, and has come."""
    for _key, one in sorted(live.encounters.items()):
        is_ours = one.arrival_mode == "elective" and one.expected_at and one.started_at
        if is_ours and 0 <= day_at(horizon.start_at, one.expected_at, horizon.zone) < horizon.days:
            yield one


def _came(one: Encounter, horizon: Horizon) -> Patient:
    day = day_at(horizon.start_at, one.expected_at, horizon.zone)
    ends = one.finished_at or one.discharge_expected_at or one.started_at + USUAL_STAY_DAYS * DAY_US
    stay = max(1, math.ceil((ends - one.started_at) / DAY_US))
    return Patient(
        id=one.id,
        gender="unknown",
        age_group=1,
        length_of_stay=stay,
        workload=(1,) * (stay * len(SHIFTS)),
        skill_required=(0,) * (stay * len(SHIFTS)),
        is_mandatory=False,
        release_day=day,
        due_day=day,
        surgery_minutes=0,
        surgeon="",
    )


def _room_of(live: LiveState, encounter: str) -> str:
    found = live.encounters.get(encounter)
    bed = live.places.get(last_place(found)) if found is not None else None
    return bed.parent if bed is not None else ""


@dataclass(slots=True)
class _Slots:
    """What is still free in the rooms, theatres and hours of surgeons of a plan."""

    problem: AdmissionProblem
    lies: Counter[tuple[str, int]] = field(default_factory=Counter)
    genders: dict[tuple[str, int], str] = field(default_factory=dict)
    operated: Counter[tuple[str, int]] = field(default_factory=Counter)

    def take(self, patient: Patient, wanted: Iterable[str], random: np.random.Generator) -> Stay | None:
        """Give the first place that breaks no rule, in a wanted room if that can be; None if there is none."""
        rooms = [room.id for room in self.problem.rooms if room.id not in patient.incompatible_rooms]
        order = [*wanted, *(rooms[at] for at in random.permutation(len(rooms)))]
        for day in range(patient.release_day, min(patient.due_day, self.problem.days - 1) + 1):
            theatre = self._theatre(patient, day)
            room = next((one for one in order if theatre is not None and self._fits(patient, one, day)), None)
            if theatre is not None and room is not None:
                return self._settle(patient, Stay(patient=patient.id, day=day, room=room, theatre=theatre))
        return None

    def _days(self, patient: Patient, day: int) -> Sequence[int]:
        return range(day, min(self.problem.days, day + patient.length_of_stay))

    def _fits(self, patient: Patient, room: str, day: int) -> bool:
        beds = {one.id: one.capacity for one in self.problem.rooms}.get(room, 0)
        return all(
            self.lies[room, at] < beds and self.genders.get((room, at), patient.gender) == patient.gender
            for at in self._days(patient, day)
        )

    def _theatre(self, patient: Patient, day: int) -> str | None:
        """Give a theatre with time for the operation and its surgeon; empty without operation, None if none has."""
        minutes = patient.surgery_minutes
        if not minutes:
            return ""
        hours = {one.id: one.minutes_by_day[day] for one in self.problem.theatres}
        works = {one.id: one.minutes_by_day[day] for one in self.problem.surgeons}
        if self.operated[patient.surgeon, day] + minutes > works[patient.surgeon]:
            return None
        suits = (one.id for one in self.problem.theatres if one.id not in patient.incompatible_theatres)
        return next((one for one in suits if self.operated[one, day] + minutes <= hours[one]), None)

    def _settle(self, patient: Patient, stay: Stay) -> Stay:
        for at in self._days(patient, stay.day):
            self.lies[stay.room, at] += 1
            self.genders[stay.room, at] = patient.gender
        if stay.theatre:
            self.operated[stay.theatre, stay.day] += patient.surgery_minutes
            self.operated[patient.surgeon, stay.day] += patient.surgery_minutes
        return stay


def publish_plan(hospital: Hospital, ledger: EventSink, listed: str, *, now: int, seed: int) -> dict[str, str]:
    """Put the plan in force as of the eve of its first day; gives the planned room of who is still to come.

    Parameters
    ----------
    hospital : Hospital
        With its past.
    ledger : EventSink
        Where the publication goes: that of the past, since nobody is to act on it now.
    listed : str
        The waiting list as CSV text.
    now : int
        UTC microseconds.
    seed : int
        The same seed and hospital give the same plan.

    Returns
    -------
    dict[str, str]
        Room by encounter; empty if the plan would break a rule that must hold: then it stays a draft.
    """
    zone = hospital.settings.time_zone
    first = datetime.fromtimestamp(now / 1e6, ZoneInfo(zone)).date() - timedelta(days=PAST_DAYS)
    horizon = Horizon(
        start_at=midnight(first, zone),
        zone=zone,
        days=PAST_DAYS + COMING_DAYS,
        hours=opening_hours(hospital.settings.operating_hours),
        turnover_minutes=hospital.settings.theatre_turnover_minutes,
    )
    made = planned(hospital.live, horizon, listed, now=now, seed=seed)
    problem, plan = made.problem, made.plan
    new = NewPlan(
        id=hospital.new_id(),
        title=TITLE,
        start_at=horizon.start_at,
        zone=zone,
        problem=msgspec.json.encode(problem),
        plan=msgspec.json.encode(plan),
    )
    eve = horizon.start_at - 8 * HOUR_US
    is_sound = check_admissions(problem, plan).is_valid

    def use_case(session: Session) -> None:
        row = keep_draft(session, actor=SYSTEM, at=eve, new=new)
        if is_sound:
            intent = Publishing(plan=row.id, version=row.version)
            publish(session, ledger=ledger, actor=SYSTEM, at=eve, intent=intent)

    hospital.write_now(use_case)
    started = {key for key, one in hospital.live.encounters.items() if one.started_at}
    return {stay.patient: stay.room for stay in plan.stays if stay.patient not in started} if is_sound else {}
