"""The demo from the first line on the screen to the last: opened, filled, served, lived, summed up."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import uvicorn
from sqlmodel import Session

from server.access.keys import NewKey, create_key
from server.access.setup import base_url
from server.app.factory import App
from server.app.running import at_work, server_of
from server.demo.entry import Entry
from server.demo.living import HIS_SOURCE, LivingHospital
from server.demo.past import PastLedger, Truth, write_past
from server.demo.planned import publish_plan
from server.demo.questions import PLAN, WHAT_IF, ask, told_of_plan, told_of_what_if
from server.demo.stage import GATEWAY, Connection
from server.demo.waiting_list import FILE_NAME, waiting_list
from server.rounds import review_shelves
from server.wiring import Hospital, open_hospital
from twin.access import Role
from twin.clock import MINUTE_US, ScaledClock, SystemClock
from twin.db.database import lock_core
from twin.errors import ConfigurationError
from twin.settings import Settings, load_settings
from twin.state.views import believed_location

MARK = "this-is-a-demo"
LISTED_DAYS = 7
FRESH_US = 15 * MINUTE_US
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """How the demo runs.

    Parameters
    ----------
    folder : Path
        Data folder; an earlier demo in it is removed, anything else is refused.
    seed : int
        The same seed gives the same hospital.
    speed : float
        Simulated seconds per second, above 0.
    port : int
        Port of the pages; 0 for any free one.
    for_s : float
        How long to live, seconds; 0 until interrupted.
    is_headless : bool
        Whether to serve no pages, for a machine without a browser.
    """

    folder: Path
    seed: int = 1
    speed: float = 1.0
    port: int = 8300
    for_s: float = 0.0
    is_headless: bool = False


@dataclass(slots=True, kw_only=True)
class DemoReport:
    """What happened while the demo lived; counts."""

    events_stored: int = 0
    events_of_the_living_day: int = 0
    things_located: int = 0
    things_tagged: int = 0
    alarms: int = 0
    tasks_created: int = 0
    tasks_completed: int = 0
    encounters_present: int = 0
    ready_s: float = 0.0
    lived_s: float = 0.0
    simulated: dict[str, object] = field(default_factory=dict)
    planned: dict[str, object] = field(default_factory=dict)


def run_demo(options: DemoOptions, say: Say) -> DemoReport:
    """Run the demo hospital until its time is over or it is interrupted.

    Parameters
    ----------
    options : DemoOptions
        How.
    say : Callable[[str], None]
        Told the sign-in link when the hospital is ready; nothing when headless.

    Returns
    -------
    DemoReport
        What happened.

    Raises
    ------
    ConfigurationError
        If the folder holds something that is no demo, or a demo that runs.
    """
    began = time.monotonic()
    _clear(options.folder)
    settings = _settings(options)
    system = SystemClock()
    now = system.now()
    clock = ScaledClock(system, start=now, speed=options.speed)
    hospital = open_hospital(settings, clock=clock, is_core=True)
    try:
        truth = write_past(hospital, seed=options.seed, now=now)
        listed = waiting_list(hospital.live, now, days=LISTED_DAYS, seed=options.seed)
        (options.folder / FILE_NAME).write_text(listed, encoding="utf-8")
        rooms = publish_plan(hospital, PastLedger(hospital), listed, now=now, seed=options.seed)
        truth.patients.keep_to(rooms, {place.thing: place.parent for place in truth.places})
        with at_work(hospital, with_pages=not options.is_headless) as app:
            review_shelves(hospital)  # history asked nobody to act: what it has left low is asked for now
            demo = _Demo(options=options, hospital=hospital, truth=truth, app=app, say=say, began=began)
            return asyncio.run(demo.live())
    finally:
        hospital.close()


@dataclass(slots=True, kw_only=True)
class _Demo:
    options: DemoOptions
    hospital: Hospital
    truth: Truth
    app: App
    say: Say
    began: float
    report: DemoReport = field(default_factory=DemoReport)

    async def live(self) -> DemoReport:
        entry = Entry(self.app.asgi, self.hospital, self.app.access)
        server = server_of(replace(self.app, asgi=entry), self.hospital)
        stop = asyncio.Event()
        serving = asyncio.create_task(server.serve(), name="serve")
        await _until_started(server, serving)
        url = base_url(self.hospital.settings)
        living = self._living(url)
        first = self.hospital.live.sequence
        alarms, tasks = set(self.hospital.live.alarms), set(self.hospital.live.tasks)
        lives = asyncio.create_task(living.run(stop), name="living")
        asked = asyncio.create_task(self._ask(), name="questions") if self.options.is_headless else None
        self.report.ready_s = round(time.monotonic() - self.began, 1)
        if not self.options.is_headless:
            self.say(url + entry.link)
        ready = time.monotonic()
        ends = [serving, lives]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.options.for_s or None):
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if asked is not None:
            await asked
        stop.set()
        await lives
        server.should_exit = True
        await serving
        self.report.lived_s = round(time.monotonic() - ready, 1)
        self._sum_up(first, alarms, tasks, living)
        return self.report

    async def _ask(self) -> None:
        self.report.simulated = told_of_what_if(await ask(self.hospital, "what_if", WHAT_IF))
        listed = (self.options.folder / FILE_NAME).read_text(encoding="utf-8")
        self.report.planned = told_of_plan(await ask(self.hospital, "plan", {**PLAN, "waiting_list": listed}))

    def _living(self, url: str) -> LivingHospital:
        settings = self.hospital.settings
        his_key = self._key(Role.SERVICE_HIS, HIS_SOURCE)
        gateway_key = self._key(Role.SERVICE_GATEWAY, f"gateway:{GATEWAY}")
        connection = Connection(
            url=url, api_key=gateway_key, spool=settings.data_dir / "gateway-spool.db", speed=self.options.speed
        )
        return LivingHospital(
            hospital=self.hospital,
            truth=self.truth,
            connection=connection,
            his_key=his_key,
            seed=self.options.seed,
        )

    def _key(self, role: Role, source: str) -> str:
        new = NewKey(name="demo", role=role, source=source, days=30)

        def use_case(session: Session) -> str:
            return create_key(session, new, created_by="system", now=self.hospital.clock.now())[0]

        return self.hospital.write_now(use_case)

    def _sum_up(self, first: int, alarms: set[str], tasks: set[str], living: LivingHospital) -> None:
        live, report, now = self.hospital.live, self.report, self.hospital.clock.now()
        report.events_stored = live.sequence
        report.events_of_the_living_day = live.sequence - first
        report.things_tagged = len(self.truth.found.devices)
        report.things_located = sum(
            believed_location(live, device.asset, now).age_s * 1e6 < FRESH_US for device in self.truth.found.devices
        )
        report.alarms = len(set(live.alarms) - alarms)
        report.tasks_created = len(set(live.tasks) - tasks)
        report.tasks_completed = living.completed_tasks
        report.encounters_present = len(self.truth.patients.place_by_encounter)


async def _until_started(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    while not server.started:
        if serving.done():
            await serving
            raise ConfigurationError("The server could not start: is the port taken? Name another with --port.")
        await asyncio.sleep(0.02)


def _settings(options: DemoOptions) -> Settings:
    port = options.port or _free_port()
    return load_settings(
        data_dir=options.folder,
        database_url="",
        host="127.0.0.1",
        port=port,
        site_name="Demo hospital",
        session_idle_minutes=1440,
        session_hours=24,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise ConfigurationError(f"{folder} holds something that is no demo: name another folder with --folder.")
        lock_core(folder / "hospital.db")()  # a demo that runs there would lose its database under its hands
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
