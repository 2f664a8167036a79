"""Raw samples of machines: chunks in from gateways, samples and roll-ups out."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec
import numpy as np
from fastapi import Query
from sqlmodel import Session

from server.doors.context import CallDep
from server.doors.pages import PathText
from server.doors.router import Router
from server.http.history import Instant, parse_instant
from server.http.views import instant
from twin.access import Permission
from twin.clock import DAY_US
from twin.errors import FieldError, FieldProblem, Forbidden
from twin.telemetry.samples import SampleChunk

router = Router("/v1/telemetry", tag="telemetry")

SAMPLES_PER_CHUNK = 20_000
CHUNKS_PER_REQUEST = 200
AHEAD_US = DAY_US
HOURLY_DAYS = 400
MINUTELY_DAYS = 60  # 86,400 minutes: telemetry gives up to 100,000 roll-ups at a time

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Instants = Annotated[list[int], msgspec.Meta(min_length=1, max_length=SAMPLES_PER_CHUNK)]
Values = Annotated[list[float | None], msgspec.Meta(min_length=1, max_length=SAMPLES_PER_CHUNK)]
Quality = Annotated[int, msgspec.Meta(ge=0, le=255)]


class Chunk(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Samples of one quantity of one device in order of time, UTC microseconds; null where there is no value."""

    device: Code
    quantity: Code
    source: Code
    source_key: Code
    times_us: Instants
    values: Values
    quality: Annotated[list[Quality], msgspec.Meta(max_length=SAMPLES_PER_CHUNK)] = []


class Chunks(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Chunks to keep together: all or none."""

    chunks: Annotated[list[Chunk], msgspec.Meta(min_length=1, max_length=CHUNKS_PER_REQUEST)]


class ChunksStored(msgspec.Struct, frozen=True, kw_only=True):
    """Sequence number of each chunk, in order."""

    sequences: list[int]


class SamplesShown(msgspec.Struct, frozen=True, kw_only=True):
    """Samples of a quantity of a device."""

    device: str
    quantity: str
    times_us: list[int]
    values: list[float | None]
    quality: list[int]


class RollupShown(msgspec.Struct, frozen=True, kw_only=True):
    """Good samples of a minute or an hour."""

    start: str
    n: int
    minimum: float
    mean: float
    maximum: float


class Rollups(msgspec.Struct, frozen=True, kw_only=True):
    """Roll-ups in order of time."""

    rollups: list[RollupShown]


def _bad(index: int, field: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place=f"/chunks/{index}/{field}", message=message, cure=cure))


def chunk_of(told: Chunk, index: int, *, latest: int) -> SampleChunk:
    """Give a chunk as telemetry keeps it.

    Parameters
    ----------
    told : Chunk
        As sent.
    index : int
        Where it stands in what was sent.
    latest : int
        Latest instant that is believed, UTC microseconds.

    Raises
    ------
    FieldError
        If lengths differ or an instant is out of range.
    """
    count = len(told.times_us)
    quality = told.quality or [0] * count
    if len(told.values) != count or len(quality) != count:
        raise _bad(index, "values", f"Expected {count} values and qualities, as many as times.", "Send equal lengths.")
    if not 0 < min(told.times_us) <= max(told.times_us) <= latest:
        raise _bad(index, "times_us", f"Expected instants from 1 to {latest} (a day ahead).", "Set the sender's clock.")
    values = np.array([math.nan if value is None else value for value in told.values], np.float64)
    return SampleChunk(
        device=told.device,
        quantity=told.quantity,
        times_us=np.array(told.times_us, np.int64),
        values=values,
        quality=np.array(quality, np.uint8),
        source=told.source,
        source_key=told.source_key,
    )


@router.post("", permission=Permission.TELEMETRY_WRITE, takes=Chunks, gives=ChunksStored)
async def store_chunks(call: CallDep) -> ChunksStored:
    """Keep chunks of samples, all or none; the same (source, source_key) again changes nothing."""
    told = call.read(Chunks)
    source = call.actor.source
    if source and any(chunk.source != source for chunk in told.chunks):
        error = Forbidden(Permission.TELEMETRY_WRITE)
        error.message, error.code = f"This key writes for {source!r} only.", "forbidden.source"
        raise error
    chunks = [chunk_of(chunk, index, latest=call.now + AHEAD_US) for index, chunk in enumerate(told.chunks)]
    telemetry = call.hospital.telemetry

    def use_case(session: Session) -> list[int]:
        return [telemetry.store(session, chunk) for chunk in chunks]

    sequences = await call.hospital.write(use_case)
    # after COMMIT: who is woken must find the samples
    telemetry.wake()
    return ChunksStored(sequences=sequences)


@router.get("/{device}/{quantity}", permission=Permission.TELEMETRY_READ, gives=SamplesShown)
def get_samples(call: CallDep, device: PathText, quantity: PathText, start: Instant, end: Instant) -> SamplesShown:
    """Give raw samples within a window of at most a day."""
    first, last = parse_instant(start, "start"), parse_instant(end, "end")
    if not first < last <= first + DAY_US:
        problem = FieldProblem(
            field="end", place="/query/end", message="Expected a window above 0 and up to a day.", cure="Ask for less."
        )
        raise FieldError(problem)
    with call.hospital.read() as session:
        found = call.hospital.telemetry.read(session, device, quantity, first, last)
    values = [None if math.isnan(value) else value for value in found.values.tolist()]
    return SamplesShown(
        device=device,
        quantity=quantity,
        times_us=found.times_us.tolist(),
        values=values,
        quality=found.quality.tolist(),
    )


@router.get("/{device}/{quantity}/rollups", permission=Permission.TELEMETRY_READ, gives=Rollups)
def get_rollups(
    call: CallDep,
    device: PathText,
    quantity: PathText,
    start: Instant,
    end: Instant,
    hourly: Annotated[bool, Query(description="Hours instead of minutes.")] = False,
) -> Rollups:
    """Give minimum, mean and maximum per minute within a window of at most 60 days, or per hour within 400 days."""
    first, last = parse_instant(start, "start"), parse_instant(end, "end")
    days = HOURLY_DAYS if hourly else MINUTELY_DAYS
    if not first < last <= first + days * DAY_US:
        message = f"Expected a window above 0 and of up to {days} days."
        raise FieldError(
            FieldProblem(field="end", place="/query/end", message=message, cure="Ask for less, or hourly.")
        )
    width_s = 3600 if hourly else 60
    with call.hospital.read() as session:
        found = call.hospital.telemetry.rollups(session, device, quantity, (first, last), width_s=width_s)
    rows = [
        RollupShown(start=instant(one.start_at), n=one.n, minimum=one.minimum, mean=one.mean, maximum=one.maximum)
        for one in found
    ]
    return Rollups(rollups=rows)
