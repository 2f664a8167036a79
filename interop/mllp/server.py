"""An MLLP server on asyncio: frames in, each answered in order after it was handled.

It stands on transports, not on streams: a stream with a time limit costs a task and a timer for every packet, which is
more than reading the message.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from interop.mllp.framing import MAX_FRAME, FrameReader, framed
from twin.errors import DecodeError

log = logging.getLogger("hospital_twin.mllp")
_LOOK_S = 0.5  # until the next look at a connection that is silent because its message is being stored
_FRAMES_WAITING = 64  # of one connection: then nothing more is read from it, and the sender waits
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
        self._lines: set[_Line] = set()

    @property
    def port(self) -> int:
        """The port that it listens on; 0 when it does not."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server and self._server.sockets else 0

    async def start(self) -> None:
        """Begin to listen."""
        options, loop = self.options, asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Line(self, self._lines), options.host, options.port, ssl=options.tls
        )

    async def close(self) -> None:
        """Stop listening and close the connections; a frame that is being stored is finished first."""
        if self._server is not None:
            self._server.close()
        await asyncio.gather(*(line.stop() for line in list(self._lines)))
        if self._server is not None:
            await self._server.wait_closed()


class _Line(asyncio.Protocol):
    """One connection: what came waits in a queue, one task deals with it in order and ends when nothing waits."""

    def __init__(self, server: MllpServer, lines: set[_Line]) -> None:
        self._server = server
        self._lines = lines
        self._loop = asyncio.get_running_loop()
        self._frames = FrameReader(server.options.max_frame)
        self._waiting: deque[bytes] = deque()
        self._work: asyncio.Task[None] | None = None
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._watch: asyncio.TimerHandle | None = None
        self._is_ended = self._is_paused = False
        self._heard_at = self._begun_at = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        counts, options = self._server.counts, self._server.options
        if counts.open >= options.max_connections:
            counts.refused += 1
            # Not closed politely: nothing of a refused connection is waited for.
            self._transport.abort()
            return
        self._peer = str(transport.get_extra_info("peername"))
        counts.connections += 1
        counts.open += 1
        self._lines.add(self)
        self._look_again()

    def connection_lost(self, _error: Exception | None) -> None:
        # Frames that came whole are still handled: their sender may have gone, but what it said is not lost.
        self._may_write.set()
        if self._watch is not None:
            self._watch.cancel()
        if self in self._lines:
            self._lines.discard(self)
            self._server.counts.open -= 1

    def data_received(self, data: bytes) -> None:
        frames, counts, before = self._frames, self._server.counts, self._frames.junk
        self._heard_at = now = self._loop.time()
        was_inside = frames.is_inside
        try:
            for content in frames.feed(data):
                self._waiting.append(content)
                was_inside = False
        except DecodeError as error:
            counts.refused += 1
            log.warning("MLLP connection closed: %s", error.message)
            self._transport.pause_reading()
            self._end()
            return
        counts.junk += frames.junk - before
        if frames.is_inside and not was_inside:
            self._begun_at = now
            self._look_again()
        if len(self._waiting) > _FRAMES_WAITING:
            self._is_paused = True
            self._transport.pause_reading()
        self._go_on()

    def eof_received(self) -> bool:
        # The other side says no more but may still listen: it gets the answers to what it sent.
        self._end()
        return True

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    async def stop(self) -> None:
        """Drop what waits, finish what is in hand, close."""
        self._waiting.clear()
        if self._work is not None:
            await self._work
        self._transport.close()

    def _end(self) -> None:
        self._is_ended = True
        self._go_on()
        if self._work is None:
            self._transport.close()

    def _go_on(self) -> None:
        if self._waiting and self._work is None:
            self._work = self._loop.create_task(self._deal())

    async def _deal(self) -> None:
        server, transport = self._server, self._transport
        try:
            while self._waiting:
                content = self._waiting.popleft()
                server.counts.frames += 1
                for answer in await server.handle(content, self._peer):
                    if not transport.is_closing():
                        transport.write(framed(answer))
                if not self._may_write.is_set():
                    await self._may_write.wait()
                if self._is_paused and len(self._waiting) <= _FRAMES_WAITING // 2 and not self._is_ended:
                    self._is_paused = False
                    transport.resume_reading()
        except Exception:  # the last fence of a connection: the others must go on
            log.exception("MLLP connection failed")
            self._is_ended = True
        finally:
            self._work = None
            if self._is_ended:
                transport.close()

    def _look_again(self) -> None:
        """Close a connection that is silent for too long, or look again when it could be."""
        if self._watch is not None:
            self._watch.cancel()
        options, now = self._server.options, self._loop.time()
        at = self._begun_at + options.frame_s if self._frames.is_inside else self._heard_at + options.idle_s
        # While a message is being stored the peer is silent because it waits for us.
        if self._work is None and at <= now:
            self._transport.close()
        else:
            self._watch = self._loop.call_at(at if at > now else now + _LOOK_S, self._look_again)
