"""A merge of two entries of the item master is taken back: what hung on each, and what is left of its goods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session

from inventory.model.merging import MergeRecord
from inventory.model.movements import Command, Line, Movement, MovementKind
from inventory.model.places import MERGED, is_carrier
from inventory.service.desk import Desk, Plan, source_of
from inventory.service.merging import STRICTER
from inventory.service.restocking import find_par
from inventory.tables.catalogue import load_lots, set_lot_status
from inventory.tables.driver import Driver, marks
from inventory.tables.merging import balances_of, drop_plans, merged_into, serials_of
from inventory.tables.unmerging import load_merge, mark_undone, put_back
from twin.errors import Refused
from twin.events.supply import ItemsMerged, ParLevelSet
from twin.ids import ItemId, LotId, PlaceId
from twin.ports import EventSink


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """What taking a merge back would do, or has done.

    Parameters
    ----------
    record : MergeRecord
        The merge.
    quantity : int
        Base units that come back.
    spent : int
        Base units that went over and were used, moved into a mixed lot or thrown away since: they stay where they are
        booked.
    obstacles : tuple[str, ...]
        Stable codes of what forbids it; empty if it can be done.
    """

    record: MergeRecord
    quantity: int
    spent: int
    obstacles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    place: str
    lot: str  # of the entry that stayed
    back: str  # of the entry that went
    owner: str
    quantity: int
    serial: str = ""


def look_at_undoing(session: Session, merge: str) -> Undoing:
    """Say what taking a merge back would do; nothing changes.

    Raises
    ------
    NotFound
        If there is no such merge.
    """
    record = load_merge(session, merge)
    driver = Driver(session)
    pieces = _pieces(driver, record)
    quantity = sum(piece.quantity for piece in pieces)
    return Undoing(
        record=record,
        quantity=quantity,
        spent=max(0, sum(moved.quantity for moved in record.stock) - quantity),
        obstacles=tuple(_obstacles(driver, record, pieces)),
    )


def undo_merge(session: Session, *, ledger: EventSink, command: Command, merge: str) -> Undoing:
    """Make two entries of one again.

    Labels, suppliers, substitutes, bins, kit lines and par levels of the entry that went are as they were before. Goods
    of lots that only it had come back from wherever they lie now; of a lot that both had, and of goods without a lot,
    no more comes back at a place than went over there. Orders and back-orders stay with the entry that stayed. Every
    movement in between stays in the books under the name that it has, and a recall of either finds both.

    Parameters
    ----------
    session : Session
        The transaction.
    ledger : EventSink
        Where events go.
    command : Command
        Who takes it back.
    merge : str
        Id of the merge.

    Raises
    ------
    NotFound
        If there is no such merge.
    Refused
        With every reason, if goods that come back are promised, on a cart or being counted, or it was undone before.
    """
    found = look_at_undoing(session, merge)
    if found.obstacles:
        raise Refused(
            f"The merge cannot be taken back yet: {', '.join(found.obstacles)}.",
            reasons=found.obstacles,
            code=found.obstacles[0],
        )
    record = found.record
    desk = Desk(session, ledger, command, ("undo_merge", merge))
    pieces = _pieces(desk.driver, record)
    _keep_stricter(desk.driver, record.lot_of)
    put_back(session, record)
    drop_plans(desk.driver, record.keep)  # the next plan counts each one's own use
    movement = desk.record(Plan(kind=MovementKind.MERGE, lines=tuple(_lines(record, pieces)))) if pieces else None
    done = replace(found, record=mark_undone(session, record, at=command.recorded_at, actor=command.actor))
    ledger.append(session, [*_pars_told(session, command, record), _told(command, record, movement)])
    return done


def _obstacles(driver: Driver, record: MergeRecord, pieces: list[_Piece]) -> list[str]:
    if record.undone_at:
        return ["merge.undone_already"]
    found = []
    # a later merge has to be taken back first: this one's goods went on under another name
    if merged_into(driver, record.keep) or merged_into(driver, record.drop) != record.keep:
        found.append("merge.merged_already")
    places = sorted({piece.place for piece in pieces})
    if any(is_carrier(place) for place in places):
        found.append("merge.goods_on_the_way")
    lots = sorted({piece.lot for piece in pieces})
    if lots:
        promised = driver.row(
            "SELECT 1 FROM inventory_reservation WHERE item = ?"
            f" AND lot IN ({marks(len(lots))}) AND place IN ({marks(len(places))}) LIMIT 1",
            (record.keep, *lots, *places),
        )
        found += ["merge.goods_promised"] * (promised is not None)
        counted = driver.row(
            "SELECT 1 FROM inventory_count_line l JOIN inventory_count_session s ON s.id = l.session_id"
            f" WHERE l.item = ? AND s.state = 'open' AND s.place IN ({marks(len(places))}) LIMIT 1",
            (record.keep, *places),
        )
        found += ["merge.count_open"] * (counted is not None)
    return found


def _pieces(driver: Driver, record: MergeRecord) -> list[_Piece]:
    """Give what comes back: all that is left of lots of its own, and no more than went over of shared ones."""
    back_of = {stayed: gone for gone, stayed in record.lot_of.items()}
    shared = set(record.shared_lots)
    went = Counter[tuple[str, str, str]]()
    for moved in record.stock:
        went[moved.place, record.lot_of[moved.lot], moved.owner] += moved.quantity
    pieces = set(record.serials)
    own = {serial: (place, lot) for serial, place, lot in serials_of(driver, record.keep) if serial in pieces}
    found = []
    for place, lot, owner, on_hand in balances_of(driver, record.keep):
        if lot not in back_of:
            continue
        here = sorted(serial for serial, at in own.items() if at == (place, lot))
        if record.serials:  # pieces are known one by one
            found += [
                _Piece(place=place, lot=lot, back=back_of[lot], owner=owner, quantity=1, serial=serial)
                for serial in here[:on_hand]
            ]
            continue
        quantity = min(on_hand, went[place, lot, owner]) if lot in shared else on_hand
        if quantity:
            found.append(_Piece(place=place, lot=lot, back=back_of[lot], owner=owner, quantity=quantity))
    return found


def _keep_stricter(driver: Driver, lot_of: Mapping[str, str]) -> None:
    """Let a lot be stopped that was stopped under its other name meanwhile."""
    known = load_lots(driver, sorted({*lot_of, *lot_of.values()} - {""}), lock="FOR UPDATE")
    for gone, stayed in lot_of.items():
        if gone and STRICTER.index(known[stayed].status) > STRICTER.index(known[gone].status):
            set_lot_status(driver, gone, known[stayed].status, f"unmerged:{stayed}")


def _lines(record: MergeRecord, pieces: Iterable[_Piece]) -> Iterable[Line]:
    """Give the lines that take the goods out as one item and bring them back as the other, each summing to zero."""
    for piece in pieces:
        out = Line(
            item=ItemId(record.keep),
            quantity=piece.quantity,
            from_place=PlaceId(piece.place),
            to_place=MERGED,
            lot=LotId(piece.lot),
            owner=piece.owner,
            serial=piece.serial,
        )
        yield out
        yield replace(
            out,
            item=ItemId(record.drop),
            from_place=MERGED,
            to_place=PlaceId(piece.place),
            lot=LotId(piece.back),
        )


def _pars_told(session: Session, command: Command, record: MergeRecord) -> list[ParLevelSet]:
    """Give the par levels that both have now, wherever one of them had one before."""
    places = sorted({str(row["place"]) for row in record.rows.get("par_level", ())})
    events = []
    for place in places:
        for item in (record.keep, record.drop):
            par = find_par(session, place=place, item=item)
            events.append(
                ParLevelSet(
                    thing=item,
                    occurred_at=command.occurred_at,
                    source=source_of(command),
                    source_key=f"{command.id}:par:{place}:{item}",
                    actor=command.actor,
                    place=place,
                    par_level=par.par_level if par is not None else 0,
                    reorder_point=par.reorder_point if par is not None else 0,
                )
            )
    return events


def _told(command: Command, record: MergeRecord, movement: Movement | None) -> ItemsMerged:
    return ItemsMerged(
        thing=record.keep,
        occurred_at=command.occurred_at,
        source=source_of(command),
        source_key=f"{command.id}:unmerged:{record.drop}",
        actor=command.actor,
        dropped=record.drop,
        quantity=movement.quantity // 2 if movement is not None else 0,
        is_undone=True,
    )
