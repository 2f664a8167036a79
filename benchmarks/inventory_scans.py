"""How long a porter waits after a scan: from the label on its way to the answer that the books have it.

Protocol: one server process of one worker on loopback with all its handlers, SQLite, synchronous=FULL; eight porters in
a process of their own, each with a connection that stays open, do 320 restock tasks of eight wards and forty items
without a pause between two scans (eight people who never walk: far more than a hospital's scans a second). A task is
begun, its label scanned (pick), the ward's label scanned (deliver). The figure is the 95th percentile of both answers.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

ITEMS, WARDS, PORTERS = 40, 8, 8


def label(number: int) -> str:
    """Give the GS1 label of an item's only lot."""
    body = f"0950600{number:06d}"
    total = sum(int(digit) * (3 if at % 2 == 0 else 1) for at, digit in enumerate(body))
    return f"01{body}{-total % 10}1729063010L{number}"


def serve(folder: Path, port: int) -> None:
    """Run the server; its key stands in a file of the folder."""
    import uvicorn

    from server.access.keys import NewKey, create_key
    from server.app.running import at_work
    from server.wiring import open_hospital
    from twin.access import Role
    from twin.clock import SystemClock
    from twin.events.places import PlaceDefined, PlaceKind
    from twin.settings import Settings

    hospital = open_hospital(
        Settings(data_dir=folder / "twin", dispatch_every_s=0, review_every_s=0), clock=SystemClock()
    )
    now = hospital.clock.now()
    names = ["store", *(f"ward-{number}" for number in range(WARDS))]
    hospital.record_now(
        [
            PlaceDefined(
                thing=name, occurred_at=now, source="import:b", source_key=name, kind=PlaceKind.ROOM, name=name
            )
            for name in names
        ]
    )
    with at_work(hospital, with_pages=False) as app:
        new = NewKey(name="porter", role=Role.LOGISTICS)
        key = hospital.write_now(lambda session: create_key(session, new, created_by="bench", now=now)[0])
        (folder / "key").write_text(key)
        app.access.setup_link = None  # nobody signs in by password here
        uvicorn.run(app.asgi, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="on")
    hospital.close()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run the server in a process of its own; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "benchmarks.inventory_scans", "serve", str(folder), str(port)]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                with contextlib.suppress(urllib.error.URLError, ConnectionError):
                    urllib.request.urlopen(f"{address}/healthz", timeout=5).close()
                    break
                time.sleep(0.1)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)


def ask(client: httpx2.Client, path: str, body: object) -> dict[str, object]:
    answer = client.post(f"/v1{path}", json=body)
    if answer.status_code >= 300:
        raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")
    found: dict[str, object] = answer.json()
    return found


def furnish(client: httpx2.Client) -> list[dict[str, str]]:
    """Fill the store and give the tasks that the empty wards ask for."""
    for number in range(ITEMS):
        item = f"item-{number}"
        ask(client, "/items", {"id": item, "code": item, "name": f"Item {number}"})
        ask(client, f"/items/{item}/packages", {"gtin": label(number)[2:16], "level": "box", "quantity": 10})
        ask(client, "/stock/receipts", {"lines": [{"place": "store", "scan": label(number), "packages": 10 * WARDS}]})
        for ward in range(WARDS):
            level = {"place": f"ward-{ward}", "item": item, "par_level": 20, "reorder_point": 5, "pack_multiple": 10}
            ask(client, "/par-levels", {**level, "source": "store"})
    tasks: list[dict[str, str]] = []
    cursor = ""
    while True:
        page = client.get("/v1/tasks", params={"limit": 200, "cursor": cursor}).json()
        tasks += page["tasks"]
        cursor = page.get("next", "")
        if not cursor:
            return tasks


def work(address: str, key: str, tasks: list[dict[str, str]]) -> list[float]:
    """Do tasks one after the other; give the seconds that each scan waited for its answer."""
    waited = []
    with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for task in tasks:
            ask(client, f"/tasks/{task['id']}:start", {})
            number = int(task["subject_id"].removeprefix("item-"))
            for verb, body in (
                ("pick", {"scan": label(number), "packages": 2}),
                ("deliver", {"place": task["to_place"]}),
            ):
                clock = time.perf_counter()
                ask(client, f"/tasks/{task['id']}:{verb}", body)
                waited.append(time.perf_counter() - clock)
    return waited


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as address:
        key = (Path(folder) / "key").read_text()
        with httpx2.Client(base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
            tasks = furnish(client)
        if len(tasks) != ITEMS * WARDS:
            raise RuntimeError(f"Expected {ITEMS * WARDS} tasks, got {len(tasks)}.")
        shares = [tasks[number::PORTERS] for number in range(PORTERS)]
        clock = time.perf_counter()
        with ThreadPoolExecutor(PORTERS) as pool:
            waited = sorted(
                second for part in pool.map(work, [address] * PORTERS, [key] * PORTERS, shares) for second in part
            )
        seconds = time.perf_counter() - clock
    row = {
        "row": f"scan to confirmed over HTTP, {PORTERS} porters without a pause, 95th percentile",
        "figure": round(statistics.quantiles(waited, n=20)[-1] * 1000, 2),
        "unit": "ms",
        "median_ms": round(statistics.median(waited) * 1000, 2),
        "scans_per_s": round(len(waited) / seconds, 1),
        "must": "<= 200 ms",
    }
    sys.stdout.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
