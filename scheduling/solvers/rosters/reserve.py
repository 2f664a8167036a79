"""People kept for the day after a roster whose needs nobody knows yet.

What a week needs is told only when it comes, and by then its first day is bound by the last shifts of the week before:
after a night there is no early shift. So a roster that others follow keeps its people placeable: for each day seen so
far there is an assignment of the day after that meets all of that day's minima and follows on from the last shifts.

Notes
-----
Where the assignment exists for the envelope, the largest minimum seen of each shift and skill, no later week whose
minima stay within the envelope can be without a roster. Let everybody work on Monday what that assignment gives them,
and the same every day: no shift forbids itself on the next day, so the successions hold; each day's minima are met; and
the last shifts of that week are again followed on by the same assignment. (In such weeks runs, totals and weekends have
prices and are no musts; where they were, the argument would not hold.) The envelope may need more people than there are
although each day seen does not; hence single days first, the envelope and one more of each at lower prices.

References
----------
Ceschia, S., Dang, N., De Causmaecker, P., Haspeslagh, S., Schaerf, A. (2019). The Second International Nurse Rostering
Competition. Annals of Operations Research 274, section 2 (weeks are solved without knowing the next).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ortools.sat.python import cp_model

from scheduling.model.rosters import RosterProblem

Demand: TypeAlias = Mapping[tuple[str, str], int]
"""People needed on each shift with each skill."""

SEEN_PRICE = 1000
"""Price of each person too few for a day as it was seen: more than a few days of any week can cost."""
ENVELOPE_PRICE = 200
"""For the largest minimum of each shift and skill at once."""
MORE_PRICE = 15
"""For one more than that: needs grow, but it is only a guess."""


def demands_after(problem: RosterProblem) -> list[tuple[Demand, int]]:
    """Give what the day after a roster may need, with the price of each person who would be missing.

    Parameters
    ----------
    problem : RosterProblem
        Its own needs and those of earlier weeks, :attr:`RosterProblem.likely`, are what is known. Nothing is kept
        where no roster follows, or where what follows is known.
    """
    if problem.is_last or problem.following:
        return []
    by_day: dict[tuple[int, int], dict[tuple[str, str], int]] = {}
    envelope: dict[tuple[str, str], int] = {}
    for source, needs in enumerate((problem.needs, problem.likely)):
        for need in needs:
            if need.minimum > 0:
                by_day.setdefault((source, need.day), {})[need.shift, need.skill] = need.minimum
                envelope[need.shift, need.skill] = max(envelope.get((need.shift, need.skill), 0), need.minimum)
    if not envelope:
        return []
    found: list[tuple[Demand, int]] = [(day, SEEN_PRICE) for day in _largest(list(by_day.values()))]
    found.append((envelope, ENVELOPE_PRICE))
    found.append(({cell: n + 1 for cell, n in envelope.items()}, MORE_PRICE))
    return found


def kept_after(problem: RosterProblem) -> list[list[tuple[Demand, int]]]:
    """Give what may be kept for the day after a roster, from the most to nothing, each with its price.

    What costs :data:`SEEN_PRICE` is what a first roster has to keep. Who can meet the envelope can meet each day seen,
    so that those days need not be looked at one by one where the envelope is kept.

    Parameters
    ----------
    problem : RosterProblem
        As in :func:`demands_after`.
    """
    demands = demands_after(problem)
    if not demands:
        return [[]]
    at_once = [(demand, SEEN_PRICE if price == ENVELOPE_PRICE else price) for demand, price in demands[-2:]]
    return [at_once, demands, []]


def _largest(demands: Sequence[Demand]) -> list[Demand]:
    """Give the demands that no other one covers: who can meet the larger can meet the smaller."""
    found: list[Demand] = []
    for demand in sorted(demands, key=lambda one: -sum(one.values())):
        if not any(all(kept.get(cell, 0) >= n for cell, n in demand.items()) for kept in found):
            found.append(demand)
    return found


def missing_after(
    model: cp_model.CpModel, problem: RosterProblem, last: Sequence[Mapping[str, cp_model.IntVar]], demand: Demand
) -> list[cp_model.IntVar]:
    """Add an assignment of the day after a roster to a model; gives how many are missing of each shift and skill.

    Parameters
    ----------
    model : cp_model.CpModel
        Model of the roster.
    problem : RosterProblem
        What is rostered.
    last : Sequence[Mapping[str, cp_model.IntVar]]
        For each employee which shift is worked on the last day.
    demand : Demand
        What the day after needs.
    """
    blockers = {shift: [other.id for other in problem.shifts if shift in other.forbidden_next] for shift, _ in demand}
    there: dict[tuple[str, str], list[cp_model.IntVar]] = {cell: [] for cell in demand}
    for employee, shifts in zip(problem.employees, last, strict=True):
        choices = []
        for cell in demand:
            shift, skill = cell
            if skill and skill not in employee.skills:
                continue
            is_there = model.new_bool_var("")
            for name in blockers[shift]:
                if name in shifts:
                    model.add_implication(is_there, ~shifts[name])
            there[cell].append(is_there)
            choices.append(is_there)
        model.add_at_most_one(choices)
    missing = []
    for cell, n in demand.items():
        slack = model.new_int_var(0, n, "")
        model.add(sum(there[cell]) + slack >= n)
        missing.append(slack)
    return missing
