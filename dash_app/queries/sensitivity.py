"""Which guesses about a hospital matter, as the job tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash_app.queries.whatif import Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """What one guess does to the measure, lowered and raised; None where no run had a value."""

    entry: str
    lower: Estimate | None
    higher: Estimate | None
    is_felt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """The answer.

    Parameters
    ----------
    measure : str
        Such as ``wait.wait-for-bay.mean_s``.
    share : float
        By how much each guess was lowered and raised.
    usual : Estimate or None
        The measure with the sheet as it is.
    entries : tuple[Felt, ...]
        The most felt first.
    document : Mapping[str, Any]
        The pathway that the sheet makes.
    """

    measure: str
    share: float
    usual: Estimate | None
    entries: tuple[Felt, ...]
    document: Mapping[str, Any]


def studied_of(result: object) -> Studied | None:
    """Read the result of a job; None if there is none.

    Parameters
    ----------
    result : object
        Plain values.
    """
    if not isinstance(result, Mapping) or "entries" not in result:
        return None
    return Studied(
        measure=result["measure"],
        share=result["share"],
        usual=_estimate(result["usual"]),
        entries=tuple(
            Felt(
                entry=one["entry"],
                lower=_estimate(one["lower"]),
                higher=_estimate(one["higher"]),
                is_felt=one["is_felt"],
            )
            for one in result["entries"]
        ),
        document=result["document"],
    )


def _estimate(told: Mapping[str, Any]) -> Estimate | None:
    if told["mean"] is None or told["half_width"] is None:
        return None
    return Estimate(mean=told["mean"], half_width=told["half_width"], n=told["n"])
