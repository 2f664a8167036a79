"""Doors of an access control system: who went where, judged by role and zone.

The door system opens doors by its own lists; whether those lists still fit what a zone is for is judged here. A zone
without a rule lets everybody pass.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy import select as columns_of
from sqlmodel import Session, col, select

from server.alarms.conditions import Condition
from server.alarms.engine import AlarmEngine
from server.audit.chain import Entry, note
from server.schema.watches import WatchRow
from server.wiring import Hospital
from twin.errors import NotFound
from twin.events import registry
from twin.events.watch import AccessOutcome, AccessSeen
from twin.ledger.bodies import WHOLE_BODY
from twin.ledger.tables import EVENTS
from twin.ports import Stored
from twin.state.live import LiveState

KIND = "access"
SERVICE = "entrances"
ENTERED, FORCED = "access", "door_forced"
_KEPT = 100
_LOOK_BACK = 50_000  # events of the ledger that are looked through for refusals at a start


class AccessRule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may enter a zone.

    Parameters
    ----------
    id : str
        Its id.
    place : str
        Id of the zone; holds for all inside that have no rule of their own.
    roles : tuple[str, ...]
        Profession codes of staff that may enter, as in ``StaffDefined``.
    departments : tuple[str, ...]
        If not empty, only staff of these departments.
    """

    id: str
    place: str
    roles: tuple[str, ...]
    departments: tuple[str, ...] = ()


class Finding(StrEnum):
    """What is wrong with an access."""

    NONE = ""
    UNKNOWN_BADGE = "unknown_badge"
    ROLE = "role"
    DEPARTMENT = "department"
    FORCED = "forced"


def rule_at(state: LiveState, rules: Mapping[str, AccessRule], place: str) -> AccessRule | None:
    """Give the rule that holds at a place: its own, else that of the nearest zone around it.

    Parameters
    ----------
    state : LiveState
        The present hospital.
    rules : Mapping[str, AccessRule]
        By place.
    place : str
        Id of the door or the room behind it.
    """
    seen: set[str] = set()
    while place and place not in seen:
        if place in rules:
            return rules[place]
        seen.add(place)  # an import may have closed a circle of parents
        entry = state.places.get(place)
        place = entry.parent if entry is not None else ""
    return None


