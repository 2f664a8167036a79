"""Job functions that tests run in another process."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from server.jobs.worker import Progress
from twin.errors import Refused


def count(arguments: dict[str, Any], progress: Progress) -> dict[str, int]:
    """Count up to a number and give the sum."""
    total = 0
    for number in range(arguments["up_to"]):
        total += number
        progress(number / arguments["up_to"], "counting", {"total": total})
    return {"total": total}


def wait_for_ever(arguments: dict[str, Any], progress: Progress) -> None:
    """Tell that it started, then never end."""
    del arguments
    progress(0.5, "waiting", {"cost": 7})
    threading.Event().wait()


def until_enough(arguments: dict[str, Any], progress: Progress) -> dict[str, int]:
    """Go on until somebody says that it is enough; give what there is."""
    del arguments
    rounds = 0
    while not progress(0.5, "searching", {"rounds": rounds}):
        rounds += 1
        threading.Event().wait(0.01)
    return {"done": 1}


def refuse(arguments: dict[str, Any], progress: Progress) -> None:
    """Refuse as a rule of the hospital would."""
    del arguments, progress
    raise Refused("No such thing today.", code="refused.test")


def crash(arguments: dict[str, Any], progress: Progress) -> None:
    """End the process as a lack of memory would."""
    del arguments, progress
    os.kill(os.getpid(), signal.SIGKILL)
