"""Cycles of sterilizers made up for tests and benchmarks: clean ones, and mutated ones of which none may pass."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from assets.model.cycle import CycleTrace
from assets.model.programme import TEMPERATURE_AND_PRESSURE, Evidence, Programme
from assets.rules.steam import ATMOSPHERE_KPA, saturation_pressure_kpa
from twin.clock import SECOND_US

BANDS = [(134.0, 180.0), (121.0, 900.0), (126.0, 600.0), (132.0, 240.0), (115.0, 1800.0)]


def programme(low: float = 134.0, hold: float = 180.0, **limits: Any) -> Programme:
    return Programme(id=f"{low:g}", band_low_c=low, band_high_c=low + 3.0, required_hold_s=hold, **limits)


def clean_cycle(
    low: float = 134.0,
    hold: float = 180.0,
    *,
    seed: int | None = None,
    extra_s: float = 10.0,
    above: float = 0.5,
    air: float = 0.0,
) -> CycleTrace:
    """A pulsed cycle with an exact plateau; noise of 0.1 K and 0.5 kPa when a seed is given."""
    plateau = hold + extra_s
    points = [(0, 60), (60, 100), (120, 70), (180, 105), (240, 72), (300, 106), (420, low + above)]
    points += [(420 + plateau, low + above), (480 + plateau, 105), (660 + plateau, 80)]
    at = np.arange(0.0, 661.0 + plateau)
    temperature = np.interp(at, [p[0] for p in points], [p[1] for p in points])
    pressure = np.array([saturation_pressure_kpa(t) for t in temperature]) / (1.0 - air)
    noise = np.random.default_rng(seed)
    scale = 0.0 if seed is None else 1.0
    n = len(at)
    return CycleTrace(
        times_us=(at * 1e6).astype(np.int64),
        control_c=temperature + scale * noise.normal(0, 0.1, n),
        record_c=temperature + scale * noise.normal(0, 0.1, n),
        pressure_kpa=pressure + scale * noise.normal(0, 0.5, n),
        phase=np.select([at < 420, at < 420 + plateau], [1.0, 2.0], 3.0),
        door=np.ones(n),
        alarm=np.zeros(n),
        cycle_number=np.full(n, 4711.0),
        heartbeat=np.arange(n, dtype=np.float64) % 65536,
    )


def without(trace: CycleTrace, drop: np.ndarray) -> CycleTrace:
    kept = {name: channel[~drop] for name, channel in trace.channels().items()}
    return CycleTrace(times_us=trace.times_us[~drop], **kept)


def stepped(trace: CycleTrace, index: int, seconds: float) -> CycleTrace:
    """The same samples with a clock that is set on at one of them."""
    later = np.arange(len(trace.times_us)) >= index
    return dataclasses.replace(trace, times_us=trace.times_us + np.where(later, int(seconds * 1e6), 0))


MUTATIONS = (
    "short_hold",
    "dip",
    "over_band",
    "air",
    "drift",
    "gap",
    "frozen_heartbeat",
    "gauge",
    "clock_back",
    "clock_forward",
)


def mutate(kind: str, rng: np.random.Generator) -> tuple[CycleTrace, Programme]:
    low, hold = BANDS[int(rng.integers(len(BANDS)))]
    seed = int(rng.integers(1 << 30))
    judged = programme(low, hold, required=TEMPERATURE_AND_PRESSURE | {Evidence.HEARTBEAT, Evidence.RECORD_TEMPERATURE})
    if kind == "short_hold":
        # At least two seconds short once the slopes within the band are counted.
        return clean_cycle(low, hold, seed=seed, extra_s=-float(rng.uniform(8.0, hold * 0.8))), judged
    if kind == "air":
        return clean_cycle(low, hold, seed=seed, air=float(rng.uniform(0.06, 0.2))), judged
    trace = clean_cycle(low, hold, seed=seed)
    assert trace.control_c is not None
    assert trace.record_c is not None
    assert trace.pressure_kpa is not None
    assert trace.heartbeat is not None
    middle = 425 + int(rng.uniform(0.3, 0.7) * hold)
    width = int(rng.integers(4, 60))
    part = slice(middle, middle + width)
    control, record, pressure = trace.control_c.copy(), trace.record_c.copy(), trace.pressure_kpa.copy()
    if kind == "dip":
        depth = rng.uniform(1.2, 6.0)
        control[part] -= depth
        record[part] -= depth
        return dataclasses.replace(trace, control_c=control, record_c=record), judged
    if kind == "over_band":
        control[part] += rng.uniform(3.0, 6.0)
        return dataclasses.replace(trace, control_c=control), judged
    if kind == "drift":
        control += np.linspace(0.0, rng.uniform(2.5, 6.0), len(control)) * (1 if rng.random() < 0.5 else -1)
        return dataclasses.replace(trace, control_c=control), judged
    if kind == "gauge":
        return dataclasses.replace(trace, pressure_kpa=pressure - ATMOSPHERE_KPA), judged
    index = np.arange(len(trace.times_us))
    if kind == "gap":
        return without(trace, (index >= middle) & (index < middle + width)), judged
    if kind == "frozen_heartbeat":
        heartbeat = trace.heartbeat.copy()
        heartbeat[part] = heartbeat[middle]
        return dataclasses.replace(trace, heartbeat=heartbeat), judged
    step = -int(rng.integers(2, 600)) if kind == "clock_back" else int(rng.integers(2, 600))
    # Anywhere after the first minute, on slopes as well as in the plateau.
    return stepped(trace, int(rng.integers(60, len(index) - 60)), step), judged


def columns_of(*, hold: float = 180.0, number: int = 1, **changes: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """A whole cycle with five idle samples after it, as the gateway's profile names the signals."""
    trace = clean_cycle(hold=hold)
    count = len(trace.times_us)
    columns = {name: np.concatenate((values, np.full(5, values[-1]))) for name, values in trace.channels().items()}
    columns["phase"] = np.concatenate((columns["phase"][:count], np.zeros(5)))
    columns["cycle_number"] = np.full(count + 5, float(number))
    columns["programme"] = np.full(count + 5, float(changes.get("programme", 0)))
    return np.arange(count + 5, dtype=np.int64) * SECOND_US, columns
