"""Floods: when alarms come faster than anybody can read, they are shown by what they have in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twin.clock import MINUTE_US
from twin.state import views
from twin.state.live import LiveState
from twin.state.model import Alarm

FLOOD_COUNT = 10  # alarms in ten minutes that one operator can still deal with, ANSI/ISA-18.2
FLOOD_WINDOW_US = 10 * MINUTE_US


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmGroup:
    """Alarms of one root.

    Parameters
    ----------
    root : str
        Gateway, ward or class that they have in common; the alarm's own subject where it stands alone.
    priority : str
        The highest of them.
    alarms : tuple[str, ...]
        Ids, the newest first.
    """

    root: str
    priority: str
    alarms: tuple[str, ...]


def is_flood(raised_at: Iterable[int], now: int) -> bool:
    """Tell whether more alarms were raised in the last ten minutes than can be dealt with.

    Parameters
    ----------
    raised_at : Iterable[int]
        Instants, UTC microseconds.
    now : int
        UTC microseconds.
    """
    return sum(now - FLOOD_WINDOW_US < at <= now for at in raised_at) > FLOOD_COUNT


def groups_of(alarms: Iterable[Alarm], *, root_of: Callable[[Alarm], str], now: int) -> list[AlarmGroup]:
    """Give alarms one by one, or by their roots while there is a flood; the most urgent first.

    Parameters
    ----------
    alarms : Iterable[Alarm]
        Active ones.
    root_of : Callable[[Alarm], str]
        What an alarm has in common with others.
    now : int
        UTC microseconds.
    """
    listed = sorted(alarms, key=lambda alarm: (-alarm.raised_at, alarm.id))
    flood = is_flood((alarm.raised_at for alarm in listed), now)
    by_root: defaultdict[str, list[Alarm]] = defaultdict(list)
    for alarm in listed:
        by_root[root_of(alarm) if flood else f"{alarm.alarm_class}:{alarm.subject_id}"].append(alarm)
    groups = [
        AlarmGroup(
            root=root, priority=min(one.priority.value for one in members), alarms=tuple(one.id for one in members)
        )
        for root, members in by_root.items()
    ]
    return sorted(groups, key=lambda group: (group.priority, -len(group.alarms), group.root))


def root_of(state: LiveState, alarm: Alarm) -> str:
    """Give what an alarm has in common with others: the gateway that its subject hangs on, else its class in its ward.

    Parameters
    ----------
    state : LiveState
        The hospital.
    alarm : Alarm
        One of its alarms.

    Returns
    -------
    str
        ``gateway:ID``, ``CLASS:WARD`` or ``CLASS``.
    """
    health = state.gateways.get(alarm.subject_id)
    if health is not None and health.parent:
        return f"gateway:{health.parent}"
    ward = views.ward_of(state, alarm.place) if alarm.place else ""
    return f"{alarm.alarm_class}:{ward}" if ward else alarm.alarm_class
