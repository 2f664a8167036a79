"""The composition root: one hospital, opened from its settings and closed again.

Nothing happens at import. :func:`open_hospital` opens the database, restores the live state, gathers the organs'
handlers, and gives a :class:`Hospital`; whoever opened it closes it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from sqlmodel import Session

import assets.handlers
import inventory.handlers
import scheduling.handlers
from assets.service.following import NAME as CYCLES
from assets.service.following import CycleFollower, position
from inventory.rules.case_carts import CartTiming
from server.audit import acts
from server.audit.changes import ChangeNotes
from server.deadlines import DeadlineService
from server.schema.access import ServerKeyRow
from server.schema.metadata import full_metadata
from server.schema.upgrades import require_current, upgrade
from twin.access import Actor
from twin.clock import HOUR_US, MINUTE_US, Clock, SystemClock
from twin.db.database import Database, open_database
from twin.errors import ConfigurationError, Unavailable
from twin.events.envelope import Event
from twin.history.projection import HistoryProjection
from twin.ids import UniqueIds
from twin.ledger.ledger import Ledger
from twin.ports import Handler, Handlers, Stored
from twin.settings import Settings
from twin.state.live import LiveState
from twin.state.views import bearer_of
from twin.telemetry.telemetry import Telemetry

T = TypeVar("T")
log = logging.getLogger("hospital_twin")

transaction_mark: ContextVar[Callable[[Session], None] | None] = ContextVar("transaction_mark", default=None)
"""What a request adds to its own transaction: the state of its Idempotency-Key."""


class Jobs(Protocol):
    """Long work in other processes; ``server.jobs`` meets it."""

    def submit(self, kind: str, arguments: Mapping[str, object], *, actor: Actor) -> str:
        """Queue work of a kind with plain JSON arguments; gives the job's id."""

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop; one that is over stays as it is."""

    def finish(self, job_id: str) -> None:
        """Ask a job to end with what there is; one that is over stays as it is."""


class NoJobs:
    """Stands in where no job runner was started, such as in command-line tools."""

    def submit(self, kind: str, arguments: Mapping[str, object], *, actor: Actor) -> str:
        """Refuse.

        Raises
        ------
        Unavailable
            Always.
        """
        raise Unavailable(f"No job runner is running here, so that {kind!r} cannot start: use `hospital-twin serve`.")

    def cancel(self, job_id: str) -> None:
        """Do nothing: no job of this process exists."""

    def finish(self, job_id: str) -> None:
        """Do nothing: no job of this process exists."""


@dataclass(slots=True, kw_only=True)
class Hospital:
    """One running hospital.

    Parameters
    ----------
    settings : Settings
        What the installation sets.
    clock : Clock
        Its time; a demo's runs faster.
    database : Database
        One writer, many readers.
    ledger : Ledger
        Every event, and whom to tell.
    live : LiveState
        The present hospital as of the last applied event.
    secret : bytes
        Key of this installation that signs cursors.
    process : str
        Id of this run of the program.
    deadlines : DeadlineService
        What becomes due when.
    ids : UniqueIds
        Source of new ids.
    telemetry : Telemetry
        Raw samples of machines.
    jobs : Jobs
        Long work.
    services : dict[str, object]
        What one part offers to pages by name.
    """

    settings: Settings
    clock: Clock
    database: Database
    ledger: Ledger
    live: LiveState
    secret: bytes
    process: str
    deadlines: DeadlineService
    ids: UniqueIds
    telemetry: Telemetry
    jobs: Jobs = field(default_factory=NoJobs)
    services: dict[str, object] = field(default_factory=dict)
    _closing: list[Callable[[], None]] = field(default_factory=list)

    def new_id(self) -> str:
        """Give a new UUIDv7."""
        return self.ids.next(self.clock.now())

    def read(self) -> AbstractContextManager[Session]:
        """Open a session that sees one committed instant and cannot write."""
        return self.database.read()

    def write_now(self, use_case: Callable[[Session], T]) -> T:
        """Run a use case in a transaction and wait until it is durable; not for the event loop.

        Parameters
        ----------
        use_case : Callable[[Session], T]
            Never commits; what it raises undoes itself only.
        """
        return self.database.writer.run(_marked(use_case))

    async def write(self, use_case: Callable[[Session], T]) -> T:
        """Run a use case in a transaction; goes on when it is durable.

        Parameters
        ----------
        use_case : Callable[[Session], T]
            Never commits; what it raises undoes itself only.
        """
        return await asyncio.wrap_future(self.database.writer.submit(_marked(use_case)))

    def record_now(self, events: Sequence[Event]) -> list[Stored]:
        """Store events in one transaction and wait until they are durable."""
        return self.write_now(lambda session: self.ledger.append(session, events))

    async def record(self, events: Sequence[Event]) -> list[Stored]:
        """Store events in one transaction; goes on when they are durable."""
        return await self.write(lambda session: self.ledger.append(session, events))

    def on_close(self, action: Callable[[], None]) -> None:
        """Do something when the hospital closes; the last one named is done first."""
        self._closing.append(action)

    def close(self) -> None:
        """Stop everything that was started and close the database."""
        self.deadlines.stop()
        # what came last may use what came before
        for action in reversed(self._closing):
            action()
        self._closing.clear()
        self.telemetry.close()
        self.ledger.close()
        self.database.close()


def _marked(use_case: Callable[[Session], T]) -> Callable[[Session], T]:
    mark = transaction_mark.get()
    if mark is None:
        return use_case

    def both(session: Session) -> T:
        # after the use case: one that raises leaves the key as it was, to be tried again
        value = use_case(session)
        mark(session)
        return value

    return both


def cart_timing(settings: Settings) -> CartTiming:
    """Give when case carts are due and asked for, as the hospital sets it."""
    return CartTiming(
        ready_us=settings.case_cart_ready_minutes * MINUTE_US, ask_ahead_us=settings.case_cart_ask_hours * HOUR_US
    )


def organ_handlers(settings: Settings) -> list[Handlers]:
    """Give the handlers of all organs, and the audit's; one line each."""
    return [
        acts.handlers(),
        assets.handlers.handlers(),
        inventory.handlers.handlers(cart_timing(settings)),
        scheduling.handlers.handlers(),
    ]


