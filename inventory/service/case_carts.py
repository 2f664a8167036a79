"""Case carts that the surgery plan asks for: proposed with it, moved and given up with it, asked for a day ahead."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.kits import CartState, CaseCart
from inventory.model.movements import Command
from inventory.rules.case_carts import (
    ASK_AHEAD_US,
    EMERGENCY,
    STAGES,
    Changes,
    Planned,
    card_for,
    emergency_pack,
    follow_plan,
    follow_stage,
    missing,
    short_by_cart,
)
from inventory.service.kits import ask_for_proposed, carried_over, ends_of, given_up
from inventory.tables.driver import Driver
from inventory.tables.kits import (
    cards_for,
    carts_of_encounter,
    carts_to_ask,
    emergency_packs,
    handled_carts,
    load_kit,
    planned_carts,
    save_cart,
)
from inventory.tables.reviewing import supplying_places, usable_at
from twin.clock import DAY_US
from twin.events.envelope import Event
from twin.ports import EventSink

MOST_ASKED = 20
"""Carts of one transaction: each has some thirty tasks, and the writer serves others too."""


def propose(session: Session, planned: Planned, *, now: int) -> list[Event]:
    """Write the carts of a plan that has just been published, and give the events that end tasks of those it dropped.

    Parameters
    ----------
    session : Session
        The transaction.
    planned : Planned
        The plan.
    now : int
        UTC microseconds.
    """
    # a day back: an operation that is late is still to come in the new plan, and its cart is the one it had
    carts = planned_carts(session, since=now - DAY_US)
    cards = cards_for(session, (case.procedure for case in planned.cases))
    handled = _handled(session, carts)
    return _apply(session, follow_plan(planned, carts=carts, cards=cards, now=now, handled=handled), carts, now)


def _handled(session: Session, carts: Sequence[CaseCart]) -> set[str]:
    return handled_carts(session, (cart.id for cart in carts if cart.state is CartState.ASKED))


def propose_missing(session: Session, planned: Planned, *, now: int) -> list[CaseCart]:
    """Propose carts for operations of the plan in force whose card came after the plan; gives them."""
    carts = planned_carts(session, since=now - DAY_US)
    cards = cards_for(session, (case.procedure for case in planned.cases))
    found = missing(planned, carts=carts, cards=cards, now=now)
    for cart in found:
        save_cart(session, cart)
    return found


def follow_operation(
    session: Session, *, encounter: str, stage: str, theatre: str, number: str, now: int
) -> list[Event]:
    """Let the cart of an operation follow what people decide on the day; gives the events that end its tasks.

    Parameters
    ----------
    session : Session
        The transaction.
    encounter : str
        Whose operation.
    stage : str
        Of ``StageReached``; those that say nothing of an operation change nothing.
    theatre : str
        Where it is now.
    number : str
        Id of a cart that is proposed anew.
    now : int
        UTC microseconds.
    """
    carts = carts_of_encounter(session, encounter) if stage in STAGES else []
    handled = _handled(session, carts)
    changes = follow_stage(carts, stage=stage, theatre=theatre, number=number, handled=handled)
    return _apply(session, changes, carts, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyCase:
    """An operation that nobody planned.

    Parameters
    ----------
    encounter, theatre : str
        Whose, and where.
    procedure : str
        Its code; empty while it is not known.
    number : str
        Id of its cart.
    """

    encounter: str
    theatre: str
    procedure: str
    number: str


def ask_for_emergency(
    session: Session, *, ledger: EventSink, command: Command, emergency: EmergencyCase
) -> CaseCart | None:
    """Ask at once for what an emergency needs: the card of its procedure, else the emergency pack of its theatre.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where the requests go.
    command : Command
        Who announced it.
    emergency : EmergencyCase
        What came.

    Returns
    -------
    CaseCart or None
        None if the hospital has neither, or the encounter has a cart on its way already.
    """
    opened = (CartState.PROPOSED, CartState.ASKED)
    if any(cart.state in opened for cart in carts_of_encounter(session, emergency.encounter)):
        return None
    kit = card_for(cards_for(session, [emergency.procedure]), procedure=emergency.procedure, surgeon="")
    kit = kit or emergency_pack(emergency_packs(session), emergency.theatre)
    if not kit:
        return None
    cart = CaseCart(
        id=emergency.number,
        kit=kit,
        place=emergency.theatre,
        encounter=emergency.encounter,
        due_at=command.occurred_at,
        state=CartState.PROPOSED,
        plan=EMERGENCY,
        operation_at=command.occurred_at,
    )
    save_cart(session, cart)
    return ask_for_proposed(session, ledger=ledger, command=command, cart=cart.id)


def _apply(session: Session, changes: Changes, before: Sequence[CaseCart], now: int) -> list[Event]:
    places = {cart.id: cart.place for cart in before}
    events: list[Event] = []
    for cart in changes.withdrawn:
        events += ends_of(session, cart, at=now)
        save_cart(session, given_up(cart, reason=changes.reason_by_cart[cart.id], at=now, actor="system"))
    for cart in changes.written:
        save_cart(session, cart)
        # of those that were asked for only one with picked goods is written with another place
        if cart.state is CartState.ASKED and places.get(cart.id, cart.place) != cart.place:
            events += carried_over(session, cart, now=now)
    return events


def ask_due(session: Session, *, ledger: EventSink, command: Command, ahead_us: int = ASK_AHEAD_US) -> list[CaseCart]:
    """Ask for proposed carts that are due soon, the first due first; gives those that were asked for.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where the requests go.
    command : Command
        Who asks; the system in its rounds.
    ahead_us : int
        How far ahead, microseconds.

    Returns
    -------
    list[CaseCart]
        At most :data:`MOST_ASKED`; call again in a further transaction while it is full.
    """
    due = carts_to_ask(session, due_before=command.recorded_at + ahead_us, limit=MOST_ASKED)
    return [ask_for_proposed(session, ledger=ledger, command=command, cart=cart.id) for cart in due]


def lacking(session: Session, carts: Sequence[CaseCart], *, now: int) -> Mapping[str, Mapping[str, int]]:
    """Say what the stores cannot give to proposed carts, in the order in which they are due.

    Parameters
    ----------
    session : Session
        May be a reading session.
    carts : Sequence[CaseCart]
        Proposed ones; for those that were asked for, goods are promised task by task.
    now : int
        UTC microseconds.

    Returns
    -------
    Mapping[str, Mapping[str, int]]
        Lacking base units by item, by cart; carts that lack nothing are left out.
    """
    driver = Driver(session)
    lines = {kit: load_kit(session, kit).lines for kit in {cart.kit for cart in carts}}
    stores = set(supplying_places(driver))
    free = {
        item: sum(quantity for place, quantity in usable_at(driver, item=item, now=now).items() if place in stores)
        for item in {line.item for found in lines.values() for line in found}
    }
    needed = [(cart, Counter({line.item: line.quantity for line in lines[cart.kit]})) for cart in carts]
    return short_by_cart(needed, free)
