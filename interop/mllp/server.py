"""An MLLP server on asyncio: frames in, each answered in order after it was handled."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from interop.mllp.framing import MAX_FRAME, FrameReader, framed
from twin.errors import DecodeError

log = logging.getLogger("hospital_twin.mllp")
_PACKET = 65_536
Handle = Callable[[bytes, str], Awaitable[list[bytes]]]
"""Takes the content of a frame and the peer's address; gives the answers once what it says is durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MllpOptions:
    """How a server listens.

    Parameters
    ----------
    host : str
        Address.
    port : int
        0 for any free one.
    max_frame : int
        Longest content of a frame, octets.
    idle_s : float
        A connection that says nothing for so long is closed, seconds.
    frame_s : float
        A frame that was begun must end within, seconds.
    max_connections : int
        More are refused.
    tls : ssl.SSLContext or None
        Encrypts.
    """

    host: str = "127.0.0.1"
    port: int = 0
    max_frame: int = MAX_FRAME
    idle_s: float = 3600.0
    frame_s: float = 60.0
    max_connections: int = 100
    tls: ssl.SSLContext | None = None


@dataclass(slots=True)
class MllpCounts:
    """What a server has seen since it started."""

    connections: int = 0
    frames: int = 0
    junk: int = 0
    refused: int = 0
    open: int = field(default=0)


class MllpServer:
    """Listens until closed.

    Parameters
    ----------
    handle : Handle
        What to do with a frame.
    options : MllpOptions
        How to listen.
    """

    def __init__(self, handle: Handle, options: MllpOptions) -> None:
        self.handle = handle
        self.options = options
        self.counts = MllpCounts()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that it listens on; 0 when it does not."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server and self._server.sockets else 0

    async def start(self) -> None:
        """Begin to listen."""
        options = self.options
        self._server = await asyncio.start_server(self._begin, options.host, options.port, ssl=options.tls)

    async def close(self) -> None:
        """Stop listening and close the connections; a frame that is being stored is finished first."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    async def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if self.counts.open >= self.options.max_connections or task is None:
            self.counts.refused += 1
            writer.close()
            return
        self._tasks.add(task)
        self.counts.connections += 1
        self.counts.open += 1
        try:
            await self._converse(reader, writer)
        except (ConnectionError, TimeoutError, asyncio.CancelledError, ssl.SSLError):
            pass
        except DecodeError as error:
            self.counts.refused += 1
            log.warning("MLLP connection closed: %s", error.message)
        except Exception:  # the last fence of a connection: the others must go on
            log.exception("MLLP connection failed")
        finally:
            self.counts.open -= 1
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader(self.options.max_frame)
        peer = str(writer.get_extra_info("peername"))
        while True:
            limit = self.options.frame_s if frames.is_inside else self.options.idle_s
            data = await asyncio.wait_for(reader.read(_PACKET), limit)
            if not data:
                return
            before = frames.junk
            for content in frames.feed(data):
                self.counts.frames += 1
                # Shielded: a connection that goes away in the middle must not undo what is half stored.
                for answer in await asyncio.shield(self.handle(content, peer)):
                    writer.write(framed(answer))
                await writer.drain()
            self.counts.junk += frames.junk - before
