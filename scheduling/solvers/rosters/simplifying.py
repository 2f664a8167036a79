"""A roster's problem without what binds people to each other beyond needs, to begin from whole schedules.

Even shares and training pairs are left out; a shift worked in one skill or another becomes two shifts. A roster for
that keeps every must of the true problem that is about one person or about needs, and costs little of what most of the
price is: gaps and wishes. What was left out is mended afterwards, by the search that knows all rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from scheduling.model.rosters import Assignment, Contract, Employee, History, Request, Roster, RosterProblem
from scheduling.solvers.rosters.employees import MOST_LIMITS, is_each_alone

MOST_SHIFTS = 24
"""Shifts with skills told apart, above which schedules would take too long to look for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Simplified:
    """The easier problem, and what its shifts mean.

    Parameters
    ----------
    problem : RosterProblem
        One for which :func:`scheduling.solvers.rosters.employees.is_each_alone` holds.
    meaning : dict[str, tuple[str, str]]
        Shift and skill of each of its shifts.
    """

    problem: RosterProblem
    meaning: dict[str, tuple[str, str]]

    def roster(self, found: Roster) -> Roster:
        """Give a roster of the easier problem as one of the true problem."""
        return Roster(
            assignments=tuple(
                replace(one, shift=self.meaning[one.shift][0], skill=self.meaning[one.shift][1])
                for one in found.assignments
            )
        )


def simplified(problem: RosterProblem, most_limits: int = MOST_LIMITS) -> Simplified | None:
    """Give the easier problem; None where too much would be left out, or nothing is.

    Parameters
    ----------
    problem : RosterProblem
        The true one.
    most_limits : int, optional
        Shifts of limited number to a contract.
    """
    if is_each_alone(problem, most_limits):
        return None
    easier = replace(problem, fairness=(), pairs=())
    meaning = {shift.id: (shift.id, "") for shift in problem.shifts}
    if problem.skills and not any(need.skill for need in problem.needs):
        if not all(one.skills & set(problem.skills) for one in problem.employees):
            return None  # who has none may work nothing
        easier = replace(easier, skills=())
    elif problem.skills:
        parted = _Parted(easier)
        if not parted.is_possible():
            return None
        easier, meaning = parted.problem(), parted.meaning
    return Simplified(problem=easier, meaning=meaning) if is_each_alone(easier, most_limits) else None


class _Parted:
    """Shifts told apart by skill."""

    def __init__(self, problem: RosterProblem) -> None:
        self.true = problem
        wanted = {(need.shift, need.skill) for need in problem.needs if need.skill}
        # a shift that nobody needs in any skill may be worked in the first one of each employee
        self.skills = {
            shift.id: sorted({skill for name, skill in wanted if name == shift.id}) or list(problem.skills)
            for shift in problem.shifts
        }
        self.meaning = {
            f"{shift.id}\n{skill}": (shift.id, skill) for shift in problem.shifts for skill in self.skills[shift.id]
        }
        self.parts = {
            shift.id: [part for part, (name, _) in self.meaning.items() if name == shift.id] for shift in problem.shifts
        }

    def is_possible(self) -> bool:
        """Tell whether every rule can be told of shifts with skills."""
        true = self.true
        has_skill = {bool(need.skill) for need in true.needs}
        # a number of nurses whatever their skill would be needed on several shifts together
        if len(self.meaning) > MOST_SHIFTS or has_skill == {True, False}:
            return False
        skilled = {employee.id: len(employee.skills & set(true.skills)) for employee in true.employees}
        counts = {contract.id: any(n > 0 for n in contract.shift_counts.values()) for contract in true.contracts}
        has_many = [one for one in true.employees if skilled[one.id] > 1]
        if any(counts[one.contract] for one in has_many):
            return False
        # what is fixed or in force would have to be one of several shifts
        return not has_many or not (true.pins or true.change)

    def problem(self) -> RosterProblem:
        """Give the problem with the shifts told apart."""
        true = self.true
        contracts = {
            (one.contract, one.skills): self._contract(true.contract_of(one), one.skills) for one in true.employees
        }
        return replace(
            true,
            skills=(),
            shifts=tuple(
                replace(
                    shift,
                    id=part,
                    forbidden_next=self._parts_of(shift.forbidden_next),
                )
                for shift in true.shifts
                for part in self.parts[shift.id]
            ),
            contracts=tuple(contracts.values()),
            employees=tuple(self._employee(one, contracts[one.contract, one.skills].id) for one in true.employees),
            needs=tuple(replace(need, shift=f"{need.shift}\n{need.skill}", skill="") for need in true.needs),
            requests=tuple(part for wish in true.requests for part in self._wishes(wish)),
            pins=tuple(self._fixed(one) for one in true.pins),
            published=tuple(self._fixed(one) for one in true.published),
        )

    def _parts_of(self, shifts: frozenset[str]) -> frozenset[str]:
        return frozenset(part for shift in shifts for part in self.parts.get(shift, []))

    def _contract(self, contract: Contract, skills: frozenset[str]) -> Contract:
        counts = {
            part: contract.shift_counts.get(shift, 0) if skill in skills else 0
            for part, (shift, skill) in self.meaning.items()
            if skill not in skills or shift in contract.shift_counts
        }
        return replace(contract, id="\n".join([contract.id, *sorted(skills)]), shift_counts=counts)

    def _employee(self, one: Employee, contract: str) -> Employee:
        history: History = one.history
        # the days to come do not ask in which skill the last shift was worked
        last = self.parts.get(history.last_shift, [""])[0]
        return replace(one, contract=contract, skills=frozenset(), history=replace(history, last_shift=last))

    def _wishes(self, wish: Request) -> list[Request]:
        if not wish.shift:
            return [wish]
        if not wish.is_on:
            return [replace(wish, shift=part) for part in self.parts[wish.shift]]
        # to wish for a shift is to mind the day off and every other shift
        others = [part for part, (shift, _) in self.meaning.items() if shift != wish.shift]
        return [replace(wish, shift=""), *(replace(wish, shift=part, is_on=False) for part in others)]

    def _fixed(self, one: Assignment) -> Assignment:
        if not one.shift:
            return one
        skills = next(found.skills for found in self.true.employees if found.id == one.employee)
        able = [part for part in self.parts[one.shift] if self.meaning[part][1] in skills]
        return replace(one, shift=(able or self.parts[one.shift])[0], skill="")
