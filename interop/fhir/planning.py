"""Schedules and slots of FHIR R4 from what the twin knows: appointments, published plans and service points.

A slot is a time that is taken. The twin knows no opening hours, so it states no free ones: what is not listed is not
known to be free.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from interop.fhir.resources import Resource, instant
from twin.clock import MINUTE_US
from twin.state.model import Encounter, EncounterStatus
from twin.state.tables import Tables

POINT_PURPOSES = frozenset({"registration", "triage", "clinic", "imaging", "laboratory", "pharmacy"})
_APPOINTMENT_US = 30 * MINUTE_US  # many senders tell no length with an appointment; half an hour is usual
_PLAN = "admissions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A time at a place that is taken; instants in UTC microseconds."""

    id: str
    place: str
    start_at: int
    end_at: int
    is_firm: bool


def _booked(found: Encounter) -> Taken | None:
    place = found.reserved or found.place
    if not found.expected_at or not place or found.status is EncounterStatus.CANCELLED:
        return None
    return Taken(
        id=f"appointment-{found.id}",
        place=place,
        start_at=found.expected_at,
        end_at=found.expected_at + _APPOINTMENT_US,
        is_firm=True,
    )


def taken(state: Tables) -> Iterator[Taken]:
    """Give every time that is taken: appointments, and beds and theatres of the plan of admissions in force.

    Parameters
    ----------
    state : Tables
        The present hospital.
    """
    for encounter in state.encounters.values():
        booked = _booked(encounter)
        if booked is not None:
            yield booked
    for plan in state.plans.values():
        if plan.kind != _PLAN:
            continue
        for stay in plan.stays:
            if stay.place and stay.end_at > stay.start_at:
                # A bed of a plan is meant, not promised: the plan of tomorrow may give another one.
                yield Taken(
                    id=f"bed-{stay.encounter}", place=stay.place, start_at=stay.start_at, end_at=stay.end_at,
                    is_firm=False,
                )  # fmt: skip
            if stay.theatre and stay.theatre_end_at > stay.theatre_start_at:
                yield Taken(
                    id=f"theatre-{stay.encounter}", place=stay.theatre, start_at=stay.theatre_start_at,
                    end_at=stay.theatre_end_at, is_firm=True,
                )  # fmt: skip


def slot(found: Taken) -> Resource:
    """Give a time that is taken as Slot."""
    return {
        "resourceType": "Slot",
        "id": found.id,
        "schedule": {"reference": f"Schedule/{found.place}"},
        "status": "busy" if found.is_firm else "busy-tentative",
        "start": instant(found.start_at),
        "end": instant(found.end_at),
    }


def schedule(state: Tables, place: str, horizon: tuple[int, int] | None) -> Resource:
    """Give the schedule of a place.

    Parameters
    ----------
    state : Tables
        The present hospital.
    place : str
        Its id.
    horizon : tuple[int, int] or None
        First and last instant that is taken, UTC microseconds; None if nothing is.
    """
    entry = state.places.get(place)
    made: Resource = {
        "resourceType": "Schedule",
        "id": place,
        "active": True,
        "actor": [{"reference": f"Location/{place}", "display": entry.name if entry is not None else place}],
    }
    if entry is not None and entry.purpose:
        made["serviceType"] = [{"coding": [{"system": "urn:hospital-twin:purpose", "code": entry.purpose}]}]
    if horizon is not None:
        made["planningHorizon"] = {"start": instant(horizon[0]), "end": instant(horizon[1])}
    return made


def slots(state: Tables) -> Iterator[Resource]:
    """Give every slot by id; of one encounter in two plans the later plan counts."""
    by_id = {one.id: one for one in taken(state)}
    for key in sorted(by_id):
        yield slot(by_id[key])


def one_slot(state: Tables, key: str) -> Resource | None:
    """Give the slot with an id, if the twin knows it."""
    kind, _, encounter = key.partition("-")
    if kind == "appointment":
        held = state.encounters.get(encounter)
        booked = _booked(held) if held is not None else None
        return slot(booked) if booked is not None else None
    found = [one for one in taken(state) if one.id == key] if kind in ("bed", "theatre") else []
    return slot(found[-1]) if found else None


def _horizons(state: Tables) -> dict[str, tuple[int, int] | None]:
    found: dict[str, tuple[int, int] | None] = {
        key: None for key, place in state.places.items() if place.purpose in POINT_PURPOSES
    }
    for one in taken(state):
        held = found.get(one.place)
        first, last = held if held is not None else (one.start_at, one.end_at)
        found[one.place] = min(first, one.start_at), max(last, one.end_at)
    return found


def schedules(state: Tables) -> Iterator[Resource]:
    """Give the schedules of all places that have slots or a queue, by id."""
    horizons = _horizons(state)
    for key in sorted(horizons):
        yield schedule(state, key, horizons[key])


def one_schedule(state: Tables, key: str) -> Resource | None:
    """Give the schedule of a place, if it has slots or a queue."""
    horizons = _horizons(state)
    return schedule(state, key, horizons[key]) if key in horizons else None
