"""The walk test: somebody carries a tag through the zones and says where they are, and the antennas are judged by it.

Antennas are placed by guess; whether a room is covered, and whether the room beside it hears it too, shows only by
walking there with a tag that is known. For each zone the test tells how much of the time its own antennas saw the tag,
how long they lost it, which other antennas saw it, and which zone the filter took it to be in.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from rfid_gateway.cleaning.layout import Layout
from rfid_gateway.rfid.readings import TagReading
from twin.clock import SECOND_US

_Z95 = 1.959964  # two-sided 95 % point of the normal distribution
MOST_EPOCHS = 20_000  # some hours; a test that nobody ended must not fill the memory


class ZoneWalked(msgspec.Struct, frozen=True, kw_only=True):
    """How a zone showed itself.

    Parameters
    ----------
    place : str
        Id of the zone that was walked.
    epochs : int
        Epochs in it that count.
    coverage, coverage_low, coverage_high : float
        Share of them in which an antenna of the zone saw the tag, with its 95 % interval (Wilson).
    longest_gap_s : float
        Longest time without a reading by an antenna of the zone, seconds.
    seen_by : dict[str, float]
        Share of the epochs in which each read point saw the tag, greatest first.
    taken_for : dict[str, float]
        Share of the epochs in which the filter took the tag to be in each zone, greatest first; empty id for none.
    """

    place: str
    epochs: int
    coverage: float
    coverage_low: float
    coverage_high: float
    longest_gap_s: float
    seen_by: dict[str, float]
    taken_for: dict[str, float]

    @property
    def confusion(self) -> float:
        """Share of the epochs in which the filter took the tag to be in another zone."""
        return sum(share for zone, share in self.taken_for.items() if zone not in ("", self.place))


@dataclass(slots=True)
class _Stay:
    place: str
    start: int
    end: int | None = None


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Give the 95 % interval of a share.

    Parameters
    ----------
    hits, count : int
        How often it was so, of how many.

    References
    ----------
    Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212.

    Examples
    --------
    >>> tuple(round(bound, 3) for bound in wilson(9, 10))
    (0.596, 0.982)
    """
    if not count:
        return 0.0, 1.0
    share, weight = hits / count, _Z95**2 / count
    middle = (share + weight / 2) / (1 + weight)
    half = math.sqrt(share * (1 - share) * weight + weight**2 / 4) / (1 + weight)
    # All and none are bounds of their own: rounding must not put the share outside of its interval.
    return 0.0 if not hits else max(middle - half, 0.0), 1.0 if hits == count else min(middle + half, 1.0)


class WalkTest:
    """One walk; fed like the cleaning stage, beside it.

    Parameters
    ----------
    layout : Layout
        Read points and zones.
    tag : str
        The tag that is carried.
    epoch_us : int
        Length of an epoch, microseconds.
    settle_s : float
        What follows a mark within this time does not count: somebody still stands in the door, seconds.
    """

    def __init__(self, layout: Layout, tag: str, *, epoch_us: int, settle_s: float = 5.0) -> None:
        self.tag = tag
        self._layout = layout
        self._epoch_us = epoch_us
        self._settle_us = round(settle_s * SECOND_US)
        self._stays: list[_Stay] = []
        self._seen: dict[int, set[int]] = {}
        self._zone: dict[int, str] = {}

    @property
    def place(self) -> str:
        """Where the person is by their own word; empty before the first mark and after the end."""
        return self._stays[-1].place if self._stays and self._stays[-1].end is None else ""

    def mark(self, place: str, at: int) -> None:
        """Take the person's word that they are in a zone from now on.

        Parameters
        ----------
        place : str
            Id of the zone.
        at : int
            UTC microseconds.
        """
        self.finish(at)
        self._stays.append(_Stay(place, at))

    def finish(self, at: int) -> None:
        """End the stay in the last zone."""
        if self._stays and self._stays[-1].end is None:
            self._stays[-1].end = at

    def take(self, readings: Iterable[TagReading]) -> None:
        """Take in readings of any tags."""
        for reading in readings:
            if reading.tag == self.tag:
                index = self._layout.find(reading.reader, reading.antenna)
                epoch = reading.at // self._epoch_us
                if index >= 0 and (epoch in self._seen or len(self._seen) < MOST_EPOCHS):
                    self._seen.setdefault(epoch, set()).add(index)

    def watch(self, zone: str, at: int) -> None:
        """Take in where the filter takes the tag to be now; the last word within an epoch counts."""
        epoch = at // self._epoch_us
        if epoch in self._zone or len(self._zone) < MOST_EPOCHS:
            self._zone[epoch] = zone

    def results(self, now: int) -> list[ZoneWalked]:
        """Give what the walk showed so far, in the order in which the zones were walked first.

        Parameters
        ----------
        now : int
            UTC microseconds; ends the stay that still lasts.
        """
        epochs_by_place: dict[str, list[int]] = {}
        for stay in self._stays:
            # Upwards: an epoch that began before the person had settled does not count.
            first = -(-(stay.start + self._settle_us) // self._epoch_us)
            past = (now if stay.end is None else stay.end) // self._epoch_us
            epochs_by_place.setdefault(stay.place, []).extend(range(first, min(past, first + MOST_EPOCHS)))
        return [self._result(place, epochs) for place, epochs in epochs_by_place.items()]

    def _result(self, place: str, epochs: list[int]) -> ZoneWalked:
        points = self._layout.read_points
        seen_by: Counter[str] = Counter(points[index].id for one in epochs for index in self._seen.get(one, ()))
        own = [any(points[index].place == place for index in self._seen.get(one, ())) for one in epochs]
        taken_for = Counter(self._zone.get(one, "") for one in epochs)
        count, hits = len(epochs), sum(own)
        low, high = wilson(hits, count)
        return ZoneWalked(
            place=place,
            epochs=count,
            coverage=hits / count if count else 0.0,
            coverage_low=low,
            coverage_high=high,
            longest_gap_s=_longest_gap(epochs, own) * self._epoch_us / SECOND_US,
            seen_by={key: number / count for key, number in seen_by.most_common()},
            taken_for={key: number / count for key, number in taken_for.most_common()},
        )


def _longest_gap(epochs: list[int], own: list[bool]) -> int:
    longest = gap = 0
    before = None
    for epoch, is_seen in zip(epochs, own, strict=True):
        # Two stays in one zone do not make one gap.
        gap = 0 if is_seen else 1 if before is None or epoch != before + 1 else gap + 1
        longest, before = max(longest, gap), epoch
    return longest
