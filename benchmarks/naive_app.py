"""The peer of our benchmarks: what a tutorial of FastAPI and SQLModel leads to, without sign-in, audit or live state.

One table of assets, one of events, a session per request, ``add`` and ``commit``, pages by OFFSET. It gets the same
driver, write-ahead log and forced commits as the twin, so that both promise the same when they answer.

    uvicorn --factory benchmarks.naive_app:make_app     (NAIVE_DATABASE names the database)
"""

import os
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from pysqlite3 import dbapi2
from sqlalchemy import BigInteger, Engine, event
from sqlmodel import Field, Session, SQLModel, create_engine, select

PAGE = 50


class NaiveAsset(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(index=True)
    category: str
    place: str
    status: str = "on"


class NaiveEvent(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(unique=True, index=True)
    thing: str = Field(index=True)
    type: str
    occurred_at: int = Field(sa_type=BigInteger)
    zone: str


class NaiveEventIn(SQLModel):
    uid: str
    thing: str
    type: str
    occurred_at: int
    zone: str


def make_engine(url: str) -> Engine:
    """Give an engine with the same durability as the twin's."""
    if not url.startswith("sqlite"):
        return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    engine = create_engine(url, module=dbapi2, connect_args={"check_same_thread": False, "timeout": 60})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine


def store_one(session: Session, body: NaiveEventIn) -> NaiveEvent:
    row = NaiveEvent.model_validate(body)
    session.add(row)
    session.commit()
    session.refresh(row)
    return row


def store_many(session: Session, bodies: list[NaiveEventIn]) -> int:
    session.add_all([NaiveEvent.model_validate(body) for body in bodies])
    session.commit()
    return len(bodies)


def make_app(url: str = "") -> FastAPI:
    """Give the application; ``NAIVE_DATABASE`` names the database unless a URL is given."""
    engine = make_engine(url or os.environ["NAIVE_DATABASE"])
    SQLModel.metadata.create_all(engine, tables=[NaiveAsset.__table__, NaiveEvent.__table__])  # type: ignore[attr-defined]
    app = FastAPI()

    def get_session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    Database = Annotated[Session, Depends(get_session)]  # noqa: N806  # a type

    @app.post("/events", response_model=NaiveEvent)
    def post_event(body: NaiveEventIn, session: Database) -> NaiveEvent:
        return store_one(session, body)

    @app.post("/events/batch")
    def post_events(bodies: list[NaiveEventIn], session: Database) -> dict[str, int]:
        return {"stored": store_many(session, bodies)}

    @app.get("/assets", response_model=list[NaiveAsset])
    def get_assets(session: Database, offset: int = 0, limit: int = PAGE) -> list[NaiveAsset]:
        return list(session.exec(select(NaiveAsset).order_by(NaiveAsset.name).offset(offset).limit(limit)).all())

    return app
