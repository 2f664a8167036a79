"""Cover for a roster from what a simulation found, given as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from scheduling.model.rosters import Shift
from scheduling.rules.calendar_days import wall_time
from scheduling.rules.staffing import Load, by_ratio, by_square_root, hourly
from scheduling.solvers.covering import Covered, cover_hours
from twin.errors import InputError

MOST_DAYS = 31
MOST_POINTS = 100_000
LARGEST_NUMBER = 10**18
"""Instants in microseconds are far below, and what is above becomes no exact number."""


class Method(StrEnum):
    """How loads become people."""

    QUANTILE = "quantile"
    SQUARE_ROOT = "square_root"


class Level(StrEnum):
    """Which curve of a band is staffed for."""

    MEAN = "mean"
    MEDIAN = "median"
    HIGH = "high"
    """Not exceeded in 90 % of the simulated futures."""
    HIGHEST = "highest"
    """Not exceeded in 97.5 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What cover is wanted.

    Parameters
    ----------
    start_at : int
        Midnight before the first day, UTC microseconds.
    days : int
        1 to :data:`MOST_DAYS`.
    patients_per_person : float
        Above 0.
    method : Method
        By a quantile of the load, or by the square root of its mean.
    waiting_share : float
        For the square root: chance that a request finds everybody busy.
    skill : str
        Of the people; empty for anyone.
    least : int
        People at any hour, however small the load.
    zone : str
        IANA name of the hospital's zone.
    """

    start_at: int
    days: int
    patients_per_person: float
    method: Method = Method.QUANTILE
    waiting_share: float = 0.2
    skill: str = ""
    least: int = 0
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staffing:
    """People needed by the hour and the shifts that cover them.

    Parameters
    ----------
    people : tuple[int, ...]
        By hour from the first midnight.
    covered : Covered
        Shifts.
    """

    people: tuple[int, ...]
    covered: Covered


def load_of(result: Mapping[str, object], measure: str, level: Level, *, scenario: str = "") -> Load:
    """Read one curve out of an experiment's result.

    Parameters
    ----------
    result : Mapping[str, object]
        Plain JSON values with ``scenarios``, each with ``name`` and ``bands`` (``name``, ``at`` and the curves).
    measure : str
        Name of the band, such as ``pool.icu-bed.occupied``.
    level : Level
        Which curve.
    scenario : str
        Name; the first one when empty.

    Raises
    ------
    InputError
        If there is no such scenario or band, or it is no series of numbers.
    """
    scenarios = result.get("scenarios") if isinstance(result, Mapping) else None
    if not isinstance(scenarios, list) or not all(isinstance(one, Mapping) for one in scenarios) or not scenarios:
        raise InputError("result: expected `scenarios`, a list of objects.", code="staffing.result")
    chosen = next((one for one in scenarios if not scenario or one.get("name") == scenario), None)
    if chosen is None:
        raise InputError(f"scenario: there is no {scenario[:40]!r} in the result.", code="staffing.result")
    bands = chosen.get("bands")
    known = [one for one in bands if isinstance(one, Mapping)] if isinstance(bands, list) else []
    band = next((one for one in known if one.get("name") == measure), None)
    if band is None:
        some = ", ".join(sorted(str(one.get("name")) for one in known)[:8])
        told = f"measure: there is no band {measure[:60]!r} in the result; it has: {some or 'none'}."
        raise InputError(told, code="staffing.result")
    at, values = band.get("at"), band.get(level.value)
    if not _are_numbers(at) or not _are_numbers(values):
        told = f"{measure[:60]}: expected `at` and `{level.value}`, lists of numbers."
        raise InputError(told, code="staffing.result")
    return Load(at=tuple(int(one) for one in at), values=tuple(float(one) for one in values))  # type: ignore[union-attr]  # checked above


def _are_numbers(values: object) -> bool:
    return (
        isinstance(values, list)
        and len(values) <= MOST_POINTS
        and all(
            isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < LARGEST_NUMBER for one in values
        )
    )


def staffing_of(load: Load, wanted: Wanted, shifts: Sequence[Shift]) -> Staffing:
    """Give people by the hour and the shifts that cover them.

    Parameters
    ----------
    load : Load
        Patients over time.
    wanted : Wanted
        For which days, and how.
    shifts : Sequence[Shift]
        Of the hospital.

    Raises
    ------
    InputError
        If days, ratio, share, load or shifts are out of range.
    """
    if not 1 <= wanted.days <= MOST_DAYS:
        raise InputError(f"days: expected 1 to {MOST_DAYS}, got {wanted.days}.")
    people: list[int] = []
    for day in range(wanted.days):
        # each day begins at its own midnight: where the clock changes one hour is looked at twice or not at all
        loads = hourly(load, wall_time(wanted.start_at, day, wanted.zone), 24)
        if wanted.method is Method.QUANTILE:
            people += by_ratio(loads, wanted.patients_per_person)
        else:
            people += by_square_root(loads, wanted.patients_per_person, wanted.waiting_share)
    people = [max(wanted.least, one) for one in people]
    return Staffing(people=tuple(people), covered=cover_hours(people, shifts, skill=wanted.skill))
