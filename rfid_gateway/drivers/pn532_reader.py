"""An NFC reader with a PN532 on a serial line: asks for cards again and again, reading exactly what the chip sends."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from rfid_gateway.drivers.driver import Backoff, BackoffSettings, DriverHealth, StatusTeller, Surroundings
from rfid_gateway.rfid import pn532
from rfid_gateway.rfid.confirming import CardConfirmer
from rfid_gateway.rfid.pn532 import FrameKind, Pn532Decoder, Pn532Frame
from rfid_gateway.rfid.readings import TagReading, tag_of_uid
from rfid_gateway.transports.connection import Connection, Connector
from twin.errors import DecodeError, HospitalTwinError

_SAM_NORMAL = bytes([0x01, 0x14, 0x01])  # normal mode, timeout 1 s, interrupt line used
_FEW_RETRIES = bytes([0x05, 0xFF, 0x01, 0x02])  # item 5: without it the chip waits for a card for ever
_TWO_TARGETS_106A = bytes([0x02, 0x00])


class Pn532Fault(HospitalTwinError):
    """The chip did not do what was asked."""

    code = "pn532.fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pn532Settings:
    """One reader.

    Parameters
    ----------
    device : str
        Id of the reader.
    poll_s : float
        Pause between two looks for cards, seconds.
    acknowledge_s : float
        How long an acknowledgement may take; the chip sends it within 15 ms (section 6.2.3).
    answer_s : float
        How long an answer may take, seconds.
    attempts : int
        How often a command is sent before the line is given up.
    confirmations : int
        How many looks in a row must have seen a card before it is told.
    backoff : BackoffSettings
        Pauses between attempts to open the line.
    """

    device: str
    poll_s: float = 0.1
    acknowledge_s: float = 0.1
    answer_s: float = 1.0
    attempts: int = 3
    confirmations: int = 2
    backoff: BackoffSettings = field(default_factory=BackoffSettings)


class Pn532Reader:
    """Driver of one PN532.

    Parameters
    ----------
    settings : Pn532Settings
        Which reader, and how.
    connect : Connector
        Opens the line.
    around : Surroundings
        Listener, clock and chance.
    """

    def __init__(self, settings: Pn532Settings, connect: Connector, around: Surroundings) -> None:
        self.device = settings.device
        self.health = DriverHealth(model="PN532")
        self._settings = settings
        self._connect = connect
        self._around = around
        self._backoff = Backoff(settings.backoff, around.chance)
        self._status = StatusTeller(settings.device, self.health, around)

    async def run(self) -> None:
        """Serve the reader until cancelled; opens the line again by itself."""
        while True:
            self._status.offline(await self._serve_once())
            await self._backoff.pause()

    async def _serve_once(self) -> str:
        try:
            line = await self._connect()
        except OSError:
            return "unreachable"
        chip = _Chip(line, self._settings)
        confirmer = CardConfirmer(self._settings.confirmations)
        self.health.connections += 1
        try:
            self.health.firmware = await chip.wake()
            self._backoff.reset()
            self._status.online()
            while True:
                self._take(confirmer.take(await chip.cards()))
                await asyncio.sleep(self._settings.poll_s)
        except HospitalTwinError as error:
            return error.code
        except OSError:
            return "connection_lost"
        finally:
            await line.close()

    def _take(self, uids: list[bytes]) -> None:
        now = self._around.clock.now()
        self.health.last_heard_at = now
        self.health.messages += 1
        if uids:
            self.health.readings += len(uids)
            self._around.listener.on_readings([TagReading(tag_of_uid(uid), self.device, 1, now) for uid in uids])


class _Chip:
    """Commands and answers on one open line."""

    def __init__(self, line: Connection, settings: Pn532Settings) -> None:
        self._line = line
        self._settings = settings
        self._decoder = Pn532Decoder()
        self._waiting: list[Pn532Frame] = []

    async def wake(self) -> str:
        """Wake the chip, set it up, and give its firmware version."""
        await self._line.send(pn532.WAKE_UP)
        await self.ask(pn532.SAM_CONFIGURATION, _SAM_NORMAL)
        version = await self.ask(pn532.GET_FIRMWARE_VERSION)
        if len(version) != 4:
            raise DecodeError("PN532: firmware version of another length.", code="pn532.version")
        await self.ask(pn532.RF_CONFIGURATION, _FEW_RETRIES)
        return f"{version[1]}.{version[2]}"

    async def cards(self) -> list[bytes]:
        """Give the UIDs of the cards in the field."""
        answer = await self.ask(pn532.IN_LIST_PASSIVE_TARGET, _TWO_TARGETS_106A)
        return [target.uid for target in pn532.parse_targets(answer)]

    async def ask(self, command: int, data: bytes = b"") -> bytes:
        """Send a command until it is acknowledged and answered.

        Raises
        ------
        Pn532Fault
            If that does not happen within the attempts.
        """
        fault = "pn532.silent"
        for _ in range(self._settings.attempts):
            # What came late belongs to an earlier command.
            self._decoder.reset()
            self._waiting.clear()
            await self._line.send(pn532.encode_command(command, data))
            # Without an acknowledgement the same frame is sent again (section 6.2.3).
            if await self._next(self._settings.acknowledge_s, FrameKind.ACK) is None:
                continue
            answer = await self._next(self._settings.answer_s, FrameKind.DATA)
            if answer is not None and (answer.direction, answer.command) == (0xD5, command + 1):
                return answer.data
            fault = "pn532.silent" if answer is None else "pn532.wrong_answer"
            # An acknowledgement from the host makes the chip drop the command (section 6.2.1.3).
            await self._line.send(pn532.ACK)
        raise Pn532Fault(f"PN532 gave no usable answer to command {command:#04x}.", code=fault)

    async def _next(self, within_s: float, kind: FrameKind) -> Pn532Frame | None:
        try:
            async with asyncio.timeout(within_s):
                while True:
                    # The list outlives one call: acknowledgement and answer often come in one piece.
                    while self._waiting:
                        frame = self._waiting.pop(0)
                        if frame.kind is kind:
                            return frame
                        if frame.kind in (FrameKind.ERROR, FrameKind.NACK):
                            return None
                    data = await self._line.receive()
                    if not data:
                        raise ConnectionResetError("The serial line is gone.")
                    self._waiting += self._decoder.feed(data)
        except TimeoutError:
            return None
