"""Rosters in the text format of the shift scheduling benchmark instances (Curtois and Qu 2014).

Sections begin with ``SECTION_`` and hold one record a line, fields separated by commas; lines that begin with ``#`` are
comments. Everything is a must but requests and cover.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from scheduling.loaders.records import LARGEST_FILE_BYTES, Problems
from scheduling.model.rosters import (
    Assignment,
    Contract,
    Employee,
    Limit,
    Need,
    Request,
    Roster,
    RosterProblem,
    Shift,
)
from twin.errors import DecodeError

SECTIONS = {
    "SECTION_HORIZON": 1,
    "SECTION_SHIFTS": 3,
    "SECTION_STAFF": 8,
    "SECTION_DAYS_OFF": 0,
    "SECTION_SHIFT_ON_REQUESTS": 4,
    "SECTION_SHIFT_OFF_REQUESTS": 4,
    "SECTION_COVER": 5,
}
"""Fields of each section's records; 0 for any number."""
REQUIRED = ("SECTION_HORIZON", "SECTION_SHIFTS", "SECTION_STAFF", "SECTION_COVER")
MOST_DAYS = 400  # more than a year of one piece is a mistake in the file
LARGEST = 10_000_000

Fields = tuple[str, list[str]]
"""A record's place and fields."""


def load_curtois(path: Path) -> RosterProblem:
    """Read a problem from a file.

    Parameters
    ----------
    path : Path
        Text file.

    Raises
    ------
    ImportRefused
        With every section, line and field that is wrong.
    DecodeError
        If it cannot be read as text.
    """
    return curtois_of(read_text(path), path.name)


def read_text(path: Path) -> str:
    """Read a text file.

    Raises
    ------
    DecodeError
        If it cannot be read, is too large or no UTF-8.
    """
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise DecodeError(f"{path.name}: larger than {LARGEST_FILE_BYTES} bytes.", code="plan.file")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DecodeError(f"{path.name}: cannot be read: {error.strerror}.", code="plan.file") from error
    except UnicodeDecodeError as error:
        raise DecodeError(f"{path.name}: expected text in UTF-8: {error.reason}.", code="plan.text") from error


def curtois_of(text: str, source: str = "roster") -> RosterProblem:
    """Give the problem that a text holds; errors as of :func:`load_curtois`."""
    reader = _Reader(source)
    reader.split(text)
    problem = reader.problem()
    reader.problems.raise_any()
    return problem


