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
    """One forecast as it was made; never changed afterwards, so that it can be judged by what came."""

    __tablename__ = "run_forecast"

    unit: str = Field(primary_key=True, max_length=120)
    made_at: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    target_at: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False, index=True))
    horizon_h: float
    present: int
    model_mean: float
    model_variance: float
    chances: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ForecastOutcomeRow(SQLModel, table=True):
    """How many were present in a unit at an instant that forecasts had named; written once, when it had passed."""

    __tablename__ = "run_forecast_outcome"

    unit: str = Field(primary_key=True, max_length=120)
    target_at: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    came: int
    noted_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class PathwayRow(SQLModel, table=True):
    """One version of a pathway that a planner has kept; a version is never changed, a new one is added."""

    __tablename__ = "run_pathway"

    name: str = Field(primary_key=True, max_length=120)
    version: int = Field(primary_key=True)
    actor: str = Field(max_length=64)
    note: str = Field(default="", max_length=300)
    body: str = Field(sa_column=Column(Text, nullable=False))
    report: str = Field(default="", sa_column=Column(Text, nullable=False))
    kept_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    withdrawn_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
