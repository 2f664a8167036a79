"""The rows of a waiting list: each becomes a patient, or is named with what is wrong in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scheduling.loaders.headings import day_of, word_of
from scheduling.loaders.horizon import SHIFTS, Horizon
from scheduling.loaders.readiness import (
    equipment_by_room,
    intensive_rooms,
    intensive_wards,
    isolation_rooms,
    set_days,
)
from scheduling.loaders.records import Problems
from scheduling.loaders.sheets import rows_of
from scheduling.model.admissions import Patient, Room
from twin.errors import DecodeError
from twin.events.patients import BedService
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
        self.intensive_rooms = intensive_rooms(state, ward_by_room)
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

    def read(self, text: str) -> tuple[Patient, ...]:
        """Give the patients of a file."""
        try:
            names, *cells = rows_of(text) or [[]]
        except ValueError as error:
            raise DecodeError(f"waiting list: {error}", code="plan.csv") from error
        doubled = [name for index, name in enumerate(names) if name and name in names[:index]]
        if doubled:
            raise DecodeError(f"waiting list: column {doubled[0]!r} stands twice: keep one.", code="plan.csv")
        # Spreadsheets leave empty rows behind; the others keep the number that the planner sees.
        rows = {number: row for number, row in enumerate(cells, start=2) if any(cell.strip() for cell in row)}
        if not rows:
            raise DecodeError("waiting list: there is no row below the header.", code="plan.csv")
        if len(rows) > MOST_ROWS:
            raise DecodeError(f"waiting list: more than {MOST_ROWS} rows.", code="plan.csv")
        missing = [name for name in REQUIRED if name not in names]
        if missing:
            raise DecodeError(f"waiting list: column {missing[0]!r} is missing: expected {', '.join(COLUMNS)}.")
        for number, row in rows.items():
            if len(row) > len(names):
                told = f"Expected {len(names)} cells, got {len(row)}."
                self.problems.add("row", f"row {number}", told, "Quote cells with separators.")
        patients = [self._patient(dict(zip(names, row, strict=False)), f"row {number}") for number, row in rows.items()]
        seen: dict[str, int] = {}
        for number, patient in zip(rows, patients, strict=True):
            if seen.setdefault(patient.id, number) != number:
                told = f"{patient.id!r} stands in row {seen[patient.id]} already."
                self.problems.add("patient", f"row {number}", told, "Keep one row for each patient.")
        self.problems.raise_any()
        return tuple(patients)

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
            self.problems.add("surgeon", place, f"There is no surgeon {surgeon!r}.", "Use the id of a surgeon.")
        if ward and ward not in self.wards:
            self.problems.add("ward", place, f"No bed of ward {ward!r} is planned.", "Use the id of a ward with beds.")
        if due < release:
            self.problems.add("due", place, "It is before the release day.", "Put the later day into `due`.")
        if not 0 <= release < self.horizon.days:
            self.problems.add("release", place, "It is outside the days planned for.", "Plan more days.")
        for name in ("patient", "gender"):
            if not values.get(name) or len(values[name]) > 100:
                self.problems.add(name, place, "Expected 1 to 100 characters.", "Fill it in.")
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
            told = f"Expected a code of at most {MOST_CODE} characters."
            self.problems.add("procedure", place, told, "Use the code of the operation, not its description.")
        return code

    def _intensive(self, values: Mapping[str, str], place: str, days: int) -> int:
        """Give the first days of a stay that take a bed of intensive care."""
        if values.get("ward", "") in self.intensive_wards:
            return days
        if not values.get("intensive"):
            return 0
        found = self._number(values, "intensive", place, 0, 365)
        if found and not self.has_intensive_care:
            told = "There is no bed of intensive care: no ward has the purpose `icu`."
            self.problems.add("intensive", place, told, "Import the ward, or leave it empty.")
        elif found > days:
            self.problems.add("intensive", place, "It is above the days of the stay.", "Correct one of the two.")
        return min(found, days)

    def _excluded(self, values: Mapping[str, str], place: str) -> frozenset[str]:
        """Give the rooms that a patient cannot have: of other wards, and without what the patient needs."""
        ward = values.get("ward", "")
        bad = frozenset(room for room, of in self.ward_by_room.items() if ward and of != ward)
        # Rooms of intensive care are for those whose row names its ward.
        bad |= frozenset() if ward else self.intensive_rooms
        unfit = self._unfit(values, place)
        # Only if the needs themselves leave none: a ward without rooms is told already.
        if unfit and len(bad | unfit) == len(self.ward_by_room):
            told = "No room of the ward has what this patient needs."
            self.problems.add("equipment", place, told, "Correct ward, isolation or equipment.")
        return bad | unfit

    def _length(self, values: Mapping[str, str], place: str) -> int:
        """Give the days that a stay is planned for, with a buffer if its spread is known."""
        usual = self._number(values, "days", place, 1, 365)
        if not values.get("days_high"):
            return usual
        high = self._number(values, "days_high", place, 1, 365)
        if high < usual:
            self.problems.add("days_high", place, "It is below the usual days.", "Exchange the two.")
        # straight between the two lengths that are known: the median and the 90 % quantile
        # a whole number of days must not become one more by rounding
        return math.ceil(usual + max(0, high - usual) * (self.horizon.stay_share - 0.5) / 0.4 - 1e-9)

    def _unsuitable(self, values: Mapping[str, str], place: str) -> frozenset[str]:
        """Give the theatres that do not suit an operation."""
        wanted = frozenset(part.strip() for part in values.get("theatres", "").split("|") if part.strip())
        for name in sorted(wanted - self.theatres):
            self.problems.add("theatres", place, f"There is no theatre {name[:40]!r}.", "Use ids of theatres.")
        return self.theatres - wanted if wanted else frozenset()

    def _unfit(self, values: Mapping[str, str], place: str) -> frozenset[str]:
        """Give the rooms that lack what a patient needs."""
        wanted = frozenset(part.strip() for part in values.get("equipment", "").split("|") if part.strip())
        known = frozenset(category for found in self.equipment.values() for category in found)
        for category in sorted(wanted - known):
            told = f"No planned room has a fixed, usable {category[:40]!r}."
            self.problems.add("equipment", place, told, "Use a category of devices, or leave it empty.")
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
                self.problems.add("sets", place, f"There is no set {name[:40]!r}.", "Use the id of a set.")
            first = max(first, day)
        if first > min(due, self.horizon.days - 1) >= release:
            self.problems.add("sets", place, "A set is not released before the due day.", "Take another set or day.")
            return release
        return first

    def _number(self, values: Mapping[str, str], name: str, place: str, low: int, high: int) -> int:
        text = values.get(name, "")
        if not (text.isascii() and text.isdigit()) or len(text) > 6 or not low <= int(text) <= high:
            told = f"Expected a whole number in [{low}, {high}], got {text[:40]!r}."
            self.problems.add(name, place, told, "Correct the number.")
            return low
        return int(text)

    def _day(self, values: Mapping[str, str], name: str, place: str) -> int:
        text = values.get(name, "")
        try:
            return (day_of(text) - self.horizon.date_of(0)).days
        except ValueError:
            self.problems.add(name, place, f"Expected a date such as 2026-01-31, got {text[:40]!r}.", "Correct it.")
            return 0

    def _flag(self, values: Mapping[str, str], name: str, place: str) -> bool:
        text = word_of(values.get(name, ""))
        if text not in {"", "yes", "no", "true", "false", "1", "0"}:
            self.problems.add(name, place, f"Expected yes or no, got {text[:40]!r}.", "Write yes or no.")
        return text in {"yes", "true", "1"}
