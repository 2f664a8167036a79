"""More resources from the live state: bookings, requests, deliveries, metrics, lineage; and past versions."""

from __future__ import annotations

from collections.abc import Iterator

from interop.fhir import stock
from interop.fhir.resources import Json, Resource, encounter, instant, task
from twin.clock import MINUTE_US
from twin.events.envelope import Event
from twin.events.work import TaskKind
from twin.state import folding
from twin.state.model import Asset, Encounter, EncounterStatus, Task, TaskStatus
from twin.state.reducers.tasks import step as task_step
from twin.state.tables import Tables

_SLOT_MINUTES = 30
_METRIC_STATUS = {"on": "on", "running": "on", "off": "off", "standby": "standby", "fault": "off"}
_REQUEST_STATUS = {
    TaskStatus.DRAFT: "draft",
    TaskStatus.REQUESTED: "active",
    TaskStatus.ACCEPTED: "active",
    TaskStatus.IN_PROGRESS: "active",
    TaskStatus.ON_HOLD: "suspended",
    TaskStatus.COMPLETED: "completed",
    TaskStatus.CANCELLED: "cancelled",
}
_PRIORITY = {1: "stat", 2: "urgent", 3: "routine", 4: "routine", 5: "routine"}


def appointment(found: Encounter) -> Resource | None:
    """Give the booking that a planned encounter is, or was; None for one that nobody planned."""
    if not found.expected_at:
        return None
    status = {EncounterStatus.PLANNED: "booked", EncounterStatus.CANCELLED: "cancelled"}.get(found.status, "fulfilled")
    place = found.reserved or found.place
    participants: list[Json] = [
        {"actor": {"identifier": {"value": found.id}}, "status": "accepted"},
    ]
    if place:
        participants.append({"actor": {"reference": f"Location/{place}"}, "status": "accepted"})
    made: Resource = {
        "resourceType": "Appointment",
        "id": found.id,
        "status": status,
        "start": instant(found.expected_at),
        "end": instant(found.expected_at + _SLOT_MINUTES * MINUTE_US),
        "participant": participants,
    }
    if found.service:
        made["serviceType"] = [{"coding": [{"code": found.service}]}]
    return made


def device_metric(found: Asset) -> Resource | None:
    """Give the operating status that a networked device reports; None for one that reports none."""
    if found.status is None:
        return None
    made: Resource = {
        "resourceType": "DeviceMetric",
        "id": f"{found.id}-status",
        "category": "setting",
        "type": {"coding": [{"system": "urn:hospital-twin:metric", "code": "operating-status"}]},
        "source": {"reference": f"Device/{found.id}"},
    }
    status = _METRIC_STATUS.get(found.status.status)
    if status:
        made["operationalStatus"] = status
    return made


def asked_by(found: Task) -> str:
    """Give the id of the SupplyRequest that another system wrote and that the task is made of; empty if none was."""
    # The key of a request by FHIR ends in that id, see ``interop.fhir.meaning``; ids of FHIR hold no colon.
    return found.dedupe_key.rpartition(":")[2] if found.dedupe_key.startswith("fhir:") else ""


def supply_request(found: Task) -> Resource | None:
    """Give the request for supplies that a restock task is; None for another task."""
    if found.kind is not TaskKind.RESTOCK:
        return None
    made: Resource = {
        "resourceType": "SupplyRequest",
        "id": found.id,
        "status": _REQUEST_STATUS[found.status],
        "priority": _PRIORITY.get(found.priority, "routine"),
        "itemCodeableConcept": {"coding": [{"system": "urn:hospital-twin:item", "code": found.subject_id}]},
        "quantity": {"value": max(found.quantity, 1)},
    }
    if found.created_at:
        made["authoredOn"] = instant(found.created_at)
    if found.due_at:
        made["occurrenceDateTime"] = instant(found.due_at)
    for name, place in (("deliverFrom", found.from_place), ("deliverTo", found.to_place)):
        if place:
            made[name] = {"reference": f"Location/{place}"}
    return made


