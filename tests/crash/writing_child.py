"""A program that stores events with sixteen threads and says on standard output which ones were acknowledged.

Usage: python writing_child.py DATABASE_URL DATA_DIR START_1,START_2,…  (first number of each thread)
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from twin.db.database import open_database
from twin.errors import StorageError, Unavailable
from twin.events.things import ZoneChanged
from twin.ledger.ledger import Ledger
from twin.settings import Settings
from twin.state.live import LiveState

THREADS = 16


def event(thread: int, number: int) -> ZoneChanged:
    return ZoneChanged(
        thing=f"tag-{thread}",
        occurred_at=1_767_600_000_000_000 + number,
        source=f"gateway:g{thread}",
        source_key=str(number),
        zone=f"zone-{number % 7}",
    )


def send(ledger: Ledger, thread: int, number: int) -> None:
    """Store numbers one after the other, sometimes several at once; repeat whatever was not acknowledged."""
    while True:
        size = 1 + number % 3
        batch = [event(thread, number + i) for i in range(size)]
        try:
            ledger.submit(batch).result()
        except (StorageError, Unavailable):
            time.sleep(0.05)
            continue
        os.write(1, b"".join(b"%d %d\n" % (thread, number + i) for i in range(size)))
        number += size


def main() -> None:
    url, folder, starts = sys.argv[1:]
    settings = Settings(database_url=url, data_dir=Path(folder), free_disk_floor_mb=0)
    database = open_database(settings)
    database.create_tables()
    ledger = Ledger(database, state=LiveState(), snapshot_every=500)
    os.write(1, b"ready\n")
    threads = [
        threading.Thread(target=send, args=(ledger, thread, int(start)))
        for thread, start in enumerate(starts.split(","))
    ]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    main()
