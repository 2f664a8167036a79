"""Rows that are lost, doubled or missing while gateway, broker and core are killed 200 times at random.

Protocol: three processes of their own: a gateway that spools ten rows every 10 ms and sends them by MQTT (QoS 1), a
Mosquitto with a persistent store, and a core with its whole ledger on SQLite. One of them, drawn at random, is killed
with SIGKILL after 0.1 to 2.5 s, 200 times, and started again up to 0.3 s later. Then a gateway that makes nothing new
sends what is left in the spool, and the ledger is compared with what the gateway said was on its disk. All three
figures shall be 0; a benchmark and not only a test because it takes some six minutes, mostly of waiting.
``HOSPITAL_TWIN_KILLS`` shortens it. Run: ``python -m benchmarks.gateway_kills``.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.own_tests import from_tests

if TYPE_CHECKING:
    from tests.crash.broker_kills import Plant, Tally

KILLS = int(os.environ.get("HOSPITAL_TWIN_KILLS") or 200)
SEED = 3


def main() -> None:
    tally = tally_of(lambda plant: plant.kill_at_random(KILLS, random.Random(SEED)), pause_s=0.01)
    tell(f"{KILLS} random kill -9 of gateway, broker and core", tally)


def tally_of(suffer: Callable[[Plant], None], *, pause_s: float) -> Tally:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "broker").mkdir()
        with from_tests("mosquitto").broker_in(folder / "broker") as broker:
            plant: Plant = from_tests("crash.broker_kills").Plant(folder, broker, pause_s=pause_s)
            with plant.at_work():
                suffer(plant)
                return plant.settle(within_s=300)


def tell(what: str, tally: Tally) -> None:
    told = f"{what}, {tally.told:,} rows"
    kills = ", ".join(f"{name} {count}" for name, count in sorted(tally.kills.items()))
    # A row that never left the spool is lost for the hospital as well.
    for name, figure in (("lost", max(tally.lost, tally.left)), ("doubled", tally.doubled), ("gaps", tally.gaps)):
        print(json.dumps({"row": f"{told}: {name}", "figure": figure, "unit": "rows", "must": "0", "kills": kills}))


if __name__ == "__main__":
    main()
