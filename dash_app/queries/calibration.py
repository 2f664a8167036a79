"""What a calibration has found, as its job tells it, and the report that stands beside every answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureShown:
    """One figure of what happened beside the 95 % band of the model."""

    figure: str
    real: float
    low: float
    middle: float
    high: float
    matches: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LawShown:
    """The law of one duration: of an activity, or of the wait between two."""

    name: str
    law: str
    mean_h: float
    n: int
    ks: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchShown:
    """Whether a model matches what happened.

    Parameters
    ----------
    begin, end : str
        The window, as ISO 8601 instants.
    figures : tuple[FigureShown, ...]
        Figure by figure.
    distances : tuple[tuple[str, float, float], ...]
        Name, distance of a simulated log, distance of the weeks before: what can be hoped for.
    laws : tuple[LawShown, ...]
        Of stays by pool, where the hospital's own history was taken.
    """

    begin: str
    end: str
    figures: tuple[FigureShown, ...]
    distances: tuple[tuple[str, float, float], ...]
    laws: tuple[LawShown, ...] = ()

    @property
    def matching(self) -> int:
        """How many figures lie within the band."""
        return sum(one.matches for one in self.figures)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayShown:
    """How often one activity follows another; an empty name is coming or going."""

    start: str
    end: str
    count: int
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A pathway made from a log, and what it rests on.

    Parameters
    ----------
    name : str
        Of the file.
    document : Mapping[str, Any]
        The pathway.
    report : Mapping[str, Any]
        As it is kept.
    match : MatchShown
        The same, read.
    cases : int
        Of the log.
    weeks, dispersion : float
        Length of the log; variance over mean of the daily arrivals, 1 by chance alone.
    per_hour, low, high : tuple[float, ...]
        Arrivals an hour from Monday 00:00, with the 95 % interval of the plain rate.
    laws, gaps : tuple[LawShown, ...]
        Of activities and of the waits between two.
    ways : tuple[WayShown, ...]
        Where one goes next.
    """

    name: str
    document: Mapping[str, Any]
    report: Mapping[str, Any]
    match: MatchShown
    cases: int
    weeks: float
    dispersion: float
    per_hour: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    laws: tuple[LawShown, ...]
    gaps: tuple[LawShown, ...]
    ways: tuple[WayShown, ...]


def match_of(report: Mapping[str, Any] | None) -> MatchShown | None:
    """Read a report; None where there is none, or it is of another shape.

    Parameters
    ----------
    report : Mapping[str, Any] or None
        As a calibration gives it and a kept pathway holds it.
    """
    if not report or "matches" not in report:
        return None
    window = report.get("window", {})
    far, near = report.get("distances", {}), report.get("yardstick", {})
    return MatchShown(
        begin=str(window.get("from", "")),
        end=str(window.get("to", "")),
        figures=tuple(
            FigureShown(
                figure=str(one["figure"]),
                real=float(one["real"]),
                low=float(one["low"]),
                middle=float(one["middle"]),
                high=float(one["high"]),
                matches=bool(one["matches"]),
            )
            for one in report["matches"]
        ),
        distances=tuple((name, float(value), float(near.get(name, 0.0))) for name, value in far.items()),
        laws=tuple(_law(str(told["pool"]), told) for told in report.get("laws", ())),
    )


def calibrated_of(result: Mapping[str, Any] | None) -> Calibrated | None:
    """Read the result of a job; None while there is none.

    Parameters
    ----------
    result : Mapping[str, Any] or None
        As the job gives it.
    """
    if not result or "document" not in result:
        return None
    report = result["report"]
    match = match_of(report)
    if match is None:
        return None
    gaps: Sequence[Mapping[str, Any]] = result["gaps"]
    return Calibrated(
        name=str(result["name"]),
        document=result["document"],
        report=report,
        match=match,
        cases=int(report["cases"]),
        weeks=float(report["weeks"]),
        dispersion=float(report["dispersion"]),
        per_hour=tuple(result["arrivals"]["per_hour"]),
        low=tuple(result["arrivals"]["low"]),
        high=tuple(result["arrivals"]["high"]),
        laws=tuple(_law(name, told) for name, told in report["durations"].items()),
        gaps=tuple(_law(f"{told['from']} → {told['to']}", told) for told in gaps),
        ways=tuple(
            WayShown(
                start=str(one["from"]),
                end=str(one["to"]),
                count=int(one["count"]),
                share=float(one["share"]),
                low=float(one["low"]),
                high=float(one["high"]),
            )
            for one in result["ways"]
        ),
    )


def _law(name: str, told: Mapping[str, Any]) -> LawShown:
    return LawShown(name=name, law=str(told["law"]), mean_h=float(told["mean"]), n=int(told["n"]), ks=float(told["ks"]))