def judge(state: LiveState, rules: Mapping[str, AccessRule], event: AccessSeen) -> Finding:
    """Tell whether somebody may be where a door let them in.

    Parameters
    ----------
    state : LiveState
        The present hospital: staff with role and department, places.
    rules : Mapping[str, AccessRule]
        By place.
    event : AccessSeen
        What the door system told.

    Returns
    -------
    Finding
        ``NONE`` also where there is no rule, and where the door stayed shut.
    """
    if event.outcome is AccessOutcome.FORCED:
        return Finding.FORCED
    rule = rule_at(state, rules, event.door)
    if rule is None or event.outcome is AccessOutcome.REFUSED:
        return Finding.NONE
    member = state.staff.get(event.thing)
    if member is None:
        return Finding.UNKNOWN_BADGE
    if member.role not in rule.roles:
        return Finding.ROLE
    if rule.departments and member.department not in rule.departments:
        return Finding.DEPARTMENT
    return Finding.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One access as it was judged when it was told.

    Parameters
    ----------
    at : int
        UTC microseconds.
    staff, door : str
        Who, and the place behind the door.
    outcome : AccessOutcome
        What the door did.
    finding : Finding
        What is wrong with it.
    """

    at: int
    staff: str
    door: str
    outcome: AccessOutcome
    finding: Finding


class Entrances:
    """Holds the rules of zones and tells the alarm engine who broke them.

    Parameters
    ----------
    hospital : Hospital
        Open, as the one core.
    engine : AlarmEngine
        Raises and clears.
    """

    def __init__(self, hospital: Hospital, engine: AlarmEngine) -> None:
        self._hospital = hospital
        self._engine = engine
        with hospital.read() as session:
            rows = session.exec(select(WatchRow).where(WatchRow.ended_at == 0, WatchRow.kind == KIND)).all()
        held = (msgspec.json.decode(row.facts, type=AccessRule) for row in rows)
        self._rules = {rule.place: rule for rule in held}
        self._refused: deque[Seen] = deque(maxlen=_KEPT)

    def start(self) -> None:
        """Follow doors from now on; let alarms that a restart interrupted run out."""
        self._hospital.services[SERVICE] = self
        self._look_back()
        self._hospital.ledger.subscribe("server.entrances", self.follow, is_durable=False, kinds=(AccessSeen,))
        live = self._hospital.live
        with self._hospital.ledger.steady:
            alarms = [live.alarms[key] for key in live.index.active_alarms]
        self._engine.tell(
            Condition(alarm_class=one.alarm_class, subject=one.subject_id, is_on=False, at=one.raised_at)
            for one in alarms
            if one.alarm_class in (ENTERED, FORCED)
        )

    def _look_back(self) -> None:
        """Take up the refusals of before the restart; only of the newest part of the ledger, which is quickly read."""
        table, last = EVENTS.c, self._hospital.ledger.last_sequence()
        asked = columns_of(WHOLE_BODY).where(table.type == AccessSeen.__name__, table.sequence > last - _LOOK_BACK)
        with self._hospital.read() as session:
            rows = session.execute(asked.order_by(table.sequence)).scalars().all()
        for body in rows:
            event = registry.decode(body)
            if isinstance(event, AccessSeen):
                self._note(event)

    def _note(self, event: AccessSeen) -> Finding:
        finding = self.judge(event)
        if finding is not Finding.NONE or event.outcome is not AccessOutcome.GRANTED:
            self._refused.appendleft(
                Seen(
                    at=event.occurred_at,
                    staff=event.thing,
                    door=event.door,
                    outcome=event.outcome,
                    finding=finding,
                )
            )
        return finding

    def refused(self) -> list[Seen]:
        """Give the last accesses that a door refused, that it should not have granted, or by force; latest first."""
        return list(self._refused)

    def rules(self) -> list[AccessRule]:
        """Give the rules in force, by place."""
        return sorted(self._rules.values(), key=lambda rule: rule.place)

    def set_rule(self, place: str, roles: Sequence[str], departments: Sequence[str], *, actor: str) -> AccessRule:
        """Say who may enter a zone; gives the rule that is in force now.

        Raises
        ------
        NotFound
            If the place does not exist.
        """
        rule = AccessRule(id=self._hospital.new_id(), place=place, roles=tuple(roles), departments=tuple(departments))
        self.add(rule, actor=actor)
        return rule

    def add(self, rule: AccessRule, *, actor: str) -> None:
        """Put a rule in force; it replaces the one that the zone had.

        Raises
        ------
        NotFound
            If the place does not exist.
        """
        if rule.place not in self._hospital.live.places:
            raise NotFound("place", rule.place)
        now, facts = self._hospital.clock.now(), msgspec.json.encode(rule).decode()
        row = WatchRow(id=rule.id, kind=KIND, subject=rule.place, facts=facts, created_at=now, created_by=actor)
        noted = Entry(at=now, actor=actor, action="access_rule.set", subject=rule.place, facts={"roles": rule.roles})

        def use_case(session: Session) -> None:
            self._end_rows(session, rule.place, now)
            session.add(row)
            note(session, noted)

        self._hospital.write_now(use_case)
        self._rules[rule.place] = rule

    def end(self, rule_id: str, *, actor: str) -> None:
        """Take a rule out of force.

        Raises
        ------
        NotFound
            If none in force has the id.
        """
        rule = next((one for one in self._rules.values() if one.id == rule_id), None)
        if rule is None:
            raise NotFound("access rule", rule_id)
        place, now = rule.place, self._hospital.clock.now()

        def use_case(session: Session) -> None:
            self._end_rows(session, place, now)
            note(session, Entry(at=now, actor=actor, action="access_rule.ended", subject=place))

        self._hospital.write_now(use_case)
        del self._rules[place]

    def _end_rows(self, session: Session, place: str, now: int) -> None:
        query = select(WatchRow).where(WatchRow.kind == KIND, WatchRow.subject == place, col(WatchRow.ended_at) == 0)
        for row in session.exec(query):
            row.ended_at = now
            session.add(row)

    def judge(self, event: AccessSeen) -> Finding:
        """Tell what is wrong with an access by the rules in force."""
        with self._hospital.ledger.steady:
            return judge(self._hospital.live, self._rules, event)

    def follow(self, batch: Sequence[Stored]) -> None:
        """Look at each access."""
        events = [stored.event for stored in batch if isinstance(stored.event, AccessSeen)]
        self._engine.tell(condition for event in events for condition in self._conditions(event))

    def _conditions(self, event: AccessSeen) -> Iterator[Condition]:
        finding = self._note(event)
        if finding is Finding.NONE:
            return
        name = FORCED if finding is Finding.FORCED else ENTERED
        member = self._hospital.live.staff.get(event.thing)
        who = (member.label if member is not None else "") or event.thing
        told = (("who", who), ("reason", finding.value))
        at = event.occurred_at
        yield Condition(alarm_class=name, subject=event.door, is_on=True, at=at, place=event.door, parameters=told)
        # An access is over at once: the alarm ends after the delay of its class, unless it happens again before.
        yield Condition(alarm_class=name, subject=event.door, is_on=False, at=at)
