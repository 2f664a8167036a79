"""Which chip answers under which code: a copied tag has the code of the first one, but not its chip.

The EPC of a tag can be written by anybody; the number in its chip (TID) is the maker's and cannot. Two chips that take
turns under one code are therefore two tags: one is a copy. Likewise one chip that takes turns under two codes is a chip
whose number was forged. A label that is replaced, or written anew, changes once and stays: that is no suspicion.

References
----------
GS1 EPC Tag Data Standard 2.3, section 16 (TID memory); Gen 2 air protocol, section 6.3.2.1 (memory banks).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from twin.clock import MINUTE_US, SECOND_US
from twin.events.things import SuspicionReason, TagSuspected

_MOST = 65_536  # a hospital has some ten thousands of tags; what is over that must not fill the memory
_MOST_SIDES = 8
_FRESH_US = 5 * MINUTE_US  # about as often as positions are confirmed
_AGAIN_US = 60 * MINUTE_US  # a suspicion that goes on is told again: somebody may have said that the copy is gone
_LEAST_READS = 2  # a single reading may be a misread that passed the air protocol's 16-bit check


@dataclass(slots=True)
class _Side:
    """One chip under a code, or one code of a chip."""

    reads: int = 0
    place: str = ""


@dataclass(slots=True)
class _Turns:
    """Who answers now, and who did before."""

    now: str = ""
    sides: dict[str, _Side] = field(default_factory=dict)
    told_at: int = 0
    turned_at: int = 0
    seen_at: int = 0
    other: str = ""

    def take(self, name: str, place: str, at: int) -> str:
        """Take in that somebody answered; give who takes turns with them, or nothing."""
        side = self.sides.get(name)
        if side is None:
            if len(self.sides) >= _MOST_SIDES:
                del self.sides[next(one for one in self.sides if one != self.now)]
            side = self.sides[name] = _Side()
        side.reads += 1
        before, self.now = self.now, name
        side.place = place or side.place
        if not before or before == name or side.reads <= 1:
            return ""
        # It answered before the other one did, and now again: both are there.
        is_proof = min(side.reads, self.sides[before].reads) >= _LEAST_READS
        if is_proof:
            self.turned_at, self.other = at, before
        return before if is_proof else ""


class ChipPairs:
    """Keeps the pairs of code and chip that readers told, and tells of those that cannot be.

    Parameters
    ----------
    rest_s : float, optional
        After so long without another turn a suspicion is over, seconds.
    """

    def __init__(self, *, rest_s: float = 600.0) -> None:
        self._rest_us = round(rest_s * SECOND_US)
        self._chips_of: dict[str, _Turns] = {}
        self._codes_of: dict[str, _Turns] = {}
        self._open: dict[tuple[SuspicionReason, str], _Turns] = {}

    def chip_of(self, tag: str, at: int) -> str:
        """Give the chip that answered last under a code; empty if none did within the five minutes before an instant.

        Where another reader, that asks for no chips, sees the code now, it may be another tag by now.
        """
        turns = self._chips_of.get(tag)
        return turns.now if turns and at - turns.seen_at <= _FRESH_US else ""

    def take(self, tag: str, tid: str, place: str, at: int) -> Iterator[TagSuspected]:
        """Take in a pair and give the suspicions that it raises.

        Parameters
        ----------
        tag, tid : str
            Code and chip, upper-case hex.
        place : str
            Id of the place where it was read; empty if unknown.
        at : int
            UTC microseconds.
        """
        chips, codes = _entry(self._chips_of, tag), _entry(self._codes_of, tid)
        chips.seen_at = max(chips.seen_at, at)
        yield from self._judge(SuspicionReason.TWO_CHIPS, tag, chips, chips.take(tid, place, at), at)
        yield from self._judge(SuspicionReason.TWO_CODES, tag, codes, codes.take(tag, place, at), at)

    def _judge(self, reason: SuspicionReason, tag: str, turns: _Turns, other: str, at: int) -> Iterator[TagSuspected]:
        if other and (not turns.told_at or at - turns.told_at >= _AGAIN_US):
            turns.told_at = at
            self._open[reason, tag] = turns
            yield self._event(reason, tag, at, is_over=False)

    def advance(self, now: int) -> list[TagSuspected]:
        """Let time pass and give the suspicions that are over."""
        if not self._open:
            return []
        over = [key for key, turns in self._open.items() if now - turns.turned_at >= self._rest_us]
        events = [self._event(reason, tag, now, is_over=True) for reason, tag in over]
        for key in over:
            self._open.pop(key).told_at = 0
        return events

    def _event(self, reason: SuspicionReason, tag: str, at: int, *, is_over: bool) -> TagSuspected:
        turns = self._open[reason, tag]
        here = turns.sides.get(turns.now, _Side())
        there = turns.sides.get(turns.other, _Side())
        return TagSuspected(
            thing=tag,
            occurred_at=at,
            source="",
            source_key="",
            reason=reason,
            zone=here.place,
            other_zone=there.place,
            tid=self._chips_of[tag].now if tag in self._chips_of else "",
            other=turns.other,
            is_over=is_over,
        )


def _entry(table: dict[str, _Turns], key: str) -> _Turns:
    found = table.get(key)
    if found is None:
        if len(table) >= _MOST:
            del table[next(iter(table))]
        found = table[key] = _Turns()
    return found
