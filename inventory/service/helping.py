"""Wards help each other out while the stores are empty: who can spare what goes to whom, with the least walking."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from inventory.model.movements import Command
from inventory.rules.planning.limits import Spare, transship
from inventory.rules.restocking import DUE_SECONDS_BY_CRITICALITY, priority_of
from inventory.service.desk import source_of
from inventory.tables.catalogue import load_item
from inventory.tables.driver import Driver
from inventory.tables.reviewing import ReviewLine, lines_to_review, supplying_places, usable_at
from twin.clock import SECOND_US
from twin.events.work import TaskKind, TaskRequested
from twin.ports import EventSink

Seconds = Callable[[Sequence[str]], NDArray[np.int64]]
"""Walking seconds from each of some places to each other."""

FAR_S = 4 * 3600
"""A way that takes longer than this is none: nobody walks half a day for a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """A quantity of an item that one place can bring to another; ``seconds`` is the way."""

    item: str
    from_place: str
    to_place: str
    quantity: int
    seconds: int
    priority: int


def spare_of(line: ReviewLine, *, days: float) -> int:
    """Give what a place can spare of an item, base units; below 0 what it lacks.

    It keeps its reorder point and what it will use until it could be restocked itself: nobody helps out and then lacks
    it. A place that waits for a delivery lacks nothing that is on its way.

    Parameters
    ----------
    line : ReviewLine
        The place and item as it stands.
    days : float
        Until the stores are expected to have some again.
    """
    if line.position <= line.par.reorder_point:
        return line.position - line.par.par_level
    use = line.expected.mean_per_day * days if line.expected is not None else 0.0
    return max(0, line.free - line.par.reorder_point - ceil(use))


def find_help(session: Session, *, seconds: Seconds, now: int, days: float = 3.0, item: str = "") -> list[Help]:
    """Give who could help out whom with items that no store has; the most urgent first.

    Parameters
    ----------
    session : Session
        May be a reading session.
    seconds : Seconds
        Ways between places.
    now : int
        UTC microseconds.
    days : float
        Until the stores are expected to have some again.
    item : str
        Only this one; all if empty.
    """
    driver = Driver(session)
    stores = set(supplying_places(driver))
    by_item: defaultdict[str, list[ReviewLine]] = defaultdict(list)
    for line in lines_to_review(driver, now=now):
        if line.par.place not in stores and (not item or line.par.item == item):
            by_item[line.par.item].append(line)
    found: list[Help] = []
    for name, lines in by_item.items():
        lacking = [line for line in lines if spare_of(line, days=days) < 0]
        if not lacking or any(usable_at(driver, item=name, now=now).get(store, 0) > 0 for store in stores):
            continue  # nobody lacks it, or a porter can fetch it as always
        found += _help_with(name, lines, seconds, days)
    return sorted(found, key=lambda each: (each.priority, each.item, each.to_place, each.from_place))


def _help_with(item: str, lines: Sequence[ReviewLine], seconds: Seconds, days: float) -> list[Help]:
    spares = [Spare(place=line.par.place, surplus=spare_of(line, days=days)) for line in lines]
    ways = seconds([spare.place for spare in spares]).astype(np.float64)
    reachable = np.where(ways > FAR_S, np.inf, ways)
    index = {spare.place: at for at, spare in enumerate(spares)}
    line_at = {str(line.par.place): line for line in lines}
    return [
        Help(
            item=item,
            from_place=shift.from_place,
            to_place=shift.to_place,
            quantity=shift.quantity,
            seconds=round(float(reachable[index[shift.from_place], index[shift.to_place]])),
            priority=_priority(line_at[shift.to_place]),
        )
        for shift in transship(spares, reachable.tolist())
    ]


def _priority(line: ReviewLine) -> int:
    return priority_of(line.criticality, on_hand=line.free)


def ask_for_help(session: Session, *, ledger: EventSink, command: Command, found: Sequence[Help]) -> int:
    """Ask for a task for each; gives how many. A place that has a task for the item already gets no second one.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where the requests go.
    command : Command
        Who asks.
    found : Sequence[Help]
        What :func:`find_help` gave.
    """
    due_s = {
        item: DUE_SECONDS_BY_CRITICALITY[load_item(session, item).criticality] for item in {each.item for each in found}
    }
    requests = [
        TaskRequested(
            thing=f"restock:{each.to_place}:{each.item}",
            occurred_at=command.occurred_at,
            source=source_of(command),
            source_key=f"{command.id}:{each.from_place}:{each.to_place}:{each.item}",
            actor=command.actor,
            kind=TaskKind.RESTOCK,
            # two wards may help one: each way is a task of its own
            dedupe_key=f"restock:{each.to_place}:{each.item}:{each.from_place}",
            subject_id=each.item,
            from_place=each.from_place,
            to_place=each.to_place,
            quantity=each.quantity,
            due_at=command.occurred_at + due_s[each.item] * SECOND_US,
            priority=each.priority,
            reason="transshipment",
        )
        for each in found
    ]
    ledger.append(session, requests)
    return len(requests)
