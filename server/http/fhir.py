"""FHIR R4 facade: what the twin knows, and what other systems write; without anybody's identity from our side."""

from __future__ import annotations

from email.utils import formatdate
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import msgspec
from fastapi import Path as PathParameter
from fastapi import Query
from sqlmodel import Session
from starlette.responses import Response

from interop.fhir import work
from interop.fhir.kinds import KINDS, capability_statement
from interop.fhir.resources import Json, Resource, instant
from interop.fhir.searching import span_of
from interop.fhir.validation import ID_PATTERN
from interop.service import fhir, subscriptions
from interop.service.fhir import Store, Version
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText
from server.doors.router import Router
from server.http import fhir_own
from server.listening import vault_of
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, NotFound

router = Router("/fhir", tag="fhir")

MEDIA = "application/fhir+json"
TAKES = (MEDIA, "application/json")

Key = Annotated[str, PathParameter(pattern=ID_PATTERN)]
VersionNumber = Annotated[int, PathParameter(ge=1, le=2**31)]
Count = Annotated[int, Query(alias="_count", ge=0, le=200, description="How many at most; 0 for the default.")]
Since = Annotated[str, Query(alias="_since", max_length=40, pattern=r"^[^\x00]*$")]


class ResourceType(StrEnum):
    """Resource types that are served; a test holds them equal to what can be checked."""

    APPOINTMENT = "Appointment"
    AUDIT_EVENT = "AuditEvent"
    DEVICE = "Device"
    DEVICE_METRIC = "DeviceMetric"
    ENCOUNTER = "Encounter"
    INVENTORY_ITEM = "InventoryItem"
    INVENTORY_REPORT = "InventoryReport"
    LOCATION = "Location"
    OBSERVATION = "Observation"
    PROVENANCE = "Provenance"
    SCHEDULE = "Schedule"
    SLOT = "Slot"
    SUBSCRIPTION = "Subscription"
    SUPPLY_DELIVERY = "SupplyDelivery"
    SUPPLY_REQUEST = "SupplyRequest"
    TASK = "Task"


def store_of(call: Call) -> Store:
    """Give what keeping resources needs."""
    hospital = call.hospital
    origins = hospital.settings.notify_origins
    return Store(vault=vault_of(hospital), ledger=hospital.ledger, live=hospital.live, origins=origins)


def answer(body: object, status: int = 200, **headers: str) -> Response:
    """Make an answer; headers by name with underscores."""
    told = {name.replace("_", "-"): text for name, text in headers.items()} | {"cache-control": "no-store"}
    return Response(msgspec.json.encode(body), status, told, MEDIA)


def versioned(call: Call, version: Version, status: int = 200) -> Response:
    """Make the answer of one version: its ETag, when it was written, after a write also its address."""
    headers = {
        "etag": f'W/"{version.version}"',
        "last_modified": formatdate(version.updated_at / 1_000_000, usegmt=True),
    }
    if status in (200, 201) and call.request.method != "GET":
        url = f"{call.hospital.settings.public_url}/fhir/{version.kind}/{version.id}/_history/{version.version}"
        headers["location"] = url
    return answer(version.body, status, **headers)


def live_resource(call: Call, kind: str, key: str) -> Resource | None:
    """Give a resource of the live state as of the last commit; None if the twin knows none."""
    if kind not in KINDS:
        return None
    with call.hospital.ledger.steady:
        resource = KINDS[kind].one(call.hospital.live, key)
        at = work.updated_at(call.hospital.live, kind, key)
    if resource is not None and at:
        resource["meta"] = {"lastUpdated": instant(at)}
    return resource


@router.get("/metadata", permission=Permission.FHIR_READ, gives=dict[str, msgspec.Raw], media=MEDIA)
def get_capabilities(call: CallDep) -> Response:
    """Give the CapabilityStatement."""
    return answer(capability_statement(call.now, f"{call.hospital.settings.public_url}/fhir"))


