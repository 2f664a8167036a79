"""How fast one query says where a lot is and who received it.

Protocol: HOSPITAL_TWIN_TRACED EPCIS events (10^7 by default) of 100,000 lots in the hospital's own tables on SQLite
with their indices; ``trace`` of 20 lots, the median; every answer must hold all events of its lot.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

from interop.service.epcis_queries import trace
from server.wiring import open_hospital
from twin.settings import Settings

TRACED = int(os.environ.get("HOSPITAL_TWIN_TRACED", "10000000"))
LOTS = 100_000


def _fill(path: Path) -> None:
    """Write events and terms as the capture door does, but within SQLite, for ten million would take a day."""
    store = sqlite3.connect(path)
    store.execute("PRAGMA synchronous=OFF")
    store.execute("PRAGMA journal_mode=OFF")
    store.execute("PRAGMA cache_size=-1000000")
    held = store.execute(
        "SELECT sql FROM sqlite_master WHERE type='index' AND name LIKE 'ix_interop_epcis%'"
    ).fetchall()
    for (name,) in store.execute("SELECT name FROM sqlite_master WHERE name LIKE 'ix_interop_epcis%'").fetchall():
        store.execute(f'DROP INDEX "{name}"')
    per_lot = TRACED // LOTS
    lot = "'https://id.gs1.org/01/04012345123456/10/L' || printf('%06d', lots.n)"
    numbers = "WITH RECURSIVE {0}(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM {0} WHERE n + 1 < {1})"
    head = (
        '{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-01-05T08:00:00Z","eventTimeZoneOffset":"+00:00",'
        '"bizStep":"storing","eventID":"urn:uuid:'
    )
    goes = '","quantity":5}],"destinationList":[{"type":"location","destination":"urn:x:ward'
    body = (
        f"'{head}' || (k.n * {LOTS} + lots.n) || '\",\"quantityList\":[{{\"epcClass\":\"' || {lot} || '{goes}'"
        " || (lots.n % 500) || '\"}]}'"
    )
    lots = f", lots(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM lots WHERE n + 1 < {LOTS})"
    both = numbers.format("k", per_lot) + lots
    number = f"(k.n * {LOTS} + lots.n)"
    store.execute(
        f"{both} INSERT INTO interop_epcis_event SELECT {number} + 1, 'urn:uuid:' || {number}, '', 'ObjectEvent',"
        f" {number} * 1000, 1, 'c', 'bench', 0, {body}, '[]' FROM k CROSS JOIN lots"
    )
    for term in ("'bizStep', 'https://ref.gs1.org/cbv/BizStep-storing'", f"'quantityList', {lot}"):
        store.execute(
            f"{both} INSERT INTO interop_epcis_term SELECT {term}, k.n * {LOTS} + lots.n + 1 FROM lots CROSS JOIN k"
        )
    for (sql,) in held:
        store.execute(sql)
    store.execute("ANALYZE")
    store.commit()
    store.close()


def traced(folder: Path) -> None:
    settings = Settings(data_dir=folder, free_disk_floor_mb=0)
    open_hospital(settings, handlers=[]).close()
    _fill(folder / "hospital.db")
    hospital = open_hospital(settings, handlers=[])
    times = []
    for number in range(20):
        begun = time.perf_counter()
        with hospital.read() as session:
            found = trace(session, f"urn:epc:class:lgtin:4012345.012345.L{number * 4999 % LOTS:06d}")
        times.append(time.perf_counter() - begun)
        assert found.events == TRACED // LOTS, found
    hospital.close()
    row = {
        "row": f"where is a lot and who received it, one of {LOTS:,} lots in {TRACED:,} EPCIS events",
        "figure": round(statistics.median(times) * 1e3, 2),
        "unit": "ms",
        "must": "< 1,000 ms",
    }
    sys.stdout.write(json.dumps(row) + "\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        traced(Path(folder))


if __name__ == "__main__":
    main()
