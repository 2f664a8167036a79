"""A plan after a bad call: somebody is ill or a theatre is closed, and only what that hits is planned anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scheduling.model.admissions import ANY_DAY, AdmissionPlan, AdmissionProblem, Nurse, Pin, Stay
from scheduling.service.board import BROKEN_PRICE, Board, Edited
from scheduling.solvers.admissions.arrays import Bound, plan_of
from scheduling.solvers.admissions.scanning import best_nurse, move_to
from scheduling.solvers.admissions.slots import best_slot
from twin.errors import InputError, NotFound

CHANGE_PRICE = 3
"""Of a day, room or theatre that differs when a plan is mended or made again: less than a day of delay
(``Weights.delay``), so that what helps patients still changes."""


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
class HandOver:
    """A room that another nurse looks after in one shift.

    Parameters
    ----------
    room : str
        Id of the room.
    day, shift : int
        When.
    before, after : str
        Ids of the nurses.
    """

    room: str
    day: int
    shift: int
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A plan after an outage.

    Parameters
    ----------
    problem : AdmissionProblem
        The problem without who or what is not there, and without the pins that cannot be kept for it.
    edited : Edited
        The plan and what changed.
    moved : tuple[tuple[Stay | None, Stay | None], ...]
        Stays that changed, before and after; None for not admitted.
    handed_over : tuple[HandOver, ...]
        Rooms that were and stay occupied and have another nurse.
    n_cells : int
        Stays, and nurses of occupied rooms and shifts, that could have changed.
    """

    problem: AdmissionProblem
    edited: Edited
    moved: tuple[tuple[Stay | None, Stay | None], ...]
    handed_over: tuple[HandOver, ...]
    n_cells: int

    @property
    def n_changed(self) -> int:
        """How many stays and nurses of rooms changed."""
        return len(self.moved) + len(self.handed_over)

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
    hit = _hit(problem, plan, outage)
    left = _free(without(problem, outage), hit, outage)
    # Among places that are equally good who is hit keeps what can be kept: the room, the theatre, the day.
    weights = replace(left.weights, change=max(left.weights.change, CHANGE_PRICE))
    board = Board(replace(left, published=plan.stays, weights=weights), plan)
    # Far above every soft cost: a repair breaks a rule only where no place without exists.
    price = float(BROKEN_PRICE * 100)
    # All are taken out first, so that places of one are open to another.
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
    return Repaired(
        problem=left,
        edited=Board(problem, plan).told(left, after),
        moved=moved_between(plan, after),
        handed_over=_handed_over(plan, after),
        n_cells=_n_cells(problem, plan, after),
    )


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


def _free(problem: AdmissionProblem, hit: list[str], outage: Outage) -> AdmissionProblem:
    """Give the problem with the pins of who is hit as far as they can still be kept."""

    def kept(pin: Pin) -> Pin:
        # Without their surgeon nobody can be held to a day, nor to a theatre that is closed.
        return replace(pin, day=ANY_DAY) if outage.surgeon else replace(pin, theatre="")

    pins = tuple(kept(pin) if pin.patient in hit else pin for pin in problem.pins)
    said = tuple(pin for pin in pins if pin.day != ANY_DAY or pin.room or pin.theatre)
    return replace(problem, pins=said)


def moved_between(before: AdmissionPlan, after: AdmissionPlan) -> tuple[tuple[Stay | None, Stay | None], ...]:
    """Give the stays that differ between two plans, by patient; None for not admitted.

    Parameters
    ----------
    before, after : AdmissionPlan
        Of the same patients.
    """
    old = {stay.patient: stay for stay in before.stays}
    new = {stay.patient: stay for stay in after.stays}
    return tuple(
        (old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    )


def _nurses(plan: AdmissionPlan) -> dict[tuple[int, int, str], str]:
    return {(duty.day, duty.shift, room): duty.nurse for duty in plan.duties for room in duty.rooms}


def _handed_over(before: AdmissionPlan, after: AdmissionPlan) -> tuple[HandOver, ...]:
    old, new = _nurses(before), _nurses(after)
    # a room that is empty on a day needs no nurse: gaining or losing one with its patients is no change of its own
    return tuple(
        HandOver(room=room, day=day, shift=shift, before=old[day, shift, room], after=new[day, shift, room])
        for day, shift, room in sorted(old.keys() & new.keys())
        if old[day, shift, room] != new[day, shift, room]
    )


def _n_cells(problem: AdmissionProblem, before: AdmissionPlan, after: AdmissionPlan) -> int:
    patients = {stay.patient for plan in (before, after) for stay in plan.stays}
    return max(len(patients) + len(_nurses(before).keys() | _nurses(after).keys()), len(problem.patients))
