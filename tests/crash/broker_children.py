"""Children of the broker's kill test.

``gateway SPOOL URL`` makes and sends events, ``sender SPOOL URL`` only sends, ``core FOLDER URL`` takes them in.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import numpy as np

from rfid_gateway.drivers.driver import Backoff, BackoffSettings
from rfid_gateway.spool.store import Entry, RowKind, Spool
from rfid_gateway.uplink.mqtt import MqttSink
from rfid_gateway.uplink.sender import Sender
from twin.clock import SystemClock
from twin.events import registry
from twin.events.things import ZoneConfirmed
from twin.settings import Settings

GATEWAY, ROWS_AT_ONCE = "east", 10


def entry(boot: int, seq: int) -> Entry:
    event = ZoneConfirmed(
        thing=f"TAG{seq % 50}",
        occurred_at=1_767_600_000_000_000 + seq,
        source=f"gateway:{GATEWAY}",
        source_key=f"{boot}-{seq:010d}",
        zone="A",
    )
    return Entry(RowKind.EVENT, registry.encode(event))


async def gateway(spool_path: Path, url: str, *, pause_s: float) -> None:
    spool = Spool(spool_path, now=SystemClock().now())
    backoff = Backoff(BackoffSettings(first_s=0.02, most_s=0.2), np.random.default_rng())
    sender = Sender(spool, MqttSink(url, GATEWAY, answer_s=2.0), backoff, 500)
    sending = asyncio.create_task(sender.run())
    while not sending.done() and pause_s:
        first = spool.next_seq
        last = await asyncio.to_thread(spool.append, [entry(spool.boot, first + i) for i in range(ROWS_AT_ONCE)])
        sys.stdout.write(f"{spool.boot} {last}\n")
        sys.stdout.flush()
        sender.wake()
        await asyncio.sleep(pause_s)
    await sending


async def core(folder: Path, url: str) -> None:
    from server.broker import broker_intake
    from server.wiring import open_hospital

    settings = Settings(data_dir=folder, free_disk_floor_mb=0, mqtt_url=url)
    hospital = open_hospital(settings)
    async with broker_intake(hospital):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    what, place, address, *more = sys.argv[1:]
    if what in ("gateway", "sender"):
        pause_s = 0.0 if what == "sender" else float(more[0]) if more else 0.01
        asyncio.run(gateway(Path(place), address, pause_s=pause_s))
    else:
        asyncio.run(core(Path(place), address))
