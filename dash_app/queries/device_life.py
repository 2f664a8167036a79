"""Everything that is kept about one device beside its present state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlmodel import Session

from assets.model.agreements import Agreement
from assets.model.incidents import Incident
from assets.model.measurements import Result
from assets.model.register import Asset
from assets.model.work import WorkOrder
from assets.rules.depreciation import book_value
from assets.rules.due_dates import local_day
from assets.service import agreements, documents, incidents, life, measuring, meters, work
from assets.service.custody import custody_of
from assets.service.replacing import DeviceCase, device_case
from assets.tables.register import asset_of_row, find_asset, model_of
from twin.events import registry
from twin.events.things import ZoneStayEnded
from twin.history.history import trail
from twin.ledger.bodies import WHOLE_BODY
from twin.ledger.by_thing import latest_indexed
from twin.ledger.tables import EVENTS

MOST = 50
_MOST_LOOKED_AT = 2000
ZONE = "tag.zone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who answered for it; instants in UTC microseconds, ``end_at`` 0 while it lasts."""

    custodian: str
    start_at: int
    end_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Where a device was for a while; instants in UTC microseconds, ``to_at`` 0 while it lasts.

    Parameters
    ----------
    place : str
        Id of the place.
    from_at, to_at : int
        Since when, and until when.
    confidence : float
        0 to 1, of a stay that was decided some seconds later, when it was known what came after; 0 for what the readers
        said at once.
    """

    place: str
    from_at: int
    to_at: int = 0
    confidence: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What a device cost and would cost, integer minor units; 0 where it is not known.

    Parameters
    ----------
    paid, book_value, replacement, repairs : int
        Price paid, straight-line value now, price of a new one, and what repairs cost in the years on record.
    failures : int
        Failures that the last figure rests on.
    years : float
        Years watched within these three.
    """

    paid: int
    book_value: int
    replacement: int
    repairs: int
    failures: int
    years: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLife:
    """What is kept about a device, each part the latest first; ``papers`` are documents by work order."""

    control_no: str
    manufacturer: str
    lot: str
    firmware: str
    commissioned_on: date | None
    orders: tuple[WorkOrder, ...]
    papers: dict[str, list[documents.Document]]
    results: tuple[Result, ...]
    documents: tuple[documents.Document, ...]
    incidents: tuple[Incident, ...]
    agreements: tuple[Agreement, ...]
    usage: dict[str, meters.Usage]
    holders: tuple[Holder, ...]
    places: tuple[Stay, ...]
    money: Money
    case: DeviceCase | None


def life_of(session: Session, asset: str, *, tags: Sequence[str], now: int, zone: ZoneInfo) -> DeviceLife | None:
    """Give what is kept about a device; None if the register does not know it.

    Parameters
    ----------
    session : Session
        Any session.
    asset : str
        Id of the device.
    tags : Sequence[str]
        Tags fixed to it, whose zones are its places.
    now : int
        UTC microseconds.
    zone : ZoneInfo
        The hospital's.
    """
    row = find_asset(session, asset)
    if row is None:
        return None
    entry = asset_of_row(row)
    orders = work.list_work_orders(session, asset=asset, limit=1000)
    case = device_case(session, asset=asset, now=now)
    shown = tuple(sorted(orders, key=lambda order: (-order.opened_at, order.id))[:MOST])
    return DeviceLife(
        control_no=entry.control_no,
        manufacturer=entry.manufacturer,
        lot=entry.lot,
        firmware=entry.firmware,
        commissioned_on=local_day(entry.commissioned_at, zone) if entry.commissioned_at else None,
        orders=shown,
        papers=documents.documents_about(session, subjects=[order.id for order in shown]),
        results=tuple(measuring.results_of(session, asset=asset, limit=MOST)),
        documents=tuple(documents.documents_of(session, subject=asset, limit=MOST)),
        incidents=tuple(incidents.list_incidents(session, asset=asset, limit=MOST)),
        agreements=tuple(agreements.agreements_of(session, asset=asset, limit=MOST)),
        usage=meters.meters_of(session, asset=asset),
        holders=tuple(
            Holder(custodian=one.custodian, start_at=one.start_at, end_at=one.end_at)
            for one in custody_of(session, asset_id=asset, limit=MOST)
        ),
        places=_places(session, tags),
        money=_money(session, entry, case, now),
        case=case,
    )


def entry_of(session: Session, asset: str) -> tuple[Asset, int] | None:
    """Give the register entry of a device with its version; None if the register does not know it."""
    row = find_asset(session, asset)
    return (asset_of_row(row), row.version) if row is not None else None


def _places(session: Session, tags: Sequence[str]) -> tuple[Stay, ...]:
    """Give where tags were, the latest first: stays where gateways tell them, around those what was said at once."""
    found: list[Stay] = []
    for tag in tags:
        decided = _decided(session, tag)
        first, last = (decided[0].from_at, decided[-1].to_at) if decided else (0, 0)
        found += decided
        for interval in trail(session, tag, facet=ZONE, limit=500):
            # Stays replace the quick word on the same time, with its moves there and back that were none.
            ends = interval.to_at or 0
            if interval.value and interval.from_at < first:
                found.append(Stay(place=interval.value, from_at=interval.from_at, to_at=min(ends or first, first)))
            if interval.value and (not ends or ends > last):
                found.append(Stay(place=interval.value, from_at=max(interval.from_at, last), to_at=ends))
    return tuple(sorted(found, key=lambda stay: -stay.from_at)[:MOST])


def _decided(session: Session, tag: str) -> list[Stay]:
    """Give the latest stays that a gateway decided, in order of time; as far as the index of things goes."""
    # Bounded first: a tag that is confirmed for years without such stays must not have all of that read.
    latest = latest_indexed(tag, _MOST_LOOKED_AT).subquery()
    query = (
        select(WHOLE_BODY)
        .join(latest, latest.c.sequence == EVENTS.c.sequence)
        .where(EVENTS.c.type == ZoneStayEnded.__name__)
        .order_by(EVENTS.c.sequence.desc())
        .limit(MOST)
    )
    events = [registry.decode(body) for (body,) in session.execute(query)]
    stays = [
        Stay(place=one.zone, from_at=one.entered_at, to_at=one.occurred_at, confidence=one.confidence)
        for one in events
        if isinstance(one, ZoneStayEnded)
    ]
    return sorted(stays, key=lambda stay: stay.from_at)


def _money(session: Session, entry: Asset, case: DeviceCase | None, now: int) -> Money:
    model = model_of(session, entry)
    life = model.expected_life_years if model is not None else 0
    begun = entry.commissioned_at or entry.acquired_at
    months = int((now - begun) / (365.25 / 12 * 86_400_000_000)) if begun else 0
    value = book_value(cost=entry.cost, residual=0, life_months=life * 12, months=months) if life and begun else 0
    return Money(
        paid=entry.cost,
        book_value=value,
        replacement=case.price if case is not None else 0,
        repairs=case.repair_cost if case is not None else 0,
        failures=case.failures if case is not None else 0,
        years=case.years if case is not None else 0.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a device stands in its life, what can be said of it next, and what was said, the latest first."""

    state: str
    following: tuple[str, ...]
    steps: tuple[life.LifeStep, ...]


def standing_of(session: Session, asset: str) -> Standing | None:
    """Give where a device stands in its life; None if it is not in the register."""
    row = find_asset(session, asset)
    if row is None:
        return None
    return Standing(
        state=row.operational,
        following=tuple(state.value for state in life.next_states(row)),
        steps=tuple(life.steps_of(session, asset=asset)),
    )
