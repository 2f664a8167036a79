"""A PN532 on the I2C or SPI pins of a small computer, through Adafruit's library (extra ``boards``).

On a serial line our own driver reads exactly what the chip sends; these two buses need the library's work with pins.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from typing import Any, Protocol

from rfid_gateway.drivers.driver import Backoff, BackoffSettings, DriverHealth, ReaderLine, StatusTeller, Surroundings
from rfid_gateway.rfid.confirming import CardConfirmer
from rfid_gateway.rfid.readings import TagReading, tag_of_uid
from twin.errors import ConfigurationError

_MOST_FAILURES = 10  # in a row: a single look also fails because of the cards, such as two at once
_LOOK_S = 0.1
_UID_LENGTHS = (4, 7, 10)


class Board(Protocol):
    """What the library's object of a board offers."""

    def SAM_configuration(self) -> None:  # noqa: N802 - the library's name
        """Set the chip up to read cards."""

    def read_passive_target(self, card_baud: int = 0, timeout: float = 1) -> Any:
        """Give the UID of a card, or None."""

    @property
    def firmware_version(self) -> Any:
        """Chip, version, revision and what it supports."""


def open_board(line: ReaderLine) -> Board:
    """Open the board that the options name: ``bus`` (``i2c`` or ``spi``) and for SPI ``select``, the pin's name.

    Raises
    ------
    ConfigurationError
        If the extra is not installed, or the options name no bus.
    """
    bus = line.options.get("bus", "i2c")
    if bus not in ("i2c", "spi"):
        raise ConfigurationError(f"Reader {line.device}: options.bus is {bus!r}: expected i2c or spi.")
    # Imported only here: the extra's packages touch hardware at import and exist on few computers.
    try:
        pins = importlib.import_module("board")
        library = importlib.import_module(f"adafruit_pn532.{bus}")
        digital = importlib.import_module("digitalio")
    except (ImportError, NotImplementedError) as error:
        text = f"Reader {line.device}: install hospital-twin[boards] on a computer with pins ({error})."
        raise ConfigurationError(text) from error
    if bus == "i2c":
        on_i2c: Board = library.PN532_I2C(pins.I2C())
        return on_i2c
    select = digital.DigitalInOut(getattr(pins, line.options.get("select", "D5")))
    on_spi: Board = library.PN532_SPI(pins.SPI(), select)
    return on_spi


class Pn532Board:
    """Driver of one PN532 on I2C or SPI.

    Parameters
    ----------
    line : ReaderLine
        Which reader.
    around : Surroundings
        Listener, clock and chance.
    open_it : Callable[[ReaderLine], Board], optional
        Opens the board.
    backoff : BackoffSettings, optional
        Pauses between attempts.
    """

    def __init__(
        self,
        line: ReaderLine,
        around: Surroundings,
        open_it: Callable[[ReaderLine], Board] = open_board,
        backoff: BackoffSettings | None = None,
    ) -> None:
        self.device = line.device
        self.health = DriverHealth(model="PN532")
        self._line = line
        self._around = around
        self._open = open_it
        self._backoff = Backoff(backoff or BackoffSettings(), around.chance)
        self._status = StatusTeller(line.device, self.health, around)

    async def run(self) -> None:
        """Serve the reader until cancelled; sets it up again by itself."""
        while True:
            self._status.offline(await self._serve_once())
            await self._backoff.pause()

    async def _serve_once(self) -> str:
        try:
            board = await asyncio.to_thread(self._open, self._line)
            await asyncio.to_thread(board.SAM_configuration)
            version = tuple(await asyncio.to_thread(lambda: board.firmware_version))
        except ConfigurationError:
            return "not_installed"
        except (OSError, RuntimeError, ValueError):
            return "unreachable"
        self.health.connections += 1
        self.health.firmware = f"{version[1]}.{version[2]}" if len(version) >= 3 else ""
        self._backoff.reset()
        self._status.online()
        # As on the serial line, one look alone may be damaged.
        confirmer, failures = CardConfirmer(2), 0
        while True:
            try:
                # The library waits with the processor: it gets a thread of its own.
                uid = await asyncio.to_thread(board.read_passive_target, timeout=_LOOK_S)
            except (OSError, RuntimeError, ValueError):
                # It also raises for an answer of two cards, or none where it expected one: this look says nothing.
                self.health.errors += 1
                failures += 1
                if failures == _MOST_FAILURES:
                    return "connection_lost"
                continue
            failures = 0
            self._take(confirmer.take([bytes(uid)] if uid and len(uid) in _UID_LENGTHS else []))

    def _take(self, uids: list[bytes]) -> None:
        now = self._around.clock.now()
        self.health.last_heard_at = now
        self.health.messages += 1
        if uids:
            self.health.readings += len(uids)
            self._around.listener.on_readings([TagReading(tag_of_uid(uid), self.device, 1, now) for uid in uids])
