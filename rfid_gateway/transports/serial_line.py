"""Serial lines and pseudo-terminals, read without blocking the event loop."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections.abc import Callable

import serial

_CHUNK_BYTES = 4096


class DescriptorConnection:
    """A connection over an open file descriptor; made within the event loop that uses it.

    Parameters
    ----------
    descriptor : int
        Open for reading and writing.
    on_close : Callable[[], None]
        Closes it.
    """

    def __init__(self, descriptor: int, on_close: Callable[[], None]) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._on_close = on_close
        self._inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._is_closed = False
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._readable)

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # the adapter was pulled out, or the other end of the pseudo-terminal is gone
        if not data:  # a descriptor at its end is readable for ever
            self._loop.remove_reader(self._descriptor)
        self._inbox.put_nowait(data)

    async def receive(self) -> bytes:
        """Wait for bytes; ``b""`` means that the line is gone."""
        return b"" if self._is_closed else await self._inbox.get()

    async def send(self, data: bytes) -> None:
        """Send bytes; waits while the line is full."""
        rest = memoryview(data)
        while rest:
            if self._is_closed:
                raise ConnectionResetError("The serial line is closed.")
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                await asyncio.sleep(0.001)

    async def close(self) -> None:
        """Close the line; a second call does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._descriptor)
            self._on_close()
            self._inbox.put_nowait(b"")


async def open_serial(device: str, baud: int) -> DescriptorConnection:
    """Open a serial line with eight data bits, no parity and one stop bit.

    Parameters
    ----------
    device : str
        Path, such as ``/dev/ttyUSB0``.
    baud : int
        Bits per second.

    Raises
    ------
    OSError
        If there is no such line, another program holds it, or it does not take the speed.
    """
    # exclusive: two programs on one line would each see half of the answers
    try:
        line = serial.Serial(device, baudrate=baud, timeout=0, exclusive=True)
    except (termios.error, ValueError) as error:  # no OSError by themselves: an adapter that takes no such speed
        raise OSError(f"{device} does not take {baud} baud: {error}") from error
    return DescriptorConnection(line.fileno(), line.close)


class PseudoTerminal:
    """Two ends of a line that looks like a serial one: ``path`` for the driver, ``line`` for the simulated device."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        # Without this the terminal would turn line ends around and echo what the device says.
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self.line = DescriptorConnection(self._master, self._close)

    def drop_unread(self) -> None:
        """Forget what the device sent and no driver has read."""
        termios.tcflush(self._slave, termios.TCIFLUSH)

    def _close(self) -> None:
        os.close(self._master)
        os.close(self._slave)
