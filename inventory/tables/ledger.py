"""The double-entry ledger: movements with their entries, and balances changed in the same transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from inventory.model.movements import (
    BalanceKey,
    Command,
    Line,
    Movement,
    MovementKind,
    balance_changes,
)
from inventory.model.places import is_virtual
from inventory.tables.driver import Driver, Row, number_of, text_of
from twin.errors import Conflict, Refused
from twin.ids import ItemId, LotId, PlaceId

_INSERT_MOVEMENT = (
    "INSERT INTO inventory_movement (id, command_hash, kind, occurred_at, recorded_at, actor, witness, task, reason,"
    " encounter, reverses, flags) VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING"
)
_INSERT_ENTRY = (
    "INSERT INTO inventory_entry (movement, seq, place, item, lot, owner, serial, quantity) VALUES (?,?,?,?,?,?,?,?)"
)
_INSERT_BOTH_SIDES = f"{_INSERT_ENTRY},(?,?,?,?,?,?,?,?)"
_TAKE = (
    "UPDATE inventory_balance SET on_hand = on_hand - ?, reserved = reserved - ?, version = version + 1"
    " WHERE place = ? AND item = ? AND lot = ? AND owner = ?"
    " AND on_hand - ? >= reserved - ? AND on_hand >= ? AND reserved >= ?"
)
_PUT = (
    "INSERT INTO inventory_balance (place, item, lot, owner, on_hand, reserved, received_at, version)"
    " VALUES (?,?,?,?,?,0,?,1) ON CONFLICT (place, item, lot, owner) DO UPDATE SET"
    " received_at = CASE WHEN inventory_balance.on_hand = 0 THEN excluded.received_at"
    " ELSE inventory_balance.received_at END,"
    " on_hand = inventory_balance.on_hand + excluded.on_hand, version = inventory_balance.version + 1"
)
_MOVEMENT_COLUMNS = "id, kind, occurred_at, recorded_at, actor, witness, task, reason, encounter, reverses, flags"


class Short(Refused):
    """A place has less of a lot than is to be taken.

    Parameters
    ----------
    key : BalanceKey
        Place, item, lot and owner.
    wanted : int
        Base units that were to be taken.
    """

    def __init__(self, key: BalanceKey, wanted: int) -> None:
        place, item, lot, _ = key
        super().__init__(
            f"{place} has fewer than {wanted} free units of item {item}, lot {lot or 'none'}: "
            "take fewer, or count the place.",
            reasons=("stock.short",),
            code="stock.short",
        )
        self.key = key
        self.wanted = wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A movement to be written.

    Parameters
    ----------
    movement : Movement
        With its lines.
    content_hash : str
        Hash of the command's content: the same id with other content is an error, not a replay.
    released : Mapping[BalanceKey, int]
        Promised quantities that this movement uses up.
    """

    movement: Movement
    content_hash: str
    released: Mapping[BalanceKey, int]


def content_hash(*content: object) -> str:
    """Give a hash of a command's content."""
    return hashlib.blake2b(msgspec.json.encode(content), digest_size=12).hexdigest()


def replay_of(driver: Driver, command_id: str, expected_hash: str) -> Movement | None:
    """Give the movement that a command has made already, or None if it is new.

    Raises
    ------
    Conflict
        If the same id was used for something else.
    """
    row = driver.row("SELECT command_hash FROM inventory_movement WHERE id = ?", (command_id,))
    if row is None:
        return None
    if row[0] != expected_hash:
        raise Conflict(
            f"Command id {command_id!r} was used for another movement: give each command an id of its own.",
            code="stock.command_reused",
        )
    return load_movement(driver, command_id, is_replay=True)


def post(driver: Driver, draft: Draft) -> bool:
    """Write a movement, its entries and its balances; all of them or, by an error, none.

    Balances are changed in the order of their keys, so two commands never wait for each other crosswise.

    Returns
    -------
    bool
        False if another transaction wrote the same command first; nothing was changed then.

    Raises
    ------
    Short
        If a real place would fall below zero or below what is promised.
    """
    movement = draft.movement
    command = movement.command
    written = driver.run(
        _INSERT_MOVEMENT,
        (
            movement.id,
            draft.content_hash,
            movement.kind.value,
            command.occurred_at,
            command.recorded_at,
            command.actor,
            command.witness,
            command.task,
            command.reason,
            command.encounter,
            movement.reverses,
            ",".join(movement.flags),
        ),
    )
    if not written:
        return False
    _write_entries(driver, movement)
    puts: list[tuple[str | int, ...]] = []  # neighbours in the order of locking go to the database together
    # In the order of locking; see balance_changes.
    for key, change in balance_changes(movement.lines):
        if change > 0:
            puts.append((*key, change, command.occurred_at))
            continue
        driver.run_many(_PUT, puts)
        puts.clear()
        taken, released = -change, draft.released.get(key, 0)
        # The guard stands in the statement itself: read, compare and write in steps would hand the last unit out twice.
        if not driver.run(_TAKE, (taken, released, *key, taken, released, taken, released)):
            raise Short(key, taken)
    driver.run_many(_PUT, puts)
    _move_serials(driver, movement.lines)
    return True


