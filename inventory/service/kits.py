"""Kits for procedures: a case cart is brought by ordinary restock tasks, and what was not needed goes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from msgspec import structs
from sqlmodel import Session

from inventory.model.kits import CartState, CaseCart, Kit
from inventory.model.movements import Command
from inventory.model.places import is_carrier, is_virtual
from inventory.model.stock import ParLevel
from inventory.rules.case_carts import GIVEN_UP
from inventory.rules.restocking import PRIORITY_BY_CRITICALITY
from inventory.service import handing_out, using
from inventory.service.desk import source_of
from inventory.service.restocking import Ask, find_par, request_for
from inventory.tables.catalogue import load_item
from inventory.tables.kits import (
    brought_of,
    cards_for,
    cart_of_task,
    emergency_packs,
    load_cart,
    load_kit,
    save_cart,
    save_kit,
)
from twin.errors import FieldError, FieldProblem, Refused
from twin.events.work import RequestSettled, TaskRequested
from twin.ids import ItemId, PlaceId
from twin.ports import EventSink

MOST_LINES = 500


def define_kit(session: Session, kit: Kit) -> Kit:
    """Write what a procedure needs.

    Raises
    ------
    NotFound
        If the catalogue lacks an item.
    FieldError
        If it has no lines, an item twice, or a line of nothing, or if its procedure has such a card already: a plan
        could not tell which of two to bring.
    """
    names = [line.item for line in kit.lines]
    if not names or len(names) > MOST_LINES or len(set(names)) != len(names):
        raise _wrong("lines", f"Expected 1 to {MOST_LINES} items, each once.", "Add up what stands twice.")
    for line in kit.lines:
        load_item(session, line.item)
        if line.opened < 0 or line.held < 0 or not line.quantity:
            raise _wrong("lines", f"{line.item}: expected at least 1 unit to open or to hold.", "Leave it out.")
    for other in cards_for(session, [kit.procedure]):
        if other.id != kit.id and other.surgeon == kit.surgeon:
            told = f"{other.name} ({other.id}) is the card of {kit.procedure} already."
            raise _wrong("procedure", told, "Change that one, or name the surgeon whose own card this is.")
    for other in emergency_packs(session) if kit.emergency_at else ():
        if other.id != kit.id and other.emergency_at == kit.emergency_at:
            told = f"{other.name} ({other.id}) is the emergency pack there already."
            raise _wrong("emergency_at", told, "Change that one, or name one theatre.")
    save_kit(session, kit)
    return kit


def _wrong(field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place="kit", message=message, cure=cure))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """For which case a kit is brought where, and by when (UTC microseconds)."""

    kit: str
    place: str
    due_at: int
    encounter: str = ""


def ask_for_cart(session: Session, *, ledger: EventSink, command: Command, wanted: Wanted) -> CaseCart:
    """Ask for the goods of a kit: one task an item, due together.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where the requests go.
    command : Command
        Who asks; its id is the cart's.
    wanted : Wanted
        Which kit, where and when.
    """
    kit = load_kit(session, wanted.kit)
    cart = CaseCart(
        # the command's own id: asked for twice by a handheld that did not hear the answer, it stays one cart
        id=command.id,
        kit=kit.id,
        place=wanted.place,
        encounter=wanted.encounter,
        due_at=wanted.due_at,
        state=CartState.ASKED,
        asked_by=command.actor,
        asked_at=command.recorded_at,
    )
    return _asked(session, ledger, command, cart)


def ask_for_proposed(session: Session, *, ledger: EventSink, command: Command, cart: str) -> CaseCart:
    """Ask for the goods of a cart that a plan has proposed.

    Raises
    ------
    NotFound
        If there is no such cart.
    Refused
        If it was asked for, closed or given up already.
    """
    found = load_cart(session, cart)
    if found.state is not CartState.PROPOSED:
        raise _wrong_state(found)
    asked = replace(found, state=CartState.ASKED, asked_by=command.actor, asked_at=command.recorded_at)
    return _asked(session, ledger, command, asked)


def _asked(session: Session, ledger: EventSink, command: Command, cart: CaseCart) -> CaseCart:
    save_cart(session, cart)
    lines = load_kit(session, cart.kit).lines
    ledger.append(session, [_request(session, cart, line.item, line.quantity, command) for line in lines])
    return cart


CASE_KEY = "case:"
"""Beginning of the keys of requests for case carts; the cart's id follows."""


