"""What every transport offers, and a pair of connected ends in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol


class Connection(Protocol):
    """A two-way stream of bytes."""

    async def receive(self) -> bytes:
        """Wait for bytes; ``b""`` means that the other end is gone."""

    async def send(self, data: bytes) -> None:
        """Send bytes; waits while the line is full."""

    async def close(self) -> None:
        """Close the line; a second call does nothing."""


Connector = Callable[[], Awaitable[Connection]]
"""Opens a fresh connection; raises ``OSError`` when it cannot."""


class MemoryEnd:
    """One end of a line in memory.

    Parameters
    ----------
    inbox, outbox : asyncio.Queue[bytes]
        What comes in, and the other end's inbox.
    """

    def __init__(self, inbox: asyncio.Queue[bytes], outbox: asyncio.Queue[bytes]) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._closed = False

    async def receive(self) -> bytes:
        """Wait for bytes; ``b""`` means that the other end is gone."""
        if self._closed:
            return b""
        data = await self._inbox.get()
        if not data:
            self._closed = True
        return data

    async def send(self, data: bytes) -> None:
        """Send bytes to the other end."""
        if self._closed:
            raise ConnectionResetError("The other end of the line in memory is closed.")
        if data:
            await self._outbox.put(data)

    async def close(self) -> None:
        """Close both ends."""
        if not self._closed:
            self._closed = True
            # Both ends wake up from waiting.
            await self._outbox.put(b"")
            await self._inbox.put(b"")


def memory_line() -> tuple[MemoryEnd, MemoryEnd]:
    """Give the two ends of a fresh line in memory."""
    left: asyncio.Queue[bytes] = asyncio.Queue()
    right: asyncio.Queue[bytes] = asyncio.Queue()
    return MemoryEnd(left, right), MemoryEnd(right, left)
