"""Whose turn it is on a line: what somebody waits for goes before what is read every few seconds anyway."""

from __future__ import annotations

import asyncio
from collections import deque
from enum import IntEnum


class Turn(IntEnum):
    """How urgent a question is."""

    WRITE = 0
    """A person waits for it; there are few, since the allow-list bounds their rate."""
    READ = 1


class LineQueue:
    """Lets one question at a time onto a line, the urgent ones first, each kind in the order of asking."""

    def __init__(self) -> None:
        self._is_taken = False
        # In the order of urgency: :meth:`leave` looks through it from the first.
        self._waiting: dict[Turn, deque[asyncio.Future[None]]] = {turn: deque() for turn in Turn}

    @property
    def waiting(self) -> int:
        """How many questions wait."""
        return sum(map(len, self._waiting.values()))

    async def enter(self, turn: Turn) -> None:
        """Wait for the line; :meth:`leave` must follow."""
        if not self._is_taken:
            self._is_taken = True
            return
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue = self._waiting[turn]
        queue.append(ticket)
        try:
            await ticket
        except asyncio.CancelledError:
            if ticket.done() and not ticket.cancelled():
                self.leave()  # the line was given to who does not want it any more
            elif ticket in queue:  # who left in the same turn of the loop has passed it over and dropped it
                queue.remove(ticket)
            raise

    def leave(self) -> None:
        """Give the line to the next, or to nobody."""
        for queue in self._waiting.values():
            while queue:
                ticket = queue.popleft()
                if not ticket.done():
                    ticket.set_result(None)
                    return
        self._is_taken = False
