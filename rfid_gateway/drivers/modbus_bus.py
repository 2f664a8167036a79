"""One Modbus line shared by units: one question at a time, silence after a fault, and proof before trust again.

On a serial line an answer carries no number, so a late one looks like the answer to the next question. After a timeout
the line is therefore left silent for a while, whatever comes then is dropped, and the unit must first answer a question
whose answer has another length than any it has been asked: only then can nothing old be in its place.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from rfid_gateway.drivers.modbus_client import LineSettings, ModbusFault, ModbusRefusal, StrictClient
from rfid_gateway.modbus.replies import Framing
from rfid_gateway.transports.line_queue import LineQueue, Turn

# A late answer is a few questions old at most; if all were remembered, no length would be left to prove with.
_MOST_COUNTS = 16
_MOST_COUNT = {1: 2000, 2: 2000, 3: 125, 4: 125}  # Modbus application protocol 1.1b3, sections 6.1 to 6.4


@dataclass(frozen=True, slots=True, kw_only=True)
class BusSettings:
    """How careful to be on a line.

    Parameters
    ----------
    line : LineSettings
        Where it is.
    is_serial : bool
        Whether a serial line is anywhere on the way, also behind a converter.
    quarantine_s : float
        Silence after a fault on such a line, seconds; longer than the slowest answer.
    between_requests_s : float
        Pause that the slowest of its machines needs between an answer and the next question, seconds.
    after_connect_s : float
        Pause after a connection is opened, seconds.
    """

    line: LineSettings
    is_serial: bool = False
    quarantine_s: float = 0.6
    between_requests_s: float = 0.0
    after_connect_s: float = 0.0


@dataclass(slots=True)
class BusFigures:
    """Counts of one line since it was opened first."""

    requests: int = 0
    faults: int = 0
    quarantines: int = 0
    proofs: int = 0
    last_fault: str = ""


@dataclass(slots=True)
class _Doubt:
    """A unit that must prove itself: the question that went unanswered."""

    function: int
    address: int
    counts: deque[int] = field(default_factory=lambda: deque(maxlen=_MOST_COUNTS))


class ModbusBus:
    """A line with its units.

    Parameters
    ----------
    settings : BusSettings
        Line and care.
    client : StrictClient, optional
        Made from the settings by default.
    """

    def __init__(self, settings: BusSettings, client: StrictClient | None = None) -> None:
        self.figures = BusFigures()
        self._settings = settings
        self._client = client or StrictClient(settings.line)
        self._is_serial = settings.is_serial or settings.line.framing is Framing.RTU
        self._queue = LineQueue()
        self._last_at = 0.0
        # By unit: a unit that fell silent says nothing about its neighbours on the line.
        self._doubts: dict[int, _Doubt] = {}

    def close(self) -> None:
        """Close the line."""
        self._client.close()

    async def read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        """Read from a unit when the line is free; see :meth:`StrictClient.read`.

        Raises
        ------
        ModbusFault
            If no answer came, or octets that are not the answer.
        ModbusRefusal
            If the machine answered with an exception.
        """
        await self._queue.enter(Turn.READ)
        try:
            await self._ready()
            if unit in self._doubts:
                await self._prove(unit, function, address, count)
            return await self._read(unit, function, address, count)
        finally:
            self._queue.leave()

    async def write_registers(self, unit: int, address: int, values: list[int]) -> tuple[int, ...]:
        """Write holding registers before all reads that wait, and give what reads back; a write is never repeated."""
        await self._queue.enter(Turn.WRITE)
        try:
            await self._ready()
            if unit in self._doubts:
                # Otherwise a late answer could stand for what reads back.
                await self._prove(unit, 3, address, len(values))
            await self._pause()
            self.figures.requests += 1
            try:
                await self._client.write_registers(unit, address, values)
            except ModbusFault as fault:
                await self._distrust(unit, 3, address, len(values), fault)
                raise
            return await self._read(unit, 3, address, len(values))
        finally:
            self._queue.leave()

    async def _ready(self) -> None:
        if not self._client.is_open:
            await self._client.open()
            if self._settings.after_connect_s:
                await asyncio.sleep(self._settings.after_connect_s)

    async def _pause(self) -> None:
        """Leave the line silent for as long as its machines need between two questions."""
        pause_s = self._settings.between_requests_s
        if pause_s:
            loop = asyncio.get_running_loop()
            await asyncio.sleep(max(0.0, self._last_at + pause_s - loop.time()))

    async def _read(self, unit: int, function: int, address: int, count: int) -> tuple[int, ...]:
        await self._pause()
        self.figures.requests += 1
        try:
            return await self._client.read(unit, function, address, count)
        except ModbusFault as fault:
            await self._distrust(unit, function, address, count, fault)
            raise
        finally:
            if self._settings.between_requests_s:
                self._last_at = asyncio.get_running_loop().time()

    async def _distrust(self, unit: int, function: int, address: int, count: int, fault: ModbusFault) -> None:
        self.figures.faults += 1
        self.figures.last_fault = fault.code
        if self._is_serial:
            doubt = self._doubts.setdefault(unit, _Doubt(function, address))
            doubt.counts.append(count)
            self.figures.quarantines += 1
            # What comes now belongs to nobody: the client drops it, since nothing is expected.
            await asyncio.sleep(self._settings.quarantine_s)
        # A serial port stays open: opening it anew would not empty what is still under way on the wires.
        if not self._settings.line.device:
            self._client.close()

    async def _prove(self, unit: int, function: int, address: int, count: int) -> None:
        doubt = self._doubts[unit]
        probe = _other_count(function, [*doubt.counts, count])
        self.figures.proofs += 1
        try:
            await self._read(unit, function, address, probe)
        except ModbusRefusal:
            # An exception has one length whatever was asked, so it proves nothing unless it is repeated by another one.
            await self._prove_by_refusal(unit, function, address, probe)
        del self._doubts[unit]

    async def _prove_by_refusal(self, unit: int, function: int, address: int, probe: int) -> None:
        try:
            await self._read(unit, function, address, _other_count(function, [*self._doubts[unit].counts, probe]))
        except ModbusRefusal:
            return


def _other_count(function: int, used: Iterable[int]) -> int:
    """Give the least count whose answer has a length that none of the used counts has."""
    # Lengths are compared, not counts: eight coils and five fill one octet both.
    octets = {_data_octets(function, count) for count in used}
    candidates = range(1, _MOST_COUNT[function] + 1)
    return next(count for count in candidates if _data_octets(function, count) not in octets)


def _data_octets(function: int, count: int) -> int:
    return (count + 7) // 8 if function in (1, 2) else 2 * count
