"""Watching over people, things and rooms: geofences and climate limits, each a condition of the alarm engine.

A geofence ends when the tag is back inside for as long as its class says; a flicker shorter than ``exit_s`` raises
nothing. A climate limit has a delay and a deadband: a value that swings about the limit is one alarm, not twenty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from sqlmodel import Session, col, select

from server.alarms.conditions import Condition
from server.alarms.engine import AlarmEngine
from server.audit.chain import Entry, note
from server.schema.watches import WatchRow
from server.wiring import Hospital
from twin.clock import MINUTE_US, SECOND_US
from twin.errors import FieldError, FieldProblem, NotFound
from twin.events.things import BearerKind, PortalCrossed, ZoneChanged
from twin.ports import Stored
from twin.state.locations import binding_of
from twin.state.model import Alarm, zone_of
from twin.telemetry.samples import SampleChunk

GEOFENCE, ENVIRONMENT = "geofence", "environment"
SERVICE = "watches"
SHORT_US = MINUTE_US
"""An exit that ended by itself within a minute, with nobody acting, counts as a false alarm."""


class Geofence(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody or something may be.

    Parameters
    ----------
    id : str
        Its id.
    bearer_kind : BearerKind
        Whether the bearer of the tag is an encounter, an asset, and so on.
    bearer : str
        Its id.
    places : tuple[str, ...]
        Ids of places that are allowed, with all inside them.
    exit_s : float
        How long a tag must be outside before the alarm, seconds.
    """

    id: str
    bearer_kind: BearerKind
    bearer: str
    places: tuple[str, ...]
    exit_s: float = 1.0


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """Between which values a quantity of a room must stay.

    Parameters
    ----------
    id : str
        Its id.
    device, quantity : str
        Whose samples count, such as ``AHU-3`` and ``pressure_pa``.
    place : str
        Id of the room.
    low, high : float
        Limits, in the quantity's unit.
    deadband : float
        How far inside a value must come back, in the quantity's unit.
    delay_s : float
        How long it must be outside before the alarm, seconds.
    """

    id: str
    device: str
    quantity: str
    place: str
    low: float
    high: float
    deadband: float = 0.0
    delay_s: float = 300.0


