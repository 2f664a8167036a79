"""The whole server on loopback, without pages, for a test that kills it.

The modules are read, and the routes made, once: each line on standard input forks a server from there, whose process
id is written before it says ``ready`` once it answers. What is killed is a whole server with a database, threads and
sockets of its own; only what has no part in what may be lost is not done again each time.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import uvicorn

from server.app.factory import all_routers
from server.app.running import at_work
from server.doors.router import route_of
from server.wiring import open_hospital
from twin.settings import Settings


def main(folder: str, port: str) -> None:
    """Fork a server for each line, one after the other's end."""
    for router in all_routers():
        for door in router.doors:
            route_of(door)
    while sys.stdin.readline():
        child = os.fork()
        if not child:
            serve(Path(folder), int(port))
            os._exit(0)
        os.waitpid(child, 0)  # the port is free again when it is gone


def serve(folder: Path, port: int) -> None:
    """Serve until somebody ends the process."""
    tell(str(os.getpid()))
    hospital = open_hospital(Settings(data_dir=folder, free_disk_floor_mb=0, dispatch_every_s=0, review_every_s=0))
    with at_work(hospital, with_pages=False) as app:
        config = uvicorn.Config(app.asgi, host="127.0.0.1", port=port, log_config=None, access_log=False)
        server = uvicorn.Server(config)

        def wait() -> None:
            while not server.started:
                time.sleep(0.01)
            tell("ready")

        threading.Thread(target=wait, daemon=True).start()
        server.run()


def tell(word: str) -> None:
    """Write a line for the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
