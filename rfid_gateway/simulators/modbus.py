"""Simulated Modbus machines over TCP: registers made from a plant's values by its profile, with faults on demand."""

from __future__ import annotations

import asyncio
import math
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from rfid_gateway.modbus.decoding import encode
from rfid_gateway.modbus.profile import Profile, Signal, Table
from rfid_gateway.modbus.replies import Framing, crc16
from rfid_gateway.simulators.faults import Fault
from rfid_gateway.transports.connection import Connection
from twin.clock import Clock
from twin.errors import DecodeError

Values = Mapping[str, float | str | None]
ValuesAt = Callable[[int], Values]
"""Gives the value of every signal by key at an instant (UTC microseconds); a signal left out reads as 0."""

_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE, _DEVICE_FAILURE = 1, 2, 3, 4
_TABLES = {1: Table.COILS, 2: Table.DISCRETE_INPUTS, 3: Table.HOLDING_REGISTERS, 4: Table.INPUT_REGISTERS}


class RegisterImage:
    """Registers and bits of one machine, made afresh from its values for every request.

    Parameters
    ----------
    profile : Profile
        Where the machine keeps what.
    values_at : ValuesAt
        What it measures.
    """

    def __init__(self, profile: Profile, values_at: ValuesAt) -> None:
        self._profile = profile
        self._values_at = values_at
        self._written: dict[tuple[Table, int], int] = {}
        # Only addresses that a signal owns can be written; reads also give the holes between them.
        self._known = {
            (signal.table, profile.wire(address)) for signal in profile.signals for address in self._addresses(signal)
        }

    @staticmethod
    def _addresses(signal: Signal) -> list[int]:
        own = list(range(signal.address, signal.address + signal.width))
        return [*own, signal.exponent.address] if signal.exponent else own

    def read(self, table: Table, address: int, count: int, at: int) -> list[int] | None:
        """Give registers or bits as they are at an instant, or None if one is in no range of the machine.

        Parameters
        ----------
        table : Table
            Which table.
        address, count : int
            First address on the line, and how many.
        at : int
            UTC microseconds.
        """
        cells = self._cells(table, at)
        span = range(address, address + count)
        # Machines give zeros for the holes between their registers, and refuse what lies outside of all of them.
        owned = [known for kind, known in self._known if kind is table]
        if not owned or span.start < min(owned) or span.stop - 1 > max(owned):
            return None
        return [self._written.get((table, i), cells.get(i, 0)) for i in span]

    def write(self, table: Table, address: int, values: list[int]) -> bool:
        """Take in written registers or coils; False if one is in no range of the machine."""
        if any((table, address + i) not in self._known for i in range(len(values))):
            return False
        self._written |= {(table, address + i): value for i, value in enumerate(values)}
        return True

    def _cells(self, table: Table, at: int) -> dict[int, int]:
        values = self._values_at(at)
        cells: dict[int, int] = {}
        for signal in self._profile.signals:
            if signal.table is not table:
                continue
            first = self._profile.wire(signal.address)
            if table.is_bits:
                value = values.get(signal.key, 0)
                cells[first] = int(isinstance(value, float | int) and not math.isnan(value) and value != 0)
                continue
            exponent = signal.exponent.default or 0 if signal.exponent else 0
            for i, word in enumerate(encode(signal, values.get(signal.key, 0.0), exponent)):
                # Bit fields of several signals share a register.
                cells[first + i] = cells.get(first + i, 0) | word
            if signal.exponent is not None:
                cells[self._profile.wire(signal.exponent.address)] = exponent & 0xFFFF
        return cells


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """How often a machine shows which fault.

    Parameters
    ----------
    fault : Fault
        What it does.
    share : float
        Share of its answers, 0 to 1.
    delay_s : float
        How late a late answer is, and how long a slow one takes, seconds.
    """

    fault: Fault = Fault.NONE
    share: float = 1.0
    delay_s: float = 0.0


