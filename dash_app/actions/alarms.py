"""Acknowledge alarms, put them aside with a reason, take them back."""

from __future__ import annotations

from dash_app.actions.port import Commands
from twin.access import Permission
from twin.clock import SECOND_US
from twin.errors import FieldError, FieldProblem, NotFound
from twin.events.watch import AlarmAcknowledged, AlarmShelved, AlarmUnshelved

LONGEST_SHELF_H = 8
"""An alarm comes back by itself after a shift at the latest (ISA-18.2 asks for a limit, this one is ours)."""


def _source_key(port: Commands, alarm_id: str, verb: str) -> str:
    return f"{alarm_id}:{verb}:{port.clock.now()}"


def _require_active(port: Commands, alarm_id: str) -> None:
    alarm = port.state().alarms.get(alarm_id)
    if alarm is None or not alarm.is_active:
        raise NotFound("active alarm", alarm_id)


def acknowledge(port: Commands, alarm_id: str) -> None:
    """Store that the present actor has seen an alarm and acts.

    Parameters
    ----------
    port : Commands
        The hospital.
    alarm_id : str
        Id of an active alarm.

    Raises
    ------
    NotFound
        If it is over or never was.
    """
    actor = port.actor()
    actor.require(Permission.ALARMS_ACT)
    _require_active(port, alarm_id)
    port.record(
        [
            AlarmAcknowledged(
                thing=alarm_id,
                occurred_at=port.clock.now(),
                source=f"user:{actor.id}",
                source_key=_source_key(port, alarm_id, "acknowledge"),
                actor=actor.id,
            )
        ]
    )


def shelve(port: Commands, alarm_id: str, *, hours: float, reason: str) -> None:
    """Put an alarm aside for a while; it is counted, and comes back by itself.

    Parameters
    ----------
    port : Commands
        The hospital.
    alarm_id : str
        Id of an active alarm.
    hours : float
        Above 0, at most :data:`LONGEST_SHELF_H`.
    reason : str
        Why; at least three characters.

    Raises
    ------
    FieldError
        If the reason or the time will not do.
    NotFound
        If it is over or never was.
    """
    actor = port.actor()
    actor.require(Permission.ALARMS_ACT)
    if not 0 < hours <= LONGEST_SHELF_H:
        raise FieldError(
            FieldProblem(
                field="hours",
                place="shelve",
                message=f"Expected more than 0 and at most {LONGEST_SHELF_H} hours, got {hours}.",
                cure="Choose a shorter time.",
            )
        )
    if len(reason.strip()) < 3:  # a reason in Chinese may be as short as three characters
        raise FieldError(
            FieldProblem(
                field="reason",
                place="shelve",
                message="Expected a reason of at least three characters.",
                cure="Write why it can wait.",
            )
        )
    _require_active(port, alarm_id)
    now = port.clock.now()
    port.record(
        [
            AlarmShelved(
                thing=alarm_id,
                occurred_at=now,
                source=f"user:{actor.id}",
                source_key=_source_key(port, alarm_id, "shelve"),
                actor=actor.id,
                until=now + int(hours * 3600 * SECOND_US),
                reason=reason.strip(),
            )
        ]
    )


def unshelve(port: Commands, alarm_id: str) -> None:
    """Take an alarm back that was put aside.

    Parameters
    ----------
    port : Commands
        The hospital.
    alarm_id : str
        Id of an active alarm.
    """
    actor = port.actor()
    actor.require(Permission.ALARMS_ACT)
    _require_active(port, alarm_id)
    port.record(
        [
            AlarmUnshelved(
                thing=alarm_id,
                occurred_at=port.clock.now(),
                source=f"user:{actor.id}",
                source_key=_source_key(port, alarm_id, "unshelve"),
                actor=actor.id,
            )
        ]
    )
