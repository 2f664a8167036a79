"""Which of the guesses on a parameter sheet matter: each in turn a little lower and a little higher."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from simulation.experiments.hospital import Capacities, ParameterSheet, hospital_document
from simulation.experiments.measures import interval_of
from simulation.experiments.request import ExperimentRequest, Interval, Scenario, ShouldStop
from simulation.experiments.sampling import Samples
from simulation.experiments.scaling import scaled
from simulation.model.plan import Floats
from simulation.model.problems import PathwayError, Stopped

HOUR_US = 3.6e9  # bare numbers on the sheet are hours
_LAWS = ("ed_major_stay", "ed_minor_stay", "patience", "ward_stay", "icu_stay", "operation", "recovery", "cleaning")
_SHARES = ("ed_minor_share", "ed_admitted_share", "ed_to_icu_share")
_COUNTS = ("ed_arrivals_per_day", "electives_per_weekday")


USUAL_MEASURE = "wait.wait-for-bay.mean_s"
ENTRIES = (*_LAWS, *_SHARES, *_COUNTS)
"""Names of the entries that can be varied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What one entry of the sheet does to a measure.

    Parameters
    ----------
    entry : str
        Of the sheet.
    low, high : Interval
        Difference of the measure from the sheet as it is, with the entry lowered and raised; with the same patients.
    """

    entry: str
    low: Interval
    high: Interval

    @property
    def reach(self) -> float:
        """The greater of the two differences, without its sign."""
        return max(abs(self.low.mean), abs(self.high.mean))

    @property
    def is_felt(self) -> bool:
        """Whether at least one difference is more than chance."""
        return any(abs(one.mean) > one.half_width for one in (self.low, self.high))


def sheet_of(values: Mapping[str, object], usual: ParameterSheet) -> ParameterSheet:
    """Give a sheet with some entries otherwise.

    Parameters
    ----------
    values : Mapping[str, object]
        By name of the entry.
    usual : ParameterSheet
        The others.

    Raises
    ------
    PathwayError
        If there is no such entry, or its value is of another kind.
    """
    kinds = {field.name: getattr(usual, field.name) for field in fields(usual)}
    changes: dict[str, Any] = {}
    for name, value in values.items():
        if name not in kinds:
            raise PathwayError(f"sheet.{name}", "Unknown entry.", f"Use one of {', '.join(kinds)}.")
        before = kinds[name]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(before, float) and is_number:
            changes[name] = float(value)  # type: ignore[arg-type]  # told above
        elif type(value) is not type(before) and not (isinstance(before, tuple) and isinstance(value, list)):
            told = f"Expected a value such as {before!r}, got {value!r}."
            raise PathwayError(f"sheet.{name}", told, "Correct it.")
        else:
            changes[name] = tuple(value) if isinstance(value, list) else value
    made: ParameterSheet = replace(usual, **changes)
    for name in _SHARES:
        if not 0 <= getattr(made, name) <= 1:
            raise PathwayError(f"sheet.{name}", f"Expected 0 to 1, got {getattr(made, name)}.", "Write 0.2 for 20 %.")
    admitted = made.ed_admitted_share + made.ed_to_icu_share
    if admitted > 1:  # told here, where the reader knows the entries, and not as a branch with a negative share
        told = f"With ed_to_icu_share this is {admitted:g} of all, which is more than 1."
        raise PathwayError("sheet.ed_admitted_share", told, "Lower one of them.")
    return made


class SheetStudy:
    """Varies the entries of a sheet one at a time, with the same patients.

    Parameters
    ----------
    size : Capacities
        Of the hospital.
    sheet : ParameterSheet
        What is guessed.
    request : ExperimentRequest
        How it is run; its pathway and scenarios do not count.
    measure : str
        Such as ``wait.wait-for-bay.mean_s``.
    share : float, optional
        By how much lower and higher, 0 to 1 exclusive.
    should_stop : Callable[[], bool], optional
        Calls it off, here and in what follows.

    Raises
    ------
    PathwayError
        If the share or the measure cannot be used.
    Stopped
        If it was called off.
    """

    def __init__(
        self,
        size: Capacities,
        sheet: ParameterSheet,
        request: ExperimentRequest,
        measure: str,
        *,
        share: float = 0.2,
        should_stop: ShouldStop = lambda: False,
    ) -> None:
        if not 0 < share < 1:
            raise PathwayError("share", f"Expected above 0 and below 1, got {share}.", "Write such as 0.2.")
        self._size, self._sheet, self._request = size, sheet, request
        self._measure, self._share, self._should_stop = measure, share, should_stop
        self._usual = self._column(sheet)

    @property
    def usual(self) -> Interval:
        """The measure with the sheet as it is."""
        return interval_of(self._usual, self._request.confidence_share)

    @property
    def entries(self) -> list[str]:
        """Entries that are told; those that are 0 follow from others and are not varied."""
        return [entry for entry in ENTRIES if getattr(self._sheet, entry)]

    def vary(self, entry: str) -> Sensitivity:
        """Give what one entry does.

        Parameters
        ----------
        entry : str
            One of :attr:`entries`.
        """
        low, high = (
            interval_of(
                self._column(_varied(self._sheet, entry, factor)) - self._usual,
                self._request.confidence_share,
            )
            for factor in (1 - self._share, 1 + self._share)
        )
        return Sensitivity(entry=entry, low=low, high=high)

    def vary_all(self) -> list[Sensitivity]:
        """Give what each entry does, the most felt first; if that is called off, those that are known by then."""
        found: list[Sensitivity] = []
        with contextlib.suppress(Stopped):
            for entry in self.entries:
                found.append(self.vary(entry))  # those before it was called off are kept
        return ranked(found)

    def _column(self, sheet: ParameterSheet) -> Floats:
        measure = self._measure
        asked = replace(self._request, pathway=hospital_document(self._size, sheet, {}))
        base = Scenario(name="as it is")
        with Samples(asked, self._should_stop) as samples:
            known = samples.measures(base)
            if measure not in known:
                told = f"There is no measure {measure!r}."
                raise PathwayError("measure", told, f"Use one of {', '.join(sorted(known))}.")
            return samples.column(base, measure, range(self._request.replications))


def ranked(found: Iterable[Sensitivity]) -> list[Sensitivity]:
    """Give the most felt first, those that are not more than chance last."""
    return sorted(found, key=lambda one: (not one.is_felt, -one.reach if math.isfinite(one.reach) else 0.0))


def _varied(sheet: ParameterSheet, entry: str, factor: float) -> ParameterSheet:
    value = getattr(sheet, entry)
    changed: dict[str, Any] = {}  # one field of the sheet, which are of several types
    if entry in _LAWS:
        text = scaled(value, factor, unit_us=HOUR_US, place=f"sheet.{entry}")
        if entry == "ward_stay":
            wards = {
                name: scaled(stay, factor, unit_us=HOUR_US, place=entry) for name, stay in sheet.ward_stays.items()
            }
            return replace(sheet, ward_stay=text, ward_stays=wards)
        changed[entry] = text
        return replace(sheet, **changed)
    if entry in _SHARES:
        # Shares of one whole: what is admitted and what goes to intensive care cannot be more than all.
        others = sum(getattr(sheet, one) for one in ("ed_admitted_share", "ed_to_icu_share") if one != entry)
        most = 1.0 if entry == "ed_minor_share" else 1.0 - others
        return replace(sheet, **{entry: min(value * factor, most)})
    return replace(sheet, **{entry: type(value)(max(round(value * factor, 6), 1))})
