"""A real Mosquitto broker on loopback, started, killed and started again by tests."""

from __future__ import annotations

import getpass
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


class Broker:
    """One broker with a persistent store; ``extra`` are lines of its configuration."""

    def __init__(self, folder: Path, *, extra: str = "allow_anonymous true") -> None:
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._configuration = folder / "mosquitto.conf"
        self._configuration.write_text(
            f"user {getpass.getuser()}\nlistener {self.port} 127.0.0.1\n{extra}\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\n"
        )

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [PROGRAM, "-c", str(self._configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(1000):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.01)
        raise AssertionError("mosquitto did not start")

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait()
            self._process = None


@contextmanager
def broker_in(folder: Path, *, extra: str = "allow_anonymous true") -> Iterator[Broker]:
    broker = Broker(folder, extra=extra)
    broker.start()
    try:
        yield broker
    finally:
        broker.end()
