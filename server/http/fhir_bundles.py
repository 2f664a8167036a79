"""FHIR R4 Bundles: batches and transactions of writes, and of reads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import msgspec
from sqlmodel import Session
from starlette.datastructures import QueryParams
from starlette.responses import Response

from interop.fhir.resources import Json
from interop.fhir.validation import ID_PATTERN, TYPES, read_resource
from interop.service import fhir
from interop.service.fhir import Store, Version, Write
from server.doors.bodies import decode
from server.doors.context import Call, CallDep
from server.doors.dialects import fhir_issue
from server.doors.problem import status_of
from server.doors.router import Router
from server.http.fhir import MEDIA, TAKES, ResourceType, answer, read_one, read_version, store_of
from server.http.fhir_search import searched_by
from server.http.fhir_writing import (
    Conditioned,
    Known,
    bad,
    condition_of,
    expected_of,
    removal_of,
    settled,
    write_of,
)
from twin.access import Permission
from twin.errors import HospitalTwinError

router = Router("/fhir", tag="fhir")

MAX_ENTRIES = 1_000


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
        raise bad(f"entry/{index}/request/url", message, "Mend the url.")
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


Todo = Write | Conditioned | Asked
"""What an entry asks for."""


def _entry(call: Call, entry: BundleEntry, index: int) -> Todo:
    method, url = str(entry.request.get("method", "")), str(entry.request.get("url", "")).strip("/")
    if method == "GET":
        return _asked(url, index)
    path, _, query = url.partition("?")
    kind, _, key = path.partition("/")
    place = f"entry/{index}/request"
    if kind not in TYPES or (key and not re.fullmatch(ID_PATTERN, key)):
        raise bad(f"{place}/url", f"Expected one of {', '.join(TYPES)}, and an id.", "Mend the url.")
    expected = expected_of(str(entry.request.get("ifMatch", "")))
    condition = condition_of(store_of(call), kind, query, f"{place}/url") if query else None
    if method == "DELETE" and bool(key) is not bool(query):
        told = removal_of(call, kind, key, expected=expected)
        return told if condition is None else Conditioned(told=told, condition=condition, is_update=True)
    if method == "PUT" and bool(key) is not bool(query):
        told = write_of(call, kind, key, bytes(entry.resource), expected=expected)
        return told if condition is None else Conditioned(told=told, condition=condition, is_update=True)
    if method == "POST" and not key and not query:
        told, once = write_of(call, kind, "", bytes(entry.resource)), str(entry.request.get("ifNoneExist", ""))
        if not once:
            return told
        return Conditioned(told=told, condition=condition_of(store_of(call), kind, once, f"{place}/ifNoneExist"))
    message = "Expected GET, POST type, or PUT or DELETE of type/id or type?search."
    raise bad(f"{place}/method", message, "Mend the entry.")


def _names(writes: Sequence[Write | Known], full_urls: Sequence[str]) -> dict[str, str]:
    """Give what each ``urn:uuid:…`` of a Bundle becomes (FHIR R4, 3.1.0.11.2)."""
    names = {}
    for write, full_url in zip(writes, full_urls, strict=True):
        if full_url.startswith("urn:uuid:"):
            one = write.version if isinstance(write, Known) else write
            names[full_url] = f"{one.kind}/{one.id}"
    return names


def _linked(write: Write, names: Mapping[str, str]) -> Write:
    """Let the references of a write name what the entries of its Bundle become."""
    body = write.body
    for name, target in names.items():
        # as text, so that decimals keep the digits that were sent
        body = body.replace(f'"{name}"'.encode(), f'"{target}"'.encode())
    return write if body == write.body else replace(write, body=body, resource=read_resource(body, write.kind))


def _response(done: Version | Known | Failed) -> Json:
    if isinstance(done, Known):
        version = done.version
        location = f"{version.kind}/{version.id}/_history/{version.version}"
        return {"response": {"status": "200", "location": location, "etag": f'W/"{version.version}"'}}
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
        raise bad("type", "Expected a Bundle of type batch or transaction.", "Send one.")
    if len(told.entry) > MAX_ENTRIES:
        raise bad("entry", f"Expected at most {MAX_ENTRIES} entries.", "Send several Bundles.")
    is_batch = told.type == "batch"
    todo: list[Todo | Failed] = []
    for index, entry in enumerate(told.entry):
        try:
            todo.append(_entry(call, entry, index))
        except HospitalTwinError as error:
            if not is_batch:
                raise
            todo.append(Failed(error))
    store, access = store_of(call), call.request.app.state.access
    full_urls = [entry.fullUrl for entry in told.entry]

    def use_case(session: Session) -> dict[int, Done]:
        access.note(session, call.actor.id, f"fhir.{told.type}", "", {"entries": len(todo)})
        if is_batch:
            return {index: _alone(session, store, one) for index, one in enumerate(todo)}
        return _together(session, store, [one for one in todo if not isinstance(one, Failed)], full_urls)

    done = await call.hospital.write(use_case)
    entries: list[Json] = [
        await asyncio.to_thread(_read, call, one) if isinstance(one, Asked) else _response(one)
        for _, one in sorted(done.items())
    ]
    return answer({"resourceType": "Bundle", "type": f"{told.type}-response", "entry": entries})


Done = Version | Known | Failed | Asked


def _alone(session: Session, store: Store, one: Todo | Failed) -> Done:
    """Do one entry of a batch; what goes wrong with it concerns no other."""
    if isinstance(one, Failed | Asked):
        return one
    try:
        with session.begin_nested():
            write = settled(session, store, one) if isinstance(one, Conditioned) else one
            return write if isinstance(write, Known) else fhir.write(session, store, write)
    except HospitalTwinError as error:
        return Failed(error)


def _together(session: Session, store: Store, todo: Sequence[Todo], full_urls: Sequence[str]) -> dict[int, Done]:
    """Do a transaction: deletions, creations, updates, in whatever order they stand (FHIR R4, 3.1.0.11.2)."""
    done: dict[int, Done] = {index: one for index, one in enumerate(todo) if isinstance(one, Asked)}
    writes = {
        index: settled(session, store, one) if isinstance(one, Conditioned) else one
        for index, one in enumerate(todo)
        if not isinstance(one, Asked)
    }
    _require_apart(writes)
    names = _names(list(writes.values()), [full_urls[index] for index in writes])
    # What is deleted may free an identifier for what is created; the order in the Bundle says nothing.
    for index in sorted(writes, key=lambda number: (_turn(todo[number]), number)):
        write = writes[index]
        done[index] = write if isinstance(write, Known) else fhir.write(session, store, _linked(write, names))
    return done


def _turn(one: Todo) -> int:
    """Give when a write has its turn: deletions, creations, updates."""
    if isinstance(one, Conditioned):
        return 0 if not one.told.body else 2 if one.is_update else 1
    return 2 if isinstance(one, Write) and one.body else 0


def _require_apart(writes: Mapping[int, Write | Known]) -> None:
    """Refuse a transaction that names one resource twice: which of the two counts would depend on their order."""
    seen: dict[str, int] = {}
    for index, write in writes.items():
        one = write.version if isinstance(write, Known) else write
        name = f"{one.kind}/{one.id}"
        if name in seen and not isinstance(write, Known):
            message = f"{name} is written by entry {seen[name]} as well."
            raise bad(f"entry/{index}/request/url", message, "Let each entry write another resource.")
        seen[name] = index
