"""Gateway, broker and core are killed again and again, in any order: nothing is lost, nothing is stored twice.

``HOSPITAL_TWIN_KILLS`` sets how often (200 proves the contract), ``HOSPITAL_TWIN_OUTAGE_S`` how long the broker is away
in the second test (600 proves it).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rfid_gateway.spool.store import Spool
from server.wiring import open_hospital
from tests.conftest import ROOT, skip_or_fail
from tests.mosquitto import PROGRAM, Broker
from twin.clock import SystemClock
from twin.settings import Settings

KILLS = int(os.environ.get("HOSPITAL_TWIN_KILLS") or 3)
OUTAGE_S = float(os.environ.get("HOSPITAL_TWIN_OUTAGE_S") or 2.0)
CHILD = str(Path(__file__).parent / "broker_children.py")


class Child:
    """A process that is killed and started again; keeps the last row that it said was on its disk, by boot."""

    def __init__(self, *arguments: str) -> None:
        self.told: dict[int, int] = {}
        self.is_ready = False
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self._reading = threading.Thread()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, CHILD, *self._arguments],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._reading = threading.Thread(target=self._read, args=(self._process,))
        self._reading.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                words = line.split()
                self.is_ready = self.is_ready or words == ["ready"]
                if len(words) == 2:
                    self.told[int(words[0])] = int(words[1])

    def end(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._reading.join()
            self._process = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if PROGRAM is None:
        skip_or_fail("mosquitto is not installed")
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = Broker(folder)
    broker.start()
    yield broker
    broker.end()


def wait_until_sent(spool_path: Path, *, within_s: float) -> int:
    """Wait until the spool is empty but for what the running gateway adds, with a gateway that only sends."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        spool = Spool(spool_path, now=SystemClock().now())
        left = len(spool)
        spool.close()
        if not left:
            return 0
        time.sleep(0.3)
    return left


def check_nothing_is_lost_or_doubled(folder: Path, told: dict[int, int]) -> None:
    hospital = open_hospital(Settings(data_dir=folder, free_disk_floor_mb=0))
    with hospital.read() as session:
        keys: list[str] = []
        after = 0
        while found := hospital.ledger.read(session, after=after, limit=1000):
            keys += [one.event.source_key for one in found]
            after = found[-1].sequence
    hospital.close()
    assert len(keys) == len(set(keys))
    by_boot: dict[int, list[int]] = {}
    for key in keys:
        boot, seq = map(int, key.split("-"))
        by_boot.setdefault(boot, []).append(seq)
    for boot, last in told.items():
        found_seqs = sorted(by_boot.get(boot, []))
        assert found_seqs == list(range(1, len(found_seqs) + 1))
        assert len(found_seqs) >= last


def drain(spool_path: Path, url: str, *, within_s: float) -> int:
    """Send what is left with a gateway that makes nothing new; give how many rows stay."""
    sender = Child("sender", str(spool_path), url)
    sender.start()
    left = wait_until_sent(spool_path, within_s=within_s)
    sender.end()
    return left


@pytest.mark.timeout(max(60, 12 * KILLS))
def test_kills_of_gateway_broker_and_core_lose_and_double_nothing(broker: Broker, tmp_path: Path) -> None:
    chance = random.Random(20_260_105)
    spool_path, folder = tmp_path / "spool.db", tmp_path / "core"
    gateway, core = Child("gateway", str(spool_path), broker.url), Child("core", str(folder), broker.url)
    parts = (gateway, broker, core)
    core.start()
    gateway.start()
    # Each of the three dies at least once, however few kills there are.
    victims = [*parts, *(chance.choice(parts) for _ in range(KILLS - 3))]
    chance.shuffle(victims)

    while not gateway.told or not core.is_ready:
        time.sleep(0.05)
    for victim in victims:
        time.sleep(chance.uniform(0.1, 2.5))
        victim.end()
        time.sleep(chance.uniform(0.0, 0.3))
        victim.start()
    time.sleep(1.0)
    gateway.end()
    left = drain(spool_path, broker.url, within_s=50)
    core.end()

    assert left == 0
    assert sum(gateway.told.values()) > 0
    check_nothing_is_lost_or_doubled(folder, gateway.told)


@pytest.mark.timeout(max(60, 3 * OUTAGE_S))
def test_broker_that_is_away_for_long_costs_nothing(broker: Broker, tmp_path: Path) -> None:
    spool_path, folder = tmp_path / "spool.db", tmp_path / "core"
    gateway, core = Child("gateway", str(spool_path), broker.url, "0.05"), Child("core", str(folder), broker.url)
    core.start()
    gateway.start()
    while not gateway.told or not core.is_ready:
        time.sleep(0.05)

    broker.end()
    time.sleep(OUTAGE_S)
    broker.start()
    time.sleep(0.5)
    gateway.end()
    left = drain(spool_path, broker.url, within_s=40)
    core.end()

    assert left == 0
    check_nothing_is_lost_or_doubled(folder, gateway.told)
