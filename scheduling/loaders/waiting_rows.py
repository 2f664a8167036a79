"""The rows of a waiting list: each becomes a patient, or is named with what is wrong in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduling.loaders.headings import day_of, word_of
from scheduling.loaders.horizon import SHIFTS, Horizon
from scheduling.loaders.readiness import (
    equipment_by_room,
    intensive_wards,
    isolation_rooms,
    reserved_rooms,
    set_days,
)
from scheduling.loaders.records import Problems
from scheduling.loaders.sheets import rows_of
from scheduling.model.admissions import Patient, Room
from twin.errors import DecodeError
from twin.events.patients import BedService
from twin.sentences import Sentence, sentence
from twin.state.frozen import HospitalState

COLUMNS = (
    "patient",
    "gender",
    "age",
    "days",
    "release",
    "due",
    "mandatory",
    "minutes",
    "surgeon",
    "ward",
    "isolation",
    "equipment",
    "sets",
    "theatres",
    "days_high",
    "intensive",
    "procedure",
)
"""Columns of the file; all but :data:`REQUIRED` may be left out or empty. ``equipment`` holds categories of devices
that are fixed in a room, ``sets`` ids of sets of the operation and ``theatres`` those that suit it, all between bars;
``days_high`` is the length of stay that nine of ten such patients do not exceed, ``intensive`` how many of the first
days are spent in intensive care, ``procedure`` the code of the operation, by which its case cart is found."""
REQUIRED = ("patient", "gender", "age", "days", "release")
AGE_LIMITS = (18, 65)
MOST_ROWS = 20_000
MOST_CODE = 100


def _row(number: int) -> Sentence:
    return sentence("row {number}", number=number)


def _unusable(reason: object) -> DecodeError:
    said = sentence("{sheet}: {reason}", sheet=sentence("waiting list"), reason=reason)
    return DecodeError(said, code="plan.csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Who and what a row may name."""

    surgeons: frozenset[str]
    theatres: frozenset[str]


