"""Replications of scenarios as they are asked for: each is run once, on all cores, and kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType

import numpy as np

from simulation.compiled.engine import StopFlag
from simulation.experiments.measures import measures_of
from simulation.experiments.money import cost_measures
from simulation.experiments.request import ExperimentRequest, Scenario, ShouldStop
from simulation.experiments.running import all_done, plan_of, runner_of
from simulation.model.plan import Floats
from simulation.model.problems import Stopped
from simulation.statistics.deadlock import refuse_deadlock

AHEAD = 8  # replications of a scenario that are run together, so that procedures which ask for one use all cores


class Samples:
    """What scenarios of one experiment gave, replication by replication, all with the same patients.

    Parameters
    ----------
    request : ExperimentRequest
        What is run; its own scenarios and number of replications do not count.
    should_stop : Callable[[], bool], optional
        Asked several times a second; once it says yes, :class:`Stopped` is raised, and what is complete is kept.

    Notes
    -----
    Blocks begin at multiples of their size, so that the values do not depend on who asked for what first.
    """

    def __init__(self, request: ExperimentRequest, should_stop: ShouldStop = lambda: False) -> None:
        self.request = request
        self._should_stop = should_stop
        self._pool = ThreadPoolExecutor(max_workers=request.threads or os.cpu_count() or 1)
        self._values: dict[str, list[dict[str, float]]] = {}  # by what the scenario changes
        self.runs = 0

    def __enter__(self) -> Samples:
        """Give the samples themselves."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the threads."""
        self._pool.shutdown(cancel_futures=True)

    def column(self, scenario: Scenario, measure: str, which: range) -> Floats:
        """Give a measure of a scenario for some replications; NaN where one has no value.

        Parameters
        ----------
        scenario : Scenario
            Changes of the request's pathway.
        measure : str
            Such as ``wait.triage.p95_s``.
        which : range
            Numbers of replications.
        """
        rows = self._rows(scenario, which.stop)
        return np.array([rows[number].get(measure, np.nan) for number in which])

    def measures(self, scenario: Scenario) -> Mapping[str, float]:
        """Give the measures of a scenario's first replication, to know which there are."""
        return self._rows(scenario, 1)[0]

    def count(self, scenario: Scenario) -> int:
        """Give how many replications of a scenario are known."""
        return len(self._kept(scenario))

    def _kept(self, scenario: Scenario) -> list[dict[str, float]]:
        # Not by its name: two scenarios that share one, but not their changes, would be told to be the same.
        return self._values.setdefault(repr((scenario.changes, scenario.cost_once)), [])

    def _rows(self, scenario: Scenario, count: int) -> list[dict[str, float]]:
        rows = self._kept(scenario)
        if len(rows) < count:
            self._run(scenario, rows, -(-count // AHEAD) * AHEAD)
        return rows

    def _run(self, scenario: Scenario, rows: list[dict[str, float]], until: int) -> None:
        if self._should_stop():
            raise Stopped
        plan = plan_of(self.request, scenario)
        runner, flag = runner_of(plan, self.request.engine), StopFlag.new()
        futures = [self._pool.submit(runner, number, flag) for number in range(len(rows), until)]
        if not all_done(futures, flag, self._should_stop):
            raise Stopped
        outcomes = [future.result() for future in futures]
        for outcome in outcomes:
            refuse_deadlock(outcome.waiting, plan, outcome.under_way)
            values = measures_of(outcome, plan)
            rows.append(values | cost_measures(outcome, plan, values, self.request.costs, scenario.cost_once))
        self.runs += len(outcomes)
