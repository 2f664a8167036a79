"""What the books say is set right: counts, adjustments, reversals; and the books are verified."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from inventory.model.movements import BalanceKey, Command, Line, Movement, MovementKind
from inventory.model.places import ADJUSTMENT, FOUND, LOST, is_virtual
from inventory.rules.controlled import check_witness
from inventory.service.desk import Desk, Plan
from inventory.tables.balances import Difference, differences, holding_of_key, key_as_of, on_hand_as_of
from inventory.tables.catalogue import load_item
from inventory.tables.counts import save_count
from inventory.tables.driver import Driver, number_of, text_of
from inventory.tables.ledger import load_movement
from inventory.tables.reservations import break_promises
from twin.errors import FieldError, FieldProblem, NotFound, Refused
from twin.ids import ItemId, LotId, PlaceId
from twin.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What somebody counted of one lot.

    Parameters
    ----------
    item, place, lot, owner : str
        Which balance.
    quantity : int
        Base units seen, at least 0.
    """

    item: str
    place: str
    quantity: int
    lot: str = ""
    owner: str = ""

    @property
    def key(self) -> BalanceKey:
        """Key of the balance."""
        return self.place, self.item, self.lot, self.owner


@dataclass(frozen=True, slots=True, kw_only=True)
class CountResult:
    """What a count changed.

    Parameters
    ----------
    movement : Movement or None
        None if everything was as the books say.
    surplus, missing : int
        Base units found and lost.
    """

    movement: Movement | None
    surplus: int
    missing: int


def count(session: Session, *, ledger: EventSink, command: Command, counted: Sequence[Counted]) -> CountResult:
    """Post the difference between what was counted and what the books say of the instant of counting.

    Movements during the count are not undone by it: the difference is taken against the balance as of
    ``command.occurred_at`` and added to the present one.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        ``occurred_at`` is the instant of counting.
    counted : Sequence[Counted]
        What was seen, one per lot; a blind count does not show the books' figure before.
    """
    desk = Desk(session, ledger, command, ("count", list(counted), command.occurred_at))
    if earlier := desk.replay():
        return _result_of(earlier)
    _check_once_each(counted)
    lines: list[Line] = []
    flags: list[str] = []
    for seen in sorted(counted, key=lambda each: each.key):
        check_witness(load_item(session, seen.item), MovementKind.COUNT, command)
        _check_quantity(seen)
        difference, flag = _difference(desk.driver, seen, command)
        flags += flag
        if difference:
            lines.append(_correction(seen.key, difference))
    save_count(desk.driver, command, [(seen.key, seen.quantity) for seen in counted])
    if not lines:
        return CountResult(movement=None, surplus=0, missing=0)
    return _result_of(desk.record(Plan(kind=MovementKind.COUNT, lines=tuple(lines), flags=tuple(flags))))


def _check_once_each(counted: Sequence[Counted]) -> None:
    """Refuse one balance in two lines: each of them would be taken for all that lies there, and both be posted."""
    for key, lines in Counter(seen.key for seen in counted).items():
        if lines > 1:
            raise FieldError(
                FieldProblem(
                    field="lot",
                    place=f"{key[0]}/{key[1]}",
                    message=f"Lot {key[2] or 'none'} was counted in two lines.",
                    cure="Give the sum in one line.",
                )
            )


def _check_quantity(seen: Counted) -> None:
    if seen.quantity < 0:
        raise FieldError(
            FieldProblem(
                field="quantity",
                place=f"{seen.place}/{seen.item}",
                message=f"Expected at least 0, got {seen.quantity}.",
                cure="Key what you see; 0 for an empty place.",
            )
        )


def _difference(driver: Driver, seen: Counted, command: Command) -> tuple[int, list[str]]:
    # Locked before it is summed: nothing may move between the look and the difference.
    holding = holding_of_key(driver, seen.key, lock=True)
    difference = seen.quantity - key_as_of(driver, seen.key, command.occurred_at)
    flags: list[str] = []
    if holding.on_hand + difference < 0:
        # more was taken since the count than was seen: the books cannot follow below zero, a person looks into it
        difference, flags = -holding.on_hand, ["count_conflict"]
    promised = max(0, holding.reserved - (holding.on_hand + difference))
    if promised:
        break_promises(driver, seen.key, promised)
    return difference, flags


def _correction(key: BalanceKey, difference: int) -> Line:
    place, item, lot, owner = PlaceId(key[0]), ItemId(key[1]), LotId(key[2]), key[3]
    from_place, to_place = (FOUND, place) if difference > 0 else (place, LOST)
    return Line(item=item, quantity=abs(difference), from_place=from_place, to_place=to_place, lot=lot, owner=owner)


def _result_of(movement: Movement) -> CountResult:
    return CountResult(
        movement=movement,
        surplus=sum(line.quantity for line in movement.lines if line.from_place == FOUND),
        missing=sum(line.quantity for line in movement.lines if line.to_place == LOST),
    )


