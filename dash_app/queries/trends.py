"""How the overview's figures went over the last day, from the samples that the hospital takes of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlmodel import Session

from dash_app.queries.overview import Tile
from twin.clock import HOUR_US
from twin.telemetry.samples import GOOD, SampleChunk
from twin.telemetry.telemetry import Telemetry

HOUSE = "house"
"""Device under which the hospital's own figures are kept."""
SPAN_US = 24 * HOUR_US
_SOURCE = "twin:overview"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One figure over the last day.

    Parameters
    ----------
    points : tuple[tuple[int, float], ...]
        Instant, UTC microseconds, and value; at least two.
    """

    points: tuple[tuple[int, float], ...]

    @property
    def lowest(self) -> int:
        """Lowest value."""
        return int(min(value for _at, value in self.points))

    @property
    def highest(self) -> int:
        """Highest value."""
        return int(max(value for _at, value in self.points))


def quantity_of(key: str) -> str:
    """Give the name under which a tile's figure is kept; a figure of the overview is a count."""
    return f"overview_{key}_count"


def samples_of(tiles: Iterable[Tile], now: int) -> list[SampleChunk]:
    """Give the present figures of the overview as samples to keep.

    Parameters
    ----------
    tiles : Iterable[Tile]
        As :func:`dash_app.queries.overview.tiles` gives them.
    now : int
        UTC microseconds.
    """
    return [
        SampleChunk(
            device=HOUSE,
            quantity=quantity_of(tile.key),
            times_us=np.array([now], np.int64),
            values=np.array([tile.value], np.float64),
            quality=np.array([GOOD], np.uint8),
            source=_SOURCE,
            source_key=f"{tile.key}/{now}",
        )
        for tile in tiles
    ]


def past_samples(figures: Mapping[str, Sequence[tuple[int, int]]]) -> list[SampleChunk]:
    """Give figures of past instants as samples to keep.

    Parameters
    ----------
    figures : Mapping[str, Sequence[tuple[int, int]]]
        As :func:`dash_app.queries.past_figures.past_figures` gives them; at most a day long.
    """
    return [
        SampleChunk(
            device=HOUSE,
            quantity=quantity_of(key),
            times_us=np.array([at for at, _count in points], np.int64),
            values=np.array([count for _at, count in points], np.float64),
            quality=np.full(len(points), GOOD, np.uint8),
            source=_SOURCE,
            source_key=f"{key}/{points[0][0]}-{points[-1][0]}",
        )
        for key, points in figures.items()
        if points
    ]


def trends(session: Session, store: Telemetry, shown: Sequence[Tile], now: int) -> Mapping[str, Trend]:
    """Give the last day of each tile's figure by its key, up to now; none for a figure that was not sampled yet.

    Parameters
    ----------
    session : Session
        Any session.
    store : Telemetry
        Where the samples are.
    shown : Sequence[Tile]
        Tiles with their present values, which end the line.
    now : int
        UTC microseconds.
    """
    found: dict[str, Trend] = {}
    for tile in shown:
        held = store.read(session, HOUSE, quantity_of(tile.key), now - SPAN_US, now)
        points = tuple(zip(held.times_us.tolist(), held.values.tolist(), strict=True))
        if points:
            found[tile.key] = Trend(points=(*points, (now, float(tile.value))))
    return found
