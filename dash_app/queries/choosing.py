"""The best of several scenarios, as a job tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash_app.queries.cheapest import LimitShown, limits_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateShown:
    """One scenario: the measure over ``n`` runs, its limits, and whether it was in the running to the end.

    None is what the runs do not tell.
    """

    scenario: str
    mean: float | None
    half_width: float | None
    n: int
    keeps_limits: bool | None
    is_kept: bool
    limits: tuple[LimitShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What was chosen.

    Parameters
    ----------
    measure : str
        By which.
    best : str
        Name of the scenario; empty if none keeps the limits.
    is_sure : bool
        Whether it is best with the confidence asked for.
    chance : float or None
        Where a budget was shared out: how likely it is truly the best, at least.
    candidates : tuple[CandidateShown, ...]
        In the order asked.
    replications : int
        Runs in all.
    """

    measure: str
    best: str
    is_sure: bool
    chance: float | None
    candidates: tuple[CandidateShown, ...]
    replications: int


def chosen_of(result: Mapping[str, Any] | None) -> Chosen | None:
    """Read the result of a job; None while there is none.

    Parameters
    ----------
    result : Mapping[str, Any] or None
        As the job gives it.
    """
    if not result or "candidates" not in result:
        return None
    return Chosen(
        measure=str(result["measure"]),
        best=str(result["best"]),
        is_sure=bool(result["is_sure"]),
        chance=result.get("chance"),
        replications=int(result["replications"]),
        candidates=tuple(
            CandidateShown(
                scenario=str(one["scenario"]),
                mean=one["value"]["mean"],
                half_width=one["value"]["half_width"],
                n=int(one["value"]["n"]),
                keeps_limits=one["keeps_limits"],
                is_kept=bool(one["is_kept"]),
                limits=limits_of(one["limits"]),
            )
            for one in result["candidates"]
        ),
    )
