"""Rows of what people ask of the roster in force."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import BigInteger
from sqlmodel import Field, Session, SQLModel, col, or_, select

from scheduling.model.rosters import Assignment
from scheduling.model.shift_requests import RequestKind, RequestStatus, ShiftRequest
from twin.errors import NotFound

MOST_REQUESTS = 500
"""Requests that one list reads; older ones are history."""


class ShiftRequestRow(SQLModel, table=True):
    """One request; cells and days are JSON."""

    __tablename__ = "scheduling_shift_request"

    id: str = Field(primary_key=True)
    kind: str
    status: str = Field(index=True)
    staff: str = Field(index=True)
    partner: str = Field(default="", index=True)
    from_at: int = Field(sa_type=BigInteger)
    to_at: int = Field(sa_type=BigInteger)
    partner_from_at: int = Field(default=0, sa_type=BigInteger)
    partner_to_at: int = Field(default=0, sa_type=BigInteger)
    shift: str = ""
    skill: str = ""
    reason: str = ""
    answer: str = ""
    asked_at: int = Field(sa_type=BigInteger)
    asked_by: str
    decided_at: int = Field(default=0, sa_type=BigInteger)
    decided_by: str = ""
    plan: str = ""
    roster_start_at: int = Field(default=0, sa_type=BigInteger)
    place: str = ""
    cells_before: str = "[]"
    cells_after: str = "[]"
    leave_before: str = "[]"
    is_news_to_staff: bool = False
    is_news_to_partner: bool = False
    version: int = 1

    def request(self) -> ShiftRequest:
        """Give the row as a value."""
        fields = {name: getattr(self, name) for name in _PLAIN}
        return ShiftRequest(
            **fields,
            kind=RequestKind(self.kind),
            status=RequestStatus(self.status),
            cells_before=msgspec.json.decode(self.cells_before, type=tuple[Assignment, ...]),
            cells_after=msgspec.json.decode(self.cells_after, type=tuple[Assignment, ...]),
            leave_before=msgspec.json.decode(self.leave_before, type=tuple[int, ...]),
        )


# All fields but those that are stored in another form.
_PLAIN = tuple(
    name
    for name in ShiftRequestRow.model_fields
    if name not in {"kind", "status", "cells_before", "cells_after", "leave_before"}
)


def load_request(session: Session, request: str) -> ShiftRequest:
    """Give a request.

    Raises
    ------
    NotFound
        If there is none of this id.
    """
    row = session.get(ShiftRequestRow, request)
    if row is None:
        raise NotFound("shift request", request)
    return row.request()


def save_request(session: Session, request: ShiftRequest) -> None:
    """Write a request, new or changed."""
    row = session.get(ShiftRequestRow, request.id) or ShiftRequestRow(
        id=request.id, kind="", status="", staff="", from_at=0, to_at=0, asked_at=0, asked_by=""
    )
    for name in _PLAIN:
        setattr(row, name, getattr(request, name))
    row.kind, row.status = request.kind.value, request.status.value
    row.cells_before = msgspec.json.encode(request.cells_before).decode()
    row.cells_after = msgspec.json.encode(request.cells_after).decode()
    row.leave_before = msgspec.json.encode(request.leave_before).decode()
    session.add(row)
    session.flush()


def list_requests(
    session: Session,
    *,
    staff: str = "",
    statuses: Collection[RequestStatus] = (),
    before: str = "",
    limit: int = MOST_REQUESTS,
) -> list[ShiftRequest]:
    """Give requests, the newest first.

    Parameters
    ----------
    session : Session
        May be a reading session.
    staff : str
        Only those that concern this member of staff; all when empty.
    statuses : Collection[RequestStatus]
        Only of these; all when empty.
    before : str
        Id of the last one of the page before.
    limit : int
        Largest number.
    """
    query = select(ShiftRequestRow).order_by(col(ShiftRequestRow.id).desc()).limit(limit)
    if staff:
        query = query.where(or_(col(ShiftRequestRow.staff) == staff, col(ShiftRequestRow.partner) == staff))
    if statuses:
        query = query.where(col(ShiftRequestRow.status).in_([status.value for status in statuses]))
    if before:
        query = query.where(col(ShiftRequestRow.id) < before)
    return [row.request() for row in session.exec(query)]
