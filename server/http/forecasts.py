"""Routes of forecasts."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import Query

from dash_app.queries.forecast import ForecastDesk, desk_of
from server.doors.context import Call, CallDep
from server.doors.router import Router
from simulation.forecast.census import CensusForecast
from simulation.forecast.house import HouseForecast, UnitForecast
from twin.access import Permission
from twin.clock import to_text
from twin.errors import NotFound, Unavailable

router = Router("/v1", tag="simulation")


class PointShown(msgspec.Struct, frozen=True, kw_only=True):
    """How many patients will be present: quantiles and mean, and the chance that every open bed is taken.

    ``leaving`` of those present now, ``coming`` who will be there, ``booked`` of these by bookings known now.
    """

    at: str
    horizon_h: float
    p10: int
    median: int
    p90: int
    mean: float
    full_share: float
    leaving: float
    coming: float
    booked: float


class UnitShown(msgspec.Struct, frozen=True, kw_only=True):
    """One unit; ``points`` is empty where there are too few past stays, ``booked`` expected to come within them."""

    unit: str
    kind: str
    beds: int
    present: int
    stays: int
    booked: float
    points: list[PointShown]


class CardShown(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do."""

    unit: str
    action: str
    at: str
    full_share: float
    expected: float
    is_urgent: bool


class ForecastShown(msgspec.Struct, frozen=True, kw_only=True):
    """The forecast of the house; when nothing was heard for too long, ``blind_since`` is set and there are no cards."""

    made: str
    heard: str
    blind_since: str
    nedocs: float
    crowding: str
    units: list[UnitShown]
    cards: list[CardShown]


class AccuracyShown(msgspec.Struct, frozen=True, kw_only=True):
    """How good the forecasts of one horizon were in the last eight weeks."""

    horizon_h: float
    n: int
    crps: float
    mae: float
    persistence_mae: float
    ideal_mae_ratio: float
    coverage_50: float
    coverage_80: float
    coverage_95: float
    pit_mean: float
    pit_variance: float
    pit_counts: list[int]


class AccuracyPage(msgspec.Struct, frozen=True, kw_only=True):
    """By horizon."""

    horizons: list[AccuracyShown]


def _desk(call: Call) -> ForecastDesk:
    desk = desk_of(call.hospital.services)
    if desk is None:
        raise Unavailable("No forecast desk is running here.")
    return desk


def _instant(at: int) -> str:
    return to_text(at) if at else ""


def _point(point: CensusForecast, beds: int) -> PointShown:
    return PointShown(
        at=to_text(point.target_at),
        horizon_h=(point.target_at - point.made_at) / 3.6e9,
        p10=point.quantile(0.1),
        median=point.quantile(0.5),
        p90=point.quantile(0.9),
        mean=point.mean,
        full_share=point.above(beds - 1),
        leaving=point.leaving,
        coming=point.coming,
        booked=point.booked,
    )


def _unit(unit: UnitForecast) -> UnitShown:
    points = [_point(point, unit.beds) for point in unit.points]
    return UnitShown(
        unit=unit.unit,
        kind=unit.kind,
        beds=unit.beds,
        present=unit.present,
        stays=unit.stays,
        booked=unit.booked,
        points=points,
    )


def _shown(found: HouseForecast) -> ForecastShown:
    return ForecastShown(
        made=to_text(found.made_at),
        heard=_instant(found.heard_at),
        blind_since=_instant(found.blind_since),
        nedocs=found.score,
        crowding=found.crowding.value if found.crowding else "",
        units=[_unit(unit) for unit in found.units],
        cards=[
            CardShown(
                unit=card.unit,
                action=card.action.value,
                at=to_text(card.from_at),
                full_share=card.full_share,
                expected=card.expected,
                is_urgent=card.is_urgent,
            )
            for card in found.cards
        ],
    )


@router.get("/forecast", permission=Permission.SIMULATION_READ, gives=ForecastShown)
def get_forecast(call: CallDep) -> ForecastShown:
    """Give the newest forecast of every unit."""
    found = _desk(call).outlook()
    if found is None:
        raise NotFound("forecast", "latest")  # the first comes within a minute of the start
    return _shown(found)


@router.get("/forecast/accuracy", permission=Permission.SIMULATION_READ, gives=AccuracyPage)
def get_accuracy(call: CallDep, unit: Annotated[str, Query(max_length=120)] = "") -> AccuracyPage:
    """Tell how good the forecasts of the last eight weeks were, by horizon."""
    found = []
    for one in _desk(call).accuracy(unit):
        scores = one.accuracy
        found.append(
            AccuracyShown(
                horizon_h=one.horizon_h,
                n=scores.n,
                crps=scores.crps,
                mae=scores.mae,
                persistence_mae=one.persistence_mae,
                ideal_mae_ratio=scores.ideal_mae_ratio,
                coverage_50=scores.coverage_50,
                coverage_80=scores.coverage_80,
                coverage_95=scores.coverage_95,
                pit_mean=scores.pit_mean,
                pit_variance=scores.pit_variance,
                pit_counts=list(one.pit_counts),
            )
        )
    return AccuracyPage(horizons=found)
