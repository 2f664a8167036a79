"""From a reader's report to the mark on the map and the alarm on the screen, through everything that lies between.

Protocol: a simulated LLRP reader speaks the real protocol over TCP to a gateway process (``python -m rfid_gateway``,
spool on disk, uplink over HTTP), that sends to a server process (SQLite, synchronous=FULL, the demo's building of 900
places, alarms and pages at work), whose map is open in Chromium. Eight tags are carried between two rooms with an
antenna each, one after the other, at random instants; each antenna that a tag is before reads it with probability 0.7
every 100 ms, and the room beside it with 0.03. Time runs from the first report that bears the tag at its new place
to the browser's first frame after the map was drawn with the mark there; so what the filter waits for to be sure is
within it. The page's clock and the reader's are the same clock. Then the tags pass an exit (a choke point) without a
permit, one after the other, and time runs to the frame in which the count of alarms in the page's head has grown. When
all eight are out they are carried back together, and the next round begins when their alarms have ended. A move that
the page never shows within 15 s counts as such, and is told.
The gateway has the settings that the guide advises for a live map; the third row has the usual ones, where an epoch is
a second and a move needs several.
Beside the whole time stands where it went, each by itself at p50 and p99: from the report to the core's commit, from
there to the browser, and from there to the frame.
Run: ``python -m benchmarks.gateway_map`` (about six minutes).
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import yaml
from playwright.sync_api import Page, sync_playwright

from rfid_gateway.simulators.llrp import Sighting, SimulatedReader
from twin.clock import SystemClock

MOVES = int(os.environ.get("HOSPITAL_TWIN_MOVES") or 200)
EXITS = int(os.environ.get("HOSPITAL_TWIN_EXITS") or 104)
USUAL_MOVES = max(MOVES // 10, 2)
ROOMS, EXIT = ("2A-R01", "2A-R02"), "MAIN-EXIT"
EPCS = [bytes.fromhex("3416452148000000000000") + bytes([number]) for number in range(1, 9)]
LIVE = {"epoch_s": 0.1, "lateness_s": 0.05, "patience_s": 0.05, "dwell_s": 30}
QUICK = {"flush_s": 0.05}
OWN, STRAY, INVENTORY_S, PATIENCE_S = 0.7, 0.03, 0.1, 15.0
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
NAME, PASSWORD = "watcher", "four words make sense"

# Notes each frame in which a mark stands where it did not stand before, and each change of the count of alarms.
WATCH = """() => {
  const graph = document.querySelector('#map-graph .js-plotly-plot');
  const seen = new Map();
  window.told = [];
  const now = () => performance.timeOrigin + performance.now();
  const note = (fact) => requestAnimationFrame(() => window.told.push({ ...fact, at: now() }));
  const look = () => {
    for (const trace of graph.data) {
      (trace.customdata || []).forEach((id, index) => {
        const spot = `${trace.x[index]} ${trace.y[index]}`;
        if (seen.get(id) !== spot) { seen.set(id, spot); note({ id, spot }); }
      });
    }
  };
  // Where the time goes: when the core had committed a tag's move, and when the browser heard of it.
  window.heard = {};
  new EventSource('/v1/stream?topics=positions').addEventListener('delta', (message) => {
    for (const event of JSON.parse(message.data).events)
      if (event.type === 'ZoneChanged') window.heard[event.thing] = [event.recorded_at / 1000, now()];
  });
  look();
  graph.on('plotly_afterplot', look);
  graph.on('plotly_animated', look);
  const counted = () => Number(document.querySelector('#frame-counters .counter b')?.textContent || 0);
  let alarms = counted();
  new MutationObserver(() => {
    const count = counted();
    if (count !== alarms) { note({ id: 'alarms', spot: count }); alarms = count; }
  }).observe(document.querySelector('#frame-counters'), { childList: true, subtree: true, characterData: true });
}"""


def serve(folder: Path, tell: Callable[[str], None]) -> None:
    """Serve a hospital with the demo's building, eight tagged pumps and somebody who may look, until killed."""
    import socket

    import uvicorn
    from sqlmodel import Session

    from server.access import keys, users
    from server.access.passwords import Passwords
    from server.app.running import at_work
    from server.demo.building import building_events
    from server.wiring import open_hospital
    from twin.access import Role
    from twin.events.things import AssetRegistered, BearerKind, TagBound
    from twin.settings import Settings

    settings = Settings(data_dir=folder, free_disk_floor_mb=0, dispatch_every_s=0, review_every_s=0)
    hospital = open_hospital(settings)
    now = hospital.clock.now()
    hospital.write_now(lambda session: hospital.ledger.append(session, building_events(now - 2), is_past=True))
    for number, epc in enumerate(EPCS, 1):
        asset = f"IP-{number}"
        head = {"occurred_at": now - 1, "source": "import:bench", "source_key": asset}
        hospital.record_now(
            [
                AssetRegistered(thing=asset, category="infusion_pump", name=f"Pump {number}", home="2A-EB", **head),
                TagBound(
                    thing=epc.hex().upper(),
                    bearer=asset,
                    bearer_kind=BearerKind.ASSET,
                    **{**head, "source_key": f"{asset}/tag"},
                ),
            ]
        )
    person = users.NewUser(
        id="u1",
        name=NAME,
        display_name=NAME,
        password_hash=Passwords().hash_now(PASSWORD),
        roles=frozenset({Role.SYSADMIN, Role.NURSE, Role.LOGISTICS}),
    )

    def enrol(session: Session) -> str:
        users.add_user(session, person, now=now)
        key = keys.NewKey(name="bench", role=Role.SERVICE_GATEWAY, source="gateway:bench")
        return keys.create_key(session, key, created_by="bench", now=now)[0]

    key = hospital.write_now(enrol)
    with at_work(hospital) as app, socket.create_server(("127.0.0.1", 0)) as line:
        tell(f"{line.getsockname()[1]} {key}")
        config = uvicorn.Config(app.asgi, log_config=None, access_log=False, lifespan="on")
        uvicorn.Server(config).run(sockets=[line])