class Rows:
    """Reads the rows of a waiting list."""

    def __init__(
        self,
        state: HospitalState,
        *,
        horizon: Horizon,
        ward_by_room: Mapping[str, str],
        rooms: Sequence[Room],
        names: Names,
    ) -> None:
        self.state = state
        self.equipment = equipment_by_room(state, ward_by_room)
        self.intensive_wards = intensive_wards(state)
        self.reserved = reserved_rooms(state, ward_by_room)
        self.has_intensive_care = any(
            bed.ward in self.intensive_wards and bed.service is BedService.OPEN for bed in state.beds.values()
        )
        self.isolating = isolation_rooms(state, {room.id: room.capacity for room in rooms})
        self.horizon = horizon
        self.ward_by_room = ward_by_room
        self.wards = frozenset(ward_by_room.values())
        self.surgeons = names.surgeons
        self.theatres = names.theatres
        self.problems = Problems("waiting list")
        self.later: tuple[Patient, ...] = ()

    def read(self, text: str) -> tuple[Patient, ...]:
        """Give the patients of a file who can come within the days planned for; the others are kept as ``later``."""
        try:
            names, *cells = rows_of(text) or [[]]
        except ValueError as error:
            raise _unusable(error.args[0]) from error
        doubled = [name for index, name in enumerate(names) if name and name in names[:index]]
        if doubled:
            raise _unusable(sentence("Column {name} stands twice: keep one.", name=repr(doubled[0])))
        # Spreadsheets leave empty rows behind; the others keep the number that the planner sees.
        rows = {number: row for number, row in enumerate(cells, start=2) if any(cell.strip() for cell in row)}
        if not rows:
            raise _unusable(sentence("There is no row below the header."))
        if len(rows) > MOST_ROWS:
            raise _unusable(sentence("More than {most} rows.", most=MOST_ROWS))
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            known = ", ".join(COLUMNS)
            raise _unusable(
                sentence("Column {name} is missing: expected {columns}.", name=repr(missing[0]), columns=known)
            )
        for number, row in rows.items():
            if len(row) > len(names):
                told = sentence("Expected {expected} cells, got {found}.", expected=len(names), found=len(row))
                self.problems.add("row", _row(number), told, sentence("Quote cells with separators."))
        patients = [self._patient(dict(zip(names, row, strict=False)), _row(number)) for number, row in rows.items()]
        seen: dict[str, int] = {}
        for number, patient in zip(rows, patients, strict=True):
            if seen.setdefault(patient.id, number) != number:
                told = sentence(
                    "{value} stands at {place} already.", value=repr(patient.id), place=_row(seen[patient.id])
                )
                self.problems.add("patient", _row(number), told, sentence("Keep one row for each patient."))
        self.problems.raise_any()
        self.later = tuple(one for one in patients if one.release_day >= self.horizon.days)
        if len(self.later) == len(patients):
            raise _unusable(sentence("Nobody in it can come within the days planned for: plan more days."))
        return tuple(one for one in patients if one.release_day < self.horizon.days)

    def _patient(self, row: Mapping[str, str], place: str) -> Patient:
        values = {key: value.strip() for key, value in row.items()}
        days = self._length(values, place)
        age = self._number(values, "age", place, 0, 130)
        release = self._day(values, "release", place)
        due = self._day(values, "due", place) if values.get("due") else self.horizon.days - 1
        minutes = self._number(values, "minutes", place, 0, 1440) if values.get("minutes") else 0
        surgeon = values.get("surgeon", "")
        ward = values.get("ward", "")
        if minutes and surgeon not in self.surgeons:
            told = sentence("There is no surgeon {value}.", value=repr(surgeon))
            self.problems.add("surgeon", place, told, sentence("Use the id of a surgeon."))
        if ward and ward not in self.wards:
            told = sentence("No bed of ward {value} is planned.", value=repr(ward))
            self.problems.add("ward", place, told, sentence("Use the id of a ward with beds."))
        if values.get("due") and due < release:
            told = sentence("It is before the release day.")
            self.problems.add("due", place, told, sentence("Put the later day into `due`."))
        if release < 0:
            told = sentence("It is before the first day planned for.")
            self.problems.add("release", place, told, sentence("Write the first day for who can come at once."))
        for name in ("patient", "gender"):
            if not values.get(name) or len(values[name]) > 100:
                told = sentence("Expected 1 to 100 characters.")
                self.problems.add(name, place, told, sentence("Fill it in."))
        intensive = self._intensive(values, place, days)
        release = self._released(values, place, release, due)
        shifts = days * len(SHIFTS)
        # While intensive care has a patient, the nurse of the room that is kept has no work with them.
        away = 0 if ward in self.intensive_wards else intensive * len(SHIFTS)
        return Patient(
            id=values.get("patient", ""),
            gender=values.get("gender", ""),
            age_group=sum(age >= limit for limit in AGE_LIMITS),
            length_of_stay=days,
            workload=(0,) * away + (1,) * (shifts - away),
            skill_required=(0,) * shifts,
            is_mandatory=self._flag(values, "mandatory", place),
            # Clamped: what is wrong was noted, and the other rows are still to be checked.
            release_day=max(0, release),
            due_day=min(max(due, release), self.horizon.days - 1),
            surgery_minutes=self.horizon.with_turnover(minutes),
            surgeon=surgeon if minutes else "",
            incompatible_rooms=self._excluded(values, place),
            incompatible_theatres=self._unsuitable(values, place),
            intensive_days=intensive,
            procedure=self._procedure(values, place) if minutes else "",
        )

    def _procedure(self, values: Mapping[str, str], place: str) -> str:
        """Give the code of the operation; a stay without one brings nothing to a theatre, whatever its row says."""
        code = values.get("procedure", "")
        if len(code) > MOST_CODE:
            told = sentence("Expected a code of at most {most} characters.", most=MOST_CODE)
            self.problems.add("procedure", place, told, sentence("Use the code of the operation, not its description."))
        return code

    def _intensive(self, values: Mapping[str, str], place: str, days: int) -> int:
        """Give the first days of a stay that take a bed of intensive care."""
        if values.get("ward", "") in self.intensive_wards:
            return days
        if not values.get("intensive"):
            return 0
        found = self._number(values, "intensive", place, 0, 365)
        if found and not self.has_intensive_care:
            told = sentence("There is no bed of intensive care: no ward has the purpose `icu`.")
            self.problems.add("intensive", place, told, sentence("Import the ward, or leave it empty."))
        elif found > days:
            told = sentence("It is above the days of the stay.")
            self.problems.add("intensive", place, told, sentence("Correct one of the two."))
        return min(found, days)

    def _excluded(self, values: Mapping[str, str], place: str) -> frozenset[str]:
        """Give the rooms that a patient cannot have: of other wards, and without what the patient needs."""
        ward = values.get("ward", "")
        bad = frozenset(room for room, of in self.ward_by_room.items() if ward and of != ward)
        # Rooms of intensive care, emergency and recovery are for those whose row names the ward.
        bad |= frozenset() if ward else self.reserved
        unfit = self._unfit(values, place)
        # Only if the needs themselves leave none: a ward without rooms is told already.
        if unfit and len(bad | unfit) == len(self.ward_by_room):
            told = sentence("No room of the ward has what this patient needs.")
            self.problems.add("equipment", place, told, sentence("Correct ward, isolation or equipment."))
        return bad | unfit

    def _length(self, values: Mapping[str, str], place: str) -> int:
        """Give the days that a stay is planned for, with a buffer if its spread is known."""
        usual = self._number(values, "days", place, 1, 365)
        if not values.get("days_high"):
            return usual
        high = self._number(values, "days_high", place, 1, 365)
        if high < usual:
            told = sentence("It is below the usual days.")
            self.problems.add("days_high", place, told, sentence("Exchange the two."))
        # straight between the two lengths that are known: the median and the 90 % quantile
        # a whole number of days must not become one more by rounding
        return math.ceil(usual + max(0, high - usual) * (self.horizon.stay_share - 0.5) / 0.4 - 1e-9)

    def _unsuitable(self, values: Mapping[str, str], place: str) -> frozenset[str]:
        """Give the theatres that do not suit an operation."""
        wanted = frozenset(part.strip() for part in values.get("theatres", "").split("|") if part.strip())
        for name in sorted(wanted - self.theatres):
            told = sentence("There is no theatre {value}.", value=repr(name[:40]))
            self.problems.add("theatres", place, told, sentence("Use ids of theatres."))
        return self.theatres - wanted if wanted else frozenset()

    def _unfit(self, values: Mapping[str, str], place: str) -> frozenset[str]:
        """Give the rooms that lack what a patient needs."""
        wanted = frozenset(part.strip() for part in values.get("equipment", "").split("|") if part.strip())
        known = frozenset(category for found in self.equipment.values() for category in found)
        for category in sorted(wanted - known):
            told = sentence("No planned room has a fixed, usable {value}.", value=repr(category[:40]))
            self.problems.add("equipment", place, told, sentence("Use a category of devices, or leave it empty."))
        unfit = frozenset(room for room, found in self.equipment.items() if wanted & known and not wanted <= found)
        if self._flag(values, "isolation", place):
            unfit |= frozenset(self.ward_by_room) - self.isolating
        return unfit

    def _released(self, values: Mapping[str, str], place: str, release: int, due: int) -> int:
        """Give the first day from the release day on which every set of the operation can be used."""
        first = release
        for name in (part.strip() for part in values.get("sets", "").split("|") if part.strip()):
            day = set_days(self.state, name, self.horizon.start_at, self.horizon.zone, self.horizon.days)
            if day < 0:
                told = sentence("There is no set {value}.", value=repr(name[:40]))
                self.problems.add("sets", place, told, sentence("Use the id of a set."))
            first = max(first, day)
        if first > min(due, self.horizon.days - 1) >= release:
            told = sentence("A set is not released before the due day.")
            self.problems.add("sets", place, told, sentence("Take another set or day."))
            return release
        return first

    def _number(self, values: Mapping[str, str], name: str, place: str, low: int, high: int) -> int:
        text = values.get(name, "")
        if not (text.isascii() and text.isdigit()) or len(text) > 6 or not low <= int(text) <= high:
            bounds = {"low": low, "high": high, "value": repr(text[:40])}
            told = sentence("Expected a whole number in [{low}, {high}], got {value}.", **bounds)
            self.problems.add(name, place, told, sentence("Correct the number."))
            return low
        return int(text)

    def _day(self, values: Mapping[str, str], name: str, place: str) -> int:
        text = values.get(name, "")
        try:
            return (day_of(text) - self.horizon.date_of(0)).days
        except ValueError:
            told = sentence(
                "Expected a date such as {example}, got {value}.", example="2026-01-31", value=repr(text[:40])
            )
            self.problems.add(name, place, told, sentence("Correct the date."))
            return 0

    def _flag(self, values: Mapping[str, str], name: str, place: str) -> bool:
        text = word_of(values.get(name, ""))
        if text not in {"", "yes", "no", "true", "false", "1", "0"}:
            told = sentence("Expected yes or no, got {value}.", value=repr(text[:40]))
            self.problems.add(name, place, told, sentence("Write yes or no."))
        return text in {"yes", "true", "1"}
