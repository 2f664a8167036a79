from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.fakes import START_US
from twin.clock import ManualClock
from twin.db.database import Database
from twin.errors import StorageError
from twin.events.places import PathClosed
from twin.events.things import ZoneChanged
from twin.ledger.ledger import Ledger
from twin.ledger.subscriptions import Pace, Tail
from twin.ports import Stored
from twin.state.live import LiveState

Make = Callable[[], Ledger]


@pytest.fixture
def make(database: Database, clock: ManualClock) -> Iterator[Make]:
    made: list[Ledger] = []

    def new() -> Ledger:
        made.append(Ledger(database, state=LiveState(), clock=clock))
        return made[-1]

    yield new
    for ledger in made:
        ledger.close()


def zone(number: int) -> ZoneChanged:
    return ZoneChanged(
        thing=f"t{number % 3}", occurred_at=START_US + number, source="gateway:g", source_key=str(number), zone="icu"
    )


def send(ledger: Ledger, *numbers: int) -> int:
    return ledger.submit([zone(n) for n in numbers]).result(10)[-1].sequence


def test_a_subscriber_gets_everything_in_order(make: Make) -> None:
    ledger = make()
    seen: list[int] = []
    send(ledger, 1, 2)
    subscription = ledger.subscribe("pages", lambda batch: seen.extend(s.sequence for s in batch), start=0)

    for number in range(3, 60):
        last = send(ledger, number)

    assert subscription.wait_until(last, 10)
    assert seen == list(range(1, last + 1))


def test_a_new_subscriber_starts_from_now(make: Make) -> None:
    ledger = make()
    send(ledger, 1, 2)
    seen: list[int] = []
    subscription = ledger.subscribe("pages", lambda batch: seen.extend(s.sequence for s in batch))

    last = send(ledger, 3)

    assert subscription.wait_until(last, 10)
    assert seen == [3]


def test_the_live_state_shows_what_a_subscriber_is_told(make: Make) -> None:
    ledger = make()
    behind: list[int] = []

    def look(batch: Sequence[Stored]) -> None:
        behind.extend(s.sequence for s in batch if ledger.state.sequence < s.sequence)

    subscription = ledger.subscribe("pages", look, start=0)
    last = send(ledger, *range(50))

    assert subscription.wait_until(last, 10)
    assert behind == []


def test_a_subscriber_goes_on_where_it_was_after_a_restart(make: Make) -> None:
    first = make()
    seen: list[int] = []
    subscription = first.subscribe("forecast", lambda batch: seen.extend(s.sequence for s in batch), start=0)
    assert subscription.wait_until(send(first, 1, 2, 3), 10)
    first.close()
    send(first, 4, 5)

    again = make()
    last = again.subscribe("forecast", lambda batch: seen.extend(s.sequence for s in batch), start=0)

    assert last.wait_until(5, 10)
    assert seen == [1, 2, 3, 4, 5]


def test_a_failing_subscriber_is_seen_and_gets_the_same_events_again(make: Make, clock: ManualClock) -> None:
    ledger = make()
    mended = threading.Event()
    seen: list[int] = []

    def on_events(batch: Sequence[Stored]) -> None:
        if not mended.is_set():
            raise KeyError("no model")
        seen.extend(s.sequence for s in batch)

    subscription = ledger.subscribe("forecast", on_events, start=0)
    last = send(ledger, 1, 2)
    assert subscription.wait_failed(10)
    assert "no model" in subscription.error
    mended.set()

    assert subscription.wait_until(last, 10)
    assert seen == [1, 2]
    with ledger.database.read() as session:
        (row,) = ledger.subscriptions(session)
    assert (row.name, row.position) == ("forecast", 2)


def test_the_failure_of_a_subscriber_is_written_down(make: Make) -> None:
    ledger = make()

    def broken(_batch: Sequence[Stored]) -> None:
        raise KeyError("no model")

    subscription = ledger.subscribe("forecast", broken, start=0)
    send(ledger, 1)
    assert subscription.wait_failed(10)
    ledger.database.writer.run(lambda _session: None)
    subscription.stop()

    with ledger.database.read() as session:
        (row,) = ledger.subscriptions(session)
    assert row.failures >= 1
    assert "no model" in row.error


def test_a_slow_subscriber_holds_up_nobody(make: Make) -> None:
    ledger = make()
    go = threading.Event()
    slow = ledger.subscribe("slow", lambda _batch: go.wait(10) and None, start=0)
    quick = ledger.subscribe("quick", lambda _batch: None, start=0)

    last = send(ledger, 1, 2, 3)

    assert quick.wait_until(last, 10)
    assert slow.position == 0
    go.set()
    assert slow.wait_until(last, 10)


def test_a_screen_leaves_no_position_behind(make: Make) -> None:
    ledger = make()
    subscription = ledger.subscribe("sse-1", lambda _batch: None, start=0, is_durable=False)
    assert subscription.wait_until(send(ledger, 1), 10)

    with ledger.database.read() as session:
        assert ledger.subscriptions(session) == []


