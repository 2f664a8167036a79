"""A program that moves stock with eight threads and says on standard output which commands were acknowledged.

Usage: python stock_child.py DATABASE_URL DATA_DIR RUN
"""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path

from sqlmodel import Session

import inventory.tables.triggers  # noqa: F401  # hangs the triggers on the tables
from inventory.model.items import Item
from inventory.model.movements import Command
from inventory.service import correcting, handing_out, receiving, using
from inventory.tables.catalogue import save_item
from twin.clock import DAY_US
from twin.db.database import Database, open_database
from twin.errors import HospitalTwinError
from twin.events.envelope import Event
from twin.ids import ItemId
from twin.ports import Stored
from twin.settings import Settings

THREADS = 8
NOW = 1_767_600_000_000_000
EXPIRES_AT = NOW + 100 * DAY_US
ITEMS = ("gloves", "gauze", "syringe")
PLACES = ("store", "ward-a", "ward-b")


class Unheard:
    """An event sink that nobody listens to: the books are what is looked at."""

    def append(self, session: Session, events: Sequence[Event]) -> list[Stored]:
        """Take events and forget them."""
        return []


def act(session: Session, *, command: Command, chance: random.Random) -> None:
    """Do one thing to the stock, whichever chance says."""
    ledger, item, place = Unheard(), chance.choice(ITEMS), chance.choice(PLACES)
    what, quantity = chance.randrange(5), chance.randint(1, 9)
    if what == 0:
        receipt = receiving.Receipt(
            item=item, quantity=40, place="store", lot_number=chance.choice("AB"), expires_at=EXPIRES_AT
        )
        receiving.receive(session, ledger=ledger, command=command, receipts=[receipt])
    elif what == 1:
        use = using.Use(item=item, quantity=quantity, place=place)
        using.consume(session, ledger=ledger, command=command, use=use)
    elif what == 2:
        lot = receiving.lot_id_of(item, "A", EXPIRES_AT)
        seen = [correcting.Counted(item=item, place=place, quantity=quantity, lot=lot)]
        correcting.count(session, ledger=ledger, command=command, counted=seen)
    else:
        request = handing_out.Request(item=item, quantity=quantity, place="store", to_place=chance.choice(PLACES[1:]))
        handing_out.pick(session, ledger=ledger, command=command, request=request)


def work(database: Database, run: str, thread: int) -> None:
    """Act for ever; whatever was acknowledged is said."""
    chance = random.Random(f"{run}-{thread}")
    for number in count():
        at = NOW + number
        command = Command(id=f"{run}-{thread}-{number}", actor="user-1", occurred_at=at, recorded_at=at)
        try:
            database.writer.run(partial(act, command=command, chance=chance))
        except HospitalTwinError:
            continue  # short: nothing was written
        os.write(1, f"{command.id}\n".encode())


def main() -> None:
    url, folder, run = sys.argv[1:]
    database = open_database(Settings(database_url=url, data_dir=Path(folder), free_disk_floor_mb=0))
    database.create_tables()
    items = [Item(id=ItemId(name), code=name, name=name) for name in ITEMS]
    database.writer.run(lambda session: [save_item(session, item) for item in items])
    os.write(1, b"ready\n")
    for thread in range(THREADS):
        threading.Thread(target=work, args=(database, run, thread)).start()


if __name__ == "__main__":
    main()
