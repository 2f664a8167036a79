"""Named queries, the vocabulary in use, and where a lot or piece is and who received it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select
from sqlmodel import Session

from interop.epcis.document import Event, Json, instant_of
from interop.epcis.identifiers import canonical_key
from interop.epcis.query import EventQuery, Meaning, Term, read_query, refused
from interop.epcis.terms import EPC_FIELDS, MAX_VALUE
from interop.service.epcis import query
from interop.tables import EPCIS_QUERIES, EPCIS_TERMS, SUBSCRIPTIONS
from twin.errors import Conflict, NotFound

VOCABULARIES: dict[str, tuple[str, ...]] = {
    "eventTypes": ("type",),
    "epcs": (*EPC_FIELDS["MATCH_anyEPC"], *EPC_FIELDS["MATCH_anyEPCClass"]),
    "bizSteps": ("bizStep",),
    "bizLocations": ("bizLocation",),
    "readPoints": ("readPoint",),
    "dispositions": ("disposition",),
}
"""Fields behind each top-level resource of the query interface (EPCIS 2.0, section 12.7)."""


def vocabulary(session: Session, kind: str, *, after: str = "", limit: int) -> list[str]:
    """Give the values in use of a vocabulary, sorted.

    Parameters
    ----------
    session : Session
        Any.
    kind : str
        Key of :data:`VOCABULARIES`.
    after : str, optional
        Only values behind this one.
    limit : int
        At most so many.
    """
    value = EPCIS_TERMS.c.value
    asked = select(value).where(EPCIS_TERMS.c.field.in_(VOCABULARIES[kind]), value > after).distinct()
    return list(session.execute(asked.order_by(value).limit(limit)).scalars())


def parameters_of(told: Json) -> dict[str, list[str]]:
    """Give the parameters of a query in JSON as those of an address line.

    Parameters
    ----------
    told : Json
        Object of values and lists of values.

    Raises
    ------
    FieldError
        If it is none.
    """
    if not isinstance(told, dict) or not told:
        raise refused("query", "Expected an object of parameters.", 'Send {"EQ_bizStep": ["shipping"]}.')
    found: dict[str, list[str]] = {}
    for name, value in told.items():
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(one, str | int | float) for one in values):
            raise refused(name, "Expected a value or a list of values.")
        found[name] = [("true" if one else "false") if isinstance(one, bool) else str(one) for one in values]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedQuery:
    """A query that is kept under a name."""

    name: str
    query: dict[str, list[str]]
    created_at: int
    created_by: str


def add_query(session: Session, named: NamedQuery) -> None:
    """Keep a query.

    Parameters
    ----------
    session : Session
        A writing transaction.
    named : NamedQuery
        It is read once, so that a wrong one is refused here and not at night.

    Raises
    ------
    Conflict
        If the name is taken.
    FieldError
        If the query cannot be read.
    """
    read_query(named.query, Meaning())
    if session.execute(select(EPCIS_QUERIES.c.name).where(EPCIS_QUERIES.c.name == named.name)).first():
        raise Conflict(f"A query named {named.name!r} exists: delete it first.", code="epcis.query_exists")
    session.execute(
        insert(EPCIS_QUERIES).values(
            name=named.name,
            query=msgspec.json.encode(named.query).decode(),
            created_at=named.created_at,
            created_by=named.created_by,
        )
    )


def queries(session: Session, *, limit: int = 200) -> list[NamedQuery]:
    """Give the queries that are kept, by name."""
    rows = session.execute(select(EPCIS_QUERIES).order_by(EPCIS_QUERIES.c.name).limit(limit))
    return [_named(row) for row in rows]


def query_named(session: Session, name: str) -> NamedQuery:
    """Give a query by its name.

    Raises
    ------
    NotFound
        If there is none (``epcis.no_such_name``).
    """
    row = session.execute(select(EPCIS_QUERIES).where(EPCIS_QUERIES.c.name == name)).first()
    if row is None:
        raise NotFound("query", name)
    return _named(row)


def _named(row: Row[Any]) -> NamedQuery:
    return NamedQuery(
        name=row.name, query=msgspec.json.decode(row.query), created_at=row.created_at, created_by=row.created_by
    )


def delete_query(session: Session, name: str) -> None:
    """Forget a query and its subscriptions.

    Raises
    ------
    NotFound
        If there is none.
    """
    query_named(session, name)
    session.execute(delete(EPCIS_QUERIES).where(EPCIS_QUERIES.c.name == name))
    session.execute(delete(SUBSCRIPTIONS).where(SUBSCRIPTIONS.c.kind == "epcis", SUBSCRIPTIONS.c.topic == name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How much of a lot or piece is at a place, as far as events say."""

    place: str
    quantity: float
    unit: str
    since_at: int
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Somebody, or something, received of it."""

    receiver: str
    kind: str
    quantity: float
    at: int
    event_id: str


@dataclass(slots=True, kw_only=True)
class Trace:
    """Where a lot or piece is and who received it.

    Parameters
    ----------
    key : str
        Canonical.
    held : list[Held]
        By place, what is above zero.
    receipts : list[Receipt]
        In order of time.
    events : int
        How many events were read.
    is_whole : bool
        False if there are more events than a trace reads.
    """

    key: str
    held: list[Held] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    events: int = 0
    is_whole: bool = True


MAX_TRACED = 20_000


def trace(session: Session, key: str) -> Trace:
    """Give where a lot, class or piece is and who received it, in one reading of its events.

    Parameters
    ----------
    session : Session
        Any.
    key : str
        EPC URN or Digital Link of a piece, lot or class; of a GTIN all lots and pieces are followed.
    """
    known = canonical_key(key)[:MAX_VALUE]
    fields = (*EPC_FIELDS["MATCH_anyEPC"], *EPC_FIELDS["MATCH_anyEPCClass"])
    # A GTIN alone stands for all its lots and pieces, which begin with it.
    likes = (known.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "/%",)
    asked = EventQuery(terms=[Term(fields=fields, values=(known,), likes=likes)], order="event_at")
    page = query(session, asked, limit=MAX_TRACED)
    found = Trace(key=known, events=len(page.events), is_whole=page.after is None)
    held: dict[tuple[str, str, str], Held] = {}
    for event in page.events:
        for name, quantity, unit in _amounts(event, known):
            _follow(event, name, quantity, unit, held, found.receipts)
    found.held = sorted((one for one in held.values() if one.quantity > 0), key=lambda one: one.place)
    return found


def _amounts(event: Event, known: str) -> Iterator[tuple[str, float, str]]:
    """Give what of the key an event is about: (exact key, quantity, unit); pieces count one."""

    def is_meant(text: str) -> bool:
        return text == known or text.startswith(known + "/")

    for name in ("epcList", "childEPCs", "outputEPCList"):
        for text in event.get(name, []):  # type: ignore[union-attr]  # checked at the door
            if isinstance(text, str) and is_meant(canonical_key(text)):
                yield canonical_key(text), 1.0, "piece"
    for name in ("quantityList", "childQuantityList", "outputQuantityList"):
        for one in event.get(name, []):  # type: ignore[union-attr]  # checked at the door
            if isinstance(one, dict) and is_meant(canonical_key(str(one.get("epcClass")))):
                told = one.get("quantity")
                yield (
                    canonical_key(str(one["epcClass"])),
                    float(told) if isinstance(told, int | float) else 0.0,
                    str(one.get("uom", "")),
                )


def _parties(event: Event, name: str, value: str) -> Iterator[tuple[str, str]]:
    for one in event.get(name, []):  # type: ignore[union-attr]  # checked at the door
        if isinstance(one, dict) and one.get(value):
            yield canonical_key(str(one[value])), str(one.get("type", "")).rpartition("SDT-")[2].rpartition(":")[2]


def _follow(
    event: Event, name: str, quantity: float, unit: str, held: dict[tuple[str, str, str], Held], receipts: list[Receipt]
) -> None:
    from_places = [place for place, kind in _parties(event, "sourceList", "source") if kind == "location"]
    # Every destination is kept as a receipt, also parties: a recall asks who has got it.
    receivers = list(_parties(event, "destinationList", "destination"))
    at, event_id = _at(event), str(event.get("eventID", ""))
    for receiver, kind in receivers:
        receipts.append(Receipt(receiver=receiver, kind=kind, quantity=quantity, at=at, event_id=event_id))
    to_places = [place for place, kind in receivers if kind == "location"] or _location(event)
    is_piece = unit == "piece"
    if is_piece:
        for key in [key for key in held if key[0] == name]:
            del held[key]  # a piece is in one place only
    for place in from_places if not is_piece else []:
        _add(held, (name, place, unit), -quantity, at, event_id)
    if event.get("action") == "DELETE" and event.get("type") == "ObjectEvent":
        for place in [] if is_piece or from_places else _location(event):
            _add(held, (name, place, unit), -quantity, at, event_id)
        return
    for place in to_places:
        if is_piece or from_places or event.get("action") == "ADD" or event.get("type") == "TransformationEvent":
            _add(held, (name, place, unit), quantity, at, event_id)
        else:
            # Seen, not moved: what is observed is there, in that quantity.
            held[name, place, unit] = Held(place=place, quantity=quantity, unit=unit, since_at=at, event_id=event_id)


def _location(event: Event) -> list[str]:
    for name in ("bizLocation", "readPoint"):
        told = event.get(name)
        if isinstance(told, dict):
            return [canonical_key(str(told["id"]))]
    return []


def _add(
    held: dict[tuple[str, str, str], Held], key: tuple[str, str, str], quantity: float, at: int, event_id: str
) -> None:
    before = held[key].quantity if key in held else 0.0
    held[key] = Held(place=key[1], quantity=before + quantity, unit=key[2], since_at=at, event_id=event_id)


def _at(event: Event) -> int:
    return instant_of(event.get("eventTime")) or 0


def namespaces_in(header: str) -> Mapping[str, str]:
    """Read the header GS1-Extensions: ``prefix=address`` pairs, joined by commas."""
    pairs = (part.strip().partition("=") for part in header.split(",") if "=" in part)
    return {name.strip(): address.strip() for name, _, address in pairs}
