"""The closed loop and the watch: is the twin right, and does a geofence alarm come in time.

Protocol: (1) the simulated hospital of ``closed_loop.py`` (300 beds, 2,000 tags, 7 days unless
HOSPITAL_TWIN_ORACLE says less) tells its truth through the intake of messages and the ledger with 2 % loss (sent again
after 30 s), 5 % duplicates, 10 % held back up to 10 min; 40 random instants, an allowance of 2 min, then the end.
(2) A running hospital with a fence around one wristband: 20 exits, from storing the reading to the stored alarm.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.closed_loop import START, Hidden, Scale, compare
from server.alarms.watches import Geofence, Watches
from server.app.running import at_work
from server.wiring import open_hospital
from twin.clock import ManualClock
from twin.events.things import BearerKind, TagBound, ZoneChanged
from twin.settings import Settings

EXITS = 20


def say(**row: object) -> None:
    sys.stdout.write(json.dumps(row) + "\n")
    sys.stdout.flush()


def closed_loop(folder: Path) -> None:
    beds, tags, hours = (int(one) for one in os.environ.get("HOSPITAL_TWIN_ORACLE", "300,2000,168").split(","))
    clock = ManualClock(START)
    hospital = open_hospital(Settings(data_dir=folder, free_disk_floor_mb=0, time_zone="UTC"), clock=clock, handlers=[])
    score = compare(hospital, clock, Scale(beds=beds, tags=tags, hours=hours), probes=40)
    hospital.close()
    scale = f"{beds} beds, {tags} tags, {hours / 24:g} days"
    say(
        row=f"closed loop, {scale}: right of {score.pairs} (thing, facet) pairs at 40 instants",
        figure=round(score.share * 100, 3),
        unit="%",
        must=">= 99.5 %",
    )
    say(
        row=f"closed loop, {scale}: right of {score.end_pairs} pairs in the end",
        figure=round(100 * score.end_right / score.end_pairs, 3),
        unit="%",
        must="100 %",
    )


def geofence(folder: Path) -> None:
    hospital = open_hospital(Settings(data_dir=folder, free_disk_floor_mb=0))
    waits = []
    with at_work(hospital, with_pages=False):
        now = hospital.clock.now()
        bound = TagBound(
            thing="T", occurred_at=now, source="user:b", source_key="b", bearer="E", bearer_kind=BearerKind.ENCOUNTER
        )
        hospital.record_now([*Hidden(Scale(beds=20, tags=0, hours=0)).places(), bound])
        watches = hospital.services["watches"]
        assert isinstance(watches, Watches)
        for number in range(EXITS):
            fence = Geofence(id=f"F{number}", bearer_kind=BearerKind.ENCOUNTER, bearer="E", places=("W1",), exit_s=1.0)
            inside = ZoneChanged(
                thing="T", occurred_at=hospital.clock.now(), source="gateway:b", source_key=f"i{number}", zone="W1"
            )
            hospital.record_now([inside])
            watches.add(fence, actor="bench")
            begun = time.perf_counter()
            out = ZoneChanged(
                thing="T", occurred_at=hospital.clock.now(), source="gateway:b", source_key=f"o{number}", zone="W2"
            )
            hospital.record_now([out])
            while not hospital.live.index.active_alarms and time.perf_counter() - begun < 10:
                time.sleep(0.005)
            waits.append(time.perf_counter() - begun)
            watches.end(fence.id)
            while hospital.live.index.active_alarms:
                time.sleep(0.05)
    hospital.close()
    say(
        row=f"geofence alarm, reading to stored alarm, worst of {EXITS} (1 s of it is the fence's own delay)",
        figure=round(max(waits), 3),
        unit="s",
        must="<= 2 s",
    )


def main() -> None:
    for part in (closed_loop, geofence):
        with tempfile.TemporaryDirectory() as folder:
            part(Path(folder))


if __name__ == "__main__":
    main()
