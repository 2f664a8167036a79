"""A live state as bytes and back, and its digest."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import GenericAlias
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

SNAPSHOT_VERSION = 2
IN_A_PART = 500
"""Records written at a time. An encoder gives up the interpreter only when it has ended: a whole house at once would
let every other thread wait for a fifth of a second, this many for some two milliseconds."""

_SIZE = struct.Struct(">I")  # before each part: bytes of it
_NUMBERS = ("sequence", "latest_at", "forgotten_before")
_COPIED = {
    "assets": "",
    "tags": "",  # their bindings are replaced, never changed in place
    "beds": "",
    "encounters": "facts",
    "tickets": "facts",
    "tasks": "facts",
    "alarms": "facts",
    "stock": "lots",
}
"""Tables whose records reducers change in place, with the field in them that is changed in place too; all others hold
events, which nobody changes."""

_KIND_BY_TABLE: dict[str, Any] = {
    "places": PlaceDefined,
    "paths": PathDefined,
    "closures": PathClosed | PathReopened,
    "staff": StaffDefined,
    "read_points": ReadPointDefined,
    "removed": PlaceRemoved | PathRemoved | StaffRemoved | ReadPointRemoved,
    "gateways": GatewayHealthChanged,
    "plans": PlanPublished,
    "bins": BinEmptied,
    "loads": LoadReleased | LoadRejected,
    "assets": Asset,
    "tags": Tag,
    "beds": Bed,
    "encounters": Encounter,
    "tickets": Ticket,
    "tasks": Task,
    "alarms": Alarm,
    "stock": StockLine,
}
_BY_THING = ("places", "paths", "closures", "staff", "read_points", "gateways", "bins", "loads")
_BY_ID = ("assets", "tags", "beds", "encounters", "tickets", "tasks", "alarms")


class Outline(msgspec.Struct, kw_only=True, gc=False):
    """What stands before the parts: the numbers of the state, and to which table each part belongs."""

    version: int = SNAPSHOT_VERSION
    sequence: int
    latest_at: int
    forgotten_before: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """All tables of a live state as they were at one position; nothing that happens later changes it.

    Parameters
    ----------
    outline : Outline
        Numbers of the state, and the table of each part.
    parts : tuple[list, ...]
        Records, of one table each.
    """

    outline: Outline
    parts: tuple[list[Any], ...]

    def encoded(self) -> Iterator[bytes]:
        """Give the snapshot piece by piece, so that others get their turn in between."""
        yield _framed(_encoder.encode(self.outline))
        for part in self.parts:
            yield _framed(_encoder.encode(part))


_encoder = msgspec.msgpack.Encoder()
_outline = msgspec.msgpack.Decoder(Outline)
_decoders = {name: msgspec.msgpack.Decoder(GenericAlias(list, (kind,))) for name, kind in _KIND_BY_TABLE.items()}


def image_of(tables: Tables) -> Image:
    """Give all tables as they are now; the caller sees to it that nobody changes them meanwhile.

    Notes
    -----
    Events are immutable and shared with the tables. What holds them is copied, with the lists and sums inside it: that
    takes a small part of the time in which all of it could be written, and the writing needs nobody to wait.
    """
    names: list[str] = []
    parts: list[list[Any]] = []
    with without_collecting():
        for name in _KIND_BY_TABLE:
            held = getattr(tables, name).values()
            records = _copies(held, name) if name in _COPIED else list(held)
            for start in range(0, len(records), IN_A_PART):
                names.append(name)
                parts.append(records[start : start + IN_A_PART])
    numbers = {name: getattr(tables, name) for name in _NUMBERS}
    return Image(Outline(parts=tuple(names), **numbers), tuple(parts))


def _copies(records: Iterable[Any], table: str) -> list[Any]:
    # one call for all of them: a loop that copies takes four times as long, while everybody waits
    copies = list(map(_KIND_BY_TABLE[table].__copy__, records))
    inner = _COPIED[table]
    if inner:
        for one in copies:
            setattr(one, inner, getattr(one, inner).copy())
    return copies


def _framed(body: bytes) -> bytes:
    return _SIZE.pack(len(body)) + body


def write_snapshot(tables: Tables) -> bytes:
    """Give all tables as bytes: an outline and the parts that it names (MessagePack), each after its size."""
    return b"".join(image_of(tables).encoded())


def read_snapshot(tables: Tables, body: bytes) -> None:
    """Fill empty tables from what :func:`write_snapshot` gave.

    Raises
    ------
    DecodeError
        If the bytes are no snapshot of this release; the caller then replays the ledger instead.
    """
    with without_collecting():
        outline, content = _decoded(body)
        _fill(tables, outline, content)


def _decoded(body: bytes) -> tuple[Outline, dict[str, list[Any]]]:
    frames = _frames(body)
    content: dict[str, list[Any]] = {name: [] for name in _KIND_BY_TABLE}
    try:
        outline = _outline.decode(next(frames, b""))
        if outline.version != SNAPSHOT_VERSION:
            raise _unusable(f"expected version {SNAPSHOT_VERSION}, got {outline.version}", "version")
        for name, frame in zip(outline.parts, frames, strict=True):
            if name not in content:
                raise _unusable(f"{name!r} is no table of this release", "content")
            content[name] += _decoders[name].decode(frame)
    except (msgspec.MsgspecError, ValueError) as error:
        raise _unusable(str(error), "content") from error
    return outline, content


def _frames(body: bytes) -> Iterator[memoryview]:
    whole, start = memoryview(body), 0
    while start < len(whole):
        head, start = whole[start : start + _SIZE.size], start + _SIZE.size
        if len(head) < _SIZE.size:
            raise ValueError("it ends within the size of a part")
        size = _SIZE.unpack(head)[0]
        if start + size > len(whole):
            raise ValueError(f"a part of {size} bytes is cut off")
        yield whole[start : start + size]
        start += size


def _unusable(why: str, code: str) -> DecodeError:
    return DecodeError(f"Snapshot: {why}: replay the ledger instead.", code=f"snapshot.{code}")


def _fill(tables: Tables, outline: Outline, content: dict[str, list[Any]]) -> None:
    for name in _NUMBERS:
        setattr(tables, name, getattr(outline, name))
    for name in _BY_THING:
        setattr(tables, name, {event.thing: event for event in content[name]})
    for name in _BY_ID:
        setattr(tables, name, {thing.id: thing for thing in content[name]})
    tables.removed = {(event.subject, event.thing): event for event in content["removed"]}
    tables.plans = {plan_key(event): event for event in content["plans"]}
    tables.stock = {(line.place, line.item): line for line in content["stock"]}
    tables.index = build_index(tables)


# What the ledger gives, or what is made from that; it may differ between two ledgers that hold the same facts.
_GIVEN_BY_LEDGER = frozenset({"id", "recorded_at", "causation", "source_key"})


def digest_of(tables: Tables) -> str:
    """Give the SHA-256 of the content, in hexadecimal.

    Equal for equal content, whatever the order of arrival and whatever ids and instants of recording the ledger gave;
    the sequence number is left out as well.
    """
    content = {name: _comparable(getattr(tables, name)) for name in _KIND_BY_TABLE}
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
