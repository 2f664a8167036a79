"""The alarm engine: conditions in, delayed and held back as their class says, alarms out as facts of the ledger."""

from __future__ import annotations

import hashlib
import logging
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence

from server.alarms.classes import AlarmClass, read_classes
from server.alarms.conditions import CAUSES, Condition, conditions_of
from server.wiring import Hospital
from twin.clock import MINUTE_US, SECOND_US
from twin.events.envelope import Event
from twin.events.patients import QueueCalled, QueueJoined, QueueLeft, QueueServiceStarted
from twin.events.watch import AlarmCleared, AlarmRaised, AlarmShelved, AlarmUnshelved, GatewayStatus
from twin.ledger.subscriptions import Subscription
from twin.ports import Stored

log = logging.getLogger("hospital_twin.alarms")

SOURCE = "twin:server.alarms"
OWNER = "alarms"
Key = tuple[str, str]

_QUEUE_EVENTS = (QueueJoined, QueueCalled, QueueLeft, QueueServiceStarted)
_WATCHED: frozenset[type[Event]] = frozenset(
    {*CAUSES, *_QUEUE_EVENTS, AlarmRaised, AlarmCleared, AlarmShelved, AlarmUnshelved}
)
"""What the engine looks at; most events, such as sightings of tags, are none of these."""
_MB = 1_000_000


# The source key breaks the tie of an alarm that is raised and cleared within one microsecond: "1-raised" comes first.
def alarm_id_of(condition: Condition) -> str:
    """Give the id of the alarm that a condition raises: the same condition twice is the same alarm.

    Parameters
    ----------
    condition : Condition
        One that begins.
    """
    told = f"{condition.alarm_class}|{condition.subject}|{condition.at}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


