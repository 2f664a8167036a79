"""What actions need of the hospital."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from sqlmodel import Session

from twin.access import Actor
from twin.clock import Clock
from twin.events.envelope import Event
from twin.ports import EventSink
from twin.settings import Settings
from twin.state.live import LiveState

T = TypeVar("T")


class WritesUseCases(Protocol):
    """Runs a use case in a transaction and answers after COMMIT."""

    def run(self, use_case: Callable[[Session], T]) -> T:
        """Run a use case."""


class RunsJobs(Protocol):
    """Long work in other processes."""

    def submit(self, kind: str, arguments: Mapping[str, object], *, actor: Actor) -> str:
        """Queue work; gives the job's id."""

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop."""

    def finish(self, job_id: str) -> None:
        """Ask a job to end with what there is."""


class Commands(Protocol):
    """The writing side of the hospital; ``dash_app.queries.port.HospitalPort`` meets it."""

    @property
    def state(self) -> Callable[[], LiveState]:
        """Gives the present hospital."""

    @property
    def writer(self) -> WritesUseCases:
        """The one writer."""

    @property
    def ledger(self) -> EventSink:
        """Stores events within a use case."""

    @property
    def clock(self) -> Clock:
        """The hospital's time."""

    @property
    def settings(self) -> Settings:
        """Site name, time zone, language."""

    @property
    def actor(self) -> Callable[[], Actor]:
        """Gives who sent the request being answered."""

    @property
    def jobs(self) -> RunsJobs:
        """Runs long work."""

    def record(self, events: Sequence[Event]) -> None:
        """Store events in one transaction and wait until they are durable."""


class ReadingCommands(Commands, Protocol):
    """What an action needs that computes on a reading session before it writes, so that nobody waits."""

    @property
    def read(self) -> Callable[[], AbstractContextManager[Session]]:
        """Opens a reading session."""
