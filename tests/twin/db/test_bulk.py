"""Rows read and written many at a time, on both databases."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from twin.db.bulk import fetch_plain, insert_rows
from twin.db.database import Database
from twin.history.tables import INTERVALS

ROWS = msgspec.json.Decoder(list[tuple[str, str, int]])
COLUMNS = [
    ("id", "bigint"),
    ("facet", "text"),
    ("thing", "text"),
    ("value", "text"),
    ("from_at", "bigint"),
    ("to_at", "bigint"),
    ("said_at", "bigint"),
    ("sequence", "bigint"),
    ("known_from", "bigint"),
]
TEXTS = ["", "plain", 'a "quoted" \\ path\n', "手术室 3", "\U0001f6cf", "it's", "\x01\x7f"]


def test_rows_come_back_as_they_were_written_and_in_the_order_asked_for(database: Database) -> None:
    biggest = 2**63 - 1
    rows = [(i + 1, "note", f"t-{i % 3}", text, biggest - i, biggest, 0, i, 0) for i, text in enumerate(TEXTS)]
    database.writer.run(lambda session: insert_rows(session.connection(), "history_intervals", COLUMNS, rows))
    query = select(INTERVALS.c.thing, INTERVALS.c.value, INTERVALS.c.from_at).where(INTERVALS.c.facet == "note")

    with database.read() as session:
        read = fetch_plain(session, query.order_by(INTERVALS.c.from_at), ROWS)
        none = fetch_plain(session, query.where(INTERVALS.c.thing == "nobody"), ROWS)

    assert read == [(row[2], row[3], row[4]) for row in reversed(rows)]
    assert none == []
