"""From the octets of a reader's report to readings on the gateway's clock, column by column.

One reader of a busy corridor reports thousands of tags a second. All that a report's tags have in common, such as how
far the reader's clock is off, is worked out once for the report, and what is done to each tag is left to loops that
run inside the interpreter.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

from rfid_gateway.rfid.clocks import ClockOffset
from rfid_gateway.rfid.llrp.reports import ReportReader, TagReport
from rfid_gateway.rfid.readings import UNKNOWN_RSSI_DBM, TagReading, tag_of_epc

# A hospital has some ten thousands of tags; what is over that is noise or hostile, and must not fill the memory.
_MOST_NAMES = 65_536


class _TagNames(dict[bytes, str]):
    """Ids of tags by EPC: the same few thousand tags are reported over and over."""

    def __missing__(self, epc: bytes) -> str:
        if len(self) >= _MOST_NAMES:
            self.clear()
        name = self[epc] = tag_of_epc(epc)
        return name


class ReportTranslator:
    """Reads RO_ACCESS_REPORT bodies of one reader as readings.

    Parameters
    ----------
    device : str
        Id of the reader.
    """

    def __init__(self, device: str) -> None:
        self.reports = ReportReader()
        self.offset = ClockOffset()
        self._device = device
        self._names = _TagNames()

    def read(self, body: bytes, arrived_at: int) -> list[TagReading]:
        """Give the readings of a report, in its order, with times corrected to the gateway's clock.

        Parameters
        ----------
        body : bytes
            Of an RO_ACCESS_REPORT message.
        arrived_at : int
            When it came, UTC microseconds of the gateway's clock.
        """
        tags = self.reports.read(body)
        return self._translate(tags, arrived_at) if tags else []

    def _translate(self, tags: Sequence[TagReport], arrived_at: int) -> list[TagReading]:
        epcs, antennas, levels, first_seen, last_seen, times, _, _, chips = zip(*tags, strict=True)
        # 0 is "not told" as well: no reader has an antenna 0, saw a tag zero times or in the first second of 1970.
        # A column in which nothing is missing, as most are, is taken as it stands.
        seen_at = (
            last_seen
            if all(last_seen)
            else [last or first or 0 for last, first in zip(last_seen, first_seen, strict=True)]
        )
        # The newest time of a report has waited least in the reader's buffer.
        self.offset.observe(max(seen_at), arrived_at)
        return list(
            # ``map`` over columns: the loop over tags runs in C.
            map(
                TagReading,
                map(self._names.__getitem__, epcs),
                repeat(self._device),
                antennas if all(antennas) else [antenna or 0 for antenna in antennas],
                self.offset.correct_all(seen_at, arrived_at),
                [UNKNOWN_RSSI_DBM if level is None else float(level) for level in levels]
                if None in levels
                else map(float, levels),
                times if all(times) else [count or 1 for count in times],
                [tag_of_epc(chip) if chip else "" for chip in chips] if any(chips) else repeat(""),
            )
        )
