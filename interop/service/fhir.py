"""Keeping resources that other systems write: every version, sealed; found by terms; changed with the version seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, insert, not_, or_, select, update
from sqlmodel import Session

from interop.fhir.meaning import Writing, events_of, persons_of
from interop.fhir.resources import Resource, instant
from interop.fhir.searching import Wanted, terms_of
from interop.fhir.stock import figures_of
from interop.fhir.topics import REST_HOOK, wish_of
from interop.service import identity
from interop.service.keys import Vault
from interop.service.subscriptions import check_address, follow_resource
from interop.service.supplies import note_figures
from interop.tables import FHIR_RESOURCES, FHIR_TERMS, LINKS, PERSONS
from twin.errors import InputError, NotFound, StaleVersion
from twin.ports import EventSink
from twin.state.live import LiveState


class Gone(NotFound):
    """A resource was deleted; its history is kept."""

    code = "fhir.deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What keeping resources needs.

    Parameters
    ----------
    vault : Vault
        Seals bodies: they may hold what a sender wrote about a person.
    ledger : EventSink
        Takes what a write means for the twin.
    live : LiveState
        As of the last commit.
    origins : tuple[str, ...]
        To which subscribers may have notifications sent.
    """

    vault: Vault
    ledger: EventSink
    live: LiveState
    origins: tuple[str, ...] = ()

    def hidden(self, text: str) -> str:
        """Give the keyed fingerprint under which a value that may name a person is found."""
        return "#" + self.vault.fingerprint(text.encode("utf-8", "surrogatepass"))[:40]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a resource.

    Parameters
    ----------
    number : int
        In the order of all writes.
    kind, id : str
        What it is.
    version : int
        From 1.
    is_deleted : bool
        Whether it was taken away; it has no body then.
    updated_at : int
        UTC microseconds.
    body : dict[str, msgspec.Raw]
        Fields as written, each number as the sender wrote it; with ``id`` and ``meta``.
    """

    number: int
    kind: str
    id: str
    version: int
    is_deleted: bool
    updated_at: int
    body: dict[str, msgspec.Raw]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One resource to be written.

    Parameters
    ----------
    kind, id : str
        Where to.
    body : bytes
        As sent; empty to delete it.
    resource : Resource
        The same, checked.
    source, at : str, int
        Who, and when (UTC microseconds).
    expected : int
        Version that the writer saw (If-Match); 0 if it does not say.
    """

    kind: str
    id: str
    body: bytes
    resource: Resource
    source: str
    at: int
    expected: int = 0


def _last(session: Session, kind: str, resource_id: str) -> tuple[int, int, bool] | None:
    table = FHIR_RESOURCES.c
    asked = select(table.number, table.version, table.is_deleted)
    row = session.execute(asked.where(table.type == kind, table.id == resource_id, table.is_last == 1)).first()
    return (row[0], row[1], bool(row[2])) if row is not None else None


def write(session: Session, store: Store, told: Write) -> Version:
    """Keep a new version of a resource and what it means for the twin, in this transaction.

    Parameters
    ----------
    session : Session
        A writing transaction.
    store : Store
        What it needs.
    told : Write
        What is written.

    Raises
    ------
    StaleVersion
        If somebody else wrote since the version that the writer saw.
    NotFound
        If what is to be deleted does not exist.
    """
    held = _last(session, told.kind, told.id)
    version = held[1] if held is not None else 0
    if told.expected and told.expected != version:
        raise StaleVersion(expected=told.expected, found=version)
    if not told.body and (held is None or held[2]):
        raise NotFound(told.kind, told.id)
    if held is not None:
        session.execute(update(FHIR_RESOURCES).where(FHIR_RESOURCES.c.number == held[0]).values(is_last=0))
        session.execute(delete(FHIR_TERMS).where(FHIR_TERMS.c.number == held[0]))
    sealed, persons = _seal(session, store, told)
    number = session.execute(
        insert(FHIR_RESOURCES)
        .values(
            type=told.kind,
            id=told.id,
            version=version + 1,
            is_last=1,
            is_deleted=int(not told.body),
            updated_at=told.at,
            source=told.source,
            persons=json.dumps(persons),
            body=sealed,
        )
        .returning(FHIR_RESOURCES.c.number)
    ).scalar_one()
    _follow_up(session, store, told, number, version + 1)
    if persons and told.kind in ("Encounter", "Appointment"):
        _link(session, _writing(store, told, version + 1).encounter(), persons[0], told.at)
    return Version(
        number=number,
        kind=told.kind,
        id=told.id,
        version=version + 1,
        is_deleted=not told.body,
        updated_at=told.at,
        body=_shown(told.body, told.id, version + 1, told.at) if told.body else {},
    )


