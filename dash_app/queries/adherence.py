"""The plan of admissions in force beside what has happened since."""

from __future__ import annotations

from scheduling.rules.adherence import Followed, Happened, follow
from twin.state.live import LiveState
from twin.state.model import Encounter, EncounterStatus


def followed(state: LiveState, now: int) -> tuple[Followed, ...]:
    """Give what became of each stay of the plan in force; none without a plan.

    Parameters
    ----------
    state : LiveState
        The present hospital: it knows who has come and gone as well, which a frozen one does not.
    now : int
        UTC microseconds.
    """
    plan = state.plans.get("admissions")
    if plan is None:
        return ()
    happened = {}
    for stay in plan.stays:
        found = state.encounters.get(stay.encounter)
        if found is None:
            continue
        place = last_place(found)
        bed = state.places.get(place)
        happened[stay.encounter] = Happened(
            came_at=found.started_at,
            # plans name rooms, encounters beds; a bed without a room stands for itself
            room=(bed.parent or place) if bed is not None else place,
            is_cancelled=found.status is EncounterStatus.CANCELLED,
        )
    return follow(plan.stays, happened, now)


def last_place(found: Encounter) -> str:
    """Give where somebody lies, or lay when they left; empty if no fact says so.

    Parameters
    ----------
    found : Encounter
        Of any status.
    """
    told = (getattr(fact, "place", "") for fact in reversed(found.facts))
    return found.place or next((place for place in told if place), "")