class SimulatedPlant:
    """Any number of machines behind one TCP port, told apart by unit id.

    Parameters
    ----------
    clock : Clock
        The simulated world's clock.
    framing : Framing, optional
        TCP, or serial frames over TCP as plain converters carry them.
    chance : numpy.random.Generator, optional
        Decides which answers show a fault.
    """

    def __init__(
        self, clock: Clock, *, framing: Framing = Framing.TCP, chance: np.random.Generator | None = None
    ) -> None:
        self.faults = FaultPlan()
        self.port = 0
        self.requests = 0
        self._clock = clock
        self._framing = framing
        self._chance = chance or np.random.default_rng(0)
        self._machines: dict[int, RegisterImage] = {}
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, unit: int, profile: Profile, values_at: ValuesAt) -> None:
        """Put a machine on the line under a unit id."""
        self._machines[unit] = RegisterImage(profile, values_at)

    async def start(self, host: str = "127.0.0.1", port: int = 0, *, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and give the port; an earlier port is taken again after :meth:`stop`.

        Parameters
        ----------
        host : str
            Address to listen on.
        port : int
            0 for any free one.
        tls : ssl.SSLContext, optional
            With certificate and key: the line is encrypted.
        """
        self._server = await asyncio.start_server(self._serve, host, port or self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        """Drop all clients and stop listening."""
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        buffer = b""
        try:
            while data := await reader.read(4096):
                buffer += data
                while (size := self._request_size(buffer)) and len(buffer) >= size:
                    frame, buffer = buffer[:size], buffer[size:]
                    if not await self._reply(writer, frame):
                        return
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def serve_line(self, line: Connection) -> None:
        """Serve a serial line, such as a pseudo-terminal, until it is closed."""
        buffer = b""
        while data := await line.receive():
            buffer += data
            while (size := self._request_size(buffer)) and len(buffer) >= size:
                frame, buffer = buffer[:size], buffer[size:]
                self.requests += 1
                is_faulty = self._chance.random() < self.faults.share
                fault = self.faults.fault if is_faulty else Fault.NONE
                answer = self.answer(frame, fault)
                if fault is Fault.LATE:
                    # A slow machine holds up the line: it answers in the order in which it was asked.
                    await asyncio.sleep(self.faults.delay_s)
                if answer:
                    await line.send(answer)

    def _request_size(self, buffer: bytes) -> int:
        if self._framing is Framing.TCP:
            # The smallest request; requests that write several carry a byte count.
            return 6 + int.from_bytes(buffer[4:6], "big") if len(buffer) >= 6 else 0
        if len(buffer) < 8:
            return 0
        return 9 + buffer[6] if buffer[1] in (15, 16) else 8

    async def _reply(self, writer: asyncio.StreamWriter, frame: bytes) -> bool:
        self.requests += 1
        plan = self.faults
        fault = plan.fault if plan.share >= 1 or self._chance.random() < plan.share else Fault.NONE
        answer = self.answer(frame, fault)
        if fault is Fault.RESET:
            writer.transport.abort()
            return False
        if fault is Fault.LATE:
            self._later(writer, answer, plan.delay_s)
            return True
        # Octet by octet: without pauses, or over the whole delay.
        if fault in (Fault.SLOW, Fault.SPLIT):
            pause_s = plan.delay_s / max(len(answer), 1) if fault is Fault.SLOW else 0.0
            for i in range(len(answer)):
                writer.write(answer[i : i + 1])
                await writer.drain()
                await asyncio.sleep(pause_s)
            return True
        writer.write(answer)
        await writer.drain()
        return True

    def _later(self, writer: asyncio.StreamWriter, answer: bytes, delay_s: float) -> None:
        async def send() -> None:
            await asyncio.sleep(delay_s)
            if not writer.is_closing():
                writer.write(answer)

        task = asyncio.get_running_loop().create_task(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def answer(self, frame: bytes, fault: Fault = Fault.NONE) -> bytes:
        """Give the octets that answer a request frame, with a fault built in.

        Parameters
        ----------
        frame : bytes
            A whole request.
        fault : Fault
            What is wrong with the answer; faults of time are the sender's.
        """
        if self._framing is Framing.TCP:
            head, unit, pdu = frame[:4], frame[6], frame[7:]
        else:
            head, unit, pdu = b"", frame[0], frame[1:-2]
        if fault is Fault.SILENT or (unit not in self._machines and self._framing is Framing.RTU):
            return b""
        if fault is Fault.GARBAGE:
            return self._chance.bytes(12)
        body = bytes([pdu[0] | 0x80, _DEVICE_FAILURE]) if fault is Fault.EXCEPTION else self._body(unit, pdu)
        body = _spoilt_body(body, fault)
        if fault is Fault.WRONG_UNIT:
            unit = unit % 247 + 1  # any other unit id, 1 to 247
        packed = self._pack(head, unit, body, fault)
        if fault is Fault.TRAILING:
            packed += b"\x00\x01"
        return packed * 2 if fault is Fault.DUPLICATE else packed

    def _pack(self, head: bytes, unit: int, body: bytes, fault: Fault) -> bytes:
        if self._framing is Framing.RTU:
            message = bytes([unit]) + body
            checksum = crc16(message) ^ (0x0100 if fault is Fault.WRONG_CHECKSUM else 0)
            return message + checksum.to_bytes(2, "little")
        transaction, protocol = struct.unpack(">HH", head)
        transaction = transaction + 1 & 0xFFFF if fault is Fault.WRONG_TRANSACTION else transaction
        protocol = 7 if fault is Fault.WRONG_PROTOCOL else protocol
        length = {Fault.LENGTH_ZERO: 0, Fault.LENGTH_HUGE: 65_535}.get(fault, len(body) + 1)
        return struct.pack(">HHHB", transaction, protocol, length, unit) + body

    def _body(self, unit: int, pdu: bytes) -> bytes:
        function = pdu[0]
        machine = self._machines.get(unit)
        if machine is None:
            return bytes([function | 0x80, 11])  # gateway target device failed to respond
        if function in _TABLES:
            return self._read(machine, function, *struct.unpack(">HH", pdu[1:5]))
        if function in (5, 6, 15, 16):
            return _write(machine, pdu)
        return bytes([function | 0x80, _ILLEGAL_FUNCTION])

    def _read(self, machine: RegisterImage, function: int, address: int, count: int) -> bytes:
        if not 1 <= count <= (2000 if function < 3 else 125):
            return bytes([function | 0x80, _ILLEGAL_VALUE])
        try:
            cells = machine.read(_TABLES[function], address, count, self._clock.now())
        except DecodeError:
            return bytes([function | 0x80, _DEVICE_FAILURE])
        if cells is None:
            return bytes([function | 0x80, _ILLEGAL_ADDRESS])
        if function >= 3:
            return bytes([function, 2 * count]) + struct.pack(f">{count}H", *cells)
        packed = bytearray((count + 7) // 8)
        for i, bit in enumerate(cells):
            packed[i >> 3] |= (bit & 1) << (i & 7)
        return bytes([function, len(packed)]) + bytes(packed)


def _write(machine: RegisterImage, pdu: bytes) -> bytes:
    function, address, value = struct.unpack(">BHH", pdu[:5])
    if function == 5:
        is_taken = machine.write(Table.COILS, address, [int(value == 0xFF00)])
    elif function == 6:
        is_taken = machine.write(Table.HOLDING_REGISTERS, address, [value])
    elif function == 16:
        is_taken = machine.write(Table.HOLDING_REGISTERS, address, list(struct.unpack(f">{value}H", pdu[6:])))
    else:
        is_taken = machine.write(Table.COILS, address, [pdu[6 + (i >> 3)] >> (i & 7) & 1 for i in range(value)])
    return pdu[:5] if is_taken else bytes([function | 0x80, _ILLEGAL_ADDRESS])


def _spoilt_body(body: bytes, fault: Fault) -> bytes:
    if body[0] & 0x80:
        return body
    if fault is Fault.WRONG_FUNCTION:
        return bytes([{3: 4, 4: 3, 1: 2, 2: 1}.get(body[0], body[0] ^ 1)]) + body[1:]
    if fault is Fault.SHORT:
        return bytes([body[0], body[1] - 2]) + body[2:-2]
    if fault is Fault.LONG:
        return bytes([body[0], body[1] + 2]) + body[2:] + b"\x12\x34"
    if fault is Fault.WRONG_BYTE_COUNT:
        return bytes([body[0], body[1] - 2]) + body[2:]
    return body
