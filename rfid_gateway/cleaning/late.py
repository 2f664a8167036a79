"""Readings that come after their epoch was closed: a reader that was cut off tells what it held when it is back.

They cannot change what antennas saw in an epoch that was weighed already, but they are facts of their own time. What is
the newest that anybody knows of a tag says where it is now; an exit that lies before something newer is told for the
record, at its own time, and moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from rfid_gateway.cleaning.layout import ReadPoint, ReadPointKind, ReadRates
from rfid_gateway.rfid.readings import TagReading
from twin.clock import MINUTE_US

_MOST_CONFIDENCE = 0.9  # as for a doorway: what nobody could watch since is less sure than what is read now
_LEAST_EPOCHS = 2  # one stray reading of a neighbour must not move a tag
_MOST_EPOCHS = 16  # more make nobody surer; a reader that is always late must not fill the memory
_ONE_VISIT_US = MINUTE_US  # readings of one exit that are no further apart are one visit


@dataclass(frozen=True, slots=True)
class LateFinding:
    """What late readings of a tag say.

    Parameters
    ----------
    place : str
        Where it was.
    at : int
        When, UTC microseconds.
    confidence : float
        0 to 1.
    is_newest : bool
        Whether nothing newer is known of the tag, so that it is taken to be there still.
    """

    place: str
    at: int
    confidence: float
    is_newest: bool


@dataclass(slots=True)
class _Held:
    place: str
    epochs: set[int]


class LateReadings:
    """Weighs late readings tag by tag.

    Parameters
    ----------
    epoch_us : int
        Length of an epoch, microseconds.
    rates : ReadRates
        How often an antenna sees a tag of its own zone, and of a neighbour's.
    choke_confidence : float
        What one reading of a choke point is worth.
    """

    def __init__(self, epoch_us: int, rates: ReadRates, choke_confidence: float) -> None:
        self._epoch_us = epoch_us
        # The odds that a reading is a stray one of a neighbour's tag; equal rates would tell nothing.
        self._stray = min(rates.neighbour / max(rates.own, 1e-9), 1.0)
        self._choke_confidence = choke_confidence
        self._held: dict[str, _Held] = {}
        self._exits: dict[tuple[str, str], int] = {}

    def take(self, reading: TagReading, point: ReadPoint, newest_at: int) -> LateFinding | None:
        """Take in a late reading and give what follows from it.

        Parameters
        ----------
        reading : TagReading
            The reading.
        point : ReadPoint
            The antenna's zone or choke point.
        newest_at : int
            When the tag was seen last by any antenna before this reading came, UTC microseconds; 0 for never.
        """
        is_newest = reading.at > newest_at
        if point.kind is ReadPointKind.CHOKE:
            key = (reading.tag, point.place)
            last = self._exits.get(key)
            self._exits[key] = max(reading.at, last or 0)
            if last is not None and abs(reading.at - last) < _ONE_VISIT_US:
                return None
            return LateFinding(point.place, reading.at, self._choke_confidence, is_newest)
        if not is_newest:
            return None  # it has been seen since, and where it was before is no news to anybody
        held = self._held.get(reading.tag)
        if held is None or held.place != point.place:
            # Another room speaks: what counts is where it was seen last.
            held = self._held[reading.tag] = _Held(point.place, set())
        if len(held.epochs) < _MOST_EPOCHS:
            held.epochs.add(reading.at // self._epoch_us)
        if len(held.epochs) < _LEAST_EPOCHS:
            return None
        confidence = min(1.0 - self._stray ** len(held.epochs), _MOST_CONFIDENCE)
        return LateFinding(point.place, reading.at, confidence, is_newest)

    def forget(self, tag: str) -> None:
        """Forget what was held of a tag that is read in time again."""
        self._held.pop(tag, None)

    def advance(self, now: int) -> None:
        """Forget exits that no reading can belong to any more."""
        for key in [key for key, at in self._exits.items() if at < now - 60 * _ONE_VISIT_US]:
            del self._exits[key]
