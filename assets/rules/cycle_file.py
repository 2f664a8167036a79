"""Reading of recorded cycles from JSON: break points or samples, with their programme."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from assets.model.cycle import CycleTrace, Preconditions
from assets.model.programme import TEMPERATURE_AND_PRESSURE, Evidence, MachineKind, Programme
from assets.rules.cycle_samples import Breakpoints, field_problem, read_samples, sample_breakpoints
from assets.rules.programme_limits import problems_of_programme
from twin.errors import FieldError, ImportRefused

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
_OTHER_NAMES = {
    "max_theoretical_difference_k": (
        "theoretical_limit_k",
        "max_theoretical_k",
        "max_abs_theoretical_minus_measured_k",
        "steam_difference_limit_k",
    ),
    "max_record_difference_k": ("record_limit_k", "max_control_record_difference_k"),
    "min_f0_minutes": ("required_f0_minutes", "min_f0", "f0_min"),
    "min_a0_s": ("required_a0_s", "min_a0", "a0_min"),
    "f0_reference_c": ("tref", "t_ref", "f0_tref_c"),
}
"""Other spellings under which a limit is understood; a limit that is misread as absent would judge too mildly."""

_PRECONDITIONS = {
    "air_removal_test": "air_removal_test",
    "bowie_dick": "air_removal_test",
    "bd": "air_removal_test",
    "bd_today": "air_removal_test",
    "leak_test": "leak_test",
    "leak": "leak_test",
    "leak_rate": "leak_test",
    "calibration": "calibration",
    "calibration_in_date": "calibration",
    "maintenance": "maintenance",
    "pm": "maintenance",
    "no_open_notice": "no_open_notice",
    "no_open_recall": "no_open_notice",
}

_KNOWN = frozenset(
    {
        "id",
        "band",
        "setpoint",
        "required_hold_s",
        "programme",
        "kind",
        "phases",
        "required_evidence",
        "preconditions",
        "samples",
        "breakpoints_s_c",
        "air_fraction",
        "missing_seconds",
        "expect",
        "note",
        "comment",
        *_NUMBERS,
        *(name for names in _OTHER_NAMES.values() for name in names),
    }
)

_DRAWN = frozenset({"breakpoints_s_c", "air_fraction", "missing_seconds"})
"""Keys that say how samples are drawn: beside samples that are given they change nothing."""

_LARGEST = 1e15
# Nothing of a number may stand before it: of 1,5 s or 1e-1 s only the end would be read, and gaps judged too mildly.
_INTERVAL = re.compile(
    r"(?<![\w.,+-])(\d+(?:[.,]\d+)?|[.,]\d+)\s*(ms|min(?:utes?)?|s(?:ec(?:onds?)?)?|hz)\b", re.IGNORECASE
)
_SECONDS_BY_UNIT = {"ms": 1e-3, "s": 1.0, "se": 1.0, "mi": 60.0}
BAND_WIDTH_K = 3.0
"""Width of the band where a cycle names its set temperature only, EN 285 (sterilization temperature band)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedCycle:
    """One cycle of a file, ready to be judged."""

    id: str
    trace: CycleTrace
    programme: Programme
    preconditions: Preconditions
    ignored: tuple[str, ...] = ()


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
    ``heartbeat``, with ``null`` for a bad sample. Further keys are the limits of the programme by their own names; a
    key that is not understood is named in ``ignored``. Break points whose time goes back are a clock that was set.
    """
    rows, sampling = _rows_of(document, source)
    cycles, problems = [], []
    for index, row in enumerate(rows):
        try:
            cycles.append(_read_cycle(row, f"cycles/{index}", sampling))
        except FieldError as error:
            problems.append(error.problem)
    if problems:
        raise ImportRefused(source, problems)
    return cycles


@dataclass(frozen=True, slots=True)
class _Sampling:
    """What a document says of the time between its samples, seconds; ``is_understood`` if it does not say it."""

    interval_s: float = 1.0
    is_understood: bool = True


def _rows_of(document: object, source: str) -> tuple[list[object], _Sampling]:
    sampling = _Sampling()
    if isinstance(document, Mapping) and "cycles" in document:
        sampling = _sampling(document.get("sampling"))
        rows = document["cycles"]
    else:
        rows = document if isinstance(document, list) else [document]
    if not isinstance(rows, list) or not rows:
        error = field_problem("cycles", source, "Expected a list with at least one cycle.", 'Give {"cycles": [...]}.')
        raise ImportRefused(source, [error.problem])
    return rows, sampling


def _sampling(given: object) -> _Sampling:
    """Read an interval in words, such as ``1 s, linear between points``, or as a number of seconds."""
    if given is None:
        return _Sampling()
    if isinstance(given, int | float) and not isinstance(given, bool):
        return _Sampling(float(given)) if 0.0 < given <= _LARGEST else _Sampling(is_understood=False)
    found = _INTERVAL.search(str(given))
    value = float(found[1].replace(",", ".")) if found else 0.0
    if found is None or value <= 0.0:
        return _Sampling(is_understood=False)
    unit = found[2].lower()
    return _Sampling(1.0 / value if unit == "hz" else value * _SECONDS_BY_UNIT[unit[:2]])


def _read_cycle(row: object, place: str, sampling: _Sampling) -> RecordedCycle:
    if not isinstance(row, Mapping):
        raise field_problem(
            "cycle", place, f"Expected an object, got {type(row).__name__}.", "Give one object per cycle."
        )
    lowered = _lowered(row, place)
    programme = _programme(lowered, place, sampling.interval_s)
    if "samples" in lowered:
        trace = read_samples(lowered["samples"], place)
    else:
        trace = sample_breakpoints(_drawn(lowered, place, programme.sample_interval_s), place)
    return RecordedCycle(
        id=str(lowered.get("id", place)),
        trace=trace,
        programme=programme,
        preconditions=_preconditions(lowered, place),
        ignored=_ignored(row, sampling, is_drawn="samples" not in lowered),
    )


def _lowered(row: Mapping[object, object], place: str) -> dict[str, object]:
    """Give a cycle's keys in small letters: breakpoints_s_C and breakpoints_s_c are one key."""
    lowered: dict[str, object] = {}
    for key, value in row.items():
        name = str(key).strip().lower()
        if name in lowered:
            # One of the two would be passed over, and nobody could say which.
            raise field_problem(str(key), place, "The key is given twice.", "Give each key once.")
        lowered[name] = value
    return lowered


