"""Ctrl-C in a command that takes long: the first one ends it with what is known by then, the second one gives up."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, TypeVar, cast

import typer

from server.console import Exit, say, warn
from simulation.model.problems import Stopped

T = TypeVar("T")


class Stopping:
    """Whether somebody wants the work to end; used as a context, called by what works.

    Outside the main thread signals belong to somebody else, and it never says so.

    Parameters
    ----------
    signals : tuple[int, ...], optional
        Those that ask for the end.
    is_told : bool, optional
        Whether the first of them is answered by a line about the best plan so far.
    """

    def __init__(self, signals: tuple[int, ...] = (signal.SIGINT, signal.SIGTERM), *, is_told: bool = True) -> None:
        self.is_stopped = False
        self._signals, self._is_told = signals, is_told
        self._before: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Tell whether to end with what there is."""
        return self.is_stopped

    def end_if_asked(self, done: int, most: int) -> None:
        """End the command with code 130 if somebody asked for it, saying of how many runs the answer is.

        Parameters
        ----------
        done, most : int
            Replications that are in what was told, and that were wanted.
        """
        self.end_with(say("Called off: {done} of {most} runs are in what is told.", done=done, most=most))

    def end_with(self, told: str) -> None:
        """End the command with code 130 if somebody asked for it.

        Parameters
        ----------
        told : str
            What is said of the answer then, translated.
        """
        if self.is_stopped:
            warn(told)
            raise typer.Exit(Exit.CALLED_OFF)

    def __enter__(self) -> Stopping:
        """Listen for signals."""
        if threading.current_thread() is threading.main_thread():
            for number in self._signals:
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
        if self._is_told:
            warn(say("The search ends with the best plan so far; press again to give up."))


def stoppable() -> Stopping:
    """Give what lets Ctrl-C call runs off, which say themselves how far they came."""
    return Stopping((signal.SIGINT,), is_told=False)


@contextmanager
def nothing_known(asked: Stopping) -> Iterator[None]:
    """End the command with code 130 where work was called off before anything could be told.

    Parameters
    ----------
    asked : Stopping
        What called it off.
    """
    try:
        yield
    except Stopped:
        asked.end_with(say("Called off before anything could be told."))
        raise
