"""A hospital at work behind a real server on loopback: journeys go through its public doors only."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import httpx2
import pytest
from sqlmodel import Session

from server.access import users
from server.access.keys import NewKey, create_key
from server.access.users import NewUser
from server.app.running import at_work
from server.demo.building import building_events
from server.wiring import Hospital, open_hospital
from tests.server.conftest import PASSWORD, cheap_passwords, serving
from twin.access import Role
from twin.clock import ScaledClock, SystemClock
from twin.settings import Settings

T = TypeVar("T")
PATIENCE_S = 90.0
COMPILING_S = 220.0  # a job of a fresh machine compiles its kernels first


@dataclass
class House:
    """A running hospital with the demo's building, and who may come in."""

    hospital: Hospital
    url: str
    folder: Path
    speed: float
    _stack: ExitStack = field(default_factory=ExitStack)

    def key(self, role: Role, source: str = "") -> str:
        new = NewKey(name="journey", role=role, source=source)

        def use_case(session: Session) -> str:
            return create_key(session, new, created_by="test", now=self.hospital.clock.now())[0]

        return self.hospital.write_now(use_case)

    def person(self, role: Role, *, name: str = "", also: tuple[Role, ...] = ()) -> httpx2.Client:
        """Sign somebody in over HTTP."""
        name = name or f"a-{role.value}"
        hashed = cheap_passwords().hash_now(PASSWORD)
        new = NewUser(
            id=self.hospital.new_id(),
            name=name,
            display_name=name,
            password_hash=hashed,
            roles=frozenset({role, *also}),
        )
        now = self.hospital.clock.now()
        self.hospital.write_now(lambda session: users.add_user(session, new, now=now))
        client = self._stack.enter_context(httpx2.Client(base_url=self.url, timeout=60))
        answer = client.post("/v1/auth/sign-in", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["x-csrf-token"] = answer.json()["csrf_token"]
        return client

    def close(self) -> None:
        self._stack.close()


@contextmanager
def running(folder: Path, *, speed: float) -> Iterator[House]:
    system = SystemClock()
    clock = ScaledClock(system, start=system.now(), speed=speed)
    settings = Settings(
        data_dir=folder,
        free_disk_floor_mb=0,
        session_idle_minutes=1440,
        session_hours=24,
        dispatch_every_s=0,
        review_every_s=0,
    )
    hospital = open_hospital(settings, clock=clock)
    try:
        building = building_events(clock.now() - 1)
        hospital.write_now(lambda session: hospital.ledger.append(session, building, is_past=True))
        with (
            at_work(hospital, with_pages=False) as app,
            socket.create_server(("127.0.0.1", 0)) as listening,
            serving(app, [listening]) as url,
        ):
            house = House(hospital, url, folder, speed)
            house.person(Role.SYSADMIN)
            yield house
            house.close()
    finally:
        hospital.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A hospital in real time."""
    with running(tmp_path / "house", speed=1.0) as found:
        yield found


@pytest.fixture
def quick_house(tmp_path: Path) -> Iterator[House]:
    """A hospital in which two minutes take five seconds."""
    with running(tmp_path / "house", speed=24.0) as found:
        yield found


async def until(look: Callable[[], Awaitable[T | None]], what: str, *, patience_s: float = PATIENCE_S) -> T:
    """Look again and again until something is there."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + patience_s
    while (found := await look()) is None:
        assert loop.time() < ends, f"not within {patience_s} s: {what}"
        await asyncio.sleep(0.05)
    return found
