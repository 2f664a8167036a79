"""What a kept plan risks, with the emergencies that the live hospital has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from scheduling.model.futures import PlanRisk, Uncertainty
from scheduling.model.plans import PlanKind
from scheduling.rules.chance import Futures
from scheduling.rules.spreads import Origin, Spread, with_spreads
from scheduling.service import futures as service
from scheduling.service import talk
from scheduling.service.futures import RiskCompared
from scheduling.service.spreads import mined
from scheduling.tables.plans import PlanRow, list_plan_rows
from simulation.experiments.hospital import ParameterSheet
from simulation.experiments.live import live_start
from twin.state.frozen import HospitalState

MOST_PER_DAY = 200.0  # the planner's own bound, see scheduling.model.futures
MOST_OTHERS = 100  # plans offered for comparison


def live_uncertainty(state: HospitalState, beds: int, sheet: ParameterSheet | None = None) -> Uncertainty:
    """Give usual spreads, with as many emergencies as the twin expects of the hospital as it is now.

    Parameters
    ----------
    state : HospitalState
        The hospital.
    beds : int
        Beds of the plan: they take their share of all whom the emergency department admits to wards.
    sheet : ParameterSheet or None, optional
        Usual shares of admission; those of the twin if None.

    Notes
    -----
    Arrivals a day are the twin's own estimate from those present (:func:`simulation.experiments.live.live_start`);
    major patients times the share admitted need a bed.
    """
    used = sheet or ParameterSheet()
    document: Mapping[str, Any] = live_start(state, used).pathway  # plain TOML values
    emergency = document["arrivals"]["emergency"]
    admitted = sum(emergency["per_hour"]) * emergency["classes"]["major"] * used.ed_admitted_share
    on_wards = sum(pool["capacity"] for name, pool in document["pools"].items() if name.startswith("ward-"))
    # A plan may hold beds that the hospital does not know, or has closed: never more than all whom wards take.
    share = beds / max(on_wards, beds, 1)
    return replace(Uncertainty(), emergency_beds_per_day=min(admitted * share, MOST_PER_DAY))


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What a plan is played with.

    Parameters
    ----------
    uncertainty : Uncertainty
        The figures.
    spreads : tuple[Spread, ...]
        Each of them with its interval, and whether it is usual, the hospital's own or the twin's.
    """

    uncertainty: Uncertainty
    spreads: tuple[Spread, ...]


def uncertainty_for(session: Session, state: HospitalState, plan: str) -> Assumed:
    """Give :func:`live_uncertainty` for the rooms of a kept plan, with what the hospital's own log says.

    Raises
    ------
    NotFound
        If there is no such plan.
    """
    row = talk.row_of(session, plan)
    spreads = mined(session, state, row.zone)
    if row.kind != PlanKind.ADMISSIONS.value:
        return Assumed(uncertainty=Uncertainty(), spreads=spreads)  # the service refuses a roster by name
    problem, _ = talk.content_of(row)
    found = with_spreads(live_uncertainty(state, sum(room.capacity for room in problem.rooms)), spreads)
    return Assumed(uncertainty=found, spreads=tuple(_as_used(one, found) for one in spreads))


def _as_used(spread: Spread, uncertainty: Uncertainty) -> Spread:
    """Give a figure as the plan is played with it: the emergencies of the hospital as it is come from the twin."""
    value = float(getattr(uncertainty, spread.name))
    if value == spread.value:
        return spread
    return replace(spread, value=value, low=value, high=value, origin=Origin.LIVE)


def told_by_hand(assumed: Assumed, changes: Mapping[str, float | int]) -> Assumed:
    """Give the figures with some that a person has chosen; these have no interval and no origin of the log.

    Parameters
    ----------
    assumed : Assumed
        What would be played with.
    changes : Mapping[str, float]
        By field of :class:`Uncertainty`.
    """
    if not changes:
        return assumed
    uncertainty = replace(assumed.uncertainty, **changes)  # type: ignore[arg-type]  # numbers, checked there
    kept = tuple(one for one in assumed.spreads if one.name not in changes)
    return Assumed(uncertainty=uncertainty, spreads=kept)


def others(session: Session, plan: str) -> list[PlanRow]:
    """Give the kept plans of admissions of the same days, the newest first."""
    row = session.get(PlanRow, plan)
    if row is None or row.kind != PlanKind.ADMISSIONS.value:
        return []
    found = list_plan_rows(session, limit=MOST_OTHERS)
    return [
        one
        for one in found
        if one.id != plan and (one.kind, one.start_at, one.days) == (row.kind, row.start_at, row.days)
    ]


def risk(
    session: Session, plan: str, other: str, *, uncertainty: Uncertainty, futures: Futures
) -> PlanRisk | RiskCompared:
    """Give what a plan risks, or with another plan, how both differ in the same futures.

    Parameters
    ----------
    session : Session
        Any session.
    plan, other : str
        Ids; no other plan if empty.
    uncertainty : Uncertainty
        How far days differ from the plan.
    futures : Futures
        How many, from which seed.
    """
    if other:
        return service.compare_risk(session, plan, other, uncertainty=uncertainty, futures=futures)
    return service.risk_of_plan(session, plan, uncertainty=uncertainty, futures=futures)
