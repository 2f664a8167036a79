"""Handlers that are told of many events at once: the same facts, with fewer questions to the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from sqlalchemy import text
from sqlmodel import Session

from tests.twin.ledger.test_ledger import MakeLedger, all_stored, make_ledger, zone
from twin.db.channel import Transaction
from twin.events.envelope import Event
from twin.events.places import PathClosed
from twin.events.things import ZoneChanged
from twin.ports import HandlerContext, InBatches

__all__ = ["make_ledger"]


class Closing:
    """Closes the path of each tag's name, and remembers how many tags it was told of at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.refused = ""

    def many(self, _context: HandlerContext, events: Sequence[Event]) -> list[list[Event]]:
        """Give one event each; none for tags whose name begins with ``quiet``."""
        self.sizes.append(len(events))
        if any(event.thing == self.refused for event in events):
            raise KeyError(self.refused)
        return [
            []
            if event.thing.startswith("quiet")
            else [PathClosed(thing=event.thing, occurred_at=event.occurred_at, source="", source_key="")]
            for event in events
        ]


@pytest.fixture
def closing() -> Iterator[Closing]:
    return Closing()


def test_events_that_follow_each_other_are_handled_at_once(make_ledger: MakeLedger, closing: Closing) -> None:
    ledger = make_ledger({ZoneChanged: {"x.close": InBatches(closing.many)}})

    told = ledger.submit([zone("a", "icu"), zone("quiet", "icu"), zone("b", "icu")]).result(10)

    assert closing.sizes == [3]
    derived = [stored.event for stored in all_stored(ledger)[3:]]
    assert [(event.thing, event.causation) for event in derived] == [("a", told[0].event.id), ("b", told[2].event.id)]
    assert {event.source for event in derived} == {"twin:x.close"}


def test_beside_a_handler_of_single_events_they_are_handled_in_turn(make_ledger: MakeLedger, closing: Closing) -> None:
    seen: list[int] = []

    def look(_context: HandlerContext, _event: Event) -> list[Event]:
        seen.append(sum(closing.sizes))
        return []

    ledger = make_ledger({ZoneChanged: {"x.close": InBatches(closing.many), "x.look": look}})
    ledger.submit([zone("a", "icu"), zone("b", "icu")]).result(10)

    assert seen == [1, 2]
    assert closing.sizes == [1, 1]


def test_one_that_fails_does_not_take_the_others_with_it(make_ledger: MakeLedger, closing: Closing) -> None:
    ledger = make_ledger({ZoneChanged: {"x.close": InBatches(closing.many)}})
    closing.refused = "b"
    ledger.submit([zone("a", "icu"), zone("b", "icu"), zone("c", "icu")]).result(10)

    assert closing.sizes == [3, 1, 1, 1]
    assert [stored.event.thing for stored in all_stored(ledger)[3:]] == ["a", "c"]
    with ledger.database.read() as session:
        (row,) = ledger.unhandled(session)
    assert (row.handler, row.attempts) == ("x.close", 1)


def test_handlers_that_write_nothing_open_no_session(make_ledger: MakeLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    taken = Transaction.session

    def noted(transaction: Transaction) -> Session:
        opened.append(transaction.dialect)
        return taken(transaction)

    def writes(context: HandlerContext, event: Event) -> list[Event]:
        if event.thing == "loud":
            context.session.execute(text("DELETE FROM events_pruning"))
            assert context.session is context.session
        return []

    ledger = make_ledger({ZoneChanged: {"x.writes": writes}})
    monkeypatch.setattr(Transaction, "session", noted)

    ledger.submit([zone("quiet", "icu"), zone("still", "icu")]).result(10)
    assert opened == []
    ledger.submit([zone("quiet", "ward"), zone("loud", "icu"), zone("loud", "ward")]).result(10)
    assert len(opened) == 1  # one savepoint for all of them


@pytest.mark.parametrize("count", [1, 49, 51, 149, 1151])
def test_batches_of_any_size_are_stored_once_and_without_a_gap(make_ledger: MakeLedger, count: int) -> None:
    ledger = make_ledger()
    events = [zone(f"t{number}", "icu") for number in range(count)]

    first = ledger.submit(events).result(10)
    # all known but the last one, which stands in the middle of another statement
    again = ledger.submit([*events[: count // 2], zone("new", "icu"), *events[count // 2 :]]).result(10)

    assert [one.sequence for one in first] == list(range(1, count + 1))
    assert [one.sequence for one in again if one.is_new] == [count + 1]
    assert [one.sequence for one in again if not one.is_new] == list(range(1, count + 1))
    with ledger.database.read() as session:
        assert [one.sequence for one in ledger.read(session, limit=5000)] == list(range(1, count + 2))
