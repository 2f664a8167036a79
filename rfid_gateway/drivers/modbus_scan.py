"""Finding out which addresses of an unknown machine can be read, with few questions and none that changes anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rfid_gateway.drivers.modbus_bus import ModbusBus
from rfid_gateway.drivers.modbus_client import ModbusRefusal
from rfid_gateway.modbus.profile import Table

_WHOLE_TABLE = frozenset({1, 10, 11})  # illegal function; gateway path unavailable; gateway target does not respond
_MOST_REGISTERS, _MOST_BITS = 125, 2000


@dataclass(frozen=True, slots=True)
class Readable:
    """A run of addresses that the machine gives.

    Parameters
    ----------
    table : Table
        Which table.
    first : int
        First address on the line.
    values : tuple[int, ...]
        What stands there now.
    """

    table: Table
    first: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found.

    Parameters
    ----------
    readable : Sequence[Readable]
        What can be read, lowest first.
    refusals : Mapping[int, int]
        How often the machine refused, by exception code: why nothing can be read, where nothing can.
    """

    readable: Sequence[Readable]
    refusals: Mapping[int, int]


async def scan(bus: ModbusBus, unit: int, table: Table, first: int, last: int) -> Scanned:
    """Give what can be read within a range, runs joined.

    A block that the machine refuses is halved until single addresses are left, so that a machine without holes takes as
    many questions as it has blocks, and each hole about a dozen more.

    Parameters
    ----------
    bus : ModbusBus
        The line.
    unit : int
        Unit id.
    table : Table
        Which table.
    first, last : int
        Range on the line, both ends included.

    Raises
    ------
    ModbusFault
        If the machine does not answer at all.
    """
    size = _MOST_BITS if table.is_bits else _MOST_REGISTERS
    found: list[Readable] = []
    refusals: Counter[int] = Counter()
    # Reversed, so that the lowest block is taken from the end of the list first and runs can be joined.
    waiting = [(start, min(start + size - 1, last)) for start in range(first, last + 1, size)][::-1]
    while waiting:
        start, end = waiting.pop()
        try:
            values = await bus.read(unit, table.function_code, start, end - start + 1)
        except ModbusRefusal as refusal:
            refusals[refusal.exception] += 1
            # A function unknown to the machine, or a unit that its converter cannot reach: however small the block.
            if refusal.exception in _WHOLE_TABLE:
                return Scanned((), refusals)
            if end > start:
                middle = (start + end) // 2
                waiting += [(middle + 1, end), (start, middle)]
            continue
        if found and found[-1].first + len(found[-1].values) == start:
            values = found[-1].values + values
            start = found.pop().first
        found.append(Readable(table, start, values))
    return Scanned(found, refusals)
