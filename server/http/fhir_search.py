"""Search over FHIR: what the twin knows, what was written, and what we keep ourselves, as one result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from sqlmodel import Session
from starlette.datastructures import QueryParams
from starlette.responses import Response

from interop.fhir import work
from interop.fhir.arranging import Include, read_includes, read_sort, references_of, sort_resources
from interop.fhir.kinds import KINDS
from interop.fhir.resources import Json, Resource, instant
from interop.fhir.searching import PARAMETERS, REFERENCE, Wanted, chained_to, meets, read_wanted, span_of, terms_of
from interop.fhir.validation import TYPES
from interop.service import fhir
from interop.service.fhir import Search, Store
from server.doors.context import Call, CallDep
from server.doors.pages import CursorText, Limit
from server.doors.router import Router
from server.http import fhir_own
from server.http.fhir import MEDIA, Count, ResourceType, answer, bundle, instant_asked, live_resource, store_of
from twin.access import Permission
from twin.errors import FieldError, FieldProblem, HospitalTwinError

router = Router("/fhir", tag="fhir")

FORM = "application/x-www-form-urlencoded"
_ITERATE = ("_include:iterate", "_include:recurse")  # the second is what DSTU2 clients still send
_OURS = frozenset(
    {"_count", "cursor", "limit", "_format", "_pretty", "_id", "_lastUpdated", "_total", "_summary", "_sort"}
    | {"_include", "_revinclude", *_ITERATE}
)
_SORTED_MOST = 2_000
_CHAINED_MOST = 200  # what a chain leads to: each is looked up as a reference
_INCLUDED_MOST = 500
_ROUNDS = 4  # of _include:iterate: as deep as site, building, level, ward, room, bed need from a room on


def _bad(name: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=name, place=f"/query/{name}", message=message, cure=cure))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A search as it was asked.

    Parameters
    ----------
    kind : str
        Resource type.
    params : QueryParams
        Of the address line, or of the form.
    store : Store
        Keeps what was written.
    resolved : tuple[tuple[str, str], ...] or None
        Search parameters with each chain replaced by the references that it led to; None if there is none.
    """

    kind: str
    params: QueryParams
    store: Store
    resolved: tuple[tuple[str, str], ...] | None = None
    wanted: list[Wanted] = field(init=False)
    hidden: list[Wanted] = field(init=False)
    updated: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        """Read the parameters; the ones about persons a second time as they are kept."""
        asked = self.named if self.resolved is None else list(self.resolved)
        object.__setattr__(self, "wanted", read_wanted(self.kind, asked, str))
        object.__setattr__(self, "hidden", read_wanted(self.kind, asked, self.store.hidden))
        object.__setattr__(self, "updated", _updated(self.params))

    @property
    def named(self) -> list[tuple[str, str]]:
        """Search parameters of the type; one that comes twice, such as a date from and to, must hold twice."""
        return [(name, text) for name, text in self.params.multi_items() if name not in _OURS]

    def only(self, name: str) -> str:
        """Give the value of a parameter that is asked for once, with one value; empty if it is not."""
        told = [text for known, text in self.named if known == name]
        return told[0] if len(told) == 1 and "," not in told[0] else ""

    @property
    def ids(self) -> tuple[str, ...]:
        """The only ids wanted; none for any."""
        return tuple(part for part in self.params.get("_id", "").split(",") if part)

    @property
    def scope(self) -> str:
        """What a cursor belongs to."""
        return f"fhir/{self.kind}/{sorted(self.named)}/{self.ids}/{self.updated}/{self.params.get('_sort', '')}"

    @property
    def search(self) -> Search:
        """What is asked of the store."""
        return Search(kind=self.kind, wanted=self.hidden, ids=self.ids, updated=self.updated)

    def accepts(self, resource: Resource) -> bool:
        """Tell whether a resource of ours meets what was asked."""
        if self.ids and str(resource["id"]) not in self.ids:
            return False
        if not self.wanted:
            return True
        terms = terms_of(resource, self.kind, str)
        return all(meets(terms, one) for one in self.wanted)


def _updated(params: QueryParams) -> tuple[int, int]:
    """Read _lastUpdated as (at or after, before)."""
    low, high = 0, 0
    for text in params.getlist("_lastUpdated"):  # each of them must hold, in whatever order they stand
        prefix, rest = (text[:2], text[2:]) if text[:2] in ("ge", "gt", "le", "lt", "eq") else ("eq", text)
        span = span_of(rest.replace(" ", "+"))
        if span is None:
            instant_asked("_lastUpdated", rest)
            continue
        low = max(low, {"ge": span[0], "gt": span[1], "eq": span[0]}.get(prefix, 0))
        end = {"le": span[1], "lt": span[0], "eq": span[1]}.get(prefix, 0)
        high = min(high or end, end or high)
    return low, high


