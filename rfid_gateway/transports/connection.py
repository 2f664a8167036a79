"""What every transport offers, and a pair of connected ends in memory."""

from __future__ import annotations

import asyncio
import ssl
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


def why_unreachable(error: BaseException) -> str:
    """Give the code of why a line could not be opened: nobody answers, or who answers shows a certificate that is none.

    A certificate that expired at night would else send somebody to look for a cable.
    """
    return "certificate_refused" if certificate_fault(error) else "unreachable"


def certificate_fault(error: BaseException) -> str:
    """Give what is wrong with the certificate that an error is about, by its causes; empty if it is about none."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message or "not accepted"
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return ""


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
