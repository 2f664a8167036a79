"""Recording what a line carries, and playing it again to a driver without the device.

A recording is text, one line for each piece: ``microseconds direction hex``, with ``<`` for received and ``>`` for
sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from rfid_gateway.transports.connection import Connection
from twin.clock import Clock
from twin.errors import DecodeError

_LINGER_S = 0.05


@dataclass(frozen=True, slots=True)
class Piece:
    """Octets that went over the line at once.

    Parameters
    ----------
    at : int
        UTC microseconds.
    is_received : bool
        Whether the device sent them.
    octets : bytes
        At least one.
    """

    at: int
    is_received: bool
    octets: bytes


class RecordingConnection:
    """Passes everything on and writes it down.

    Parameters
    ----------
    line : Connection
        The real line.
    clock : Clock
        When it happened.
    out : TextIO
        Where it is written; flushed after each piece.
    """

    def __init__(self, line: Connection, clock: Clock, out: TextIO) -> None:
        self._line = line
        self._clock = clock
        self._out = out

    async def receive(self) -> bytes:
        """Wait for bytes; ``b""`` means that the other end is gone."""
        data = await self._line.receive()
        self._write("<", data)
        return data

    async def send(self, data: bytes) -> None:
        """Send bytes; waits while the line is full."""
        self._write(">", data)
        await self._line.send(data)

    async def close(self) -> None:
        """Close the line; the recording stays open."""
        await self._line.close()

    def _write(self, direction: str, data: bytes) -> None:
        if data:
            self._out.write(f"{self._clock.now()} {direction} {data.hex()}\n")
            self._out.flush()


def read_recording(lines: Iterator[str] | Sequence[str]) -> list[Piece]:
    """Read a recording.

    Raises
    ------
    DecodeError
        If a line is not of the form; its number is named.
    """
    pieces = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        parts = line.split()
        try:
            at, direction, octets = parts
            if direction not in ("<", ">") or not octets:
                raise ValueError(direction)
            pieces.append(Piece(int(at), direction == "<", bytes.fromhex(octets)))
        except ValueError as error:
            text = f"Recording, line {number}: expected microseconds, < or >, and hex, got {line[:60]!r}."
            raise DecodeError(text, code="recording.line") from error
    return pieces


class ReplayConnection:
    """Gives what a device once sent; what the driver sends now is kept, not compared.

    Parameters
    ----------
    pieces : Sequence[Piece]
        The recording.
    speed : float
        Recorded seconds per second; infinite gives everything at once.
    is_in_turn : bool
        Whether an answer waits until the driver has sent as much as was sent before it in the recording, for drivers
        that ask: an answer that comes before its question belongs to nobody.
    """

    def __init__(self, pieces: Sequence[Piece], *, speed: float = float("inf"), is_in_turn: bool = False) -> None:
        self._pieces = [piece for piece in pieces if piece.is_received]
        self._asked_before = _sent_before(pieces) if is_in_turn else [0] * len(self._pieces)
        self._speed = speed
        self._position = 0
        self._has_sent = asyncio.Event()
        self.sent: list[bytes] = []

    @property
    def at(self) -> int:
        """When the last piece given was received, UTC microseconds; the first one's time before any."""
        return self._pieces[max(self._position - 1, 0)].at if self._pieces else 0

    async def receive(self) -> bytes:
        """Give the next piece, after the pause that was before it; ``b""`` at the end."""
        if self._position >= len(self._pieces):
            # A connection that ends at once would cancel the setting up whose last answer has just been given.
            # The driver's other tasks finish first what the last pieces began, such as the end of setting up.
            await asyncio.sleep(_LINGER_S)
            return b""
        while len(self.sent) < self._asked_before[self._position]:
            self._has_sent.clear()
            await self._has_sent.wait()
        piece = self._pieces[self._position]
        if self._position:
            # The recorded pauses, so that timeouts of the driver meet what they met then.
            pause_us = piece.at - self._pieces[self._position - 1].at
            await asyncio.sleep(max(pause_us, 0) / 1e6 / self._speed)
        self._position += 1
        return piece.octets

    async def send(self, data: bytes) -> None:
        """Keep what the driver sends."""
        self.sent.append(data)
        self._has_sent.set()

    async def close(self) -> None:
        """Nothing to close."""


def _sent_before(pieces: Sequence[Piece]) -> list[int]:
    """Give for each received piece how many were sent before it."""
    counts, sent = [], 0
    for piece in pieces:
        if piece.is_received:
            counts.append(sent)
        else:
            sent += 1
    return counts
