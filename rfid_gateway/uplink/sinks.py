"""Where the spool's rows go, and what comes back: the core's watermark."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec
import numpy as np

from rfid_gateway.modbus.samples import Sample
from rfid_gateway.spool.store import Row, RowKind, Watermark
from twin.events import registry
from twin.events.envelope import Event
from twin.telemetry.samples import SampleChunk


class SampleSeries(msgspec.Struct, frozen=True):
    """Samples of one quantity of one machine, in the order of time.

    Parameters
    ----------
    device, quantity : str
        Machine and signal.
    times_us : list[int]
        UTC microseconds.
    values : list[float | None]
        Inside unit; None where there is none.
    quality : list[int]
        :class:`rfid_gateway.modbus.samples.Quality` of each.
    source, source_key : str
        Who measured, and the gateway's own key of this series; the same series sent twice is stored once.
    """

    device: str
    quantity: str
    times_us: list[int]
    values: list[float | None]
    quality: list[int]
    source: str = ""
    source_key: str = ""

    def to_chunk(self) -> SampleChunk:
        """Give the series as telemetry keeps it."""
        return SampleChunk(
            device=self.device,
            quantity=self.quantity,
            times_us=np.array(self.times_us, np.int64),
            values=np.array([math.nan if value is None else value for value in self.values], np.float64),
            quality=np.array(self.quality, np.uint8),
            source=self.source,
            source_key=self.source_key,
        )


def series_of(samples: Sequence[Sample], *, source: str = "", key: str = "") -> list[SampleSeries]:
    """Gather samples into one series per machine and quantity.

    Parameters
    ----------
    samples : Sequence[Sample]
        In the order of time for each quantity.
    source : str
        Who measured.
    key : str
        The gateway's key of all of them together; each series gets its own from it.
    """
    found: dict[tuple[str, str], SampleSeries] = {}
    for sample in samples:
        place = (sample.device, sample.quantity)
        series = found.get(place)
        if series is None:
            own = f"{key}:{sample.device}:{sample.quantity}" if key else ""
            series = found[place] = SampleSeries(sample.device, sample.quantity, [], [], [], source, own)
        series.times_us.append(sample.at)
        # NaN is not itself, and JSON has no word for it.
        series.values.append(None if sample.value != sample.value else sample.value)
        series.quality.append(int(sample.quality))
    return list(found.values())


_series_decoder = msgspec.json.Decoder(list[SampleSeries])


def decode_row(row: Row) -> tuple[list[Event], list[SampleSeries]]:
    """Give the events and series of a row; a dropped row has none."""
    if not row.body:
        return [], []
    if row.kind is RowKind.EVENT:
        return [registry.decode(row.body)], []
    return [], _series_decoder.decode(row.body)


class Sink(Protocol):
    """Takes rows to the core."""

    async def send(self, rows: Sequence[Row]) -> Watermark:
        """Send rows of one boot, in order, and give the core's watermark after its commit.

        Raises
        ------
        twin.errors.Unavailable
            If the core cannot be reached or cannot store now; the rows stay in the spool.
        """

    async def close(self) -> None:
        """Give up connections."""


Store = Callable[[Sequence[Event], Sequence[SampleSeries]], Awaitable[None]]
"""Stores events and series in one go and returns after the commit; the same fact twice is stored once."""


class InProcessSink:
    """Hands rows to a core in the same process.

    Parameters
    ----------
    store : Store
        The core's door.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def send(self, rows: Sequence[Row]) -> Watermark:
        """Store the rows and give the last one's key."""
        events: list[Event] = []
        series: list[SampleSeries] = []
        for row in rows:
            more_events, more_series = decode_row(row)
            events += more_events
            series += more_series
        await self._store(events, series)
        return Watermark(rows[-1].boot, rows[-1].seq)

    async def close(self) -> None:
        """Nothing to give up."""
