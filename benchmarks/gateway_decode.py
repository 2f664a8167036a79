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
from rfid_gateway.rfid.llrp.translation import ReportTranslator

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


def body(hundred: int = 0, at: int = START_US) -> bytes:
    """Give a report of a hundred tags, other ones for each number, seen last up to 0.1 ms before ``at``."""

    def tag(i: int) -> bytes:
        content = struct.pack(
            ">B12sBHBbBQBQBH",
            0x8D,
            b"\x30\x74" + (hundred * TAGS + i).to_bytes(10, "big"),
            0x81,
            1 + i % 4,
            0x86,
            -40 - i % 30,
            0x82,
            at - 1_000_000,
            0x84,
            at - TAGS + i,
            0x88,
            1,
        )
        return struct.pack(">HH", 240, len(content) + 4) + content

    return b"".join(map(tag, range(TAGS)))


def rate(work: Callable[[], int]) -> float:
    """Give the median of items per second of processor time."""
    found = []
    for _ in range(ROUNDS):
        started, count = time.process_time(), 0
        while time.process_time() - started < ROUND_S:
            count += work()
        found.append(count / (time.process_time() - started))
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
    """Give tag reports per second of processor time from the octets of reports to events, as the driver does it."""
    points = tuple(ReadPoint(id=f"p{i}", reader=f"r{i // 4}", antenna=i % 4 + 1, place=f"z{i}") for i in range(160))
    cleaning = Cleaning(Layout(points, frozenset((f"z{i}", f"z{i + 1}") for i in range(159))))
    readers = [ReportTranslator(f"r{i}") for i in range(40)]
    # Twenty different hundreds of tags at forty readers: 2,000 tags, each reported twenty times a second.
    arrivals = [START_US + 2500 * batch for batch in range(2000)]
    bodies = [body(batch % 20, at) for batch, at in enumerate(arrivals)]
    count, started = 0, time.process_time()
    for batch, at in enumerate(arrivals):
        readings = readers[batch % 40].read(bodies[batch], at)
        cleaning.accept(readings, at)
        count += len(readings)
    cleaning.advance(arrivals[-1] + 1_000_000)
    took_s = time.process_time() - started
    # A figure counts only if all was taken in: nothing too late, of an unknown antenna or from another time.
    figures = cleaning.figures
    if figures.late or figures.unknown_antennas or figures.implausible_times or count != figures.readings:
        raise RuntimeError(f"The readings were not taken as meant: {figures}.")
    return count / took_s


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
