"""Where cycles begin and end in a machine's samples.

The rule is a fold: state and samples in, state and boundaries out, so that any split of the same samples into chunks
gives the same cycles, and a repeated chunk gives nothing. A gap does not end a cycle, since the reading side may have
been restarted: only an idle machine, another cycle number, or a silence longer than any cycle does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from assets.model.machine import DetectedEnd, DetectedStart, DetectionState, OpenCycle
from twin.clock import HOUR_US, SECOND_US

CONFIRM_US = SECOND_US
"""An idle machine ends the cycle when it is still idle this long after: one bad poll does not cut a cycle in two."""

LONGEST_CYCLE_US = 20 * HOUR_US
"""A silence longer than any programme (ethylene oxide with aeration) ends a cycle even under the same number."""


@dataclass(frozen=True, slots=True)
class DetectionSample:
    """What one poll says about whether the machine runs.

    Parameters
    ----------
    at_us : int
        Instant, UTC microseconds.
    is_running : bool
        Whether a cycle runs.
    number, programme : int
        Cycle number, -1 if unknown; programme code, 0 if unknown.
    """

    at_us: int
    is_running: bool
    number: int = -1
    programme: int = 0


Boundary = DetectedStart | DetectedEnd


def detect(state: DetectionState, samples: Iterable[DetectionSample]) -> tuple[DetectionState, list[Boundary]]:
    """Go on with the detection of one machine's cycles.

    Parameters
    ----------
    state : DetectionState
        What the samples before led to.
    samples : Iterable[DetectionSample]
        Further samples in ascending order; those not later than the watermark are passed over.

    Returns
    -------
    tuple[DetectionState, list[Boundary]]
        The state to go on with, and the boundaries found, in order.
    """
    found: list[Boundary] = []
    current, watermark = state.open, state.watermark_us
    for sample in samples:
        if sample.at_us <= watermark:
            continue
        watermark = sample.at_us
        current = _step(current, sample, found)
    return DetectionState(watermark_us=watermark, open=current), found


def _step(current: OpenCycle | None, sample: DetectionSample, found: list[Boundary]) -> OpenCycle | None:
    if current is not None and _is_over(current, sample):
        found.append(_end(current))
        current = None
    if not sample.is_running:
        # Only the first idle sample is kept: there the cycle has ended, unless another running one follows.
        return current if current is None or current.idle_us else replace(current, idle_us=sample.at_us)
    if current is None:
        found.append(DetectedStart(start_us=sample.at_us, number=sample.number, programme=sample.programme))
        return OpenCycle(start_us=sample.at_us, last_us=sample.at_us, number=sample.number, programme=sample.programme)
    return replace(
        current,
        last_us=sample.at_us,
        idle_us=0,
        # The channel of the number may come in a later chunk than that of the phase.
        number=current.number if current.number >= 0 else sample.number,
        programme=current.programme or sample.programme,
    )


def _is_over(current: OpenCycle, sample: DetectionSample) -> bool:
    if sample.at_us - current.last_us > LONGEST_CYCLE_US:
        return True
    # Two loads back to back: no poll has caught the machine idle between them.
    if sample.number >= 0 and current.number >= 0 and sample.number != current.number:
        return True
    return bool(current.idle_us) and not sample.is_running and sample.at_us - current.idle_us >= CONFIRM_US


def _end(current: OpenCycle) -> DetectedEnd:
    # The end is exclusive: without an idle sample the last running one still belongs to the cycle.
    end_us = current.idle_us or current.last_us + 1
    return DetectedEnd(start_us=current.start_us, end_us=end_us, number=current.number, programme=current.programme)
