"""Which samples of a cycle may be believed: repeated ones, a clock that was set, a machine that no longer answers."""

from __future__ import annotations

import numpy as np

from assets.model.cycle import BoolArray, CycleTrace, FloatArray, IntArray, Reason
from assets.model.programme import Evidence, Programme
from twin.clock import SECOND_US
from twin.events.supply import Verdict

GAP_FACTOR = 2.0
"""A gap is longer than this many nominal sample intervals."""

_EITHER_SIDE = 5  # samples from which the slope beside a gap is taken; five keep 0.1 K of noise below 0.03 K/s
_EXPECTED_K = 5.0  # K that the temperature would have moved in a gap of the clock's length, to tell it from a set clock
_CONTINUED_K = 1.0  # K within which it went on as if no time had passed
_FROZEN_SAMPLES = 5  # as many identical readings of all channels in a row do not happen among readings that all differ


def gap_limit_us(programme: Programme) -> float:
    """Give the time between two samples above which something was not seen, µs."""
    return GAP_FACTOR * programme.sample_interval_s * SECOND_US


def trusted(trace: CycleTrace, programme: Programme) -> tuple[CycleTrace, tuple[Reason, ...]]:
    """Leave out samples that say nothing, and say what is wrong with their instants.

    Parameters
    ----------
    trace : CycleTrace
        As the samples came.
    programme : Programme
        Its sampling interval and required evidence.

    Returns
    -------
    tuple[CycleTrace, tuple[Reason, ...]]
        Samples with ascending instants and finite temperatures; ``clock_step`` if the clock was set in between,
        ``samples_frozen`` if the readings stood still among readings that never do.

    Notes
    -----
    A sample that came twice, value by value, is one sample: an at-least-once delivery is no set clock. Of a heartbeat
    that stands still only the first sample counts, so that a standstill becomes a gap; this holds whether or not the
    programme requires the heartbeat, since a stale reading is no evidence in either case.
    """
    trace = _kept(trace, ~_repeated(trace))
    times = trace.times_us
    keep = np.ones(len(times), dtype=np.bool_)
    is_set = False
    if len(times) > 1:
        ahead = np.concatenate(([True], times[1:] > np.maximum.accumulate(times)[:-1]))
        is_set = not bool(ahead.all())
        keep &= ahead
    for channel in (trace.control_c, trace.record_c):
        if channel is not None and (np.isfinite(channel).any() or channel is trace.control_c):
            keep &= np.isfinite(channel)
    limit_us = gap_limit_us(programme)
    heartbeat = trace.heartbeat
    if heartbeat is not None and np.isfinite(heartbeat).any():
        if Evidence.HEARTBEAT in programme.required:
            keep &= np.isfinite(heartbeat)
        keep &= _is_fresh(times, heartbeat, limit_us)
    clean = _kept(trace, keep)
    codes = []
    if is_set or _was_set_forward(clean, limit_us):
        codes.append("clock_step")
    if _stood_still(clean, programme):
        codes.append("samples_frozen")
    return clean, tuple(Reason(code=code, verdict=Verdict.UNDETERMINED) for code in codes)


def _kept(trace: CycleTrace, keep: BoolArray) -> CycleTrace:
    if bool(keep.all()):
        return trace
    channels = {name: channel[keep] for name, channel in trace.channels().items()}
    return CycleTrace(times_us=trace.times_us[keep], **channels)


def _repeated(trace: CycleTrace) -> BoolArray:
    """Tell which samples are the same as the one before in instant and every value."""
    same = np.zeros(len(trace.times_us), dtype=np.bool_)
    if len(same) < 2:
        return same
    same[1:] = trace.times_us[1:] == trace.times_us[:-1]
    for channel in trace.channels().values():
        a, b = channel[1:], channel[:-1]
        same[1:] &= (a == b) | (np.isnan(a) & np.isnan(b))
    return same


