"""Which limits of a programme no cycle could be judged by, wherever they come from."""

from __future__ import annotations

import math
from collections.abc import Iterator

from assets.model.programme import Programme
from twin.errors import FieldProblem

_COLDEST_C, _HOTTEST_C = -100.0, 1000.0  # outside these a decimal point was lost
_REFERENCES_C = (50.0, 200.0)  # °C; moist heat kills nothing below, and no vessel bears the steam of more


def problems_of_programme(programme: Programme) -> list[FieldProblem]:
    """Give all that is wrong with a programme's limits.

    Parameters
    ----------
    programme : Programme
        As a person, a sheet or a file of recorded cycles gives it.

    Notes
    -----
    A limit that is wrong in its unit judges too mildly without a word: six for six per cent of air is never reached.
    """
    found = [*_wrong_numbers(programme), *_wrong_vacuum(programme)]
    return [FieldProblem(field=field, place="programme", message=text, cure=cure) for field, text, cure in found]


def _wrong_numbers(programme: Programme) -> Iterator[tuple[str, str, str]]:
    """Give field, what is wrong and the cure, of key, band, lethality and air."""
    if not programme.id.strip():
        yield "id", "Expected a key.", "Enter one, such as P134."
    if not _COLDEST_C <= programme.band_low_c < programme.band_high_c <= _HOTTEST_C:
        message = f"Expected {_COLDEST_C:g} <= low < high <= {_HOTTEST_C:g} °C"
        yield "band_low_c", f"{message}, got {programme.band_low_c} and {programme.band_high_c}.", "Correct them."
    for name in ("min_f0_minutes", "min_a0_s"):
        value = getattr(programme, name)
        if not 0.0 <= value < math.inf:
            yield name, f"Expected 0 or more, got {value}.", "Enter 0 if it is no criterion."
    low, high = _REFERENCES_C
    if not low <= programme.f0_reference_c <= high:
        message = f"Expected {low:g} to {high:g} °C, got {programme.f0_reference_c}."
        yield "f0_reference_c", message, "Enter 121.1, or the reference of your validation."
    for name in ("max_air_share", "air_suspected_share"):
        value = getattr(programme, name)
        if not 0.0 < value <= 1.0:
            yield name, f"Expected a share above 0 and at most 1, got {value}.", "Enter 0.06 for 6 %."
    if programme.air_suspected_share > programme.max_air_share:
        message = f"Expected at most {programme.max_air_share}, got {programme.air_suspected_share}."
        # Suspected only once it has failed already, the warning would never be given.
        yield "air_suspected_share", message, "Lower it."


def _wrong_vacuum(programme: Programme) -> Iterator[tuple[str, str, str]]:
    """Give field, what is wrong and the cure, of vacuum pulses and drying."""
    pulses, drying = programme.pulses, programme.drying
    # A pulse goes down to the one and up to the other: the wrong way round none would ever be counted.
    if pulses is not None and not (pulses.count > 0 and 0.0 < pulses.low_kpa < pulses.high_kpa):
        message = f"Expected a count above 0 and low < high, got {pulses.count}, {pulses.low_kpa}, {pulses.high_kpa}."
        yield "pulses", message, "Give absolute pressures in kPa."
    if drying is not None and not (drying.pressure_kpa > 0.0 and drying.duration_s > 0.0):
        message = f"Expected both above 0, got {drying.pressure_kpa} kPa and {drying.duration_s} s."
        yield "drying", message, "Give an absolute pressure in kPa and a time in seconds."
