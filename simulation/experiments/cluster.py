"""Experiments on many machines: replications travel to the workers of a Dask scheduler, outcomes come back in order.

Needs the extra ``cluster``. A worker that dies loses what it was running; the scheduler gives it to another one, and
since a replication depends on nothing but its number, the result is the same, byte for byte, whoever ran what.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from functools import lru_cache
from importlib import import_module
from typing import Protocol, cast

import msgspec

from simulation.compiled.engine import StopFlag
from simulation.experiments.request import ExperimentRequest, ExperimentResult, Progress, ShouldStop
from simulation.experiments.running import Experiment, plan_of, runner_of
from simulation.experiments.wire import plain_request, request_of
from simulation.statistics.outcome import RunOutcome
from twin.errors import FieldError, FieldProblem

_RETRIES = 5  # a replication that five workers died of is at fault itself
_WAIT_S = "20s"


class _Remote(Protocol):
    """A future of the cluster; its library carries no types."""

    def result(self) -> RunOutcome: ...

    def add_done_callback(self, told: Callable[[_Remote], None]) -> None: ...


class _Cluster(Protocol):
    """A client of the cluster."""

    def submit(self, work: Callable[..., RunOutcome], *arguments: object, retries: int, pure: bool) -> _Remote: ...

    def scheduler_info(self) -> dict[str, dict[str, object]]: ...

    def close(self) -> None: ...


def replicate(asked: bytes, scenario: int, number: int) -> RunOutcome:
    """Run one replication on a worker.

    Parameters
    ----------
    asked : bytes
        The experiment as JSON.
    scenario : int
        Number of the scenario.
    number : int
        Of the replication.
    """
    return _runner(asked, scenario)(number, StopFlag.new())


@lru_cache(maxsize=64)
def _runner(asked: bytes, scenario: int) -> Callable[[int, StopFlag], RunOutcome]:
    request = request_of(msgspec.json.decode(asked))
    return runner_of(plan_of(request, request.scenarios[scenario]), request.engine)


def run_on_cluster(
    request: ExperimentRequest,
    scheduler: str,
    progress: Progress = lambda share, partial: None,
    should_stop: ShouldStop = lambda: False,
) -> ExperimentResult:
    """Run an experiment on the workers of a Dask scheduler.

    Parameters
    ----------
    request : ExperimentRequest
        What to run.
    scheduler : str
        Address, such as ``tcp://10.0.0.5:8786``.
    progress, should_stop : Progress, ShouldStop
        As for :func:`simulation.experiments.running.run`.

    Returns
    -------
    ExperimentResult
        The same as on one machine, for any number of workers.

    Raises
    ------
    FieldError
        If the extra is not installed, or the scheduler does not answer or has no workers.
    """
    plans = [plan_of(request, scenario) for scenario in request.scenarios]
    asked = msgspec.json.encode(plain_request(request))
    client = _client(scheduler)
    try:

        def start(scenario: int, number: int, flag: StopFlag) -> Future[RunOutcome]:
            # Keyed by what it is, so that a scheduler that was asked before gives the outcome it still has.
            future = client.submit(replicate, asked, scenario, number, retries=_RETRIES, pure=True)
            return _Followed(future)

        workers = max(len(client.scheduler_info()["workers"]), 1)
        # Several replications wait at each worker, so that none stands idle while the next is on its way.
        return Experiment(request, plans).run(start, max(4 * workers, 8), progress, should_stop)
    finally:
        client.close()


class _Followed(Future[RunOutcome]):
    """A future of this process that is done when the one of the cluster is."""

    def __init__(self, remote: _Remote) -> None:
        super().__init__()
        self._remote = remote  # the cluster forgets what nobody holds
        self.set_running_or_notify_cancel()
        remote.add_done_callback(self._take)

    def _take(self, remote: _Remote) -> None:
        try:
            self.set_result(remote.result())
        except BaseException as error:  # whatever went wrong there is raised here, where it is waited for
            self.set_exception(error)


def _client(scheduler: str) -> _Cluster:
    try:
        connect = cast("Callable[..., _Cluster]", import_module("distributed").Client)
    except ImportError as error:
        raise _problem("The extra 'cluster' is not installed.", "Install hospital-twin[cluster].") from error
    try:
        client = connect(scheduler, set_as_default=False, timeout=_WAIT_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise _problem(f"No Dask scheduler answers at {scheduler!r}.", "Check the address.") from error
    if not client.scheduler_info()["workers"]:
        client.close()
        raise _problem(f"The scheduler at {scheduler!r} has no workers.", "Start some: dask worker ADDRESS.")
    return client


def _problem(message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field="cluster", place="cluster", message=message, cure=cure))
