"""Counting by turns: a few shelves a day whose goods are due, so that no night of stocktaking is needed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.counting import CountClass, SessionState
from inventory.model.movements import Command
from inventory.model.places import is_carrier
from inventory.rules.counting import classes_of, is_due
from inventory.service.counting import values_used
from inventory.service.desk import source_of
from inventory.tables.count_sessions import list_sessions
from inventory.tables.counts import last_counts
from inventory.tables.driver import Driver, text_of
from twin.events.work import TaskKind, TaskRequested
from twin.ids import PlaceId
from twin.ports import EventSink

_STOCKED = (
    "SELECT DISTINCT b.place, b.item FROM inventory_balance b LEFT JOIN inventory_place p ON p.id = b.place"
    " WHERE b.on_hand > 0 AND COALESCE(p.kind, '') NOT IN ('quarantine', 'return', 'transit')"
)
_PRIORITY = {CountClass.A: 4, CountClass.B: 5, CountClass.C: 5}  # a count never goes before goods that a ward lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class DueShelf:
    """A place where something is due to be counted.

    Parameters
    ----------
    place : str
        Where.
    items : int
        How many items are due there.
    kind : CountClass
        The most valuable class among them.
    """

    place: str
    items: int
    kind: CountClass


def due_shelves(session: Session, *, now: int, most: int) -> list[DueShelf]:
    """Give the places where something is due, those with the most valuable goods and most of them first.

    Parameters
    ----------
    session : Session
        Any.
    now : int
        UTC microseconds.
    most : int
        How many places at most.
    """
    driver = Driver(session)
    rows = driver.rows(_STOCKED)
    present = [(text_of(place), text_of(item)) for place, item in rows if not is_carrier(text_of(place))]
    counted = {(one.place, one.item): one.at for one in last_counts(driver)}
    classes = classes_of(dict.fromkeys((item for _, item in present), 0.0) | values_used(driver))
    being_counted = {one.place for one in list_sessions(session, state=SessionState.OPEN, limit=1000)}
    due: dict[str, list[CountClass]] = {}
    for place, item in present:
        if place not in being_counted and is_due(counted.get((place, item), 0), classes[item], now):
            due.setdefault(place, []).append(classes[item])
    found = [DueShelf(place=place, items=len(kinds), kind=min(kinds)) for place, kinds in due.items()]
    return sorted(found, key=lambda one: (one.kind, -due[one.place].count(one.kind), -one.items, one.place))[:most]


def ask_for_counts(session: Session, *, ledger: EventSink, command: Command, most: int) -> list[DueShelf]:
    """Ask for a count task for each of the places where something is due.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where the requests go.
    command : Command
        Who asks; usually the system, in the morning.
    most : int
        How many places at most: as many as people can count beside their other work.

    Returns
    -------
    list[DueShelf]
        What was asked for; a place whose task is still open gets no second one.
    """
    found = due_shelves(session, now=command.recorded_at, most=most)
    ledger.append(session, [_request(one, command) for one in found])
    return found


def _request(shelf: DueShelf, command: Command) -> TaskRequested:
    key = f"count_due:{shelf.place}"
    return TaskRequested(
        thing=key,
        occurred_at=command.occurred_at,
        source=source_of(command),
        source_key=f"{command.id}:{shelf.place}",
        actor=command.actor,
        kind=TaskKind.COUNT,
        dedupe_key=key,
        subject_id=shelf.place,
        to_place=PlaceId(shelf.place),
        priority=_PRIORITY[shelf.kind],
        reason="count_due",
    )
