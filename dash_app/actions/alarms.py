"""Acknowledge alarms, put them aside with a reason, take them back."""

from __future__ import annotations

from dash_app.actions.port import Commands
from twin.access import Permission
from twin.clock import SECOND_US
from twin.errors import Conflict, FieldError, FieldProblem, NotFound
from twin.events.things import SuspicionReason, TagSuspected
from twin.events.watch import AlarmAcknowledged, AlarmShelved, AlarmUnshelved
from twin.state.model import Alarm

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


def suspicion_over(alarm: Alarm, *, by: str, at: int, key: str) -> TagSuspected:
    """Give the event by which somebody says that a copied tag is gone.

    Parameters
    ----------
    alarm : Alarm
        Of class ``tag_suspected``, active.
    by : str
        Id of who says so.
    at : int
        UTC microseconds.
    key : str
        Key of the act, unique for the person.

    Raises
    ------
    Conflict
        If the alarm is of another class: those end when their cause does.
    """
    if alarm.alarm_class != "tag_suspected":
        raise Conflict("Only a suspicion of a copied tag ends by somebody's word.", code="conflict.alarm_class")
    told = dict(alarm.parameters)
    return TagSuspected(
        thing=alarm.subject_id,
        occurred_at=at,
        source=f"user:{by}",
        source_key=key,
        actor=by,
        reason=SuspicionReason(told.get("reason", SuspicionReason.TWO_PLACES)),
        zone=alarm.place,
        other_zone=told.get("other", ""),
        is_over=True,
    )


def settle_suspicion(port: Commands, alarm_id: str) -> None:
    """Store that the present actor has looked after a copied tag and it is gone; a new proof raises the alarm again.

    Parameters
    ----------
    port : Commands
        The hospital.
    alarm_id : str
        Id of an active alarm of class ``tag_suspected``.

    Raises
    ------
    NotFound
        If it is over or never was.
    Conflict
        If it is of another class.
    """
    actor = port.actor()
    actor.require(Permission.ALARMS_ACT)
    _require_active(port, alarm_id)
    alarm = port.state().alarms[alarm_id]
    key = _source_key(port, alarm_id, "settle")
    port.record([suspicion_over(alarm, by=actor.id, at=port.clock.now(), key=key)])
