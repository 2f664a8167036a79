"""Gateway, broker and core as processes that are killed, and the count of what became of the rows: lost, doubled, gaps.

The test and the benchmark of the same name count with it, so that both speak of the same thing.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rfid_gateway.spool.store import Spool
from server.wiring import open_hospital
from tests.conftest import ROOT
from tests.mosquitto import Broker
from twin.clock import SystemClock
from twin.settings import Settings

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of the rows that a gateway had on its disk.

    Parameters
    ----------
    told : int
        Rows of which the gateway said that they are on its disk; it may have died before it could say so of the last.
    stored : int
        Rows in the core's ledger.
    left : int
        Rows that the spool still holds.
    lost : int
        Told, and not in the ledger.
    doubled : int
        In the ledger more than once.
    gaps : int
        Numbers missing below the highest one of each boot.
    kills : dict[str, int]
        How often each process was killed.
    """

    told: int
    stored: int
    left: int
    lost: int
    doubled: int
    gaps: int
    kills: dict[str, int]


class Plant:
    """A gateway, a broker and a core at work in a folder.

    Parameters
    ----------
    folder : Path
        Where spool and core keep their files.
    broker : Broker
        Started.
    pause_s : float
        Pause of the gateway between two times ten rows, seconds.
    """

    def __init__(self, folder: Path, broker: Broker, *, pause_s: float = 0.01) -> None:
        self.broker = broker
        self._spool, self._folder = folder / "spool.db", folder / "core"
        self.gateway = Child("gateway", str(self._spool), broker.url, str(pause_s))
        self.core = Child("core", str(self._folder), broker.url)
        self._kills: Counter[str] = Counter()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Start all, and leave no process behind whatever happens."""
        self.core.start()
        self.gateway.start()
        try:
            while not self.gateway.told or not self.core.is_ready:
                time.sleep(0.05)
            yield
        finally:
            self.gateway.end()
            self.core.end()

    def kill_at_random(self, times: int, chance: random.Random) -> None:
        """Kill one of the three with SIGKILL so often, at random instants; each at least once."""
        parts = {"gateway": self.gateway, "broker": self.broker, "core": self.core}
        names = [*parts, *(chance.choice(list(parts)) for _ in range(times - len(parts)))]
        chance.shuffle(names)
        for name in names:
            time.sleep(chance.uniform(0.1, 2.5))
            parts[name].end()
            self._kills[name] += 1
            time.sleep(chance.uniform(0.0, 0.3))
            parts[name].start()
        time.sleep(1.0)

    def lose_broker(self, seconds: float) -> None:
        """Let the broker be away for a while, under load."""
        self.broker.end()
        self._kills["broker"] += 1
        time.sleep(seconds)
        self.broker.start()
        time.sleep(0.5)

    def settle(self, *, within_s: float) -> Tally:
        """End the gateway, send what its spool holds with one that makes nothing new, and count."""
        self.gateway.end()
        sender = Child("sender", str(self._spool), self.broker.url)
        sender.start()
        left = self._wait_until_sent(within_s)
        sender.end()
        self.core.end()
        return self._count(left)

    def _wait_until_sent(self, within_s: float) -> int:
        left, ends = 1, time.monotonic() + within_s
        while left and time.monotonic() < ends:
            time.sleep(0.3)
            spool = Spool(self._spool, now=SystemClock().now())
            left = len(spool)
            spool.close()
        return left

    def _count(self, left: int) -> Tally:
        keys = Counter(self._keys())
        by_boot: dict[int, set[int]] = {}
        for key in keys:
            boot, seq = map(int, key.split("-"))
            by_boot.setdefault(boot, set()).add(seq)
        told = self.gateway.told
        return Tally(
            told=sum(told.values()),
            stored=len(keys),
            left=left,
            lost=sum(len(set(range(1, last + 1)) - by_boot.get(boot, set())) for boot, last in told.items()),
            doubled=sum(count - 1 for count in keys.values()),
            gaps=sum(max(seqs) - len(seqs) for seqs in by_boot.values()),
            kills=dict(self._kills),
        )

    def _keys(self) -> Iterator[str]:
        hospital = open_hospital(Settings(data_dir=self._folder, free_disk_floor_mb=0))
        with hospital.read() as session:
            after = 0
            while found := hospital.ledger.read(session, after=after, limit=1000):
                yield from (one.event.source_key for one in found if one.event.source.startswith("gateway:"))
                after = found[-1].sequence
        hospital.close()
