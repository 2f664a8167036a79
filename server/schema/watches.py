"""Table of what is watched over: geofences of encounters and assets, limits of a room's climate."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel


class WatchRow(SQLModel, table=True):
    """One geofence or climate limit; ``ended_at`` is 0 while it is in force."""

    __tablename__ = "server_watch"

    id: str = Field(primary_key=True, max_length=36)
    kind: str = Field(max_length=20, index=True)
    subject: str = Field(max_length=200, index=True)
    facts: str = Field(sa_column=Column(Text, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_by: str = Field(max_length=64)
    ended_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
