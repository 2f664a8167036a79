"""Tables of gateways: how far each one's rows are committed, and the versions of its settings."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel


class GatewayMarkRow(SQLModel, table=True):
    """All rows of a boot of a gateway up to ``seq`` are committed; written in the transaction that stored them."""

    __tablename__ = "gateway_mark"

    gateway: str = Field(primary_key=True, max_length=128)
    boot: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))


class GatewaySettingsRow(SQLModel, table=True):
    """One version of a gateway's settings; a version never changes once written, but for its stage."""

    __tablename__ = "gateway_settings"

    gateway: str = Field(primary_key=True, max_length=128)
    version: int = Field(primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False))
    stage: str = Field(max_length=20)
    note: str = Field(default="", max_length=400)
    author: str = Field(max_length=64)
    problem: str = Field(default="", max_length=400)
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    staged_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    settled_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
