"""A hospital in a process of its own that can be killed: prints its port, listens until then."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from server.listening import mllp_server
from server.wiring import open_hospital
from twin.settings import Settings


async def listen(folder: Path) -> None:
    hospital = open_hospital(Settings(data_dir=folder, free_disk_floor_mb=0), handlers=[])
    async with mllp_server(hospital) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(listen(Path(sys.argv[1])))
