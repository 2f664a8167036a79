"""The forecast of the house and how good earlier ones were, as the forecast desk gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from simulation.forecast.house import HouseForecast
from simulation.forecast.scores import Accuracy


class HorizonView(Protocol):
    """How good the forecasts of one horizon were."""

    @property
    def horizon_h(self) -> float:
        """Hours ahead."""

    @property
    def accuracy(self) -> Accuracy:
        """Scores."""

    @property
    def persistence_mae(self) -> float:
        """Mean absolute error of "as many as now"."""

    @property
    def pit_counts(self) -> tuple[int, ...]:
        """PIT values in ten equal bins."""


class ForecastDesk(Protocol):
    """Where forecasts come from; ``server.runs.forecasts`` meets it."""

    def outlook(self) -> HouseForecast | None:
        """Give the newest forecast; None before the first."""

    def accuracy(self, unit: str = "") -> Sequence[HorizonView]:
        """Judge earlier forecasts by horizon."""


def desk_of(services: Mapping[str, object]) -> ForecastDesk | None:
    """Give the forecast desk, None where none runs."""
    found = services.get("forecast")
    return cast("ForecastDesk", found) if found is not None else None


def outlook_of(services: Mapping[str, object]) -> HouseForecast | None:
    """Give the newest forecast; None if there is none."""
    desk = desk_of(services)
    return desk.outlook() if desk is not None else None
