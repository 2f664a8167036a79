"""HL7 in, durable, acknowledged: beside python-hl7's own MLLP server that does the same work.

Protocol: each server is one process on loopback and stores with synchronous=FULL before it acknowledges. The peer is
the server of python-hl7 (``hl7.mllp``): it parses each message with python-hl7, keeps it and the encounter's place in
SQLite, commits, and answers with ``create_ack``. Ours is the whole hospital's intake: idempotence, sealing, link table,
ledger, live state. The load comes from a third process: 16 connections, each sends an ADT message and waits for its
acknowledgement; the servers take turns, three spells of four seconds, medians. Then 500 messages a second are sent to
ours at their appointed instants over 16 connections for ten seconds; the time runs from the appointed instant to the
acknowledgement. Only AA counts.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONNECTIONS, SPELL_S, ROUNDS = 16, 4.0, 3
PACED_PER_S, PACED_S = 500, 10.0


def main() -> None:
    """Measure, or be one of the processes when told so."""
    match sys.argv[1:]:
        case ["ours", folder]:
            asyncio.run(_ours(Path(folder)))
        case ["theirs", folder]:
            asyncio.run(_theirs(Path(folder)))
        case ["load", port, seconds, mark]:
            sys.stdout.write(f"{asyncio.run(_load(int(port), float(seconds), mark))}\n")
        case ["paced", port]:
            sys.stdout.write(f"{json.dumps(asyncio.run(_paced(int(port))))}\n")
        case _:
            _measure()


def _measure() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours_in, theirs_in = Path(folder) / "ours", Path(folder) / "theirs"
        ours_in.mkdir()
        theirs_in.mkdir()
        with _server("ours", ours_in) as ours, _server("theirs", theirs_in) as theirs:
            figures: dict[int, list[float]] = {ours: [], theirs: []}
            for number in range(ROUNDS):
                for port in (theirs, ours):
                    told = _run("load", str(port), str(SPELL_S), f"{number}-{port}")
                    figures[port].append(float(told))
            mine, peer = statistics.median(figures[ours]), statistics.median(figures[theirs])
            _say(
                row=f"HL7 in, durable, acknowledged, {CONNECTIONS} connections",
                figure=round(mine, 1),
                unit="messages/s",
                peer="python-hl7 server, same work",
                peer_figure=round(peer, 1),
                ratio=round(mine / peer, 2),
                must=">= 3x",
            )
            paced = json.loads(_run("paced", str(ours)))
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
    from server.listening import mllp_server
    from server.wiring import open_hospital
    from twin.settings import Settings

    sys.setswitchinterval(SWITCH_INTERVAL_S)  # as ``hospital-twin serve`` does
    hospital = open_hospital(Settings(data_dir=folder, free_disk_floor_mb=0))
    async with mllp_server(hospital) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def _theirs(folder: Path) -> None:
    import hl7
    from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

    # Their server answers one message at a time on its event loop: the commit stands in the way of the others, as it
    # does for everybody who follows the library's own example.
    store = sqlite3.connect(folder / "peer.db")
    store.execute("PRAGMA journal_mode=WAL")
    store.execute("PRAGMA synchronous=FULL")
    store.execute("CREATE TABLE message (key TEXT PRIMARY KEY, body BLOB)")
    store.execute("CREATE TABLE place (visit TEXT PRIMARY KEY, place TEXT)")

    async def answer(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        try:
            while not reader.at_eof():
                message = await reader.readmessage()
                key, visit, place = str(message["MSH"][0][10]), str(message["PV1"][0][19]), str(message["PV1"][0][3])
                with store:
                    store.execute("INSERT OR IGNORE INTO message VALUES (?, ?)", (key, str(message).encode()))
                    store.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", (visit, place))
                writer.writemessage(message.create_ack())
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    del hl7
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


async def _load(port: int, seconds: float, mark: str) -> float:
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
    counts = await asyncio.gather(*(talk(line) for line in range(CONNECTIONS)))
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
