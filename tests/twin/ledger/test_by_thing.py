"""What was said about a thing is found whole, however far the index is behind the ledger."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Select, delete, select
from sqlmodel import Session

from tests.fakes import START_US
from twin.clock import ManualClock
from twin.db.database import Database, open_database
from twin.events.things import ZoneChanged
from twin.ledger.by_thing import LAST, ThingIndex, events_about, indexed_about
from twin.ledger.ledger import Ledger
from twin.ledger.retention import _prune
from twin.ledger.tables import EVENTS, EVENTS_BY_THING, INDEXED
from twin.ports import Stored
from twin.settings import Settings
from twin.state.live import LiveState


@pytest.fixture
def ledger(database: Database, clock: ManualClock) -> Iterator[Ledger]:
    made = Ledger(database, state=LiveState(), clock=clock)
    yield made
    made.close()


def told(ledger: Ledger, count: int, *, seed: int = 1, things: int = 5) -> list[Stored]:
    dice = random.Random(seed)
    events = [
        ZoneChanged(
            thing=f"t{dice.randrange(things)}",
            occurred_at=START_US + dice.randrange(1000),  # late and early ones, and several at one instant
            source="gateway:g",
            source_key=f"{seed}/{number}",
            zone=f"z{number}",
        )
        for number in range(count)
    ]
    return ledger.submit(events).result(10)


def taken_in(ledger: Ledger, *batches: list[Stored]) -> None:
    index = ThingIndex()

    def use_case(session: Session) -> None:
        index.load(session, 0)
        for batch in batches:
            index.note(batch)
        index.write(session)

    ledger.database.writer.run(use_case)


def found(ledger: Ledger, thing: str, after: int = 0, before: int = LAST) -> list[int]:
    with ledger.database.read() as session:
        return sorted(session.execute(events_about([thing], after=after, before=before)).scalars())


def positions(session: Session) -> list[int]:
    """Give what the rows hold, whatever is asked of them otherwise."""
    held = session.execute(select(EVENTS_BY_THING.c.positions)).scalars()
    return [number for text in held for number in json.loads(text)]


def by_looking(stored: list[Stored], thing: str, after: int = 0, before: int = LAST) -> list[int]:
    return [one.sequence for one in stored if one.event.thing == thing and after < one.sequence < before]


@pytest.mark.parametrize("share", [0, 1, 60, 200], ids=["nothing", "one", "some", "all"])
def test_each_thing_is_found_whole_whatever_share_is_indexed(ledger: Ledger, share: int) -> None:
    stored = told(ledger, 200)
    if share:
        taken_in(ledger, stored[:share])

    for thing in ("t0", "t1", "t4", "t9"):
        assert found(ledger, thing) == by_looking(stored, thing)
        assert found(ledger, thing, 20, 120) == by_looking(stored, thing, 20, 120)
    with ledger.database.read() as session:
        read = [one.sequence for one in ledger.read(session, 50, 1000, thing="t1")]
    assert read == [number for number in by_looking(stored, "t1") if number > 50]


def test_same_batch_twice_is_taken_in_once(ledger: Ledger) -> None:
    stored = told(ledger, 30)

    taken_in(ledger, stored[:20])
    taken_in(ledger, stored[:20], stored)  # what a crash between writing and noting the place leads to

    with ledger.database.read() as session:
        assert sorted(positions(session)) == list(range(1, 31))
        assert session.execute(select(INDEXED.c.up_to)).scalars().all() == [stored[-1].sequence]


def test_what_was_undone_is_gathered_again(ledger: Ledger) -> None:
    stored, index = told(ledger, 30), ThingIndex()

    def fails(session: Session) -> None:
        index.load(session, 0)
        index.note(stored[:20])
        index.write(session)
        raise RuntimeError("undone")

    def works(session: Session) -> None:
        index.load(session, 20)
        index.note(stored)
        assert index.waiting == 30  # twenty from the ledger, ten from the batch
        index.write(session)

    with pytest.raises(RuntimeError, match="undone"):
        ledger.database.writer.run(fails)
    ledger.database.writer.run(works)

    with ledger.database.read() as session:
        assert sorted(positions(session)) == list(range(1, 31))


def test_more_rows_than_one_statement_holds(ledger: Ledger) -> None:
    stored = told(ledger, 3000, things=700)

    taken_in(ledger, stored)

    assert sum(len(found(ledger, f"t{number}")) for number in range(700)) == 3000


def test_events_that_are_taken_out_leave_the_index_too(ledger: Ledger) -> None:
    stored = told(ledger, 20)
    taken_in(ledger, stored)

    ledger.database.writer.run(lambda session: _prune(session, 12))

    with ledger.database.read() as session:
        assert sorted(session.execute(indexed_about([f"t{n}" for n in range(5)])).scalars()) == list(range(13, 21))
        assert min(session.execute(select(EVENTS_BY_THING.c.last)).scalars()) >= 13
        assert min(session.execute(select(EVENTS.c.sequence)).scalars()) == 13


def test_lost_index_costs_time_but_no_answer(ledger: Ledger) -> None:
    stored = told(ledger, 40)
    taken_in(ledger, stored)

    def lose(session: Session) -> None:
        session.execute(delete(EVENTS_BY_THING))
        session.execute(delete(INDEXED))

    ledger.database.writer.run(lose)

    assert found(ledger, "t2") == by_looking(stored, "t2")


def test_limits_lead_sqlite_to_no_walk_through_the_ledger(tmp_path: Path) -> None:
    def plan(session: Session, query: Select[tuple[int, str]]) -> str:
        text = str(query.compile(session.get_bind(), compile_kwargs={"literal_binds": True}))
        return "\n".join(row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))

    with open_database(Settings(data_dir=tmp_path, free_disk_floor_mb=0)) as database:
        database.create_tables()
        with database.read() as session:
            steps = plan(session, indexed_about(["t1", "t2"], before=250).where(EVENTS.c.type == "ZoneChanged"))

    assert "SEARCH events_by_thing USING PRIMARY KEY (thing=?" in steps
    assert "SEARCH events USING INTEGER PRIMARY KEY (rowid=?)" in steps
    assert "SCAN events" not in steps
