"""Telling what was stored beside storing what comes next.

A group of works is durable after COMMIT; then the live state takes in its events and everybody is answered. That needs
no database, so it is done in a thread of its own while the writer begins the next group. It is one group behind at
most: the writer waits for it before anything that looks at the live state, and before it tells the next group.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

Telling = Callable[[], None]

log = logging.getLogger(__name__)


class Teller:
    """Tells one group at a time, in the order in which they were committed."""

    def __init__(self) -> None:
        self._due: queue.SimpleQueue[Telling | None] = queue.SimpleQueue()
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._thread: threading.Thread | None = None

    @property
    def is_here(self) -> bool:
        """Whether the caller's thread is the one that tells."""
        return threading.current_thread() is self._thread

    def hand_over(self, telling: Telling) -> None:
        """Have a group told beside the caller, once the one before it is told.

        Parameters
        ----------
        telling : Callable[[], None]
            Tells everybody; what it raises is logged.
        """
        self.wait()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hospital-twin-teller", daemon=True)
            self._thread.start()
        self._is_idle.clear()
        self._due.put(telling)

    def wait(self) -> None:
        """Wait until all that was handed over is told."""
        self._is_idle.wait()

    def close(self) -> None:
        """Tell what is left and end the thread."""
        self.wait()
        if self._thread is not None:
            self._due.put(None)
            self._thread.join()

    def _run(self) -> None:
        while (telling := self._due.get()) is not None:
            try:
                telling()
            except Exception:  # one of the loops that must not die: the writer waits for it
                log.exception("A group that is durable could not be told")
            finally:
                self._is_idle.set()
