"""Why no plan can keep every must: a smallest set of demands of which one has to give way.

Each demand of people (a patient must come, and by a day; only some rooms suit; a pin) and of the house (hours of a
surgeon or a theatre, beds of a room or of intensive care, one gender in a room) is a switch of a model of constraint
programming. From the switches that a proof of infeasibility used, one after the other is taken away if the rest still
cannot be kept.

References
----------
Chinneck, J. W. (2008). Feasibility and Infeasibility in Optimization, section 6.2, the deletion filter.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum

from ortools.sat.python import cp_model

from scheduling.model.admissions import ANY_DAY, AdmissionProblem, Patient


class DemandKind(StrEnum):
    """What may have to give way."""

    ADMISSION = "admission"
    WINDOW = "window"
    ROOMS = "rooms"
    PIN = "pin"
    SURGEON = "surgeon"
    THEATRE = "theatre"
    BEDS = "beds"
    INTENSIVE = "intensive"
    GENDER = "gender"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Demand:
    """One demand.

    Parameters
    ----------
    kind : DemandKind
        What is demanded.
    who : str
        Id of the patient, surgeon, theatre or room; empty for intensive care.
    """

    kind: DemandKind
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Demands that cannot all be kept.

    Parameters
    ----------
    demands : tuple[Demand, ...]
        Empty if all demands of the problem can be kept, or if time was too short to tell.
    is_decided : bool
        Whether it is known that all can be kept, or that these cannot.
    is_minimal : bool
        Whether without any one of them the others could be kept.
    """

    demands: tuple[Demand, ...]
    is_decided: bool
    is_minimal: bool


def find_conflict(problem: AdmissionProblem, seconds: float = 10.0) -> Conflict:
    """Give a smallest set of demands that cannot all be kept.

    Parameters
    ----------
    problem : AdmissionProblem
        Patients who must come, and those who are pinned, are looked at; others may stay on the list.
    seconds : float
        Longest time; when it is over, the smallest set so far is given.
    """
    return _Search(problem, seconds).run()


