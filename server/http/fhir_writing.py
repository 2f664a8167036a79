"""FHIR R4 writes: create, update, patch, delete, also by a search; checked by fhir.resources before they are kept."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from sqlmodel import Session
from starlette.responses import Response

from interop.fhir.patching import patched, read_operations
from interop.fhir.searching import read_wanted
from interop.fhir.validation import read_resource
from interop.service import fhir
from interop.service.fhir import Search, Store, Version, Write
from server.doors.context import Call, CallDep
from server.doors.router import Router
from server.http.fhir import MEDIA, TAKES, Key, ResourceType, store_of, versioned
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, NotFound, StaleVersion

router = Router("/fhir", tag="fhir")

PATCH_MEDIA = "application/json-patch+json"


def bad(field: str, message: str, cure: str) -> FieldError:
    """Make the error of a part of a write."""
    return FieldError(FieldProblem(field=field, place=f"/{field}", message=message, cure=cure), code="fhir.invalid")


def expected_of(text: str) -> int:
    """Read If-Match: ``W/"3"`` is 3; 0 if it is left out."""
    found = re.fullmatch(r'(?:W/)?"(\d{1,9})"', text.strip()) if text else None
    if text and found is None:
        raise bad("If-Match", 'Expected W/"version".', "Send the ETag that you read.")
    return int(found[1]) if found is not None else 0


def source_of(call: Call) -> str:
    """Give who writes."""
    return call.actor.source or f"user:{call.actor.id}"


def write_of(call: Call, kind: str, key: str, body: bytes, *, expected: int = 0) -> Write:
    """Give what is to be written, checked; under an id of ours where the address names none."""
    resource = read_resource(body, kind)
    told = resource.get("id")
    if told is not None and key and told != key:
        raise bad("id", f"Expected the id of the address, {key!r}.", "Send the resource under its own id.")
    return Write(
        kind=kind,
        id=key or call.hospital.new_id(),
        body=body,
        resource=resource,
        source=source_of(call),
        at=call.now,
        expected=expected,
    )


def removal_of(call: Call, kind: str, key: str, *, expected: int = 0) -> Write:
    """Give what takes a resource away."""
    return Write(kind=kind, id=key, body=b"", resource={}, source=source_of(call), at=call.now, expected=expected)


@dataclass(frozen=True, slots=True)
class Known:
    """A resource that was there already, so that nothing was created."""

    version: Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditioned:
    """A write of which a search says what it is about.

    Parameters
    ----------
    told : Write
        As it is done if the search finds nothing; without a body the one resource found is deleted.
    condition : Search
        What may find one resource at most.
    is_update : bool
        Whether the resource found is written anew; otherwise it stays as it is, and nothing is created.
    """

    told: Write
    condition: Search
    is_update: bool = False


def condition_of(store: Store, kind: str, text: str, field: str) -> Search:
    """Read the search of a conditional write (FHIR R4, 3.1.0.4.3 and 3.1.0.8.1).

    Parameters
    ----------
    store : Store
        Where it is looked for.
    kind : str
        Resource type.
    text : str
        Search parameters as in an address.
    field : str
        Where they stand, for the error.
    """
    asked = parse_qsl(text.lstrip("?"), keep_blank_values=True)
    ids = tuple(part for name, value in asked if name == "_id" for part in value.split(",") if part)
    wanted = read_wanted(kind, [pair for pair in asked if pair[0] != "_id"], store.hidden)
    if not wanted and not ids:
        # Without one any resource of the type would be meant.
        raise bad(field, "Expected search parameters.", "Send identifier=system|value.")
    return Search(kind=kind, wanted=wanted, ids=ids)


class ManyFound(StaleVersion):
    """A condition that should name one resource finds several: 412, as a version that is not the expected one."""

    code = "fhir.condition"

    def __init__(self, kind: str) -> None:
        super().__init__(expected=1, found=2)
        self.message = f"The condition finds more than one {kind}: narrow it."


def settled(session: Session, store: Store, one: Conditioned) -> Write | Known:
    """Give what a conditional write comes to.

    Looked up in the transaction that writes: two senders of the same thing at the same moment make one resource.

    Parameters
    ----------
    session : Session
        The writing transaction.
    store : Store
        Where it is looked for.
    one : Conditioned
        The write.

    Raises
    ------
    ManyFound
        If the search finds several.
    NotFound
        If there is nothing to delete.
    FieldError
        If the resource that is found has another id than the one that was sent.
    """
    found = fhir.search(session, store.vault, one.condition, limit=2)
    if len(found) > 1:
        raise ManyFound(one.told.kind)
    told = one.told
    sent = told.resource.get("id")
    if not found:
        if not told.body:
            raise NotFound(told.kind, "by the condition")
        return replace(told, id=sent) if one.is_update and isinstance(sent, str) else told
    if not one.is_update and told.body:
        return Known(found[0])
    if sent is not None and sent != found[0].id:
        message = f"The condition finds {told.kind}/{found[0].id}, and {told.kind}/{str(sent)[:64]} was sent."
        raise bad("id", message, "Leave the id out, or mend the condition.")
    return replace(told, id=found[0].id)


async def _keep(call: Call, make: Callable[[Session, Store], Write | Known]) -> Version | Known:
    store = store_of(call)

    def use_case(session: Session) -> Version | Known:
        told = make(session, store)
        if isinstance(told, Known):
            return told
        action = "fhir.written" if told.body else "fhir.deleted"
        call.request.app.state.access.note(session, call.actor.id, action, f"{told.kind}/{told.id}")
        return fhir.write(session, store, told)

    return await call.hospital.write(use_case)


async def _do(call: Call, told: Write | Conditioned) -> Version | Known:
    return await _keep(
        call, lambda session, store: settled(session, store, told) if isinstance(told, Conditioned) else told
    )


def _written(call: Call, done: Version | Known) -> Response:
    if isinstance(done, Known):
        return versioned(call, done.version)
    return versioned(call, done, 201 if done.version == 1 else 200)


def _removed(done: Version | Known) -> Response:
    version = done.version if isinstance(done, Version) else done.version.version
    return Response(status_code=204, headers={"etag": f'W/"{version}"', "cache-control": "no-store"})


@router.post(
    "/{kind}", permission=Permission.FHIR_WRITE, takes=dict[str, Any], takes_media=TAKES, status=201, media=MEDIA
)
async def create_resource(call: CallDep, kind: ResourceType) -> Response:
    """Keep a new resource under an id of ours; with If-None-Exist only if its search finds nothing yet."""
    told = write_of(call, str(kind), "", call.body)
    text = call.request.headers.get("if-none-exist", "")
    if not text:
        return _written(call, await _do(call, told))
    condition = condition_of(store_of(call), str(kind), text, "If-None-Exist")
    return _written(call, await _do(call, Conditioned(told=told, condition=condition)))


@router.put("/{kind}/{key}", permission=Permission.FHIR_WRITE, takes=dict[str, Any], takes_media=TAKES, media=MEDIA)
async def update_resource(call: CallDep, kind: ResourceType, key: Key) -> Response:
    """Keep a resource under an id of the sender's; with If-Match only if nobody wrote since."""
    expected = expected_of(call.request.headers.get("if-match", ""))
    return _written(call, await _do(call, write_of(call, str(kind), key, call.body, expected=expected)))


