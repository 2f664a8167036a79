"""A transparent score of how much a device asks to be replaced: declared parts, declared weights, nothing hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

Breakpoints = tuple[tuple[float, float], ...]
"""(value, points 0..1) in ascending order of value; straight lines in between."""

PARTS: dict[str, Breakpoints] = {
    # Nothing before six tenths of its life: age alone, in the middle of it, is no reason.
    "age": ((0.6, 0.0), (1.0, 0.6), (1.5, 1.0)),
    "end_of_support": ((-24.0, 0.0), (0.0, 0.8), (12.0, 1.0)),
    "failures": ((0.5, 0.0), (2.0, 0.5), (5.0, 1.0)),
    # The usual screen: above 30 % of a new one a candidate, above 50 % nearly always.
    "service_cost": ((0.1, 0.0), (0.3, 0.6), (0.5, 1.0)),
    "downtime": ((0.0, 0.0), (0.02, 0.4), (0.1, 1.0)),
    "notices": ((0.0, 0.0), (1.0, 0.6), (3.0, 1.0)),
    "cyber": ((0.0, 0.0), (1.0, 1.0)),
    "criticality": ((2.0, 0.0), (5.0, 1.0)),
}
"""Units: age over expected life; months past the end of support; failures a year; service cost of three years over the
price of a new one; share of time down; open notices; 1 if its operating system is no longer supported; 1 to 5."""

WEIGHTS: dict[str, float] = {
    "age": 0.2,
    "end_of_support": 0.2,
    "failures": 0.15,
    "service_cost": 0.15,
    "downtime": 0.1,
    "notices": 0.05,
    "cyber": 0.05,
    "criticality": 0.1,
}
"""Add up to 1. Published tables of other hospitals differ; these are ours to argue about, and can be given anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementFacts:
    """What the score rests on; None where it is not known.

    Parameters
    ----------
    age_share, support_months, failures_per_year, cost_share, downtime_share : float or None
        As below.
    notices, is_unsupported_system, criticality : float or None
        In the units of :data:`PARTS`.
    """

    age_share: float | None = None
    support_months: float | None = None
    failures_per_year: float | None = None
    cost_share: float | None = None
    downtime_share: float | None = None
    notices: float | None = None
    is_unsupported_system: float | None = None
    criticality: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacementScore:
    """A score and what it is made of.

    Parameters
    ----------
    score : float
        0 to 1; parts that are not known count 0.
    parts : dict[str, float]
        Points 0 to 1 per known part.
    unknown : tuple[str, ...]
        Parts for which nothing is known.
    """

    score: float
    parts: dict[str, float] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def score_replacement(facts: ReplacementFacts, *, weights: Mapping[str, float] = WEIGHTS) -> ReplacementScore:
    """Score one device.

    Parameters
    ----------
    facts : ReplacementFacts
        What is known.
    weights : Mapping[str, float]
        By part; not below 0, with a sum above 0.
    """
    values = dict(
        zip(
            PARTS,
            (
                facts.age_share,
                facts.support_months,
                facts.failures_per_year,
                facts.cost_share,
                facts.downtime_share,
                facts.notices,
                facts.is_unsupported_system,
                facts.criticality,
            ),
            strict=True,
        )
    )
    parts = {name: _points(PARTS[name], value) for name, value in values.items() if value is not None}
    # By all weights, not by those of the known parts: a device of which little is known must not rank high for that.
    total = sum(weights.values())
    return ReplacementScore(
        score=sum(weights.get(name, 0.0) * points for name, points in parts.items()) / total,
        parts=parts,
        unknown=tuple(name for name, value in values.items() if value is None),
    )


def _points(table: Breakpoints, value: float) -> float:
    return float(np.interp(value, [at for at, _ in table], [points for _, points in table]))