def _writing(store: Store, told: Write, version: int) -> Writing:
    return Writing(
        kind=told.kind,
        id=told.id,
        version=version,
        source=told.source,
        at=told.at,
        pseudonym=store.vault.pseudonym,
        live=store.live,
    )


def _link(session: Session, encounter: str, person: str, at: int) -> None:
    """Keep who an encounter is about, so that the person can be erased by it; what HL7 told of it before stays."""
    if session.execute(select(LINKS.c.person).where(LINKS.c.encounter == encounter)).first() is None:
        session.execute(insert(LINKS).values(encounter=encounter, person=person, told_at=at))


def _follow_up(session: Session, store: Store, told: Write, number: int, version: int) -> None:
    """Keep by what a new version is found, and do what it means: events, figures of stock, who is told of what."""
    if told.body:
        rows = [
            {"type": told.kind, "field": field, "value": value, "number": number}
            for field, value in sorted(terms_of(told.resource, told.kind, store.hidden))
        ]
        if rows:
            session.execute(insert(FHIR_TERMS), rows)
        events = events_of(told.resource, _writing(store, told, version))
        if events:
            store.ledger.append(session, events)
    if told.kind == "Subscription":
        _follow(session, store, told)
    if told.kind == "InventoryReport" and told.body:
        note_figures(session, told.source, figures_of(told.resource), at=told.at)


def _follow(session: Session, store: Store, told: Write) -> None:
    """Let the one who wrote a Subscription be told from now on, or no more if it was deleted."""
    wish = wish_of(told.resource) if told.body else None
    if wish is not None and wish.channel == REST_HOOK:
        check_address(wish.endpoint, store.origins)
    follow_resource(session, told.id, wish, position=store.live.sequence, at=told.at, source=told.source)


def _seal(session: Session, store: Store, told: Write) -> tuple[bytes, list[str]]:
    """Close a body with the installation's key, then with the key of each person whom it refers to."""
    if not told.body:
        return b"", []
    sealed = store.vault.seal(told.body, person="", wrapped=b"")
    closed = []
    for reference in persons_of(told.resource):
        person = store.vault.pseudonym("person", f"fhir/{told.source}", reference)
        wrapped = identity.key_of(session, store.vault, person)
        if not wrapped:
            raise InputError(f"{told.kind}/{told.id} is about somebody who was erased: it is not kept.")
        sealed = store.vault.seal(sealed, person=person, wrapped=wrapped)
        closed.append(person)
    return sealed, closed


def _shown(body: bytes, resource_id: str, version: int, at: int) -> dict[str, msgspec.Raw]:
    """Put id and meta in; every other field keeps the characters that were sent (``16.20`` stays ``16.20``)."""
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    told = msgspec.json.decode(fields["meta"]) if "meta" in fields else {}
    meta = {**(told if isinstance(told, dict) else {}), "versionId": str(version), "lastUpdated": instant(at)}
    kind = fields.pop("resourceType")
    fields.pop("id", None)
    fields.pop("meta", None)
    head = {"resourceType": kind, "id": _raw(resource_id), "meta": _raw(meta)}
    return head | fields


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


_COLUMNS = tuple(
    FHIR_RESOURCES.c[name]
    for name in ("number", "type", "id", "version", "is_deleted", "updated_at", "persons", "body")
)


def _opened(session: Session, vault: Vault, row: Row[Any]) -> Version | None:
    """Open a version; None if somebody in it was erased."""
    text = b"" if row.is_deleted else _body(session, vault, json.loads(row.persons), row.body)
    if text is None:
        return None
    return Version(
        number=row.number,
        kind=row.type,
        id=row.id,
        version=row.version,
        is_deleted=bool(row.is_deleted),
        updated_at=row.updated_at,
        body=_shown(text, row.id, row.version, row.updated_at) if text else {},
    )


def _body(session: Session, vault: Vault, persons: list[str], sealed: bytes) -> bytes | None:
    for person in reversed(persons):
        key = session.execute(select(PERSONS.c.wrapped_key).where(PERSONS.c.person == person)).scalar()
        if not key:
            return None
        sealed = vault.open(sealed, person=person, wrapped=key)
    return vault.open(sealed, person="", wrapped=b"")