class Watches:
    """Holds what is watched over and tells the alarm engine.

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
        self._fences: dict[tuple[BearerKind, str], dict[str, Geofence]] = {}
        self._limits: dict[tuple[str, str], dict[str, Limit]] = {}
        self._outside: dict[str, bool] = {}
        with hospital.read() as session:
            for row in session.exec(select(WatchRow).where(WatchRow.ended_at == 0)):
                self._hold(row)

    def start(self) -> None:
        """Follow tags and samples from now on, and look at where everybody is already."""
        self._hospital.services[SERVICE] = self
        self._take_up()
        # no place is kept: whoever is outside a fence after a restart is found by looking, as at the first start
        kinds = (ZoneChanged, PortalCrossed)
        self._hospital.ledger.subscribe("server.watches", self.follow, is_durable=False, kinds=kinds)
        self._hospital.telemetry.subscribe("server.watches", lambda chunks: self.sample([one.chunk for one in chunks]))
        self._engine.tell(list(self._present()))

    def _take_up(self) -> None:
        """Take the limits of rooms with an alarm for broken: what came back while nobody looked must end the alarm."""
        live = self._hospital.live
        with self._hospital.ledger.steady:
            active = [live.alarms[alarm] for alarm in live.index.active_alarms]
        rooms = {alarm.subject_id for alarm in active if alarm.alarm_class == ENVIRONMENT}
        self._outside |= {limit.id: True for limit in self.limits() if limit.place in rooms}

    def _hold(self, row: WatchRow) -> None:
        if row.kind == GEOFENCE:
            fence = msgspec.json.decode(row.facts, type=Geofence)
            self._fences.setdefault((fence.bearer_kind, fence.bearer), {})[fence.id] = fence
        elif row.kind == ENVIRONMENT:
            limit = msgspec.json.decode(row.facts, type=Limit)
            self._limits.setdefault((limit.device, limit.quantity), {})[limit.id] = limit

    def fences(self) -> list[Geofence]:
        """Give the geofences in force, by id."""
        return sorted((one for held in self._fences.values() for one in held.values()), key=lambda one: one.id)

    def limits(self) -> list[Limit]:
        """Give the climate limits in force, by id."""
        return sorted((one for held in self._limits.values() for one in held.values()), key=lambda one: one.id)

    def put(self, kind: str, facts: Mapping[str, object], *, actor: str) -> str:
        """Put a watch in force from what somebody entered; gives its id.

        Parameters
        ----------
        kind : str
            ``geofence`` or ``environment``.
        facts : Mapping[str, object]
            Fields of :class:`Geofence` or :class:`Limit`, without the id.
        actor : str
            Who says so.

        Raises
        ------
        FieldError
            If a field is missing or cannot be read; it is named.
        """
        shape: type[Geofence | Limit] = Geofence if kind == GEOFENCE else Limit
        try:
            watch = msgspec.convert({**facts, "id": self._hospital.new_id()}, shape, strict=False)
        except msgspec.ValidationError as error:
            told, _, place = str(error).partition(" - at ")
            name = place.strip("`$.") or told.rpartition("field ")[2].strip("`")
            problem = FieldProblem(field=name, place=f"/{name}", message=f"{told}.", cure="Fill in every field.")
            raise FieldError(problem) from error
        self.add(watch, actor=actor)
        return watch.id

    def add(self, watch: Geofence | Limit, *, actor: str) -> None:
        """Put a watch in force and keep it.

        Raises
        ------
        NotFound
            If a place does not exist.
        FieldError
            If its limits contradict each other.
        """
        live = self._hospital.live
        for place in watch.places if isinstance(watch, Geofence) else (watch.place,):
            if place not in live.places:
                raise NotFound("place", place)
        if isinstance(watch, Limit) and not watch.low + 2 * watch.deadband <= watch.high:
            problem = FieldProblem(
                field="deadband",
                place="/deadband",
                message="Expected low + 2 deadband to be at most high.",
                cure="Widen the limits or narrow the deadband.",
            )
            raise FieldError(problem)
        is_fence = isinstance(watch, Geofence)
        row = WatchRow(
            id=watch.id,
            kind=GEOFENCE if is_fence else ENVIRONMENT,
            subject=watch.bearer if isinstance(watch, Geofence) else watch.device,
            facts=msgspec.json.encode(watch).decode(),
            created_at=self._hospital.clock.now(),
            created_by=actor,
        )
        held = WatchRow(**row.model_dump())
        noted = Entry(
            at=row.created_at, actor=actor, action=f"{row.kind}.set", subject=row.subject, facts={"watch": row.id}
        )

        def use_case(session: Session) -> None:
            session.add(row)
            note(session, noted)

        self._hospital.write_now(use_case)
        self._hold(held)
        if isinstance(watch, Geofence):
            self._engine.tell(list(self._present()))

    def end(self, watch_id: str, *, actor: str) -> None:
        """Take a watch out of force; its alarm ends.

        Parameters
        ----------
        watch_id : str
            Of a watch in force.
        actor : str
            Who says so.

        Raises
        ------
        NotFound
            If none in force has the id.
        """
        now = self._hospital.clock.now()
        fence = next((one for one in self.fences() if one.id == watch_id), None)
        limit = next((one for one in self.limits() if one.id == watch_id), None)
        if fence is None and limit is None:
            raise NotFound("watch", watch_id)

        def use_case(session: Session) -> None:
            row = session.exec(select(WatchRow).where(col(WatchRow.id) == watch_id)).one()
            row.ended_at = now
            session.add(row)
            note(session, Entry(at=now, actor=actor, action=f"{row.kind}.ended", subject=row.subject))

        self._hospital.write_now(use_case)
        if fence is not None:
            del self._fences[fence.bearer_kind, fence.bearer][watch_id]
            # Another fence of the same bearer may still be broken: it is judged anew.
            ended = Condition(alarm_class=GEOFENCE, subject=fence.bearer, is_on=False, at=now)
            self._engine.tell([ended, *self._present()])
        elif limit is not None:
            del self._limits[limit.device, limit.quantity][watch_id]
            self._outside.pop(limit.id, None)
            if self._is_held(limit):
                return
            self._engine.tell([Condition(alarm_class=ENVIRONMENT, subject=limit.place, is_on=False, at=now)])

    def follow(self, batch: Sequence[Stored]) -> None:
        """Look at each tag that changed its zone."""
        if not self._fences:
            return
        found: list[Condition] = []
        for stored in batch:
            event = stored.event
            if isinstance(event, ZoneChanged | PortalCrossed):
                binding = binding_of(self._hospital.live, event.thing, event.occurred_at)
                if binding is not None:
                    found += self._judge((binding.bearer_kind, binding.bearer), zone_of(event), event.occurred_at)
        if found:
            self._engine.tell(found)

    def _judge(self, bearer: tuple[BearerKind, str], zone: str, at: int) -> Iterator[Condition]:
        fences = self._fences.get(bearer)
        if not fences:
            return
        around = self._around(zone)
        broken = [fence for fence in fences.values() if around.isdisjoint(fence.places)]
        yield Condition(
            alarm_class=GEOFENCE,
            subject=bearer[1],
            is_on=bool(broken),
            at=at,
            place=zone if broken else "",
            starts_at=at + int(min((fence.exit_s for fence in broken), default=0.0) * SECOND_US) if broken else 0,
        )

    def _around(self, place: str) -> set[str]:
        live, found = self._hospital.live, set[str]()
        while place and place not in found:
            found.add(place)
            entry = live.places.get(place)
            place = entry.parent if entry is not None else ""
        return found

    def _present(self) -> Iterator[Condition]:
        """Judge where everybody with a fence is now: a fence may be set around somebody who is outside already."""
        live = self._hospital.live
        with self._hospital.ledger.steady:
            tags = [
                (kind, bearer, live.tags[tag].entered)
                for kind, bearer in self._fences
                for tag in live.index.tags_by_bearer[kind].get(bearer, ())
            ]
        for kind, bearer, entered in tags:
            if entered is not None:
                yield from self._judge((kind, bearer), zone_of(entered), entered.occurred_at)

    def sample(self, chunks: Sequence[SampleChunk]) -> None:
        """Judge samples of rooms' climate; only a change of judgement is told."""
        found: list[Condition] = []
        for chunk in chunks:
            for limit in self._limits.get((chunk.device, chunk.quantity), {}).values():
                found += list(self._judge_samples(limit, chunk))
        if found:
            self._engine.tell(found)

    def _judge_samples(self, limit: Limit, chunk: SampleChunk) -> Iterator[Condition]:
        for at, value, quality in zip(
            chunk.times_us.tolist(), chunk.values.tolist(), chunk.quality.tolist(), strict=True
        ):
            if quality or value != value:  # NaN is unlike itself
                continue
            was = self._outside.get(limit.id, False)
            low, high = (limit.low + limit.deadband, limit.high - limit.deadband) if was else (limit.low, limit.high)
            is_outside = not low <= value <= high
            if is_outside == was:
                continue
            self._outside[limit.id] = is_outside
            if not is_outside and self._is_held(limit):
                continue  # another quantity of the room is still wrong: one alarm a room stays
            told = (
                ("quantity", limit.quantity),
                ("value", f"{value:g}"),
                ("low", f"{limit.low:g}"),
                ("high", f"{limit.high:g}"),
            )
            yield Condition(
                alarm_class=ENVIRONMENT,
                subject=limit.place,
                is_on=is_outside,
                at=at,
                place=limit.place,
                starts_at=at + int(limit.delay_s * SECOND_US) if is_outside else 0,
                parameters=told,
            )

    def _is_held(self, limit: Limit) -> bool:
        """Tell whether another limit of the same room is broken."""
        return any(
            one.place == limit.place and one.id != limit.id and self._outside.get(one.id, False)
            for one in self.limits()
        )


def false_alarms(alarms: Sequence[Alarm]) -> tuple[int, int]:
    """Give how many geofence alarms there were, and how many ended within a minute with nobody acting.

    Parameters
    ----------
    alarms : Sequence[Alarm]
        Of any class.
    """
    found = [alarm for alarm in alarms if alarm.alarm_class == GEOFENCE]
    short = [
        alarm
        for alarm in found
        if alarm.cleared_at and alarm.cleared_at - alarm.raised_at < SHORT_US and not alarm.acknowledged_at
    ]
    return len(found), len(short)
