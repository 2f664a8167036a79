"""A live state as bytes and back, and its digest."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from twin.collecting import without_collecting
from twin.errors import DecodeError
from twin.events.envelope import Event
from twin.events.places import PathClosed, PathDefined, PathRemoved, PathReopened, PlaceDefined, PlaceRemoved
from twin.events.supply import LoadRejected, LoadReleased
from twin.events.things import BinEmptied
from twin.events.watch import GatewayHealthChanged, ReadPointDefined, ReadPointRemoved
from twin.events.work import PlanPublished, StaffDefined, StaffRemoved
from twin.state.indexing import build_index
from twin.state.model import Alarm, Asset, Bed, Encounter, StockLine, Tag, Task, Ticket
from twin.state.tables import Tables, plan_key

SNAPSHOT_VERSION = 1


class Snapshot(msgspec.Struct, kw_only=True, gc=False):
    """All tables of a live state; the indices are made anew from them."""

    version: int = SNAPSHOT_VERSION
    sequence: int
    latest_at: int
    forgotten_before: int = 0
    places: list[PlaceDefined]
    paths: list[PathDefined]
    closures: list[PathClosed | PathReopened]
    staff: list[StaffDefined]
    read_points: list[ReadPointDefined]
    removed: list[PlaceRemoved | PathRemoved | StaffRemoved | ReadPointRemoved]
    gateways: list[GatewayHealthChanged]
    plans: list[PlanPublished]
    bins: list[BinEmptied]
    loads: list[LoadReleased | LoadRejected]
    assets: list[Asset]
    tags: list[Tag]
    beds: list[Bed]
    encounters: list[Encounter]
    tickets: list[Ticket]
    tasks: list[Task]
    alarms: list[Alarm]
    stock: list[StockLine]


_NUMBERS = ("version", "sequence", "latest_at", "forgotten_before")
_TABLES = tuple(field for field in Snapshot.__struct_fields__ if field not in _NUMBERS)
_BY_THING = ("places", "paths", "closures", "staff", "read_points", "gateways", "bins", "loads")
_BY_ID = ("assets", "tags", "beds", "encounters", "tickets", "tasks", "alarms")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Snapshot)


def write_snapshot(tables: Tables) -> bytes:
    """Give all tables as bytes (MessagePack)."""
    lists: dict[str, Any] = {name: list(getattr(tables, name).values()) for name in _TABLES}
    return _encoder.encode(
        Snapshot(
            sequence=tables.sequence, latest_at=tables.latest_at, forgotten_before=tables.forgotten_before, **lists
        )
    )


def read_snapshot(tables: Tables, body: bytes) -> None:
    """Fill empty tables from what :func:`write_snapshot` gave.

    Raises
    ------
    DecodeError
        If the bytes are no snapshot of this release; the caller then replays the ledger instead.
    """
    with without_collecting():
        _fill(tables, _decoded(body))


def _decoded(body: bytes) -> Snapshot:
    try:
        shot = _decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise DecodeError(f"Snapshot: {error}: replay the ledger instead.", code="snapshot.content") from error
    if shot.version != SNAPSHOT_VERSION:
        raise DecodeError(
            f"Snapshot: expected version {SNAPSHOT_VERSION}, got {shot.version}: replay the ledger instead.",
            code="snapshot.version",
        )
    return shot


def _fill(tables: Tables, shot: Snapshot) -> None:
    tables.sequence, tables.latest_at = shot.sequence, shot.latest_at
    tables.forgotten_before = shot.forgotten_before
    for name in _BY_THING:
        setattr(tables, name, {event.thing: event for event in getattr(shot, name)})
    for name in _BY_ID:
        setattr(tables, name, {thing.id: thing for thing in getattr(shot, name)})
    tables.removed = {(event.subject, event.thing): event for event in shot.removed}
    tables.plans = {plan_key(event): event for event in shot.plans}
    tables.stock = {(line.place, line.item): line for line in shot.stock}
    tables.index = build_index(tables)


# What the ledger gives, or what is made from that; it may differ between two ledgers that hold the same facts.
_GIVEN_BY_LEDGER = frozenset({"id", "recorded_at", "causation", "source_key"})


def digest_of(tables: Tables) -> str:
    """Give the SHA-256 of the content, in hexadecimal.

    Equal for equal content, whatever the order of arrival and whatever ids and instants of recording the ledger gave;
    the sequence number is left out as well.
    """
    content = {name: _comparable(getattr(tables, name)) for name in _TABLES}
    content["latest_at"] = tables.latest_at
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()


def _comparable(value: object) -> object:
    if isinstance(value, dict):
        return {_key(key): _comparable(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_comparable(entry) for entry in value]
    if isinstance(value, msgspec.Struct):
        # ids of events, and a hint for speed that depends on the order in which facts came
        skipped = _GIVEN_BY_LEDGER if isinstance(value, Event) else frozenset({"placed_by", "moved_by", "is_settled"})
        shown = {name: _comparable(getattr(value, name)) for name in value.__struct_fields__ if name not in skipped}
        shown["type"] = type(value).__name__
        return shown
    return value


def _key(key: object) -> str:
    return "\x1f".join(key) if isinstance(key, tuple) else str(key)  # unit separator: stands in no id
