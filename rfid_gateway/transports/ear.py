"""An ear on lines: the last pieces of each device for people who look for a fault, and recordings on demand."""

from __future__ import annotations

from collections import deque
from typing import TextIO

from rfid_gateway.transports.connection import Connection, Connector
from rfid_gateway.transports.recording import Piece
from twin.clock import Clock

KEPT_PIECES = 200
_MOST_OCTETS = 4096  # of one piece; a report of thousands of tags would push everything else out of the memory


class LineEar:
    """Hears what goes over the lines of a gateway.

    Parameters
    ----------
    clock : Clock
        When it went.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pieces: dict[str, deque[Piece]] = {}
        self._recordings: dict[str, TextIO] = {}

    def hear(self, device: str, is_received: bool, octets: bytes) -> None:
        """Take in a piece that went over a device's line."""
        if not octets:
            return
        kept = self._pieces.get(device)
        if kept is None:
            kept = self._pieces[device] = deque(maxlen=KEPT_PIECES)
        at = self._clock.now()
        kept.append(Piece(at, is_received, octets[:_MOST_OCTETS]))
        out = self._recordings.get(device)
        if out is not None:
            out.write(f"{at} {'<' if is_received else '>'} {octets.hex()}\n")
            out.flush()

    def pieces(self, device: str, limit: int = KEPT_PIECES) -> list[Piece]:
        """Give the last pieces of a device's line, oldest first."""
        return list(self._pieces.get(device, ()))[-limit:]

    def record(self, device: str, out: TextIO) -> None:
        """Write everything that goes over a device's line from now on, as :mod:`recording` reads it."""
        self._recordings[device] = out

    def stop_recording(self, device: str) -> None:
        """Write no more; the file is closed by who opened it."""
        self._recordings.pop(device, None)

    def tap(self, device: str, connect: Connector) -> Connector:
        """Give a way of opening a line that this ear hears."""

        async def heard() -> Connection:
            return _HeardConnection(await connect(), device, self)

        return heard


class _HeardConnection:
    def __init__(self, line: Connection, device: str, ear: LineEar) -> None:
        self._line = line
        self._device = device
        self._ear = ear

    async def receive(self) -> bytes:
        data = await self._line.receive()
        self._ear.hear(self._device, True, data)
        return data

    async def send(self, data: bytes) -> None:
        self._ear.hear(self._device, False, data)
        await self._line.send(data)

    async def close(self) -> None:
        await self._line.close()
