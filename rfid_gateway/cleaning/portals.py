"""Which way a tag went through a doorway, from the order in which the inner and the outer antenna saw it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from rfid_gateway.cleaning.layout import ReadPoint
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
    first_at: int
    last_at: int
    # weight, weighted sum of (at - first_at), for the inner and the outer antenna
    weights: list[float] = field(default_factory=lambda: [0.0, 0.0])
    moments: list[float] = field(default_factory=lambda: [0.0, 0.0])
    # fading amplitude and readings of late, for the inner and the outer antenna: on whose side the tag is now
    strengths: list[float] = field(default_factory=lambda: [0.0, 0.0])
    hits: list[int] = field(default_factory=lambda: [0, 0])
    side: int | None = None
    is_told: bool = False

    def fade(self, at: int) -> None:
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
    settings : PortalSettings, optional
        When a passage is over.
    """

    def __init__(self, settings: PortalSettings | None = None) -> None:
        self._settings = settings or PortalSettings()
        self._bursts: dict[tuple[str, str], _Burst] = {}

    def take(self, point: ReadPoint, reading: TagReading) -> None:
        """Take in a reading of a portal's antenna."""
        key = (reading.tag, point.place)
        burst = self._bursts.get(key)
        if burst is None:
            burst = self._bursts[key] = _Burst(point, reading.at, reading.at)
        # A weak signal comes from a tag further away from the middle of the antenna's view.
        # The mean time of an antenna's readings, weighted so, is about when the tag was nearest to it.
        weight = reading.count * max(1.0, (reading.rssi_dbm - _STRONG_DBM) / 10.0)
        side = int(point.is_outer)
        burst.fade(reading.at)
        # Signal in dB to amplitude: the shares then fall with distance about as the field does.
        burst.strengths[side] += 10.0 ** ((reading.rssi_dbm - _REFERENCE_DBM) / 20.0)
        burst.hits[side] += 1
        burst.weights[side] += weight
        burst.moments[side] += weight * (reading.at - burst.first_at)
        burst.last_at = max(burst.last_at, reading.at)

    def close(self, now: int, zone_of: dict[str, str]) -> Sequence[Passage]:
        """Give the passages that are over.

        Parameters
        ----------
        now : int
            UTC microseconds.
        zone_of : dict[str, str]
            Zone in which each tag was before, by tag.
        """
        settings, over = self._settings, []
        # A copy: bursts that are over are taken out on the way.
        for key, burst in list(self._bursts.items()):
            before = zone_of.get(key[0], "")
            if (crossed := self._step(key[0], burst, before)) is not None:
                over.append(crossed)
            # Both limits: who stands in the doorway for long would otherwise be judged never.
            if now - burst.last_at >= settings.quiet_us or burst.last_at - burst.first_at >= settings.longest_us:
                del self._bursts[key]
                passage = None if burst.is_told else self._judge(key[0], burst, before)
                if passage is not None:
                    over.append(passage)
        return over

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