def _is_fresh(times: IntArray, heartbeat: FloatArray, limit_us: float) -> BoolArray:
    """Tell which samples came while the machine still counted on.

    Of a standstill longer than a gap only its first sample is fresh, so that the standstill becomes a gap.
    """
    if len(times) == 0:
        return np.zeros(0, dtype=np.bool_)
    changed = np.concatenate(([True], heartbeat[1:] != heartbeat[:-1]))
    starts = np.flatnonzero(changed)
    ends = np.concatenate((times[starts[1:]], times[-1:]))
    is_long = (ends - times[starts]) > limit_us
    fresh: BoolArray = changed | ~is_long[np.cumsum(changed) - 1]
    return fresh


def _was_set_forward(trace: CycleTrace, limit_us: float) -> bool:
    """Tell whether a jump in time was the clock's alone.

    A gap in which the heartbeat, or a temperature on a slope, went on as over one ordinary interval is none: nothing
    was missed, only the clock was set. In the plateau both are undetermined anyhow; outside it a gap does no harm, but
    a clock that is set cannot time the hold either.
    """
    steps = np.diff(trace.times_us)
    jumps = np.flatnonzero(steps > limit_us)
    if len(jumps) == 0:
        return False
    usual_us = float(np.median(steps))
    counted = _counted_on(trace, steps, jumps)
    temperature = trace.control_c if trace.control_c is not None else trace.record_c
    for jump in jumps:
        if counted is not None and counted[int(jump)] is not None:
            if counted[int(jump)]:
                return True
        elif temperature is not None and _went_on(temperature, trace.times_us, int(jump), usual_us):
            return True
    return False


def _counted_on(trace: CycleTrace, steps: IntArray, jumps: IntArray) -> dict[int, bool | None] | None:
    """Say for each jump whether the heartbeat counted less than half of what the clock claims; None where unknown."""
    if trace.heartbeat is None:
        return None
    counts = np.diff(trace.heartbeat)
    steady = np.isfinite(counts) & (counts > 0)
    steady[jumps] = False
    if int(steady.sum()) < _EITHER_SIDE:
        return None
    per_us = float(np.median(counts[steady] / steps[steady]))
    found: dict[int, bool | None] = {}
    for jump in jumps:
        count = float(counts[jump])
        # A counter that fell has wrapped round or was reset: then the temperature must tell.
        known = np.isfinite(count) and count > 0
        found[int(jump)] = bool(count < 0.5 * per_us * float(steps[jump])) if known else None
    return found


def _went_on(temperature: FloatArray, times: IntArray, jump: int, usual_us: float) -> bool:
    first, last = jump - _EITHER_SIDE, jump + 1 + _EITHER_SIDE
    if first < 0 or last >= len(times):
        return False
    before = float(temperature[jump] - temperature[first]) / float(times[jump] - times[first])
    after = float(temperature[last] - temperature[jump + 1]) / float(times[last] - times[jump + 1])
    slope = (before + after) / 2.0
    if before * after <= 0.0 or abs(slope) * float(times[jump + 1] - times[jump]) < _EXPECTED_K:
        return False
    return abs(float(temperature[jump + 1] - temperature[jump]) - slope * usual_us) < _CONTINUED_K


def _stood_still(trace: CycleTrace, programme: Programme) -> bool:
    """Tell whether all readings stood still for a while near the plateau although they differ everywhere else in it.

    Readings of a coarse sensor repeat often, and then nothing is said; only among readings of which nearly every one
    differs from the one before is a row of equal ones a frozen value.
    """
    temperature = trace.control_c if trace.control_c is not None else trace.record_c
    if temperature is None or len(temperature) < 2 * _FROZEN_SAMPLES:
        return False
    same = np.ones(len(temperature) - 1, dtype=np.bool_)
    for channel in (trace.control_c, trace.record_c, trace.pressure_kpa):
        if channel is not None and np.isfinite(channel).any():
            same &= channel[1:] == channel[:-1]
    same = same[temperature[1:] >= programme.band_low_c]
    if len(same) < 2 * _FROZEN_SAMPLES:
        return False
    edges = np.flatnonzero(np.diff(np.concatenate(([0], same.astype(np.int8), [0]))))
    longest = int(np.max(edges[1::2] - edges[::2], initial=0))
    others = int(same.sum()) - longest
    return longest >= _FROZEN_SAMPLES and others <= 0.05 * (len(same) - longest) and longest < len(same) // 2
