"""Bins on the rack: an empty two-bin bin that is put there asks for goods once, however long it lies there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rfid_gateway.rfid.readings import TagReading
from twin.events.things import BinEmptied


@dataclass(frozen=True, slots=True)
class Bin:
    """What a bin's tag stands for.

    Parameters
    ----------
    id : str
        Id of the bin.
    place : str
        Id of the place where it belongs.
    """

    id: str
    place: str


class BinRacks:
    """When each bin was last seen on a rack, also over a restart of the gateway.

    Parameters
    ----------
    bins : Mapping[str, Bin]
        What the tags of bins stand for, by tag.
    rest_us : int
        How long a bin must have been away to count as emptied anew, microseconds.
    """

    def __init__(self, bins: Mapping[str, Bin], rest_us: int) -> None:
        self._bins = bins
        self._rest_us = rest_us
        # Bins are read all the time: to keep every reading would wear out a disk of flash for nothing.
        self._keep_every_us = max(rest_us // 4, 1)
        self._seen_at: dict[str, int] = {}
        self._kept_at: dict[str, int] = {}

    def see(self, reading: TagReading, rack: str) -> list[BinEmptied]:
        """Take in a reading of a rack's antenna and give what follows from it.

        Parameters
        ----------
        reading : TagReading
            Of the rack.
        rack : str
            Id of the rack's place; that of a tag which no bin is known by.
        """
        last = self._seen_at.get(reading.tag)
        self._seen_at[reading.tag] = max(reading.at, last or 0)
        if last is not None and reading.at - last < self._rest_us:
            return []
        known = self._bins.get(reading.tag)
        thing, home = (known.id, known.place) if known else (reading.tag, rack)
        return [BinEmptied(thing=thing, occurred_at=reading.at, source="", source_key="", place=home)]

    def remember(self, seen_at: Mapping[str, int]) -> None:
        """Take in what was known before the gateway was started.

        After an outage that was longer than the rest a bin on the rack is told again: it may have been filled and
        emptied meanwhile, and a request that comes twice is seen by the core, a missing one by nobody.
        """
        for tag, at in seen_at.items():
            self._seen_at[tag] = max(at, self._seen_at.get(tag, 0))
            self._kept_at[tag] = at

    def shift(self, by_us: int) -> None:
        """Count what is known from another time: the gateway's clock was set by so many microseconds."""
        for table in (self._seen_at, self._kept_at):
            for tag in table:
                table[tag] += by_us

    def changes(self) -> dict[str, int]:
        """Give what must be kept for the next start, once: when bins were seen last, by tag."""
        changed = {
            tag: at
            for tag, at in self._seen_at.items()
            if at - self._kept_at.get(tag, -self._keep_every_us) >= self._keep_every_us
        }
        self._kept_at |= changed
        return changed

    def take_back(self, changed: Mapping[str, int]) -> None:
        """Take back changes that could not be kept; they are given again."""
        for tag in changed:
            self._kept_at.pop(tag, None)
