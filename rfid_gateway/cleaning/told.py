"""What was told of each tag: in which zone it is, since when, and when nobody having seen it means that it is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from twin.clock import SECOND_US, Deadlines


@dataclass(frozen=True, slots=True)
class Unseen:
    """A tag that nobody has seen for as long as its zone allows.

    Parameters
    ----------
    tag, zone : str
        Which tag, and where it was.
    seen_at, due_at : int
        When it was seen last, and when it counts as lost, UTC microseconds.
    """

    tag: str
    zone: str
    seen_at: int
    due_at: int


class ToldZones:
    """Keeps what the core was told, which may be newer than what the epochs that were weighed say of a tag.

    Parameters
    ----------
    absence_s : float
        After how long without a reading a tag is lost, seconds.
    absence_s_by_zone : Mapping[str, float]
        The same for zones of their own habits.
    """

    def __init__(self, absence_s: float, absence_s_by_zone: Mapping[str, float]) -> None:
        self._absence_us = round(absence_s * SECOND_US)
        self._absence_us_by_zone = {zone: round(limit_s * SECOND_US) for zone, limit_s in absence_s_by_zone.items()}
        self._absence = Deadlines()
        self._confirmed_at: dict[str, int] = {}
        self._told_at: dict[str, int] = {}
        self.zone_by_tag: dict[str, str] = {}

    def told_at(self, tag: str) -> int:
        """Give when the tag was in the zone that was told last, UTC microseconds; 0 for never."""
        return self._told_at.get(tag, 0)

    def is_news(self, tag: str, zone: str, at: int) -> bool:
        """Tell whether it is worth telling that a tag is in a zone: not if it was told or something newer was."""
        return self.zone_by_tag.get(tag) != zone and self.told_at(tag) <= at

    def tell(self, tag: str, zone: str, at: int) -> str:
        """Note that a tag's zone is told; give the one before, empty if unknown."""
        before = self.zone_by_tag.get(tag, "")
        self.zone_by_tag[tag] = zone
        self._confirmed_at[tag] = self._told_at[tag] = at
        self._absence.set(tag, at + self._limit_us(zone))
        return before

    def is_confirmed_since(self, tag: str, since: int) -> bool:
        """Tell whether a tag's zone was told or confirmed after a time, UTC microseconds."""
        return self._confirmed_at.get(tag, since + 1) > since

    def confirm(self, tag: str, at: int) -> None:
        """Note that a tag's zone is told once more."""
        self._confirmed_at[tag] = at

    def unseen(self, now: int, last_seen: Mapping[str, tuple[int, int]]) -> Iterator[Unseen]:
        """Give the tags that have not been seen for too long.

        Parameters
        ----------
        now : int
            UTC microseconds.
        last_seen : Mapping[str, tuple[int, int]]
            When each tag was seen last, UTC microseconds, and by which read point.
        """
        for deadline in self._absence.due(now):
            tag = str(deadline.key)
            zone = self.zone_by_tag.get(tag, "")
            # The deadline was set when the zone was told; readings since then are looked up only now, once a tag and
            # due time, instead of moving the deadline with each of them.
            seen_at = last_seen[tag][0]
            if seen_at + self._limit_us(zone) > now:
                self._absence.set(tag, seen_at + self._limit_us(zone))
            else:
                yield Unseen(tag, zone, seen_at, deadline.due_at)

    def wait_again(self, tag: str, now: int) -> None:
        """Give a tag its whole time again, from a time on, UTC microseconds."""
        self._absence.set(tag, now + self._limit_us(self.zone_by_tag.get(tag, "")))

    def forget(self, tag: str) -> None:
        """Take a tag to be in no zone, after it was lost."""
        self.zone_by_tag.pop(tag, None)

    def _limit_us(self, zone: str) -> int:
        return self._absence_us_by_zone.get(zone, self._absence_us)
