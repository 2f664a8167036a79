"""Runs an experiment: every scenario, replication by replication, on all cores, with the same patients."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass

import numpy as np

from simulation.compiled.engine import CompiledEngine, StopFlag
from simulation.experiments.changes import changed
from simulation.experiments.comparing import compare
from simulation.experiments.measures import bands_of, interval_of, measures_of
from simulation.experiments.money import check_costs, cost_measures
from simulation.experiments.placing import check_in_place
from simulation.experiments.request import (
    Engine,
    ExperimentRequest,
    ExperimentResult,
    Progress,
    Scenario,
    ScenarioResult,
    ShouldStop,
)
from simulation.experiments.week import week_bands
from simulation.model.building import build_pathway
from simulation.model.calendars import Span
from simulation.model.plan import Floats, RunPlan
from simulation.model.problems import PathwayError, Stopped
from simulation.reference.running import run_reference
from simulation.statistics.deadlock import refuse_deadlock
from simulation.statistics.outcome import RunOutcome
from simulation.statistics.stopping import precise_enough

ENGINE_VERSION = "2"  # goes up whenever the same request would give another event log
_POLL_S = 0.1


def run(
    request: ExperimentRequest,
    progress: Progress = lambda share, partial: None,
    should_stop: ShouldStop = lambda: False,
) -> ExperimentResult:
    """Run an experiment to its end, or until it is called off.

    Parameters
    ----------
    request : ExperimentRequest
        What to run; plain values, so that it can travel to a job in another process.
    progress : Progress
        Told the share done and the partial result after each block of replications.
    should_stop : ShouldStop
        Asked several times a second; once it says yes, what is complete by then is returned.

    Returns
    -------
    ExperimentResult
        The same, number for number, for any count of threads.

    Raises
    ------
    PathwayError, PathwayRefused
        If a scenario's pathway cannot be run.
    Deadlock
        If patients wait for one another for ever.
    """
    plans = [plan_of(request, scenario) for scenario in request.scenarios]
    threads = request.threads or os.cpu_count() or 1
    with ThreadPoolExecutor(max_workers=threads) as pool:
        state = Experiment(request, plans)
        runners = [runner_of(plan, request.engine) for plan in plans]

        def start(scenario: int, number: int, flag: StopFlag) -> Future[RunOutcome]:
            return pool.submit(runners[scenario], number, flag)

        return state.run(start, max(2 * threads, 4), progress, should_stop)


Start = Callable[[int, int, StopFlag], "Future[RunOutcome]"]
"""Starts one replication of a scenario somewhere."""


def runner_of(plan: RunPlan, engine: Engine) -> Callable[[int, StopFlag], RunOutcome]:
    """Give what runs a replication of a plan.

    Parameters
    ----------
    plan : RunPlan
        What is run.
    engine : Engine
        By which engine.
    """
    if engine is Engine.REFERENCE:
        return lambda replication, flag: run_reference(plan, replication, should_stop=lambda: bool(flag.cell[0]))
    compiled = CompiledEngine(plan)
    return lambda replication, flag: compiled.run(replication, stop=flag)


def run_once(
    plan: RunPlan, replication: int, *, log: bool = False, should_stop: ShouldStop = lambda: False
) -> RunOutcome:
    """Run one replication by the fast engine, so that it can be called off while it runs.

    Parameters
    ----------
    plan : RunPlan
        What is run.
    replication : int
        Which.
    log : bool
        Whether to keep the event log.
    should_stop : ShouldStop
        Asked several times a second.

    Raises
    ------
    Stopped
        If it said yes.
    """
    engine, flag = CompiledEngine(plan), StopFlag.new()
    # In a thread of its own: compiled code hears of nothing, not even of Ctrl-C, until it is done.
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(engine.run, replication, log=log, stop=flag)
        if not all_done((future,), flag, should_stop):
            raise Stopped
        return future.result()


def all_done(futures: Iterable[Future[RunOutcome]], flag: StopFlag, should_stop: ShouldStop) -> bool:
    """Wait until replications have ended; give False if they were called off meanwhile.

    Parameters
    ----------
    futures : Iterable[Future[RunOutcome]]
        The replications.
    flag : StopFlag
        What they look at while they run.
    should_stop : ShouldStop
        Asked several times a second.
    """
    waiting = set(futures)
    try:
        while waiting:
            _, waiting = wait(waiting, timeout=_POLL_S)
            if waiting and should_stop():
                flag.set()
                for future in waiting:
                    future.cancel()
                wait(waiting)
                return False
    except BaseException:
        flag.set()  # so that Ctrl-C does not have to wait for long replications
        for future in waiting:
            future.cancel()
        raise
    return True


MOST_AUDITS = 1_000_000
"""In one replication: more points are a mistake in the distance between them."""


def plan_of(request: ExperimentRequest, scenario: Scenario) -> RunPlan:
    """Give the plan of one scenario.

    Parameters
    ----------
    request : ExperimentRequest
        The experiment.
    scenario : Scenario
        One of its scenarios.
    """
    _check(request)
    span = Span(start_at=request.start_at, horizon_us=round(request.horizon_s * 1e6))
    pathway = build_pathway(changed(request.pathway, scenario.changes), span=span)
    plan = RunPlan(
        pathway=pathway,
        span=Span(start_at=span.start_at, horizon_us=span.horizon_us, zone=pathway.zone),
        initial=request.initial,
        warm_up_us=round(request.warm_up_s * 1e6),
        audit_every_us=round(request.audit_every_s * 1e6),
        seed=request.seed,
    )
    check_in_place(pathway, request.initial)
    if request.costs is not None:
        check_costs(request.costs, plan)
    return plan


def _check(request: ExperimentRequest) -> None:
    # Comparisons are written so that NaN is refused as well.
    horizon_s, warm_up_s, every_s = request.horizon_s, request.warm_up_s, request.audit_every_s
    if not 0 < horizon_s <= 1e12 or not 0 <= warm_up_s < horizon_s:
        raise PathwayError(
            "horizon_s", f"Expected 0 <= warm-up < horizon <= 1e12 s, got {warm_up_s} and {horizon_s}.", "Mend them."
        )
    if not 1 <= request.replications < 1 << 32:
        told = f"Expected 1 replication to 2**32, got {request.replications}."
        raise PathwayError("replications", told, "Write such as 20.")
    if not 0 <= request.seed < 1 << 32:
        raise PathwayError("seed", f"Expected a seed from 0 to below 2**32, got {request.seed}.", "Write such as 1.")
    # Each audit is kept for every pool and replication.
    if every_s != 0 and not max(horizon_s / MOST_AUDITS, 1e-6) <= every_s <= 1e12:
        told = f"Expected 0, or at most {MOST_AUDITS} audits in {horizon_s:g} s, got {every_s}."
        raise PathwayError("audit_every_s", told, "Write such as 3600, or 0 for none.")
    if not 0 < request.confidence_share < 1:
        raise PathwayError("confidence_share", f"Expected a share, got {request.confidence_share}.", "Write 0.95.")
    if not 0 <= request.precision_share < 1e9:
        raise PathwayError("precision_share", f"Expected 0 or more, got {request.precision_share}.", "Write 0.05.")


def address_of(request: ExperimentRequest) -> str:
    """Give the hash under which a result can be found and made again.

    Parameters
    ----------
    request : ExperimentRequest
        The experiment; how many threads it used does not enter, the engine's version does.
    """
    values = asdict(request)
    # Threads change no result.
    del values["threads"]
    values["engine_version"] = ENGINE_VERSION
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class Experiment:
    """Outcomes of an experiment as they come, in order of replications wherever they were run.

    Parameters
    ----------
    request : ExperimentRequest
        What is run.
    plans : list[RunPlan]
        Of its scenarios.
    """

    request: ExperimentRequest
    plans: list[RunPlan]
    outcomes: list[list[RunOutcome]]
    values: list[list[dict[str, float]]]

    def __init__(self, request: ExperimentRequest, plans: list[RunPlan]) -> None:
        self.request, self.plans = request, plans
        self.outcomes = [[] for _ in plans]
        self.values = [[] for _ in plans]

    def run(self, start: Start, block_size: int, progress: Progress, should_stop: ShouldStop) -> ExperimentResult:
        """Run block after block to the end, or until the measures are known well enough or it is called off.

        Parameters
        ----------
        start : Start
            Starts a replication.
        block_size : int
            Replications of each scenario between two reports; changes no result.
        progress : Progress
            Told after each block.
        should_stop : ShouldStop
            Asked several times a second.
        """
        done, most = 0, self.request.replications
        while done < most:
            block = range(done, min(done + block_size, most))
            # Asked here too: blocks that are shorter than the wait for them would never ask.
            if should_stop() or not self._run_block(start, block, should_stop):
                return self.result(complete=False, is_last=True)
            enough = next((n for n in range(done + 1, block.stop + 1) if self.is_precise(n)), 0)
            if enough:
                # What ran beyond is dropped, so that the answer does not depend on how much runs at a time.
                for outcomes, values in zip(self.outcomes, self.values, strict=True):
                    del outcomes[enough:], values[enough:]
                break
            done = block.stop
            if done < most:
                progress(done / most, self.result(complete=False))
        final = self.result(complete=True, is_last=True)
        progress(1.0, final)
        return final

    def _run_block(self, start: Start, block: range, should_stop: ShouldStop) -> bool:
        flag = StopFlag.new()
        futures = [[start(scenario, number, flag) for number in block] for scenario in range(len(self.plans))]
        if not all_done((future for row in futures for future in row), flag, should_stop):
            return False
        try:
            # In the order of replications, not of their ends.
            for scenario, row in enumerate(futures):
                for future in row:
                    self._keep(scenario, future.result())
        except Stopped:
            return False
        return True

    def _keep(self, scenario: int, outcome: RunOutcome) -> None:
        plan = self.plans[scenario]
        refuse_deadlock(outcome.waiting, plan, outcome.under_way)
        self.outcomes[scenario].append(outcome)
        values = measures_of(outcome, plan)
        once = self.request.scenarios[scenario].cost_once
        self.values[scenario].append(values | cost_measures(outcome, plan, values, self.request.costs, once))
        if scenario == 0 and len(self.values[0]) == 1:
            self._check_precise(self.values[0][0])

    def _check_precise(self, known: Mapping[str, float]) -> None:
        # A name that no measure has would never be precise enough: every replication would run, and nobody be told why.
        for name in self.request.precise:
            if name not in known:
                told = f"There is no measure {name!r}."
                raise PathwayError("precise", told, f"Use of {', '.join(sorted(known))}.")

    def is_precise(self, done: int) -> bool:
        """Tell whether so many replications tell the measures that matter well enough in every scenario."""
        wanted = self.request.precision_share
        if not wanted or not self.request.precise:
            return False
        return all(
            precise_enough(self._column(scenario, measure)[:done], wanted, self.request.confidence_share)
            for scenario in range(len(self.plans))
            for measure in self.request.precise
            if measure in self.values[scenario][0]  # a scenario may close what the base measures
        )

    def _column(self, scenario: int, measure: str) -> Floats:
        return np.array([values.get(measure, np.nan) for values in self.values[scenario]])

    def result(self, *, complete: bool, is_last: bool = False) -> ExperimentResult:
        """Give what is known by now; the usual week only if nothing follows, as it takes long to put together."""
        share = self.request.confidence_share
        columns = [
            {name: self._column(scenario, name) for name in (self.values[scenario][0] if self.values[scenario] else {})}
            for scenario in range(len(self.plans))
        ]
        scenarios = tuple(
            ScenarioResult(
                name=scenario.name,
                measures={name: interval_of(values, share) for name, values in columns[number].items()},
                bands=bands_of(self.outcomes[number], self.plans[number]) if scenario.has_bands else (),
                replications=len(self.outcomes[number]),
                week=week_bands(self.outcomes[number], self.plans[number]) if is_last and scenario.has_bands else (),
            )
            for number, scenario in enumerate(self.request.scenarios)
        )
        others = len(self.plans) - 1
        # Bonferroni: each comparison gets its part of the error.
        shared_out = 1 - (1 - share) / max(others, 1)
        comparisons = tuple(
            comparison
            for number in range(1, len(self.plans))
            for comparison in compare(
                columns[0], columns[number], scenario=self.request.scenarios[number].name, confidence_share=shared_out
            )
        )
        return ExperimentResult(
            address=address_of(self.request),
            engine_version=ENGINE_VERSION,
            scenarios=scenarios,
            comparisons=comparisons,
            complete=complete,
        )
