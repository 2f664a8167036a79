"""Which way a tag went through a doorway, from the order in which the inner and the outer antenna saw it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rfid_gateway.cleaning.layout import ReadPoint
from rfid_gateway.cleaning.watermarks import Watermarks
from rfid_gateway.rfid.clocks import MOST_AHEAD_US
from rfid_gateway.rfid.readings import TagReading

_STRONG_DBM = -90.0  # below this a reading counts once, whatever it is
_FADE_US = 400_000  # how fast a reading stops counting for where the tag is now: about half a metre of walking
_REFERENCE_DBM = -60.0  # cancels out in the shares; keeps the powers of ten near 1
_CLEAR_SHARE = 0.85  # of the strength that one antenna must have for the tag to be on its side
_LIKELY_SHARE = 0.6  # the same once the tag is not heard any more and nothing clearer will come
_LEAST_HITS = 2  # one strong reading may be a reflection


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings:
    """When a passage is over.

    Parameters
    ----------
    quiet_us : int
        A passage ends when the tag has not been seen at the doorway for so long, microseconds.
    longest_us : int
        A tag that stays in the doorway is judged after so long, microseconds.
    least_lead_us : int
        The antennas' mean times must differ by this much for a direction, microseconds.
    """

    quiet_us: int = 700_000
    longest_us: int = 8_000_000
    least_lead_us: int = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A tag went through a doorway.

    Parameters
    ----------
    tag, portal : str
        Which tag, and the portal's place.
    from_zone, to_zone : str
        Ids of the places before and behind.
    at : int
        When it was in the doorway, UTC microseconds.
    confidence : float
        Probability of the direction.
    """

    tag: str
    portal: str
    from_zone: str
    to_zone: str
    at: int
    confidence: float


@dataclass(slots=True)
class _Burst:
    point: ReadPoint
    # What the doorway's readers may still tell of older readings for; the rest is weighed in the order of its times.
    waiting: list[tuple[TagReading, int]] = field(default_factory=list)
    first_at: int = 0
    last_at: int = 0
    # weight, weighted sum of (at - first_at), for the inner and the outer antenna
    weights: list[float] = field(default_factory=lambda: [0.0, 0.0])
    moments: list[float] = field(default_factory=lambda: [0.0, 0.0])
    # fading amplitude and readings of late, for the inner and the outer antenna: on whose side the tag is now
    strengths: list[float] = field(default_factory=lambda: [0.0, 0.0])
    hits: list[int] = field(default_factory=lambda: [0, 0])
    side: int | None = None
    is_told: bool = False

    def weigh(self, until: int) -> None:
        """Weigh the readings up to a time, in the order of their own times."""
        ready = sorted((one for one in self.waiting if one[0].at <= until), key=lambda one: (one[0].at, one[1]))
        if not ready:
            return
        self.waiting = [one for one in self.waiting if one[0].at > until]
        self.first_at = self.first_at or ready[0][0].at
        for reading, side in ready:
            self._weigh_one(reading, side)

    def _weigh_one(self, reading: TagReading, side: int) -> None:
        # A weak signal comes from a tag further away from the middle of the antenna's view.
        # The mean time of an antenna's readings, weighted so, is about when the tag was nearest to it.
        weight = reading.count * max(1.0, (reading.rssi_dbm - _STRONG_DBM) / 10.0)
        self._fade(reading.at)
        # Signal in dB to amplitude: the shares then fall with distance about as the field does.
        self.strengths[side] += 10.0 ** ((reading.rssi_dbm - _REFERENCE_DBM) / 20.0)
        self.hits[side] += 1
        self.weights[side] += weight
        self.moments[side] += weight * (reading.at - self.first_at)
        self.last_at = max(self.last_at, reading.at)

    def _fade(self, at: int) -> None:
        """Let the readings so far count for less."""
        factor = math.exp(-max(at - self.last_at, 0) / _FADE_US)
        self.strengths = [strength * factor for strength in self.strengths]

    @property
    def outer_share(self) -> float:
        """Share of the outer antenna in what is heard of the tag, 0 to 1."""
        inner, outer = self.strengths
        return outer / (inner + outer) if inner + outer else 0.5

    @property
    def side_now(self) -> int | None:
        """0 for clearly inside, 1 for clearly outside."""
        share = self.outer_share
        if share >= _CLEAR_SHARE and self.hits[1] >= _LEAST_HITS:
            return 1
        return 0 if share <= 1.0 - _CLEAR_SHARE and self.hits[0] >= _LEAST_HITS else None


