"""An MLLP client: sends a message and waits for the whole answer."""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import Self

from interop.mllp.framing import FrameReader, framed
from twin.errors import Unavailable


class MllpClient:
    """One connection; use as ``async with``.

    Parameters
    ----------
    host : str
        Where to.
    port : int
        Where to.
    timeout_s : float, optional
        Longest wait for a connection or an answer, seconds.
    tls : ssl.SSLContext, optional
        Encrypts.
    """

    def __init__(self, host: str, port: int, *, timeout_s: float = 10.0, tls: ssl.SSLContext | None = None) -> None:
        self._where = (host, port)
        self._timeout_s = timeout_s
        self._tls = tls
        self._frames = FrameReader()
        self._waiting: list[bytes] = []

    async def __aenter__(self) -> Self:
        """Connect."""
        try:
            opening = asyncio.open_connection(*self._where, ssl=self._tls)
            self._reader, self._writer = await asyncio.wait_for(opening, self._timeout_s)
        except (OSError, TimeoutError) as error:
            raise Unavailable(f"Nobody answers at {self._where[0]}:{self._where[1]}: {error}.") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        # Not waited for: a peer that never answers the close would hold up who only wanted to leave.
        self._writer.close()

    async def send(self, message: bytes) -> bytes:
        """Send a message and give the answer's content.

        Parameters
        ----------
        message : bytes
            Without frame.

        Raises
        ------
        Unavailable
            If no whole answer comes in time.
        """
        self._writer.write(framed(message))
        try:
            await self._writer.drain()
            return await asyncio.wait_for(self.receive(), self._timeout_s)
        except (OSError, TimeoutError) as error:
            raise Unavailable(f"No answer within {self._timeout_s:g} s from {self._where}.") from error

    async def receive(self) -> bytes:
        """Give the content of the next frame.

        Raises
        ------
        Unavailable
            If the other side closes first.
        """
        while not self._waiting:
            # An answer may come in several packets, or two answers in one.
            data = await self._reader.read(65_536)
            if not data:
                raise Unavailable(f"{self._where} closed the connection before it answered.")
            self._waiting += self._frames.feed(data)
        return self._waiting.pop(0)
