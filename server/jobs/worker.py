"""What a job process does: take a job, import its function, run it, send progress and the result."""

from __future__ import annotations

import contextlib
import importlib
import signal
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any, Protocol

import msgspec

from twin.errors import HospitalTwinError


class Progress(Protocol):
    """How a job tells how far it is."""

    def __call__(self, share: float, note: str = "", partial: Mapping[str, object] | None = None) -> bool:
        """Tell the share done (0 to 1), a stable code of the step, and what is known already.

        Returns
        -------
        bool
            Whether somebody has asked to end with what there is; a job may go on all the same.
        """


class Task(msgspec.Struct, frozen=True, array_like=True):
    """A job as the process gets it."""

    job_id: str
    target: str
    arguments: bytes


class Message(msgspec.Struct, frozen=True, array_like=True):
    """What the process sends: ``progress``, ``done`` or ``failed``."""

    kind: str
    share: float = 0.0
    note: str = ""
    body: bytes = b""


ENOUGH = b"enough"
"""What the server sends when a job is to end with what there is."""


class _Enough:
    """Whether the server has said that it is enough; once said, it stays so for the job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_said = False

    def __call__(self) -> bool:
        if not self._is_said and self._connection.poll(0):
            # nothing else comes while a job runs: the next one is given when this one has ended
            self._is_said = self._connection.recv_bytes() == ENOUGH
        return self._is_said


JobFunction = Callable[[dict[str, Any], Progress], object]


def function_of(target: str) -> JobFunction:
    """Import ``module:function``.

    Parameters
    ----------
    target : str
        A value of :data:`server.jobs.kinds.JOB_KINDS`.
    """
    module, _, name = target.partition(":")
    function: JobFunction = getattr(importlib.import_module(module), name)
    return function


def run_task(task: Task, send: Callable[[Message], None], is_enough: Callable[[], bool] = lambda: False) -> None:
    """Run one job; whatever it raises is sent, not raised.

    Parameters
    ----------
    task : Task
        The job.
    send : Callable[[Message], None]
        Takes progress and, last, the result or the failure.
    is_enough : Callable[[], bool], optional
        Whether somebody has asked to end with what there is.
    """

    def progress(share: float, note: str = "", partial: Mapping[str, object] | None = None) -> bool:
        body = msgspec.json.encode(partial) if partial is not None else b""
        send(Message("progress", min(max(share, 0.0), 1.0), note[:200], body))
        return is_enough()

    try:
        result = function_of(task.target)(msgspec.json.decode(task.arguments), progress)
        send(Message("done", 1.0, "", msgspec.json.encode(result, order="deterministic")))
    except HospitalTwinError as error:
        told: dict[str, object] = {"code": error.code, "detail": error.message}
        own = getattr(error, "problem", None)
        problems = (own,) if own is not None else getattr(error, "problems", ())
        if problems:
            parts = ("field", "place", "message", "cure")
            told["problems"] = [{name: str(getattr(one, name)) for name in parts} for one in problems]
        send(Message("failed", 0.0, "", msgspec.json.encode(told)))
    except Exception as error:  # the process goes on with the next job; the failure is a row that a person sees
        detail = f"{type(error).__name__}: {error}"[:2000]
        send(Message("failed", 0.0, "", msgspec.json.encode({"code": "job.unexpected", "detail": detail})))


def work(connection: Connection) -> None:
    """Serve jobs from a connection until it closes; the entry of a job process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to the server, which ends us in order
    decoder, encoder = msgspec.msgpack.Decoder(Task), msgspec.msgpack.Encoder()
    with contextlib.suppress(EOFError, OSError):
        while True:
            body = connection.recv_bytes()
            if body == ENOUGH:
                continue  # the job that was meant has ended meanwhile
            task = decoder.decode(body)
            run_task(task, lambda message: connection.send_bytes(encoder.encode(message)), _Enough(connection))