@router.put("/{kind}", permission=Permission.FHIR_WRITE, takes=dict[str, Any], takes_media=TAKES, media=MEDIA)
async def update_by_search(call: CallDep, kind: ResourceType) -> Response:
    """Write anew the one resource that the search of the address finds, or a new one if it finds none."""
    condition = condition_of(store_of(call), str(kind), call.request.url.query, "query")
    expected = expected_of(call.request.headers.get("if-match", ""))
    told = write_of(call, str(kind), "", call.body, expected=expected)
    return _written(call, await _do(call, Conditioned(told=told, condition=condition, is_update=True)))


@router.patch(
    "/{kind}/{key}",
    permission=Permission.FHIR_WRITE,
    takes=list[dict[str, Any]],
    takes_media=(PATCH_MEDIA,),
    media=MEDIA,
)
async def patch_resource(call: CallDep, kind: ResourceType, key: Key) -> Response:
    """Change single fields of a resource that was written, by JSON Patch; with If-Match only if nobody wrote since."""
    operations = read_operations(call.body)
    expected = expected_of(call.request.headers.get("if-match", ""))

    def make(session: Session, store: Store) -> Write:
        # Read where it is written: of two patches at one moment the second sees what the first has done.
        held = fhir.read(session, store.vault, str(kind), key)
        body = patched(msgspec.json.encode(held.body), operations)
        return write_of(call, str(kind), key, body, expected=expected or held.version)

    return _written(call, await _keep(call, make))


@router.delete("/{kind}/{key}", permission=Permission.FHIR_WRITE, status=204)
async def delete_resource(call: CallDep, kind: ResourceType, key: Key) -> Response:
    """Take a resource away that was written; its history is kept."""
    expected = expected_of(call.request.headers.get("if-match", ""))
    return _removed(await _do(call, removal_of(call, str(kind), key, expected=expected)))


@router.delete("/{kind}", permission=Permission.FHIR_WRITE, status=204)
async def delete_by_search(call: CallDep, kind: ResourceType) -> Response:
    """Take away the one resource that the search of the address finds."""
    condition = condition_of(store_of(call), str(kind), call.request.url.query, "query")
    told = removal_of(call, str(kind), "")
    return _removed(await _do(call, Conditioned(told=told, condition=condition, is_update=True)))
