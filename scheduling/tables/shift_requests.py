"""Rows of what people ask of the roster in force."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import BigInteger
from sqlmodel import Field, Session, SQLModel, col, or_, select

from scheduling.model.shift_requests import RequestKind, RequestStatus, RosterChange, ShiftRequest, Span
from twin.errors import NotFound

MOST_REQUESTS = 500
"""Requests that one list reads; older ones are history."""


class ShiftRequestRow(SQLModel, table=True):
    """One request; spans and changes are JSON."""

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
    place: str = ""
    also_given: str = "[]"
    also_wanted: str = "[]"
    changes: str = "[]"
    allowance_reason: str = ""
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
            also_given=msgspec.json.decode(self.also_given, type=tuple[Span, ...]),
            also_wanted=msgspec.json.decode(self.also_wanted, type=tuple[Span, ...]),
            changes=msgspec.json.decode(self.changes, type=tuple[RosterChange, ...]),
        )


# All fields but those that are stored in another form.
_PLAIN = tuple(
    name
    for name in ShiftRequestRow.model_fields
    if name not in {"kind", "status", "also_given", "also_wanted", "changes"}
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
    row.also_given = msgspec.json.encode(request.also_given).decode()
    row.also_wanted = msgspec.json.encode(request.also_wanted).decode()
    row.changes = msgspec.json.encode(request.changes).decode()
    session.add(row)
    session.flush()


def list_requests(
    session: Session,
    *,
    staff: str = "",
    statuses: Collection[RequestStatus] = (),
    kind: RequestKind | None = None,
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
    kind : RequestKind or None
        Only of this kind; all by default.
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
    if kind is not None:
        query = query.where(col(ShiftRequestRow.kind) == kind.value)
    if before:
        query = query.where(col(ShiftRequestRow.id) < before)
    return [row.request() for row in session.exec(query)]
