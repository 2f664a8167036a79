"""Resources of FHIR R4 (4.0.1) from the live state, as plain dictionaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from twin.events.places import PlaceDefined
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


def instant(at: int) -> str:
    """Write UTC microseconds as an instant of FHIR."""
    return (_EPOCH + timedelta(microseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _coding(system: str, code: str) -> Resource:
    return {"system": system, "code": code}


def location(state: Tables, place_id: str, place: PlaceDefined) -> Resource:
    """Give a place; a bed with its code of table 0116, in which *reserved* has no code."""
    made: Resource = {"resourceType": "Location", "id": place_id, "status": "active", "name": place.name}
    made["mode"] = "instance"
    if not place.kind.value.startswith("x-"):
        made["physicalType"] = {"coding": [_coding(_PHYSICAL_TYPE, place.kind.value)]}
    if place.parent:
        made["partOf"] = {"reference": f"Location/{place.parent}"}
    if is_bed(state, place_id):
        view = bed_view(state, place_id)
        made["operationalStatus"] = _coding(_BED_STATUS, view.code.value)
    return made


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
        status = "active" if encounter.status is EncounterStatus.IN_PROGRESS else "reserved"
        places.append({"location": {"reference": f"Location/{encounter.place}"}, "status": status})
    if encounter.reserved:
        # Kept for somebody who is expected is planned; kept for a transfer is reserved. Neither occupies.
        status = "planned" if encounter.status is EncounterStatus.PLANNED else "reserved"
        places.append({"location": {"reference": f"Location/{encounter.reserved}"}, "status": status})
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
