"""The demo hospital's building: five floors of 120 m by 40 m, one corridor each, four lifts, two stairs.

A floor is a row of blocks along a corridor. A block (a ward, the emergency department, the theatres) has rooms north
and south of the corridor; each room is one zone that readers can tell apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from server.demo.departments import Block, Room, blocks
from twin.events.envelope import Event
from twin.events.places import PathDefined, PathKind, PlaceDefined, PlaceKind

SOURCE = "demo:building"
CORRIDOR_Y_M = 20.0
CORRIDOR_STEP_M = 10.0
FLOOR_LENGTH_M = 120.0
ROOM_DEPTH_M = 8.0
LIFTS_X_M = (35.0, 40.0, 80.0, 85.0)
STAIRS_X_M = (5.0, 115.0)


def building_events(at: int) -> list[Event]:
    """Give all places and paths of the demo hospital as events.

    Parameters
    ----------
    at : int
        Instant from which they exist, UTC microseconds.

    Returns
    -------
    list[Event]
        Containers before what they contain; 300 beds, about 900 places.
    """
    return list(_events(at))


class _Writer:
    """Makes events with running source keys."""

    def __init__(self, at: int) -> None:
        self.at = at

    def place(self, identifier: str, kind: PlaceKind, **fields: Any) -> PlaceDefined:
        return PlaceDefined(
            thing=identifier, occurred_at=self.at, source=SOURCE, source_key=f"place:{identifier}", kind=kind, **fields
        )

    def path(self, start: str, end: str, kind: PathKind, **fields: Any) -> PathDefined:
        return PathDefined(
            thing=f"{start}~{end}",
            occurred_at=self.at,
            source=SOURCE,
            source_key=f"path:{start}~{end}",
            start=start,
            end=end,
            kind=kind,
            **fields,
        )


def _events(at: int) -> Iterator[Event]:
    write = _Writer(at)
    yield write.place("SITE", PlaceKind.SITE, name="Demo hospital", name_zh="示范医院")
    yield write.place("MAIN", PlaceKind.BUILDING, name="Main building", name_zh="主楼", parent="SITE")
    every = blocks()
    floors = sorted({block.floor for block in every})
    for floor in floors:
        yield from _floor(write, floor)
    for block in every:
        yield from _block(write, block)
    for lower, upper in pairwise(floors):
        yield from _vertical(write, lower, upper)


def _corridor(floor: int, x_m: float) -> str:
    return f"L{floor}-C{int(x_m // CORRIDOR_STEP_M):02d}"


def _floor(write: _Writer, floor: int) -> Iterator[Event]:
    name = "Ground floor" if floor == 0 else f"Floor {floor}" if floor > 0 else "Basement"
    name_zh = f"{floor + 1}层" if floor >= 0 else "地下一层"
    yield write.place(
        f"L{floor}",
        PlaceKind.LEVEL,
        name=name,
        name_zh=name_zh,
        parent="MAIN",
        floor=floor,
        x_m=FLOOR_LENGTH_M / 2,
        y_m=CORRIDOR_Y_M,
        width_m=FLOOR_LENGTH_M,
        depth_m=40.0,
    )
    segments = int(FLOOR_LENGTH_M / CORRIDOR_STEP_M)
    for index in range(segments):
        x_m = (index + 0.5) * CORRIDOR_STEP_M
        yield write.place(
            f"L{floor}-C{index:02d}",
            PlaceKind.CORRIDOR,
            name=f"Corridor {floor}/{index + 1}",
            name_zh=f"{name_zh}走廊{index + 1}",
            parent=f"L{floor}",
            purpose="corridor",
            floor=floor,
            x_m=x_m,
            y_m=CORRIDOR_Y_M,
            width_m=CORRIDOR_STEP_M,
            depth_m=3.0,
            capacity=20,
        )
        if index:
            yield write.path(
                f"L{floor}-C{index - 1:02d}",
                f"L{floor}-C{index:02d}",
                PathKind.CORRIDOR,
                length_m=CORRIDOR_STEP_M,
                width_m=3.0,
            )


def _block(write: _Writer, block: Block) -> Iterator[Event]:
    rooms_by_side = ((block.north, 1.0), (block.south, -1.0))
    length = max(sum(room.width_m for room in rooms) for rooms, _ in rooms_by_side)
    yield write.place(
        block.id,
        block.kind,
        name=block.name,
        name_zh=block.name_zh,
        parent=f"L{block.floor}",
        department=block.department,
        purpose=block.purpose,
        floor=block.floor,
        x_m=block.x_m + length / 2,
        y_m=CORRIDOR_Y_M,
        width_m=length,
        depth_m=2 * ROOM_DEPTH_M + 3.0,
        capacity=sum(room.beds for rooms, _ in rooms_by_side for room in rooms) or 1,
    )
    for rooms, side in rooms_by_side:
        x_m = block.x_m
        for room in rooms:
            yield from _room(write, block, room, x_m + room.width_m / 2, side)
            x_m += room.width_m


def _room(write: _Writer, block: Block, room: Room, x_m: float, side: float) -> Iterator[Event]:
    y_m = CORRIDOR_Y_M + side * (1.5 + ROOM_DEPTH_M / 2)
    yield write.place(
        room.id,
        room.kind,
        name=room.name,
        name_zh=room.name_zh,
        parent=block.id,
        department=block.department,
        purpose=room.purpose,
        floor=block.floor,
        x_m=x_m,
        y_m=y_m,
        width_m=room.width_m,
        depth_m=ROOM_DEPTH_M,
        capacity=max(room.beds, 1),
    )
    yield write.path(
        _corridor(block.floor, min(x_m, FLOOR_LENGTH_M - 0.1)),
        room.id,
        PathKind.DOOR,
        length_m=abs(y_m - CORRIDOR_Y_M),
        width_m=room.door_m,
    )
    for number in range(1, room.beds + 1):
        offset = (number - (room.beds + 1) / 2) * room.width_m / max(room.beds, 1)
        bed = f"{room.id}-{number}"
        yield write.place(
            bed,
            PlaceKind.BED,
            name=f"Bed {bed}",
            name_zh=f"{bed}床",
            parent=room.id,
            department=block.department,
            purpose="bed",
            floor=block.floor,
            x_m=x_m + offset,
            y_m=y_m + side * 1.5,
            width_m=1.0,
            depth_m=2.1,
        )
        yield write.path(room.id, bed, PathKind.CORRIDOR, length_m=1.5)


def _vertical(write: _Writer, lower: int, upper: int) -> Iterator[Event]:
    for number, x_m in enumerate(LIFTS_X_M, start=1):
        for floor in (lower, upper):
            if floor == upper or lower == -1:
                lift = f"LIFT{number}-L{floor}"
                yield write.place(
                    lift,
                    PlaceKind.AREA,
                    name=f"Lift {number}, floor {floor}",
                    name_zh=f"{number}号电梯",
                    parent=f"L{floor}",
                    purpose="lift",
                    floor=floor,
                    x_m=x_m,
                    y_m=CORRIDOR_Y_M + 2.0,
                )
                yield write.path(_corridor(floor, x_m), lift, PathKind.DOOR, length_m=2.0, width_m=1.4)
        yield write.path(f"LIFT{number}-L{lower}", f"LIFT{number}-L{upper}", PathKind.LIFT, width_m=1.4, floors=1)
    for x_m in STAIRS_X_M:
        start, end = _corridor(lower, x_m), _corridor(upper, x_m)
        yield write.path(start, end, PathKind.STAIRS, length_m=12.0, width_m=1.5, floors=1)
