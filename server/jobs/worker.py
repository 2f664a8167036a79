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

    def __call__(self, share: float, note: str = "", partial: Mapping[str, object] | None = None) -> None:
        """Tell the share done (0 to 1), a stable code of the step, and what is known already."""


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


def run_task(task: Task, send: Callable[[Message], None]) -> None:
    """Run one job; whatever it raises is sent, not raised.

    Parameters
    ----------
    task : Task
        The job.
    send : Callable[[Message], None]
        Takes progress and, last, the result or the failure.
    """

    def progress(share: float, note: str = "", partial: Mapping[str, object] | None = None) -> None:
        body = msgspec.json.encode(partial) if partial is not None else b""
        send(Message("progress", min(max(share, 0.0), 1.0), note[:200], body))

    try:
        result = function_of(task.target)(msgspec.json.decode(task.arguments), progress)
        send(Message("done", 1.0, "", msgspec.json.encode(result, order="deterministic")))
    except HospitalTwinError as error:
        send(Message("failed", 0.0, "", msgspec.json.encode({"code": error.code, "detail": error.message})))
    except Exception as error:  # the process goes on with the next job; the failure is a row that a person sees
        detail = f"{type(error).__name__}: {error}"[:2000]
        send(Message("failed", 0.0, "", msgspec.json.encode({"code": "job.unexpected", "detail": detail})))


def work(connection: Connection) -> None:
    """Serve jobs from a connection until it closes; the entry of a job process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C goes to the server, which ends us in order
    decoder, encoder = msgspec.msgpack.Decoder(Task), msgspec.msgpack.Encoder()
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = decoder.decode(connection.recv_bytes())
            run_task(task, lambda message: connection.send_bytes(encoder.encode(message)))
