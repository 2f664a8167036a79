"""How full wards will be beside how full they were: what the twin's forecast says of patients, told to the shelves.

Patients use things, so that a ward which will be half as full again as it was when its use was learnt will use half as
much again. The factor is one of patient-days: expected ones of the next days over those of the weeks before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from sqlmodel import Session

from inventory.tables.driver import Driver, text_of
from server.wiring import Hospital
from simulation.forecast.house import HouseForecast
from simulation.forecast.stays import Stays
from twin.clock import DAY_US, HOUR_US
from twin.state.beds import ward_of

LOOK_BACK_US = 28 * DAY_US
EVERY_US = 6 * HOUR_US
FEWEST_DAYS = 7
"""Days of stays that must be known: a week has its own rhythm, and less of it is none."""
LOWEST, HIGHEST = 0.5, 3.0
"""Bounds of a factor: outside them the forecast says more about its own doubt than about the ward."""
_KEPT_US = 6 * HOUR_US


class KnowsForecast(Protocol):
    """What is needed of the forecast desk."""

    def outlook(self) -> HouseForecast | None:
        """Give the newest forecast."""

    def stays(self) -> dict[str, Stays]:
        """Give the stays of every ward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fullness:
    """How full a ward was and will be.

    Parameters
    ----------
    ward : str
        Its id.
    usual, expected : float
        Mean patients present in the weeks before, and in the days to come.
    days : float
        Days of stays that ``usual`` rests on.
    """

    ward: str
    usual: float
    expected: float
    days: float

    @property
    def factor(self) -> float:
        """Expected over usual patients, within bounds; 1 where too little is known."""
        if self.usual <= 0 or self.days < FEWEST_DAYS:
            return 1.0
        return min(HIGHEST, max(LOWEST, self.expected / self.usual))


def fullness(hospital: Hospital, *, days: float) -> dict[str, Fullness]:
    """Give how full each ward was and will be; empty before the first forecast and while the house is not heard.

    Parameters
    ----------
    hospital : Hospital
        Open, with a forecast desk.
    days : float
        How far ahead; the forecast ends after three days.
    """
    desk: KnowsForecast | None = hospital.services.get("forecast")  # type: ignore[assignment]  # put there by running
    made = desk.outlook() if desk is not None else None
    if made is None or made.blind_since:
        return {}
    usual = _usual(hospital, desk) if desk is not None else {}
    found = {}
    for unit in made.units:
        ahead = [point.mean for point in unit.points if point.target_at - point.made_at <= max(days, 0.2) * DAY_US]
        if ahead and unit.unit in usual:
            patients, known_days = usual[unit.unit]
            expected = float(np.mean([unit.present, *ahead]))
            found[unit.unit] = Fullness(ward=unit.unit, usual=patients, expected=expected, days=known_days)
    return found


def _usual(hospital: Hospital, desk: KnowsForecast) -> dict[str, tuple[float, float]]:
    """Give mean patients present and days known, by ward; read anew a few times a day."""
    now = hospital.clock.now()
    kept = hospital.services.get("census.usual")
    if isinstance(kept, tuple) and now - kept[0] < _KEPT_US:
        found: dict[str, tuple[float, float]] = kept[1]
        return found
    found = {}
    for ward, known in desk.stays().items():
        # a ward that was not followed for the whole time counts from its first patient on
        start = max(now - LOOK_BACK_US, int(known.arrived_us.min()))
        at = np.arange(start, now, EVERY_US, dtype=np.int64)
        if len(at):
            found[ward] = (float(known.census(at).mean()), (now - start) / DAY_US)
    hospital.services["census.usual"] = (now, found)
    return found


def surge_by_place(hospital: Hospital, *, days: float) -> dict[str, float]:
    """Give the factor of every place with a par level whose ward will be fuller or emptier than usual."""
    factors = {ward: each.factor for ward, each in fullness(hospital, days=days).items()}
    with hospital.read() as session:
        return places_of_wards(hospital, session, factors)


def places_of_wards(hospital: Hospital, session: Session, factors: Mapping[str, float]) -> dict[str, float]:
    """Give factors by place, of factors by ward or place; a place's own one outranks that of its ward.

    Parameters
    ----------
    hospital : Hospital
        Which place lies in which ward.
    session : Session
        Any.
    factors : Mapping[str, float]
        By id of ward or place.
    """
    if not factors:
        return {}
    rows = Driver(session).rows("SELECT DISTINCT place FROM inventory_par_level ORDER BY place")
    found = {}
    for row in rows:
        place = text_of(row[0])
        factor = factors.get(place, factors.get(ward_of(hospital.live, place), 1.0))
        if factor != 1.0:
            found[place] = factor
    return found
