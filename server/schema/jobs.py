"""Tables of long computations and their results."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Text
from sqlmodel import Field, SQLModel


class JobRow(SQLModel, table=True):
    """One long computation; instants in UTC microseconds."""

    __tablename__ = "job"

    id: str = Field(primary_key=True, max_length=36)
    kind: str = Field(max_length=80, index=True)
    state: str = Field(max_length=12, index=True)
    actor: str = Field(max_length=64)
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    progress_share: float = 0.0
    note: str = Field(default="", max_length=200)
    partial: bytes = Field(default=b"", sa_column=Column(LargeBinary, nullable=False))
    result_hash: str = Field(default="", max_length=64)
    problem: str = Field(default="", sa_column=Column(Text, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    started_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    ended_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class ResultRow(SQLModel, table=True):
    """A result under the SHA-256 of its content; written once."""

    __tablename__ = "job_result"

    hash: str = Field(primary_key=True, max_length=64)
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
