"""Telling parts of the twin which samples came, in order, in a thread of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twin.telemetry.samples import SampleChunk

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChunk:
    """A chunk as it is kept.

    Parameters
    ----------
    sequence : int
        Its number, from 1, in order of storing.
    chunk : SampleChunk
        The samples.
    """

    sequence: int
    chunk: SampleChunk


OnChunks = Callable[[Sequence[StoredChunk]], None]


class Follower:
    """One subscriber of samples in a thread of its own.

    Parameters
    ----------
    name : str
        For logs.
    read : Callable[[int], list[StoredChunk]]
        Gives the chunks after a sequence number.
    on_chunks : Callable[[Sequence[StoredChunk]], None]
        What to call.
    position : int
        Last sequence number already dealt with.
    """

    def __init__(self, name: str, read: Callable[[int], list[StoredChunk]], on_chunks: OnChunks, position: int) -> None:
        self.name = name
        self.position = position
        self.error = ""
        self._read, self._on_chunks = read, on_chunks
        self._moved = threading.Condition()
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"telemetry-{name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look for new chunks now."""
        self._woken.set()

    def wait_until(self, sequence: int, timeout_s: float = 30.0) -> bool:
        """Wait until a chunk was dealt with; give whether it was.

        Parameters
        ----------
        sequence : int
            Its number.
        timeout_s : float, optional
            How long to wait, seconds.
        """
        with self._moved:
            return self._moved.wait_for(lambda: self.position >= sequence, timeout_s)

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the thread.

        Parameters
        ----------
        timeout_s : float, optional
            How long to wait for it, seconds.
        """
        self._stopped = True
        self._woken.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopped:
            # by itself each second too: a failed batch is tried again, and another process may have stored something
            self._woken.wait(1.0)
            # before reading, so that what is stored meanwhile wakes it once more
            self._woken.clear()
            try:
                while not self._stopped and (chunks := self._read(self.position)):
                    self._on_chunks(chunks)
                    with self._moved:
                        self.position, self.error = chunks[-1].sequence, ""
                        self._moved.notify_all()
            except Exception as error:
                self.error = f"{type(error).__name__}: {error}"
                log.exception("Subscriber %s of samples failed after chunk %d", self.name, self.position)
