"""Forecasts of the running hospital: made on every tick, archived every hour, judged when their time has come."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select
from sqlmodel import Session

from server.runs import archive
from server.runs.bookings import booking_history, past_bookings
from server.staying import MOST_INTERVALS, WardStay, ward_stays
from server.wiring import Hospital
from simulation.forecast.bookings import BOOKED, KINDS, UNANNOUNCED
from simulation.forecast.census import HORIZONS_H
from simulation.forecast.house import Forecaster, HouseForecast, is_waiting_emergency, unit_kinds
from simulation.forecast.stays import LocalTime, Stays
from twin.clock import HOUR_US, MINUTE_US
from twin.history.tables import INTERVALS
from twin.ledger.subscriptions import Subscription
from twin.state.live import LiveState
from twin.state.model import EncounterStatus

log = logging.getLogger("hospital_twin.forecasts")

LEARN_FROM_US = 84 * 24 * HOUR_US
EVERY_US = 15 * MINUTE_US
JUDGED_FOR_US = 56 * 24 * HOUR_US
"""How far back forecasts are judged on the page."""
SPREAD_FROM_US = 14 * 24 * HOUR_US
"""How far back forecasts set the width of bands."""
LONGEST_WAIT_US = 24 * HOUR_US
"""From the door of the emergency department to a bay; what is longer is another thing."""
HISTORY_WAIT_S = 300.0


class ForecastDesk:
    """Keeps the newest forecast of a hospital, and the archive of all earlier ones.

    Parameters
    ----------
    hospital : Hospital
        Followed by its history.
    """

    def __init__(self, hospital: Hospital) -> None:
        ZoneInfo(hospital.settings.time_zone)  # says so at the start if it is unknown
        self._hospital = hospital
        self._forecaster = Forecaster(LocalTime(hospital.settings.time_zone, frozenset(hospital.settings.holidays)))
        self._latest: HouseForecast | None = None
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def outlook(self) -> HouseForecast | None:
        """Give the newest forecast; None before the first."""
        return self._latest

    def accuracy(self, unit: str = "") -> list[archive.HorizonAccuracy]:
        """Judge the forecasts of the last eight weeks by horizon.

        Parameters
        ----------
        unit : str, optional
            One ward; all by default.
        """
        since = self._hospital.clock.now() - JUDGED_FOR_US
        with self._hospital.read() as session:
            return archive.accuracy(session, since=since, unit=unit)

    def stays(self) -> dict[str, Stays]:
        """Give the stays of every ward of the last twelve weeks, as they are known now."""
        hospital = self._hospital
        with hospital.read() as session:
            return stays_by_unit(session, hospital.live, hospital.clock.now()).stays

    def refresh(self) -> HouseForecast:
        """Forecast now, archive it if a new hour has begun, and note what came of earlier ones."""
        hospital, now = self._hospital, self._hospital.clock.now()
        state = hospital.live.freeze(now)
        with hospital.read() as session:
            bookings = past_bookings(session, since=now - LEARN_FROM_US)
            emergency = {ward for ward, kind in unit_kinds(state).items() if kind == "emergency"}
            units = stays_by_unit(session, hospital.live, now, bookings.booked_at, emergency)
            past = archive.scored_past(session, since=now - SPREAD_FROM_US)
            due = archive.due(session, now)
        stays = units.stays
        outcomes = [(unit, at, int(stays[unit].census(np.array([at]))[0])) for unit, at in due if unit in stays]
        history = booking_history(bookings, units.first_booked, state)
        made = self._forecaster.forecast(state, stays, past, history)
        is_new_hour = self._latest is None or archive.whole_hour(self._latest.made_at) < archive.whole_hour(now)
        if outcomes or (is_new_hour and not made.blind_since):
            kept = made if is_new_hour and not made.blind_since else None
            hospital.write_now(lambda session: _store(session, kept, outcomes, now))
        self._latest = made
        return made

    def start(self) -> None:
        """Start the thread that forecasts when asked."""
        self._thread = threading.Thread(target=self._run, name="forecasts", daemon=True)
        self._thread.start()
        self.want()

    def want(self) -> None:
        """Ask for a new forecast; gives at once."""
        self._wanted.set()

    def stop(self) -> None:
        """Stop the thread and wait for it."""
        self._stopping.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _await_history(self) -> None:
        """Wait until the history tells all that has been said by now: after a start it may still be catching up.

        Half a history would forecast from half of the stays, and would say so for a quarter of an hour.
        """
        history, said = self._hospital.services.get("history"), self._hospital.live.sequence
        if isinstance(history, Subscription):
            ends = time.monotonic() + HISTORY_WAIT_S
            while not self._stopping.is_set() and time.monotonic() < ends:
                if history.wait_until(said, timeout_s=0.5):
                    return

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._stopping.is_set():
                return
            try:
                self._await_history()
                self.refresh()
            except Exception:
                log.exception("the forecast failed; the last one stays, with its age, until the next tick")


def _store(session: Session, made: HouseForecast | None, outcomes: Sequence[tuple[str, int, int]], now: int) -> None:
    archive.note_outcomes(session, outcomes, now)
    for unit in () if made is None else made.units:
        for horizon, point, modelled in zip(HORIZONS_H, unit.points, unit.modelled, strict=False):
            archive.keep(session, unit.unit, point, as_modelled=modelled, horizon_h=float(horizon))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPasts:
    """What is known of the units until now.

    Parameters
    ----------
    stays : dict[str, Stays]
        By ward; kinds tell who was booked.
    first_booked : tuple[tuple[str, str, int], ...]
        Encounter, ward and instant of the first arrival of each patient who was booked.
    """

    stays: dict[str, Stays]
    first_booked: tuple[tuple[str, str, int], ...] = ()


def came_at(session: Session, *, since: int, now: int) -> dict[str, int]:
    """Give when patients came into the house, with a place or before they had one.

    Parameters
    ----------
    session : Session
        Any.
    since, now : int
        UTC microseconds; who came before the one or after the other does not count.
    """
    query = (
        select(INTERVALS.c.thing, INTERVALS.c.from_at)
        .where(
            INTERVALS.c.facet == "encounter.status",
            INTERVALS.c.value == EncounterStatus.IN_PROGRESS.value,
            INTERVALS.c.from_at > since,
            INTERVALS.c.from_at <= now,
            INTERVALS.c.to_at > INTERVALS.c.from_at,
        )
        .order_by(INTERVALS.c.thing, INTERVALS.c.from_at)
        .limit(MOST_INTERVALS)
    )
    found: dict[str, int] = {}
    for thing, from_at in session.execute(query):
        found.setdefault(thing, int(from_at))
    return found


def _from_the_door(stays: Iterator[WardStay], came: dict[str, int], emergency: Collection[str]) -> Iterator[WardStay]:
    """Let first stays in the emergency department begin at the door; take who has a stay out of those who came.

    One who leaves before having a place has no stay: the history does not tell where one waited.
    """
    for stay in stays:
        at = came.pop(stay.encounter, stay.arrived_us)
        # Longer than a day is no wait for a bay: somebody was admitted on paper first.
        is_wait = stay.ward in emergency and 0 < stay.arrived_us - at < LONGEST_WAIT_US
        yield replace(stay, arrived_us=at) if is_wait else stay


def stays_by_unit(
    session: Session, live: LiveState, now: int, booked: Collection[str] = (), emergency: Collection[str] = ()
) -> UnitPasts:
    """Give the stays of every ward of the last twelve weeks.

    Parameters
    ----------
    session : Session
        Any.
    live : LiveState
        For which ward a bed belongs to.
    now : int
        UTC microseconds.
    booked : Collection[str]
        Encounters that were booked. Only where they come first counts: the ward after has them as a transfer.
    emergency : Collection[str]
        Wards of the emergency department: a stay there begins at the door, not with the bay, and those who wait for a
        bay are present at the first of these wards.
    """
    rows: dict[str, list[tuple[int, int, bool, int]]] = {}
    first: dict[str, tuple[str, str, int]] = {}
    since = now - LEARN_FROM_US
    came = came_at(session, since=since, now=now) if emergency else {}
    for stay in _from_the_door(ward_stays(session, live, since=since, now=now), came, emergency):
        if stay.ward:
            is_booked = stay.encounter in booked and stay.encounter not in first
            if is_booked:
                first[stay.encounter] = (stay.encounter, stay.ward, stay.arrived_us)
            kind = BOOKED if is_booked else UNANNOUNCED
            rows.setdefault(stay.ward, []).append((stay.arrived_us, stay.ended_us, stay.is_open, kind))
    for encounter, at in came.items():
        one = live.encounters.get(encounter)
        if one is not None and not one.place and is_waiting_emergency(one):
            rows.setdefault(min(emergency), []).append((at, now, True, UNANNOUNCED))
    found = {}
    for ward, listed in rows.items():
        table = np.array(sorted(listed), dtype=np.int64)
        found[ward] = Stays(
            arrived_us=table[:, 0],
            ended_us=table[:, 1],
            is_open=table[:, 2].astype(bool),
            kinds=table[:, 3],
            kind_names=KINDS,
        )
    return UnitPasts(stays=found, first_booked=tuple(first.values()))