def _asking(call: Call, kind: str, params: QueryParams) -> Asking:
    """Read a search; a chained parameter, such as ``location.name``, becomes the references that it leads to."""
    store = store_of(call)
    named = [(name, text) for name, text in params.multi_items() if name not in _OURS]
    if not any("." in name for name, _ in named):
        return Asking(kind=kind, params=params, store=store)
    resolved = tuple(_followed(call, kind, name, text) if "." in name else (name, text) for name, text in named)
    return Asking(kind=kind, params=params, store=store, resolved=resolved)


def _followed(call: Call, kind: str, name: str, text: str) -> tuple[str, str]:
    """Give the reference parameter of a chain, and the references to all that its rest finds (FHIR R4, 3.1.1.4.3)."""
    head, _, rest = name.partition(".")
    reference, _, told = head.partition(":")
    if PARAMETERS[kind].get(reference, ("",))[0] != REFERENCE or "." in rest:
        raise _bad(name, "Expected a chain of one step from a reference of this type.", "Send it as location.name.")
    plain = rest.partition(":")[0]
    targets = [told] if told else [one for one in chained_to(reference) if plain in PARAMETERS[one]]
    if not targets or any(one not in TYPES or one in fhir_own.KINDS for one in targets):
        message = f"Expected a type that is served and has {plain[:40]!r} at the end of {head[:40]}."
        raise _bad(name, message, f"Name it, such as {reference}:Location.name.")
    found: list[str] = []
    with call.hospital.read() as session:
        for target in targets:
            asked = Asking(kind=target, params=QueryParams([(rest, text)]), store=store_of(call))
            rows = _merged(call, session, asked, _live_found(call, asked), "", _CHAINED_MOST + 1).rows
            found += [f"{target}/{key}" for key, _ in rows]
    if len(found) > _CHAINED_MOST:
        raise _bad(name, f"Expected at most {_CHAINED_MOST} resources at its end.", "Narrow it.")
    # A blank is no reference: where nothing is at the end of the chain, nothing is found by it.
    return reference, ",".join(found) or " "


def _live_found(call: Call, asked: Asking) -> list[Resource]:
    """Give the live resources that meet what was asked, by id."""
    kind, updated = asked.kind, asked.updated
    if kind not in KINDS:
        return []
    live = call.hospital.live
    found: list[Resource] = []
    with call.hospital.ledger.steady:
        for resource in KINDS[kind].every(live):
            at = work.updated_at(live, kind, str(resource["id"]))
            if (updated[0] and at < updated[0]) or (updated[1] and at >= updated[1]):
                continue
            if asked.accepts(resource):
                found.append({**resource, "meta": {"lastUpdated": instant(at)}} if at else resource)
    return found


def _narrowing(asked: Asking, after: str) -> fhir_own.Narrowing:
    """Give what of a search the database can answer for the audit or the ledger; no more than is surely meant."""
    dates = [one for one in asked.wanted if one.name in ("date", "recorded")]
    return fhir_own.Narrowing(
        after=after,
        since=max((int(one.at_least) for one in dates if one.at_least), default=0),
        before=min((int(one.below) for one in dates if one.below), default=0),
        thing=asked.only("target").rpartition("/")[2] if asked.kind == "Provenance" else "",
        agent=asked.only("agent") if asked.kind == "AuditEvent" else "",
    )


@dataclass(slots=True)
class Found:
    """A part of a result in order of ids, and the id behind which it goes on (empty at the end)."""

    rows: list[tuple[str, Any]]
    goes_on: str = ""


def _own_found(call: Call, session: Session, asked: Asking, after: str, limit: int) -> Found:
    found, last, looked = Found([]), "", 0
    if asked.kind not in fhir_own.KINDS:
        return found
    for resource in fhir_own.rows(call, session, asked.kind, _narrowing(asked, after)):
        last, looked = str(resource["id"]), looked + 1
        if asked.accepts(resource):
            found.rows.append((last, resource))
        if len(found.rows) >= limit:
            return found
    # The look was cut short: the next page begins behind what was looked at, though it met nothing.
    found.goes_on = last if looked >= fhir_own.MOST_SCANNED else ""
    return found


