"""Simulated PN532 and EM4100 readers, octet by octet, on any line: a pseudo-terminal or one in memory."""

from __future__ import annotations

from enum import StrEnum

from rfid_gateway.rfid import em4100, pn532
from rfid_gateway.rfid.pn532 import FrameKind, Pn532Decoder, Pn532Frame
from rfid_gateway.transports.connection import Connection

_FIRMWARE = bytes([0x32, 0x01, 0x06, 0x07])  # chip PN532, version 1.6, supports ISO 14443 A and B and ISO 18092


class ChipFault(StrEnum):
    """What a simulated PN532 does wrong."""

    NONE = "none"
    NO_ACKNOWLEDGEMENT = "no_acknowledgement"
    WRONG_CHECKSUM = "wrong_checksum"
    WRONG_ANSWER = "wrong_answer"
    ERROR_FRAME = "error_frame"
    GARBAGE_BEFORE = "garbage_before"
    SPLIT = "split"
    SILENT = "silent"


class SimulatedPn532:
    """A PN532 with cards in its field.

    Parameters
    ----------
    line : Connection
        The device's end of the line.
    """

    def __init__(self, line: Connection) -> None:
        self.cards: list[bytes] = []
        self.fault = ChipFault.NONE
        self.faults_left = 0
        self.commands = 0
        self._line = line

    async def run(self) -> None:
        """Obey the host until the line is closed."""
        decoder = Pn532Decoder()
        while data := await self._line.receive():
            for frame in decoder.feed(data):
                if frame.kind is FrameKind.DATA and frame.direction == 0xD4:
                    await self._obey(frame)

    async def _obey(self, frame: Pn532Frame) -> None:
        self.commands += 1
        fault = self.fault if self.faults_left else ChipFault.NONE
        self.faults_left = max(self.faults_left - 1, 0)
        if fault in (ChipFault.NO_ACKNOWLEDGEMENT, ChipFault.SILENT):
            return
        await self._line.send(pn532.ACK)
        if fault is ChipFault.ERROR_FRAME:
            await self._line.send(pn532.ERROR_FRAME)
            return
        command = frame.command + (2 if fault is ChipFault.WRONG_ANSWER else 1)
        answer = pn532.encode_command(command, self._answer(frame), direction=0xD5)
        if fault is ChipFault.WRONG_CHECKSUM:
            answer = answer[:-2] + bytes([answer[-2] ^ 0x55, 0])
        if fault is ChipFault.GARBAGE_BEFORE:
            answer = b"\x12\x00\x34" + answer
        if fault is ChipFault.SPLIT:
            for octet in answer:
                await self._line.send(bytes([octet]))
            return
        await self._line.send(answer)

    def _answer(self, frame: Pn532Frame) -> bytes:
        if frame.command == pn532.GET_FIRMWARE_VERSION:
            return _FIRMWARE
        if frame.command != pn532.IN_LIST_PASSIVE_TARGET:
            return b""
        cards = self.cards[: min(frame.data[0], 2)]
        listed = b"".join(bytes([i + 1, 0x00, 0x44, 0x00, len(uid)]) + uid for i, uid in enumerate(cards))
        return bytes([len(cards)]) + listed


class SimulatedEm4100:
    """A 125 kHz reader; it sends when it is told to see a tag.

    Parameters
    ----------
    line : Connection
        The device's end of the line.
    """

    def __init__(self, line: Connection) -> None:
        self._line = line

    async def see(self, identity: bytes, *, times: int = 3) -> None:
        """Send the frame of a tag some times.

        Parameters
        ----------
        identity : bytes
            Five octets.
        times : int
            How many frames; a real reader sends about ten a second while the tag lies there.
        """
        await self._line.send(em4100.encode_frame(identity) * times)

    async def send_raw(self, octets: bytes) -> None:
        """Send octets as they are: a damaged frame, noise."""
        await self._line.send(octets)
