"""Spreading maintenance over weeks within its windows, by technicians' hours and skills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelJob:
    """One maintenance to be put into a week.

    Parameters
    ----------
    key : str
        Of its occurrence.
    minutes : int
        Work, above 0.
    first_week, last_week : int
        Weeks of its window, both included.
    due_week : int
        Where it would be without levelling.
    skill : str
        What it needs; empty for anybody.
    """

    key: str
    minutes: int
    first_week: int
    last_week: int
    due_week: int
    skill: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelPlan:
    """Where each maintenance is put.

    Parameters
    ----------
    week_by_key : dict[str, int]
        For every job, within its window.
    load_before, load_after : tuple[int, ...]
        Minutes per week by due day and as levelled.
    overtime_minutes : int
        Work beyond the technicians' hours, over all weeks and skills.
    is_optimal : bool
        Whether no better plan exists.
    gap : float
        Greatest possible improvement of the objective, a share.
    """

    week_by_key: dict[str, int]
    load_before: tuple[int, ...]
    load_after: tuple[int, ...]
    overtime_minutes: int
    is_optimal: bool
    gap: float

    @property
    def variation_before(self) -> float:
        """Coefficient of variation of the weekly load by due day."""
        return _variation(self.load_before)

    @property
    def variation_after(self) -> float:
        """Coefficient of variation of the weekly load as levelled."""
        return _variation(self.load_after)


Group = tuple[int, int, int, int, str]
"""First, last and due week, minutes and skill of jobs that are alike."""

# Multiples of the mean load. Work above each of them counts once more: a square in a linear model.
_STEPS = (1.0, 1.15, 1.4)
_MOST_MINUTES = 100_000_000  # upper bound of one load that the solver needs; no fleet comes near it


def _variation(loads: Sequence[int]) -> float:
    mean = float(np.mean(loads)) if len(loads) else 0.0
    return float(np.std(loads)) / mean if mean else 0.0


def level(
    jobs: Sequence[LevelJob],
    *,
    weeks: int,
    capacity: Mapping[str, int],
    seconds: float = 10.0,
) -> LevelPlan:
    """Put maintenance into weeks so that the heaviest week and the overtime are least.

    Parameters
    ----------
    jobs : Sequence[LevelJob]
        Windows are cut to the horizon.
    weeks : int
        Weeks 0 to ``weeks`` - 1.
    capacity : Mapping[str, int]
        Minutes per week by skill; the empty skill is the total of all technicians.
    seconds : float
        Time for the solver; the search itself is deterministic.

    Notes
    -----
    Jobs of one window, length and skill are alike and counted, not told apart, which keeps the model small. The
    objective is overtime first, then the sum over weeks of load above even steps (a piecewise linear square), then the
    distance from the due week.
    """
    groups: dict[Group, list[str]] = {}
    for job in jobs:
        first, last = max(job.first_week, 0), min(job.last_week, weeks - 1)
        due = min(max(job.due_week, first), last)
        groups.setdefault((first, last, due, job.minutes, job.skill), []).append(job.key)
    model = cp_model.CpModel()
    counts, distance = _counts(model, groups)
    loads = {
        (skill, week): _load(model, counts, list(groups), week, skill)
        for skill in {"", *capacity}
        for week in range(weeks)
    }
    overtime = [_above(model, loads[skill, week], limit) for skill, limit in capacity.items() for week in range(weeks)]
    mean = max(1, round(sum(job.minutes for job in jobs) / weeks))
    excess = [_above(model, loads["", week], round(mean * step)) for week in range(weeks) for step in _STEPS]
    total = cp_model.LinearExpr.weighted_sum(
        [*overtime, *excess, *(counts[key] for key in distance)],
        [1000] * len(overtime) + [10] * len(excess) + list(distance.values()),
    )
    model.minimize(total)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    # A fixed seed and one worker: the same jobs give the same plan, unless the time runs out first.
    solver.parameters.random_seed = 1
    solver.parameters.num_workers = 1
    status = solver.solve(model)
    week_by_key: dict[str, int] = {}
    for g, ((first, last, due, _, _), keys) in enumerate(groups.items()):
        rest = sorted(keys)
        for week in range(first, last + 1):
            # Without any solution in time everything stays at its due week, which is always allowed.
            share = (
                solver.value(counts[g, week])
                if status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
                else (len(keys) if week == due else 0)
            )
            week_by_key.update(dict.fromkeys(rest[:share], week))
            rest = rest[share:]
    return _plan(jobs, week_by_key, weeks, capacity, solver, status)


def _counts(
    model: cp_model.CpModel, groups: Mapping[Group, Sequence[str]]
) -> tuple[dict[tuple[int, int], cp_model.IntVar], dict[tuple[int, int], int]]:
    """Give how many jobs of each group fall into each week of their window, and how far that is from due."""
    counts: dict[tuple[int, int], cp_model.IntVar] = {}
    distance: dict[tuple[int, int], int] = {}
    for g, ((first, last, due, _, _), keys) in enumerate(groups.items()):
        for week in range(first, last + 1):
            counts[g, week] = model.new_int_var(0, len(keys), f"n{g}_{week}")
            distance[g, week] = abs(week - due)
        own = [counts[g, week] for week in range(first, last + 1)]
        model.add(cp_model.LinearExpr.sum(own) == len(keys))
    return counts, distance


def _load(
    model: cp_model.CpModel,
    counts: Mapping[tuple[int, int], cp_model.IntVar],
    groups: Sequence[Group],
    week: int,
    skill: str,
) -> cp_model.IntVar:
    """Give the minutes of a week that need a skill; of all jobs for the empty one."""
    own = [g for g, group in enumerate(groups) if (g, week) in counts and (not skill or group[4] == skill)]
    load = model.new_int_var(0, _MOST_MINUTES, f"l{skill}_{week}")
    minutes = cp_model.LinearExpr.weighted_sum([counts[g, week] for g in own], [groups[g][3] for g in own])
    model.add(load == minutes)
    return load


def _above(model: cp_model.CpModel, load: cp_model.IntVar, limit: int) -> cp_model.IntVar:
    """Give by how much a load exceeds a limit."""
    part = model.new_int_var(0, _MOST_MINUTES, f"above{limit}_{load.index}")
    model.add(part >= load - limit)
    return part


def _plan(
    jobs: Sequence[LevelJob],
    week_by_key: dict[str, int],
    weeks: int,
    capacity: Mapping[str, int],
    solver: cp_model.CpSolver,
    status: object,
) -> LevelPlan:
    before, after = np.zeros(weeks, dtype=np.int64), np.zeros(weeks, dtype=np.int64)
    by_skill = {skill: np.zeros(weeks, dtype=np.int64) for skill in capacity}
    for job in jobs:
        before[min(max(job.due_week, 0), weeks - 1)] += job.minutes
        week = week_by_key[job.key]
        after[week] += job.minutes
        for skill, loads in by_skill.items():
            if not skill or skill == job.skill:
                loads[week] += job.minutes
    overtime = sum(int(np.maximum(loads - capacity[skill], 0).sum()) for skill, loads in by_skill.items())
    is_solved = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    best = solver.best_objective_bound if is_solved else 0.0
    value = solver.objective_value if is_solved else 0.0
    return LevelPlan(
        week_by_key=week_by_key,
        load_before=tuple(int(x) for x in before),
        load_after=tuple(int(x) for x in after),
        overtime_minutes=overtime,
        is_optimal=status == cp_model.OPTIMAL,
        gap=(value - best) / max(abs(value), 1.0),
    )
