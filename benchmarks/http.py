"""How many requests a second the server answers, beside the naive app on the same machine, driver and promise.

Protocol: each server is one uvicorn process of one worker on loopback, the load comes from a second process that keeps
its connections open; twin and peer take turns, three spells of three seconds each, medians. The twin runs whole:
sign-in by key, permissions, access log, audit, organs' handlers, live state, history; the naive app has none of these.
Both store with synchronous=FULL and answer after COMMIT; only answers 2xx count. Single POST: 16 clients, one event
each. Batch: 4 clients, 1,000 events each; the tags are fixed to nothing, so that each event is one fact for both. Asset
page: 16 clients, 50 of 20,000 assets from somewhere in the middle; the twin's rows carry the believed position with its
age and confidence.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ASSETS, PAGE, BATCH = 20_000, 50, 1000
SPELL_S, ROUNDS = 3.0, 3
SOURCE = "gateway:bench"
START_US = 1_767_600_000_000_000


def main() -> None:
    """Measure, or serve as one of the two processes when told so."""
    match sys.argv[1:]:
        case ["twin", folder, port, url]:
            _serve_twin(Path(folder), int(port), url)
        case ["naive", folder, port, url]:
            _serve_naive(Path(folder), int(port), url)
        case ["load", text]:
            rate, share = asyncio.run(_load(json.loads(text)))
            sys.stdout.write(f"{rate} {share}\n")
        case _:
            _measure()


def _measure() -> None:
    with tempfile.TemporaryDirectory() as folder, both_servers(Path(folder)) as (twin, naive):
        key, reader = (Path(folder) / "keys").read_text().split()
        for name, clients, must in (("single", 16, 5.0), ("batch", 4, 8.0), ("page", 16, 3.0)):
            figures: dict[str, list[float]] = {"twin": [], "naive": []}
            for number in range(ROUNDS):
                for kind, port in (("naive", naive), ("twin", twin)):
                    told = {"name": name, "kind": kind, "port": port, "clients": clients, "number": number}
                    figures[kind].append(spell({**told, "key": reader if name == "page" else key}))
            ours, theirs = statistics.median(figures["twin"]), statistics.median(figures["naive"])
            row = {
                "row": f"HTTP {name}, {clients} clients, SQLite",
                "figure": round(ours, 1),
                "unit": "requests/s",
                "peer": "naive FastAPI + SQLModel",
                "peer_figure": round(theirs, 1),
                "ratio": round(ours / theirs, 2),
                "must": f">= {must}x",
            }
            print(json.dumps(row), flush=True)


@dataclass(frozen=True, slots=True)
class Spell:
    """A spell of load: answers a second, and what share of a core the load itself took meanwhile."""

    rate: float
    client_share: float


def spell(told: dict[str, object]) -> float:
    """Give the requests a second of a spell of load.

    Parameters
    ----------
    told : dict
        As for :func:`measured`.
    """
    return measured(told).rate


def measured(told: dict[str, object]) -> Spell:
    """Give what a spell of load came to.

    Parameters
    ----------
    told : dict
        ``name`` of the load, ``kind`` and ``port`` of the server, ``clients``, ``number`` of the spell, ``key``, and
        ``size`` of a batch.
    """
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.http", "load", json.dumps(told)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    rate, share = done.stdout.split()
    return Spell(float(rate), float(share))


@contextlib.contextmanager
def both_servers(folder: Path, url: str = "") -> Iterator[tuple[int, int]]:
    """Run both servers; gives their ports.

    Parameters
    ----------
    folder : Path
        Where they keep their data, logs and the twin's keys.
    url : str, optional
        Database of both; SQLite files in the folder by default.
    """
    ports = [_free_port(), _free_port()]
    with (folder / "log").open("w") as log:
        running = [
            subprocess.Popen([sys.executable, "-m", "benchmarks.http", kind, str(folder), str(port), url], stderr=log)
            for kind, port in zip(("twin", "naive"), ports, strict=True)
        ]
        try:
            for process, port, path in zip(running, ports, ("/healthz", "/docs"), strict=True):
                _await(process, f"http://127.0.0.1:{port}{path}")
            yield ports[0], ports[1]
        finally:
            for process in running:
                process.send_signal(signal.SIGTERM)
            for process in running:
                process.wait(30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(url, timeout=5).close()
            return
        time.sleep(0.1)
    raise RuntimeError(f"no answer from {url}")


def _serve_twin(folder: Path, port: int, url: str) -> None:
    import uvicorn

    from server.access.keys import NewKey, create_key
    from server.app.running import at_work, log_to_standard_error
    from server.wiring import follow, open_hospital
    from twin.access import Role
    from twin.clock import SystemClock
    from twin.events.envelope import Event
    from twin.events.places import PlaceDefined, PlaceKind
    from twin.events.things import AssetRegistered, BearerKind, TagBound, ZoneChanged
    from twin.ledger.subscriptions import Subscription
    from twin.settings import Settings

    settings = Settings(data_dir=folder / "twin", database_url=url)
    head = {"occurred_at": START_US, "source": "import:bench"}
    events: list[Event] = [
        PlaceDefined(thing=f"Z{n}", source_key=f"p{n}", kind=PlaceKind.ROOM, name=f"Room {n}", **head)
        for n in range(200)
    ]
    for n in range(ASSETS):
        asset, tag = f"A{n:06}", f"T{n:06}"
        events += [
            AssetRegistered(thing=asset, source_key=f"a{n}", category="pump", name=f"Pump {n}", home="Z0", **head),
            TagBound(thing=tag, source_key=f"b{n}", bearer=asset, bearer_kind=BearerKind.ASSET, **head),
            ZoneChanged(thing=tag, source_key=f"z{n}", zone=f"Z{n % 200}", **head),
        ]
    # The past is written without the organs' handlers, which is faster; the server then runs with all of them.
    filled = open_hospital(settings, handlers=[])
    follow(filled)
    for start in range(0, len(events), 5000):
        filled.ledger.submit(events[start : start + 5000]).result()
    history = filled.services["history"]
    if isinstance(history, Subscription):
        history.wait_until(filled.live.sequence, 120)
    filled.ledger.take_snapshot().result()
    filled.close()
    hospital = open_hospital(settings, clock=SystemClock())
    log_to_standard_error(level=logging.INFO)
    now = hospital.clock.now()
    with at_work(hospital, with_pages=False) as app:
        made = [
            hospital.write_now(lambda session, new=new: create_key(session, new, created_by="bench", now=now)[0])
            for new in (
                NewKey(name="bench", role=Role.SERVICE_GATEWAY, source=SOURCE),
                NewKey(name="page", role=Role.BIOMED),
            )
        ]
        (folder / "keys").write_text(" ".join(made))
        app.access.setup_link = None  # nobody signs in by password here
        uvicorn.run(app.asgi, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="on")
    hospital.close()


def _serve_naive(folder: Path, port: int, url: str) -> None:
    import uvicorn
    from sqlmodel import Session

    from benchmarks.naive_app import NaiveAsset, make_app, make_engine

    url = url or f"sqlite:///{folder / 'naive.db'}"
    os.environ["NAIVE_DATABASE"] = url
    app = make_app()
    with Session(make_engine(url)) as session:
        session.add_all(
            NaiveAsset(name=f"Pump {n}", category="pump", place=f"Z{n % 200}", status="on") for n in range(ASSETS)
        )
        session.commit()
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


def _event(kind: str, key: str) -> bytes:
    if kind == "naive":
        told: dict[str, object] = {
            "uid": key,
            "thing": f"tag-{key[-3:]}",
            "type": "ZoneChanged",
            "occurred_at": START_US,
            "zone": "Z1",
        }
    else:
        told = {
            "type": "ZoneChanged",
            "thing": f"tag-{key[-3:]}",
            "occurred_at": time.time_ns() // 1000,
            "source": SOURCE,
            "source_key": key,
            "zone": "Z1",
        }
    return json.dumps(told).encode()


def _request(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def _maker(told: dict[str, object], cursor: str) -> Callable[[int, int], bytes]:
    kind, key, number = str(told["kind"]), str(told["key"]), told["number"]
    is_naive = kind == "naive"
    if told["name"] == "single":
        path = "/events" if is_naive else "/v1/events"
        return lambda client, turn: _request("POST", path, key, _event(kind, f"{number}-{client}-{turn}"))
    if told["name"] == "batch":
        path = "/events/batch" if is_naive else "/v1/events:batch"

        def batch(client: int, turn: int) -> bytes:
            rows = [_event(kind, f"b{number}-{client}-{turn}-{n}") for n in range(int(str(told.get("size", BATCH))))]
            listed = b"[" + b",".join(rows) + b"]"
            return _request("POST", path, key, listed)

        return batch
    page = (
        f"/assets?offset={ASSETS // 2}&limit={PAGE}" if is_naive else f"/v1/state/assets?limit={PAGE}&cursor={cursor}"
    )
    fixed = _request("GET", page, key)
    return lambda client, turn: fixed


async def _load(told: dict[str, object]) -> tuple[float, float]:
    port, clients = int(str(told["port"])), int(str(told["clients"]))
    cursor = ""
    if told["name"] == "page" and told["kind"] == "twin":
        cursor = _middle(port, str(told["key"]))
    make = _maker(told, cursor)
    # Batches are made beforehand, so that the load's own work does not slow down who answers.
    turns = 80_000 // int(str(told.get("size", BATCH)))  # more than are answered in a spell
    ready = {(c, t): make(c, t) for c in range(clients) for t in range(turns)} if told["name"] == "batch" else {}
    counts, failed = [0] * clients, [0] * clients
    end = time.perf_counter() + SPELL_S

    async def client(index: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            turn = counts[index]
            if ready and (index, turn) not in ready:
                break
            writer.write(ready.get((index, turn)) or make(index, turn))
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(length)
            counts[index] += 1
            failed[index] += not head.startswith(b"HTTP/1.1 2")
        writer.close()

    start, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client(index) for index in range(clients)))
    took = time.perf_counter() - start
    return (sum(counts) - sum(failed)) / took, (time.process_time() - used) / took


def _middle(port: int, key: str) -> str:
    """Give the cursor of a page in the middle."""
    cursor = ""
    for _ in range(ASSETS // 2 // 200):
        url = f"http://127.0.0.1:{port}/v1/state/assets?limit=200&cursor={cursor}"
        asked = urllib.request.Request(url, headers={"authorization": f"Bearer {key}"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            cursor = json.load(answer)["next"]
    return cursor


if __name__ == "__main__":
    main()
