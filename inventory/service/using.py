"""What physically happened to stock is recorded as it happened: used, wasted, destroyed, opened.

Nothing here is refused because a balance lacks it or a lot should not have been used: the lack comes from the virtual
place ``found``, the movement is flagged, and a use of something expired or recalled raises an exposure alarm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlmodel import Session

from inventory.model.items import Item, OwnerRule, Tracking
from inventory.model.lots import NO_LOT, Lot, LotStatus
from inventory.model.movements import BalanceKey, Command, Line, Movement, MovementKind
from inventory.model.places import CONSUMED, FOUND, OPENED, PATIENT, WASTE, is_virtual
from inventory.model.stock import LotHolding
from inventory.rules.controlled import check_witness
from inventory.rules.eligibility import Ineligible, Need, reasons_against
from inventory.rules.fefo import owner_rank
from inventory.service.desk import Desk, Plan, exposure_alarm
from inventory.tables.balances import holding_of_key, holdings_at, key_as_of, with_lots
from inventory.tables.catalogue import ensure_lot, load_item, load_lots
from inventory.tables.counts import first_count_after
from inventory.tables.driver import Driver
from inventory.tables.reservations import break_promises
from inventory.tables.serials import Piece, find_piece
from twin.errors import FieldError, FieldProblem, NotFound, Refused
from twin.events.watch import AlarmRaised
from twin.ids import ItemId, LotId, PlaceId
from twin.ports import EventSink

EXPOSURES = frozenset(
    {Ineligible.EXPIRED, Ineligible.RECALLED, Ineligible.QUARANTINED, Ineligible.HELD, Ineligible.DESTROYED}
)
"""Reasons for which a use on a patient raises an alarm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What was used or wasted.

    Parameters
    ----------
    item : str
        What.
    quantity : int
        Base units, above 0.
    place : str
        Where it was taken from.
    lot : str
        Id of the lot; empty takes from what lies there, earliest expiry first.
    owner : str
        Whose it was; empty takes what lies there by the item's rule of owners, the hospital's own first by default.
    serial : str
        Serial number, for items tracked by serial.
    """

    item: str
    quantity: int
    place: str
    lot: str = ""
    owner: str = ""
    serial: str = ""


def consume(session: Session, *, ledger: EventSink, command: Command, use: Use) -> Movement:
    """Record that something was used up, on a patient if the command names an encounter."""
    target = PATIENT if command.encounter else CONSUMED
    return _record_use(session, ledger, command, use, (MovementKind.CONSUME, target))


def implant(session: Session, *, ledger: EventSink, command: Command, use: Use) -> Movement:
    """Record that an implant stayed in a patient; lot or serial number make the implant card.

    Raises
    ------
    FieldError
        If no encounter, or neither lot nor serial number is given.
    """
    for name, value in (("encounter", command.encounter), ("lot", use.lot or use.serial)):
        if not value:
            raise FieldError(
                FieldProblem(
                    field=name,
                    place="implant",
                    message="An implant must be traceable to its patient.",
                    cure="Scan the wristband and the implant's label.",
                )
            )
    return _record_use(session, ledger, command, use, (MovementKind.IMPLANT, PATIENT))


def waste(session: Session, *, ledger: EventSink, command: Command, use: Use) -> Movement:
    """Record that something was thrown away, with the reason; controlled drugs need a witness."""
    _check_reason(command, "waste")
    return _record_use(session, ledger, command, use, (MovementKind.WASTE, WASTE))


def destroy(session: Session, *, ledger: EventSink, command: Command, use: Use) -> Movement:
    """Record that recalled or expired goods were destroyed, with the reason."""
    _check_reason(command, "destroy")
    return _record_use(session, ledger, command, use, (MovementKind.DESTROY, WASTE))


def _check_reason(command: Command, place: str) -> None:
    if not command.reason:
        raise FieldError(
            FieldProblem(field="reason", place=place, message="None was given.", cure="Choose why it was done.")
        )


def _record_use(
    session: Session, ledger: EventSink, command: Command, use: Use, target: tuple[MovementKind, PlaceId]
) -> Movement:
    kind, to_place = target
    desk = Desk(session, ledger, command, (kind.value, use, command.encounter))
    if earlier := desk.replay():
        return earlier
    item = load_item(session, use.item)
    flags = list(check_witness(item, kind, command))
    lines = _taken(desk.driver, item, use, (to_place, command))
    if any(line.from_place == FOUND for line in lines):
        flags.append("found")
    alarms: list[AlarmRaised] = []
    if to_place in (PATIENT, CONSUMED):
        for line in [line for line in lines if line.to_place == to_place]:
            reasons = _exposures(desk.driver, item, line, command)
            flags += [f"{reason.value.removeprefix('stock.')}_used" for reason in reasons]
            if reasons:
                alarms.append(exposure_alarm(command, line, [reason.value for reason in reasons]))
    plan = Plan(kind=kind, lines=tuple(lines), flags=tuple(dict.fromkeys(flags)))
    return desk.record(plan, further=alarms)


def _exposures(driver: Driver, item: Item, line: Line, command: Command) -> list[Ineligible]:
    lot = load_lots(driver, [line.lot]).get(line.lot)
    if lot is None:
        return []
    return [reason for reason in reasons_against(lot, Need(item=item, now=command.occurred_at)) if reason in EXPOSURES]


def _taken(driver: Driver, item: Item, use: Use, where: tuple[PlaceId, Command]) -> list[Line]:
    """Give lines for what was taken; what the balances lack comes from ``found`` first."""
    piece = find_piece(driver, item=use.item, serial=use.serial) if use.serial else None
    if piece is not None:
        use = replace(use, lot=use.lot or piece.lot)
        if (brought := _brought(driver, use, piece, where)) is not None:
            return brought
    keys = _by_expiry(driver, item, use)
    lines: list[Line] = []
    for key, quantity in keys:
        lines += _lines_with_lack(driver, key, quantity, where)
    if use.serial:
        lines = [replace(line, serial=use.serial) for line in lines]
    return lines


def _brought(driver: Driver, use: Use, piece: Piece, where: tuple[PlaceId, Command]) -> list[Line] | None:
    """Give the lines of a piece that was used where the books do not have it: it must have been brought there.

    None if it is where it was used, or not on any shelf. Taken from ``found`` the piece would be in two places at once.
    """
    key: BalanceKey = (piece.place, use.item, piece.lot, use.owner)
    holding = holding_of_key(driver, key, lock=True)
    if piece.place == use.place or is_virtual(piece.place) or holding.on_hand < 1 or use.quantity != 1:
        return None
    if holding.reserved >= holding.on_hand:
        break_promises(driver, key, 1)
    line = Line(
        item=ItemId(use.item),
        quantity=1,
        from_place=PlaceId(piece.place),
        to_place=PlaceId(use.place),
        lot=LotId(piece.lot),
        owner=use.owner,
        serial=use.serial,
    )
    return [line, replace(line, from_place=line.to_place, to_place=where[0])]


def _key_of(use: Use, lot: str, owner: str) -> BalanceKey:
    return use.place, use.item, lot, owner


def _by_expiry(driver: Driver, item: Item, use: Use) -> list[tuple[BalanceKey, int]]:
    """Give what was taken of which balance: owners in their turn, earliest expiry first; what lacks is the first's.

    A vendor's goods that were used are the vendor's to bill: they must not be booked as the hospital's own that came
    from nowhere, only because nobody said at the bedside whose they were.
    """
    is_known = bool(use.lot) or item.tracking is Tracking.NONE
    sources = [
        source
        for source in with_lots(driver, holdings_at(driver, item=item.id, place=use.place, lock=True))
        if (not is_known or source.lot.id == use.lot) and (not use.owner or source.holding.owner == use.owner)
    ]
    if use.serial and len(sources) > 1:
        return [(_key_of(use, use.lot or sources[0].lot.id, _owner_in_turn(item, sources)), use.quantity)]
    sources.sort(
        key=lambda each: (
            owner_rank(each.holding.owner, _rule_of(item)),
            each.lot.expires_at or 2**62,
            each.lot.id,
        )
    )
    missing, keys = use.quantity, []
    # Nobody said which lot: the one that should have been taken is the likeliest.
    for source in sources:
        taken = min(missing, source.holding.on_hand)
        if taken:
            keys.append((_key_of(use, source.lot.id, source.holding.owner), taken))
            missing -= taken
    if missing and keys:
        # more was used than the books know of: it belonged to whoever had most reason to be there
        own = next((at for at, (key, _) in enumerate(keys) if key[3] == use.owner), len(keys) - 1)
        key, taken = keys[own]
        keys[own] = (key, taken + missing)
    elif missing:
        keys.append((_key_of(use, use.lot if is_known else NO_LOT, use.owner), missing))
    return keys


def _rule_of(item: Item) -> OwnerRule:
    return OwnerRule.OWN_FIRST if item.owner_rule is OwnerRule.ANY else item.owner_rule


def _owner_in_turn(item: Item, sources: list[LotHolding]) -> str:
    return min((source.holding.owner for source in sources), key=lambda owner: owner_rank(owner, _rule_of(item)))


def _lines_with_lack(driver: Driver, key: BalanceKey, quantity: int, where: tuple[PlaceId, Command]) -> list[Line]:
    to_place, command = where
    holding = holding_of_key(driver, key, lock=True)
    is_late = command.occurred_at < command.recorded_at
    if is_late and first_count_after(driver, key, command.occurred_at):
        # a later count has seen the shelf without these goods: what counts is what lay there then, and
        # the desk's correction leaves the present balance as it was counted
        lack = max(0, quantity - key_as_of(driver, key, command.occurred_at))
        promised = 0
    else:
        lack = max(0, quantity - holding.on_hand)
        promised = max(0, holding.reserved - (holding.on_hand + lack - quantity))
    if promised:
        break_promises(driver, key, promised)
    place, item, lot, owner = PlaceId(key[0]), ItemId(key[1]), LotId(key[2]), key[3]
    lines = []
    if lack:
        lines.append(Line(item=item, quantity=lack, from_place=FOUND, to_place=place, lot=lot, owner=owner))
    lines.append(Line(item=item, quantity=quantity, from_place=place, to_place=to_place, lot=lot, owner=owner))
    return lines


def open_container(session: Session, *, ledger: EventSink, command: Command, use: Use) -> Movement:
    """Record that a container was opened: it becomes a lot of its own, whose life after opening counts from now.

    Raises
    ------
    Refused
        If the lot is not known.
    """
    desk = Desk(session, ledger, command, ("open", use))
    if earlier := desk.replay():
        return earlier
    closed = _known_lot(desk.driver, use)
    if closed.opened_at:
        raise Refused(
            f"Lot {closed.number} was opened already: its life counts from the first opening.",
            reasons=("stock.opened",),
            code="stock.opened",
        )
    now = command.occurred_at
    opened = ensure_lot(desk.driver, replace(closed, id=LotId(f"{closed.id}-{now:x}"), opened_at=now))
    lines = _relabelled(desk.driver, use, opened, (PlaceId(use.place), command))
    return desk.record(Plan(kind=MovementKind.OPEN, lines=lines))


def thaw(session: Session, *, ledger: EventSink, command: Command, use: Use, to_place: str = "") -> Movement:
    """Record that frozen goods were thawed: they become a lot of their own, whose life after thawing counts from now.

    Parameters
    ----------
    use : Use
        What was taken from the freezer; the lot must be named.
    to_place : str
        Where the thawed goods lie now; empty if they stayed where they were. They may be handed out from a place of
        2-8 °C only: what is thawed is not frozen again.

    Notes
    -----
    Thawing has happened and is recorded. An item whose life after thawing is unknown is quarantined, as one without an
    expiry is: the printed date holds for the frozen goods alone.

    Raises
    ------
    NotFound
        If the lot is not known.
    Refused
        If the lot was thawed already: its life counts from the first time.
    """
    desk = Desk(session, ledger, command, ("thaw", use, to_place))
    if earlier := desk.replay():
        return earlier
    frozen = _known_lot(desk.driver, use)
    if frozen.thawed_at:
        raise Refused(
            f"Lot {frozen.number} was thawed already: its life counts from the first thawing.",
            reasons=("stock.thawed",),
            code="stock.thawed",
        )
    is_life_known = load_item(session, use.item).thawed_days > 0
    # a recalled or held lot stays so: thawing never makes goods more usable than they were
    is_stopped = frozen.status is not LotStatus.RELEASED
    now = command.occurred_at
    thawed = ensure_lot(
        desk.driver,
        replace(
            frozen,
            # another mark than that of opening, which may happen to the same lot at the same instant
            id=LotId(f"{frozen.id}-t{now:x}"),
            thawed_at=now,
            status=frozen.status if is_life_known or is_stopped else LotStatus.QUARANTINED,
        ),
    )
    lines = _relabelled(desk.driver, use, thawed, (PlaceId(to_place or use.place), command))
    return desk.record(
        Plan(kind=MovementKind.THAW, lines=lines, flags=() if is_life_known else ("thawed_life_unknown",))
    )


def _known_lot(driver: Driver, use: Use) -> Lot:
    found = load_lots(driver, [use.lot]).get(use.lot)
    if found is None or found.item != use.item:  # a lot of another item would put the wrong goods on the shelf
        raise NotFound("lot", use.lot)
    return found


def _relabelled(driver: Driver, use: Use, becomes: Lot, where: tuple[PlaceId, Command]) -> tuple[Line, ...]:
    """Give the lines that take goods out as one lot and bring them back as another, by way of ``opened``."""
    to_place, command = where
    back = Line(
        item=ItemId(use.item),
        quantity=use.quantity,
        from_place=OPENED,
        to_place=to_place,
        lot=becomes.id,
        owner=use.owner,
    )
    return (*_lines_with_lack(driver, _key_of(use, use.lot, use.owner), use.quantity, (OPENED, command)), back)
