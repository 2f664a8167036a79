"""The one connection that writes, and what a piece of work may do with it.

The writer and the ledger speak to a small connection protocol in plain SQL, so that a test can put a file system that
loses power under the very same code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from sqlalchemy.engine import Connection, Engine
from sqlalchemy.engine.base import Transaction as SqlTransaction
from sqlmodel import Session

from twin.errors import StorageError, Unavailable
from twin.ports import Stored

Dialect = Literal["sqlite", "postgresql"]

SESSION_KEY = "hospital-twin-transaction"
BUSY_MS = 10_000
"""How long a statement waits for another connection of SQLite."""
_SWEEP_WAIT_MS = 200


class RawCursor(Protocol):
    """Answer of one statement."""

    def fetchall(self) -> list[Any]:
        """Give all rows."""


class RawConnection(Protocol):
    """Driver's connection: pysqlite3, psycopg 3 and APSW all meet it."""

    def execute(self, statement: str, parameters: Any = ..., /) -> RawCursor:
        """Run one statement."""

    def executemany(self, statement: str, rows: Any, /) -> object:
        """Run one statement for each row; only asked of SQLite's drivers."""

    def cursor(self) -> Any:
        """Give a cursor; only asked of psycopg, for COPY."""


class Channel(Protocol):
    """One connection that writes, in transactions."""

    dialect: Dialect

    def begin(self) -> RawConnection:
        """Start a transaction that holds the right to write; connects first when there is no connection."""

    def session(self) -> Session:
        """Give an ORM session inside the transaction, in a savepoint of its own."""

    def commit(self) -> None:
        """Make the transaction durable."""

    def rollback(self) -> None:
        """Undo the transaction; a broken connection is thrown away."""

    def sweep(self) -> bool:
        """Empty the write-ahead log between two transactions; tell whether it is empty."""

    def close(self) -> None:
        """End the connection."""


@dataclass(slots=True, eq=False)
class Transaction:
    """One piece of work inside the shared transaction.

    Parameters
    ----------
    raw : RawConnection
        For plain SQL.
    dialect : str
        ``sqlite`` or ``postgresql``.
    channel : Channel
        Where a session comes from.
    stored : list[Stored]
        New events of this work so far, in ledger order; they are told to the world after commit.
    marks : set[str]
        Notes shared by all works of the shared transaction; a note may outlive a work that was undone.
    wait_told : Callable[[], None]
        Waits until the live state shows all that was committed before; only asked by works that begin earlier.
    """

    raw: RawConnection
    dialect: Dialect
    channel: Channel
    stored: list[Stored] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    wait_told: Callable[[], None] = lambda: None
    _session: Session | None = None

    def session(self) -> Session:
        """Give the ORM session of this work; it is made when first asked for."""
        if self._session is None:
            self._session = self.channel.session()
            self._session.info[SESSION_KEY] = self
        return self._session

    def finish(self) -> None:
        """Write what the session holds and give up its savepoint."""
        if self._session is not None:
            self._session.commit()
            self._session.close()
            self._session = None

    def abandon(self) -> None:
        """Throw away what the session holds."""
        if self._session is not None:
            session, self._session = self._session, None
            session.rollback()
            session.close()


def transaction_of(session: Session) -> Transaction:
    """Give the transaction of the writer that a session belongs to.

    Parameters
    ----------
    session : Session
        The session that a use case was given.

    Raises
    ------
    StorageError
        If the session does not come from the writer: only the writer may change anything.
    """
    transaction = session.info.get(SESSION_KEY)
    if not isinstance(transaction, Transaction):
        raise StorageError("Expected the session of a use case given to the writer: use database.writer.submit(...).")
    return transaction


class EngineChannel:
    """The writing connection of a SQLAlchemy engine.

    Parameters
    ----------
    engine : Engine
        Engine of which this channel uses one connection.
    dialect : str
        ``sqlite`` or ``postgresql``.
    is_core : bool, optional
        Whether the connection holds the lock of the one core as long as it lives; PostgreSQL only.
    """

    def __init__(self, engine: Engine, dialect: Dialect, *, is_core: bool = False) -> None:
        self.dialect = dialect
        self._is_core = is_core and dialect == "postgresql"
        self._engine = engine
        self._connection: Connection | None = None
        self._transaction: SqlTransaction | None = None

    def connect(self) -> Connection:
        """Give the connection; made, and locked for this core, when there is none.

        Raises
        ------
        Unavailable
            If another core holds the lock.
        """
        if self._connection is None:
            connection = self._engine.connect()
            if self.dialect == "postgresql":
                # the driver stays in autocommit and we say BEGIN ourselves, in one message with the lock
                connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            if self._is_core:
                is_held = connection.exec_driver_sql("SELECT pg_try_advisory_lock(%s)", (CORE_LOCK,)).scalar()
                connection.rollback()  # the lock belongs to the connection and outlives the transaction
                if not is_held:
                    connection.close()
                    raise Unavailable("Another core runs on this database: stop it first.", code="unavailable.core")
            self._connection = connection
        return self._connection

    def begin(self) -> RawConnection:
        """Start a transaction that holds the right to write; connects first when there is no connection."""
        connection = self.connect()
        self._transaction = connection.begin()
        raw: RawConnection = connection.connection.dbapi_connection  # type: ignore[assignment]  # drivers meet it
        if self.dialect == "postgresql":
            # one writer at a time, whatever else is connected: order of sequence numbers is order of commit
            raw.execute(f"BEGIN; SELECT pg_advisory_xact_lock({WRITER_LOCK})")
        return raw

    def session(self) -> Session:
        """Give an ORM session inside the transaction, in a savepoint of its own."""
        return Session(bind=self._connection, join_transaction_mode="create_savepoint", expire_on_commit=False)

    def commit(self) -> None:
        """Make the transaction durable."""
        if self._transaction is not None:
            self._transaction.commit()
            self._transaction = None

    def rollback(self) -> None:
        """Undo the transaction; a broken connection is thrown away."""
        transaction, self._transaction = self._transaction, None
        try:
            if transaction is not None:
                transaction.rollback()
        except Exception:
            self._discard()
            return
        if self._connection is not None and (self._connection.invalidated or self._connection.closed):
            self._discard()

    def sweep(self) -> bool:
        """Empty the write-ahead log of SQLite, outside any transaction; tell whether it is empty.

        Only this connection may do it: see ``twin.db.sqlite`` on two that checkpoint.
        """
        if self.dialect != "sqlite":
            return False
        raw: Any = self.connect().connection.dbapi_connection
        raw.execute(f"PRAGMA busy_timeout={_SWEEP_WAIT_MS}").fetchall()  # writers wait behind this one
        try:
            busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            raw.execute(f"PRAGMA busy_timeout={BUSY_MS}").fetchall()
        return not busy

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._engine.dispose()

    def _discard(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


WRITER_LOCK = 0x48545752  # "HTWR": held for each writing transaction
CORE_LOCK = 0x4854434F  # "HTCO": held as long as a core runs