def gather(groups: Iterable[Handlers]) -> Handlers:
    """Put the handlers of several organs together.

    Parameters
    ----------
    groups : Iterable[Handlers]
        Each by event type and stable name.

    Raises
    ------
    ConfigurationError
        If two have one name: derived events would then share their source key.
    """
    gathered: dict[type[Event], dict[str, Handler]] = {}
    for group in groups:
        for kind, by_name in group.items():
            for name, handler in by_name.items():
                held = gathered.setdefault(kind, {})
                if name in held:
                    raise ConfigurationError(f"Two handlers of {kind.__name__} are named {name!r}: rename one.")
                held[name] = handler
    return gathered


def _secret(session: Session) -> bytes:
    row = session.get(ServerKeyRow, "cursor")
    if row is None:
        row = ServerKeyRow(name="cursor", value=secrets.token_bytes(32))
        session.add(row)
        session.flush()
    return row.value


def follow(hospital: Hospital) -> None:
    """Start what reads along with the ledger and the samples: history, and cycles of machines.

    Both go on where they were, so a tool that only writes leaves the work to the next server.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    """
    hospital.services["history"] = HistoryProjection().follow(hospital.ledger)
    follower = CycleFollower(run=hospital.database.writer.run, ledger=hospital.ledger, store=hospital.telemetry)
    with hospital.read() as session:
        start = position(session)
    hospital.telemetry.subscribe(CYCLES, follower, start)


def open_hospital(
    settings: Settings, *, clock: Clock | None = None, is_core: bool = True, handlers: Iterable[Handlers] | None = None
) -> Hospital:
    """Open a hospital.

    Parameters
    ----------
    settings : Settings
        Where it is and how it runs.
    clock : Clock, optional
        Its time; the computer's by default.
    is_core : bool, optional
        Whether this process is the one core; command-line tools beside it say False.
    handlers : Iterable[Handlers], optional
        Those of all organs by default.

    Returns
    -------
    Hospital
        Close it.

    Raises
    ------
    UnsafeStorage
        If the database library could lose facts.
    ConfigurationError
        If the database's shape is not of this release, or another core runs.
    """
    full_metadata()
    time = clock or SystemClock()
    ids = UniqueIds()
    database = open_database(settings, is_core=is_core)
    database.writer.surround(ChangeNotes(time))
    try:
        # the live state is read right after: the tables must have this shape by then
        upgrade(database) if is_core else require_current(database)
        live = LiveState()
        ledger = Ledger(
            database,
            state=live,
            bearer_of=bearer_of,
            clock=time,
            ids=ids,
            snapshot_every=settings.snapshot_every_events,
            handlers=gather(organ_handlers(settings) if handlers is None else handlers),
        )
        hospital = Hospital(
            settings=settings,
            clock=time,
            database=database,
            ledger=ledger,
            live=live,
            ids=ids,
            secret=database.writer.run(_secret),
            process=ids.next(time.now()),
            deadlines=DeadlineService(time),
            telemetry=Telemetry(database),
        )
    except BaseException:
        database.close()
        raise
    return hospital