def _write_entries(driver: Driver, movement: Movement) -> None:
    rows = _entry_rows(movement)
    if len(rows) == 2:  # one line is the usual movement: both its sides go in one statement
        driver.run(_INSERT_BOTH_SIDES, rows[0] + rows[1])
    else:
        driver.run_many(_INSERT_ENTRY, rows)


def _entry_rows(movement: Movement) -> list[tuple[str | int, ...]]:
    """Give the rows of both sides of every line: from, then to, as reading them back expects."""
    name, rows, seq = movement.id, list[tuple[str | int, ...]](), 0
    for line in movement.lines:
        item, lot, owner, serial, quantity = line.item, line.lot, line.owner, line.serial, line.quantity
        rows.append((name, seq, line.from_place, item, lot, owner, serial, -quantity))
        rows.append((name, seq + 1, line.to_place, item, lot, owner, serial, quantity))
        seq += 2
    return rows


def _move_serials(driver: Driver, lines: tuple[Line, ...]) -> None:
    for line in lines:
        if not line.serial:
            continue
        changed = driver.run(
            "UPDATE inventory_serial SET place = ?, lot = ? WHERE item = ? AND serial = ? AND place = ?",
            (line.to_place, line.lot, line.item, line.serial, line.from_place),
        )
        if changed:
            continue
        known = driver.row("SELECT place FROM inventory_serial WHERE item = ? AND serial = ?", (line.item, line.serial))
        if known is not None:
            raise Refused(
                f"Serial {line.serial} of item {line.item} is at {known[0]}, not at {line.from_place}: scan it there.",
                reasons=("stock.serial_elsewhere",),
                code="stock.serial_elsewhere",
            )
        if not is_virtual(line.from_place):
            raise Refused(
                f"Serial {line.serial} of item {line.item} was never received: receive it first.",
                reasons=("stock.serial_unknown",),
                code="stock.serial_unknown",
            )
        driver.run(
            "INSERT INTO inventory_serial (item, serial, lot, place, epc) VALUES (?,?,?,?,'')",
            (line.item, line.serial, line.lot, line.to_place),
        )


def load_movement(driver: Driver, movement: str, *, is_replay: bool = False) -> Movement | None:
    """Give a movement with its lines, or None.

    Parameters
    ----------
    driver : Driver
        The transaction.
    movement : str
        Its id.
    is_replay : bool
        What the answer is to say of itself.
    """
    row = driver.row(f"SELECT {_MOVEMENT_COLUMNS} FROM inventory_movement WHERE id = ?", (movement,))
    return None if row is None else _movement_of(driver, row, is_replay=is_replay)


def _movement_of(driver: Driver, row: Row, *, is_replay: bool = False) -> Movement:
    identifier = text_of(row[0])
    command = Command(
        id=identifier,
        occurred_at=number_of(row[2]),
        recorded_at=number_of(row[3]),
        actor=text_of(row[4]),
        witness=text_of(row[5]),
        task=text_of(row[6]),
        reason=text_of(row[7]),
        encounter=text_of(row[8]),
    )
    return Movement(
        id=identifier,
        kind=MovementKind(text_of(row[1])),
        command=command,
        lines=_lines_of(driver, identifier),
        flags=tuple(flag for flag in text_of(row[10]).split(",") if flag),
        reverses=text_of(row[9]),
        is_replay=is_replay,
    )


def _lines_of(driver: Driver, movement: str) -> tuple[Line, ...]:
    rows = driver.rows(
        "SELECT place, item, lot, owner, serial, quantity FROM inventory_entry WHERE movement = ? ORDER BY seq",
        (movement,),
    )
    # the two sides of a line stand one after the other: from, then to
    return tuple(
        Line(
            item=ItemId(text_of(to_row[1])),
            quantity=number_of(to_row[5]),
            from_place=PlaceId(text_of(from_row[0])),
            to_place=PlaceId(text_of(to_row[0])),
            lot=LotId(text_of(to_row[2])),
            owner=text_of(to_row[3]),
            serial=text_of(to_row[4]),
        )
        for from_row, to_row in zip(rows[::2], rows[1::2], strict=True)
    )


def movements_after(driver: Driver, *, recorded_at: int, after: str, limit: int) -> list[Movement]:
    """Give movements in the order of recording, a page at a time.

    Parameters
    ----------
    driver : Driver
        The transaction.
    recorded_at, after : int, str
        Key of the last movement of the page before; 0 and empty for the first page.
    limit : int
        Largest number of movements.
    """
    rows = driver.rows(
        f"SELECT {_MOVEMENT_COLUMNS} FROM inventory_movement WHERE recorded_at > ? OR (recorded_at = ? AND id > ?)"
        " ORDER BY recorded_at, id LIMIT ?",
        (recorded_at, recorded_at, after, limit),
    )
    return [_movement_of(driver, row) for row in rows]


def movements_touching(driver: Driver, *, item: str, place: str, limit: int) -> list[Movement]:
    """Give the latest movements of an item at a place, newest first: the audit of a quantity."""
    columns = ", ".join(f"m.{name}" for name in _MOVEMENT_COLUMNS.split(", "))
    rows = driver.rows(
        f"SELECT DISTINCT {columns} FROM inventory_movement m JOIN inventory_entry e ON e.movement = m.id"
        " WHERE e.item = ? AND e.place = ? ORDER BY m.recorded_at DESC, m.id DESC LIMIT ?",
        (item, place, limit),
    )
    return [_movement_of(driver, row) for row in rows]