def read(session: Session, vault: Vault, kind: str, resource_id: str, *, version: int = 0) -> Version:
    """Give a resource; its last version unless one is named.

    Raises
    ------
    NotFound
        If there is none, or somebody in it was erased.
    Gone
        If it was deleted.
    """
    table = FHIR_RESOURCES.c
    asked = select(*_COLUMNS).where(table.type == kind, table.id == resource_id)
    asked = asked.where(table.version == version) if version else asked.where(table.is_last == 1)
    row = session.execute(asked).first()
    found = _opened(session, vault, row) if row is not None else None
    if found is None:
        raise NotFound(kind, resource_id)
    if found.is_deleted:
        raise Gone(kind, resource_id)
    return found


def history(
    session: Session, vault: Vault, *, kind: str, resource_id: str = "", since: int = 0, before: int = 0, limit: int
) -> list[Version]:
    """Give versions, the latest write first.

    Parameters
    ----------
    session : Session
        Any.
    vault : Vault
        Opens.
    kind : str
        Resource type.
    resource_id : str, optional
        Of one resource; empty for all of the type.
    since : int, optional
        Only versions written at or after, UTC microseconds.
    before : int, optional
        Only numbers below; 0 for all.
    limit : int
        At most so many.
    """
    table = FHIR_RESOURCES.c
    asked = select(*_COLUMNS).where(table.type == kind, table.updated_at >= since)
    if resource_id:
        asked = asked.where(table.id == resource_id)
    found: list[Version] = []
    # Filled up past those who were erased: a short page would be taken for the last one.
    while len(found) < limit:
        size = limit - len(found)
        page = asked.where(table.number < before) if before else asked
        rows = session.execute(page.order_by(table.number.desc()).limit(size)).all()
        found += [version for row in rows if (version := _opened(session, vault, row)) is not None]
        if len(rows) < size:
            break
        before = rows[-1].number
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is searched among the resources kept.

    Parameters
    ----------
    kind : str
        Resource type.
    wanted : Sequence[Wanted]
        All must hold.
    ids : tuple[str, ...]
        Only these; empty for any.
    updated : tuple[int, int]
        Written at or after, and before; 0 for no bound, UTC microseconds.
    """

    kind: str
    wanted: Sequence[Wanted] = ()
    ids: tuple[str, ...] = ()
    updated: tuple[int, int] = (0, 0)


def search(session: Session, vault: Vault, asked: Search, *, after: str = "", limit: int) -> list[Version]:
    """Give the last versions that meet everything asked, by id.

    Parameters
    ----------
    session : Session
        Any.
    vault : Vault
        Opens.
    asked : Search
        What.
    after : str, optional
        Only ids behind.
    limit : int
        At most so many.
    """
    conditions, key = _conditions(asked), FHIR_RESOURCES.c.id
    found: list[Version] = []
    while len(found) < limit:  # filled up as in history
        size = limit - len(found)
        rows = session.execute(select(*_COLUMNS).where(key > after, *conditions).order_by(key).limit(size)).all()
        found += [version for row in rows if (version := _opened(session, vault, row)) is not None]
        if len(rows) < size:
            break
        after = rows[-1].id
    return found


def count(session: Session, asked: Search) -> int:
    """Give how many resources meet everything asked."""
    statement = select(func.count()).select_from(FHIR_RESOURCES).where(*_conditions(asked))
    return int(session.execute(statement).scalar_one())


def _conditions(asked: Search) -> list[ColumnElement[bool]]:
    table, terms = FHIR_RESOURCES.c, FHIR_TERMS.c
    found: list[ColumnElement[bool]] = [table.type == asked.kind, table.is_last == 1, table.is_deleted == 0]
    if asked.ids:
        found.append(table.id.in_(asked.ids))
    if asked.updated[0]:
        found.append(table.updated_at >= asked.updated[0])
    if asked.updated[1]:
        found.append(table.updated_at < asked.updated[1])
    for one in asked.wanted:
        met = and_(terms.type == asked.kind, terms.field == one.name, terms.number == table.number)
        if one.is_missing is not None:
            found.append(not_(exists().where(met)) if one.is_missing else exists().where(met))
            continue
        if one.is_within:
            met = and_(met, or_(*(terms.value.contains(value, autoescape=True) for value in one.values)))
        elif one.at_least or one.below:
            met = and_(met, terms.value >= one.at_least) if one.at_least else met
            met = and_(met, terms.value < one.below) if one.below else met
        elif one.is_prefix:
            met = and_(met, or_(*(terms.value.startswith(value, autoescape=True) for value in one.values)))
        else:
            met = and_(met, terms.value.in_(one.values))
        found.append(not_(exists().where(met)) if one.is_not else exists().where(met))
    return found
