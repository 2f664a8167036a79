"""The library: every situation with what it asks for, and how it becomes changes of a hospital's pathway."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from simulation.experiments.request import Change
from simulation.experiments.situations import incidents, remedies
from simulation.experiments.situations.draft import Draft
from simulation.model.problems import PathwayError

Writer = Callable[[Draft, Mapping[str, float], str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A number that a situation asks for.

    Parameters
    ----------
    key : str
        Its name; the ending tells the unit: ``_h`` hours, ``_min`` minutes, ``_days``, ``_share`` 0..1.
    usual : float
        Taken if it is not told.
    low, high : float
        Range.
    is_whole : bool
        Whether it counts things.
    """

    key: str
    usual: float
    low: float = 0.0
    high: float = 1e6
    is_whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One entry of the library.

    Parameters
    ----------
    name : str
        Its name.
    parameters : tuple[Parameter, ...]
        What it asks for.
    choice : str
        Name of the one text it asks for, empty for none.
    options : tuple[str, ...]
        What may be chosen; empty for the wards of the hospital.
    write : Writer
        Makes the changes.
    """

    name: str
    parameters: tuple[Parameter, ...]
    write: Writer
    choice: str = ""
    options: tuple[str, ...] = ()


def _count(key: str, usual: float, low: float = 0.0, high: float = 1e6) -> Parameter:
    return Parameter(key=key, usual=usual, low=low, high=high, is_whole=True)


def _share(key: str, usual: float) -> Parameter:
    return Parameter(key=key, usual=usual, high=1.0)


_FROM = Parameter(key="after_h", usual=0.0, high=2160.0)
_FOR = Parameter(key="hours", usual=0.0, high=2160.0)

SITUATIONS: Mapping[str, Situation] = {
    one.name: one
    for one in (
        Situation(
            name="epidemic_surge",
            write=incidents.epidemic_surge,
            parameters=(
                Parameter(key="peak_per_day", usual=12.0, high=1e4),
                Parameter(key="days_to_peak", usual=10.0, high=90.0),
                Parameter(key="spread_days", usual=5.0, low=0.1, high=90.0),
                _share("icu_share", 0.12),
                _share("ventilated_share", 0.7),
                Parameter(key="icu_days", usual=9.0, low=1.0, high=90.0),
                Parameter(key="ward_days", usual=6.0, low=1.0, high=90.0),
                _count("ventilators", 12, 1),
                _count("sets_per_day", 14),
                _count("sets_in_stock", 4000, 1, 1e9),
                _count("sets_per_delivery", 0, 0, 1e9),
                Parameter(key="delivery_days", usual=5.0, low=0.0, high=90.0),
            ),
        ),
        Situation(
            name="mass_casualty",
            write=incidents.mass_casualty,
            parameters=(
                _count("casualties", 40, 1, 10_000),
                _FROM,
                Parameter(key="spread_min", usual=40.0, low=0.1, high=1e4),
                _share("major_share", 0.35),
                _count("extra_bays", 8),
                _count("extra_cleaners", 2),
                Parameter(key="extra_after_min", usual=30.0, high=1e4),
                Parameter(key="extra_hours", usual=24.0, high=2160.0),
            ),
        ),
        Situation(
            name="ward_closure",
            write=incidents.ward_closure,
            choice="ward",
            parameters=(_count("beds", 0), _FROM, _FOR),
        ),
        Situation(
            name="lift_outage",
            write=incidents.lift_outage,
            parameters=(
                _count("lifts", 3, 1, 1000),
                _count("out", 1, 0, 1000),
                _FROM,
                _FOR,
                Parameter(key="trip_min", usual=12.0, low=0.1, high=1e4),
            ),
        ),
        Situation(
            name="sterilizer_down",
            write=incidents.sterilizer_down,
            parameters=(
                _count("sterilizers", 3, 1, 1000),
                _count("down", 1, 0, 1000),
                _FROM,
                _FOR,
                _count("sets", 0),
                Parameter(key="reprocess_h", usual=4.0, low=0.1, high=100.0),
            ),
        ),
        Situation(
            name="staff_sickness",
            write=incidents.staff_sickness,
            parameters=(_share("share", 0.2), _share("beds_share", 0.1), _FROM, _FOR),
        ),
        Situation(
            name="discharge_lounge",
            write=remedies.discharge_lounge,
            parameters=(
                _count("places", 8, 1),
                Parameter(key="hours", usual=3.0, low=0.1, high=48.0),
                _share("share", 0.5),
            ),
        ),
        Situation(
            name="extra_theatre_day",
            write=remedies.extra_theatre_day,
            choice="day",
            options=("sat", "sun"),
            parameters=(),
        ),
        Situation(
            name="field_hospital",
            write=remedies.field_hospital,
            parameters=(
                _count("beds", 40, 1, 1e5),
                Parameter(key="opens_after_h", usual=0.0, high=2160.0),
                _share("share", 0.5),
                Parameter(key="transfer_min", usual=40.0, low=0.1, high=1e4),
                _count("ambulances", 3, 1, 1000),
            ),
        ),
    )
}


def choices_of(situation: Situation, document: Mapping[str, object]) -> tuple[str, ...]:
    """Give what may be chosen for the one text that a situation asks for; empty if it asks for none.

    Parameters
    ----------
    situation : Situation
        Of the library.
    document : Mapping[str, object]
        Pathway document of the hospital.
    """
    if not situation.choice:
        return ()
    return situation.options or tuple(Draft(document, situation.name).wards())


def situation_changes(
    document: Mapping[str, object], name: str, told: Mapping[str, object] | None = None
) -> tuple[Change, ...]:
    """Give the changes that a situation makes to a hospital.

    Parameters
    ----------
    document : Mapping[str, object]
        Pathway document, with the names that :func:`simulation.experiments.hospital.hospital_document` gives.
    name : str
        Of the situation.
    told : Mapping[str, object] | None
        Its parameters by key; those that are left out have their usual value.

    Raises
    ------
    PathwayError
        If there is no such situation or parameter, a value is out of range, or the situation does not fit the hospital.

    Examples
    --------
    >>> wards = {"pools": {"ward-A": {"capacity": 20}, "ward-B": {"capacity": 10}}}
    >>> [change] = situation_changes(wards, "ward_closure", {"ward": "ward-A", "beds": 4, "after_h": 2, "hours": 24})
    >>> change.path, change.value
    ('pools.ward-A.changes', [{'after': '2 h', 'add': -4}, {'after': '26 h', 'add': 4}])
    """
    situation = SITUATIONS.get(name)
    if situation is None:
        raise PathwayError("situations", f"There is no situation {name!r}.", f"Use {', '.join(SITUATIONS)}.")
    given = dict(told or {})
    draft = Draft(document, name)
    choice = _chosen(situation, given, document)
    known = {parameter.key for parameter in situation.parameters}
    for key in given:
        if key not in known:
            wanted = ", ".join([*sorted(known), *([situation.choice] if situation.choice else [])])
            raise PathwayError(f"situations.{name}.{key}", "It is not asked for.", f"Use {wanted or 'nothing'}.")
    numbers = {one.key: _number(one, given.get(one.key, one.usual), name) for one in situation.parameters}
    situation.write(draft, numbers, choice)
    return tuple(draft.changes)


def _chosen(situation: Situation, given: dict[str, object], document: Mapping[str, object]) -> str:
    options = choices_of(situation, document)
    if not options:
        return ""
    chosen = str(given.pop(situation.choice, options[0]))
    if chosen not in options:
        raise PathwayError(
            f"situations.{situation.name}.{situation.choice}", f"Got {chosen!r}.", f"Use {', '.join(options)}."
        )
    return chosen


def _number(parameter: Parameter, value: object, situation: str) -> float:
    place = f"situations.{situation}.{parameter.key}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PathwayError(place, f"Expected a number, got {value!r}.", "Write a number.")
    if parameter.is_whole and value != int(value):
        raise PathwayError(place, f"Expected a whole number, got {value!r}.", "Write a whole number.")
    if not parameter.low <= value <= parameter.high:
        raise PathwayError(place, f"Expected {parameter.low:g} to {parameter.high:g}, got {value:g}.", "Mend it.")
    return float(value)
