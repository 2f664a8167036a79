"""While one group is told the next one is written; nobody sees less, earlier or in another order for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest
from sqlmodel import Session

from tests.twin.ledger.test_ledger import START_US, MakeLedger, all_stored, bound, make_ledger, zone
from twin.db.channel import Transaction
from twin.db.database import Database
from twin.errors import HospitalTwinError
from twin.events.envelope import Event
from twin.events.things import ZoneChanged
from twin.ledger.ledger import Ledger
from twin.ports import HandlerContext, Stored

__all__ = ["make_ledger"]


class Held:
    """Listener of commits that holds the telling up when it is told to."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.begun, self.may_go_on = threading.Event(), threading.Event()
        self.may_go_on.set()

    def __call__(self, stored: list[Stored]) -> None:
        self.begun.set()
        assert self.may_go_on.wait(20)
        self.told.extend(one.sequence for one in stored)


@pytest.fixture
def held(database: Database) -> Iterator[Held]:
    listener = Held()
    database.writer._group_limit = 1  # each work a group of its own
    database.writer.on_commit(listener)
    yield listener
    listener.may_go_on.set()


def queued(database: Database, send: Callable[[], list[Future[list[Stored]]]]) -> list[Future[list[Stored]]]:
    """Queue works while the writer is busy, so that there is always one to write while another is told."""
    go, begun = threading.Event(), threading.Event()

    def wait(_transaction: Transaction) -> None:
        begun.set()
        assert go.wait(20)

    database.writer.submit_work(wait)
    assert begun.wait(20)
    futures = send()
    go.set()
    return futures


def wait_stored(ledger: Ledger, count: int) -> None:
    """Wait until so many events can be read, told or not."""
    waiting = threading.Event()
    for _ in range(400):
        if len(all_stored(ledger)) >= count:
            return
        waiting.wait(0.05)
    raise AssertionError(f"expected {count} events, found {len(all_stored(ledger))}")


def test_the_next_group_is_stored_while_one_is_told(make_ledger: MakeLedger, held: Held) -> None:
    ledger = make_ledger()
    held.may_go_on.clear()

    futures = queued(ledger.database, lambda: [ledger.submit([zone(f"t{number}", "icu")]) for number in range(3)])
    assert held.begun.wait(20)
    wait_stored(ledger, 2)

    # durable, but nobody was told: not even who sent it
    assert [future.done() for future in futures] == [False, False, False]
    assert held.told == []
    held.may_go_on.set()
    assert [future.result(20)[0].sequence for future in futures] == [1, 2, 3]
    assert held.told == [1, 2, 3]


def test_handlers_see_all_that_was_committed_before(make_ledger: MakeLedger, held: Held) -> None:
    seen: list[tuple[int, str]] = []

    def look(context: HandlerContext, event: Event) -> list[Event]:
        seen.append((context.state.sequence, context.bearer_of("tag", START_US + 1)))
        return []

    ledger = make_ledger({ZoneChanged: {"x.look": look}})
    futures = queued(
        ledger.database,
        lambda: [
            ledger.submit([zone("t0", "icu")]),
            ledger.submit([bound("tag", "pump-1")]),
            *(ledger.submit([zone(f"t{number}", "icu"), zone(f"u{number}", "icu")]) for number in range(1, 40)),
        ],
    )
    for future in futures:
        future.result(20)

    assert seen[0] == (0, "")
    assert seen[1:] == [(2 + 2 * (number // 2), "pump-1") for number in range(2 * 39)]


def test_a_use_case_sees_all_that_was_committed_before(make_ledger: MakeLedger, held: Held) -> None:
    ledger = make_ledger()
    seen: list[int] = []

    def use_case(_session: Session) -> list[Stored]:
        seen.append(ledger.state.sequence)
        return []

    futures = queued(
        ledger.database,
        lambda: [
            future
            for number in range(30)
            for future in (ledger.submit([zone(f"t{number}", "icu")]), ledger.database.writer.submit(use_case))
        ],
    )
    for future in futures:
        future.result(20)

    assert seen == list(range(1, 31))


def test_who_fails_is_answered_after_those_before_him(make_ledger: MakeLedger, held: Held) -> None:
    ledger = make_ledger()
    held.may_go_on.clear()

    def fails(_transaction: Transaction) -> list[Stored]:
        raise ValueError("the rule forbids it")

    futures = queued(
        ledger.database,
        lambda: [ledger.submit([zone("t1", "icu")]), ledger.database.writer.submit_work(fails)],
    )
    assert held.begun.wait(20)
    order: list[str] = []
    futures[0].add_done_callback(lambda _future: order.append("stored"))
    futures[1].add_done_callback(lambda _future: order.append("failed"))
    held.may_go_on.set()

    assert isinstance(futures[1].exception(20), ValueError)
    assert order == ["stored", "failed"]


def test_a_listener_that_waits_for_the_writer_is_refused_also_beside_it(
    make_ledger: MakeLedger, database: Database, held: Held
) -> None:
    ledger = make_ledger()
    refused: list[Exception] = []

    def waits(_stored: list[Stored]) -> None:
        try:
            database.writer.run(lambda _session: None)
        except RuntimeError as error:
            refused.append(error)

    database.writer.on_commit(waits)
    for future in queued(database, lambda: [ledger.submit([zone(f"t{n}", "icu")]) for n in range(4)]):
        future.result(20)

    assert len(refused) == 4


def test_closing_tells_what_is_stored(make_ledger: MakeLedger, database: Database, held: Held) -> None:
    ledger = make_ledger()
    futures = queued(database, lambda: [ledger.submit([zone(f"t{number}", "icu")]) for number in range(20)])

    database.writer.close()

    assert [future.done() for future in futures] == [True] * 20
    assert held.told == list(range(1, 21))
    with pytest.raises(HospitalTwinError):
        database.writer.submit_work(lambda _transaction: None)
