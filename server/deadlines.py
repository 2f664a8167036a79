"""The one deadline service: time-driven facts fall due here, and in a replay they fall due again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from twin.clock import MINUTE_US, Clock, Deadlines

log = logging.getLogger("hospital_twin.deadlines")

OnDue = Callable[[tuple[str, ...], int], None]
"""Takes the deadline's key and the instant at which it was due (UTC microseconds)."""


def each(period_us: int) -> Callable[[int], int]:
    """Give the next instant a fixed time after one, for :meth:`DeadlineService.repeat`.

    Parameters
    ----------
    period_us : int
        Microseconds, above 0.
    """
    return lambda after: after + period_us


class DeadlineService:
    """Calls back when something becomes due.

    Parameters
    ----------
    clock : Clock
        Whose time counts.
    poll_s : float, optional
        How often the thread looks, in real seconds.
    """

    def __init__(self, clock: Clock, *, poll_s: float = 0.5) -> None:
        self._clock = clock
        self._poll_s = poll_s
        self._deadlines = Deadlines()
        self._on_due: dict[str, OnDue] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._apart: ThreadPoolExecutor | None = None

    def on_due(self, owner: str, callback: OnDue) -> None:
        """Name who is called for keys that start with ``owner``."""
        self._on_due[owner] = callback

    def set(self, key: tuple[str, ...], due_at: int) -> None:
        """Set the deadline of a key, in place of an earlier one.

        Parameters
        ----------
        key : tuple[str, ...]
            The first part is the owner, as given to :meth:`on_due`.
        due_at : int
            UTC microseconds.
        """
        with self._lock:
            self._deadlines.set(key, due_at)

    def cancel(self, key: tuple[str, ...]) -> None:
        """Call off the deadline of a key; it need not have one."""
        with self._lock:
            self._deadlines.cancel(key)

    def repeat(
        self, owner: str, action: Callable[[], object], *, next_at: Callable[[int], int], is_long: bool = False
    ) -> None:
        """Do something again and again; after a failure once more within a minute.

        Parameters
        ----------
        owner : str
            Stable name, as for :meth:`on_due`.
        action : Callable[[], object]
            What to do.
        next_at : Callable[[int], int]
            Gives the next instant after one, both UTC microseconds.
        is_long : bool, optional
            Whether it may take longer than an alarm may wait: it then runs in a thread apart, one after the other.
        """

        def act() -> None:
            action()
            self.set((owner,), next_at(self._clock.now()))

        def due(key: tuple[str, ...], _at: int) -> None:
            if not is_long:
                act()
                return
            if self._apart is None:
                # one thread: a backup and a pruning at the same time would only hold up each other
                self._apart = ThreadPoolExecutor(1, thread_name_prefix="rounds")
            self._apart.submit(self._guarded, key, act)

        self.on_due(owner, due)
        self.set((owner,), next_at(self._clock.now()))

    def tick(self) -> int:
        """Call back for all that is due now.

        Returns
        -------
        int
            How many deadlines were due.
        """
        with self._lock:
            # called outside of the lock: a callback sets the next deadline
            due = self._deadlines.due(self._clock.now())
        for deadline in due:
            key = deadline.key
            if not isinstance(key, tuple):
                continue
            callback = self._on_due.get(str(key[0]))
            if callback is None:
                log.error("a deadline has no owner", extra={"owner": str(key[0])})
                continue
            self._guarded(key, partial(callback, key, deadline.due_at))
        return len(due)

    def _guarded(self, key: tuple[str, ...], call: Callable[[], object]) -> None:
        try:
            call()
        except Exception:
            log.exception("a deadline's callback failed; it is tried again in a minute")
            self.set(key, self._clock.now() + MINUTE_US)

    def start(self) -> None:
        """Start the thread that looks for what is due."""
        self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop the threads and wait for them."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        if self._apart is not None:
            self._apart.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while not self._stopping.wait(self._poll_s):
            self.tick()
