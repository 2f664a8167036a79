"""A simulated Chafon reader, octet by octet, on any line: TCP, a pseudo-terminal or one in memory."""

from __future__ import annotations

import asyncio

from rfid_gateway.rfid import chafon
from rfid_gateway.rfid.chafon import ChafonFrame, crc16
from rfid_gateway.transports.connection import Connection
from rfid_gateway.transports.tcp import StreamConnection

_KIND_288, _KIND_18 = 0x20, 0x09
_TAGS_PER_FRAME = 8


class SimulatedChafon:
    """A reader with tags before its antennas.

    Parameters
    ----------
    tells_antennas : bool
        Which family it is of.
    """

    def __init__(self, *, tells_antennas: bool = True) -> None:
        self.tags: list[tuple[bytes, int]] = []
        self.spoil = 0
        self.questions = 0
        self._tells_antennas = tells_antennas
        self._server: asyncio.Server | None = None

    async def start(self, port: int = 0) -> int:
        """Listen on loopback and give the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = StreamConnection(reader, writer)
        try:
            await self.run(line)
        except OSError:
            return
        finally:
            await line.close()

    async def run(self, line: Connection) -> None:
        """Obey the host until the line is closed."""
        rest = b""
        while data := await line.receive():
            rest += data
            while rest and len(rest) > rest[0]:
                # CRC before meaning, as in the reader.
                question, rest = rest[: rest[0] + 1], rest[rest[0] + 1 :]
                if crc16(question[:-2]) == int.from_bytes(question[-2:], "little"):
                    self.questions += 1
                    await self._answer(line, question)

    async def _answer(self, line: Connection, question: bytes) -> None:
        if question[2] == chafon.READER_INFORMATION:
            kind = _KIND_288 if self._tells_antennas else _KIND_18
            answers = [ChafonFrame(0, question[2], 0, bytes([3, 7, kind, 3, 0x4E, 0x00, 26, 10]))]
        elif question[2] == chafon.INVENTORY:
            antenna = (question[-4] & 3) + 1 if self._tells_antennas else 1
            answers = self._inventory([epc for epc, where in self.tags if where == antenna], antenna)
        else:
            answers = [ChafonFrame(0, question[2], 0xFE)]
        for frame in answers:
            octets = chafon.encode_answer(frame)
            if self.spoil:
                self.spoil -= 1
                octets = octets[:5] + bytes([octets[5] ^ 0x41]) + octets[6:] if len(octets) > 7 else octets[:-1]
            await line.send(octets)

    def _inventory(self, epcs: list[bytes], antenna: int) -> list[ChafonFrame]:
        head = bytes([1 << (antenna - 1)]) if self._tells_antennas else b""
        tail = b"\x64" if self._tells_antennas else b""
        parts = [epcs[i : i + _TAGS_PER_FRAME] for i in range(0, len(epcs), _TAGS_PER_FRAME)]
        frames = []
        for part in parts:
            listed = b"".join(bytes([len(epc)]) + epc + tail for epc in part)
            frames.append(ChafonFrame(0, chafon.INVENTORY, chafon.MORE_FRAMES, head + bytes([len(part)]) + listed))
        return [*frames, ChafonFrame(0, chafon.INVENTORY, 0x01, head + b"\x00")]
