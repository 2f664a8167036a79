"""Patients on their way, where a wristband was, and what is watched over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from sqlalchemy import select
from sqlmodel import Session

from dash_app.queries.names import place_name
from dash_app.queries.port import HospitalPort
from twin.clock import DAY_US, HOUR_US
from twin.errors import Unavailable
from twin.events.things import BearerKind
from twin.history.history import Interval, trail
from twin.state.live import LiveState
from twin.telemetry.tables import SAMPLES
from twin.telemetry.telemetry import Telemetry

WATCHES = "watches"
ZONE = "tag.zone"
TRAIL_MOST = 100
_MEASURED_MOST = 500


class FenceView(Protocol):
    """A geofence; ``server.alarms.watches.Geofence`` meets it."""

    id: str
    bearer_kind: BearerKind
    bearer: str
    places: tuple[str, ...]
    exit_s: float


class LimitView(Protocol):
    """A climate limit; ``server.alarms.watches.Limit`` meets it."""

    id: str
    device: str
    quantity: str
    place: str
    low: float
    high: float
    deadband: float
    delay_s: float


@runtime_checkable
class WatchList(Protocol):
    """What is watched over; ``server.alarms.watches.Watches`` meets it."""

    def fences(self) -> Sequence[FenceView]:
        """Give the geofences in force."""

    def limits(self) -> Sequence[LimitView]:
        """Give the climate limits in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The last sample of a limit's quantity; ``at`` in UTC microseconds, 0 if none came within the hour."""

    value: float = 0.0
    at: int = 0


def watch_list(port: HospitalPort) -> WatchList:
    """Give what is watched over.

    Raises
    ------
    Unavailable
        If nothing is watched over in this process.
    """
    held = port.services.get(WATCHES)
    if not isinstance(held, WatchList):
        raise Unavailable("Nothing is watched over in this process: use `hospital-twin serve`.")
    return held


def ringing(state: LiveState, alarm_class: str) -> set[str]:
    """Give the subjects that have an active alarm of a class."""
    alarms = [state.alarms[key] for key in tuple(state.index.active_alarms) if key in state.alarms]
    return {alarm.subject_id for alarm in alarms if alarm.alarm_class == alarm_class}


def last_reading(port: HospitalPort, session: Session, limit: LimitView) -> Reading:
    """Give the last good sample of a limit's quantity within the hour."""
    store, now = port.services.get("telemetry"), port.clock.now()
    if not isinstance(store, Telemetry):
        return Reading()
    chunk = store.read(session, limit.device, limit.quantity, now - HOUR_US, now + 1)
    good = [number for number, quality in enumerate(chunk.quality.tolist()) if not quality]
    if not good:
        return Reading()
    return Reading(value=float(chunk.values[good[-1]]), at=int(chunk.times_us[good[-1]]))


def measured(session: Session, now: int) -> list[tuple[str, str]]:
    """Give the devices that measured something within the hour, each with the quantity, sorted; at most 500 pairs."""
    table = SAMPLES.c
    asked = select(table.device, table.quantity).where(table.end_at >= now - HOUR_US).distinct()
    rows = session.execute(asked.order_by(table.device, table.quantity).limit(_MEASURED_MOST))
    return [(device, quantity) for device, quantity in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """Least, mean and largest good sample of each minute that has any; ``times`` in UTC microseconds."""

    times: tuple[int, ...] = ()
    low: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


def last_day(port: HospitalPort, session: Session, limit: LimitView) -> Day:
    """Give what a limit's quantity was in the last 24 hours."""
    store, now = port.services.get("telemetry"), port.clock.now()
    if not isinstance(store, Telemetry):
        return Day()
    found = store.rollups(session, limit.device, limit.quantity, (now - DAY_US, now + 1))
    return Day(
        times=tuple(one.start_at for one in found),
        low=tuple(one.minimum for one in found),
        mean=tuple(one.mean for one in found),
        high=tuple(one.maximum for one in found),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where a wristband was for a while, as it is drawn; metres, UTC microseconds, ``to_at`` 0 while it is there."""

    place: str
    floor: int
    x_m: float
    y_m: float
    from_at: int
    to_at: int


def stops(state: LiveState, found: Sequence[Interval]) -> list[Stop]:
    """Give the places of a trail that are on the plan, the first one first."""
    made = []
    for one in sorted(found, key=lambda interval: interval.from_at):
        place = state.places.get(str(one.value))
        if place is not None and (place.width_m or place.x_m or place.y_m):
            made.append(
                Stop(
                    place=place.thing,
                    floor=place.floor,
                    x_m=place.x_m,
                    y_m=place.y_m,
                    from_at=one.from_at,
                    to_at=one.to_at or 0,
                )
            )
    return made


def band_trail(session: Session, tag: str) -> list[Interval]:
    """Give where a wristband was, the latest first."""
    found = [one for one in trail(session, tag, facet=ZONE, limit=TRAIL_MOST) if one.value]
    return sorted(found, key=lambda one: -one.from_at)


def open_encounters(state: LiveState) -> list[str]:
    """Give the pseudonyms of encounters that go on, the latest first."""
    return sorted((key for key, one in tuple(state.encounters.items()) if one.is_open), reverse=True)


def encounter_label(state: LiveState, key: str, *, chinese: bool = False) -> str:
    """Give what a person at the bedside knows an encounter by: its place, with the end of the pseudonym.

    Parameters
    ----------
    state : LiveState
        The hospital.
    key : str
        Pseudonym; one that is not known is shown by its end alone.
    chinese : bool, optional
        Whether names are wanted in Chinese.
    """
    held = state.encounters.get(key)
    place = (held.present or held.place or held.reserved) if held is not None else ""
    named = place_name(state, place, chinese=chinese)
    return f"{named} · {key[-8:]}" if named else key[-8:]


def encounter_choices(state: LiveState, *, chinese: bool = False) -> list[dict[str, str]]:
    """Give the encounters that go on as choices, by place; who is nowhere yet comes last."""
    labelled = [(encounter_label(state, key, chinese=chinese), key) for key in open_encounters(state)]
    labelled.sort(key=lambda one: (" · " not in one[0], one))
    return [{"value": key, "label": label} for label, key in labelled]


def bays(state: LiveState, purposes: frozenset[str]) -> list[str]:
    """Give the places of some purposes, and the beds within them, by id."""
    places = dict(state.places)
    return sorted(
        key
        for key, place in places.items()
        if place.purpose in purposes or (place.parent in places and places[place.parent].purpose in purposes)
    )
