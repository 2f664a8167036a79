"""Reading of recorded cycles from JSON: break points or samples, with their programme."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from assets.model.cycle import CycleTrace, FloatArray, IntArray, Preconditions
from assets.model.programme import TEMPERATURE_AND_PRESSURE, Evidence, MachineKind, Programme
from assets.rules.steam import saturation_pressure_kpa
from twin.clock import SECOND_US
from twin.errors import FieldError, FieldProblem, ImportRefused

_CHANNEL_BY_COLUMN = {
    "T_control": "control_c",
    "T_record": "record_c",
    "P_abs": "pressure_kpa",
    "phase": "phase",
    "door": "door",
    "alarm": "alarm",
    "cycle_number": "cycle_number",
    "heartbeat": "heartbeat",
}
_NUMBERS = (
    "sample_interval_s",
    "max_theoretical_difference_k",
    "max_record_difference_k",
    "min_f0_minutes",
    "min_a0_s",
    "f0_reference_c",
    "air_suspected_share",
    "max_air_share",
)
_SAMPLES_LIMIT = 1_000_000  # eleven days at 1 s: more is a wrong time unit, and would only fill the memory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedCycle:
    """One cycle of a file, ready to be judged."""

    id: str
    trace: CycleTrace
    programme: Programme
    preconditions: Preconditions


def read_cycles(document: object, *, source: str = "file") -> list[RecordedCycle]:
    """Read all cycles of a JSON document.

    Parameters
    ----------
    document : object
        Parsed JSON: an object with ``cycles``, a list of cycles, or one cycle.
    source : str
        Name of the file for messages.

    Raises
    ------
    ImportRefused
        If any cycle cannot be read; every problem is named with its place.

    Notes
    -----
    A cycle has ``id``, ``band`` (low and high, °C), ``required_hold_s``, and either ``breakpoints_s_C`` (pairs of
    seconds and °C, joined by straight lines, sampled at the document's interval; pressure is that of saturated steam
    with ``air_fraction``; samples within ``missing_seconds`` are left out), or ``samples``: an object of lists ``t``
    (seconds) and any of ``T_control``, ``T_record``, ``P_abs``, ``phase``, ``door``, ``alarm``, ``cycle_number``,
    ``heartbeat``, with ``null`` for a bad sample. Further keys are the limits of the programme by their own names.
    """
    rows, interval = _rows_of(document, source)
    cycles, problems = [], []
    for index, row in enumerate(rows):
        try:
            cycles.append(_read_cycle(row, f"cycles/{index}", interval))
        except FieldError as error:
            problems.append(error.problem)
    if problems:
        raise ImportRefused(source, problems)
    return cycles


def _problem(field: str, place: str, message: str, cure: str) -> FieldError:
    return FieldError(FieldProblem(field=field, place=place, message=message, cure=cure), code="cycle.field")


def _rows_of(document: object, source: str) -> tuple[list[object], float]:
    interval = 1.0
    if isinstance(document, Mapping) and "cycles" in document:
        text = re.match(r"\s*(\d+(?:\.\d+)?)\s*s\b", str(document.get("sampling", "")))
        interval = float(text.group(1)) if text else 1.0
        rows = document["cycles"]
    else:
        rows = document if isinstance(document, list) else [document]
    if not isinstance(rows, list) or not rows:
        error = _problem("cycles", source, "Expected a list with at least one cycle.", 'Give {"cycles": [...]}.')
        raise ImportRefused(source, [error.problem])
    return rows, interval


def _read_cycle(row: object, place: str, interval: float) -> RecordedCycle:
    if not isinstance(row, Mapping):
        raise _problem("cycle", place, f"Expected an object, got {type(row).__name__}.", "Give one object per cycle.")
    programme = _programme(row, place, interval)
    trace = _sampled(row, place) if "samples" in row else _from_breakpoints(row, place, programme.sample_interval_s)
    given = row.get("preconditions") or {}
    if not isinstance(given, Mapping):
        raise _problem("preconditions", place, "Expected an object.", "Give true, false or null per precondition.")
    names = ("air_removal_test", "leak_test", "calibration", "maintenance", "no_open_notice")
    for name in given:
        if name not in names or given[name] not in (True, False, None):
            raise _problem(f"preconditions.{name}", place, f"Unknown or no true, false, null: {given[name]!r}.",
                           f"Use {', '.join(names)}.")  # fmt: skip
    known = Preconditions(**{name: given.get(name) for name in names})
    return RecordedCycle(id=str(row.get("id", place)), trace=trace, programme=programme, preconditions=known)


def _number(row: Mapping[str, object], field: str, place: str) -> float:
    value = row.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _problem(field, place, f"Expected a finite number, got {value!r}.", "Give it in the unit of its name.")
    return float(value)


def _pair(row: Mapping[str, object], field: str, place: str) -> tuple[float, float]:
    value = row.get(field)
    if not isinstance(value, list) or len(value) != 2:
        raise _problem(field, place, f"Expected two numbers, got {value!r}.", "Give [low, high].")
    items = {"0": value[0], "1": value[1]}
    return _number(items, "0", f"{place}/{field}"), _number(items, "1", f"{place}/{field}")


def _programme(row: Mapping[str, object], place: str, interval: float) -> Programme:
    low, high = _pair(row, "band", place)
    numbers = {name: _number(row, name, place) for name in _NUMBERS if row.get(name) is not None}
    numbers.setdefault("sample_interval_s", interval)
    try:
        kind = MachineKind(str(row.get("kind", MachineKind.STEAM)))
        named = row.get("required_evidence")
        required = TEMPERATURE_AND_PRESSURE if named is None else frozenset(Evidence(str(e)) for e in _list(named))
        return Programme(
            id=str(row.get("programme", row.get("setpoint", "programme"))),
            kind=kind,
            band_low_c=low,
            band_high_c=high,
            required_hold_s=_number(row, "required_hold_s", place),
            phases=tuple(int(str(code)) for code in _list(row.get("phases") or [])),
            required=required,
            **numbers,  # type: ignore[arg-type]  # the names are fields of type float
        )
    except (ValueError, TypeError) as error:
        raise _problem("programme", place, f"{error}", "Correct the limit that is named.") from error


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"Expected a list, got {value!r}.")
    return value


def _from_breakpoints(row: Mapping[str, object], place: str, interval: float) -> CycleTrace:
    points = row.get("breakpoints_s_C")
    if not isinstance(points, list) or len(points) < 2:
        raise _problem("breakpoints_s_C", place, "Expected at least two [seconds, °C] pairs.", "Or give samples.")
    pairs = [_pair({"breakpoint": p}, "breakpoint", f"{place}/breakpoints_s_C/{i}") for i, p in enumerate(points)]
    at, temperature = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    if not bool((np.diff(at) > 0).all()):
        raise _problem("breakpoints_s_C", place, "Expected ascending seconds.", "Sort the break points by time.")
    count = int((at[-1] - at[0]) / interval) + 1
    if count > _SAMPLES_LIMIT:
        raise _problem("breakpoints_s_C", place, f"{count} samples are too many.", "Give seconds, not milliseconds.")
    air = _number(row, "air_fraction", place) if row.get("air_fraction") is not None else 0.0
    if not 0.0 <= air < 1.0:
        raise _problem("air_fraction", place, f"Expected 0 <= share < 1, got {air}.", "Give a share, not percent.")
    times = at[0] + interval * np.arange(count)
    values = np.interp(times, at, temperature)
    if not 0.0 <= float(values.min()) <= float(values.max()) <= 373.0:
        raise _problem("breakpoints_s_C", place, "Expected 0 to 373 °C.", "Check the unit of temperature.")
    pressure = np.array([saturation_pressure_kpa(float(value)) for value in values]) / (1.0 - air)
    keep = np.ones(count, dtype=np.bool_)
    if row.get("missing_seconds") is not None:
        start, end = _pair(row, "missing_seconds", place)
        keep = (times < start) | (times > end)
    return CycleTrace(times_us=_micros(times[keep]), control_c=values[keep], pressure_kpa=pressure[keep])


def _micros(seconds: FloatArray) -> IntArray:
    return np.round(seconds * SECOND_US).astype(np.int64)


def _column(values: object, field: str, place: str) -> FloatArray:
    if not isinstance(values, list) or not all(
        v is None or (isinstance(v, int | float) and abs(v) < 1e15) for v in values
    ):
        raise _problem(field, place, "Expected a list of numbers or null.", "Use null for a sample that is bad.")
    return np.array([math.nan if v is None else float(v) for v in values], dtype=np.float64)


def _sampled(row: Mapping[str, object], place: str) -> CycleTrace:
    samples = row["samples"]
    if isinstance(samples, list) and all(isinstance(sample, Mapping) for sample in samples):
        names = sorted({name for sample in samples for name in sample})
        samples = {name: [sample.get(name) for sample in samples] for name in names}
    if not isinstance(samples, Mapping) or "t" not in samples:
        raise _problem("samples", place, "Expected an object of lists with t.", "Give t in seconds and the channels.")
    unknown = [name for name in samples if name != "t" and name not in _CHANNEL_BY_COLUMN]
    if unknown:
        raise _problem(str(unknown[0]), place, "Unknown channel.", f"Use {', '.join(_CHANNEL_BY_COLUMN)}.")
    times = _column(samples["t"], "t", place)
    if not bool(np.isfinite(times).all()):
        raise _problem("t", place, "Expected a number for every sample.", "Leave out samples without an instant.")
    channels = {_CHANNEL_BY_COLUMN[name]: _column(v, name, place) for name, v in samples.items() if name != "t"}
    for name, channel in channels.items():
        if len(channel) != len(times):
            raise _problem(name, place, f"{len(channel)} values for {len(times)} instants.", "Give one value per t.")
    return CycleTrace(times_us=_micros(times), **channels)
