"""Resources of FHIR R4 (4.0.1) from the live state, as plain dictionaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from twin.events.patients import EncounterFinished, EncounterMoved, EncountersSwapped, EncounterStarted
from twin.events.places import PlaceDefined
from twin.state import folding
from twin.state.beds import bed_view, is_bed
from twin.state.model import Asset, Encounter, EncounterStatus, Task
from twin.state.tables import Tables

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Resource: TypeAlias = dict[str, Json]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"
_BED_STATUS = "http://terminology.hl7.org/CodeSystem/v2-0116"
_CLASS = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PSEUDONYM_SYSTEM = "urn:hospital-twin:encounter"

_ENCOUNTER = {
    EncounterStatus.PLANNED: "planned",
    EncounterStatus.IN_PROGRESS: "in-progress",
    EncounterStatus.ON_LEAVE: "onleave",
    EncounterStatus.FINISHED: "finished",
    EncounterStatus.CANCELLED: "cancelled",
}


_PLACING = (EncounterStarted, EncounterMoved, EncountersSwapped, EncounterFinished)
"""Facts that may end a stay at a place."""


def instant(at: int) -> str:
    """Write UTC microseconds as an instant of FHIR."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _coding(system: str, code: str) -> Resource:
    return {"system": system, "code": code}


def location(state: Tables, place_id: str, place: PlaceDefined) -> Resource:
    """Give a place; a bed with its code of table 0116, in which *reserved* has no code."""
    made: Resource = {"resourceType": "Location", "id": place_id, "status": "active", "name": place.name}
    made["mode"] = "instance"
    # Kinds of our own have no code in that code system, and a made-up one there would mislead.
    if not place.kind.value.startswith("x-"):
        made["physicalType"] = {"coding": [_coding(_PHYSICAL_TYPE, place.kind.value)]}
    if place.parent:
        made["partOf"] = {"reference": f"Location/{place.parent}"}
    if is_bed(state, place_id):
        view = bed_view(state, place_id)
        made["operationalStatus"] = _coding(_BED_STATUS, view.code.value)
    return made


def _at_place(place: str, status: str, start: int = 0, end: int = 0) -> Resource:
    made: Resource = {"location": {"reference": f"Location/{place}"}, "status": status}
    told = {name: instant(at) for name, at in (("start", start), ("end", end)) if at}
    return made | ({"period": dict(told)} if told else {})


def _stays_before(encounter: Encounter) -> list[tuple[str, int, int]]:
    """Give where an encounter was booked before, in order: place, from, to; nothing that was cancelled."""
    found: list[tuple[str, int, int]] = []
    placing = [fact for fact in encounter.facts if isinstance(fact, _PLACING)]
    # Most visits are of one place: folding them anew would double what a search costs.
    if not placing or (len(placing) == 1 and getattr(placing[0], "place", "") == encounter.place):
        return found
    anew = Encounter(id=encounter.id)
    for fact in folding.without_cancelled(encounter.facts):
        place, since = anew.place, anew.placed_at
        folding.step(anew, fact)
        if place and anew.place != place:
            found.append((place, since, fact.occurred_at))
    if anew.place and anew.place != encounter.place:
        # A swap or a merge put the person elsewhere: it stands among the facts of the other encounter.
        found.append((anew.place, anew.placed_at, encounter.placed_at if encounter.place else encounter.finished_at))
    return found


def encounter(encounter: Encounter) -> Resource:
    """Give an encounter under its pseudonym: no subject, no name, no number of any other system."""
    made: Resource = {
        "resourceType": "Encounter",
        "id": encounter.id,
        "identifier": [{"system": PSEUDONYM_SYSTEM, "value": encounter.id}],
        "status": _ENCOUNTER.get(encounter.status, "unknown"),
        "class": _coding(_CLASS, encounter.encounter_class.value if encounter.encounter_class else "AMB"),
    }
    if encounter.started_at:
        period: Resource = {"start": instant(encounter.started_at)}
        if encounter.finished_at:
            period["end"] = instant(encounter.finished_at)
        made["period"] = period
    places: list[Json] = []
    if encounter.place:
        # On leave the bed is kept and empty: reserved, as the value set of Encounter.location.status has it.
        status = "active" if encounter.status is EncounterStatus.IN_PROGRESS else "reserved"
        places.append(_at_place(encounter.place, status, encounter.placed_at))
    if encounter.reserved:
        # Kept for somebody who is expected is planned; kept for a transfer is reserved. Neither occupies.
        status = "planned" if encounter.status is EncounterStatus.PLANNED else "reserved"
        places.append(_at_place(encounter.reserved, status))
    # The latest first, behind where the person is now: who reads the first entry only reads the present.
    places += [_at_place(place, "completed", start, end) for place, start, end in reversed(_stays_before(encounter))]
    if places:
        made["location"] = places
    return made


def device(asset: Asset) -> Resource:
    """Give an asset with what identifies its model and piece."""
    entry = asset.entry
    made: Resource = {"resourceType": "Device", "id": asset.id, "status": "inactive" if asset.retired else "active"}
    if entry is None:
        return made
    made["deviceName"] = [{"name": entry.name, "type": "user-friendly-name"}]
    made["type"] = {"text": entry.category}
    if entry.model:
        made["modelNumber"] = entry.model
    if entry.serial:
        made["serialNumber"] = entry.serial
    if entry.gtin:
        made["udiCarrier"] = [{"deviceIdentifier": entry.gtin}]
    if entry.home:
        made["location"] = {"reference": f"Location/{entry.home}"}
    return made


def task(task: Task) -> Resource:
    """Give a task of the house: what is to be done, where, until when."""
    made: Resource = {"resourceType": "Task", "id": task.id, "status": task.status.value, "intent": "order"}
    if task.kind is not None:
        made["code"] = {"text": task.kind.value}
    if task.created_at:
        made["authoredOn"] = instant(task.created_at)
    if task.to_place:
        made["location"] = {"reference": f"Location/{task.to_place}"}
    if task.due_at:
        made["restriction"] = {"period": {"end": instant(task.due_at)}}
    return made
