"""Why the twin holds something to be true: the events behind each value."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twin.events import patients
from twin.events.envelope import Event
from twin.state import folding
from twin.state.model import EncounterFact
from twin.state.tables import Tables

_FACTS_BY_FACET: dict[str, tuple[type[Event], ...]] = {
    "encounter.assigned_location": (
        patients.EncounterStarted,
        patients.EncounterMoved,
        patients.EncountersSwapped,
        patients.EncounterFinished,
    ),
    "encounter.present": (
        patients.EncounterStarted,
        patients.EncounterMoved,
        patients.EncountersSwapped,
        patients.EncounterArrived,
        patients.EncounterDeparted,
        patients.EncounterLeaveStarted,
        patients.EncounterLeaveEnded,
    ),
    "encounter.reserved": (patients.EncounterPlanned, patients.BedReserved),
    "encounter.stage": (patients.StageReached,),
}


def _encounter_facts(state: Tables, key: str, facet: str) -> Iterable[Event]:
    encounter = state.encounters.get(key)
    if encounter is None:
        return ()
    members = {key} | state.index.merged_by_survivor.get(key, set())
    facts: list[EncounterFact] = [fact for member in sorted(members) for fact in state.encounters[member].facts]
    wanted = _FACTS_BY_FACET.get(facet)
    kept = folding.without_cancelled(facts)
    return kept if wanted is None else [fact for fact in kept if isinstance(fact, wanted)]


def _occupancy(state: Tables, key: str, facet: str) -> Iterable[Event]:
    index = state.index
    found: list[Event] = []
    for table in (index.present_by_place, index.encounters_by_place, index.reserved_by_place):
        for encounter in sorted(table.get(key, ())):
            found += [fact for fact in _encounter_facts(state, encounter, "") if getattr(fact, "place", "") == key]
    return found


def _register(table: str, name: str) -> Callable[[Tables, str, str], Iterable[Event]]:
    def find(state: Tables, key: str, facet: str) -> Iterable[Event]:
        thing = getattr(state, table).get(key)
        event = getattr(thing, name) if thing is not None else None
        return (event,) if event is not None else ()

    return find


def _definition(table: str) -> Callable[[Tables, str, str], Iterable[Event]]:
    def find(state: Tables, key: str, facet: str) -> Iterable[Event]:
        event = getattr(state, table).get(key)
        return (event,) if event is not None else ()

    return find


def _journal(table: str) -> Callable[[Tables, str, str], Iterable[Event]]:
    def find(state: Tables, key: str, facet: str) -> Iterable[Event]:
        thing = getattr(state, table).get(key)
        return thing.facts if thing is not None else ()

    return find


def _bindings(state: Tables, key: str, facet: str) -> Iterable[Event]:
    tag = state.tags.get(key)
    return tag.bindings[-1:] if tag is not None else ()


FACETS: dict[str, Callable[[Tables, str, str], Iterable[Event]]] = {
    **{
        f"asset.{name}": _register("assets", name)
        for name in (
            "entry",
            "retired",
            "readiness",
            "status",
            "availability",
            "custody",
            "cycle",
            "egress",
        )
    },
    **{f"tag.{name}": _register("tags", name) for name in ("sighting", "entered", "lost")},
    "tag.zone": _register("tags", "sighting"),
    "tag.binding": _bindings,
    "bed.readiness": _register("beds", "readiness"),
    "bed.service": _register("beds", "service"),
    "bed.occupancy": _occupancy,
    **dict.fromkeys((*_FACTS_BY_FACET, "encounter.status"), _encounter_facts),
    **{f"{table[:-1]}.definition": _definition(table) for table in ("places", "paths", "read_points", "gateways")},
    "staff.definition": _definition("staff"),
    "path.closure": _definition("closures"),
    "ticket.status": _journal("tickets"),
    "task.status": _journal("tasks"),
    "alarm.status": _journal("alarms"),
}
"""Facets that can be explained, and how."""


def explain(state: Tables, facet: str, key: str) -> tuple[str, ...]:
    """Give the ids of the events behind a value, oldest first.

    Parameters
    ----------
    state : Tables
        The present hospital.
    facet : str
        Such as ``"bed.readiness"`` or ``"encounter.assigned_location"``: a key of :data:`FACETS`.
    key : str
        Id of the thing.

    Raises
    ------
    KeyError
        If there is no such facet.
    """
    return tuple(dict.fromkeys(event.id for event in FACETS[facet](state, key, facet)))