def adjust(session: Session, *, ledger: EventSink, command: Command, counted: Counted, change: int) -> Movement:
    """Change a balance by a signed quantity, with a reason.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Must give a reason; controlled drugs need a witness.
    counted : Counted
        Names the balance; its quantity is not used.
    change : int
        Signed base units, not 0.

    Raises
    ------
    FieldError
        If there is no reason, or nothing changes.
    Short
        If the balance would fall below zero.
    """
    desk = Desk(session, ledger, command, ("adjust", counted, change))
    if earlier := desk.replay():
        return earlier
    for name, value in (("reason", command.reason), ("change", change)):
        if not value:
            raise FieldError(
                FieldProblem(field=name, place="adjust", message="None was given.", cure="Say what and why.")
            )
    check_witness(load_item(session, counted.item), MovementKind.ADJUST, command)
    line = _correction(counted.key, change)
    if change > 0:
        line = Line(
            item=line.item,
            quantity=line.quantity,
            from_place=ADJUSTMENT,
            to_place=line.to_place,
            lot=line.lot,
            owner=line.owner,
        )
    else:
        line = Line(
            item=line.item,
            quantity=line.quantity,
            from_place=line.from_place,
            to_place=ADJUSTMENT,
            lot=line.lot,
            owner=line.owner,
        )
    return desk.record(Plan(kind=MovementKind.ADJUST, lines=(line,)))


def reverse(session: Session, *, ledger: EventSink, command: Command, movement: str) -> Movement:
    """Undo a movement by one that goes the other way; both stay in the books.

    Raises
    ------
    NotFound
        If there is no such movement.
    Refused
        If it was undone already, or is itself an undoing.
    Short
        If what it brought is not there any more.
    """
    desk = Desk(session, ledger, command, ("reverse", movement))
    if earlier := desk.replay():
        return earlier
    original = load_movement(desk.driver, movement)
    if original is None:
        raise NotFound("movement", movement)
    undone = desk.driver.row("SELECT id FROM inventory_movement WHERE reverses = ?", (movement,))
    if undone or original.kind is MovementKind.REVERSE:
        raise Refused(
            f"Movement {movement} was undone already or is an undoing: record what happened instead.",
            reasons=("stock.reversed",),
            code="stock.reversed",
        )
    for item in sorted({line.item for line in original.lines}):
        check_witness(load_item(session, item), MovementKind.REVERSE, command)
    lines = tuple(line.turned_round() for line in reversed(original.lines))
    return desk.record(Plan(kind=MovementKind.REVERSE, lines=lines, reverses=movement))


def as_of(session: Session, *, item: str, place: str, occurred_at: int, known_at: int | None = None) -> int:
    """Give what a place had of an item at an instant.

    Parameters
    ----------
    session : Session
        May be a reading session.
    item, place : str
        What and where.
    occurred_at : int
        Instant asked about, UTC microseconds.
    known_at : int, optional
        Only what was recorded by then; all that is known now if left out.
    """
    known = 2**62 if known_at is None else known_at
    return on_hand_as_of(Driver(session), item=item, place=place, occurred_at=occurred_at, known_at=known)


def verify(session: Session, *, limit: int = 100) -> list[Difference]:
    """Compute every balance anew from the entries; an empty list is the proof that the books are right."""
    return differences(Driver(session), limit=limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterLine:
    """One line of the running register of a controlled drug at a place."""

    number: int
    movement: str
    kind: str
    occurred_at: int
    actor: str
    witness: str
    encounter: str
    change: int
    balance: int


def register(session: Session, *, item: str, place: str) -> list[RegisterLine]:
    """Give the running register of an item at a place: each change as recorded, with the balance after it."""
    if is_virtual(place):
        raise NotFound("stock place", place)
    driver = Driver(session)
    # two movements of one microsecond stand in the order in which they were written, as on a page
    order = driver.written_order("m")
    rows = driver.rows(
        "SELECT m.id, m.kind, m.occurred_at, m.actor, m.witness, m.encounter, SUM(e.quantity)"
        " FROM inventory_entry e JOIN inventory_movement m ON m.id = e.movement WHERE e.item = ? AND e.place = ?"
        f" GROUP BY m.id, m.kind, m.occurred_at, m.actor, m.witness, m.encounter, m.recorded_at, {order}"
        f" ORDER BY m.recorded_at, {order}",
        (item, place),
    )
    lines: list[RegisterLine] = []
    balance = 0
    for number, row in enumerate(rows, start=1):
        balance += number_of(row[6])
        lines.append(
            RegisterLine(
                number=number,
                movement=text_of(row[0]),
                kind=text_of(row[1]),
                occurred_at=number_of(row[2]),
                actor=text_of(row[3]),
                witness=text_of(row[4]),
                encounter=text_of(row[5]),
                change=number_of(row[6]),
                balance=balance,
            )
        )
    return lines
