"""Tables of what-if scenarios, their runs, and forecasts kept to be judged later."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Text
from sqlmodel import Field, SQLModel


class ScenarioRow(SQLModel, table=True):
    """A named what-if question; its body is the JSON that the simulation reads."""

    __tablename__ = "run_scenario"

    id: str = Field(primary_key=True, max_length=36)
    name: str = Field(max_length=200)
    actor: str = Field(max_length=64)
    body: str = Field(sa_column=Column(Text, nullable=False))
    version: int = 1
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))


class RunRow(SQLModel, table=True):
    """One run: what went in (hashes, seed, program version) and where the result is."""

    __tablename__ = "run_run"

    id: str = Field(primary_key=True, max_length=36)
    kind: str = Field(max_length=40, index=True)
    scenario_id: str = Field(default="", max_length=36, index=True)
    job_id: str = Field(default="", max_length=36, index=True)
    actor: str = Field(max_length=64)
    seed: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    program_version: str = Field(default="", max_length=40)
    input_hash: str = Field(max_length=64)
    input_body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    result_hash: str = Field(default="", max_length=64)
    state_sequence: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))


class ForecastRow(SQLModel, table=True):
    """One forecast value as it was made, to be compared with what came."""

    __tablename__ = "run_forecast"

    run_id: str = Field(primary_key=True, max_length=36)
    measure: str = Field(primary_key=True, max_length=120)
    target_at: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    made_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    low: float
    middle: float
    high: float
    observed: float | None = None
