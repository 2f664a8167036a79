"""Par levels under a budget and limited shelves: which places get how much, so that least is missing.

Each place and item may take one of several reorder points; which one is a linear program over whole choices. The
expected missing units fall ever more slowly with the level, so that its relaxation is all but whole and the solver's
gap is small; the gap is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from inventory.model.items import Criticality
from inventory.model.planning import CostPoint

WEIGHT_BY_CRITICALITY = {Criticality.VITAL: 10.0, Criticality.ESSENTIAL: 3.0, Criticality.DESIRABLE: 1.0}
"""How much one missing unit weighs; VED classes, an expert's ratio that a hospital may set otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What one place and item may be given.

    Parameters
    ----------
    place, item : str
        Where and what.
    points : Sequence[CostPoint]
        Levels to choose from, at least one.
    unit_cost_minor : int
        Cost of a base unit.
    unit_volume_ml : float
        Room that a base unit takes, millilitres.
    weight : float
        Of a missing unit.
    """

    place: str
    item: str
    points: Sequence[CostPoint]
    unit_cost_minor: int
    unit_volume_ml: float = 0.0
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What there is.

    Parameters
    ----------
    budget_minor : int or None
        Most money that may lie in the shelves when all are full to par, minor units; None for no limit.
    room_ml_by_place : dict[str, float]
        Room of a place, millilitres; places left out have no limit.
    """

    budget_minor: int | None = None
    room_ml_by_place: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which level each place and item gets.

    Parameters
    ----------
    points : tuple[CostPoint, ...] or None
        One per choice, in order; None if not even the smallest levels fit.
    missing_per_day : float
        Expected missing units a day, by weight.
    value_minor : int
        Money in the shelves when all are full.
    gap : float
        Share by which a better choice could exist.
    """

    points: tuple[CostPoint, ...] | None
    missing_per_day: float = 0.0
    value_minor: int = 0
    gap: float = 0.0


def choose(choices: Sequence[Choices], limits: Limits, *, seconds: float = 10.0) -> Chosen:
    """Choose one level for each place and item so that the weighted missing units are fewest.

    Parameters
    ----------
    choices : Sequence[Choices]
        At least one.
    limits : Limits
        Money and room.
    seconds : float
        Longest search.

    Returns
    -------
    Chosen
        ``points`` is None if the limits cannot be kept.
    """
    if not choices or any(not each.points for each in choices):
        raise ValueError("Expected at least one choice, each with at least one level.")
    owner = np.array([row for row, each in enumerate(choices) for _ in each.points])
    flat = [(each, point) for each in choices for point in each.points]
    loss = np.array([each.weight * point.missing_per_day for each, point in flat])
    value = np.array([point.par_level * each.unit_cost_minor for each, point in flat], dtype=np.float64)
    columns = np.arange(len(flat))
    one_each = coo_array((np.ones(len(flat)), (owner, columns)), shape=(len(choices), len(flat)))
    constraints = [LinearConstraint(one_each.tocsr(), 1, 1)]
    if limits.budget_minor is not None:
        constraints.append(LinearConstraint(value[None, :], -np.inf, limits.budget_minor))
    for place, room in limits.room_ml_by_place.items():
        volume = [point.par_level * each.unit_volume_ml if each.place == place else 0.0 for each, point in flat]
        constraints.append(LinearConstraint(np.array(volume)[None, :], -np.inf, room))
    found = milp(
        loss,
        integrality=np.ones(len(flat), dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"time_limit": seconds, "mip_rel_gap": 1e-3},
    )
    if found.x is None:
        return Chosen(points=None)
    taken = np.zeros(len(choices), dtype=np.int64)
    picked = np.flatnonzero(found.x > 0.5)
    taken[owner[picked]] = picked
    return Chosen(
        points=tuple(flat[index][1] for index in taken),
        missing_per_day=float(loss[taken].sum()),
        value_minor=int(value[taken].sum()),
        gap=float(found.mip_gap or 0.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spare:
    """What one place could give to others of an item, or lacks.

    Parameters
    ----------
    place : str
        Where.
    surplus : int
        Base units above what the place needs until its own next delivery; below 0 it lacks them.
    """

    place: str
    surplus: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A quantity to be brought from one place to another."""

    from_place: str
    to_place: str
    quantity: int


def transship(spares: Sequence[Spare], seconds: Sequence[Sequence[float]]) -> tuple[Shift, ...]:
    """Give who helps out whom, so that the most is met with the least carrying: a transport problem.

    Parameters
    ----------
    spares : Sequence[Spare]
        Of one item.
    seconds : matrix of shape (n, n)
        Walking time from each place to each other; infinite if there is no way.
    """
    givers = [at for at, each in enumerate(spares) if each.surplus > 0]
    takers = [at for at, each in enumerate(spares) if each.surplus < 0]
    ways = [(giver, taker) for giver in givers for taker in takers if np.isfinite(seconds[giver][taker])]
    if not ways:
        return ()
    costs = np.array([seconds[giver][taker] for giver, taker in ways])
    # a unit that is met always outweighs any walk, so that carrying only decides between equal help
    prize = costs.max() * 2 + 1
    rows, columns, limits = [], [], []
    for row, at in enumerate([*givers, *takers]):
        limits.append(abs(spares[at].surplus))
        for column, way in enumerate(ways):
            if at in way:
                rows.append(row)
                columns.append(column)
    matrix = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(limits), len(ways)))
    found = milp(
        costs - prize,
        integrality=np.ones(len(ways), dtype=np.int64),
        bounds=Bounds(0, np.inf),
        constraints=[LinearConstraint(matrix.tocsr(), -np.inf, limits)],
    )
    if found.x is None:
        return ()
    return tuple(
        Shift(from_place=spares[giver].place, to_place=spares[taker].place, quantity=round(quantity))
        for (giver, taker), quantity in zip(ways, found.x, strict=True)
        if round(quantity) > 0
    )
