"""What a movement costs the log: pages are counted, not seconds, so that it holds on any machine."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import Session, SQLModel

import inventory.tables.triggers  # noqa: F401  # hangs the triggers on the tables
from inventory.model.lots import Lot
from inventory.model.movements import Command, Line, Movement, MovementKind
from inventory.service.safety import trace
from inventory.tables.driver import Driver
from inventory.tables.ledger import Draft, post
from twin.db.sqlite import write_engine
from twin.ids import ItemId, LotId, PlaceId

PAGE, MOVES = 4096 + 24, 200  # a page with its header in the log, as SQLite's file format has it


def move(session: Session, number: int, quantity: int, start: str, end: str) -> None:
    identifier = f"move-{number:06d}"
    command = Command(id=identifier, actor="user-1", occurred_at=number, recorded_at=number)
    line = Line(
        item=ItemId("gloves"), quantity=quantity, from_place=PlaceId(start), to_place=PlaceId(end), lot=LotId("lot")
    )
    movement = Movement(id=identifier, kind=MovementKind.TRANSFER, command=command, lines=(line,))
    post(Driver(session), Draft(movement=movement, content_hash="", released={}))
    session.commit()


def test_movement_writes_few_pages_and_a_trace_reads_one_index(tmp_path: Path) -> None:
    engine = write_engine(tmp_path / "books.db")
    with engine.begin() as connection:
        tables = [table for name, table in SQLModel.metadata.tables.items() if name.startswith("inventory_")]
        SQLModel.metadata.create_all(connection, tables=tables)
    log = tmp_path / "books.db-wal"
    with Session(engine) as session:
        move(session, 0, 10**6, "supplier", "store")
        begun = log.stat().st_size
        for number in range(1, MOVES + 1):
            move(session, number, 1, "store", "ward")
        written = (log.stat().st_size - begun) / PAGE / MOVES
        move(session, MOVES + 1, 1, "ward", "patient")

        # movement, its id and its instant; the entries; their index at both places; the balances; and now and then a split
        assert written <= 7.5
        statement = "SELECT 1 FROM inventory_entry e WHERE e.item IN (?) AND e.place = ? AND e.lot IN (?)"
        plan = Driver(session).rows(f"EXPLAIN QUERY PLAN {statement}", ("gloves", "patient", "lot"))
        assert "inventory_entry_by_item (item=? AND place=? AND lot=?)" in str(plan)
        found = trace(session, lots=[Lot(id=LotId("lot"), item=ItemId("gloves"), number="L")])
        assert [(hit.quantity, hit.movement) for hit in found.patients] == [(1, f"move-{MOVES + 1:06d}")]
    engine.dispose()
