from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, SQLModel, create_engine

import inventory.tables.triggers  # noqa: F401  # hangs the triggers on the tables
import scheduling.tables.tasks  # noqa: F401
from tests.inventory.stockroom import Stockroom, ledger_of_both_organs


@pytest.fixture
def stockroom(tmp_path: Path) -> Iterator[Stockroom]:
    engine = create_engine(f"sqlite:///{tmp_path / 'stock.db'}")
    tables = [
        table for name, table in SQLModel.metadata.tables.items() if name.startswith(("inventory_", "scheduling_"))
    ]
    SQLModel.metadata.create_all(engine, tables=tables)
    with Session(engine) as session:
        yield Stockroom(session, ledger_of_both_organs())
    engine.dispose()
