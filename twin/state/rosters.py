"""The rosters in force, and whom they have off."""

from __future__ import annotations

from collections.abc import Mapping

from twin.events.work import PlanPublished


def rosters(plans: Mapping[str, PlanPublished]) -> list[PlanPublished]:
    """Give the rosters among the plans in force, one for each place, the whole hospital's first.

    Parameters
    ----------
    plans : Mapping[str, PlanPublished]
        Of a live or frozen state.
    """
    return sorted((plan for plan in tuple(plans.values()) if plan.kind == "roster"), key=lambda plan: plan.place)


def off_duty(plans: Mapping[str, PlanPublished], at: int) -> frozenset[str]:
    """Give the members of staff whom a roster in force has off at an instant.

    Parameters
    ----------
    plans : Mapping[str, PlanPublished]
        Of a live or frozen state.
    at : int
        UTC microseconds. Rosters that do not reach there say nothing of it.

    Returns
    -------
    frozenset[str]
        Nobody who is on a shift in any of them, and nobody of whom no roster speaks.
    """
    named: set[str] = set()
    working: set[str] = set()
    for plan in rosters(plans):
        if plan.start_at <= at < plan.end_at:
            named.update(shift.staff for shift in plan.shifts)
            working.update(shift.staff for shift in plan.shifts if shift.start_at <= at < shift.end_at)
    return frozenset(named - working)
