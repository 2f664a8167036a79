"""How bookings went until now, from the history of encounters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select
from sqlmodel import Session

from simulation.forecast.bookings import BookingHistory, is_missed
from twin.history.tables import INTERVALS
from twin.state.frozen import HospitalState
from twin.state.model import EncounterStatus

_MOST_INTERVALS = 500_000
_CAME = frozenset({EncounterStatus.IN_PROGRESS, EncounterStatus.ON_LEAVE, EncounterStatus.FINISHED})


@dataclass(frozen=True, slots=True)
class PastBookings:
    """Encounters of the past that were booked.

    Parameters
    ----------
    booked_at : Mapping[str, int]
        When each was booked first, UTC microseconds, by encounter.
    came, missed : int
        How many of those whose booking has ended came, and how many did not.
    """

    booked_at: Mapping[str, int]
    came: int
    missed: int


def past_bookings(session: Session, *, since: int) -> PastBookings:
    """Give the bookings that were open at any time since an instant.

    Parameters
    ----------
    session : Session
        Any.
    since : int
        UTC microseconds.
    """
    query = (
        select(INTERVALS.c.thing, INTERVALS.c.value, INTERVALS.c.from_at)
        .where(
            INTERVALS.c.facet == "encounter.status",
            INTERVALS.c.to_at > since,
            INTERVALS.c.to_at > INTERVALS.c.from_at,  # what was corrected away stays as an empty interval
            INTERVALS.c.value != "",
        )
        .order_by(INTERVALS.c.thing, INTERVALS.c.from_at)
        .limit(_MOST_INTERVALS)
    )
    booked_at: dict[str, int] = {}
    last: dict[str, str] = {}
    for thing, value, from_at in session.execute(query):
        if value == EncounterStatus.PLANNED:
            booked_at.setdefault(thing, int(from_at))
        last[thing] = value
    came = sum(last[thing] in _CAME for thing in booked_at)
    missed = sum(last[thing] == EncounterStatus.CANCELLED for thing in booked_at)
    return PastBookings(booked_at, came, missed)


def booking_history(
    past: PastBookings, arrivals: Iterable[tuple[str, str, int]], state: HospitalState
) -> BookingHistory:
    """Give how bookings went, by unit.

    Parameters
    ----------
    past : PastBookings
        From the history.
    arrivals : Iterable[tuple[str, str, int]]
        Encounter, ward and instant of the first arrival of each that was booked.
    state : HospitalState
        The hospital now; a booking long overdue counts as missed.
    """
    leads: dict[str, list[int]] = {}
    for encounter, ward, arrived in arrivals:
        leads.setdefault(ward, []).append(max(arrived - past.booked_at[encounter], 0))
    overdue = sum(is_missed(encounter, state.at) for encounter in state.encounters.values())
    return BookingHistory(
        leads_us={ward: np.array(sorted(found), dtype=np.int64) for ward, found in leads.items()},
        came=past.came,
        missed=past.missed + overdue,
    )
