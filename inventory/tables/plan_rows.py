"""Rows of planning: expected use, proposed par levels and accepted changes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel


class ExpectedRow(SQLModel, table=True):
    """What a place is expected to use of an item; computed anew by each plan."""

    __tablename__ = "inventory_expected_use"

    place: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    method: str
    mean_per_day: float
    sd_per_day: float
    periods: int
    censored: int
    at: int = Field(sa_type=BigInteger)


class ProposalRow(SQLModel, table=True):
    """The latest proposed par level of a place and item."""

    __tablename__ = "inventory_par_proposal"
    __table_args__ = (Index("inventory_par_proposal_by_state", "state", "decision", "place", "item"),)

    place: str = Field(primary_key=True)
    item: str = Field(primary_key=True)
    par_level: int = Field(sa_type=BigInteger)
    reorder_point: int = Field(sa_type=BigInteger)
    current_par: int = Field(sa_type=BigInteger)
    current_point: int = Field(sa_type=BigInteger)
    decision: str
    state: str
    cycle_service: float
    fill_rate: float
    current_fill_rate: float
    target: float
    service: str
    protection_days: float
    stock_cost_minor: int = Field(sa_type=BigInteger)


class ParChangeRow(SQLModel, table=True):
    """A par level that somebody changed by accepting a proposal; kept so that it can be taken back."""

    __tablename__ = "inventory_par_change"
    __table_args__ = (Index("inventory_par_change_by_place", "place", "item", "at"),)

    id: str = Field(primary_key=True)
    place: str
    item: str
    par_before: int = Field(sa_type=BigInteger)
    point_before: int = Field(sa_type=BigInteger)
    par_after: int = Field(sa_type=BigInteger)
    point_after: int = Field(sa_type=BigInteger)
    actor: str
    at: int = Field(sa_type=BigInteger)
    undone_by: str = ""
