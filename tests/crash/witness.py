"""The other side of the pipe: starts the writing program, remembers what was acknowledged, and checks the ledger."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crash.writing_child import THREADS
from twin.db.database import open_database
from twin.ledger.ledger import Ledger
from twin.settings import Settings
from twin.state.live import LiveState

ROOT = Path(__file__).resolve().parents[2]


class Witness:
    """Remembers every event that was acknowledged."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.acknowledged: set[tuple[int, int]] = set()
        self._changed = threading.Condition()

    @contextmanager
    def program(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the program; it is killed with SIGKILL at the end."""
        starts = [1 + max((n for t, n in self.acknowledged if t == thread), default=-1) for thread in range(THREADS)]
        program = str(ROOT / "tests" / "crash" / "writing_child.py")
        command = [sys.executable, program, self.url, str(self.folder), ",".join(map(str, starts))]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        reader = threading.Thread(target=self._listen, args=(child,))
        reader.start()
        try:
            yield child
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait()
            reader.join()
            assert child.stdout is not None
            child.stdout.close()

    def wait_for(self, more: int, timeout_s: float = 30.0) -> None:
        """Wait until so many more events were acknowledged."""
        with self._changed:
            target = len(self.acknowledged) + more
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= target, timeout_s)

    def _listen(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdout is not None
        for line in child.stdout:
            if line == b"ready\n" or not line.endswith(b"\n"):
                continue
            thread, number = line.split()
            with self._changed:
                self.acknowledged.add((int(thread), int(number)))
                self._changed.notify_all()

    def check(self) -> int:
        """Check that each acknowledged event is stored exactly once, without gaps; give how many are stored."""
        settings = Settings(database_url=self.url, data_dir=self.folder, free_disk_floor_mb=0)
        with open_database(settings) as database:
            ledger = Ledger(database, state=LiveState())
            stored: list[tuple[int, tuple[int, int]]] = []
            with database.read() as session:
                while batch := ledger.read(session, after=len(stored), limit=5000):
                    stored += [(s.sequence, (int(s.event.source[9:]), int(s.event.source_key))) for s in batch]
                verification = ledger.verify(session)
            keys = [key for _, key in stored]
            replayed = LiveState()
            with database.read() as session:
                for one in ledger.read(session, limit=len(stored) + 1):
                    replayed.apply(one.event, one.sequence)
            assert [sequence for sequence, _ in stored] == list(range(1, len(stored) + 1))
            assert len(set(keys)) == len(keys), "a fact is stored twice"
            assert self.acknowledged <= set(keys), "an acknowledged fact is lost"
            assert ledger.state.digest() == replayed.digest(), "snapshot and tail differ from full replay"
            assert verification.is_equal
            ledger.close()
        return len(stored)


def kills(default: int) -> int:
    """How many times to kill: 20 in continuous integration, fewer on a developer's machine, or as the environment says."""
    if "HOSPITAL_TWIN_KILLS" in os.environ:
        return int(os.environ["HOSPITAL_TWIN_KILLS"])
    return 20 if os.environ.get("CI", "").lower() == "true" else default
