"""Minimum, mean and maximum of good samples per minute and hour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import text
from sqlmodel import Session

from twin.clock import SECOND_US
from twin.telemetry.samples import GOOD, SampleChunk

WIDTHS_S = (60, 3600)

# CASE, since MIN of two values is LEAST in PostgreSQL and MIN in SQLite
_ADD = """INSERT INTO sample_rollups (device, quantity, width_s, start_at, n, minimum, maximum, total)
VALUES (:device, :quantity, :width_s, :start_at, :n, :minimum, :maximum, :total)
ON CONFLICT (device, quantity, width_s, start_at) DO UPDATE SET
n = sample_rollups.n + excluded.n, total = sample_rollups.total + excluded.total,
minimum = CASE WHEN excluded.minimum < sample_rollups.minimum THEN excluded.minimum ELSE sample_rollups.minimum END,
maximum = CASE WHEN excluded.maximum > sample_rollups.maximum THEN excluded.maximum ELSE sample_rollups.maximum END"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollup:
    """What the good samples of a minute or an hour were.

    Parameters
    ----------
    start_at : int
        Begin of the minute or hour, UTC microseconds.
    n : int
        How many good samples.
    minimum, mean, maximum : float
        In the quantity's unit.
    """

    start_at: int
    n: int
    minimum: float
    mean: float
    maximum: float


def add_to_rollups(session: Session, chunk: SampleChunk) -> None:
    """Add the good samples of a chunk to the roll-ups of its minutes and hours.

    Parameters
    ----------
    session : Session
        The session of a use case.
    chunk : SampleChunk
        In order of time, not added before.
    """
    rows = [row for width_s in WIDTHS_S for row in rollup_rows(chunk, width_s)]
    if rows:
        session.execute(text(_ADD), rows)


def rollup_rows(chunk: SampleChunk, width_s: int) -> list[dict[str, object]]:
    """Give n, minimum, maximum and total of a chunk's good samples per span.

    Parameters
    ----------
    chunk : SampleChunk
        In order of time.
    width_s : int
        Length of a span, seconds; spans begin at whole multiples since 1970.
    """
    is_good = (chunk.quality == GOOD) & np.isfinite(chunk.values)
    times, values = chunk.times_us[is_good], chunk.values[is_good]
    if not len(times):
        return []
    spans = times // (width_s * SECOND_US)
    # spans do not fall, so that each begins where the number changes
    firsts = np.flatnonzero(np.diff(spans, prepend=spans[0] - 1))
    counts = np.diff(firsts, append=len(spans))
    return [
        {
            "device": chunk.device,
            "quantity": chunk.quantity,
            "width_s": width_s,
            "start_at": int(spans[first]) * width_s * SECOND_US,
            "n": int(n),
            "minimum": float(low),
            "maximum": float(high),
            "total": float(total),
        }
        for first, n, low, high, total in zip(
            firsts,
            counts,
            np.minimum.reduceat(values, firsts),
            np.maximum.reduceat(values, firsts),
            np.add.reduceat(values, firsts),
            strict=True,
        )
    ]
