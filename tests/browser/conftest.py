"""A small hospital behind the real server on loopback, and a browser that is watched for errors and outside requests."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
import uvicorn
from argon2 import PasswordHasher
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from server.access import users
from server.access.passwords import Passwords
from server.access.users import NewUser
from server.app.running import at_work
from server.wiring import Hospital, open_hospital
from tests.conftest import skip_or_fail
from tests.dash_app.small_hospital import EVERYTHING, NOW, small_events
from twin.access import Role
from twin.clock import ScaledClock, SystemClock
from twin.events.envelope import Event
from twin.settings import Settings

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
PASSWORD = "four words make sense"
PATIENCE_MS = 10_000


@dataclass
class Served:
    """The running server."""

    url: str
    hospital: Hospital
    count: int = 0

    def tell(self, event_type: type[Event], thing: str, **payload: object) -> None:
        """Store one event that happens now."""
        self.count += 1
        event = event_type(
            thing=thing,
            occurred_at=self.hospital.clock.now(),
            source="gateway:test",
            source_key=f"browser-{self.count}",
            **payload,
        )
        self.hospital.record_now([event])

    def add_person(self, name: str, *roles: Role) -> str:
        """Let somebody in with the usual password; gives their id."""
        hashed = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)).hash_now(PASSWORD)
        new = NewUser(
            id=f"user-{name}", name=name, display_name=f"Reader {name}", password_hash=hashed, roles=frozenset(roles)
        )
        self.hospital.write_now(lambda session: users.add_user(session, new, now=NOW).id)
        return new.id


@dataclass
class Watched:
    """A page, and everything that it must not do."""

    page: Page
    url: str
    troubles: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        """Open an address and wait until it stands."""
        self.page.goto(f"{self.url}{path}")
        self.page.wait_for_selector("h1", timeout=PATIENCE_MS)
        return self.page

    def until(self, expression: str, argument: object = None, *, seconds: float = 10.0) -> None:
        """Wait until a JavaScript function gives something true.

        Playwright's own wait evaluates text within the page, which our content security policy rightly forbids.
        """
        ends = time.monotonic() + seconds
        while not self.page.evaluate(expression, argument):
            if time.monotonic() >= ends:
                raise TimeoutError(f"not within {seconds} s: {expression}")
            self.page.wait_for_timeout(40)

    def settle(self) -> None:
        """Wait until no answer is outstanding that would draw a part of the page again, for a third of a second."""
        quiet = "() => !document.querySelector('[data-dash-is-loading=\"true\"]')"
        calm = 0
        ends = time.monotonic() + PATIENCE_MS / 1000
        while calm < 5 and time.monotonic() < ends:
            calm = calm + 1 if self.page.evaluate(quiet) else 0
            self.page.wait_for_timeout(60)

    def violations(self) -> list[tuple[str, list[object]]]:
        """Give what axe finds, once every grid stands: half drawn, its header is a row without children."""
        self.settle()
        self.until(
            "() => [...document.querySelectorAll('.ag-root')].every(grid => grid.querySelector('.ag-header-cell'))"
            " && ![...document.querySelectorAll('.ag-header-row')].some(row => !row.children.length)"
        )
        found = Axe().run(self.page).response["violations"]
        return [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found]


def _until(condition: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError("the server did not start")
        time.sleep(0.05)


def _add_everybody(hospital: Hospital, passwords: Passwords) -> None:
    hashed = passwords.hash_now(PASSWORD)
    for name, roles in (("all", EVERYTHING), ("auditor", (Role.AUDITOR,)), ("porter", (Role.LOGISTICS,))):
        new = NewUser(
            id=f"user-{name}", name=name, display_name=f"Reader {name}", password_hash=hashed, roles=frozenset(roles)
        )
        hospital.write_now(lambda session, new=new: users.add_user(session, new, now=NOW).id)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The small hospital behind the real server, with pages, stream, alarms and sign-in."""
    if shutil.which(CHROMIUM) is None:
        skip_or_fail(f"no browser at {CHROMIUM}")
    clock = ScaledClock(SystemClock(), start=NOW, speed=1.0)
    # no rounds by themselves: a task that a test has made stays where the test put it
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("browser"),
        free_disk_floor_mb=0,
        site_name="Test hospital",
        dispatch_every_s=0,
        review_every_s=0,
    )
    hospital = open_hospital(settings, clock=clock)
    hospital.record_now([_unstored(event) for event in small_events()])
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    _add_everybody(hospital, passwords)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with at_work(hospital) as app:
        config = uvicorn.Config(
            app.asgi,
            host="127.0.0.1",
            port=port,
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=2,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, name="browser-server")
        thread.start()
        _until(lambda: server.started, 30)
        yield Served(url=f"http://127.0.0.1:{port}", hospital=hospital)
        server.should_exit = True
        thread.join(20)
    hospital.close()


