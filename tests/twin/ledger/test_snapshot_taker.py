"""The thread that takes snapshots ends when it is told to, whatever it is doing."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

import pytest

from twin.ledger.snapshots import SnapshotTaker


@pytest.mark.parametrize("after_s", [0.0, 0.05, 0.12, 0.2])
def test_a_stop_ends_the_thread_while_it_takes_one_and_while_it_rests(after_s: float) -> None:
    begun = threading.Event()

    def take() -> Future[None]:
        begun.set()
        time.sleep(0.1)  # the rest is a multiple of this
        done: Future[None] = Future()
        done.set_result(None)
        return done

    taker = SnapshotTaker(take, every=1)
    taker.note(1)
    assert begun.wait(10)
    time.sleep(after_s)
    asked = time.monotonic()
    taker.stop(timeout_s=20)

    # far below the limit: a stop that is forgotten waits for all of it
    assert time.monotonic() - asked < 15
