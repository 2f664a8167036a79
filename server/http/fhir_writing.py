"""FHIR R4 writes: create, update, delete, and Bundles of them; checked by fhir.resources before anything is kept."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import msgspec
from sqlmodel import Session
from starlette.datastructures import QueryParams
from starlette.responses import Response

from interop.fhir.resources import Json
from interop.fhir.searching import read_wanted
from interop.fhir.validation import ID_PATTERN, TYPES, read_resource
from interop.service import fhir
from interop.service.fhir import Search, Store, Version, Write
from server.doors.bodies import decode
from server.doors.context import Call, CallDep
from server.doors.dialects import fhir_issue
from server.doors.problem import status_of
from server.doors.router import Router
from server.http.fhir import MEDIA, TAKES, Key, ResourceType, answer, read_one, read_version, store_of, versioned
from server.http.fhir_search import searched_by
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, HospitalTwinError, StaleVersion

router = Router("/fhir", tag="fhir")

MAX_ENTRIES = 1_000


def _bad(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place=f"/{field}", message=message, cure=cure), code="fhir.invalid")


def _expected(text: str) -> int:
    """Read If-Match: ``W/"3"`` is 3; 0 if it is left out."""
    found = re.fullmatch(r'(?:W/)?"(\d{1,9})"', text.strip()) if text else None
    if text and found is None:
        raise _bad("If-Match", 'Expected W/"version".', "Send the ETag that you read.")
    return int(found[1]) if found is not None else 0


def _source(call: Call) -> str:
    return call.actor.source or f"user:{call.actor.id}"


def _write_of(call: Call, kind: str, key: str, body: bytes, *, expected: int = 0) -> Write:
    resource = read_resource(body, kind)
    told = resource.get("id")
    if told is not None and key and told != key:
        raise _bad("id", f"Expected the id of the address, {key!r}.", "Send the resource under its own id.")
    return Write(
        kind=kind,
        id=key or call.hospital.new_id(),
        body=body,
        resource=resource,
        source=_source(call),
        at=call.now,
        expected=expected,
    )


def _condition(store: Store, kind: str, text: str) -> Search | None:
    """Read If-None-Exist, the search that must find nothing (FHIR R4, 3.1.0.8.1); None if it is left out."""
    if not text:
        return None
    asked = parse_qsl(text.lstrip("?"), keep_blank_values=True)
    ids = tuple(part for name, value in asked if name == "_id" for part in value.split(",") if part)
    wanted = read_wanted(kind, [pair for pair in asked if pair[0] != "_id"], store.hidden)
    if not wanted and not ids:
        raise _bad("If-None-Exist", "Expected search parameters.", "Send identifier=system|value.")
    return Search(kind=kind, wanted=wanted, ids=ids)


def _found_already(session: Session, store: Store, condition: Search) -> Version | None:
    """Give the one resource that a condition finds.

    Looked up in the transaction that writes: two senders of the same thing at the same moment make one resource.
    """
    found = fhir.search(session, store.vault, condition, limit=2)
    if len(found) > 1:
        raise ManyFound(found[0].kind)
    return found[0] if found else None


class ManyFound(StaleVersion):
    """A condition that should name one resource finds several: 412, as a version that is not the expected one."""

    code = "fhir.condition"

    def __init__(self, kind: str) -> None:
        super().__init__(expected=1, found=2)
        self.message = f"If-None-Exist finds more than one {kind}: narrow it."


async def _create(call: Call, told: Write, condition: Search) -> Version | Known:
    store = store_of(call)

    def use_case(session: Session) -> Version | Known:
        known = _found_already(session, store, condition)
        if known is not None:
            return Known(known)
        call.request.app.state.access.note(session, call.actor.id, "fhir.written", f"{told.kind}/{told.id}")
        return fhir.write(session, store, told)

    return await call.hospital.write(use_case)


async def _do(call: Call, told: Write) -> Version:
    store = store_of(call)

    def use_case(session: Session) -> Version:
        action = "fhir.written" if told.body else "fhir.deleted"
        call.request.app.state.access.note(session, call.actor.id, action, f"{told.kind}/{told.id}")
        return fhir.write(session, store, told)

    return await call.hospital.write(use_case)


@router.post(
    "/{kind}", permission=Permission.FHIR_WRITE, takes=dict[str, Any], takes_media=TAKES, status=201, media=MEDIA
)
async def create_resource(call: CallDep, kind: ResourceType) -> Response:
    """Keep a new resource under an id of ours; with If-None-Exist only if its search finds nothing yet."""
    condition = _condition(store_of(call), str(kind), call.request.headers.get("if-none-exist", ""))
    told = _write_of(call, str(kind), "", call.body)
    if condition is None:
        return versioned(call, await _do(call, told), 201)
    done = await _create(call, told, condition)
    return versioned(call, done.version) if isinstance(done, Known) else versioned(call, done, 201)


@router.put("/{kind}/{key}", permission=Permission.FHIR_WRITE, takes=dict[str, Any], takes_media=TAKES, media=MEDIA)
async def update_resource(call: CallDep, kind: ResourceType, key: Key) -> Response:
    """Keep a resource under an id of the sender's; with If-Match only if nobody wrote since."""
    expected = _expected(call.request.headers.get("if-match", ""))
    version = await _do(call, _write_of(call, str(kind), key, call.body, expected=expected))
    return versioned(call, version, 201 if version.version == 1 else 200)


