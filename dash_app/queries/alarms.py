"""Which alarms need somebody, most urgent first."""

from __future__ import annotations

from dataclasses import dataclass

from twin.events.watch import AlarmPriority
from twin.state.live import LiveState
from twin.state.model import Alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """One active alarm.

    Parameters
    ----------
    id, alarm_class, subject_id, place : str
        As in the live state.
    priority : AlarmPriority
        How soon somebody must act.
    raised_at : int
        UTC microseconds.
    is_acknowledged : bool
        Whether somebody has said that they act.
    acknowledged_by : str
        Who.
    shelved_until : int
        UTC microseconds; 0 unless put aside now.
    shelved_reason : str
        Why it was put aside.
    parameters : tuple[tuple[str, str], ...]
        Values that the message names.
    """

    id: str
    alarm_class: str
    subject_id: str
    place: str
    priority: AlarmPriority
    raised_at: int
    is_acknowledged: bool = False
    acknowledged_by: str = ""
    shelved_until: int = 0
    shelved_reason: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


def _row(alarm: Alarm, now: int) -> AlarmRow:
    return AlarmRow(
        id=alarm.id,
        alarm_class=alarm.alarm_class,
        subject_id=alarm.subject_id,
        place=alarm.place,
        priority=alarm.priority,
        raised_at=alarm.raised_at,
        is_acknowledged=alarm.is_acknowledged,
        acknowledged_by=alarm.acknowledged_by,
        shelved_until=alarm.shelved_until if alarm.shelved_until > now else 0,
        shelved_reason=alarm.shelved_reason,
        parameters=alarm.parameters,
    )


def active(state: LiveState, now: int, *, priority: str = "", with_shelved: bool = False) -> list[AlarmRow]:
    """Give the active alarms: unacknowledged before acknowledged, then by priority, then the oldest first.

    Parameters
    ----------
    state : LiveState
        The hospital.
    now : int
        UTC microseconds.
    priority : str, optional
        Only this one (``P1``, ``P2``, ``P3``); empty for all.
    with_shelved : bool, optional
        Whether to give those put aside as well, last.
    """
    held = [state.alarms[key] for key in tuple(state.index.active_alarms) if key in state.alarms]
    rows = [_row(alarm, now) for alarm in held if alarm.is_active and priority in {"", alarm.priority.value}]
    shown = [row for row in rows if with_shelved or not row.shelved_until]
    return sorted(
        shown,
        key=lambda row: (bool(row.shelved_until), row.is_acknowledged, row.priority.value, row.raised_at, row.id),
    )


def counts(state: LiveState, now: int) -> dict[AlarmPriority, int]:
    """Count active alarms that are not put aside, by priority; every priority has an entry."""
    result = dict.fromkeys(AlarmPriority, 0)
    for row in active(state, now):
        result[row.priority] += 1
    return result


def subjects(state: LiveState, now: int) -> dict[str, AlarmPriority]:
    """Give the most urgent active priority of each subject that has an alarm."""
    result: dict[str, AlarmPriority] = {}
    for row in active(state, now):
        held = result.get(row.subject_id)
        if held is None or row.priority.value < held.value:
            result[row.subject_id] = row.priority
    return result
