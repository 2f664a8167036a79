"""Taking over what a previous maintenance system knew: its work orders and the times that devices were down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import insert
from sqlmodel import Session, col, select

from assets.model.work import Labour, Part, WorkKind, WorkOrder, WorkState
from assets.service.act import Act
from assets.tables.register import find_by_identifier
from assets.tables.rows import AssetRow, DowntimeRow, RecordsSinceRow, WorkOrderRow
from twin.access import Permission
from twin.errors import FieldProblem, NotFound

_BATCH = 500  # bound values per statement stay far below what either database allows
_MOST_NAMED = 20_000  # bound values of one statement; a file of more devices names every model among the first
_PARTS = "previous_system"  # item of parts of which only the sum of their prices is known


@dataclass(frozen=True, slots=True, kw_only=True)
class PastOrder:
    """A work order of the previous system that is over.

    Parameters
    ----------
    number : str
        Its number there; the same number is taken over once.
    asset : str
        Id, control number or any other mark of the device.
    kind : WorkKind
        Why it was worked on.
    title, failure_code, finding : str
        As it stood there.
    opened_at, closed_at : int
        UTC microseconds, the end not before the beginning.
    down_from, down_until : int
        When it could not be used, UTC microseconds; 0 if it could. A repair without them was down while it was open.
    minutes, labour_cost, parts_cost : int
        Work, and integer minor units.
    technician : str
        Who did it; a pseudonym.
    place : str
        Which row, for messages.
    rule, due_date : str
        Maintenance rule and local due day that it fulfilled, so that compliance counts it; empty otherwise.
    due_at : int
        End of that day, UTC microseconds; 0 without one.
    """

    number: str
    asset: str
    kind: WorkKind
    opened_at: int
    closed_at: int
    title: str = ""
    failure_code: str = ""
    finding: str = ""
    down_from: int = 0
    down_until: int = 0
    minutes: int = 0
    labour_cost: int = 0
    parts_cost: int = 0
    technician: str = ""
    place: str = ""
    rule: str = ""
    due_date: str = ""
    due_at: int = 0


def problems_of(session: Session, orders: Sequence[PastOrder], *, now: int) -> list[FieldProblem]:
    """Give what keeps orders from being taken over, in their own order.

    Parameters
    ----------
    session : Session
        Any session.
    orders : Sequence[PastOrder]
        What the previous system told.
    now : int
        UTC microseconds; what lies after it has not happened.
    """
    known = _assets(session, orders)
    problems = []
    for one in orders:
        found = [
            ("asset", not known[one.asset], f"There is no device {one.asset!r}.", "Import the devices first."),
            ("closed", one.closed_at < one.opened_at, "It was closed before it was opened.", "Correct the times."),
            ("closed", one.closed_at > now, "It lies in the future.", "Open orders are entered here, not taken over."),
            (
                "down_until",
                bool(one.down_from) != bool(one.down_until) or one.down_until < one.down_from,
                "Its down time ends before it begins.",
                "Give both ends, or neither.",
            ),
        ]
        problems += [
            FieldProblem(field=field, place=one.place, message=message, cure=cure)
            for field, is_wrong, message, cure in found
            if is_wrong
        ]
    return problems


def count_new(session: Session, orders: Sequence[PastOrder]) -> int:
    """Give how many orders are not taken over yet, for a dry run."""
    return len(orders) - len(_taken(session, orders))


def take_over(session: Session, *, act: Act, orders: Sequence[PastOrder]) -> int:
    """Keep the work orders and failures of a previous system; give how many are new.

    Parameters
    ----------
    session : Session
        The transaction.
    act : Act
        Who takes them over; needs ``work_orders:write``.
    orders : Sequence[PastOrder]
        Without a problem of :func:`problems_of`; one whose number was taken over already is left as it is.

    Raises
    ------
    NotFound
        If a device is not in the register.

    Notes
    -----
    They are kept as closed and signed by ``previous system``: what stands in them is evidence of somebody else, and is
    amended, never changed. Nothing is told to anybody, since all of it is over; a device's state stays as it is. Their
    models are taken to be on record since the earliest of the orders.
    """
    act.actor.require(Permission.WORK_ORDERS_WRITE)
    known, taken = _assets(session, orders), _taken(session, orders)
    rows, down = [], {}
    for one in orders:
        if one.number in taken:
            continue
        asset = known[one.asset]
        if not asset:
            raise NotFound("asset", one.asset)
        rows.append(_row(one, asset))
        span = _down(one)
        if span is not None:
            down[asset, span[0]] = {
                "asset": asset,
                "start_at": span[0],
                "end_at": span[1],
                "work_order": _id(one.number),
                "failure_code": one.failure_code,
            }
    held = _held(session, {asset for asset, _ in down})
    # One device cannot fail twice at one instant: a failure that is on record already is the same one.
    fresh = [values for key, values in down.items() if key not in held]
    for part in range(0, len(rows), _BATCH):
        session.execute(insert(WorkOrderRow), rows[part : part + _BATCH])
    for part in range(0, len(fresh), _BATCH):
        session.execute(insert(DowntimeRow), fresh[part : part + _BATCH])
    _note_since(session, known.values(), min((one.opened_at for one in orders), default=act.now))
    session.flush()
    return len(rows)


def _note_since(session: Session, assets: Iterable[str], since: int) -> None:
    """Keep since when the previous system recorded failures of these models, also of devices that never failed.

    Otherwise each device would seem to be watched from its own first failure on, and those without one not at all:
    failures would come out too frequent, and ageing would look like getting better.
    """
    named = select(AssetRow.category, AssetRow.manufacturer, AssetRow.model).where(
        col(AssetRow.id).in_(sorted({asset for asset in assets if asset})[:_MOST_NAMED])
    )
    held = {row.asset: row for row in session.exec(select(RecordsSinceRow))}
    for category, manufacturer, model in session.exec(named.distinct()).all():
        query = select(AssetRow.id).where(
            col(AssetRow.category) == category,
            col(AssetRow.manufacturer) == manufacturer,
            col(AssetRow.model) == model,
        )
        for asset in session.exec(query).all():
            row = held.get(asset) or RecordsSinceRow(asset=asset, since_at=since)
            row.since_at = min(row.since_at, since)
            session.add(row)


def _id(number: str) -> str:
    return f"past:{number}"


def _assets(session: Session, orders: Sequence[PastOrder]) -> dict[str, str]:
    """Give the id of each device that is named, empty for one that nobody knows."""
    found: dict[str, str] = {}
    for one in orders:
        if one.asset not in found:
            row = find_by_identifier(session, one.asset)
            found[one.asset] = row.id if row is not None else ""
    return found


def _taken(session: Session, orders: Sequence[PastOrder]) -> set[str]:
    numbers = {_id(one.number): one.number for one in orders}
    keys = list(numbers)
    found: set[str] = set()
    for part in range(0, len(keys), _BATCH):
        query = select(WorkOrderRow.id).where(col(WorkOrderRow.id).in_(keys[part : part + _BATCH]))
        found.update(numbers[key] for key in session.exec(query))
    return found


def _held(session: Session, assets: set[str]) -> set[tuple[str, int]]:
    names = sorted(assets)
    found: set[tuple[str, int]] = set()
    for part in range(0, len(names), _BATCH):
        query = select(DowntimeRow.asset, DowntimeRow.start_at)
        found.update(
            (asset, at)
            for asset, at in session.exec(query.where(col(DowntimeRow.asset).in_(names[part : part + _BATCH])))
        )
    return found


def _down(one: PastOrder) -> tuple[int, int] | None:
    if one.down_from:
        return one.down_from, max(one.down_until, one.down_from)
    return (one.opened_at, one.closed_at) if one.kind is WorkKind.CORRECTIVE else None


def _row(one: PastOrder, asset: str) -> dict[str, object]:
    order = WorkOrder(
        id=_id(one.number),
        asset=asset,
        kind=one.kind,
        state=WorkState.CLOSED,
        title=one.title,
        opened_at=one.opened_at,
        started_at=one.opened_at,
        closed_at=one.closed_at,
        labour=(Labour(staff=one.technician, minutes=one.minutes, cost=one.labour_cost),)
        if one.minutes or one.labour_cost
        else (),
        parts=(Part(item=_PARTS, quantity=1, cost=one.parts_cost),) if one.parts_cost else (),
        failure_code=one.failure_code,
        finding=one.finding or ("repaired" if one.kind is WorkKind.CORRECTIVE else ""),
        closed_by="previous system",
        rule=one.rule,
        due_date=one.due_date,
        due_at=one.due_at,
    )
    return {
        "id": order.id,
        "dedupe_key": order.id,
        "asset": asset,
        "kind": order.kind.value,
        "state": order.state.value,
        "opened_at": order.opened_at,
        "due_at": order.due_at,
        "closed_at": order.closed_at,
        "rule": order.rule,
        "version": 1,
        "body": msgspec.json.encode(order).decode(),
    }