def _key(cart: CaseCart, item: str) -> str:
    return f"{CASE_KEY}{cart.id}:{item}"


def _request(session: Session, cart: CaseCart, item: str, quantity: int, command: Command) -> TaskRequested:
    found = load_item(session, item)
    par = find_par(session, place=cart.place, item=item)
    way = par or ParLevel(place=PlaceId(cart.place), item=ItemId(item), par_level=1, reorder_point=0)
    priority = PRIORITY_BY_CRITICALITY[found.criticality]
    ask = Ask(quantity=quantity, reason="case_cart", priority=priority, now=command.recorded_at)
    return structs.replace(
        request_for(session, found, way, ask),
        source=source_of(command),
        source_key=f"{command.id}:{cart.id}:{item}",
        actor=command.actor,
        # beside the shelf's own restocking: a case needs its goods whatever lies there
        dedupe_key=_key(cart, item),
        due_at=cart.due_at,
    )


def carried_over(session: Session, cart: CaseCart, *, now: int) -> list[TaskRequested | RequestSettled]:
    """Give the requests that bring a cart's goods after its operation, which was moved to another theatre.

    What nobody has picked yet is asked for anew, from the store to the new theatre. What lies in the old one already is
    carried over; what is on the way is carried over once it was delivered, see :func:`carried_on`.

    Parameters
    ----------
    session : Session
        The transaction.
    cart : CaseCart
        As it is now: of the new theatre.
    now : int
        UTC microseconds.
    """
    command = Command(id="", actor=cart.asked_by, occurred_at=now, recorded_at=now)
    brought = brought_of(session, cart.id)
    touched = {item for item, _place in brought}
    found: list[TaskRequested | RequestSettled] = []
    for line in load_kit(session, cart.kit).lines:
        if line.item not in touched:
            found += [_end_of(cart, line.item, at=now), _request(session, cart, line.item, line.quantity, command)]
    for (item, place), quantity in brought.items():
        if place != cart.place and not is_carrier(place) and not is_virtual(place):
            found.append(_carry(session, cart, item, place, quantity, command))
    return found


def carried_on(session: Session, *, task: str, item: str, place: str, quantity: int, now: int) -> TaskRequested | None:
    """Give the request that carries on what a task has just delivered where its cart's operation is no more.

    Parameters
    ----------
    session : Session
        The transaction.
    task : str
        Of any kind.
    item, place : str
        What was delivered, and where.
    quantity : int
        Base units.
    now : int
        UTC microseconds.
    """
    cart = cart_of_task(session, task)
    if cart is None or cart.state is not CartState.ASKED or cart.place == place:
        return None
    command = Command(id="", actor=cart.asked_by, occurred_at=now, recorded_at=now)
    return _carry(session, cart, item, place, quantity, command)


