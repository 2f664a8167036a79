"""A plan that people can argue with: what else is possible, why here and not there, by hand, and after a bad call.

A board holds one plan with every sum that the search keeps, so that a question costs microseconds; what it answers to
people is what the independent checker finds in the plan before and after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scheduling.checker.admissions import check_admissions
from scheduling.model.admissions import AdmissionPlan, AdmissionProblem, Duty, Nurse, Stay
from scheduling.model.report import HardRule, Report, SoftRule, Where
from scheduling.solvers.admissions.arrays import DAY, Bound, empty_state, fixed_of, plan_of
from scheduling.solvers.admissions.scanning import COLUMNS, best_nurse, move_to, scan_slots
from scheduling.solvers.admissions.slots import best_slot
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
        if self.problem.patients[p].is_mandatory:
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
        return self._told(fresh.problem, plan_of(fresh.problem, fresh.state.who, fresh.state.nurse_of))

    def _told(self, problem: AdmissionProblem, plan: AdmissionPlan) -> Edited:
        before, after = check_admissions(self.problem, self.plan), check_admissions(problem, plan)
        return Edited(
            plan=plan, cost_before=before.cost, cost_after=after.cost, consequences=consequences_between(before, after)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Somebody or something that is not there; exactly one of the names is given.

    Parameters
    ----------
    nurse, surgeon, theatre : str
        Id of who is ill or of what is closed.
    from_day, to_day : int
        First and last day of it.
    shift : int
        The only shift of a nurse that is meant; -1 for all.
    """

    nurse: str = ""
    surgeon: str = ""
    theatre: str = ""
    from_day: int = 0
    to_day: int = 0
    shift: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A plan after an outage.

    Parameters
    ----------
    problem : AdmissionProblem
        The problem without who or what is not there.
    edited : Edited
        The plan and what changed.
    n_changed, n_cells : int
        Stays, and nurses of occupied rooms and shifts, that changed, and how many there are.
    """

    problem: AdmissionProblem
    edited: Edited
    n_changed: int
    n_cells: int

    @property
    def changed_share(self) -> float:
        """Share of cells that changed."""
        return self.n_changed / max(1, self.n_cells)


def without(problem: AdmissionProblem, outage: Outage) -> AdmissionProblem:
    """Give a problem without who or what is not there.

    Raises
    ------
    InputError
        If not exactly one is named, or the days are outside the plan.
    NotFound
        If it is unknown.
    """
    names = {"nurse": outage.nurse, "surgeon": outage.surgeon, "theatre": outage.theatre}
    given = [kind for kind, name in names.items() if name]
    if len(given) != 1:
        raise InputError("Name exactly one of nurse, surgeon and theatre.", code="plan.outage")
    if not 0 <= outage.from_day <= outage.to_day < problem.days:
        raise InputError(
            f"from_day and to_day: expected 0 to {problem.days - 1} in order, got {outage.from_day} and "
            f"{outage.to_day}.",
            code="plan.day",
        )
    days = range(outage.from_day, outage.to_day + 1)
    known = {
        "nurse": {one.id for one in problem.nurses},
        "surgeon": {one.id for one in problem.surgeons},
        "theatre": {one.id for one in problem.theatres},
    }
    if names[given[0]] not in known[given[0]]:
        raise NotFound(given[0], names[given[0]])

    def closed(minutes: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(0 if day in days else value for day, value in enumerate(minutes))

    def away(nurse: Nurse) -> Nurse:
        kept = (shift for shift in nurse.shifts if shift.day not in days or outage.shift not in (-1, shift.shift))
        return replace(nurse, shifts=tuple(kept))

    if outage.nurse:
        staff = tuple(away(nurse) if nurse.id == outage.nurse else nurse for nurse in problem.nurses)
        return replace(problem, nurses=staff)
    if outage.surgeon:
        surgeons = tuple(
            replace(one, minutes_by_day=closed(one.minutes_by_day)) if one.id == outage.surgeon else one
            for one in problem.surgeons
        )
        return replace(problem, surgeons=surgeons)
    theatres = tuple(
        replace(one, minutes_by_day=closed(one.minutes_by_day)) if one.id == outage.theatre else one
        for one in problem.theatres
    )
    return replace(problem, theatres=theatres)


def repair(problem: AdmissionProblem, plan: AdmissionPlan, outage: Outage) -> Repaired:
    """Give the plan after an outage: only what it hits is planned anew, each at its best place; the rest stays.

    Parameters
    ----------
    problem : AdmissionProblem
        As it was.
    plan : AdmissionPlan
        The plan in force.
    outage : Outage
        Who or what is not there.

    Raises
    ------
    InputError, NotFound
        As of :func:`without`.
    """
    left = without(problem, outage)
    board = Board(left, plan)
    # Far above every soft cost: a repair breaks a rule only where no place without exists.
    price = float(BROKEN_PRICE * 100)
    # All are taken out first, so that places of one are open to another.
    hit = _hit(problem, plan, outage)
    for patient in hit:
        move_to(board.fixed, board.state, board.patient_at[patient], -1, -1, -1)
    # long operations first: short ones find room between them
    for patient in sorted(hit, key=lambda one: -problem.patients[board.patient_at[one]].surgery_minutes):
        p = board.patient_at[patient]
        slot = best_slot(board.fixed, board.state, p, Bound(1e18, price, price))
        rows = board.alternatives(patient, limit=1)
        is_mandatory = problem.patients[p].is_mandatory
        if slot.day >= 0 and rows and (is_mandatory or rows[0].is_allowed):
            move_to(board.fixed, board.state, p, int(slot.day), int(slot.room), int(slot.theatre))
    _cover(board, plan)
    after = plan_of(left, board.state.who, board.state.nurse_of)
    told = Board(problem, plan)
    changed, cells = _changes(problem, plan, after)
    return Repaired(problem=left, edited=told._told(left, after), n_changed=changed, n_cells=cells)


def _hit(problem: AdmissionProblem, plan: AdmissionPlan, outage: Outage) -> list[str]:
    surgeon_of = {patient.id: patient.surgeon for patient in problem.patients}
    return [
        stay.patient
        for stay in plan.stays
        if outage.from_day <= stay.day <= outage.to_day
        and (
            (outage.surgeon and surgeon_of.get(stay.patient) == outage.surgeon)
            or (outage.theatre and stay.theatre == outage.theatre)
        )
    ]


def _cover(board: Board, plan: AdmissionPlan) -> None:
    """Give rooms whose nurse is away, or that were empty before, the nurse who costs least."""
    n_shifts = len(board.problem.shift_types)
    kept = {
        (board.room_at[room], duty.day * n_shifts + duty.shift)
        for duty in plan.duties
        if duty.nurse in board.nurse_at
        and 0 <= duty.day * n_shifts + duty.shift < board.state.nurse_of.shape[1]
        and board.fixed.max_load[board.nurse_at[duty.nurse], duty.day * n_shifts + duty.shift] >= 0
        for room in duty.rooms
        if room in board.room_at
    }
    for room, day in np.argwhere(board.state.ward[:, :, 0] > 0):
        for at in range(int(day) * n_shifts, (int(day) + 1) * n_shifts):
            if (int(room), at) not in kept:
                best_nurse(board.fixed, board.state, int(room), at)


def _changes(problem: AdmissionProblem, before: AdmissionPlan, after: AdmissionPlan) -> tuple[int, int]:
    """Give changed cells and all cells: stays of patients, and the nurse of each occupied room and shift."""

    def cells(plan: AdmissionPlan) -> dict[tuple[object, ...], object]:
        found: dict[tuple[object, ...], object] = {
            ("stay", stay.patient): (stay.day, stay.room, stay.theatre) for stay in plan.stays
        }
        for duty in plan.duties:
            for room in duty.rooms:
                found["duty", room, duty.day, duty.shift] = duty.nurse
        return found

    old, new = cells(before), cells(after)
    keys = old.keys() | new.keys()
    # a room that is empty on a day needs no nurse: gaining or losing one with its patients is no change of its own
    changed = sum(old.get(key) != new.get(key) for key in keys if key[0] == "stay" or (key in old and key in new))
    return changed, max(len(keys), len(problem.patients))
