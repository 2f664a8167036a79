"""The whole server on loopback, without pages, for a test that kills it: says ``ready`` once it answers."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import uvicorn

from server.app.running import at_work
from server.wiring import open_hospital
from twin.settings import Settings


def main(folder: str, port: str) -> None:
    """Serve until somebody ends the process."""
    hospital = open_hospital(
        Settings(data_dir=Path(folder), free_disk_floor_mb=0, dispatch_every_s=0, review_every_s=0)
    )
    with at_work(hospital, with_pages=False) as app:
        config = uvicorn.Config(app.asgi, host="127.0.0.1", port=int(port), log_config=None, access_log=False)
        server = uvicorn.Server(config)

        def tell() -> None:
            while not server.started:
                time.sleep(0.01)
            sys.stdout.write("ready\n")
            sys.stdout.flush()

        threading.Thread(target=tell, daemon=True).start()
        server.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
