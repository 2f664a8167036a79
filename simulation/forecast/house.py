"""The forecast of a whole house: every unit with its bands, how crowded the emergency department is, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simulation.forecast.bookings import BookingHistory, Bookings, bookings_by_unit
from simulation.forecast.census import HORIZONS_H, CensusForecast, CensusModel, fit_census
from simulation.forecast.pressure import Card, Crowding, EmergencyCounts, UnitOutlook, cards, crowding_of, nedocs
from simulation.forecast.spread import Scored, spread_factor, stretched
from simulation.forecast.stays import HOUR_US, LocalTime, Stays
from twin.events.patients import BedService, EncounterClass
from twin.state.frozen import FrozenEncounter, HospitalState
from twin.state.model import Encounter, EncounterStatus

FEED_LIMIT_US = 4 * HOUR_US
"""Without news of patients or beds for so long no forecast is believed; even at night a hospital moves more often."""
FEWEST_STAYS = 30
"""With fewer past stays a unit has no forecast: rates from a handful of patients would only look like knowledge."""
REFIT_US = 24 * HOUR_US


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitForecast:
    """What is forecast for one unit.

    Parameters
    ----------
    unit, kind : str
        Id of the ward, and ``emergency``, ``icu`` or ``ward``.
    beds : int
        Open beds.
    present : int
        Patients now.
    stays : int
        Past stays that the forecast was learnt from.
    points : tuple[CensusForecast, ...]
        By horizon; empty if there are too few past stays.
    modelled : tuple[tuple[float, float], ...]
        Mean and variance by horizon before the bands were widened or narrowed.
    booked : float
        How many of the bookings within the longest horizon are expected to come to this unit.
    """

    unit: str
    kind: str
    beds: int
    present: int
    stays: int
    points: tuple[CensusForecast, ...] = ()
    modelled: tuple[tuple[float, float], ...] = ()
    booked: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseForecast:
    """The forecast of a house.

    Parameters
    ----------
    made_at : int
        UTC microseconds.
    heard_at : int
        When the youngest fact about patients and beds happened; 0 if there is none.
    blind_since : int
        The same, if it is too old to forecast from; else 0.
    units : tuple[UnitForecast, ...]
        Emergency first, then intensive care, then wards by id.
    cards : tuple[Card, ...]
        What to do; none while blind.
    emergency : EmergencyCounts | None
        What the score was made from; None without an emergency department.
    score : float
        NEDOCS, without ventilated patients, whom the twin does not know.
    crowding : Crowding | None
        Its band.
    """

    made_at: int
    heard_at: int
    blind_since: int
    units: tuple[UnitForecast, ...]
    cards: tuple[Card, ...]
    emergency: EmergencyCounts | None = None
    score: float = 0.0
    crowding: Crowding | None = None


def unit_kinds(state: HospitalState) -> dict[str, str]:
    """Give the kind of every ward that has beds: ``emergency``, ``icu`` or ``ward``."""
    found = {}
    for bed in state.beds.values():
        place = state.places.get(bed.ward)
        if place is None:
            continue
        if place.department == "ED" or place.purpose == "emergency":
            found[bed.ward] = "emergency"
        elif place.purpose == "icu" or place.department == "ICU":
            found[bed.ward] = "icu"
        elif place.purpose != "recovery":
            found[bed.ward] = "ward"
    return found


def heard_at(state: HospitalState) -> int:
    """Give when the youngest fact about patients and beds happened, 0 if there is none."""
    moments = [bed.since_at for bed in state.beds.values()]
    for one in state.encounters.values():
        moments += [one.started_at, one.placed_at, one.finished_at, one.stage_at]
    # Instants after the state's own are mistakes of a clock.
    return max((moment for moment in moments if moment <= state.at), default=0)


def emergency_counts(state: HospitalState) -> EmergencyCounts | None:
    """Count what NEDOCS looks at; None if the house has no emergency department."""
    wards = {ward for ward, kind in unit_kinds(state).items() if kind == "emergency"}
    if not wards:
        return None
    bays = [bed for bed in state.beds.values() if bed.ward in wards and bed.service is BedService.OPEN]
    here = [one for one in state.encounters.values() if _is_in_emergency(one, wards)]
    admitted = [one for one in here if one.reserved or one.encounter_class is EncounterClass.INPATIENT]
    placed = [one for one in here if one.placed_at and one.started_at]
    last = max(placed, key=lambda one: (one.placed_at, one.id), default=None)
    return EmergencyCounts(
        patients=len(here),
        bays=max(len(bays), 1),
        hospital_beds=max(len(state.beds) - len(bays), 1),
        admitted=len(admitted),
        longest_admit_wait_h=max(
            ((state.at - (one.stage_at or one.placed_at)) / HOUR_US for one in admitted), default=0
        ),
        last_door_to_bed_h=max(last.placed_at - last.started_at, 0) / HOUR_US if last else 0.0,
    )


def _is_in_emergency(one: FrozenEncounter, wards: set[str]) -> bool:
    if one.status is EncounterStatus.IN_PROGRESS and one.ward in wards:
        return True
    return not one.ward and is_waiting_emergency(one)


def is_waiting_emergency(one: FrozenEncounter | Encounter) -> bool:
    """Tell of an encounter without a place whether it waits in the emergency department."""
    return one.status is EncounterStatus.IN_PROGRESS and one.encounter_class is EncounterClass.EMERGENCY


class Forecaster:
    """Forecasts a house again and again, fitting each unit anew once a day.

    Parameters
    ----------
    clock : LocalTime
        The hospital's zone.
    """

    def __init__(self, clock: LocalTime) -> None:
        self._clock = clock
        self._models: dict[str, tuple[int, CensusModel]] = {}

    def forecast(
        self,
        state: HospitalState,
        stays_by_unit: Mapping[str, Stays],
        past: Mapping[tuple[str, float], Sequence[Scored]],
        history: BookingHistory | None = None,
    ) -> HouseForecast:
        """Forecast every unit.

        Parameters
        ----------
        state : HospitalState
            The hospital now.
        stays_by_unit : Mapping[str, Stays]
            Stays by ward as known now.
        past : Mapping[tuple[str, float], Sequence[Scored]]
            Earlier forecasts by unit and horizon whose outcome is known.
        history : BookingHistory | None
            How earlier bookings went; None where stays do not tell who was booked, so that bookings are not used.
        """
        heard = heard_at(state)
        is_blind = state.at - heard > FEED_LIMIT_US
        kinds = unit_kinds(state)
        order = ("emergency", "icu", "ward")
        bookings = bookings_by_unit(state, history, kinds) if history is not None else {}
        units = tuple(
            self._unit(state, (unit, kinds[unit]), stays_by_unit.get(unit), past, bookings.get(unit))
            for unit in sorted(kinds, key=lambda unit: (order.index(kinds[unit]), unit))
        )
        outlooks = [UnitOutlook(unit=u.unit, kind=u.kind, beds=u.beds, forecasts=u.points) for u in units]
        counts = emergency_counts(state)
        value = nedocs(counts) if counts else 0.0
        return HouseForecast(
            made_at=state.at,
            heard_at=heard,
            blind_since=heard if is_blind else 0,
            units=units,
            cards=() if is_blind else tuple(cards(outlooks)),
            emergency=counts,
            score=value,
            crowding=crowding_of(value) if counts else None,
        )

    def _unit(
        self,
        state: HospitalState,
        named: tuple[str, str],
        stays: Stays | None,
        past: Mapping[tuple[str, float], Sequence[Scored]],
        bookings: Bookings | None,
    ) -> UnitForecast:
        unit, kind = named
        beds = [bed for bed in state.beds.values() if bed.ward == unit]
        open_beds = sum(bed.service is BedService.OPEN or bool(bed.encounters) for bed in beds)
        known = 0 if stays is None else int((~stays.is_open).sum())
        # Whoever is assigned to the ward; one who is discharged but still in bed counts as gone, here as in the stays.
        lying = sum(len(bed.encounters) for bed in beds)
        present = lying if stays is None else int(stays.is_open.sum())
        if stays is None or known < FEWEST_STAYS:
            return UnitForecast(unit=unit, kind=kind, beds=open_beds, present=present, stays=known)
        points, modelled = [], []
        model = self._model(unit, stays, state.at)
        for horizon, made in zip(HORIZONS_H, model.forecast(stays, state.at, bookings=bookings), strict=True):
            modelled.append((made.mean, made.variance))
            chances = stretched(made.chances, spread_factor(past.get((unit, float(horizon)), ())))
            points.append(
                CensusForecast(
                    made_at=made.made_at,
                    target_at=made.target_at,
                    present=made.present,
                    chances=chances,
                    leaving=made.leaving,
                    coming=made.coming,
                    booked=made.booked,
                )
            )
        return UnitForecast(
            unit=unit,
            kind=kind,
            beds=open_beds,
            present=present,
            stays=known,
            points=tuple(points),
            modelled=tuple(modelled),
            booked=_expected(bookings, points[-1].target_at),
        )

    def _model(self, unit: str, stays: Stays, at: int) -> CensusModel:
        fitted_at, model = self._models.get(unit, (0, None))
        # Kinds change when the stays begin to tell who was booked.
        is_other = model is not None and len(model.arrivals.per_hour) != len(stays.kind_names)
        if model is None or is_other or at - fitted_at >= REFIT_US:
            model = fit_census(stays, at, clock=self._clock)
            self._models[unit] = (at, model)
        return model


def _expected(bookings: Bookings | None, until: int) -> float:
    return 0.0 if bookings is None else float(bookings.chances[bookings.expected_us < until].sum())
