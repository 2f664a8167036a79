"""A client that is not ours is served by the simulated LLRP reader as it asks.

The client, sllurp, stands under another licence and is nowhere in the project: it is run in a process of its own, from
the folder that ``HOSPITAL_TWIN_PEERS`` names, as in ``benchmarks/gateway_decode.py``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rfid_gateway.simulators.llrp import Sighting, SimulatedReader
from twin.clock import SystemClock

PEERS = Path(os.environ.get("HOSPITAL_TWIN_PEERS") or "/nowhere")
pytestmark = pytest.mark.skipif(not (PEERS / "sllurp").is_dir(), reason="HOSPITAL_TWIN_PEERS names no folder of sllurp")

CLIENT = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
from sllurp.llrp import LLRPReaderClient, LLRPReaderConfig
tags, events = [], []
client = LLRPReaderClient("127.0.0.1", int(sys.argv[2]), LLRPReaderConfig(json.loads(sys.argv[3])))
client.add_tag_report_callback(lambda _, found: tags.extend(found))
client.add_event_callback(lambda _, event: events.append(str(event)))
client.connect()
time.sleep(float(sys.argv[4]))
client.disconnect()
client.join(5)
print(json.dumps({"antennas": sorted({one.get("AntennaID", 0) for one in tags}), "fields": sorted({
    name for one in tags for name in one}), "counts": sum(one.get("TagSeenCount", 1) for one in tags),
    "events": events}))
"""
SELECTED = {"EnableAntennaID": True, "EnableTagSeenCount": True, "EnablePeakRSSI": True}


async def told_to_peer(reader: SimulatedReader, settings: Mapping[str, object], *, seconds: float = 2.0) -> Any:
    """Serve the client for a while, four antennas seeing two tags ten times a second, and give what it was told."""
    content = {name: name in SELECTED for name in ("EnableFirstSeenTimestamp", "EnableLastSeenTimestamp")} | SELECTED
    whole = json.dumps({"tag_content_selector": content, **settings})
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLIENT, str(PEERS), str(reader.port), whole, str(seconds), stdout=asyncio.subprocess.PIPE
    )
    answer = asyncio.create_task(client.communicate())
    while not answer.done():
        reader.see([Sighting(bytes([tag]) * 12, antenna) for tag in (1, 2) for antenna in (1, 2, 3, 4)])
        await asyncio.wait({answer}, timeout=0.1)
    return json.loads((await answer)[0])


async def test_the_antennas_and_the_values_that_it_names_are_told() -> None:
    reader = SimulatedReader("r", SystemClock())
    await reader.start()

    told = await told_to_peer(reader, {"antennas": [1, 3]})
    await reader.stop()

    assert told["antennas"] == [1, 3]
    assert {"AntennaID", "TagSeenCount", "PeakRSSI"} <= set(told["fields"])
    assert not {"FirstSeenTimestampUTC", "LastSeenTimestampUTC", "C1G2CRC"} & set(told["fields"])


async def test_inventories_that_end_after_some_tags_go_on_reporting() -> None:
    reader = SimulatedReader("r", SystemClock())
    await reader.start()

    told = await told_to_peer(reader, {"antennas": [2], "report_every_n_tags": 4, "report_timeout_ms": 500})
    await reader.stop()

    # Every four observations are the end of an inventory and one report; more than one proves that it began anew.
    assert told["antennas"] == [2]
    assert told["counts"] > 4


async def test_a_second_client_is_told_that_the_reader_is_taken() -> None:
    reader = SimulatedReader("r", SystemClock())
    await reader.start()
    first = asyncio.create_task(told_to_peer(reader, {"antennas": [1]}, seconds=4.0))
    while reader._writer is None:
        await asyncio.sleep(0.01)

    second = await told_to_peer(reader, {"antennas": [1]}, seconds=1.0)
    held = await first
    await reader.stop()

    assert second["antennas"] == []
    assert any("already exists" in event for event in second["events"])
    assert held["antennas"] == [1]
    assert any("Another connection attempted" in event for event in held["events"])
