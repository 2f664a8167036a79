"""Many rows at a time: what is set is set of the rows that are named, without a walk through the table."""

from __future__ import annotations

import pytest
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, select
from sqlmodel import Session

from twin.db import bulk
from twin.db.database import Database

BULK = Table(
    "bulk_rows",
    MetaData(),
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
COLUMNS = (("id", "bigint"), ("name", "text"), ("at", "bigint"))


@pytest.fixture
def filled(database: Database) -> Database:
    def use_case(session: Session) -> None:
        BULK.drop(session.connection(), checkfirst=True)
        BULK.create(session.connection())
        # more than one statement holds, and a name that no statement may fall over
        bulk.insert_rows(session.connection(), "bulk_rows", COLUMNS, [(n, f"row ' {n} 床", n) for n in range(1, 2501)])

    database.writer.run(use_case)
    return database


def rows(database: Database) -> dict[int, int]:
    with database.read() as session:
        return {row.id: row.at for row in session.execute(select(BULK.c.id, BULK.c.at))}


def test_all_rows_come_in_as_they_are(filled: Database) -> None:
    with filled.read() as session:
        found = session.execute(select(BULK.c.name).where(BULK.c.id.in_([1, 2500])).order_by(BULK.c.id)).scalars()
        assert list(found) == ["row ' 1 床", "row ' 2500 床"]
    assert rows(filled) == {n: n for n in range(1, 2501)}


def test_numbers_are_set_of_the_rows_that_are_named_and_of_no_other(filled: Database) -> None:
    wanted = {n: -n for n in range(1, 2501, 2)} | {2: 2**62, 4: -(2**62)}  # beyond what a float holds exactly
    told = [*sorted(wanted.items()), (9_999, 1)]  # the last one is no row, and becomes none

    filled.writer.run(lambda session: bulk.set_numbers(session.connection(), "bulk_rows", "at", told))
    filled.writer.run(lambda session: bulk.set_numbers(session.connection(), "bulk_rows", "at", []))

    assert rows(filled) == {n: n for n in range(1, 2501)} | wanted


def test_sqlite_looks_each_row_up(filled: Database) -> None:
    if filled.dialect != "sqlite":
        return
    with filled.read() as session:
        steps = [
            row[3]
            for row in session.connection().exec_driver_sql(
                f"EXPLAIN QUERY PLAN {bulk.set_numbers_of_sqlite('bulk_rows', 'at')}", ("{}",)
            )
        ]

    assert any("SEARCH bulk_rows USING INTEGER PRIMARY KEY" in step for step in steps), steps
    assert not any("SCAN bulk_rows" in step for step in steps), steps