class Corridor:
    """A reader with an antenna in each room and one at the exit, and tags that are carried about before it."""

    def __init__(self, seed: int) -> None:
        self.port = 0
        self._reader = SimulatedReader("r1", SystemClock(), antennas=3)
        self._chance = random.Random(seed)
        self._antenna_by_tag: dict[bytes, int] = {}
        self._first_report: dict[bytes, float] = {}
        self._ready: queue.Queue[int] = queue.Queue()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()), name="reader")

    def start(self) -> None:
        self._thread.start()
        self.port = self._ready.get(timeout=10)

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()

    def put(self, epc: bytes, antenna: int) -> None:
        """Carry a tag before an antenna."""
        self._first_report.pop(epc, None)
        self._antenna_by_tag[epc] = antenna

    def reported_at(self, epc: bytes) -> float:
        """Give when a tag was first reported at its new place, Unix milliseconds; 0 before."""
        return self._first_report.get(epc, 0.0)

    async def _work(self) -> None:
        self._ready.put(await self._reader.start())
        while not self._is_over.is_set():
            await asyncio.sleep(INVENTORY_S)
            self._inventory()
        await self._reader.stop()

    def _inventory(self) -> None:
        if not self._reader.is_reporting:
            return
        found: list[Sighting] = []
        for epc, own in list(self._antenna_by_tag.items()):
            for antenna in (1, 2, 3):
                share = OWN if antenna == own else STRAY if own < 3 and antenna < 3 else 0.0
                if self._chance.random() < share:
                    found.append(Sighting(epc, antenna))
                    if antenna == own:
                        self._first_report.setdefault(epc, time.time() * 1000)
        self._reader.see(found)


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a child of this benchmark, and end it."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    child = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def gateway_file(folder: Path, corridor: Corridor, uplink: dict[str, object], *, is_live: bool) -> Path:
    points = [{"id": room, "reader": "r1", "antenna": i, "place": room} for i, room in enumerate(ROOMS, 1)]
    points.append({"id": "exit", "reader": "r1", "antenna": 3, "place": EXIT, "kind": "choke"})
    cleaning = LIVE if is_live else {}
    settings = {
        "id": "bench",
        "readers": [{"id": "r1", "port": corridor.port, "antennas": [1, 2, 3]}],
        "read_points": points,
        "neighbours": [list(ROOMS)],
        "cleaning": cleaning,
        "uplink": uplink,
        "spool": str(folder / f"spool-{is_live}.db"),
    }
    file = folder / f"gateway-{is_live}.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return file


class Screen:
    """The map in the browser, and what it has shown since when."""

    def __init__(self, page: Page, url: str) -> None:
        self._page, self._url = page, url
        self._told: list[dict[str, float | str]] = []

    def open(self) -> None:
        page = self._page
        page.goto(f"{self._url}/sign-in")
        page.fill("input[name=name]", NAME)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url("**/ui/**", timeout=30_000)
        page.goto(f"{self._url}/ui/map?floor=2")
        page.wait_for_selector("#map-graph .js-plotly-plot", timeout=30_000)
        page.wait_for_selector("#frame-counters .counter b", timeout=30_000)
        page.wait_for_timeout(2000)
        page.evaluate(WATCH)

    def stages(self, tag: str, began_ms: float, shown_ms: float) -> tuple[float, float, float] | None:
        """Give how long a move that is shown was under way to the commit, to the browser, and to the frame, ms."""
        committed, heard = self._page.evaluate("(tag) => window.heard[tag] || [0, 0]", tag)
        # A frame that was drawn for another reason may come before this page's own stream tells of the move.
        return (committed - began_ms, heard - committed, shown_ms - heard) if began_ms < committed <= heard else None

    def shown(self, thing: str, after_ms: float, is_it: Callable[[str], bool]) -> float | None:
        """Wait for the first frame after an instant that shows something of a thing; give when, Unix milliseconds."""
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            # Taken away as they are read, so that the page's own work does not grow with the run.
            self._told += self._page.evaluate("() => window.told.splice(0)")
            for fact in self._told:
                if fact["id"] == thing and float(fact["at"]) >= after_ms and is_it(str(fact["spot"])):
                    self._told = [one for one in self._told if float(one["at"]) > float(fact["at"])]
                    return float(fact["at"])
            self._page.wait_for_timeout(50)
        return None


