"""What is asked of an experiment and what it answers: plain values that travel between processes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from simulation.experiments.money import CostTable
from simulation.model.state import InitialState


class Engine(StrEnum):
    """Which engine runs the model; both give the same event log."""

    COMPILED = "compiled"
    REFERENCE = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One readable change of the base.

    Parameters
    ----------
    path : str
        Entry of the pathway document, such as ``pools.icu-bed.capacity`` or ``arrivals.walk-in.per_hour``.
    action : str
        ``set``, ``add`` (to a number) or ``scale`` (a number or a list of numbers), ``remove``.
    value : object
        New value, addend or factor.
    """

    path: str
    action: str = "set"
    value: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A name and the changes that make it; no changes is the base itself.

    Parameters
    ----------
    name : str
        What the planner calls it.
    changes : tuple[Change, ...]
        In order.
    cost_once : float
        What the change itself costs, in minor units of money.
    has_bands : bool
        Whether the bands over time are wanted; of many scenarios they would be most of the answer.
    """

    name: str
    changes: tuple[Change, ...] = ()
    cost_once: float = 0.0
    has_bands: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentRequest:
    """Everything that decides the result of an experiment; its hash is the address of the result.

    Parameters
    ----------
    pathway : Mapping[str, object]
        Pathway document, see ``docs/guides/what-if.md``.
    scenarios : tuple[Scenario, ...]
        The first one is what the others are compared with.
    start_at : int
        UTC microseconds of the start.
    horizon_s : float
        Length of each run in seconds.
    initial : InitialState
        Who is in place at the start.
    warm_up_s : float
        Statistics before it are thrown away.
    audit_every_s : float
        Distance of the points of the occupancy bands.
    replications : int
        Runs per scenario; with ``precision_share`` the greatest number.
    precision_share : float
        Half-width over mean at which replications stop early for the measures named in ``precise``; 0 for never.
    precise : tuple[str, ...]
        Names of measures that decide the stop.
    seed : int
        0..2**32-1.
    confidence_share : float
        Of the intervals.
    engine : Engine
        Which engine.
    costs : CostTable | None
        Prices, for the measures ``cost`` and ``cost.POOL``.
    threads : int
        Threads to use, 0 for all cores; changes no result.
    """

    pathway: Mapping[str, Any]  # any plain TOML value
    scenarios: tuple[Scenario, ...] = (Scenario(name="as it is"),)
    start_at: int = 0
    horizon_s: float = 172_800.0
    initial: InitialState = field(default_factory=InitialState)
    warm_up_s: float = 0.0
    audit_every_s: float = 3600.0
    replications: int = 20
    precision_share: float = 0.0
    precise: tuple[str, ...] = ()
    seed: int = 1
    confidence_share: float = 0.95
    engine: Engine = Engine.COMPILED
    costs: CostTable | None = None
    threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate over replications.

    Parameters
    ----------
    mean : float
        Mean over the replications that have a value.
    half_width : float
        Of the confidence interval; infinite with fewer than two values.
    n : int
        Replications with a value.
    error : float
        Standard error of the mean; infinite with fewer than two values.
    """

    mean: float
    half_width: float
    n: int
    error: float = float("inf")


class Verdict(StrEnum):
    """What a paired comparison says."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "not_distinguishable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One measure of one scenario against the first, replication by replication with the same patients.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    measure : str
        Name of the measure.
    difference : Interval
        Scenario minus first.
    verdict : Verdict
        Better, worse, or not distinguishable at the confidence asked for, shared out over the scenarios (Bonferroni).
    """

    scenario: str
    measure: str
    difference: Interval
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Spread of a quantity over the replications at each audit.

    Parameters
    ----------
    name : str
        Such as ``pool.icu-bed.occupied`` or ``pool.icu-bed.waiting``.
    at : tuple[int, ...]
        UTC microseconds of the audits.
    mean, low, median, high : tuple[float, ...]
        Mean and the 10, 50 and 90 % quantiles.
    lowest, highest : tuple[float, ...]
        The 2.5 and 97.5 % quantiles.
    """

    name: str
    at: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """What one scenario gave.

    Parameters
    ----------
    name : str
        Of the scenario.
    measures : Mapping[str, Interval]
        By name: ``pool.X.occupied``, ``pool.X.utilisation_share``, ``pool.X.overtime_h``, ``pool.X.waiting``,
        ``wait.NODE.mean_s``, ``wait.NODE.p95_s``, ``stay.CLASS.mean_s``, ``patients.arrived``, ``cost`` and so on.
    bands : tuple[Band, ...]
        Occupied and waiting per pool over time.
    replications : int
        Runs done.
    week : tuple[Band, ...]
        The same by hour of the local week, ``at`` from Monday 00:00, over all weeks and replications; empty until all
        is run, and where the runs see no whole week after the warm-up.
    """

    name: str
    measures: Mapping[str, Interval]
    bands: tuple[Band, ...]
    replications: int
    week: tuple[Band, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentResult:
    """Answer of an experiment.

    Parameters
    ----------
    address : str
        Hash of pathway, changes, state, seed and engine version: the same address always holds the same result.
    engine_version : str
        Version of the semantics.
    scenarios : tuple[ScenarioResult, ...]
        In the order asked.
    comparisons : tuple[Comparison, ...]
        Each later scenario against the first.
    complete : bool
        Whether all replications were run; False after a call-off.
    """

    address: str
    engine_version: str
    scenarios: tuple[ScenarioResult, ...]
    comparisons: tuple[Comparison, ...]
    complete: bool


Progress = Callable[[float, ExperimentResult | None], None]
"""Called with the share done (0..1) and, now and then, the partial result."""

ShouldStop = Callable[[], bool]
"""Asked between blocks of replications; True calls the experiment off."""
