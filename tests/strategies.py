"""Hypothesis strategies for events: few ids and few instants, so that claims meet and collide."""

from __future__ import annotations

import types
import typing
from enum import StrEnum
from typing import Any

import msgspec
from hypothesis import strategies as st

from twin.events.envelope import Event
from twin.events.registry import EVENT_TYPES

PLACES = ("site", "ward-1", "ward-2", "room-1", "bed-1", "bed-2", "bed-3", "store", "exit")
POOLS: dict[str, tuple[str, ...]] = {
    "encounter": ("e1", "e2", "e3", "e4"),
    "place": PLACES,
    "bed": ("bed-1", "bed-2", "bed-3"),
    "path": ("p1", "p2", "p3"),
    "asset": ("a1", "a2", "a3"),
    "tag": ("t1", "t2", "t3", "t4"),
    "bin": ("bin-1", "bin-2"),
    "ticket": ("q1", "q2", "q3"),
    "task": ("k1", "k2", "k3"),
    "alarm": ("al1", "al2"),
    "item": ("i1", "i2"),
    "staff": ("s1", "s2"),
    "gateway": ("g1", "g2"),
    "read_point": ("r1", "r2"),
    "plan": ("plan-1", "plan-2"),
    "request": ("rq1",),
    "shift_request": ("shift-request-1",),
    "contract": ("contract-1", "contract-2"),
    "limits": ("electrical", "P-1"),
    "load": ("l1", "l2"),
    "order": ("order-1",),
}
SOURCES = ("gateway:g1", "his:main", "user:u1", "import:csv", "twin:assets.egress")

_PLACE_FIELDS = frozenset(
    [
        "place",
        "home",
        "zone",
        "previous_zone",
        "last_zone",
        "from_zone",
        "to_zone",
        "portal",
        "parent",
        "start",
        "end",
        "from_place",
        "to_place",
        "service_point",
        "outside_place",
    ]
)
_BEARERS = (*POOLS["asset"], *POOLS["encounter"], "s1", "bin-1")
_CANCELLABLE = (
    "EncounterStarted",
    "EncounterMoved",
    "EncounterFinished",
    "EncounterPlanned",
    "BedReserved",
    "EncountersSwapped",
    "EncountersMerged",
    "EncounterLeaveStarted",
    "EncounterArrived",
    "EncounterDeparted",
    "DischargePlanned",
)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    **{name: st.sampled_from(PLACES) for name in _PLACE_FIELDS},
    "bearer": st.sampled_from(_BEARERS),
    "other": st.sampled_from(POOLS["encounter"]),
    "into": st.sampled_from(POOLS["encounter"]),
    "encounter": st.sampled_from(POOLS["encounter"]),
    "cancels": st.sampled_from(_CANCELLABLE),
    "category": st.sampled_from(("infusion_pump", "bladder_scanner")),
    "status": st.sampled_from(("on", "running", "fault")),
    "kind": st.sampled_from(("admissions", "roster")),
    "lot": st.sampled_from(("", "L1")),
    "quantity": st.integers(1, 9),
    "confidence": st.sampled_from((1.0, 0.5)),
    "priority": st.integers(0, 2),
    "assets": st.lists(st.sampled_from(POOLS["asset"]), max_size=2).map(tuple),
    "custodian": st.sampled_from(("", "s1", "e1")),
}
_HEAD = frozenset(
    {"thing", "occurred_at", "source", "source_key", "id", "recorded_at", "causation", "actor", "version"}
)


def _of_type(kind: Any) -> st.SearchStrategy[Any]:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return st.one_of([_of_type(argument) for argument in arguments])
    if kind is type(None):
        return st.none()
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from(list(kind))
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return st.lists(_of_type(arguments[0]), max_size=2).map(tuple)
        return st.tuples(*[_of_type(argument) for argument in arguments])
    simple = {
        str: st.sampled_from(("", "x", "y")),
        int: st.integers(0, 5),
        float: st.sampled_from((0.0, 0.5, 1.0)),
        bool: st.booleans(),
    }
    return simple[kind]


def _field(name: str, kind: Any) -> st.SearchStrategy[Any]:
    # A name such as "status" or "kind" is a free code in one event and an enumeration in another.
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return st.sampled_from(list(kind))
    return _FIELDS[name] if name in _FIELDS else _of_type(kind)


def structs(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Values of a plain struct."""
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{name: _field(name, hints[name]) for name in kind.__struct_fields__})


def of_kind(kind: type[Event], last: int = 12) -> st.SearchStrategy[Event]:
    """Events of one type; ``source_key`` stays empty until :func:`numbered`."""
    hints = typing.get_type_hints(kind)
    payload = {name: _field(name, hints[name]) for name in kind.__struct_fields__ if name not in _HEAD}
    return st.builds(
        kind,
        thing=st.sampled_from(POOLS[kind.subject]),
        occurred_at=st.integers(0, last),
        source=st.sampled_from(SOURCES),
        source_key=st.just(""),
        **payload,
    )


def numbered(events: list[Event]) -> list[Event]:
    """Give each event its own source key, and an id as a ledger would."""
    return [
        msgspec.structs.replace(event, source_key=f"k{number:03}", id=f"id-{number:03}")
        for number, event in enumerate(events)
    ]


def event_sets(
    *kinds: type[Event], min_size: int = 1, max_size: int = 30, last: int = 12
) -> st.SearchStrategy[list[Event]]:
    """Lists of different facts; of all types unless some are named."""
    chosen = kinds or tuple(EVENT_TYPES.values())
    one = st.sampled_from(chosen).flatmap(lambda kind: of_kind(kind, last))
    return st.lists(one, min_size=min_size, max_size=max_size).map(numbered)
