"""Two entries of the item master are made one: found, looked at, merged; every quantity and trace stays true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlmodel import Session

from inventory.model.items import Item
from inventory.model.lots import Lot, LotStatus
from inventory.model.merging import MergeRecord, Moved
from inventory.model.movements import Command, Line, Movement, MovementKind
from inventory.model.places import MERGED, is_carrier
from inventory.rules.duplicates import Candidate, Listed, find_candidates
from inventory.service.desk import Desk, Plan, source_of
from inventory.service.receiving import lot_id_of
from inventory.service.restocking import find_par
from inventory.tables.catalogue import ensure_lot, find_lots_of_item, load_item, set_lot_status
from inventory.tables.driver import Driver
from inventory.tables.merging import (
    Standing,
    balances_of,
    drop_plans,
    mark_merged,
    merged_into,
    merged_items,
    open_work_of,
    repoint,
    serials_of,
    standing_of,
    supplies_by_item,
)
from inventory.tables.unmerging import rows_before, save_merge
from twin.errors import FieldError, FieldProblem, Refused
from twin.events.supply import ItemsMerged, ParLevelSet
from twin.ids import ItemId, LotId, PlaceId
from twin.ports import EventSink

STRICTER = (
    LotStatus.RELEASED,
    LotStatus.HELD,
    LotStatus.QUARANTINED,
    LotStatus.RECALLED,
    LotStatus.DESTROYED,
)
"""Statuses by how much they forbid: a lot known under both entries keeps the stricter one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What a merge would do.

    Parameters
    ----------
    keep, drop : Item
        The entry that stays and the one that goes.
    standing : Standing
        What hangs on the entry that goes.
    lots : int
        Lots that go over.
    on_hand : int
        Base units that go over.
    par_conflicts : tuple[str, ...]
        Places where both have a par level; that of the entry that stays is kept.
    obstacles : tuple[str, ...]
        Stable codes of what forbids it; empty if it can be done.
    """

    keep: Item
    drop: Item
    standing: Standing
    lots: int
    on_hand: int
    par_conflicts: tuple[str, ...]
    obstacles: tuple[str, ...]


def listed_items(session: Session, items: Iterable[Item]) -> list[Listed]:
    """Give items as they are compared, with their suppliers' numbers."""
    supplies = supplies_by_item(Driver(session))
    return [
        Listed(id=item.id, code=item.code, name=item.name, supplies=tuple(supplies.get(item.id, ()))) for item in items
    ]


def candidates(session: Session, items: Sequence[Item], *, limit: int = 500) -> list[Candidate]:
    """Give entries that are probably one item, the surest first.

    Parameters
    ----------
    session : Session
        Any.
    items : Sequence[Item]
        The item master without what was merged already.
    limit : int
        How many pairs at most.
    """
    return find_candidates(listed_items(session, items))[:limit]


def look_at_merge(session: Session, *, keep: str, drop: str) -> Outlook:
    """Say what a merge would do; nothing changes.

    Raises
    ------
    NotFound
        If the item master lacks one of them.
    FieldError
        If both are the same entry.
    """
    if keep == drop:
        raise FieldError(
            FieldProblem(
                field="drop", place="merge", message="Both are the same entry.", cure="Name the one that goes away."
            )
        )
    kept, dropped = load_item(session, keep), load_item(session, drop)
    driver = Driver(session)
    standing = standing_of(driver, drop)
    own_places = set(standing_of(driver, keep).par_places)
    balances = balances_of(driver, drop)
    return Outlook(
        keep=kept,
        drop=dropped,
        standing=standing,
        lots=len(find_lots_of_item(driver, drop)),
        on_hand=sum(quantity for *_, quantity in balances),
        par_conflicts=tuple(place for place in standing.par_places if place in own_places),
        obstacles=tuple(_obstacles(driver, kept, dropped)),
    )


def _obstacles(driver: Driver, keep: Item, drop: Item) -> list[str]:
    found = [
        f"merge.{name}_differs"
        for name in ("base_unit", "tracking", "storage_class", "controlled_schedule")
        if getattr(keep, name) != getattr(drop, name)
    ]
    if merged_into(driver, keep.id) or merged_into(driver, drop.id):
        found.append("merge.merged_already")
    found += [f"merge.{what}" for what in open_work_of(driver, drop.id)]
    if any(is_carrier(place) for place, *_ in balances_of(driver, drop.id)):
        found.append("merge.goods_on_the_way")
    own = {serial for serial, *_ in serials_of(driver, keep.id)}
    if own & {serial for serial, *_ in serials_of(driver, drop.id)}:
        found.append("merge.same_serial")
    return found


