"""The check of an admission plan: every hard rule and every cost computed anew from problem and plan.

Nothing here is shared with a solver, and nothing is taken over from one: the checker reads the problem and the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from scheduling.model.admissions import ANY_DAY, AdmissionPlan, AdmissionProblem, Patient, Person, Stay, Weights
from scheduling.model.report import Cost, HardRule, Report, SoftRule, Violation, Where


def check_admissions(problem: AdmissionProblem, plan: AdmissionPlan) -> Report:
    """Check an admission plan.

    Parameters
    ----------
    problem : AdmissionProblem
        What has to be respected.
    plan : AdmissionPlan
        What is planned; may be nonsense.

    Returns
    -------
    Report
        Every broken hard rule and the price of every soft one.
    """
    return _Check(problem, plan).report()


class _Check:
    """One check; the stays that name known people, rooms and theatres are looked at further."""

    def __init__(self, problem: AdmissionProblem, plan: AdmissionPlan) -> None:
        self.problem = problem
        self.violations: list[Violation] = []
        self.costs: list[Cost] = []
        self.patients = {patient.id: patient for patient in problem.patients}
        self.rooms = {room.id: room for room in problem.rooms}
        self.theatres = {theatre.id: theatre for theatre in problem.theatres}
        # In this order: rooms by day need the stays, and both find unknown names themselves.
        self.stays = self._known_stays(plan)
        self.people_by_room_day = self._people_by_room_day()
        self.nurse_by_room_shift = self._nurse_by_room_shift(plan)

    def report(self) -> Report:
        """Run every rule."""
        self._rooms()
        self._intensive_care()
        self._days()
        self._theatres()
        self._surgeons()
        self._pins_and_changes()
        self._nurses()
        self._nurse_rooms()
        self._continuity()
        return Report(violations=tuple(self.violations), costs=tuple(self.costs))

    def _break(self, rule: HardRule, amount: int, where: Where) -> None:
        self.violations.append(Violation(rule=rule, amount=amount, where=where))

    def _charge(self, rule: SoftRule, quantity: int, where: Where) -> None:
        weight = _weight(self.problem.weights, rule)
        if quantity > 0 and weight:
            self.costs.append(Cost(rule=rule, quantity=quantity, cost=quantity * weight, where=where))

    def _known_stays(self, plan: AdmissionPlan) -> dict[str, Stay]:
        stays: dict[str, Stay] = {}
        for stay in plan.stays:
            # Each stay has one fault at most, the first: a stay that cannot be placed would only break other rules by
            # accident.
            where = Where(patient=stay.patient, room=stay.room, theatre=stay.theatre, day=stay.day)
            patient = self.patients.get(stay.patient)
            if patient is None or stay.room not in self.rooms:
                self._break(HardRule.UNKNOWN, 1, where)
            elif stay.patient in stays:
                self._break(HardRule.TWO_STAYS, 1, where)
            elif not 0 <= stay.day < self.problem.days:
                self._break(HardRule.ADMISSION_DAY, 1, where)
            elif patient.surgery_minutes and not stay.theatre:
                self._break(HardRule.THEATRE_MISSING, 1, where)
            elif stay.theatre and stay.theatre not in self.theatres:
                self._break(HardRule.UNKNOWN, 1, where)
            else:
                stays[stay.patient] = stay
        return stays

    def _present(self) -> Iterator[tuple[Person, str, int]]:
        """Give everyone with room and first day, occupants as of day 0."""
        for occupant in self.problem.occupants:
            yield occupant, occupant.room, 0
        for stay in self.stays.values():
            yield self.patients[stay.patient], stay.room, stay.day

    def _last_day(self, person: Person, first: int) -> int:
        # Nothing counts beyond the horizon (problem specification 2024, section 2).
        return min(self.problem.days, first + person.length_of_stay)

    def _people_by_room_day(self) -> dict[tuple[str, int], list[tuple[Person, int]]]:
        found: dict[tuple[str, int], list[tuple[Person, int]]] = {}
        for person, room, first in self._present():
            for day in range(first, self._last_day(person, first)):
                found.setdefault((room, day), []).append((person, first))
        return found

    def _rooms(self) -> None:
        for (room_id, day), people in sorted(self.people_by_room_day.items()):
            where = Where(room=room_id, day=day)
            genders = Counter(person.gender for person, _ in people)
            if len(genders) > 1:
                # The official validator counts min(A, B); for more than two codes that is all but the largest group.
                self._break(HardRule.GENDER_MIX, len(people) - max(genders.values()), where)
            over = len(people) - self.rooms[room_id].capacity_on(day)
            if over > 0:
                self._break(HardRule.ROOM_CAPACITY, over, where)
            ages = [person.age_group for person, _ in people]
            self._charge(SoftRule.MIXED_AGE, max(ages) - min(ages), where)

    def _intensive_care(self) -> None:
        if not self.problem.intensive_beds:
            return  # an empty list is a unit that is planned elsewhere, not one without beds
        people: Counter[int] = Counter()
        for person, _, first in self._present():
            people.update(range(first, min(self.problem.days, first + person.intensive_days)))
        for day, present in sorted(people.items()):
            over = present - self.problem.intensive_beds[day]
            if over > 0:
                self._break(HardRule.INTENSIVE_CARE, over, Where(day=day))

    def _days(self) -> None:
        for patient in self.problem.patients:
            stay = self.stays.get(patient.id)
            if stay is None:
                where = Where(patient=patient.id)
                if patient.is_mandatory:
                    self._break(HardRule.MANDATORY_UNSCHEDULED, 1, where)
                else:
                    self._charge(SoftRule.UNSCHEDULED, 1, where)
                continue
            where = Where(patient=patient.id, room=stay.room, theatre=stay.theatre, day=stay.day)
            if not patient.release_day <= stay.day <= patient.due_day:
                # Once for each patient, however many days: so the competition's own validator counts it.
                self._break(HardRule.ADMISSION_DAY, 1, where)
            if stay.room in patient.incompatible_rooms:
                self._break(HardRule.INCOMPATIBLE_ROOM, 1, where)
            if stay.theatre in patient.incompatible_theatres:
                self._break(HardRule.INCOMPATIBLE_THEATRE, 1, where)
            # Who comes before the release day earns nothing by it, as the same validator has it.
            self._charge(SoftRule.DELAY, stay.day - patient.release_day, where)

    def _operations(self) -> Iterator[tuple[Patient, Stay]]:
        for stay in self.stays.values():
            patient = self.patients[stay.patient]
            if patient.surgery_minutes:
                yield patient, stay

    def _theatres(self) -> None:
        minutes: Counter[tuple[str, int]] = Counter()
        for patient, stay in self._operations():
            minutes[stay.theatre, stay.day] += patient.surgery_minutes
        for (theatre, day), used in sorted(minutes.items()):
            where = Where(theatre=theatre, day=day)
            over = used - self.theatres[theatre].minutes_by_day[day]
            if over > 0:
                self._break(HardRule.THEATRE_OVERTIME, over, where)
            self._charge(SoftRule.OPEN_THEATRE, 1, where)

    def _surgeons(self) -> None:
        limits = {surgeon.id: surgeon.minutes_by_day for surgeon in self.problem.surgeons}
        minutes: Counter[tuple[str, int]] = Counter()
        theatres: dict[tuple[str, int], set[str]] = {}
        for patient, stay in self._operations():
            minutes[patient.surgeon, stay.day] += patient.surgery_minutes
            theatres.setdefault((patient.surgeon, stay.day), set()).add(stay.theatre)
        for (surgeon, day), used in sorted(minutes.items()):
            where = Where(surgeon=surgeon, day=day)
            over = used - limits[surgeon][day]
            if over > 0:
                self._break(HardRule.SURGEON_OVERTIME, over, where)
            # Theatres beyond the first.
            self._charge(SoftRule.SURGEON_TRANSFER, len(theatres[surgeon, day]) - 1, where)

    def _pins_and_changes(self) -> None:
        for pin in self.problem.pins:
            stay = self.stays.get(pin.patient)
            fits = stay is not None and (
                (pin.day in (ANY_DAY, stay.day)) and (pin.room in ("", stay.room)) and pin.theatre in ("", stay.theatre)
            )
            if not fits:
                self._break(HardRule.PIN, 1, Where(patient=pin.patient, room=pin.room, day=pin.day))
        for old in self.problem.published:
            new = self.stays.get(old.patient)
            # Day, room and theatre: not coming any more changes all three.
            changed = 3 if new is None else (new.day != old.day) + (new.room != old.room) + (new.theatre != old.theatre)
            self._charge(SoftRule.CHANGE, changed, Where(patient=old.patient))

    def _nurse_by_room_shift(self, plan: AdmissionPlan) -> dict[tuple[str, int, int], str]:
        nurses = {nurse.id: nurse for nurse in self.problem.nurses}
        found: dict[tuple[str, int, int], str] = {}
        for duty in plan.duties:
            nurse = nurses.get(duty.nurse)
            where = Where(nurse=duty.nurse, day=duty.day, shift=duty.shift)
            if nurse is None:
                self._break(HardRule.UNKNOWN, 1, where)
                continue
            is_rostered = any((shift.day, shift.shift) == (duty.day, duty.shift) for shift in nurse.shifts)
            if duty.rooms and not is_rostered:
                # Duties without rooms are allowed anywhere; only those that count are judged.
                self._break(HardRule.NURSE_PRESENCE, len(duty.rooms), where)
                continue
            for room in duty.rooms:
                place = (room, duty.day, duty.shift)
                at = Where(nurse=duty.nurse, room=room, day=duty.day, shift=duty.shift)
                if room not in self.rooms:
                    self._break(HardRule.UNKNOWN, 1, at)
                elif found.setdefault(place, duty.nurse) != duty.nurse:
                    self._break(HardRule.TWO_NURSES, 1, at)
        return found

    def _nurses(self) -> None:
        if not self.problem.nurses:
            # An empty list of nurses is a plan of beds and theatres alone, not a hospital without nurses.
            return  # nursing is planned elsewhere
        skill = {nurse.id: nurse.skill for nurse in self.problem.nurses}
        load: Counter[tuple[str, int, int]] = Counter()
        n_shifts = len(self.problem.shift_types)
        for (room, day), people in sorted(self.people_by_room_day.items()):
            for shift in range(n_shifts):
                nurse = self.nurse_by_room_shift.get((room, day, shift))
                if nurse is None:
                    self._break(HardRule.UNCOVERED_ROOM, 1, Where(room=room, day=day, shift=shift))
                    continue
                for person, first in people:
                    at = (day - first) * n_shifts + shift
                    load[nurse, day, shift] += person.workload[at]
                    missing = person.skill_required[at] - skill[nurse]
                    where = Where(patient=person.id, room=room, nurse=nurse, day=day, shift=shift)
                    self._charge(SoftRule.NURSE_SKILL, missing, where)
        limit = {
            (nurse.id, shift.day, shift.shift): shift.max_load
            for nurse in self.problem.nurses
            for shift in nurse.shifts
        }
        for (nurse, day, shift), work in sorted(load.items()):
            over = work - limit[nurse, day, shift]
            self._charge(SoftRule.EXCESS_WORKLOAD, over, Where(nurse=nurse, day=day, shift=shift))

    def _nurse_rooms(self) -> None:
        limit = {
            (nurse.id, shift.day, shift.shift): shift.max_rooms
            for nurse in self.problem.nurses
            for shift in nurse.shifts
            if shift.max_rooms
        }
        # Empty rooms are nobody's work: a nurse may hold any number of them.
        rooms = Counter(
            (nurse, day, shift)
            for (room, day, shift), nurse in self.nurse_by_room_shift.items()
            if (room, day) in self.people_by_room_day
        )
        for (nurse, day, shift), looked_after in sorted(rooms.items()):
            over = looked_after - limit.get((nurse, day, shift), looked_after)
            if over > 0:
                self._break(HardRule.NURSE_ROOMS, over, Where(nurse=nurse, day=day, shift=shift))

    def _continuity(self) -> None:
        shifts = range(len(self.problem.shift_types))
        for person, room, first in self._present():
            met = {
                self.nurse_by_room_shift.get((room, day, shift))
                for day in range(first, self._last_day(person, first))
                for shift in shifts
            }
            # A shift without any nurse is told as uncovered; it is no further nurse met.
            self._charge(SoftRule.CONTINUITY, len(met - {None}), Where(patient=person.id, room=room))


def _weight(weights: Weights, rule: SoftRule) -> int:
    by_rule = {
        SoftRule.MIXED_AGE: weights.mixed_age,
        SoftRule.NURSE_SKILL: weights.nurse_skill,
        SoftRule.CONTINUITY: weights.continuity,
        SoftRule.EXCESS_WORKLOAD: weights.excess_workload,
        SoftRule.OPEN_THEATRE: weights.open_theatre,
        SoftRule.SURGEON_TRANSFER: weights.surgeon_transfer,
        SoftRule.DELAY: weights.delay,
        SoftRule.UNSCHEDULED: weights.unscheduled,
        SoftRule.CHANGE: weights.change,
    }
    return by_rule[rule]
