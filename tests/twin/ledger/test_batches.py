"""Handlers that are told of many events at once: the same facts, with fewer questions to the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.twin.ledger.test_ledger import MakeLedger, all_stored, make_ledger, zone
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
