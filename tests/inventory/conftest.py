from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlmodel import Session

import inventory.tables.count_sessions  # each hangs its tables on the metadata
import inventory.tables.kits
import inventory.tables.order_rows
import inventory.tables.plan_rows
import inventory.tables.triggers  # noqa: F401  # hangs the triggers on the tables
import scheduling.tables.tasks  # noqa: F401
from tests.inventory.stockroom import Stockroom, ledger_of_both_organs
from twin.db.database import Database


@pytest.fixture
def stockroom(database: Database) -> Iterator[Stockroom]:
    with Session(database.write_engine) as session:
        yield Stockroom(session, ledger_of_both_organs())
