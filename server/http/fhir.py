"""FHIR R4 facade: read and search what the twin knows, without anybody's identity."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from starlette.responses import Response

from interop.fhir.resources import KINDS, Json, Resource, capability_statement, found
from server.doors.context import CallDep
from server.doors.pages import CursorText, Limit, PathText
from server.doors.router import Router
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, NotFound

router = Router("/fhir", tag="fhir")

MEDIA = "application/fhir+json"
_OURS = ("_count", "cursor", "limit", "_format")


class ResourceType(StrEnum):
    """Resource types that are served."""

    LOCATION = "Location"
    ENCOUNTER = "Encounter"
    DEVICE = "Device"
    TASK = "Task"


def _answer(resource: Resource) -> Response:
    return Response(msgspec.json.encode(resource), media_type=MEDIA, headers={"cache-control": "no-store"})


@router.get("/metadata", permission=Permission.FHIR_READ, gives=dict[str, msgspec.Raw], media=MEDIA)
def get_capabilities(call: CallDep) -> Response:
    """Give the CapabilityStatement."""
    return _answer(capability_statement(call.now, f"{call.hospital.settings.public_url}/fhir"))


@router.get("/{kind}/{resource_id}", permission=Permission.FHIR_READ, gives=dict[str, msgspec.Raw], media=MEDIA)
def read_resource(call: CallDep, kind: ResourceType, resource_id: PathText) -> Response:
    """Give one resource."""
    with call.hospital.ledger.steady:
        resource = KINDS[kind.value].one(call.hospital.live, resource_id)
    if resource is None:
        raise NotFound(kind.value, resource_id)
    return _answer(resource)


@router.get("/{kind}", permission=Permission.FHIR_READ, gives=dict[str, msgspec.Raw], media=MEDIA)
def search_resources(call: CallDep, kind: ResourceType, limit: Limit = 50, cursor: CursorText = "") -> Response:
    """Give a searchset Bundle; an unknown search parameter is refused, not passed over."""
    asked = {name: text for name, text in call.request.query_params.items() if name not in _OURS}
    for name in asked:
        if name not in KINDS[kind.value].searches:
            known = ", ".join(KINDS[kind.value].searches)
            problem = FieldProblem(
                field=name, place=f"/query/{name}", message="Expected a search parameter of this type.",
                cure=f"Use one of {known}.",
            )  # fmt: skip
            raise FieldError(problem)
    scope = f"fhir/{kind.value}/{sorted(asked.items())}"
    after = call.cursors.read(scope, cursor)
    with call.hospital.ledger.steady:
        rows = found(call.hospital.live, kind.value, asked)
    start = after[0] if after else ""
    page = [row for row in rows if str(row["id"]) > start][: limit + 1]
    links: list[Json] = [{"relation": "self", "url": str(call.request.url)}]
    if len(page) > limit:
        mark = call.cursors.write(scope, [str(page[limit - 1]["id"])])
        links.append({"relation": "next", "url": str(call.request.url.include_query_params(cursor=mark))})
    entries: list[Json] = [
        {"fullUrl": f"{call.hospital.settings.public_url}/fhir/{kind.value}/{row['id']}", "resource": row}
        for row in page[:limit]
    ]
    return _answer({"resourceType": "Bundle", "type": "searchset", "total": len(rows), "link": links, "entry": entries})
