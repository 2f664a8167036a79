"""Reading tag reports, and the way from reports to events, beside the public LLRP libraries where they are at hand.

Protocol: one RO_ACCESS_REPORT of 100 tags (antenna, signal, first and last time, count) is decoded over and over; the
median of five rounds of 0.4 s counts. Peers run in processes of their own, one of them being under another licence;
they are found in the folder that ``HOSPITAL_TWIN_PEERS`` names (``uv pip install --target FOLDER --no-deps sllurp
llrpkit``) and left out otherwise. Run: ``python -m benchmarks.gateway_decode``.
"""

from __future__ import annotations

import json
import os
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Callable

from rfid_gateway.cleaning.layout import Layout, ReadPoint
from rfid_gateway.cleaning.pipeline import Cleaning
from rfid_gateway.rfid.llrp.reports import ReportReader
from rfid_gateway.rfid.readings import TagReading

TAGS, ROUNDS, ROUND_S = 100, 5, 0.4
START_US = 1_767_600_000_000_000

# What each peer's own documentation calls for one whole message; it must find all tags.
PEERS = {
    "sllurp": (
        "from sllurp.llrp_proto import Message_struct\n"
        "from sllurp import llrp_proto\n"
        "decode = Message_struct['RO_ACCESS_REPORT']['decode']\n"
        "work = lambda: len(decode(body, 'RO_ACCESS_REPORT')['TagReportData'])\n"
    ),
    "llrpkit": (
        "import llrpkit.protocol.messages, llrpkit.protocol.params\n"
        "from llrpkit.protocol.codec import decode_message\n"
        "work = lambda: len(decode_message(message).tag_report_datas)\n"
    ),
}


def body() -> bytes:
    def tag(i: int) -> bytes:
        content = struct.pack(
            ">B12sBHBbBQBQBH",
            0x8D,
            b"\x30\x74" + i.to_bytes(10, "big"),
            0x81,
            1 + i % 4,
            0x86,
            -40 - i % 30,
            0x82,
            START_US,
            0x84,
            START_US + i,
            0x88,
            1,
        )
        return struct.pack(">HH", 240, len(content) + 4) + content

    return b"".join(map(tag, range(TAGS)))


def rate(work: Callable[[], int]) -> float:
    """Give the median of items per second."""
    found = []
    for _ in range(ROUNDS):
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < ROUND_S:
            count += work()
        found.append(count / (time.perf_counter() - started))
    return statistics.median(found)


def peer_rate(name: str) -> float | None:
    """Measure a peer in its own process; None if it is not at hand."""
    folder = os.environ.get("HOSPITAL_TWIN_PEERS", "")
    octets = body()
    message = struct.pack(">HII", 1 << 10 | 61, len(octets) + 10, 7) + octets
    program = (
        f"import sys; sys.path[:0] = [{folder!r}]\n"
        f"body, message = bytes.fromhex({octets.hex()!r}), bytes.fromhex({message.hex()!r})\n"
        + PEERS[name]
        + f"assert work() == {TAGS}\nfrom benchmarks.gateway_decode import rate\nprint(rate(work))\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    return float(run.stdout) if run.returncode == 0 else None


def pipeline_rate() -> float:
    """Give tag reports per second from the octets of reports to events."""
    points = tuple(ReadPoint(id=f"p{i}", reader=f"r{i // 4}", antenna=i % 4 + 1, place=f"z{i}") for i in range(160))
    cleaning = Cleaning(Layout(points, frozenset((f"z{i}", f"z{i + 1}") for i in range(159))))
    octets, reader = body(), ReportReader()
    now, count, started = START_US, 0, time.perf_counter()
    for _ in range(5):
        for batch in range(400):
            # Twenty different hundreds of tags at forty readers: 2,000 tags, each reported twenty times a second.
            readings = [
                TagReading(
                    f"{batch % 20:02X}{tag.epc.hex().upper()}",
                    f"r{batch % 40}",
                    tag.antenna or 0,
                    now,
                    tag.rssi_dbm or 0.0,
                )
                for tag in reader.read(octets)
            ]
            cleaning.accept(readings, now)
            count += len(readings)
            now += 2500
        cleaning.advance(now)
    return count / (time.perf_counter() - started)


def main() -> None:
    octets, reader = body(), ReportReader()
    ours = rate(lambda: len(reader.read(octets)))
    measured = {name: found for name in PEERS if (found := peer_rate(name))}
    least = {"sllurp": ">= 5x", "llrpkit": ">= 10x"}
    for name, found in measured.items():
        _row(
            "LLRP tag reports decoded",
            ours,
            least[name],
            peer=name,
            peer_figure=round(found),
            ratio=round(ours / found, 1),
        )
    if not measured:
        _row("LLRP tag reports decoded", ours, "")
    pipeline = statistics.median(pipeline_rate() for _ in range(ROUNDS))
    _row("tag reports to events: 2,000 tags, 160 zones, 40,000 reports a second", pipeline, ">= 100000")


def _row(row: str, figure: float, must: str, **peer: object) -> None:
    print(json.dumps({"row": row, "figure": round(figure), "unit": "tags/s", "must": must, **peer}))


if __name__ == "__main__":
    main()
