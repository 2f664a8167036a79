"""What was seen in each epoch that is still open: readings belong where their own time says, not where they arrive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rfid_gateway.cleaning.zones import BoolArray


@dataclass(frozen=True, slots=True, order=True)
class Verdict:
    """Where a tag is by better evidence than a room's antennas: a choke point or a doorway.

    Parameters
    ----------
    at : int
        When, UTC microseconds.
    tag, place : str
        Which tag, and where it is then.
    read_point : str
        Id of the read point; empty for a doorway.
    confidence : float
        0 to 1.
    is_passage : bool
        Whether it went through a doorway, which ends its stay.
    """

    at: int
    tag: str
    place: str
    read_point: str
    confidence: float
    is_passage: bool


@dataclass(slots=True)
class Epoch:
    """One epoch before it is weighed.

    Parameters
    ----------
    points_by_tag : dict[str, int]
        Which read points saw each tag, as bits.
    heard : set[tuple[str, str, int]]
        The same by what a reading bears, so that a repetition, which most readings are, costs one look.
    last_by_tag : dict[str, tuple[int, int]]
        When each tag was seen last in it, and by which read point.
    verdicts : list[Verdict]
        What is known by better evidence.
    """

    points_by_tag: dict[str, int] = field(default_factory=dict)
    heard: set[tuple[str, str, int]] = field(default_factory=set)
    last_by_tag: dict[str, tuple[int, int]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def new_tags(self) -> Sequence[str]:
        """Tags that it names, sorted: rows of the filter must not depend on the order in which readers told them."""
        return sorted({*self.points_by_tag, *(one.tag for one in self.verdicts)})

    def saw(self, tag: str, index: int) -> bool:
        """Tell whether a read point saw a tag."""
        return bool(self.points_by_tag.get(tag, 0) >> index & 1)

    def add(self, tag: str, index: int, at: int) -> None:
        """Note that a read point saw a tag."""
        self.points_by_tag[tag] = self.points_by_tag.get(tag, 0) | 1 << index
        last = self.last_by_tag.get(tag)
        if last is None or (at, index) > last:
            self.last_by_tag[tag] = (at, index)

    def seen(self, row_by_tag: Mapping[str, int], width: int) -> BoolArray:
        """Give which read point saw which tag, shape (tags, read points)."""
        # Dense, as the filter multiplies it: tags times read points is small beside the tags' beliefs of all zones.
        seen: BoolArray = np.zeros((len(row_by_tag), width), dtype=bool)
        rows, columns = [], []
        for tag, points in self.points_by_tag.items():
            row = row_by_tag[tag]
            while points:
                column = (points & -points).bit_length() - 1  # lowest bit
                rows.append(row)
                columns.append(column)
                points &= points - 1
        seen[rows, columns] = True
        return seen


class OpenEpochs:
    """The epochs that are not weighed yet.

    Parameters
    ----------
    epoch_us : int
        Length of an epoch, microseconds.
    """

    def __init__(self, epoch_us: int) -> None:
        self.epoch_us = epoch_us
        self.first: int | None = None
        self._epochs: dict[int, Epoch] = {}

    def begin(self, low: int) -> None:
        """Open the epoch of a time, if none is open yet; UTC microseconds."""
        if self.first is None:
            self.first = low // self.epoch_us

    def at(self, number: int) -> Epoch:
        """Give an epoch by its number; of one that was weighed already nothing counts any more."""
        if self.first is not None and number < self.first:
            return Epoch()
        epoch = self._epochs.get(number)
        if epoch is None:
            epoch = self._epochs[number] = Epoch()
        return epoch

    def still_open(self, at: int) -> Epoch:
        """Give the epoch of a time, or the one that is weighed next where that one was weighed already."""
        return self.at(max(at // self.epoch_us, self.first or 0))

    def is_behind(self, at: int) -> bool:
        """Tell whether the epoch of a time was weighed already."""
        return self.first is not None and at < self.first * self.epoch_us

    def ago(self, at: int) -> int:
        """Give how many epochs before the one that was weighed last the one of a time was."""
        return (self.first or 0) - 1 - at // self.epoch_us

    def last_seen(self, tag: str) -> tuple[int, int]:
        """Give when and by which read point a tag was seen last in any open epoch; (0, -1) for never."""
        return max((one.last_by_tag.get(tag, (0, -1)) for one in self._epochs.values()), default=(0, -1))

    def take_due(self, low: int, most_empty: int) -> list[tuple[int, Epoch]]:
        """Close the epochs that end at a time or before, and give their ends with what was seen in them.

        Parameters
        ----------
        low : int
            Time before which nothing is expected any more, UTC microseconds.
        most_empty : int
            How many epochs without a reading are given at most, the latest.
        """
        due = low // self.epoch_us
        if self.first is None or due <= self.first:
            return []
        # After a long pause nothing was seen because nobody looked; a few epochs are enough to say so.
        numbers = set(range(max(self.first, due - most_empty), due)) | {one for one in self._epochs if one < due}
        self.first = due
        return [((one + 1) * self.epoch_us, self._epochs.pop(one, Epoch())) for one in sorted(numbers)]