@router.delete("/{kind}/{key}", permission=Permission.FHIR_WRITE, status=204)
async def delete_resource(call: CallDep, kind: ResourceType, key: Key) -> Response:
    """Take a resource away that was written; its history is kept."""
    expected = _expected(call.request.headers.get("if-match", ""))
    told = Write(kind=str(kind), id=key, body=b"", resource={}, source=_source(call), at=call.now, expected=expected)
    version = await _do(call, told)
    return Response(status_code=204, headers={"etag": f'W/"{version.version}"', "cache-control": "no-store"})


class BundleEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a batch or transaction; its resource keeps the characters that were sent."""

    request: dict[str, Any]
    resource: msgspec.Raw = msgspec.Raw(b"")
    fullUrl: str = ""  # noqa: N815  # the standard's name


class BundleTold(msgspec.Struct, frozen=True, kw_only=True):
    """A batch or transaction."""

    resourceType: str  # noqa: N815  # the standard's name
    type: str
    entry: list[BundleEntry] = []


@dataclass(frozen=True, slots=True)
class Known:
    """A resource that was there already, so that nothing was created."""

    version: Version


@dataclass(frozen=True, slots=True)
class Failed:
    """An entry of a batch that could not be done."""

    error: HospitalTwinError


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An entry that only reads: one resource, one version of it, or a search."""

    kind: str
    key: str
    version: str
    query: str


_READ_URL = re.compile(
    r"(?P<kind>[A-Za-z]+)(?:/(?P<key>[A-Za-z0-9\-.]{1,64})(?:/_history/(?P<version>\d{1,9}))?|\?(?P<query>.*))?"
)


def _asked(url: str, index: int) -> Asked:
    found = _READ_URL.fullmatch(url)
    if found is None or found["kind"] not in TYPES:
        message = f"Expected one of {', '.join(TYPES)}, with an id or a search."
        raise _bad(f"entry/{index}/request/url", message, "Mend the url.")
    told = {name: found[name] or "" for name in ("kind", "key", "version", "query")}
    return Asked(**told)


def _read(call: Call, one: Asked) -> Json:
    """Answer an entry that reads, as its address alone would be answered."""
    try:
        call.actor.require(Permission.FHIR_READ)
        if one.version:
            told = read_version(call, ResourceType(one.kind), one.key, int(one.version))
        elif one.key:
            told = read_one(call, ResourceType(one.kind), one.key)
        else:
            told = searched_by(call, one.kind, QueryParams(one.query))
    except HospitalTwinError as error:
        return _response(Failed(error))
    response: Json = {"status": str(told.status_code), **({"etag": tag} if (tag := told.headers.get("etag")) else {})}
    return {"resource": _with_own_links(call, one, bytes(told.body)), "response": response}


def _with_own_links(call: Call, one: Asked, body: bytes) -> Json:
    """Give what was read as it was written; the links of a search lead to that search, not to the batch."""
    if one.key:
        return msgspec.Raw(body)  # type: ignore[return-value]  # its digits as they were sent
    found = msgspec.json.decode(body, type=dict[str, Any])
    url = f"{call.hospital.settings.public_url}/fhir/{one.kind}"
    for link in found.get("link", []):
        mark = parse_qs(urlsplit(link["url"]).query).get("cursor", [""])[0]
        asked = [pair for pair in parse_qsl(one.query, keep_blank_values=True) if pair[0] != "cursor"]
        query = urlencode([*asked, *([("cursor", mark)] if mark else [])])
        link["url"] = f"{url}?{query}" if query else url
    return found


