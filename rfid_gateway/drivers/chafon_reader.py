"""A Chafon UHF reader on a serial line or TCP: asked for tags again and again, antenna by antenna."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from rfid_gateway.drivers.driver import Backoff, BackoffSettings, DriverHealth, ReaderLine, StatusTeller, Surroundings
from rfid_gateway.rfid import chafon
from rfid_gateway.rfid.chafon import ChafonDecoder, ChafonFrame, ReaderInformation
from rfid_gateway.rfid.readings import TagReading, tag_of_epc
from rfid_gateway.transports.connection import Connection, Connector
from twin.errors import HospitalTwinError


class ChafonFault(HospitalTwinError):
    """The reader did not answer what was asked."""

    code = "chafon.silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChafonTiming:
    """How long things may take.

    Parameters
    ----------
    poll_s : float
        Pause between two looks, seconds.
    answer_s : float
        How long an answer may take; an inventory takes up to a second by itself.
    attempts : int
        How often a question is put before the line is given up.
    backoff : BackoffSettings
        Pauses between attempts to open the line.
    """

    poll_s: float = 0.05
    answer_s: float = 2.0
    attempts: int = 3
    backoff: BackoffSettings = field(default_factory=BackoffSettings)


class ChafonReader:
    """Driver of one Chafon reader.

    Parameters
    ----------
    line : ReaderLine
        Which reader.
    connect : Connector
        Opens the line.
    around : Surroundings
        Listener, clock and chance.
    timing : ChafonTiming, optional
        How long things may take.
    """

    def __init__(
        self, line: ReaderLine, connect: Connector, around: Surroundings, timing: ChafonTiming | None = None
    ) -> None:
        self.device = line.device
        self.health = DriverHealth(model="Chafon")
        # 0 stands for all antennas elsewhere; this reader must be told one by one.
        self._antennas = tuple(one for one in line.antennas if one) or (1,)
        self._connect = connect
        self._around = around
        self._timing = timing or ChafonTiming()
        self._backoff = Backoff(self._timing.backoff, around.chance)
        self._status = StatusTeller(line.device, self.health, around)

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
        self.health.connections += 1
        asking = _Asking(line, self._timing)
        try:
            information = chafon.parse_information(
                (await asking.ask(chafon.encode_command(chafon.READER_INFORMATION), chafon.READER_INFORMATION))[0]
            )
            self.health.firmware, self.health.model = information.firmware, f"Chafon {information.kind:#04x}"
            self._backoff.reset()
            self._status.online()
            while True:
                # The older family looks with whatever is connected and tells no antenna.
                for antenna in self._antennas if information.tells_antennas else (1,):
                    await self._look(asking, information, antenna)
                await asyncio.sleep(self._timing.poll_s)
        except HospitalTwinError as error:
            return error.code
        except OSError:
            return "connection_lost"
        finally:
            await line.close()

    async def _look(self, asking: _Asking, information: ReaderInformation, antenna: int) -> None:
        frames = await asking.ask(chafon.inventory_command(information, antenna), chafon.INVENTORY)
        now = self._around.clock.now()
        self.health.last_heard_at = now
        self.health.messages += len(frames)
        tags = [tag for frame in frames for tag in chafon.parse_tags(frame, tells_antennas=information.tells_antennas)]
        if tags:
            self.health.readings += len(tags)
            # The reader's figure of strength is no dBm: it is left out rather than taken for one.
            self._around.listener.on_readings(
                [TagReading(tag_of_epc(tag.epc), self.device, tag.antenna or antenna, now) for tag in tags]
            )


class _Asking:
    """Questions and answers on one open line."""

    def __init__(self, line: Connection, timing: ChafonTiming) -> None:
        self._line = line
        self._timing = timing
        self._decoder = ChafonDecoder()

    async def ask(self, question: bytes, command: int) -> list[ChafonFrame]:
        """Put a question until it is answered in full, and give the frames of the answer."""
        for _ in range(self._timing.attempts):
            # What came late belongs to an earlier question.
            self._decoder.reset()
            await self._line.send(question)
            frames: list[ChafonFrame] = []
            try:
                async with asyncio.timeout(self._timing.answer_s):
                    # Status 3 says that more frames follow; anything else ends the answer.
                    while not frames or frames[-1].status == chafon.MORE_FRAMES:
                        data = await self._line.receive()
                        if not data:
                            raise ConnectionResetError("The line is gone.")
                        frames += [frame for frame in self._decoder.feed(data) if frame.command == command]
            except TimeoutError:
                continue
            return frames
        raise ChafonFault(f"The reader gave no usable answer to command {command:#04x}.")
