"""Stays as they are known some seconds later: who was where from when to when, told once it is over.

The map needs to know at once and puts up with a mark that is moved back now and then; a trail, a count of visits or a
search for who was near must not. Five seconds later the filter knows what came after, and errs in half a percent of
seconds instead of two (``benchmarks/gateway_zones.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rfid_gateway.cleaning.layout import Matrix
from twin.events.things import ZoneStayEnded

_ROWS_AT_FIRST = 256
_PROOF = 0.5  # what came after has been weighed already: more than all others together is enough
_NOWHERE = -1


class Stays:
    """Follows tags through lagged beliefs, epoch by epoch.

    A stay that lasts when the gateway ends is told by nobody; the next one begins anew.

    Parameters
    ----------
    zones : Sequence[str]
        Ids of the zones, by state; the state after the last is *away*.
    epoch_us : int
        Length of an epoch, microseconds.
    """

    def __init__(self, zones: Sequence[str], epoch_us: int) -> None:
        self._zones = zones
        self._epoch_us = epoch_us
        self._state = np.full(_ROWS_AT_FIRST, _NOWHERE, np.int64)
        self._entered_at = np.zeros(_ROWS_AT_FIRST, np.int64)
        # What was told by other evidence must not be told again by beliefs of epochs before it, which the lag lets in
        # later.
        self._not_before = np.zeros(_ROWS_AT_FIRST, np.int64)
        self._certainty = np.zeros(_ROWS_AT_FIRST)
        self._epochs = np.zeros(_ROWS_AT_FIRST, np.int64)

    def take(self, belief: Matrix, tags: Sequence[str], end: int) -> list[ZoneStayEnded]:
        """Take in the beliefs of an epoch and give the stays that ended as it began.

        Parameters
        ----------
        belief : Matrix
            Shape (tags, states), rows as in ``tags``; later tags may lack.
        tags : Sequence[str]
            Tag of each row.
        end : int
            End of that epoch, UTC microseconds.
        """
        count, start = len(belief), end - self._epoch_us
        self._grow(count)
        state, rows = self._state[:count], np.arange(count)
        best = belief.argmax(axis=1)
        is_new = (best != state) & (best != len(self._zones)) & (belief[rows, best] >= _PROOF)
        is_new &= self._not_before[:count] <= start
        ended = [self._ended(int(row), tags, start) for row in np.flatnonzero(is_new & (state != _NOWHERE))]
        state[is_new] = best[is_new]
        self._entered_at[:count][is_new] = start
        self._certainty[:count][is_new] = 0.0
        self._epochs[:count][is_new] = 0
        # Away states count nothing: while nobody sees the tag, its stay is neither surer nor less sure.
        is_here = (state != _NOWHERE) & (best == state)
        self._certainty[:count][is_here] += belief[rows, best][is_here]
        self._epochs[:count][is_here] += 1
        return ended

    def close(self, row: int, tags: Sequence[str], at: int) -> Iterator[ZoneStayEnded]:
        """End a tag's stay by other evidence: it was lost, or passed a door.

        Parameters
        ----------
        row : int
            Which tag.
        tags : Sequence[str]
            Tag of each row.
        at : int
            When it was there last, UTC microseconds; epochs before it, that are still to come, begin no new stay.
        """
        self._grow(row + 1)
        self._not_before[row] = at
        if self._state[row] != _NOWHERE:
            yield self._ended(row, tags, max(at, int(self._entered_at[row])))
            self._state[row] = _NOWHERE

    def _ended(self, row: int, tags: Sequence[str], at: int) -> ZoneStayEnded:
        certainty = float(self._certainty[row]) / max(int(self._epochs[row]), 1)  # mean belief over the stay
        return ZoneStayEnded(
            thing=tags[row],
            occurred_at=at,
            source="",
            source_key="",
            zone=self._zones[int(self._state[row])],
            entered_at=int(self._entered_at[row]),
            confidence=round(certainty, 4),
        )

    def _grow(self, count: int) -> None:
        # Doubled, so that adding tags one by one costs constant time each.
        while len(self._state) < count:
            more = len(self._state)
            self._state = np.concatenate([self._state, np.full(more, _NOWHERE, np.int64)])
            self._entered_at = np.concatenate([self._entered_at, np.zeros(more, np.int64)])
            self._not_before = np.concatenate([self._not_before, np.zeros(more, np.int64)])
            self._certainty = np.concatenate([self._certainty, np.zeros(more)])
            self._epochs = np.concatenate([self._epochs, np.zeros(more, np.int64)])