def supply_delivery(found: Task) -> Resource | None:
    """Give the delivery of a restock task that somebody carries or has brought; None before."""
    status = {TaskStatus.IN_PROGRESS: "in-progress", TaskStatus.COMPLETED: "completed"}.get(found.status)
    if found.kind is not TaskKind.RESTOCK or status is None:
        return None
    supplied: Resource = {
        "quantity": {"value": found.done_quantity or found.quantity},
        "itemCodeableConcept": {"coding": [{"system": "urn:hospital-twin:item", "code": found.subject_id}]},
    }
    made: Resource = {
        "resourceType": "SupplyDelivery",
        "id": found.id,
        "status": status,
        "suppliedItem": supplied,
        "basedOn": [{"reference": f"SupplyRequest/{asked_by(found) or found.id}"}],
    }
    if found.ended_at:
        made["occurrenceDateTime"] = instant(found.ended_at)
    if found.to_place:
        made["destination"] = {"reference": f"Location/{found.to_place}"}
    return made


def provenance(event: Event, target: str) -> Resource:
    """Give who said what, when: one event of the ledger as lineage of a resource.

    Parameters
    ----------
    event : Event
        As stored.
    target : str
        Reference to what it is about, such as ``Encounter/E1``.
    """
    kind = "system" if not event.actor else "person"
    agent: Resource = {"who": {"identifier": {"value": event.actor or event.source}}, "type": {"text": kind}}
    entity: Resource = {"role": "source", "what": {"identifier": {"system": event.source, "value": event.source_key}}}
    return {
        "resourceType": "Provenance",
        "id": event.id,
        "target": [{"reference": target}],
        "occurredDateTime": instant(event.occurred_at),
        "recorded": instant(event.recorded_at),
        "activity": {"text": type(event).__name__},
        "agent": [agent],
        "entity": [entity],
    }


def versions_of(state: Tables, kind: str, key: str) -> Iterator[tuple[int, Resource]]:
    """Give what an encounter or a task was after each of its facts, the oldest first, with when that was recorded.

    Parameters
    ----------
    state : Tables
        The hospital.
    kind, key : str
        Resource type and id; nothing for a type whose past is not kept as facts.
    """
    if kind == "Encounter" and key in state.encounters:
        held = state.encounters[key]
        # Folded anew for each version, since a fact that was cancelled later was true in the versions before.
        for count in range(1, len(held.facts) + 1):
            anew = Encounter(id=key, facts=held.facts[:count])
            for fact in folding.without_cancelled(held.facts[:count]):
                folding.step(anew, fact)
            yield held.facts[count - 1].recorded_at, encounter(anew)
    elif kind == "Task" and key in state.tasks:
        done = Task(id=key)
        for step in state.tasks[key].facts:
            task_step(done, step)
            yield step.recorded_at, task(done)


def updated_at(state: Tables, kind: str, key: str) -> int:
    """Give when a resource of the live state last changed, UTC microseconds; 0 if that is not known."""
    if kind in ("Encounter", "Appointment") and key in state.encounters:
        facts = state.encounters[key].facts
        return max((fact.recorded_at for fact in facts), default=0)
    if kind in ("Task", "SupplyRequest", "SupplyDelivery") and key in state.tasks:
        return max((fact.recorded_at for fact in state.tasks[key].facts), default=0)
    if kind == "Location" and key in state.places:
        held = state.beds.get(key)
        registers = (state.places[key], held.readiness if held else None, held.service if held else None)
        return max(register.recorded_at for register in registers if register is not None)
    if kind in ("InventoryItem", "InventoryReport"):
        return stock.updated_at(state, kind, key)
    if kind in ("Device", "DeviceMetric"):
        asset = state.assets.get(key.removesuffix("-status"))
        register = asset.status if asset is not None and kind == "DeviceMetric" else asset and asset.entry
        return register.recorded_at if register else 0
    return 0