class AlarmEngine:
    """Follows the ledger and the deadlines, raises and clears alarms.

    Parameters
    ----------
    hospital : Hospital
        Whose conditions it watches.
    classes : Mapping[str, AlarmClass], optional
        The shipped ones by default.
    """

    def __init__(self, hospital: Hospital, classes: Mapping[str, AlarmClass] | None = None) -> None:
        self._hospital = hospital
        self.classes = classes if classes is not None else read_classes()
        self._active: dict[Key, str] = {}
        self._pending: dict[Key, Condition] = {}
        self._suppressed: dict[Key, Condition] = {}
        self._lock = threading.RLock()
        self._subscription: Subscription | None = None
        hospital.services["alarm_classes"] = self.classes

    def start(self) -> None:
        """Take up what the live state shows, then follow the ledger from where it was left."""
        deadlines = self._hospital.deadlines
        deadlines.on_due(OWNER, self._on_due)
        self._restore()
        self._subscription = self._hospital.ledger.subscribe("server.alarms", self.follow, kinds=_WATCHED)
        deadlines.set((OWNER, "disk"), self._hospital.clock.now())

    def stop(self) -> None:
        """Stop following."""
        if self._subscription is not None:
            self._subscription.stop()

    def follow(self, batch: Sequence[Stored]) -> None:
        """Take in events in ledger order.

        Parameters
        ----------
        batch : Sequence[Stored]
            Committed and applied to the live state.
        """
        watched = [stored.event for stored in batch if stored.event.__class__ in _WATCHED]
        if not watched:
            return
        exits = self._exits()
        events: list[Event] = []
        with self._lock:
            for event in watched:
                self._note_own(event)
                for condition in conditions_of(event, exits=exits, classes=self.classes):
                    events.extend(self._take(condition))
                if isinstance(event, _QUEUE_EVENTS):
                    events.extend(self._take_queue(event))
            self._record(events)

    def tell(self, conditions: Iterable[Condition]) -> None:
        """Take in conditions that another part judged, such as geofences.

        Parameters
        ----------
        conditions : Iterable[Condition]
            In order of time.
        """
        with self._lock:
            events = [event for condition in conditions for event in self._take(condition)]
            self._record(events)

    def _exits(self) -> frozenset[str]:
        with self._hospital.ledger.steady:
            return frozenset(key for key, place in self._hospital.live.places.items() if place.purpose == "exit")

    def _note_own(self, event: Event) -> None:
        """Keep in step with alarms as the ledger has them, also those raised before a restart."""
        if isinstance(event, AlarmRaised):
            self._active[(event.alarm_class, event.subject_id)] = event.thing
        elif isinstance(event, AlarmCleared):
            for key in [key for key, alarm in self._active.items() if alarm == event.thing]:
                del self._active[key]
        elif isinstance(event, AlarmShelved):
            self._hospital.deadlines.set((OWNER, "unshelve", event.thing), event.until)
        elif isinstance(event, AlarmUnshelved):
            self._hospital.deadlines.cancel((OWNER, "unshelve", event.thing))

    def _take(self, condition: Condition) -> Iterable[Event]:
        data = self.classes.get(condition.alarm_class)
        if data is None:
            return []
        key = (condition.alarm_class, condition.subject)
        return self._begin(key, condition, data) if condition.is_on else self._finish(key, condition, data)

    def _begin(self, key: Key, condition: Condition, data: AlarmClass) -> Iterable[Event]:
        self._hospital.deadlines.cancel((OWNER, "clear", *key))
        if key in self._active:
            return []
        due_at = max(condition.starts_at, condition.at) + data.on_delay_s * SECOND_US
        if due_at > self._hospital.clock.now():
            self._pending[key] = condition
            self._hospital.deadlines.set((OWNER, "raise", *key), due_at)
            return []
        return self._raise(key, condition, due_at)

    def _finish(self, key: Key, condition: Condition, data: AlarmClass) -> Iterable[Event]:
        self._pending.pop(key, None)
        self._suppressed.pop(key, None)
        self._hospital.deadlines.cancel((OWNER, "raise", *key))
        if key not in self._active:
            return []
        due_at = condition.at + data.off_delay_s * SECOND_US
        if due_at > self._hospital.clock.now():
            self._hospital.deadlines.set((OWNER, "clear", *key), due_at)
            return []
        return self._clear(key, due_at)

    def _raise(self, key: Key, condition: Condition, at: int) -> Iterable[Event]:
        self._pending.pop(key, None)
        if self._is_suppressed(condition.subject):
            self._suppressed[key] = condition
            return []
        alarm = alarm_id_of(condition)
        self._active[key] = alarm
        return [
            AlarmRaised(
                thing=alarm,
                occurred_at=at,
                source=SOURCE,
                source_key=f"{alarm}:1-raised",
                alarm_class=key[0],
                subject_id=key[1],
                priority=self.classes[key[0]].priority,
                place=condition.place,
                parameters=condition.parameters,
            )
        ]

    def _clear(self, key: Key, at: int) -> Iterable[Event]:
        alarm = self._active.pop(key)
        cleared = AlarmCleared(thing=alarm, occurred_at=at, source=SOURCE, source_key=f"{alarm}:2-cleared")
        events: list[Event] = [cleared]
        if self.classes[key[0]].suppresses_children:
            for held, condition in list(self._suppressed.items()):
                if not self._is_suppressed(condition.subject):
                    del self._suppressed[held]
                    events.extend(self._take(condition))
        return events

    def _is_suppressed(self, subject: str) -> bool:
        """Tell whether what the subject hangs on is down, so that its own alarm would say nothing new."""
        health = self._hospital.live.gateways.get(subject)
        parent = health.parent if health is not None else ""
        return bool(parent) and any(
            (name, parent) in self._active for name, data in self.classes.items() if data.suppresses_children
        )

    def _take_queue(self, event: Event) -> Iterable[Event]:
        """Take the longest wait of a queue as its condition: one alarm for all who wait there."""
        live = self._hospital.live
        with self._hospital.ledger.steady:
            ticket = live.tickets.get(event.thing)
            point = ticket.service_point if ticket is not None else ""
            waiting = [live.tickets[key].joined_at for _, _, key in live.index.queues.get(point, ())]
        if not point:
            return []
        if not waiting:
            return self._take(Condition(alarm_class="queue_wait", subject=point, is_on=False, at=event.occurred_at))
        return self._take(self._queue_condition(point, min(waiting), event.occurred_at))

    def _queue_condition(self, point: str, joined_at: int, at: int) -> Condition:
        limit_at = joined_at + self.classes["queue_wait"].limit_s * SECOND_US
        is_over = limit_at > self._hospital.clock.now() and ("queue_wait", point) in self._active
        return Condition(
            alarm_class="queue_wait",
            subject=point,
            is_on=not is_over,
            at=at if is_over else joined_at,
            place=point,
            starts_at=limit_at,
        )

    def _on_due(self, key: tuple[str, ...], due_at: int) -> None:
        with self._lock:
            match key[1:]:
                case ("raise", name, subject):
                    condition = self._pending.get((name, subject))
                    self._record(self._raise((name, subject), condition, due_at) if condition is not None else [])
                case ("clear", name, subject):
                    self._record(self._clear((name, subject), due_at) if (name, subject) in self._active else [])
                case ("unshelve", alarm):
                    unshelved = AlarmUnshelved(
                        thing=alarm, occurred_at=due_at, source=SOURCE, source_key=f"{alarm}:unshelved:{due_at}"
                    )
                    self._record([unshelved])
                case ("disk",):
                    self._check_disk()

    def _check_disk(self) -> None:
        settings, now = self._hospital.settings, self._hospital.clock.now()
        self._hospital.deadlines.set((OWNER, "disk"), now + MINUTE_US)
        free_mb = shutil.disk_usage(settings.data_dir).free // _MB
        limit_mb = settings.free_disk_floor_mb * 2  # told well before storing is refused
        is_low = free_mb < limit_mb
        key = ("disk_low", "server")
        if not is_low and key in self._active:
            is_low = free_mb < limit_mb * (1 + self.classes["disk_low"].deadband_share)
        if is_low != (key in self._active):
            told = (("free_mb", str(free_mb)), ("limit_mb", str(limit_mb)))
            self._record(
                self._take(Condition(alarm_class="disk_low", subject="server", is_on=is_low, at=now, parameters=told))
            )

    def _record(self, events: Iterable[Event]) -> None:
        stored = list(events)
        if stored:
            self._hospital.record_now(stored)

    def _restore(self) -> None:
        """Set delays running again for what was going on when the process ended."""
        live, now = self._hospital.live, self._hospital.clock.now()
        with self._lock, self._hospital.ledger.steady:
            for alarm_id in live.index.active_alarms:
                alarm = live.alarms[alarm_id]
                self._active[(alarm.alarm_class, alarm.subject_id)] = alarm_id
                if alarm.shelved_until:
                    self._hospital.deadlines.set((OWNER, "unshelve", alarm_id), alarm.shelved_until)
            events: list[Event] = []
            for health in live.gateways.values():
                is_off = health.status is GatewayStatus.OFFLINE
                held = ("gateway_offline", health.thing) in self._active
                if is_off or held:
                    told = (("detail", health.detail),)
                    events.extend(
                        self._take(
                            Condition(
                                alarm_class="gateway_offline",
                                subject=health.thing,
                                is_on=is_off,
                                at=health.occurred_at,
                                parameters=told,
                            )
                        )
                    )
            for task_id in live.index.open_tasks:
                task = live.tasks[task_id]
                if task.due_at and task.kind is not None:
                    condition = Condition(
                        alarm_class="task_overdue",
                        subject=task_id,
                        is_on=True,
                        at=task.created_at,
                        place=task.to_place,
                        starts_at=task.due_at,
                        parameters=(("kind", task.kind.value), ("about", task.subject_id)),
                    )
                    events.extend(self._take(condition))
            for point, queue in live.index.queues.items():
                waiting = [live.tickets[key].joined_at for _, _, key in queue]
                if waiting:
                    events.extend(self._take(self._queue_condition(point, min(waiting), now)))
        self._record(events)
