"""Where the spool's rows go, and what comes back: the core's watermark."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from rfid_gateway.modbus.samples import Sample
from rfid_gateway.spool.store import Row, RowKind, Watermark
from twin.events import registry
from twin.events.envelope import Event


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
    """

    device: str
    quantity: str
    times_us: list[int]
    values: list[float | None]
    quality: list[int]


def series_of(samples: Sequence[Sample]) -> list[SampleSeries]:
    """Gather samples into one series per machine and quantity."""
    found: dict[tuple[str, str], SampleSeries] = {}
    for sample in samples:
        key = (sample.device, sample.quantity)
        series = found.setdefault(key, SampleSeries(sample.device, sample.quantity, [], [], []))
        series.times_us.append(sample.at)
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