def _merged(call: Call, session: Session, asked: Asking, live: list[Resource], after: str, limit: int) -> Found:
    """Give the rows of all three sources behind an id, at most ``limit``, each once."""
    kept = fhir.search(session, asked.store.vault, asked.search, after=after, limit=limit)
    own = _own_found(call, session, asked, after, limit)
    rows: list[tuple[str, Any]] = [(str(row["id"]), row) for row in live if str(row["id"]) > after]
    known = {key for key, _ in rows}  # what the twin knows itself goes before what was written about it
    rows += [(version.id, version.body) for version in kept if version.id not in known]
    rows += own.rows
    # three sources, one order: the cursor is an id, whichever of them the last row came from
    rows.sort(key=lambda row: row[0])
    if own.goes_on:
        rows = [row for row in rows if row[0] <= own.goes_on]
    return Found(rows[:limit], own.goes_on)


def _total(session: Session, asked: Asking, live: list[Resource]) -> int | None:
    # The ledger is not counted for a search: it would read all of it.
    return None if asked.kind in fhir_own.KINDS else len(live) + fhir.count(session, asked.search)


def _plain(resource: Any) -> Resource:
    plain: Resource = msgspec.json.decode(msgspec.json.encode(resource))
    return plain


def _sorted_page(
    call: Call, session: Session, asked: Asking, live: list[Resource], page: tuple[int, int]
) -> tuple[list[Any], int]:
    """Give one page of a sorted result, and where the next one begins (0 at the end)."""
    start, size = page
    found = _merged(call, session, asked, live, "", _SORTED_MOST + 1)
    if len(found.rows) > _SORTED_MOST or found.goes_on:
        message = f"Expected at most {_SORTED_MOST} matches to put in order."
        raise _bad("_sort", message, "Narrow the search, or leave _sort out and page through.")
    orders = read_sort(asked.kind, asked.params.get("_sort", ""))
    ordered = sort_resources([_plain(row) for _, row in found.rows], asked.kind, orders)
    return ordered[start : start + size], start + size if start + size < len(ordered) else 0


def _resolve(call: Call, session: Session, reference: str) -> Resource | None:
    kind, _, key = reference.partition("/")
    if kind not in TYPES or not key:
        return None
    held = live_resource(call, kind, key) or fhir_own.one(call, session, kind, key)
    if held is not None:
        return held
    try:
        return _plain(fhir.read(session, store_of(call).vault, kind, key).body)
    except HospitalTwinError:
        return None  # deleted, erased, or never there: a search result leaves it out


class _Included:
    """Gathers what goes along with the matches of one page, each once."""

    def __init__(self, call: Call, session: Session, matches: Iterable[tuple[str, Resource]]) -> None:
        self._call, self._session = call, session
        self._matches = list(matches)
        self._known = {reference for reference, _ in self._matches}
        self.found: list[tuple[str, Resource]] = []

    def _add(self, reference: str, resource: Resource) -> None:
        if reference not in self._known and len(self.found) < _INCLUDED_MOST:
            self._known.add(reference)
            self.found.append((reference, resource))

    def forth(self, includes: list[Include], iterated: list[Include]) -> None:
        """Gather what the matches refer to, and for iterated ones what that refers to."""
        waiting, wanted = self._matches, [*includes, *iterated]
        for _ in range(_ROUNDS):
            before = len(self.found)
            for reference, resource in waiting:
                own = [one for one in wanted if one.source == reference.partition("/")[0]]
                for target in dict.fromkeys(text for one in own for text in references_of(resource, one)):
                    held = _resolve(self._call, self._session, target) if target not in self._known else None
                    if held is not None:
                        self._add(target, held)
            waiting, wanted = self.found[before:], iterated
            if not waiting or not wanted:
                return

    def back(self, includes: list[Include]) -> None:
        """Gather what refers to the matches."""
        for include in includes:
            names = [include.parameter]
            if include.parameter == "*":
                names = [name for name, (how, _path) in PARAMETERS[include.source].items() if how == REFERENCE]
            for name in names:
                self._refer(include.source, name)

    def _refer(self, kind: str, name: str) -> None:
        if not self._matches:
            return
        # All matches at once: one by one, each would go through everything that is of this type.
        every = ",".join(reference for reference, _ in self._matches)
        asked = Asking(kind=kind, params=QueryParams({name: every}), store=store_of(self._call))
        live = _live_found(self._call, asked)
        found = _merged(self._call, self._session, asked, live, "", _INCLUDED_MOST)
        for key, resource in found.rows:
            self._add(f"{kind}/{key}", resource)


def _entry(call: Call, reference: str, resource: Any, mode: str) -> Json:
    url = f"{call.hospital.settings.public_url}/fhir/{reference}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}


