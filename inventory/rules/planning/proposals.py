"""Par levels proposed for many places at once, with packs, hysteresis and the reason for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.model.planning import CostPoint, Decision, Expected, PlanSettings, Proposal, ServiceKind
from inventory.model.stock import ParLevel
from inventory.rules.planning import levels
from inventory.rules.planning.demand import CANDIDATES, Outlook
from inventory.rules.planning.levels import Use

_YEAR_DAYS = 365.0
CURVE_STEPS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is known of one place and item before planning.

    Parameters
    ----------
    current : ParLevel
        Present level, with its pack.
    unit_cost_minor : int
        Cost of a base unit, minor units.
    frozen_until : int
        No change is proposed before, UTC microseconds; 0 if it is free.
    surge : float
        Expected patient-days over those of the history; 1 if nothing is known.
    """

    current: ParLevel
    unit_cost_minor: int = 0
    frozen_until: int = 0
    surge: float = 1.0


def expected_of(lines: Sequence[Line], found: Outlook, settings: PlanSettings, *, now: int) -> list[Expected]:
    """Give what each place is expected to use, with the ward's expected fullness counted in.

    Parameters
    ----------
    lines : Sequence[Line]
        As many as series.
    found : Outlook
        Per period.
    settings : PlanSettings
        Length of a period.
    now : int
        UTC microseconds.
    """
    surge = np.array([line.surge for line in lines])
    mean = found.mean * surge / settings.period_days
    # days of a period are taken as alike and independent, so that variances add up
    deviation = np.sqrt(found.variance * surge / settings.period_days)
    return [
        Expected(
            place=line.current.place,
            item=line.current.item,
            method=CANDIDATES[method].value,
            mean_per_day=float(mean_per_day),
            sd_per_day=float(sd_per_day),
            periods=settings.periods,
            censored=int(censored),
            at=now,
        )
        for line, method, mean_per_day, sd_per_day, censored in zip(
            lines, found.method, mean, deviation, found.censored, strict=True
        )
    ]


def use_in(expected: Sequence[Expected], days: float) -> Use:
    """Give the use of each series in a stretch of days."""
    return Use(
        mean=np.array([each.mean_per_day for each in expected]) * days,
        variance=np.array([each.sd_per_day for each in expected]) ** 2 * days,
    )


def propose(lines: Sequence[Line], expected: Sequence[Expected], settings: PlanSettings, *, now: int) -> list[Proposal]:
    """Propose par levels.

    Parameters
    ----------
    lines, expected : Sequence
        One of each per place and item, in the same order.
    settings : PlanSettings
        Target, times and what makes a change worth proposing.
    now : int
        UTC microseconds.

    Notes
    -----
    The reorder point is the smallest level that lasts through review period and lead time with the target service; the
    par level lies whole packs above it, enough for the days that a delivery should cover. A level changes only if the
    change is larger than the share set, or if the present level misses the target: pars that move every night teach
    people to ignore them.
    """
    protection, lead = use_in(expected, settings.protection_days), use_in(expected, settings.lead_days)
    points = levels.smallest_level(settings.target, settings.service, protection, lead)
    packs = np.array([line.current.pack_multiple for line in lines], dtype=np.int64)
    mean = np.array([each.mean_per_day for each in expected])
    wanted = np.maximum(np.ceil(mean * settings.cover_days), 1).astype(np.int64)
    pars = points + -(-wanted // packs) * packs
    new, present = _services(points, protection, lead), _services(_points(lines), protection, lead)
    held = _served(settings, present)
    return [
        Proposal(
            expected=each,
            current=line.current,
            par_level=int(pars[i]),
            reorder_point=int(points[i]),
            decision=_decide(line, each, (int(points[i]), int(pars[i])), float(held[i]), settings, now),
            cycle_service=float(new.cycle[i]),
            fill_rate=float(new.fill[i]),
            current_fill_rate=float(present.fill[i]),
            target=settings.target,
            service=settings.service,
            protection_days=settings.protection_days,
            stock_cost_minor=_cost_change(line, int(points[i]), int(pars[i])),
        )
        for i, (line, each) in enumerate(zip(lines, expected, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class _Services:
    cycle: NDArray[np.float64]
    fill: NDArray[np.float64]


def _points(lines: Sequence[Line]) -> NDArray[np.int64]:
    return np.array([line.current.reorder_point for line in lines], dtype=np.int64)


def _services(points: NDArray[np.int64], protection: Use, lead: Use) -> _Services:
    at = points.astype(np.float64)
    return _Services(levels.cycle_service(at, protection), levels.fill_rate(at, protection, lead))


def _served(settings: PlanSettings, services: _Services) -> NDArray[np.float64]:
    return services.fill if settings.service is ServiceKind.FILL else services.cycle


def _decide(
    line: Line, expected: Expected, new: tuple[int, int], served: float, settings: PlanSettings, now: int
) -> Decision:
    if expected.mean_per_day <= 0:
        return Decision.NO_HISTORY  # nothing was used: a par of nothing would take the emergency stock away
    old = (line.current.reorder_point, line.current.par_level)
    if new == old:
        return Decision.UNCHANGED
    if now < line.frozen_until:
        return Decision.KEPT_FROZEN
    is_small = abs(new[1] - old[1]) <= settings.change_share * old[1]
    if is_small and served >= settings.target - settings.tolerance:
        return Decision.KEPT_SMALL_CHANGE
    return Decision.PROPOSED


def _cost_change(line: Line, point: int, par: int) -> int:
    before = line.current.reorder_point + line.current.par_level
    return round((point + par - before) / 2 * line.unit_cost_minor)


def cost_curve(line: Line, expected: Expected, settings: PlanSettings) -> list[CostPoint]:
    """Give what each reorder point would cost and serve, from none to beyond the target.

    Parameters
    ----------
    line : Line
        Place and item.
    expected : Expected
        Its use.
    settings : PlanSettings
        Times and cost factors.
    """
    one = [expected]
    protection, lead = use_in(one, settings.protection_days), use_in(one, settings.lead_days)
    # The curve goes on beyond any sensible target, to show how dear the last units are.
    most = int(levels.smallest_level(0.9999, ServiceKind.CYCLE, protection, lead)[0])
    step = max(1, -(-most // CURVE_STEPS))
    pack = line.current.pack_multiple
    quantity = -(-max(1, int(np.ceil(expected.mean_per_day * settings.cover_days))) // pack) * pack
    found = []
    for point in range(0, most + step, step):
        services = _services(np.array([point]), protection, lead)
        stock = max(0.0, point - float(protection.mean[0])) + quantity / 2
        fill = min(1.0, max(0.0, float(services.fill[0])))
        found.append(
            CostPoint(
                reorder_point=point,
                par_level=point + quantity,
                cycle_service=float(services.cycle[0]),
                fill_rate=fill,
                mean_stock=stock,
                holding_per_day=stock * line.unit_cost_minor * settings.holding_share / _YEAR_DAYS,
                handling_per_day=expected.mean_per_day / quantity * settings.handling_minor,
                missing_per_day=expected.mean_per_day * (1 - fill),
            )
        )
    return found
