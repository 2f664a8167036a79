"""Figures of a machine's cycle in which wear shows: how fast it heats, how deep its vacuum goes, how sensors agree."""

from __future__ import annotations

import math

import numpy as np

from assets.model.cycle import CycleTrace, FloatArray, Judgement
from assets.model.drift import Feature
from assets.model.programme import Programme
from twin.clock import SECOND_US

RISE_SHARE = (0.1, 0.9)  # of the way up; the ends of a rise are rounded by the controller, not by the steam supply


def cycle_features(trace: CycleTrace, programme: Programme, judgement: Judgement) -> dict[Feature, float]:
    """Give the figures of a cycle that its samples allow; what they do not is left out, never guessed.

    Parameters
    ----------
    trace : CycleTrace
        Samples of the whole cycle.
    programme : Programme
        Its band.
    judgement : Judgement
        What the evidence said of it.
    """
    found: dict[Feature, float] = {}
    if len(trace.times_us) < 2:
        return found
    seconds = (trace.times_us - trace.times_us[0]) / SECOND_US
    found[Feature.CYCLE_S] = float(seconds[-1])
    if trace.control_c is not None:
        found |= _heating(seconds, trace.control_c, programme)
        if trace.record_c is not None and judgement.hold_s > 0:
            held = trace.times_us >= judgement.hold_start_us
            held &= trace.times_us <= judgement.hold_start_us + judgement.hold_s * SECOND_US
            differences = np.abs(trace.control_c[held] - trace.record_c[held])
            if np.isfinite(differences).any():
                found[Feature.RECORD_DIFFERENCE_K] = float(np.nanmean(differences))
    if judgement.hold_s > 0:
        found[Feature.HOLD_S] = judgement.hold_s
    if trace.pressure_kpa is not None and np.isfinite(trace.pressure_kpa).any():
        found[Feature.DEEPEST_VACUUM_KPA] = float(np.nanmin(trace.pressure_kpa))
    if judgement.air_share is not None:
        found[Feature.AIR_SHARE] = judgement.air_share
    return {feature: value for feature, value in found.items() if math.isfinite(value)}


def _heating(seconds: FloatArray, control: FloatArray, programme: Programme) -> dict[Feature, float]:
    good = np.isfinite(control)
    if not good.any():
        return {}
    found = {Feature.HIGHEST_C: float(np.max(control[good]))}
    reached = np.flatnonzero(good & (control >= programme.band_low_c))
    if len(reached) == 0:
        return found  # it never got hot: an aborted cycle says nothing of how fast a healthy one heats
    top = int(reached[0])
    found[Feature.HEAT_UP_S] = float(seconds[top])
    before = np.where(good[: top + 1], control[: top + 1], np.inf)
    # From the last coldest sample on: pulses of the vacuum stage cool the chamber again and again.
    bottom = int(len(before) - 1 - np.argmin(before[::-1]))
    low_c = float(control[bottom])
    span = programme.band_low_c - low_c
    if span > 0:
        last_below = [_last_below(control[bottom : top + 1], low_c + share * span) for share in RISE_SHARE]
        minutes = (seconds[bottom + last_below[1]] - seconds[bottom + last_below[0]]) / 60.0
        if minutes > 0:
            rise = float(control[bottom + last_below[1]] - control[bottom + last_below[0]])
            found[Feature.RISE_K_PER_MIN] = rise / float(minutes)
    return found


def _last_below(values: FloatArray, level: float) -> int:
    """Give the index of the last sample at or below a level: after it the rise has passed the level for good."""
    below = np.flatnonzero(values <= level)
    return int(below[-1]) if len(below) else 0
