"""How a device is to be kept: risk scores as configured tables, and the strategies that rules allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assets.model.maintenance import Strategy

FUNCTION_POINTS = {
    "life support": 10,
    "surgical and intensive care": 9,
    "physical therapy and treatment": 8,
    "surgical and intensive care monitoring": 7,
    "additional physiological monitoring and diagnostic": 6,
    "analytical laboratory": 5,
    "laboratory accessories": 4,
    "computers and related": 3,
    "patient related and other": 2,
}
"""Fennigkoh and Smith (1989), as in the World Health Organization's overview of maintenance programmes, appendix A."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EquipmentScore:
    """Fennigkoh-Smith equipment management number.

    Parameters
    ----------
    points : int
        Function, risk, maintenance and, where counted, history.
    is_included : bool
        Whether it reaches the threshold of scheduled maintenance; it stays on the inventory in any case.
    interval_months : int or None
        None if it is not scheduled by score.
    """

    points: int
    is_included: bool
    interval_months: int | None


DEFAULT_INTERVALS = ((17, 6), (12, 12))
"""From so many points on, every so many months; the highest that is reached counts."""


def score_equipment(
    *, function: int, risk: int, maintenance: int, history: int = 0, intervals: Sequence[tuple[int, int]] = ()
) -> EquipmentScore:
    """Give the equipment management number.

    Parameters
    ----------
    function : int
        2 to 10.
    risk, maintenance : int
        1 to 5.
    history : int
        -2 to 2, the modified form; 0 otherwise.
    intervals : Sequence[tuple[int, int]]
        Threshold and months, highest first; the usual ones if empty.

    Examples
    --------
    >>> score_equipment(function=10, risk=5, maintenance=5).interval_months
    6
    """
    if not (2 <= function <= 10 and 1 <= risk <= 5 and 1 <= maintenance <= 5 and -2 <= history <= 2):
        raise ValueError(
            f"Expected function 2 to 10, risk and maintenance 1 to 5, history -2 to 2, "
            f"got {function}, {risk}, {maintenance}, {history}."
        )
    points = function + risk + maintenance + history
    months = next((months for least, months in (intervals or DEFAULT_INTERVALS) if points >= least), None)
    return EquipmentScore(points=points, is_included=months is not None, interval_months=months)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyCase:
    """What decides on the strategies that are allowed for a device.

    Parameters
    ----------
    is_imaging, is_laser : bool
        For these the manufacturer's schedule is mandatory.
    months_of_history : int
        How long devices of the model have been watched here.
    is_critical : bool
        Whether its failure can hurt or kill.
    has_evidence_record : bool
        Whether an evaluation for an alternative schedule is on file and not past its review.
    """

    is_imaging: bool = False
    is_laser: bool = False
    months_of_history: int = 0
    is_critical: bool = False
    has_evidence_record: bool = False


LEAST_HISTORY_MONTHS = 12  # a year, so that every yearly service fell into it once


def allowed_strategies(case: StrategyCase) -> frozenset[Strategy]:
    """Give the strategies that may be chosen for a device.

    Parameters
    ----------
    case : StrategyCase
        What is known of it.

    References
    ----------
    CMS S&C 14-07 (2013): imaging, lasers and equipment without sufficient history keep the manufacturer's schedule.
    """
    if case.is_imaging or case.is_laser or case.months_of_history < LEAST_HISTORY_MONTHS:
        return frozenset({Strategy.OEM})
    allowed = {Strategy.OEM}
    if case.has_evidence_record:
        allowed.add(Strategy.AEM)
    # Whoever could be hurt by a failure is not the one to find it.
    if not case.is_critical:
        allowed |= {Strategy.INSPECTION, Strategy.RUN_TO_FAILURE}
    return frozenset(allowed)