def merge_items(session: Session, *, ledger: EventSink, command: Command, keep: str, drop: str) -> Outlook:
    """Make two entries one: packages, lots, stock, par levels, substitutes and suppliers of one become the other's.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Who merges.
    keep, drop : str
        Ids of the entry that stays and the one that goes. The latter stays in the books for its history, is listed no
        more, and its code and labels lead to the entry that stays.

    Raises
    ------
    Refused
        With every reason, if quantities would not mean the same, or work on the entry that goes is under way.
    """
    if merged_into(Driver(session), drop) == keep:  # sent twice: it is done
        return look_at_merge(session, keep=keep, drop=drop)
    outlook = look_at_merge(session, keep=keep, drop=drop)
    if outlook.obstacles:
        raise Refused(
            f"{outlook.drop.name} cannot become {outlook.keep.name}: {', '.join(outlook.obstacles)}. Correct the item "
            "that is wrong, or finish what is under way, then merge.",
            reasons=outlook.obstacles,
            code=outlook.obstacles[0],
        )
    desk = Desk(session, ledger, command, ("merge_items", keep, drop))
    own_lots = {lot.id for lot in find_lots_of_item(desk.driver, keep)}
    rows = rows_before(session, [keep, drop])
    followers = [item for item, stays in merged_items(desk.driver).items() if stays == drop]
    lot_of = _lots_taken_over(desk.driver, keep, drop)
    record = MergeRecord(
        id=command.id,
        keep=keep,
        drop=drop,
        merged_at=command.recorded_at,
        merged_by=command.actor,
        lot_of=lot_of,
        shared_lots=[lot for lot in lot_of.values() if not lot or lot in own_lots],
        stock=[
            Moved(place=place, lot=lot, owner=owner, quantity=quantity)
            for place, lot, owner, quantity in balances_of(desk.driver, drop)
        ],
        serials=[serial for serial, place, _ in serials_of(desk.driver, drop) if place != MERGED],
        rows=rows,
        followers=followers,
    )
    save_merge(session, record)
    lines = tuple(_lines(desk.driver, keep, drop, lot_of))
    repoint(desk.driver, keep=keep, drop=drop, par_conflicts=outlook.par_conflicts)
    drop_plans(desk.driver, drop)
    mark_merged(desk.driver, keep=keep, drop=drop)
    session.expire_all()  # rows were changed by plain SQL, behind the mapper's back
    movement = desk.record(Plan(kind=MovementKind.MERGE, lines=lines)) if lines else None
    ledger.append(session, [*_pars_told(session, command, outlook), _told(command, outlook, movement)])
    return outlook


def _pars_told(session: Session, command: Command, outlook: Outlook) -> list[ParLevelSet]:
    """Give what the live state must know: the par levels that went, and those that the entry that stays has now."""
    events = []
    for place in outlook.standing.par_places:
        par = find_par(session, place=place, item=outlook.keep.id)
        told = [(outlook.drop.id, 0, 0)]
        if par is not None and place not in outlook.par_conflicts:
            told.append((outlook.keep.id, par.par_level, par.reorder_point))
        events += [
            ParLevelSet(
                thing=item,
                occurred_at=command.occurred_at,
                source=source_of(command),
                source_key=f"{command.id}:par:{place}:{item}",
                actor=command.actor,
                place=place,
                par_level=par_level,
                reorder_point=reorder_point,
            )
            for item, par_level, reorder_point in told
        ]
    return events


def _told(command: Command, outlook: Outlook, movement: Movement | None) -> ItemsMerged:
    return ItemsMerged(
        thing=outlook.keep.id,
        occurred_at=command.occurred_at,
        source=source_of(command),
        source_key=f"{command.id}:merged:{outlook.drop.id}",
        actor=command.actor,
        dropped=outlook.drop.id,
        quantity=movement.quantity // 2 if movement is not None else 0,
    )


def _lots_taken_over(driver: Driver, keep: str, drop: str) -> dict[str, str]:
    """Make each lot of the entry that goes a lot of the one that stays; give new ids by old ones.

    The old lots stay: what was used on patients before is found by them, and a recall looks at both.
    """
    lot_of: dict[str, str] = {"": ""}  # goods that are not tracked by lot stay so
    for lot in find_lots_of_item(driver, drop):
        wanted = replace(lot, id=_id_for(lot, keep), item=ItemId(keep))
        stored = ensure_lot(driver, wanted)
        if STRICTER.index(lot.status) > STRICTER.index(stored.status):
            set_lot_status(driver, stored.id, lot.status, f"merged:{drop}")
        lot_of[lot.id] = stored.id
    return lot_of


def _id_for(lot: Lot, keep: str) -> LotId:
    plain = lot_id_of(keep, lot.number, lot.expires_at)
    # an opened or thawed container is a lot of its own beside the closed one
    opened = f"-{lot.opened_at:x}" if lot.opened_at else ""
    thawed = f"-t{lot.thawed_at:x}" if lot.thawed_at else ""
    return LotId(f"{plain}{opened}{thawed}")


def _lines(driver: Driver, keep: str, drop: str, lot_of: dict[str, str]) -> Iterable[Line]:
    """Give the lines that take the goods out as one item and bring them back as the other, each summing to zero."""
    serials: dict[tuple[str, str], list[str]] = {}
    for serial, place, lot in serials_of(driver, drop):
        serials.setdefault((place, lot), []).append(serial)
    for place, lot, owner, quantity in balances_of(driver, drop):
        numbers = serials.get((place, lot), [])
        own = [numbers.pop() for _ in range(min(quantity, len(numbers)))]
        pieces = [(1, serial) for serial in own]
        if quantity > len(own):
            pieces.append((quantity - len(own), ""))
        for count, serial in pieces:
            out = Line(
                item=ItemId(drop),
                quantity=count,
                from_place=PlaceId(place),
                to_place=MERGED,
                lot=LotId(lot),
                owner=owner,
                serial=serial,
            )
            yield out
            yield replace(
                out,
                item=ItemId(keep),
                from_place=MERGED,
                to_place=PlaceId(place),
                lot=LotId(lot_of[lot]),
            )
