"""TCP and TLS connections over asyncio streams."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

CHUNK_BYTES = 65_536
CONNECT_TIMEOUT_S = 5.0


class StreamConnection:
    """A connection over a pair of asyncio streams.

    Parameters
    ----------
    reader : asyncio.StreamReader
        Incoming bytes.
    writer : asyncio.StreamWriter
        Outgoing bytes.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self) -> bytes:
        """Wait for bytes; ``b""`` means that the other end is gone."""
        return await self._reader.read(CHUNK_BYTES)

    async def send(self, data: bytes) -> None:
        """Send bytes; waits while the line is full."""
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        """Close the line; a second call does nothing."""
        self._writer.close()
        # A line that broke tells so again on closing; by then nobody can do anything about it.
        with contextlib.suppress(OSError, ssl.SSLError):
            await self._writer.wait_closed()


async def open_tcp(host: str, port: int, *, tls: ssl.SSLContext | None = None) -> StreamConnection:
    """Connect to a TCP port, with TLS if a context is given.

    Parameters
    ----------
    host : str
        Name or address.
    port : int
        1 to 65535.
    tls : ssl.SSLContext, optional
        Context that checks the other end's certificate.

    Raises
    ------
    OSError
        If nobody answers within five seconds; ``TimeoutError`` is one.
    """
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        reader, writer = await asyncio.open_connection(host, port, ssl=tls)
    return StreamConnection(reader, writer)
