"""Samples of a recorded cycle: columns or rows as given, or drawn from break points."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from assets.model.cycle import CycleTrace, FloatArray, IntArray
from assets.rules.steam import saturation_pressure_kpa
from twin.clock import SECOND_US
from twin.errors import FieldError, FieldProblem

_CHANNEL_BY_COLUMN = {
    "t_control": "control_c",
    "control_c": "control_c",
    "t_chamber": "control_c",
    "t_record": "record_c",
    "record_c": "record_c",
    "p_abs": "pressure_kpa",
    "p_abs_kpa": "pressure_kpa",
    "pressure_kpa": "pressure_kpa",
    "phase": "phase",
    "door": "door",
    "alarm": "alarm",
    "alarms": "alarm",
    "cycle_number": "cycle_number",
    "cycle_no": "cycle_number",
    "heartbeat": "heartbeat",
}
_TIMES = ("t", "t_s", "time", "time_s")
_WORDS = {"closed": 1.0, "open": 0.0, "true": 1.0, "false": 0.0}
_SAMPLES_LIMIT = 1_000_000  # eleven days at 1 s: more is a wrong time unit, and would only fill the memory
_LATEST_S = 9e12  # the microseconds of more do not fit into 64 bits
_HIGHEST_C = 373.0  # °C; above it there is no saturated steam whose pressure could be drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakpoints:
    """A temperature drawn by straight lines.

    Parameters
    ----------
    points : tuple[tuple[float, float], ...]
        Seconds and °C, at least two. A time that goes back stands for a clock that was set back.
    interval_s : float
        Between samples, seconds.
    air_share : float
        Share of non-condensable gas, 0 <= share < 1: the pressure is that of saturated steam over (1 - share).
    missing_s : tuple[tuple[float, float], ...]
        Times of which no sample came, both ends included, seconds.
    """

    points: tuple[tuple[float, float], ...]
    interval_s: float
    air_share: float = 0.0
    missing_s: tuple[tuple[float, float], ...] = ()


def field_problem(field: str, place: str, message: str, cure: str) -> FieldError:
    """Give the error that names one field of a recorded cycle."""
    return FieldError(FieldProblem(field=field, place=place, message=message, cure=cure), code="cycle.field")


def sample_breakpoints(drawn: Breakpoints, place: str) -> CycleTrace:
    """Draw the samples of break points.

    Parameters
    ----------
    drawn : Breakpoints
        The lines.
    place : str
        Where they stand, for messages.

    Raises
    ------
    FieldError
        If they give too many samples, or none.
    """
    at, temperature = (np.array([point[i] for point in drawn.points]) for i in (0, 1))
    span = float(np.sum(np.abs(np.diff(at))))
    if span / drawn.interval_s > _SAMPLES_LIMIT:
        message = f"{span / drawn.interval_s:.0f} samples are too many."
        raise field_problem("breakpoints_s_C", place, message, "Give seconds, not milliseconds.")
    if span == 0.0:
        raise field_problem("breakpoints_s_C", place, "Expected seconds that go on.", "Give the time of each point.")
    # Each stretch in which time goes on is drawn on a grid of its own, since the clock was set between them.
    edges = [0, *(np.flatnonzero(np.diff(at) < 0) + 1).tolist(), len(at)]
    stretches = [_stretch(at[a:b], temperature[a:b], drawn.interval_s) for a, b in pairwise(edges)]
    times = np.concatenate([times for times, _ in stretches])
    values = np.concatenate([values for _, values in stretches])
    steam = np.array([saturation_pressure_kpa(float(v)) if 0.0 <= v <= _HIGHEST_C else math.nan for v in values])
    keep = np.ones(len(times), dtype=np.bool_)
    for start, end in drawn.missing_s:
        keep &= (times < start) | (times > end)
    pressure = steam / (1.0 - drawn.air_share)
    return CycleTrace(times_us=_micros(times[keep], place), control_c=values[keep], pressure_kpa=pressure[keep])


def _stretch(at: FloatArray, temperature: FloatArray, interval: float) -> tuple[FloatArray, FloatArray]:
    # 1e-9 keeps the last sample where the division comes out a hair below a whole number.
    times = at[0] + interval * np.arange(int((at[-1] - at[0]) / interval + 1e-9) + 1)
    return times, np.interp(times, at, temperature)


def _micros(seconds: FloatArray, place: str) -> IntArray:
    if len(seconds) and float(np.max(np.abs(seconds))) > _LATEST_S:
        message = f"Expected seconds of at most {_LATEST_S:g}, got {float(np.max(np.abs(seconds))):g}."
        raise field_problem("t", place, message, "Give seconds, not milliseconds or microseconds.")
    # Rounded, not cut: 0.3 s in a float times a million is a hair below 300,000.
    return np.round(seconds * SECOND_US).astype(np.int64)


def read_samples(samples: object, place: str) -> CycleTrace:
    """Read samples that are given as columns, or as one object each.

    Parameters
    ----------
    samples : object
        Parsed JSON.
    place : str
        Where it stands, for messages.

    Raises
    ------
    FieldError
        If a channel is unknown or given twice, is no list of numbers, or has another length than the instants.
    """
    columns = _columns(samples, place)
    instants = next((name for name in _TIMES if columns is not None and name in columns), "")
    if columns is None or not instants:
        cure = "Give t in seconds and the channels."
        raise field_problem("samples", place, "Expected an object of lists with t.", cure)
    unknown = [name for name in columns if name not in _TIMES and name not in _CHANNEL_BY_COLUMN]
    if unknown:
        cure = "Use T_control, T_record, P_abs, phase, door, alarm, cycle_number or heartbeat."
        raise field_problem(unknown[0], place, "Unknown channel.", cure)
    times = _column(_seconds(columns[instants]), "t", place)
    if not bool(np.isfinite(times).all()):
        cure = "Leave out samples without an instant."
        raise field_problem("t", place, "Expected a number for every sample.", cure)
    channels: dict[str, FloatArray] = {}
    for name, values in columns.items():
        if name not in _TIMES:
            channels[_CHANNEL_BY_COLUMN[name]] = _column(values, name, place)
    for name, channel in channels.items():
        if len(channel) != len(times):
            message = f"{len(channel)} values for {len(times)} instants."
            raise field_problem(name, place, message, "Give one value per t.")
    return CycleTrace(times_us=_micros(times, place), **channels)


def _columns(samples: object, place: str) -> dict[str, object] | None:
    if isinstance(samples, list) and all(isinstance(sample, Mapping) for sample in samples):
        names = list(dict.fromkeys(name for sample in samples for name in sample))
        samples = {name: [sample.get(name) for sample in samples] for name in names}
    if not isinstance(samples, Mapping):
        return None
    columns: dict[str, object] = {}
    meanings: set[str] = set()
    for name, values in samples.items():
        column = _plain(str(name))
        meaning = "t" if column in _TIMES else _CHANNEL_BY_COLUMN.get(column, column)
        if meaning in meanings:
            # Of two columns of one channel, the one that is passed over might be the one that fails the cycle.
            raise field_problem(str(name), place, "The channel is given twice.", "Give each channel under one name.")
        meanings.add(meaning)
        columns[column] = values
    return columns


def _plain(name: str) -> str:
    """Give a column's name without case and spaces; a capital T is no channel's name, and never the time."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.strip().lower())
    return name if plain == "t" else plain


def _seconds(values: object) -> object:
    """Turn instants in words into seconds; whatever is none is left for the check of numbers."""
    if not isinstance(values, list) or not any(isinstance(value, str) for value in values):
        return values
    try:
        instants = [datetime.fromisoformat(str(value)) for value in values]
        # Without a zone they are taken as they stand: this machine's own clock changes have no part in a verdict.
        return [(at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() for at in instants]
    except (ValueError, OverflowError):
        return values


def _column(values: object, field: str, place: str) -> FloatArray:
    if isinstance(values, list):
        values = [_WORDS.get(v.strip().lower(), v) if isinstance(v, str) else v for v in values]
    if not isinstance(values, list) or not all(
        v is None or (isinstance(v, int | float) and (abs(v) < 1e15 or math.isnan(v))) for v in values
    ):
        raise field_problem(field, place, "Expected a list of numbers or null.", "Use null for a sample that is bad.")
    return np.array([math.nan if v is None else float(v) for v in values], dtype=np.float64)
