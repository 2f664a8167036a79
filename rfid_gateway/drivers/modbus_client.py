"""pymodbus behind strict checks: an answer that does not fit its request in every respect is a fault, never a value.

pymodbus carries the octets (TCP, TLS, serial, serial framing over TCP); what an answer is, is judged by
:mod:`rfid_gateway.modbus.replies`. After any fault a network connection is given up, so that nothing that
comes late can be taken for something else.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import termios
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient, AsyncModbusTlsClient
from pymodbus.framer import FramerBase, FramerRTU, FramerSocket, FramerType
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from rfid_gateway.modbus.replies import Answer, Expected, Fault, Framing, judge
from rfid_gateway.transports.connection import certificate_fault
from twin.errors import HospitalTwinError

_READS: dict[int, type[ModbusPDU]] = {
    1: ReadCoilsRequest,
    2: ReadDiscreteInputsRequest,
    3: ReadHoldingRegistersRequest,
    4: ReadInputRegistersRequest,
}


_SILENT = Fault("modbus.silent")
_NO_ANSWER = frozenset({"modbus.silent", "modbus.closed"})
_MOST_FRAMES = 1000  # a machine is asked the same few questions over and over; a scan asks thousands once


class ModbusFault(HospitalTwinError):
    """No answer, or octets that are not the answer; the code says which, such as ``modbus.wrong_unit``."""

    code = "modbus.fault"


class ModbusRefusal(HospitalTwinError):
    """The machine answered with an exception.

    Parameters
    ----------
    exception : int
        Exception code of the standard, 1 to 255.
    """

    code = "modbus.exception"

    def __init__(self, exception: int) -> None:
        super().__init__(
            f"The machine answered with Modbus exception {exception}.", code=f"modbus.exception_{exception}"
        )
        self.exception = exception


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSettings:
    """One connection: a network address or a serial line.

    Parameters
    ----------
    host, port : str, int
        Network address.
    device : str
        Path of a serial line; empty for a network.
    framing : Framing
        RTU over a network as well, for plain converters.
    baud, parity, stop_bits : int, str, int
        Of a serial line.
    tls : ssl.SSLContext or None
        For Modbus Security (port 802).
    answer_s : float
        How long an answer may take.
    """

    host: str = "127.0.0.1"
    port: int = 502
    device: str = ""
    framing: Framing = Framing.TCP
    baud: int = 19_200
    parity: str = "E"
    stop_bits: int = 1
    tls: ssl.SSLContext | None = None
    answer_s: float = 1.0


class _Judge:
    """Reads incoming octets in pymodbus's stead, and hands its finding straight to who asked."""

    # pymodbus takes an answer of another function code and one with fewer registers than were asked for as good, and on
    # a serial line a late answer as the next one's; none of its findings is used.

    framing: Framing
    expected: Expected | None = None
    _waiting: asyncio.Future[Answer | Fault] | None = None

    def begin(self, expected: Expected) -> asyncio.Future[Answer | Fault]:
        """Expect an answer."""
        self.expected = expected
        self._waiting = asyncio.get_running_loop().create_future()
        return self._waiting

    def settle(self, finding: Answer | Fault) -> None:
        """End the waiting; what comes from now on was asked for by nobody."""
        self.expected = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(finding)

    def handleFrame(self, data: bytes, exp_devid: int, exp_tid: int) -> tuple[int, ModbusPDU | None]:  # noqa: N802 - pymodbus's name
        """Judge everything that came since the request; to pymodbus it never is an answer."""
        if self.expected is None:
            return len(data), None  # nobody asked: dropped
        finding = judge(bytes(data), self.expected, self.framing)
        if finding is None:
            return 0, None
        self.settle(finding)
        return len(data), None


class _JudgingSocket(_Judge, FramerSocket):
    framing = Framing.TCP


class _JudgingRtu(_Judge, FramerRTU):
    framing = Framing.RTU


Client = AsyncModbusTcpClient | AsyncModbusTlsClient | AsyncModbusSerialClient


