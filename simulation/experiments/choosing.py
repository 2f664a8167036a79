"""The best of several scenarios among those that keep the limits, with a promise of how sure that is."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from simulation.experiments.measures import interval_of, lower_is_better
from simulation.experiments.request import ExperimentRequest, Interval, Scenario, ShouldStop
from simulation.experiments.sampling import Samples
from simulation.model.plan import Floats
from simulation.model.problems import PathwayError, Stopped
from simulation.statistics.selection import Indifference, Sampler, feasible, kim_nelson, share_out

FIRST = 10  # replications before anything is judged
MOST_BUDGET = 1_000_000  # runs: beyond it a question is a mistake
_NUMBER = re.compile(r"[-+0-9.eE]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A measure whose mean over the replications must not exceed a number.

    Parameters
    ----------
    measure : str
        Such as ``wait.wait-for-bay.p95_s``: the P95 of door to doctor.
    most : float
        In the unit of the measure.
    """

    measure: str
    most: float


def limit_of(text: str) -> Limit:
    """Read a limit such as ``wait.triage.p95_s<=900``.

    Raises
    ------
    PathwayError
        If it cannot be read.
    """
    # Names of nodes may be in any language and hold blanks.
    measure, _, number = (part.strip() for part in text.rpartition("<="))
    if measure and _NUMBER.fullmatch(number):
        try:
            most = float(number)
        except ValueError:
            most = math.nan
        if math.isfinite(most):
            return Limit(measure=measure, most=most)
    raise PathwayError("limit", f"Cannot read {text!r}.", "Write such as wait.triage.p95_s<=900.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What was found out of one scenario.

    Parameters
    ----------
    scenario : str
        Its name.
    value : Interval
        Of the measure, over the replications that it was worth.
    limits : tuple[Interval, ...]
        Of each limited measure, in the order of the limits.
    keeps_limits : bool | None
        Whether it keeps all limits; None if that could not be told.
    is_kept : bool
        Whether it was still in the running at the end.
    """

    scenario: str
    value: Interval
    limits: tuple[Interval, ...]
    keeps_limits: bool | None
    is_kept: bool


class Method(StrEnum):
    """How the best is looked for: with a promise (Kim and Nelson), or as well as a budget allows (OCBA)."""

    KIM_NELSON = "kn"
    BUDGET = "ocba"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which scenario is best.

    Parameters
    ----------
    measure : str
        By which.
    best : str
        Name of the scenario; empty if none keeps the limits.
    is_sure : bool
        Whether the procedure came to its end: then the best is chosen with the wanted probability if it is better than
        the others by the zone. If not, those kept could not be told apart within the greatest number of replications.
    candidates : tuple[Candidate, ...]
        In the order given.
    replications : int
        Run in all.
    method : Method
        How it was looked for.
    chance : float | None
        By a budget: lower bound of the probability that the best is truly best, as the estimates tell it; such a choice
        is sure where this reaches the wanted confidence. None otherwise.
    is_complete : bool
        Whether the procedure ran as long as it wanted to; one that was called off tells the best by the means so far.
    """

    measure: str
    best: str
    is_sure: bool
    candidates: tuple[Candidate, ...]
    replications: int
    method: Method = Method.KIM_NELSON
    chance: float | None = None
    is_complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """By what one chooses.

    Parameters
    ----------
    measure : str
        One of which it is known which way is better.
    zone : float
        A difference smaller than this does not matter, in the unit of the measure; above 0. Sharing a budget out needs
        none.
    limits : tuple[Limit, ...]
        That a scenario has to keep.
    method : Method
        How the best is looked for.
    budget : int
        Replications of all scenarios together that the selection may use; only sharing out needs it.
    """

    measure: str
    zone: float = 0.0
    limits: tuple[Limit, ...] = ()
    method: Method = Method.KIM_NELSON
    budget: int = 0


def choose(request: ExperimentRequest, wanted: Wanted, should_stop: ShouldStop = lambda: False) -> Choice:
    """Choose the best scenario: those that break a limit go first, then one after the other that is surely worse.

    Parameters
    ----------
    request : ExperimentRequest
        Its scenarios are the candidates; its replications are the most that each gets.
    wanted : Wanted
        By what.
    should_stop : Callable[[], bool], optional
        Calls it off: the best by what is known then is given.

    Raises
    ------
    PathwayError
        If measure, zone or a limit cannot be used, or there is nothing to choose among.
    Stopped
        If it was called off before each scenario had a replication.

    Notes
    -----
    The error probability is shared out: half on the limits of all scenarios (Bonferroni), half on the selection by the
    fully sequential procedure of Kim and Nelson under common random numbers. A budget is shared out among those that
    do not surely break a limit; what the limits have cost does not count towards it.
    """
    _check(request, wanted)
    with Samples(request, should_stop) as samples:
        try:
            return _chosen(samples, request, wanted)
        except Stopped:
            return _best_so_far(samples, request, wanted)


def _chosen(samples: Samples, request: ExperimentRequest, wanted: Wanted) -> Choice:
    scenarios = request.scenarios
    _check_measures(samples, scenarios[0], wanted)
    judged = [_keeps(samples, scenario, wanted, request) for scenario in scenarios]
    keeps = [told for told, _count in judged]
    running = [number for number, told in enumerate(keeps) if told is not False]

    def sample(number: int, which: range) -> Floats:
        return _whole(samples.column(scenarios[running[number]], wanted.measure, which), wanted.measure)

    select = _by_budget if wanted.method is Method.BUDGET else _by_confidence
    found = select(sample, len(running), request, wanted) if running else _Selection()
    used = dict(zip(running, found.replications, strict=True))
    kept = [running[number] for number in found.kept]
    candidates = tuple(
        _candidate(
            samples, scenario, wanted, max(used.get(number, 0), judged[number][1]), keeps[number], number in kept
        )
        for number, scenario in enumerate(scenarios)
    )
    return Choice(
        measure=wanted.measure,
        best=scenarios[running[found.best]].name if running else "",
        is_sure=found.is_sure and keeps[kept[0]] is True,
        candidates=candidates,
        replications=samples.runs,
        method=wanted.method,
        chance=found.chance,
    )


def _best_so_far(samples: Samples, request: ExperimentRequest, wanted: Wanted) -> Choice:
    """Give the best by the means over the replications that all scenarios have; nothing is sure of it."""
    scenarios = request.scenarios
    count = min(map(samples.count, scenarios))
    if not count:
        raise Stopped
    keeps = None if wanted.limits else True
    candidates = tuple(_candidate(samples, scenario, wanted, count, keeps, True) for scenario in scenarios)
    within = [
        one
        for one in candidates
        if all(value.mean <= limit.most for value, limit in zip(one.limits, wanted.limits, strict=True))
        and math.isfinite(one.value.mean)
    ]
    sign = 1 if lower_is_better(wanted.measure) else -1
    best = min(within, key=lambda one: sign * one.value.mean, default=None)
    return Choice(
        measure=wanted.measure,
        best="" if best is None else best.scenario,
        is_sure=False,
        candidates=candidates,
        replications=samples.runs,
        method=wanted.method,
        is_complete=False,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Selection:
    """What either procedure found, by number among those still in the running."""

    best: int = 0
    kept: tuple[int, ...] = ()
    replications: tuple[int, ...] = ()
    is_sure: bool = False
    chance: float | None = None


def _confidence(request: ExperimentRequest, wanted: Wanted) -> float:
    """Give what is left for the selection once the limits have had their half of the error probability."""
    return 1 - (1 - request.confidence_share) / (2 if wanted.limits else 1)


def _by_confidence(sample: Sampler, count: int, request: ExperimentRequest, wanted: Wanted) -> _Selection:
    rule = Indifference(
        zone=wanted.zone,
        confidence_share=_confidence(request, wanted),
        first=min(FIRST, request.replications),
        most=request.replications,
        lower_is_better=bool(lower_is_better(wanted.measure)),
    )
    found = kim_nelson(sample, count, rule)
    return _Selection(best=found.best, kept=found.kept, replications=found.replications, is_sure=len(found.kept) == 1)


def _by_budget(sample: Sampler, count: int, request: ExperimentRequest, wanted: Wanted) -> _Selection:
    better = bool(lower_is_better(wanted.measure))
    found = share_out(sample, count, wanted.budget, first=FIRST, lower_is_better=better)
    is_sure = found.chance >= _confidence(request, wanted)
    return _Selection(
        best=found.best,
        kept=(found.best,),
        replications=found.replications,
        is_sure=is_sure,
        chance=found.chance,
    )


def _check(request: ExperimentRequest, wanted: Wanted) -> None:
    if lower_is_better(wanted.measure) is None:
        raise PathwayError("measure", f"Neither way of {wanted.measure!r} is better.", "Name a wait, a stay or cost.")
    if wanted.method is Method.BUDGET:
        least = FIRST * len(request.scenarios)
        if not least <= wanted.budget <= MOST_BUDGET:
            cure = f"Allow {FIRST} for each scenario at least."
            raise PathwayError("budget", f"Expected {least} to {MOST_BUDGET} runs, got {wanted.budget}.", cure)
    elif not 0 < wanted.zone < math.inf:
        raise PathwayError("zone", f"Expected a difference above 0, got {wanted.zone}.", "Say what does not matter.")
    if len(request.scenarios) < 2:
        raise PathwayError("scenarios", "Expected at least two.", "Name what is to be chosen among.")
    names = [scenario.name for scenario in request.scenarios]
    if len(set(names)) < len(names):
        raise PathwayError("scenarios", "Two have the same name.", "Give each a name of its own.")
    if request.replications < FIRST:
        raise PathwayError("replications", f"Expected at least {FIRST}.", "Allow more.")


def _check_measures(samples: Samples, scenario: Scenario, wanted: Wanted) -> None:
    known = samples.measures(scenario)
    for place, measure in (("measure", wanted.measure), *(("limit", limit.measure) for limit in wanted.limits)):
        if measure not in known:
            raise PathwayError(place, f"There is no measure {measure!r}.", f"Use one of {', '.join(sorted(known))}.")


def _whole(values: Floats, measure: str) -> Floats:
    if math.isnan(float(values.sum())):
        raise PathwayError("measure", f"{measure!r} has no value in some replications.", "Let the runs be longer.")
    return values


def _keeps(samples: Samples, scenario: Scenario, wanted: Wanted, request: ExperimentRequest) -> tuple[bool | None, int]:
    shares = len(request.scenarios) * 2
    return all_kept([kept_limit(samples, scenario, limit, shares, request) for limit in wanted.limits])


def all_kept(told: Sequence[tuple[bool | None, int]]) -> tuple[bool | None, int]:
    """Put the answers on several limits together, and give the most replications that one rests on."""
    answers = [answer for answer, _count in told]
    count = max((count for _answer, count in told), default=FIRST)
    return (False if False in answers else None if None in answers else True), count


def kept_limit(
    samples: Samples, scenario: Scenario, limit: Limit, shares: int, request: ExperimentRequest
) -> tuple[bool | None, int]:
    """Tell whether a scenario keeps a limit, and how many replications that took.

    Parameters
    ----------
    samples : Samples
        Where the replications come from.
    scenario : Scenario
        Which.
    limit : Limit
        Which.
    shares : int
        Over how many statements the error probability is shared out.
    request : ExperimentRequest
        Its replications are the most; None is given if they do not tell.

    Returns
    -------
    tuple[bool | None, int]
        The answer, and the replications that it rests on: an estimate beside it is to be made from the same.

    Notes
    -----
    The replications are doubled until it can be told; each look has its own share of the error probability.
    """
    # How many looks doubling can make; the error is shared out over them before the first.
    looks = max(1, math.ceil(math.log2(max(request.replications / FIRST, 1))) + 1)
    confidence = 1 - (1 - request.confidence_share) / (shares * looks)
    count = min(FIRST, request.replications)
    while True:
        told = feasible(samples.column(scenario, limit.measure, range(count)), limit.most, confidence_share=confidence)
        if told is not None or count >= request.replications:
            return told, count
        count = min(2 * count, request.replications)


def _candidate(
    samples: Samples, scenario: Scenario, wanted: Wanted, count: int, keeps: bool | None, is_kept: bool
) -> Candidate:
    def over(measure: str) -> Interval:
        return interval_of(samples.column(scenario, measure, range(count)), samples.request.confidence_share)

    return Candidate(
        scenario=scenario.name,
        value=over(wanted.measure),
        limits=tuple(over(limit.measure) for limit in wanted.limits),
        keeps_limits=keeps if wanted.limits else True,
        is_kept=is_kept,
    )


def plain_choice(choice: Choice, limits: Sequence[Limit]) -> dict[str, object]:
    """Give a choice as plain JSON values; a half-width that is not known is None.

    Parameters
    ----------
    choice : Choice
        What was chosen.
    limits : Sequence[Limit]
        By which limits.
    """
    return {
        "measure": choice.measure,
        "method": choice.method.value,
        "chance": choice.chance,
        "best": choice.best,
        "is_sure": choice.is_sure,
        "is_complete": choice.is_complete,
        "replications": choice.replications,
        "candidates": [
            {
                "scenario": one.scenario,
                "value": plain_interval(one.value),
                "keeps_limits": one.keeps_limits,
                "is_kept": one.is_kept,
                "limits": [
                    {"measure": limit.measure, "most": limit.most, "value": plain_interval(value)}
                    for limit, value in zip(limits, one.limits, strict=True)
                ],
            }
            for one in choice.candidates
        ],
    }


def plain_interval(interval: Interval) -> dict[str, object]:
    """Give an interval as plain JSON values; what is not finite is None."""
    told = {"mean": interval.mean, "half_width": interval.half_width}
    return {**{name: value if math.isfinite(value) else None for name, value in told.items()}, "n": interval.n}
