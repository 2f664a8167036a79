"""Resources of FHIR R4 (4.0.1) from the live state, as plain dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One resource type that is served.

    Parameters
    ----------
    every : Callable[[Tables], Iterator[Resource]]
        All of them by id.
    one : Callable[[Tables, str], Resource or None]
        That with an id.
    searches : Mapping[str, Callable[[Resource], set[str]]]
        Values by which a search parameter finds a resource.
    """

    every: Callable[[Tables], Iterator[Resource]]
    one: Callable[[Tables, str], Resource | None]
    searches: Mapping[str, Callable[[Resource], set[str]]]


def _references(found: Json) -> set[str]:
    """Give all references below a value, with and without their type."""
    if isinstance(found, list):
        return set().union(*(_references(one) for one in found)) if found else set()
    if not isinstance(found, dict):
        return set()
    own = found.get("reference")
    told = {own, own.partition("/")[2]} if isinstance(own, str) else set()
    return told.union(*(_references(value) for value in found.values()))


def _codes(found: Json) -> set[str]:
    """Give all codes below a value, as ``code`` and ``system|code``."""
    if isinstance(found, list):
        return set().union(*(_codes(one) for one in found)) if found else set()
    if not isinstance(found, dict):
        return {found} if isinstance(found, str) else set()
    code, system, value = found.get("code"), found.get("system", ""), found.get("value")
    told = {text for one in (code, value) if isinstance(one, str) for text in (one, f"{system}|{one}")}
    return told.union(*(_codes(one) for one in found.values() if isinstance(one, dict | list)))


def _by(name: str, read: Callable[[Json], set[str]]) -> Callable[[Resource], set[str]]:
    return lambda resource: read(resource.get(name))


_STATUS = {"status": _by("status", _codes), "_id": _by("id", _codes)}


def _one_location(state: Tables, key: str) -> Resource | None:
    found = state.places.get(key)
    return location(state, key, found) if found is not None else None


def _one_encounter(state: Tables, key: str) -> Resource | None:
    found = state.encounters.get(key)
    return encounter(found) if found is not None else None


def _one_device(state: Tables, key: str) -> Resource | None:
    found = state.assets.get(key)
    return device(found) if found is not None else None


def _one_task(state: Tables, key: str) -> Resource | None:
    found = state.tasks.get(key)
    return task(found) if found is not None else None


KINDS: dict[str, Kind] = {
    "Location": Kind(
        every=lambda state: (location(state, key, state.places[key]) for key in sorted(state.places)),
        one=_one_location,
        searches=_STATUS
        | {
            "partof": _by("partOf", _references),
            "operational-status": _by("operationalStatus", _codes),
            "name": _by("name", _codes),
        },
    ),
    "Encounter": Kind(
        every=lambda state: (encounter(state.encounters[key]) for key in sorted(state.encounters)),
        one=_one_encounter,
        searches=_STATUS
        | {
            "class": _by("class", _codes),
            "location": _by("location", _references),
            "identifier": _by("identifier", _codes),
        },
    ),
    "Device": Kind(
        every=lambda state: (device(state.assets[key]) for key in sorted(state.assets)),
        one=_one_device,
        searches=_STATUS | {"location": _by("location", _references)},
    ),
    "Task": Kind(
        every=lambda state: (task(state.tasks[key]) for key in sorted(state.tasks)),
        one=_one_task,
        searches=_STATUS,
    ),
}
"""Every resource type that is served."""


def found(state: Tables, kind: str, wanted: Mapping[str, str]) -> list[Resource]:
    """Give the resources of a type that meet every search parameter, by id.

    Parameters
    ----------
    state : Tables
        The hospital.
    kind : str
        Key of :data:`KINDS`.
    wanted : Mapping[str, str]
        Values by parameter; several values joined by commas mean any of them.
    """
    served = KINDS[kind]
    return [
        resource
        for resource in served.every(state)
        if all(served.searches[name](resource) & set(text.split(",")) for name, text in wanted.items())
    ]


def capability_statement(at: int, url: str) -> Resource:
    """Give what this server can do.

    Parameters
    ----------
    at : int
        UTC microseconds.
    url : str
        Address of the server.
    """
    resources: list[Json] = [
        {
            "type": name,
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "searchParam": [
                {"name": parameter, "type": "reference" if parameter in ("partof", "location") else "token"}
                for parameter in kind.searches
            ],
        }
        for name, kind in KINDS.items()
    ]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(at),
        "kind": "instance",
        "implementation": {"description": "Hospital Twin", "url": url},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": resources}],
    }