def _ignored(row: Mapping[object, object], sampling: _Sampling, *, is_drawn: bool) -> tuple[str, ...]:
    own = {str(key) for key in row if str(key).strip().lower() not in _KNOWN}
    if not is_drawn:
        own |= {str(key) for key, value in row.items() if value and str(key).strip().lower() in _DRAWN}
    return tuple(sorted(own if sampling.is_understood else own | {"sampling"}))


def _preconditions(row: Mapping[str, object], place: str) -> Preconditions:
    given = row.get("preconditions") or {}
    if not isinstance(given, Mapping):
        cure = "Give true, false or null per precondition."
        raise field_problem("preconditions", place, "Expected an object.", cure)
    known: dict[str, bool | None] = {}
    for key, value in given.items():
        name = _PRECONDITIONS.get(str(key).strip().lower())
        if name is None or not (value is None or isinstance(value, bool)):
            raise field_problem(
                f"preconditions.{key}",
                place,
                f"Unknown or no true, false, null: {value!r}.",
                f"Use {', '.join(sorted(set(_PRECONDITIONS.values())))}.",
            )
        known[name] = value
    return Preconditions(**known)


def _drawn(row: Mapping[str, object], place: str, interval: float) -> Breakpoints:
    points = row.get("breakpoints_s_c")
    if not isinstance(points, list) or len(points) < 2:
        raise field_problem("breakpoints_s_C", place, "Expected at least two [seconds, °C] pairs.", "Or give samples.")
    pairs = [_pair({"breakpoint": p}, "breakpoint", f"{place}/breakpoints_s_C/{i}") for i, p in enumerate(points)]
    air = _number(row, "air_fraction", place) if row.get("air_fraction") is not None else 0.0
    if not 0.0 <= air < 1.0:
        raise field_problem("air_fraction", place, f"Expected 0 <= share < 1, got {air}.", "Give a share, not percent.")
    return Breakpoints(points=tuple(pairs), interval_s=interval, air_share=air, missing_s=_missing(row, place))


def _missing(row: Mapping[str, object], place: str) -> tuple[tuple[float, float], ...]:
    """Read one [start, end] pair, or a list of them."""
    given = row.get("missing_seconds")
    if given is None or given == []:
        return ()
    if isinstance(given, list) and given and isinstance(given[0], list):
        found = tuple(_pair({"missing": p}, "missing", f"{place}/missing_seconds/{i}") for i, p in enumerate(given))
    else:
        found = (_pair(row, "missing_seconds", place),)
    for start, end in found:
        if end < start:
            # The wrong way round nothing at all would be missing, and the cycle judged too mildly.
            message = f"Expected [from, to], got {start:g} and {end:g}."
            raise field_problem("missing_seconds", place, message, "Swap them.")
    return found


def _number(row: Mapping[str, object], field: str, place: str) -> float:
    value = row.get(field)
    # Compared, not converted: a whole number of a thousand digits is JSON, and float() of it is an OverflowError.
    if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
        raise field_problem(
            field, place, f"Expected a finite number, got {value!r}.", "Give it in the unit of its name."
        )
    return float(value)


def _pair(row: Mapping[str, object], field: str, place: str) -> tuple[float, float]:
    value = row.get(field)
    if not isinstance(value, list) or len(value) != 2:
        raise field_problem(field, place, f"Expected two numbers, got {value!r}.", "Give [low, high].")
    items = {"0": value[0], "1": value[1]}
    return _number(items, "0", f"{place}/{field}"), _number(items, "1", f"{place}/{field}")


def _programme(row: Mapping[str, object], place: str, interval: float) -> Programme:
    programme = _built(row, place, interval)
    wrong = next(iter(problems_of_programme(programme)), None)
    if wrong is not None:
        raise field_problem(wrong.field, place, wrong.message, wrong.cure)
    return programme


def _built(row: Mapping[str, object], place: str, interval: float) -> Programme:
    low, high = _band(row, place)
    numbers = {name: value for name in _NUMBERS if (value := _limit(row, name, place)) is not None}
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
        raise field_problem("programme", place, f"{error}", "Correct the limit that is named.") from error


def _band(row: Mapping[str, object], place: str) -> tuple[float, float]:
    if row.get("band") is None and row.get("setpoint") is not None:
        low = _number(row, "setpoint", place)
        return low, low + BAND_WIDTH_K
    return _pair(row, "band", place)


def _limit(row: Mapping[str, object], name: str, place: str) -> float | None:
    """Read a limit under its own name or another spelling of it."""
    given = next((key for key in (name, *_OTHER_NAMES.get(name, ())) if row.get(key) is not None), "")
    return _number(row, given, place) if given else None


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"Expected a list, got {value!r}.")
    return value
