"""Alarms: facts in order, folded, as ISA-18.2 tells them apart: active, acknowledged, shelved."""

from __future__ import annotations

from twin.events.watch import AlarmAcknowledged, AlarmCleared, AlarmRaised, AlarmShelved, AlarmUnshelved
from twin.state.claims import Inserted, insert_fact
from twin.state.model import Alarm, AlarmFact
from twin.state.tables import Tables


def alarm_fact(tables: Tables, event: AlarmFact) -> None:
    """Keep a fact about an alarm and what it comes to."""
    alarm = tables.alarms.get(event.thing) or Alarm(id=event.thing)
    inserted = insert_fact(alarm.facts, event)
    if inserted is Inserted.LAST:
        step(alarm, event)
    elif inserted is Inserted.WITHIN:
        alarm = fold(alarm)
    tables.alarms[event.thing] = alarm
    if alarm.is_active:
        tables.index.active_alarms.add(alarm.id)
    else:
        tables.index.active_alarms.discard(alarm.id)


def fold(alarm: Alarm) -> Alarm:
    """Give an alarm made anew from all its facts."""
    anew = Alarm(id=alarm.id, facts=alarm.facts)
    for fact in alarm.facts:
        step(anew, fact)
    return anew


def step(alarm: Alarm, fact: AlarmFact) -> None:
    """Fold one fact on top of an alarm; raising it while it is active changes its data, not its age."""
    if isinstance(fact, AlarmRaised):
        # raised again after it was cleared: as new, nobody has acknowledged it
        if not alarm.is_active:
            alarm.is_active, alarm.raised_at, alarm.cleared_at = True, fact.occurred_at, 0
            alarm.is_acknowledged, alarm.acknowledged_at, alarm.acknowledged_by = False, 0, ""
        alarm.alarm_class, alarm.subject_id, alarm.place = fact.alarm_class, fact.subject_id, fact.place
        alarm.priority, alarm.parameters = fact.priority, fact.parameters
    elif isinstance(fact, AlarmAcknowledged):
        alarm.is_acknowledged, alarm.acknowledged_at, alarm.acknowledged_by = True, fact.occurred_at, fact.actor
    elif isinstance(fact, AlarmShelved):
        alarm.shelved_until, alarm.shelved_reason = fact.until, fact.reason
    elif isinstance(fact, AlarmUnshelved):
        alarm.shelved_until, alarm.shelved_reason = 0, ""
    elif isinstance(fact, AlarmCleared):
        alarm.is_active, alarm.cleared_at = False, fact.occurred_at
