"""A hospital's waiting list as a spreadsheet, and its rooms and theatres from the live state.

Beds that are taken are blocked until the discharge that is expected and the cleaning after it; nurses are those of the
roster in force where it covers every shift of the plan.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scheduling.loaders.readiness import (
    CLEANING_US,
    clean_at,
    days_until,
    equipment_by_room,
    isolation_rooms,
    nurses_of,
    set_days,
)
from scheduling.loaders.records import Problems
from scheduling.loaders.sheets import separator_of
from scheduling.model.admissions import AdmissionProblem, Patient, Room, Surgeon, Theatre, Weights
from scheduling.rules.calendar_days import day_at, wall_time
from twin.errors import DecodeError, InputError
from twin.events.patients import BedService
from twin.state.frozen import FrozenBed, HospitalState
from twin.state.model import EncounterStatus

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
)
"""Columns of the file; all but :data:`REQUIRED` may be left out or empty. ``equipment`` holds categories of devices
that are fixed in a room, ``sets`` ids of sets of the operation and ``theatres`` those that suit it, all between bars;
``days_high`` is the length of stay that nine of ten such patients do not exceed."""
REQUIRED = ("patient", "gender", "age", "days", "release")
AGE_GROUPS = ("child", "adult", "elderly")
AGE_LIMITS = (18, 65)
SHIFTS = ("early", "late", "night")
DAY_US = 86_400_000_000
MOST_DAYS = 60
MOST_ROWS = 20_000
USUAL_STAY_DAYS = 3
"""Length of stay of a booked encounter about which nobody has said when it ends."""
UNKNOWN_STAY_DAYS = 2
"""How long a bed counts as taken when nobody has said when its patient goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """What is planned for.

    Parameters
    ----------
    start_at : int
        Midnight before the first day, UTC microseconds.
    zone : str
        IANA name of the zone in which that is midnight; dates of the list are days of this zone.
    days : int
        1 to 60.
    theatre_minutes, surgeon_minutes : int
        Minutes of each theatre and surgeon on a weekday; none on Saturday and Sunday.
    wards : frozenset[str]
        Ids of wards whose beds are planned; all when empty.
    stay_share : float
        Chance that a stay ends within what is planned for it, 0.5 to 0.9: a buffer between the usual length of a stay
        and the one that nine of ten do not exceed, for patients of whom that is known.
    """

    start_at: int
    zone: str = "UTC"
    days: int = 14
    theatre_minutes: int = 480
    surgeon_minutes: int = 480
    wards: frozenset[str] = frozenset()
    stay_share: float = 0.5

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        InputError
            Naming what is out of range.
        """
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder such as America
            raise InputError(f"zone: expected an IANA name such as Europe/Berlin, got {self.zone[:40]!r}.") from error
        if not 1 <= self.days <= MOST_DAYS:
            raise InputError(f"days: expected 1 to {MOST_DAYS}, got {self.days}.")
        if not 0 <= self.theatre_minutes <= 1440 or not 0 <= self.surgeon_minutes <= 1440:
            raise InputError("theatre_minutes and surgeon_minutes: expected 0 to 1440.")
        if not 0.5 <= self.stay_share <= 0.9:
            raise InputError(f"stay_share: expected 0.5 to 0.9, got {self.stay_share:g}.")

    def date_of(self, day: int) -> date:
        """Give the calendar day of a day of the plan."""
        return datetime.fromtimestamp(self.start_at / 1e6, ZoneInfo(self.zone)).date() + timedelta(days=day)


def problem_from_state(
    state: HospitalState, horizon: Horizon, waiting_list: str, *, weights: Weights | None = None
) -> AdmissionProblem:
    """Give the problem of a hospital's own waiting list.

    Parameters
    ----------
    state : HospitalState
        Its rooms, beds, theatres and surgeons.
    horizon : Horizon
        What is planned for.
    waiting_list : str
        CSV text with :data:`COLUMNS`; when empty, the encounters that are booked in the live state are planned: without
        operation, as one gender, for :data:`USUAL_STAY_DAYS` unless a discharge is expected: nothing else is known.
    weights : Weights, optional
        Prices of the soft rules.

    Raises
    ------
    ImportRefused
        With every row that cannot be used.
    DecodeError
        If it is no such file, or the hospital has no room to plan.
    """
    ward_by_room, rooms = _rooms(state, horizon)
    if not rooms:
        raise DecodeError("The hospital has no beds in service to plan: import places first.", code="plan.no_rooms")
    is_weekday = [horizon.date_of(day).weekday() < 5 for day in range(horizon.days)]
    theatres = tuple(
        Theatre(id=key, minutes_by_day=tuple(horizon.theatre_minutes * works for works in is_weekday))
        for key, place in sorted(state.places.items())
        if place.purpose == "theatre"
    )
    surgeons = tuple(
        Surgeon(id=key, minutes_by_day=tuple(horizon.surgeon_minutes * works for works in is_weekday))
        for key, member in sorted(state.staff.items())
        if member.role == "surgeon"
    )
    if waiting_list:
        names = _Names(
            surgeons=frozenset(found.id for found in surgeons), theatres=frozenset(found.id for found in theatres)
        )
        reader = _Rows(state, horizon=horizon, ward_by_room=ward_by_room, rooms=rooms, names=names)
        patients = reader.read(waiting_list)
    else:
        patients = _expected(state, horizon)
    if not theatres and any(patient.surgery_minutes for patient in patients):
        raise DecodeError("The hospital has no place with purpose `theatre`: import places.", code="plan.theatres")
    return AdmissionProblem(
        days=horizon.days,
        shift_types=SHIFTS,
        age_groups=AGE_GROUPS,
        skill_levels=1,
        weights=weights or Weights(),
        occupants=(),
        patients=patients,
        rooms=rooms,
        theatres=theatres,
        surgeons=surgeons,
        nurses=nurses_of(state, horizon.start_at, horizon.zone, horizon.days, frozenset(ward_by_room.values())),
    )


def _expected(state: HospitalState, horizon: Horizon) -> tuple[Patient, ...]:
    patients = []
    for key, encounter in sorted(state.encounters.items()):
        day = day_at(horizon.start_at, encounter.expected_at, horizon.zone)
        if encounter.status is not EncounterStatus.PLANNED or not 0 <= day < horizon.days:
            continue
        known = -(-(encounter.discharge_expected_at - encounter.expected_at) // DAY_US)  # rounded up to whole days
        stay = min(365, max(1, known)) if encounter.discharge_expected_at else USUAL_STAY_DAYS
        patients.append(
            Patient(
                id=key,
                gender="unknown",
                age_group=1,
                length_of_stay=stay,
                workload=(1,) * (stay * len(SHIFTS)),
                skill_required=(0,) * (stay * len(SHIFTS)),
                is_mandatory=True,
                release_day=day,
                due_day=horizon.days - 1,
                surgery_minutes=0,
                surgeon="",
            )
        )
    if not patients:
        raise DecodeError("Nobody is booked within the days planned for: give a waiting list.", code="plan.nobody")
    return tuple(patients)


def _rooms(state: HospitalState, horizon: Horizon) -> tuple[dict[str, str], tuple[Room, ...]]:
    beds_by_room: dict[str, list[FrozenBed]] = {}
    ward_by_room: dict[str, str] = {}
    for key, bed in sorted(state.beds.items()):
        place = state.places.get(key)
        if place is None or bed.service is not BedService.OPEN or (horizon.wards and bed.ward not in horizon.wards):
            continue
        room = place.parent or key  # a bed that hangs on no room is a room of its own
        beds_by_room.setdefault(room, []).append(bed)
        ward_by_room[room] = bed.ward
    rooms = []
    for room, beds in beds_by_room.items():
        blocked = [0] * horizon.days
        for bed in beds:
            for day in range(_taken_days(state, horizon, bed)):
                blocked[day] += 1
        rooms.append(Room(id=room, capacity=len(beds), blocked_by_day=tuple(blocked)))
    return ward_by_room, tuple(rooms)


def _taken_days(state: HospitalState, horizon: Horizon, bed: FrozenBed) -> int:
    """Give how many days of the plan a bed is not to be had: somebody lies in it, or it is not clean in time."""
    ready_at = clean_at(state, bed)
    # Without an expected discharge the bed counts as taken for a few days rather than for ever.
    for key in bed.encounters:
        encounter = state.encounters.get(key)
        expected = encounter.discharge_expected_at if encounter is not None else 0
        unknown = wall_time(horizon.start_at, UNKNOWN_STAY_DAYS, horizon.zone)
        # who should have gone and has not is not gone tomorrow either
        leaves = max(expected, wall_time(horizon.start_at, 1, horizon.zone) - 1) if expected else unknown - 1
        ready_at = max(ready_at, leaves + CLEANING_US)
    return days_until(ready_at, horizon.start_at, horizon.zone, horizon.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    """Who and what a row may name."""

    surgeons: frozenset[str]
    theatres: frozenset[str]


class _Rows:
    """Reads the rows of a waiting list."""

    def __init__(
        self,
        state: HospitalState,
        *,
        horizon: Horizon,
        ward_by_room: Mapping[str, str],
        rooms: Sequence[Room],
        names: _Names,
    ) -> None:
        self.state = state
        self.equipment = equipment_by_room(state, ward_by_room)
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
            body = text.removeprefix("\ufeff")
            rows = list(csv.DictReader(io.StringIO(body), delimiter=separator_of(body), strict=True))
        except csv.Error as error:
            raise DecodeError(f"waiting list: expected CSV with a header line: {error}.", code="plan.csv") from error
        if not rows:
            raise DecodeError("waiting list: there is no row below the header.", code="plan.csv")
        if len(rows) > MOST_ROWS:
            raise DecodeError(f"waiting list: more than {MOST_ROWS} rows.", code="plan.csv")
        missing = [name for name in REQUIRED if name not in rows[0]]
        if missing:
            raise DecodeError(f"waiting list: column {missing[0]!r} is missing: expected {', '.join(COLUMNS)}.")
        patients = [self._patient(row, f"row {number}") for number, row in enumerate(rows, start=2)]
        seen: dict[str, int] = {}
        for number, patient in enumerate(patients, start=2):
            if seen.setdefault(patient.id, number) != number:
                told = f"{patient.id!r} stands in row {seen[patient.id]} already."
                self.problems.add("patient", f"row {number}", told, "Keep one row for each patient.")
        self.problems.raise_any()
        return tuple(patients)

    def _patient(self, row: Mapping[str, str | None], place: str) -> Patient:
        values = {key: (value or "").strip() for key, value in row.items() if isinstance(value, str) or value is None}
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
        bad = frozenset(room for room, of in self.ward_by_room.items() if ward and of != ward)
        unfit = self._unfit(values, place)
        # Only if the needs themselves leave none: a ward without rooms is told already.
        if unfit and len(bad | unfit) == len(self.ward_by_room):
            told = "No room of the ward has what this patient needs."
            self.problems.add("equipment", place, told, "Correct ward, isolation or equipment.")
        release = self._released(values, place, release, due)
        shifts = days * len(SHIFTS)
        return Patient(
            id=values.get("patient", ""),
            gender=values.get("gender", ""),
            age_group=sum(age >= limit for limit in AGE_LIMITS),
            length_of_stay=days,
            workload=(1,) * shifts,
            skill_required=(0,) * shifts,
            is_mandatory=self._flag(values, "mandatory", place),
            # Clamped: what is wrong was noted, and the other rows are still to be checked.
            release_day=max(0, release),
            due_day=min(max(due, release), self.horizon.days - 1),
            surgery_minutes=minutes,
            surgeon=surgeon if minutes else "",
            incompatible_rooms=bad | unfit,
            incompatible_theatres=self._unsuitable(values, place),
        )

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
            return (date.fromisoformat(text) - self.horizon.date_of(0)).days
        except ValueError:
            self.problems.add(name, place, f"Expected a date such as 2026-01-31, got {text[:40]!r}.", "Correct it.")
            return 0

    def _flag(self, values: Mapping[str, str], name: str, place: str) -> bool:
        text = values.get(name, "").lower()
        if text not in {"", "yes", "no", "true", "false", "1", "0"}:
            self.problems.add(name, place, f"Expected yes or no, got {text[:40]!r}.", "Write yes or no.")
        return text in {"yes", "true", "1"}
