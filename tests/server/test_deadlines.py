"""What is done again and again goes on after a failure, and nothing long holds up what is due beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from server.deadlines import DeadlineService, each
from tests.fakes import START_US
from twin.clock import MINUTE_US, SECOND_US, ManualClock


@pytest.fixture
def service(clock: ManualClock) -> Iterator[DeadlineService]:
    made = DeadlineService(clock)
    yield made
    made.stop()


def test_an_action_comes_again_after_its_period(service: DeadlineService, clock: ManualClock) -> None:
    done: list[int] = []
    service.repeat("look", lambda: done.append(clock.now()), next_at=each(10 * SECOND_US))

    for _ in range(4):
        clock.advance(5)
        service.tick()

    assert done == [START_US + 10 * SECOND_US, START_US + 20 * SECOND_US]


def test_an_action_that_failed_is_tried_within_a_minute_and_then_keeps_its_period(
    service: DeadlineService, clock: ManualClock
) -> None:
    done: list[int] = []

    def fails_once() -> None:
        done.append(clock.now())
        if len(done) == 1:
            raise OSError("the disk is full")

    service.repeat("look", fails_once, next_at=each(60 * MINUTE_US))
    for minutes in (60, 1, 59, 1):
        clock.advance(60 * minutes)
        service.tick()

    hour = START_US + 60 * MINUTE_US
    assert done == [hour, hour + MINUTE_US, hour + 61 * MINUTE_US]


def test_a_long_action_holds_up_nothing_that_is_due_beside_it(service: DeadlineService, clock: ManualClock) -> None:
    may_end, ended, told = threading.Event(), threading.Event(), []

    def long() -> None:
        assert may_end.wait(10)
        ended.set()

    service.repeat("plan", long, next_at=each(SECOND_US), is_long=True)
    service.on_due("alarm", lambda _key, _at: told.append("alarm"))
    service.set(("alarm", "pump"), START_US + 2 * SECOND_US)

    clock.advance(1)
    service.tick()
    clock.advance(1)
    service.tick()
    assert told == ["alarm"]
    assert not ended.is_set()

    may_end.set()
    assert ended.wait(10)


def test_long_actions_never_run_side_by_side(service: DeadlineService, clock: ManualClock) -> None:
    running, most, all_done = [0], [0], threading.Semaphore(0)

    def act() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        threading.Event().wait(0.02)  # long enough for another to begin
        running[0] -= 1
        all_done.release()

    for name in ("a", "b", "c"):
        service.repeat(name, act, next_at=each(SECOND_US), is_long=True)
    clock.advance(1)
    service.tick()

    assert all(all_done.acquire(timeout=10) for _ in range(3))
    assert most == [1]


def test_after_the_end_nothing_more_begins(clock: ManualClock) -> None:
    service, may_end, done = DeadlineService(clock), threading.Event(), []
    service.repeat("first", lambda: done.append(may_end.wait(10)), next_at=each(SECOND_US), is_long=True)
    service.repeat("second", lambda: done.append("second"), next_at=each(SECOND_US), is_long=True)
    clock.advance(1)
    service.tick()

    threading.Timer(0.05, may_end.set).start()
    service.stop()

    assert done == [True]  # what was begun ends, what waited does not begin
