"""Takes rows from the spool to the sink, batch by batch, for as long as it takes."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from rfid_gateway.drivers.driver import Backoff
from rfid_gateway.spool.store import Spool
from rfid_gateway.uplink.sinks import Sink
from twin.errors import HospitalTwinError

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class UplinkFigures:
    """Counts since the gateway started."""

    sent: int = 0
    failures: int = 0
    last_error: str = ""
    is_connected: bool = False


class Sender:
    """The uplink's loop.

    Parameters
    ----------
    spool : Spool
        Where rows wait.
    sink : Sink
        Where they go.
    backoff : Backoff
        Pauses after a failure.
    batch_rows : int
        Rows per batch.
    """

    def __init__(self, spool: Spool, sink: Sink, backoff: Backoff, batch_rows: int) -> None:
        self.figures = UplinkFigures()
        self._spool = spool
        self._sink = sink
        self._backoff = backoff
        self._batch_rows = batch_rows
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Say that there are new rows."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            # Cleared before looking: rows that come while the batch is under way set it again and are not overslept.
            self._wake.clear()
            if not await self.send_once():
                await self._wake.wait()

    async def send_once(self) -> bool:
        """Send one batch and tell whether there may be more; waits after a failure."""
        try:
            rows = await asyncio.to_thread(self._spool.peek, self._batch_rows)
            if not rows:
                return False
            watermark = await self._sink.send(rows)
            # If they cannot be freed, as on a full disk, they are sent once more: the core knows their keys.
            freed = await asyncio.to_thread(self._spool.free, watermark)
        except HospitalTwinError as error:
            self.figures.failures += 1
            self.figures.is_connected = False
            self.figures.last_error = error.code
            _LOG.warning("Uplink: %s", error.message)
            await self._backoff.pause()
            return True
        except Exception:  # the uplink must not die: whatever the sink met, the rows are still here
            self.figures.failures += 1
            self.figures.is_connected = False
            self.figures.last_error = "uplink.unexpected"
            _LOG.exception("Uplink: unexpected failure, will try again")
            await self._backoff.pause()
            return True
        self.figures.sent += freed
        self.figures.is_connected = True
        self._backoff.reset()
        return True
