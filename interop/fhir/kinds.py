"""Every resource type that the live state gives, and the statement of what this server can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from interop.fhir import resources, work
from interop.fhir.resources import Json, Resource, instant
from interop.fhir.searching import PARAMETERS
from interop.fhir.validation import R5_TYPES, TYPES
from twin.state.model import Encounter
from twin.state.tables import Tables

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One resource type that comes from the live state.

    Parameters
    ----------
    every : Callable[[Tables], Iterator[Resource]]
        All of them by id.
    one : Callable[[Tables, str], Resource or None]
        That with an id.
    """

    every: Callable[[Tables], Iterator[Resource]]
    one: Callable[[Tables, str], Resource | None]


def _kind(
    table: Callable[[Tables], dict[str, T]], make: Callable[[Tables, str, T], Resource | None], suffix: str = ""
) -> Kind:
    def every(state: Tables) -> Iterator[Resource]:
        held = table(state)
        for key in sorted(held):
            resource = make(state, key, held[key])
            if resource is not None:
                yield resource

    def one(state: Tables, key: str) -> Resource | None:
        # A metric has the id of its device and a suffix: without it the id names no metric.
        if suffix and not key.endswith(suffix):
            return None
        key = key.removesuffix(suffix)
        found = table(state).get(key)
        return make(state, key, found) if found is not None else None

    return Kind(every=every, one=one)


def _was_written(found: Encounter, kind: str) -> bool:
    """Tell whether somebody wrote it as a resource of this kind: then that resource stands for it."""
    return any(fact.source_key.startswith(f"fhir/{kind}/") for fact in found.facts)


def _encounter(_state: Tables, _key: str, found: Encounter) -> Resource | None:
    return None if _was_written(found, "Encounter") else resources.encounter(found)


def _appointment(_state: Tables, _key: str, found: Encounter) -> Resource | None:
    return None if _was_written(found, "Appointment") else work.appointment(found)


KINDS: dict[str, Kind] = {
    "Location": _kind(lambda state: state.places, resources.location),
    "Encounter": _kind(lambda state: state.encounters, _encounter),
    "Device": _kind(lambda state: state.assets, lambda _state, _key, found: resources.device(found)),
    "Task": _kind(lambda state: state.tasks, lambda _state, _key, found: resources.task(found)),
    "Appointment": _kind(lambda state: state.encounters, _appointment),
    "DeviceMetric": _kind(lambda state: state.assets, lambda _state, _key, found: work.device_metric(found), "-status"),
    "SupplyRequest": _kind(lambda state: state.tasks, lambda _state, _key, found: work.supply_request(found)),
    "SupplyDelivery": _kind(lambda state: state.tasks, lambda _state, _key, found: work.supply_delivery(found)),
}
"""Every resource type that the live state gives; what others wrote stands beside it."""

_INTERACTIONS = ("read", "vread", "update", "delete", "history-instance", "history-type", "create", "search-type")


def _stated(name: str) -> Resource:
    parameters: list[Json] = [{"name": "_id", "type": "token"}, {"name": "_lastUpdated", "type": "date"}]
    parameters += [{"name": parameter, "type": how} for parameter, (how, _path) in PARAMETERS[name].items()]
    interactions: list[Json] = [{"code": code} for code in _INTERACTIONS]
    return {
        "type": name,
        "interaction": interactions,
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "searchParam": parameters,
    }


def capability_statement(at: int, url: str) -> Resource:
    """Give what this server can do.

    Parameters
    ----------
    at : int
        UTC microseconds.
    url : str
        Address of the server.
    """
    served: list[Json] = [_stated(name) for name in TYPES if name not in R5_TYPES]  # a statement of R4 has R4 types
    interactions: list[Json] = [{"code": "transaction"}, {"code": "batch"}]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(at),
        "kind": "instance",
        "implementation": {"description": "Hospital Twin", "url": url},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": served, "interaction": interactions}],
    }