def _unstored(event: Event) -> Event:
    fields = {name: getattr(event, name) for name in event.__struct_fields__}
    return type(event)(**{**fields, "id": ""})


@pytest.fixture(scope="session")
def browser(served: Served) -> Iterator[Browser]:
    """One Chromium for all tests."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def cookies(served: Served, browser: Browser) -> Callable[[str], list[dict[str, object]]]:
    """Cookies of signed-in people, by name; each signs in once, through the form."""
    kept: dict[str, list[dict[str, object]]] = {}

    def of(name: str) -> list[dict[str, object]]:
        if name not in kept:
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"{served.url}/sign-in")
            page.fill("input[name=name]", name)
            page.fill("input[name=password]", PASSWORD)
            page.press("input[name=password]", "Enter")
            page.wait_for_url("**/ui/**", timeout=PATIENCE_MS)
            kept[name] = context.cookies()
            context.close()
        return kept[name]

    return of


@pytest.fixture
def visit(served: Served, browser: Browser, cookies: Callable[[str], list[dict[str, object]]]) -> Iterator[Callable]:
    """Open a watched page as somebody, or as nobody yet, in a language and theme; troubles fail the test at its end."""
    opened: list[Watched] = []

    def go(
        name: str = "all",
        *,
        language: str = "en",
        theme: str = "light",
        width: int = 1280,
        allowed: tuple[str, ...] = (),
    ) -> Watched:
        context = browser.new_context(viewport={"width": width, "height": 900})
        base = {"url": served.url}
        context.add_cookies(
            [
                *(cookies(name) if name else []),
                {"name": "ht_language", "value": language, **base},
                {"name": "ht_theme", "value": theme, **base},
            ]
        )
        context.set_default_timeout(PATIENCE_MS)
        watched = Watched(context.new_page(), served.url)
        _watch(watched, allowed)
        opened.append(watched)
        return watched

    yield go
    troubles = [trouble for watched in opened for trouble in watched.troubles]
    for watched in opened:
        watched.page.context.close()
    assert troubles == []


def _watch(watched: Watched, allowed: tuple[str, ...]) -> None:
    def note(trouble: str) -> None:
        if not any(part in trouble for part in allowed):
            watched.troubles.append(trouble)

    page = watched.page
    page.on("console", lambda message: note(f"console: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: note(f"error: {error}"))
    inside = (watched.url, "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(inside) else note(f"outside: {request.url}"))
    page.on("response", lambda answer: note(f"{answer.status} {answer.url}") if answer.status >= 500 else None)


@pytest.fixture
def api(served: Served, cookies: Callable[[str], list[dict[str, object]]]) -> Iterator[Callable[[str], httpx2.Client]]:
    """Clients of the API for signed-in people, by name."""
    opened: list[httpx2.Client] = []

    def of(name: str) -> httpx2.Client:
        jar = {str(cookie["name"]): str(cookie["value"]) for cookie in cookies(name)}
        # The server takes the Origin of its own pages for proof that one of them asks.
        client = httpx2.Client(base_url=served.url, cookies=jar, headers={"origin": served.url}, timeout=30)
        opened.append(client)
        return client

    yield of
    for client in opened:
        client.close()


@pytest.fixture(scope="session")
def shots() -> Path | None:
    """Where screenshots are kept when a person wants to look at them: HOSPITAL_TWIN_SHOTS."""
    import os

    folder = os.environ.get("HOSPITAL_TWIN_SHOTS")
    if not folder:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