def test_a_projection_and_its_position_are_stored_together(make: Make) -> None:
    ledger = make()
    tries: list[int] = []

    def project(session: Session, batch: Sequence[Stored]) -> None:
        for stored in batch:
            session.execute(text("INSERT INTO events_pruning (up_to) VALUES (:n)"), {"n": -stored.sequence})
        tries.append(len(batch))
        if len(tries) == 1:
            raise RuntimeError("power")

    subscription = ledger.project("copy", project)
    last = send(ledger, 1, 2, 3)

    assert subscription.wait_until(last, 10)
    with ledger.database.read() as session:
        rows = session.execute(text("SELECT up_to FROM events_pruning ORDER BY up_to DESC")).scalars().all()
    assert list(rows) == [-1, -2, -3]


def test_what_another_program_stored_reaches_state_and_subscribers(make: Make) -> None:
    ledger, other = make(), make()
    seen: list[int] = []
    subscription = ledger.subscribe("pages", lambda batch: seen.extend(s.sequence for s in batch), start=0)
    ledger.database.writer._listeners.remove(ledger._apply)
    send(other, 1, 2)
    ledger.database.writer.on_commit(ledger._apply)

    last = send(ledger, 3)

    assert subscription.wait_until(last, 10)
    assert seen == [1, 2, 3]
    assert ledger.state.sequence == 3
    assert ledger.state.digest() == other.state.digest()


def stored(sequence: int) -> Stored:
    return Stored(sequence, zone(sequence), True)


def test_a_gap_in_the_ledger_is_an_error_not_a_silence() -> None:
    tail = Tail(lambda after, limit: [stored(after + 2)])
    tail.last = 10

    with pytest.raises(StorageError, match="Expected event 4"):
        tail.after(3)


def test_the_newest_events_come_from_memory_and_older_ones_from_the_database() -> None:
    asked: list[int] = []

    def read(after: int, limit: int) -> list[Stored]:
        asked.append(after)
        return [stored(n) for n in range(after + 1, after + 1 + min(limit, 5))]

    tail = Tail(read, size=4)
    for n in range(1, 8):
        tail.push([stored(n)])
    tail.push([stored(n) for n in range(8, 11)])

    assert [s.sequence for s in tail.after(7)] == [8, 9, 10]
    assert asked == []
    assert [s.sequence for s in tail.after(6, 2)] == [7, 8]
    assert asked == []
    assert tail.after(10) == []
    assert [s.sequence for s in tail.after(0)] == [1, 2, 3, 4, 5]
    assert asked == [0]


@pytest.mark.parametrize("lot", [1, 7, 40, 500])
def test_the_tail_is_cut_often_and_never_shorter_than_it_should_be(lot: int) -> None:
    size = 160
    tail = Tail(lambda after, limit: [], size=size)
    longest = 0
    for first in range(1, 2_000, lot):
        tail.push([stored(n) for n in range(first, first + lot)])
        held = len(tail._recent)
        longest = max(longest, held)
        assert held >= min(size, first + lot - 1)
        assert tail.after(tail.last - min(held, size), 1)[0].sequence == tail.last - min(held, size) + 1

    assert longest <= size + size // 16  # what is freed in one go is a sixteenth, beside what has just come


def test_memory_with_a_hole_is_thrown_away() -> None:
    tail = Tail(lambda after, limit: [stored(n) for n in range(after + 1, 7)])
    tail.push([stored(1), stored(2)])
    tail.push([stored(6)])

    assert [s.sequence for s in tail.after(2)] == [3, 4, 5, 6]


def test_a_subscriber_of_some_kinds_is_spared_all_others(make: Make) -> None:
    ledger = make()
    seen: list[str] = []
    subscription = ledger.subscribe(
        "lifts", lambda batch: seen.extend(type(s.event).__name__ for s in batch), start=0, kinds=[PathClosed]
    )

    send(ledger, 1, 2)
    closed = PathClosed(thing="lift-1", occurred_at=START_US, source="user:7", source_key="closed")
    sequence = ledger.submit([closed]).result(10)[0].sequence
    last = send(ledger, 3)

    assert subscription.wait_until(last)
    assert seen == ["PathClosed"]
    with ledger.database.read() as session:
        (row,) = ledger.subscriptions(session)
    assert row.position >= sequence  # the place of what was delivered is kept at once


def test_place_past_what_concerns_nobody_is_kept_after_a_while(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin.ledger.subscriptions.KEEP_S", 0.01)
    ledger = make()
    kept = threading.Event()
    keep = ledger._keep_position

    def noticed(name: str, position: int) -> None:
        keep(name, position)
        if position > 0:
            kept.set()

    monkeypatch.setattr(ledger, "_keep_position", noticed)
    ledger.subscribe("lifts", lambda batch: None, start=0, kinds=[PathClosed])
    last = send(ledger, 1, 2)

    assert kept.wait(10)
    with ledger.database.read() as session:
        (row,) = ledger.subscriptions(session)
    assert row.position == last


def test_a_projection_takes_fewer_events_while_they_are_dear_and_more_while_they_are_cheap() -> None:
    pace = Pace(5_000)

    pace.spent(pace.lot, 3.0)
    dear = pace.lot
    for _ in range(10):
        pace.spent(pace.lot, 3.0)
    least = pace.lot
    pace.spent(3, 0.001)  # all there was: it says nothing of what more would cost
    calm = pace.lot
    for _ in range(10):
        pace.spent(pace.lot, 0.01)

    assert 0 < least < dear < Pace(5_000).lot
    assert calm == least
    assert pace.lot == 5_000
    assert Pace(10).lot == 10