def reported(corridor: Corridor, epc: bytes) -> float:
    while not (at := corridor.reported_at(epc)):
        time.sleep(0.01)
    return at


def watch_moves(
    corridor: Corridor, screen: Screen, moves: int, chance: random.Random, stages: list[tuple[float, float, float]]
) -> list[float]:
    """Carry tags from room to room and give how long each took to be seen, ms; infinite if it never was."""
    took: list[float] = []
    for number, epc in enumerate(EPCS, 1):
        corridor.put(epc, 1)
        screen.shown(f"IP-{number}", 0, lambda _spot: True)
    time.sleep(8)
    room_by_tag = dict.fromkeys(range(len(EPCS)), 1)
    for _ in range(moves):
        number = chance.randrange(len(EPCS))
        room_by_tag[number] = 3 - room_by_tag[number]
        time.sleep(chance.uniform(0.0, 0.5))
        corridor.put(EPCS[number], room_by_tag[number])
        began = reported(corridor, EPCS[number])
        at = screen.shown(f"IP-{number + 1}", began, lambda _spot: True)
        took.append(at - began if at is not None else float("inf"))
        if at is not None and (parts := screen.stages(EPCS[number].hex().upper(), began, at)):
            stages.append(parts)
    return took


def watch_exits(corridor: Corridor, screen: Screen, exits: int, chance: random.Random) -> list[float]:
    """Carry tags through the exit and back, and give how long each alarm took to be on the screen, ms."""
    took: list[float] = []
    while len(took) < exits:
        out = EPCS[: exits - len(took)]
        for others, epc in enumerate(out):
            time.sleep(chance.uniform(0.0, 0.5))
            corridor.put(epc, 3)
            began = reported(corridor, epc)
            # Those who left before are out still, so that only this tag's alarm can be one more than they are.
            at = screen.shown("alarms", began, partial(_is_above, others))
            took.append(at - began if at is not None else float("inf"))
        back_at = time.time() * 1000
        for epc in out:
            corridor.put(epc, 1)
        screen.shown("alarms", back_at, _is_none)
    return took


def _is_above(count: int, spot: str) -> bool:
    return float(spot) > count


def _is_none(spot: str) -> bool:
    return not float(spot)


def tell(row: str, took: list[float], must_s: float | None, stages: Sequence[tuple[float, float, float]] = ()) -> None:
    within = sum(one <= (must_s or 1.0) * 1000 for one in took) / len(took)
    must = "" if must_s is None else f"<= {must_s:.0f}"
    p50, p99 = (float(np.percentile(took, share, method="higher")) / 1000 for share in (50, 99))
    facts: dict[str, object] = {"n": len(took), "median_s": round(p50, 3), "within": round(within, 4)}
    for name, parts in zip(("to_commit_s", "to_browser_s", "to_frame_s"), zip(*stages, strict=True), strict=False):
        facts[name] = [round(float(np.percentile(parts, share)) / 1000, 3) for share in (50, 99)]
    print(json.dumps({"row": row, "figure": round(p99, 3), "unit": "s", "must": must, **facts}), flush=True)


def main() -> None:
    chance = random.Random(5)
    with (
        tempfile.TemporaryDirectory() as name,
        process("-m", "benchmarks.gateway_map", "serve", name) as server,
        sync_playwright() as playwright,
    ):
        folder = Path(name)
        assert server.stdout is not None
        port, key = server.stdout.readline().split()
        url = f"http://127.0.0.1:{port}"
        uplink: dict[str, object] = {"url": url, "api_key": key}
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        screen = Screen(browser.new_page(viewport={"width": 1280, "height": 900}), url)
        screen.open()
        corridor = Corridor(seed=7)
        corridor.start()
        try:
            with process("-m", "rfid_gateway", str(gateway_file(folder, corridor, {**uplink, **QUICK}, is_live=True))):
                stages: list[tuple[float, float, float]] = []
                took = watch_moves(corridor, screen, MOVES, chance, stages)
                tell(f"report of an LLRP reader to the mark on the map, {MOVES} moves: p99", took, 1.0, stages)
                took = watch_exits(corridor, screen, EXITS, chance)
                tell(f"report of an LLRP reader to the egress alarm on the screen, {EXITS} exits: p99", took, 2.0)
            with process("-m", "rfid_gateway", str(gateway_file(folder, corridor, uplink, is_live=False))):
                stages = []
                took = watch_moves(corridor, screen, USUAL_MOVES, chance, stages)
                tell(f"the same with the usual epoch of 1 s, {USUAL_MOVES} moves: p99", took, None, stages)
        finally:
            corridor.stop()
            browser.close()


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), _say)
    else:
        main()
