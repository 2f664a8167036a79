"""Which way a tag went through a doorway, from the order in which the inner and the outer antenna saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rfid_gateway.cleaning.layout import ReadPoint
from rfid_gateway.rfid.readings import TagReading

_STRONG_DBM = -90.0


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
        weight = reading.count * max(1.0, (reading.rssi_dbm - _STRONG_DBM) / 10.0)
        side = int(point.is_outer)
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
        for key, burst in list(self._bursts.items()):
            if now - burst.last_at >= settings.quiet_us or burst.last_at - burst.first_at >= settings.longest_us:
                del self._bursts[key]
                passage = self._judge(key[0], burst, zone_of.get(key[0], ""))
                if passage is not None:
                    over.append(passage)
        return over

    def _judge(self, tag: str, burst: _Burst, before: str) -> Passage | None:
        point, (inner, outer) = burst.point, burst.weights
        at = (burst.first_at + burst.last_at) // 2
        if inner and outer:
            lead_us = burst.moments[1] / outer - burst.moments[0] / inner
            if abs(lead_us) >= self._settings.least_lead_us:
                confidence = 0.5 + 0.49 * min(1.0, abs(lead_us) / 400_000)
                return _passage(tag, point, at, is_outward=lead_us > 0, confidence=confidence)
        # One antenna only, or both at once: the tag went away from where it was.
        if before == point.inside and (outer or not inner):
            return _passage(tag, point, at, is_outward=True, confidence=0.8)
        if before == point.outside and inner:
            return _passage(tag, point, at, is_outward=False, confidence=0.8)
        return None


def _passage(tag: str, point: ReadPoint, at: int, *, is_outward: bool, confidence: float) -> Passage:
    start, end = (point.inside, point.outside) if is_outward else (point.outside, point.inside)
    return Passage(tag=tag, portal=point.place, from_zone=start, to_zone=end, at=at, confidence=confidence)