class _Search:
    def __init__(self, problem: AdmissionProblem, seconds: float) -> None:
        self.problem = problem
        self.until = time.monotonic() + seconds
        self.model = cp_model.CpModel()
        self.switches: dict[Demand, cp_model.IntVar] = {}
        self.pins = {pin.patient: pin for pin in problem.pins}
        self.beds: dict[tuple[int, int], list[cp_model.IntVar]] = {}
        self.intensive: dict[int, list[cp_model.IntVar]] = {}
        self.gender: dict[tuple[int, int], dict[str, list[cp_model.IntVar]]] = {}
        self.theatre: dict[tuple[int, int], list[tuple[cp_model.IntVar, int]]] = {}
        self.surgeon: dict[tuple[str, int], list[tuple[cp_model.IntVar, int]]] = {}
        for index, patient in enumerate(problem.patients):
            if patient.is_mandatory or patient.id in self.pins:
                self._admit(index, patient)
        self._house()

    def switch(self, kind: DemandKind, who: str) -> cp_model.IntVar:
        """Give the switch of a demand."""
        demand = Demand(kind=kind, who=who)
        if demand not in self.switches:
            self.switches[demand] = self.model.new_bool_var(f"{kind.value} {who}")
        return self.switches[demand]

    def _admit(self, index: int, patient: Patient) -> None:
        problem, model = self.problem, self.model
        days = [model.new_bool_var(f"{index}.d{day}") for day in range(problem.days)]
        rooms = [model.new_bool_var(f"{index}.r{room}") for room in range(len(problem.rooms))]
        model.add(sum(days) == 1).only_enforce_if(self.switch(DemandKind.ADMISSION, patient.id))
        model.add_at_most_one(days)
        model.add(sum(rooms) == sum(days))
        for day, var in enumerate(days):
            if not patient.release_day <= day <= patient.due_day:
                model.add_implication(self.switch(DemandKind.WINDOW, patient.id), ~var)
        for room, var in zip(problem.rooms, rooms, strict=True):
            if room.id in patient.incompatible_rooms:
                model.add_implication(self.switch(DemandKind.ROOMS, patient.id), ~var)
        self._stay(patient, days, rooms)
        for day, var in enumerate(days):
            for later in range(day, min(problem.days, day + patient.intensive_days)):
                self.intensive.setdefault(later, []).append(var)
        theatres = self._operate(index, patient, days)
        pin = self.pins.get(patient.id)
        if pin is not None:
            kept = self.switch(DemandKind.PIN, patient.id)
            if pin.day != ANY_DAY:
                model.add_implication(kept, days[pin.day])
            for room, var in zip(problem.rooms, rooms, strict=True):
                if pin.room and room.id != pin.room:
                    model.add_implication(kept, ~var)
            for theatre, var in zip(problem.theatres, theatres, strict=True):
                if pin.theatre and theatre.id != pin.theatre:
                    model.add_implication(kept, ~var)

    def _stay(self, patient: Patient, days: list[cp_model.IntVar], rooms: list[cp_model.IntVar]) -> None:
        for room, in_room in enumerate(rooms):
            there: dict[int, list[cp_model.IntVar]] = {}
            for day, var in enumerate(days):
                # Both literals, not a product: the solver propagates them without arithmetic.
                both = self.model.new_bool_var("")
                self.model.add_bool_or([~var, ~in_room, both])
                self.model.add_implication(both, var)
                self.model.add_implication(both, in_room)
                for later in range(day, min(self.problem.days, day + patient.length_of_stay)):
                    there.setdefault(later, []).append(both)
            for day, found in there.items():
                self.beds.setdefault((room, day), []).extend(found)
                self.gender.setdefault((room, day), {}).setdefault(patient.gender, []).extend(found)

    def _operate(self, index: int, patient: Patient, days: list[cp_model.IntVar]) -> list[cp_model.IntVar]:
        theatres = [self.model.new_bool_var(f"{index}.t{at}") for at in range(len(self.problem.theatres))]
        if not patient.surgery_minutes:
            return theatres
        self.model.add(sum(theatres) == sum(days))
        for at, theatre in enumerate(self.problem.theatres):
            if theatre.id in patient.incompatible_theatres:
                self.model.add(theatres[at] == 0)
            for day, var in enumerate(days):
                both = self.model.new_bool_var("")
                self.model.add_bool_or([~var, ~theatres[at], both])
                self.theatre.setdefault((at, day), []).append((both, patient.surgery_minutes))
        for day, var in enumerate(days):
            self.surgeon.setdefault((patient.surgeon, day), []).append((var, patient.surgery_minutes))
        return theatres

    def _house(self) -> None:
        problem, model = self.problem, self.model
        room_at = {room.id: at for at, room in enumerate(problem.rooms)}
        lying: dict[tuple[int, int], list[str]] = {}
        for occupant in problem.occupants:
            for day in range(min(problem.days, occupant.length_of_stay)):
                lying.setdefault((room_at[occupant.room], day), []).append(occupant.gender)
        for (at, day), found in self.beds.items():
            room = problem.rooms[at]
            free = max(0, room.capacity_on(day) - len(lying.get((at, day), [])))
            model.add(sum(found) <= free).only_enforce_if(self.switch(DemandKind.BEDS, room.id))
        for (at, day), by_gender in self.gender.items():
            kept = self.switch(DemandKind.GENDER, problem.rooms[at].id)
            is_of = {gender: model.new_bool_var("") for gender in by_gender}
            model.add(sum(is_of.values()) <= 1).only_enforce_if(kept)
            for gender, found in by_gender.items():
                for var in found:
                    model.add_implication(var, is_of[gender])
                if any(other != gender for other in lying.get((at, day), [])):
                    model.add_implication(kept, ~is_of[gender])
        if problem.intensive_beds:
            for day, found in self.intensive.items():
                there = sum(1 for occupant in problem.occupants if day < occupant.intensive_days)
                # As for rooms: more who lie there already than beds is nobody's fault who is to come.
                free = max(0, problem.intensive_beds[day] - there)
                model.add(sum(found) <= free).only_enforce_if(self.switch(DemandKind.INTENSIVE, ""))
        limits = {surgeon.id: surgeon.minutes_by_day for surgeon in problem.surgeons}
        for (surgeon, day), booked in self.surgeon.items():
            minutes = sum(var * length for var, length in booked)
            model.add(minutes <= limits[surgeon][day]).only_enforce_if(self.switch(DemandKind.SURGEON, surgeon))
        for (at, day), booked in self.theatre.items():
            theatre = problem.theatres[at]
            minutes = sum(var * length for var, length in booked)
            model.add(minutes <= theatre.minutes_by_day[day]).only_enforce_if(
                self.switch(DemandKind.THEATRE, theatre.id)
            )

    def _core(self, demands: list[Demand]) -> list[Demand] | None:
        """Give the demands that a proof of infeasibility used; None if they can be kept or time is over."""
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1  # assumptions are followed by one worker only
        # Short but never 0, which the solver would take for no limit.
        solver.parameters.max_time_in_seconds = max(0.05, self.until - time.monotonic())
        self.model.clear_assumptions()
        self.model.add_assumptions([self.switches[demand] for demand in demands])
        self.status = solver.solve(self.model)
        if self.status != cp_model.INFEASIBLE:
            return None
        used = set(solver.sufficient_assumptions_for_infeasibility())
        found = [demand for demand in demands if self.switches[demand].index in used]
        return found or demands

    def run(self) -> Conflict:
        """Find a core, then take demands away as long as the rest cannot be kept."""
        core = self._core(sorted(self.switches))
        if core is None:
            is_decided = self.status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
            return Conflict(demands=(), is_decided=is_decided, is_minimal=is_decided)
        is_minimal = True
        # The deletion filter: a demand without which the rest is still impossible is not part of the conflict.
        at = 0
        while at < len(core):
            rest = [*core[:at], *core[at + 1 :]]
            smaller = self._core(rest)
            if smaller is not None:
                # what stands before was needed for the larger set, so it is needed for this one too
                core = [*core[:at], *(demand for demand in smaller if demand not in core[:at])]
                continue
            is_minimal = is_minimal and self.status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
            at += 1
        return Conflict(demands=tuple(core), is_decided=True, is_minimal=is_minimal)