@router.get("/{kind}/_history", permission=Permission.FHIR_READ, gives=dict[str, msgspec.Raw], media=MEDIA)
def type_history(
    call: CallDep, kind: ResourceType, _count: Count = 0, _since: Since = "", cursor: CursorText = ""
) -> Response:
    """Give what the twin knew of a type, then what was written of it, each the latest first; see ``_since``."""
    since, limit = instant_asked("_since", _since), _count or 50
    scope = f"fhir/{kind}/_history/{since}"
    after = call.cursors.read(scope, cursor)
    # Two sorts of places to go on at: a number of what was written (one value), a fact of the live state (three).
    before = int(after[0]) if after and len(after) == 1 else 0
    entries: list[Json] = []
    if not before:
        past = _live_past(call, str(kind), since, _Past(*after) if after else None)
        entries = [_live_entry(call, str(kind), one.resource, one.key.at) for one in past[:limit]]
        if len(past) > limit:
            return answer(bundle(call, "history", entries, call.cursors.write(scope, list(past[limit - 1].key))))
    with call.hospital.read() as session:
        vault, room = vault_of(call.hospital), limit - len(entries)
        found = fhir.history(session, vault, kind=str(kind), since=since, before=before, limit=room + 1)
    entries += [_entry_of(call, version) for version in found[:room]]
    mark = ""
    if len(found) > room:
        mark = call.cursors.write(scope, [found[room - 1].number if room else found[0].number + 1])
    return answer(bundle(call, "history", entries, mark))


class _Past(NamedTuple):
    """Where a version of a live resource stands in the history of its type, the latest first."""

    at: int
    resource_id: str
    number: int

    @property
    def order(self) -> tuple[int, str, int]:
        return -self.at, self.resource_id, -self.number


class _LiveVersion(NamedTuple):
    key: _Past
    resource: Resource


def _live_past(call: Call, kind: str, since: int, after: _Past | None) -> list[_LiveVersion]:
    """Give the versions of live resources since an instant, behind a place; those without a past as they are now."""
    if kind not in KINDS:
        return []
    live, found = call.hospital.live, []
    with call.hospital.ledger.steady:
        for resource in KINDS[kind].every(live):
            key = str(resource["id"])
            at = work.updated_at(live, kind, key)
            if at >= since:
                past = list(work.versions_of(live, kind, key)) or [(at, resource)]
                found += [
                    _LiveVersion(_Past(when, key, number), version)
                    for number, (when, version) in enumerate(past)
                    if when >= since
                ]
    # By fact and not by a count of rows: what happens between two pages must not push one out of sight.
    found.sort(key=lambda one: one.key.order)
    return [one for one in found if after is None or one.key.order > after.order]


def _live_entry(call: Call, kind: str, resource: Resource, at: int) -> Json:
    shown: Resource = {**resource, "meta": {"lastUpdated": instant(at)}}
    key = str(resource["id"])
    return {
        "fullUrl": f"{call.hospital.settings.public_url}/fhir/{kind}/{key}",
        "resource": shown,
        "request": {"method": "PUT", "url": f"{kind}/{key}"},
        "response": {"status": "200", "lastModified": instant(at)},
    }


def _entry_of(call: Call, version: Version) -> Json:
    url = f"{version.kind}/{version.id}"
    entry: dict[str, Any] = {"fullUrl": f"{call.hospital.settings.public_url}/fhir/{url}"}
    if not version.is_deleted:
        entry["resource"] = version.body
    method = "DELETE" if version.is_deleted else "POST" if version.version == 1 else "PUT"
    entry["request"] = {"method": method, "url": version.kind if method == "POST" else url}
    entry["response"] = {
        "status": "204" if version.is_deleted else "201" if version.version == 1 else "200",
        "etag": f'W/"{version.version}"',
        "lastModified": instant(version.updated_at),
    }
    return entry


def bundle(call: Call, kind: str, entries: list[Json], mark: str, *, total: int | None = None) -> Resource:
    """Make a Bundle with its links; ``mark`` is where the next page begins, empty for the last one."""
    links: list[Json] = [{"relation": "self", "url": str(call.request.url)}]
    if mark:
        links.append({"relation": "next", "url": str(call.request.url.include_query_params(cursor=mark))})
    made: Resource = {"resourceType": "Bundle", "type": kind, "link": links, "entry": entries}
    if total is not None:
        made["total"] = total
    return made