def _entry(call: Call, entry: BundleEntry, index: int) -> Write | Asked:
    method, url = str(entry.request.get("method", "")), str(entry.request.get("url", "")).strip("/")
    if method == "GET":
        return _asked(url, index)
    kind, _, key = url.partition("/")
    if kind not in TYPES or (key and not re.fullmatch(ID_PATTERN, key)):
        raise _bad(f"entry/{index}/request/url", f"Expected one of {', '.join(TYPES)}, and an id.", "Mend the url.")
    expected = _expected(str(entry.request.get("ifMatch", "")))
    if method == "DELETE" and key:
        return Write(kind=kind, id=key, body=b"", resource={}, source=_source(call), at=call.now, expected=expected)
    if (method == "PUT" and key) or (method == "POST" and not key):
        return _write_of(call, kind, key, bytes(entry.resource), expected=expected)
    message = "Expected GET, POST type, PUT type/id or DELETE type/id."
    raise _bad(f"entry/{index}/request/method", message, "Mend the entry.")


def _link(writes: list[Write | Failed | Asked], entries: list[BundleEntry]) -> list[Write | Failed | Asked]:
    """Let references to ``urn:uuid:…`` of the same Bundle name what the entries become (FHIR R4, 3.1.0.11.2)."""
    names = {
        entry.fullUrl: f"{write.kind}/{write.id}"
        for entry, write in zip(entries, writes, strict=True)
        if isinstance(write, Write) and entry.fullUrl.startswith("urn:uuid:") and write.body
    }
    if not names:
        return writes
    linked: list[Write | Failed | Asked] = []
    for write in writes:
        if isinstance(write, Write) and write.body:
            body = write.body
            for name, target in names.items():
                # as text, so that decimals keep the digits that were sent
                body = body.replace(f'"{name}"'.encode(), f'"{target}"'.encode())
            write = _with_body(write, body)
        linked.append(write)
    return linked


def _with_body(write: Write, body: bytes) -> Write:
    """Give a write with another body."""
    return Write(
        kind=write.kind,
        id=write.id,
        body=body,
        resource=read_resource(body, write.kind),
        source=write.source,
        at=write.at,
        expected=write.expected,
    )


def _response(done: Version | Failed) -> Json:
    if isinstance(done, Failed):
        failed = status_of(done.error)
        issue: Json = {"severity": "error", "code": fhir_issue(failed), "diagnostics": done.error.message}
        outcome: Json = {"resourceType": "OperationOutcome", "issue": [issue]}
        return {"response": {"status": str(failed), "outcome": outcome}}
    status = "204" if done.is_deleted else "201" if done.version == 1 else "200"
    location = f"{done.kind}/{done.id}/_history/{done.version}"
    return {"response": {"status": status, "location": location, "etag": f'W/"{done.version}"'}}


@router.post("", permission=Permission.FHIR_WRITE, takes=dict[str, Any], takes_media=TAKES, media=MEDIA)
async def take_bundle(call: CallDep) -> Response:
    """Do the writes of a Bundle: of a transaction all or none, of a batch each by itself; then what it reads."""
    told = decode(call.body, BundleTold)
    if told.resourceType != "Bundle" or told.type not in ("batch", "transaction"):
        raise _bad("type", "Expected a Bundle of type batch or transaction.", "Send one.")
    if len(told.entry) > MAX_ENTRIES:
        raise _bad("entry", f"Expected at most {MAX_ENTRIES} entries.", "Send several Bundles.")
    is_batch = told.type == "batch"
    writes: list[Write | Failed | Asked] = []
    for index, entry in enumerate(told.entry):
        try:
            writes.append(_entry(call, entry, index))
        except HospitalTwinError as error:
            if not is_batch:
                raise
            writes.append(Failed(error))
    if not is_batch:
        writes = _link(writes, told.entry)
    store, access = store_of(call), call.request.app.state.access

    def use_case(session: Session) -> list[Version | Failed | Asked]:
        access.note(session, call.actor.id, f"fhir.{told.type}", "", {"entries": len(writes)})
        return [_one(session, store, write, is_batch=is_batch) for write in writes]

    done = await call.hospital.write(use_case)
    entries: list[Json] = [
        await asyncio.to_thread(_read, call, one) if isinstance(one, Asked) else _response(one) for one in done
    ]
    return answer({"resourceType": "Bundle", "type": f"{told.type}-response", "entry": entries})


def _one(session: Session, store: Store, write: Write | Failed | Asked, *, is_batch: bool) -> Version | Failed | Asked:
    if not isinstance(write, Write):
        return write
    try:
        with session.begin_nested():
            return fhir.write(session, store, write)
    except HospitalTwinError as error:
        if not is_batch:
            raise
        return Failed(error)
