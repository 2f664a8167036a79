"""A hospital with its whole application in memory, and clients signed in with any role."""

from __future__ import annotations

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
import uvicorn
from argon2 import PasswordHasher
from sqlmodel import Session

from dash_app.actions.upkeep import SERVICE as UPKEEP
from server.access import keys, users
from server.access.keys import NewKey
from server.access.passwords import Passwords
from server.access.service import Access
from server.access.users import NewUser
from server.alarms.distress import Distress
from server.alarms.engine import AlarmEngine
from server.alarms.entrances import Entrances
from server.alarms.watches import Watches
from server.app.factory import App, build_app
from server.jobs.runner import JobRunner
from server.runs.forecasts import ForecastDesk
from server.upkeep.backing_up import Upkeep
from server.wiring import Hospital, open_hospital
from twin.access import Role
from twin.clock import Clock, ManualClock
from twin.settings import Settings

PASSWORD = "four words make sense"
BASE = "http://twin.test"
SOURCES = {Role.SERVICE_GATEWAY: "gateway:g1", Role.SERVICE_HIS: "his:main"}


def cheap_passwords() -> Passwords:
    """Give a hasher that takes microseconds instead of tens of milliseconds."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass
class Served:
    """A hospital's application, and clients of it."""

    hospital: Hospital
    app: App
    clock: ManualClock | Clock
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def access(self) -> Access:
        return self.app.access

    async def stranger(self) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(app=self.app.asgi, raise_app_exceptions=False)
        client = httpx2.AsyncClient(transport=transport, base_url=BASE)
        return await self.stack.enter_async_context(client)

    def add_user(self, name: str, *roles: Role) -> str:
        hashed = self.access.passwords.hash_now(PASSWORD)
        new = NewUser(
            id=self.hospital.new_id(), name=name, display_name=name, password_hash=hashed, roles=frozenset(roles)
        )
        now = self.clock.now()
        return self.hospital.write_now(lambda session: users.add_user(session, new, now=now).id)

    async def signed_in(self, role: Role, name: str = "") -> httpx2.AsyncClient:
        name = name or f"a-{role.value}"
        with self.hospital.read() as session:
            known = users.find_user(session, name)
        if known is None:
            self.add_user(name, role)
        client = await self.stranger()
        answer = await client.post("/v1/auth/sign-in", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["x-csrf-token"] = answer.json()["csrf_token"]
        return client

    def make_key(self, role: Role, source: str = "") -> str:
        new = NewKey(name="test", role=role, source=source or SOURCES.get(role, ""))
        now = self.clock.now()

        def use_case(session: Session) -> str:
            return keys.create_key(session, new, created_by="test", now=now)[0]

        return self.hospital.write_now(use_case)

    async def program(self, role: Role, source: str = "") -> httpx2.AsyncClient:
        client = await self.stranger()
        client.headers["authorization"] = f"Bearer {self.make_key(role, source)}"
        return client

    async def holder(self, role: Role) -> httpx2.AsyncClient:
        """Give a client with a role: a program for service roles, a person for the others."""
        return await (self.program(role) if role.value.startswith("service:") else self.signed_in(role))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, free_disk_floor_mb=0, site_name="Test Hospital")


@pytest.fixture
def hospital(settings: Settings, clock: ManualClock) -> Iterator[Hospital]:
    """An empty hospital on SQLite without any organ."""
    opened = open_hospital(settings, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
async def fresh(hospital: Hospital, clock: ManualClock) -> AsyncIterator[Served]:
    """The application of a hospital that nobody has set up."""
    access = Access(hospital, cheap_passwords())
    app = build_app(hospital, access=access)
    async with app.api.router.lifespan_context(app.api):
        served = Served(hospital, app, clock)
        yield served
        await served.stack.aclose()
    access.close()


@pytest.fixture
async def served(fresh: Served) -> Served:
    """The application of a hospital that is set up."""
    fresh.add_user("root", Role.SYSADMIN)
    assert not fresh.access.needs_set_up
    return fresh


@dataclass
class Live:
    """A hospital behind a real server on loopback, for sockets, streams and whole-API checks."""

    base_url: str
    served: Served

    def make_key(self, role: Role, source: str = "") -> str:
        return self.served.make_key(role, source)


@contextmanager
def serving(app: App, sockets: list[socket.socket]) -> Iterator[str]:
    """Run uvicorn in a thread on an open socket; gives the base URL."""
    config = uvicorn.Config(app.asgi, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": sockets}, daemon=True)
    thread.start()
    host, port = sockets[0].getsockname()
    with httpx2.Client() as client:
        for _ in range(200):
            try:
                client.get(f"http://{host}:{port}/healthz")
            except httpx2.TransportError:
                threading.Event().wait(0.05)
            else:
                break
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def live(settings: Settings) -> Iterator[Live]:
    """A set-up hospital with jobs, served for real."""
    hospital = open_hospital(settings)
    runner = JobRunner(hospital, kinds={})
    hospital.jobs = runner
    runner.start()
    engine = AlarmEngine(hospital)
    engine.start()
    Watches(hospital, engine).start()
    Entrances(hospital, engine).start()
    Distress(hospital, engine).start()
    hospital.services["forecast"] = ForecastDesk(hospital)
    hospital.services[UPKEEP] = Upkeep(hospital, engine)
    access = Access(hospital, cheap_passwords())
    app = build_app(hospital, access=access)
    served = Served(hospital, app, hospital.clock)
    served.add_user("root", Role.SYSADMIN)
    listening = socket.create_server(("127.0.0.1", 0))
    with serving(app, [listening]) as base_url:
        yield Live(base_url, served)
    listening.close()
    engine.stop()
    runner.stop()
    access.close()
    hospital.close()
