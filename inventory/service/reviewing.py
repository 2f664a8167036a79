"""The round that looks at every shelf: what is at or below its reorder point, and what will be before the next round.

A movement asks for more at once; this round finds what no movement told of: a par level that came with an import, a
task given up, goods that expired where they lie, use that is about to empty a shelf.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace
from sqlmodel import Session

from inventory.model.items import Criticality
from inventory.model.movements import Command
from inventory.model.places import is_carrier
from inventory.model.planning import Expected
from inventory.rules.planning import levels
from inventory.rules.planning.proposals import use_in
from inventory.rules.restocking import priority_of, quantity_to_order, quantity_to_par
from inventory.rules.running_out import THRESHOLD_BY_CRITICALITY, Forecast, runs_out
from inventory.service.desk import source_of
from inventory.service.reserving import free_stale
from inventory.service.restocking import Ask, request_for, waits_for_arrival
from inventory.service.unsupplied import close_tasks_from_nowhere
from inventory.tables.back_orders import owed_by_source
from inventory.tables.catalogue import load_item
from inventory.tables.driver import Driver
from inventory.tables.reviewing import Expiring, ReviewLine, expiring, lines_to_review, unsupplied_places, usable_at
from twin.clock import DAY_US
from twin.events.envelope import Event
from twin.events.supply import StockoutPredicted
from twin.events.work import TaskKind, TaskRequested
from twin.ports import EventSink

MOST_REQUESTS = 500
"""Requests of one round; what is left comes with the next one, the most urgent first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSettings:
    """How far ahead a round looks.

    Parameters
    ----------
    until_next_days : float
        From now until goods of the next round are there, days.
    is_predicting : bool
        Whether shelves that are still above their reorder point are looked at with the forecast.
    pull_days : float
        Goods that expire within so many days are fetched from the shelves.
    surge : Mapping[str, float]
        By place, how many times as full its ward is expected to be as it was when the use was learnt; 1 if left out.
    """

    until_next_days: float = 1.0
    is_predicting: bool = True
    pull_days: float = 0.0
    surge: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What a round has found.

    Parameters
    ----------
    lines : int
        Places and items looked at.
    breaches, predicted : int
        Requests for shelves at or below the reorder point, and for those that will run out before the next round.
    waiting : int
        Shelves that lack goods and already have an open task.
    without_source : int
        Shelves that lack goods which no other place has, and stores that no place supplies: they must be bought.
    pulls : int
        Requests to fetch expired goods.
    """

    lines: int
    breaches: int
    predicted: int
    waiting: int
    without_source: int
    pulls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    line: ReviewLine
    ask: Ask
    forecast: Forecast | None = None


def review(session: Session, *, ledger: EventSink, command: Command, settings: ReviewSettings) -> Reviewed:
    """Look at every place and item with a par level and ask for what is missing or will be.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where requests and predictions go.
    command : Command
        Who looks; usually the system.
    settings : ReviewSettings
        How far ahead.
    """
    driver, now = Driver(session), command.recorded_at
    free_stale(session, now=now)
    close_tasks_from_nowhere(session, ledger=ledger, command=command)
    found = lines_to_review(driver, now=now)
    needs = _breaches(found, now) + (_predictions(found, settings, now) if settings.is_predicting else [])
    open_needs = [need for need in needs if not need.line.inbound]
    # nobody carries what nobody has: such a shelf waits for a purchase, not for a porter
    stocked = {item: _stocked_places(driver, item, now) for item in {need.line.par.item for need in open_needs}}
    owed, unsupplied = owed_by_source(driver), unsupplied_places(driver)
    fillable = [
        need
        for need in open_needs
        if (need.line.par.source or need.line.par.place not in unsupplied)
        and stocked[need.line.par.item] - {need.line.par.place}
        and not (owed and waits_for_arrival(session, need.line.par, now))
    ]
    asked = sorted(fillable, key=lambda need: (need.ask.priority, need.line.key))[:MOST_REQUESTS]
    pulls = expiring(driver, before=now + int(settings.pull_days * DAY_US), limit=MOST_REQUESTS)
    events: list[Event] = [event for need in asked for event in _events_of(session, need, command)]
    events += [_pull_request(each, command) for each in pulls]
    ledger.append(session, events)
    return Reviewed(
        lines=len(found),
        breaches=sum(need.forecast is None for need in asked),
        predicted=sum(need.forecast is not None for need in asked),
        waiting=sum(line.inbound > 0 and line.free <= line.par.reorder_point for line in found),
        without_source=len(open_needs) - len(fillable),
        pulls=len(pulls),
    )


def _stocked_places(driver: Driver, item: str, now: int) -> set[str]:
    """Give the places that have some to spare; what a porter carries already belongs to a task."""
    free = usable_at(driver, item=item, now=now)
    return {place for place, quantity in free.items() if quantity > 0 and not is_carrier(place)}


def _breaches(lines: list[ReviewLine], now: int) -> list[_Need]:
    return [
        _Need(
            line=line,
            ask=Ask(
                quantity=quantity,
                reason="par_breach",
                priority=priority_of(line.criticality, on_hand=line.free),
                now=now,
            ),
        )
        for line in lines
        if (quantity := quantity_to_order(line.par, line.position))
    ]


def _predictions(lines: list[ReviewLine], settings: ReviewSettings, now: int) -> list[_Need]:
    """Give the shelves that are above their reorder point and will probably not last until the next round has been."""
    looked = [
        (line, _with_census(line.expected, settings.surge.get(line.par.place, 1.0)))
        for line in lines
        if line.expected is not None and line.position > line.par.reorder_point
    ]
    if not looked:
        return []
    use = use_in([expected for _, expected in looked], settings.until_next_days)
    free = np.array([float(max(line.free + line.standing_in, 0)) for line, _ in looked])
    risk = 1 - levels.cycle_service(free, use)
    needs = []
    for (line, expected), probability in zip(looked, risk, strict=True):
        quantity = quantity_to_par(line.par, line.position)
        if probability <= THRESHOLD_BY_CRITICALITY[line.criticality] or not quantity:
            continue
        ask = Ask(quantity=quantity, reason="stockout_predicted", priority=_foreseen(line.criticality), now=now)
        forecast = runs_out(expected, on_hand=line.free, days=settings.until_next_days, now=now)
        needs.append(_Need(line=line, ask=ask, forecast=forecast))
    return needs


def _with_census(expected: Expected, factor: float) -> Expected:
    """Give the use of a ward that is expected to be fuller or emptier: patients use each for themselves."""
    if factor == 1.0:
        return expected
    mean, deviation = expected.mean_per_day * factor, expected.sd_per_day * factor**0.5
    return dataclasses.replace(expected, mean_per_day=mean, sd_per_day=deviation)


def _foreseen(criticality: Criticality) -> int:
    # One unit on hand stands for "not empty", which is all that the priority asks.
    return priority_of(criticality, on_hand=1)  # nothing lacks yet


def _events_of(session: Session, need: _Need, command: Command) -> list[Event]:
    par = need.line.par
    request = request_for(session, load_item(session, par.item), par, need.ask)
    key = f"{command.id}:{par.place}:{par.item}"
    events: list[Event] = []
    if need.forecast is not None:
        events.append(
            StockoutPredicted(
                thing=par.item,
                occurred_at=command.occurred_at,
                source=source_of(command),
                source_key=f"{key}:out",
                actor=command.actor,
                place=par.place,
                expected_at=need.forecast.expected_at,
                probability=need.forecast.probability,
            )
        )
    events.append(replace(request, source=source_of(command), source_key=key, actor=command.actor))
    return events


def _pull_request(found: Expiring, command: Command) -> TaskRequested:
    key = f"expired:{found.place}:{found.lot}"
    return TaskRequested(
        thing=key,
        occurred_at=command.occurred_at,
        source=source_of(command),
        # one request a day at most: rounds come often, and an open task with the key stands for it anyway
        source_key=f"{key}:{command.recorded_at // DAY_US}",
        actor=command.actor,
        kind=TaskKind.RETRIEVE,
        dedupe_key=key,
        subject_id=found.item,
        from_place=found.place,
        quantity=found.quantity,
        priority=2,
        reason="expired",
    )
