"""Ctrl-C in a command that takes long: what is known by then is told, and the command ends with code 130."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from server.console import Exit, say, warn


class StopAsked:
    """Tells whether Ctrl-C was pressed. Pressed a second time it ends the command at once."""

    def __init__(self) -> None:
        self._is_asked = False

    def __call__(self) -> bool:
        """Tell whether it was pressed."""
        return self._is_asked

    def ask(self) -> None:
        """Remember that it was pressed.

        Raises
        ------
        KeyboardInterrupt
            If it was pressed before.
        """
        if self._is_asked:
            raise KeyboardInterrupt
        self._is_asked = True

    def end_if_asked(self, done: int, most: int) -> None:
        """End the command with code 130 if Ctrl-C was pressed, saying of how many runs the answer is.

        Parameters
        ----------
        done, most : int
            Replications that are in what was told, and that were wanted.
        """
        if self._is_asked:
            warn(say("Called off: {done} of {most} runs are in what is told.", done=done, most=most))
            raise typer.Exit(Exit.CALLED_OFF)


@contextmanager
def stoppable() -> Iterator[StopAsked]:
    """Let Ctrl-C ask for the end instead of breaking off, while this lasts."""
    asked = StopAsked()
    # Signals reach only the main thread; elsewhere, as in a server, nobody can press Ctrl-C.
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def note(number: int, frame: FrameType | None) -> None:
        asked.ask()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
