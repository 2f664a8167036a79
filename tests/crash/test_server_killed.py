"""The whole server is killed again and again while programs send: what it acknowledged is stored once, and so is all
that its handlers derived from it.

``HOSPITAL_TWIN_KILLS`` sets how often.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from server.access import users
from server.access.keys import NewKey, create_key
from server.access.users import NewUser
from server.audit import chain as audit
from server.wiring import open_hospital
from tests.conftest import ROOT
from twin.access import Role
from twin.events.places import PlaceDefined, PlaceKind
from twin.events.things import AssetMoved, AssetRegistered, BearerKind, TagBound, ZoneChanged
from twin.settings import Settings
from twin.state.live import LiveState

SENDERS, BATCH, ASSETS, ZONES = 3, 20, 40, 6
KILLS = int(os.environ.get("HOSPITAL_TWIN_KILLS") or 20)
START_US = 1_790_000_000_000_000


def settings_of(folder: Path) -> Settings:
    return Settings(data_dir=folder, free_disk_floor_mb=0, dispatch_every_s=0, review_every_s=0)


def furnish(folder: Path) -> str:
    """Make a hospital with places and tagged devices; give the text of a gateway's key."""
    hospital = open_hospital(settings_of(folder))
    head = {"occurred_at": START_US - 1, "source": "import:test"}
    events = [
        PlaceDefined(thing=f"Z{n}", source_key=f"z{n}", kind=PlaceKind.ROOM, name=f"Room {n}", **head)
        for n in range(ZONES)
    ]
    for n in range(ASSETS):
        events += [
            AssetRegistered(thing=f"A{n}", source_key=f"a{n}", category="pump", name="Pump", **head),
            TagBound(thing=f"T{n}", source_key=f"b{n}", bearer=f"A{n}", bearer_kind=BearerKind.ASSET, **head),
        ]
    hospital.record_now(events)
    boss = NewUser(
        id="boss", name="boss", display_name="", password_hash="-", roles=frozenset({Role.SYSADMIN})
    )  # until there is one, the server answers only who sets it up
    hospital.write_now(lambda s: users.add_user(s, boss, now=hospital.clock.now()).id)
    new = NewKey(name="test", role=Role.SERVICE_GATEWAY, source="gateway:test")
    text = hospital.write_now(lambda s: create_key(s, new, created_by="test", now=hospital.clock.now())[0])
    hospital.close()
    return text


@dataclass
class Server:
    """The server's process; killed and started again on the same port by one that has read the modules."""

    folder: Path
    port: int
    pid: int = 0
    parent: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        program = str(ROOT / "tests" / "crash" / "server_child.py")
        command = [sys.executable, program, str(self.folder), str(self.port)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        pipe = subprocess.PIPE
        self.parent = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)

    def start(self) -> None:
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.write("start\n")
        self.parent.stdin.flush()
        self.pid = int(self.parent.stdout.readline())
        assert self.parent.stdout.readline() == "ready\n"

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.pid = 0

    def close(self) -> None:
        if self.pid:
            self.kill()
        self.parent.communicate(timeout=30)  # no further line: it ends


@dataclass
class Sender:
    """Sends batch after batch; one that was not acknowledged is sent again as it was."""

    number: int
    url: str
    key: str
    acknowledged: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        chance, count = random.Random(self.number), 0
        with httpx2.Client(base_url=self.url, headers={"authorization": f"Bearer {self.key}"}, timeout=20) as client:
            while not self.ended.is_set():
                batch = [self._event(chance, count + k) for k in range(BATCH)]
                if self._send(client, batch):
                    self.acknowledged |= {str(one["source_key"]) for one in batch}
                    count += BATCH

    def _event(self, chance: random.Random, number: int) -> dict[str, object]:
        # each sender has tags of its own: the instants of a tag then rise, whoever is first
        tag = self.number + SENDERS * chance.randrange(ASSETS // SENDERS)
        return {
            "type": "ZoneChanged",
            "thing": f"T{tag}",
            "occurred_at": START_US + number * 1000 + self.number,
            "source": "gateway:test",
            "source_key": f"{self.number}-{number}",
            "zone": f"Z{chance.randrange(ZONES)}",
        }

    def _send(self, client: httpx2.Client, batch: list[dict[str, object]]) -> bool:
        while not self.ended.is_set():
            try:
                answer = client.post("/v1/events:batch", json={"events": batch})
            except httpx2.HTTPError:
                time.sleep(0.02)  # the server is away
                continue
            if answer.status_code == 200:
                return True
            if answer.status_code != 503:
                self.troubles.append(f"{answer.status_code} {answer.text[:200]}")
                return False
        return False


@pytest.mark.timeout(300)
def test_what_was_acknowledged_and_derived_is_stored_once_however_often_the_server_dies(tmp_path: Path) -> None:
    key = furnish(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    server = Server(tmp_path, port)
    senders = [Sender(n, f"http://127.0.0.1:{port}", key) for n in range(SENDERS)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    chance = random.Random(1)
    server.start()
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            before = sum(len(sender.acknowledged) for sender in senders)
            ends = time.monotonic() + 30
            while sum(len(sender.acknowledged) for sender in senders) < before + 100 and time.monotonic() < ends:
                time.sleep(0.01)
            time.sleep(chance.random() * 0.2)
            server.kill()
            server.start()
    finally:
        for sender in senders:
            sender.ended.set()
        for thread in threads:
            thread.join(30)
        server.close()

    assert [sender.troubles for sender in senders] == [[]] * SENDERS
    check(tmp_path, set().union(*(sender.acknowledged for sender in senders)))


def check(folder: Path, acknowledged: set[str]) -> None:
    """Read the whole ledger, and compare the live state with a replay of it."""
    hospital = open_hospital(settings_of(folder))
    replayed, stored = LiveState(), []
    with hospital.read() as session:
        while batch := hospital.ledger.read(session, after=len(stored), limit=5000):
            stored += batch
        for one in stored:
            replayed.apply(one.event, one.sequence)
        assert hospital.ledger.unhandled(session) == []
        audit.verify(session)
    sent = [one.event for one in stored if isinstance(one.event, ZoneChanged)]
    moved = Counter(one.event.causation for one in stored if isinstance(one.event, AssetMoved))
    assert [one.sequence for one in stored] == list(range(1, len(stored) + 1))
    assert len({event.source_key for event in sent}) == len(sent)
    assert acknowledged <= {event.source_key for event in sent}
    assert len(acknowledged) >= 100
    # the handler that follows devices ran in the transaction that stored the cause: once for each, never for a lost one
    assert set(moved.values()) <= {1}
    assert set(moved) <= {event.id for event in sent}
    assert len(moved) > 0
    assert hospital.live.digest() == replayed.digest()
    hospital.close()
