"""The archive of forecasts: written when made, joined with what came, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from sqlalchemy import ColumnElement, and_, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from server.schema.runs import ForecastOutcomeRow, ForecastRow
from simulation.forecast.census import CensusForecast
from simulation.forecast.scores import Accuracy, Score, accuracy_of, pit_histogram, score
from simulation.forecast.spread import Scored
from twin.clock import HOUR_US

_MOST_JUDGED = 2_000


def keep(
    session: Session, unit: str, made: CensusForecast, *, as_modelled: tuple[float, float], horizon_h: float
) -> bool:
    """Store a forecast; one that stands there already is left as it is.

    Parameters
    ----------
    session : Session
        Any that writes.
    unit : str
        Id of the ward.
    made : CensusForecast
        As shown.
    as_modelled : tuple[float, float]
        Mean and variance before the bands were widened or narrowed.
    horizon_h : float
        Hours ahead.

    Returns
    -------
    bool
        Whether it was stored.
    """
    key = (unit, made.made_at, made.target_at)
    if session.get(ForecastRow, key) is not None:
        return False
    session.add(
        ForecastRow(
            unit=unit,
            made_at=made.made_at,
            target_at=made.target_at,
            horizon_h=horizon_h,
            present=made.present,
            model_mean=as_modelled[0],
            model_variance=as_modelled[1],
            chances=np.asarray(made.chances, dtype="<f4").tobytes(),
        )
    )
    return True


def due(session: Session, now: int, *, limit: int = 500) -> list[tuple[str, int]]:
    """Give unit and instant of forecasts whose instant has passed and whose outcome is not noted, the oldest first."""
    rows = session.execute(
        select(col(ForecastRow.unit), col(ForecastRow.target_at))
        .outerjoin(ForecastOutcomeRow, _same_instant())
        .where(col(ForecastRow.target_at) <= now, col(ForecastOutcomeRow.came).is_(None))
        .distinct()
        .order_by(col(ForecastRow.target_at), col(ForecastRow.unit))
        .limit(limit)
    )
    return [(unit, target_at) for unit, target_at in rows]


def note_outcomes(session: Session, outcomes: Iterable[tuple[str, int, int]], now: int) -> None:
    """Store what came: unit, instant and count."""
    for unit, target_at, came in outcomes:
        session.add(ForecastOutcomeRow(unit=unit, target_at=target_at, came=came, noted_at=now))


def scored_past(session: Session, *, since: int) -> Mapping[tuple[str, float], Sequence[Scored]]:
    """Give forecasts whose outcome is known, by unit and horizon, in order of time."""
    query = (
        select(
            col(ForecastRow.unit),
            col(ForecastRow.horizon_h),
            col(ForecastRow.model_mean),
            col(ForecastRow.model_variance),
            col(ForecastOutcomeRow.came),
        )
        .join(ForecastOutcomeRow, _same_instant())
        .where(col(ForecastRow.target_at) >= since)
        .order_by(col(ForecastRow.target_at))
    )
    found: dict[tuple[str, float], list[Scored]] = {}
    for unit, horizon, mean, variance, came in session.execute(query):
        found.setdefault((unit, horizon), []).append(Scored(mean=mean, variance=variance, came=came))
    return found


def _same_instant() -> ColumnElement[bool]:
    same_unit = col(ForecastOutcomeRow.unit) == ForecastRow.unit
    return and_(same_unit, col(ForecastOutcomeRow.target_at) == ForecastRow.target_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonAccuracy:
    """How good the forecasts of one horizon were.

    Parameters
    ----------
    horizon_h : float
        Hours ahead.
    accuracy : Accuracy
        Scores.
    persistence_mae : float
        Mean absolute error of "as many as now".
    pit_counts : tuple[int, ...]
        PIT values in ten equal bins.
    """

    horizon_h: float
    accuracy: Accuracy
    persistence_mae: float
    pit_counts: tuple[int, ...]


def accuracy(session: Session, *, since: int, unit: str = "") -> list[HorizonAccuracy]:
    """Judge the archive by horizon.

    Parameters
    ----------
    session : Session
        Any.
    since : int
        Forecasts for instants before this do not count, UTC microseconds.
    unit : str, optional
        One ward; all by default.
    """
    scores: dict[float, list[Score]] = {}
    moved: dict[float, list[int]] = {}
    for made, came in _judged(session, since=since, limit=_MOST_JUDGED * 10, unit=unit):
        chances = np.frombuffer(made.chances, dtype="<f4").astype(np.float64)
        scores.setdefault(made.horizon_h, []).append(score(chances, came, _spread_of(made)))
        moved.setdefault(made.horizon_h, []).append(abs(made.present - came))
    found = []
    for horizon in sorted(scores):
        judged = accuracy_of(scores[horizon])
        if judged is not None:
            found.append(
                HorizonAccuracy(
                    horizon_h=horizon,
                    accuracy=judged,
                    persistence_mae=float(np.mean(moved[horizon])),
                    pit_counts=tuple(pit_histogram(scores[horizon])),
                )
            )
    return found


def _judged(session: Session, *, since: int, limit: int, unit: str = "") -> list[tuple[ForecastRow, int]]:
    query = (
        select_rows(ForecastRow, ForecastOutcomeRow.came)
        .join(ForecastOutcomeRow, _same_instant())
        .where(col(ForecastRow.target_at) >= since)
        .order_by(col(ForecastRow.target_at), col(ForecastRow.made_at))
        .limit(limit)
    )
    if unit:
        query = query.where(ForecastRow.unit == unit)
    return [(made, came) for made, came in session.exec(query)]


def _spread_of(made: ForecastRow) -> float:
    """Give a number in [0, 1) that is the same whenever the forecast is judged again."""
    text = f"{made.unit}|{made.made_at}|{made.target_at}"
    return int.from_bytes(sha256(text.encode()).digest()[:6], "big") / (1 << 48)


def whole_hour(at: int) -> int:
    """Give the last whole hour."""
    return at // HOUR_US * HOUR_US
