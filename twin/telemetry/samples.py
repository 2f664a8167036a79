"""A chunk of samples of one machine's quantity, and how it is packed.

Packed form, version 1: one byte version, then zlib (level 1) of the concatenation of

1. times: int64 little-endian, first the first instant, then the differences;
2. values: float64 little-endian, with the eight bytes of all values grouped by significance, which packs better;
3. quality: one byte per sample.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from twin.errors import DecodeError, FieldError, FieldProblem

GOOD = 0  # quality of a sample that may be used; any other number says why it may not

_VERSION = 1
_BYTES_PER_SAMPLE = 17

Instants = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]
Qualities = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SampleChunk:
    """Samples of one quantity of one device, in order of time.

    Parameters
    ----------
    device : str
        Id of the device.
    quantity : str
        What was measured, with its unit: ``chamber_temperature_c``.
    times_us : ndarray
        Instants, UTC microseconds, not falling; shape (n,), int64.
    values : ndarray
        In the unit that the quantity names; shape (n,), float64; NaN where there is none.
    quality : ndarray
        0 is good; shape (n,), uint8.
    source : str
        Who measured: ``gateway:cssd-1``.
    source_key : str
        The source's own key of this chunk; (source, source_key) is stored once.
    """

    device: str
    quantity: str
    times_us: Instants
    values: Values
    quality: Qualities
    source: str = ""
    source_key: str = ""

    def __post_init__(self) -> None:
        n = len(self.times_us)
        if len(self.values) != n or len(self.quality) != n:
            message = f"Expected as many values and qualities as times ({n}), got {len(self.values)}, "
            raise _problem(self, "values", message + f"{len(self.quality)}.", "Send three lists of one length.")
        if n and bool(np.any(np.diff(self.times_us) < 0)):
            raise _problem(self, "times_us", "Expected instants that do not fall.", "Sort the samples by time.")

    def __len__(self) -> int:
        """Give how many samples it holds."""
        return len(self.times_us)

    def between(self, start: int, end: int) -> SampleChunk:
        """Give the samples from an instant up to, not including, another.

        Parameters
        ----------
        start, end : int
            UTC microseconds.
        """
        first, last = np.searchsorted(self.times_us, [start, end])
        return SampleChunk(
            device=self.device,
            quantity=self.quantity,
            times_us=self.times_us[first:last],
            values=self.values[first:last],
            quality=self.quality[first:last],
            source=self.source,
            source_key=self.source_key,
        )


def pack(chunk: SampleChunk) -> bytes:
    """Give the samples of a chunk as bytes.

    Parameters
    ----------
    chunk : SampleChunk
        At least one sample.
    """
    times = np.diff(chunk.times_us.astype("<i8"), prepend=np.int64(0))
    values = chunk.values.astype("<f8").view(np.uint8).reshape(-1, 8).T
    body = times.tobytes() + values.tobytes() + chunk.quality.astype(np.uint8).tobytes()
    return bytes([_VERSION]) + zlib.compress(body, 1)


def unpack(packed: bytes) -> tuple[Instants, Values, Qualities]:
    """Give times, values and qualities that :func:`pack` wrote.

    Parameters
    ----------
    packed : bytes
        As stored.

    Raises
    ------
    DecodeError
        If the bytes are damaged or of a later release.
    """
    if not packed or packed[0] != _VERSION:
        raise DecodeError(f"Samples: expected packed form {_VERSION}, got {packed[:1].hex() or 'nothing'}.", offset=0)
    try:
        body = zlib.decompress(packed[1:])
    except zlib.error as error:
        raise DecodeError(f"Samples: {error}.", code="telemetry.packed") from error
    n, rest = divmod(len(body), _BYTES_PER_SAMPLE)
    if rest:
        raise DecodeError(f"Samples: {len(body)} bytes are no whole number of samples.", code="telemetry.packed")
    times = np.cumsum(np.frombuffer(body, "<i8", n), dtype=np.int64)
    shuffled = np.frombuffer(body, np.uint8, 8 * n, offset=8 * n).reshape(8, n)
    values = np.ascontiguousarray(shuffled.T).view("<f8").reshape(n).astype(np.float64)
    quality = np.frombuffer(body, np.uint8, n, offset=16 * n).copy()
    return times, values, quality


def _problem(chunk: SampleChunk, field: str, message: str, cure: str) -> FieldError:
    place = f"{chunk.device}/{chunk.quantity}"
    return FieldError(FieldProblem(field=field, place=place, message=message, cure=cure), code=f"telemetry.{field}")
