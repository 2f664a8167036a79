"""HL7 in, durable, acknowledged: beside python-hl7's own MLLP server, with little storing and with the same work.

Protocol: each server is one process on loopback and stores with synchronous=FULL before it acknowledges. Both peers are
the server of python-hl7 (``hl7.mllp``); each parses every message with python-hl7, commits it by itself and answers
with ``create_ack``, as everybody does who follows the library's own example. *stores* keeps the message in clear and
the encounter's place. *same work* does what ours must: it knows a resend by (MSH-3, MSH-4, MSH-10) and refuses other
content under a used number, makes pseudonyms, keeps the body sealed with a key per person (AES-GCM, the key sealed in
turn), keeps names and numbers in a sealed link table, writes an event into an append-only table that knows it by its
source key, and keeps the place that it leads to. Ours is the whole hospital's intake, which knows the beds that the
messages name. All of them, and the load, run on uvloop, as ``hospital-twin serve`` does. The load comes from another
process: as many connections as the row says, each sends an ADT message and waits for its acknowledgement; the servers
take turns, three spells of three seconds, medians. Then 500 messages a second are sent to ours at their appointed
instants over 16 connections for ten seconds; the time runs from the appointed instant to the acknowledgement. Only AA
counts.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from server.wiring import Hospital
    from twin.events.places import PlaceDefined

T = TypeVar("T")
CONNECTIONS, MANY, SPELL_S, ROUNDS = 16, 64, 3.0, 3
PACED_PER_S, PACED_S = 500, 10.0


def main() -> None:
    """Measure, or be one of the processes when told so."""
    match sys.argv[1:]:
        case ["ours", folder]:
            _run_loop(_ours(Path(folder)))
        case [("stores" | "same") as kind, folder]:
            _run_loop(_theirs(Path(folder), kind))
        case ["load", port, seconds, mark, lines]:
            sys.stdout.write(f"{_run_loop(_load(int(port), float(seconds), mark, int(lines)))}\n")
        case ["paced", port]:
            sys.stdout.write(f"{json.dumps(_run_loop(_paced(int(port))))}\n")
        case _:
            _measure()


def _run_loop(work: Coroutine[None, None, T]) -> T:
    import uvloop  # what ``hospital-twin serve`` runs on; the peers and the load get the same

    return uvloop.run(work)


def _measure() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = {}
        for kind in ("ours", "stores", "same"):
            (folder / kind).mkdir()
            ports[kind] = stack.enter_context(_server(kind, folder / kind))
        few = _turns(ports, CONNECTIONS)
        many = _turns({kind: ports[kind] for kind in ("ours", "same")}, MANY)
        _compare(few, "stores", "python-hl7 server that stores message and place", CONNECTIONS, must="")
        _compare(few, "same", "python-hl7 server, same work", CONNECTIONS, must=">= 3x")
        _compare(many, "same", "python-hl7 server, same work", MANY, must="")
        paced = json.loads(_run("paced", str(ports["ours"])))
        _say(
            row=f"HL7 in, durable, acknowledged at {PACED_PER_S} messages/s, p99",
            figure=round(paced["p99_ms"], 2),
            unit="ms",
            must="<= 20 ms",
        )
        _say(
            row=f"the same, acknowledged of {paced['sent']} sent",
            figure=paced["acknowledged"],
            unit="messages",
            must="all",
        )


def _turns(ports: dict[str, int], lines: int) -> dict[str, float]:
    """Let the servers take turns; give messages a second of each, medians of the rounds."""
    figures: dict[str, list[float]] = {kind: [] for kind in ports}
    for number in range(ROUNDS):
        for kind, port in ports.items():
            figures[kind].append(float(_run("load", str(port), str(SPELL_S), f"{lines}-{number}", str(lines))))
    return {kind: statistics.median(told) for kind, told in figures.items()}


def _compare(figures: dict[str, float], kind: str, peer: str, lines: int, *, must: str) -> None:
    told: dict[str, object] = {
        "row": f"HL7 in, durable, acknowledged, {lines} connections",
        "figure": round(figures["ours"], 1),
        "unit": "messages/s",
        "peer": peer,
        "peer_figure": round(figures[kind], 1),
        "ratio": round(figures["ours"] / figures[kind], 2),
    }
    _say(**told | ({"must": must} if must else {}))


def _say(**row: object) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def _run(*arguments: str) -> str:
    program = [sys.executable, "-m", "benchmarks.interop_messages", *arguments]
    return subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def _server(kind: str, folder: Path) -> Iterator[int]:
    program = [sys.executable, "-m", "benchmarks.interop_messages", kind, str(folder)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env={**os.environ})
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        process.stdout.close()


async def _ours(folder: Path) -> None:
    from server.app.running import SWITCH_INTERVAL_S
    from server.wiring import open_hospital
    from twin.collecting import collecting_rarely
    from twin.settings import Settings

    sys.setswitchinterval(SWITCH_INTERVAL_S)  # this and the rare collecting as ``hospital-twin serve`` does
    hospital = open_hospital(Settings(data_dir=folder, free_disk_floor_mb=0))
    hospital.record_now(_places())
    with collecting_rarely():
        await _listen(hospital)


def _places() -> list[PlaceDefined]:
    """Give the beds that the messages name: a hospital at work knows its own."""
    from twin.events.places import PlaceDefined, PlaceKind

    head = {"occurred_at": 1_000_000, "source": "import:bench"}
    made = []
    for ward in (f"W{number}" for number in range(9)):
        made.append(PlaceDefined(thing=ward, kind=PlaceKind.WARD, name=ward, source_key=ward, **head))
        made += [
            PlaceDefined(thing=bed, kind=PlaceKind.BED, name=bed, parent=ward, source_key=bed, **head)
            for bed in (f"{ward}-1-A", f"{ward}-1-B")
        ]
    return made


async def _listen(hospital: Hospital) -> None:
    from server.listening import mllp_server

    async with mllp_server(hospital) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def _theirs(folder: Path, kind: str) -> None:
    from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

    from benchmarks.peers.hl7_intake import SameWork, Stores

    intake = Stores(folder) if kind == "stores" else SameWork(folder)

    # Their server answers one message at a time on its event loop: the commit stands in the way of the others, as it
    # does for everybody who follows the library's own example.
    async def answer(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        try:
            while not reader.at_eof():
                message = await reader.readmessage()
                writer.writemessage(message.create_ack(intake.take(message)))
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with await start_hl7_server(answer, "127.0.0.1", port):
        sys.stdout.write(f"{port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def _message(control: str, visit: str) -> bytes:
    lines = [
        f"MSH|^~\\&|ADT|HOSP|TWIN|HOSP|20260105080000||ADT^A02^ADT_A02|{control}|P|2.5",
        "EVN|A02|20260105080000",
        f"PID|1||{visit}^^^HOSP^MR||DOE^JANE||19700101|F|||1 STREET^^TOWN^^00000||555-0100",
        f"PV1|1|I|W{len(control) % 9}^1^A|||W1^1^B|||||||||||||{visit}^^^HOSP^VN",
    ]
    return b"\x0b" + "\r".join(lines).encode() + b"\r\x1c\r"


async def _load(port: int, seconds: float, mark: str, lines: int) -> float:
    """Send for so long; give acknowledged messages a second."""
    ends = time.perf_counter() + seconds

    async def talk(line: int) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        done = 0
        while time.perf_counter() < ends:
            writer.write(_message(f"{mark}-{line}-{done}", f"V{line}-{done % 50}"))
            answer = await reader.readuntil(b"\x1c\r")
            done += b"MSA|AA|" in answer
        writer.close()
        return done

    started = time.perf_counter()
    counts = await asyncio.gather(*(talk(line) for line in range(lines)))
    return sum(counts) / (time.perf_counter() - started)


async def _paced(port: int) -> dict[str, float]:
    """Send at appointed instants; give the 99th percentile from there to the acknowledgement."""
    total = int(PACED_PER_S * PACED_S)
    begins = time.perf_counter() + 0.5
    times: list[float] = []

    async def talk(line: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(line, total, CONNECTIONS):
            due = begins + number / PACED_PER_S
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            writer.write(_message(f"P-{number}", f"P{number % 400}"))
            if b"MSA|AA|" in await reader.readuntil(b"\x1c\r"):
                times.append(time.perf_counter() - due)
        writer.close()

    await asyncio.gather(*(talk(line) for line in range(CONNECTIONS)))
    times.sort()
    return {"sent": total, "acknowledged": len(times), "p99_ms": times[int(len(times) * 0.99)] * 1e3}


if __name__ == "__main__":
    main()
