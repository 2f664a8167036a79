"""Theatres in many futures at once: operations last longer or shorter, emergencies come, surgeons are waited for."""

from __future__ import annotations

import numpy as np

from scheduling.model.admissions import AdmissionProblem, Patient, Stay
from scheduling.rules.chance import Chance, Flags, Floats
from scheduling.rules.operations import operation_times


class Theatres:
    """Operations of every theatre and day in every future."""

    def __init__(self, problem: AdmissionProblem, chance: Chance, stays: list[Stay], known: dict[str, Patient]) -> None:
        self.chance = chance
        self.known = known
        self.minutes = {theatre.id: theatre.minutes_by_day for theatre in problem.theatres}
        # The last turnover of a day counts among the minutes of a theatre; see ``Horizon.with_turnover``.
        self.turnover = problem.turnover_minutes
        operated = [one for one in stays if known[one.patient].surgery_minutes and one.theatre in self.minutes]
        times = operation_times(known, operated, problem.turnover_minutes)
        self.lists: dict[int, list[Stay]] = {}
        for stay in sorted(operated, key=lambda one: (times[one.patient], one.patient)):
            self.lists.setdefault(stay.day, []).append(stay)
        self.overtime: dict[tuple[str, int], Floats] = {}

    def planned(self, theatre: str, day: int) -> int:
        """Give the planned minutes of a theatre on a day, turnovers included as far as the plan counts them."""
        ours = (one.patient for one in self.lists.get(day, ()) if one.theatre == theatre)
        return sum(self.known[name].surgery_minutes for name in ours)

    def operate(self, day: int, come: dict[str, Flags]) -> dict[str, Flags]:
        """Run all theatres of a day in the order that the plan tells; gives who is called off for want of time.

        An operation begins when its theatre is ready and its surgeon free: who operates in two theatres is waited for.
        """
        is_open = [name for name, minutes in self.minutes.items() if minutes[day] > 0]
        urgent = self._emergencies(day, is_open)
        turnover = self.turnover + self.chance.uncertainty.turnover_minutes
        rooms = {name: Room(self.chance.n, urgent[name], turnover) for name in is_open}
        surgeons: dict[str, Floats] = {}
        called_off: dict[str, Flags] = {}
        for stay in self.lists.get(day, ()):
            if stay.theatre in rooms:
                called_off[stay.patient] = self._operate(stay, rooms[stay.theatre], surgeons, come[stay.patient])
        for name, room in rooms.items():
            room.take_urgent(np.full(self.chance.n, np.finfo(float).max))
            # The last turnover is cleaning after hours: nobody waits for it.
            ends = np.where(room.clock > 0, room.clock - turnover, 0.0)
            self.overtime[name, day] = np.maximum(0.0, ends - self._closes(name, day))
        return called_off

    def _closes(self, theatre: str, day: int) -> int:
        return self.minutes[theatre][day] - self.turnover

    def _operate(self, stay: Stay, room: Room, surgeons: dict[str, Floats], comes: Flags) -> Flags:
        """Do one operation where the patient has come and there is time; tells where there is none."""
        patient = self.known[stay.patient]
        planned = max(1, patient.surgery_minutes - self.turnover)
        # Of whom nobody has said who operates, nobody waits.
        free = surgeons.setdefault(patient.surgeon, np.zeros(self.chance.n)) if patient.surgeon else room.clock
        room.take_urgent(np.maximum(room.clock, free))
        begins = np.maximum(room.clock, free)
        limit = self._closes(stay.theatre, stay.day) + self.chance.uncertainty.overtime_limit_minutes
        is_late: Flags = comes & (begins + planned > limit)
        ends = begins + self.chance.minutes("operation", patient.id, planned)
        is_done = comes & ~is_late
        room.clock[is_done] = (ends + room.turnover)[is_done]
        if patient.surgeon:
            free[is_done] = ends[is_done]
        return is_late

    def _emergencies(self, day: int, theatres: list[str]) -> dict[str, list[tuple[Floats, Floats]]]:
        """Give instants (infinite for none) and lengths of emergency operations by theatre.

        Each goes to the theatre with most time left by the plan, the next to the one after it.
        """
        found: dict[str, list[tuple[Floats, Floats]]] = {theatre: [] for theatre in theatres}
        told = self.chance.uncertainty
        source = self.chance.of("emergency operations", day)
        counts = source.poisson(told.emergency_operations_per_day, self.chance.n)
        order = sorted(theatres, key=lambda name: (self.planned(name, day) - self.minutes[name][day], name))
        for k in range(int(counts.max(initial=0)) if order else 0):
            # As a share of the day, so that the draw is the same whichever theatre takes it.
            share = source.random(self.chance.n)
            theatre = order[k % len(order)]
            at = np.where(counts > k, share * self.minutes[theatre][day], np.inf)
            found[theatre].append((at, self.chance.minutes("emergency", f"{day}/{k}", told.emergency_minutes)))
        return found


class Room:
    """One theatre on one day in every future: when it is ready, and the emergencies that come to it."""

    def __init__(self, n: int, urgent: list[tuple[Floats, Floats]], turnover: int) -> None:
        self.clock: Floats = np.zeros(n)
        self.turnover = turnover
        self._urgent = [(at.copy(), minutes) for at, minutes in urgent]

    def take_urgent(self, until: Floats) -> None:
        """Do the emergencies that have come by an instant, as soon as the theatre is ready."""
        for at, minutes in self._urgent:
            is_due = at <= until
            begins = np.maximum(self.clock, at)
            self.clock[is_due] = (begins + minutes + self.turnover)[is_due]
            at[is_due] = np.inf
