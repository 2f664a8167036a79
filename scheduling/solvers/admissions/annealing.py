"""Simulated annealing of a whole plan: one run of steps at falling temperature and rising prices of broken rules."""

from __future__ import annotations

import math
from typing import NamedTuple

from scheduling.solvers.admissions.arrays import CROWD, OVERTIME, SOFT, Best, Bound, Fixed, State
from scheduling.solvers.admissions.chance import share
from scheduling.solvers.admissions.moves import change_patients
from scheduling.solvers.admissions.nursing import change_nurses
from scheduling.solvers.compiling import compiled

_TINY = 1e-300  # log(0) is no number
_SELDOM = 255
"""While it is hot, a new best plan is looked for every so many steps only: copying one costs more than a step."""


class Heat(NamedTuple):
    """One stretch of annealing.

    ``steps`` from temperature ``start`` to ``end``, geometrically; ``nurses`` is the share of moves of nurses;
    ``crowd`` and ``overtime`` are prices of a person too many and of a minute; below ``cold`` every step is looked at.
    """

    steps: int
    start: float
    end: float
    nurses: float
    crowd: float
    overtime: float
    cold: float


@compiled
def _remember(now: State, best: Best) -> None:
    best.value[0] = now.total[SOFT]
    for p in range(now.who.shape[0]):
        for k in range(now.who.shape[1]):
            best.who[p, k] = now.who[p, k]
    for r in range(now.nurse_of.shape[0]):
        for q in range(now.nurse_of.shape[1]):
            best.nurse_of[r, q] = now.nurse_of[r, q]


@compiled
def anneal(fixed: Fixed, now: State, best: Best, heat: Heat) -> None:
    """Run one stretch; ``now`` and ``best`` change.

    Parameters
    ----------
    fixed : Fixed
        The problem.
    now : State
        The plan that is changed step by step.
    best : Best
        The best valid plan seen.
    heat : Heat
        Steps, temperatures and prices.
    """
    ratio = (heat.end / heat.start) ** (1.0 / max(1, heat.steps))
    temperature = heat.start
    has_nurses = fixed.size.nurses > 1
    for step in range(heat.steps):
        temperature *= ratio
        # The Metropolis bound is drawn before the change is evaluated, so that evaluation can stop as soon as it is
        # passed.
        bound = Bound(-temperature * math.log(share(now) + _TINY), heat.crowd, heat.overtime)
        if has_nurses and share(now) < heat.nurses:
            is_changed = change_nurses(fixed, now, bound)
        else:
            is_changed = change_patients(fixed, now, bound)
        is_looked_at = step & _SELDOM == 0 or (is_changed and temperature < heat.cold)
        # Until it is cold a better plan is followed by another at once; copying each would cost more than finding them.
        if is_looked_at and now.total[SOFT] < best.value[0] and now.total[CROWD] <= 0 and now.total[OVERTIME] <= 0:
            _remember(now, best)
