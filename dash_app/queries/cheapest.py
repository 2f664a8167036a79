"""The cheapest counts within limits, as a job tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitShown:
    """A limited measure at one point: mean and half-width of its 95 % interval over ``n`` runs; None if not known."""

    measure: str
    most: float
    mean: float | None
    half_width: float | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PointShown:
    """One point of the search.

    Parameters
    ----------
    counts : Mapping[str, int]
        By entry of the pathway.
    cost : float
        In the unit of the prices.
    keeps_limits : bool or None
        None if the runs do not tell.
    is_taken : bool
        Whether the search went there.
    limits : tuple[LimitShown, ...]
        What the limited measures were.
    """

    counts: Mapping[str, int]
    cost: float
    keeps_limits: bool | None
    is_taken: bool
    limits: tuple[LimitShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the search found: where it began, the cheapest point if any keeps the limits, all points, runs in all."""

    start: PointShown
    best: PointShown | None
    steps: tuple[PointShown, ...]
    replications: int


def limits_of(told: Sequence[Mapping[str, Any]]) -> tuple[LimitShown, ...]:
    """Read the limited measures of a job's result.

    Parameters
    ----------
    told : Sequence[Mapping[str, Any]]
        Each with ``measure``, ``most`` and ``value``.
    """
    return tuple(
        LimitShown(
            measure=str(one["measure"]),
            most=float(one["most"]),
            mean=one["value"]["mean"],
            half_width=one["value"]["half_width"],
            n=int(one["value"]["n"]),
        )
        for one in told
    )


def _point(told: Mapping[str, Any]) -> PointShown:
    return PointShown(
        counts={str(path): int(count) for path, count in told["levers"].items()},
        cost=float(told["cost"]),
        keeps_limits=told["keeps_limits"],
        is_taken=bool(told["is_taken"]),
        limits=limits_of(told["limits"]),
    )


def found_of(result: Mapping[str, Any] | None) -> Found | None:
    """Read the result of a job; None while there is none.

    Parameters
    ----------
    result : Mapping[str, Any] or None
        As the job gives it.
    """
    if not result or "steps" not in result:
        return None
    steps: Sequence[Mapping[str, Any]] = result["steps"]
    return Found(
        start=_point(result["start"]),
        best=_point(result["best"]) if result.get("best") else None,
        steps=tuple(_point(step) for step in steps),
        replications=int(result.get("replications", 0)),
    )