class _Reader:
    def __init__(self, source: str) -> None:
        self.problems = Problems(source)
        self.records: dict[str, list[Fields]] = {}
        self.days = 1

    def split(self, text: str) -> None:
        """Sort the lines into sections."""
        section = ""
        for number, line in enumerate(text.splitlines(), start=1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("SECTION_"):
                section = line.split()[0]
                if section not in SECTIONS or section in self.records:
                    told = "There is no such section." if section not in SECTIONS else "The section stands twice."
                    self.problems.add(section[:60], f"line {number}", told, "Correct its name or take it out.")
                self.records[section] = []
                continue
            fields = [part.strip() for part in line.split(",")]
            wanted = SECTIONS.get(section, 0)
            if not section or (wanted and len(fields) != wanted):
                told = f"Expected {wanted} fields, got {len(fields)}." if section else "Expected a section first."
                self.problems.add(section or "line", f"line {number}", told, "Correct the line.")
                continue
            self.records[section].append((f"{section}, line {number}", fields))
        for name in REQUIRED:
            if not self.records.get(name):
                self.problems.add(name, "file", "The section is missing or empty.", "Add at least one record.")
        self.problems.raise_any()

    def number(self, text: str, field: str, place: str, high: int = LARGEST, low: int = 0) -> int:
        """Give a whole number within bounds."""
        # isdigit alone is true of other scripts' digits and of superscripts; nine digits keep int() cheap.
        if not (text.isascii() and text.isdigit()) or len(text) > 9 or not low <= int(text) <= high:
            told = f"Expected a whole number in [{low}, {high}], got {text[:40]!r}."
            self.problems.add(field, place, told, "Correct the number.")
            return low
        return int(text)

    def known(self, text: str, known: set[str], field: str, place: str) -> str:
        """Give an id that must be known."""
        if text not in known:
            self.problems.add(field, place, f"There is no {field} {text[:40]!r}.", f"Use a {field} of the file.")
        return text

    def problem(self) -> RosterProblem:
        """Give the whole problem; what is wrong is noted."""
        place, fields = self.records["SECTION_HORIZON"][0]
        self.days = self.number(fields[0], "horizon", place, MOST_DAYS, 1)
        shifts = self._shifts()
        ids = {shift.id for shift in shifts}
        off = self._days_off()
        contracts, employees = [], []
        for place, fields in self._unique("SECTION_STAFF", "employee"):
            contracts.append(self._contract(place, fields, ids))
            # Taken off the list, so that what is left names people whom the staff section lacks.
            employees.append(Employee(id=fields[0], contract=fields[0], days_off=off.pop(fields[0], frozenset())))
        staff = {employee.id for employee in employees}
        for name in off:
            self.known(name, staff, "employee", "SECTION_DAYS_OFF")
        return RosterProblem(
            days=self.days,
            shifts=shifts,
            contracts=tuple(contracts),
            employees=tuple(employees),
            needs=self._needs(ids),
            requests=(*self._requests(staff, ids, True), *self._requests(staff, ids, False)),
        )

    def _unique(self, section: str, field: str) -> list[Fields]:
        seen: set[str] = set()
        for place, fields in self.records[section]:
            if not fields[0] or fields[0] in seen:
                self.problems.add(field, place, f"{fields[0]!r} is empty or stands twice.", "Give each its own id.")
            seen.add(fields[0])
        return self.records[section]

    def _shifts(self) -> tuple[Shift, ...]:
        records = self._unique("SECTION_SHIFTS", "shift")
        ids = {fields[0] for _, fields in records}
        return tuple(
            Shift(
                id=fields[0],
                minutes=self.number(fields[1], "length", place, 1440),
                forbidden_next=frozenset(
                    self.known(name, ids, "shift", place) for name in fields[2].split("|") if name.strip()
                ),
            )
            for place, fields in records
        )

    def _contract(self, place: str, fields: list[str], shifts: set[str]) -> Contract:
        counts = {}
        for part in filter(None, fields[1].split("|")):
            shift, _, most = part.partition("=")
            counts[self.known(shift.strip(), shifts, "shift", place)] = self.number(most.strip(), "MaxShifts", place)
        names = (
            "MaxTotalMinutes",
            "MinTotalMinutes",
            "MaxConsecutiveShifts",
            "MinConsecutiveShifts",
            "MinConsecutiveDaysOff",
            "MaxWeekends",
        )
        values = {name: self.number(text, name, place) for name, text in zip(names, fields[2:], strict=True)}
        for low, high in (("MinTotalMinutes", "MaxTotalMinutes"), ("MinConsecutiveShifts", "MaxConsecutiveShifts")):
            if values[low] > values[high]:
                self.problems.add(low, place, f"It is above {high}.", "Exchange the two.")
        return Contract(
            id=fields[0],
            shift_counts=counts,
            minutes=Limit(low=values["MinTotalMinutes"], high=values["MaxTotalMinutes"]),
            work_run=Limit(low=values["MinConsecutiveShifts"], high=values["MaxConsecutiveShifts"]),
            off_run=Limit(low=values["MinConsecutiveDaysOff"]),
            weekends=Limit(high=values["MaxWeekends"]),
        )

    def _days_off(self) -> dict[str, frozenset[int]]:
        found: dict[str, frozenset[int]] = {}
        for place, fields in self.records.get("SECTION_DAYS_OFF", []):
            days = frozenset(self.number(text, "day", place, self.days - 1) for text in fields[1:])
            found[fields[0]] = found.get(fields[0], frozenset()) | days
        return found

    def _requests(self, staff: set[str], shifts: set[str], is_on: bool) -> list[Request]:
        section = "SECTION_SHIFT_ON_REQUESTS" if is_on else "SECTION_SHIFT_OFF_REQUESTS"
        return [
            Request(
                employee=self.known(fields[0], staff, "employee", place),
                day=self.number(fields[1], "day", place, self.days - 1),
                shift=self.known(fields[2], shifts, "shift", place),
                is_on=is_on,
                weight=self.number(fields[3], "weight", place),
            )
            for place, fields in self.records.get(section, [])
        ]

    def _needs(self, shifts: set[str]) -> tuple[Need, ...]:
        needs = []
        seen: set[tuple[int, str]] = set()
        for place, fields in self.records["SECTION_COVER"]:
            day = self.number(fields[0], "day", place, self.days - 1)
            shift = self.known(fields[1], shifts, "shift", place)
            if (day, shift) in seen:
                self.problems.add("cover", place, "This day and shift stands twice.", "Keep one.")
            seen.add((day, shift))
            wanted, under, over = (
                self.number(text, name, place)
                for text, name in zip(fields[2:], ("requirement", "weight under", "weight over"), strict=True)
            )
            needs.append(Need(day=day, shift=shift, preferred=wanted, under=under, over=over))
        return tuple(needs)


def roster_to_text(problem: RosterProblem, roster: Roster) -> str:
    """Give a roster as text: one line for each employee, one column for each day, empty when off."""
    shift_of = {(found.employee, found.day): found.shift for found in roster.assignments}
    lines = [
        "\t".join([employee.id, *(shift_of.get((employee.id, day), "") for day in range(problem.days))])
        for employee in problem.employees
    ]
    return "\n".join([*lines, ""])


def roster_of_text(problem: RosterProblem, text: str, source: str = "roster") -> Roster:
    """Read a roster from text as :func:`roster_to_text` writes it.

    Raises
    ------
    ImportRefused
        With every line that is wrong.
    """
    problems = Problems(source)
    staff = {employee.id for employee in problem.employees}
    shifts = {shift.id for shift in problem.shifts}
    seen: set[str] = set()
    found: list[Assignment] = []
    add: Callable[[str, str, str], None] = lambda field, place, told: problems.add(  # noqa: E731
        field, place, told, "Write the employee's id and one column for each day, separated by tabs."
    )
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        who, *days = (part.strip() for part in line.split("\t"))
        place = f"line {number}"
        if who not in staff or who in seen:
            add("employee", place, f"{who[:40]!r} is unknown or stands twice.")
        seen.add(who)
        if len(days) > problem.days:
            add("days", place, f"Expected {problem.days} days, got {len(days)}.")
        for day, shift in enumerate(days[: problem.days]):
            if shift and shift not in shifts:
                add("shift", f"{place}, day {day}", f"There is no shift {shift[:40]!r}.")
            elif shift:
                found.append(Assignment(employee=who, day=day, shift=shift))
    for missing in sorted(staff - seen):
        add("employee", "file", f"{missing!r} has no line.")
    problems.raise_any()
    return Roster(assignments=tuple(found))
