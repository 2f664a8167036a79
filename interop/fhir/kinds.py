"""Every resource type that the live state gives, and the statement of what this server can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from interop.fhir import planning, resources, stock, work
from interop.fhir.arranging import includable
from interop.fhir.resources import Json, Resource, instant
from interop.fhir.searching import PARAMETERS
from interop.fhir.validation import R5_TYPES, TYPES
from twin.state.model import Encounter, Task
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


def _supply_request(_state: Tables, _key: str, found: Task) -> Resource | None:
    return None if work.asked_by(found) else work.supply_request(found)


KINDS: dict[str, Kind] = {
    "Location": _kind(lambda state: state.places, resources.location),
    "Encounter": _kind(lambda state: state.encounters, _encounter),
    "Device": _kind(lambda state: state.assets, lambda _state, _key, found: resources.device(found)),
    "Task": _kind(lambda state: state.tasks, lambda _state, _key, found: resources.task(found)),
    "Appointment": _kind(lambda state: state.encounters, _appointment),
    "DeviceMetric": _kind(lambda state: state.assets, lambda _state, _key, found: work.device_metric(found), "-status"),
    "SupplyRequest": _kind(lambda state: state.tasks, _supply_request),
    "SupplyDelivery": _kind(lambda state: state.tasks, lambda _state, _key, found: work.supply_delivery(found)),
    "Schedule": Kind(every=planning.schedules, one=planning.one_schedule),
    "Slot": Kind(every=planning.slots, one=planning.one_slot),
    "InventoryItem": Kind(every=stock.items, one=stock.one_item),
    "InventoryReport": Kind(every=stock.reports, one=stock.one_report),
}
"""Every resource type that the live state gives; what others wrote stands beside it."""

_WEBSOCKET = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket"
_INTERACTIONS = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)


def _stated(name: str) -> Resource:
    parameters: list[Json] = [{"name": "_id", "type": "token"}, {"name": "_lastUpdated", "type": "date"}]
    parameters += [{"name": parameter, "type": how} for parameter, (how, _path) in PARAMETERS[name].items()]
    interactions: list[Json] = [{"code": code} for code in _INTERACTIONS]
    forth, back = includable()
    included: list[Json] = [*forth[name], *([f"{name}:*"] if forth[name] else [])]
    told: Resource = {
        "type": name,
        "interaction": interactions,
        "versioning": "versioned",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "searchParam": parameters,
        "searchRevInclude": list(back[name]),
    }
    return told | ({"searchInclude": included} if included else {})


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
    operations: list[Json] = [
        {"name": name, "definition": definition}
        for name, definition in (
            ("process-message", "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"),
            ("rtlsMessageParameters", "http://hl7.org/fhir/uv/rtls/OperationDefinition/rtlsAuxiliaryFunction"),
        )
    ]
    special: list[Json] = [
        {"name": name, "type": "special", "documentation": text}
        for name, text in (
            ("_sort", "Search parameters of the type, -name descends."),
            ("_include", "Type:parameter[:Target] or Type:*; _include:iterate goes on from what was included."),
            ("_revinclude", "Type:parameter: what refers to a match."),
            ("_count", "0 to 200."),
            ("_summary", "count or false."),
        )
    ]
    socket = f"{url.replace('http', 'ws', 1)}/$subscription-events"
    rest: Resource = {
        "extension": [{"url": _WEBSOCKET, "valueUri": socket}],
        "mode": "server",
        "documentation": f"Beside R4, {' and '.join(R5_TYPES)} are served as R5 defines them.",
        "security": {"description": "A key of the role service:his as Authorization: Bearer, or a signed-in session."},
        "resource": served,
        "interaction": interactions,
        "searchParam": special,
        "operation": operations,
    }
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(at),
        "kind": "instance",
        "implementation": {"description": "Hospital Twin", "url": url},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "patchFormat": ["application/json-patch+json"],
        "rest": [rest],
    }
