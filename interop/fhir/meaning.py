"""What a resource that somebody writes means for the twin: events about encounters, beds, bookings and requests.

A resource that means nothing to the twin is kept all the same. Names never get in here: an encounter is its pseudonym.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

from interop.fhir.resources import Json, Resource
from interop.fhir.searching import span_of, values_at
from twin.events.envelope import Event
from twin.events.patients import (
    BedReadiness,
    BedReadinessChanged,
    BedReserved,
    BedService,
    BedServiceChanged,
    EncounterClass,
    EncounterFactCancelled,
    EncounterFinished,
    EncounterLeaveEnded,
    EncounterLeaveStarted,
    EncounterMoved,
    EncounterPlanned,
    EncounterStarted,
    EncounterUpdated,
)
from twin.events.work import TaskKind, TaskRequested
from twin.state.beds import is_bed
from twin.state.live import LiveState
from twin.state.model import Encounter, EncounterStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """One write.

    Parameters
    ----------
    kind, id : str
        Of the resource.
    version : int
        That it becomes.
    source : str
        Who writes: ``his:main``.
    at : int
        Now, UTC microseconds.
    pseudonym : Callable[..., str]
        Gives an encounter's id for kind and parts.
    live : LiveState
        As of the last commit.
    """

    kind: str
    id: str
    version: int
    source: str
    at: int
    pseudonym: Callable[..., str]
    live: LiveState

    def encounter(self) -> str:
        """Give the id of the encounter that the resource is: its own if it exists, else a pseudonym."""
        if self.kind == "Encounter" and self.id in self.live.encounters:
            return self.id
        return self.pseudonym("visit", f"fhir/{self.source}/{self.kind}", self.id)


_CLASSES = {
    "IMP": EncounterClass.INPATIENT,
    "ACUTE": EncounterClass.INPATIENT,
    "NONAC": EncounterClass.INPATIENT,
    "EMER": EncounterClass.EMERGENCY,
    "AMB": EncounterClass.AMBULATORY,
    "SS": EncounterClass.SHORT_STAY,
    "PRENC": EncounterClass.PRE_ADMISSION,
    "VR": EncounterClass.VIRTUAL,
    "OBSENC": EncounterClass.SHORT_STAY,
}


def _text(resource: Resource, path: str) -> str:
    return next((value for value in values_at(resource, path) if isinstance(value, str)), "")


def _at(resource: Resource, path: str) -> int:
    span = span_of(_text(resource, path))
    return span[0] if span is not None else 0


def _place(reference: str) -> str:
    """Give the id of a Location that a reference names: relative, absolute, or of one version; else empty.

    A contained resource (``#bay``) and an entry of a Bundle (``urn:uuid:``) name no place of this house.
    """
    told = reference.partition("/_history/")[0]
    return "" if told.startswith(("#", "urn:")) else told.rpartition("/")[2]


def _stays(resource: Resource, status: str) -> Iterator[tuple[str, int]]:
    """Give the places of an Encounter with a status, and since when, UTC microseconds; 0 if it does not say."""
    for entry in values_at(resource, "location"):
        if isinstance(entry, dict) and entry.get("status", "active") == status:
            place = _place(_text(entry, "location.reference")) or _text(entry, "location.identifier.value")
            if place:
                yield place, _at(entry, "period.start")


def _places(resource: Resource, status: str) -> Iterator[str]:
    yield from (place for place, _since in _stays(resource, status))


def _head(writing: Writing, kind: type[Event], number: int, at: int = 0) -> dict[str, Any]:
    return {
        # Nothing is told as having happened in the future, whatever the sender's clock says.
        "occurred_at": min(at, writing.at) if at > 0 else writing.at,
        "source": writing.source,
        "source_key": f"fhir/{writing.kind}/{writing.id}/{writing.version}/{number}/{kind.__name__}",
    }


_UNDER_WAY = ("arrived", "triaged", "in-progress", "onleave", "finished")


def _encounter(resource: Resource, writing: Writing) -> Iterator[Event]:
    thing = writing.encounter()
    held = writing.live.encounters.get(thing)
    status = _text(resource, "status")
    if status == "planned":
        kept = (next(_places(resource, how), "") for how in ("planned", "reserved", "active"))
        yield EncounterPlanned(
            thing=thing,
            expected_at=_at(resource, "period.start"),
            place=next((place for place in kept if place), ""),
            **_described(resource),
            **_head(writing, EncounterPlanned, 0),
        )
    elif status in _UNDER_WAY:
        yield from _under_way(resource, writing, thing, status)
    elif status in ("cancelled", "entered-in-error") and held is not None:
        undone = "EncounterPlanned" if held.status is EncounterStatus.PLANNED else "EncounterStarted"
        yield EncounterFactCancelled(thing=thing, cancels=undone, **_head(writing, EncounterFactCancelled, 5))


def _described(resource: Resource) -> dict[str, Any]:
    told = _CLASSES.get(_text(resource, "class.code"), EncounterClass.AMBULATORY)
    service = _text(resource, "serviceType.coding.code") or _text(resource, "serviceType.text")
    return {"encounter_class": told, "service": service}


def _under_way(resource: Resource, writing: Writing, thing: str, status: str) -> Iterator[Event]:
    """Tell what a visit under way came to. Every write is a whole resource: only what is new becomes an event."""
    held = writing.live.encounters.get(thing)
    before = held.status if held is not None else EncounterStatus.UNKNOWN
    place, since = next(_stays(resource, "active"), ("", 0))
    is_open = before in (EncounterStatus.IN_PROGRESS, EncounterStatus.ON_LEAVE)
    if held is None or not (is_open or before is EncounterStatus.FINISHED):
        start = _at(resource, "period.start")
        head = _head(writing, EncounterStarted, 0, start)
        yield EncounterStarted(thing=thing, place=place, **_described(resource), **head)
    elif status != "finished":
        if before is EncounterStatus.FINISHED:
            # Written as under way again: the discharge was a mistake.
            head = _head(writing, EncounterFactCancelled, 5)
            yield EncounterFactCancelled(thing=thing, cancels=EncounterFinished.__name__, **head)
        yield from _changed(resource, writing, held)
        if place and place != held.place:
            # A stay that began before the last one is a correction of the past, and now at the latest it counts.
            head = _head(writing, EncounterMoved, 1, since if since > held.placed_at else 0)
            yield EncounterMoved(thing=thing, place=place, from_place=held.place, **head)
    for kept in _places(resource, "reserved"):
        if held is None or held.reserved != kept:
            yield BedReserved(thing=thing, place=kept, **_head(writing, BedReserved, 2))
    if status == "onleave" and before is not EncounterStatus.ON_LEAVE:
        yield EncounterLeaveStarted(thing=thing, **_head(writing, EncounterLeaveStarted, 3))
    elif status != "onleave" and before is EncounterStatus.ON_LEAVE:
        yield EncounterLeaveEnded(thing=thing, **_head(writing, EncounterLeaveEnded, 3))
    if status == "finished" and before is not EncounterStatus.FINISHED:
        yield EncounterFinished(thing=thing, **_head(writing, EncounterFinished, 4, _at(resource, "period.end")))


def _changed(resource: Resource, writing: Writing, held: Encounter) -> Iterator[Event]:
    # A class that we do not know says nothing new about a visit that has one.
    told = _CLASSES.get(_text(resource, "class.code"))
    service = str(_described(resource)["service"])
    if (told is not None and told is not held.encounter_class) or (service and service != held.service):
        head = _head(writing, EncounterUpdated, 6)
        yield EncounterUpdated(thing=held.id, encounter_class=told, service=service, **head)


_READINESS = {"H": BedReadiness.CLEANING, "K": BedReadiness.CONTAMINATED, "U": BedReadiness.CLEAN}
_SERVICE = {"C": BedService.CLOSED, "I": BedService.ISOLATED}


def _location(resource: Resource, writing: Writing) -> Iterator[Event]:
    code, status = _text(resource, "operationalStatus.code"), _text(resource, "status")
    is_shut = status in ("suspended", "inactive")
    if not (code or is_shut) or not is_bed(writing.live, writing.id):
        return
    service = BedService.CLOSED if is_shut else _SERVICE.get(code, BedService.OPEN)
    yield BedServiceChanged(thing=writing.id, service=service, **_head(writing, BedServiceChanged, 0))
    if code in _READINESS:
        yield BedReadinessChanged(
            thing=writing.id, readiness=_READINESS[code], **_head(writing, BedReadinessChanged, 1)
        )


def _appointment(resource: Resource, writing: Writing) -> Iterator[Event]:
    thing, status = writing.encounter(), _text(resource, "status")
    held = writing.live.encounters.get(thing)
    if status in ("booked", "pending", "proposed", "waitlist"):
        references = [value for value in values_at(resource, "participant.actor.reference") if isinstance(value, str)]
        place = next((_place(text) for text in references if "Location/" in text), "")
        yield EncounterPlanned(
            thing=thing,
            encounter_class=EncounterClass.AMBULATORY,
            expected_at=_at(resource, "start"),
            place=place,
            **_head(writing, EncounterPlanned, 0),
        )
    elif status in ("cancelled", "noshow", "entered-in-error") and held is not None:
        yield EncounterFactCancelled(
            thing=thing, cancels="EncounterPlanned", **_head(writing, EncounterFactCancelled, 1)
        )


def _supply_request(resource: Resource, writing: Writing) -> Iterator[Event]:
    if _text(resource, "status") not in ("active", ""):
        return
    amount = next((value for value in values_at(resource, "quantity.value") if isinstance(value, int | float)), 0)
    item = _text(resource, "itemCodeableConcept.coding.code") or _text(resource, "itemReference.reference")
    place = _place(_text(resource, "deliverTo.reference"))
    if item and place in writing.live.places and amount > 0:
        yield TaskRequested(
            thing=item,
            kind=TaskKind.RESTOCK,
            dedupe_key=f"fhir:{writing.source}:{writing.id}",
            subject_id=item,
            to_place=place,
            quantity=ceil(amount),  # half a pack is asked for: one is brought, not none
            due_at=_at(resource, "occurrenceDateTime"),
            reason="fhir_request",
            priority={"stat": 1, "asap": 2, "urgent": 2}.get(_text(resource, "priority"), 3),
            **_head(writing, TaskRequested, 0),
        )


_MEANINGS: dict[str, Callable[[Resource, Writing], Iterator[Event]]] = {
    "Encounter": _encounter,
    "Location": _location,
    "Appointment": _appointment,
    "SupplyRequest": _supply_request,
}


def events_of(resource: Resource, writing: Writing) -> list[Event]:
    """Give the events that a write comes to; none for a type that the twin only keeps.

    Parameters
    ----------
    resource : Resource
        Checked.
    writing : Writing
        What is written where, by whom, when.
    """
    rule = _MEANINGS.get(writing.kind)
    return list(rule(resource, writing)) if rule is not None else []


def persons_of(resource: Resource) -> list[str]:
    """Give what stands for patients anywhere in a resource, sorted: references, and numbers where there is none.

    Parameters
    ----------
    resource : Resource
        Checked.

    Returns
    -------
    list[str]
        ``Patient/id`` of a reference, ``system|value`` of a logical one or of a contained patient.
    """
    found: set[str] = set()

    def walk(value: Json) -> None:
        if isinstance(value, dict):
            found.update(_persons_at(value))
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(resource)
    return sorted(found)


def _persons_at(part: dict[str, Json]) -> Iterator[str]:
    told = part.get("reference")
    if isinstance(told, str) and "Patient/" in told:
        yield "/".join(told.partition("/_history/")[0].split("/")[-2:])
    elif isinstance(told, str) and part.get("type") == "Patient" and not told.startswith("#"):
        yield told
    if part.get("type") == "Patient" or part.get("resourceType") == "Patient":
        for one in values_at(part, "identifier"):
            if isinstance(one, dict) and isinstance(one.get("value"), str):
                yield f"{one.get('system') or ''}|{one['value']}"
