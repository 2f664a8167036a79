"""The history in memory: the whole hospital at a past instant in milliseconds, for screens that move through time."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable

from sqlalchemy import func, select
from sqlmodel import Session

from twin.history.checkpoints import Fact, Key
from twin.history.tables import INTERVALS

Change = tuple[int, int, Key, Fact]
"""Instant, id of the interval, facet and thing, what held from then on."""


class MemoryHistory:
    """Copies of the whole hospital every so many changes, and the changes between them.

    Parameters
    ----------
    every : int, optional
        Changes between two copies.

    Notes
    -----
    A copy shares the facts with the others, so it costs about 100 bytes per facet. A late change is put into every copy
    that it is true of.
    """

    def __init__(self, every: int = 25_000) -> None:
        self._every = every
        self._changes: list[Change] = []
        self._copies: list[tuple[int, int, dict[Key, Fact]]] = []
        self._present: dict[Key, Fact] = {}
        self._since_copy = 0
        self._last_id = 0

    def __len__(self) -> int:
        """Give how many changes are held."""
        return len(self._changes)

    def refresh(self, session: Session) -> int:
        """Take in what was written since the last call; give how many intervals that were.

        Parameters
        ----------
        session : Session
            Any session.
        """
        # ids grow with commits of the one writer: none below the newest can still come
        newest = session.execute(select(func.max(INTERVALS.c.id))).scalar() or 0
        query = (
            select(
                INTERVALS.c.from_at,
                INTERVALS.c.id,
                INTERVALS.c.facet,
                INTERVALS.c.thing,
                INTERVALS.c.value,
                INTERVALS.c.sequence,
            )
            .where(INTERVALS.c.id > self._last_id, INTERVALS.c.id <= newest)
            .order_by(INTERVALS.c.id)
        )
        rows = session.execute(query.execution_options(yield_per=10_000))
        taken = self.add(
            (at, number, (facet, thing), Fact(value, at, seq)) for at, number, facet, thing, value, seq in rows
        )
        self._last_id = newest
        return taken

    def add(self, changes: Iterable[Change]) -> int:
        """Take in changes in the order in which they became known; give how many.

        Parameters
        ----------
        changes : Iterable[Change]
            A later one of the same instant, facet and thing corrects an earlier one.
        """
        count = 0
        for change in changes:
            count += 1
            if not self._changes or change[:2] > self._changes[-1][:2]:
                self._changes.append(change)
                _, _, key, fact = change
                self._present[key] = fact
                self._since_copy += 1
                if self._since_copy >= self._every:
                    self._copies.append((change[0], len(self._changes), dict(self._present)))
                    self._since_copy = 0
            else:
                self._add_late(change)
        return count

    def state_at(self, at: int) -> dict[Key, Fact]:
        """Give every facet of every thing at an instant, by what is known now.

        Parameters
        ----------
        at : int
            UTC microseconds.
        """
        end = bisect_right(self._changes, at, key=_instant)
        number = bisect_right(self._copies, end, key=_position) - 1
        start, facts = 0, {}
        if number >= 0:
            _, start, copy = self._copies[number]
            # shallow: facts are immutable
            facts = copy.copy()
        facts.update([(key, fact) for _, _, key, fact in self._changes[start:end]])
        return facts

    def _add_late(self, change: Change) -> None:
        at, _, key, fact = change
        place = bisect_right(self._changes, change[:2], key=_order)
        insort(self._changes, change, key=_order)
        held = self._present.get(key)
        if held is None or held.since <= at:
            self._present[key] = fact
        for i, (copy_at, position, copy) in enumerate(self._copies):
            # copies taken after this place; the late fact is in them unless a younger one of its kind is
            if position > place:
                self._copies[i] = (copy_at, position + 1, copy)
                known = copy.get(key)
                if known is None or known.since <= at:
                    copy[key] = fact


def _instant(change: Change) -> int:
    return change[0]


def _order(change: Change) -> tuple[int, int]:
    return change[:2]


def _position(copy: tuple[int, int, dict[Key, Fact]]) -> int:
    return copy[1]
