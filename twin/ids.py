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

_RANDOM_BITS = 62
_COUNTER_BITS = 12


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

    def __init__(self, random: Callable[[int], bytes] = os.urandom) -> None:
        self._random = random
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
        now_ms = max(at_us // 1000, 0)
        with self._lock:
            if now_ms > self._last_ms:
                self._last_ms, self._counter = now_ms, 0
            else:
                self._counter += 1
                if self._counter >> _COUNTER_BITS:
                    self._last_ms, self._counter = self._last_ms + 1, 0
            ms, counter = self._last_ms, self._counter
        tail = int.from_bytes(self._random(8), "big") & ((1 << _RANDOM_BITS) - 1)
        value = (ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | tail
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


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
