"""How many events a second come in over HTTP, durable and each fact once, beside the naive app on the same database.

Protocol: as in ``benchmarks.http``, with the twin whole (sign-in by key, permissions, access log, organs' handlers,
live state, history); 4 clients, each waiting for its answer before it sends the next batch of 500 events; an answer
means that COMMIT has returned with synchronous=FULL (SQLite) or synchronous_commit=on (PostgreSQL). The twin looks for
facts that it knows already, by source and the source's own key; the naive app has a unique index on its uid. Three
spells of three seconds, twin and peer in turn; medians. Batches are made before the spell and answers are not decoded,
so that the load takes little of the two cores from who answers: the row says what share of one it was. PostgreSQL is
set as ``benchmarks.cluster`` says, for twin and peer alike.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.cluster import cluster
from benchmarks.http import both_servers, measured

SIZE, CLIENTS, ROUNDS = 500, 4, 3


def compare(name: str, url: str, must: int) -> None:
    """Measure on one kind of database.

    Parameters
    ----------
    name : str
        What it is called.
    url : str
        Where it is; empty for SQLite files.
    must : int
        Events a second that must be reached.
    """
    with tempfile.TemporaryDirectory() as folder, both_servers(Path(folder), url) as (twin, naive):
        key = (Path(folder) / "keys").read_text().split()[0]
        figures: dict[str, list[float]] = {"twin": [], "naive": []}
        shares: list[float] = []
        for number in range(ROUNDS):
            for kind, port in (("naive", naive), ("twin", twin)):
                told = {"name": "batch", "kind": kind, "port": port, "clients": CLIENTS, "number": number, "key": key}
                found = measured({**told, "size": SIZE})
                figures[kind].append(SIZE * found.rate)
                if kind == "twin":
                    shares.append(found.client_share)
    ours, theirs = statistics.median(figures["twin"]), statistics.median(figures["naive"])
    row = {
        "row": f"durable ingestion over HTTP, batches of {SIZE}, {CLIENTS} clients, {name}",
        "figure": round(ours),
        "unit": "events/s",
        "peer": "naive FastAPI + SQLModel",
        "peer_figure": round(theirs),
        "ratio": round(ours / theirs, 2),
        "must": f">= {must:,}",
        "client_share_of_a_core": round(statistics.median(shares), 2),
    }
    sys.stdout.write(json.dumps(row) + "\n")


def main() -> None:
    """Measure on both kinds of database, or on those named."""
    wanted = sys.argv[1:] or ["SQLite", "PostgreSQL"]
    if "SQLite" in wanted:
        compare("SQLite", "", 80_000)
    if "PostgreSQL" in wanted:
        with cluster() as url:
            compare("PostgreSQL", url, 50_000)


if __name__ == "__main__":
    main()
