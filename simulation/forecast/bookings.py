"""Who is booked to come to a unit, and how far bookings can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from simulation.forecast.stays import HOUR_US
from simulation.model.plan import Floats, Integers
from twin.events.patients import EncounterClass
from twin.state.frozen import FrozenEncounter, HospitalState
from twin.state.model import EncounterStatus

UNANNOUNCED, BOOKED = 0, 1
KINDS = ("unannounced", "booked")
OVERDUE_US = 4 * HOUR_US
"""Whoever is later than this is taken not to come any more."""
AHEAD_US = 7 * 24 * HOUR_US
_BELIEF = (9.0, 1.0)  # bookings' worth of belief that nine in ten come, until the house's own say otherwise
_PLAN = "admissions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookings:
    """Bookings of one unit as known now.

    Parameters
    ----------
    expected_us : Integers
        When each is expected, UTC microseconds, shape (n,).
    chances : Floats
        Probability that each comes, and to this unit, shape (n,).
    leads_us : Integers
        How long before they came earlier patients of the unit had been booked, shape (m,), ascending.
    kind : int
        Number of the kind of stays that were booked.
    """

    expected_us: Integers
    chances: Floats
    leads_us: Integers
    kind: int = BOOKED

    def unknown_share(self, ahead_us: Integers) -> Floats:
        """Give the share of booked patients, coming so long from now, whose booking is not made yet.

        Parameters
        ----------
        ahead_us : Integers
            Microseconds from now, shape (k,).

        Notes
        -----
        Without this they would be counted twice, as bookings and among the usual arrivals, or those booked at short
        notice not at all. Without any earlier booking all are taken as unknown.
        """
        if not len(self.leads_us):
            return np.ones(len(ahead_us))
        return np.searchsorted(self.leads_us, ahead_us, side="left") / len(self.leads_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingHistory:
    """How bookings of the past went.

    Parameters
    ----------
    leads_us : Mapping[str, Integers]
        By unit: how long before they came its booked patients had been booked, each shape (m,).
    came, missed : int
        Booked patients who came, and who never did: cancelled late or not seen.
    """

    leads_us: Mapping[str, Integers] = field(default_factory=dict)
    came: int = 0
    missed: int = 0

    @property
    def kept_share(self) -> float:
        """Probability that somebody booked comes."""
        return (self.came + _BELIEF[0]) / (self.came + self.missed + sum(_BELIEF))


def is_expected(encounter: FrozenEncounter, at: int) -> bool:
    """Tell whether somebody is booked and may still come.

    Parameters
    ----------
    encounter : FrozenEncounter
        Any.
    at : int
        Now, UTC microseconds.
    """
    if encounter.status is not EncounterStatus.PLANNED or not encounter.expected_at:
        return False
    return at - OVERDUE_US <= encounter.expected_at < at + AHEAD_US


def is_missed(encounter: FrozenEncounter, at: int) -> bool:
    """Tell whether somebody was booked and is so late that nobody waits any more; parameters as for `is_expected`."""
    return encounter.status is EncounterStatus.PLANNED and 0 < encounter.expected_at < at - OVERDUE_US


def bookings_by_unit(state: HospitalState, history: BookingHistory, kinds: Mapping[str, str]) -> dict[str, Bookings]:
    """Give the bookings of every unit.

    Parameters
    ----------
    state : HospitalState
        The hospital now.
    history : BookingHistory
        How earlier bookings went.
    kinds : Mapping[str, str]
        Units that are forecast: ``emergency``, ``icu`` or ``ward`` by id.

    Notes
    -----
    The published plan of admissions says where and when before the booking itself does. Whoever has neither bed nor
    ward is spread over the units as booked patients of the past were; an emergency under way goes to the emergency
    department.
    """
    found: dict[str, list[tuple[int, float]]] = {unit: [] for unit in kinds}
    planned = {
        stay.encounter: (_unit_of(state, stay.place), stay.start_at)
        for plan in state.plans.values()
        if plan.kind == _PLAN
        for stay in plan.stays
    }
    kept = history.kept_share
    for encounter in state.encounters.values():
        if not is_expected(encounter, state.at):
            continue
        unit, at = planned.get(encounter.id, ("", encounter.expected_at))
        unit = unit or _unit_of(state, encounter.reserved)
        shares = {unit: 1.0} if unit in kinds else _usual_units(encounter, history, kinds)
        for one, share in shares.items():
            found[one].append((max(at, state.at), share * kept))
    return {
        unit: Bookings(
            expected_us=np.array([at for at, _ in rows], dtype=np.int64),
            chances=np.array([chance for _, chance in rows]),
            leads_us=np.sort(history.leads_us.get(unit, np.zeros(0, dtype=np.int64))),
        )
        for unit, rows in found.items()
    }


def _unit_of(state: HospitalState, place: str) -> str:
    bed = state.beds.get(place)
    return bed.ward if bed is not None else place


def _usual_units(encounter: FrozenEncounter, history: BookingHistory, kinds: Mapping[str, str]) -> dict[str, float]:
    is_emergency = encounter.encounter_class is EncounterClass.EMERGENCY
    fitting = [unit for unit, kind in kinds.items() if (kind == "emergency") == is_emergency]
    if is_emergency:
        return {unit: 1.0 / len(fitting) for unit in fitting}
    counts = {unit: len(history.leads_us.get(unit, ())) for unit in fitting}
    total = sum(counts.values())
    return {unit: count / total for unit, count in counts.items() if count}
