"""Table of requests that may be repeated without being done twice."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary
from sqlmodel import Field, SQLModel


class IdempotencyRow(SQLModel, table=True):
    """One Idempotency-Key of one actor.

    ``state`` is ``claimed`` while the request runs, ``committed`` once its transaction is stored, and ``answered`` when
    the answer is kept for repeats.
    """

    __tablename__ = "door_idempotency"

    actor: str = Field(primary_key=True, max_length=64)
    key: str = Field(primary_key=True, max_length=200)
    request_hash: str = Field(max_length=64)
    state: str = Field(max_length=10)
    process: str = Field(max_length=36)
    status: int = 0
    media_type: str = Field(default="", max_length=100)
    headers: str = Field(default="", max_length=1000)
    body: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
