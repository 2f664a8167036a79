"""Count sessions on both databases: nothing changes before the end, and then only what was really different."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlmodel import Session

import inventory.tables.count_sessions
import inventory.tables.order_rows
import inventory.tables.plan_rows  # noqa: F401  # their tables
from inventory.model.counting import CountSession, LineState, SessionState
from inventory.model.places import StockPlace, StockPlaceKind
from inventory.rules.counting import state_of
from inventory.service import correcting, counting
from inventory.service.count_rounds import ask_for_counts, due_shelves
from inventory.service.counting import Told, Wanted
from inventory.tables.balances import differences, on_hand_as_of
from inventory.tables.catalogue import save_place
from inventory.tables.count_sessions import CountLineRow, list_sessions, load_session, save_session
from inventory.tables.driver import Driver
from tests.inventory.stockroom import NOW, Stockroom
from twin.clock import DAY_US, MINUTE_US
from twin.errors import FieldError, NotFound, Refused
from twin.events.work import TaskKind, TaskRequested
from twin.ids import PlaceId


@pytest.fixture
def room(stockroom: Stockroom) -> Stockroom:
    """A store with 100 gloves of one lot and 20 gauzes."""
    stockroom.item()
    stockroom.item("gauze")
    for place in ("store", "empty"):
        save_place(stockroom.session, StockPlace(id=PlaceId(place), kind=StockPlaceKind.CENTRAL))
    stockroom.receive("gloves", 100, "store")
    stockroom.receive("gauze", 20, "store")
    return stockroom


def opened(room: Stockroom, **values: object) -> CountSession:
    wanted = Wanted(**{"place": "store", **values})  # type: ignore[arg-type]  # test shorthand
    return counting.open_session(room.session, command=room.command(), wanted=wanted)


def note(room: Stockroom, session: CountSession, item: str, quantity: int, by: str, at: int = NOW) -> CountSession:
    (line,) = [one for one in load_session(room.session, session.id).lines if one.item == item]
    told = [Told(item=item, lot=line.lot, owner=line.owner, quantity=quantity)]
    command = room.command(actor=by, occurred_at=at)
    return counting.count_lines(room.session, command=command, counting=session.id, told=told)


def states(session: CountSession) -> dict[str, LineState]:
    return {line.item: state_of(line, session.tolerance_share) for line in session.lines}


def on_hand(room: Stockroom, item: str) -> int:
    driver = Driver(room.session)
    return on_hand_as_of(driver, item=item, place="store", occurred_at=NOW + DAY_US, known_at=NOW + DAY_US)


def close(room: Stockroom, session: CountSession) -> counting.Closed:
    return counting.close(room.session, ledger=room.ledger, command=room.command(), counting=session.id)


def test_a_count_that_agrees_changes_nothing(room: Stockroom) -> None:
    session = opened(room)
    note(room, session, "gloves", 100, "a")
    note(room, session, "gauze", 20, "a")
    closed = close(room, session)

    assert (closed.surplus, closed.missing) == (0, 0)
    assert closed.session.state is SessionState.CLOSED
    assert (on_hand(room, "gloves"), on_hand(room, "gauze")) == (100, 20)


def test_a_difference_needs_a_second_person_and_is_posted_at_the_end_only(room: Stockroom) -> None:
    session = opened(room)
    note(room, session, "gauze", 20, "a")
    assert states(note(room, session, "gloves", 97, "a"))["gloves"] is LineState.RECOUNT
    with pytest.raises(Refused, match="second person"):
        note(room, session, "gloves", 97, "a")
    with pytest.raises(Refused, match="not agreed"):
        close(room, session)
    assert states(note(room, session, "gloves", 97, "b"))["gloves"] is LineState.AGREED
    assert on_hand(room, "gloves") == 100  # not yet

    closed = close(room, session)
    assert (closed.surplus, closed.missing) == (0, 3)
    assert on_hand(room, "gloves") == 97
    assert differences(Driver(room.session)) == []


def test_two_who_differ_are_settled_by_a_person_with_a_reason(room: Stockroom) -> None:
    session = opened(room, items=("gloves",))
    note(room, session, "gloves", 97, "a")
    note(room, session, "gloves", 95, "b")
    command = room.command(reason="")
    with pytest.raises(FieldError):
        counting.decide(room.session, command=command, counting=session.id, number=1, quantity=96)
    with pytest.raises(FieldError):
        counting.decide(room.session, command=room.command(reason="x"), counting=session.id, number=9, quantity=1)
    decided = counting.decide(
        room.session, command=room.command(reason="opened box found"), counting=session.id, number=1, quantity=96
    )
    assert states(decided)["gloves"] is LineState.AGREED
    with pytest.raises(Refused, match="does not wait"):
        counting.decide(room.session, command=room.command(reason="x"), counting=session.id, number=1, quantity=90)

    assert close(room, session).missing == 4


def test_nobody_agrees_with_themselves_after_somebody_else_has_counted(room: Stockroom) -> None:
    session = opened(room, items=("gloves",))
    note(room, session, "gloves", 97, "a")
    assert states(note(room, session, "gloves", 95, "b"))["gloves"] is LineState.DECIDE

    with pytest.raises(Refused, match="second person"):
        note(room, session, "gloves", 97, "a")
    corrected = note(room, session, "gloves", 97, "b")  # whoever counted second may have keyed it wrong

    assert states(corrected)["gloves"] is LineState.AGREED


def test_what_is_agreed_is_not_overwritten_by_what_nobody_checks(room: Stockroom) -> None:
    session = opened(room, items=("gloves",))
    note(room, session, "gloves", 100, "a")

    with pytest.raises(Refused, match="agreed already"):
        note(room, session, "gloves", 10, "b")

    assert close(room, session).missing == 0


def test_what_moved_after_the_count_stays_as_it_is(room: Stockroom) -> None:
    session = opened(room, items=("gloves",))
    note(room, session, "gloves", 98, "a", at=NOW)
    lot = correcting.Counted(item="gloves", place="store", quantity=0, lot=room.lot("gloves", "A"))
    later = room.command(occurred_at=NOW + MINUTE_US // 2, reason="found behind the shelf")
    correcting.adjust(room.session, ledger=room.ledger, command=later, counted=lot, change=50)
    note(room, session, "gloves", 148, "b", at=NOW + MINUTE_US)
    close(room, session)

    assert on_hand(room, "gloves") == 148


def test_a_first_count_may_be_corrected_by_whoever_made_it_while_it_agrees(room: Stockroom) -> None:
    session = opened(room, items=("gloves",))
    note(room, session, "gloves", 100, "a")
    again = note(room, session, "gloves", 99, "a")

    assert states(again)["gloves"] is LineState.RECOUNT
    assert again.lines[0].second is None


def test_what_lies_there_without_a_line_gets_one(room: Stockroom) -> None:
    room.item("mask")
    session = opened(room, items=("gloves",))
    told = [Told(item="mask", quantity=7)]
    found = counting.count_lines(room.session, command=room.command(actor="a"), counting=session.id, told=told)

    assert [line.item for line in found.lines] == ["gloves", "mask"]
    assert states(found)["mask"] is LineState.RECOUNT  # the books know of none


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"place": "nowhere"}, Refused),
        ({"items": ("nothing",)}, NotFound),
        ({"place": "empty"}, Refused),
        ({"tolerance_share": 2.0}, FieldError),
        ({"tolerance_share": float("nan")}, FieldError),
    ],
)
def test_a_count_that_cannot_be_is_refused(room: Stockroom, values: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        opened(room, **values)
    assert list_sessions(room.session) == []


def test_a_place_is_counted_once_at_a_time_and_can_be_given_up(room: Stockroom) -> None:
    session = opened(room)
    with pytest.raises(Refused, match="being counted already"):
        opened(room)
    note(room, session, "gloves", 1, "a")
    counting.cancel(room.session, command=room.command(), counting=session.id)
    with pytest.raises(Refused, match="cancelled already"):
        close(room, session)

    assert on_hand(room, "gloves") == 100
    assert [one.state for one in list_sessions(room.session)] == [SessionState.CANCELLED]
    assert opened(room).state is SessionState.OPEN


def test_due_is_what_was_not_counted_for_long(room: Stockroom) -> None:
    assert {one.item for one in counting.due_at(room.session, "store", NOW)} == {"gloves", "gauze"}
    counted = [correcting.Counted(item="gauze", place="store", quantity=20, lot=room.lot("gauze", "A"))]
    correcting.count(room.session, ledger=room.ledger, command=room.command(), counted=counted)

    assert [one.item for one in counting.due_at(room.session, "store", NOW + DAY_US)] == ["gloves"]
    session = opened(room, is_due_only=True)
    assert [line.item for line in session.lines] == ["gloves"]


def test_shelves_with_something_due_are_asked_to_be_counted_the_most_valuable_first(room: Stockroom) -> None:
    room.receive("gauze", 5, "ward")
    room.receive("gauze", 5, "task:t1")  # goods on the way are not a shelf
    asked = ask_for_counts(room.session, ledger=room.ledger, command=room.command(), most=5)

    assert [(one.place, one.items) for one in asked] == [("store", 2), ("ward", 1)]
    tasks = [event for event in room.ledger.of(TaskRequested) if isinstance(event, TaskRequested)]
    assert {(one.kind, one.to_place, one.reason) for one in tasks} == {
        (TaskKind.COUNT, "store", "count_due"),
        (TaskKind.COUNT, "ward", "count_due"),
    }


def test_counted_shelf_and_one_that_is_being_counted_are_not_asked_for(room: Stockroom) -> None:
    session = opened(room)
    assert due_shelves(room.session, now=NOW, most=5) == []
    note(room, session, "gloves", 100, "a")
    note(room, session, "gauze", 20, "a")
    close(room, session)

    assert due_shelves(room.session, now=NOW + DAY_US, most=5) == []
    assert [one.place for one in due_shelves(room.session, now=NOW + 181 * DAY_US, most=5)] == ["store"]


def test_entry_of_a_count_writes_its_own_line_only(room: Stockroom) -> None:
    session = opened(room)
    before = load_session(room.session, session.id)
    written: set[int] = set()

    def note_written(session: Session, *_: object) -> None:
        written.update(row.number for row in session.dirty if isinstance(row, CountLineRow))

    event.listen(room.session, "before_flush", note_written)
    changed = replace(before, lines=(replace(before.lines[0], reason="seen"), *before.lines[1:]))

    save_session(room.session, changed, before=before)

    event.remove(room.session, "before_flush", note_written)
    assert written == {1}
