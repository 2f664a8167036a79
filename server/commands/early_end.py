"""Ctrl-C while a plan is searched for: the first one ends the search with the best so far, the second one gives up."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, TypeVar, cast

from server.console import say, warn

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Whether somebody wants the search to end; used as a context, called by the search.

    Outside the main thread signals belong to somebody else, and it never says so.
    """

    def __init__(self) -> None:
        self.is_stopped = False
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Tell whether to end with what there is."""
        return self.is_stopped

    def __enter__(self) -> Stopping:
        """Listen for signals."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def run(self, search: Callable[[], T]) -> T:
        """Run a search in a thread of its own, and hear signals meanwhile.

        A solver in the main thread would keep them waiting: Python hears one only between two steps of its own.

        Parameters
        ----------
        search : Callable[[], T]
            Asks this object whether to stop.
        """
        answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

        def work() -> None:
            try:
                answers.put((search(), None))
            except BaseException as error:  # raised again where somebody waits for it
                answers.put((None, error))

        # A daemon: who presses twice does not wait until the search has heard of it.
        threading.Thread(target=work, name="search", daemon=True).start()
        found, error = answers.get()
        if error is not None:
            raise error
        return cast(T, found)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        # Somebody in a hurry presses twice: then nothing is written.
        if self.is_stopped:
            raise KeyboardInterrupt
        self.is_stopped = True
        warn(say("The search ends with the best plan so far; press again to give up."))