def instant_asked(name: str, text: str) -> int:
    """Read an instant of the address line, UTC microseconds; 0 for none."""
    if not text:
        return 0
    # the plus of an offset arrives as a blank where a client does not escape it
    span = span_of(text.replace(" ", "+"))
    if span is None:
        problem = FieldProblem(
            field=name, place=f"/query/{name}", message="Expected an instant.", cure="Send it as 2026-01-05T08:00:00Z."
        )
        raise FieldError(problem)
    return span[0]


@router.get("/{kind}/{key}/_history", permission=Permission.FHIR_READ, gives=dict[str, msgspec.Raw], media=MEDIA)
def resource_history(
    call: CallDep, kind: ResourceType, key: Key, _count: Count = 0, _since: Since = "", cursor: CursorText = ""
) -> Response:
    """Give the versions of one resource, the latest first; of encounters and tasks what they were after each fact."""
    since, limit = instant_asked("_since", _since), _count or 50
    scope = f"fhir/{kind}/{key}/_history/{since}"
    after = call.cursors.read(scope, cursor)
    before = int(after[0]) if after else 0
    with call.hospital.read() as session:
        vault = vault_of(call.hospital)
        kept = fhir.history(
            session, vault, kind=str(kind), resource_id=key, since=since, before=before, limit=limit + 1
        )
    if kept:
        mark = call.cursors.write(scope, [kept[limit - 1].number]) if len(kept) > limit else ""
        total = None if mark or before else len(kept)
        return answer(bundle(call, "history", [_entry_of(call, one) for one in kept[:limit]], mark, total=total))
    current = live_resource(call, str(kind), key)
    if current is None:
        raise NotFound(str(kind), key)
    with call.hospital.ledger.steady:
        past = list(work.versions_of(call.hospital.live, str(kind), key))
        at = work.updated_at(call.hospital.live, str(kind), key)
    # Versions are numbered from the oldest, so that a new one moves none of those that are still to be given.
    found = [(number, *one) for number, one in enumerate(past or [(at, current)], 1) if one[0] >= since]
    shown = [one for one in reversed(found) if not before or one[0] < before]
    entries = [_live_entry(call, str(kind), version, when) for _, when, version in shown[:limit]]
    mark = call.cursors.write(scope, [shown[limit - 1][0]]) if len(shown) > limit else ""
    return answer(bundle(call, "history", entries, mark, total=len(found)))


@router.get(
    "/{kind}/{key}/_history/{version}", permission=Permission.FHIR_READ, gives=dict[str, msgspec.Raw], media=MEDIA
)
def read_version(call: CallDep, kind: ResourceType, key: Key, version: VersionNumber) -> Response:
    """Give one version of a resource."""
    with call.hospital.read() as session:
        found = fhir.read(session, vault_of(call.hospital), str(kind), key, version=version)
    return versioned(call, found)


@router.get("/{kind}/{key}", permission=Permission.FHIR_READ, gives=dict[str, msgspec.Raw], media=MEDIA)
def read_one(call: CallDep, kind: ResourceType, key: Key) -> Response:
    """Give one resource: what the twin knows of it, else what was written."""
    resource = live_resource(call, str(kind), key)
    if resource is not None:
        return answer(resource)
    with call.hospital.read() as session:
        own = fhir_own.one(call, session, str(kind), key)
        if own is not None:
            return answer(own)
        found = fhir.read(session, vault_of(call.hospital), str(kind), key)
        if kind is ResourceType.SUBSCRIPTION:
            _say_state(session, found)
    return versioned(call, found)


def _say_state(session: Session, found: Version) -> None:
    """Let a Subscription say how it stands; its writer asked for something only."""
    try:
        one = subscriptions.subscription(session, found.id, kind=subscriptions.FHIR)
    except NotFound:
        return  # it follows a search, which is kept and not acted on
    found.body["status"] = msgspec.Raw(msgspec.json.encode(one.state.value))
    if one.problem:
        found.body["error"] = msgspec.Raw(msgspec.json.encode(one.problem))