class StrictClient:
    """One line to one or more units; one question at a time.

    Parameters
    ----------
    settings : LineSettings
        Where and how.
    trace : Callable[[bool, bytes], None], optional
        Sees every frame: (is sent, octets), for recordings.
    """

    def __init__(self, settings: LineSettings, trace: Callable[[bool, bytes], None] | None = None) -> None:
        self.settings = settings
        self._trace = trace
        self._client: Client | None = None
        self._judge: _JudgingSocket | _JudgingRtu | None = None
        self._transaction = 0
        self._frames: dict[tuple[int, int, int, int], bytes] = {}

    @property
    def is_open(self) -> bool:
        """Whether the line is open."""
        return self._client is not None and self._client.connected

    async def open(self) -> None:
        """Open the line afresh.

        Raises
        ------
        ModbusFault
            With code ``modbus.unreachable`` if nobody answers there, ``certificate_refused`` if who answers shows a
            certificate that is not accepted, ``modbus.line_settings`` if the serial line takes no such speed or parity.
        """
        self.close()
        client = self._new_client()
        self._judge = (
            _JudgingSocket(DecodePDU(False)) if self.settings.framing is Framing.TCP else _JudgingRtu(DecodePDU(False))
        )
        client.ctx.framer = _as_framer(self._judge)
        # The largest answer is 260 octets; the default buffer would keep what a babbling line sends for long.
        client.ctx.max_buffer_size = 4096
        failures = _keep_failures(client)
        try:
            is_open = await client.connect()
        except (termios.error, ValueError) as error:  # a termios.error is no OSError, which the library looks for
            client.close()
            wanted = f"{self.settings.baud} baud, parity {self.settings.parity}, {self.settings.stop_bits} stop bit(s)"
            message = f"{self._name()} does not take {wanted}: {error}. Pseudo-terminals know no parity but N."
            raise ModbusFault(message, code="modbus.line_settings") from error
        if not is_open:
            client.close()
            if refused := next(filter(None, map(certificate_fault, failures)), ""):
                message = f"{self._name()} shows a certificate that is not accepted ({refused}): renew it there."
                raise ModbusFault(message, code="certificate_refused")
            raise ModbusFault(f"Nobody answers at {self._name()}.", code="modbus.unreachable")
        self._client = client

    def close(self) -> None:
        """Close the line; a second call does nothing."""
        if self._client is not None:
            self._client.close()
            self._client = None
            self._connected(False)

    def _connected(self, is_connected: bool) -> None:
        # Without this an answer that cannot come any more would be waited for to the end.
        if not is_connected and self._judge is not None:
            self._judge.settle(Fault("modbus.closed"))

    def _name(self) -> str:
        return self.settings.device or f"{self.settings.host}:{self.settings.port}"

    def _new_client(self) -> Client:
        # The library writes the last frames to its log at every fault; ours are counted and told with a code instead.
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        one = self.settings
        framer = FramerType.SOCKET if one.framing is Framing.TCP else FramerType.RTU
        if one.device:
            return AsyncModbusSerialClient(
                one.device,
                framer=framer,
                baudrate=one.baud,
                parity=one.parity,
                stopbits=one.stop_bits,
                timeout=one.answer_s,
                # Off: they would repeat a question whose answer the bus must first let grow cold.
                retries=0,
                reconnect_delay=0,
                trace_packet=self._seen,
                trace_connect=self._connected,
            )
        if one.tls is not None:
            return AsyncModbusTlsClient(
                one.host,
                port=one.port,
                sslctx=one.tls,
                timeout=one.answer_s,
                retries=0,
                reconnect_delay=0,
                trace_packet=self._seen,
                trace_connect=self._connected,
            )
        return AsyncModbusTcpClient(
            one.host,
            port=one.port,
            framer=framer,
            timeout=one.answer_s,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._seen,
            trace_connect=self._connected,
        )

    def _seen(self, is_sent: bool, data: bytes) -> bytes:
        if self._trace is not None:
            self._trace(is_sent, bytes(data))
        return data

    async def read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        """Read registers, or bits as 0 and 1.

        Parameters
        ----------
        unit : int
            Unit id, 1 to 255; 0 is a broadcast and never read.
        function : int
            1 coils, 2 discrete inputs, 3 holding registers, 4 input registers.
        address : int
            First address on the line.
        count : int
            How many.

        Raises
        ------
        ModbusFault
            If no answer came, or octets that are not the answer.
        ModbusRefusal
            If the machine answered with an exception.
        """
        client, _ = self._line()
        key = (unit, function, address, count)
        frame = self._frames.get(key)
        if frame is None:
            if len(self._frames) >= _MOST_FRAMES:
                self._frames.clear()
            request = _READS[function](dev_id=unit, address=address, count=count)
            frame = self._frames[key] = client.ctx.framer.buildFrame(request)
        expected = Expected(
            unit=unit, function=function, count=count, address=address, transaction=self._next_transaction()
        )
        return await self._ask(frame, expected)

    async def write_registers(self, unit: int, address: int, values: list[int]) -> None:
        """Write holding registers: function 6 for one, 16 for more; never repeated by itself."""
        request: ModbusPDU
        if len(values) == 1:
            request, value = WriteSingleRegisterRequest(dev_id=unit, address=address, registers=values), values[0]
            function = 6
        else:
            request, value = WriteMultipleRegistersRequest(dev_id=unit, address=address, registers=values), 0
            function = 16
        await self._write(
            request, Expected(unit=unit, function=function, count=len(values), address=address, value=value)
        )

    async def write_coils(self, unit: int, address: int, values: list[bool]) -> None:
        """Write coils: function 5 for one, 15 for more; never repeated by itself."""
        request: ModbusPDU
        if len(values) == 1:
            request, value = WriteSingleCoilRequest(dev_id=unit, address=address, bits=values), 0xFF00 * values[0]
            function = 5
        else:
            request, value = WriteMultipleCoilsRequest(dev_id=unit, address=address, bits=values), 0
            function = 15
        await self._write(
            request, Expected(unit=unit, function=function, count=len(values), address=address, value=value)
        )

    async def _write(self, request: ModbusPDU, expected: Expected) -> None:
        client, _ = self._line()
        numbered = msgspec.structs.replace(expected, transaction=self._next_transaction())
        await self._ask(client.ctx.framer.buildFrame(request), numbered)

    def _line(self) -> tuple[Client, _JudgingSocket | _JudgingRtu]:
        client, judging = self._client, self._judge
        if client is None or judging is None or not client.connected:
            raise ModbusFault(f"The line to {self._name()} is closed.", code="modbus.closed")
        return client, judging

    def _next_transaction(self) -> int:
        # Counted on over connections, so that two questions within a minute or more never bear the same number.
        self._transaction = self._transaction % 0xFFFF + 1
        return self._transaction

    async def _ask(self, frame: bytes, expected: Expected) -> tuple[int, ...]:
        """Send a request as pymodbus framed it, and wait for what the judge finds.

        pymodbus's own waiting (``execute``) takes a lock, a task and a timer more for each question, and goes on
        waiting when the connection is lost.
        """
        client, judging = self._line()
        if self.settings.framing is Framing.TCP:
            # The cached frame bears another transaction number; only its first two octets differ.
            frame = expected.transaction.to_bytes(2, "big") + frame[2:]
        waiting = judging.begin(expected)
        timer = asyncio.get_running_loop().call_later(self.settings.answer_s, judging.settle, _SILENT)
        try:
            self._seen(True, frame)
            # The loop has not run since ``begin``: no answer can come before it is expected.
            client.ctx.send(frame)
            finding = await waiting
        finally:
            timer.cancel()
            judging.expected = None
        if isinstance(finding, Answer):
            if finding.exception:
                raise ModbusRefusal(finding.exception)
            return finding.values
        if finding.code in _NO_ANSWER:
            raise ModbusFault(f"No answer from unit {expected.unit} at {self._name()}.", code=finding.code)
        text = f"Unit {expected.unit} at {self._name()} sent something that is not the answer ({finding.code})."
        raise ModbusFault(text, code=finding.code)


def _keep_failures(client: Client) -> list[OSError]:
    """Have a client keep why it could not connect: the library writes that to its log and gives no more than a no."""
    failures: list[OSError] = []
    create = client.ctx.call_create

    async def creating() -> Any:
        try:
            return await create()
        except OSError as error:
            failures.append(error)
            raise

    client.ctx.call_create = creating
    return failures


def _as_framer(framer: FramerBase) -> FramerBase:
    return framer
