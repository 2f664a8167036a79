"""The live pathway's own history: laws fitted to it, and what a job needs to say whether the model matches."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec
from sqlmodel import Session, col, select

from scheduling.model.surgery_day import CaseStatus
from scheduling.tables.surgery_day import CaseRow
from server.staying import ward_stays
from server.wiring import Hospital
from simulation.calibration.house import (
    HouseLaws,
    UnitStay,
    check_house,
    figures_of,
    learn_house,
)
from simulation.experiments.hospital import Capacities, ParameterSheet
from simulation.experiments.live import capacities_of, kind_of, units_of
from twin.clock import DAY_US, HOUR_US, MINUTE_US, to_text
from twin.events.patients import EncounterClass, EncounterPlanned, EncounterStarted, EncounterUpdated
from twin.events.registry import decode
from twin.ledger.by_thing import events_about
from twin.ledger.subscriptions import Subscription
from twin.state.frozen import HospitalState
from twin.state.live import LiveState

SERVICE = "house_model"
WEEK_US = 7 * DAY_US
LEARN_FROM_US = 16 * WEEK_US
CHECKED_US = 8 * WEEK_US
LEAST_US = 4 * WEEK_US
"""Shorter than this a history tells neither the shape of a week nor the ends of long stays."""
KEPT_US = 6 * HOUR_US
SOON_US = 10 * MINUTE_US
"""While there is too little history it is looked at again after this."""
HISTORY_WAIT_S = 5.0
MOST_KINDS = 6000
MOST_OPERATIONS = 6000
LONGEST_CASE_US = 16 * HOUR_US
_AT_ONCE = 500
_TELLING = tuple(f'"{kind.__name__}"' for kind in (EncounterPlanned, EncounterStarted, EncounterUpdated))


class HouseModelDesk:
    """Keeps what was learnt of a hospital for a few hours: history grows slowly, and fitting takes a second.

    Parameters
    ----------
    hospital : Hospital
        Whose history it is.
    """

    def __init__(self, hospital: Hospital) -> None:
        self._hospital = hospital
        self._lock = threading.Lock()
        self._learnt: tuple[int, HouseLaws, dict[str, Any] | None] | None = None

    def sheet(self) -> ParameterSheet:
        """Give the parameters of the live pathway: fitted where there is enough history, usual where not."""
        return self._known()[0].sheet

    def laws(self) -> HouseLaws:
        """Give what was learnt."""
        return self._known()[0]

    def question(self) -> dict[str, Any] | None:
        """Give what a job needs to check the model against the last weeks; None where history is too short."""
        return self._known()[1]

    def _known(self) -> tuple[HouseLaws, dict[str, Any] | None]:
        now = self._hospital.clock.now()
        with self._lock:
            if self._learnt is None or not 0 <= now < self._learnt[0]:
                # Half a history, as after a start, would be taken for a quiet hospital for the next hours.
                is_whole = self._is_history_whole()
                laws, question = self._learn(now)
                kept_us = KEPT_US if is_whole and question is not None else SOON_US
                self._learnt = (now + kept_us, laws, question)
            return self._learnt[1], self._learnt[2]

    def _is_history_whole(self) -> bool:
        history = self._hospital.services.get("history")
        if not isinstance(history, Subscription):
            return True
        return history.wait_until(self._hospital.live.sequence, timeout_s=HISTORY_WAIT_S)

    def _learn(self, now: int) -> tuple[HouseLaws, dict[str, Any] | None]:
        hospital = self._hospital
        usual = ParameterSheet(zone=hospital.settings.time_zone)
        state = hospital.live.freeze(now)
        with hospital.read() as session:
            stays = with_kinds(session, house_stays(session, hospital.live, units_of(state), now))
            operated = operations(session, now)
        begin = min((stay.arrived_us for stay in stays), default=now)
        if now - begin < LEAST_US:
            return HouseLaws(sheet=usual), None
        window = (max(now - CHECKED_US, (begin + now) // 2), now)
        early = learn_house(stays, (begin, window[0]), usual, operated)
        laws = learn_house(stays, (begin, now), usual, operated)
        return laws, _question(state, stays, early, (window, laws))


def _question(
    state: HospitalState, stays: list[UnitStay], early: HouseLaws, told: tuple[tuple[int, int], HouseLaws]
) -> dict[str, Any]:
    window, laws = told
    before = figures_of(stays, (early.begin_us + (window[0] - early.begin_us) // 2, window[0]))
    present = sum(count for name, count in before.items() if name.startswith("present.ward-"))
    # Arrivals follow from how many were there; the first half of the history fills up and is left out.
    size = replace(capacities_of(state, early.sheet), ward_present=round(present))
    return {
        "size": msgspec.to_builtins(size),
        "sheet": msgspec.to_builtins(early.sheet),
        "real": figures_of(stays, window),
        "begin": window[0],
        "end": window[1],
        "laws": [
            {"pool": pool, "law": law.law, "mean": law.mean, "n": law.n, "ks": law.ks}
            for pool, law in laws.laws.items()
        ],
    }


def house_stays(session: Session, live: LiveState, units: Mapping[str, str], now: int) -> list[UnitStay]:
    """Give the stays of the last weeks in every unit that the live pathway knows.

    Parameters
    ----------
    session : Session
        Any.
    live : LiveState
        For which ward a bed belongs to.
    units : Mapping[str, str]
        Pool by ward.
    now : int
        UTC microseconds.

    Notes
    -----
    Two wards of one unit one after the other are one stay.
    """
    found: list[UnitStay] = []
    for ward_stay in ward_stays(session, live, since=now - LEARN_FROM_US, now=now):
        pool = units.get(ward_stay.ward, "")
        if not pool:
            continue
        stay = UnitStay(
            encounter=ward_stay.encounter,
            pool=pool,
            arrived_us=ward_stay.arrived_us,
            ended_us=ward_stay.ended_us,
            is_open=ward_stay.is_open,
        )
        last = found[-1] if found else None
        same = (stay.encounter, pool, stay.arrived_us)
        if last is not None and (last.encounter, last.pool, last.ended_us) == same:
            found[-1] = replace(last, ended_us=stay.ended_us, is_open=stay.is_open)
        else:
            found.append(stay)
    return found


def operations(session: Session, now: int) -> list[UnitStay]:
    """Give the time in theatre of the operations of the last weeks, as the surgery board was told of them.

    Parameters
    ----------
    session : Session
        Any.
    now : int
        UTC microseconds.
    """
    query = (
        select(CaseRow)
        .where(
            col(CaseRow.status) == CaseStatus.DONE.value,
            col(CaseRow.started_at) >= now - LEARN_FROM_US,
            col(CaseRow.ended_at) > col(CaseRow.started_at),
            # Who forgets to say that a case is over says so the next morning.
            col(CaseRow.ended_at) < col(CaseRow.started_at) + LONGEST_CASE_US,
        )
        .order_by(col(CaseRow.started_at).desc())
        .limit(MOST_OPERATIONS)
    )
    return [
        UnitStay(encounter=row.id, pool="theatres", arrived_us=row.started_at, ended_us=row.ended_at)
        for row in session.exec(query)
    ]


def with_kinds(session: Session, stays: Sequence[UnitStay]) -> list[UnitStay]:
    """Give stays with what was told of their patients: seriously or slightly ill, or planned.

    Parameters
    ----------
    session : Session
        Any.
    stays : Sequence[UnitStay]
        The newest patients are looked up, as many as tell shares to a percent; the others stay without a kind.

    Notes
    -----
    The history keeps where patients were, not how ill; that is read from what the ledger was told of them.
    """
    newest: dict[str, None] = {}
    for stay in sorted(stays, key=lambda one: -one.arrived_us):
        newest.setdefault(stay.encounter)
    names = list(newest)[:MOST_KINDS]
    kinds: dict[str, str] = {}
    for first in range(0, len(names), _AT_ONCE):
        query = events_about(names[first : first + _AT_ONCE])
        told: dict[str, tuple[EncounterClass | None, int, str]] = {}
        for _sequence, body in sorted(session.execute(query)):
            if not any(tag in body for tag in _TELLING):  # nine in ten say where a patient is, not how ill
                continue
            event = decode(body)
            before = told.get(event.thing, (None, 0, ""))
            told[event.thing] = (
                getattr(event, "encounter_class", None) or before[0],
                getattr(event, "acuity", 0) or before[1],
                getattr(event, "arrival_mode", "") or before[2],
            )
        # Without a triage level nobody is taken for slightly ill, nor for seriously ill.
        kinds |= {name: kind_of(*facts) for name, facts in told.items() if facts[1] or facts[2] == "elective"}
    return [replace(stay, kind=kinds.get(stay.encounter, "")) for stay in stays]


def house_match(question: Mapping[str, Any]) -> dict[str, Any]:
    """Say whether the live pathway matches the last weeks, in the job's own process.

    Parameters
    ----------
    question : Mapping[str, Any]
        As :meth:`HouseModelDesk.question` gives it.

    Returns
    -------
    dict[str, Any]
        ``window``, ``matches`` figure by figure, and the ``laws`` that the pathway takes.
    """
    plain: dict[str, Any] = msgspec.json.decode(_matched(msgspec.json.encode(question, order="sorted")))
    return plain


@lru_cache(maxsize=4)  # the same weeks stand beside every question of some hours, and take longer than most of them
def _matched(question: bytes) -> bytes:
    told = msgspec.json.decode(question)
    window = (int(told["begin"]), int(told["end"]))
    size = msgspec.convert(told["size"], Capacities)
    matches = check_house(size, msgspec.convert(told["sheet"], ParameterSheet), told["real"], window)
    return msgspec.json.encode(
        {
            "window": {"from": to_text(window[0]), "to": to_text(window[1])},
            "matches": matches,
            "laws": told["laws"],
        }
    )


def desk_of(hospital: Hospital) -> HouseModelDesk:
    """Give the desk of a hospital, made when it is first asked for."""
    held = hospital.services.get(SERVICE)
    if not isinstance(held, HouseModelDesk):
        held = hospital.services[SERVICE] = HouseModelDesk(hospital)
    return held
