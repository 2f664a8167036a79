"""Tags that are in two places at once, or travel faster than anybody walks: copies, or a read point named wrongly.

A stray reading comes from a neighbouring zone; one from two zones away or more within seconds is no carried tag. One
may still be a reflection, so that several within a minute are asked for. A layout that names no neighbours says
nothing about distances: then nothing is suspected.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rfid_gateway.cleaning.layout import Layout, ReadPointKind
from twin.clock import SECOND_US
from twin.events.things import SuspicionReason, TagSuspected

_UNKNOWN_HOPS = 0
_ROWS_AT_FIRST = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspicionSettings:
    """What is taken for impossible.

    Parameters
    ----------
    hop_s : float
        Least time from one zone to the next, seconds.
    strikes : int
        How many impossible readings are asked for,
    within_s : float
        within how long, seconds.
    rest_s : float
        After so long without another one it is over, seconds.
    again_s : float
        A suspicion that goes on is told again after so long, seconds: somebody may have said meanwhile that the copy
        is gone.
    """

    hop_s: float = 1.5
    strikes: int = 3
    within_s: float = 60.0
    rest_s: float = 600.0
    again_s: float = 3600.0


@dataclass(slots=True)
class _Case:
    strikes: deque[int] = field(default_factory=deque)
    told_at: int = 0
    zone: str = ""
    other_zone: str = ""
    reason: SuspicionReason = SuspicionReason.TWO_PLACES


def hops_between(layout: Layout) -> npt.NDArray[np.int64]:
    """Give how many zones apart the read points are, shape (read points, read points).

    0 stands for the same zone, for zones of which no way is known, and for read points that stand for no zone.
    """
    zones = list(layout.zones)
    number = {zone: i for i, zone in enumerate(zones)}
    beside: list[list[int]] = [[] for _ in zones]
    for one, other in layout.neighbours:
        if one in number and other in number:
            beside[number[one]].append(number[other])
            beside[number[other]].append(number[one])
    # Breadth first from every zone: a hospital's gateway has tens of zones, and a layout is built once.
    apart = np.zeros((len(zones), len(zones)), np.int64)
    for start in range(len(zones)):
        reached, front, hops = {start}, [start], 0
        while front:
            hops += 1
            front = [zone for here in front for zone in beside[here] if zone not in reached]
            reached |= set(front)
            apart[start, front] = hops
    of_point = [number[one.place] if one.kind is ReadPointKind.ZONE else -1 for one in layout.read_points]
    result = np.full((len(of_point), len(of_point)), _UNKNOWN_HOPS, np.int64)
    for i, here in enumerate(of_point):
        for j, there in enumerate(of_point):
            if here >= 0 and there >= 0:
                result[i, j] = apart[here, there]
    return result


class Suspicions:
    """Watches epoch by epoch which read points saw each tag.

    Parameters
    ----------
    layout : Layout
        Read points and neighbours.
    settings : SuspicionSettings, optional
        What is taken for impossible.
    """

    def __init__(self, layout: Layout, settings: SuspicionSettings | None = None) -> None:
        self._layout = layout
        self._settings = settings or SuspicionSettings()
        self._hops = hops_between(layout)
        self._point = np.full(_ROWS_AT_FIRST, -1, np.int64)
        self._at = np.zeros(_ROWS_AT_FIRST, np.int64)
        self._cases: dict[int, _Case] = {}

    def take(self, seen: npt.NDArray[np.bool_], tags: Sequence[str], end: int) -> list[TagSuspected]:
        """Take in an epoch and give the suspicions that it raises or ends.

        Parameters
        ----------
        seen : NDArray
            Which read point saw which tag, shape (tags, read points).
        tags : Sequence[str]
            Tag of each row.
        end : int
            End of the epoch, UTC microseconds.
        """
        # Without neighbours every distance is unknown: nothing can be impossible.
        if not self._hops.any():
            return []
        self._grow(len(seen))
        rows = np.flatnonzero(seen.any(axis=1))
        found = seen[rows]
        # The first and the last read point that saw the tag stand for all: two that lie far apart are enough.
        first = found.argmax(axis=1)
        last = found.shape[1] - 1 - found[:, ::-1].argmax(axis=1)
        for i in np.flatnonzero(self._hops[first, last] >= 2):
            self._strike(int(rows[i]), int(first[i]), int(last[i]), end, SuspicionReason.TWO_PLACES)
        before = self._point[rows]
        # maximum: -1 would take the last read point
        hops = np.where(before >= 0, self._hops[np.maximum(before, 0), first], 0)
        limit_us = hops * round(self._settings.hop_s * SECOND_US)
        for i in np.flatnonzero((hops >= 2) & (end - self._at[rows] < limit_us)):
            self._strike(int(rows[i]), int(before[i]), int(first[i]), end, SuspicionReason.IMPOSSIBLE_TRAVEL)
        self._point[rows], self._at[rows] = first, end
        return list(self._judge(tags, end))

    def _grow(self, count: int) -> None:
        while len(self._point) < count:
            self._point = np.concatenate([self._point, np.full(len(self._point), -1, np.int64)])
            self._at = np.concatenate([self._at, np.zeros(len(self._at), np.int64)])

    def _strike(self, row: int, one: int, other: int, end: int, reason: SuspicionReason) -> None:
        case = self._cases.setdefault(row, _Case())
        if case.strikes and case.strikes[-1] == end:
            return  # one epoch is one strike, however it shows
        case.strikes.append(end)
        points = self._layout.read_points
        case.zone, case.other_zone, case.reason = points[one].place, points[other].place, reason

    def _judge(self, tags: Sequence[str], end: int) -> Iterator[TagSuspected]:
        settings = self._settings
        for row, case in list(self._cases.items()):
            # Before the window is cut: the rest period counts from the last strike, even when the window has let it go.
            last = case.strikes[-1]
            while case.strikes and end - case.strikes[0] > settings.within_s * SECOND_US:
                case.strikes.popleft()
            is_due = not case.told_at or end - case.told_at >= settings.again_s * SECOND_US
            if is_due and len(case.strikes) >= settings.strikes:
                case.told_at = end
                yield _event(tags[row], case, end, is_over=False)
            elif case.told_at and end - last >= settings.rest_s * SECOND_US:
                del self._cases[row]
                yield _event(tags[row], case, end, is_over=True)
            elif not case.strikes and not case.told_at:
                del self._cases[row]
            elif not case.strikes:
                case.strikes.append(last)  # keeps when it was struck last


def _event(tag: str, case: _Case, at: int, *, is_over: bool) -> TagSuspected:
    return TagSuspected(
        thing=tag,
        occurred_at=at,
        source="",
        source_key="",
        reason=case.reason,
        zone=case.zone,
        other_zone=case.other_zone,
        is_over=is_over,
    )
