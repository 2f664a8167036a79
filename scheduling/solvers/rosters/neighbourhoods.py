"""Parts of a roster freed and solved again: a copy of the model in which all other days are fixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from scheduling.model.rosters import Assignment, Roster
from scheduling.solvers.rosters.modelling import RosterModel, hint_all
from scheduling.solvers.rosters.settings import RosterSettings


@dataclass(frozen=True, slots=True)
class Found:
    """What solving a part gave.

    Parameters
    ----------
    price : int
        Of the whole roster.
    values : list[int]
        Of the model's variables by index; empty if nothing was found.
    is_whole : bool
        Whether the part has no better solution.
    took : float
        Seconds, or the solver's own count of work.
    """

    price: int
    values: list[int]
    is_whole: bool
    took: float


def limit(solver: cp_model.CpSolver, seconds: float, settings: RosterSettings) -> None:
    """Bound a solve by time, or by the solver's own count of work, about as much as a second of it for a second."""
    if settings.iterations:
        solver.parameters.max_deterministic_time = seconds
    else:
        solver.parameters.max_time_in_seconds = seconds


class Frame:
    """A copy of the model in which days can be fixed and freed again.

    Parameters
    ----------
    made : RosterModel
        The model.
    """

    def __init__(self, made: RosterModel) -> None:
        self.problem = made.problem
        self.model = made.model.clone()
        self.cells = [
            [
                [made.off[e][d].index, *(var.index for var in made.works[e][d].values())]
                for d in range(made.problem.days)
            ]
            for e in range(len(made.problem.employees))
        ]
        variables = self.model.proto.variables
        self.domains = {i: tuple(variables[i].domain) for row in self.cells for cell in row for i in cell}

    def free(self, kind: str, size: int, chance: np.random.Generator) -> np.ndarray:
        """Give which days of which employees are free, shape ``(n_employees, n_days)``."""
        n, days = len(self.problem.employees), self.problem.days
        free = np.zeros((n, days), np.bool_)
        if kind == "people":
            free[chance.permutation(n)[:size]] = True
        elif kind == "days":
            first = int(chance.integers(-size + 1, days))
            free[:, max(0, first) : first + size] = True
        else:
            length = min(days, 7 + int(chance.integers(8)))
            first = int(chance.integers(max(1, days - length + 1)))
            free[chance.permutation(n)[: 2 * size], first : first + length] = True
        return free

    def solve(self, values: list[int], free: np.ndarray, seconds: float, settings: RosterSettings) -> Found:
        """Solve with everything fixed that is not free."""
        variables = self.model.proto.variables
        for row, open_row in zip(self.cells, free, strict=True):
            for cell, is_free in zip(row, open_row, strict=True):
                for index in cell:
                    low, high = self.domains[index] if is_free else (values[index], values[index])
                    variables[index].domain[0] = low
                    variables[index].domain[1] = high
        hint_all(self.model, values)
        solver = cp_model.CpSolver()
        solver.parameters.catch_sigint_signal = False  # Ctrl-C is heard by the command, for all searches
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = settings.seed
        limit(solver, seconds, settings)
        status = solver.solve(self.model)
        took = solver.response_proto.deterministic_time if settings.iterations else solver.wall_time
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Found(1 << 60, [], is_whole=False, took=took)
        price = round(solver.objective_value)
        return Found(price, list(solver.response_proto.solution), is_whole=status == cp_model.OPTIMAL, took=took)


def roster_of(made: RosterModel, values: list[int]) -> Roster:
    """Give the roster that values of a model's variables mean."""
    found = []
    for index, employee in enumerate(made.problem.employees):
        for day, shifts in enumerate(made.works[index]):
            for shift, var in shifts.items():
                if values[var.index]:
                    skills = [
                        skill
                        for skill in sorted(employee.skills)
                        if (index, day, shift, skill) in made.skilled
                        and values[made.skilled[index, day, shift, skill].index]
                    ]
                    skill = skills[0] if skills else ""
                    found.append(Assignment(employee=employee.id, day=day, shift=shift, skill=skill))
    return Roster(assignments=tuple(found))
