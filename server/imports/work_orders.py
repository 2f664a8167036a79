"""A sheet of a previous maintenance system's work orders: rows become orders that are over, with their down times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from assets.model.work import WorkKind
from assets.service import taking_over
from assets.service.act import Act
from assets.service.taking_over import PastOrder
from server.imports.masters import Record
from server.wiring import Hospital
from twin.access import SYSTEM
from twin.clock import from_datetime
from twin.errors import FieldProblem, ImportRefused


def past_orders(records: Sequence[Record], *, zone: ZoneInfo) -> list[PastOrder]:
    """Give the orders of checked rows; times without an offset are the hospital's own.

    Parameters
    ----------
    records : Sequence[Record]
        Checked rows.
    zone : ZoneInfo
        The hospital's.
    """
    return [_past_order(record, zone) for record in records]


def _past_order(record: Record, zone: ZoneInfo) -> PastOrder:
    values = record.values

    def instant(name: str) -> int:
        text = str(values[name])
        if not text:
            return 0
        told = datetime.fromisoformat(text)
        return from_datetime(told if told.tzinfo is not None else told.replace(tzinfo=zone))

    def text(name: str) -> str:
        return str(values[name])

    def whole(name: str) -> int:
        return int(str(values[name]))

    return PastOrder(
        number=text("id"),
        asset=text("asset"),
        kind=WorkKind(text("kind")),
        title=text("title"),
        opened_at=instant("opened"),
        closed_at=instant("closed"),
        down_from=instant("down_from"),
        down_until=instant("down_until"),
        failure_code=text("failure_code"),
        finding=text("finding"),
        minutes=whole("minutes"),
        labour_cost=whole("labour_cost_minor"),
        parts_cost=whole("parts_cost_minor"),
        technician=text("technician"),
        place=record.place,
    )


def order_problems(session: Session, orders: Sequence[PastOrder], *, now: int) -> list[FieldProblem]:
    """Give what keeps the rows from being taken over."""
    return taking_over.problems_of(session, orders, now=now)


def count_new_orders(session: Session, orders: Sequence[PastOrder]) -> int:
    """Count the orders that are not taken over yet, for a dry run."""
    return taking_over.count_new(session, orders)


def store_orders(session: Session, hospital: Hospital, orders: Sequence[PastOrder], *, file: str) -> int:
    """Take the orders over; give how many were new.

    Raises
    ------
    ImportRefused
        If any of them cannot be; nothing is stored then.
    """
    now = hospital.clock.now()
    problems = order_problems(session, orders, now=now)
    if problems:
        raise ImportRefused(file, problems)
    # Who may import was asked at the door; the audit names them.
    act = Act(actor=SYSTEM, now=now, key=f"import:work-orders:{now}", ledger=hospital.ledger)
    return taking_over.take_over(session, act=act, orders=orders)
