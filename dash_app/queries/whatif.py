"""A what-if question and its answer, as plain values that travel to a job and come back from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dash_app.queries.calibration import MatchShown, match_of

BASE_NAME = "as it is"
JOB_KIND = "what_if"
ONE_MORE = "+1 "
RANKED_BY = "wait.wait-for-bay.mean_s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One readable change of the base.

    Parameters
    ----------
    path : str
        Entry of the pathway document, such as ``pools.icu-bed.capacity``.
    action : str
        ``set``, ``add`` or ``scale``.
    value : float
        New value, addend or factor.
    """

    path: str
    action: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Situated:
    """A situation of the library with its values.

    Parameters
    ----------
    name : str
        Of the situation.
    values : Mapping[str, object]
        By key.
    """

    name: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Parameters
    ----------
    name : str
        What the planner calls it.
    changes : tuple[Change, ...]
        In order, after the situations.
    situations : tuple[Situated, ...]
        Of the library.
    one_more : bool
        Whether to ask also what one more of each would bring.
    prices : Mapping[str, float]
        Minor units of money for a unit and hour, by pool.
    horizon_h : int
        Length of each run, hours.
    replications : int
        Runs for each of base and scenario.
    seed : int
        Same seed, same answer.
    """

    name: str = ""
    changes: tuple[Change, ...] = ()
    situations: tuple[Situated, ...] = ()
    one_more: bool = False
    prices: Mapping[str, float] = field(default_factory=dict)
    horizon_h: int = 48
    replications: int = 20
    seed: int = 1

    def arguments(self) -> dict[str, object]:
        """Give the arguments of the job: the base first, then the scenario if it changes anything."""
        scenarios: list[dict[str, object]] = [{"name": BASE_NAME, "changes": []}]
        if self.changes or self.situations:
            scenarios.append(
                {
                    "name": self.name or "scenario",
                    "situations": [{"name": one.name, "values": dict(one.values)} for one in self.situations],
                    "changes": [{"path": c.path, "action": c.action, "value": c.value} for c in self.changes],
                }
            )
        # Overtime costs half as much again, which is what most pay rules say.
        priced = {
            pool: {"per_hour": price, "overtime_per_hour": 1.5 * price} for pool, price in self.prices.items() if price
        }
        return {
            **({"one_more": True} if self.one_more else {}),
            **({"costs": {"pools": priced}} if priced else {}),
            "base": "live",
            "scenarios": scenarios,
            "horizon_s": self.horizon_h * 3600.0,
            "replications": self.replications,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean with the half-width of its interval over n replications."""

    mean: float
    half_width: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One measure of a scenario against the base.

    Parameters
    ----------
    scenario, measure : str
        Names.
    base, changed : Estimate or None
        Estimates of both.
    difference : Estimate
        Scenario minus base, replication by replication.
    verdict : str
        ``better``, ``worse`` or ``not_distinguishable``.
    """

    scenario: str
    measure: str
    base: Estimate | None
    changed: Estimate | None
    difference: Estimate
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A quantity over time for one scenario: mean, and the 10 and 90 % quantiles over the replications.

    ``at`` are instants, or microseconds after Monday 00:00 where the week is what repeats.
    """

    scenario: str
    name: str
    at: tuple[int, ...]
    low: tuple[float, ...]
    middle: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; empty where a partial result does not know it yet.

    ``in_place`` is how many patients and beds a pathway of one's own began with, -1 if it began empty or is the live
    one; ``left_out`` counts the others by the node at which they are.
    """

    address: str = ""
    engine_version: str = ""
    is_complete: bool = False
    replications: int = 0
    measures: Mapping[str, Mapping[str, Estimate]] = field(default_factory=dict)
    comparisons: tuple[Compared, ...] = ()
    spreads: tuple[Spread, ...] = ()
    weeks: tuple[Spread, ...] = ()
    match: MatchShown | None = None
    in_place: int = -1
    left_out: Mapping[str, int] = field(default_factory=dict)


def _estimate(value: Mapping[str, Any]) -> Estimate:
    half_width = value.get("half_width")
    return Estimate(
        mean=float(value["mean"]),
        half_width=float("inf") if half_width is None else float(half_width),  # JSON has no infinity
        n=int(value["n"]),
    )


def answer_of(result: Mapping[str, Any] | None) -> Answer:
    """Read the result of a what-if job.

    Parameters
    ----------
    result : Mapping[str, Any] or None
        Plain JSON values of an experiment's result, whole or partial; None gives an empty answer.
    """
    if not result:
        return Answer()
    scenarios: Sequence[Mapping[str, Any]] = result.get("scenarios", ())
    measures = {
        str(one["name"]): {str(name): _estimate(value) for name, value in one.get("measures", {}).items()}
        for one in scenarios
    }
    base = str(scenarios[0]["name"]) if scenarios else ""
    comparisons = tuple(
        Compared(
            scenario=str(one["scenario"]),
            measure=str(one["measure"]),
            base=measures.get(base, {}).get(str(one["measure"])),
            changed=measures.get(str(one["scenario"]), {}).get(str(one["measure"])),
            difference=_estimate(one["difference"]),
            verdict=str(one["verdict"]),
        )
        for one in result.get("comparisons", ())
    )
    return Answer(
        address=str(result.get("address", "")),
        engine_version=str(result.get("engine_version", "")),
        is_complete=bool(result.get("complete", False)),
        replications=min((int(one.get("replications", 0)) for one in scenarios), default=0),
        measures=measures,
        comparisons=comparisons,
        spreads=_spreads(scenarios, "bands"),
        weeks=_spreads(scenarios, "week"),
        match=match_of(result.get("match")),
        in_place=int(result.get("placed", {}).get("in_place", -1)),
        left_out={str(node): int(count) for node, count in result.get("placed", {}).get("left_out", {}).items()},
    )


def _spreads(scenarios: Sequence[Mapping[str, Any]], key: str) -> tuple[Spread, ...]:
    return tuple(
        Spread(
            scenario=str(one["name"]),
            name=str(band["name"]),
            at=tuple(int(at) for at in band["at"]),
            low=tuple(band["low"]),
            middle=tuple(band["mean"]),
            high=tuple(band["high"]),
        )
        for one in scenarios
        for band in one.get(key, ())
    )


def question_text(question: Question) -> str:
    """Write a question as one line of JSON, for the address line and for the command line."""
    return json.dumps(question.arguments(), separators=(",", ":"), sort_keys=True)


def told_apart(answer: Answer) -> tuple[list[Compared], list[Compared]]:
    """Part comparisons into those of the scenario asked about and those of one more unit each.

    Parameters
    ----------
    answer : Answer
        Of a question.

    Returns
    -------
    tuple[list[Compared], list[Compared]]
        The first as they are; of the others one measure, the most helpful unit first.
    """
    asked = [one for one in answer.comparisons if not one.scenario.startswith(ONE_MORE)]
    more = [one for one in answer.comparisons if one.scenario.startswith(ONE_MORE)]
    waits = sorted({one.measure for one in more if one.measure.startswith("wait.")})
    # The wait for a bay is where a full hospital is felt first; a pathway of its own has other names.
    measure = RANKED_BY if RANKED_BY in waits or not waits else waits[0]
    return asked, sorted((one for one in more if one.measure == measure), key=lambda one: one.difference.mean)


def telling_first(comparisons: Sequence[Compared]) -> list[Compared]:
    """Put worse first, then better, then what cannot be told apart, each by the size of its relative difference.

    Parameters
    ----------
    comparisons : Sequence[Compared]
        As an answer holds them.
    """
    rank = {"worse": 0, "better": 1}

    def size(one: Compared) -> float:
        against = abs(one.base.mean) if one.base is not None else 0.0
        return abs(one.difference.mean) / against if against else abs(one.difference.mean)

    return sorted(comparisons, key=lambda one: (rank.get(one.verdict, 2), -size(one), one.measure))


def most_apart(spreads: Sequence[Spread]) -> list[str]:
    """Give the names of the quantities, those first that differ most between the scenarios, else in their order.

    Parameters
    ----------
    spreads : Sequence[Spread]
        Of all scenarios.
    """
    by_name: dict[str, list[Spread]] = {}
    for spread in spreads:
        by_name.setdefault(spread.name, []).append(spread)

    def apart(name: str) -> float:
        first, *others = by_name[name]
        gaps = [abs(a - b) for other in others for a, b in zip(first.middle, other.middle, strict=False)]
        return max(gaps, default=0.0)

    return sorted(by_name, key=lambda name: -apart(name))
