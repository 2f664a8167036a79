"""Answers of the writer's thread on their way into the event loop: many of them in one waking.

``asyncio.wrap_future`` takes two locks and wakes the loop once for each answer. The writer answers a whole group after
each commit, so one waking brings all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Any

from server.wiring import Hospital

NAME = "answers"
_TOGETHER = 32  # works that leave at the latest: the first of them has waited for the reading of all


class LoopAnswers:
    """Takes answers in any thread and hands them to who awaits them in one event loop.

    Parameters
    ----------
    loop : asyncio.AbstractEventLoop
        Where the waiting is done.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._ready: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._is_woken = False
        self._leaving: list[tuple[Callable[[Expected], None], Expected]] = []

    async def expect(self, send: Callable[[Expected], None]) -> Any:
        """Send off work and give its outcome.

        Parameters
        ----------
        send : Callable[[Expected], None]
            Queues the work with this place for its answer.
        """
        waiter = self.loop.create_future()
        send(Expected(self, waiter))
        return await waiter

    async def expect_with_others(self, send: Callable[[Expected], None]) -> Any:
        """Send off work once all that came with it is ready, and give its outcome.

        A writer that is woken by the first of sixteen messages stores it alone, with a forced write of its own, and
        fights the loop for the interpreter while the others are read.

        Parameters
        ----------
        send : Callable[[Expected], None]
            As for :meth:`expect`; works leave in the order in which they were given.
        """
        waiter = self.loop.create_future()
        if not self._leaving:
            self.loop.call_soon(self._send_off, 0)  # after the tasks that are ready now
        self._leaving.append((send, Expected(self, waiter)))
        return await waiter

    def _send_off(self, seen: int) -> None:
        # Whoever was answered with the last group speaks again within a moment, but not all in the same turn: as long
        # as each turn brings more, the next one is waited for.
        ready = len(self._leaving)
        if seen < ready < _TOGETHER:
            self.loop.call_soon(self._send_off, ready)
            return
        leaving, self._leaving = self._leaving, []
        for send, expected in leaving:
            try:
                send(expected)
            except Exception as error:  # too much waits already: its sender is told, the others go on
                expected.set_exception(error)

    def take(self, waiter: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        """Take one answer; called in any thread."""
        self._ready.append((waiter, result, error))
        if not self._is_woken:
            self._is_woken = True
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it everybody who waited
                self.loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        # the flag first: what is appended from now on wakes the loop again, what came before is in the queue
        self._is_woken = False
        ready = self._ready
        while ready:
            waiter, result, error = ready.popleft()
            if waiter.done():
                continue  # cancelled meanwhile: the client went away
            if error is None:
                waiter.set_result(result)
            else:
                waiter.set_exception(error)


class Expected:
    """Place for one answer, as the writer wants it."""

    __slots__ = ("_answers", "_is_done", "_waiter")

    def __init__(self, answers: LoopAnswers, waiter: asyncio.Future[Any]) -> None:
        self._answers = answers
        self._waiter = waiter
        self._is_done = False

    def set_running_or_notify_cancel(self) -> bool:
        """Tell whether anybody still waits for it."""
        return not self._waiter.cancelled()

    def done(self) -> bool:
        """Tell whether it was answered."""
        return self._is_done

    def set_result(self, result: Any, /) -> None:
        """Take the outcome."""
        self._is_done = True
        self._answers.take(self._waiter, result, None)

    def set_exception(self, exception: BaseException | None, /) -> None:
        """Take what went wrong."""
        self._is_done = True
        self._answers.take(self._waiter, None, exception)


def answers_of(hospital: Hospital) -> LoopAnswers:
    """Give the answers of the loop that is running; one per hospital and loop."""
    loop = asyncio.get_running_loop()
    held = hospital.services.get(NAME)
    if not isinstance(held, LoopAnswers) or held.loop is not loop:
        held = hospital.services[NAME] = LoopAnswers(loop)
    return held
