"""How well the alarms themselves behave, by the figures that ANSI/ISA-18.2 and IEC 62682 ask an operator to watch."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twin.clock import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from twin.events.watch import AlarmPriority
from twin.state.floods import FLOOD_COUNT, FLOOD_WINDOW_US
from twin.state.live import LiveState
from twin.state.model import Alarm

WINDOW_US = 7 * DAY_US
CHATTER_COUNT, CHATTER_WINDOW_US = 3, MINUTE_US  # an alarm that comes three times in a minute tells nothing new
MOST_SOURCES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A class of alarms about one subject, how often it was raised, and its share of all."""

    alarm_class: str
    subject_id: str
    count: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of alarm health.

    Parameters
    ----------
    key : str
        Code of the figure.
    value : float
        What was found.
    target : float
        Value up to which it is in order (shares from 0 to 1).
    is_in_order : bool
        Whether it is.
    """

    key: str
    value: float
    target: float
    is_in_order: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmHealth:
    """Alarm health over a window.

    Parameters
    ----------
    since, now : int
        The window, UTC microseconds; it begins with the first alarm that is known within it.
    count : int
        Alarms raised in it.
    share_by_priority : Mapping[AlarmPriority, float]
        Of those raised; all 0 without alarms.
    figures : tuple[Figure, ...]
        In the order of the page.
    sources : tuple[Source, ...]
        What raised most, the most frequent first.
    """

    since: int
    now: int
    count: int
    share_by_priority: Mapping[AlarmPriority, float]
    figures: tuple[Figure, ...]
    sources: tuple[Source, ...]


def _most_within(instants: Sequence[int], window_us: int) -> int:
    """Give the greatest number of sorted instants within any window."""
    most, first = 0, 0
    for last, at in enumerate(instants):
        while instants[first] <= at - window_us:
            first += 1
        most = max(most, last - first + 1)
    return most


def _flood_share(instants: Sequence[int], since: int, now: int) -> float:
    """Give the share of ten-minute periods with more alarms than can be dealt with."""
    periods = max(1, -(-(now - since) // FLOOD_WINDOW_US))
    per_period = Counter((at - since) // FLOOD_WINDOW_US for at in instants)
    return sum(count > FLOOD_COUNT for count in per_period.values()) / periods


def _chattering(by_source: Mapping[tuple[str, str], Sequence[int]]) -> int:
    return sum(_most_within(instants, CHATTER_WINDOW_US) >= CHATTER_COUNT for instants in by_source.values())


def _minutes_to_acknowledge(raised: Sequence[Alarm]) -> float:
    waits = [alarm.acknowledged_at - alarm.raised_at for alarm in raised if alarm.acknowledged_at]
    return sum(waits) / len(waits) / (60 * SECOND_US) if waits else 0.0


def _up_to(key: str, value: float, target: float) -> Figure:
    return Figure(key=key, value=value, target=target, is_in_order=value <= target)


def alarm_health(state: LiveState, now: int, *, window_us: int = WINDOW_US) -> AlarmHealth:
    """Compute alarm health of the last days.

    Parameters
    ----------
    state : LiveState
        The hospital.
    now : int
        UTC microseconds.
    window_us : int, optional
        Length of the window, microseconds; seven days by default.

    References
    ----------
    ANSI/ISA-18.2-2016, clause 16 (monitoring and assessment), for one operator's position; a hospital sets its own.
    """
    known = tuple(state.alarms.values())
    raised = sorted(
        (alarm for alarm in known if now - window_us < alarm.raised_at <= now), key=lambda alarm: alarm.raised_at
    )
    instants = [alarm.raised_at for alarm in raised]
    since = instants[0] if instants else now - window_us
    by_source: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for alarm in raised:
        by_source[alarm.alarm_class, alarm.subject_id].append(alarm.raised_at)
    # Just after the first alarm the means would be beyond all measure.
    hours = max(1.0, (now - since) / HOUR_US)
    counted = Counter(alarm.priority for alarm in raised)
    total = max(1, len(raised))
    stale = sum(alarm.is_active and alarm.raised_at <= now - DAY_US for alarm in known)
    figures = (
        _up_to("per_hour", len(raised) / hours, 6),
        _up_to("per_day", len(raised) / hours * 24, 150),
        _up_to("most_in_ten_minutes", _most_within(instants, FLOOD_WINDOW_US), FLOOD_COUNT),
        _up_to("flood_share", _flood_share(instants, since, now), 0.01),
        _up_to("high_share", counted[AlarmPriority.HIGH] / total, 0.05),
        _up_to("medium_share", counted[AlarmPriority.MEDIUM] / total, 0.15),
        _up_to("chattering", _chattering(by_source), 0),
        _up_to("stale", stale, 5),
        _up_to("minutes_to_acknowledge", _minutes_to_acknowledge(raised), 10),
    )
    ranked = sorted(by_source.items(), key=lambda entry: (-len(entry[1]), entry[0]))[:MOST_SOURCES]
    return AlarmHealth(
        since=since,
        now=now,
        count=len(raised),
        share_by_priority={priority: counted[priority] / total for priority in AlarmPriority},
        figures=figures,
        sources=tuple(
            Source(alarm_class=kind, subject_id=subject, count=len(found), share=len(found) / total)
            for (kind, subject), found in ranked
        ),
    )
