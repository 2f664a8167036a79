"""The one door through which pages reach the hospital; ``server`` fills it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar

from sqlmodel import Session

from twin.access import Actor
from twin.clock import Clock
from twin.errors import FieldProblem
from twin.events.envelope import Event
from twin.ports import EventSink
from twin.settings import Settings
from twin.state.live import LiveState

T = TypeVar("T")

PREPARING = "preparing"
"""What a job notes while it makes what the first run of an installation needs."""


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """What a page needs to know of one job.

    Parameters
    ----------
    id : str
        Id of the job.
    state : JobState
        Where it stands.
    progress : float
        Share done, 0 to 1.
    note : str, optional
        Stable code of what it is doing, such as :data:`PREPARING`.
    partial : Mapping[str, object] or None, optional
        What is known already, in the shape of the result.
    result : Mapping[str, object] or None, optional
        The result, when done: plain JSON values.
    error_code : str, optional
        Stable code, when failed.
    error_message : str, optional
        English sentence, when failed.
    problems : Sequence[FieldProblem], optional
        What exactly is wrong with what was asked, when that is why it failed.
    """

    id: str
    state: JobState
    progress: float = 0.0
    note: str = ""
    partial: Mapping[str, object] | None = None
    result: Mapping[str, object] | None = None
    error_code: str = ""
    error_message: str = ""
    problems: Sequence[FieldProblem] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.state in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLine:
    """One job in a list.

    Parameters
    ----------
    id : str
        Id of the job.
    state : JobState
        Where it stands.
    asked_at : int
        When it was asked for, UTC microseconds.
    asked_by : str
        Id of who asked for it.
    """

    id: str
    state: JobState
    asked_at: int
    asked_by: str


class Jobs(Protocol):
    """Long work in other processes."""

    def submit(self, kind: str, arguments: Mapping[str, object], *, actor: Actor) -> str:
        """Queue work of a kind (``what_if``, ``plan``) with plain JSON arguments; gives the job's id."""

    def view(self, job_id: str) -> JobView:
        """Give where a job stands; raises NotFound for an unknown one."""

    def recent(self, kind: str, *, limit: int) -> Sequence[JobLine]:
        """Give the jobs of a kind, the newest first; none where no jobs are run."""

    def cancel(self, job_id: str) -> None:
        """Ask a job to stop; one that is over stays as it is."""

    def finish(self, job_id: str) -> None:
        """Ask a job to end with what there is; one that is over stays as it is."""


class Writer(Protocol):
    """Runs a use case in a transaction and answers after COMMIT."""

    def run(self, use_case: Callable[[Session], T]) -> T:
        """Run a use case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalPort:
    """Everything that pages may use.

    Parameters
    ----------
    state : Callable[[], LiveState]
        The present hospital.
    read : Callable[[], AbstractContextManager[Session]]
        Opens a read-only session.
    writer : Writer
        The one writer.
    ledger : EventSink
        Stores events within a use case.
    clock : Clock
        The hospital's time (a demo's runs faster).
    settings : Settings
        Site name, time zone, language.
    actor : Callable[[], Actor]
        Gives who sent the request being answered; raises NotSignedIn for nobody.
    jobs : Jobs
        What-if runs and plan runs.
    links : Mapping[str, str], optional
        Addresses of doors outside the pages: ``stream`` (server-sent events), ``sign_out``.
    services : Mapping[str, object], optional
        Organ service objects by name, such as ``alarms`` (class data).
    """

    state: Callable[[], LiveState]
    read: Callable[[], AbstractContextManager[Session]]
    writer: Writer
    ledger: EventSink
    clock: Clock
    settings: Settings
    actor: Callable[[], Actor]
    jobs: Jobs
    links: Mapping[str, str] = field(
        default_factory=lambda: {
            "stream": "/v1/stream",
            "sign_out": "/v1/auth/sign-out",
            "sign_in": "/sign-in",
            "second_factor": "/sign-in/second-factor",
        }
    )
    services: Mapping[str, object] = field(default_factory=dict)

    def record(self, events: Sequence[Event]) -> None:
        """Store events in one transaction and wait until they are durable."""
        self.writer.run(lambda session: self.ledger.append(session, events))
