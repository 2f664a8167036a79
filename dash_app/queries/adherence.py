"""The plan of admissions in force beside what has happened since."""

from __future__ import annotations

from scheduling.rules.adherence import Followed, Happened, follow
from twin.state.frozen import HospitalState
from twin.state.model import EncounterStatus


def followed(state: HospitalState) -> tuple[Followed, ...]:
    """Give what became of each stay of the plan in force; none without a plan.

    Parameters
    ----------
    state : HospitalState
        The hospital as of its own instant.
    """
    plan = state.plans.get("admissions")
    if plan is None:
        return ()
    happened = {}
    for stay in plan.stays:
        found = state.encounters.get(stay.encounter)
        if found is None:
            continue
        bed = state.places.get(found.place)
        happened[stay.encounter] = Happened(
            came_at=found.started_at,
            # plans name rooms, encounters beds; a bed without a room stands for itself
            room=(bed.parent or found.place) if bed is not None else found.place,
            is_cancelled=found.status is EncounterStatus.CANCELLED,
        )
    return follow(plan.stays, happened, state.at)
