"""Live topics: one frame per topic and tick, encoded once, fanned out to everybody who listens."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from server.http import views as shown
from twin.clock import SystemClock
from twin.events import supply, things, watch, work
from twin.events.envelope import Event
from twin.ports import Stored
from twin.state.live import LiveState

RING = 3000
CLIENT_BACKLOG = 256
TICK_S = 0.2  # least pause between frames in a flood: of the second from a reader's report to the mark on a map a fifth
EVENTS_PER_FRAME = 2000


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a topic, ready to be sent.

    Parameters
    ----------
    number : int
        Grows with each frame, and from one start of the server to the next.
    topic : str
        Which topic.
    data : bytes
        The message as server-sent event.
    """

    number: int
    topic: str
    data: bytes


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a message carries.

    Parameters
    ----------
    topic : str
        Which topic.
    now : int
        The server's instant, UTC microseconds; ages count from it.
    sequence : int
        Last event of the ledger that is in it.
    items : object
        The things as they are now: all of them in a snapshot, those that changed in a delta.
    events : list[msgspec.Raw]
        The events of a delta themselves.
    """

    topic: str
    now: int
    sequence: int
    items: object
    events: list[msgspec.Raw] = msgspec.field(default_factory=list)


_encoder = msgspec.json.Encoder()


def encode_frame(number: int, kind: str, body: Body) -> bytes:
    """Write a server-sent event.

    Parameters
    ----------
    number : int
        Comes back as Last-Event-ID.
    kind : str
        Name of the event in the browser: ``snapshot`` or ``delta``.
    body : Body
        What it carries.
    """
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), _encoder.encode(body))


class Changes:
    """What changed in one topic since the last tick; beyond a limit only that it did."""

    __slots__ = ("events", "ids")

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.events: list[Event] = []

    def note(self, thing: str, event: Event) -> None:
        """Note that an event changed a thing."""
        self.ids.add(thing)
        if len(self.events) < EVENTS_PER_FRAME:
            self.events.append(event)


@dataclass(eq=False)
class Listener:
    """One client: its topics and what waits for it; ``is_slow`` once it fell behind."""

    topics: frozenset[str]
    waiting: asyncio.Queue[Frame] = field(default_factory=lambda: asyncio.Queue(CLIENT_BACKLOG))
    is_slow: bool = False


Show = Callable[[LiveState, Iterable[str], int], object]


def _positions(state: LiveState, ids: Iterable[str], now: int) -> object:
    rows = []
    for asset_id in ids:
        asset = state.assets.get(asset_id)
        if asset is None or asset.entry is None:
            continue
        view = shown.asset_view(state, asset, now).position
        rows.append([asset_id, view.place, view.confidence, view.age_s, view.basis])
    return rows


def _tasks(state: LiveState, ids: Iterable[str], now: int) -> object:
    del now
    return [shown.task_shown(state.tasks[key]) for key in ids if key in state.tasks]


def _alarms(state: LiveState, ids: Iterable[str], now: int) -> object:
    del now
    return [shown.alarm_shown(state.alarms[key]) for key in ids if key in state.alarms]


def _kpi(state: LiveState, ids: Iterable[str], now: int) -> object:
    del ids, now
    return {
        "active_alarms": len(state.index.active_alarms),
        "open_tasks": len(state.index.open_tasks),
        "low_stock": len(state.index.low_stock),
        "open_encounters": sum(one.is_open for one in state.encounters.values()),
    }


SHOWS: dict[str, Show] = {"positions": _positions, "alarms": _alarms, "kpi": _kpi, "tasks": _tasks}
"""What each topic shows of the things that changed."""

_WORK = (
    work.TaskCreated,
    work.TaskAssigned,
    work.TaskStarted,
    work.TaskBlocked,
    work.TaskCompleted,
    work.TaskCancelled,
)
_ALARMS = (
    watch.AlarmRaised,
    watch.AlarmAcknowledged,
    watch.AlarmShelved,
    watch.AlarmUnshelved,
    watch.AlarmCleared,
)
_ASSETS = (
    things.AssetRegistered,
    things.AssetRetired,
    things.CustodyChanged,
    things.AssetMoved,
    things.DeviceReadinessChanged,
    things.AvailabilityChanged,
    supply.CycleStarted,
)
_TAGS = (things.ZoneChanged, things.ZoneConfirmed, things.PortalCrossed, things.TagLost)


class Hub:
    """Gathers what changed, makes frames each tick, keeps the last ones, and hands them out.

    Parameters
    ----------
    state : LiveState
        The present hospital.
    now : Callable[[], int]
        Gives the present instant.
    steady : object
        Context manager that holds the state still.
    """

    def __init__(self, state: LiveState, now: Callable[[], int], steady: object) -> None:
        self._state = state
        self._now = now
        self._steady = steady
        self._changed = {topic: Changes() for topic in SHOWS}
        self._ring: deque[Frame] = deque(maxlen=RING)
        self._listeners: set[Listener] = set()
        # not from 0: a client that comes back after a restart must never find its old number among the new frames.
        # Microseconds run ahead of frames, of which there are some twenty a second.
        self._number = SystemClock().now()
        self._lock = threading.Lock()

    def note(self, batch: Sequence[Stored]) -> None:
        """Note what a batch of events changed; called in the ledger's thread."""
        with self._lock:
            for stored in batch:
                self._note_event(stored.event)

    def _note_event(self, event: Event) -> None:
        changed = self._changed
        if isinstance(event, _TAGS):
            tag = self._state.tags.get(event.thing)
            # Tags of people are not shown here: who may see encounters has routes of their own.
            if tag is not None and tag.bound is not None and tag.bound.bearer_kind is things.BearerKind.ASSET:
                changed["positions"].note(tag.bound.bearer, event)
        elif isinstance(event, things.TagBound):
            if event.bearer_kind is things.BearerKind.ASSET:
                changed["positions"].note(event.bearer, event)
        elif isinstance(event, _ASSETS):
            changed["positions"].note(event.thing, event)
        elif isinstance(event, _WORK):
            changed["tasks"].note(event.thing, event)
            changed["kpi"].ids.add("")
        elif isinstance(event, _ALARMS):
            changed["alarms"].note(event.thing, event)
            changed["kpi"].ids.add("")
        else:
            changed["kpi"].ids.add("")

    def tick(self) -> list[Frame]:
        """Make a frame of every topic in which something changed, and hand them out."""
        frames: list[Frame] = []
        with self._lock:
            # swapped under the lock, shown outside of it: the thread of the ledger never waits for the encoding
            changes, self._changed = self._changed, {topic: Changes() for topic in SHOWS}
        for topic, show in SHOWS.items():
            if changes[topic].ids:
                frames.append(self._frame(topic, show, changes[topic]))
        self._ring.extend(frames)
        for listener in list(self._listeners):
            self._hand_out(listener, frames)
        return frames

    def _frame(self, topic: str, show: Show, changed: Changes) -> Frame:
        self._number += 1
        with self._steady:  # type: ignore[attr-defined]  # a lock of the ledger
            now = self._now()
            # the things as they are now, not as each event left them: one frame replaces what came before
            items = show(self._state, sorted(changed.ids), now)
            events = [msgspec.Raw(_encoder.encode(event)) for event in changed.events]
            body = Body(topic=topic, now=now, sequence=self._state.sequence, items=items, events=events)
        return Frame(self._number, topic, encode_frame(self._number, "delta", body))

    def _hand_out(self, listener: Listener, frames: list[Frame]) -> None:
        for frame in frames:
            if frame.topic not in listener.topics:
                continue
            try:
                listener.waiting.put_nowait(frame)
            except asyncio.QueueFull:
                listener.is_slow = True  # it comes back with Last-Event-ID, or with a fresh snapshot
                self._listeners.discard(listener)
                return

    def snapshot(self, topic: str) -> bytes:
        """Give everything of a topic as one event, with the number after which deltas follow."""
        everything: dict[str, Iterable[str]] = {
            "positions": self._state.assets,
            "alarms": self._state.index.active_alarms,
            "tasks": self._state.index.open_tasks,
            "kpi": ("",),
        }
        with self._steady:  # type: ignore[attr-defined]  # a lock of the ledger
            now = self._now()
            items = SHOWS[topic](self._state, sorted(everything[topic]), now)
            body = Body(topic=topic, now=now, sequence=self._state.sequence, items=items)
        return encode_frame(self._number, "snapshot", body)

    def join(self, topics: frozenset[str], *, last: int | None) -> tuple[Listener, list[bytes]]:
        """Take in a client.

        Parameters
        ----------
        topics : frozenset[str]
            What it wants.
        last : int or None
            Number of the last frame that it got before, None for a new one.

        Returns
        -------
        tuple[Listener, list[bytes]]
            The client, and what it gets at once: the frames that it missed, or snapshots where they are gone.
        """
        listener = Listener(topics)
        # before the snapshot: what changes meanwhile comes as a delta besides, which does no harm
        self._listeners.add(listener)
        oldest = self._ring[0].number if self._ring else self._number + 1
        if last is not None and oldest - 1 <= last <= self._number:
            missed = [one.data for one in self._ring if one.number > last and one.topic in topics]
            return listener, missed
        return listener, [self.snapshot(topic) for topic in sorted(topics)]

    def leave(self, listener: Listener) -> None:
        """Let a client go."""
        self._listeners.discard(listener)

    @property
    def listeners(self) -> int:
        """How many clients listen."""
        return len(self._listeners)