class PortalTracker:
    """Gathers what the antennas of doorways see and judges each passage once.

    Parameters
    ----------
    readers_by_portal : Mapping[str, frozenset[str]]
        Ids of the readers whose antennas hang at each portal's place.
    settings : PortalSettings, optional
        When a passage is over.
    """

    def __init__(self, readers_by_portal: Mapping[str, frozenset[str]], settings: PortalSettings | None = None) -> None:
        self._readers_by_portal = readers_by_portal
        self._settings = settings or PortalSettings()
        self._bursts: dict[tuple[str, str], _Burst] = {}

    def take(self, point: ReadPoint, reading: TagReading) -> None:
        """Take in a reading of a portal's antenna."""
        key = (reading.tag, point.place)
        burst = self._bursts.get(key)
        if burst is None:
            burst = self._bursts[key] = _Burst(point)
        burst.waiting.append((reading, int(point.is_outer)))

    def close(self, marks: Watermarks, now: int, zone_of: Mapping[str, str]) -> Sequence[Passage]:
        """Give the passages that are over.

        Parameters
        ----------
        marks : Watermarks
            How far the readers have come: a doorway waits for its own ones only, since exits are urgent.
        now : int
            UTC microseconds.
        zone_of : Mapping[str, str]
            Zone in which each tag was before, by tag.
        """
        over: list[Passage] = []
        # A copy: bursts that are over are taken out on the way.
        for key, burst in list(self._bursts.items()):
            readers = self._readers_by_portal[key[1]]
            low = marks.low(now, readers)
            # One reader tells its antennas' readings in order enough: exits wait for nothing then.
            burst.weigh(low if len(readers) > 1 else now + MOST_AHEAD_US)
            before = zone_of.get(key[0], "")
            if (crossed := self._step(key[0], burst, before)) is not None:
                over.append(crossed)
            if self._is_over(burst, min(now, low + marks.lateness_us)):
                del self._bursts[key]
                passage = None if burst.is_told else self._judge(key[0], burst, before)
                if passage is not None:
                    over.append(passage)
                if burst.waiting:  # what came since is another passage
                    self._bursts[key] = _Burst(burst.point, burst.waiting)
        return over

    def _is_over(self, burst: _Burst, now: int) -> bool:
        if not burst.first_at:
            return False
        settings = self._settings
        # Both limits: who stands in the doorway for long would otherwise be judged never.
        return now - burst.last_at >= settings.quiet_us or burst.last_at - burst.first_at >= settings.longest_us

    def _step(self, tag: str, burst: _Burst, before: str) -> Passage | None:
        """Give the crossing as soon as the tag is clearly on the other side: waiting for silence takes seconds."""
        side = burst.side_now
        if side is None or side == burst.side:
            return None
        point = burst.point
        known = burst.side if burst.side is not None else {point.inside: 0, point.outside: 1}.get(before)
        burst.side, burst.hits = side, [0, 0]
        if known is None or known == side:
            return None
        burst.is_told = True
        share = burst.outer_share if side else 1.0 - burst.outer_share
        return _passage(tag, point, burst.last_at, is_outward=side == 1, confidence=min(share, 0.99))

    def _judge(self, tag: str, burst: _Burst, before: str) -> Passage | None:
        point, (inner, outer) = burst.point, burst.weights
        at = (burst.first_at + burst.last_at) // 2
        if inner and outer:
            lead_us = burst.moments[1] / outer - burst.moments[0] / inner
            # Who turned back was seen last by the antenna of the side where they were.
            share = burst.outer_share if lead_us > 0 else 1.0 - burst.outer_share
            is_there = share >= _LIKELY_SHARE
            is_new = before != (point.outside if lead_us > 0 else point.inside)
            if abs(lead_us) >= self._settings.least_lead_us and is_there and is_new:
                # At walking pace two antennas half a metre apart are passed 0.4 s after each other: then no doubt is
                # left.
                confidence = 0.5 + 0.49 * min(1.0, abs(lead_us) / 400_000)
                return _passage(tag, point, at, is_outward=lead_us > 0, confidence=confidence)
            return None
        # One side only proves little; the known place before decides, and the confidence says so.
        # One antenna only, as where the other one is broken: the tag went away from where it was.
        if before == point.inside and outer:
            return _passage(tag, point, at, is_outward=True, confidence=0.8)
        if before == point.outside and inner:
            return _passage(tag, point, at, is_outward=False, confidence=0.8)
        return None


def _passage(tag: str, point: ReadPoint, at: int, *, is_outward: bool, confidence: float) -> Passage:
    start, end = (point.inside, point.outside) if is_outward else (point.outside, point.inside)
    return Passage(tag=tag, portal=point.place, from_zone=start, to_zone=end, at=at, confidence=confidence)