Page = list[tuple[str, Any]]
"""Matches by their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Along:
    """What shall come along with the matches: that they point at, again from there, and that points at them."""

    forth: list[Include]
    iterated: list[Include]
    back: list[Include]

    @classmethod
    def of(cls, asked: Asking) -> _Along:
        """Read the parameters.

        Raises
        ------
        FieldError
            If one is none that we know.
        """
        iterated = [one for name in _ITERATE for one in asked.params.getlist(name)]
        return cls(
            forth=read_includes(asked.params.getlist("_include"), "_include"),
            iterated=read_includes(iterated, "_include:iterate"),
            back=read_includes(asked.params.getlist("_revinclude"), "_revinclude"),
        )

    def gathered(self, call: Call, session: Session, kind: str, page: Page) -> list[tuple[str, Resource]]:
        """Give what comes along with a page of matches."""
        if not (self.forth or self.iterated or self.back):
            return []
        gathering = _Included(call, session, [(f"{kind}/{key}", _plain(one)) for key, one in page])
        gathering.forth(self.forth, self.iterated)
        gathering.back(self.back)
        return gathering.found


def _page(
    call: Call, session: Session, asked: Asking, live: list[Resource], part: tuple[Sequence[Any] | None, int]
) -> tuple[Page, Any]:
    """Give a page of matches behind a mark, and the mark of the next one; a mark that is empty ends the search."""
    after, size = part
    if asked.params.get("_sort"):
        start = int(after[0]) if after and str(after[0]).isdigit() else 0
        resources, behind = _sorted_page(call, session, asked, live, (start, size))
        return [(str(one["id"]), one) for one in resources], behind
    # one more than shown tells whether there is a next page
    found = _merged(call, session, asked, live, str(after[0]) if after else "", size + 1)
    page = found.rows[:size]
    return page, page[-1][0] if len(found.rows) > size else found.goes_on


def _searched(call: Call, asked: Asking, size: int, cursor: str) -> Response:
    summary = asked.params.get("_summary", "")
    if summary not in ("", "false", "count"):
        raise _bad("_summary", f"Expected count or false, got {summary[:20]!r}.", "Leave it out for whole resources.")
    after = call.cursors.read(asked.scope, cursor)
    live = _live_found(call, asked)
    # read before the store is asked: a parameter that is wrong is told at once
    along = _Along.of(asked)
    with call.hospital.read() as session:
        total = _total(session, asked, live)
        if summary == "count":
            if total is None:
                raise _bad("_summary", f"{asked.kind} is not counted.", "Page through it.")
            return answer(bundle(call, "searchset", [], "", total=total))
        page, behind = _page(call, session, asked, live, (after, size))
        included = along.gathered(call, session, asked.kind, page)
    mark = call.cursors.write(asked.scope, [behind]) if behind else ""
    entries = [_entry(call, f"{asked.kind}/{key}", resource, "match") for key, resource in page]
    entries += [_entry(call, reference, resource, "include") for reference, resource in included]
    return answer(bundle(call, "searchset", entries, mark, total=total))


def searched_by(call: Call, kind: str, params: QueryParams, limit: int = 50) -> Response:
    """Answer a search whose parameters do not stand in the address: those of a form, or of an entry of a batch.

    Parameters
    ----------
    call : Call
        The request.
    kind : str
        Resource type.
    params : QueryParams
        What is asked.
    limit : int, optional
        Most matches of a page, where ``_count`` says nothing.
    """
    size = params.get("_count", "")
    # Cut before it is read: a number of a million digits takes Python seconds.
    most = min(int(size[:9]), 200) if size.isascii() and size.isdigit() and int(size[:9]) else limit
    return _searched(call, _asking(call, kind, params), most, params.get("cursor", ""))


@router.get("/{kind}", permission=Permission.FHIR_READ, gives=dict[str, msgspec.Raw], media=MEDIA)
def search_resources(
    call: CallDep, kind: ResourceType, limit: Limit = 50, _count: Count = 0, cursor: CursorText = ""
) -> Response:
    """Give a searchset Bundle; an unknown search parameter is refused, not passed over."""
    asked = _asking(call, str(kind), call.request.query_params)
    return _searched(call, asked, _count or limit, cursor)


@router.post(
    "/{kind}/_search",
    permission=Permission.FHIR_READ,
    takes=dict[str, Any],
    takes_media=(FORM,),
    gives=dict[str, msgspec.Raw],
    media=MEDIA,
)
def search_by_form(call: CallDep, kind: ResourceType, limit: Limit = 50, _count: Count = 0) -> Response:
    """Give the same by a form, so that what is searched stands in no log."""
    try:
        told = parse_qsl(call.body.decode(), keep_blank_values=True, max_num_fields=100)
    except (UnicodeDecodeError, ValueError) as error:
        raise _bad("body", f"Expected a form: {error}.", f"Send {FORM}.") from error
    return searched_by(call, str(kind), QueryParams([*call.request.query_params.multi_items(), *told]), limit)
