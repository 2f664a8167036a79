"""Stock is moved by eight threads, the process is killed with -9, again and again: the books add up each time."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import inventory.tables.triggers  # noqa: F401
from inventory.service import correcting
from inventory.tables.driver import Driver
from tests.crash.witness import kills
from twin.db.database import open_database
from twin.settings import Settings

CHILD = Path(__file__).with_name("stock_child.py")
ROOT = Path(__file__).parents[2]


def run_and_kill(settings: Settings, run: int, acknowledged: int) -> list[str]:
    """Start the program, kill it once so many commands were acknowledged; give all that were."""
    arguments = [sys.executable, str(CHILD), str(settings.database_url), str(settings.data_dir), f"run{run}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT) as child:
        assert child.stdout is not None
        try:
            first = child.stdout.readline()
            told = [child.stdout.readline() for _ in range(acknowledged)]
        finally:
            child.send_signal(signal.SIGKILL)
        told += child.stdout.readlines()
    assert first == "ready\n"
    return [line.strip() for line in told if line.endswith("\n")]  # the last line may be cut off


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_verifier_finds_no_difference_however_often_the_process_is_killed(database_settings: Settings) -> None:
    settings = database_settings
    if not settings.database_url:
        settings = settings.model_copy(update={"database_url": f"sqlite:///{settings.data_dir / 'stock.db'}"})
    chance, acknowledged = random.Random(5), []

    for run in range(kills(2)):
        acknowledged += run_and_kill(settings, run, chance.randrange(5, 200))
        database = open_database(settings)
        with database.read() as session:
            assert correcting.verify(session) == []
            stored = {row[0] for row in Driver(session).rows("SELECT id FROM inventory_movement")}
            seen = {row[0] for row in Driver(session).rows("SELECT command FROM inventory_count")}
        database.close()
        assert set(acknowledged) <= stored | seen  # a count without a difference moves nothing, but it was seen

    assert len(acknowledged) > 10
