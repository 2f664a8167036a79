"""Experiments on a real Dask cluster: a scheduler and workers as processes of their own, one of them killed."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.experiments.cluster import run_on_cluster
from simulation.experiments.request import ExperimentResult
from simulation.experiments.running import run
from simulation.experiments.wire import plain_result
from tests.simulation.experiments.test_running import REQUEST
from twin.errors import FieldError

pytest.importorskip("distributed")
pytestmark = pytest.mark.timeout(240)  # each worker loads the kernel; on a fresh machine it is compiled first
ASKED = dataclasses.replace(REQUEST, replications=40)
ROOT = Path(__file__).resolve().parents[3]


class Cluster:
    """A scheduler on loopback and some workers."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._folder, told = folder, folder / "scheduler.json"
        self._processes: list[subprocess.Popen[bytes]] = []
        common = ["--scheduler-file", str(told), "--no-dashboard"]
        self._start("scheduler", ["--host", "127.0.0.1", "--port", "0", *common])
        self.workers = [
            self._start("worker", ["--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", *common])
            for _ in range(workers)
        ]
        self.address = self._address(told)

    def _start(self, what: str, options: list[str]) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{what}-{len(self._processes)}.log").open("wb")
        started = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *options],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(self._folder)},
        )
        log.close()
        self._processes.append(started)
        return started

    def _address(self, told: Path) -> str:
        from distributed import Client

        ends = time.monotonic() + 120
        while not told.exists():
            assert time.monotonic() < ends, "the scheduler did not start"
            time.sleep(0.1)
        with Client(scheduler_file=str(told), set_as_default=False, timeout="60s") as client:
            client.wait_for_workers(len(self.workers), timeout=120)
            return str(client.scheduler.address)

    def close(self) -> None:
        """End what is left of it."""
        for process in reversed(self._processes):
            if process.poll() is None:
                process.terminate()
        for process in self._processes:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path, workers=2)
    yield made
    made.close()


def test_result_is_the_same_though_a_worker_dies_in_the_middle(cluster: Cluster) -> None:
    told: list[float] = []

    def kill_one(share: float, _: ExperimentResult | None) -> None:
        told.append(share)
        if cluster.workers[0].poll() is None:
            cluster.workers[0].kill()

    found = run_on_cluster(ASKED, cluster.address, kill_one)

    assert cluster.workers[0].wait(10) != 0
    assert told[0] < 1.0 == told[-1]
    assert plain_result(found) == plain_result(run(ASKED))


def test_scheduler_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.experiments.cluster._WAIT_S", "1s")

    with pytest.raises(FieldError, match="No Dask scheduler answers"):
        run_on_cluster(ASKED, "tcp://127.0.0.1:1")
