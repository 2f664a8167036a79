"""A plan that people can argue with: what else is possible, why here and not there, and by hand.

A board holds one plan with every sum that the search keeps, so that a question costs microseconds; what it answers to
people is what the independent checker finds in the plan before and after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scheduling.checker.admissions import check_admissions
from scheduling.model.admissions import AdmissionPlan, AdmissionProblem, Duty, Stay
from scheduling.model.report import HardRule, Report, SoftRule, Where
from scheduling.solvers.admissions.arrays import DAY, empty_state, fixed_of, plan_of
from scheduling.solvers.admissions.scanning import COLUMNS, move_to, scan_slots
from scheduling.solvers.admissions.starting import any_nurses, settle_occupants, take_over_stays
from twin.errors import InputError, NotFound

BROKEN_PRICE = 1_000
"""How a broken rule is ranked among alternatives: each unit comes after any soft cost below this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A place that a patient could have.

    Parameters
    ----------
    stay : Stay or None
        The place; None for not being admitted.
    cost : int
        Change of the plan's cost against now.
    crowding, overtime_minutes : int
        Change of people too many or mixed, and of minutes of overtime; above 0 it breaks a rule.
    is_present : bool
        Whether the patient has it now.
    """

    stay: Stay | None
    cost: int
    crowding: int
    overtime_minutes: int
    is_present: bool

    @property
    def is_allowed(self) -> bool:
        """Whether it breaks no rule more than now."""
        return self.crowding <= 0 and self.overtime_minutes <= 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What a change does to one rule at one place.

    Parameters
    ----------
    rule : HardRule or SoftRule
        Which rule.
    is_hard : bool
        Whether it must hold.
    before, after : int
        Units broken, or cost.
    where : Where
        Who, where and when.
    """

    rule: HardRule | SoftRule
    is_hard: bool
    before: int
    after: int
    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A changed plan and what the change does.

    Parameters
    ----------
    plan : AdmissionPlan
        The plan after the change.
    cost_before, cost_after : int
        Of the whole plan.
    consequences : tuple[Consequence, ...]
        What became worse first.
    """

    plan: AdmissionPlan
    cost_before: int
    cost_after: int
    consequences: tuple[Consequence, ...]


def consequences_between(before: Report, after: Report) -> tuple[Consequence, ...]:
    """Give every rule and place at which two checks differ, broken musts first, then what became dearer.

    Parameters
    ----------
    before, after : Report
        Checks of two plans of one problem.
    """
    amounts: dict[tuple[HardRule | SoftRule, Where], list[int]] = {}
    for at, report in enumerate((before, after)):
        for violation in report.violations:
            amounts.setdefault((violation.rule, violation.where), [0, 0])[at] += violation.amount
        for cost in report.costs:
            # a nurse or a room in the place of another is one fact: whose skill was missing, not where
            # Otherwise each nurse of a stay that moved would stand as one consequence gained and one lost.
            where = replace(cost.where, nurse="", room="") if cost.where.patient else cost.where
            amounts.setdefault((cost.rule, where), [0, 0])[at] += cost.cost
    found = [
        Consequence(rule=rule, is_hard=isinstance(rule, HardRule), before=old, after=new, where=where)
        for (rule, where), (old, new) in amounts.items()
        if old != new
    ]
    return tuple(sorted(found, key=lambda one: (not one.is_hard, one.before - one.after, one.rule.value)))


class Board:
    """One plan under discussion.

    Parameters
    ----------
    problem : AdmissionProblem
        What the plan is made for.
    plan : AdmissionPlan
        The plan; stays and duties that name unknown things are left out.
    """

    def __init__(self, problem: AdmissionProblem, plan: AdmissionPlan) -> None:
        self.problem = problem
        self.plan = plan
        self.fixed = fixed_of(problem)
        self.room_at = {room.id: index for index, room in enumerate(problem.rooms)}
        self.theatre_at = {theatre.id: index for index, theatre in enumerate(problem.theatres)}
        self.patient_at = {patient.id: index for index, patient in enumerate(problem.patients)}
        self.nurse_at = {nurse.id: index for index, nurse in enumerate(problem.nurses)}
        # The seed does not matter: a board searches for nothing at random but ties of equal theatres.
        self.state = empty_state(self.fixed, 1)
        any_nurses(self.fixed, self.state)
        self._assign(plan.duties)
        occupied = np.array([self.room_at[found.room] for found in problem.occupants], np.int32)
        settle_occupants(self.fixed, self.state, occupied)
        take_over_stays(self.fixed, self.state, self._stays_as_array(plan))

    def _assign(self, duties: tuple[Duty, ...]) -> None:
        n_shifts = len(self.problem.shift_types)
        for duty in duties:
            nurse = self.nurse_at.get(duty.nurse)
            at = duty.day * n_shifts + duty.shift
            # A nurse who is not on duty then: the checker tells; the board cannot count it.
            if nurse is None or not 0 <= at < self.state.nurse_of.shape[1] or self.fixed.max_load[nurse, at] < 0:
                continue
            for room in duty.rooms:
                if room in self.room_at:
                    self.state.nurse_of[self.room_at[room], at] = nurse

    def _stays_as_array(self, plan: AdmissionPlan) -> np.ndarray:
        who = np.full((self.fixed.size.people, 5), -1, np.int32)
        for stay in plan.stays:
            if stay.patient in self.patient_at and stay.room in self.room_at and 0 <= stay.day < self.problem.days:
                theatre = self.theatre_at.get(stay.theatre, -1)
                who[self.patient_at[stay.patient], :3] = stay.day, self.room_at[stay.room], theatre
        return who

    def _patient(self, patient: str) -> int:
        if patient not in self.patient_at:
            raise NotFound("patient", patient)
        return self.patient_at[patient]

    def alternatives(self, patient: str, *, limit: int = 20) -> list[Alternative]:
        """Give the places that a patient could have, the best first.

        Parameters
        ----------
        patient : str
            Id.
        limit : int
            Largest number; the present place is among them wherever it stands.

        Raises
        ------
        NotFound
            If there is no such patient.
        """
        p = self._patient(patient)
        rows = np.zeros((self.problem.days * len(self.problem.rooms) + 1, COLUMNS), np.int64)
        rows = rows[: scan_slots(self.fixed, self.state, p, rows)]
        if self.problem.patients[p].is_mandatory or patient in {pin.patient for pin in self.problem.pins}:
            rows = rows[rows[:, 0] >= 0]  # to stay on the list is no choice of theirs
        now = [int(value) for value in self.state.who[p, :3]]
        rows = np.vstack([rows[(rows[:, :3] != now).any(axis=1)], [[*now, 0, 0, 0]]])
        ranks = rows[:, 3] + BROKEN_PRICE * (np.maximum(rows[:, 4], 0) + np.maximum(rows[:, 5], 0))
        order = np.argsort(ranks, kind="stable")
        is_present = np.arange(len(rows)) == len(rows) - 1
        # The present place is always among them, wherever it ranks.
        chosen = [row for row in order if is_present[row]] + [row for row in order if not is_present[row]][:limit]
        chosen.sort(key=lambda row: (int(ranks[row]), not is_present[row]))
        return [self._alternative(patient, rows[row], bool(is_present[row])) for row in chosen[:limit]]

    def _alternative(self, patient: str, row: np.ndarray, is_present: bool) -> Alternative:
        day, room, theatre, cost, crowding, late = (int(value) for value in row)
        stay = None
        if day >= 0:
            name = self.problem.theatres[theatre].id if theatre >= 0 else ""
            stay = Stay(patient=patient, day=day, room=self.problem.rooms[room].id, theatre=name)
        return Alternative(stay=stay, cost=cost, crowding=crowding, overtime_minutes=late, is_present=is_present)

    def why(self, patient: str) -> tuple[Report, list[Alternative]]:
        """Give what a patient's place costs by rule, and the places that would be better or come next.

        Raises
        ------
        NotFound
            If there is no such patient.
        """
        self._patient(patient)
        report = check_admissions(self.problem, self.plan)
        own = Report(
            violations=tuple(found for found in report.violations if found.where.patient == patient),
            costs=tuple(found for found in report.costs if found.where.patient == patient),
        )
        return own, self.alternatives(patient, limit=5)

    def edit(self, patient: str, stay: Stay | None) -> Edited:
        """Give the plan with a patient elsewhere, and everything that this does; the board keeps its own plan.

        Parameters
        ----------
        patient : str
            Id.
        stay : Stay or None
            The place; it may break rules, which are then told. None sends the patient back to the waiting list.

        Raises
        ------
        NotFound
            If there is no such patient.
        InputError
            If the place names an unknown room or theatre, or a day outside the plan.
        """
        p = self._patient(patient)
        slot = (-1, -1, -1)
        if stay is not None:
            if stay.room not in self.room_at:
                raise InputError(f"room: there is no room {stay.room!r} in this plan.", code="plan.room")
            if stay.theatre and stay.theatre not in self.theatre_at:
                raise InputError(f"theatre: there is no theatre {stay.theatre!r} in this plan.", code="plan.theatre")
            if not 0 <= stay.day < self.problem.days:
                raise InputError(f"day: expected 0 to {self.problem.days - 1}, got {stay.day}.", code="plan.day")
            if self.problem.patients[p].surgery_minutes and not stay.theatre:
                raise InputError("theatre: this patient has an operation: name a theatre.", code="plan.theatre")
            operates = bool(self.problem.patients[p].surgery_minutes)
            slot = (stay.day, self.room_at[stay.room], self.theatre_at[stay.theatre] if operates else -1)
        # On a copy: the board's own sums stay those of its plan.
        fresh = Board(self.problem, self.plan)
        move_to(fresh.fixed, fresh.state, p, *slot)
        # The kernel refuses silently, as it must within the search; a person is told.
        if (int(fresh.state.who[p, DAY]), int(fresh.state.who[p, 1])) != slot[:2]:
            raise InputError(f"room: {stay.room if stay else ''} cannot hold one more person.", code="plan.room")
        return self.told(fresh.problem, plan_of(fresh.problem, fresh.state.who, fresh.state.nurse_of))

    def told(self, problem: AdmissionProblem, plan: AdmissionPlan) -> Edited:
        """Give what another plan does against the board's own, each checked against its own problem.

        Parameters
        ----------
        problem : AdmissionProblem
            That of the other plan; the board's own, or one in which something has changed.
        plan : AdmissionPlan
            The other plan.
        """
        before, after = check_admissions(self.problem, self.plan), check_admissions(problem, plan)
        return Edited(
            plan=plan, cost_before=before.cost, cost_after=after.cost, consequences=consequences_between(before, after)
        )
