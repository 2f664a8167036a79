"""Schedules made for the prices of a linear program until none helps, and whole ones chosen among all known.

References
----------
Desaulniers, G., Desrosiers, J., Solomon, M. M. (2005). Column Generation. Springer, chapter 1.
Wentges, P. (1997). Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming. International
Transactions in Operational Research 4(2), 151-162 (the prices between two rounds).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from scheduling.solvers.rosters.columns import Column, Master
from scheduling.solvers.rosters.modelling import HARD_PRICE
from scheduling.solvers.rosters.persons import Reals
from scheduling.solvers.rosters.standing import LITTLE, Standing, present_of

AT_ONCE = 4
"""Schedules of one employee that are added in a round."""
SMOOTHING = 0.6
"""Share of the best prices so far in the prices of a round: those of the program alone leap to and fro."""
CLOSE_SHARE = 0.0005
"""How near to its bound the program is taken to be done."""
MOST_CHOSEN = 1500
"""Schedules to choose among at most, those that the prices like best: with more hardly any choice is made in time."""
PIECE_S = 3.0
"""Longest time for choosing among schedules, seconds."""
PIECE_WORK = 0.1
"""The same in the solver's own units of work, where the search is not bounded by time."""
PIECE_COUNTS = 100
"""Schedules looked for that a choice counts as, where they bound the search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What no roster costs less than, infinitely low as long as nothing is known.

    Parameters
    ----------
    likely : float
        If the schedules found were the cheapest for their prices.
    proven : float
        In any case.
    """

    likely: float
    proven: float


def generate(standing: Standing, master: Master, rounds: int, thread: int, until: float | None = None) -> Bounds:
    """Add schedules while they help; gives the bounds that their prices prove.

    As long as a look with few labels finds something, a thorough one would only be slower.

    Parameters
    ----------
    standing : Standing
        Of the search.
    master : Master
        The program; schedules are added to it.
    rounds : int
        Times that schedules are made at most.
    thread : int
        Which one asks.
    until : float, optional
        When to stop, as the search counts its time; by default with the search.
    """
    seeker = standing.seeker
    bound = proven = float("-inf")
    centre: Reals | None = None
    is_narrow = True
    for _ in range(rounds):
        price = master.solve(standing.seconds_left())
        if standing.is_over(until) or not master.is_solved:
            break
        people, worth = master.duals()
        used = worth if centre is None else SMOOTHING * centre + (1 - SMOOTHING) * worth
        found, least = [], 0.0
        # nothing but what is cheaper than the schedules there are can help
        for employee, known in zip(master.employees, master.cheapest(-used).tolist(), strict=True):
            if standing.is_over():
                break
            if is_narrow:
                made = seeker.best(employee, -used, seeker.narrow[thread], most=AT_ONCE, below=known - LITTLE)
            else:
                made = seeker.thorough(employee, -used, thread, most=AT_ONCE, below=known - LITTLE)
            found.append(made)
            least += made[0][0] if made else known
        if len(found) < len(master.employees):
            break  # what was not looked for proves nothing
        # Lagrange's bound: what the program would cost if everybody had their best schedule for these prices
        gaps = master.bound(used)
        proven = max(proven, gaps + float(seeker.bounds[master.employees].sum()))
        if bound < gaps + least < np.inf:
            bound, centre = gaps + least, used
        n_new = sum(
            master.add(column)
            for columns in found
            for _, column in columns
            if column.with_prices(-worth) - people[column.employee] < -LITTLE
        )
        is_close = price - bound < CLOSE_SHARE * abs(price)
        if is_narrow and (is_close or not n_new):
            # what few labels prove is too high: it is looked at anew
            is_narrow, bound, centre = False, float("-inf"), None
        elif is_close or (not n_new and (centre is None or np.allclose(used, worth))):
            break
        elif not n_new:
            # the prices between the two found nothing: next those of the program itself
            centre = worth
    return Bounds(likely=float("-inf") if is_narrow else bound, proven=proven)


def choose(standing: Standing, master: Master, held: Sequence[Column]) -> tuple[list[Column], bool]:
    """Choose whole schedules of a program; gives them, and whether there are no better ones in it.

    Parameters
    ----------
    standing : Standing
        Of the search.
    master : Master
        With all schedules to choose among.
    held : Sequence[Column]
        Those of its employees so far, which are kept if nothing better is found.
    """
    bound = master.solve(standing.seconds_left())
    if not master.is_solved:
        return list(held), False
    present = present_of(held, standing.nobody)
    room = standing.price(held, master.present + present) - bound
    # what costs more than the room to the roster there is cannot be part of a better one
    reduced = master.reduced()
    near = [at for at in np.argsort(reduced, kind="stable").tolist() if reduced[at] <= room + LITTLE]
    kept = list(dict.fromkeys([*held, *(master.columns[at] for at in near[:MOST_CHOSEN])]))
    is_all = len(near) <= MOST_CHOSEN
    model = cp_model.CpModel()
    taken = [model.new_bool_var("") for _ in kept]
    there: dict[tuple[int, int], list[cp_model.IntVar]] = {}
    of_one: dict[int, list[cp_model.IntVar]] = {employee: [] for employee in master.employees}
    for column, var in zip(kept, taken, strict=True):
        model.add_hint(var, column in held)
        of_one[column.employee].append(var)
        for at in column.cells():
            there.setdefault(at, []).append(var)
    for variables in of_one.values():
        model.add_exactly_one(variables)
    costs = [round(column.price) * var for column, var in zip(kept, taken, strict=True)]
    for need, at in zip(standing.needs.needs, standing.needs.at, strict=True):
        most = max(len(standing.everybody), need.preferred)
        few, many = model.new_int_var(0, most, ""), model.new_int_var(0, most, "")
        n = sum(there.get(at, [])) + int(master.present[at])
        model.add(n + few - many == need.preferred)
        costs += [need.under * few, need.over * many]
        if need.minimum > 0:
            none = model.new_int_var(0, most, "")
            model.add(n + none >= need.minimum)
            costs.append(HARD_PRICE * none)
    model.minimize(sum(costs))
    solver = cp_model.CpSolver()
    solver.parameters.catch_sigint_signal = False  # Ctrl-C is heard by the command, for all searches
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = standing.settings.seed
    standing.seeker.sought += PIECE_COUNTS
    if standing.settings.iterations:
        solver.parameters.max_deterministic_time = PIECE_WORK
    else:
        solver.parameters.max_time_in_seconds = standing.seconds_left(PIECE_S)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return list(held), False
    found = [column for column, var in zip(kept, taken, strict=True) if solver.boolean_value(var)]
    return found, is_all and status == cp_model.OPTIMAL
