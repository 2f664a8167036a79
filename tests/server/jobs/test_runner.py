"""Jobs run in other processes, tell progress, can be stopped, and survive what happens to them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from sqlmodel import Session

from server.jobs.runner import JobRunner, JobState
from server.schema.jobs import JobRow
from server.wiring import Hospital
from twin.access import SYSTEM
from twin.errors import DiskFull, InputError, NotFound, Unavailable

KINDS = {name: f"jobs_for_tests:{name}" for name in ("count", "wait_for_ever", "until_enough", "refuse", "crash")}


@pytest.fixture(autouse=True)
def functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the job processes find the functions; they inherit the path."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture
def runner(hospital: Hospital) -> Iterator[JobRunner]:
    opened = JobRunner(hospital, KINDS)
    opened.start()
    yield opened
    opened.stop()


def test_job_gives_its_result_under_the_hash_of_its_content(runner: JobRunner) -> None:
    job = runner.wait(runner.submit("count", {"up_to": 100}, actor=SYSTEM))

    assert not job.problem
    body = runner.result(job.result_hash)

    assert job.state is JobState.DONE
    assert body == b'{"total":4950}'
    assert hashlib.sha256(body).hexdigest() == job.result_hash


def test_refusal_and_crash_are_told_and_the_next_job_runs(runner: JobRunner) -> None:
    refused = runner.wait(runner.submit("refuse", {}, actor=SYSTEM))
    crashed = runner.wait(runner.submit("crash", {}, actor=SYSTEM))
    after = runner.wait(runner.submit("count", {"up_to": 3}, actor=SYSTEM))

    assert (refused.state, crashed.state, after.state) == (JobState.FAILED, JobState.FAILED, JobState.DONE)
    assert "refused.test" in refused.problem
    assert "job.crashed" in crashed.problem


def test_too_many_waiting_jobs_are_refused_before_they_are_kept(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.jobs.runner._QUEUE_LIMIT", 2)
    runner = JobRunner(hospital, KINDS)  # not started: nothing is taken up
    for _ in range(2):
        runner.submit("count", {"up_to": 1}, actor=SYSTEM)

    with pytest.raises(Unavailable):
        runner.submit("count", {"up_to": 1}, actor=SYSTEM)

    assert len(runner.list()) == 2


def test_a_list_gives_the_newest_of_its_kind_first(hospital: Hospital) -> None:
    runner = JobRunner(hospital, KINDS)  # not started: nothing is taken up
    asked = [runner.submit(kind, {}, actor=SYSTEM) for kind in ("count", "refuse", "count", "count")]

    found = runner.recent("count", limit=2)

    assert [one.id for one in found] == [asked[3], asked[2]]
    assert {(one.kind, one.state, one.actor) for one in found} == {("count", JobState.QUEUED, SYSTEM.id)}


def test_running_job_is_cancelled(hospital: Hospital, runner: JobRunner) -> None:
    job_id = runner.submit("wait_for_ever", {}, actor=SYSTEM)
    for _ in range(300):
        if runner.view(job_id).note == "waiting":
            break
        threading.Event().wait(0.1)

    runner.cancel(job_id)
    job = runner.wait(job_id)

    assert job.state is JobState.CANCELLED
    assert job.ended_at
    # what it had reached is still told, to this process and after a restart
    assert (job.progress_share, job.note, job.partial) == (0.5, "waiting", b'{"cost":7}')
    assert JobRunner(hospital, KINDS).view(job_id).partial == b'{"cost":7}'


def test_a_job_ends_with_what_there_is_when_that_is_enough_and_the_next_one_runs(runner: JobRunner) -> None:
    job_id = runner.submit("until_enough", {}, actor=SYSTEM)

    runner.finish(job_id)

    view = runner.wait(job_id)
    assert view.state is JobState.DONE
    assert msgspec.json.decode(runner.result(view.result_hash)) == {"done": 1}
    runner.finish(job_id)  # it is over: nothing is left behind for the next one
    following = runner.wait(runner.submit("count", {"up_to": 3}, actor=SYSTEM))
    assert following.state is JobState.DONE
    with pytest.raises(NotFound):
        runner.finish("none")


def test_queued_job_is_cancelled_without_a_start(hospital: Hospital) -> None:
    idle = JobRunner(hospital, KINDS)  # never started
    job_id = idle.submit("count", {"up_to": 1}, actor=SYSTEM)

    idle.cancel(job_id)

    assert idle.view(job_id).state is JobState.CANCELLED
    assert idle.view(job_id).started_at == 0


def test_interrupted_job_is_taken_up_at_the_next_start(hospital: Hospital) -> None:
    idle = JobRunner(hospital, KINDS)
    job_id = idle.submit("count", {"up_to": 4}, actor=SYSTEM)

    def interrupt(session: object) -> None:
        row = session.get(JobRow, job_id)  # type: ignore[attr-defined]
        row.state = JobState.RUNNING

    hospital.write_now(interrupt)
    again = JobRunner(hospital, KINDS)
    again._ended[job_id] = threading.Event()  # so that the test can wait for it
    again.start()

    job = again.wait(job_id)
    again.stop()

    assert job.state is JobState.DONE


def test_unknown_kind_and_unknown_job_are_refused(hospital: Hospital) -> None:
    idle = JobRunner(hospital, KINDS)

    with pytest.raises(InputError):
        idle.submit("nothing", {}, actor=SYSTEM)
    with pytest.raises(NotFound):
        idle.cancel("nothing")


def test_end_that_cannot_be_stored_at_once_is_stored_later(
    runner: JobRunner, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.jobs.runner._FIRST_PAUSE_S", 0.01)
    refused: list[str] = []
    works = JobRunner._written

    def full_at_first(self: JobRunner, use_case: Callable[[Session], None], job_id: str) -> bool:
        def once(session: Session) -> None:
            if not refused:
                refused.append(job_id)
                raise DiskFull("no space left")
            use_case(session)

        return works(self, once, job_id)

    monkeypatch.setattr(JobRunner, "_written", full_at_first)

    job = runner.wait(runner.submit("count", {"up_to": 100}, actor=SYSTEM))

    assert refused == [job.id]
    assert job.state is JobState.DONE
    assert runner.result(job.result_hash) == b'{"total":4950}'


def test_every_thread_ends_when_the_runner_stops(hospital: Hospital) -> None:
    before = set(threading.enumerate())
    runner = JobRunner(hospital, KINDS)
    runner.start()
    started = set(threading.enumerate()) - before

    runner.stop()

    assert started
    assert not any(thread.is_alive() for thread in started)
