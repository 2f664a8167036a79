"""Identifiers: one NewType per kind of thing, and time-ordered unique ids.

GS1 keys keep their GS1 names (GTIN, GIAI, GRAI, SGLN, SSCC). An id names a thing within its kind; facets such as
``"bed.readiness"`` carry the kind, so (facet, id) is unique in the hospital.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import NewType

EventId = NewType("EventId", str)
ThingId = NewType("ThingId", str)
PlaceId = NewType("PlaceId", str)
PathId = NewType("PathId", str)
AssetId = NewType("AssetId", str)
TagId = NewType("TagId", str)
EncounterId = NewType("EncounterId", str)
StaffId = NewType("StaffId", str)
ItemId = NewType("ItemId", str)
LotId = NewType("LotId", str)
TaskId = NewType("TaskId", str)
AlarmId = NewType("AlarmId", str)
GatewayId = NewType("GatewayId", str)
ReadPointId = NewType("ReadPointId", str)
CycleId = NewType("CycleId", str)
LoadId = NewType("LoadId", str)
PlanId = NewType("PlanId", str)
RunId = NewType("RunId", str)
TicketId = NewType("TicketId", str)
ServicePointId = NewType("ServicePointId", str)
UserId = NewType("UserId", str)
Gtin = NewType("Gtin", str)

_WITH_VARIANT = bytes(0x80 | byte & 0x3F for byte in range(256))  # the two bits before the random ones
_COUNTER_BITS = 12
_COUNTERS = tuple(f"-7{counter:03x}-" for counter in range(1 << _COUNTER_BITS))  # version 7 before each
_POOL = 4096  # bytes


class UniqueIds:
    """Source of UUIDv7 strings that sort in the order in which they were made.

    Parameters
    ----------
    random : Callable[[int], bytes], optional
        Gives that many random bytes; the operating system's by default, a seeded one in the demo and in tests.

    Notes
    -----
    The 12 bits after the version hold a counter within the millisecond (method 1 of section 6.2), and the millisecond
    never runs backwards: if the wall clock is set back, or the counter overflows, the last one is kept or advanced.

    References
    ----------
    RFC 9562 (2024), section 5.7.
    """

    def __init__(self, random: Callable[[int], bytes] | None = None) -> None:
        self._random = random or _Pool().take
        self._lock = threading.Lock()
        self._last_ms = 0
        self._counter = 0

    def next(self, at_us: int) -> str:
        """Give one new UUIDv7 in canonical text form.

        Parameters
        ----------
        at_us : int
            UTC microseconds since 1970; only whole milliseconds enter the id.

        Returns
        -------
        str
            36 characters, lower case, with hyphens.
        """
        return self.many(at_us, 1)[0]

    def many(self, at_us: int, count: int) -> list[str]:
        """Give new UUIDv7s in ascending order; cheaper than one after the other.

        Parameters
        ----------
        at_us : int
            As for :meth:`next`.
        count : int
            How many, 0 and up.
        """
        now_ms = max(at_us // 1000, 0)
        found: list[str] = []
        with self._lock:
            ms, counter = self._last_ms, self._counter
            if now_ms > ms:
                ms, counter = now_ms, -1
            chance = bytearray(self._random(8 * count))
            chance[::8] = chance[::8].translate(_WITH_VARIANT)
            tails = chance.hex("-", 8).split("-")
            while len(found) < count:
                # the clock is run ahead of, by a millisecond per 4096 ids; it catches up when the flood is over
                if (counter + 1) >> _COUNTER_BITS:
                    ms, counter = ms + 1, -1
                head, done = _head(ms), len(found)
                run = _COUNTERS[counter + 1 : counter + 1 + count - done]
                found += [f"{head}{one}{tail[:4]}-{tail[4:]}" for one, tail in zip(run, tails[done:], strict=False)]
                counter += len(run)
            self._last_ms, self._counter = ms, counter
        return found


def _head(ms: int) -> str:
    return f"{ms >> 16 & 0xFFFFFFFF:08x}-{ms & 0xFFFF:04x}"


class _Pool:
    """Random bytes of the operating system, fetched many at a time: a system call costs more than an id."""

    __slots__ = ("_at", "_bytes")

    def __init__(self) -> None:
        self._bytes = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """Give the next bytes; the caller sees to it that one thread at a time asks."""
        if self._at + count > len(self._bytes):
            self._bytes, self._at = os.urandom(max(_POOL, count)), 0
        start = self._at
        self._at = start + count
        return self._bytes[start : self._at]


def instant_of_uuid7(identifier: str) -> int:
    """Give the instant at which a UUIDv7 was made.

    Parameters
    ----------
    identifier : str
        UUIDv7 in canonical text form.

    Returns
    -------
    int
        UTC microseconds since 1970, a whole number of milliseconds.

    Examples
    --------
    The example of RFC 9562, appendix A.6, made at 2022-02-22 19:22:22 UTC:

    >>> instant_of_uuid7("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")
    1645557742000000
    """
    return int(identifier[:8] + identifier[9:13], 16) * 1000