def _carry(session: Session, cart: CaseCart, item: str, place: str, quantity: int, command: Command) -> TaskRequested:
    # a key of its own: the tasks from the store and those from either theatre are different ways
    plain = _request(session, cart, item, quantity, command)
    return structs.replace(plain, from_place=place, dedupe_key=f"{_key(cart, item)}:{place}:{cart.place}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """What was used or came back of a case: an item, its lot if it has one, base units above 0."""

    item: str
    quantity: int
    lot: str = ""
    serial: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What a case has used, and what goes back to where."""

    used: Sequence[CaseLine] = ()
    returned: Sequence[CaseLine] = ()
    return_to: str = ""


def close_cart(session: Session, *, ledger: EventSink, command: Command, cart: str, closing: Closing) -> CaseCart:
    """Record what a case has used, on its encounter if it has one, and bring back what it has not.

    What is named in neither list stays where it lies.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Who closes it.
    cart : str
        Its id.
    closing : Closing
        By scan or by keys.

    Raises
    ------
    Refused
        If it is not open, or goods that come back may not be handed on.
    FieldError
        If goods come back and nobody says where to.
    """
    found = _open(session, cart)
    if closing.returned and not closing.return_to:
        raise _wrong("return_to", "Goods come back, but to no place.", "Say where they go.")
    # a command of its own for each line: an exposure alarm or a refusal names the line, not the whole case
    for number, line in enumerate(closing.used):
        use = using.Use(item=line.item, quantity=line.quantity, place=found.place, lot=line.lot, serial=line.serial)
        own = replace(command, id=f"{command.id}:used:{number}", encounter=found.encounter, reason=f"case {found.id}")
        using.consume(session, ledger=ledger, command=own, use=use)
    for number, line in enumerate(closing.returned):
        request = handing_out.Request(
            item=line.item,
            quantity=line.quantity,
            place=found.place,
            to_place=closing.return_to,
            lot=line.lot,
            serial=line.serial,
        )
        own = replace(command, id=f"{command.id}:back:{number}", reason=f"case {found.id}")
        handing_out.transfer(session, ledger=ledger, command=own, request=request)
    closed = replace(found, state=CartState.CLOSED, closed_at=command.recorded_at, closed_by=command.actor)
    save_cart(session, closed)
    return closed


def cancel_cart(session: Session, *, ledger: EventSink, command: Command, cart: str) -> CaseCart:
    """Give a case cart up: its tasks end; what has been brought already stays where it lies.

    Raises
    ------
    Refused
        If it is closed or given up already.
    """
    found = load_cart(session, cart)
    if found.state not in (CartState.PROPOSED, CartState.ASKED):
        raise _wrong_state(found)
    cancelled = given_up(found, reason=GIVEN_UP, at=command.recorded_at, actor=command.actor)
    save_cart(session, cancelled)
    events = [
        structs.replace(event, source=source_of(command), source_key=f"{command.id}:{event.thing}:off")
        for event in ends_of(session, found, at=command.occurred_at, actor=command.actor)
    ]
    ledger.append(session, events)
    return cancelled


def given_up(cart: CaseCart, *, reason: str, at: int, actor: str) -> CaseCart:
    """Give a cart as it is after it was given up."""
    return replace(cart, state=CartState.CANCELLED, closed_at=at, reason=reason, closed_by=actor)


def ends_of(session: Session, cart: CaseCart, *, at: int, actor: str = "") -> list[RequestSettled]:
    """Give the events that end the tasks of a cart, without source; none for one that was only proposed."""
    if cart.state is not CartState.ASKED:
        return []
    return [_end_of(cart, line.item, at=at, actor=actor) for line in load_kit(session, cart.kit).lines]


def _end_of(cart: CaseCart, item: str, *, at: int, actor: str = "") -> RequestSettled:
    return RequestSettled(
        thing=_key(cart, item),
        occurred_at=at,
        source="",
        source_key="",
        actor=actor,
        dedupe_key=_key(cart, item),
        is_done=False,
        reason="case_cancelled",
    )


def _open(session: Session, cart: str) -> CaseCart:
    found = load_cart(session, cart)
    if found.state is not CartState.ASKED:
        raise _wrong_state(found)
    return found


def _wrong_state(cart: CaseCart) -> Refused:
    cure = " Ask for it first." if cart.state is CartState.PROPOSED else ""
    return Refused(
        f"The case cart is {cart.state.value} already.{cure}",
        reasons=(f"cart.{cart.state.value}",),
        code="cart.state",
    )
