"""Par levels within a budget and limited shelves: computed for many places at once, proposed like any other plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlmodel import Session

from inventory.model.items import Criticality
from inventory.model.planning import CostPoint, Decision, Expected, PlanSettings, Proposal
from inventory.rules.planning import levels, limits
from inventory.rules.planning.proposals import Line, cost_curve, use_in
from inventory.tables.driver import Driver, number_of, text_of
from inventory.tables.planning import expected_uses, planned_lines, save_proposals
from twin.errors import FieldError, FieldProblem

MOST_LINES = 2_000
"""Places and items of one question: each has some twenty levels to choose from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedLine:
    """The level that a place gets of an item within the limits, beside the present one.

    Parameters
    ----------
    line : Line
        Place and item with the present level.
    expected : Expected
        Use.
    chosen : CostPoint
        The level that fits.
    current_fill_rate : float
        Expected of the present reorder point, 0 to 1.
    """

    line: Line
    expected: Expected
    chosen: CostPoint
    current_fill_rate: float

    @property
    def is_change(self) -> bool:
        """Whether the level differs from the present one."""
        current = self.line.current
        return (self.chosen.reorder_point, self.chosen.par_level) != (current.reorder_point, current.par_level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """What fits.

    Parameters
    ----------
    lines : tuple[LimitedLine, ...]
        By place and item; empty if not even the smallest levels fit.
    is_possible : bool
        Whether the limits can be kept.
    missing_per_day, value_minor : float, int
        Weighted missing units a day, and money in the shelves when all are full.
    least_value_minor : int
        Money that even the smallest levels need.
    gap : float
        Share by which a better choice could exist.
    without_volume : int
        Lines in limited rooms whose item has no volume: they count as taking no room.
    """

    lines: tuple[LimitedLine, ...]
    is_possible: bool
    missing_per_day: float
    value_minor: int
    least_value_minor: int
    gap: float
    without_volume: int


@dataclass(frozen=True, slots=True)
class _Facts:
    volume_ml: int
    criticality: Criticality


def limit_pars(
    session: Session, *, settings: PlanSettings, wanted: limits.Limits, places: Sequence[str] = ()
) -> Limited:
    """Choose levels so that least is missing, by the weight of what lacks, within budget and room.

    Parameters
    ----------
    session : Session
        May be a reading session.
    settings : PlanSettings
        Times and costs.
    wanted : Limits
        Budget and rooms.
    places : Sequence[str]
        Only these; all that have a par level and a plan if empty.

    Raises
    ------
    FieldError
        If nothing was planned there yet, or too many lines are asked for at once.
    """
    lines, expected, facts = _planned(session, places)
    choices = [
        limits.Choices(
            place=line.current.place,
            item=line.current.item,
            points=cost_curve(line, use, settings),
            unit_cost_minor=line.unit_cost_minor,
            unit_volume_ml=float(fact.volume_ml),
            weight=limits.WEIGHT_BY_CRITICALITY[fact.criticality],
        )
        for line, use, fact in zip(lines, expected, facts, strict=True)
    ]
    found = limits.choose(choices, wanted)
    least = sum(min(point.par_level for point in each.points) * each.unit_cost_minor for each in choices)
    points = found.points or ()
    return Limited(
        lines=tuple(
            LimitedLine(line=line, expected=use, chosen=point, current_fill_rate=_fill_now(line, use, settings))
            for line, use, point in zip(lines, expected, points, strict=bool(points))
        ),
        is_possible=found.points is not None,
        missing_per_day=found.missing_per_day,
        value_minor=found.value_minor,
        least_value_minor=least,
        gap=found.gap,
        without_volume=sum(
            line.current.place in wanted.room_ml_by_place and not fact.volume_ml
            for line, fact in zip(lines, facts, strict=True)
        ),
    )


def _planned(session: Session, places: Sequence[str]) -> tuple[list[Line], list[Expected], list[_Facts]]:
    driver = Driver(session)
    uses = {(each.place, each.item): each for each in expected_uses(driver)}
    chosen = set(places)
    lines = [
        line
        for line in planned_lines(driver)
        if (line.current.place, line.current.item) in uses and (not chosen or line.current.place in chosen)
    ]
    if not lines or len(lines) > MOST_LINES:
        raise FieldError(
            FieldProblem(
                field="places",
                place="limits",
                message=f"Expected 1 to {MOST_LINES} planned par levels, got {len(lines)}.",
                cure="Plan the par levels first." if not lines else "Name fewer places.",
            )
        )
    facts = {
        text_of(row[0]): _Facts(number_of(row[1]), Criticality(text_of(row[2])))
        for row in driver.rows("SELECT id, unit_volume_ml, criticality FROM inventory_item")
    }
    return (
        lines,
        [uses[line.current.place, line.current.item] for line in lines],
        [facts[x.current.item] for x in lines],
    )


def _fill_now(line: Line, expected: Expected, settings: PlanSettings) -> float:
    protection, lead = use_in([expected], settings.protection_days), use_in([expected], settings.lead_days)
    found = levels.fill_rate(np.array([float(line.current.reorder_point)]), protection, lead)
    return min(1.0, max(0.0, float(found[0])))


def propose_limited(session: Session, *, settings: PlanSettings, found: Limited) -> int:
    """Write chosen levels as proposals, which a person accepts in the par studio; gives how many differ from now.

    Parameters
    ----------
    session : Session
        The transaction.
    settings : PlanSettings
        With which they were chosen.
    found : Limited
        What :func:`limit_pars` gave.
    """
    changed = [each for each in found.lines if each.is_change]
    save_proposals(Driver(session), [_proposal(each, settings) for each in changed])
    return len(changed)


def _proposal(each: LimitedLine, settings: PlanSettings) -> Proposal:
    current, chosen = each.line.current, each.chosen
    before = current.reorder_point + current.par_level
    return Proposal(
        expected=each.expected,
        current=current,
        par_level=chosen.par_level,
        reorder_point=chosen.reorder_point,
        decision=Decision.PROPOSED,
        cycle_service=chosen.cycle_service,
        fill_rate=chosen.fill_rate,
        current_fill_rate=each.current_fill_rate,
        target=settings.target,
        service=settings.service,
        protection_days=settings.protection_days,
        stock_cost_minor=round((chosen.reorder_point + chosen.par_level - before) / 2 * each.line.unit_cost_minor),
    )
